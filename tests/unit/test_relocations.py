"""Does the reader of references say what an object's relocations say, and refuse those that make no sense?"""

from __future__ import annotations

import struct
import subprocess
from typing import TYPE_CHECKING

import pytest
from staticlink.elf.relocations import References
from staticlink.errors import StaticlinkError

from tests.elf_writer import Specimen, write_object

if TYPE_CHECKING:
    from pathlib import Path

_RELA = 4


def read(data: bytes) -> References:
    return References(data, "a.o", "x86_64")


def relocation_section(data: bytes) -> tuple[int, int, int]:
    """Return where the header of the first relocation section is, and where its rows are and how many bytes long."""
    (offset,) = struct.unpack_from("<Q", data, 40)
    (count,) = struct.unpack_from("<H", data, 60)
    for at in range(offset, offset + 64 * count, 64):
        if struct.unpack_from("<I", data, at + 4) == (_RELA,):
            start, size = struct.unpack_from("<QQ", data, at + 24)
            return at, start, size
    raise AssertionError


def test_a_section_uses_the_symbols_that_its_relocations_name() -> None:
    found = read(write_object(Specimen(strong=["main"], undefined=["f", "g"])))
    used = {found.name(symbol) for symbols in found.used.values() for symbol in symbols}
    assert used == {"f", "g"}
    assert [found.number(name) is None for name in ("main", "f", "g", "h", "ain")] == [False, False, False, True, True]
    assert dict(found.globals()).keys() == {"main", "f", "g"}


def test_a_symbol_that_is_defined_here_has_its_section_and_another_has_none() -> None:
    found = read(write_object(Specimen(strong=["main"], absolute=["limit"], common=["room"], undefined=["f"])))
    homes = {name: found.homes[number] for name, number in found.globals()}
    assert homes["main"] != 0
    assert (homes["limit"], homes["room"], homes["f"]) == (0, 0, 0)


def test_the_digest_depends_on_what_a_section_uses_and_not_on_where() -> None:
    data = write_object(Specimen(strong=["main"], undefined=["f", "g"]))
    _, start, _ = relocation_section(data)
    moved = bytearray(data)
    struct.pack_into("<Q", moved, start, 4)
    other = bytearray(data)
    first, second = (struct.unpack_from("<I", data, start + at)[0] for at in (12, 36))
    assert first != second
    struct.pack_into("<I", other, start + 12, second)
    assert read(bytes(moved)).digest() == read(data).digest()
    assert read(bytes(other)).digest() != read(data).digest()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            '__attribute__((section("one"))) int f(void) { return 1; }',
            '__attribute__((section("two"))) int f(void) { return 1; }',
        ),
        (
            "int f(void) { return 1; } __attribute__((cold)) int g(void) { return 2; }",
            "__attribute__((cold)) int f(void) { return 1; } int g(void) { return 2; }",
        ),
    ],
    ids=["the name of a section", "the section of a symbol"],
)
def test_the_digest_depends_on_which_section_holds_what(tmp_path: Path, before: str, after: str) -> None:
    digests = []
    for name, text in (("before.c", before), ("after.c", after), ("again.c", before)):
        (tmp_path / name).write_text(f"{text}\n", encoding="utf-8")
        subprocess.run(["gcc", "-O2", "-c", name, "-o", "a.o"], cwd=tmp_path, check=True, timeout=60)
        digests.append(read((tmp_path / "a.o").read_bytes()).digest())
    assert digests[0] != digests[1]
    assert digests[0] == digests[2]


def test_a_relocation_that_names_no_symbol_of_the_object_is_refused() -> None:
    data = bytearray(write_object(Specimen(strong=["main"], undefined=["f"])))
    _, start, _ = relocation_section(bytes(data))
    struct.pack_into("<I", data, start + 12, 9999)
    with pytest.raises(StaticlinkError) as caught:
        read(bytes(data))
    fault = caught.value.faults[0]
    assert (fault.id, fault.what) == ("malformed-object", "malformed object: a.o")
    assert fault.evidence == ("a relocation of section 2 names symbol 9999, there are 3",)


def test_half_a_relocation_is_refused() -> None:
    data = bytearray(write_object(Specimen(strong=["main"], undefined=["f"])))
    header, _, size = relocation_section(bytes(data))
    struct.pack_into("<Q", data, header + 32, size - 8)
    with pytest.raises(StaticlinkError) as caught:
        read(bytes(data))
    assert caught.value.faults[0].evidence == (f"a relocation section has {size - 8} bytes, one relocation has 24",)
