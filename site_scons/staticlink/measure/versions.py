"""Which versions of glibc's functions are not the function that the name has today?

The answer is policy data, ``policy/libc_versions/MACHINE.toml``, because a machine that links need not have glibc. It
is measured on glibc's shared libraries: their dynamic symbols carry versions, and a version is another function when
its code is at another place than that of the default one. A name without a default version is not in the answer: a
linker never gives it to anybody.

    PYTHONPATH=site_scons python -m staticlink.measure.versions

A link does not import this module. Not modelled: two copies of one function's code, which count as two functions.
"""

from __future__ import annotations

import platform
import re
import subprocess
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

from staticlink.link.shim_versions import TABLES

if TYPE_CHECKING:
    from collections.abc import Iterable

_LIBRARIES = ("libc.so.6", "libm.so.6", "libpthread.so.0", "librt.so.1", "libdl.so.2", "libresolv.so.2", "libutil.so.1")
_ROW = re.compile(r" *\d+: ([0-9a-f]+) .* (?!UND)\S+ (\w+)(@@?)(GLIBC_[\d.]+)(?: .*)?$")
_SECONDS = 60
_HEADING = """\
# Versions of glibc's functions that are not the function of that name today, on {machine}, glibc {version}.
# Measured, not written by hand: PYTHONPATH=site_scons python -m staticlink.measure.versions
"""


def measure_versions(libraries: Iterable[Path]) -> frozenset[str]:
    """Return the names, with their versions, whose code is at another place than that of the default version."""
    places: dict[str, tuple[Path, str]] = {}
    today: dict[str, set[tuple[Path, str]]] = {}
    for library in libraries:
        command = ["readelf", "--dyn-syms", "--wide", str(library)]
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=_SECONDS)
        for value, name, default, version in filter(None, map(_read, done.stdout.splitlines())):
            places[f"{name}@{version}"] = library, value
            if default == "@@":
                today.setdefault(name, set()).add((library, value))
    return frozenset(name for name, place in places.items() if place not in today.get(name.partition("@")[0], {place}))


def _read(line: str) -> tuple[str, str, str, str] | None:
    found = _ROW.match(line)
    return (found[1], found[2], found[3], found[4]) if found is not None else None


def find_libraries() -> list[Path]:
    """Return the shared libraries of the machine's glibc, as its compiler finds them."""
    found = []
    for name in _LIBRARIES:
        command = ["gcc", f"-print-file-name={name}"]
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=_SECONDS)
        if Path(done.stdout.strip()).is_file():
            found.append(Path(done.stdout.strip()))
    return found


def render_versions(names: Iterable[str], machine: str, version: str) -> str:
    """Return the table as it is kept."""
    text = textwrap.fill(" ".join(sorted(names)), 116, break_long_words=False, break_on_hyphens=False)
    return f'{_HEADING.format(machine=machine, version=version)}\nothers = """\n{text}\n"""\n'


if __name__ == "__main__":
    TABLES.mkdir(exist_ok=True)
    found = render_versions(measure_versions(find_libraries()), platform.machine(), platform.libc_ver()[1])
    (TABLES / f"{platform.machine()}.toml").write_text(found, encoding="utf-8")
