"""What do the Rust steps leave for the link, and for each other?

``rust-std/std.json`` says which road std took; a std that was built lies beside it. ``libNAME.rust.json`` repeats the
road for the link of one crate and adds what rustc would link. Neither names a path of the machine it was written on,
and both are written whole or not at all.
"""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from staticlink.errors import fail
from staticlink.model import Choice
from staticlink.rust.cargo import build_crate
from staticlink.rust.driver import write_crate_driver
from staticlink.rust.links import identify_links, links_environment, require_links
from staticlink.rust.record import libraries_of_others, library_digests
from staticlink.rust.std import Road
from staticlink.rust.wrong_libc import reject_wrong_libc

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from staticlink.rust.cargo import CargoRun, Compiled
    from staticlink.rust.members import Crate
    from staticlink.rust.options import CrateOptions
    from staticlink.rust.toolchain import Toolchain
    from staticlink.target import Target

_SYSROOT = "sysroot"


def write_std(chosen: Choice[Road], toolchain: Toolchain, path: Path) -> None:
    """Write ``chosen`` to ``path``, and copy its sysroot beside it: the cache may be emptied at any time."""
    road = chosen.value
    path.parent.mkdir(parents=True, exist_ok=True)
    place = path.parent / _SYSROOT
    if place.exists():
        shutil.rmtree(place)
    if road.sysroot is not None:
        shutil.copytree(road.sysroot, place)
    write_json(path, {**_road_facts(chosen, toolchain), "identity": road.identity, "rust_triple": road.rust_triple})


def read_std(path: Path) -> Choice[Road]:
    """Return what :func:`write_std` wrote."""
    facts = json.loads(path.read_text(encoding="utf-8"))
    place = path.parent / _SYSROOT
    road = Road(
        name=facts["road"],
        rust_triple=facts["rust_triple"],
        identity=facts["identity"],
        sysroot=place.absolute() if place.is_dir() else None,
        start_bridge=facts["start_bridge"],
        known_limits=tuple(facts["known_limits"]),
    )
    return Choice(road, facts["reason"], tuple(facts["evidence"]))


@dataclass(frozen=True, slots=True)
class Compile:
    """What every run of cargo for the crates of one build needs to know.

    ``into`` is cargo's target directory, which those crates share, from the top of the build.
    """

    toolchain: Toolchain
    std: Choice[Road]
    target: Target
    into: Path
    run: CargoRun

    def cargo(self, crate: Crate, options: CrateOptions, wanted: Sequence[str]) -> Compiled:
        """Have cargo make ``wanted`` of ``crate`` for the target."""
        road = self.std.value
        rustc = write_crate_driver(
            self.toolchain,
            road.rust_triple,
            self.into,
            crate.library,
            target=self.target,
            sysroot=road.sysroot,
            remap=_remap(crate, self.toolchain, self.into, self.run.environ),
            rustflags=options.rustflags,
            identity=f"{road.identity}{self.run.tools}{options.identity}{identify_links(options.links)}",
        )
        answers = [word for link in options.links for word in link.arguments(road.rust_triple)]
        compiled = build_crate(
            crate, self.toolchain, (wanted[0], *answers, *wanted[1:]), options=options, into=self.into,
            run=replace(self.run, environ={**self.run.environ, **links_environment(options.links)}),
            rustc=rustc, triple=road.rust_triple,
        )  # fmt: skip
        require_links(crate, options.links, self.toolchain, self.run.environ)
        if self.run.libcs is not None:
            reject_wrong_libc(compiled.messages, self.run.libcs, self.target.arch)
        return compiled

    @property
    def facts(self) -> dict[str, Any]:
        """What the link is told of the compiler and of std."""
        return _road_facts(self.std, self.toolchain)


def compile_archive(crate: Crate, options: CrateOptions, compile_: Compile, archive: Path, facts: Path) -> Compiled:
    """Compile ``crate`` to a static library, and write it and its facts; neither is touched when cargo fails."""
    (member,) = crate.members
    wanted = (
        "rustc",
        f"--package={member.name}",
        "--lib",
        "--crate-type=staticlib",
        "--",
        "--print=native-static-libs",
    )
    compiled = compile_.cargo(crate, options, wanted)
    made = [path for path in compiled.files() if path.name == f"lib{member.library}.a"]
    if not made:
        what = f"cargo produced no archive: lib{member.library}.a"
        raise fail("no-archive", what, evidence=(f"crate {crate.name}",))
    archive.parent.mkdir(parents=True, exist_ok=True)
    temporary = archive.with_name(f"{archive.name}.{os.getpid()}")
    shutil.copyfile(made[0], temporary)
    temporary.replace(archive)
    named = [flag.removeprefix("-l") for flag in compiled.native_libraries if flag.startswith("-l")]
    libraries = libraries_of_others(named)
    directories = _searched(compiled) if libraries else ()
    native = {
        "crate": crate.name,
        "native_libs": list(compiled.native_libraries),
        "libraries": list(libraries),
        "directories": list(directories),
        "digests": library_digests(libraries, tuple(map(Path, directories))),
    }
    write_json(facts, {**compile_.facts, **native})
    return compiled


def _searched(compiled: Compiled) -> tuple[str, ...]:
    """Return where build scripts said that libraries are, from the top where they are of this build."""
    paths = [Path(words.partition("=")[2] or words) for words in compiled.build_scripts("linked_paths")]
    ours = [os.path.relpath(path) if path.is_relative_to(Path.cwd()) else str(path) for path in paths]
    return tuple(dict.fromkeys(ours))


def _remap(
    crate: Crate, toolchain: Toolchain, cargo_directory: Path, environ: Mapping[str, str]
) -> tuple[tuple[Path, str], ...]:
    """Return the prefixes that would name this machine, the most general first: the last match wins."""
    home = Path(environ.get("CARGO_HOME") or Path(environ.get("HOME", ""), ".cargo"))
    library = toolchain.sysroot / "lib" / "rustlib" / "src" / "rust"
    outside = [(place, f"/{name}") for place, name in crate.packages if not place.is_relative_to(crate.workspace)]
    registry = (home / "registry" / "src", "/cargo")
    commit = f"/rustc/{toolchain.field('commit-hash')}"
    return (registry, (library, commit), *outside, (crate.workspace, "."), (cargo_directory.absolute(), "/target"))


def _road_facts(chosen: Choice[Road], toolchain: Toolchain) -> dict[str, Any]:
    road = chosen.value
    return {
        "road": road.name,
        "reason": chosen.reason,
        "evidence": list(chosen.evidence),
        "rustc": toolchain.summary,
        "start_bridge": road.start_bridge,
        "known_limits": list(road.known_limits),
    }


def write_json(path: Path, facts: Mapping[str, Any]) -> None:
    """Write ``facts`` to ``path`` whole."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}")
    temporary.write_text(json.dumps(facts, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    temporary.replace(path)
