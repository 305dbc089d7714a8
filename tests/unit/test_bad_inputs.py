"""Does each bad input end in the one clear error that is owed for it, word for word, and leave nothing behind?

Rows are those of bad files and archives; each test writes its input. Bad recipes, crates and options have their tests
where these are read (``test_recipe.py``, ``tests/tools/test_rust_crate.py``, ``tests/cases/``).
"""

from __future__ import annotations

import os
import struct
from typing import TYPE_CHECKING

import pytest
from staticlink.cli.main import main
from staticlink.elf.inspect import inspect_executable
from staticlink.errors import StaticlinkError
from staticlink.link.inputs import Archive, flatten
from staticlink.link.reading import read_input
from staticlink.report.text import render_error

from tests.elf_writer import Specimen, save, write_archive, write_object

if TYPE_CHECKING:
    from pathlib import Path

F = Specimen(strong=["f"], undefined=["g"])
OBJECT = write_object(F)
ARCHIVE = write_archive([("f.o", F)])
GROUPED = write_object(Specimen(strong=["f"], comdat=["a", "b"]))
#: Where the fields of the ELF header, of a section header and of a symbol are.
CLASS, ORDER, VERSION, TYPE, MACHINE, PHNUM = 4, 5, 6, 16, 18, 56
SHOFF, SHENTSIZE, SHNUM, SHSTRNDX = 40, 58, 60, 62
SECTION_TYPE, SIZE, LINK, INFO, ENTSIZE = 4, 32, 40, 44, 56
TEXT, RELA, SYMTAB, STRTAB = 1, 3, 4, 5
NOBITS = 8


def patched(place: int, layout: str, value: int, data: bytes = OBJECT) -> bytes:
    changed = bytearray(data)
    struct.pack_into(layout, changed, place, value)
    return bytes(changed)


def in_section(number: int, field: int) -> int:
    (table,) = struct.unpack_from("<Q", OBJECT, SHOFF)
    return int(table) + 64 * number + field


def in_symbol(field: int) -> int:
    (table,) = struct.unpack_from("<Q", OBJECT, in_section(SYMTAB, 24))
    return int(table) + 24 + field


def member(name: str, data: bytes, size: str | None = None) -> bytes:
    header = f"{name:<16}{0:<12}{0:<6}{0:<6}{644:<8}{len(data) if size is None else size:<10}`\n"
    return header.encode() + data + b"\n" * (len(data) % 2)


def index(symbol: str, offset: int) -> bytes:
    return member("/", struct.pack(">II", 1, offset) + symbol.encode() + b"\0")


def error_of(path: Path) -> str:
    """Return the words of the error that reading everything in an input ends in."""
    with pytest.raises(StaticlinkError) as caught:
        read_everything(path)
    return render_error(caught.value)


def read_everything(path: Path) -> None:
    for one in flatten([read_input(path, directories=[path.parent])]):
        if isinstance(one, Archive):
            assert one.promises
            assert list(one.objects())


