"""Whose interface is the same in both libcs, and whose is not?

``policy/libc_abi/MACHINE.toml`` holds what ``measure/interfaces.py`` found of the functions that both libcs have. A
function that one of them alone has is not in the table. Some differences harm callers of one libc only: a buffer that
one header makes too small, a flag that the other libc does not know.

Not modelled: machines for which nothing was measured; their table is empty.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import toml

from staticlink.errors import fail

if TYPE_CHECKING:
    from collections.abc import Mapping

_TABLES = Path(__file__).parent.parent / "policy" / "libc_abi"


@dataclass(frozen=True, slots=True)
class Interface:
    """A function of both libcs: ``kind`` is ``same`` or ``differs``, ``differences`` are sentences.

    ``callers`` are the libcs whose callers are harmed when they meet the other one.
    """

    name: str
    kind: str
    differences: tuple[str, ...] = ()
    callers: tuple[str, ...] = ()

    def harms(self, caller: str) -> bool:
        """Say whether an object that was compiled against ``caller`` must not call the other libc's function."""
        return self.kind == "differs" and (caller in self.callers or not self.callers)


def measured_machines(tables: Path = _TABLES) -> tuple[str, ...]:
    """Return the machines for which there is a table."""
    return tuple(sorted(path.stem for path in tables.glob("*.toml")))


def load_interfaces(machine: str, tables: Path = _TABLES) -> Mapping[str, Interface]:
    """Return function -> interface for ``machine``.

    Raises :class:`StaticlinkError` when the table cannot be read.
    """
    path = tables / f"{machine}.toml"
    if not path.is_file():
        return {}
    try:
        document = toml.loads(path.read_text(encoding="utf-8"))
    except toml.TomlDecodeError as error:
        raise fail("bad-policy", f"policy file cannot be read: {path.name}", evidence=(str(error),)) from None
    found = {name: Interface(name, "same") for name in document["same"].split()}
    for name, row in document["differs"].items():
        found[name] = Interface(name, "differs", tuple(row["differences"]), tuple(row["callers"]))
    return found
