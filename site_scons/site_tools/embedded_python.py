"""EmbeddedPython: a CPython with its standard library, inside the executable. SCons' side of ``staticlink/python/``.

``python = env.EmbeddedPython(scripts, name="program")`` returns an :class:`EmbeddedPython`. ``scripts`` are files (a
module each) and directories (a package each). Use it like this::

    own = env.Clone()
    own.Append(CPPDEFINES=python.defines, CPPPATH=python.include, CCFLAGS=python.flags)
    objects = own.Object(["main.c", "filter.c"])
    own.Depends(objects, python.headers_ready)
    own.StaticProgram("app", [objects, python.objects, python.archives])

In C, ``#include "staticlink_python.h"`` and call ``staticlink_python_init``. Which CPython it is, the option ``python``
says; with ``python=none`` everything returned is empty, and ``STATICLINK_PYTHON`` is not defined.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import staticlink
from SCons.Node.FS import Dir
from SCons.Script import GetOption
from SCons.Util import flatten
from staticlink.python.bundle import (
    find_scripts,
    find_stdlib,
    format_assembly,
    format_table,
    freeze,
    read_exclusions,
    read_index,
    write_source,
)
from staticlink.python.inittab import format_inittab, read_inittab
from staticlink.python.pyo3 import format_pyo3_config
from staticlink.python.system import find_system_python
from staticlink_scons.action import core_action, reading, say
from staticlink_scons.nodes import core_nodes, tool_node
from staticlink_scons.settings import settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from SCons.Environment import Base as Environment
    from SCons.Node import Node

_OWN = Path(staticlink.__file__).parent / "python"
_FREEZE_PARTS = ("errors.py", "python/bundle.py", "python/freeze.py", "policy/python.toml")
_PYO3_PARTS = ("errors.py", "python/pyo3.py")
_INITTAB_PARTS = ("errors.py", "elf", "python/inittab.py")
#: The symbols of the two sets; the program's own scripts are searched first.
_SETS = ("staticlink_python_program", "staticlink_python_stdlib")
_KIB = 1 << 10


@dataclass(frozen=True, slots=True)
class EmbeddedPython:
    """What a program with Python inside consists of.

    ``objects`` and ``archives`` are nodes to link; ``include`` holds directories for ``CPPPATH``, ``flags`` the ``-I``
    of CPython's own headers for ``CCFLAGS`` (SCons need not scan them: they change with the nodes in ``headers_ready``,
    on which whatever includes them must depend), ``defines`` goes into ``CPPDEFINES``. ``pyo3_config`` is what a crate
    that uses PyO3 wants in its ``environment`` as ``PYO3_CONFIG_FILE``.
    """

    objects: list[Node] = field(default_factory=list)
    archives: list[Node] = field(default_factory=list)
    include: list[str] = field(default_factory=list)
    flags: list[str] = field(default_factory=list)
    defines: list[str] = field(default_factory=list)
    headers_ready: list[Node] = field(default_factory=list)
    pyo3_config: Node | None = None


@dataclass(frozen=True, slots=True)
class _Runtime:
    """The CPython that was chosen: nodes of its files, and where its headers and its standard library are."""

    interpreter: Node
    archives: list[Node]
    manifest: list[Node]
    headers: str
    stdlib: str


def exists(env: Environment) -> bool:
    """Return whether there is a C compiler to embed Python with."""
    return bool(env.Detect(["cc", "gcc", "clang"]))


def generate(env: Environment) -> None:
    """Add ``EmbeddedPython``, and the tools it is made with."""
    for tool in ("gas", "vendored_library"):
        if tool not in env["TOOLS"] and not (tool == "gas" and "as" in env["TOOLS"]):
            env.Tool(tool)
    env.AddMethod(_embedded_python, "EmbeddedPython")


def _embedded_python(env: Environment, scripts: Any = (), name: str = "program") -> EmbeddedPython:
    """Declare the objects that put CPython and ``scripts`` into an executable."""
    chosen = settings(env)
    if chosen.python == "none" or GetOption("help"):
        return EmbeddedPython()
    runtime = _vendored(env) if chosen.python == "vendored" else _system(env)
    place = f"{chosen.place}/python"
    stdlib = _freeze_stdlib(env, runtime, place)
    program = _freeze_scripts(env, runtime, _nodes(env, scripts), f"{place}/{name}")
    sources = _write_sources(env, runtime, [program, stdlib], f"{place}/{name}")
    include = [str(_OWN)]
    objects = [
        env.Object(
            f"{place}/{name}/{Path(str(source)).stem}",
            source,
            CPPPATH=[*flatten([env.get("CPPPATH", [])]), *include],
            CCFLAGS=[*env.Split(env.get("CCFLAGS", [])), *_header_flags(runtime)],
            ASPPFLAGS=[*env.Split(env.get("ASPPFLAGS", [])), f"-I{chosen.build_dir}/python"],
        )[0]
        for source in sources
    ]
    env.Depends(objects, runtime.manifest)
    env.Depends(objects[-1], [program[0], stdlib[0]])
    return EmbeddedPython(
        objects,
        runtime.archives,
        include,
        _header_flags(runtime),
        ["STATICLINK_PYTHON"],
        runtime.manifest,
        _pyo3_config(env, runtime, place),
    )


def _pyo3_config(env: Environment, runtime: _Runtime, place: str) -> Node:
    """Declare the file that tells PyO3 which CPython this is."""
    node = env.File(f"{place}/pyo3-config.txt")
    if not node.has_builder():
        headers = runtime.headers

        def run(target: list[Node], source: list[Node], env: Environment) -> None:
            write_source(Path(target[0].path), format_pyo3_config(headers))

        env.Command(node, [runtime.interpreter], core_action(run, "WRITE  $TARGET"))
        env.Depends(node, core_nodes(env, *_PYO3_PARTS))
    return node


def _header_flags(runtime: _Runtime) -> list[str]:
    return [f"-I{runtime.headers}"]


def _vendored(env: Environment) -> _Runtime:
    """Return the CPython that is compiled from source; the name of its interpreter says which version it is."""
    nodes = flatten([env.VendoredLibrary("cpython")])
    interpreter = next(node for node in nodes if Path(node.path).parent.name == "bin")
    prefix = Path(interpreter.path).parent.parent
    return _Runtime(
        interpreter,
        archives=[node for node in nodes if node.path.endswith(".a")],
        manifest=[node for node in nodes if node.path.endswith(".manifest.json")],
        headers=str(prefix / "include" / interpreter.name),
        stdlib=str(prefix / "lib" / interpreter.name),
    )


def _system(env: Environment) -> _Runtime:
    """Return the system's CPython: the distribution's own, or the first on SCons' PATH."""
    path = str(env["ENV"].get("PATH", ""))
    places = [Path("/usr/bin/python3"), *(Path(part, "python3") for part in path.split(os.pathsep) if part)]
    with reading():
        target = settings(env).target
        found = find_system_python(places, position_independent=target.pie or not target.static)
    archives = [tool_node(env, path) for path in found.archives]
    interpreter = tool_node(env, found.interpreter.resolve())
    return _Runtime(interpreter, archives, [interpreter], str(found.include), str(found.stdlib))