FIRST = b"!<arch>\n"
ROWS: dict[str, tuple[bytes, str]] = {
    "1 nothing": (b"", "empty file, not an object or archive: x.a"),
    "2 a cut magic": (b"!<arc", "truncated archive: x.a\n  ends at byte 5"),
    "2 a cut header": (
        FIRST + member("f.o/", OBJECT)[:30],
        "truncated archive: x.a\n  ends within the member header at byte 8",
    ),
    "3 a cut member": (
        ARCHIVE[:-100],
        f"truncated archive: x.a\n  member at byte 78 needs {len(OBJECT)} bytes, {len(OBJECT) - 100} are left",
    ),
    "4 bytes behind the last member": (
        ARCHIVE + b"garbage",
        f"truncated archive: x.a\n  ends within the member header at byte {len(ARCHIVE)}",
    ),
    "4 many bytes behind the last member": (
        ARCHIVE + b"garbage!" * 20,
        f"malformed archive: x.a\n  no member header at byte {len(ARCHIVE)}",
    ),
    "5 a size that is no number": (
        FIRST + member("f.o/", OBJECT, "12x"),
        "malformed archive: x.a\n  member header at byte 8 gives the size '12x'",
    ),
    "5 a negative size": (
        FIRST + member("f.o/", OBJECT, "-1"),
        "malformed archive: x.a\n  member header at byte 8 gives the size '-1'",
    ),
    "5 a huge size": (
        FIRST + member("f.o/", OBJECT, "9999999999"),
        f"truncated archive: x.a\n  member at byte 8 needs 9999999999 bytes, {len(OBJECT)} are left",
    ),
    "6 a long name outside the name table": (
        FIRST + member("//", b"a.o/\n") + member("/7", OBJECT),
        "malformed archive: x.a\n  member at byte 74 is named '/7', the name table has 5 bytes",
    ),
    "6 a name that is no offset": (
        FIRST + member("//", b"a.o/\n") + member("/x", OBJECT),
        "malformed archive: x.a\n  member at byte 74 is named '/x', the name table has 5 bytes",
    ),
    "6 a name longer than a path": (
        FIRST + member("//", b"a" * 5000 + b"/\n") + member("/0", OBJECT),
        "malformed archive: x.a\n  the name of the member at byte 5070 has 5001 bytes",
    ),
    "7 an index that points past the end": (
        FIRST + index("f", 99999) + member("f.o/", OBJECT),
        "stale archive index: x.a\n  f at byte 99999, where no member begins\n  fix: ranlib x.a",
    ),
    "7 an index that points into a member": (
        FIRST + index("f", 100) + member("f.o/", OBJECT),
        "stale archive index: x.a\n  f at byte 100, where no member begins\n  fix: ranlib x.a",
    ),
    "7 an index that is not first": (
        FIRST + member("f.o/", OBJECT) + index("f", 8),
        f"malformed archive: x.a\n  an index stands at byte {68 + len(OBJECT)}, where linkers do not look for it",
    ),
    "8 an index of another archive": (
        FIRST + member("/", struct.pack(">6I", 5, 1, 2, 3, 4, 5) + b"a\0b\0c\0d\0e\0") + member("f.o/", OBJECT),
        (
            "stale archive index: x.a\n  a at byte 1, where no member begins\n  b at byte 2, where no member begins\n"
            "  c at byte 3, where no member begins\n  2 more\n  fix: ranlib x.a"
        ),
    ),
    "9 no index": (FIRST + member("f.o/", OBJECT), "archive has no index: x.a\n  fix: ranlib x.a"),
    "10 a thin archive without its member": (
        b"!<thin>\n" + index("f", 78) + member("gone.o/", b"", "9"),
        "missing member: x.a(gone.o)\n  a thin archive names its members relative to {directory}",
    ),
    "11 a script that names itself": (b"INPUT(x.a)", "linker script includes itself: x.a\n  x.a -> x.a"),
    "12 a script that names a missing file": (
        b"GROUP ( libgone.a )",
        "no such file: libgone.a\n  named by x.a\n  searched: {directory}",
    ),
    "12 a script that names a missing library": (
        b"GROUP ( AS_NEEDED ( -lgone ) )",
        "no such file: libgone.a\n  named by x.a\n  searched: {directory}",
    ),
    "12 a script that lays out sections": (
        b"SECTIONS { .text : { *(.text) } }",
        "not an object, archive or linker script: x.a\n  unknown command: SECTIONS",
    ),
    "15 a cut object": (
        OBJECT[:-64],
        (
            f"malformed object: x.a\n  the section header table ends at byte {len(OBJECT)}, the object at byte "
            f"{len(OBJECT) - 64}"
        ),
    ),
    "15 an object cut within its header": (OBJECT[:50], "malformed ELF header: x.a\n  ends after 50 bytes"),
    "16 an unknown class": (patched(CLASS, "B", 7), "malformed ELF header: x.a\n  class 7, byte order 1"),
    "16 an unknown version": (patched(VERSION, "B", 9), "malformed ELF header: x.a\n  ELF version 9"),
    "17 big-endian": (
        patched(MACHINE, ">H", 62, patched(ORDER, "B", 2)),
        "wrong machine: x.a\n  is for x86_64 (64-bit, big-endian)",
    ),
    "18 another machine": (
        patched(MACHINE, "<H", 183),
        "wrong machine: x.a\n  is for aarch64, the link is for x86_64",
    ),
    "18 an unknown machine": (
        patched(MACHINE, "<H", 9999),
        "wrong machine: x.a\n  is for machine 9999, the link is for x86_64",
    ),
    "19 i386": (
        patched(MACHINE, "<H", 3, patched(CLASS, "B", 1)),
        "wrong machine: x.a\n  is for i386, the link is for x86_64",
    ),
    "19 x32": (patched(CLASS, "B", 1), "wrong machine: x.a\n  is for x86_64-x32, the link is for x86_64"),
    "20 an executable": (patched(TYPE, "<H", 2), "not a relocatable object: x.a\n  it is an executable"),
    "20 a shared object": (
        patched(TYPE, "<H", 3),
        "not a relocatable object: x.a\n  it is a shared object or position-independent executable",
    ),
    "21 section headers past the end": (
        patched(SHOFF, "<Q", 1 << 40),
        (
            f"malformed object: x.a\n  the section header table ends at byte {(1 << 40) + 64 * 9}, "
            f"the object at byte {len(OBJECT)}"
        ),
    ),
    "21 section headers within the ELF header": (
        patched(SHOFF, "<Q", 0),
        "malformed object: x.a\n  e_shoff is 0, within the ELF header",
    ),
    "22 section headers of no size": (
        patched(SHENTSIZE, "<H", 0),
        "malformed object: x.a\n  e_shentsize is 0, not 64",
    ),
    "23 no sections": (patched(SHNUM, "<H", 0), "malformed object: x.a\n  it has no sections"),
    "23 fewer sections than are referred to": (
        patched(SHNUM, "<H", 4),
        "malformed object: x.a\n  a section header refers to section 4, there are 4",
    ),
    "23 more sections than there is room for": (
        patched(SHNUM, "<H", 5000),
        (
            f"malformed object: x.a\n  the section header table ends at byte {len(OBJECT) + 64 * 4991}, "
            f"the object at byte {len(OBJECT)}"
        ),
    ),
    "23 a wide section number without its table": (
        patched(in_symbol(6), "<H", 0xFFFF),
        "malformed object: x.a\n  a symbol is in section 9, there are 9",
    ),
    "23 a name table that is no section": (
        patched(SHSTRNDX, "<H", 77),
        "malformed object: x.a\n  e_shstrndx is 77, there are 9 sections",
    ),
    "24 sh_link past the last section": (
        patched(in_section(SYMTAB, LINK), "<I", 77),
        "malformed object: x.a\n  a section header refers to section 77, there are 9",
    ),
    "24 sh_link to no string table": (
        patched(in_section(SYMTAB, LINK), "<I", TEXT),
        "malformed object: x.a\n  the string table is section 1, which has the type 1",
    ),
    "24 sh_info past the last symbol": (
        patched(in_section(SYMTAB, INFO), "<I", 8),
        "malformed object: x.a\n  the symbol table's sh_info is 8, it has 3 symbols",
    ),
    "24 sh_info that hides a global symbol": (
        patched(in_section(SYMTAB, INFO), "<I", 2),
        "malformed object: x.a\n  symbol 1 has the binding 1, but stands among the local ones",
    ),
    "24 symbols of no size": (
        patched(in_section(SYMTAB, ENTSIZE), "<Q", 0),
        "malformed object: x.a\n  the symbol table has 72 bytes in entries of 0, an entry has 24",
    ),
    "24 a symbol table past the end": (
        patched(in_section(SYMTAB, SIZE), "<Q", 24 << 20),
        (
            f"malformed object: x.a\n  the symbol table ends at byte {(24 << 20) + in_symbol(0) - 24}, "
            f"the object at byte {len(OBJECT)}"
        ),
    ),
    "24 a string table without an end": (
        patched(in_section(STRTAB, SIZE), "<Q", 4),
        "malformed object: x.a\n  the string table does not end with a NUL",
    ),
    "24 a section of unknown type": (
        patched(in_section(TEXT, SECTION_TYPE), "<I", 100),
        "malformed object: x.a\n  section 1 has the unknown type 100",
    ),
    "24 a section of a type reserved to users that is loaded": (
        patched(in_section(TEXT, SECTION_TYPE), "<I", 0xFF000001),
        "malformed object: x.a\n  section 1 has the unknown type 4278190081",
    ),
    "24 a string table without bytes": (
        patched(in_section(STRTAB, SECTION_TYPE), "<I", NOBITS),
        "malformed object: x.a\n  the string table is section 5, which has the type 8",
    ),
    "24 relocations of another size": (
        patched(in_section(RELA, ENTSIZE), "<Q", 56),
        "malformed object: x.a\n  section 3 holds relocations of 56 bytes, one has 24",
    ),
    "24 relocations of a size beyond 32 bits": (
        patched(in_section(RELA, ENTSIZE), "<Q", 24 + (1 << 40)),
        f"malformed object: x.a\n  section 3 holds relocations of {24 + (1 << 40)} bytes, one has 24",
    ),
    "24 a member of a group that does not say so": (
        GROUPED.replace(struct.pack("<IQ", 1, 0x206), struct.pack("<IQ", 1, 6), 1),
        "malformed object: x.a\n  the section group 8 holds section 9, which is not marked as in a group",
    ),
    "24 a section in two groups": (
        GROUPED.replace(struct.pack("<II", 1, 11), struct.pack("<II", 1, 9)),
        "malformed object: x.a\n  the section group 10 holds section 9, which is in another one too",
    ),
    "25 a name past the string table": (
        patched(in_symbol(0), "<I", 9999),
        "malformed object: x.a\n  a symbol's name is at byte 9999 of a string table of 5 bytes",
    ),
    "26 a section that is not there": (
        patched(in_symbol(6), "<H", 99),
        "malformed object: x.a\n  a symbol is in section 99, there are 9",
    ),
    "27 a reserved binding": (
        patched(in_symbol(4), "B", 13 << 4),
        "malformed object: x.a\n  the symbol f has the binding 13",
    ),
    "28 bitcode alone": (
        b"BC\xc0\xde" + bytes(40),
        "contains no machine code: x.a\n  it is LLVM bitcode\n  fix: compile it without -flto",
    ),
    "28 slim LTO in an archive": (
        write_archive([("f.o", Specimen(common=["__gnu_lto_slim"]))]),
        (
            "contains no machine code: x.a(f.o)\n  it holds GCC's intermediate code only (slim LTO)\n"
            "  fix: compile it without -flto, or with -ffat-lto-objects"
        ),
    ),
    "29 metadata of a Rust crate": (
        b"rust\0\0\0\x0a" + bytes(40),
        (
            "contains no machine code: x.a\n  it is metadata of a Rust crate\n"
            '  fix: in Cargo.toml, under [lib]: crate-type = ["staticlib"]'
        ),
    ),
}


