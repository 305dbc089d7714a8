"""What becomes of a project's shared libraries, when its programs are static?

A shared library is loaded by a program that this build does not make: a Python module by the machine's Python. So with
``static=1 libc=musl`` it is compiled and linked by the machine's own compiler, whatever else the build is made for;
there is no shared musl to link it with. On glibc both are the machine's, and nothing changes.

Whether an object is for a shared library shows when one is declared from it. An object cannot be for both, because the
two libcs' headers differ; a project that uses it twice is told to compile it twice.

Not modelled: static libraries in ``LIBS`` of a shared library. They hold musl's objects, and the machine's linker takes
them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from SCons.Tool.cxx import iscplusplus
from staticlink.errors import fail

from staticlink_scons.action import reading
from staticlink_scons.settings import settings

if TYPE_CHECKING:
    from SCons.Environment import Base as Environment
    from SCons.Node import Node

_SHARED = "a shared library"
_STATIC = "a static program or library"


def separate_shared(env: Environment) -> None:
    """Have the shared libraries of ``env`` made by the machine's compiler when everything else is made for musl."""
    if settings(env).target.libc == "musl":
        env.AppendUnique(SHLIBEMITTER=[_share], LDMODULEEMITTER=[_share], LIBEMITTER=[_join])
        if env.get("SHLINK") == "$LINK":  # as the tools leave it; a project's own stays
            env["SHLINK"] = _machine_linker


def claim_static(sources: list[Node]) -> None:
    """Note that ``sources`` are for a static program; end the run when one of them is for a shared library too."""
    _claim(sources, _STATIC)


def _share(target: list[Node], source: list[Node], env: Environment) -> tuple[list[Node], list[Node]]:
    # Not by env["CC"]: without arguments of the call's own, env is the project's, and every other object would follow.
    _claim(source, _SHARED)
    for node in source:
        if node.has_builder():
            node.get_executor().overridelist.append({"CC": env["STATICLINK_HOST_CC"]})
    return target, source


def _machine_linker(target: list[Node], source: list[Node], env: Environment, for_signature: bool) -> str:  # noqa: FBT001
    return "$CXX" if iscplusplus(source) else "$STATICLINK_HOST_CC"


def _join(target: list[Node], source: list[Node], env: Environment) -> tuple[list[Node], list[Node]]:
    _claim(source, _STATIC)
    return target, source


def _claim(sources: list[Node], use: str) -> None:
    for node in sources:
        if getattr(node.attributes, "staticlink_use", use) != use:
            with reading():
                raise fail(
                    "object-of-two-libcs",
                    f"one object for {_STATIC} and for {_SHARED}: {node}",
                    evidence=(f"{_STATIC} is made for musl, {_SHARED} for the machine's libc",),
                    fix="StaticObject for the one, SharedObject for the other",
                )
        if node.has_builder():
            node.attributes.staticlink_use = use
