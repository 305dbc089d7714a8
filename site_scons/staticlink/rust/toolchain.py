"""Which rustc and cargo compile, and how does a change of either show?

A build tool started from an editor or by SCons often has a PATH without ``~/.cargo/bin``, so the places rustup uses are
searched first. What rustup puts there are proxies: each start costs 20 to 70 ms and obeys ``rust-toolchain`` files, a
directory override and ``RUSTUP_TOOLCHAIN``. They are asked once; the answer is kept under a digest of the files that
decided it, and compiles start the real programs in the sysroot.

Not modelled: toolchains that keep rustc and cargo in different sysroots (Debian's are found through PATH).
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from staticlink.errors import StaticlinkError, fail

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

#: The file names by which rustup lets a directory choose its toolchain.
TOOLCHAIN_FILES = ("rust-toolchain.toml", "rust-toolchain")
_ANSWER_TIMEOUT = 120  # seconds; a proxy may install the toolchain a rust-toolchain file names
_INSTALL = "apt-get install rustc cargo, or install rustup (rustup.rs) and run: rustup default stable"


@dataclass(frozen=True, slots=True)
class Toolchain:
    """A compiler, its package manager, and what ``rustc -vV`` says of it."""

    rustc: Path
    cargo: Path
    sysroot: Path
    verbose: str

    @property
    def summary(self) -> str:
        """The first line of ``rustc -vV``: ``rustc 1.95.0 (59807616e 2026-04-14)``."""
        return self.verbose.splitlines()[0]

    @property
    def release(self) -> str:
        """The version alone: ``1.95.0``."""
        return self.field("release")

    @property
    def host(self) -> str:
        """The triple the compiler itself runs on."""
        return self.field("host")

    def field(self, name: str) -> str:
        """Return one ``name: value`` line of ``rustc -vV``."""
        found = re.search(rf"^{re.escape(name)}: (.+)$", self.verbose, re.MULTILINE)
        if found is None:
            raise fail("unknown-rustc", f"rustc -vV names no {name}", evidence=self.verbose.splitlines())
        return found[1]

    def target_libraries(self, triple: str) -> Path:
        """Return the directory that holds the std of ``triple`` when it is installed."""
        return self.sysroot / "lib" / "rustlib" / triple / "lib"

    def offered_std(self, triple: str) -> tuple[str, ...]:
        """Return what of the sysroot decides which std a crate for ``triple`` links (``rust/std.py``)."""
        places = (self.target_libraries(triple), self.sysroot / "lib" / "rustlib" / "src" / "rust")
        return tuple(f"{place.name}: {sorted(path.name for path in place.glob('*'))}" for place in places)


def search_directories(environ: Mapping[str, str]) -> tuple[Path, ...]:
    """Return where rustc and cargo are looked for: rustup's places, then PATH."""
    places = [environ["CARGO_HOME"]] if environ.get("CARGO_HOME") else []
    if environ.get("HOME"):
        places.append(str(Path(environ["HOME"], ".cargo")))
    path = [entry for entry in environ.get("PATH", os.defpath).split(os.pathsep) if entry]
    return tuple(dict.fromkeys([*(Path(place, "bin") for place in places), *map(Path, path)]))


def find_program(name: str, environ: Mapping[str, str]) -> Path:
    """Return the program ``name``; one that is not installed is an error with the command that installs it."""
    directories = search_directories(environ)
    for directory in directories:
        path = directory / name
        if os.access(path, os.X_OK) and path.is_file():
            return path
    raise fail(
        "no-rust", f"{name} not found", evidence=("searched $CARGO_HOME/bin, ~/.cargo/bin and PATH",), fix=_INSTALL
    )


def find_toolchain(directory: Path, environ: Mapping[str, str], memory: Path) -> Toolchain:
    """Return the toolchain that compiles the crate in ``directory``.

    ``memory`` is a directory where answers are kept between runs; what decides an answer is part of its file's name.
    """
    rustc, cargo = find_program("rustc", environ), find_program("cargo", environ)
    name = "toolchain-" + _question(rustc, cargo, directory, environ) + ".json"
    kept = _recall(memory / name)
    if kept is None:
        kept = _ask(rustc, cargo, directory, environ)
        remember(memory / name, {key: str(value) for key, value in asdict(kept).items()} | _stamp(kept.rustc))
    return kept


def choose_toolchain(
    wanted: str | None, directory: Path, environ: Mapping[str, str], memory: Path, top: Path
) -> Toolchain:
    """Return the toolchain that the project wants for the crate in ``directory``, or the one there is.

    ``wanted`` is a name that rustup knows (``stable``, ``1.80.0``), or a path, relative to ``top``: of a sysroot, or
    of a ``rustc`` in one. Raises :class:`StaticlinkError` when there is no such compiler.
    """
    if not wanted:
        return find_toolchain(directory, environ, memory)
    if "/" not in wanted:
        return _named_toolchain(wanted, directory, environ, memory)
    named = top / wanted
    place = named / "bin" if named.is_dir() else named.parent
    for program in ("rustc", "cargo"):
        if not os.access(place / program, os.X_OK):
            evidence = (f"toolchain={wanted} has no {program}",)
            raise fail("no-rust", f"{program} not found", evidence=evidence, fix="name a sysroot, or bin/rustc in one")
    own = {name: value for name, value in environ.items() if name != "RUSTUP_TOOLCHAIN"}
    return find_toolchain(directory, {**own, "CARGO_HOME": str(place.parent)}, memory)


