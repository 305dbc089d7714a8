"""What does the debug information of a linked file say, entry by entry?

pyelftools reads DWARF of every version and form; a link never asks for this, so its speed does not matter.

Not modelled: line tables and location lists; the linker plugin's bitcode.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from elftools.elf.elffile import ELFFile

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class DebugEntry:
    """An entry of ``.debug_info``: tag and attributes without their ``DW_`` prefixes; a reference is an offset."""

    offset: int
    tag: str
    values: Mapping[str, int | str]
    children: tuple[DebugEntry, ...]


def read_debug_entries(path: Path) -> tuple[DebugEntry, ...]:
    """Return the top entry of each unit in a linked file of this machine's compiler, with all that is below it."""

    def copy(entry: Any) -> DebugEntry:  # noqa: ANN401  (pyelftools has no types)
        values: dict[str, int | str] = {}
        for name, attribute in entry.attributes.items():
            value = attribute.value
            if attribute.form.startswith("DW_FORM_ref"):
                value += entry.cu.cu_offset
            values[str(name).removeprefix("DW_AT_")] = value.decode() if isinstance(value, bytes) else value
        children = tuple(copy(child) for child in entry.iter_children())
        return DebugEntry(entry.offset, str(entry.tag).removeprefix("DW_TAG_"), values, children)

    information = ELFFile(io.BytesIO(path.read_bytes())).get_dwarf_info()
    return tuple(copy(unit.get_top_DIE()) for unit in information.iter_CUs())
