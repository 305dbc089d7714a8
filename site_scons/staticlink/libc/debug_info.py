"""Which source files and headers does an object's debug information name?

Every compiled unit has a line table, which begins with the directories and files that its lines and declarations come
from. A header is listed when something it declares is used. With macros in the debug information (``-g3``) the compiler
has to number every file that was included, so the table then lists them all. Sources: DWARF 2 to 5, "Line Number
Information"; System V ABI, "Compressed sections".

In an object the offsets into ``.debug_line_str`` are still to be relocated; on machines with addends in the relocations
the field itself is zero, so the relocations are read as well. What makes no sense ends the reading: debug information
is no part of a program, and a linker does not look at it either. ``whole`` then is false.

Not modelled: sections compressed with zstd, and split DWARF, whose line table is in the object all the same.
"""

from __future__ import annotations

import posixpath
import struct
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from staticlink.elf.sections import reread

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from staticlink.elf.header import Header
    from staticlink.elf.sections import SectionTable

_LINE, _LINE_STRINGS, _STRINGS = ".debug_line", ".debug_line_str", ".debug_str"
_MACROS = (".debug_macro", ".debug_macinfo", ".zdebug_macro", ".zdebug_macinfo")
_COMPRESSED = 0x800
_ZLIB = 1
_RELA = 4
#: Debug information of one object is not expected to be larger than this once it is unpacked.
_LIMIT = 1 << 28
_DWARF64 = 0xFFFFFFFF
_PATH, _DIRECTORY = 1, 2
#: Forms of a fixed size: data1, data2, data4, data8, data16.
_FIXED = {0x0B: 1, 0x05: 2, 0x06: 4, 0x07: 8, 0x1E: 16}
_STRING, _STRP, _LINE_STRP, _UDATA, _BLOCK = 0x08, 0x0E, 0x1F, 0x0F, 0x09


@dataclass(frozen=True, slots=True)
class SourceFiles:
    """What the line tables of one object name, in their order, each file once, its directory in front.

    ``units`` is how many tables there are. ``macros``: the object lists its macros, and so every file. ``whole``: all
    of it could be read.
    """

    files: tuple[str, ...]
    units: int
    macros: bool
    whole: bool


def read_source_files(table: SectionTable, header: Header) -> SourceFiles | None:
    """Return what the debug information in ``table`` names; ``None`` when there is no line table."""
    line = _find(table, header, _LINE)
    if line is None:
        return None
    data, number = line
    strings = {section: found[0] for section in (_LINE_STRINGS, _STRINGS) if (found := _find(table, header, section))}
    reader = _Reader(bytes(data), header.order, _addends(table, header, number), strings)
    files: dict[str, None] = {}
    units, whole = 0, True
    try:
        for named in reader.units():
            units += 1
            files.update(dict.fromkeys(named))
    except (ValueError, struct.error, IndexError):
        whole = False
    return SourceFiles(tuple(files), units, any(map(table.find, _MACROS)), whole)


def _find(table: SectionTable, header: Header, name: str) -> tuple[bytes | memoryview, int] | None:
    """Return the bytes of a debug section, unpacked, and its number; ``None`` when it is not there or unreadable."""
    for number in table.find(name):
        data = table.data(number, name)
        return (_unpack(data, header), number) if table.row(number)[2] & _COMPRESSED else (data, number)
    for number in table.find(f".z{name[1:]}"):
        data = table.data(number, name)
        return _inflate(data[12:], int.from_bytes(data[4:12], "big")), number
    return None


def _unpack(data: memoryview, header: Header) -> bytes:
    layout = header.order + ("IIQQ" if header.bits == 64 else "III")  # noqa: PLR2004
    if len(data) < struct.calcsize(layout):
        return b""
    fields = struct.unpack_from(layout, data)
    size = fields[2] if header.bits == 64 else fields[1]  # noqa: PLR2004
    return _inflate(data[struct.calcsize(layout) :], size) if fields[0] == _ZLIB else b""


def _inflate(data: memoryview, size: int) -> bytes:
    try:
        return zlib.decompressobj().decompress(data, min(size, _LIMIT) or 1)
    except zlib.error:
        return b""


