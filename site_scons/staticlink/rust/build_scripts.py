"""How does a crate's build script learn which compiler, archiver and libraries are the target's?

A build script that compiles C asks the environment, and every helper crate has spellings of its own: cc reads
``CC_x86_64-unknown-linux-musl``, ``CC_x86_64_unknown_linux_musl``, ``TARGET_CC`` and ``CC``; cmake wants a toolchain
file; pkg-config, bindgen and autotools have their own ways. All of them are told the same. The tools are small scripts
in one directory, named as cross tools are (``x86_64-linux-musl-cc``) and found through ``PATH``: a build script that
writes its compiler's name into what it builds writes no path of this machine. The script of the C compiler maps the
paths of sources away, as rustc's remapped prefixes do for Rust.

Tools of the host keep the host's compiler: ``HOST_CC`` names it. Some build scripts ask nobody and call ``cc``,
``gcc`` or ``pkg-config``; on musl these names are scripts too, because the machine's answers would bring glibc's
headers and libraries in. Cargo's ``OUT_DIR`` tells them for which of the two a build script works; rustc, which links
with ``cc`` for the host, gets the host's. There is no C++ library for musl: its C++ compiler is a script that says so.

Cargo runs a build script again when what it declared has changed, and scripts forget to declare their tools. The
:attr:`TargetTools.identity` therefore joins what ``rustc -vV`` prints, which cargo compares for every step.

Not modelled: scripts that name a compiler by its path, or another compiler (found afterwards, see ``wrong_libc.py``).
"""

from __future__ import annotations

import re
import shlex
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from staticlink.errors import fail
from staticlink.hardening import hardening_flags
from staticlink.rust.environment import FLAG_VARIABLES
from staticlink.rust.rustc import write_script

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from staticlink.errors import StaticlinkError
    from staticlink.target import Target

#: A panic passes through C, and one archive serves static and static-pie executables.
_CFLAGS = "-fPIC -funwind-tables -fasynchronous-unwind-tables"
_NO_CXX = "staticlink: no C++ library for musl"
_SEVERAL_NAMES = {"cc": ("cc", "gcc"), "c++": ("c++", "g++")}
_PLAIN_TOOLS = ("ar", "ranlib", "nm", "strip")

#: Whether a script runs for the host: cargo's OUT_DIR lies below the target's triple, or not. What the target's
#: compiler calls by a plain name is the machine's as well.
_FOR_HOST = """\
case ${{STATICLINK_HOST-}}${{OUT_DIR-}} in
{ours}/*) ;;
*) {host} ;;
esac
"""
_COMPILE = """\
STATICLINK_HOST=1
export STATICLINK_HOST
exec {cc} ${{CARGO_MANIFEST_DIR:+"-ffile-prefix-map=$CARGO_MANIFEST_DIR=/src/$CARGO_PKG_NAME"}} \\
    {mapped} "$@"
"""
_REFUSE_CXX = f"""\
echo "{_NO_CXX}: $CARGO_PKG_NAME" >&2
exit 1
"""
#: An empty list of directories would stand for the machine's own.
_PKG_CONFIG = """\
unset PKG_CONFIG_PATH PKG_CONFIG_SYSROOT_DIR
PKG_CONFIG_LIBDIR=${{STATICLINK_PKG_CONFIG_LIBDIR:-/nonexistent}}
export PKG_CONFIG_LIBDIR
exec {program} --define-prefix "$@"
"""
_CMAKE = """\
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR {arch})
set(CMAKE_C_COMPILER "{place}/{prefix}cc")
set(CMAKE_ASM_COMPILER "{place}/{prefix}cc")
set(CMAKE_CXX_COMPILER "{place}/{prefix}c++")
# It compiles nothing: a project that only names the language must not be stopped by a test of it.
set(CMAKE_CXX_COMPILER_FORCED TRUE)
set(CMAKE_AR "{place}/{prefix}ar" CACHE FILEPATH "")
set(CMAKE_RANLIB "{place}/{prefix}ranlib" CACHE FILEPATH "")
set(CMAKE_FIND_ROOT_PATH "{sysroot}" $ENV{{STATICLINK_PREFIXES}})
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
"""


