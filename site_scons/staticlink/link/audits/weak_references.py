"""Which weak references stay zero although an archive could satisfy them?

In a static link a weak reference extracts nothing. Most code that refers weakly asks whether something is there and
copes with a no. Some does not: libgcc_eh locks through weak references to pthread functions and jumps to address zero.
Where policy says so (``extract = true``), the symbol is asked for with ``-u``, as if somebody needed it.

A reference that an archive makes to itself is the archive's own design and no finding.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from staticlink.link.audits.definitions import archives_of
from staticlink.link.finding import LEVELS
from staticlink.link.order import order_inputs
from staticlink.link.resolution import LAZY, ROLE_MASK, UNDEFINED, WEAK_UNDEFINED

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from staticlink.link.finding import Finding, Policy
    from staticlink.link.inputs import Archive, ObjectFile
    from staticlink.link.order import LinkOrder
    from staticlink.link.resolution import Resolution
    from staticlink.link.sources import Inputs

_ID = "weak-not-extracted"
_ZERO = (UNDEFINED, WEAK_UNDEFINED, LAZY)


def order_and_extract(inputs: Inputs, policy: Policy) -> tuple[LinkOrder, tuple[str, ...]]:
    """Return an order of ``inputs``, and the symbols the linker must be given with ``-u`` beyond the project's own.

    What is extracted can refer weakly in turn, so the link is ordered again until nothing is left to ask for.
    """
    asked: tuple[str, ...] = ()
    while True:
        options = replace(inputs.options, undefined=(*inputs.options.undefined, *asked))
        order = order_inputs(
            inputs.objects, inputs.archives, closing=inputs.closing, options=options, begun=inputs.begun
        )
        more = choose_extractions(order, policy)
        if not more:
            return order, asked
        asked += more


def find_weak_references(order: LinkOrder, policy: Policy) -> Iterator[Finding]:
    """Yield every weak reference that stays zero although another archive defines the symbol, a symbol at a time."""
    for symbol, referrers, owners in _unsatisfied(order.resolution, order.unused):
        evidence = (
            *(f"weakly referenced by {one.display}" for one in referrers),
            *(f"defined in {archive.display}, not extracted" for archive in owners),
        )
        found = [policy.finding(_ID, evidence, symbol, one.home_display) for one in referrers]
        yield min(found, key=lambda one: LEVELS.index(one.level))


def choose_extractions(order: LinkOrder, policy: Policy) -> tuple[str, ...]:
    """Return the symbols that the linker should be given with ``-u``, sorted."""
    return tuple(
        symbol
        for symbol, referrers, _ in _unsatisfied(order.resolution, order.unused)
        if any((rule := policy.rule(_ID, symbol, one.home_display)) is not None and rule.extract for one in referrers)
    )


def _unsatisfied(
    resolution: Resolution, unused: Sequence[Archive]
) -> Iterator[tuple[str, list[ObjectFile], list[Archive]]]:
    referrers: dict[str, list[ObjectFile]] = {}
    for one in resolution.loaded:
        for name in one.symbols.weak_undefined:
            if resolution.state.get(name, WEAK_UNDEFINED) & ROLE_MASK in _ZERO:
                referrers.setdefault(name, []).append(one)
    archives = (*archives_of(resolution), *unused) if referrers else ()
    for name in sorted(referrers):
        owners = [archive for archive in archives if name in archive.promises]
        outside = [one for one in referrers[name] if one.archive not in owners]
        if owners and outside:
            yield name, outside, owners
