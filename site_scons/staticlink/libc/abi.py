"""Whose interface is the same in both libcs, and whose is not?

``policy/libc_abi/ARCH.toml`` holds what was measured of the functions that both libcs have. A function that only one of
them has is not in the table. Not modelled: machines for which nothing was measured; their table is empty.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import toml

if TYPE_CHECKING:
    from collections.abc import Mapping

_TABLES = Path(__file__).parent.parent / "policy" / "libc_abi"


@dataclass(frozen=True, slots=True)
class Interface:
    """A function of both libcs: ``kind`` is ``same`` or ``differs``, ``differences`` are sentences."""

    name: str
    kind: str
    differences: tuple[str, ...] = ()


def load_interfaces(machine: str) -> Mapping[str, Interface]:
    """Return function -> interface for ``machine``."""
    path = _TABLES / f"{machine}.toml"
    rows = toml.loads(path.read_text(encoding="utf-8")).get("function", []) if path.is_file() else []
    return {row["name"]: Interface(row["name"], row["kind"], tuple(row.get("differences", ()))) for row in rows}