@pytest.mark.parametrize("row", ROWS)
def test_each_bad_input_has_its_words(tmp_path: Path, row: str) -> None:
    data, words = ROWS[row]
    expected = words.replace("{directory}", str(tmp_path))
    assert error_of(save(tmp_path / "x.a", data)) == expected


@pytest.mark.parametrize("row", ROWS)
def test_no_bad_input_leaves_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], row: str
) -> None:
    monkeypatch.chdir(tmp_path)
    save(tmp_path / "x.a", ROWS[row][0])
    save(tmp_path / "main.o", write_object(Specimen(strong=["_start"], undefined=["f", "__gnu_lto_slim"])))
    code = main(["plan", "--linker=bfd", "--", "-o", "app", "main.o", "x.a"])
    words = capsys.readouterr()
    assert code in {1, 2}
    assert words.err.startswith("staticlink: ")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["main.o", "x.a"]


def test_a_fifo_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "x.a")
    assert error_of(tmp_path / "x.a") == f"not a regular file: {tmp_path / 'x.a'}\n  it is a FIFO"


def test_a_directory(tmp_path: Path) -> None:
    assert error_of(tmp_path) == f"not a regular file: {tmp_path}\n  it is a directory"


def test_a_file_without_permission(tmp_path: Path) -> None:
    path = save(tmp_path / "x.a", ARCHIVE)
    path.chmod(0)
    user = os.geteuid()
    os.seteuid(user or 65534)  # root may read every file
    try:
        words = error_of(path)
    finally:
        os.seteuid(user)
    assert words == f"cannot read: {path}\n  Permission denied"


