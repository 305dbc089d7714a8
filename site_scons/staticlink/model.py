"""Which small values does every phase speak in?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")

#: Prints one short line of progress: a verb in capitals (``LINK``), its subject, and what was found.
Say = Callable[[str, str, str], None]


@dataclass(frozen=True, slots=True)
class Choice(Generic[T]):
    """A decision: what was chosen, why in one clause, and the facts that made it so, one line each."""

    value: T
    reason: str
    evidence: tuple[str, ...] = ()
