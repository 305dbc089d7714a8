"""What was seen to decide a crate in its last build, and is all of it still as it was then?

Most of what decides a crate can be listed before cargo runs. The rest is known afterwards: a file outside the package
that ``include_str!`` names, what a build script declares, a variable that ``option_env!`` asks for. A record keeps
those names and what they were, so that a later build can compare without starting anything.

A file is known by its content and whether it may be executed. It is read again only when its size or one of its times
has changed, and for two seconds after a change in any case, because a file system's clock ticks more slowly than files
are written. A directory stands for all the files below it. Not modelled: owners and extended attributes.
"""

from __future__ import annotations

import hashlib
import os
import stat
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from staticlink.rust.toolchain import recall, remember
from staticlink.vendored.cache import hash_file

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

_ABSENT = "absent"
#: A file whose time is younger than this may change once more without showing it.
_TICK = 2 * 10**9
#: Directories that hold what builds make or what version control keeps.
_LEFT_OUT = (".git", ".hg", ".svn", "__pycache__")


@dataclass(frozen=True, slots=True)
class Names:
    """What to look at: files and directories by path, variables by name."""

    paths: frozenset[str] = frozenset()
    variables: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class State:
    """What was found: ``files`` maps a path to its digest, ``variables`` a name to its value."""

    files: Mapping[str, str]
    variables: Mapping[str, str | None]

    def digest(self, top: Path) -> str:
        """Return a digest that does not depend on where ``top`` lies."""
        files = sorted((os.path.relpath(name, top), digest) for name, digest in self.files.items())
        return hashlib.sha256(repr((files, sorted(self.variables.items()))).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Record:
    """What the last run left. ``state`` is that of ``names`` when it began, as the dependency ``began`` had it.

    ``attempted`` maps the files that were declared to the digests they had when cargo was last *started*; ``ended`` is
    when it came back, in nanoseconds, or 0 when it has not. ``times`` are what :func:`look` remembers.
    """

    names: Names = field(default_factory=Names)
    state: State | None = None
    began: str = ""
    attempted: Mapping[str, str] = field(default_factory=dict)
    ended: int = 0
    times: Mapping[str, Any] = field(default_factory=dict)


def look(
    names: Names, environ: Mapping[str, str], times: Mapping[str, Any], excluded: Collection[Path] = ()
) -> tuple[State, dict[str, Any]]:
    """Return the state of ``names``, and the times by which the next look may skip what has not changed."""
    now = time.time_ns()
    files: dict[str, str] = {}
    seen: dict[str, Any] = {}
    for name in _expanded(names.paths, frozenset(excluded)):
        files[name], stamp = _fingerprint(name, times.get(name), now)
        if stamp is not None:
            seen[name] = stamp
    return State(files, {name: environ.get(name) for name in sorted(names.variables)}), seen


def look_into(directory: Path, record: Path) -> dict[str, str]:
    """Return the digest of each file in ``directory`` by its path from there.

    It may hold thousands, and be asked about for many crates: what tells that they are the same is kept in ``record``.
    """
    kept = recall(record) or {}
    state, times = look(Names(frozenset({str(directory)})), {}, kept)
    if times != kept:
        remember(record, times)
    start = len(str(directory)) + 1
    return {name[start:]: digest for name, digest in state.files.items() if len(name) > start}


def read_observed(path: Path) -> Record:
    """Return what :func:`write_observed` wrote to ``path``; what is absent or damaged says nothing."""
    kept = recall(path)
    try:
        return _record(kept) if kept is not None else Record()
    except (KeyError, TypeError, AttributeError):
        return Record()


def write_observed(path: Path, record: Record) -> None:
    """Write ``record`` to ``path`` whole."""
    state = None if record.state is None else {"files": record.state.files, "variables": record.state.variables}
    facts = {
        "paths": sorted(record.names.paths),
        "variables": sorted(record.names.variables),
        "state": state,
        "began": record.began,
        "attempted": record.attempted,
        "ended": record.ended,
        "times": record.times,
    }
    remember(path, facts)


def _record(kept: Mapping[str, Any]) -> Record:
    state = kept["state"]
    return Record(
        Names(frozenset(kept["paths"]), frozenset(kept["variables"])),
        None if state is None else State(dict(state["files"]), dict(state["variables"])),
        str(kept["began"]),
        dict(kept["attempted"]),
        int(kept["ended"]),
        dict(kept["times"]),
    )


def _expanded(paths: Iterable[str], excluded: frozenset[Path]) -> Iterator[str]:
    """Yield ``paths``, with a directory replaced by itself (it may be empty or gone) and the files below it."""
    for name in sorted(paths):
        yield name
        if Path(name).is_dir():
            yield from _below(name, excluded)


def _below(top: str, excluded: frozenset[Path]) -> Iterator[str]:
    for place, directories, files in os.walk(top):
        if "CACHEDIR.TAG" in files and place != top:
            directories.clear()
            continue
        directories[:] = sorted(name for name in directories if name not in _LEFT_OUT)
        links = [name for name in directories if os.path.islink(f"{place}/{name}")]  # noqa: PTH114  (many are asked)
        kept = [name for name in files if not name.startswith(".sconsign")]
        if excluded:
            directories[:] = [name for name in directories if Path(place, name) not in excluded]
            kept = [name for name in kept if Path(place, name) not in excluded]
        yield from sorted(f"{place}/{name}" for name in (*kept, *links))


def _fingerprint(name: str, known: list[Any] | None, now: int) -> tuple[str, list[Any] | None]:
    """Return the digest of one file, and what tells next time that it is the same, if anything can."""
    try:
        facts = os.lstat(name)  # a path object costs as much as the question, and there are thousands
        if stat.S_ISLNK(facts.st_mode):
            path = Path(name)
            return f"link:{path.readlink()} {_content(path) if path.is_file() else ''}", None
        if stat.S_ISDIR(facts.st_mode):
            return "directory", None
        stamp = [facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns, facts.st_mode, facts.st_ino]
        if known is not None and known[:-1] == stamp:
            return str(known[-1]), known
        if not stat.S_ISREG(facts.st_mode):
            return "special", None
        digest = _content(Path(name))
    except OSError:
        return _ABSENT, None
    settled = now - max(facts.st_mtime_ns, facts.st_ctime_ns) > _TICK
    return digest, [*stamp, digest] if settled else None


def _content(path: Path) -> str:
    return hash_file(path) + ("+x" if path.stat().st_mode & 0o111 else "")
