"""Where are the sections of an ELF file, and what are they called?

The section header table is checked once, against the size of the file, so that everything behind it may index it. An
object with more sections than 16 bits count keeps their number in the first header's ``sh_size`` and the number of the
name table in its ``sh_link``. Strings are kept in a one-byte encoding, in which offsets stay byte offsets. Source:
System V ABI, chapter 4, "Sections" and "String Table".

Rows of a table may share the end of a string, so a small file can name more bytes than a machine has memory:
:func:`require_bounded` refuses that before a name is copied.

Not modelled: compressed sections, whose bytes are returned as they stand in the file.
"""

from __future__ import annotations

import struct
import sys
from array import array
from typing import TYPE_CHECKING

from staticlink.elf.ar import decode_names
from staticlink.errors import fail

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from typing import NoReturn

    from staticlink.elf.header import Header

NOBITS = 8
_STRTAB, _XINDEX = 3, 0xFFFF
#: bits and byte order -> layout of a section header: name, type, flags, address, offset, size, link, info, alignment,
#: entry size.
_SECTION_LAYOUT = {
    (bits, order): struct.Struct(order + codes)
    for bits, codes in ((64, "IIQQQQIIQQ"), (32, "IIIIIIIIII"))
    for order in "<>"
}
#: bits -> how many words of 32 bits a section header has, and which are its link and its info; name and type are first.
_WORDS = {64: (16, 10, 11), 32: (10, 6, 7)}
_RELA, _REL = 4, 9
#: bits -> section type -> size of a relocation.
_RELOCATION_SIZES = {64: {_RELA: 24, _REL: 16}, 32: {_RELA: 12, _REL: 8}}
#: bits -> in which words of a section header the low and the high half of its entry size are.
_ENTRY_WORDS = {64: (14, 15), 32: (9, 9)}
#: Types that GNU ld takes in any object; 0x70000001 holds unwind tables on x86-64.
_KNOWN_TYPES = frozenset({*range(12), *range(14, 19), 0x70000001})
_SHT_LOOS, _SHT_VERSYM, _SHT_LOUSER = 0x60000000, 0x6FFFFFFF, 0x80000000
_ALLOC, _OS_NONCONFORMING = 2, 0x100
#: What compilers call a section of one function or one datum begins so. Linkers gather these.
_OF_ONE = tuple(f".{name}.".encode() for name in ("text", "rodata", "data", "bss", "tdata", "tbss", "gcc_except_table"))
#: Types of sections whose names nobody looks at: none, tables of symbols and of strings, relocations, groups.
_NAMELESS = frozenset({0, 2, 3, _RELA, _REL, 17, 18})
_NATIVE = "<" if sys.byteorder == "little" else ">"
#: The names of one table may come to this many bytes.
_NAMES_LIMIT = 1 << 26


