"""Which members does GNU ld extract, in which order?

GNU ld reads its inputs once, from left to right, and keeps a set of undefined symbols. An object always joins the
link. An archive is searched through its index, from the first entry to the last, again and again until one whole
search extracts nothing; the linker then moves on and never comes back. A member that only a later input needs is
therefore missed: that is a backward reference. A group is searched as a whole until nothing in it is extracted any
more.

A weak reference extracts nothing. A COMMON symbol extracts a member that defines the symbol as data.
Source: ``elf_link_add_archive_symbols`` in binutils' ``bfd/elflink.c``; GNU ld's manual on ``--start-group``.

Instead of walking an index of thousands of entries for each search, a heap holds the entries whose symbol is wanted;
those that become wanted behind the walk's place wait for the next search. The order of extraction is the same.

Not modelled: linker plugins (an object without machine code is refused when it is read).
"""

from __future__ import annotations

from copy import copy
from heapq import heapify, heappop, heappush
from itertools import chain
from typing import TYPE_CHECKING

from staticlink.elf.ar import reindex_command
from staticlink.errors import fail
from staticlink.link.gnu_ld_symbols import GnuLdSymbols
from staticlink.link.inputs import Archive, Group, ObjectFile, Script, Whole
from staticlink.link.options import Assignment
from staticlink.link.resolution import COMMON, ROLE_BITS, ROLE_MASK, UNDEFINED
from staticlink.link.table import FROM_ENTRY, FROM_OPTION, FROM_REQUIRED, SymbolTable, with_default_versions

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from staticlink.link.inputs import Item
    from staticlink.link.options import Options


#: The roles through which a symbol asks for members.
_ASKING = (UNDEFINED, COMMON)

#: After this many searches of a group it is worth knowing which of its archives promise what.
_FEW_SEARCHES = 3


