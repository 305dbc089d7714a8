"""For which machine is the file that ``-l`` found, judged as a linker judges it before it takes the file?

A linker that finds ``libNAME.a`` for another machine in one directory goes on to the next directory. GNU ld and mold
look at the first member for that and at no other. What has no first member of a known kind is for any machine, and what
cannot be read is left to the reading, which says why. Not modelled: thin archives, whose first member is another file.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from staticlink.elf import ar, header
from staticlink.errors import StaticlinkError

if TYPE_CHECKING:
    from pathlib import Path

_HEADER = 60
_ELF_HEADER = 64
#: Members that are no files: the index and the name table.
_ASIDE = (b"/ ", b"// ", b"/SYM64/ ", b"__.SYMDEF")
_MOST_ASIDE = 3


def machine_of(path: Path) -> str | None:
    """Return the machine that the object at ``path``, or the first member of the archive there, is for.

    ``None`` when neither says.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        begin = os.pread(descriptor, _ELF_HEADER, 0)
        if begin[:8] == ar.MAGIC:
            begin = _first_member(descriptor)
    except OSError:  # a directory
        return None
    finally:
        os.close(descriptor)
    if begin[:4] != header.MAGIC:
        return None
    try:
        return header.read_header(begin, path.name).machine
    except StaticlinkError:
        return None


def _first_member(descriptor: int) -> bytes:
    """Return how the first file in an archive begins."""
    position = len(ar.MAGIC)
    for _ in range(_MOST_ASIDE + 1):
        row = os.pread(descriptor, _HEADER, position)
        size = row[48:58].strip()
        if not size.isdigit():
            break
        skipped = row[3:16].strip() if row.startswith(b"#1/") else b"0"
        named = int(skipped) if skipped.isdigit() else 0
        bsd_index = row.startswith(b"#1/") and os.pread(descriptor, 9, position + _HEADER) == b"__.SYMDEF"
        if not row.startswith(_ASIDE) and not bsd_index:
            return os.pread(descriptor, _ELF_HEADER, position + _HEADER + min(named, 1 << 16))
        position += _HEADER + int(size) + int(size) % 2
    return b""
