"""RustCrate: a cargo package becomes an archive. SCons' side of ``staticlink/rust/``.

``env.RustCrate("rust/parser")`` returns ``build/TARGET/rust/libNAME.a`` and ``libNAME.rust.json``, which says what the
link must know: the road std took and why, the start-up bridge, native libraries, known limits. std is a node of its
own, ``build/TARGET/rust-std/std.json``, which all crates of a build share. ``profile=`` names a cargo profile.

Cargo runs with the environment of the process: SCons hides PATH and HOME from the commands it starts, and rustup needs
both. What of that environment decides the output is a dependency.
"""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from SCons.Builder import Builder
from SCons.Script import GetOption
from staticlink.errors import StaticlinkError
from staticlink.rust.cargo import CargoRun, deciding_environment, write_lock
from staticlink.rust.crate import crate_files, describe_crate, find_manifest, recall_crate
from staticlink.rust.outputs import compile_crate, read_std, write_std
from staticlink.rust.std import choose_std, std_evidence
from staticlink.rust.toolchain import find_program, find_toolchain
from staticlink.vendored.cache import open_cache
from staticlink.vendored.jobserver import shared_job_server
from staticlink_scons.action import core_action, reading, say
from staticlink_scons.build_tools import declare_tools, with_tools
from staticlink_scons.nodes import core_nodes, tool_node
from staticlink_scons.settings import node_name, settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from SCons.Environment import Base as Environment
    from SCons.Node import Node
    from staticlink.rust.crate import Crate
    from staticlink.rust.toolchain import Toolchain

#: What of the core decides an archive, and what decides std.
_CORE_PARTS = ("errors.py", "model.py", "target.py", "rust", "vendored/cache.py")
_STD_PARTS = (*_CORE_PARTS, "policy/rust_std.toml", "vendored/debian.py", "vendored/unpack.py")


def exists(env: Environment) -> bool:
    """Return whether rustc and cargo are installed."""
    try:
        return all(find_program(name, os.environ).is_file() for name in ("rustc", "cargo"))
    except StaticlinkError:
        return False


def generate(env: Environment) -> None:
    """Add ``RustCrate``."""
    if "vendored_library" not in env["TOOLS"]:
        env.Tool("vendored_library", toolpath=[str(Path(__file__).parent)])
    env["BUILDERS"]["_RustStd"] = Builder(action=core_action(_make_std, "STD    $TARGET"))
    env["BUILDERS"]["_RustArchive"] = Builder(action=core_action(_make_archive, "CARGO  $TARGET"))
    env["BUILDERS"]["_CargoLock"] = Builder(action=core_action(_make_lock, "LOCK   $TARGET"))
    env.AppendUnique(PROGEMITTER=[_without_facts])
    env.AddMethod(_rust_crate, "RustCrate")


def _rust_crate(env: Environment, directory: Any, profile: str = "release") -> list[Node]:
    """Return the nodes of the archive and of its facts; cargo is asked for metadata, unless it was before."""
    built = settings(env).place
    place = env.Entry(directory).srcnode()  # Dir would raise a TypeError for a file
    if GetOption("help") or GetOption("clean"):
        return _named_only(env, place, built)
    with reading():
        find_manifest(Path(place.abspath))
        cache = open_cache(os.environ)
        toolchain = find_toolchain(Path(place.abspath), os.environ, cache.root / "rust")
        crate = describe_crate(Path(place.abspath), toolchain, os.environ, cache.root / "rust")
        excluded = [Path(env.Dir(node_name(settings(env).build)).abspath)]
        files = sorted({*crate_files(crate, os.environ, excluded), crate.lock})
    archive = env.File(f"{built}/rust/lib{crate.library}.a")
    facts = env.File(f"{built}/rust/lib{crate.library}.rust.json")
    if archive.has_explicit_builder():
        return [archive, facts]
    _declare_lock(env, crate, toolchain)
    nodes = env._RustArchive([archive, facts], [env.File(str(path)) for path in files])  # noqa: SLF001  (our own builder)
    for node in nodes:
        node.attributes.staticlink_crate = (crate, toolchain, profile)
    decisions = [profile, toolchain.verbose, *deciding_environment(os.environ)]
    env.Depends(nodes, [_std(env, toolchain), env.Value(repr(decisions)), tool_node(env, toolchain.rustc)])
    env.Depends(nodes, core_nodes(env, *_CORE_PARTS))
    declare_tools(env, nodes)
    return list(nodes)


