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

from staticlink.link.definitions import archives_of, owner_of, promised_members
from staticlink.link.inputs import Archive, Group, Script
from staticlink.link.resolution import ROLE_MASK, UNDEFINED, WEAK_UNDEFINED
from staticlink.link.resolve import resolve

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from staticlink.link.finding import Finding, Policy
    from staticlink.link.inputs import Item, ObjectFile
    from staticlink.link.resolution import Resolution


def find_divergence(resolution: Resolution, policy: Policy) -> Iterator[Finding]:
    """Yield every symbol whose winner under lld is not the one ``resolution``, GNU ld's, has."""
    candidates, contested = _candidates(resolution)
    if not contested:
        return
    other = resolve(_offered(resolution.items, candidates), profile="lld", options=resolution.options)
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


def _candidates(resolution: Resolution) -> tuple[dict[Archive, set[ObjectFile]], set[str]]:
    """Return the members that could join under any order of search, and the symbols that have several homes."""
    archives = archives_of(resolution)
    found: dict[Archive, set[ObjectFile]] = {archive: set() for archive in archives}
    contested: set[str] = set()
    asked: set[str] = set()
    defined: dict[str, ObjectFile] = {}
    fresh: Collection[ObjectFile] = resolution.loaded
    names = {*resolution.options.undefined, *resolution.options.required, *filter(None, [resolution.options.entry])}
    while fresh or names:
        for one in fresh:
            names.update(resolution.references(one), one.symbols.common)
            if one.archive is None:
                defined.update(dict.fromkeys((*one.symbols.strong, *one.symbols.weak, *one.symbols.common), one))
        names -= asked
        asked |= names
        joined: dict[ObjectFile, None] = {}
        for archive in archives:
            for name in names & archive.promises.keys():
                places = archive.promises[name]
                if len(places) > 1 or name in defined or owner_of(resolution, name) is None:
                    contested.add(name)
                for member in promised_members(archive, name):
                    if defined.setdefault(name, member) is not member:
                        contested.add(name)
                    if member not in found[archive]:
                        found[archive].add(member)
                        joined[member] = None
        known = set(resolution.loaded) if fresh is resolution.loaded else set()
        fresh, names = [one for one in joined if one not in known], set()
    return found, contested


def _offered(items: Iterable[Item], candidates: dict[Archive, set[ObjectFile]]) -> list[Item]:
    result: list[Item] = []
    for item in items:
        if isinstance(item, Archive):
            result.append(_Offer(item, candidates[item]))
        elif isinstance(item, (Group, Script)):
            result += _offered(item.items, candidates)
        else:
            result.append(item)
    return result


class _Offer(Archive):
    """An archive of which only some members are shown."""

    __slots__ = ("_members",)

    def __init__(self, archive: Archive, members: Collection[ObjectFile]) -> None:
        """Show ``members`` of ``archive``, in its order; lld's rules ask for nothing else, so nothing else is set."""
        self.path = archive.path
        self._members = sorted(members, key=lambda one: one.offset)

    def objects(self) -> Iterator[ObjectFile]:
        return iter(self._members)
