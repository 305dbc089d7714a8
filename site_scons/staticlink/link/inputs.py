"""What are the inputs of a link: objects, archives, and groups of them?

A file is read once, when it becomes an input: an object's symbols at once, an archive's headers and index at once and
its members when somebody asks. Most links extract a fraction of a libc, so most members are never looked at.

Not modelled: shared objects (a static link has none) and linker plugins.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from staticlink.elf.ar import read_archive, reindex_command
from staticlink.elf.mapping import is_file, map_file
from staticlink.elf.symbols import is_object, read_details, read_object, read_section_names
from staticlink.errors import fail
from staticlink.link.options import Assignment

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from staticlink.elf.ar import ArchiveTable, Member
    from staticlink.elf.mapping import Bytes
    from staticlink.elf.symbols import ObjectSymbols, Traits
    from staticlink.elf.symtab import Symbol


@dataclass(frozen=True, slots=True, eq=False)
class ObjectFile:
    """One object: a file of its own, or a member of ``archive`` whose header is at ``offset``.

    ``display`` is how messages name it: ``main.o``, ``libz.a(inflate.o)``. Objects of one ``fingerprint`` differ in
    nothing that a plan can depend on.
    """

    path: Path
    display: str
    symbols: ObjectSymbols
    traits: Traits
    data: Bytes
    machine: str
    start: int = 0
    size: int = 0
    archive: Archive | None = None
    offset: int = 0
    fingerprint: bytes = b""

    @property
    def home(self) -> Path:
        """The input that it came with: the path of its archive, or its own."""
        return self.path if self.archive is None else self.archive.path

    @property
    def home_display(self) -> str:
        """How messages name that input."""
        return self.display if self.archive is None else self.archive.display

    def details(self) -> tuple[Symbol, ...]:
        """Return every global symbol with its type, visibility, section and value."""
        return read_details(self.data, self.display, self.machine, self.start, self.size)

    def section_names(self) -> tuple[str, ...]:
        """Return the names of its sections."""
        return read_section_names(self.data, self.display, self.machine, self.start, self.size)


class Archive:
    """An archive whose members are read when asked for.

    ``promises`` maps a symbol to the positions, in the index, of the members that define it.
    """

    __slots__ = ("_by_offset", "_data", "_loaded", "_nested", "_offsets", "_promises", "machine", "path", "table")

    def __init__(self, path: Path, data: Bytes, table: ArchiveTable, machine: str) -> None:
        """Take the parsed ``table`` of ``data``."""
        self.path = path
        self.table = table
        self.machine = machine
        self._data = data
        self._by_offset: dict[int, Member] | None = None
        self._loaded: dict[int, ObjectFile | None] = {}
        self._nested: dict[Path, tuple[Bytes, dict[int, Member]]] = {}
        self._promises: dict[str, tuple[int, ...]] | None = None
        self._offsets: tuple[int, ...] = ()

    @property
    def display(self) -> str:
        """The archive's name in messages."""
        return self.path.name

    @property
    def promises(self) -> dict[str, tuple[int, ...]]:
        """The index: symbol -> positions, ascending. An empty archive has an empty index.

        Raises :class:`StaticlinkError` when there are members but no index: GNU ld refuses such an archive.
        """
        if self._promises is None:
            if self.table.index is None and self.table.members:
                fix = reindex_command(self.table.members, self.display)
                raise fail("no-index", f"archive has no index: {self.display}", fix=fix)
            names, self._offsets = self.table.index or ((), ())
            self._promises = _positions(names)
        return self._promises

    def offset_at(self, position: int) -> int:
        """Return the offset of the member that the index names at ``position``."""
        return self._offsets[position]

    def member(self, offset: int) -> ObjectFile | None:
        """Return the member whose header is at ``offset``, or ``None`` when it is no object (a README, metadata)."""
        if offset not in self._loaded:
            if self._by_offset is None:
                self._by_offset = {member.offset: member for member in self.table.members}
            self._loaded[offset] = self._read(self._by_offset[offset])
        return self._loaded[offset]

    def objects(self) -> Iterator[ObjectFile]:
        """Yield every member that is an object, in the order of the archive."""
        for member in self.table.members:
            found = self.member(member.offset)
            if found is not None:
                yield found

    @property
    def looked_at(self) -> dict[int, ObjectFile | None]:
        """The members that somebody has asked for so far, by offset; ``None`` for one that is no object."""
        return self._loaded

    def _read(self, member: Member) -> ObjectFile | None:
        display = f"{self.display}({member.name.rpartition('/')[2] if self.table.thin else member.name})"
        path, data, start, size = self.path, self._data, member.start, member.size
        if self.table.thin:
            path = self.path.parent / member.name
            if not is_file(path):
                evidence = (f"a thin archive names its members relative to {self.path.parent}",)
                raise fail("missing-member", f"missing member: {display}", evidence=evidence)
            if member.origin is None:
                data, start = map_file(path), 0
                size = len(data)
            else:
                data, start, size = self._nested_member(path, member.origin)
        if not is_object(data, start, size):
            return None
        symbols, traits, mark = read_object(data, display, self.machine, start, size)
        return ObjectFile(path, display, symbols, traits, data, self.machine, start, size, self, member.offset, mark)

    def _nested_member(self, path: Path, origin: int) -> tuple[Bytes, int, int]:
        """Return the bytes of the archive at ``path``, and where in them the data of its member at ``origin`` is."""
        if path not in self._nested:
            whole = map_file(path)
            self._nested[path] = whole, {one.offset: one for one in read_archive(whole, path.name).members}
        data, members = self._nested[path]
        member = members.get(origin)
        if member is None or (not member.start and member.size):
            evidence = (f"no member with data at byte {origin}",)
            raise fail("malformed-archive", f"malformed archive: {path.name}", evidence=evidence)
        return data, member.start, member.size


