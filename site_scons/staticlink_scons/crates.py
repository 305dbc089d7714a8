"""What does a node that cargo makes depend on, and how is cargo run for it?

Everything that decides a crate's output is declared here once, whatever form the output takes: the files of its
packages, the lock file, the options, the variables of the user's environment that cargo reads, the compiler, std, the
tools of build scripts, and the core's own files. Cargo runs with the environment of the process: SCons hides PATH and
HOME from the commands it starts, and rustup needs both.
"""

from __future__ import annotations

import hashlib
import importlib
import os
import sys
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from SCons.Builder import Builder
from staticlink.rust.crate import crate_files, describe_crate, find_manifest
from staticlink.rust.environment import deciding_environment
from staticlink.rust.members import require_compiler
from staticlink.rust.toolchain import choose_toolchain
from staticlink.vendored.cache import open_cache

from staticlink_scons.action import core_action, reading, say
from staticlink_scons.build_tools import declare_tools, with_tools
from staticlink_scons.damage import mend_damage
from staticlink_scons.declared import DeclaredCrate
from staticlink_scons.fetching import offer_crates, offer_std
from staticlink_scons.launcher import launching
from staticlink_scons.nodes import core_nodes, tool_node
from staticlink_scons.pool import job_pool
from staticlink_scons.settings import node_name, settings
from staticlink_scons.signatures import keep_signatures
from staticlink_scons.watching import declare_seen, made_here, watch

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from SCons.Environment import Base as Environment
    from SCons.Node import Node
    from staticlink.rust.cargo import CargoRun
    from staticlink.rust.options import CrateOptions
    from staticlink.rust.outputs import Compile
    from staticlink.rust.toolchain import Toolchain

#: What of the core decides what cargo makes, and what decides std.
CORE_PARTS = (
    "errors.py", "hardening.py", "model.py", "target.py", "elf", "libc", "policy/libc_evidence.toml",
    "policy/libc_traces.toml", "rust", "vendored/cache.py",
)  # fmt: skip
_STD_PARTS = (*CORE_PARTS, "policy/rust_std.toml", "vendored/debian.py", "vendored/unpack.py")


def generate_builders(env: Environment) -> None:
    """Add the builders of std and of lock files, which every crate needs."""
    env["BUILDERS"]["_RustStd"] = Builder(action=core_action(_make_std, "STD    $TARGET"))
    env["BUILDERS"]["_CargoLock"] = Builder(action=core_action(_make_lock, "LOCK   $TARGET"))


def crate_place(env: Environment, directory: Any) -> Path:
    """Return the directory of a crate; the name may be of a file, of which the core says what is wrong."""
    return Path(env.Entry(directory).srcnode().abspath)


def describe(
    env: Environment, place: Path, options: CrateOptions, toolchain: str | None, names: Sequence[str] = ()
) -> DeclaredCrate:
    """Ask cargo for metadata of the crate in ``place``, unless it was asked before. The caller reports errors."""
    find_manifest(place)
    memory = open_cache(os.environ).root / "rust"
    top = Path(env.Dir("#").abspath)
    found = choose_toolchain(toolchain, place, os.environ, memory, top)
    crate = describe_crate(place, found, os.environ, memory, names)
    require_compiler(crate, found)
    return DeclaredCrate(crate, found, options)


def declare(env: Environment, builder: str, targets: Sequence[Node], declared: DeclaredCrate) -> list[Node]:
    """Return ``targets`` as nodes that ``builder`` makes by running cargo for the declared crate."""
    nodes = _declare_files(env, builder, targets, declared)
    declare_compile(env, nodes, declared.toolchain)
    return nodes


def declare_compile(env: Environment, nodes: list[Node], toolchain: Toolchain) -> None:
    """Make ``nodes`` depend on what every compile for the target needs."""
    env.Depends(nodes, std_node(env, toolchain))
    declare_tools(env, nodes)


def declare_for_host(env: Environment, builder: str, targets: Sequence[Node], declared: DeclaredCrate) -> list[Node]:
    """Return ``targets`` as nodes that ``builder`` makes by running cargo for this machine."""
    return _declare_files(env, builder, targets, declared)


def _declare_files(env: Environment, builder: str, targets: Sequence[Node], declared: DeclaredCrate) -> list[Node]:
    crate, toolchain, options = declared.crate, declared.toolchain, declared.options
    excluded = [Path(env.Dir(node_name(settings(env).build)).abspath)]
    with reading():
        files = sorted({*crate_files(crate, os.environ, excluded), crate.lock})
        # A lock file that an earlier run wrote is an input from then on.
        made = [path for path in made_here(env, files) if path != crate.lock]
        files = [path for path in files if path not in made]
    _declare_lock(env, declared)
    nodes: list[Node] = env["BUILDERS"][builder](env, targets, [env.File(str(path)) for path in files])
    for node in nodes:
        node.attributes.staticlink_crate = declared
    keep_signatures(nodes)
    mend_damage(env, nodes)
    env.Depends(nodes, [env.File(node_name(path)) for _, path in options.files])
    env.Depends(nodes, [env.File(node_name(path)) for link in options.links for path in link.files])
    decisions = [options, toolchain.verbose, *deciding_environment(os.environ)]
    env.Depends(nodes, [env.Value(repr(decisions)), tool_node(env, toolchain.rustc)])
    env.Depends(nodes, core_nodes(env, *CORE_PARTS))
    offer_crates(env, crate, toolchain)
    declare_seen(env, nodes, declared, [*excluded, *made])
    return list(nodes)


