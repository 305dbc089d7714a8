"""Which files does the chosen libc bring into a link: crt objects, libc.a, libgcc, and where do ``-l`` names resolve?

The compiler knows where it keeps its own files, so it is asked once (``-print-search-dirs``). For musl the crt
objects and libc.a come from the vendored sysroot and nothing is ever looked up in the host's library directories.

crtbeginT.o, GCC's usual choice for ``-static``, registers unwind tables through weak references that stay null
under musl and crash before main. Both libcs find the tables through ``PT_GNU_EH_FRAME``, so crtbegin.o (crtbeginS.o
for static-pie) serves both.
"""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from staticlink.elf.ar import archive_name
from staticlink.elf.machine import machine_of
from staticlink.errors import Fault, StaticlinkError, fail
from staticlink.platforms import refuse_triple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from staticlink.target import Target

#: What to install where a libc's static part is missing.
_INSTALL = "install the C library's development files (Debian: libc6-dev; Fedora: glibc-static)"
_QUERY_TIMEOUT = 30  # seconds; a compiler answers in milliseconds


@dataclass(frozen=True, slots=True)
class Libc:
    """The files of one libc, in link order. ``directories`` is where ``-l`` names are looked up, in order.

    ``before`` and ``after`` are the crt objects around all inputs; ``archives`` are libc.a and what belongs to it
    (glibc's libm.a); ``libgcc`` and ``libgcc_eh`` come from the compiler. ``other`` is the libc.a that the compiler has
    of its own, where the link is for another libc: it takes no part, but what is missing may be explained by it.
    """

    name: str
    before: tuple[Path, ...]
    after: tuple[Path, ...]
    archives: tuple[Path, ...]
    libgcc: Path
    libgcc_eh: Path
    directories: tuple[Path, ...]
    other: Path | None = None

    @property
    def files(self) -> tuple[Path, ...]:
        """Every file named, in link order; those that exist decide the executable."""
        return (*self.before, self.libgcc, self.libgcc_eh, *self.archives, *self.after)


def describe_libc(target: Target, compiler_directories: Sequence[Path], sysroot: Path | None) -> Libc:
    """Return the files of ``target``'s libc; ``sysroot`` is the vendored musl's prefix, ``None`` for glibc.

    The files need not exist yet (:func:`require_files` checks): dependencies are declared before musl is compiled.
    """
    directories = (sysroot / "lib",) if sysroot is not None else tuple(compiler_directories)

    def libc_file(name: str) -> Path:
        return _find(name, directories)

    def gcc_file(name: str) -> Path:
        return _find(name, compiler_directories)

    start = "rcrt1.o" if target.pie else "crt1.o"
    suffix = "S" if target.pie else ""
    names = ("libc.a",) if target.libc == "musl" else ("libm.a", "libc.a")
    return Libc(
        name=target.libc,
        before=(libc_file(start), libc_file("crti.o"), gcc_file(f"crtbegin{suffix}.o")),
        after=(gcc_file(f"crtend{suffix}.o"), libc_file("crtn.o")),
        archives=tuple(libc_file(name) for name in names),
        libgcc=gcc_file("libgcc.a"),
        libgcc_eh=gcc_file("libgcc_eh.a"),
        directories=directories,
        other=None
        if sysroot is None
        else next(filter(Path.is_file, (d / "libc.a" for d in compiler_directories)), None),
    )


def compiler_directories(cc: Sequence[str]) -> tuple[Path, ...]:
    """Return where the compiler ``cc`` looks for libraries, in its order: ``-B``, its own directory, the system's.

    Raises :class:`StaticlinkError` when the compiler cannot be run, or makes code for a system with nothing static.
    """
    command = [*cc, "-print-search-dirs"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=_QUERY_TIMEOUT)
    except (OSError, subprocess.SubprocessError) as error:
        raise fail("no-compiler", f"the compiler cannot be asked: {cc[0]}", evidence=(str(error),)) from None
    lines = dict(line.split(": ", 1) for line in done.stdout.splitlines() if ": " in line)
    own = [Path(lines["install"])] if "install" in lines else []  # clang has no such line
    for path in own:
        refuse_triple(path.parent.name)  # gcc keeps its files in .../TRIPLE/VERSION/
    found = [*(Path(part) for part in lines["libraries"].removeprefix("=").split(":") if part), *own]
    return tuple(dict.fromkeys(path.resolve() for path in found if path.is_dir()))


def require_files(libc: Libc) -> None:
    """Raise :class:`StaticlinkError` naming every file of ``libc`` that does not exist."""
    missing = [path for path in libc.files if not path.is_file()]
    if not missing:
        return
    what = f"no static {libc.name} installed" if libc.name == "glibc" else "the musl sysroot is incomplete"
    fix = _INSTALL if libc.name == "glibc" else None
    evidence = (*(f"not found: {path.name}" for path in missing), *_searched(libc.directories))
    raise StaticlinkError(Fault("no-static-libc", what, evidence, fix))


def find_libraries(names: Iterable[str], directories: Sequence[Path], machine: str) -> tuple[Path, ...]:
    """Return the archive of each ``-l`` name: ``libNAME.a``, or the very file for ``:NAME``.

    One that is for another machine than ``machine`` is passed over, as linkers do. Raises :class:`StaticlinkError`
    naming all that are missing and where they were looked for.
    """
    found: list[Path] = []
    faults: list[Fault] = []
    for name in dict.fromkeys(names):
        file = archive_name(name)
        candidates = [(path, machine_of(path)) for path in (d / file for d in directories) if path.is_file()]
        path = next((path for path, of in candidates if of in (None, machine)), None)
        if path is not None:
            found.append(path)
        else:
            faults.append(
                Fault(
                    "missing-archive",
                    f"archive not found: {file}",
                    (
                        *(f"for {of}, the link is for {machine}: {path}" for path, of in candidates),
                        *_dynamic_twin(name, directories),
                        *_searched(directories),
                    ),
                )
            )
    if faults:
        raise StaticlinkError(*faults)
    return tuple(found)


def _find(name: str, directories: Sequence[Path]) -> Path:
    """Return the first ``directory/name`` that exists, else the bare name, which does not."""
    return next(
        (d / name for d in directories if (d / name).is_file()), directories[0] / name if directories else Path(name)
    )


def _dynamic_twin(name: str, directories: Sequence[Path]) -> tuple[str, ...]:
    twin = next((d / f"lib{name}.so" for d in directories if (d / f"lib{name}.so").exists()), None)
    return (f"only a shared library is installed: {twin}",) if twin else ()


def _searched(directories: Sequence[Path]) -> tuple[str, ...]:
    return tuple(f"searched: {directory}" for directory in directories)
