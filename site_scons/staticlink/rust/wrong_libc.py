"""Was an archive that a build script made compiled with another libc's headers?

The target's libc is not the machine's, and a build script may have compiled with the machine's compiler all the same,
or have found a library of the machine's. ``libc/verdict.py`` judges each object. What a build script links was compiled
on this machine, so a header in /usr/include is the machine's, whoever the compiler is.

Cargo says which archives a build script had linked, so the crate is known here; in the link only its members would be.
Names that a programmer writes are left to the link, which knows whether anybody asks for them.

Not modelled: objects for which nothing tells; the link knows which of their functions matter.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from staticlink.elf.ar import read_archive
from staticlink.elf.mapping import map_file
from staticlink.elf.symbols import is_object, read_object
from staticlink.errors import Fault, StaticlinkError
from staticlink.libc.verdict import Setting, judge

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from staticlink.elf.mapping import Bytes
    from staticlink.elf.symbols import ObjectSymbols

_SHOWN = 3
_FIX = "have its build script compile with the compiler that CC names, as the crate cc does"


@dataclass(frozen=True, slots=True)
class Libcs:
    """The libc.a of the target, and the machine's, whose names are foreign there."""

    own: Path
    foreign: Path


@dataclass(frozen=True, slots=True)
class _Member:
    """An object of a build script's."""

    display: str
    symbols: ObjectSymbols
    data: Bytes
    start: int
    size: int


def reject_wrong_libc(messages: Iterable[Mapping[str, Any]], libcs: Libcs, machine: str) -> None:
    """Raise ``wrong-libc`` for each archive in cargo's ``messages`` that was compiled for the machine's libc."""
    made = {path: crate for crate, path in _archives(messages)}
    members = {path: list(_members(path, machine)) for path in made}
    defined = {
        name
        for found in members.values()
        for member in found
        for name in (*member.symbols.strong, *member.symbols.weak, *member.symbols.common)
    }
    setting = Setting(
        own={},
        rust_std=lambda _: None,
        telling=lambda name: name not in defined,
        whole=False,
        archives={"musl": libcs.own, "glibc": libcs.foreign},
        machine="glibc",
    )
    faults = []
    for path, found in members.items():
        evidence = [line for member in found for line in _evidence(member, path, setting)]
        if evidence:
            more = [f"and {len(evidence) - _SHOWN} more"] if len(evidence) > _SHOWN else []
            what = f"compiled with glibc's headers, the target is musl: {path.name} of crate {made[path]}"
            faults.append(Fault("wrong-libc", what, (*evidence[:_SHOWN], *more), _FIX))
    if faults:
        raise StaticlinkError(*faults)


def _evidence(member: _Member, path: Path, setting: Setting) -> Iterator[str]:
    verdict, _ = judge(member, path, setting)
    if verdict.kind == "glibc":
        yield f"{member.display} {verdict.evidence[0]}"


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
            symbols, _, _ = read_object(data, display, machine, member.start, member.size)
            yield _Member(display, symbols, data, member.start, member.size)