def std_node(env: Environment, toolchain: Toolchain) -> Node:
    """Return the node of std, which the crates of one build and one toolchain share."""
    chosen = settings(env)
    node = env.File(f"{chosen.place}/rust-std/std.json")
    if node.has_explicit_builder() and node.attributes.staticlink_toolchain != toolchain:
        name = hashlib.sha256(toolchain.verbose.encode()).hexdigest()[:8]
        node = env.File(f"{chosen.place}/rust-std/{name}/std.json")
    if not node.has_explicit_builder():
        decisions = (chosen.target.triple, chosen.target.static, chosen.rust_std, toolchain.verbose)
        found = toolchain.offered_std(chosen.target.rust_triple)
        env._RustStd(node, [env.Value(repr((*decisions, *found)))])  # noqa: SLF001  (our own builder)
        mend_damage(env, [node])
        env.NoCache(node)  # it names files that a CacheDir does not hold
        env.Depends(node, [tool_node(env, toolchain.rustc), *core_nodes(env, *_STD_PARTS)])
        node.attributes.staticlink_toolchain = toolchain
        offer_std(env, toolchain)
    return node


@contextmanager
def compiling(env: Environment, toolchain: Toolchain, target: Sequence[Node]) -> Iterator[Compile]:
    """Give an action what cargo needs to compile ``target`` for the target."""
    from staticlink.rust.outputs import Compile, read_std  # noqa: PLC0415  (a build with nothing to do need not load it)

    chosen = settings(env)
    std = read_std(Path(std_node(env, toolchain).path))
    if chosen.target.static:
        # This process only waits while cargo runs, and what plans the link takes longer to load than most links.
        threading.Thread(target=importlib.import_module, args=("staticlink.link.plan",)).start()
    with cargo_run(env, target) as run:
        tools = with_tools(env, run, toolchain, std.value.rust_triple)
        yield Compile(toolchain, std, chosen.target, Path(chosen.build_dir, "cargo"), tools)


@contextmanager
def cargo_run(env: Environment, target: Sequence[Node] = ()) -> Iterator[CargoRun]:
    """Give cargo a share of the jobs SCons was allowed, and have what it reads for ``target`` watched."""
    from staticlink.rust.cargo import CargoRun  # noqa: PLC0415  (as above)

    with job_pool().client() as (additions, descriptors):
        environ = {**os.environ, **additions, **launching(env)}
        yield CargoRun(environ, None, tuple(descriptors), settings(env).offline, watch=watch(target), say=say)


def report_warnings(warnings: str) -> None:
    """Print what rustc warned of."""
    if warnings:
        sys.stderr.write(warnings)


def _declare_lock(env: Environment, declared: DeclaredCrate) -> None:
    """Have a missing lock file written ahead of the crate: the next build must find what this one started from."""
    crate = declared.crate
    node = env.File(str(crate.lock))
    if crate.lock.is_file() or declared.options.keeps_lock or node.has_explicit_builder():
        return
    env._CargoLock(node, [env.File(str(crate.manifest))])  # noqa: SLF001  (our own builder)
    node.attributes.staticlink_crate = declared
    env.NoClean(node)
    env.NoCache(node)


def _make_std(target: list[Node], source: list[Node], env: Environment) -> None:
    """Choose the road std takes, building std where it must."""
    from staticlink.rust.outputs import write_std  # noqa: PLC0415  (as above)
    from staticlink.rust.std import choose_std  # noqa: PLC0415

    options = settings(env)
    toolchain = target[0].attributes.staticlink_toolchain
    with cargo_run(env) as run:
        chosen = choose_std(toolchain, options.target, options.rust_std, cache=open_cache(os.environ), run=run, say=say)
    write_std(chosen, toolchain, Path(target[0].path))


def _make_lock(target: list[Node], source: list[Node], env: Environment) -> None:
    """Have cargo write Cargo.lock."""
    from staticlink.rust.cargo import write_lock  # noqa: PLC0415  (as above)

    declared = target[0].attributes.staticlink_crate
    with cargo_run(env) as run:
        write_lock(declared.crate, declared.toolchain, run)
    say("LOCK", str(target[0]), f"{declared.crate.name} had none")
