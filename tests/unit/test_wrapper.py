"""Does a machine without what a sysroot needs get told so?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from staticlink.errors import StaticlinkError
from staticlink.report.text import render_error
from staticlink.vendored.wrapper import Host, find_kernel_headers, identify_host

if TYPE_CHECKING:
    from pathlib import Path


def test_the_architectures_own_headers_come_first(tmp_path: Path) -> None:
    own, common = tmp_path / "own", tmp_path / "common"
    for directory in (own / "asm", common / "asm", common / "asm-generic", common / "linux"):
        directory.mkdir(parents=True)
    assert find_kernel_headers((own, common)) == {
        "asm": own / "asm",
        "asm-generic": common / "asm-generic",
        "linux": common / "linux",
    }


def test_missing_kernel_headers_name_the_package(tmp_path: Path) -> None:
    (tmp_path / "linux").mkdir()
    with pytest.raises(StaticlinkError) as caught:
        find_kernel_headers((tmp_path,))
    assert render_error(caught.value).splitlines() == [
        "no kernel headers: asm, asm-generic",
        f"  looked in {tmp_path}",
        "  fix: install the package linux-libc-dev (Debian)",
    ]


def test_no_compiler() -> None:
    with pytest.raises(StaticlinkError) as caught:
        identify_host(Host(("no-such-cc",), "/usr/bin:/bin"))
    assert render_error(caught.value) == "no C compiler: no-such-cc\n  looked in /usr/bin:/bin"


def test_a_compiler_that_does_not_answer_like_gcc() -> None:
    with pytest.raises(StaticlinkError) as caught:
        identify_host(Host(("false",), "/usr/bin:/bin"))
    assert render_error(caught.value).splitlines() == [
        "compiler is not gcc: false",
        "  false -print-file-name=include: exit code 1",
        "  fix: CC=gcc",
    ]
