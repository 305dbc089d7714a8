"""Write small ELF objects and archives, byte by byte, so that tests can make thousands of them in a second.

An object has one ``.text``, one ``.data`` with a relocation for every undefined symbol (an undefined symbol without
one is no error to a linker), and a section group for every COMDAT definition. Archives are GNU archives with an index.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

_R_X86_64_64 = 1
_GLOBAL, _WEAK, _UNIQUE = 1, 2, 10
_ABS, _COMMON = 0xFFF1, 0xFFF2


@dataclass(frozen=True)
class Specimen:
    """What an object shall contain. ``comdat`` symbols are weak definitions, each in a group of its own name."""

    strong: Sequence[str] = ()
    data: Sequence[str] = ()
    weak: Sequence[str] = ()
    unique: Sequence[str] = ()
    common: Sequence[str] = ()
    absolute: Sequence[str] = ()
    comdat: Sequence[str] = ()
    undefined: Sequence[str] = ()
    weak_undefined: Sequence[str] = ()
    hidden: Sequence[str] = ()
    machine: int = 62
    kind: int = 1

    def exported(self) -> list[str]:
        """Return the symbols that an archive's index lists, in the order of the symbol table."""
        return [*self.strong, *self.data, *self.weak, *self.unique, *self.common, *self.absolute, *self.comdat]


class _Strings:
    def __init__(self) -> None:
        self.data = bytearray(b"\0")

    def add(self, text: str) -> int:
        place = len(self.data)
        self.data += text.encode() + b"\0"
        return place


def write_object(one: Specimen) -> bytes:
    """Return the bytes of an x86-64 relocatable."""
    text, data, first_comdat = 1, 2, 8
    strings, names = _Strings(), _Strings()
    rows: list[tuple[str, int, int, int]] = []  # name, binding << 4 | type, section, size
    rows += [(name, _GLOBAL << 4 | 2, text, 1) for name in one.strong]
    rows += [(name, _GLOBAL << 4 | 1, data, 1) for name in one.data]
    rows += [(name, _WEAK << 4 | 2, text, 1) for name in one.weak]
    rows += [(name, _UNIQUE << 4 | 1, data, 1) for name in one.unique]
    rows += [(name, _GLOBAL << 4 | 1, _COMMON, 8) for name in one.common]
    rows += [(name, _GLOBAL << 4, _ABS, 0) for name in one.absolute]
    rows += [(name, _WEAK << 4 | 2, first_comdat + 2 * n + 1, 1) for n, name in enumerate(one.comdat)]
    wanted = len(rows)
    rows += [(name, _GLOBAL << 4, 0, 0) for name in one.undefined]
    rows += [(name, _WEAK << 4, 0, 0) for name in one.weak_undefined]
    table = bytes(24)
    for name, info, section, size in rows:
        other = 2 if name in one.hidden else 0
        value = 8 if section == _COMMON else 7 if section == _ABS else 0
        table += struct.pack("<IBBHQQ", strings.add(name), info, other, section, value, size)
    uses = range(wanted, len(rows))
    relocations = b"".join(
        struct.pack("<QQq", 8 * (1 + n), (row + 1) << 32 | _R_X86_64_64, 0) for n, row in enumerate(uses)
    )
    # name, type, flags, data, link, info, alignment, entry size
    sections: list[tuple[str, int, int, bytes, int, int, int, int]] = [
        (".text", 1, 6, b"\xc3" * 8, 0, 0, 1, 0),
        (".data", 1, 3, bytes(8 * (1 + len(uses))), 0, 0, 8, 0),
        (".rela.data", 4, 0x40, relocations, 4, data, 8, 24),
        (".symtab", 2, 0, table, 5, 1, 8, 24),
        (".strtab", 3, 0, bytes(strings.data), 0, 0, 1, 0),
        (".note.GNU-stack", 1, 0, b"", 0, 0, 1, 0),
        (".comment", 1, 0, b"staticlink\0", 0, 0, 1, 0),
    ]
    for n, name in enumerate(one.comdat):
        row = wanted - len(one.comdat) + n + 1
        group = struct.pack("<II", 1, first_comdat + 2 * n + 1)
        sections.append((".group", 17, 0, group, 4, row, 4, 4))
        sections.append((f".text.{name}", 1, 0x206, b"\xc3", 0, 0, 1, 0))
    sections.append((".shstrtab", 3, 0, b"", 0, 0, 1, 0))
    return _assemble(one, sections, names)


def _assemble(one: Specimen, sections: list[tuple[str, int, int, bytes, int, int, int, int]], names: _Strings) -> bytes:
    body, headers = bytearray(64), bytearray(64)
    offsets = [names.add(section[0]) for section in sections]
    sections[-1] = (*sections[-1][:3], bytes(names.data), *sections[-1][4:])
    for name, (_, kind, flags, data, link, info, align, entry) in zip(offsets, sections, strict=True):
        body += bytes(-len(body) % 8)
        headers += struct.pack("<IIQQQQIIQQ", name, kind, flags, 0, len(body), len(data), link, info, align, entry)
        body += data
    body += bytes(-len(body) % 8)
    ident = b"\x7fELF\x02\x01\x01" + bytes(9)
    count = len(sections) + 1
    header = struct.pack("<HHIQQQIHHHHHH", one.kind, one.machine, 1, 0, 0, len(body), 0, 64, 0, 0, 64, count, count - 1)
    body[:64] = ident + header
    return bytes(body + headers)


def write_archive(members: Iterable[tuple[str, Specimen]]) -> bytes:
    """Return the bytes of a GNU archive with an index, its names short."""
    found = [(name, write_object(one), one.exported()) for name, one in members]
    promised = [name.encode() + b"\0" for _, _, exported in found for name in exported]
    index_size = 4 + 4 * len(promised) + sum(map(len, promised))
    position = 8 + 60 + index_size + index_size % 2
    offsets: list[int] = []
    body = b""
    for name, data, exported in found:
        offsets += [position + len(body)] * len(exported)
        body += _member(name + "/", data)
    index = struct.pack(f">{1 + len(offsets)}I", len(offsets), *offsets) + b"".join(promised)
    return b"!<arch>\n" + _member("/", index) + body


def _member(name: str, data: bytes) -> bytes:
    header = f"{name:<16}{0:<12}{0:<6}{0:<6}{100644:<8}{len(data):<10}`\n"
    return header.encode() + data + b"\n" * (len(data) % 2)


def save(path: Path, data: bytes) -> Path:
    """Write ``data`` to ``path`` and return the path."""
    path.write_bytes(data)
    return path