class SectionTable:
    """The section headers of the file in ``view``, and the bytes they describe."""

    __slots__ = (
        "_display",
        "_executable",
        "_headers",
        "_layout",
        "_name_offsets",
        "_names",
        "_names_index",
        "_order",
        "_view",
        "count",
        "types",
    )

    def __init__(self, header: Header, view: memoryview, display: str, *, executable: bool = False) -> None:
        """Find and check the table; ``display`` names the file in errors, which call it what it is.

        Raises :class:`StaticlinkError` when there is no table, or it is not within the file.
        """
        self._display = display
        self._executable = executable
        self._view = view
        self._layout, self._order = _SECTION_LAYOUT[header.bits, header.order], header.order
        width, offset = self._layout.size, header.sections_offset
        if offset < header.size:
            self.fail(f"e_shoff is {offset}, within the ELF header")
        if header.section_size != width:
            self.fail(f"e_shentsize is {header.section_size}, not {width}")
        self.count, self._names_index = header.section_count, header.names_index
        if self.count == 0 or self._names_index == _XINDEX:
            self._headers = self.slice(offset, width, "the section header table")
            first = self.row(0)
            self.count = self.count or first[5]
            self._names_index = first[6] if self._names_index == _XINDEX else self._names_index
        if self.count == 0:
            self.fail("it has no sections")
        self._headers = self.slice(offset, width * self.count, "the section header table")
        words = array("I", bytes(self._headers))
        if header.order != _NATIVE:
            words.byteswap()
        step, link, info = _WORDS[header.bits]
        self.types: Sequence[int] = words[1::step]
        self._names: tuple[str, ...] | None = None
        if not executable:
            self._name_offsets = words[0::step]
            self._check_references(self._name_offsets, words[link::step], words[info::step])
            low, high = _ENTRY_WORDS[header.bits]
            self._check_relocations(_RELOCATION_SIZES[header.bits], words[low::step], words[high::step])

    def fail(self, evidence: str) -> NoReturn:
        """Raise the error for a malformed object or executable."""
        if self._executable:
            raise fail("malformed-elf", f"malformed ELF file: {self._display}", evidence=(evidence,))
        raise fail("malformed-object", f"malformed object: {self._display}", evidence=(evidence,))

    def _check_references(self, names: Sequence[int], links: Sequence[int], infos: Sequence[int]) -> None:
        """Raise when a header names a section or a string that is not there: GNU ld then refuses the whole file.

        Nothing that runs a program looks at these, so an executable may say what it likes.
        """
        wrong = max(links)
        if max(infos) >= self.count:
            wrong = max([wrong, *(infos[n] for n, kind in enumerate(self.types) if kind in (_RELA, _REL))])
        if wrong >= self.count:
            self.fail(f"a section header refers to section {wrong}, there are {self.count}")
        if not 0 < self._names_index < self.count:
            self.fail(f"e_shstrndx is {self._names_index}, there are {self.count} sections")
        if not _KNOWN_TYPES.issuperset(self.types):
            self._check_types()
        table, last = self.row(self._names_index), max(names)
        self.slice(table[4], table[5], "the section name table")
        if last >= table[5]:
            self.fail(f"the name of a section is at byte {last} of a table of {table[5]} bytes")

    def _check_types(self) -> None:
        """Raise when a type is one that GNU ld refuses (``bfd_section_from_shdr`` in binutils' ``bfd/elf.c``)."""
        for number, kind in enumerate(self.types):
            if kind in _KNOWN_TYPES:
                continue
            flags = self.row(number)[2]
            of_system = _SHT_LOOS <= kind < _SHT_VERSYM and not flags & _OS_NONCONFORMING
            of_user = kind >= _SHT_LOUSER and not flags & _ALLOC
            if not of_system and not of_user:
                self.fail(f"section {number} has the unknown type {kind}")

    def _check_relocations(self, sizes: Mapping[int, int], lows: Sequence[int], highs: Sequence[int]) -> None:
        """Raise when relocations are not of the size they have; ``lows`` and ``highs`` are the halves of that size."""
        found = {pair for pair in set(zip(self.types, lows, strict=True)) if pair[0] in sizes}
        if not any(highs) and sizes.items() >= found:
            return
        for number, kind in enumerate(self.types):
            if kind in sizes and self.row(number)[9] != sizes[kind]:
                self.fail(f"section {number} holds relocations of {self.row(number)[9]} bytes, one has {sizes[kind]}")

    def telling_names(self) -> Iterator[bytes]:
        """Yield the names of an object's sections, but for tables, relocations and what holds one function or datum."""
        raw = bytes(self.data(self._names_index, "the section name table"))
        for at, kind in zip(self._name_offsets, self.types, strict=True):
            if kind not in _NAMELESS and not raw.startswith(_OF_ONE, at):
                yield raw[at : raw.find(b"\0", at)]

    def row(self, number: int) -> tuple[int, ...]:
        """Return name, type, flags, address, offset, size, link, info, alignment and entry size of a section."""
        return self._layout.unpack_from(self._headers, number * self._layout.size)

    def flags(self) -> Sequence[int]:
        """Return the low 32 bits of every section's flags, which are all that the ABI defines."""
        words = array("I", bytes(self._headers))
        if self._order != _NATIVE:
            words.byteswap()
        high_first = self._layout.size == _SECTION_LAYOUT[64, ">"].size and self._order == ">"
        return words[3 if high_first else 2 :: self._layout.size // 4]

    def slice(self, offset: int, size: int, what: str) -> memoryview:
        """Return ``size`` bytes at ``offset``; ``what`` names them in errors."""
        if offset + size > len(self._view):
            noun = "file" if self._executable else "object"
            self.fail(f"{what} ends at byte {offset + size}, the {noun} at byte {len(self._view)}")
        return self._view[offset : offset + size]

    def data(self, number: int, what: str) -> memoryview:
        """Return the bytes of a section; one without bytes in the file has none."""
        row = self.row(number)
        return self._view[:0] if row[1] == NOBITS else self.slice(row[4], row[5], what)

    def strings(self, number: int, what: str) -> str:
        """Return a string table, a character for each byte."""
        kind = self.types[number]
        if kind != _STRTAB:
            self.fail(f"{what} is section {number}, which has the type {kind}")
        raw = bytes(self.data(number, what))
        if raw and raw[-1]:
            self.fail(f"{what} does not end with a NUL")
        return raw.decode("latin-1")

    def names(self) -> tuple[str, ...]:
        """Return the names of the sections, in order, without the null section."""
        if self._names is None:
            self._names = tuple(self._read_names())
        return self._names

    def name(self, number: int) -> str:
        """Return the name of one section of an object, without reading all names."""
        if self._names is None:
            raw = bytes(self.data(self._names_index, "the section name table"))
            at = self._name_offsets[number]
            end = raw.find(b"\0", at)
            if end >= 0:
                return decode_names(raw[at:end])
        return self.names()[number - 1]

    def find(self, name: str) -> tuple[int, ...]:
        """Return the numbers of the sections of an object that are called ``name``, without reading all names."""
        raw = bytes(self.data(self._names_index, "the section name table"))
        wanted, offsets = name.encode() + b"\0", set()
        at = raw.find(wanted)
        while at >= 0:
            offsets.add(at)
            at = raw.find(wanted, at + 1)
        return tuple(number for number, offset in enumerate(self._name_offsets) if offset in offsets) if offsets else ()

    def _read_names(self) -> Iterator[str]:
        if not 0 < self._names_index < self.count:
            self.fail(f"e_shstrndx is {self._names_index}, there are {self.count} sections")
        strings = self.strings(self._names_index, "the section name table")
        offsets = [self.row(number)[0] for number in range(1, self.count)]
        require_bounded(strings, len(offsets), lambda: offsets, self)
        for number, at in enumerate(offsets, start=1):
            end = strings.find("\0", at)
            if end < 0:
                self.fail(f"the name of section {number} is at byte {at} of a table of {len(strings)} bytes")
            yield reread(strings[at:end])


def require_bounded(strings: str, count: int, offsets: Callable[[], Iterable[int]], table: SectionTable) -> None:
    """Raise when the ``count`` names at ``offsets()`` come to more bytes than any program needs.

    Tables that cannot hold so many are not walked: a name longer than two blocks covers one, which then has no NUL.
    """
    if count * len(strings) <= _NAMES_LIMIT:
        return
    block = max(1, _NAMES_LIMIT // count // 2)
    if all(strings.find("\0", at, at + block) >= 0 for at in range(0, len(strings) - block, block)):
        return
    if _exceeds(_NAMES_LIMIT, (strings.find("\0", offset) - offset for offset in offsets())):
        table.fail(f"its names come to more than {_NAMES_LIMIT} bytes")


def _exceeds(limit: int, sizes: Iterable[int]) -> bool:
    total = 0
    for size in sizes:
        total += max(0, size)
        if total > limit:
            return True
    return False


def reread(name: str) -> str:
    """Return a name from :meth:`SectionTable.strings` as text; names are UTF-8 by custom."""
    return name if name.isascii() else decode_names(name.encode("latin-1"))
