"""Is every file read as what it is, and never waited for?"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from staticlink.errors import StaticlinkError
from staticlink.link.inputs import Archive, Group, ObjectFile, Script, flatten
from staticlink.link.reading import read_input

from tests.elf_writer import Specimen, save, write_archive, write_object

if TYPE_CHECKING:
    from pathlib import Path

F = Specimen(strong=["f"])


def message(path: Path) -> list[str]:
    with pytest.raises(StaticlinkError) as caught:
        read_input(path)
    (fault,) = caught.value.faults
    return [fault.id, fault.what, *fault.evidence]


def test_an_object(tmp_path: Path) -> None:
    one = read_input(save(tmp_path / "f.o", write_object(F)))
    assert isinstance(one, ObjectFile)
    assert (one.display, one.symbols.strong) == ("f.o", ("f",))


def test_an_archive_reads_members_when_asked(tmp_path: Path) -> None:
    one = read_input(save(tmp_path / "libf.a", write_archive([("f.o", F), ("bad.o", Specimen(machine=183))])))
    assert isinstance(one, Archive)
    member = one.member(one.offset_at(one.promises["f"][0]))
    assert member is not None
    assert member.display == "libf.a(f.o)"
    with pytest.raises(StaticlinkError, match=r"wrong machine: libf.a\(bad.o\)"):
        list(one.objects())


def test_members_that_are_no_objects_are_ignored(tmp_path: Path) -> None:
    readme = b"README/         0           0     0     644     5         `\nhello\n"
    one = read_input(save(tmp_path / "libf.a", write_archive([("f.o", F)]) + readme))
    assert isinstance(one, Archive)
    assert [member.display for member in one.objects()] == ["libf.a(f.o)"]


def test_an_archive_without_index_says_what_to_do(tmp_path: Path) -> None:
    data = write_object(F)
    header = f"{'f.o/':<16}{0:<12}{0:<6}{0:<6}{644:<8}{len(data):<10}`\n".encode()
    one = read_input(save(tmp_path / "libf.a", b"!<arch>\n" + header + data))
    assert isinstance(one, Archive)
    with pytest.raises(StaticlinkError) as caught:
        assert one.promises
    (fault,) = caught.value.faults
    assert (fault.what, fault.fix) == ("archive has no index: libf.a", "ranlib libf.a")


def test_a_thin_archive_reads_the_files_beside_it(tmp_path: Path) -> None:
    save(tmp_path / "f.o", write_object(F))
    header = f"{'f.o/':<16}{0:<12}{0:<6}{0:<6}{644:<8}{1:<10}`\n".encode()
    one = read_input(save(tmp_path / "libf.a", b"!<thin>\n" + header))
    assert isinstance(one, Archive)
    assert [member.symbols.strong for member in one.objects()] == [("f",)]
    (tmp_path / "f.o").unlink()
    again = read_input(tmp_path / "libf.a")
    assert isinstance(again, Archive)
    with pytest.raises(StaticlinkError) as caught:
        list(again.objects())
    (fault,) = caught.value.faults
    assert fault.what == "missing member: libf.a(f.o)"
    assert fault.evidence == (f"a thin archive names its members relative to {tmp_path}",)


def test_a_linker_script_stands_for_its_inputs(tmp_path: Path) -> None:
    save(tmp_path / "libreal.a", write_archive([("f.o", F)]))
    save(tmp_path / "g.o", write_object(Specimen(strong=["g"])))
    text = b"/* libm */ OUTPUT_FORMAT(elf64-x86-64)\nGROUP ( libreal.a AS_NEEDED ( -lreal ) ) INPUT(g.o);\n"
    one = read_input(save(tmp_path / "libm.a", text), directories=[tmp_path])
    assert isinstance(one, Script)
    assert isinstance(one.items[0], Group)
    assert [item.display for item in flatten([one])] == ["libreal.a", "libreal.a", "g.o"]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", ["empty-input", "empty file, not an object or archive: x.a"]),
        (b"!<ar", ["truncated-archive", "truncated archive: x.a", "ends at byte 4"]),
        (
            b"\0\1\2",
            ["unknown-input", "not an object, archive or linker script: x.a", "begins with 00 01 02"],
        ),
        (
            b"SECTIONS { }",
            ["unknown-input", "not an object, archive or linker script: x.a", "unknown command: SECTIONS"],
        ),
        (b"INPUT(a.o", ["unknown-input", "not an object, archive or linker script: x.a", "INPUT without )"]),
        (b"INPUT a.o", ["unknown-input", "not an object, archive or linker script: x.a", "INPUT without ("]),
        (b" \n", ["unknown-input", "not an object, archive or linker script: x.a", "it names no input"]),
        (b"GROUP(x.a)", ["input-cycle", "linker script includes itself: x.a", "x.a -> x.a"]),
    ],
)
def test_bad_files(tmp_path: Path, data: bytes, expected: list[str]) -> None:
    assert message(save(tmp_path / "x.a", data)) == expected


def test_a_script_that_names_a_missing_file(tmp_path: Path) -> None:
    path = save(tmp_path / "x.a", b"GROUP(gone.a)")
    assert message(path) == ["missing-input", "no such file: gone.a", "named by x.a", f"searched: {tmp_path}"]


def test_what_is_no_regular_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    assert message(tmp_path / "fifo") == ["not-a-file", f"not a regular file: {tmp_path / 'fifo'}", "it is a FIFO"]
    assert message(tmp_path) == ["not-a-file", f"not a regular file: {tmp_path}", "it is a directory"]
    assert message(tmp_path / "gone") == ["missing-input", f"no such file: {tmp_path / 'gone'}"]
