"""Which compiler do a project's objects see, whatever the project says about ``CC``?

With ``static=1 libc=musl`` it is the sysroot's. A tool can only set ``CC`` once, and SCons puts what was given to
``Environment(CC=...)`` back after the tools have run; ``Clone``, ``Replace`` and a builder's own arguments change it
later. So the question is asked whenever an object is declared: a ``CC`` that is not the sysroot's becomes the machine's
compiler that the sysroot is made with, and the sysroot's takes its place. An object compiled with glibc's headers would
otherwise join a musl link without a word.

Not modelled: C++ on musl, whose library would have to be compiled for musl first; it is refused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from SCons.Builder import ListEmitter
from SCons.Script import GetOption
from SCons.Tool.cxx import CXXSuffixes, iscplusplus
from staticlink.errors import fail

from staticlink_scons.action import reading
from staticlink_scons.settings import settings

if TYPE_CHECKING:
    from SCons.Environment import Base as Environment
    from SCons.Node import Node


def adopt_compiler(env: Environment) -> None:
    """Make ``CC`` of ``env`` the chosen libc's, and what the project put there the machine's own."""
    chosen = settings(env)
    if chosen.target.pie and "-fPIE" not in env.Split(env.get("CCFLAGS", "")):
        env.Append(CCFLAGS=["-fPIE"])
    if not chosen.target.static or chosen.target.libc != "musl":
        env["STATICLINK_HOST_CC"] = env.subst("$CC") or "gcc"
        return
    own = f'"{chosen.build_dir}/musl/bin/cc"'
    if env.get("CC") != own:
        env["STATICLINK_HOST_CC"] = env.subst("$CC") or "gcc"
        env["CC"] = own


def follow_compiler(env: Environment) -> None:
    """Have every object that ``env`` declares compiled by the chosen libc's compiler, once that has been made."""
    for name in ("StaticObject", "SharedObject"):
        builder = env["BUILDERS"].get(name)
        if builder is not None:
            for suffix, emitter in list(builder.emitter.items()):
                builder.add_emitter(suffix, ListEmitter([emitter, _declare]))


def is_cxx(sources: list[Node]) -> bool:
    """Return whether any of ``sources`` is C++, or an object made of it."""
    return bool(iscplusplus(sources)) or any(str(node).endswith(tuple(CXXSuffixes)) for node in sources)


def reject_cxx(env: Environment, sources: list[Node]) -> None:
    """End the run when C++ is to be compiled or linked for musl."""
    if settings(env).target.libc == "musl" and not GetOption("clean") and is_cxx(sources):
        with reading():
            named = sorted(str(node) for node in sources if is_cxx([node]))
            raise fail(
                "no-cxx-for-musl",
                f"no C++ library for musl: {named[0]}",
                evidence=("the machine's libstdc++ is compiled for glibc",),
                fix="libc=glibc",
            )


def _declare(target: list[Node], source: list[Node], env: Environment) -> tuple[list[Node], list[Node]]:
    if GetOption("help") or not settings(env).target.static:
        return target, source
    adopt_compiler(env)
    reject_cxx(env, source)
    if settings(env).target.libc == "musl":
        env.Depends(target, env.VendoredLibrary("musl"))
    return target, source
