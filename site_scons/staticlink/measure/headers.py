"""What do a libc's headers say to a compiler?

A probe includes every header that both libcs have and asks the compiler. A declaration ``__typeof__(&f) p;`` takes the
type of a function without calling it, and debug information then describes that type and all that it leads to. A macro
or an enumerator counts as a constant if it is an integer constant expression; those that are not are found by the lines
in which the compiler reports an error, and left out. Initialisers are compared as the bytes they become.

Not modelled: headers that only one libc has, feature macros that hide a declaration (everything is asked for), and
constants that are not integers.
"""

from __future__ import annotations

import re
import struct
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

from staticlink.elf.ar import read_archive
from staticlink.elf.header import read_header
from staticlink.elf.mapping import map_file
from staticlink.elf.sections import SectionTable
from staticlink.elf.symbols import is_object, read_details
from staticlink.elf.symtab import LORESERVE, UNDEF
from staticlink.errors import fail
from staticlink.measure.debug_entries import read_debug_entries
from staticlink.measure.layout import View

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from staticlink.measure.debug_entries import DebugEntry

_SECONDS = 300
_STANDARD = ("-std=gnu11", "-w", "-fno-builtin", "-D_GNU_SOURCE", "-fmax-errors=0", "-fno-diagnostics-show-caret")
_DEBUG = ("-g", "-gdwarf-4", "-fno-eliminate-unused-debug-types", "-nostdlib", "-static", "-no-pie", "-Wl,-e,0")
_PREFIX = "staticlink_"
_MACRO = re.compile(r"^#define ([A-Za-z_]\w*) \S", re.MULTILINE)
_FIELD = re.compile(r"^#define ([A-Za-z]\w*) (\w+(?:\.\w+)*)$", re.MULTILINE)
_NAMED = ("typedef", "structure_type", "union_type", "enumeration_type")


@dataclass(frozen=True, slots=True)
class Libc:
    """A libc to be probed: its name, its machine, a compiler that sees its headers, and the archives it comes as."""

    name: str
    machine: str
    cc: tuple[str, ...]
    archives: tuple[Path, ...]


def shared_headers(own: Path, roots: Iterable[Path]) -> tuple[str, ...]:
    """Return the headers below ``own`` that are below one of ``roots`` too, sorted, without ``bits/``."""
    roots = tuple(roots)
    names = (str(path.relative_to(own)) for path in own.rglob("*.h"))
    return tuple(
        sorted(name for name in names if name[:5] != "bits/" and any((root / name).is_file() for root in roots))
    )


def read_definitions(libc: Libc) -> dict[str, frozenset[str]]:
    """Return each symbol that the libc's archives define, and the symbols that name the same place."""
    places: dict[tuple[str | int, ...], set[str]] = {}
    for path in libc.archives:
        data = map_file(path)
        for member in read_archive(data, path.name).members:
            if not is_object(data, member.start, member.size):
                continue
            for symbol in read_details(data, f"{path.name}({member.name})", libc.machine, member.start, member.size):
                if symbol.section != UNDEF:
                    # A number or a COMMON symbol has no place that another could share.
                    alone = symbol.section >= LORESERVE
                    key = (symbol.name,) if alone else (str(path), member.start, symbol.section, symbol.value)
                    places.setdefault(key, set()).add(symbol.name)
    together: dict[str, frozenset[str]] = {}
    for names in places.values():
        for name in names:
            together[name] = together.get(name, frozenset()) | names
    return together


