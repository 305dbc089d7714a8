"""Which functions of both libcs mean the same to a caller that was compiled against the other one?

The functions are what both libcs' archives define. Each is compared through what headers say of it: its type and all
that this leads to, and the constants it takes (``headers.py``, ``layout.py``). A name that no header declares has the
interface of a declared one at the same place. What headers do not say is policy, ``policy/libc_interfaces.toml``, and
the measurement stops where policy is silent: at a name without a type, a type that one libc hides, or a constant of
both libcs that differs. The result is ``policy/libc_abi/MACHINE.toml``:

    PYTHONPATH=site_scons python -m staticlink.measure.interfaces MUSL_PREFIX

A link does not import this module. Not modelled: what a function does; initialisers that only one libc has.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import textwrap
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any

import toml

from staticlink.elf.ar import is_archive
from staticlink.elf.mapping import map_file
from staticlink.errors import Fault, StaticlinkError
from staticlink.libc.musl_release import musl_version
from staticlink.link.script import read_script
from staticlink.measure.headers import Libc, Probe, read_definitions, shared_headers
from staticlink.measure.layout import Comparison, Difference

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from staticlink.measure.layout import View

_POLICY = Path(__file__).parent.parent / "policy"
_LIBCS = ("glibc", "musl")
_PARTS = ("libc.a", "libm.a", "libresolv.a", "libcrypt.a")
_SECONDS = 60
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
        first, second = (values.get(name) for values in measured.initialisers)
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


def find_libcs(prefix: Path, cc: Sequence[str] = ("gcc",)) -> tuple[Libc, Libc]:
    """Return the machine's glibc and the vendored musl at ``prefix``."""
    found = [Path(_ask(cc, f"-print-file-name={part}").strip()) for part in _PARTS]
    archives = tuple(path for one in found if one.is_absolute() for path in _archives(one))
    return Libc("glibc", tuple(cc), archives), Libc("musl", (str(prefix / "bin/cc"),), (prefix / "lib/libc.a",))


def _archives(path: Path) -> Iterator[Path]:
    """Yield an archive, or those that a linker script in its place names."""
    data = map_file(path)
    if is_archive(data):
        yield path
    else:
        yield from (Path(name) for _, names in read_script(data, path.name) for name in names)


def find_headers(prefix: Path, cc: Sequence[str] = ("gcc",)) -> tuple[str, ...]:
    """Return the headers that the musl at ``prefix`` and the machine's libc both have."""
    roots = [Path("/usr/include"), Path("/usr/include") / _ask(cc, "-print-multiarch").strip()]
    return shared_headers(prefix / "include", roots)


def _ask(cc: Sequence[str], *question: str) -> str:
    done = subprocess.run([*cc, *question], capture_output=True, text=True, check=True, timeout=_SECONDS)
    return done.stdout


def find_versions(prefix: Path, cc: Sequence[str] = ("gcc",)) -> dict[str, str]:
    """Return the versions of both libcs."""
    macros = _ask(cc, "-E", "-dM", "-include", "features.h", "-x", "c", "/dev/null")
    glibc = ".".join(re.findall(r"#define __GLIBC(?:_MINOR)?__ (\d+)", macros))
    return {"glibc": glibc, "musl": musl_version(prefix / "lib/libc.a") or "unknown"}


def read_policy() -> dict[str, Any]:
    """Return the rows of ``policy/libc_interfaces.toml`` by kind."""
    rows: dict[str, Any] = toml.loads((_POLICY / "libc_interfaces.toml").read_text(encoding="utf-8"))
    return rows


def measure_machine(prefix: Path) -> tuple[Table, ...]:
    """Return what the headers of the musl at ``prefix`` and of the machine's glibc say, a table a way to compile."""
    libcs, headers, policy = find_libcs(prefix), find_headers(prefix), read_policy()
    tables = []
    for macros in _MACROS:
        with tempfile.TemporaryDirectory() as into:
            tables.append(classify(measure(libcs, headers, Path(into), macros), policy))
    return tuple(tables)


def main(arguments: Sequence[str]) -> int:
    """Write the table of this machine anew."""
    path = _POLICY / "libc_abi" / "x86_64.toml"
    path.parent.mkdir(exist_ok=True)
    prefix = Path(arguments[0]).absolute()
    path.write_text(render(measure_machine(prefix), find_versions(prefix), "x86_64"), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
