"""Write small ELF objects and archives, byte by byte, so that tests can make thousands of them in a second.

An object has one ``.text``, one ``.data`` with a relocation for every undefined symbol (an undefined symbol without
one is no error to a linker), and a section group for every COMDAT definition. Rarer sections appear when a specimen
asks for them. Archives are GNU archives with an index.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

_R_X86_64_64 = 1
_LOCAL, _GLOBAL, _WEAK, _UNIQUE = 0, 1, 2, 10
_NOTYPE, _OBJECT, _FUNC, _TLS, _IFUNC = 0, 1, 2, 6, 10
_ABS, _COMMON = 0xFFF1, 0xFFF2
_TEXT, _DATA, _SYMTAB, _STRTAB = 1, 2, 4, 5


@dataclass(frozen=True)
class Comdat:
    """A COMDAT group of one section; ``signature`` is a local symbol where it is not among the definitions."""

    signature: str
    weak: Sequence[str] = ()
    strong: Sequence[str] = ()


@dataclass(frozen=True)
class Specimen:
    """What an object shall contain. ``comdat`` symbols are weak definitions, each in a group of its own name.

    ``bare`` and ``bare_weak`` are undefined symbols that no relocation uses; ``dead`` are used by a section that none
    refers to, ``debug`` by a section that is not loaded. ``tls_undefined`` are bare as well. ``linkonce`` are weak
    definitions, each in a section ``.gnu.linkonce.t.NAME``; ``warning`` are the symbols of ``.gnu.warning.NAME``.
    ``value`` is that of absolute symbols, ``common_size`` the size of COMMON ones, whose lowest bit is their alignment.
    """

    strong: Sequence[str] = ()
    data: Sequence[str] = ()
    weak: Sequence[str] = ()
    weak_data: Sequence[str] = ()
    unique: Sequence[str] = ()
    common: Sequence[str] = ()
    absolute: Sequence[str] = ()
    tls: Sequence[str] = ()
    ifunc: Sequence[str] = ()
    linkonce: Sequence[str] = ()
    comdat: Sequence[str] = ()
    groups: Sequence[Comdat] = ()
    local: Sequence[str] = ()
    undefined: Sequence[str] = ()
    data_undefined: Sequence[str] = ()
    weak_undefined: Sequence[str] = ()
    dead: Sequence[str] = ()
    debug: Sequence[str] = ()
    bare: Sequence[str] = ()
    bare_weak: Sequence[str] = ()
    tls_undefined: Sequence[str] = ()
    hidden: Sequence[str] = ()
    warning: Sequence[str] = ()
    constructor: bool = False
    value: int = 7
    common_size: int = 8
    machine: int = 62
    kind: int = 1

    def exported(self) -> list[str]:
        """Return the symbols that an archive's index lists, in the order of the symbol table."""
        return [
            *(*self.strong, *self.data, *self.weak, *self.weak_data, *self.unique, *self.common, *self.absolute),
            *(*self.tls, *self.ifunc, *self.linkonce, *self.comdat),
            *(name for group in self.groups for name in (*group.weak, *group.strong)),
        ]


@dataclass
class _Section:
    name: str
    kind: int
    flags: int
    data: bytes
    link: int = 0
    info: int = 0
    align: int = 1
    entry: int = 0


class _Strings:
    def __init__(self) -> None:
        self.data = bytearray(b"\0")

    def add(self, text: str) -> int:
        place = len(self.data)
        self.data += text.encode() + b"\0"
        return place


