"""Which libc does an object say it was compiled for?

The compiler of a vendored libc adds a note to every object: gcc hands the assembler a second source, which holds
nothing else, so C and assembly get it alike, and preprocessing, precompiled headers and ``-S`` do not see it. The note
is an ELF note of the owner ``staticlink`` in a section of its own; its description is the libc and its version. The
section is not loaded. SHF_EXCLUDE keeps it out of executables, whose bytes the note therefore does not change, but not
out of what ``ld -r`` makes, where the notes of all objects stand one after the other. Strip leaves it alone. Source:
System V ABI, chapter 5, "Note Section".

An object that ``ld -r`` made may hold parts that were compiled otherwise and have no note. Each compiled part has a
file symbol (STT_FILE), so notes that are fewer than these speak for a part of the object only.

Not modelled: parts without a note that were assembled without a ``.file`` directive, which leave no file symbol.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from staticlink.elf.sections import SectionTable

SECTION = ".note.staticlink"
_OWNER = b"staticlink\0"
_KIND = 1
_HEAD = 12  # bytes: three words of 32 bits


def note_source(libc: str, version: str) -> str:
    """Return the assembly that adds the note to whatever it is assembled with."""
    text = f"{libc} {version}"
    return (
        f'\t.pushsection {SECTION},"e",%note\n'
        "\t.balign 4\n"
        f"\t.long {len(_OWNER)}, {len(text) + 1}, {_KIND}\n"
        f'\t.asciz "{_OWNER[:-1].decode()}"\n'
        "\t.balign 4\n"
        f'\t.asciz "{text}"\n'
        "\t.balign 4\n"
        "\t.popsection\n"
    )


def read_notes(table: SectionTable, order: str) -> tuple[str, ...]:
    """Return what each note of an object says (``musl 1.2.5``); ``order`` is the object's byte order.

    A note that is cut short, or of another owner, says nothing.
    """
    return tuple(text for number in table.find(SECTION) for text in _read(table.data(number, "a note"), order))


def _read(data: memoryview, order: str) -> Iterator[str]:
    at = 0
    while at + _HEAD <= len(data):
        name_size, size, kind = struct.unpack_from(f"{order}3I", data, at)
        name = at + _HEAD
        start = name + _padded(name_size)
        at = start + _padded(size)
        if at <= len(data) and kind == _KIND and bytes(data[name : name + name_size]) == _OWNER:
            yield bytes(data[start : start + size]).rstrip(b"\0").decode("ascii", "backslashreplace")


def _padded(size: int) -> int:
    return size + -size % 4
