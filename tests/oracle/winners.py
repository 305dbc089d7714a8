"""Whose definition of each symbol is in the executable that GNU ld wrote?

The map says where each section of each object went, the executable where each symbol is. So this is read from what was
linked, and not from what a linker says about it. It holds for the objects of ``tests/elf_writer.py`` alone: a symbol
lies at the beginning of its section.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection

from tests.oracle.linkers import run_bfd

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_PLACED = re.compile(r"^ (?:\.\S+|COMMON)\s+0x([0-9a-f]+)\s+0x([0-9a-f]+) (\S+)$", re.MULTILINE)


def read_winners(directory: Path, words: Sequence[str]) -> tuple[dict[str, str], frozenset[str]]:
    """Link ``words``; return symbol -> the object that defines it, and the undefined symbols."""
    outcome = run_bfd(directory, ["-z", "muldefs", *words])
    placed = (directory / "map").read_text().partition("Linker script and memory map")[2]
    owners: dict[int, list[str]] = {}
    for address, size, display in _PLACED.findall(placed):
        if int(size, 16):
            owners.setdefault(int(address, 16), []).append(display)
    winners = {}
    for name, address in _symbols(directory / "out"):
        if address in owners:
            (winners[name],) = owners[address]
    return winners, outcome.undefined


def _symbols(path: Path) -> list[tuple[str, int]]:
    with path.open("rb") as stream:
        table = ELFFile(stream).get_section_by_name(".symtab")
        assert isinstance(table, SymbolTableSection)
        rows = [row for row in table.iter_symbols() if row["st_shndx"] != "SHN_UNDEF" and row.name]
        return [(row.name, row["st_value"]) for row in rows if row["st_info"]["type"] in ("STT_FUNC", "STT_OBJECT")]