@dataclass(frozen=True, slots=True)
class TargetTools:
    """The tools of one target. ``rust_triple`` is what cargo compiles for, ``host_triple`` what it runs on.

    ``sysroot`` is that of a libc which is not the machine's own; ``cc`` and ``cxx`` are the target's compilers,
    ``host_cc`` and ``host_cxx`` the machine's. ``identity`` changes when any of this does, and names no path.
    """

    target: Target
    rust_triple: str
    host_triple: str
    cc: tuple[str, ...]
    cxx: tuple[str, ...]
    host_cc: tuple[str, ...]
    host_cxx: tuple[str, ...]
    identity: str
    sysroot: Path | None = None

    @property
    def prefix(self) -> str:
        """What the names of the tools begin with: ``x86_64-linux-musl-``."""
        return f"{self.target.triple}-"


def write_tools(tools: TargetTools, place: Path, target_directory: Path, search: str) -> None:
    """Write the scripts to ``place``; a file that is there already is left alone.

    ``target_directory`` is cargo's; ``search`` is the ``PATH`` on which the machine's pkg-config is looked for.
    """
    place = place.absolute()
    ours = target_directory.absolute() / tools.rust_triple
    mapped = shlex.quote(f"-ffile-prefix-map={target_directory.absolute()}=/target")
    compile_ = {
        "cc": _COMPILE.format(cc=shlex.join(tools.cc), mapped=mapped),
        "c++": _REFUSE_CXX if tools.sysroot else _COMPILE.format(cc=shlex.join(tools.cxx), mapped=mapped),
    }
    for tool, text in compile_.items():
        host = {"cc": tools.host_cc, "c++": tools.host_cxx}[tool]
        # A name of the target's own is only ever called for the host where one triple serves both.
        own = _for_host(host, ours) if tools.sysroot and tools.rust_triple == tools.host_triple else ""
        for name in _SEVERAL_NAMES[tool]:
            write_script(place / f"{tools.prefix}{name}", f"#!/bin/sh\n{own}{text}")
            if tools.sysroot is not None:
                found = shutil.which(name, path=search)
                write_script(place / name, f"#!/bin/sh\n{_for_host((found,) if found else host, ours)}{text}")
    for tool in _PLAIN_TOOLS:
        write_script(place / f"{tools.prefix}{tool}", f'#!/bin/sh\nexec {tool} "$@"\n')
    if tools.sysroot is not None:
        _write_pkg_config(tools, place, search, ours)
        write_script(place / "toolchain.cmake", _toolchain_file(tools, place, tools.sysroot))


