"""Which members does a link need, and who asks for each of them?

The objects that a resolution loaded are numbered; a number asks for another when it refers to a symbol that the other
defines. This is the graph that an order of archives has to respect, and nothing else is: what an archive could refer to
through members that are never extracted plays no part.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from staticlink.link.resolution import COMMON, ROLE_BITS, ROLE_MASK, STRONG, WEAK

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from staticlink.link.inputs import Archive, ObjectFile
    from staticlink.link.resolution import Resolution


@dataclass(frozen=True, slots=True)
class Demand:
    """Who asks for which needed member. Members are numbers: places in ``resolution.loaded``.

    ``needed`` maps each archive to its extracted members; ``home`` a member to its archive; ``asks`` a member to the
    members it refers to; ``roots`` are the members that objects and the command line ask for. ``before`` maps an
    archive to those that must precede it because they win a symbol that it defines as well. ``users`` maps an archive
    to the archives that ask for a member of it.
    """

    resolution: Resolution
    needed: Mapping[Archive, tuple[int, ...]]
    home: Mapping[int, Archive]
    asks: Mapping[int, Collection[int]]
    roots: Collection[int]
    before: Mapping[Archive, Collection[Archive]]

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
        for name in (*symbols.undefined, *symbols.common):
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
    roots = {number for number in _asked_by_command_line(resolution) if number in home}
    for number, one in enumerate(resolution.loaded):
        owners = _owners(resolution, one).intersection(home)
        owners.discard(number)
        if number in home:
            asks[number] = owners
        elif one not in closing:
            roots |= owners
    members = {archive: tuple(numbers) for archive, numbers in needed.items()}
    return Demand(resolution, members, home, asks, roots, _precedence(resolution, home, members))


def _owners(resolution: Resolution, one: ObjectFile) -> set[int]:
    """Return the objects whose definitions satisfy what ``one`` asks for."""
    state = resolution.state
    owners = {_owner(state[name]) for name in one.symbols.undefined}
    if one.symbols.common:
        owners.update(_owner(state[name]) for name in one.symbols.common if state[name] & ROLE_MASK == STRONG)
    return owners


def _owner(state: int) -> int:
    """Return the number of the object that defines a symbol in ``state``; -1 when none does."""
    return state >> ROLE_BITS if state & ROLE_MASK in (STRONG, WEAK, COMMON) else -1


def _asked_by_command_line(resolution: Resolution) -> Iterator[int]:
    """Yield the members that were extracted for ``-u`` or the entry symbol."""
    numbers = {one: number for number, one in enumerate(resolution.loaded)}
    for extraction in resolution.extractions:
        if extraction.reference.startswith("-"):
            yield numbers[extraction.extracted]


def _precedence(
    resolution: Resolution, home: Mapping[int, Archive], needed: Mapping[Archive, tuple[int, ...]]
) -> dict[Archive, set[Archive]]:
    """Return archive -> the archives that define a referenced symbol of its, and won it."""
    referenced = {name for one in resolution.loaded for name in one.symbols.undefined}
    found: dict[Archive, set[Archive]] = {}
    state = resolution.state
    for archive in needed:
        for name in archive.promises.keys() & referenced:
            winner = home.get(_owner(state[name]))
            if winner is not None and winner is not archive:
                found.setdefault(archive, set()).add(winner)
    return found
