"""In which order do all linkers accept these archives?

GNU ld comes past each archive once, so a member is found only if something before its archive, or in it, asks for it.
An archive is *ready* when that holds for every member of it that the link needs. Placing an archive can only make
others ready, so placing any ready archive is never a mistake: if an order without groups exists, this finds one. When
no archive is ready, the archives that wait for one another are a cycle, and the smallest set that is ready together
becomes a group.

What the link needs, and which definition of each symbol wins, is taken from the user's own order; where that order
misses members, from the same archives, each once, as one group. If two archives define a symbol that is asked for, the
winner stays in front of the other. The finished order is resolved again, and where its outcome differs the user's
order stands.

Ties are broken by distance from the objects, then by name, so the order of the input changes nothing. An archive that
gives no member is left out. Not modelled: repeating an archive on the command line; a group does the same in fewer
words.
"""

from __future__ import annotations

from bisect import insort
from dataclasses import dataclass
from typing import TYPE_CHECKING

from staticlink.link.begun import take_link
from staticlink.link.cycles import Cycle, components, find_cycle
from staticlink.link.demand import read_demand
from staticlink.link.inputs import Archive, Group, Script, Whole, flatten
from staticlink.link.options import DEFAULT
from staticlink.link.resolution import COMMON, LAZY, ROLE_BITS, ROLE_MASK, STRONG, WEAK
from staticlink.link.resolve import resolve

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence
    from pathlib import Path

    from staticlink.link.begun import Begun
    from staticlink.link.demand import Demand
    from staticlink.link.gnu_ld import GnuLd
    from staticlink.link.inputs import Item, ObjectFile
    from staticlink.link.options import Options
    from staticlink.link.resolution import Resolution

_DEFINED = (STRONG, WEAK, COMMON)
_NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Changed:
    """A symbol whose winner would not be the one that the user's order meant; ``nothing`` stands for none."""

    symbol: str
    was: str
    now: str


@dataclass(frozen=True, slots=True)
class LinkOrder:
    """An order of inputs that links, and what is to be known about it.

    ``items`` holds the archives and groups (archives under ``--whole-archive`` come first, unless the user's order
    stands); objects go before them and ``closing`` after. ``unused`` are the archives that give no member. ``cycles``
    say why each group is one. ``kept`` holds what a better order would have changed: when it is not empty, the user's
    order stands. ``resolution`` is the outcome of the whole link in this order.
    """

    objects: tuple[ObjectFile, ...]
    items: tuple[Archive | Group | Whole, ...]
    closing: tuple[ObjectFile, ...]
    unused: tuple[Archive, ...]
    cycles: tuple[Cycle, ...]
    kept: tuple[Changed, ...]
    resolution: Resolution

    @property
    def paths(self) -> tuple[Path | tuple[Path, ...], ...]:
        """The archives as a command line takes them: a path, or the paths of a group."""
        return tuple(
            tuple(archive.path for archive in flatten(item.items))
            if isinstance(item, Group)
            else (item.archive if isinstance(item, Whole) else item).path
            for item in self.items
        )


def order_inputs(
    objects: Sequence[ObjectFile],
    archives: Sequence[Item],
    *,
    closing: Sequence[ObjectFile] = (),
    options: Options = DEFAULT,
    begun: Begun | None = None,
) -> LinkOrder:
    """Return an order of ``archives`` that GNU ld accepts in one pass after ``objects``.

    ``closing`` are the objects at the end (crtend.o, crtn.o). ``begun`` spares what has been worked out already.
    Symbols that no order can define are left to :attr:`LinkOrder.resolution`. Raises :class:`StaticlinkError` when a
    member cannot be read.
    """
    given = _each_once(archives)
    whole = tuple(one for one in given if isinstance(one, Whole))

    def outcome(items: Iterable[Item]) -> Resolution:
        everything = (*objects, *items, *closing)
        return take_link(everything, options, begun).result("bfd", everything)

    meant, grouped = _meant(objects, archives, given, closing, take_link((*objects, *archives), options, begun))
    demand = read_demand(meant, [one.archive for one in whole], closing)
    scheduled, cycles = _Schedule(demand).run()
    items: tuple[Archive | Group | Whole, ...] = (*whole, *scheduled)
    found = outcome(items)
    changed = tuple(_changes(meant, found))
    if changed:
        used = tuple(one for one in given if isinstance(one, Whole) or one in demand.needed)
        items, cycles = ((Group(used),) if grouped else _as_written(archives, used)), ()
        found = outcome(items)
    unused = tuple(one for one in given if isinstance(one, Archive) and one not in demand.needed)
    return LinkOrder(tuple(objects), items, tuple(closing), unused, cycles, changed, found)