def _declare_lock(env: Environment, crate: Crate, toolchain: Toolchain) -> None:
    """Have a missing lock file written ahead of the crate: the next build must find what this one started from."""
    node = env.File(str(crate.lock))
    if crate.lock.is_file() or node.has_explicit_builder():
        return
    env._CargoLock(node, [env.File(str(crate.manifest))])  # noqa: SLF001  (our own builder)
    node.attributes.staticlink_crate = (crate, toolchain)
    env.NoClean(node)
    env.NoCache(node)


def _without_facts(target: list[Node], source: list[Node], env: Environment) -> tuple[list[Node], list[Node]]:
    """Hand a plain ``Program`` the archives only, with ``static=0``: a linker cannot read what is said of them."""
    return target, [node for node in source if not str(node).endswith(".rust.json")]


def _named_only(env: Environment, place: Any, built: str) -> list[Node]:
    """Return the nodes without asking anyone, for runs that build nothing; all that Rust left is cleaned with them."""
    crate = None
    if not GetOption("help"):  # which must not even make the cache's directory
        with reading():
            crate = recall_crate(Path(place.abspath), open_cache(os.environ).root / "rust")
    name = crate.library if crate is not None else place.name.replace("-", "_")
    nodes = [env.File(f"{built}/rust/lib{name}{suffix}") for suffix in (".a", ".rust.json")]
    for node in nodes:
        env.Clean(node, [env.Dir(f"{built}/{part}") for part in ("rust", "rust-std", "cargo")])
    return nodes


def _std(env: Environment, toolchain: Toolchain) -> Node:
    """Return the node of std, which the crates of one build share."""
    chosen = settings(env)
    node = env.File(f"{chosen.place}/rust-std/std.json")
    if not node.has_explicit_builder():
        decisions = (chosen.target.triple, chosen.target.static, chosen.rust_std, toolchain.verbose)
        found = std_evidence(toolchain, chosen.target)
        env._RustStd(node, [env.Value(repr((*decisions, *found)))])  # noqa: SLF001  (our own builder)
        env.NoCache(node)  # it names files that a CacheDir does not hold
        env.Depends(node, [tool_node(env, toolchain.rustc), *core_nodes(env, *_STD_PARTS)])
        node.attributes.staticlink_toolchain = toolchain
    return node


def _make_std(target: list[Node], source: list[Node], env: Environment) -> None:
    """Choose the road std takes, building std where it must."""
    options = settings(env)
    toolchain = target[0].attributes.staticlink_toolchain
    with _cargo_run(options.offline) as run:
        chosen = choose_std(toolchain, options.target, options.rust_std, cache=open_cache(os.environ), run=run, say=say)
    write_std(chosen, toolchain, Path(target[0].path))


def _make_lock(target: list[Node], source: list[Node], env: Environment) -> None:
    """Have cargo write Cargo.lock."""
    crate, toolchain = target[0].attributes.staticlink_crate
    with _cargo_run(settings(env).offline) as run:
        write_lock(crate, toolchain, run)
    say("LOCK", str(target[0]), f"{crate.name} had none")


def _make_archive(target: list[Node], source: list[Node], env: Environment) -> None:
    """Run cargo."""
    options = settings(env)
    crate, toolchain, profile = target[0].attributes.staticlink_crate
    chosen = read_std(Path(options.build_dir, "rust-std", "std.json"))
    with _cargo_run(options.offline) as run:
        compiled = compile_crate(
            crate,
            toolchain,
            chosen,
            target=options.target,
            profile=profile,
            cargo_directory=Path(options.build_dir, "cargo"),
            archive=Path(target[0].path),
            facts=Path(target[1].path),
            run=with_tools(env, run, toolchain, chosen.value.rust_triple),
        )
    say("CARGO", target[0].path, f"{crate.name}, {profile}, std: {chosen.reason}")
    if compiled.warnings:
        sys.stderr.write(compiled.warnings)


@contextmanager
def _cargo_run(offline: bool) -> Iterator[CargoRun]:  # noqa: FBT001  (the option's value)
    """Give cargo a share of the jobs SCons was allowed."""
    with shared_job_server(GetOption("num_jobs")).client() as (additions, descriptors):
        yield CargoRun({**os.environ, **additions}, None, tuple(descriptors), offline)
