"""How does the standard library travel inside the executable?

As frozen modules. CPython keeps a table of modules whose marshalled code lies in memory and consults it before any
file; we give it one that holds the whole standard library and the program's own scripts. The code is compiled by the
interpreter that will be embedded, put back to back into one file a set of modules, and taken into an object file by the
assembler's ``.incbin``. No importer of our own runs, nothing is unpacked, and a page of it that is never used is never
read.

A set (the standard library, the program's scripts) is frozen on its own, so that editing a script compiles one script.

Not modelled: data files beside modules and ``__file__``, which frozen modules do not have; extension modules, which are
built in or absent (``inittab.py``).
"""

from __future__ import annotations

import fnmatch
import itertools
import json
import os
import subprocess
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import toml

from staticlink.errors import Fault, StaticlinkError, fail

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

_FREEZE = Path(__file__).with_name("freeze.py")
_POLICY = Path(__file__).parent.parent / "policy" / "python.toml"
_TIMEOUT = 600  # seconds; the whole standard library takes about ten


@dataclass(frozen=True, slots=True)
class Module:
    """A module to freeze: its dotted name, where its source is, and the file name that tracebacks show."""

    name: str
    path: str
    filename: str
    package: bool


@dataclass(frozen=True, slots=True)
class Frozen:
    """Where the code of a module lies in the file of its set: ``size`` bytes from ``offset``."""

    name: str
    offset: int
    size: int
    package: bool


def read_exclusions(path: Path = _POLICY) -> tuple[str, ...]:
    """Return the module patterns that the policy leaves out."""
    return tuple(row["name"] for row in toml.loads(path.read_text(encoding="utf-8"))["exclude"])


def find_stdlib(root: Path, exclusions: Sequence[str]) -> tuple[Module, ...]:
    """Return the modules below the standard library's directory ``root``, sorted by name, without ``exclusions``.

    Raises :class:`StaticlinkError` when this is not a standard library.
    """
    found = tuple(sorted(_walk(root, "", exclusions, "<stdlib>"), key=lambda module: module.name))
    if not any(module.name == "encodings" for module in found):
        raise fail(
            "no-python-stdlib", f"not a Python standard library: {root}", evidence=("it holds no package encodings",)
        )
    return found


def find_scripts(paths: Iterable[Path]) -> tuple[Module, ...]:
    """Return the modules of the program's own scripts: a file is a module, a directory a package, sorted by name.

    Raises :class:`StaticlinkError`, naming all of them, for names that cannot be imported and two scripts of one name.
    """
    found: list[Module] = []
    faults: list[Fault] = []
    for path in paths:
        package = path.is_dir()
        name = path.name if package else path.stem
        if not name.isidentifier():
            faults.append(Fault("python-module-name", f"python script cannot be imported under its name: {path}"))
        elif package:
            found.append(Module(name, str(path / "__init__.py"), f"<program>/{name}/__init__.py", package=True))
            found.extend(_walk(path, f"{name}.", (), f"<program>/{name}"))
        else:
            found.append(Module(name, str(path), f"<program>/{name}.py", package=False))
    found.sort(key=lambda module: (module.name, module.path))
    for first, second in itertools.pairwise(found):
        if first.name == second.name:
            evidence = (first.path, second.path)
            faults.append(Fault("python-module-twice", f"two python scripts have one name: {first.name}", evidence))
    if faults:
        raise StaticlinkError(*faults)
    return tuple(found)


def _walk(directory: Path, prefix: str, exclusions: Sequence[str], shown: str) -> Iterator[Module]:
    """Yield the modules and packages in ``directory``; what has no importable name is not a module."""
    for entry in sorted(os.scandir(directory), key=lambda entry: entry.name):
        stem = entry.name.removesuffix(".py")
        name = prefix + stem
        if any(fnmatch.fnmatchcase(name, pattern) for pattern in exclusions) or (stem == "__init__" and prefix):
            continue
        if entry.is_dir():
            inside = Path(entry.path, "__init__.py")
            if entry.name.isidentifier() and inside.is_file():
                yield Module(name, str(inside), f"{shown}/{entry.name}/__init__.py", package=True)
                yield from _walk(Path(entry.path), f"{name}.", exclusions, f"{shown}/{entry.name}")
        elif entry.name.endswith(".py") and (stem.isidentifier() or stem.startswith("_sysconfigdata")):
            yield Module(name, entry.path, f"{shown}/{entry.name}", package=False)