def script_environment(tools: TargetTools, place: Path, environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a cargo run whose build scripts find ``tools``, written to ``place``, in ``environ``.

    Flags that the user's environment has for the target are kept, behind ours.
    """
    place = place.absolute()
    named = {"CC": "cc", "CXX": "c++", "AR": "ar", "RANLIB": "ranlib", "NM": "nm", "STRIP": "strip"}
    added = {name: value for name, value in environ.items() if name not in _flag_spellings(tools)}
    added["PATH"] = f"{place}:{environ.get('PATH', '')}"
    for variable, tool in named.items():
        added |= dict.fromkeys(_spellings(variable, tools), f"{tools.prefix}{tool}")
    for variable in FLAG_VARIABLES:
        own = [environ[name] for name in reversed(_spellings(variable, tools)[:3]) if environ.get(name)]
        added[f"{variable}_{tools.rust_triple}"] = " ".join([_CFLAGS, *hardening_flags(tools.target), *own])
    added |= {"HOST_CC": shlex.join(tools.host_cc), "HOST_CXX": shlex.join(tools.host_cxx)}
    added |= {f"HOST_{name.upper()}": name for name in _PLAIN_TOOLS}
    if tools.sysroot is not None:
        added |= {**_musl_environment(tools, place), "HOST_PKG_CONFIG": _pkg_config(environ.get("PATH", ""))}
    return added


def explain_no_cxx(said: str) -> StaticlinkError | None:
    """Return the error for a build script that tried to compile C++ for musl, when cargo ``said`` that one did."""
    crates = sorted(set(re.findall(rf"{re.escape(_NO_CXX)}: (\S+)", said)))
    if not crates:
        return None
    return fail(
        "no-cxx-for-musl",
        f"no C++ library for musl: {', '.join(crates)}",
        evidence=("its build script compiles C++", "the machine's libstdc++ is compiled for glibc"),
        fix="libc=glibc",
    )


def _musl_environment(tools: TargetTools, place: Path) -> dict[str, str]:
    """Return what only a libc that is not the machine's needs: its headers for clang, its libraries for the others."""
    assert tools.sysroot is not None  # noqa: S101  (the caller's condition)
    root = tools.sysroot.absolute()
    clang = ["-nostdlibinc", "-isystem", f"{root}/include", "-idirafter", f"{root}/kernel"]
    own = {"PKG_CONFIG": f"{tools.prefix}pkg-config", "CMAKE_TOOLCHAIN_FILE": f"{place}/toolchain.cmake"}
    underscored = tools.rust_triple.replace("-", "_")
    added = {"PKG_CONFIG": own["PKG_CONFIG"], "PKG_CONFIG_ALL_STATIC": "1"}
    for variable, value in (*own.items(), ("PKG_CONFIG_ALLOW_CROSS", "1"), ("BINDGEN_EXTRA_CLANG_ARGS", "")):
        text = value or shlex.join(clang)
        added |= {f"{variable}_{tools.rust_triple}": text, f"{variable}_{underscored}": text}
    return added


def _write_pkg_config(tools: TargetTools, place: Path, search: str, ours: Path) -> None:
    """Write a pkg-config that sees our libraries only, under the names a build script may call it by."""
    found = _pkg_config(search)
    text = _PKG_CONFIG.format(program=shlex.quote(found))
    write_script(place / f"{tools.prefix}pkg-config", f"#!/bin/sh\n{text}")
    for name in ("pkg-config", "pkgconf"):
        write_script(place / name, f"#!/bin/sh\n{_for_host((found,), ours)}{text}")


def _pkg_config(search: str) -> str:
    """Return the machine's pkg-config, or a program that finds nothing."""
    return shutil.which("pkg-config", path=search) or shutil.which("pkgconf", path=search) or "false"


def _for_host(command: tuple[str, ...], ours: Path) -> str:
    """Return the lines of a script that hand a call for the host to ``command``; ``ours`` is where the target's lie."""
    return _FOR_HOST.format(ours=shlex.quote(str(ours)), host=f'exec {shlex.join(command)} "$@"')


def _toolchain_file(tools: TargetTools, place: Path, sysroot: Path) -> str:
    return _CMAKE.format(
        arch=tools.target.arch,
        place=_cmake_quoted(place),
        prefix=tools.prefix,
        sysroot=_cmake_quoted(sysroot.absolute()),
    )


def _spellings(variable: str, tools: TargetTools) -> tuple[str, str, str, str]:
    """Return the names under which cc looks a variable up, the most telling first."""
    triple = tools.rust_triple
    return (f"{variable}_{triple}", f"{variable}_{triple.replace('-', '_')}", f"TARGET_{variable}", variable)


def _flag_spellings(tools: TargetTools) -> set[str]:
    """Return the names whose values are gathered under one: cc joins all of them, older releases take the first."""
    return {name for variable in FLAG_VARIABLES for name in _spellings(variable, tools)[:3]}


def _cmake_quoted(path: Path) -> str:
    return str(path).replace("\\", "\\\\").replace('"', '\\"').replace("$", "\\$")
