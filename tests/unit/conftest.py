"""Archives of a test's own making."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from staticlink.link.inputs import Archive
from staticlink.link.reading import read_input

from tests.elf_writer import Specimen, save, write_archive

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def lib(tmp_path: Path) -> Callable[..., Archive]:
    """Return a function that writes ``NAME.a`` with a member for each keyword, and reads it."""

    def make(name: str, **members: Specimen) -> Archive:
        data = write_archive([(f"{key}.o", specimen) for key, specimen in members.items()])
        one = read_input(save(tmp_path / f"{name}.a", data))
        assert isinstance(one, Archive)
        return one

    return make