def freeze(interpreter: Path, modules: Sequence[Module], blob: Path, index: Path) -> None:
    """Compile ``modules`` with ``interpreter`` into ``blob``, and write where each lies into ``index``.

    Raises :class:`StaticlinkError` with every module that does not compile; neither file is then changed.
    """
    temporary = {path: path.with_name(f"{path.name}.tmp.{os.getpid()}") for path in (blob, index)}
    request = {
        "blob": str(temporary[blob]),
        "index": str(temporary[index]),
        "modules": [asdict(module) for module in modules],
    }
    try:
        _run_freeze(interpreter, json.dumps(request))
        for path, written in temporary.items():
            written.replace(path)
    finally:
        for written in temporary.values():
            written.unlink(missing_ok=True)


def _run_freeze(interpreter: Path, request: str) -> None:
    command = [str(interpreter), "-s", "-S", "-P", "-B", "-X", "utf8", str(_FREEZE)]
    try:
        done = subprocess.run(
            command,
            input=request,
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=False,
            timeout=_TIMEOUT,
            env={"PYTHONHASHSEED": "0"},
        )
    except OSError as error:
        raise fail(
            "python-interpreter", f"python interpreter does not start: {interpreter}", evidence=(str(error.strerror),)
        ) from None
    except subprocess.TimeoutExpired:
        raise fail(
            "python-interpreter", f"python interpreter does not end: {interpreter}", evidence=(f"waited {_TIMEOUT} s",)
        ) from None
    if done.returncode == 0:
        return
    if done.returncode == 1 and done.stdout.startswith('{"errors"'):
        raise StaticlinkError(*(_syntax_fault(error) for error in json.loads(done.stdout)["errors"]))
    raise fail(
        "python-interpreter",
        f"python interpreter fails: {interpreter}",
        evidence=(f"exit code {done.returncode}", *done.stderr.strip().splitlines()[-5:]),
    )


def _syntax_fault(error: dict[str, Any]) -> Fault:
    place = f"line {error['line']}: {error['message']}" if error["line"] else error["message"]
    evidence = (place, error["text"]) if error["text"] else (place,)
    return Fault("python-syntax", f"python script does not compile: {error['path']}", evidence)


def read_index(path: Path) -> tuple[Frozen, ...]:
    """Return the rows that :func:`freeze` wrote."""
    return tuple(Frozen(**row) for row in json.loads(path.read_text(encoding="utf-8")))


def format_assembly(blobs: Sequence[tuple[str, str]]) -> str:
    """Return assembly that takes files into an object: pairs of a symbol and a name below the assembler's ``-I``."""
    lines = ['\t.section .rodata.staticlink_python,"a",%progbits']
    for symbol, name in blobs:
        quoted = name.replace("\\", "\\\\").replace('"', '\\"')
        lines += ["\t.balign 16", f"\t.globl {symbol}", f"\t.hidden {symbol}", f"{symbol}:", f'\t.incbin "{quoted}"']
        lines += [f"\t.type {symbol}, %object", f"\t.size {symbol}, . - {symbol}"]
    lines.append('\t.section .note.GNU-stack,"",%progbits')
    return "\n".join(lines) + "\n"


def format_table(sets: Sequence[tuple[str, Sequence[Frozen]]]) -> str:
    """Return C source of CPython's table of frozen modules: for each set the symbol of its bytes and its rows.

    The first set that has a module wins: a program's script hides a module of the standard library, as on ``sys.path``.
    """
    lines = ["#include <Python.h>", ""]
    lines += [f'extern const unsigned char {symbol}[] __attribute__((visibility("hidden")));' for symbol, _ in sets]
    lines += ["", "const struct _frozen staticlink_frozen_modules[] = {"]
    seen: set[str] = set()
    for symbol, rows in sets:
        for row in rows:
            if row.name in seen:
                continue
            seen.add(row.name)
            code = f".code = {symbol} + {row.offset}, .size = {row.size}, .is_package = {int(row.package)}"
            lines.append(f'    {{.name = "{row.name}", {code}}},')
    lines += ["    {.name = 0},", "};"]
    return "\n".join(lines) + "\n"


def write_source(path: Path, text: str) -> None:
    """Write a generated source file, whole or not at all."""
    temporary = path.with_name(f"{path.name}.tmp.{os.getpid()}")
    try:
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
