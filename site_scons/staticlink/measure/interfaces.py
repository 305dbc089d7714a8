"""Which functions of both libcs mean the same to a caller that was compiled against the other one?

The functions are what both libcs' archives define. Each is compared through what headers say of it: its type and all
that this leads to, and the constants it takes (``headers.py``, ``layout.py``). A name that no header declares has the
interface of a declared one at the same place. What headers do not say is policy, ``policy/libc_interfaces.toml``, and
the measurement stops where policy is silent: at a name without a type, a type that one libc hides, or a constant of
both libcs that differs. The result is ``policy/libc_abi/MACHINE.toml``:

    PYTHONPATH=site_scons python -m staticlink.measure.interfaces [--cc GCC] [MUSL_PREFIX]

A link does not import this module. Not modelled: what a function does; initialisers that only one libc has.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import textwrap
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any

import toml

from staticlink.errors import Fault, StaticlinkError
from staticlink.measure.headers import Probe, read_definitions
from staticlink.measure.layout import Comparison, Difference
from staticlink.measure.machine import find_machine
from staticlink.report.text import render_error

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from staticlink.measure.headers import Libc
    from staticlink.measure.layout import View
    from staticlink.measure.machine import Machine

_POLICY = Path(__file__).parent.parent / "policy"
_LIBCS = ("glibc", "musl")
#: Programs are compiled with either; on 64-bit machines it changes symbols only, which is measured.
_MACROS = ((), ("-D_FILE_OFFSET_BITS=64",))
_INITIALISERS = {
    "PTHREAD_MUTEX_INITIALIZER": "pthread_mutex_t",
    "PTHREAD_COND_INITIALIZER": "pthread_cond_t",
    "PTHREAD_RWLOCK_INITIALIZER": "pthread_rwlock_t",
    "PTHREAD_ONCE_INIT": "pthread_once_t",
    "ONCE_FLAG_INIT": "once_flag",
}
_WIDTH = 116


@dataclass(frozen=True, slots=True)
class Measured:
    """What the headers of both libcs say, in the order of ``_LIBCS``.

    ``definitions`` maps a symbol to the names at its place, ``constants`` a name to its value.
    """

    definitions: tuple[Mapping[str, frozenset[str]], ...]
    views: tuple[View, ...]
    constants: tuple[Mapping[str, int], ...]
    initialisers: tuple[Mapping[str, bytes], ...]


@dataclass(slots=True)
class Table:
    """What comes out: the differences of each function, type and constant, and where policy is silent."""

    functions: dict[str, dict[Difference, None]] = field(default_factory=dict)
    types: dict[str, list[str]] = field(default_factory=dict)
    constants: dict[str, str] = field(default_factory=dict)
    silent: list[str] = field(default_factory=list)


def measure(libcs: Sequence[Libc], headers: Sequence[str], into: Path, macros: Sequence[str] = ()) -> Measured:
    """Ask the compilers of both ``libcs`` about ``headers``; ``into`` is a directory for the probes."""
    definitions = tuple(read_definitions(libc) for libc in libcs)
    names = sorted(definitions[0].keys() & definitions[1].keys())
    probes = [Probe(libc, tuple(headers), into, tuple(macros)) for libc in libcs]
    views = tuple(probe.view(names) for probe in probes)
    return Measured(
        definitions,
        views,
        tuple(probe.constants(probe.names(view)) for probe, view in zip(probes, views, strict=True)),
        tuple(probe.initialisers(_INITIALISERS) for probe in probes),
    )


def classify(measured: Measured, policy: Mapping[str, Any]) -> Table:
    """Return what ``policy`` makes of what was measured."""
    table = Table()
    comparison = Comparison(measured.views[0], measured.views[1])
    constants = dict(_constants(measured, policy, table))
    aliases: dict[str, str] = {}
    for name in sorted(measured.definitions[0].keys() & measured.definitions[1].keys()):
        row = next((row for row in policy["symbol"] if _fits(name, row["names"])), None)
        declared = name if row is not None else _declared(name, measured)
        if declared is None:
            table.silent.append(f"name that not both libcs declare: {name}")
            continue
        if declared != name:
            aliases[name] = declared
            continue
        found = _function(name, row, measured, comparison)
        for behind in policy["behind"]:
            if name in behind["functions"]:
                found |= dict.fromkeys(one for kind in behind["types"] for one in _type(kind, measured, comparison))
        found |= dict.fromkeys(constants.get(name, ()))
        table.functions[name] = dict.fromkeys(left for one in found if (left := _harmful(one, policy)).callers)
    table.functions |= {name: table.functions[known] for name, known in aliases.items()}
    for kind in sorted(measured.views[0].types.keys() & measured.views[1].types.keys()):
        sentences = [one.text for one in _type(kind, measured, comparison) if not one.subject.startswith("_")]
        known = {text for texts in table.types.values() for text in texts}
        if fresh := [text for text in sentences if text not in known]:
            table.types[kind] = fresh
    opaque = [name for row in policy["opaque"] for name in row["types"]]
    table.silent += [f"type that only {libc} shows: {name}" for name, libc in sorted(comparison.incomplete.items())
                     if name not in opaque]  # fmt: skip
    return table


def _declared(name: str, measured: Measured) -> str | None:
    """Return ``name``, or a name at the same place in both libcs, that both libcs' headers declare."""
    together = [{name, *places.get(name, ())} for places in measured.definitions]
    known = set.intersection(*together).intersection(*(view.symbols for view in measured.views))
    return min(known, key=lambda one: (one != name, one), default=None)


