"""What does an object have the linker say when a program uses one of its symbols?

A section ``.gnu.warning.SYMBOL`` holds a sentence that GNU ld and gold print when something refers to SYMBOL; lld and
mold print nothing. glibc's archive has a hundred. Source: GNU ld's manual, "Warnings"; glibc's ``libc-symbols.h``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from staticlink.elf.symtab import Symtab

if TYPE_CHECKING:
    from staticlink.elf.mapping import Bytes

_PREFIX = ".gnu.warning."


def read_warnings(data: Bytes, display: str, machine: str, start: int = 0, size: int | None = None) -> dict[str, str]:
    """Return symbol -> sentence for the object in the ``size`` bytes at ``start``; ``display`` names it in errors.

    Raises :class:`StaticlinkError` when the object is malformed.
    """
    size = len(data) - start if size is None else size
    if _PREFIX.encode() not in data[start : start + size]:  # several times faster than the search of a mapping
        return {}
    sections = Symtab(data, display, machine, start, size).sections
    return {
        name.removeprefix(_PREFIX): bytes(sections.data(number, "a warning")).rstrip(b"\0").decode("latin-1")
        for number, name in enumerate(sections.names(), start=1)
        if name.startswith(_PREFIX)
    }
