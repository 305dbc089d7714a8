"""Can the program reach a function from its entry points, and on which way?

A graph of sections: a section needs whatever its relocations name, the rest of its group, and what ``.eh_frame`` says
of it (``elf/relocations.py``). A symbol stands for the section of the definition that won. A program starts at its
entry symbol, at what the libc runs by itself (``.init``, ``.init_array`` and their kin), and at what no linker may
discard: sections marked so, and the symbols of ``-u`` and ``--require-defined``. This is the graph by which
``--gc-sections`` decides, so a function that cannot be reached is one that GNU ld would discard.

It is a graph of sections, not of calls: a function whose address is taken counts as reached by whoever takes it, a
virtual table reaches all its functions, and an object compiled without ``-ffunction-sections`` reaches with one
function what it reaches with any. So "cannot be reached" is sure, and "can be reached" is not.

The search goes backward, from the function to an entry point: it sees the few objects on the way, where a search from
the entry would read all of them.

Not modelled: sections that a linker script of the project's own keeps.
"""

from __future__ import annotations

import re
from heapq import heappop, heappush
from itertools import count
from typing import TYPE_CHECKING, NamedTuple

from staticlink.elf.relocations import References
from staticlink.link.resolution import COMMON, ROLE_BITS, ROLE_MASK, STRONG, UNDEFINED, WEAK

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from staticlink.link.inputs import ObjectFile
    from staticlink.link.resolution import Resolution

_DEFINED = (STRONG, WEAK, COMMON)
#: What the libc calls by itself, or a default linker script keeps. Source: ``ld --verbose``, the ``KEEP`` patterns.
_STARTS = re.compile(r"\.(init|fini|jcr)$|\.((preinit|init|fini)_array|[cd]tors)(\.|$)")
_IDENTIFIER = re.compile(r"[A-Za-z_]\w*")


class Place(NamedTuple):
    """A section of an object: the object's number in the link, and the section's in the object."""

    number: int
    section: int