@dataclass(frozen=True, slots=True)
class Probe:
    """A place to compile in, a libc and the headers; ``macros`` are defined on the command line (``-DNAME``)."""

    libc: Libc
    headers: tuple[str, ...]
    into: Path
    macros: tuple[str, ...] = ()

    def view(self, symbols: Sequence[str]) -> View:
        """Return the types in the headers, and the types of those of ``symbols`` that are declared."""
        lines = {name: f"__typeof__(&{name}) {_PREFIX}{name};" for name in symbols}
        path = self._compile(self._accepted(lines), "types", _DEBUG)
        entries: dict[int, DebugEntry] = {}
        types: dict[str, int] = {}
        found: dict[str, int] = {}
        waiting = list(read_debug_entries(path))
        for entry in [child for unit in waiting for child in unit.children]:
            name = str(entry.values.get("name", ""))
            if entry.tag == "variable" and name.startswith(_PREFIX):
                found[name.removeprefix(_PREFIX)] = int(entry.values["type"])
            elif entry.tag in _NAMED and name:
                types.setdefault(name if entry.tag == "typedef" else _tagged(entry, name), entry.offset)
        while waiting:
            entry = waiting.pop()
            entries[entry.offset] = entry
            waiting.extend(entry.children)
        macros = self._run(("-E", "-dM"), self._write("", "macros"))
        fields = {path: name for name, path in _FIELD.findall(macros)}
        return View(self.libc.name, entries, types, found, fields)

    def names(self, view: View) -> tuple[str, ...]:
        """Return the names that may be integer constants: macros without parameters, and enumerators."""
        own = set(_MACRO.findall(self._run(("-E", "-dM"), self._write("", "macros"))))
        own -= set(_MACRO.findall(self._run(("-E", "-dM", "-x", "c"), "/dev/null")))  # the compiler's own
        for entry in view.entries.values():
            if entry.tag == "enumerator":
                own.add(str(entry.values["name"]))
        return tuple(sorted(own))

    def constants(self, names: Sequence[str]) -> dict[str, int]:
        """Return the values of those of ``names`` that are integer constant expressions."""
        lines = {name: f"enum {{ {_PREFIX}{name} = ({name}) }};" for name in names}
        accepted = self._accepted(lines)
        known = [name for name, line in lines.items() if line in accepted]
        if not known:
            return {}
        values = ", ".join(f"(long long) ({name})" for name in known)
        data = self._bytes([f"const long long {_PREFIX}values[] = {{ {values} }};"], "constants")
        return dict(zip(known, (one for (one,) in struct.iter_unpack("<q", data)), strict=True))

    def initialisers(self, wanted: Mapping[str, str]) -> dict[str, bytes]:
        """Return the bytes that each initialiser becomes; ``wanted`` maps a macro to the type it initialises."""
        lines = {name: f"const {kind} {_PREFIX}{name} = {name};" for name, kind in wanted.items()}
        accepted = self._accepted(lines)
        return {name: self._bytes([line], f"initialiser_{name}") for name, line in lines.items() if line in accepted}

    def _accepted(self, lines: Mapping[str, str]) -> list[str]:
        """Return the lines that compile; an error in one may hide another, so what is left is asked again."""
        left = list(lines.values())
        while True:
            source = self._write("\n".join(left), "accepted")
            first = source.read_text(encoding="utf-8").count("\n") - len(left) + 1
            done = self._start(("-fsyntax-only",), source)
            if done.returncode == 0:
                return left
            wrong = {
                int(row) - first
                for row in re.findall(rf"^{re.escape(str(source))}:(\d+):\d+: error", done.stderr, re.MULTILINE)
            }
            kept = [line for number, line in enumerate(left) if number not in wrong]
            if len(kept) == len(left):
                self._refuse(done.stderr)
            left = kept

    def _bytes(self, lines: Sequence[str], name: str) -> bytes:
        """Return the bytes of the one constant that ``lines`` define."""
        path = self._compile([line.replace("const ", '__attribute__((section("probe"))) const ', 1) for line in lines],
                             name, ("-c",))  # fmt: skip
        data = path.read_bytes()
        table = SectionTable(read_header(data, str(path), 0, len(data)), memoryview(data), str(path))
        return bytes(table.data(table.names().index("probe") + 1, "the probe"))

    def _compile(self, lines: Sequence[str], name: str, flags: Sequence[str]) -> Path:
        output = self.into / f"{self.libc.name}_{name}.out"
        self._run((*flags, "-o", str(output)), self._write("\n".join(lines), name))
        return output

    def _write(self, text: str, name: str) -> Path:
        path = self.into / f"{self.libc.name}_{name}.c"
        included = "".join(f"#include <{header}>\n" for header in self.headers)
        path.write_text(f"{included}{text}\n", encoding="utf-8")
        return path

    def _run(self, flags: Sequence[str], source: Path | str) -> str:
        done = self._start(flags, source)
        if done.returncode != 0:
            self._refuse(done.stderr)
        return done.stdout

    def _start(self, flags: Sequence[str], source: Path | str) -> subprocess.CompletedProcess[str]:
        command = [*self.libc.cc, *_STANDARD, *self.macros, *flags, str(source)]
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=_SECONDS)

    def _refuse(self, words: str) -> None:
        raise fail(
            "probe-does-not-compile", f"probe does not compile: {self.libc.name}", evidence=words.splitlines()[:5]
        )


def _tagged(entry: DebugEntry, name: str) -> str:
    return f"{entry.tag.removesuffix('_type').replace('structure', 'struct').replace('enumeration', 'enum')} {name}"