def test_a_path_through_a_file(tmp_path: Path) -> None:
    path = save(tmp_path / "x.a", ARCHIVE) / "y.a"
    assert error_of(path) == f"cannot read: {path}\n  Not a directory"


def test_a_symbolic_link_to_itself(tmp_path: Path) -> None:
    (tmp_path / "x.a").symlink_to("x.a")
    assert error_of(tmp_path / "x.a") == f"cannot read: {tmp_path / 'x.a'}\n  Too many levels of symbolic links"


def test_names_that_no_file_can_have(tmp_path: Path) -> None:
    script = save(tmp_path / "x.a", b"INPUT(" + b"n" * 300 + b")")
    assert error_of(script).splitlines()[0] == f"no such file: {'n' * 300}"
    names = b"n" * 300 + b"/\n"
    thin = save(
        tmp_path / "y.a", b"!<thin>\n" + index("f", 78 + 60 + 302) + member("//", names) + member("/0", b"", "9")
    )
    assert error_of(thin).splitlines()[0] == f"missing member: y.a({'n' * 300})"


def test_scripts_that_multiply(tmp_path: Path) -> None:
    for number in range(12):
        save(tmp_path / f"{number}.a", f"INPUT({number + 1}.a {number + 1}.a)".encode())
    save(tmp_path / "12.a", ARCHIVE)
    expected = "linker script names too many files: 0.a\n  more than 1000 files, or 16 scripts within each other"
    assert error_of(tmp_path / "0.a") == expected
    for number in range(20):
        save(tmp_path / f"{number}.a", f"INPUT({number + 1}.a)".encode())
    assert error_of(tmp_path / "0.a") == expected