def _function(
    name: str, row: Mapping[str, Any] | None, measured: Measured, comparison: Comparison
) -> dict[Difference, None]:
    """Return the differences of one function's type, or what policy says of it."""
    if row is None:
        one, other = (view.symbols[name] for view in measured.views)
        return dict.fromkeys(comparison.differences(one, other, name))
    text = f"{name} {row.get('difference', '')}".replace("NAME", name.lstrip("_"))
    said = Difference(name, text, tuple(row.get("callers", _LIBCS)))
    return {said: None} if row["kind"] == "differs" else {}


def _type(name: str, measured: Measured, comparison: Comparison) -> tuple[Difference, ...]:
    one, other = (view.types[name] for view in measured.views)
    return comparison.differences(one, other, name.rpartition(" ")[2])


def _constants(measured: Measured, policy: Mapping[str, Any], table: Table) -> Iterator[tuple[str, list[Difference]]]:
    """Yield each function that takes a constant that differs, with these constants; record them all."""
    taken: dict[str, list[Difference]] = {}
    one, other = measured.constants
    for name in sorted(one.keys() | other.keys()):
        if one.get(name) == other.get(name):
            continue
        row = next((row for row in policy["constant"] if _fits(name, row["names"])), None)
        both = name in one and name in other
        if row is None and both:
            table.silent.append(f"constant that differs: {name} is {one[name]} and {other[name]}")
        if row is None or not (both or "functions" in row):
            continue
        text, callers = _worded(name, one.get(name), other.get(name))
        table.constants[name] = text
        for function in row.get("functions", ()):
            taken.setdefault(function, []).append(Difference(name, text, tuple(row.get("callers", callers))))
    for name in sorted(_INITIALISERS):
        # What is longer is the type's own difference; what is behind the shorter one has to be zeros.
        first, second = (values.get(name, b"?").rstrip(b"\0") for values in measured.initialisers)
        if first != second:
            table.silent.append(f"initialiser that differs: {name}")
    yield from taken.items()


def _worded(name: str, one: int | None, other: int | None) -> tuple[str, tuple[str, ...]]:
    if one is None:
        return f"{name} is {other} under musl, absent in glibc", ("musl",)
    if other is None:
        return f"{name} is {one} under glibc, absent in musl", ("glibc",)
    return f"{name} is {one} under glibc, {other} under musl", _LIBCS


def _harmful(one: Difference, policy: Mapping[str, Any]) -> Difference:
    """Return a difference with those of its callers alone that it harms, says ``policy``."""
    rows = [row for row in policy["harmless"] if _fits(one.subject, row["subjects"])]
    safe = {libc for row in rows for libc in row.get("callers", _LIBCS)}
    return replace(one, callers=tuple(libc for libc in one.callers if libc not in safe))


