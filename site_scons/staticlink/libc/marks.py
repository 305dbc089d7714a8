"""What in the bytes of an object can tell against which libc it was compiled?

Its notes, the files that its debug information names, what its compilers wrote into ``.comment``, and how many parts
were compiled. Symbols are not here: whoever judges an object has read them. What a plan concluded from these marks
stands as long as they are the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from staticlink.elf.header import read_header
from staticlink.elf.sections import SectionTable
from staticlink.libc.debug_info import SourceFiles, read_source_files
from staticlink.libc.note import read_notes

if TYPE_CHECKING:
    from staticlink.elf.header import Header
    from staticlink.elf.mapping import Bytes
    from staticlink.elf.symbols import ObjectSymbols

_SYMTAB = 2
_ALLOC = 2
#: st_info of a local STT_FILE symbol; bits -> where it is in a symbol, and a symbol's size.
_FILE_INFO = 4
_SYMBOL = {64: (4, 24), 32: (12, 16)}
#: Sections that are loaded and still no code or data of the object's own, besides notes.
_ASIDE = (".eh_frame",)
_NOTE = 7


class Subject(Protocol):
    """An object as an input of a link holds it."""

    @property
    def display(self) -> str:
        """How messages name it."""

    @property
    def symbols(self) -> ObjectSymbols:
        """Its global symbols."""

    @property
    def data(self) -> Bytes:
        """The file that it is in."""

    @property
    def start(self) -> int:
        """Where in ``data`` it begins."""

    @property
    def size(self) -> int:
        """How many bytes it has."""


@dataclass(frozen=True, slots=True)
class Marks:
    """What was read of one object.

    ``notes`` are what notes say, ``compilers`` the strings of ``.comment``, ``sources`` the debug information.
    ``parts`` counts the file symbols: one for each part that a compiler made. ``empty``: it holds no code and no data.
    """

    notes: tuple[str, ...]
    sources: SourceFiles | None
    compilers: tuple[str, ...]
    parts: int
    empty: bool


def read_marks(one: Subject) -> Marks:
    """Return the marks of an object that has been read without a fault; one that is noted is not read further."""
    header = read_header(one.data, one.display, one.start, one.size)
    table = SectionTable(header, memoryview(one.data)[one.start : one.start + one.size], one.display)
    notes, parts = read_notes(table, header.order), _count_parts(table, header)
    if notes and len(notes) >= parts:
        return Marks(notes, None, (), parts, empty=False)
    return Marks(notes, read_source_files(table, header), _compilers(table), parts, _is_empty(table, one.symbols))


def _count_parts(table: SectionTable, header: Header) -> int:
    if _SYMTAB not in table.types:
        return 0
    number = table.types.index(_SYMTAB)
    at, width = _SYMBOL[header.bits]
    first = table.row(number)[7]
    return bytes(table.data(number, "the symbol table")[: first * width])[at::width].count(_FILE_INFO)


def _compilers(table: SectionTable) -> tuple[str, ...]:
    data = b"".join(bytes(table.data(number, ".comment")) for number in table.find(".comment"))
    return tuple(dict.fromkeys(text.decode("utf-8", "backslashreplace") for text in data.split(b"\0") if text))


def _is_empty(table: SectionTable, symbols: ObjectSymbols) -> bool:
    if symbols.common:
        return False
    aside = frozenset(number for name in _ASIDE for number in table.find(name))
    rows = ((number, table.row(number)) for number in range(1, table.count))
    return not any(row[2] & _ALLOC and row[5] and row[1] != _NOTE and number not in aside for number, row in rows)
