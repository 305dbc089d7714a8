"""Which members does a link need, and who asks for each of them?

The objects that a resolution loaded are numbered; a number asks for another when it refers to a symbol that the other
defines. This is the graph that an order of archives has to respect, and nothing else is: what an archive could refer to
through members that are never extracted plays no part.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from staticlink.link.inputs import Archive, flatten
from staticlink.link.resolution import COMMON, ROLE_BITS, ROLE_MASK, STRONG, WEAK

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from staticlink.link.inputs import ObjectFile
    from staticlink.link.resolution import Resolution


@dataclass(frozen=True, slots=True)
class Demand:
    """Who asks for which needed member. Members are numbers: places in ``resolution.loaded``.

    ``needed`` maps each archive to its extracted members; ``home`` a member to its archive; ``asks`` a member to the
    members it refers to; ``roots`` are the members that objects and the command line ask for. ``contested`` maps an
    archive to the symbols it defines but another archive won, with that archive; ``names`` maps a member to the
    contested symbols it refers to, ``root_names`` are those that objects and the command line refer to. ``position`` is
    where an archive comes first in the user's order.
    """

    resolution: Resolution
    needed: Mapping[Archive, tuple[int, ...]]
    home: Mapping[int, Archive]
    asks: Mapping[int, Collection[int]]
    roots: Collection[int]
    contested: Mapping[Archive, Mapping[str, Archive]]
    names: Mapping[int, Collection[str]]
    root_names: Collection[str]
    position: Mapping[Archive, int]

    @property
    def users(self) -> dict[Archive, set[Archive]]:
        """Archive -> the archives that ask for one of its members."""
        found: dict[Archive, set[Archive]] = {archive: set() for archive in self.needed}
        for member, archive in self.home.items():
            for other in self.asks[member]:
                if self.home[other] is not archive:
                    found[self.home[other]].add(archive)
        return found

    def symbols_between(self, source: int, member: int) -> Iterator[str]:
        """Yield the symbols through which ``source`` asks for ``member``."""
        state = self.resolution.state
        symbols = self.resolution.loaded[source].symbols
        for name in (*map(self.resolution.reference, symbols.undefined), *symbols.common):
            if _owner(state[name]) == member:
                yield name


def read_demand(resolution: Resolution, whole: Sequence[Archive], closing: Sequence[ObjectFile]) -> Demand:
    """Return who asks for which member in ``resolution``.

    Members of the archives ``whole`` are in the link whatever happens, like objects. ``closing`` objects come after all
    archives, so nothing is extracted for them.
    """
    home = {
        number: one.archive
        for number, one in enumerate(resolution.loaded)
        if one.archive is not None and one.archive not in whole
    }
    needed: dict[Archive, list[int]] = {}
    for number, archive in home.items():
        needed.setdefault(archive, []).append(number)
    asks: dict[int, set[int]] = {}
    defined = (STRONG, WEAK, COMMON)
    owner_of = {
        name: state >> ROLE_BITS if state & ROLE_MASK in defined else -1 for name, state in resolution.state.items()
    }
    asked = {one.extracted for one in resolution.extractions if one.reference.startswith("-")}
    by_name = {owner_of.get(name, -1) for name in _command_line(resolution)}
    roots = {number for number in home if number in by_name or resolution.loaded[number] in asked}
    for number, one in enumerate(resolution.loaded):
        owners = _owners(resolution, one, owner_of)
        owners &= home.keys()
        owners.discard(number)
        if number in home:
            asks[number] = owners
        elif one not in closing:
            roots |= owners
    members = {archive: tuple(numbers) for archive, numbers in needed.items()}
    contested = _contested(resolution, home, members)
    symbols = {name for rivals in contested.values() for name in rivals}
    names = {number: symbols.intersection(resolution.references(one)) for number, one in enumerate(resolution.loaded)}
    outside = (
        found for number, found in names.items() if number not in home and resolution.loaded[number] not in closing
    )
    root_names = symbols.intersection(_command_line(resolution)).union(*outside)
    archives = dict.fromkeys(one for one in flatten(resolution.items) if isinstance(one, Archive))
    places = {one: place for place, one in enumerate(archives)}
    return Demand(resolution, members, home, asks, roots, contested, names, root_names, places)


def _owners(resolution: Resolution, one: ObjectFile, owner_of: Mapping[str, int]) -> set[int]:
    """Return the objects whose definitions satisfy what ``one`` asks for; ``owner_of`` maps every symbol to its own."""
    state = resolution.state
    owners = set(map(owner_of.__getitem__, resolution.references(one)))
    if one.symbols.common:
        owners.update(_owner(state[name]) for name in one.symbols.common if state[name] & ROLE_MASK == STRONG)
    return owners


def _owner(state: int) -> int:
    """Return the number of the object that defines a symbol in ``state``; -1 when none does."""
    return state >> ROLE_BITS if state & ROLE_MASK in (STRONG, WEAK, COMMON) else -1


def _command_line(resolution: Resolution) -> set[str]:
    """Return the symbols that options ask for, also those for which an object's reference came first."""
    options = resolution.options
    found = {one.symbol for one in resolution.extractions if one.reference.startswith("-")}
    return found.union(options.undefined, options.required, [options.entry] if options.entry is not None else [])


def _contested(
    resolution: Resolution, home: Mapping[int, Archive], needed: Mapping[Archive, tuple[int, ...]]
) -> dict[Archive, dict[str, Archive]]:
    referenced = set().union(*map(resolution.references, resolution.loaded))
    referenced.update(_command_line(resolution))
    found: dict[Archive, dict[str, Archive]] = {}
    state = resolution.state
    for archive in needed:
        for name in archive.promises.keys() & referenced:
            winner = home.get(_owner(state[name]))
            if winner is not None and winner is not archive:
                found.setdefault(archive, {})[name] = winner
    return found
