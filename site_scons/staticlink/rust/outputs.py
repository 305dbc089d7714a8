"""What do the Rust steps leave for the link, and for each other?

``rust-std/std.json`` says which road std took; a std that was built lies beside it. ``libNAME.rust.json`` repeats the
road for the link of one crate and adds what rustc would link. Neither names a path of the machine it was written on,
and both are written whole or not at all.
"""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from staticlink.model import Choice
from staticlink.rust.cargo import build_crate
from staticlink.rust.rustc import Driver, target_arguments, write_driver
from staticlink.rust.std import Road

if TYPE_CHECKING:
    from collections.abc import Mapping

    from staticlink.rust.cargo import CargoRun, Compiled
    from staticlink.rust.crate import Crate
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
    _write_json(path, {**_road_facts(chosen, toolchain), "identity": road.identity, "rust_triple": road.rust_triple})


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


def compile_crate(
    crate: Crate,
    toolchain: Toolchain,
    chosen: Choice[Road],
    *,
    target: Target,
    profile: str,
    cargo_directory: Path,
    archive: Path,
    facts: Path,
    run: CargoRun,
) -> Compiled:
    """Compile ``crate`` and write its archive and its facts; neither is touched when cargo fails."""
    road = chosen.value
    arguments = target_arguments(
        static=target.static, sysroot=road.sysroot, remap=_remap(crate, toolchain, cargo_directory, run.environ)
    )
    identity = f"{road.identity}{' static' if target.static else ''}{run.tools}"
    driver = Driver(toolchain.rustc, road.rust_triple, arguments, identity)
    rustc = write_driver(driver, cargo_directory / f"rustc-{crate.library}")
    compiled = build_crate(
        crate, toolchain, rustc=rustc, triple=road.rust_triple, into=cargo_directory, run=run, profile=profile
    )
    archive.parent.mkdir(parents=True, exist_ok=True)
    temporary = archive.with_name(f"{archive.name}.{os.getpid()}")
    shutil.copyfile(compiled.archive, temporary)
    temporary.replace(archive)
    native = {"crate": crate.name, "native_libs": list(compiled.native_libraries)}
    _write_json(facts, {**_road_facts(chosen, toolchain), **native})
    return compiled


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


def _write_json(path: Path, facts: Mapping[str, Any]) -> None:
    temporary = path.with_name(f"{path.name}.{os.getpid()}")
    temporary.write_text(json.dumps(facts, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    temporary.replace(path)
