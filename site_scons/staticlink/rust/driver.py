"""How are the rustc calls of a project's crates changed, so that we can do the link ourselves?

Cargo starts our driver (``rustc.py``) as its compiler. Of the target's compiles it changes four things.

Every library keeps its bitcode: crates of several workspaces end in one program, and one of them may ask for LTO.
Measured, that costs one per cent of the compile time.

A *primary* package, one that the project named, is compiled to an rlib where cargo wanted a static or dynamic library,
except when ``--print=native-static-libs`` says that the static library itself is wanted. Cargo wants to see the files
it asked for, so empty ones are made. Where the rlib is, and which panic strategy and LTO its profile asked for, a note
says that looks like one of rustc's own: cargo keeps those and repeats them for what it finds fresh.

A primary package's binary is "linked" by :mod:`staticlink.rust.recorder`. rustc's own crt objects are left out: those
of the link are the chosen libc's.

Debug information that a profile wants packed into a file of its own (``split-debuginfo = "packed"``) stays in the
objects: rustc packs it when it has linked, and it does not link.

A package that was downloaded is called ``/cargo/NAME-VERSION``, wherever cargo, or ``scons fetch``, has put it.

Not modelled: a workspace member that is primary in one call and a dependency in another one, with other crate types.
"""

from __future__ import annotations

import hashlib
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from staticlink.rust import recorder
from staticlink.rust.rustc import Driver, target_arguments, write_driver, write_script

if TYPE_CHECKING:
    from collections.abc import Sequence

    from staticlink.rust.toolchain import Toolchain
    from staticlink.target import Target

#: A change of what follows changes what compiles mean, and has to count one up.
_VERSION = "recorded 4"
#: How the note begins that says where an rlib is (below the target's directory, without prefix and suffix), its panic
#: strategy and its LTO, as rustc's arguments name them.
NOTE = "staticlink rlib: "
_PREPARE = r"""
name= extra= out= kinds= panic=unwind lto=off
last=
for word do
    case "$last $word" in
    '--crate-name '*) name=$word ;;
    '--out-dir '*) out=$word ;;
    '--crate-type '*) kinds="$kinds $word" ;;
    '-C extra-filename='*) extra=${word#extra-filename=} ;;
    '-C panic='*) panic=${word#panic=} ;;
    '-C lto='*) lto=${word#lto=} ;;
    '-C lto'|'-C linker-plugin-lto') lto=fat ;;
    esac
    last=$word
done
rewritten=
case "${CARGO_PRIMARY_PACKAGE:+primary}$kinds $*" in
*--print=native-static-libs*) ;;
'primary bin '*)
    set -- "$@" -C linker=%(linker)s -C linker-flavor=gcc -C link-self-contained=no ;;
primary*)
    printf '{"$message_type":"diagnostic","message":"%(note)s%%s","code":null,"level":"note",' \
        "${out##*/%(triple)s/}/$name$extra $panic $lto" >&2
    printf '"spans":[],"children":[],"rendered":""}\n' >&2
    case "$kinds" in *staticlib*|*dylib*) rewritten=yes ;; esac ;;
esac
last=
for word do
    shift
    case "$last $word" in
    '-C embed-bitcode=no') word=embed-bitcode=yes ;;
    '-C split-debuginfo=packed') word=split-debuginfo=off ;;
    '-C lto'|'-C lto='*) [ -z "$rewritten" ] || word=linker-plugin-lto ;;
    '--crate-type '*lib) [ -z "$rewritten" ] || word=rlib ;;
    esac
    last=$word
    set -- "$@" "$word"
done
if [ -n "$rewritten" ]; then
    for kind in $kinds; do
        case $kind in
        staticlib) : > "$out/lib$name$extra.a" ;;
        *dylib) : > "$out/lib$name$extra.so"; : > "$out/lib$name.so" ;;
        esac
    done
fi
case ${CARGO_MANIFEST_DIR-} in
*/registry/src/*|*/git/checkouts/*|*/staticlink/crates/*)
    set -- "$@" "--remap-path-prefix=$CARGO_MANIFEST_DIR=/cargo/$CARGO_PKG_NAME-$CARGO_PKG_VERSION" ;;
esac
"""


def write_crate_driver(  # one argument a thing that decides compiles
    toolchain: Toolchain,
    triple: str,
    directory: Path,
    name: str,
    *,
    target: Target,
    sysroot: Path | None,
    remap: Sequence[tuple[Path, str]],
    rustflags: Sequence[str],
    identity: str,
) -> Path:
    """Write to ``directory`` the compiler that cargo is given for the crate ``name``; return its path.

    ``identity`` says what std, tools and flags are; see :class:`staticlink.rust.rustc.Driver`. Crates of one name that
    are compiled in different ways at the same time have drivers of their own.
    """
    remapped = repr((remap, tuple(rustflags), identity)).encode()
    path = directory / f"rustc-{name}-{hashlib.sha256(remapped).hexdigest()[:8]}"
    linker = write_linker(directory)
    arguments = (*target_arguments(static=target.static, sysroot=sysroot, remap=remap), *rustflags)
    driver = Driver(
        toolchain.rustc,
        triple,
        arguments,
        f"{identity}{' static' if target.static else ''} {_VERSION}",
        _PREPARE % {"linker": shlex.quote(str(linker.absolute())), "note": NOTE, "triple": triple},
    )
    return write_driver(driver, path)


def write_linker(directory: Path) -> Path:
    """Write to ``directory`` the program that rustc is given as its linker; return its path."""
    command = shlex.join([sys.executable, "-I", "-S", str(Path(recorder.__file__).absolute())])
    return write_script(directory / "record-link", f'#!/bin/sh\nexec {command} "$@"\n')
