"""What is ``cc`` for a libc that is not the machine's own?

A prefix becomes a sysroot: beside its headers and libc go the kernel's headers, our own for ``_FORTIFY_SOURCE``
(``fortify/``), a specs file, and ``bin/cc``, a script that calls the machine's gcc with them. The script finds the
sysroot beside itself and the specs file holds no path, so the directory can be copied anywhere, into a path with spaces
too.

Linking is static unless ``-shared`` or ``-r`` is asked for, because there is no shared libc, and a configure script
that links and runs a test program would fail otherwise. The crt objects are the libc's, with gcc's ``crtbegin.o``
(``crtbeginS.o`` for static-pie): ``crtbeginT.o``, which gcc takes for static links, registers unwind tables through
weak references that nothing fills here, and crashes before main. The machine's own library directories are not
searched, and its headers are never seen except the kernel's, which no libc brings.

Every object it compiles or assembles carries a note that says for which libc (``libc/note.py``): gcc's assembler is
given a second source. With ``-pipe`` the first one comes through standard input, which has to be named then, except
where the source is assembly that gcc hands on as it is.

Only gcc reads specs files; other compilers are refused. Not modelled: C++, whose library would have to be built for
this libc as well.
"""

from __future__ import annotations

import hashlib
import os
import shlex
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from staticlink.errors import fail
from staticlink.libc.note import note_source
from staticlink.vendored.cache import hash_file

if TYPE_CHECKING:
    from collections.abc import Sequence

    from staticlink.target import Target

_SECONDS = 60
#: What surrounds the list of include directories in what gcc -v tells.
_LISTED, _END = "#include <...> search starts here:\n", "\nEnd of search list."
_KERNEL = ("asm", "asm-generic", "linux")
#: Our own headers for _FORTIFY_SOURCE.
FORTIFY = Path(__file__).parent.parent / "fortify"

_SPECS = """\
%rename cpp_options staticlink_cpp_options

%rename asm_final staticlink_asm_final

*asm_final:
%{pipe:%{!,assembler:-}} note.s%s %(staticlink_asm_final)

*cpp_options:
%(staticlink_cpp_options) -isystem include%s

*cc1:
%(cc1_cpu) -isystem include%s

*startfile:
%{shared:;static-pie:rcrt1.o%s;:crt1.o%s} crti.o%s %{shared|static-pie:crtbeginS.o%s;:crtbegin.o%s}

*endfile:
%{shared|static-pie:crtendS.o%s;:crtend.o%s} crtn.o%s

*link:
%{!r:--build-id --eh-frame-hdr} -z noexecstack %{shared:-shared} %{static:-static} \
%{static-pie:-static -pie --no-dynamic-linker -z text}

*link_libgcc:


*libgcc:
libgcc.a%s

*link_gcc_c_sequence:
--start-group %G %{!nolibc:%L} --end-group

"""

_SCRIPT = """\
#!/bin/sh
# A C compiler for @TRIPLE@: the machine's gcc with the headers, crt objects and libc beside this script.
self=$0
[ -h "$self" ] && self=$(readlink -f -- "$self")
root=${self%/*}
case $root in
    */bin) root=${root%/bin} ;;
    *) root=$root/.. ;;
esac
# What these name would come before the sysroot.
unset CPATH C_INCLUDE_PATH LIBRARY_PATH COMPILER_PATH GCC_EXEC_PREFIX
mode=-static
for argument do
    shift
    case $argument in
        -print-multiarch | --print-multiarch) exit 0 ;;
        -dumpmachine) echo @TRIPLE@; exit 0 ;;
        -pie | -static-pie) argument=-static-pie mode= ;;
        -shared | -r) mode= ;;
        -static) continue ;;
    esac
    set -- "$@" "$argument"
done
exec @CC@ -specs="$root/lib/cc.specs" -B"$root/lib/" "-ffile-prefix-map=$root=/sysroot" "$@" \\
    -nostdinc -isystem "$root/fortify" -isystem "$root/include" -idirafter "$root/kernel" $mode "-L$root/lib"
"""


