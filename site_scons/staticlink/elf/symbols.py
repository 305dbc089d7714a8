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
from hashlib import blake2b
from typing import TYPE_CHECKING, NamedTuple

from staticlink.elf.groups import GROUP, SYMTAB, read_groups
from staticlink.elf.header import MAGIC, read_header, require_relocatable
from staticlink.elf.sections import SectionTable, require_bounded, reread
from staticlink.errors import fail

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from staticlink.elf.mapping import Bytes

_SYMTAB_SHNDX = 18
_UNDEF, _LORESERVE, _ABS, _COMMON, _XINDEX = 0, 0xFF00, 0xFFF1, 0xFFF2, 0xFFFF
#: machine -> section number of COMMON symbols that its medium and large code models keep apart (x86-64 psABI, 4.2).
_LARGE_COMMON = {"x86_64": 0xFF02}
_GLOBAL, _WEAK, _UNIQUE = 1, 2, 10
#: What st_info is with one of these bindings.
_KNOWN_INFOS = frozenset(binding << 4 | kind for binding in (_GLOBAL, _WEAK, _UNIQUE) for kind in range(16))
_TLS = 6
_TLS_INFOS = frozenset(info for info in _KNOWN_INFOS if info & 15 == _TLS)
_SECTION_TYPE = 3
_LOCAL_INFO = bytes(range(16))
#: byte order -> the section number of an absolute symbol, as it stands in a row.
_ABS_BYTES = {"<": b"\xf1\xff", ">": b"\xff\xf1"}
_FINGERPRINT = 16  # bytes
#: bits -> where st_info is in a symbol.
_INFO_AT = {64: 4, 32: 12}
_BITCODE = (b"BC\xc0\xde", b"\xde\xc0\x17\x0b")
#: GCC defines this common symbol in an object that holds its intermediate code and nothing else.
_SLIM = "__gnu_lto_slim"
#: bits -> layout of a symbol of which only name, info and section are read.
_ROLE_LAYOUT = {64: "IBxH16x", 32: "I8xBxH"}
#: bits -> layout of a symbol, its size, and where name, info, other, section, value and size are in it.
_SYMBOL_LAYOUT = {64: "IBBHQQ", 32: "IIIBBH"}
_SYMBOL_SIZE = {64: 24, 32: 16}
_SYMBOL_ORDER = {64: (0, 1, 2, 3, 4, 5), 32: (0, 3, 4, 5, 1, 2)}


class ObjectSymbols(NamedTuple):
    """The global symbols of one object, by role, each in the order of its symbol table.

    ``strong`` includes GNU_UNIQUE definitions. ``comdat`` maps a defined symbol to the signature of its COMDAT group;
    ``signatures`` are all of the object's COMDAT signatures, also of groups that define nothing. ``versioned`` says
    that some name may carry a version (``f@@V``). ``thread_local`` are the names, defined here or not, whose type is
    STT_TLS: few objects have any.
    """

    strong: tuple[str, ...]
    weak: tuple[str, ...]
    common: tuple[str, ...]
    undefined: tuple[str, ...]
    weak_undefined: tuple[str, ...]
    comdat: Mapping[str, str]
    signatures: tuple[str, ...]
    versioned: bool
    thread_local: tuple[str, ...]


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
    return read_object(data, display, machine, start, size)[0]