@pytest.mark.parametrize(
    ("text", "evidence"),
    [
        ("/* " * 20000, "a comment without its end"),
        ('INPUT("a.o)', '" among the inputs of INPUT'),
        ("INPUT(a.o (b.o))", "( among the inputs of INPUT"),
        ("INPUT(AS_NEEDED a.o)", "AS_NEEDED without ("),
        ("GROUP(a.o", "GROUP without )"),
        ("INPUT(" + "( " * 50000, "( among the inputs of INPUT"),
    ],
)
def test_scripts_that_are_none(tmp_path: Path, text: str, evidence: str) -> None:
    expected = f"not an object, archive or linker script: x.a\n  {evidence}"
    assert error_of(save(tmp_path / "x.a", text.encode())) == expected


def shared_names(count: int, length: int) -> bytes:
    """Return an object whose symbols all have the same long name, each from one byte further."""
    long = Specimen(strong=["n" * length, *(f"s{number}" for number in range(count))])
    data = bytearray(write_object(long))
    (table,) = struct.unpack_from("<Q", data, SHOFF)
    (symbols,) = struct.unpack_from("<Q", data, table + 64 * SYMTAB + 24)
    for number in range(count):
        struct.pack_into("<I", data, symbols + 24 * (2 + number), 1 + number)
    return bytes(data)


