"""Where is the symbol table of a relocatable object, and what does a row of it say?

Only global symbols matter between files, and ELF sorts them after the local ones, so the table is taken from
``sh_info`` on. It is found and checked once, so that whoever walks it may trust it. Source: System V ABI, chapter 4,
"Symbol Table"; LSB for STB_GNU_UNIQUE.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, NamedTuple

from staticlink.elf.groups import GROUP, SYMTAB, read_groups
from staticlink.elf.header import read_header, require_relocatable
from staticlink.elf.sections import SectionTable, require_bounded, reread
from staticlink.errors import fail

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from staticlink.elf.mapping import Bytes

BITCODE = (b"BC\xc0\xde", b"\xde\xc0\x17\x0b")
UNDEF, LORESERVE, ABS, COMMON = 0, 0xFF00, 0xFFF1, 0xFFF2
GLOBAL, WEAK, UNIQUE = 1, 2, 10
#: What st_info is with one of these bindings.
KNOWN_INFOS = frozenset(binding << 4 | kind for binding in (GLOBAL, WEAK, UNIQUE) for kind in range(16))
#: machine -> section number of COMMON symbols that its medium and large code models keep apart (x86-64 psABI, 4.2).
_LARGE_COMMON = {"x86_64": 0xFF02}
_XINDEX, _SYMTAB_SHNDX = 0xFFFF, 18
_SECTION_TYPE = 3
_IFUNC = 10
_LOCAL_INFO = bytes(range(16))
#: bits -> where st_info is in a symbol.
_INFO_AT = {64: 4, 32: 12}
#: bits -> layout of a symbol, its size, and where name, info, other, section, value and size are in it.
_SYMBOL_LAYOUT = {64: "IBBHQQ", 32: "IIIBBH"}
_SYMBOL_SIZE = {64: 24, 32: 16}
_SYMBOL_ORDER = {64: (0, 1, 2, 3, 4, 5), 32: (0, 3, 4, 5, 1, 2)}


class Symbol(NamedTuple):
    """One row of a symbol table. ``binding``, ``kind`` and ``visibility`` are the numbers of the ABI."""

    name: str
    binding: int
    kind: int
    visibility: int
    section: int
    value: int
    size: int

    @property
    def is_data_definition(self) -> bool:
        """Say whether GNU ld extracts a member for this definition when a COMMON symbol is already there.

        Source: ``is_global_data_symbol_definition`` in binutils' ``bfd/elflink.c``.
        """
        reserved = LORESERVE <= self.section < ABS
        bound = self.binding in (GLOBAL, UNIQUE)
        return bound and self.kind not in (2, 10) and self.section not in (UNDEF, COMMON) and not reserved

    @property
    def is_absolute(self) -> bool:
        """Say whether the value is a number, not an address in a section."""
        return self.section == ABS


class Symtab:
    """The symbol table of one object, found and checked, ready to be walked.

    ``data`` are its global rows, ``before`` the local ones, ``strings`` their names, ``groups`` what section belongs to
    which COMDAT group, and ``wide`` the section numbers that do not fit into a global row. ``local_ifunc`` says whether
    a local symbol has the type GNU_IFUNC.
    """

    __slots__ = ("before", "data", "groups", "header", "local_ifunc", "sections", "strings", "wide")

    def __init__(self, data: Bytes, display: str, machine: str, start: int, size: int) -> None:
        """Find it in the ``size`` bytes at ``start``; ``display`` names the object in errors."""
        if data[start : start + 4] in BITCODE:
            raise fail(
                "no-machine-code",
                f"contains no machine code: {display}",
                evidence=("it is LLVM bitcode",),
                fix="compile it without -flto",
            )
        self.header = read_header(data, display, start, size)
        require_relocatable(self.header, display, machine)
        self.sections = SectionTable(self.header, memoryview(data)[start : start + size], display)
        self.data = self.before = memoryview(b"")
        self.strings = "\0"
        self.local_ifunc = False
        self.wide: tuple[int, ...] = ()
        self.groups: dict[int, str] = {}
        if SYMTAB in self.sections.types:
            self._find_table(self.sections.types.index(SYMTAB))

    def _find_table(self, number: int) -> None:
        sections = self.sections
        _, _, _, _, offset, size, link, first, _, entry = sections.row(number)
        width = _SYMBOL_SIZE[self.header.bits]
        if entry != width or size % width:
            sections.fail(f"the symbol table has {size} bytes in entries of {entry}, an entry has {width}")
        whole = sections.slice(offset, size, "the symbol table")
        if first * width > size:
            sections.fail(f"the symbol table's sh_info is {first}, it has {size // width} symbols")
        if not 0 < link < sections.count:
            sections.fail(f"the symbol table's sh_link is {link}, there are {sections.count} sections")
        self.strings = sections.strings(link, "the string table")
        self.before, self.data = whole[: first * width], whole[first * width :]
        self._require_locals_first(self.before, width)
        require_bounded(self.strings, len(self.data) // width, self._name_offsets, sections)
        if _SYMTAB_SHNDX in sections.types:
            numbers = sections.data(sections.types.index(_SYMTAB_SHNDX), "the extended section index table")
            self.wide = struct.unpack_from(f"{self.header.order}{len(numbers) // 4}I", numbers)[first:]
        if GROUP in sections.types:

            def signature(symbol: int) -> str:
                return self._signature(whole[symbol * width : (symbol + 1) * width])

            self.groups = read_groups(sections, self.header.order, size // width, signature)

    def _require_locals_first(self, before: memoryview, width: int) -> None:
        """Raise when a symbol before ``sh_info`` is not local: GNU ld never sees such a symbol, lld refuses it."""
        infos = bytes(before)[_INFO_AT[self.header.bits] :: width]
        self.local_ifunc = _IFUNC in infos
        found = infos.lstrip(_LOCAL_INFO)
        if found:
            number = len(before) // width - len(found)
            self.sections.fail(f"symbol {number} has the binding {found[0] >> 4}, but stands among the local ones")

    def _signature(self, row: memoryview) -> str:
        fields = struct.unpack(self.header.order + _SYMBOL_LAYOUT[self.header.bits], row)
        name, info, _, section, _, _ = (fields[place] for place in _SYMBOL_ORDER[self.header.bits])
        if info & 15 == _SECTION_TYPE and not name and 0 < section < self.sections.count:
            return f"section {self.sections.names()[section - 1]}"
        return self.name(name)

    @property
    def commons(self) -> tuple[int, int]:
        """The section numbers that mean COMMON."""
        return COMMON, _LARGE_COMMON.get(self.header.machine, COMMON)

    def section_names(self) -> tuple[str, ...]:
        """Return the names of the object's sections, in order, without the null section."""
        return self.sections.names()

    def name(self, offset: int) -> str:
        """Return the name that begins at ``offset`` of the string table."""
        end = self.strings.find("\0", offset)
        if end < 0:
            self.sections.fail(f"a symbol's name is at byte {offset} of a string table of {len(self.strings)} bytes")
        return reread(self.strings[offset:end])

    def infos(self) -> frozenset[int]:
        """Return the types with their bindings that there are."""
        return frozenset(bytes(self.data)[_INFO_AT[self.header.bits] :: _SYMBOL_SIZE[self.header.bits]])

    def _name_offsets(self) -> Iterator[int]:
        return (row[0] for row in self.rows())

    def refuse_bindings(self) -> None:
        """Raise for the first symbol of an unknown binding."""
        for offset, info, *_ in self.rows():
            if info not in KNOWN_INFOS:
                self.sections.fail(f"the symbol {self.name(offset)} has the binding {info >> 4}")

    def rows(self) -> Iterable[tuple[int, ...]]:
        """Return the rows with name, info, other, section, value, size in the order of a 64-bit file."""
        rows = struct.iter_unpack(self.header.order + _SYMBOL_LAYOUT[self.header.bits], self.data)
        order = _SYMBOL_ORDER[self.header.bits]
        return rows if self.header.bits == 64 else (tuple(row[place] for place in order) for row in rows)  # noqa: PLR2004

    def far_section(self, number: int, section: int) -> int:
        """Return the section of a symbol whose number is reserved, continued elsewhere, or out of range."""
        if section == _XINDEX:
            section = self.wide[number] if number < len(self.wide) else self.sections.count
        elif section in (ABS, COMMON):
            return section
        if section >= self.sections.count:
            self.sections.fail(f"a symbol is in section {section}, there are {self.sections.count}")
        return section

    def details(self) -> tuple[Symbol, ...]:
        """Return every global symbol with all that its row says."""
        found: list[Symbol] = []
        for number, (offset, info, other, section, value, size) in enumerate(self.rows()):
            home = self.far_section(number, section) if section == _XINDEX else section
            found.append(Symbol(self.name(offset), info >> 4, info & 15, other & 3, home, value, size))
        return tuple(found)
