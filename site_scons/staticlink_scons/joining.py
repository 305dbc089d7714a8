"""Which nodes stand for several crates that share a program?

An emitter sees the crates among a program's sources. One is linked as the static library it is. Several are replaced
by the outputs of one link of rustc's (``rust/umbrella.py``), which programs with the same crates share; the crates'
own static libraries are then not made for them. What is replaced is known by an attribute of its nodes.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from SCons.Builder import Builder
from staticlink.errors import fail

from staticlink_scons.action import core_action, reading, say
from staticlink_scons.crates import CORE_PARTS, compiling, declare, report_warnings, std_node
from staticlink_scons.damage import mend_damage
from staticlink_scons.nodes import core_nodes
from staticlink_scons.settings import settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from SCons.Environment import Base as Environment
    from SCons.Node import Node

    from staticlink_scons.declared import DeclaredCrate

#: What of the core decides what is linked of several crates.
JOIN_PARTS = (*CORE_PARTS, "elf")
#: rustc tells its linker so: the object that keeps symbols does not say that it needs no executable stack.
NO_EXECUTABLE_STACK = "-Wl,-z,noexecstack"
_RECORD = ".rlibs.json"
_NAME_LIMIT = 80  # letters; a file name that holds the names of twenty crates is of no use


def generate_joining(env: Environment) -> None:
    """Add the builders behind programs of several crates."""
    env["BUILDERS"]["_RustRlibs"] = Builder(action=core_action(_make_rlibs, "CARGO  $TARGET"))
    env["BUILDERS"]["_RustUmbrella"] = Builder(action=core_action(_make_umbrella, "RUSTC  $TARGET"))


def join_crates(env: Environment, target: Sequence[Node], source: Sequence[Node]) -> list[Node]:
    """Return ``source`` with several crates in it replaced by their link, on which ``target`` then depends."""
    declared = {node: node.attributes.staticlink_member for node in source if _is_member(node)}
    crates = list(dict.fromkeys(declared.values()))
    if not crates or (len(crates) == 1 and len(crates[0].crate.members) == 1):
        return list(dict.fromkeys(source))
    script, facts, digests = _umbrella(env, crates)
    env.Depends(target, digests)
    for node in declared:
        # A build of everything shall not compile the crate once more for an archive that nothing takes.
        env.Ignore(node.dir, node)
    if not settings(env).target.static:
        env.AppendUnique(LINKFLAGS=[NO_EXECUTABLE_STACK])
    first = next(position for position, node in enumerate(source) if node in declared)
    rest = [node for node in source if node not in declared]
    return [*rest[:first], script, facts, *rest[first:]]


def mark_members(nodes: Sequence[Node], declared: DeclaredCrate) -> list[Node]:
    """Have ``nodes`` known as the crate ``declared``; return them."""
    for node in nodes:
        node.attributes.staticlink_member = declared
    return list(nodes)


def record_node(env: Environment, declared: DeclaredCrate) -> Node:
    """Return the node that says where the rlibs of a crate are."""
    node = env.File(f"{settings(env).place}/rust/{_short(declared.crate.library)}-{declared.key}{_RECORD}")
    if not node.has_explicit_builder():
        declare(env, "_RustRlibs", [node], declared)
        env.Depends(node, core_nodes(env, *JOIN_PARTS))
        stays_here(env, [node], node)
    return node


def stays_here(env: Environment, nodes: list[Node], record: Node) -> None:
    """Keep ``nodes`` out of a CacheDir, which does not hold what they name, and make them again when that has gone.

    ``record`` is the one that names files by their digests.
    """
    env.NoCache(nodes)
    from staticlink.rust.joined import is_whole  # noqa: PLC0415  (only crates that are joined need it)

    if record.exists() and not is_whole(Path(record.abspath), Path(env.Dir("#").abspath)):
        env.AlwaysBuild(nodes)


def _is_member(node: Node) -> bool:
    return hasattr(node, "attributes") and hasattr(node.attributes, "staticlink_member")


def _short(name: str) -> str:
    return name if len(name) <= _NAME_LIMIT else name[:_NAME_LIMIT]


def _umbrella(env: Environment, crates: Sequence[DeclaredCrate]) -> list[Node]:
    """Return the nodes of the link of ``crates``, whatever the order in which they were named."""
    from staticlink.rust.joined import SUFFIXES  # noqa: PLC0415  (as above)

    crates = sorted(crates, key=lambda one: (one.crate.library, one.key))
    toolchain = crates[0].toolchain
    # One compiler may have several places; what it says of itself is what it demands of the rlibs it reads.
    if any(one.toolchain.verbose != toolchain.verbose for one in crates):
        with reading():
            evidence = [f"{one.crate.name}: {one.toolchain.summary}" for one in crates]
            raise fail("two-rustcs", "crates of two compilers in one program", evidence=evidence, fix="one toolchain=")
    key = hashlib.sha256(" ".join(one.key for one in crates).encode()).hexdigest()[:8]
    name = _short("+".join(one.crate.library for one in crates))
    place = f"{settings(env).place}/rust/{name}-{key}"
    nodes = [env.File(f"{place}/{name}{suffix}") for suffix in SUFFIXES]
    if nodes[0].has_explicit_builder():
        return nodes
    records = [record_node(env, one) for one in crates]
    env["BUILDERS"]["_RustUmbrella"](env, nodes, records)
    env.Depends(nodes, [std_node(env, toolchain), *core_nodes(env, *JOIN_PARTS)])
    for node in nodes:
        node.attributes.staticlink_crates = tuple(crates)
    mend_damage(env, nodes)
    stays_here(env, nodes, nodes[-1])
    return nodes


def _make_rlibs(target: list[Node], source: list[Node], env: Environment) -> None:
    """Run cargo."""
    from staticlink.rust.rlibs import compile_rlibs  # noqa: PLC0415  (a build with nothing to do need not load it)

    declared = target[0].attributes.staticlink_crate
    with compiling(env, declared.toolchain, target) as compile_:
        compiled = compile_rlibs(declared.crate, declared.options, compile_, Path(target[0].path))
    say("CARGO", target[0].path, f"{declared.crate.name}, {declared.options.profile}, std: {compile_.std.reason}")
    report_warnings(compiled.warnings)


def _make_umbrella(target: list[Node], source: list[Node], env: Environment) -> None:
    """Have rustc link the crates."""
    from staticlink.rust.joined import write_joined  # noqa: PLC0415  (as above)
    from staticlink.rust.rlibs import read_rlibs  # noqa: PLC0415
    from staticlink.rust.umbrella import link_crates  # noqa: PLC0415

    crates = target[0].attributes.staticlink_crates
    compiled = [read_rlibs(Path(node.path)) for node in source]
    flags = {one.options.rustflags for one in crates}
    names = [member.name for one in crates for member in one.crate.members]
    outputs = [Path(node.path) for node in target]
    with compiling(env, crates[0].toolchain, target) as compile_:
        common = flags.pop() if len(flags) == 1 else ()
        record = link_crates(compiled, common, compile_, outputs[0].parent)
        write_joined(record, names, compile_, outputs)
    say("RUSTC", target[0].path, f"{', '.join(names)}: one std, {len(record.archives)} rlibs")
