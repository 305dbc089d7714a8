"""Does the outcome of a link depend on which linker runs it?

The planned order links under every linker, but not always to the same program: where two archives define a symbol,
GNU ld takes the archive it comes past next, lld the one it came past first. So the link is resolved under lld's rules
as well and the winners are compared.

lld looks at every member of every archive. A member whose symbols nobody refers to cannot join, so only members that an
index names for a referenced symbol are offered; when each has one place to come from, both linkers must agree and
nothing is resolved at all.

Not modelled: gold, which follows GNU ld but for COMMON symbols, and mold, which prefers a strong definition in a later
archive; ``weak-beats-strong`` names the symbols where that matters.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from staticlink.link.audits.definitions import archives_of, owner_of
from staticlink.link.inputs import Archive, Group, Script
from staticlink.link.lld import Lld
from staticlink.link.resolution import LAZY, ROLE_MASK, UNDEFINED, WEAK_UNDEFINED

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from staticlink.link.finding import Finding, Policy
    from staticlink.link.inputs import Item, ObjectFile
    from staticlink.link.resolution import Resolution

    #: archive -> offset -> member
    _Members = dict[Archive, dict[int, ObjectFile]]

_OPEN = (WEAK_UNDEFINED, LAZY)


def find_divergence(resolution: Resolution, policy: Policy) -> Iterator[Finding]:
    """Yield every symbol whose winner under lld is not the one ``resolution``, GNU ld's, has."""
    candidates, contested = _candidates(resolution)
    if not contested:
        return
    lld = _Winners(resolution.options)
    lld.take_all(_offered(resolution.items, candidates))
    lld.finish()
    other = lld.result("lld", resolution.items)
    explained = False
    for name in sorted(contested):
        ours, theirs = owner_of(resolution, name), owner_of(other, name)
        missing = _is_missing(resolution, name) if ours is None else theirs is None and _is_missing(other, name)
        if ours is not theirs and (missing or (ours is not None and theirs is not None)):
            explained = True
            evidence = (f"{_shown(ours)} under GNU ld", f"{_shown(theirs)} under lld")
            yield policy.finding("linker-dependent", evidence, name)
    if not explained:
        yield from _members(resolution, other, policy)


def _members(resolution: Resolution, other: Resolution, policy: Policy) -> Iterator[Finding]:
    """Yield the members that only one of the linkers extracts, where no symbol has told already."""
    mine, theirs = set(resolution.loaded), set(other.loaded)
    for linker, only in (("GNU ld", mine - theirs), ("lld", theirs - mine)):
        for display in sorted(one.display for one in only):
            yield policy.finding("linker-dependent", (f"extracted by {linker} only",), display)


def _is_missing(resolution: Resolution, name: str) -> bool:
    """Say whether a member that joined asks for ``name`` in vain; another linker's members may not ask at all."""
    return resolution.state.get(name, WEAK_UNDEFINED) & ROLE_MASK == UNDEFINED


def _shown(one: ObjectFile | None) -> str:
    return one.display if one is not None else "not defined"


def _candidates(resolution: Resolution) -> tuple[_Members, set[str]]:
    """Return the members that could join under any order of search, and the symbols that have several homes."""
    archives = archives_of(resolution)
    found: _Members = {archive: {} for archive in archives}
    objects = [one for one in resolution.loaded if one.archive is None]
    # What has a home so far: a definition in an object, or an archive whose index names it.
    housed = {name for one in objects for name in (*one.symbols.strong, *one.symbols.weak, *one.symbols.common)}
    for one in resolution.loaded:
        if one.archive is not None:
            found[one.archive][one.offset] = one
    contested: set[str] = set()
    asked: set[str] = set()
    names = {*resolution.options.undefined, *resolution.options.required, *filter(None, [resolution.options.entry])}
    fresh: Collection[ObjectFile] = resolution.loaded
    while fresh:
        names.update(*(resolution.references(one) for one in fresh), *(one.symbols.common for one in fresh))
        names -= asked
        asked |= names
        joined: list[ObjectFile] = []
        for archive in archives:
            promises, known = archive.promises, found[archive]
            hits = names & promises.keys()
            contested |= hits & housed
            housed |= hits
            contested.update([name for name in hits if len(promises[name]) > 1])
            offsets = {archive.offset_at(place) for name in hits for place in promises[name]}
            for offset in sorted(offsets - known.keys()):
                if (member := archive.member(offset)) is not None:
                    known[offset] = member
                    joined.append(member)
        fresh, names = joined, set()
    contested |= {name for name in asked & housed if _is_missing(resolution, name)}
    return found, contested


def _offered(items: Iterable[Item], candidates: _Members) -> list[Item]:
    result: list[Item] = []
    for item in items:
        if isinstance(item, Archive):
            result.append(_Offer(item, candidates[item].values()))
        elif isinstance(item, (Group, Script)):
            result += _offered(item.items, candidates)
        else:
            result.append(item)
    return result


class _Offer(Archive):
    """An archive of which only some members are shown."""

    __slots__ = ("_members",)

    def __init__(self, archive: Archive, members: Iterable[ObjectFile]) -> None:
        """Show ``members`` of ``archive``, in its order; lld's rules ask for nothing else, so nothing else is set."""
        self.path = archive.path
        self._members = sorted(members, key=lambda one: one.offset)

    def objects(self) -> Iterator[ObjectFile]:
        return iter(self._members)


class _Winners(Lld):
    """lld's rules without the reason for each extraction, which costs reading every symbol table again."""

    __slots__ = ()

    def _first_wanted(self, one: ObjectFile) -> str:
        symbols = one.symbols
        names: Sequence[str] = (*symbols.strong, *symbols.weak, *symbols.common)
        return next(name for name in (self.names(names) if symbols.versioned else names) if name in self.undefined)

    def _open_references(self, one: ObjectFile) -> list[tuple[str, bool]]:
        state = self.state
        found = [(name, False) for name in one.symbols.undefined if state.get(name, LAZY) & ROLE_MASK in _OPEN]
        found += [(name, True) for name in one.symbols.weak_undefined if name not in state]
        return found

    def record(
        self, number: int, one: ObjectFile, symbol: str, listed: str = "", *, listed_by_owner: bool = False
    ) -> None:
        """Note nothing."""
