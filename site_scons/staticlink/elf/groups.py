"""Which sections of an object belong to COMDAT groups, and what are these groups' signatures?

A section group is a section that lists the numbers of others. A linker keeps one COMDAT group of each signature, which
is the name of a symbol. Source: System V ABI, chapter 4, "Section Groups".

Not modelled: groups without the COMDAT flag, whose members only have to stay together.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from staticlink.elf.sections import SectionTable

#: The types of section groups and of symbol tables.
GROUP, SYMTAB = 17, 2
_COMDAT = 1
_GROUP_ENTRY = 4
_RELOCATIONS = (4, 9)
_SHF_GROUP = 0x200


def read_groups(sections: SectionTable, order: str, symbols: int, signature: Callable[[int], str]) -> dict[int, str]:
    """Return section number -> signature of the COMDAT group it belongs to; 0 and below: a group of no section.

    ``order`` is the byte order, ``symbols`` how many symbols there are; ``signature`` returns what one of them is
    called. Raises :class:`StaticlinkError` when a group makes no sense.
    """
    found: dict[int, str] = {}
    grouped: set[int] = set()
    count = room = sections.count  # a section belongs to one group at most
    for number, kind in enumerate(sections.types):
        if kind != GROUP:
            continue
        words, row = sections.data(number, "a section group"), sections.row(number)
        symbol = row[7]
        room -= len(words) // 4 - 1
        if sections.types[row[6]] != SYMTAB or row[9] != _GROUP_ENTRY:
            sections.fail(f"the section group {number} has sh_link {row[6]} and sh_entsize {row[9]}")
        if len(words) % 4 or not words or room < 0 or symbol >= symbols:
            sections.fail(f"the section group {number} has {len(words)} bytes and signature {symbol}")
        flags, *members = struct.unpack(f"{order}{len(words) // 4}I", words)
        if members and not 0 < min(members) <= max(members) < count:
            sections.fail(f"the section group {number} holds section {max(members)}, there are {count}")
        _require_flags(sections, number, grouped, members)
        grouped.update(members)
        if flags & _COMDAT:
            name = signature(symbol)
            found[-number] = name
            found.update(dict.fromkeys(members, name))
    return found


def _require_flags(sections: SectionTable, group: int, grouped: Collection[int], members: Iterable[int]) -> None:
    """Raise when a member of ``group`` is in another one or does not say that it is in any: GNU ld refuses both."""
    for member in members:
        row = sections.row(member)
        if member in grouped or (row[1] not in _RELOCATIONS and not row[2] & _SHF_GROUP):
            wrong = "which is in another one too" if member in grouped else "which is not marked as in a group"
            sections.fail(f"the section group {group} holds section {member}, {wrong}")
