"""Which libpython does this system offer, and what else does its archive ask for?

The system's interpreter knows (``sysconfig``): where its static library, its headers and its standard library are, and
which libraries its built-in modules were linked with. Those that are parts of the C library are left to the link.
"""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import toml

from staticlink.errors import Fault, StaticlinkError, fail

if TYPE_CHECKING:
    from collections.abc import Sequence

_POLICY = Path(__file__).parent.parent / "policy" / "python.toml"
_TIMEOUT = 30  # seconds; an interpreter answers in milliseconds
_OLDEST = (3, 11)
_ASK = """
import json, sys, sysconfig
names = ("LIBRARY", "LIBPL", "LIBDIR", "MULTIARCH", "LIBS", "MODLIBS")
answer = {name: sysconfig.get_config_var(name) or "" for name in names}
answer["version"] = list(sys.version_info[:2])
answer["include"] = sysconfig.get_path("include")
answer["stdlib"] = sysconfig.get_path("stdlib")
print(json.dumps(answer))
"""


@dataclass(frozen=True, slots=True)
class SystemPython:
    """A system's CPython. ``archives`` starts with libpython and goes on with what it needs beyond the C library."""

    version: str
    interpreter: Path
    stdlib: Path
    include: Path
    archives: tuple[Path, ...]


def find_system_python(interpreters: Sequence[Path], *, position_independent: bool) -> SystemPython:
    """Return the CPython of the first interpreter that exists, with an archive that suits the kind of executable.

    Raises :class:`StaticlinkError` with everything that is not installed, and the Debian packages that bring it.
    """
    interpreter = next((path for path in interpreters if path.is_file()), None)
    if interpreter is None:
        places = tuple(str(path) for path in interpreters)
        raise fail("no-system-python", "the system has no python", evidence=places, fix="apt-get install python3-dev")
    return _describe(interpreter, _ask(interpreter), position_independent=position_independent)


def _ask(interpreter: Path) -> dict[str, Any]:
    try:
        done = subprocess.run(
            [str(interpreter), "-I", "-S", "-c", _ASK],
            capture_output=True,
            text=True,
            check=True,
            timeout=_TIMEOUT,
            env={},
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise fail(
            "system-python", f"the system's python does not answer: {interpreter}", evidence=(str(error),)
        ) from None
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def _describe(interpreter: Path, answer: dict[str, Any], *, position_independent: bool) -> SystemPython:
    version = ".".join(map(str, answer["version"]))
    if tuple(answer["version"]) < _OLDEST:
        raise fail(
            "system-python",
            f"the system's python is too old: {version}",
            evidence=(f"{interpreter}; 3.11 or newer can be embedded",),
            fix="python=vendored",
        )
    directories = (Path(answer["LIBPL"]), Path(answer["LIBDIR"], answer["MULTIARCH"]), Path(answer["LIBDIR"]))
    library: str = answer["LIBRARY"]
    pic = library.replace(".a", "-pic.a")  # Debian's libpython3.x.a is not position-independent; this one is
    if position_independent and any((directory / pic).is_file() for directory in directories):
        library = pic
    found, faults = find_archives(library, f"{answer['MODLIBS']} {answer['LIBS']}", directories)
    include = Path(answer["include"])
    if not (include / "Python.h").is_file():
        faults = (
            Fault(
                "no-system-python",
                f"no header Python.h of python {version}",
                (str(include),),
                _install("libpython3-dev"),
            ),
            *faults,
        )
    if faults:
        raise StaticlinkError(*faults)
    return SystemPython(version, interpreter, Path(answer["stdlib"]), include, found)


def find_archives(
    libpython: str, flags: str, directories: Sequence[Path]
) -> tuple[tuple[Path, ...], tuple[Fault, ...]]:
    """Return the archives that ``libpython`` and the ``-l`` words of ``flags`` name; a fault for each missing one."""
    rows = {row["name"]: row for row in toml.loads(_POLICY.read_text(encoding="utf-8"))["library"]}
    names = dict.fromkeys(word.removeprefix("-l") for word in flags.split() if word.startswith("-l"))
    wanted = [(libpython, "libpython3-dev")]
    for name in sorted(names):
        row = rows.get(name, {})
        if not row.get("libc", False):
            wanted.append((f"lib{name}.a", row.get("debian")))
    found: list[Path] = []
    faults: list[Fault] = []
    for file, package in wanted:
        path = next((directory / file for directory in directories if (directory / file).is_file()), None)
        if path is not None:
            found.append(path)
            continue
        looked = tuple(f"not in {directory}" for directory in dict.fromkeys(directories))
        faults.append(
            Fault("no-system-python", f"missing archive: {file}", looked, _install(package) if package else None)
        )
    return tuple(found), tuple(faults)


def _install(package: str) -> str:
    return f"apt-get install {package}"