def _each_once(items: Iterable[Item]) -> tuple[Archive | Whole, ...]:
    """Return the archives among ``items`` in the user's order, each file once, and each under ``--whole-archive``."""
    found: dict[Path | Whole, Archive | Whole] = {}
    for one in _leaves(items):
        found.setdefault(one if isinstance(one, Whole) else one.path.resolve(), one)
    return tuple(found.values())


def _as_written(items: Iterable[Item], used: Collection[Archive | Whole]) -> tuple[Archive | Group | Whole, ...]:
    """Return the user's own ``items``, repeats and groups included, without what is not ``used``.

    A group within a group means the outer one alone; gold and lld refuse it.
    """
    files = {one.path.resolve() for one in used if isinstance(one, Archive)}
    whole = {one for one in used if isinstance(one, Whole)}
    found: list[Archive | Group | Whole] = []
    for item in items:
        if isinstance(item, Group):
            inside = _as_written(_leaves(item.items), used)
            found += [Group(inside)] if len(inside) > 1 else inside
        elif isinstance(item, Script):
            found += _as_written(item.items, used)
        elif isinstance(item, Whole):
            found += [item] if item in whole and item not in found else []
        elif isinstance(item, Archive) and item.path.resolve() in files:
            found.append(item)
    return tuple(found)


def _leaves(items: Iterable[Item]) -> Iterator[Archive | Whole]:
    for item in items:
        if isinstance(item, (Group, Script)):
            yield from _leaves(item.items)
        elif isinstance(item, (Archive, Whole)):
            yield item


def _meant(
    objects: Sequence[Item],
    archives: Sequence[Item],
    given: tuple[Archive | Whole, ...],
    closing: Sequence[ObjectFile],
    link: GnuLd,
) -> tuple[Resolution, bool]:
    """Return what the user's order means, and whether ``given`` had to be a group for it.

    ``link`` is that of the objects and archives. A group's first search is that of the archives alone, so what has been
    worked out is gone on with.
    """
    flat = link.extended(())
    flat.take_all(closing)
    meant = flat.result("bfd", (*objects, *archives, *closing))
    searched = tuple(one for one in given if isinstance(one, Archive))
    if not any(name in archive.promises for name in meant.undefined for archive in searched):
        return meant, False
    if tuple(archives) != searched:
        return resolve((*objects, Group(given), *closing), options=link.options), True
    link = link.extended(searched)
    link.take_all(closing)
    return link.result("bfd", (*objects, Group(given), *closing)), True


def _changes(meant: Resolution, found: Resolution) -> Iterator[Changed]:
    """Yield every symbol whose definition, or lack of one, is not what was meant.

    A member that joins although it was not meant to shows by what it defines or misses.
    """
    before, after, state = meant.loaded, found.loaded, found.state
    suspects = [
        name
        for name, old in meant.state.items()
        if old & ROLE_MASK != (new := state.get(name, LAZY)) & ROLE_MASK
        or (old & ROLE_MASK in _DEFINED and (old < 0) != (new < 0))  # the command line's definition, or another one
        or (old & ROLE_MASK in _DEFINED and old >= 0 and before[old >> ROLE_BITS] is not after[new >> ROLE_BITS])
    ]
    suspects += state.keys() - meant.state.keys()
    if not suspects:
        return
    was, now, lacked, missing = meant.definitions, found.definitions, meant.undefined, found.undefined
    for name in sorted(suspects):
        if was.get(name) != now.get(name) or (name in missing) != (name in lacked):
            yield Changed(name, was.get(name, _NOTHING), now.get(name, _NOTHING))


