"""What does each section of a relocatable object refer to?

A relocation names a symbol. What a section refers to is therefore a set of symbols, and where they are: a local symbol,
or the section's own, stands for a section of this object; a global one may be defined anywhere in a link. The reader
keeps the set for each section and forgets places, types and addends: whether code calls a function or takes its address
is the same to it. The symbols' numbers are taken as one column of a relocation table, because a library has a hundred
thousand relocations. Source: System V ABI, chapter 4, "Relocation".

``.eh_frame`` describes every function of the object and would tie them all together, so it stands apart: the functions
that it describes refer, each of them, to what else it refers to (personality routines, language-specific data).

Not modelled: which function of an object has which language-specific data; sections that a program does not load
(debug information); relocations of MIPS, which name three types.
"""

from __future__ import annotations

import struct
import sys
from array import array
from hashlib import blake2b
from itertools import pairwise
from typing import TYPE_CHECKING

from staticlink.elf.groups import GROUP, SYMTAB
from staticlink.elf.symtab import LORESERVE, Symtab

if TYPE_CHECKING:
    from collections.abc import Iterator

    from staticlink.elf.mapping import Bytes

_RELA, _REL, _SYMTAB_SHNDX = 4, 9, 18
_XINDEX = 0xFFFF
_ALLOC, _EXECUTABLE, _LINK_ORDER, _RETAIN = 0x2, 0x4, 0x80, 0x200000
_FRAMES = ".eh_frame"
#: bits -> words of 32 bits in a relocation by its section's type, and which of them holds the symbol (little-endian).
_WORDS = {64: ({_RELA: 6, _REL: 4}, 3), 32: ({_RELA: 3, _REL: 2}, 1)}
#: bits -> half words in a symbol, and which of them holds the number of its section.
_SECTION_AT = {64: (12, 3), 32: (8, 7)}
_LITTLE = sys.byteorder == "little"
_DIGEST = 16  # bytes


