"""Are files that are no executable refused with the right words?"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import pytest
from staticlink.elf.inspect import inspect_executable
from staticlink.errors import StaticlinkError

from tests.elf_writer import Specimen, save, write_object

if TYPE_CHECKING:
    from pathlib import Path

#: An executable of one segment that says it is longer than the file.
CUT = (
    b"\x7fELF\x02\x01\x01"
    + bytes(9)
    + struct.pack("<HHIQQQIHHHHHH", 2, 62, 1, 0x400078, 64, 0, 0, 64, 56, 1, 64, 0, 0)
    + struct.pack("<IIQQQQQQ", 1, 5, 0, 0x400000, 0x400000, 4096, 4096, 4096)
)


def message(path: Path) -> list[str]:
    with pytest.raises(StaticlinkError) as caught:
        inspect_executable(path)
    (fault,) = caught.value.faults
    return [fault.id, fault.what, *fault.evidence]


def test_another_file(tmp_path: Path) -> None:
    path = save(tmp_path / "script", b"#!/bin/sh\n")
    assert message(path) == ["not-elf", f"not an ELF file: {path}", "begins with 23 21 2f 62 69 6e 2f 73"]


def test_a_truncated_file(tmp_path: Path) -> None:
    path = save(tmp_path / "cut", CUT)
    expected = ["truncated-elf", f"truncated ELF file: {path}", "PT_LOAD ends at byte 4096, the file at byte 120"]
    assert message(path) == expected


def test_every_cut_of_a_header_is_one_error(tmp_path: Path) -> None:
    whole = write_object(Specimen(strong=["f"]))
    for length in range(4, 64, 5):
        path = save(tmp_path / f"cut{length}", whole[:length])
        assert message(path)[:2] == ["malformed-elf", f"malformed ELF header: {path}"]
