"""Which findings stop a link, and how are they told?"""

from __future__ import annotations

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


def reject_faults(resolution: Resolution, left_out: Sequence[Archive], see: str) -> None:
    """Raise :class:`StaticlinkError` for what ``resolution`` misses or finds twice.

    ``left_out`` are archives that could have joined but were not chosen: where one of them defines a missing
    symbol, the message says so.
    """
    faults = [*_undefined(resolution, left_out), *_duplicates(resolution), *_two_unwinders(resolution)]
    if faults:
        more = len(faults) - _SHOWN_SYMBOLS
        last = [Fault("more-faults", f"and {more} more")] if more > 0 else []
        shown = [*faults[:_SHOWN_SYMBOLS], *last]
        final = shown[-1]
        raise StaticlinkError(*shown[:-1], Fault(final.id, final.what, final.evidence, final.fix, see))


def reject_findings(findings: Sequence[Finding], output: Path, see: str) -> None:
    """Raise :class:`StaticlinkError` for every finding whose level is ``error``."""
    faults = [finding.fault(output) for finding in findings if finding.level == "error"]
    if faults:
        final = faults[-1]
        raise StaticlinkError(*faults[:-1], Fault(final.id, final.what, final.evidence, final.fix, see))


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