def _named_toolchain(wanted: str, directory: Path, environ: Mapping[str, str], memory: Path) -> Toolchain:
    what = f"toolchain not found: {wanted}"
    rustc = find_program("rustc", environ)
    if not (rustc.parent / "rustup").is_file():
        evidence = (f"{rustc} is not rustup's, which alone knows toolchains by name",)
        raise fail("no-toolchain", what, evidence=evidence, fix="toolchain= with the path of a sysroot")
    asked = {**environ, "RUSTUP_TOOLCHAIN": wanted, "RUST_BACKTRACE": "0"}
    try:
        return find_toolchain(directory, asked, memory)
    except StaticlinkError as error:
        said = [line for fault in error.faults for line in fault.evidence]
        if any("is not installed" in line for line in said):  # rustup words it in more than one way
            said = ["rustup has not installed it"]
        raise fail("no-toolchain", what, evidence=said, fix=f"rustup toolchain install {wanted}") from None


def deciding_files(directory: Path, environ: Mapping[str, str]) -> tuple[Path, ...]:
    """Return the files that choose rustup's toolchain for ``directory``, those that exist."""
    rustup = environ.get("RUSTUP_HOME") or Path(environ.get("HOME", ""), ".rustup")
    places = [place / name for place in (directory, *directory.parents) for name in TOOLCHAIN_FILES]
    return tuple(path for path in (*places, Path(rustup, "settings.toml")) if path.is_file())


def remember(path: Path, facts: object) -> None:
    """Write ``facts`` as JSON so that a reader sees all of it or nothing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{path.name}.{os.getpid()}")
    temporary.write_text(json.dumps(facts, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    temporary.replace(path)


def recall(path: Path) -> dict[str, object] | None:
    """Return what :func:`remember` wrote, or ``None`` when it is absent or damaged, so that the caller asks again."""
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    return facts if isinstance(facts, dict) else None


def _question(rustc: Path, cargo: Path, directory: Path, environ: Mapping[str, str]) -> str:
    digest = hashlib.sha256()
    for path in (rustc, cargo):
        facts = path.stat()
        digest.update(f"{path}\0{facts.st_size}\0{facts.st_mtime_ns}\0".encode())
    for path in deciding_files(directory, environ):
        digest.update(f"{path}\0".encode() + path.read_bytes() + b"\0")
    for variable in ("RUSTUP_TOOLCHAIN", "RUSTUP_HOME"):
        digest.update(f"{variable}={environ.get(variable)}\0".encode())
    # settings.toml holds overrides by directory, so the directory is part of the question.
    digest.update(str(directory).encode())
    return digest.hexdigest()[:32]


def _stamp(rustc: Path) -> dict[str, str]:
    facts = rustc.stat()
    return {"stamp": f"{facts.st_size} {facts.st_mtime_ns}"}


def _recall(path: Path) -> Toolchain | None:
    facts = recall(path)
    if facts is None or set(facts) != {"rustc", "cargo", "sysroot", "verbose", "stamp"}:
        return None
    rustc, cargo, sysroot = (Path(str(facts[key])) for key in ("rustc", "cargo", "sysroot"))
    found = Toolchain(rustc, cargo, sysroot, str(facts["verbose"]))
    usable = found.rustc.is_file() and found.cargo.is_file() and _stamp(found.rustc)["stamp"] == facts["stamp"]
    return found if usable else None


def _ask(rustc: Path, cargo: Path, directory: Path, environ: Mapping[str, str]) -> Toolchain:
    sysroot = Path(_answer([str(rustc), "--print", "sysroot"], directory, environ).strip())
    own_rustc, own_cargo = sysroot / "bin" / "rustc", sysroot / "bin" / "cargo"
    # A sysroot without cargo (a linked toolchain, Debian's) leaves the program that was found.
    rustc = own_rustc if own_rustc.is_file() else rustc
    cargo = own_cargo if own_cargo.is_file() else cargo
    return Toolchain(rustc, cargo, sysroot, _answer([str(rustc), "-vV"], directory, environ))


def _answer(command: list[str], directory: Path, environ: Mapping[str, str]) -> str:
    shown = " ".join([Path(command[0]).name, *command[1:]])
    what = f"rust toolchain does not answer: {shown}"
    return ask(command, directory, environ, lambda words: fail("rust-does-not-run", what, evidence=words))


def ask(
    command: list[str], directory: Path, environ: Mapping[str, str], failure: Callable[[list[str]], StaticlinkError]
) -> str:
    """Return what ``command`` prints; raise ``failure(lines)`` with what it complained of when it does not succeed."""
    try:
        done = subprocess.run(
            command,
            cwd=directory,
            env=dict(environ),
            capture_output=True,
            text=True,
            check=False,
            timeout=_ANSWER_TIMEOUT,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise failure([str(error)]) from None
    if done.returncode != 0:
        raise failure(done.stderr.strip().splitlines())
    return done.stdout
