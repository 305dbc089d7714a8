"""Which release of musl is this, and what do others have that it has not?

musl adds functions with most releases, and 1.2.4 took the names for large files (``open64``) out of libc.a. Which
release it is stands in ``version.o`` of libc.a; where that is missing, the names that the archive defines say which
measured release it is like. ``policy/musl_releases.toml`` lists the names that came and went
(``measure/musl_releases.py``).

Compiling for one release and linking with a later one is what musl promises to support, but for names that are gone.
The other way round nothing is promised: a structure may have grown. On machines of 32 bits 1.2.0 made ``time_t`` one of
64 bits; those of 64 bits always had it.

Not modelled: what changed in a release without a change of names.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import toml

from staticlink.elf.ar import is_archive, read_archive
from staticlink.elf.mapping import map_file

if TYPE_CHECKING:
    from collections.abc import Container, Sequence

    from staticlink.elf.ar import ArchiveTable

TABLE = Path(__file__).parent.parent / "policy" / "musl_releases.toml"
_MEMBERS = ("version.lo", "version.o")
_TEXT = re.compile(rb"\0?(\d+\.\d+\.\d+(?:-git-[\w-]+)?)\0")
_NUMBERS = re.compile(r"\d+")
_PARTS = 3


@dataclass(frozen=True, slots=True)
class Release:
    """A measured release: what its libc.a defines and that of the measured release before it does not, and reverse."""

    version: str
    adds: frozenset[str]
    drops: frozenset[str]


@dataclass(frozen=True, slots=True)
class Piece:
    """Bytes of a file that planning read: where they begin, and how many they are."""

    path: Path
    start: int
    size: int


@dataclass(frozen=True, slots=True)
class Musl:
    """The musl of a link: its ``version``, and the ``piece`` of libc.a that says so, unless its names did."""

    version: str
    piece: Piece | None


def load_releases(table: Path = TABLE) -> tuple[Release, ...]:
    """Return the measured releases, oldest first; the first of them has nothing before it."""
    document = toml.loads(table.read_text(encoding="utf-8"))
    return tuple(
        Release(row["version"], frozenset(row["adds"].split()), frozenset(row["drops"].split()))
        for row in document["release"]
    )


def musl_version(libc: Path) -> str | None:
    """Return the version of the musl whose libc.a is at ``libc``; ``None`` when it does not say one."""
    data = map_file(libc)
    found = _said(libc, read_archive(data, libc.name)) if is_archive(data) else None
    return found.version if found is not None else None


def read_release(libc: Path, table: ArchiveTable) -> Musl:
    """Return which musl it is whose libc.a, with the members and the index of ``table``, is at ``libc``."""
    names = frozenset(table.index[0]) if table.index is not None else frozenset()
    return _said(libc, table) or Musl(infer_release(names, load_releases()), None)


def _said(libc: Path, table: ArchiveTable) -> Musl | None:
    member = next((one for one in table.members if one.name in _MEMBERS), None)
    if member is None:
        return None
    found = _TEXT.search(map_file(libc)[member.start : member.start + member.size])
    return Musl(found[1].decode(), Piece(libc, member.start, member.size)) if found is not None else None


def infer_release(promised: Container[str], releases: Sequence[Release]) -> str:
    """Return the newest of ``releases`` of which ``promised`` has all that it added and nothing that it dropped."""
    fitting = releases[0].version
    for one in releases[1:]:
        if all(name in promised for name in one.adds) and not any(name in promised for name in one.drops):
            fitting = one.version
    return fitting


def which_has(name: str, releases: Sequence[Release]) -> str | None:
    """Return a release that has ``name``, of a name that not all have: the first to add it, or the last to have it."""
    for before, one in zip((None, *releases), releases, strict=False):
        if name in one.adds:
            return one.version
        if before is not None and name in one.drops:
            return before.version
    return None


def is_newer(one: str, other: str) -> bool:
    """Say whether version ``one`` is a later release than ``other``; what follows three numbers counts for nothing."""
    first, second = (tuple(map(int, _NUMBERS.findall(text)[:_PARTS])) for text in (one, other))
    return first > second
