"""Which archives wait for one another, and what proves it?

A strongly connected component of "must come before" that waits for nothing outside itself is a cycle. It is then made
as small as it can be: an archive that can also come after the others leaves it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from staticlink.link.demand import Demand
    from staticlink.link.inputs import Archive

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Cycle:
    """Archives that have to be a group, in order, and one reference for each arrow that makes them one."""

    archives: tuple[Archive, ...]
    evidence: tuple[str, ...]


def find_cycle(
    demand: Demand,
    asked: Collection[int],
    waiting: Sequence[Archive],
    yields_to: Mapping[Archive, Collection[Archive]],
) -> Cycle:
    """Return the cycle to place next, given the members ``asked`` for so far and the archives ``waiting``, best first.

    ``yields_to`` maps an archive to those that must come before it whatever it needs. Must be called only when no
    single archive of ``waiting`` is ready.
    """
    waits_for = _waits_for(demand, asked, waiting, yields_to)
    rank = {archive: place for place, archive in enumerate(waiting)}
    closed = [
        component
        for component in components(waits_for)
        if all(other in component for archive in component for other in waits_for[archive])
    ]
    chosen = sorted(min(closed, key=lambda component: min(rank[one] for one in component)), key=rank.__getitem__)
    ordered = _in_order(demand, _smallest(demand, asked, chosen, yields_to))
    return Cycle(ordered, tuple(_evidence(demand, asked, ordered)))


def _smallest(
    demand: Demand,
    asked: Collection[int],
    archives: Sequence[Archive],
    yields_to: Mapping[Archive, Collection[Archive]],
) -> list[Archive]:
    """Return ``archives`` without those that can come after the rest; one may be able to only once another has left."""
    chosen = list(archives)
    left = True
    while left:
        left = False
        for archive in reversed(tuple(chosen)):
            rest = [one for one in chosen if one is not archive]
            if rest and _ready_together(demand, asked, rest, yields_to):
                chosen, left = rest, True
    return chosen


def _waits_for(
    demand: Demand,
    asked: Collection[int],
    waiting: Sequence[Archive],
    yields_to: Mapping[Archive, Collection[Archive]],
) -> dict[Archive, set[Archive]]:
    """Return archive -> the waiting archives that could ask for a member not asked for yet, or must precede it."""
    among = set(waiting)
    found = {archive: set(yields_to[archive]) for archive in waiting}
    for archive in waiting:
        for member in demand.needed[archive]:
            for other in demand.asks[member]:
                home = demand.home[other]
                if other not in asked and home is not archive and home in among:
                    found[home].add(archive)
    return found


def _ready_together(
    demand: Demand,
    asked: Collection[int],
    group: Sequence[Archive],
    yields_to: Mapping[Archive, Collection[Archive]],
) -> bool:
    """Say whether a search of ``group`` as a whole would extract every needed member of it."""
    if any(other not in group for archive in group for other in yields_to[archive]):
        return False
    members = {member for archive in group for member in demand.needed[archive]}
    reached: set[int] = set()
    stack = [member for member in members if member in asked]
    while stack:
        member = stack.pop()
        if member not in reached:
            reached.add(member)
            stack += (other for other in demand.asks[member] if other in members)
    return reached == members


def _in_order(demand: Demand, archives: Sequence[Archive]) -> tuple[Archive, ...]:
    """Return a group's archives: in the user's order where that decides who wins a symbol, else best first."""
    rivals = (rival for archive in archives for rival in demand.contested.get(archive, {}).values())
    if any(rival in archives for rival in rivals):
        return tuple(sorted(archives, key=demand.position.__getitem__))
    return tuple(archives)


def _evidence(demand: Demand, asked: Collection[int], archives: Sequence[Archive]) -> Iterator[str]:
    """Yield for each arrow inside the group the first reference that makes it."""
    loaded = demand.resolution.loaded
    for archive in archives:
        arrows: dict[Archive, tuple[str, str, str]] = {}
        for source in demand.needed[archive]:
            for member in demand.asks[source]:
                home = demand.home[member]
                if home is archive or home not in archives or member in asked:
                    continue
                symbol = min(demand.symbols_between(source, member))
                row = (loaded[source].display, symbol, loaded[member].display)
                arrows[home] = min(arrows.get(home, row), row)
        for other in archives:
            if other in arrows:
                reference, symbol, definition = arrows[other]
                yield f"{reference} refers to {symbol} in {definition}"


def components(arrows: Mapping[T, Collection[T]]) -> list[list[T]]:
    """Return the strongly connected components of a graph, each after those that it points to.

    Tarjan's algorithm (R. Tarjan, "Depth-first search and linear graph algorithms", 1972) with a stack of our own.
    """
    number: dict[T, int] = {}
    low: dict[T, int] = {}
    path: list[T] = []
    on_path: set[T] = set()
    found: list[list[T]] = []
    for start in arrows:
        if start in number:
            continue
        stack = [(start, iter(arrows[start]))]
        number[start] = low[start] = len(number)
        path.append(start)
        on_path.add(start)
        while stack:
            node, targets = stack[-1]
            target = next(targets, None)
            if target is None:
                stack.pop()
                if stack:
                    low[stack[-1][0]] = min(low[stack[-1][0]], low[node])
                if low[node] == number[node]:
                    at = path.index(node)
                    found.append(path[at:])
                    on_path.difference_update(path[at:])
                    del path[at:]
            elif target not in number:
                number[target] = low[target] = len(number)
                path.append(target)
                on_path.add(target)
                stack.append((target, iter(arrows[target])))
            elif target in on_path:
                low[node] = min(low[node], number[target])
    return found
