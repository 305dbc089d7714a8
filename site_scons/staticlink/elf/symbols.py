"""Which symbols does a relocatable object define, and which does it refer to?

Only global symbols matter between files, and ELF sorts them after the local ones, so the table is read from ``sh_info``
on, unpacked row by row with :mod:`struct`: the tables of one program hold tens of thousands of rows. Names are kept in
one tuple a role, because that is all that resolution asks; what is rarer (type, visibility, size) is read again by
:func:`read_details` for the few symbols it is asked about.

A definition in a COMDAT group belongs to the link only if its group is the first of its signature, so it is kept with
that signature. Sources: System V ABI, chapter 4, "Symbol Table" and "Section Groups"; LSB for STB_GNU_UNIQUE.

Not modelled: ``.gnu.linkonce`` sections, COMDAT's predecessor.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from staticlink.elf.ar import decode_names
from staticlink.elf.header import MAGIC, read_header, require_relocatable
from staticlink.errors import fail

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import NoReturn

    from staticlink.elf.mapping import Bytes

_SYMTAB, _GROUP, _SYMTAB_SHNDX = 2, 17, 18
_UNDEF, _LORESERVE, _ABS, _COMMON, _XINDEX = 0, 0xFF00, 0xFFF1, 0xFFF2, 0xFFFF
_GLOBAL, _WEAK, _UNIQUE = 1, 2, 10
_BINDINGS = (_GLOBAL, _WEAK, _UNIQUE)
_SECTION_TYPE = 3
_COMDAT = 1
_BITCODE = (b"BC\xc0\xde", b"\xde\xc0\x17\x0b")
#: GCC defines this common symbol in an object that holds its intermediate code and nothing else.
_SLIM = "__gnu_lto_slim"
#: bits -> layout of a section header: name, type, flags, address, offset, size, link, info, alignment, entry size.
_SECTION_LAYOUT = {64: "IIQQQQIIQQ", 32: "IIIIIIIIII"}
#: bits -> layout that reads only sh_type.
_TYPE_LAYOUT = {64: "4xI56x", 32: "4xI32x"}
#: bits -> layout of a symbol, and where name, info, other, section, value and size are in it.
_SYMBOL_LAYOUT = {64: "IBBHQQ", 32: "IIIBBH"}
_SYMBOL_ORDER = {64: (0, 1, 2, 3, 4, 5), 32: (0, 3, 4, 5, 1, 2)}


@dataclass(frozen=True, slots=True)
class ObjectSymbols:
    """The global symbols of one object, by role, each in the order of its symbol table.

    ``strong`` includes GNU_UNIQUE definitions. ``comdat`` maps a defined symbol to the signature of its COMDAT group;
    ``signatures`` are all of the object's COMDAT signatures, also of groups that define nothing. ``versioned`` says
    that some name may carry a version (``f@@V``).
    """

    strong: tuple[str, ...]
    weak: tuple[str, ...]
    common: tuple[str, ...]
    undefined: tuple[str, ...]
    weak_undefined: tuple[str, ...]
    comdat: Mapping[str, str]
    signatures: tuple[str, ...]
    versioned: bool


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
        reserved = _LORESERVE <= self.section < _ABS
        bound = self.binding in (_GLOBAL, _UNIQUE)
        return bound and self.kind not in (2, 10) and self.section not in (_UNDEF, _COMMON) and not reserved

    @property
    def is_absolute(self) -> bool:
        """Say whether the value is a number, not an address in a section."""
        return self.section == _ABS


def is_object(data: Bytes, start: int, size: int) -> bool:
    """Say whether the ``size`` bytes at ``start`` are what a linker takes for an object: ELF, or compiler bitcode."""
    magic = data[start : start + min(size, 4)]
    return magic == MAGIC or magic in _BITCODE


def read_symbols(data: Bytes, display: str, machine: str, start: int = 0, size: int | None = None) -> ObjectSymbols:
    """Return the global symbols of the object in the ``size`` bytes at ``start``; ``display`` names it in errors.

    Raises :class:`StaticlinkError` when it is no relocatable for ``machine``, is malformed, or holds no machine code.
    """
    table = _Table(data, display, machine, start, len(data) - start if size is None else size)
    symbols = table.sort()
    if _SLIM in symbols.common:
        raise fail(
            "no-machine-code",
            f"contains no machine code: {display}",
            evidence=("it holds GCC's intermediate code only (slim LTO)",),
            fix="compile it without -flto, or with -ffat-lto-objects",
        )
    return symbols


def read_details(
    data: Bytes, display: str, machine: str, start: int = 0, size: int | None = None
) -> tuple[Symbol, ...]:
    """Return every global symbol of an object with all that its row says; slower than :func:`read_symbols`."""
    return _Table(data, display, machine, start, len(data) - start if size is None else size).rows()


def read_section_names(
    data: Bytes, display: str, machine: str, start: int = 0, size: int | None = None
) -> tuple[str, ...]:
    """Return the names of an object's sections, in order, without the null section."""
    return _Table(data, display, machine, start, len(data) - start if size is None else size).section_names()