def test_a_small_object_that_names_more_than_memory_holds(tmp_path: Path) -> None:
    path = save(tmp_path / "x.a", shared_names(20000, 1 << 20))
    assert error_of(path) == f"malformed object: x.a\n  its names come to more than {1 << 26} bytes"


def test_section_groups_that_share_their_sections(tmp_path: Path) -> None:
    data = bytearray(write_object(Specimen(comdat=[f"k{number}" for number in range(200)])))
    (table,) = struct.unpack_from("<Q", data, SHOFF)
    for number in range(8, 408, 2):
        struct.pack_into("<Q", data, table + 64 * number + SIZE, 400)
    words = error_of(save(tmp_path / "x.a", bytes(data)))
    assert words.startswith("malformed object: x.a\n  the section group ")


def segments(*rows: tuple[int, int, int, int, int, int]) -> bytes:
    """Return an executable of nothing but program headers: type, flags, offset, address, size in file and memory."""
    header = struct.pack("<HHIQQQIHHHHHH", 2, 62, 1, 0x400000, 64, 0, 0, 64, 56, len(rows), 64, 0, 0)
    table = b"".join(struct.pack("<IIQQQQQQ", a, b, c, d, d, e, f, 8) for a, b, c, d, e, f in rows)
    return b"\x7fELF\x02\x01\x01" + bytes(9) + header + table


LOAD = (1, 5, 0, 0x400000, 120, 120)
EXECUTABLES: dict[str, tuple[bytes, str]] = {
    "a segment past the end": (
        segments((1, 5, 0, 0x400000, 4096, 4096)),
        "truncated ELF file: {path}\n  PT_LOAD ends at byte 4096, the file at byte 120",
    ),
    "more program headers than Linux reads": (
        segments(*[LOAD] * 1200),
        "malformed ELF file: {path}\n  1200 program headers of 56 bytes at byte 64, the file has 67264",
    ),
    "two dynamic tables": (
        segments(LOAD, (2, 6, 0, 0x400000, 16, 16), (2, 6, 0, 0x400000, 16, 16)),
        "malformed ELF file: {path}\n  it has 2 segments of type PT_DYNAMIC",
    ),
    "a needed library without a string table": (
        segments(LOAD, (2, 6, 176, 0x4000B0, 32, 32)) + struct.pack("<qQqQ", 1, 5, 0, 0),
        "malformed ELF file: {path}\n  the dynamic string table at address 0x0, 0 bytes, is not in the file",
    ),
    "relocations outside the file": (
        segments(LOAD, (2, 6, 176, 0x4000B0, 48, 48)) + struct.pack("<qQqQqQ", 7, 0x900000, 8, 1 << 40, 0, 0),
        "malformed ELF file: {path}\n  a relocation table at address 0x900000, 1099511627776 bytes, is not in the file",
    ),
    "a note longer than its segment": (
        segments(LOAD, (4, 4, 176, 0, 12, 12)) + struct.pack("<III", 4, 0xFFFFFFFF, 3),
        "malformed ELF file: {path}\n  a note of 4 and 4294967295 bytes in a segment of 12",
    ),
    "a search table longer than its segment": (
        segments(LOAD, (0x6474E550, 4, 176, 0, 12, 12)) + b"\x01\x1b\x03\x3b" + struct.pack("<II", 0, 1 << 30),
        "malformed ELF file: {path}\n  .eh_frame_hdr promises 1073741824 entries in 12 bytes",
    ),
}


@pytest.mark.parametrize("row", EXECUTABLES)
def test_each_bad_executable_has_its_words(tmp_path: Path, row: str) -> None:
    data, words = EXECUTABLES[row]
    path = save(tmp_path / "app", data)
    with pytest.raises(StaticlinkError) as caught:
        inspect_executable(path)
    assert render_error(caught.value) == words.replace("{path}", str(path))
