"""Which compilers do the build scripts of crates get, and what of them decides a crate?

On musl the vendored sysroot's, so a crate depends on musl's manifest; on glibc the environment's own ``CC`` and
``CXX``.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from staticlink.errors import fail
from staticlink.rust.environment import deciding_flags
from staticlink.vendored.cache import hash_file

from staticlink_scons.nodes import tool_node
from staticlink_scons.settings import settings

if TYPE_CHECKING:
    from SCons.Environment import Base as Environment
    from SCons.Node import Node
    from staticlink.rust.cargo import CargoRun
    from staticlink.rust.toolchain import Toolchain
    from staticlink.rust.wrong_libc import Libcs

_ANSWER_TIMEOUT = 60  # seconds


def declare_tools(env: Environment, nodes: list[Node]) -> None:
    """Make ``nodes``, which cargo builds, depend on the tools that build scripts find."""
    target = settings(env).target
    words = (_host_cc(env), _host_cxx(env), deciding_flags(os.environ, target.rust_triple))
    env.Depends(nodes, env.Value(repr(words)))
    if target.libc == "musl":
        env.Depends(nodes, env.VendoredLibrary("musl")[0])
        return
    driver = shutil.which(_host_cc(env)[-1], path=str(env["ENV"]["PATH"]))
    if driver is not None:
        env.Depends(nodes, tool_node(env, driver))


def with_tools(env: Environment, run: CargoRun, toolchain: Toolchain, rust_triple: str) -> CargoRun:
    """Write the tools of ``rust_triple``, and return ``run`` with an environment in which build scripts find them."""
    from staticlink.rust.build_scripts import TargetTools, script_environment, write_tools  # noqa: PLC0415  (only a run of cargo)

    chosen = settings(env)
    built = Path(chosen.build_dir)
    musl = chosen.target.libc == "musl"
    host_cc = _found(env, _host_cc(env))
    tools = TargetTools(
        target=chosen.target,
        rust_triple=rust_triple,
        host_triple=toolchain.host,
        cc=(str((built / "musl" / "bin" / "cc").absolute()),) if musl else host_cc,
        cxx=_found(env, _host_cxx(env)),
        host_cc=host_cc,
        host_cxx=_found(env, _host_cxx(env)),
        identity=_identity(hash_file(built / "musl.manifest.json") if musl else _version(host_cc), rust_triple),
        sysroot=built / "musl" if musl else None,
    )
    place = built / "cargo" / "tools"
    write_tools(tools, place, built / "cargo", run.environ.get("PATH", os.defpath))
    return replace(
        run,
        environ=script_environment(tools, place, run.environ),
        tools=f" tools {tools.identity}",
        libcs=_libcs(built, host_cc) if musl else None,
    )


def _host_cc(env: Environment) -> tuple[str, ...]:
    return tuple(env.Split(env["STATICLINK_HOST_CC"]))


def _host_cxx(env: Environment) -> tuple[str, ...]:
    return tuple(env.Split(env.subst("$CXX") or "g++"))


def _identity(compiler: str, rust_triple: str) -> str:
    """Return a digest of the compiler, and of the user's flags for it, which build scripts may forget to declare."""
    flags = deciding_flags(os.environ, rust_triple)
    return hashlib.sha256(repr((compiler, flags)).encode()).hexdigest() if flags else compiler


def _found(env: Environment, words: tuple[str, ...]) -> tuple[str, ...]:
    """Return ``words`` with the program's path: cargo's PATH is not that of the construction environment."""
    found = shutil.which(words[0], path=str(env["ENV"]["PATH"]))
    return (found or words[0], *words[1:])


def _libcs(built: Path, host_cc: tuple[str, ...]) -> Libcs | None:
    """Return the target's libc and the machine's; ``None`` without a libc.a of the machine to tell them apart by."""
    from staticlink.rust.wrong_libc import Libcs  # noqa: PLC0415  (as above)

    foreign = Path(_answer([*host_cc, "-print-file-name=libc.a"]).strip())
    return Libcs(built / "musl" / "lib" / "libc.a", foreign) if foreign.is_file() else None


def _version(command: tuple[str, ...]) -> str:
    """Return a digest of what a compiler says of itself."""
    return hashlib.sha256(_answer([*command, "--version"]).encode()).hexdigest()


def _answer(command: list[str]) -> str:
    """Return what a compiler prints."""
    what, shown = f"no C compiler: {command[0]}", " ".join(command)
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=_ANSWER_TIMEOUT, stdin=subprocess.DEVNULL
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise fail("no-compiler", what, evidence=(str(error),)) from None
    if done.returncode != 0:
        raise fail("no-compiler", what, evidence=(f"{shown}: exit code {done.returncode}",))
    return done.stdout
