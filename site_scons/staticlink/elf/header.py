"""Which machine, class and byte order is this ELF file for, and what kind of file is it?

Source: System V ABI, chapter 4, "ELF Header". Machines are named as the first part of a target triple names them, so
that a message about the wrong one says the word the user would type.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, NamedTuple

from staticlink.errors import fail

if TYPE_CHECKING:
    from collections.abc import Mapping

    from staticlink.elf.mapping import Bytes

MAGIC = b"\x7fELF"
ET_REL = 1
_KINDS = {
    0: "an ELF file without a type",
    2: "an executable",
    3: "a shared object or position-independent executable",
    4: "a core dump",
}
_IDENT = 16
_CLASSES = {1: 32, 2: 64}
_ORDERS = {1: "<", 2: ">"}
_EV_CURRENT = 1
#: bits -> size of a program header.
_PROGRAM_HEADER = {64: 56, 32: 32}
_ORDER_WORDS = {"<": "little-endian", ">": "big-endian"}

#: Class and byte order -> the fields after e_ident.
_LAYOUTS = {
    (bits, order): struct.Struct(order + codes)
    for bits, codes in ((64, "HHIQQQIHHHHHH"), (32, "HHIIIIIHHHHHH"))
    for order in "<>"
}

#: e_machine -> name, by class where one number serves two ABIs.
_MACHINES: Mapping[int, str] = {
    2: "sparc",
    3: "i386",
    4: "m68k",
    8: "mips",
    20: "powerpc",
    21: "powerpc64",
    22: "s390x",
    40: "arm",
    42: "sh",
    43: "sparc64",
    62: "x86_64",
    183: "aarch64",
    243: "riscv",
    258: "loongarch",
}


class Header(NamedTuple):
    """The fields of an ELF header that decide how the rest is read.

    ``bits`` is 32 or 64; ``order`` is the byte order as :mod:`struct` writes it. The last three describe the section
    header table; ``size`` is the header's own.
    """

    bits: int
    order: str
    kind: int
    machine: str
    sections_offset: int
    section_size: int
    section_count: int
    names_index: int
    size: int

    @property
    def described(self) -> str:
        """The machine with its class and byte order, in words."""
        return f"{self.machine} ({self.bits}-bit, {_ORDER_WORDS[self.order]})"


def machine_name(number: int, bits: int) -> str:
    """Return the name of an ``e_machine``; the x32 ABI is x86-64 code in 32-bit files."""
    if (number, bits) == (62, 32):
        return "x86_64-x32"
    name = _MACHINES.get(number, f"machine {number}")
    return f"{name}{bits}" if name in {"riscv", "loongarch"} else name


def read_header(data: Bytes, display: str, start: int = 0, size: int | None = None) -> Header:
    """Return the ELF header of the ``size`` bytes at ``start``; ``display`` names them in errors.

    Raises :class:`StaticlinkError` when they are no ELF file or end within the header.
    """
    size = len(data) - start if size is None else size
    ident = data[start : start + min(size, _IDENT)]
    if ident[:4] != MAGIC:
        raise fail("not-elf", f"not an ELF file: {display}", evidence=(f"begins with {_hex(ident[:8])}",))
    bits = _CLASSES.get(ident[4]) if len(ident) == _IDENT else None
    order = _ORDERS.get(ident[5]) if len(ident) == _IDENT else None
    if bits is None or order is None:
        found = f"class {ident[4]}, byte order {ident[5]}" if len(ident) == _IDENT else f"{size} bytes"
        raise fail("malformed-elf", f"malformed ELF header: {display}", evidence=(found,))
    layout = _LAYOUTS[bits, order]
    if size < _IDENT + layout.size:
        raise fail("malformed-elf", f"malformed ELF header: {display}", evidence=(f"ends after {size} bytes",))
    fields = layout.unpack_from(data, start + _IDENT)
    if ident[6] != _EV_CURRENT:
        raise fail("malformed-elf", f"malformed ELF header: {display}", evidence=(f"ELF version {ident[6]}",))
    if fields[9] and fields[4] + _PROGRAM_HEADER[bits] * fields[9] > size:
        evidence = (f"{fields[9]} program headers at byte {fields[4]}, the file has {size} bytes",)
        raise fail("malformed-elf", f"malformed ELF header: {display}", evidence=evidence)
    return Header(
        bits,
        order,
        fields[0],
        machine_name(fields[1], bits),
        fields[5],
        fields[10],
        fields[11],
        fields[12],
        _IDENT + layout.size,
    )


def require_relocatable(header: Header, display: str, machine: str) -> None:
    """Raise :class:`StaticlinkError` unless the file is a relocatable for ``machine``."""
    if header.machine != machine:
        evidence = (f"is for {header.machine}, the link is for {machine}",)
        raise fail("wrong-machine", f"wrong machine: {display}", evidence=evidence)
    expected = (32, ">") if machine in {"powerpc", "sparc"} else (header.bits, header.order)
    if (header.bits, header.order) != _SHAPES.get(machine, expected):
        raise fail("wrong-machine", f"wrong machine: {display}", evidence=(f"is for {header.described}",))
    if header.kind != ET_REL:
        kind = _KINDS.get(header.kind, f"an ELF file of type {header.kind}")
        raise fail("not-relocatable", f"not a relocatable object: {display}", evidence=(f"it is {kind}",))


#: machine -> the class and byte order its Linux ABI uses.
_SHAPES = {
    "x86_64": (64, "<"), "aarch64": (64, "<"), "i386": (32, "<"), "x86_64-x32": (32, "<"), "riscv64": (64, "<"),
    "riscv32": (32, "<"), "loongarch64": (64, "<"),
}  # fmt: skip


def _hex(data: bytes) -> str:
    return data.hex(" ") or "nothing"
