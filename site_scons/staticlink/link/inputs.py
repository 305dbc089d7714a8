"""What are the inputs of a link: objects, archives, and groups of them?

A file is read once, when it becomes an input: an object's symbols at once, an archive's headers and index at once and
its members when somebody asks. Most links extract a fraction of a libc, so most members are never looked at.

Not modelled: shared objects (a static link has none) and linker plugins.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from staticlink.elf.ar import is_archive, read_archive, reindex_command
from staticlink.elf.mapping import is_file, map_file
from staticlink.elf.rust_metadata import describe_metadata, is_metadata
from staticlink.elf.symbols import is_object, read_choosing, read_details, read_object, read_section_names
from staticlink.errors import fail
from staticlink.link.options import Assignment
from staticlink.link.script import looks_like_script, read_script

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from staticlink.elf.ar import ArchiveTable, Member
    from staticlink.elf.mapping import Bytes
    from staticlink.elf.symbols import ObjectSymbols
    from staticlink.elf.symtab import Symbol

_ARCHIVE_MAGIC = b"!<arch>\n"
_FILES_LIMIT = 1000
_DEPTH_LIMIT = 16
_CONSTRUCTORS = (".init_array", ".preinit_array", ".ctors")


@dataclass(frozen=True, slots=True)
class Traits:
    """Whether an object can be unwound through, runs code before main, and says which stack it needs."""

    unwind_tables: bool
    constructors: bool
    stack_note: bool


@dataclass(frozen=True, slots=True, eq=False)
class ObjectFile:
    """One object: a file of its own, or a member of ``archive`` whose header is at ``offset``.

    ``display`` is how messages name it: ``main.o``, ``libz.a(inflate.o)``. Objects of one ``fingerprint`` differ in
    nothing that a plan can depend on.
    """

    path: Path
    display: str
    symbols: ObjectSymbols
    data: Bytes
    machine: str
    start: int = 0
    size: int = 0
    archive: Archive | None = None
    offset: int = 0
    fingerprint: bytes = b""

    def details(self) -> tuple[Symbol, ...]:
        """Return every global symbol with its type, visibility, section and value."""
        return read_details(self.data, self.display, self.machine, self.start, self.size)

    def section_names(self) -> tuple[str, ...]:
        """Return the names of its sections."""
        return read_section_names(self.data, self.display, self.machine, self.start, self.size)

    def chooses_functions(self) -> bool:
        """Say whether functions of it are chosen when the program starts (GNU_IFUNC)."""
        return read_choosing(self.data, self.display, self.machine, self.start, self.size)

    @property
    def traits(self) -> Traits:
        """What its sections say about unwinding, constructors and the stack; read from the file each time."""
        names = self.section_names()
        return Traits(
            unwind_tables=".eh_frame" in names,
            constructors=any(name.startswith(_CONSTRUCTORS) for name in names),
            stack_note=".note.GNU-stack" in names,
        )


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
        symbols, mark = read_object(data, display, self.machine, start, size)
        return ObjectFile(path, display, symbols, data, self.machine, start, size, self, member.offset, mark)

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


def read_input(path: Path, *, machine: str = "x86_64", directories: Sequence[Path] = ()) -> Item:
    """Return what the file at ``path`` is to a linker; ``directories`` is where a script's ``-lNAME`` is looked up.

    Raises :class:`StaticlinkError` when it cannot be read, is malformed, is for another machine, or is none of these.
    """
    return _Reading(machine, directories, iter(range(_FILES_LIMIT))).read(path, ())


@dataclass(frozen=True, slots=True)
class _Reading:
    """The reading of one input and, when that is a script, of what it stands for.

    ``allowance`` has an item for each file that may still be read: two scripts that name each other's successors twice
    would otherwise stand for more files than there are.
    """

    machine: str
    directories: Sequence[Path]
    allowance: Iterator[int]

    def read(self, path: Path, within: tuple[Path, ...]) -> Item:
        if next(self.allowance, None) is None or len(within) > _DEPTH_LIMIT:
            evidence = (f"more than {_FILES_LIMIT} files, or {_DEPTH_LIMIT} scripts within each other",)
            raise fail("script-too-large", f"linker script names too many files: {within[0].name}", evidence=evidence)
        data = map_file(path)
        if not data:
            raise fail("empty-input", f"empty file, not an object or archive: {path.name}")
        if is_archive(data):
            return Archive(path, data, read_archive(data, path.name), self.machine)
        if is_object(data, 0, len(data)):
            symbols, mark = read_object(data, path.name, self.machine)
            return ObjectFile(path, path.name, symbols, data, self.machine, 0, len(data), fingerprint=mark)
        if _ARCHIVE_MAGIC.startswith(data[:8]):
            raise fail("truncated-archive", f"truncated archive: {path.name}", evidence=(f"ends at byte {len(data)}",))
        if is_metadata(data):
            evidence = (f"it is {describe_metadata(data)}",)
            fix = 'in Cargo.toml, under [lib]: crate-type = ["staticlib"]'
            raise fail("no-machine-code", f"contains no machine code: {path.name}", evidence=evidence, fix=fix)
        if not looks_like_script(data[:512]):
            begins = f"begins with {data[:8].hex(' ')}"
            raise fail("unknown-input", f"not an object, archive or linker script: {path.name}", evidence=(begins,))
        return self._read_script(path, data, within)

    def _read_script(self, path: Path, data: Bytes, within: tuple[Path, ...]) -> Script:
        chain = (*within, path)
        real = path.resolve()
        if any(real == outer.resolve() for outer in within):
            names = " -> ".join(one.name for one in chain)
            raise fail("input-cycle", f"linker script includes itself: {path.name}", evidence=(names,))
        items: list[Item] = []
        absent: list[Path] = []
        for grouped, listed in read_script(data, path.name):
            inner = tuple(self.read(_find(name, path, self.directories, absent), chain) for name in listed)
            items += [Group(inner)] if grouped else inner
        return Script(path, tuple(items), tuple(absent))


def _find(name: str, script: Path, directories: Sequence[Path], absent: list[Path]) -> Path:
    """Return the file a script calls ``name``: absolute, ``-lNAME``, beside the script, or in a directory.

    The places before it, where there is no such file, are added to ``absent``.
    """
    wanted = name if not name.startswith("-l") else name[3:] if name[2:3] == ":" else f"lib{name[2:]}.a"
    places = directories if name.startswith("-l") else (script.parent, *directories)
    for place in places:
        if is_file(place / wanted):
            return place / wanted
        absent.append(place / wanted)
    searched = tuple(f"searched: {place}" for place in dict.fromkeys(places))
    raise fail("missing-input", f"no such file: {wanted}", evidence=(f"named by {script.name}", *searched))


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
