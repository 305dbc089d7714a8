"""Whose definition of each symbol is in the executable that a linker wrote?

GNU ld's map says where each section of each object went, the executable where each symbol is; lld's map says which
symbols of an object were used. So this is read from what was linked, and not from what a linker says about resolution.
"""

from __future__ import annotations

import re
from bisect import bisect
from typing import TYPE_CHECKING

from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection

from tests.oracle.linkers import run_bfd

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_PLACED = re.compile(r"^ (?:\.\S+|COMMON)\s+0x([0-9a-f]+)\s+0x([0-9a-f]+) (\S.*)$", re.MULTILINE)
#: A line of lld's map: four numbers, then an object with its section at the second column, a symbol at the third.
_LLD_LINE = re.compile(
    r"^\s*(?:[0-9a-f]+\s+){3}\d+ (?: {8}(?P<input>\S+):\([^()]*\)| {16}(?P<symbol>.+))$", re.MULTILINE
)


def read_winners(directory: Path, words: Sequence[str]) -> tuple[dict[str, str], frozenset[str]]:
    """Link ``words`` under GNU ld; return symbol -> the object that defines it, and the undefined symbols."""
    outcome = run_bfd(directory, ["-z", "muldefs", *words])
    return bfd_winners(directory), outcome.undefined


def bfd_winners(directory: Path, kinds: Sequence[str] = ("STT_FUNC", "STT_OBJECT")) -> dict[str, str]:
    """Return symbol -> the object that defines it in the last link of GNU ld; empty when that wrote nothing.

    ``kinds`` are the types of symbols to look up; data may be moved when strings are merged.
    """
    if not (directory / "out").exists():
        return {}
    text = (directory / "map").read_text(encoding="utf-8").partition("Linker script and memory map")[2]
    found = [(int(address, 16), int(size, 16), display) for address, size, display in _PLACED.findall(text)]
    placed = [(0, 0, ""), *sorted(row for row in found if row[0] and row[1])]
    winners = {}
    for name, address in _symbols(directory / "out", kinds):
        begin, size, display = placed[bisect(placed, address, key=lambda row: row[0]) - 1]
        if begin <= address < begin + size:
            winners[name] = display
    return winners


def _symbols(path: Path, kinds: Sequence[str]) -> list[tuple[str, int]]:
    with path.open("rb") as stream:
        table = ELFFile(stream).get_section_by_name(".symtab")
        assert isinstance(table, SymbolTableSection)
        rows = [row for row in table.iter_symbols() if row["st_shndx"] != "SHN_UNDEF" and row.name]
        return [(row.name, row["st_value"]) for row in rows if row["st_info"]["type"] in kinds]


def lld_winners(directory: Path) -> dict[str, str]:
    """Return symbol -> the object that defines it in the last link of lld; empty when that wrote nothing."""
    if not (directory / "map.lld").exists():
        return {}
    winners, display = {}, ""
    for match in _LLD_LINE.finditer((directory / "map.lld").read_text(encoding="utf-8")):
        if match["input"]:
            display = match["input"]
        elif display != "<internal>":  # the place of an IFUNC symbol is the linker's
            winners[match["symbol"]] = display
    return winners
