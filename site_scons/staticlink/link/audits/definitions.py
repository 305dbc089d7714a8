"""Which definitions of a link are not the ones its author would expect?

Every rule here reads a finished resolution: symbols that are defined twice, a weak definition that is used although a
later archive has another, a family of functions (an allocator, an unwinder) of which two components define parts, and
a definition that vanishes with its COMDAT group. Members are read only where an index says that they matter.

A weak definition that a rival in its own archive leaves alone is how a libc is built (musl's dummies, glibc's aliases)
and is no finding; neither is a COMDAT symbol, of which all copies are the same by the language's rules.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from staticlink.link.inputs import Archive, Whole, flatten
from staticlink.link.resolution import COMMON, ROLE_BITS, ROLE_MASK, STRONG, WEAK

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from staticlink.link.finding import Finding, Policy
    from staticlink.link.inputs import ObjectFile
    from staticlink.link.order import LinkOrder
    from staticlink.link.resolution import Resolution

_DEFINED = (STRONG, WEAK, COMMON)
#: GCC's pointers to personality routines: hidden, weak, and alike in every object that has them.
PERSONALITY = "DW.ref."
#: The libc defines this, whichever it is.
_LIBC_START = "__libc_start_main"


def is_libc(archive: Archive | None) -> bool:
    """Say whether ``archive`` is a libc."""
    return archive is not None and _LIBC_START in archive.promises


def owner_of(resolution: Resolution, symbol: str) -> ObjectFile | None:
    """Return the object whose definition of ``symbol`` is used; ``None`` when none is, or the command line's."""
    state = resolution.state.get(symbol, 0)
    number = state >> ROLE_BITS
    return resolution.loaded[number] if state & ROLE_MASK in _DEFINED and 0 <= number < len(resolution.loaded) else None


def archives_of(resolution: Resolution) -> tuple[Archive, ...]:
    """Return the archives of a link in order, each once."""
    return tuple(dict.fromkeys(one for one in flatten(resolution.items) if isinstance(one, Archive)))


def promised_members(archive: Archive, symbol: str) -> Iterator[ObjectFile]:
    """Yield the members of ``archive`` that its index names for ``symbol``."""
    for position in archive.promises.get(symbol, ()):
        one = archive.member(archive.offset_at(position))
        if one is not None:
            yield one


def libc_allocators(resolution: Resolution) -> tuple[ObjectFile, ...]:
    """Return the libc's members that define a ``malloc`` which is not used, because another one was first."""
    clashing = [resolution.loaded[number] for number in resolution.clashes.get("malloc", ()) if number >= 0]
    owner = owner_of(resolution, "malloc")
    return tuple(one for one in clashing if one is not owner and is_libc(one.archive))


def find_duplicates(resolution: Resolution, policy: Policy) -> Iterator[Finding]:
    """Yield every symbol with two strong definitions, but for what ``audits/allocators.py`` tells as one finding."""
    aside = {one.display for one in libc_allocators(resolution)}
    for symbol, owners in resolution.duplicates.items():
        if aside and aside.issuperset(owners[1:]):
            continue
        yield policy.finding("duplicate-definition", (f"defined in {owner}" for owner in owners), symbol)


def find_weak_winners(order: LinkOrder, policy: Policy) -> Iterator[Finding]:
    """Yield every symbol whose weak definition is used although another archive defines it too."""
    resolution = order.resolution
    archives = (*archives_of(resolution), *order.unused)
    weak = {name: state >> ROLE_BITS for name, state in resolution.state.items() if state & ROLE_MASK == WEAK}
    rivals = {
        name: [one for one in archives if name in one.promises and one is not resolution.loaded[number].archive]
        for name, number in weak.items()
        if number >= 0 and not name.startswith(PERSONALITY)
    }
    contested = {name: found for name, found in rivals.items() if found}
    if not contested:
        return
    referrers = _referrers(resolution, contested)
    for name in sorted(contested.keys() & referrers.keys()):
        winner = resolution.loaded[weak[name]]
        losers = [one for archive in contested[name] for one in promised_members(archive, name)]
        if name in winner.symbols.comdat or all(name in one.symbols.comdat for one in losers):
            continue
        strong = [one for one in losers if name in one.symbols.strong]
        id_, kind = ("weak-beats-strong", "strong") if strong else ("weak-beats-weak", "weak")
        evidence = (
            f"weak in {winner.display}, which is used",
            *(f"{kind} in {one.display}" for one in strong or losers),
            f"referenced by {referrers[name]}",
        )
        yield policy.finding(id_, evidence, name)


def _referrers(resolution: Resolution, symbols: Mapping[str, object]) -> dict[str, str]:
    """Return each of ``symbols`` that an object refers to, with the first that does."""
    found: dict[str, str] = {}
    for one in resolution.loaded:
        for name in symbols.keys() & resolution.references(one):
            found.setdefault(name, one.display)
    return found


def find_split_families(resolution: Resolution, policy: Policy) -> Iterator[Finding]:
    """Yield every family of symbols of which several components define a part; plain objects are one component."""
    aside = libc_allocators(resolution)
    for family in policy.families:
        owners: dict[object, list[str]] = {}
        for symbol in family.symbols:
            for one in _definers(resolution, symbol):
                if one in aside:
                    continue
                owners.setdefault(one.archive, []).append(f"{symbol} defined in {one.display}")
        if len(owners) > 1:
            yield policy.finding(family.id, (line for lines in owners.values() for line in lines), _brief(owners))


def _definers(resolution: Resolution, symbol: str) -> list[ObjectFile]:
    owner = owner_of(resolution, symbol)
    clashing = [resolution.loaded[number] for number in resolution.clashes.get(symbol, ()) if number >= 0]
    return list(dict.fromkeys([owner, *clashing])) if owner else []


def _brief(owners: Mapping[object, object]) -> str:
    names = [one.display if isinstance(one, Archive) else "the program's objects" for one in owners]
    return " and ".join(names)


def find_rival_allocators(resolution: Resolution, policy: Policy) -> Iterator[Finding]:
    """Yield a finding when two archives besides the libc offer ``malloc``: their order decides which is used.

    It does not where one of them is taken whole: that one was chosen.
    """
    offers = [one for one in archives_of(resolution) if "malloc" in one.promises and not is_libc(one)]
    owner = owner_of(resolution, "malloc")
    chosen = owner is not None and owner.archive is not None and Whole(owner.archive) in resolution.items
    if len(offers) > 1 and owner is not None and not chosen:
        evidence = (
            f"malloc defined in {owner.display}, which is used",
            *(f"offered by {one.display}" for one in offers),
        )
        yield policy.finding("two-allocators", evidence, " and ".join(one.display for one in offers))


def find_discarded(resolution: Resolution, policy: Policy) -> Iterator[Finding]:
    """Yield every symbol whose only definition belongs to a COMDAT group of which another object's copy was kept."""
    kept: dict[str, ObjectFile] = {}
    for one in resolution.loaded:
        lost = {signature for signature in one.symbols.signatures if kept.setdefault(signature, one) is not one}
        if not lost:
            continue
        for name, signature in one.symbols.comdat.items():
            if signature in lost and owner_of(resolution, name) is None:
                evidence = (
                    f"defined in {one.display}",
                    f"{kept[signature].display} has the group {signature} without it",
                )
                yield policy.finding("discarded-definition", evidence, name)
