"""Did cargo read anything that the build does not know of, and will it notice what has changed?

*Afterwards*, what cargo's units read is compared with what was declared. Anything else is remembered, so that the next
build looks at it too; a file is also named in a warning, or is an error when the project asked for strictness, because
a build script or a macro that reaches outside its package is often a mistake.

*Before*, a gap of cargo's is closed. Cargo compares times: a source that is put back with the time it once had (from a
backup, an archive, ``mv``) is older than what was compiled from its newer text, and passes for compiled. What was
declared at cargo's last start is compared by content; where a file has changed and is not younger than that run, the
fingerprints of the packages are removed, and cargo compiles them again. So they are where a package counts whole and
lost a file, or got an old one, and those of all packages where an archive of a native library changed. Vendored
packages that changed are treated the same: cargo takes their content on trust.

Not modelled: a unit that another build directory of cargo's compiled.
"""

from __future__ import annotations

import hashlib
import re
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from staticlink.errors import fail
from staticlink.rust.dep_info import read_units
from staticlink.rust.observed import Names, State, look, read_observed, write_observed
from staticlink.rust.rustc import write_script
from staticlink.rust.vendored_crates import package_digests, verify_vendored

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from staticlink.rust.dep_info import Reading
    from staticlink.rust.members import Crate
    from staticlink.rust.toolchain import Toolchain

_ARCHIVE = ".a"
_FINGERPRINTS = ("*/.fingerprint", "*/*/.fingerprint")


@dataclass(frozen=True, slots=True)
class Watch:
    """One run of cargo, watched.

    ``declared`` maps the files that the build declares to their digests; ``declared_directories`` count whole.
    ``names``, ``state`` and ``began`` are what the build looked at before, what it found, and a digest of that.
    ``vendored`` maps directories of vendored packages to the digests of their files, and ``configuration`` has cargo
    use them. ``excluded`` is what the build makes. ``record`` is where what comes out is kept. ``report`` is called
    with the files that nobody declared, and whether all that was read had been looked at.
    """

    crate: Crate
    toolchain: Toolchain
    record: Path
    environ: Mapping[str, str]
    declared: Mapping[str, str]
    declared_directories: tuple[Path, ...]
    names: Names
    state: State
    began: str
    vendored: Mapping[Path, Mapping[str, str]]
    excluded: tuple[Path, ...]
    strict: bool
    configuration: str | None
    report: Callable[[tuple[Path, ...], bool], None]

    def declaring(self, files: Mapping[str, str], directories: Iterable[Path]) -> Watch:
        """Return this watch over a run for which ``files`` and what is in ``directories`` are declared."""
        return replace(self, declared=files, declared_directories=tuple(directories))

    def begin(self, into: Path) -> list[str]:
        """Make sure that cargo, whose target directory is ``into``, will notice what has changed.

        Return the arguments that replace cargo's sources by vendored crates, where that was asked for.
        Raises :class:`StaticlinkError` when a vendored crate is not what was vendored.
        """
        for directory, files in self.vendored.items():
            verify_vendored(directory, files)
        last = read_observed(self.record)
        now = {**self.state.files, **self.declared}
        # What the last run was the first to read is known from its end alone.
        before = {**(last.state.files if last.state else {}), **last.attempted}
        changed = [name for name, digest in now.items() if before.get(name, digest) != digest]
        if any(_older(Path(name), last.ended) for name in changed) or self._reshaped(before, last.ended, now):
            _forget(into, {name for _, name in self.crate.packages})
        if any(name.endswith(_ARCHIVE) for name in changed):
            _forget(into, None)  # which package holds a copy of its members is not known
        vendored = {package for name in changed if (package := _package_of(Path(name), self.vendored))}
        if vendored:
            _forget(into, vendored)
        write_observed(self.record, replace(last, attempted=now, ended=0))
        if self.configuration is None:
            return []
        name = hashlib.sha256(self.configuration.encode()).hexdigest()[:16]
        return ["--config", str(write_script(into / f"sources-{name}.toml", self.configuration))]

    def _reshaped(self, before: Mapping[str, str], ended: int, now: Mapping[str, str]) -> bool:
        """Tell whether a package that counts whole lost a file, or got one that is not younger than the last run.

        Of such a package cargo knows the youngest file only.
        """
        if not before:
            return False
        whole = [path for name in self.names.paths if (path := Path(name)).is_dir()]
        known = {name for name in before if _below(Path(name), whole)}
        fresh = {name for name in now if name not in known and _below(Path(name), whole)}
        return any(_older(Path(name), ended) for name in fresh) or any(
            now.get(name) != before[name] and not Path(name).exists() for name in known
        )

    def finish(self, into: Path, messages: Sequence[Mapping[str, Any]], started: int) -> None:
        """Keep what the units that ``messages`` name read in a run that ``started`` then, and report on it.

        Raises :class:`StaticlinkError` in strict mode when that was not declared.
        """
        reading = read_units(messages, self.crate)
        outside, inside = self._undeclared(reading, into)
        if self.strict and outside:
            raise _unlisted(self.crate, sorted(outside))
        names = Names(frozenset(map(str, (*outside, *inside, *reading.packages))), reading.variables)
        last = read_observed(self.record)
        state, times = look(names, self.environ, last.times, self.excluded)
        # A file that changed since cargo started may not be what cargo read: it then counts as changed next time.
        files = {
            name: self.state.files.get(name, digest if _older(Path(name), started) else "unsettled")
            for name, digest in state.files.items()
        }
        found = State(files | package_digests(self.vendored), state.variables)
        record = replace(last, names=names, state=found, began=self.began, ended=time.time_ns(), times=times)
        write_observed(self.record, record)
        complete = names.paths <= self.names.paths and names.variables <= self.names.variables
        self.report(tuple(sorted(path for path in outside if str(path) not in self.names.paths)), complete)

    def _undeclared(self, reading: Reading, into: Path) -> tuple[set[Path], set[Path]]:
        """Return what was read and nothing accounts for, outside what is declared whole and inside it."""
        home = _cargo_home(self.environ)
        accounted = [
            into.absolute(), self.toolchain.sysroot, home / "registry" / "src", home / "git" / "checkouts",
            *self.vendored,
        ]  # fmt: skip
        local = {directory for directory, _ in self.crate.packages}
        foreign = {place for place in reading.sources - local if not _below(place, accounted)}
        accounted += foreign
        known = self.declared
        read = {path for path in reading.files if str(path) not in known and str(path.resolve()) not in known}
        files = {path for path in read if not _below(path, accounted)}
        inside = {path for path in files if _below(path, (*local, *self.declared_directories))}
        # A library of the machine is nobody's mistake; one of the project may not have been made yet.
        archives = {path for path in reading.archives if str(path) not in known and not _below(path, accounted)}
        ours = {path for path in archives if _below(path, (Path.cwd(),))}
        return foreign | (files - inside) | ours, inside | (archives - ours)