class _Schedule:
    """The archives placed so far, and which needed members and contested symbols are already asked for.

    Those that wait are kept with their rank; the complete ones are the waiting archives whose needed members have all
    been asked for, the best first.
    """

    __slots__ = ("_asked", "_complete", "_cycles", "_demand", "_items", "_missing", "_named", "_waiting")

    def __init__(self, demand: Demand) -> None:
        self._demand = demand
        self._asked: set[int] = set()
        self._named = set(demand.root_names)
        self._missing = {archive: len(members) for archive, members in demand.needed.items()}
        levels = _levels(demand)
        ranked = sorted(demand.needed, key=lambda one: (levels[one], one.path.name, str(one.path)))
        self._waiting = {archive: rank for rank, archive in enumerate(ranked)}
        self._complete: list[tuple[int, Archive]] = []
        self._items: list[Archive | Group] = []
        self._cycles: list[Cycle] = []

    def run(self) -> tuple[tuple[Archive | Group, ...], tuple[Cycle, ...]]:
        self._ask(self._demand.roots)
        while self._waiting:
            ready = [one for _, one in self._complete if not self._yields_to(one)]
            if ready:
                chosen: tuple[Archive, ...] = (min(ready, key=self._is_free),)
            else:
                yields_to = {one: self._yields_to(one) for one in self._waiting}
                cycle = find_cycle(self._demand, self._asked, tuple(self._waiting), yields_to)
                chosen = cycle.archives
                if len(chosen) > 1:
                    self._cycles.append(cycle)
            self._place(chosen)
            self._items.append(Group(chosen) if len(chosen) > 1 else chosen[0])
        return tuple(self._items), tuple(self._cycles)

    def _yields_to(self, archive: Archive) -> set[Archive]:
        """Return the waiting archives that have to come first, because they win a symbol that is asked for by now."""
        rivals = self._demand.contested.get(archive, {})
        if not rivals:
            return set()
        own = set().union(*(self._demand.names[member] for member in self._demand.needed[archive]))
        return {
            rival for name, rival in rivals.items() if rival in self._waiting and (name in self._named or name in own)
        }

    def _is_free(self, archive: Archive) -> bool:
        """Say whether waiting costs nothing: no symbol that another archive should win can become asked for."""
        return not any(rival in self._waiting for rival in self._demand.contested.get(archive, {}).values())

    def _place(self, archives: Sequence[Archive]) -> None:
        for archive in archives:
            del self._waiting[archive]
        self._complete = [row for row in self._complete if row[1] in self._waiting]
        for archive in archives:
            for member in self._demand.needed[archive]:
                self._ask(self._demand.asks[member])
                self._named.update(self._demand.names[member])

    def _ask(self, members: Iterable[int]) -> None:
        """Note that ``members`` are asked for, and what they ask for in their own archive."""
        home = self._demand.home
        stack = list(members)
        while stack:
            member = stack.pop()
            if member in self._asked:
                continue
            self._asked.add(member)
            archive = home[member]
            self._missing[archive] -= 1
            if not self._missing[archive] and archive in self._waiting:
                insort(self._complete, (self._waiting[archive], archive))
            stack += (other for other in self._demand.asks[member] if home[other] is home[member])


def _levels(demand: Demand) -> dict[Archive, int]:
    """Return archive -> the longest way from an archive that nobody asks, cycles counted as one."""
    users = demand.users
    levels: dict[Archive, int] = {}
    for component in components(users):
        inside = set(component)
        above = [levels[user] for archive in component for user in users[archive] if user not in inside]
        levels.update(dict.fromkeys(component, 1 + max(above, default=-1)))
    return levels
