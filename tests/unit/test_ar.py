"""Is every kind of archive read, and every broken one refused with the right words?"""

from __future__ import annotations

import struct

import pytest
from staticlink.elf.ar import read_archive
from staticlink.errors import StaticlinkError

from tests.elf_writer import Specimen, write_archive

F, G = Specimen(strong=["f"]), Specimen(strong=["g"])


def header(name: str, size: int | str) -> bytes:
    return f"{name:<16}{0:<12}{0:<6}{0:<6}{644:<8}{size:<10}`\n".encode()


def evidence(data: bytes) -> list[str]:
    with pytest.raises(StaticlinkError) as caught:
        read_archive(data, "libx.a")
    (fault,) = caught.value.faults
    return [fault.id, fault.what, *fault.evidence, *([f"fix: {fault.fix}"] if fault.fix else [])]


def test_members_and_index() -> None:
    table = read_archive(write_archive([("f.o", F), ("g.o", G)]), "libx.a")
    assert [member.name for member in table.members] == ["f.o", "g.o"]
    assert table.index == (("f", "g"), tuple(member.offset for member in table.members))
    assert not table.thin


def test_duplicate_names_are_told_apart_by_offset() -> None:
    first, second = read_archive(write_archive([("x.o", F), ("x.o", G)]), "libx.a").members
    assert (first.name, second.name) == ("x.o", "x.o")
    assert first.offset != second.offset


def test_an_archive_of_eight_bytes_is_empty() -> None:
    table = read_archive(b"!<arch>\n", "libx.a")
    assert (table.members, table.index) == ((), None)


def test_a_missing_index_is_not_an_empty_one() -> None:
    table = read_archive(b"!<arch>\n" + header("a.txt/", 2) + b"hi", "libx.a")
    assert (len(table.members), table.index) == (1, None)


def test_long_names() -> None:
    names = b"a_name_of_more_than_sixteen_bytes.o/\nanother one with spaces.o/\n"
    body = header("//", len(names)) + names + b"\n" * (len(names) % 2) + header("/0", 0) + header("/37", 0)
    found = [member.name for member in read_archive(b"!<arch>\n" + body, "libx.a").members]
    assert found == ["a_name_of_more_than_sixteen_bytes.o", "another one with spaces.o"]


def test_64_bit_index() -> None:
    index = struct.pack(">QQ", 1, 8 + 60 + 18) + b"f\0"
    data = b"!<arch>\n" + header("/SYM64/", len(index)) + index + header("f.o/", 0)
    assert read_archive(data, "libx.a").index == (("f",), (86,))


def test_bsd_names_and_index() -> None:
    index = struct.pack("<III", 8, 0, 88) + struct.pack("<I", 2) + b"f\0" + b"\0\0"
    data = b"!<arch>\n" + header("__.SYMDEF", len(index)) + index + header("#1/4", 6) + b"f.o\0hi"
    table = read_archive(data, "libx.a")
    assert (table.index, table.members[0].name, table.members[0].size) == ((("f",), (88,)), "f.o", 2)


def test_thin_members_have_no_data() -> None:
    names = b"sub/f.o/\n"
    data = b"!<thin>\n" + header("//", len(names)) + names + b"\n" + header("/0", 1000) + header("/0:68", 5)
    first, second = read_archive(data, "libx.a").members
    assert (first.name, first.size, first.origin, second.origin) == ("sub/f.o", 1000, None, 68)


def test_odd_members_with_and_without_padding() -> None:
    padded = b"!<arch>\n" + header("a/", 1) + b"x\n" + header("b/", 1) + b"y"
    bare = b"!<arch>\n" + header("a/", 1) + b"x" + header("b/", 1) + b"y"
    assert [len(read_archive(data, "libx.a").members) for data in (padded, bare)] == [2, 2]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"hello", ["not-archive", "not an archive: libx.a", "begins with 68 65 6c 6c 6f"]),
        (
            b"!<arch>\n" + header("f.o/", 9)[:20],
            ["truncated-archive", "truncated archive: libx.a", "ends within the member header at byte 8"],
        ),
        (
            b"!<arch>\n" + header("f.o/", 100) + b"x",
            ["truncated-archive", "truncated archive: libx.a", "member at byte 8 needs 100 bytes, 1 are left"],
        ),
        (
            b"!<arch>\n" + header("f.o/", 0) + b"garbage" * 10,
            ["malformed-archive", "malformed archive: libx.a", "no member header at byte 68"],
        ),
        (
            b"!<arch>\n" + header("f.o/", "-5"),
            ["malformed-archive", "malformed archive: libx.a", "member header at byte 8 gives the size '-5'"],
        ),
        (
            b"!<arch>\n" + header("/99", 0),
            [
                "malformed-archive",
                "malformed archive: libx.a",
                "member at byte 8 is named '/99', the name table has 0 bytes",
            ],
        ),
        (
            b"!<arch>\n" + header("#1/40", 4) + b"f.o\0",
            ["malformed-archive", "malformed archive: libx.a", "member header at byte 8 gives the name length '40'"],
        ),
        (
            b"!<arch>\n" + header("/", 4) + struct.pack(">I", 1000),
            ["malformed-archive", "malformed archive: libx.a", "the index promises 1000 symbols in 4 bytes"],
        ),
        (
            b"!<arch>\n" + header("__.SYMDEF", 4) + struct.pack("<I", 800),
            ["malformed-archive", "malformed archive: libx.a", "the index promises 100 symbols in 4 bytes"],
        ),
        (
            b"!<arch>\n" + header("/", 10) + struct.pack(">II", 1, 9999) + b"f\0" + header("f.o/", 0),
            [
                "stale-index",
                "stale archive index: libx.a",
                "f at byte 9999, where no member begins",
                "fix: ranlib libx.a",
            ],
        ),
    ],
)
def test_broken_archives(data: bytes, expected: list[str]) -> None:
    assert evidence(data) == expected
