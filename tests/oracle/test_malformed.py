"""Are the objects that we refuse for their section headers those that GNU ld refuses?"""

from __future__ import annotations

import struct
import subprocess
from pathlib import Path

import pytest
from staticlink.errors import StaticlinkError
from staticlink.link.reading import read_input
from staticlink.link.resolve import resolve
from staticlink.report.text import render_error

from tests.elf_writer import Specimen, save, write_object

F = Specimen(strong=["f"])


@pytest.fixture(autouse=True)
def _directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    save(Path("root.o"), write_object(Specimen(strong=["_start"], undefined=["f"])))


def gnu_ld(name: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["ld.bfd", "root.o", name, "-o", "out"], capture_output=True, text=True, check=False, timeout=60
    )


def refusal(name: str) -> str:
    with pytest.raises(StaticlinkError) as caught:
        read_input(Path(name))
    return render_error(caught.value)


def with_section_type(old: int, new: int) -> bytes:
    """Return ``f.o`` with the type of its one section of type ``old`` changed."""
    data = bytearray(write_object(F))
    (table,) = struct.unpack_from("<Q", data, 40)
    place = next(at for at in range(table, len(data), 64) if struct.unpack_from("<I", data, at + 4) == (old,))
    struct.pack_into("<I", data, place + 4, new)
    return bytes(data)


def test_a_symbol_table_of_a_type_without_bytes_is_none() -> None:
    save(Path("x.o"), with_section_type(2, 8))
    assert resolve([read_input(Path("root.o")), read_input(Path("x.o"))]).undefined == {"f": ("root.o",)}
    assert "undefined reference to `f'" in gnu_ld("x.o").stderr


def test_a_string_table_of_a_type_without_bytes() -> None:
    save(Path("x.o"), with_section_type(3, 8))
    assert refusal("x.o") == "malformed object: x.o\n  the string table is section 5, which has the type 8"
    assert "attempt to load strings from a non-string section" in gnu_ld("x.o").stderr


#: Section types and flags -> whether GNU ld takes an object with such a section.
TYPES = {
    (7, 6): True, (12, 0): False, (13, 6): False, (14, 0): True, (19, 6): False, (100, 0): False,
    (0x60000000, 6): True, (0x60000000, 0x106): False, (0x6FFF4C03, 0): True,
    (0x70000001, 6): True, (0x70000003, 0): False, (0x80000000, 0): True, (0x80000000, 6): False,
    (0xFFFFFFFF, 6): False,
}  # fmt: skip


@pytest.mark.parametrize(("kind", "flags"), TYPES)
def test_section_types_that_gnu_ld_takes(kind: int, flags: int) -> None:
    data = bytearray(write_object(F))
    (table,) = struct.unpack_from("<Q", data, 40)
    struct.pack_into("<IQ", data, table + 64 * 7 + 4, kind, flags)  # .comment
    save(Path("x.o"), bytes(data))
    assert (gnu_ld("x.o").returncode == 0) is TYPES[kind, flags]
    if TYPES[kind, flags]:
        assert resolve([read_input(Path("root.o")), read_input(Path("x.o"))]).undefined == {}
    else:
        assert refusal("x.o") == f"malformed object: x.o\n  section 7 has the unknown type {kind}"


def patched(data: bytes, section: int, place: int, layout: str, value: int) -> bytes:
    changed = bytearray(data)
    (table,) = struct.unpack_from("<Q", data, 40)
    struct.pack_into(layout, changed, table + 64 * section + place, value)
    return bytes(changed)


def test_groups_and_relocations_that_gnu_ld_refuses() -> None:
    grouped = write_object(Specimen(strong=["f"], comdat=["a", "b"]))
    cases = {
        "not marked as in a group": patched(grouped, 9, 8, "<Q", 6),
        "in another one too": grouped.replace(struct.pack("<II", 1, 11), struct.pack("<II", 1, 9)),
        "holds relocations of 56 bytes": patched(grouped, 3, 56, "<Q", 56),
    }
    for words, data in cases.items():
        save(Path("x.o"), data)
        assert words in refusal("x.o")
        assert "file format not recognized" in gnu_ld("x.o").stderr


def test_relocations_need_not_be_marked_as_in_a_group() -> None:
    save(Path("c.cc"), b"extern int z; inline int k() { return z; } int f() { return k(); }")
    subprocess.run(["g++", "-O0", "-c", "c.cc", "-o", "x.o"], check=True, timeout=60)
    data = Path("x.o").read_bytes()
    (table,) = struct.unpack_from("<Q", data, 40)
    rows = [struct.unpack_from("<IIQ", data, at) for at in range(table, len(data), 64)]
    number = next(place for place, (_, kind, flags) in enumerate(rows) if kind == 4 and flags & 0x200)
    save(Path("y.o"), patched(data, number, 8, "<Q", rows[number][2] & ~0x200))
    assert read_input(Path("y.o")) is not None
    assert "not recognized" not in gnu_ld("y.o").stderr
