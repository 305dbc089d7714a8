"""Which names give away the libc whose headers an object was compiled with?

Headers replace names: glibc's turn ``strtol`` into ``__isoc23_strtol``, ``fprintf`` into ``__fprintf_chk``, ``open``
into ``open64``. Such a name says which headers were there, because nobody writes it. Other names that only glibc
defines are written by programmers, and say as much if nothing else in a link defines them. Both kinds are derived: from
what the libcs' own archives define, where both are at hand, and from ``policy/libc_traces.toml``, which
:mod:`staticlink.measure.traces` measured. ``policy/libc_evidence.toml`` adds the shapes of names that other
releases of glibc make.

A name that only musl defines, such as ``strlcpy``, says nothing of its headers: programs bring functions of these
names, and declare them.

Not modelled: names that a project declares by itself as the other libc's headers would.
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
    from collections.abc import Mapping, Sequence
    from collections.abc import Set as AbstractSet

_POLICY = Path(__file__).parent.parent / "policy"
LIBCS = ("glibc", "musl")
OTHER = {"glibc": "musl", "musl": "glibc"}


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """A name that belongs to one libc; ``made``: its headers make it, nobody writes it."""

    name: str
    libc: str
    made: bool

    @property
    def sentence(self) -> str:
        """What it means that an object asks for it."""
        other = OTHER[self.libc]
        if self.made:
            return f"asks for {self.name}, which {self.libc}'s headers make and {other} does not define"
        return f"asks for {self.name}, which {self.libc} defines and {other} does not"


@dataclass(frozen=True, slots=True)
class Traces:
    """What only one libc has: ``internal`` are headers that no program includes by name, ``known`` all others.

    ``made`` and ``asked`` map a libc to names; ``shapes`` are patterns of more that are made, ``distributions`` of what
    compilers write into ``.comment``.
    """

    internal: Mapping[str, AbstractSet[str]]
    known: AbstractSet[str]
    made: Mapping[str, AbstractSet[str]]
    asked: Mapping[str, AbstractSet[str]]
    shapes: tuple[tuple[re.Pattern[str], str, bool], ...]
    distributions: tuple[tuple[re.Pattern[str], str], ...]

    def fingerprint(self, name: str) -> Fingerprint | None:
        """Return the libc to which ``name`` belongs alone; names carry their version behind ``@``."""
        bare = name.partition("@")[0]
        for libc in LIBCS:
            if bare in self.made[libc] or bare in self.asked[libc]:
                return Fingerprint(bare, libc, bare in self.made[libc])
        for pattern, libc, made in self.shapes if bare.startswith(("__", "gnu_")) else ():
            if pattern.fullmatch(bare):
                return Fingerprint(bare, libc, made)
        return None


def load_traces(archives: Mapping[str, Path] | None = None) -> Traces:
    """Return the measured table; ``archives`` maps libcs to the libc.a at hand, whose names then join it."""
    measured = toml.loads((_POLICY / "libc_traces.toml").read_text(encoding="utf-8"))
    written = toml.loads((_POLICY / "libc_evidence.toml").read_text(encoding="utf-8"))
    headers = {libc: frozenset(measured[libc]["headers"].split()) for libc in LIBCS}
    defined = {libc: _promised(path) for libc, path in (archives or {}).items()}
    made = {libc: frozenset(measured[libc]["made"].split()) for libc in LIBCS}
    asked = {libc: frozenset(measured[libc]["asked"].split()) for libc in LIBCS}
    for libc, other in (LIBCS, LIBCS[::-1]):
        if other in defined:  # what a later release of the other one has come to define belongs to both
            made[libc] -= defined[other]
            asked[libc] -= defined[other]
            asked[libc] |= defined.get(libc, frozenset()) - defined[other] - made[libc]
    return Traces(
        internal={libc: frozenset(name for name in headers[libc] if _is_internal(name)) for libc in LIBCS},
        known=frozenset(measured["common"].split()).union(*headers.values()),
        made=made,
        asked=asked,
        shapes=tuple((re.compile(row["pattern"]), row["libc"], row["made"]) for row in written["shape"]),
        distributions=tuple((re.compile(row["pattern"]), row["libc"]) for row in written["distribution"]),
    )


def _is_internal(header: str) -> bool:
    return header.startswith(("bits/", "gnu/"))


def _promised(libc: Path) -> frozenset[str]:
    data = map_file(libc)
    index = read_archive(data, libc.name).index if is_archive(data) else None
    names: Sequence[str] = index[0] if index is not None else ()
    return frozenset(names)