def _nodes(env: Environment, scripts: Any) -> list[Node]:
    return list(env.arg2nodes(flatten([scripts]), env.fs.Entry))


def _path(node: Node) -> str:
    """Return where a node's file is: with ``duplicate=False`` a source stays where it was."""
    return str((node if node.has_builder() else node.srcnode()).path)


def _freeze_stdlib(env: Environment, runtime: _Runtime, place: str) -> list[Node]:
    """Declare the standard library's bytecode; every program of this target shares it."""
    target = [env.File(f"{place}/stdlib.bin"), env.File(f"{place}/stdlib.json")]
    if target[0].has_builder():
        return target

    root = runtime.stdlib  # SCons signs what an action's function closes over: text, not nodes

    def run(target: list[Node], source: list[Node], env: Environment) -> None:
        _freeze(target, source, find_stdlib(Path(root), read_exclusions()))

    env.Command(target, [runtime.interpreter], core_action(run, "FREEZE $TARGET"))
    env.Depends(target, [*runtime.manifest, *core_nodes(env, *_FREEZE_PARTS)])
    return target


def _freeze_scripts(env: Environment, runtime: _Runtime, scripts: list[Node], place: str) -> list[Node]:
    """Declare the bytecode of the program's own scripts."""
    target = [env.File(f"{place}/program.bin"), env.File(f"{place}/program.json")]
    paths = [_path(script.disambiguate()) for script in scripts]

    def run(target: list[Node], source: list[Node], env: Environment) -> None:
        _freeze(target, source, find_scripts(Path(path) for path in paths))

    below = [env.File(str(path)) for top in paths if Path(top).is_dir() for path in sorted(Path(top).rglob("*.py"))]
    files = [script for script in scripts if not isinstance(script, Dir)]
    env.Command(target, [runtime.interpreter, *files, *below], core_action(run, "FREEZE $TARGET"))
    env.Depends(target, [*runtime.manifest, *core_nodes(env, *_FREEZE_PARTS)])
    return target


def _freeze(target: list[Node], source: list[Node], modules: Sequence[Any]) -> None:
    blob = Path(target[0].path)
    freeze(Path(source[0].path), modules, blob, Path(target[1].path))
    say("FREEZE", str(blob), f"{len(modules)} modules, {blob.stat().st_size / _KIB:,.0f} KiB")


def _write_sources(env: Environment, runtime: _Runtime, sets: list[list[Node]], place: str) -> list[Node]:
    """Declare the generated sources, and return all sources of Python's objects, the one that holds the bytes last."""
    table, blob, inittab = (env.File(f"{place}/{name}") for name in ("frozen.c", "frozen_code.S", "inittab.c"))
    machine = settings(env).target.arch

    def write_table(target: list[Node], source: list[Node], env: Environment) -> None:
        rows = [(symbol, read_index(Path(node.path))) for symbol, node in zip(_SETS, source, strict=True)]
        write_source(Path(target[0].path), format_table(rows))
        top = Path(target[0].path).parent.parent
        blobs = (Path(node.path).with_suffix(".bin").relative_to(top) for node in source)
        write_source(Path(target[1].path), format_assembly(list(zip(_SETS, map(str, blobs), strict=True))))

    def write_inittab(target: list[Node], source: list[Node], env: Environment) -> None:
        plan = read_inittab([Path(node.path) for node in source], machine)
        write_source(Path(target[0].path), format_inittab(plan))

    env.Command([table, blob], [frozen[1] for frozen in sets], core_action(write_table, "WRITE  $TARGETS"))
    env.Depends([table, blob], core_nodes(env, *_FREEZE_PARTS))
    env.Command(inittab, runtime.archives, core_action(write_inittab, "WRITE  $TARGET"))
    env.Depends(inittab, core_nodes(env, *_INITTAB_PARTS))
    return [env.File(str(_OWN / "embed.c")), table, inittab, blob]
