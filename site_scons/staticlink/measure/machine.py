"""Which two libcs are compared for one machine, and where does a compiler for it keep them?

The compiler says for which machine it compiles, where its glibc's archives are and where it looks for headers, so a
compiler for another machine (``aarch64-linux-gnu-gcc``) is measured as the machine's own is. The musl beside it is the
vendored one, compiled by the same compiler, which is done first where no prefix of it is given. Nothing that was
compiled is run.

Not modelled: compilers other than gcc; a glibc whose archives are not installed.
"""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from staticlink.elf.ar import is_archive
from staticlink.elf.mapping import map_file
from staticlink.libc.musl_release import musl_version
from staticlink.link.script import read_script
from staticlink.measure.headers import Libc, shared_headers
from staticlink.report.text import say
from staticlink.target import Target
from staticlink.vendored.cache import open_cache
from staticlink.vendored.provide import Provider
from staticlink.vendored.wrapper import Host, include_directories

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_PARTS = ("libc.a", "libm.a", "libresolv.a", "libcrypt.a")
_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Machine:
    """A machine by its name in a target triple, its two libcs (glibc first), their versions, and shared headers."""

    name: str
    libcs: tuple[Libc, Libc]
    versions: Mapping[str, str]
    headers: tuple[str, ...]


def find_machine(cc: Sequence[str] = ("gcc",), prefix: Path | None = None) -> Machine:
    """Return the libcs of the machine that ``cc`` compiles for; ``prefix`` is the vendored musl's, compiled for it."""
    name = _ask(cc, "-dumpmachine").strip().partition("-")[0]
    prefix = compile_musl(cc, name) if prefix is None else prefix
    asked = [Path(_ask(cc, f"-print-file-name={part}").strip()) for part in _PARTS]
    archives = tuple(path for one in asked if one.is_absolute() for path in _archives(one))
    libcs = (
        Libc("glibc", name, tuple(cc), archives),
        Libc("musl", name, (str(prefix / "bin/cc"),), (prefix / "lib/libc.a",)),
    )
    headers = shared_headers(prefix / "include", include_directories(_host(cc)))
    return Machine(name, libcs, _versions(prefix, cc), headers)


def compile_musl(cc: Sequence[str], machine: str) -> Path:
    """Return the prefix of the vendored musl as ``cc`` compiles it for ``machine``, from the cache or made now."""
    target = Target(machine, "musl", static=True)
    return Provider(target, open_cache(os.environ), _host(cc), None, offline=False, say=say).prefix("musl")


def _host(cc: Sequence[str]) -> Host:
    """Return ``cc`` with the directories of PATH, behind that of its own ``ar`` where this machine's is not meant."""
    path = os.environ.get("PATH", os.defpath)
    archiver = Path(_ask(cc, "-print-prog-name=ar").strip())
    return Host(tuple(cc), f"{archiver.parent.resolve()}:{path}" if archiver.is_absolute() else path)


def _archives(path: Path) -> Iterator[Path]:
    """Yield an archive, or those that a linker script in its place names."""
    data = map_file(path)
    if is_archive(data):
        yield path
    else:
        yield from (Path(name) for _, names in read_script(data, path.name) for name in names)


def _versions(prefix: Path, cc: Sequence[str]) -> dict[str, str]:
    macros = _ask(cc, "-E", "-dM", "-include", "features.h", "-x", "c", "/dev/null")
    glibc = ".".join(re.findall(r"#define __GLIBC(?:_MINOR)?__ (\d+)", macros))
    return {"glibc": glibc, "musl": musl_version(prefix / "lib/libc.a") or "unknown"}


def _ask(cc: Sequence[str], *question: str) -> str:
    done = subprocess.run([*cc, *question], capture_output=True, text=True, check=True, timeout=_SECONDS)
    return done.stdout
