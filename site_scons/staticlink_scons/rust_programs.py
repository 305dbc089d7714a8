"""Which nodes does a crate with a ``main`` of its own have?

``RustProgram`` is a StaticProgram whose main object comes from cargo: a node for what rustc would have linked, and then
the program as any other. A tool for this machine (``triple="host"``) is a node that cargo alone makes; its place is
outside the target's directory, because every target may use it.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from SCons.Builder import Builder
from SCons.Util import flatten
from staticlink.rust.members import require_program

from staticlink_scons.action import core_action, reading, say
from staticlink_scons.crates import cargo_run, compiling, declare, declare_for_host, report_warnings
from staticlink_scons.joining import JOIN_PARTS, NO_EXECUTABLE_STACK, stays_here
from staticlink_scons.nodes import core_nodes
from staticlink_scons.settings import node_name, settings

if TYPE_CHECKING:
    from SCons.Environment import Base as Environment
    from SCons.Node import Node

    from staticlink_scons.declared import DeclaredCrate

#: What StaticProgram is without the tool of that name.
_LINKING = ("StaticProgram", "Program")


def generate_programs(env: Environment) -> None:
    """Add the builders behind ``RustProgram`` and host tools."""
    env["BUILDERS"]["_RustMain"] = Builder(action=core_action(_make_main, "CARGO  $TARGET"))
    env["BUILDERS"]["_RustTool"] = Builder(action=core_action(_make_tool, "CARGO  $TARGET"))


def link_main(env: Environment, target: Any, nodes: list[Node], objects: Any, words: dict[str, Any]) -> list[Node]:
    """Return the program ``target`` that is linked of what rustc would have linked and of the project's ``objects``."""
    script, facts, digests = nodes
    link = next(getattr(env, name) for name in _LINKING if hasattr(env, name))
    if not settings(env).target.static:
        words["LINKFLAGS"] = [*env.Split(words.get("LINKFLAGS", env.get("LINKFLAGS", []))), NO_EXECUTABLE_STACK]
    made: list[Node] = link(target, [script, facts, *flatten([objects])], **words)
    env.Depends(made, digests)
    return made


def main_nodes(env: Environment, declared: DeclaredCrate, wanted: str | None) -> list[Node]:
    """Return the nodes of what rustc would have linked of the crate's binary."""
    from staticlink.rust.joined import SUFFIXES  # noqa: PLC0415  (only programs in Rust need it)

    with reading():
        program = require_program(declared.crate, wanted)
    place = f"{settings(env).place}/rust/{program}-{declared.key}/{program}"
    nodes = [env.File(f"{place}{suffix}") for suffix in SUFFIXES]
    if nodes[0].has_explicit_builder():
        return nodes
    declare(env, "_RustMain", nodes, declared)
    env.Depends(nodes, core_nodes(env, *JOIN_PARTS))
    for node in nodes:
        node.attributes.staticlink_program = program
    stays_here(env, nodes, nodes[-1])
    return nodes


def tool_nodes(env: Environment, declared: DeclaredCrate, wanted: str | None) -> list[Node]:
    """Return the node of a program that cargo makes for this machine."""
    with reading():
        program = require_program(declared.crate, wanted)
    node = env.File(f"{_host_place(env)}/{declared.key}/{program}")
    if not node.has_explicit_builder():
        declare_for_host(env, "_RustTool", [node], declared)
        node.attributes.staticlink_program = program
    return [node]


def _host_place(env: Environment) -> str:
    return f"{node_name(settings(env).build)}/host"


def _make_main(target: list[Node], source: list[Node], env: Environment) -> None:
    """Run cargo, and keep what rustc would have linked."""
    from staticlink.rust.program import compile_program  # noqa: PLC0415  (a build with nothing to do need not load it)

    declared, program = target[0].attributes.staticlink_crate, target[0].attributes.staticlink_program
    with compiling(env, declared.toolchain, target) as compile_:
        outputs = [Path(node.path) for node in target]
        compiled = compile_program(declared.crate, program, declared.options, compile_, outputs)
    say("CARGO", target[0].path, f"{program}, {declared.options.profile}, std: {compile_.std.reason}")
    report_warnings(compiled.warnings)


def _make_tool(target: list[Node], source: list[Node], env: Environment) -> None:
    """Run cargo for this machine."""
    from staticlink.rust.program import compile_tool  # noqa: PLC0415  (as above)

    declared, program = target[0].attributes.staticlink_crate, target[0].attributes.staticlink_program
    into = Path(settings(env).build, "host", "cargo")
    with cargo_run(env, target) as run:
        path = Path(target[0].path)
        compiled = compile_tool(declared.crate, program, declared.options, declared.toolchain, into, run, path)
    say("CARGO", target[0].path, f"{program}, {declared.options.profile}, for {declared.toolchain.host}")
    report_warnings(compiled.warnings)
