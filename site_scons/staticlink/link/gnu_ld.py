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

from heapq import heapify, heappop, heappush
from typing import TYPE_CHECKING

from staticlink.errors import fail
from staticlink.link.inputs import Archive, Group, ObjectFile, Script, Whole
from staticlink.link.options import Assignment
from staticlink.link.resolution import COMMON, ROLE_BITS, ROLE_MASK, UNDEFINED
from staticlink.link.table import FROM_ENTRY, FROM_OPTION, FROM_REQUIRED, SymbolTable, with_default_versions

if TYPE_CHECKING:
    from collections.abc import Iterable

    from staticlink.link.inputs import Item
    from staticlink.link.options import Options


class GnuLd(SymbolTable):
    """A link as GNU ld performs it."""

    __slots__ = ("_extracted",)

    def __init__(self, options: Options) -> None:
        """Begin with what the command line asks for."""
        super().__init__(options)
        self._extracted: set[tuple[Archive, int]] = set()
        for number, names in ((FROM_OPTION, options.undefined), (FROM_REQUIRED, options.required)):
            for name in names:
                self.want(name, number)
        if options.entry is not None:
            self.want(options.entry, FROM_ENTRY)
        for one in options.defsym:
            self.assign(one)

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
        before = -1
        while before != self.progress:
            before = self.progress
            self.take_all(group.items, again=again)
            again = True

    def _join(self, one: ObjectFile) -> list[str]:
        """Let ``one`` join, and return the symbols that archives are now searched for because of it."""
        number = self.define(one)
        return [*self.refer(one, number), *one.symbols.common]

    def _search(self, archive: Archive) -> None:
        promises = archive.promises
        wanted = [*self._promised(self.undefined, promises), *self._promised(self.common, promises)]
        heap = [(position, name) for name in wanted for position in promises[name]]
        heapify(heap)
        later: list[tuple[int, str]] = []
        search, walk, before = self.moment[0] + 1, 0, self.progress
        self.reopened.clear()
        while heap:
            position, name = heappop(heap)
            self.moment = (search, walk, position)
            for fresh in self._consider(archive, archive.offset_at(position), name):
                for place in promises.get(fresh, ()):
                    if fresh in self.reopened and self._passed(fresh, place):
                        continue
                    if place > position:
                        heappush(heap, (place, fresh))
                    else:
                        later.append((place, fresh))
            if not heap and self.progress != before:
                heap, later = later, []
                heapify(heap)
                walk, before = walk + 1, self.progress
        self.moment = (search, walk, -1)

    def _passed(self, name: str, place: int) -> bool:
        """Say whether this search walked past entry ``place`` while ``name`` had a definition.

        GNU ld does not look at such an entry again, even if the symbol then becomes COMMON.
        """
        search, walk, position = self.moment
        since_search, since_walk, since_position = self.weak_since[name]
        if since_search != search:
            since_walk, since_position = 0, -1
        if walk == since_walk:
            return since_position < place <= position
        return walk > since_walk + 1 or place > since_position or place <= position

    @staticmethod
    def _promised(names: dict[str, None], promises: dict[str, list[int]]) -> Iterable[str]:
        return names.keys() & promises.keys()

    def _consider(self, archive: Archive, offset: int, name: str) -> list[str]:
        """Extract the member at ``offset`` if ``name`` still asks for it, and return what it asks for in turn."""
        state = self.state[name]
        role = state & ROLE_MASK
        if role not in (UNDEFINED, COMMON) or (archive, offset) in self._extracted:
            return []
        one = archive.member(offset)
        if one is None or not _defines(one, name):
            member = one.display if one else f"a member of {archive.display} that is no object"
            evidence = (f"{name} is not defined in {member}",)
            fix = f"ranlib {archive.display}"
            raise fail("stale-index", f"stale archive index: {archive.display}", evidence=evidence, fix=fix)
        if role == COMMON and not any(row.name == name and row.is_data_definition for row in one.details()):
            return []
        self._extracted.add((archive, offset))
        self.record(state >> ROLE_BITS, one, name)
        return self._join(one)


def _defines(one: ObjectFile, name: str) -> bool:
    symbols = one.symbols
    if name in symbols.strong or name in symbols.weak or name in symbols.common:
        return True
    return symbols.versioned and name in with_default_versions((*symbols.strong, *symbols.weak))
