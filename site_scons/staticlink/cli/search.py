"""Where does a linker find what ``-l`` names, and how does it spell the path?

Every ``-L`` counts for every ``-l``, wherever it stands. GNU ld then looks in directories of its own, which it tells
when asked; lld has none. In each directory a shared library comes before an archive, unless ``-static`` stands before
the ``-l``. Source: GNU ld's manual, ``-l`` and ``-L``; ``lld/ELF/DriverUtils.cpp``.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from staticlink.elf.machine import machine_of
from staticlink.errors import fail

if TYPE_CHECKING:
    from collections.abc import Sequence

    from staticlink.cli.words import Word

_SEARCH = re.compile(r'SEARCH_DIR\("=?([^"]*)"\)')
_SECONDS = 30
_TAKES_ANY = ("lld", "rust-lld")


def search_directories(words: Sequence[Word]) -> tuple[str, ...]:
    """Return the directories of ``-L``, as given; ``=`` or ``$SYSROOT`` at the beginning stands for ``--sysroot``."""
    root = next((word.value for word in reversed(words) if word.name == "sysroot"), "")
    return tuple(_below(word.value, root) for word in words if word.name == "library-path")


def find_library(name: str, directories: Sequence[str], linker: str, machine: str, *, shared: bool) -> str:
    """Return the file of ``-l`` ``name`` as the linker spells it; ``shared``: a shared library would be taken.

    One for another machine than ``machine`` is passed over, but by lld, which takes it and fails. Raises
    :class:`StaticlinkError` when there is none.
    """
    both = [f"lib{name}.so", f"lib{name}.a"]
    files = [name[1:]] if name.startswith(":") else both if shared else both[1:]
    searched = (*directories, *(_own_directories() if linker == "bfd" else ()))
    places = (join_path(directory, file, linker) for directory in searched for file in files)
    files_found = [place for place in places if Path(place).is_file()]
    others = {} if linker in _TAKES_ANY else {place: machine_of(Path(place)) for place in files_found}
    found = next((place for place in files_found if others.get(place) in (None, machine)), None)
    if found is None:
        evidence = (
            *(f"for {others[place]}, the link is for {machine}: {place}" for place in files_found),
            *(f"searched: {directory}" for directory in searched),
        )
        raise fail("missing-archive", f"archive not found: {files[-1]}", evidence=evidence)
    return found


def join_path(directory: str, file: str, linker: str) -> str:
    """Return a path as the linker joins it: GNU ld always puts a slash between, the others where there is none."""
    if not directory:
        return file
    return f"{directory}/{file}" if linker == "bfd" or not directory.endswith("/") else f"{directory}{file}"


def _below(directory: str, root: str) -> str:
    for mark in ("=", "$SYSROOT"):
        if directory.startswith(mark):
            return f"{root}{directory.removeprefix(mark)}"
    return directory


def _own_directories() -> tuple[str, ...]:
    """Return where GNU ld looks when no ``-L`` has it."""
    command = ["ld.bfd", "--verbose"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=_SECONDS)
    except (OSError, subprocess.SubprocessError) as error:
        raise fail("no-linker", "the linker cannot be asked: ld.bfd", evidence=(str(error),)) from None
    return tuple(_SEARCH.findall(done.stdout))