def _addends(table: SectionTable, header: Header, number: int) -> Mapping[int, int]:
    """Return offset -> addend of the relocations of a section; of none where the fields hold them."""
    layout = struct.Struct(header.order + ("QQq" if header.bits == 64 else "IIi"))  # noqa: PLR2004
    for other, kind in enumerate(table.types):
        if kind == _RELA and table.row(other)[7] == number:
            data = table.data(other, "the relocations of a line table")
            return {row[0]: row[2] for row in layout.iter_unpack(data[: len(data) // layout.size * layout.size])}
    return {}


class _Reader:
    """A walk over the headers of the line tables in ``data``; programs are stepped over."""

    __slots__ = ("_addends", "_at", "_data", "_order", "_strings", "_wide")

    def __init__(
        self,
        data: bytes,
        order: str,
        addends: Mapping[int, int],
        strings: Mapping[str, bytes | memoryview],
    ) -> None:
        self._data = data
        self._order = order
        self._addends = addends
        self._strings = {name: bytes(found) for name, found in strings.items()}
        self._at = 0
        self._wide = False

    def units(self) -> Iterator[list[str]]:
        """Yield the files of each table. Raises :class:`ValueError` and its like where one makes no sense."""
        while self._at < len(self._data):
            length = self._fixed(4)
            self._wide = length == _DWARF64
            if self._wide:
                length = self._fixed(8)
            end = self._at + length
            if end > len(self._data):
                raise ValueError(end)
            yield self._unit()
            self._at = end

    def _unit(self) -> list[str]:
        version = self._fixed(2)
        if not 2 <= version <= 5:  # noqa: PLR2004
            raise ValueError(version)
        if version >= 5:  # noqa: PLR2004
            self._at += 2
        self._offset()
        self._at += 5 if version >= 4 else 4  # noqa: PLR2004
        opcodes = self._fixed(1)
        self._at += opcodes - 1
        return self._new_table() if version >= 5 else self._old_table()  # noqa: PLR2004

    def _old_table(self) -> list[str]:
        """Read the tables of DWARF 2 to 4; their directory 0 is the one the compiler ran in, which is not named."""
        directories = [""]
        while name := self._text():
            directories.append(name)
        found: list[str] = []
        while name := self._text():
            place = self._number()
            self._number()
            self._number()
            found.append(_joined(directories, place, name))
        return found

    def _new_table(self) -> list[str]:
        directories = [name for name, _ in self._entries()]
        return [_joined(directories, place, name) for name, place in self._entries()]

    def _entries(self) -> Iterator[tuple[str, int]]:
        """Yield the path and the directory of each entry."""
        formats = [(self._number(), self._number()) for _ in range(self._fixed(1))]
        count = self._number()
        if count > len(self._data):
            raise ValueError(count)
        for _ in range(count):
            fields = {content: self._value(form) for content, form in formats}
            name, place = fields.get(_PATH, ""), fields.get(_DIRECTORY, 0)
            yield (name if isinstance(name, str) else ""), (place if isinstance(place, int) else 0)

    def _value(self, form: int) -> str | int:
        if form == _STRING:
            return self._text()
        if form in (_LINE_STRP, _STRP):
            place = self._addends.get(self._at)
            field = self._offset()
            return self._string(_LINE_STRINGS if form == _LINE_STRP else _STRINGS, field if place is None else place)
        if form in _FIXED:
            return self._fixed(_FIXED[form])
        if form == _UDATA:
            return self._number()
        if form == _BLOCK:
            self._at += self._number()
            return 0
        raise ValueError(form)

    def _string(self, section: str, place: int) -> str:
        strings = self._strings.get(section, b"")
        end = strings.index(b"\0", place)
        return reread(strings[place:end].decode("latin-1"))

    def _text(self) -> str:
        end = self._data.index(b"\0", self._at)
        found = self._data[self._at : end]
        self._at = end + 1
        return reread(found.decode("latin-1"))

    def _offset(self) -> int:
        return self._fixed(8 if self._wide else 4)

    def _fixed(self, size: int) -> int:
        if self._at + size > len(self._data):
            raise ValueError(self._at)
        found = int.from_bytes(self._data[self._at : self._at + size], "little" if self._order == "<" else "big")
        self._at += size
        return found

    def _number(self) -> int:
        """Read an unsigned LEB128 number."""
        found = shift = 0
        while True:
            byte = self._data[self._at]
            self._at += 1
            found |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:  # noqa: PLR2004
                return found


def _joined(directories: Sequence[str], place: int, name: str) -> str:
    """Return ``name`` with its directory in front; a relative directory is relative to the first."""
    directory = directories[place]
    if not directory.startswith("/") and place:
        directory = posixpath.join(directories[0], directory)
    return posixpath.normpath(posixpath.join(directory, name))