@dataclass(frozen=True, slots=True)
class Group:
    """Inputs between ``--start-group`` and ``--end-group``: searched again until nothing more is extracted."""

    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Whole:
    """An archive under ``--whole-archive``: every member joins the link."""

    archive: Archive


@dataclass(frozen=True, slots=True)
class Script:
    """A linker script that stands for other inputs, as Debian's ``libm.a`` does.

    ``absent`` are the places where a name of its was looked for in vain before it was found.
    """

    path: Path
    items: tuple[Item, ...]
    absent: tuple[Path, ...] = ()


Item = ObjectFile | Archive | Group | Whole | Script | Assignment


def flatten(items: Iterable[Item]) -> Iterator[ObjectFile | Archive]:
    """Yield every object and archive among ``items``, in order, whatever holds them."""
    for item in items:
        if isinstance(item, (Group, Script)):
            yield from flatten(item.items)
        elif isinstance(item, Whole):
            yield item.archive
        elif not isinstance(item, Assignment):
            yield item


def _positions(names: Sequence[str]) -> dict[str, tuple[int, ...]]:
    """Return symbol -> positions. A default version ``f@@V`` also satisfies references to ``f@V`` and ``f``.

    Source: ``_bfd_elf_archive_symbol_lookup`` in binutils' ``bfd/elflink.c``.
    """
    last: dict[str, tuple[int, ...]] = {name: (place,) for place, name in enumerate(names)}
    more: dict[str, list[int]] = {}
    if len(last) < len(names):
        for place, name in enumerate(names):
            if last[name][0] != place:
                more.setdefault(name, []).append(place)
    if "@@" in "\0".join(names):
        for place, name in enumerate(names):
            if "@@" in name:
                base, _, version = name.partition("@@")
                more.setdefault(base, []).append(place)
                more.setdefault(f"{base}@{version}", []).append(place)
    for name, places in more.items():
        last[name] = tuple(sorted((*places, *last.get(name, ()))))
    return last