class References:
    """What the sections of one object refer to.

    ``used`` maps a section to the numbers of the symbols that its relocations name, ``homes`` has the section in which
    a symbol is defined (0: elsewhere, or in none). Symbols from ``first`` on are global. ``frames`` is the number of
    ``.eh_frame``, 0 without it; ``framed`` are the sections it describes. ``together`` maps a section to those that a
    linker keeps with it, and ``retained`` are those that no linker discards.
    """

    __slots__ = (
        "_flags",
        "_name_offsets",
        "first",
        "framed",
        "frames",
        "homes",
        "retained",
        "table",
        "together",
        "used",
    )

    def __init__(self, data: Bytes, display: str, machine: str, start: int = 0, size: int | None = None) -> None:
        """Read them from the ``size`` bytes at ``start``; ``display`` names the object in errors.

        Raises :class:`StaticlinkError` when they are malformed or name a symbol that is not there.
        """
        self.table = Symtab(data, display, machine, start, len(data) - start if size is None else size)
        sections = self.table.sections
        self._flags = sections.flags()
        self.homes = self._read_homes()
        self._name_offsets = self._column(self.table.data, 2 * _SECTION_AT[self.table.header.bits][0], 0)
        self.first = len(self.table.before) // (2 * _SECTION_AT[self.table.header.bits][0])
        self.used = self._read_used()
        self.frames = next((number for number in sections.find(_FRAMES) if number in self.used), 0)
        framed = (self.homes[symbol] for symbol in self.used.get(self.frames, ()))
        self.framed = frozenset(home for home in framed if self._flags[home] & _EXECUTABLE)
        self.together = self._read_ties()
        self.retained = tuple(number for number, flags in enumerate(self._flags) if flags & _RETAIN)

    def name(self, symbol: int) -> str:
        """Return the name of a global symbol."""
        return self.table.name(self._name_offsets[symbol - self.first])

    def number(self, name: str) -> int | None:
        """Return the number of the global symbol called ``name``; ``None`` when the object knows none.

        It is looked for in the string table, because few of an object's names are ever asked for. A name may be the
        end of another one there.
        """
        strings, wanted = self.table.strings, f"{name.encode().decode('latin-1')}\0"
        at = strings.find(wanted)
        while at >= 0:
            if at in self._name_offsets:
                return self.first + self._name_offsets.index(at)
            at = strings.find(wanted, at + 1)
        return None

    def globals(self) -> Iterator[tuple[str, int]]:
        """Yield the name and the number of every global symbol."""
        return ((self.table.name(offset), number) for number, offset in enumerate(self._name_offsets, self.first))

    def digest(self) -> bytes:
        """Return a digest of everything said here, of the sections' names and of the global symbols' places."""
        found = blake2b(array("I", self._flags).tobytes(), digest_size=_DIGEST)
        codes = [*self.homes[: self.first], *range(1 << 31, (1 << 31) + len(self.homes) - self.first)]
        code = codes.__getitem__
        for section, symbols in self.used.items():
            found.update(array("I", [section, 0, *sorted(set(map(code, symbols)))]).tobytes())
        found.update(self.homes[self.first :].tobytes())
        ties = sorted((one, sorted(others)) for one, others in self.together.items())
        found.update(repr((ties, self.table.groups, self.table.section_names())).encode())
        return found.digest()

    def _read_homes(self) -> array[int]:
        header, sections = self.table.header, self.table.sections
        width, at = _SECTION_AT[header.bits]
        halves = array("H", bytes(self.table.before) + bytes(self.table.data))
        if (header.order == "<") != _LITTLE:
            halves.byteswap()
        homes = array("I", halves[at::width])
        for reserved in sorted(home for home in set(homes) if home >= LORESERVE):
            for number in [number for number, home in enumerate(homes) if home == reserved]:
                homes[number] = self._far_home(number) if reserved == _XINDEX else 0
        if max(homes, default=0) >= sections.count:
            sections.fail(f"a symbol is in section {max(homes)}, there are {sections.count}")
        return homes

    def _far_home(self, number: int) -> int:
        """Return the section of a symbol whose own row has no room for its number."""
        sections = self.table.sections
        if _SYMTAB_SHNDX not in sections.types:
            return sections.count
        raw = sections.data(sections.types.index(_SYMTAB_SHNDX), "the extended section index table")
        if len(raw) < 4 * (number + 1):
            return sections.count
        return int(struct.unpack_from(f"{self.table.header.order}I", raw, 4 * number)[0])

    def _read_used(self) -> dict[int, frozenset[int]]:
        sections, last = self.table.sections, len(self.homes)
        sizes, at = _WORDS[self.table.header.bits]
        found: dict[int, frozenset[int]] = {}
        for number, kind in enumerate(sections.types):
            if kind not in sizes:
                continue
            _, _, _, _, offset, size, _, target, _, _ = sections.row(number)
            if not self._flags[target] & _ALLOC:
                continue
            raw = sections.slice(offset, size, "a relocation section")
            symbols = self._symbols(raw, sizes[kind], at)
            if symbols and max(symbols) >= last:
                sections.fail(f"a relocation of section {target} names symbol {max(symbols)}, there are {last}")
            found[target] = found[target] | symbols if target in found else symbols
        return found

    def _symbols(self, raw: memoryview, words: int, at: int) -> frozenset[int]:
        """Return the numbers of the symbols that the relocations in ``raw`` name, each of ``words`` words."""
        header = self.table.header
        if len(raw) % (4 * words):
            self.table.sections.fail(f"a relocation section has {len(raw)} bytes, one relocation has {4 * words}")
        if header.bits == 32:  # noqa: PLR2004
            return frozenset(info >> 8 for info in self._column(raw, 4 * words, at)) - {0}
        return frozenset(self._column(raw, 4 * words, at if header.order == "<" else at - 1)) - {0}

    def _column(self, raw: memoryview, width: int, at: int) -> array[int]:
        """Return word ``at`` of every row of ``width`` bytes in ``raw``."""
        words = array("I", bytes(raw))
        if (self.table.header.order == "<") != _LITTLE:
            words.byteswap()
        return words[at :: width // 4]

    def _read_ties(self) -> dict[int, frozenset[int]]:
        """Return section -> the sections of its group, and those tied to it by ``SHF_LINK_ORDER``."""
        found: dict[int, set[int]] = {}
        for one, other in self._pairs():
            found.setdefault(one, set()).add(other)
            found.setdefault(other, set()).add(one)
        return {one: frozenset(others) for one, others in found.items()}

    def _pairs(self) -> Iterator[tuple[int, int]]:
        sections = self.table.sections
        groups = SYMTAB in sections.types  # otherwise nobody has checked them
        for number, kind in enumerate(sections.types):
            if kind == GROUP and groups:
                words = sections.data(number, "a section group")
                _, *members = struct.unpack(f"{self.table.header.order}{len(words) // 4}I", words)
                kept = [one for one in members if sections.types[one] not in (_RELA, _REL)]
                yield from pairwise(kept)
            elif self._flags[number] & _LINK_ORDER and sections.row(number)[6]:
                yield number, sections.row(number)[6]
