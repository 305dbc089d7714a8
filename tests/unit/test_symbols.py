"""Are symbol tables read by role, and broken or foreign objects refused with the right words?"""

from __future__ import annotations

import struct

import pytest
from staticlink.elf.symbols import is_object, read_details, read_section_names, read_symbols
from staticlink.errors import StaticlinkError

from tests.elf_writer import Specimen, write_object

FULL = Specimen(
    strong=["f"],
    data=["d"],
    weak=["w"],
    unique=["q"],
    common=["c"],
    absolute=["a"],
    comdat=["k"],
    undefined=["u"],
    weak_undefined=["v"],
    hidden=["d"],
)
#: Where the fields of a section header and of the ELF header are.
SHOFF, SHENTSIZE, SHNUM, SHSTRNDX = 0x28, 0x3A, 0x3C, 0x3E
TYPE, OFFSET, SIZE, LINK, INFO, ENTSIZE = 4, 24, 32, 40, 44, 56
SYMTAB = 4


def patched(field: int, layout: str, value: int, section: int | None = None) -> bytes:
    data = bytearray(write_object(FULL))
    (start,) = struct.unpack_from("<Q", data, SHOFF)
    struct.pack_into(layout, data, field if section is None else start + 64 * section + field, value)
    return bytes(data)


def patched_symbol(field: int, layout: str, value: int) -> bytes:
    data = bytearray(write_object(FULL))
    (start,) = struct.unpack_from("<Q", data, SHOFF)
    (table,) = struct.unpack_from("<Q", data, start + 64 * SYMTAB + OFFSET)
    struct.pack_into(layout, data, table + 24 + field, value)
    return bytes(data)


def message(data: bytes) -> list[str]:
    with pytest.raises(StaticlinkError) as caught:
        read_symbols(data, "libx.a(f.o)", "x86_64")
    (fault,) = caught.value.faults
    return [fault.what, *fault.evidence, *([f"fix: {fault.fix}"] if fault.fix else [])]


def test_roles() -> None:
    found = read_symbols(write_object(FULL), "f.o", "x86_64")
    assert (found.strong, found.weak, found.common) == (("f", "d", "q", "a"), ("w", "k"), ("c",))
    assert (found.undefined, found.weak_undefined) == (("u",), ("v",))
    assert (dict(found.comdat), found.signatures, found.versioned) == ({"k": "k"}, ("k",), False)


def test_details() -> None:
    rows = {row.name: row for row in read_details(write_object(FULL), "f.o", "x86_64")}
    assert (rows["d"].visibility, rows["d"].kind, rows["d"].binding) == (2, 1, 1)
    assert {name for name, row in rows.items() if row.is_data_definition} == {"d", "q", "a"}
    assert {name for name, row in rows.items() if row.is_absolute} == {"a"}


def test_section_names() -> None:
    names = read_section_names(write_object(FULL), "f.o", "x86_64")
    assert names[:4] == (".text", ".data", ".rela.data", ".symtab")
    assert ".text.k" in names


def test_an_object_inside_other_bytes() -> None:
    data = write_object(FULL)
    assert read_symbols(b"x" * 7 + data + b"y" * 9, "f.o", "x86_64", 7, len(data)).strong == ("f", "d", "q", "a")


def test_names_are_utf_8_and_may_hold_spaces() -> None:
    found = read_symbols(write_object(Specimen(strong=["größe", "a b", "f@@V2"])), "f.o", "x86_64")
    assert (found.strong, found.versioned) == (("größe", "a b", "f@@V2"), True)


@pytest.mark.parametrize(("data", "expected"), [(b"\x7fELF....", True), (b"BC\xc0\xde", True), (b"README", False)])
def test_what_counts_as_an_object(data: bytes, expected: bool) -> None:  # noqa: FBT001
    assert is_object(data, 0, len(data)) is expected


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"\x7fELF\x02\x01", ["malformed ELF header: libx.a(f.o)", "6 bytes"]),
        (write_object(FULL)[:40], ["malformed ELF header: libx.a(f.o)", "ends after 40 bytes"]),
        (b"\x7fELF\x07\x01" + bytes(60), ["malformed ELF header: libx.a(f.o)", "class 7, byte order 1"]),
        (
            write_object(Specimen(machine=183)),
            ["wrong machine: libx.a(f.o)", "is for aarch64, the link is for x86_64"],
        ),
        (b"\x7fELF\x01\x01\x01" + bytes(9) + struct.pack("<HH", 1, 62) + bytes(60),
         ["wrong machine: libx.a(f.o)", "is for x86_64-x32, the link is for x86_64"]),
        (b"\x7fELF\x02\x02\x01" + bytes(9) + struct.pack(">HH", 1, 62) + bytes(60),
         ["wrong machine: libx.a(f.o)", "is for x86_64 (64-bit, big-endian)"]),
        (write_object(Specimen(kind=2)), ["not a relocatable object: libx.a(f.o)", "it is an executable"]),
        (
            b"BC\xc0\xde" + bytes(60),
            ["contains no machine code: libx.a(f.o)", "it is LLVM bitcode", "fix: compile it without -flto"],
        ),
        (
            write_object(Specimen(common=["__gnu_lto_slim"])),
            [
                "contains no machine code: libx.a(f.o)",
                "it holds GCC's intermediate code only (slim LTO)",
                "fix: compile it without -flto, or with -ffat-lto-objects",
            ],
        ),
        (patched(SHENTSIZE, "<H", 0), ["malformed object: libx.a(f.o)", "e_shentsize is 0, not 64"]),
        (
            patched(SHOFF, "<Q", 1 << 40),
            [
                "malformed object: libx.a(f.o)",
                f"the section header table ends at byte {(1 << 40) + 64 * 11}, the object at byte 1240",
            ],
        ),
        (
            patched(LINK, "<I", 77, SYMTAB),
            ["malformed object: libx.a(f.o)", "a section header refers to section 77, there are 11"],
        ),
        (
            patched(INFO, "<I", 77, SYMTAB),
            ["malformed object: libx.a(f.o)", "the symbol table's sh_info is 77, it has 10 symbols"],
        ),
        (
            patched(ENTSIZE, "<Q", 0, SYMTAB),
            ["malformed object: libx.a(f.o)", "the symbol table has 240 bytes in entries of 0, an entry has 24"],
        ),
        (
            patched(SIZE, "<Q", 241, SYMTAB),
            ["malformed object: libx.a(f.o)", "the symbol table has 241 bytes in entries of 24, an entry has 24"],
        ),
        (
            patched_symbol(0, "<I", 9999),
            ["malformed object: libx.a(f.o)", "a symbol's name is at byte 9999 of a string table of 19 bytes"],
        ),
        (
            patched_symbol(6, "<H", 99),
            ["malformed object: libx.a(f.o)", "a symbol is in section 99, there are 11"],
        ),
        (patched_symbol(6, "<H", 0xFFFF), ["malformed object: libx.a(f.o)", "a symbol is in section 11, there are 11"]),
        (
            patched_symbol(4, "<B", 13 << 4),
            ["malformed object: libx.a(f.o)", "the symbol f has the binding 13"],
        ),
    ],
)  # fmt: skip
def test_broken_objects(data: bytes, expected: list[str]) -> None:
    assert message(data) == expected


def test_every_cut_ends_in_one_error_or_a_table() -> None:
    whole = write_object(FULL)
    for length in range(len(whole)):
        try:
            read_symbols(whole[:length], "f.o", "x86_64")
        except StaticlinkError as error:
            faults = error.faults
        else:
            faults = ()
        assert len(faults) <= 1