class SectionGraph:
    """Who needs whom among the sections of one link; objects are read as the search comes to them."""

    __slots__ = (
        "_discarded", "_homes", "_indexes", "_known", "_referrers", "_resolution", "_starts", "_used_by",
    )  # fmt: skip

    def __init__(self, resolution: Resolution) -> None:
        """Prepare the graph of ``resolution``; no object is read yet."""
        self._resolution = resolution
        self._indexes: dict[int, References] = {}
        self._homes: dict[int, dict[int, list[int]]] = {}
        self._used_by: dict[int, dict[int, list[int]]] = {}
        #: A section -> the one that needs it on the way from an entry point, itself at the end; ``None``: no way.
        self._known: dict[Place, Place | None] = {}
        options = resolution.options
        named = (name for one in resolution.assignments for name in one.references)
        self._starts = frozenset({options.entry or "", *options.undefined, *options.required, *named})
        self._discarded = self._find_discarded()
        self._referrers = self._find_referrers()

    @property
    def read(self) -> Mapping[ObjectFile, References]:
        """The objects that a search has come to, with what was read in them."""
        return {self._resolution.loaded[number]: found for number, found in self._indexes.items()}

    def referrers(self, symbol: str) -> tuple[ObjectFile, ...]:
        """Return the objects that refer to ``symbol`` by that name, in the order in which they joined."""
        return tuple(self._resolution.loaded[number] for number, _ in self._referrers.get(symbol, ()))

    def way_to_reference(self, symbol: str) -> tuple[Place, ...] | None:
        """Return the sections by which the program reaches one that refers to ``symbol`` by that name."""
        reached = (place for place in self._users_of(symbol) if self.is_reached(place))
        place = next(reached, None)
        return self._way(place) if place is not None else None

    def is_reached(self, place: Place) -> bool:
        """Say whether the program reaches a section."""
        if place not in self._known:
            self._search(place)
        return self._known.get(place) is not None

    def place_of(self, symbol: str) -> Place | None:
        """Return the section of the definition of ``symbol`` that won; ``None`` where that is in none."""
        number = self._winner(symbol)
        if number is None:
            return None
        home = self._home(number, symbol)
        return Place(number, home) if home else None

    def describe(self, place: Place) -> str:
        """Return how a linker names a section: ``main.o:(.text)``."""
        name = self.references(place.number).table.sections.name(place.section)
        return f"{self._resolution.loaded[place.number].display}:({name})"

    def references(self, number: int) -> References:
        """Return what the sections of an object of the link refer to."""
        if number not in self._indexes:
            one = self._resolution.loaded[number]
            self._indexes[number] = References(one.data, one.display, one.machine, one.start, one.size)
        return self._indexes[number]

    def needed_by(self, place: Place) -> Iterator[Place]:
        """Yield the sections that need ``place`` directly."""
        yield from self._needed_inside(place)
        for number, spelling in self._asked_for(place):
            yield from self._users(number, spelling)

    def names_in(self, place: Place) -> Iterator[str]:
        """Yield the names that mean a definition in this section, as references spell them."""
        found = self.references(place.number)
        for symbol in self._defined_in(place):
            if symbol >= found.first:
                name = found.name(symbol)
                yield from (one for one in (name, *_versions(name)) if self._winner(one) == place.number)

    def _way(self, place: Place) -> tuple[Place, ...]:
        way = [place]
        while (before := self._known[way[-1]]) is not None and before != way[-1]:
            way.append(before)
        return tuple(reversed(way))

    def _search(self, place: Place) -> None:
        """Find a way from an entry point to ``place``; note for every section on it which one leads to it.

        What extracted a member joined before it, so the objects that joined first are looked at first.
        """
        onward: dict[Place, Place] = {}
        # Number of an object, when it was noted, a section of it or a name that it refers to, and where that leads.
        noted = count(1)
        waiting: list[tuple[int, int, Place | str, Place]] = [(place.number, 0, place, place)]
        while waiting:
            number, _, what, after = heappop(waiting)
            for one in (what,) if isinstance(what, Place) else self._users(number, what):
                if one in onward or self._known.get(one, one) is None:
                    continue
                onward[one] = after
                if one in self._known or self._is_start(one):
                    self._note_way(one, place, onward)
                    return
                for before in self._needed_inside(one):
                    heappush(waiting, (number, next(noted), before, one))
                for other, spelling in self._asked_for(one):
                    heappush(waiting, (other, next(noted), spelling, one))
        self._known.update(dict.fromkeys(onward))

    def _note_way(self, one: Place, place: Place, onward: Mapping[Place, Place]) -> None:
        self._known.setdefault(one, one)
        while one != place:
            self._known[onward[one]] = one
            one = onward[one]

    def _is_start(self, place: Place) -> bool:
        found = self.references(place.number)
        if place.section in found.retained or _STARTS.match(found.table.sections.name(place.section)):
            return not self._is_discarded(place)
        return any(name in self._starts for name in self.names_in(place))

    def _defined_in(self, place: Place) -> Sequence[int]:
        """Return the numbers of the symbols, local ones among them, that are defined in a section."""
        if place.number not in self._homes:
            homes = self._homes[place.number] = {}
            for symbol, home in enumerate(self.references(place.number).homes):
                homes.setdefault(home, []).append(symbol)
        return self._homes[place.number].get(place.section, ())

    def _needed_inside(self, place: Place) -> Iterator[Place]:
        """Yield the sections of the same object that need ``place``, but for those that do by a global symbol."""
        found, users = self.references(place.number), self._users_in(place.number)
        sections = set(found.together.get(place.section, ()))
        for symbol in self._defined_in(place):
            if symbol < found.first:
                sections.update(users.get(symbol, ()))
        return (one for one in (Place(place.number, n) for n in sorted(sections)) if not self._is_discarded(one))

    def _asked_for(self, place: Place) -> Iterator[tuple[int, str]]:
        """Yield the numbers of the objects that refer to a global symbol in this section, and the name they use."""
        for name in self.names_in(place):
            yield place.number, name
            yield from self._referrers.get(name, ())
        section = self.references(place.number).table.sections.name(place.section)
        if _IDENTIFIER.fullmatch(section):
            for bound in ("__start_", "__stop_"):
                yield from self._referrers.get(f"{bound}{section}", ())

    def _users_of(self, name: str) -> Iterator[Place]:
        """Yield the sections that refer to the global symbol ``name``."""
        winner = self._winner(name)
        own = [(winner, name)] if winner is not None else []
        for number, spelling in (*own, *self._referrers.get(name, ())):
            yield from self._users(number, spelling)

    def _users(self, number: int, spelling: str) -> Iterator[Place]:
        """Yield the sections of an object that refer to a global symbol by that name."""
        symbol = self.references(number).number(spelling)
        for section in self._users_in(number).get(symbol, ()) if symbol is not None else ():
            if not self._is_discarded(Place(number, section)):
                yield Place(number, section)

    def _users_in(self, number: int) -> dict[int, list[int]]:
        """Return the number of a symbol -> the sections of the object that refer to it."""
        if number not in self._used_by:
            found = self.references(number)
            users: dict[int, list[int]] = {}
            for section, symbols in found.used.items():
                if section != found.frames:
                    for symbol in symbols:
                        users.setdefault(symbol, []).append(section)
            framed = list(found.framed)  # most symbols that frames refer to have no other user, and share it
            for symbol in found.used.get(found.frames, ()):
                if found.homes[symbol] not in found.framed:
                    users[symbol] = [*users[symbol], *framed] if symbol in users else framed
            self._used_by[number] = users
        return self._used_by[number]

    def _winner(self, name: str) -> int | None:
        state = self._resolution.state.get(name, UNDEFINED)
        return state >> ROLE_BITS if state & ROLE_MASK in _DEFINED and state >= 0 else None

    def _home(self, number: int, symbol: str) -> int:
        found = self.references(number)
        known = found.number(symbol)
        if known is None:
            known = next((one for name, one in found.globals() if symbol in _versions(name)), None)
        return found.homes[known] if known is not None else 0

    def _find_referrers(self) -> dict[str, list[tuple[int, str]]]:
        """Return symbol -> number of an object, and the name by which it refers to that symbol.

        An object whose definition did not win refers to the one that did.
        """
        resolution, state = self._resolution, self._resolution.state
        wrapped = bool(resolution.options.wrap)
        found: dict[str, list[tuple[int, str]]] = {}
        for number, one in enumerate(resolution.loaded):
            symbols = one.symbols
            lost = [name for name in (*symbols.weak, *symbols.common) if state[name] >> ROLE_BITS != number]
            if number in self._discarded:
                lost += symbols.comdat
            for name in (*symbols.undefined, *symbols.weak_undefined, *lost):
                found.setdefault(resolution.reference(name) if wrapped else name, []).append((number, name))
        for name, numbers in resolution.clashes.items():
            found.setdefault(name, []).extend((number, name) for number in numbers[1:] if number >= 0)
        return found

    def _find_discarded(self) -> Mapping[int, frozenset[str]]:
        """Return the number of an object -> the signatures of its COMDAT groups of which another's copy was kept."""
        kept: dict[str, int] = {}
        found: dict[int, frozenset[str]] = {}
        for number, one in enumerate(self._resolution.loaded):
            if one.symbols.signatures:
                lost = frozenset(name for name in one.symbols.signatures if kept.setdefault(name, number) != number)
                if lost:
                    found[number] = lost
        return found

    def _is_discarded(self, place: Place) -> bool:
        lost = self._discarded.get(place.number)
        return lost is not None and self.references(place.number).table.groups.get(place.section) in lost


def _versions(name: str) -> tuple[str, ...]:
    """Return the names that a default version ``f@@V`` also satisfies."""
    base, separator, version = name.partition("@@")
    return (base, f"{base}@{version}") if separator else ()