def _fits(name: str, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def render(tables: Sequence[Table], versions: Mapping[str, str], machine: str) -> str:
    """Return the text of the policy file: what the ``tables`` of all ways to compile say together.

    Raises :class:`StaticlinkError` with everything that no row of policy is about.
    """
    silent = sorted({line for table in tables for line in table.silent})
    if silent:
        raise StaticlinkError(Fault("no-policy", "no policy for what was measured", tuple(silent)))
    functions: dict[str, dict[Difference, None]] = {}
    for table in tables:
        for name, found in table.functions.items():
            functions.setdefault(name, {}).update(found)
    same = sorted(name for name, found in functions.items() if not found)
    lines = [
        f"# The functions of both libcs on {machine}: those that mean the same to a caller compiled against either,",
        "# and those that do not. callers: the libcs whose callers are harmed when they meet the other one's function.",
        "# Measured, not written by hand; policy/libc_interfaces.toml holds what headers do not say:",
        "# PYTHONPATH=site_scons python -m staticlink.measure.interfaces MUSL_PREFIX",
        "",
        *(f'{name} = "{versions[name]}"' for name in sorted(versions)),
        "",
        f"same = {_words(same)}",
    ]
    for name in sorted(functions.keys() - set(same)):
        told = sorted(functions[name], key=_weight)
        callers = sorted({libc for one in told for libc in one.callers})
        lines += ["", f"[differs.{name}]", f"callers = {toml_list(callers)}"]
        lines += ["differences = [", *(f'    "{text}",' for text in dict.fromkeys(one.text for one in told)), "]"]
    lines += ["", "[types]"]
    for kind in sorted({kind for table in tables for kind in table.types}):
        texts = dict.fromkeys(text for table in tables for text in table.types.get(kind, ()))
        lines += [f'"{kind}" = [', *(f'    "{text}",' for text in texts), "]"]
    lines += ["", "[constants]"]
    merged = {name: text for table in tables for name, text in table.constants.items()}
    lines += [f'{name} = "{merged[name]}"' for name in sorted(merged)]
    return "\n".join([*lines, ""])


def _weight(one: Difference) -> tuple[bool, bool, str, str]:
    """Sort what both libcs have first, and whole types before their fields."""
    return (" only" in one.text, "." in one.subject, one.subject, one.text)


def toml_list(words: Sequence[str]) -> str:
    """Return ``words`` as a TOML array on one line."""
    return "[" + ", ".join(f'"{word}"' for word in words) + "]"


def _words(names: Sequence[str]) -> str:
    """Return names as one string: an array of a thousand strings takes longer to read than a link to plan."""
    return '"""\n' + textwrap.fill(" ".join(names), _WIDTH, break_on_hyphens=False, break_long_words=False) + '"""'


def read_policy() -> dict[str, Any]:
    """Return the rows of ``policy/libc_interfaces.toml`` by kind."""
    rows: dict[str, Any] = toml.loads((_POLICY / "libc_interfaces.toml").read_text(encoding="utf-8"))
    return rows


def measure_machine(machine: Machine) -> tuple[Table, ...]:
    """Return what the headers of both libcs of ``machine`` say, a table a way to compile."""
    policy = read_policy()
    tables = []
    for macros in _MACROS:
        with tempfile.TemporaryDirectory() as into:
            tables.append(classify(measure(machine.libcs, machine.headers, Path(into), macros), policy))
    return tuple(tables)


def main(arguments: Sequence[str]) -> int:
    """Write the table of a machine anew."""
    parser = argparse.ArgumentParser(prog="python -m staticlink.measure.interfaces", allow_abbrev=False)
    parser.add_argument("--cc", default="gcc", help="a gcc for the machine (default: gcc)")
    parser.add_argument("prefix", nargs="?", type=Path, metavar="MUSL_PREFIX", help="a vendored musl that it compiled")
    options = parser.parse_args(arguments)
    try:
        machine = find_machine((options.cc,), options.prefix.absolute() if options.prefix is not None else None)
        text = render(measure_machine(machine), machine.versions, machine.name)
    except StaticlinkError as error:
        sys.stderr.write(f"{render_error(error)}\n")
        return 1
    path = _POLICY / "libc_abi" / f"{machine.name}.toml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
