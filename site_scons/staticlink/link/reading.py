"""What is the file at a path to a linker: an object, an archive, or a script that stands for others?

The first bytes decide, as they do for a linker; what is none of these is refused with what it is instead. A linker
script may name further scripts, and itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from staticlink.elf.ar import archive_name, is_archive, read_archive
from staticlink.elf.mapping import is_file, map_file
from staticlink.elf.rust_metadata import describe_metadata, is_metadata
from staticlink.elf.symbols import is_object, read_object
from staticlink.errors import fail
from staticlink.link.inputs import Archive, Group, ObjectFile, Script
from staticlink.link.script import looks_like_script, read_script

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from staticlink.elf.mapping import Bytes
    from staticlink.link.inputs import Item

_ARCHIVE_MAGIC = b"!<arch>\n"
_FILES_LIMIT = 1000
_DEPTH_LIMIT = 16


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
            symbols, traits, mark = read_object(data, path.name, self.machine)
            return ObjectFile(path, path.name, symbols, traits, data, self.machine, 0, len(data), fingerprint=mark)
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
    wanted = archive_name(name[2:]) if name.startswith("-l") else name
    places = directories if name.startswith("-l") else (script.parent, *directories)
    for place in places:
        if is_file(place / wanted):
            return place / wanted
        absent.append(place / wanted)
    searched = tuple(f"searched: {place}" for place in dict.fromkeys(places))
    raise fail("missing-input", f"no such file: {wanted}", evidence=(f"named by {script.name}", *searched))