class _Table:
    """The symbol table of one object, found and checked, ready to be walked."""

    __slots__ = (
        "_count",
        "_display",
        "_groups",
        "_header",
        "_sections",
        "_size",
        "_strings",
        "_table",
        "_view",
        "_wide",
    )

    def __init__(self, data: Bytes, display: str, machine: str, start: int, size: int) -> None:
        self._display = display
        if data[start : start + 4] in _BITCODE:
            raise fail(
                "no-machine-code",
                f"contains no machine code: {display}",
                evidence=("it is LLVM bitcode",),
                fix="compile it without -flto",
            )
        self._header = read_header(data, display, start, size)
        require_relocatable(self._header, display, machine)
        self._view = memoryview(data)[start : start + size]
        self._size = size
        types = self._read_section_types()
        self._table: memoryview = self._view[:0]
        self._strings = "\0"
        self._wide: tuple[int, ...] = ()
        self._groups: dict[int, str] = {}
        if _SYMTAB in types:
            self._find_table(types)

    def _read_section_types(self) -> list[int]:
        header = self._header
        layout = struct.calcsize("=" + _SECTION_LAYOUT[header.bits])
        self._count, self._sections = header.section_count, self._view[:0]
        if header.sections_offset == 0:
            return []
        if header.section_size != layout:
            self._fail(f"e_shentsize is {header.section_size}, not {layout}")
        if self._count == 0:  # more sections than 16 bits count: the number is in the first header's sh_size
            self._sections = self._slice(header.sections_offset, layout, "the section header table")
            self._count = self._section(0)[5]
        self._sections = self._slice(header.sections_offset, layout * self._count, "the section header table")
        return [kind for (kind,) in struct.iter_unpack(header.order + _TYPE_LAYOUT[header.bits], self._sections)]

    def _section(self, number: int) -> tuple[int, ...]:
        layout = struct.Struct(self._header.order + _SECTION_LAYOUT[self._header.bits])
        return layout.unpack_from(self._sections, number * layout.size)

    def _slice(self, offset: int, size: int, what: str) -> memoryview:
        if offset + size > self._size:
            self._fail(f"{what} ends at byte {offset + size}, the object at byte {self._size}")
        return self._view[offset : offset + size]

    def _fail(self, evidence: str) -> NoReturn:
        raise fail("malformed-object", f"malformed object: {self._display}", evidence=(evidence,))

    def _find_table(self, types: list[int]) -> None:
        number = types.index(_SYMTAB)
        _, _, _, _, offset, size, link, first, _, entry = self._section(number)
        width = struct.calcsize("=" + _SYMBOL_LAYOUT[self._header.bits])
        if entry != width or size % width:
            self._fail(f"the symbol table has {size} bytes in entries of {entry}, an entry has {width}")
        whole = self._slice(offset, size, "the symbol table")
        if first * width > size:
            self._fail(f"the symbol table's sh_info is {first}, it has {size // width} symbols")
        if not 0 < link < self._count:
            self._fail(f"the symbol table's sh_link is {link}, there are {self._count} sections")
        strings = self._section(link)
        # Offsets into the table are byte offsets, which only a one-byte encoding keeps.
        self._strings = bytes(self._slice(strings[4], strings[5], "the string table")).decode("latin-1")
        self._table = whole[first * width :]
        if _SYMTAB_SHNDX in types:
            wide = self._section(types.index(_SYMTAB_SHNDX))
            numbers = self._slice(wide[4], wide[5], "the extended section index table")
            self._wide = struct.unpack_from(f"{self._header.order}{len(numbers) // 4}I", numbers)[first:]
        if _GROUP in types:
            self._groups = self._read_groups(types, whole, width)

    def _read_groups(self, types: list[int], table: memoryview, width: int) -> dict[int, str]:
        """Return section number -> signature of the COMDAT group it belongs to; 0 and below: a group of no section."""
        found: dict[int, str] = {}
        for number, kind in enumerate(types):
            if kind != _GROUP:
                continue
            section = self._section(number)
            words = self._slice(section[4], section[5], "a section group")
            if len(words) % 4 or not words or section[7] * width >= len(table):
                self._fail(f"the section group {number} has {len(words)} bytes and signature {section[7]}")
            flags, *sections = struct.unpack(f"{self._header.order}{len(words) // 4}I", words)
            if flags & _COMDAT:
                signature = self._signature(table[section[7] * width : (section[7] + 1) * width])
                found[-number] = signature
                found.update(dict.fromkeys(sections, signature))
        return found

    def _signature(self, row: memoryview) -> str:
        fields = struct.unpack(self._header.order + _SYMBOL_LAYOUT[self._header.bits], row)
        name, info, _, section, _, _ = (fields[place] for place in _SYMBOL_ORDER[self._header.bits])
        if info & 15 == _SECTION_TYPE and not name and section < self._count:
            return f"section {self._section_name(section)}"
        return self._name(name)

    def _section_name(self, number: int) -> str:
        if not 0 < self._header.names_index < self._count:
            self._fail(f"e_shstrndx is {self._header.names_index}, there are {self._count} sections")
        names = self._section(self._header.names_index)
        raw = bytes(self._slice(names[4], names[5], "the section name table"))
        at = self._section(number)[0]
        return decode_names(raw[at : raw.find(b"\0", at)])

    def section_names(self) -> tuple[str, ...]:
        return tuple(self._section_name(number) for number in range(1, self._count))

    def _name(self, offset: int) -> str:
        end = self._strings.find("\0", offset)
        if end < 0:
            self._fail(f"a symbol's name is at byte {offset} of a string table of {len(self._strings)} bytes")
        return _reread(self._strings[offset:end])

    def sort(self) -> ObjectSymbols:
        strong: list[str] = []
        weak: list[str] = []
        common: list[str] = []
        undefined: list[str] = []
        weak_undefined: list[str] = []
        comdat: dict[str, str] = {}
        find, strings, groups, inside = self._strings.find, self._strings, self._groups, min(self._count, _LORESERVE)
        ascii_only = strings.isascii()
        for number, (offset, info, _, section, _, _) in enumerate(self._rows()):
            end = find("\0", offset)
            name = strings[offset:end] if ascii_only and end >= 0 else self._name(offset)
            binding = info >> 4
            if section == _UNDEF:
                (weak_undefined if binding == _WEAK else undefined).append(name)
            elif section == _COMMON:
                common.append(name)
            else:
                home = section if section < inside else self._far_section(number, section)
                (weak if binding == _WEAK else strong).append(name)
                if groups and home in groups:
                    comdat[name] = groups[home]
            if binding not in _BINDINGS:
                self._fail(f"the symbol {name} has the binding {binding}")
        signatures = tuple(name for section, name in groups.items() if section < 0)
        return ObjectSymbols(
            tuple(strong),
            tuple(weak),
            tuple(common),
            tuple(undefined),
            tuple(weak_undefined),
            comdat,
            signatures,
            "@" in strings,
        )

    def _rows(self) -> Iterable[tuple[int, ...]]:
        """Return the rows with name, info, other, section, value, size in the order of a 64-bit file."""
        rows = struct.iter_unpack(self._header.order + _SYMBOL_LAYOUT[self._header.bits], self._table)
        order = _SYMBOL_ORDER[self._header.bits]
        return rows if self._header.bits == 64 else (tuple(row[place] for place in order) for row in rows)  # noqa: PLR2004

    def _far_section(self, number: int, section: int) -> int:
        """Return the section of a symbol whose number is reserved, continued elsewhere, or out of range."""
        if section == _XINDEX:
            section = self._wide[number] if number < len(self._wide) else self._count
        elif section >= _LORESERVE:
            return section
        if section >= self._count:
            self._fail(f"a symbol is in section {section}, there are {self._count}")
        return section

    def rows(self) -> tuple[Symbol, ...]:
        found: list[Symbol] = []
        for number, (offset, info, other, section, value, size) in enumerate(self._rows()):
            home = self._far_section(number, section) if section == _XINDEX else section
            found.append(Symbol(self._name(offset), info >> 4, info & 15, other & 3, home, value, size))
        return tuple(found)


def _reread(name: str) -> str:
    return name if name.isascii() else decode_names(name.encode("latin-1"))