class GnuLd(GnuLdSymbols):
    """A link as GNU ld performs it."""

    __slots__ = ("extracted",)

    def __init__(self, options: Options) -> None:
        """Begin with what the command line asks for."""
        super().__init__(options)
        self.extracted: dict[Archive, set[int]] = {}
        for number, names in ((FROM_OPTION, options.undefined), (FROM_REQUIRED, options.required)):
            for name in names:
                self.want(name, number)
        if options.entry is not None:
            self.want(options.entry, FROM_ENTRY)
        for one in options.defsym:
            self.assign(one)

    def extended(self, archives: Iterable[Archive | Whole], wanted: Iterable[str] = ()) -> GnuLd:
        """Return what this link comes to when ``wanted`` is asked for as well and a group of ``archives`` follows.

        This link stays as it is. Only what is new is worked out: asking whether one more archive helps costs little.
        """
        link = copy(self)
        for name in self.__slots__ + GnuLdSymbols.__slots__ + SymbolTable.__slots__:
            value = getattr(self, name)
            if isinstance(value, dict | set | list):
                setattr(link, name, value.copy())
        link.clashes = {name: numbers.copy() for name, numbers in self.clashes.items()}
        link.extracted = {archive: offsets.copy() for archive, offsets in self.extracted.items()}
        for name in wanted:
            link.want(name, FROM_OPTION)
        link.take_all([Group(tuple(archives))], again=True)
        return link

    def take_all(self, items: Iterable[Item], *, again: bool = False) -> None:
        """Take inputs from left to right; ``again``: a group is searched once more, which only concerns archives."""
        for item in items:
            if isinstance(item, Archive):
                self._search(item)
            elif isinstance(item, Script):
                self.take_all(item.items, again=again)
            elif isinstance(item, Group):
                self._take_group(item, again=again)
            elif isinstance(item, Assignment):
                self.assign(item)
            elif not again:
                for one in item.archive.objects() if isinstance(item, Whole) else (item,):
                    self._join(one)

    def _take_group(self, group: Group, *, again: bool) -> None:
        before, searches = -1, 0
        archives = [one for one in group.items if isinstance(one, Archive)]
        while before != self.progress:
            before = self.progress
            if searches < _FEW_SEARCHES or len(archives) < len(group.items):
                self.take_all(group.items, again=again)
            else:
                self._search_where_promised(archives, _promisers(archives))
                return
            again = True
            searches += 1

    def _search_where_promised(self, archives: Sequence[Archive], promisers: Mapping[str, Sequence[int]]) -> None:
        """Search a group to its end, and of its archives only those that promise a symbol which is asked for.

        The others would extract nothing. ``promisers`` maps a symbol to the places of the archives that promise it.
        """
        before = -1
        while before != self.progress:
            before, joined = self.progress, len(self.loaded)
            asked = [*(self.undefined.keys() & promisers.keys()), *(self.common.keys() & promisers.keys())]
            heap = [place for name in asked for place in promisers[name]]
            heapify(heap)
            last = -1
            while heap:
                place = heappop(heap)
                if place == last:
                    continue
                last = place
                self._search(archives[place])
                for one in self.loaded[joined:]:
                    for name in chain(self.references(one.symbols.undefined), one.symbols.common):
                        if name in self.undefined or name in self.common:
                            for later in promisers.get(name, ()):
                                if later > last:
                                    heappush(heap, later)
                joined = len(self.loaded)

    def _join(self, one: ObjectFile) -> list[str]:
        """Let ``one`` join, and return the symbols that archives are now searched for because of it."""
        fresh = self.refer(one, self.define(one))
        return [*fresh, *one.symbols.common] if one.symbols.common else fresh

    def _search(self, archive: Archive) -> None:
        promises, state = archive.promises, self.state
        extracted = self.extracted.setdefault(archive, set())
        heap = [(position, name) for name in self._wanted(promises) for position in promises[name]]
        heapify(heap)
        later: list[tuple[int, str]] = []
        search, walk, before = self.moment[0] + 1, 0, self.progress
        self.reopened.clear()
        while heap:
            position, name = heappop(heap)
            if state[name] & ROLE_MASK in _ASKING and archive.offset_at(position) not in extracted:
                self.moment = (search, walk, position)
                for place, fresh in self._consider(archive, position, name):
                    if place > position:
                        heappush(heap, (place, fresh))
                    else:
                        later.append((place, fresh))
            if not heap and self.progress != before:
                heap, later = later, []
                heapify(heap)
                walk, before = walk + 1, self.progress
        self.moment = (search, walk, -1)

    def _wanted(self, promises: dict[str, tuple[int, ...]]) -> Iterable[str]:
        """Return the symbols that are undefined or COMMON and that the archive promises."""
        wanted = self.undefined.keys() & promises.keys()
        wanted -= self.barred
        return wanted | (self.common.keys() & promises.keys()) if self.common else wanted

    def _passed(self, name: str, place: int) -> bool:
        """Say whether this search walked past entry ``place`` while ``name`` had a definition.

        GNU ld does not look at such an entry again, even if the symbol then becomes COMMON.
        """
        search, walk, position = self.moment
        since_search, since_walk, since_position = self.defined_since[name]
        if since_search != search:
            since_walk, since_position = 0, -1
        if walk == since_walk:
            return since_position < place <= position
        return walk > since_walk + 1 or place > since_position or place <= position

    def _is_known_otherwise(self, archive: Archive, position: int, name: str) -> bool:
        """Say whether ``name`` asks at an entry ``f@@V`` that GNU ld takes for another symbol the link knows.

        It looks for ``f@@V``, ``f@V`` and ``f``, and takes the first of them that was named, however weakly.
        Source: ``_bfd_elf_archive_symbol_lookup`` in binutils' ``bfd/elflink.c``.
        """
        listed = _listed(archive, position)
        if listed == name:
            return False
        return name != next(one for one in (listed, listed.replace("@@", "@", 1), name) if one in self.state)

    def _consider(self, archive: Archive, position: int, name: str) -> list[tuple[int, str]]:
        """Extract the member that the index names at ``position``, for which ``name`` asks.

        Return what it asks for in turn: the places in the archive's index, and the symbols.
        """
        if self._is_known_otherwise(archive, position, name):
            return []
        offset = archive.offset_at(position)
        one = archive.member(offset)
        if one is None or not _defines(one, name):
            member = one.display if one else f"a member of {archive.display} that is no object"
            evidence = (f"{name} is not defined in {member}",)
            fix = reindex_command(archive.table.members, archive.display)
            raise fail("stale-index", f"stale archive index: {archive.display}", evidence=evidence, fix=fix)
        state, promises = self.state[name], archive.promises
        if state & ROLE_MASK == UNDEFINED and name in self.barred:
            return []
        if state & ROLE_MASK == COMMON and not any(
            row.name == name and row.is_data_definition for row in one.details()
        ):
            return []
        self.extracted[archive].add(offset)
        self.record(state >> ROLE_BITS, one, name, _listed(archive, position))
        found = [(place, fresh) for fresh in self._join(one) if fresh in promises for place in promises[fresh]]
        if self.reopened:
            return [row for row in found if row[1] not in self.reopened or not self._passed(row[1], row[0])]
        return found


def _promisers(archives: Sequence[Archive]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for place, archive in enumerate(archives):
        for name in archive.promises:
            found.setdefault(name, []).append(place)
    return found


def _listed(archive: Archive, position: int) -> str:
    """Return the name that the index holds at ``position``."""
    return archive.table.index[0][position] if archive.table.index else ""


def _defines(one: ObjectFile, name: str) -> bool:
    symbols = one.symbols
    if name in symbols.strong or name in symbols.weak or name in symbols.common:
        return True
    return symbols.versioned and name in with_default_versions((*symbols.strong, *symbols.weak))