def _cargo_home(environ: Mapping[str, str]) -> Path:
    return Path(environ.get("CARGO_HOME") or Path(environ.get("HOME", ""), ".cargo"))


def _below(path: Path, places: Iterable[Path]) -> bool:
    return any(path.is_relative_to(place) for place in places)


def _older(path: Path, moment: int) -> bool:
    """Tell whether a file that is there was last written before ``moment``, or that is 0: not known."""
    try:
        return not moment or path.stat().st_mtime_ns <= moment
    except OSError:
        return False


def _forget(into: Path, packages: Iterable[str] | None) -> None:
    """Have cargo compile ``packages`` again, or all of them. Directories stay: another cargo may soon write there."""
    names = ".*" if packages is None else "|".join(sorted(map(re.escape, packages)))
    for pattern in _FINGERPRINTS:
        for place in into.glob(pattern):
            for unit in place.iterdir():
                if re.fullmatch(rf"({names})-[0-9a-f]{{16}}", unit.name):
                    for path in unit.iterdir():
                        path.unlink(missing_ok=True)


def _package_of(path: Path, directories: Iterable[Path]) -> str:
    """Return the name of the vendored package in ``path``, or nothing; the directory may end with a version."""
    return re.sub(r"-\d+\.\d+\.\d+.*$", "", path.name) if path.parent in directories else ""


def _unlisted(crate: Crate, files: Sequence[Path]) -> Exception:
    evidence = tuple(str(path) for path in files)
    fix = "declare them: env.Depends(crate, [...])"
    return fail("undeclared-input", f"cargo read what nothing declares: {crate.name}", evidence=evidence, fix=fix)