class _Writer:
    """The sections and symbols of one object."""

    def __init__(self, one: Specimen) -> None:
        self.one = one
        self.rows: list[tuple[str, int, int, int]] = []  # name, binding << 4 | type, section, size
        self.relocations: list[tuple[int, list[int]]] = []  # section, places in the rows of what it refers to
        self.groups: list[tuple[int, str]] = []  # section, signature
        self.sections = [
            _Section(".text", 1, 6, b"\xc3" * 8),
            _Section(".data", 1, 3, bytes(8), align=8),
            _Section(".rela.data", 4, 0x40, b"", _SYMTAB, _DATA, 8, 24),
            _Section(".symtab", 2, 0, b"", _STRTAB, 1, 8, 24),
            _Section(".strtab", 3, 0, b""),
            _Section(".note.GNU-stack", 1, 0, b""),
            _Section(".comment", 1, 0, b"staticlink\0"),
        ]

    def section(self, *fields: object, **more: int) -> int:
        self.sections.append(_Section(*fields, **more))  # type: ignore[arg-type]
        return len(self.sections)

    def symbols(self, names: Iterable[str], binding: int, kind: int, section: int, size: int = 1) -> list[int]:
        first = len(self.rows)
        self.rows += [(name, binding << 4 | kind, section, size) for name in names]
        return list(range(first, len(self.rows)))

    def write(self) -> bytes:
        self.define()
        self.define_grouped()
        self.refer()
        self.add_sections()
        return self.assemble()

    def define(self) -> None:
        one = self.one
        self.symbols(one.strong, _GLOBAL, _FUNC, _TEXT)
        self.symbols(one.data, _GLOBAL, _OBJECT, _DATA)
        self.symbols(one.weak, _WEAK, _FUNC, _TEXT)
        self.symbols(one.weak_data, _WEAK, _OBJECT, _DATA)
        self.symbols(one.unique, _UNIQUE, _OBJECT, _DATA)
        self.symbols(one.common, _GLOBAL, _OBJECT, _COMMON, one.common_size)
        self.symbols(one.absolute, _GLOBAL, _NOTYPE, _ABS, 0)
        if one.tls:
            self.symbols(one.tls, _GLOBAL, _TLS, self.section(".tdata", 1, 0x403, bytes(8), align=8))
        self.symbols(one.ifunc, _GLOBAL, _IFUNC, _TEXT)
        for name in one.linkonce:
            self.symbols([name], _WEAK, _FUNC, self.section(f".gnu.linkonce.t.{name}", 1, 6, b"\xc3"))

    def define_grouped(self) -> None:
        for group in (*(Comdat(name, weak=[name]) for name in self.one.comdat), *self.one.groups):
            number = self.section(".group", 17, 0, b"", link=_SYMTAB, align=4, entry=4)
            text = self.section(f".text.{group.signature}", 1, 0x206, b"\xc3")
            self.sections[number - 1].data = struct.pack("<II", 1, text)
            self.groups.append((number, group.signature))
            self.symbols(group.weak, _WEAK, _FUNC, text)
            self.symbols(group.strong, _GLOBAL, _FUNC, text)

    def refer(self) -> None:
        one = self.one
        used = self.symbols(one.undefined, _GLOBAL, _NOTYPE, 0, 0)
        used += self.symbols(one.data_undefined, _GLOBAL, _OBJECT, 0, 0)
        used += self.symbols(one.weak_undefined, _WEAK, _NOTYPE, 0, 0)
        self.relocations.append((_DATA, used))
        for names, name, flags in ((one.dead, ".data.dead", 3), (one.debug, ".debug_info", 0)):
            if names:
                self.relocations.append(
                    (self.section(name, 1, flags, b"", align=8), self.symbols(names, _GLOBAL, _NOTYPE, 0, 0))
                )
        self.symbols(one.bare, _GLOBAL, _NOTYPE, 0, 0)
        self.symbols(one.bare_weak, _WEAK, _NOTYPE, 0, 0)
        self.symbols(one.tls_undefined, _GLOBAL, _TLS, 0, 0)

    def add_sections(self) -> None:
        for name in self.one.warning:
            self.section(f".gnu.warning.{name}", 1, 0, b"beware\0")
        if self.one.constructor:
            self.section(".init_array", 14, 3, bytes(8), align=8)

    def assemble(self) -> bytes:
        locals_ = [*self.one.local, *(name for _, name in self.groups if all(row[0] != name for row in self.rows))]
        rows = [*((name, _LOCAL << 4 | _FUNC, _TEXT, 1) for name in locals_), *self.rows]
        strings, table = _Strings(), bytearray(24)
        for name, info, section, size in rows:
            value = {_COMMON: self.one.common_size & -self.one.common_size, _ABS: self.one.value}.get(section, 0)
            other = 2 if name in self.one.hidden else 0
            table += struct.pack("<IBBHQQ", strings.add(name), info, other, section, value, size)
        names = [row[0] for row in rows]
        for number, signature in self.groups:
            self.sections[number - 1].info = names.index(signature) + 1
        for number, used in self.relocations:
            self._relocate(number, [place + len(locals_) + 1 for place in used])
        symtab = self.sections[_SYMTAB - 1]
        symtab.data, symtab.info = bytes(table), len(locals_) + 1
        self.sections[_STRTAB - 1].data = bytes(strings.data)
        return _assemble(self.one, self.sections)

    def _relocate(self, number: int, used: list[int]) -> None:
        entries = (struct.pack("<QQq", 8 * (1 + n), row << 32 | _R_X86_64_64, 0) for n, row in enumerate(used))
        relocations, target = b"".join(entries), self.sections[number - 1]
        target.data = bytes(8 * (1 + len(used)))
        if number == _DATA:
            self.sections[_DATA].data = relocations
        else:
            self.section(f".rela{target.name}", 4, 0x40, relocations, _SYMTAB, number, 8, 24)


def write_object(one: Specimen) -> bytes:
    """Return the bytes of an x86-64 relocatable."""
    return _Writer(one).write()


def _assemble(one: Specimen, sections: list[_Section]) -> bytes:
    names = _Strings()
    sections = [*sections, _Section(".shstrtab", 3, 0, b"")]
    offsets = [names.add(section.name) for section in sections]
    sections[-1].data = bytes(names.data)
    body, headers = bytearray(64), bytearray(64)
    for name, section in zip(offsets, sections, strict=True):
        body += bytes(-len(body) % 8)
        numbers = (section.flags, 0, len(body), len(section.data), section.link, section.info)
        headers += struct.pack("<IIQQQQIIQQ", name, section.kind, *numbers, section.align, section.entry)
        body += section.data
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
