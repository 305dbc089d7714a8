"""What does cargo leave of a crate that is to share a program with others?

Each crate is compiled by a cargo of its own, so its workspace, lock file, profiles and patches hold, but into one
target directory: what two crates have in common, compiled alike, is there once. What is needed to link it is kept in a
small file: where the rlib is, the panic strategy and LTO its profile asked for, and a digest of every rlib that cargo
named. A comment changes none of them, so it costs a run of cargo and no link.

The panic strategy is taken from rustc's own arguments, which cargo made from profile, configuration and environment.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from staticlink.errors import fail
from staticlink.rust.dep_info import native_archives
from staticlink.rust.driver import NOTE
from staticlink.rust.record import content_digest
from staticlink.rust.toolchain import remember

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from staticlink.rust.cargo import Compiled
    from staticlink.rust.members import Crate
    from staticlink.rust.options import CrateOptions
    from staticlink.rust.outputs import Compile

#: What rustc calls the kinds of LTO that take in other crates.
_KINDS = {"fat": "fat", "yes": "fat", "y": "fat", "true": "fat", "on": "fat", "thin": "thin"}


@dataclass(frozen=True, slots=True)
class Rlib:
    """A crate as rustc left it: ``panic`` is ``unwind`` or ``abort``, ``lto`` is ``fat``, ``thin`` or empty."""

    package: str
    path: str
    panic: str
    lto: str


@dataclass(frozen=True, slots=True)
class Rlibs:
    """What one run of cargo left. ``digests`` maps each rlib, of dependencies too, to what a linker sees of it.

    ``directories`` are where build scripts say native libraries are, as rustc's ``-L`` takes them, and ``libraries``
    are the digests of the archives of those that they name.
    """

    crates: tuple[Rlib, ...]
    directories: tuple[str, ...]
    digests: Mapping[str, str]
    libraries: Mapping[str, str]


def compile_rlibs(crate: Crate, options: CrateOptions, compile_: Compile, path: Path) -> Compiled:
    """Compile the members of ``crate`` to rlibs, and write to ``path`` what was made."""
    names = [f"--package={member.name}" for member in crate.members]
    # cargo rustc takes one package; the driver makes rlibs of the libraries that cargo build wants.
    single = ("rustc", *names, "--lib", "--crate-type=rlib")
    compiled = compile_.cargo(crate, options, single if len(names) == 1 else ("build", *names, "--lib"))
    below = compile_.into.absolute() / compile_.std.value.rust_triple
    found = Rlibs(
        tuple(_primary(crate, compiled, below)),
        compiled.build_scripts("linked_paths"),
        {_shown(rlib): content_digest(rlib) for rlib in sorted(set(_rlibs(compiled, below)))},
        {_shown(path): content_digest(path) for path in sorted(set(native_archives(compiled.messages)))},
    )
    remember(path, asdict(found))
    return compiled


def read_rlibs(path: Path) -> Rlibs:
    """Return what :func:`compile_rlibs` wrote."""
    facts: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    crates = tuple(Rlib(**one) for one in facts["crates"])
    return Rlibs(crates, tuple(facts["directories"]), facts["digests"], facts["libraries"])


def _primary(crate: Crate, compiled: Compiled, below: Path) -> Iterator[Rlib]:
    """Yield the rlib of each member, of which the driver left a note."""
    notes = {
        str(line["target"]["name"]).replace("-", "_"): str(line["message"]["message"]).removeprefix(NOTE)
        for line in compiled.messages
        if line.get("reason") == "compiler-message" and str(line["message"]["message"]).startswith(NOTE)
    }
    for member in crate.members:
        if member.library not in notes:
            raise fail("no-rlib", f"cargo produced no rlib: {member.library}", evidence=(f"crate {member.name}",))
        stem, panic, lto = notes[member.library].rsplit(" ", 2)
        path = below / Path(stem).parent / f"lib{Path(stem).name}.rlib"
        yield Rlib(member.name, _shown(path), panic, _KINDS.get(lto, ""))


def _rlibs(compiled: Compiled, below: Path) -> Iterator[Path]:
    for path in compiled.files():
        if path.is_relative_to(below) and path.suffix == ".rmeta":
            yield path.with_suffix(".rlib")
        elif path.is_relative_to(below) and path.suffix == ".rlib" and path.parent.name == "deps":
            yield path


def _shown(path: Path) -> str:
    return os.path.relpath(path)
