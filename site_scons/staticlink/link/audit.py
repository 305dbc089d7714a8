"""Which findings stop a link, and how are they told?

What is defined twice is known before the linker runs, and stops the link there. What is missing is left to the
linker to judge: it passes over a symbol that no relocation uses, or that only discarded sections use. When it stops, the
resolution explains it better than the linker does.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from staticlink.errors import Fault, StaticlinkError
from staticlink.link.unwinder import RAISE
from staticlink.report.text import referrer_lines

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from staticlink.link.inputs import Archive
    from staticlink.link.resolution import Resolution
    from staticlink.link.verify import Finding

#: At most this many symbols are reported; a link that misses one library misses hundreds.
_SHOWN_SYMBOLS = 10
#: ``-z muldefs`` and its long form (GNU ld's manual, "Options").
_ALLOW_DUPLICATES = frozenset({"muldefs", "--allow-multiple-definition"})


def reject_faults(resolution: Resolution, flags: Sequence[str], see: str) -> None:
    """Raise :class:`StaticlinkError` for what ``resolution`` finds twice, unless the linker's ``flags`` allow that."""
    duplicates = [] if _ALLOW_DUPLICATES.intersection(flags) else list(_duplicates(resolution))
    faults = [*duplicates, *_two_unwinders(resolution)]
    if faults:
        raise StaticlinkError(*_shown(faults, see))


def explain_undefined(resolution: Resolution, left_out: Sequence[Archive], see: str) -> tuple[Fault, ...]:
    """Return what ``resolution`` misses, as the explanation of a link that failed.

    ``left_out`` are archives that gave no member: where one of them defines a missing symbol, the fault says so.
    """
    return _shown(list(_undefined(resolution, left_out)), see)


def reject_findings(findings: Sequence[Finding], output: Path, see: str) -> None:
    """Raise :class:`StaticlinkError` for every finding whose level is ``error``."""
    faults = [finding.fault(output) for finding in findings if finding.level == "error"]
    if faults:
        raise StaticlinkError(*_shown(faults, see))


def _shown(faults: Sequence[Fault], see: str) -> tuple[Fault, ...]:
    """Return the first of ``faults`` and a count of the rest; the last one says where to look."""
    more = len(faults) - _SHOWN_SYMBOLS
    shown = [*faults[:_SHOWN_SYMBOLS], *([Fault("more-faults", f"and {more} more")] if more > 0 else [])]
    return (*shown[:-1], replace(shown[-1], see=see)) if shown else ()


def _undefined(resolution: Resolution, left_out: Sequence[Archive]) -> Iterator[Fault]:
    for symbol, referrers in resolution.undefined.items():
        owners = [f"defined in {archive.display}, left out" for archive in left_out if symbol in archive.promises]
        yield Fault("undefined-symbol", f"undefined symbol: {symbol}", (*referrer_lines(referrers), *owners))


def _duplicates(resolution: Resolution) -> Iterator[Fault]:
    for symbol, owners in resolution.duplicates.items():
        yield Fault(
            "duplicate-definition", f"duplicate definition: {symbol}", tuple(f"defined in {owner}" for owner in owners)
        )


def _two_unwinders(resolution: Resolution) -> Iterator[Fault]:
    """Two unwinders each know only the frames registered with them, so an exception that meets both is lost."""
    owners = [one.display for one in resolution.loaded if RAISE in (*one.symbols.strong, *one.symbols.weak)]
    if len(owners) > 1:
        evidence = tuple(f"{RAISE} defined in {owner}" for owner in owners)
        yield Fault("two-unwinders", "two unwinders in one link", evidence)