@dataclass(frozen=True, slots=True)
class Host:
    """The build machine's compiler as arguments, and the directories programs are looked for in."""

    cc: tuple[str, ...] = ("gcc",)
    path: str = "/usr/local/bin:/usr/bin:/bin"


def write_sysroot(prefix: Path, host: Host, target: Target, version: str) -> None:
    """Make a sysroot of ``prefix``, which holds a libc of that version and its headers."""
    _ask(host, "-dumpspecs")
    for name, directory in find_kernel_headers(include_directories(host)).items():
        shutil.copytree(directory, prefix / "kernel" / name, copy_function=shutil.copyfile)
    shutil.copytree(FORTIFY, prefix / "fortify", copy_function=shutil.copyfile)
    (prefix / "lib" / "cc.specs").write_text(_SPECS, encoding="utf-8")
    (prefix / "lib" / "note.s").write_text(note_source(target.libc, version), encoding="utf-8")
    script = prefix / "bin" / "cc"
    script.parent.mkdir(exist_ok=True)
    words = _SCRIPT.replace("@TRIPLE@", target.triple).replace("@CC@", shlex.join(host.cc))
    script.write_text(words, encoding="utf-8")
    script.chmod(0o755)


def identify_host(host: Host) -> str:
    """Return a digest of what the machine's compiler brings into a build: its programs and the kernel's headers."""
    driver = shutil.which(host.cc[-1], path=host.path)
    if driver is None:
        raise fail("no-compiler", f"no C compiler: {shlex.join(host.cc)}", evidence=(f"looked in {host.path}",))
    parts = [Path(driver), find_kernel_headers(include_directories(host))["linux"] / "version.h"]
    for program in ("cc1", "as", "ld", "ar"):
        named = shutil.which(_ask(host, f"-print-prog-name={program}"), path=host.path)
        if named is not None:
            parts.append(Path(named))
    digests = [_ask(host, "--version"), *(hash_file(part.resolve()) for part in parts)]
    return hashlib.sha256("\n".join(digests).encode()).hexdigest()


def find_kernel_headers(roots: Sequence[Path]) -> dict[str, Path]:
    """Return where each directory of the kernel's headers is, in the first of ``roots`` that has it."""
    found = {name: root / name for name in _KERNEL for root in reversed(roots) if (root / name).is_dir()}
    missing = [name for name in _KERNEL if name not in found]
    if missing:
        evidence = [f"looked in {root}" for root in roots]
        what = f"no kernel headers: {', '.join(missing)}"
        raise fail("no-kernel-headers", what, evidence=evidence, fix="install the package linux-libc-dev (Debian)")
    return found


def include_directories(host: Host) -> tuple[Path, ...]:
    """Return where the compiler looks for the headers of its libc, in its order, up to those of the libc itself.

    A compiler for another machine goes on to those of this one, which are none of its libc's.
    """
    own = _ask(host, "-print-file-name=include")
    _, _, listed = _ask(host, "-E", "-v", "-x", "c", "/dev/null").partition(_LISTED)
    found = [Path(line.strip()) for line in listed.partition(_END)[0].splitlines() if line.strip() not in ("", own)]
    last = next((place for place, root in enumerate(found) if (root / "features.h").is_file()), len(found))
    return tuple(Path(os.path.normpath(root)) for root in found[: last + 1])


def _ask(host: Host, *question: str) -> str:
    """Return what the compiler answers to an option such as ``-dumpspecs``, without the last newline.

    With ``-v`` the answer is what it tells of its own work.
    """
    command = [*host.cc, *question]
    environment = {"PATH": host.path, "LC_ALL": "C"}
    try:
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=_SECONDS)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise fail("no-compiler", f"no C compiler: {shlex.join(host.cc)}", evidence=(str(error),)) from None
    if done.returncode != 0:
        evidence = (f"{shlex.join(command)}: exit code {done.returncode}",)
        raise fail(
            "compiler-is-not-gcc", f"compiler is not gcc: {shlex.join(host.cc)}", evidence=evidence, fix="CC=gcc"
        )
    return (done.stderr if "-v" in question else done.stdout).rstrip("\n")
