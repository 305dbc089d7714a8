"""Which compiler do a project's objects see, whatever the project says about ``CC``?

With ``static=1 libc=musl`` it is the sysroot's. A tool can only set ``CC`` once, and SCons puts what was given to
``Environment(CC=...)`` back after the tools have run; ``Clone``, ``Replace`` and a builder's own arguments change it
later. So the question is asked whenever an object is declared: a ``CC`` that is not the sysroot's becomes the machine's
compiler that the sysroot is made with, and the sysroot's takes its place. An object compiled with glibc's headers would
otherwise join a musl link without a word. What ``hardening=1`` adds comes before the project's own flags.

A check of Configure is asked the same, and needs the compiler at once: it is built there and then. Programs that a
project runs, ``pkg-config`` above all, do not see the machine's packages on musl.

Not modelled: C++ on musl, whose library would have to be compiled for musl first; it is refused, and a check for it
finds none.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from SCons.Builder import ListEmitter
from SCons.Node.FS import File
from SCons.Script import GetOption
from SCons.Tool.cxx import CXXSuffixes, iscplusplus
from staticlink.errors import fail
from staticlink.hardening import OPTIMIZED, hardening_flags

from staticlink_scons.action import core_action
from staticlink_scons.settings import settings

if TYPE_CHECKING:
    from SCons.Environment import Base as Environment
    from SCons.Node import Node


def adopt_compiler(env: Environment) -> None:
    """Make ``CC`` of ``env`` the chosen libc's, and what the project put there the machine's own."""
    chosen = settings(env)
    if chosen.target.pie and "-fPIE" not in env.Split(env.get("CCFLAGS", "")):
        env.Append(CCFLAGS=["-fPIE"])
    flags = hardening_flags(chosen.target)
    for variable in ("CFLAGS", "CXXFLAGS") if flags else ():
        if flags[-1] not in env.Split(env.get(variable, "")):
            env.Prepend(**{variable: [OPTIMIZED, *flags]})
    if not chosen.target.static or chosen.target.libc != "musl":
        env["STATICLINK_HOST_CC"] = env.subst("$CC") or "gcc"
        return
    own = f'"{chosen.build_dir}/musl/bin/cc"'
    if env.get("CC") != own:
        env["STATICLINK_HOST_CC"] = env.subst("$CC") or "gcc"
        env["CC"] = own


def follow_compiler(env: Environment) -> None:
    """Have every object that ``env`` declares compiled by the chosen libc's compiler, once that has been made."""
    for name, emitter in (("StaticObject", _declare), ("SharedObject", _declare_shared)):
        builder = env["BUILDERS"].get(name)
        if builder is not None:
            for suffix, present in list(builder.emitter.items()):
                builder.add_emitter(suffix, ListEmitter([present, emitter]))
    if settings(env).target.libc == "musl":
        _isolate_pkg_config(env)


def is_check(env: Environment) -> bool:
    """Return whether ``env`` is that of a check of Configure, however the project made it."""
    return bool(env.get("SCONF_NODE"))


def is_cxx(sources: list[Node]) -> bool:
    """Return whether any of ``sources`` is C++, or an object made of it."""
    return bool(iscplusplus(sources)) or any(str(node).endswith(tuple(CXXSuffixes)) for node in sources)


def reject_cxx(target: list[Node], source: list[Node], env: Environment) -> None:
    """Raise when C++ is to be compiled or linked for musl.

    A project may declare C++ that this run does not build, so the question is asked by the step that would make it.
    """
    if settings(env).target.libc == "musl" and is_cxx(source):
        named = sorted(str(node) for node in source if is_cxx([node]))
        raise fail(
            "no-cxx-for-musl",
            f"no C++ library for musl: {named[0]}",
            evidence=("the machine's libstdc++ is compiled for glibc",),
            fix="libc=glibc",
        )


def _declare(target: list[Node], source: list[Node], env: Environment) -> tuple[list[Node], list[Node]]:
    if _is_adopted(target, env) and settings(env).target.libc == "musl" and not is_check(env):
        env["CXXCOM"] = core_action(reject_cxx, "CXX    $TARGET")
    return target, source


def _declare_shared(target: list[Node], source: list[Node], env: Environment) -> tuple[list[Node], list[Node]]:
    # C++ may stay: what is loaded by a program of the machine is compiled for the machine (shared.py).
    _is_adopted(target, env)
    return target, source


def _is_adopted(target: list[Node], env: Environment) -> bool:
    """Have ``target`` compiled by the chosen libc's compiler, and return whether that was called for."""
    chosen = settings(env)
    if GetOption("help") or not chosen.target.static:
        return False
    adopt_compiler(env)
    if chosen.target.libc == "musl":
        env.Depends(target, env.VendoredLibrary("musl"))
        if is_check(env):
            _prepare_check(env)
    return True


def _prepare_check(env: Environment) -> None:
    """Build what a check compiles against: checks run while SConscript files are read, before any action.

    Nothing is built when the run will not build either. A check for C++ finds none.
    """
    env["CXX"] = "false"
    manifest = env.VendoredLibrary("musl")[0]
    if not any(GetOption(option) for option in ("no_exec", "clean", "question")) and _older_than_sources(manifest):
        manifest.build()


def _older_than_sources(node: Node) -> bool:
    """Return whether a file that ``node`` is made from is younger; what is no file is left to the build itself."""
    built = node.getmtime() if node.exists() else 0
    files = [child for child in node.all_children() if isinstance(child, File)]
    return not built or any(child.getmtime() >= built for child in files if child.exists())


def _isolate_pkg_config(env: Environment) -> None:
    """Keep the packages of the machine, which are compiled for glibc, from programs that ``env`` starts."""
    own = {"PKG_CONFIG_LIBDIR": f"{env.Dir(settings(env).place).abspath}/musl/lib/pkgconfig"}
    if env["ENV"] is os.environ:  # the process' own: cargo and make start from it as well
        env["ENV"] = {**own, **os.environ}
    else:
        env["ENV"].setdefault(*own.popitem())
