"""What does a failure carry, so that a person can act on it?

The core raises :class:`StaticlinkError` and nothing else for what a user can cause. It carries fields;
``report/text.py`` turns them into the lines a person reads, and the adapters turn it into SCons' own errors.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong: a stable id, a phrase, its evidence, and the fix where one is known.

    ``id`` is kebab-case and the same in JSON, documentation and tests. ``what`` is a fixed lower-case phrase followed
    by its subject (``undefined symbol: _Unwind_Resume``). ``evidence`` holds one line each, without indentation.
    """

    id: str
    what: str
    evidence: tuple[str, ...] = ()
    fix: str | None = None
    see: str | None = None


class StaticlinkError(Exception):
    """Everything of one kind that is wrong, reported at once."""

    def __init__(self, *faults: Fault) -> None:
        """Carry ``faults``, at least one, in the order in which a person should read them."""
        super().__init__("; ".join(fault.what for fault in faults))
        self.faults: tuple[Fault, ...] = faults


def fail(  # the one-fault form, because most failures have one
    id_: str, what: str, *, evidence: Iterable[str] = (), fix: str | None = None, see: str | None = None
) -> StaticlinkError:
    """Return the error for a single fault; the caller raises it."""
    return StaticlinkError(Fault(id_, what, tuple(evidence), fix, see))
