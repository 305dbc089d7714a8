"""Was an archive that a build script made compiled with another libc's headers?

The target's libc is not the machine's, and a build script may have compiled with the machine's compiler all the same,
or have found a library of the machine's. Two things tell. Headers replace names: glibc's turn ``fprintf`` into
``__fprintf_chk``, ``strtol`` into ``__isoc23_strtol``, ``open`` into ``open64``. Such a name, asked for in vain, that
the machine's libc.a defines and the target's does not, was put there by glibc's headers. And debug information names
the directories of the headers.

Cargo says which archives a build script had linked, so the crate is known here; in the link only its members would be.
Names that a programmer writes are left to the link, which knows whether anybody asks for them.

Not modelled: objects without debug information whose names are the same under both libcs. Nothing tells them apart.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from staticlink.elf.ar import read_archive
from staticlink.elf.header import read_header
from staticlink.elf.mapping import map_file
from staticlink.elf.sections import SectionTable
from staticlink.elf.symbols import is_object, read_object
from staticlink.errors import Fault, StaticlinkError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from staticlink.elf.mapping import Bytes

#: Names that headers make, and programmers do not write: ``__fprintf_chk``, ``open64``.
_MADE_BY_HEADERS = re.compile(r"__\w+|\w+64")
_MACHINES_HEADERS = re.compile(rb"/usr/include[/\0]")
_SHOWN = 3
_FIX = "have its build script compile with the compiler that CC names, as the crate cc does"


@dataclass(frozen=True, slots=True)
class Libcs:
    """The libc.a of the target, and the machine's, whose names are foreign there."""

    own: Path
    foreign: Path


@dataclass(frozen=True, slots=True)
class _Member:
    """An object of a build script's: what it asks for and defines, and whether it saw the machine's headers."""

    display: str
    asks: tuple[str, ...]
    defines: tuple[str, ...]
    saw_machine: bool


def reject_wrong_libc(messages: Iterable[Mapping[str, Any]], libcs: Libcs, machine: str) -> None:
    """Raise ``wrong-libc`` for each archive in cargo's ``messages`` that was compiled for the machine's libc."""
    made = {path: crate for crate, path in _archives(messages)}
    members = {path: list(_members(path, machine)) for path in made}
    defined = {name for found in members.values() for member in found for name in member.defines}
    suspect = {
        name
        for found in members.values()
        for member in found
        for name in member.asks
        if _MADE_BY_HEADERS.fullmatch(name) and name not in defined
    }
    foreign = suspect & _promised(libcs.foreign) - _promised(libcs.own) if suspect else set()
    faults = []
    for path, found in members.items():
        evidence = [line for member in found for line in _evidence(member, foreign)]
        if evidence:
            more = [f"and {len(evidence) - _SHOWN} more"] if len(evidence) > _SHOWN else []
            what = f"compiled with glibc's headers, the target is musl: {path.name} of crate {made[path]}"
            faults.append(Fault("wrong-libc", what, (*evidence[:_SHOWN], *more), _FIX))
    if faults:
        raise StaticlinkError(*faults)


def _evidence(member: _Member, foreign: set[str]) -> Iterator[str]:
    names = [name for name in member.asks if name in foreign]
    if names:
        yield f"{member.display} asks for {names[0]}, which glibc defines and musl does not"
    elif member.saw_machine:
        yield f"{member.display} was compiled with headers in /usr/include, says its debug information"


def _archives(messages: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, Path]]:
    """Yield the crate and the path of each archive that a build script asked rustc to link."""
    for message in messages:
        if message.get("reason") == "build-script-executed":
            directories = [Path(words.partition("=")[2] or words) for words in message["linked_paths"]]
            for words in message["linked_libs"]:
                name = words.rpartition("=")[2].partition(":")[0]
                for directory in directories:
                    path = directory / f"lib{name}.a"
                    if path.is_file():
                        yield _crate(str(message["package_id"])), path
                        break


def _crate(package: str) -> str:
    """Return the name and version in a package id: ``registry+URL#ring@0.17.14``, ``path+file:///a/ring#0.17.14``."""
    place, _, version = package.rpartition("#")
    return version.replace("@", " ") if "@" in version else f"{place.rpartition('/')[2]} {version}"


def _members(path: Path, machine: str) -> Iterator[_Member]:
    data = map_file(path)
    table = read_archive(data, path.name)
    for member in table.members:
        if not table.thin and is_object(data, member.start, member.size):
            display = f"{path.name}({member.name})"
            symbols, _ = read_object(data, display, machine, member.start, member.size)
            saw = _saw_machine(data, display, member.start, member.size)
            defines = (*symbols.strong, *symbols.weak, *symbols.common)
            yield _Member(display, symbols.undefined, defines, saw)


def _saw_machine(data: Bytes, display: str, start: int, size: int) -> bool:
    """Tell whether debug information names a directory of the machine's headers."""
    table = SectionTable(read_header(data, display, start, size), memoryview(data)[start : start + size], display)
    debug = [number for number, name in enumerate(table.names(), start=1) if name.startswith(".debug_")]
    return any(_MACHINES_HEADERS.search(table.data(number, "debug information")) for number in debug)


def _promised(libc: Path) -> frozenset[str]:
    index = read_archive(map_file(libc), libc.name).index
    names: Sequence[str] = index[0] if index is not None else ()
    return frozenset(names)