def read_object(
    data: Bytes, display: str, machine: str, start: int = 0, size: int | None = None
) -> tuple[ObjectSymbols, bytes]:
    """Return what :func:`read_symbols` does, and a fingerprint of everything this module can say of the object.

    Two objects of one fingerprint have the same symbols, details and section names; addresses may differ, sizes of
    symbols other than COMMON ones, and the contents of sections.
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
    return symbols, table.fingerprint(symbols)


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

    __slots__ = ("_groups", "_header", "_sections", "_strings", "_table", "_wide")

    def __init__(self, data: Bytes, display: str, machine: str, start: int, size: int) -> None:
        if data[start : start + 4] in _BITCODE:
            raise fail(
                "no-machine-code",
                f"contains no machine code: {display}",
                evidence=("it is LLVM bitcode",),
                fix="compile it without -flto",
            )
        self._header = read_header(data, display, start, size)
        require_relocatable(self._header, display, machine)
        self._sections = SectionTable(self._header, memoryview(data)[start : start + size], display)
        self._table = memoryview(b"")
        self._strings = "\0"
        self._wide: tuple[int, ...] = ()
        self._groups: dict[int, str] = {}
        if SYMTAB in self._sections.types:
            self._find_table(self._sections.types.index(SYMTAB))

    def _find_table(self, number: int) -> None:
        sections = self._sections
        _, _, _, _, offset, size, link, first, _, entry = sections.row(number)
        width = _SYMBOL_SIZE[self._header.bits]
        if entry != width or size % width:
            sections.fail(f"the symbol table has {size} bytes in entries of {entry}, an entry has {width}")
        whole = sections.slice(offset, size, "the symbol table")
        if first * width > size:
            sections.fail(f"the symbol table's sh_info is {first}, it has {size // width} symbols")
        if not 0 < link < sections.count:
            sections.fail(f"the symbol table's sh_link is {link}, there are {sections.count} sections")
        self._strings = sections.strings(link, "the string table")
        self._table = whole[first * width :]
        self._require_locals_first(whole[: first * width], width)
        require_bounded(self._strings, len(self._table) // width, self._name_offsets, sections)
        if _SYMTAB_SHNDX in sections.types:
            numbers = sections.data(sections.types.index(_SYMTAB_SHNDX), "the extended section index table")
            self._wide = struct.unpack_from(f"{self._header.order}{len(numbers) // 4}I", numbers)[first:]
        if GROUP in sections.types:

            def signature(symbol: int) -> str:
                return self._signature(whole[symbol * width : (symbol + 1) * width])

            self._groups = read_groups(sections, self._header.order, size // width, signature)

    def _require_locals_first(self, before: memoryview, width: int) -> None:
        """Raise when a symbol before ``sh_info`` is not local: GNU ld never sees such a symbol, lld refuses it."""
        found = bytes(before)[_INFO_AT[self._header.bits] :: width].lstrip(_LOCAL_INFO)
        if found:
            number = len(before) // width - len(found)
            self._sections.fail(f"symbol {number} has the binding {found[0] >> 4}, but stands among the local ones")

    def _signature(self, row: memoryview) -> str:
        fields = struct.unpack(self._header.order + _SYMBOL_LAYOUT[self._header.bits], row)
        name, info, _, section, _, _ = (fields[place] for place in _SYMBOL_ORDER[self._header.bits])
        if info & 15 == _SECTION_TYPE and not name and 0 < section < self._sections.count:
            return f"section {self._sections.names()[section - 1]}"
        return self._name(name)

    def section_names(self) -> tuple[str, ...]:
        return self._sections.names()

    def _name(self, offset: int) -> str:
        end = self._strings.find("\0", offset)
        if end < 0:
            self._sections.fail(f"a symbol's name is at byte {offset} of a string table of {len(self._strings)} bytes")
        return reread(self._strings[offset:end])

    def sort(self) -> ObjectSymbols:
        """Return the names by role."""
        infos = self._infos()
        if not _KNOWN_INFOS.issuperset(infos):
            self._refuse_bindings()
        try:
            return self._sort(infos)
        except ValueError:  # a name has no end; now there is time to find out which
            for row in self._rows():
                self._name(row[0])
            raise

    def _sort(self, infos: frozenset[int]) -> ObjectSymbols:
        """Do it in one loop with as little in it as there can be: it sees every symbol of a link."""
        strong: list[str] = []
        weak: list[str] = []
        common: list[str] = []
        undefined: list[str] = []
        weak_undefined: list[str] = []
        comdat: dict[str, str] = {}
        strings, groups, inside = self._strings, self._groups, min(self._sections.count, _LORESERVE)
        commons, end_of = (_COMMON, _LARGE_COMMON.get(self._header.machine, _COMMON)), strings.index
        rows = struct.iter_unpack(self._header.order + _ROLE_LAYOUT[self._header.bits], self._table)
        for number, (offset, info, section) in enumerate(rows):
            name = strings[offset : end_of("\0", offset)]
            if section == _UNDEF:
                (weak_undefined if info >> 4 == _WEAK else undefined).append(name)
            elif section in commons:
                common.append(name)
            else:
                home = section if section < inside else self._far_section(number, section)
                (weak if info >> 4 == _WEAK else strong).append(name)
                if groups and home in groups:
                    comdat[name] = groups[home]
        if not strings.isascii():
            for names in (strong, weak, common, undefined, weak_undefined):
                names[:] = map(reread, names)
            comdat = {reread(name): signature for name, signature in comdat.items()}
        return ObjectSymbols(
            tuple(strong),
            tuple(weak),
            tuple(common),
            tuple(undefined),
            tuple(weak_undefined),
            comdat,
            tuple(name for section, name in groups.items() if section < 0) if groups else (),
            "@" in strings,
            () if _TLS_INFOS.isdisjoint(infos) else self._thread_locals(),
        )

    def _thread_locals(self) -> tuple[str, ...]:
        return tuple(self._name(row[0]) for row in self._rows() if row[1] in _TLS_INFOS)

    def _infos(self) -> frozenset[int]:
        """Return the types with their bindings that there are."""
        return frozenset(bytes(self._table)[_INFO_AT[self._header.bits] :: _SYMBOL_SIZE[self._header.bits]])

    def _name_offsets(self) -> Iterator[int]:
        return (row[0] for row in self._rows())

    def fingerprint(self, symbols: ObjectSymbols) -> bytes:
        """Return a digest of the table, sorted into ``symbols``, and of the section headers without what code moves.

        The values of numbers and the sizes of COMMON symbols belong to it: they decide clashes and winners.
        """
        # In a 64-bit file a row is three words: name, info, other and section; value; size.
        rows = self._table.cast("Q")[::3].tobytes() if self._header.bits == 64 else bytes(self._table)  # noqa: PLR2004
        more = b""
        if self._groups or self._wide:
            more = repr((self._groups, self._wide)).encode()
        if _ABS_BYTES[self._header.order] in rows:
            more += repr([row[4] for row in self._rows() if row[3] == _ABS]).encode()
        if symbols.common:
            commons = (_COMMON, _LARGE_COMMON.get(self._header.machine, _COMMON))
            more += repr([row[5] for row in self._rows() if row[3] in commons]).encode()
        facts = (*self._sections.without_places(), self._strings.encode("latin-1"), rows, more)
        return blake2b(b"".join(facts), digest_size=_FINGERPRINT).digest()

    def _refuse_bindings(self) -> None:
        for offset, info, *_ in self._rows():
            if info not in _KNOWN_INFOS:
                self._sections.fail(f"the symbol {self._name(offset)} has the binding {info >> 4}")

    def _rows(self) -> Iterable[tuple[int, ...]]:
        """Return the rows with name, info, other, section, value, size in the order of a 64-bit file."""
        rows = struct.iter_unpack(self._header.order + _SYMBOL_LAYOUT[self._header.bits], self._table)
        order = _SYMBOL_ORDER[self._header.bits]
        return rows if self._header.bits == 64 else (tuple(row[place] for place in order) for row in rows)  # noqa: PLR2004

    def _far_section(self, number: int, section: int) -> int:
        """Return the section of a symbol whose number is reserved, continued elsewhere, or out of range."""
        if section == _XINDEX:
            section = self._wide[number] if number < len(self._wide) else self._sections.count
        elif section in (_ABS, _COMMON):
            return section
        if section >= self._sections.count:
            self._sections.fail(f"a symbol is in section {section}, there are {self._sections.count}")
        return section

    def rows(self) -> tuple[Symbol, ...]:
        found: list[Symbol] = []
        for number, (offset, info, other, section, value, size) in enumerate(self._rows()):
            home = self._far_section(number, section) if section == _XINDEX else section
            found.append(Symbol(self._name(offset), info >> 4, info & 15, other & 3, home, value, size))
        return tuple(found)
