"""Which members does lld extract, in which order?

lld remembers the members of the archives it has passed. A reference extracts the first member offered for its symbol
at once, whether that member's archive came before or after, and the member's own references follow before anything
else: the depth comes first. Groups therefore change nothing. The index of an archive is not used: each member's
symbols are read.

A weak reference extracts nothing; neither does a COMMON symbol (lld 15 and newer, without ``--fortran-common``). The
entry symbol is looked for after all inputs. Source: ``lld/ELF/Symbols.cpp``, ``InputFiles.cpp`` (``parseLazy``),
``Driver.cpp``.

Not modelled: ``--wrap``, ``--defsym``, bitcode.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from staticlink.link.inputs import Archive, Group, ObjectFile, Script, Whole
from staticlink.link.resolution import LAZY, ROLE_BITS, ROLE_MASK, UNDEFINED, WEAK_UNDEFINED
from staticlink.link.table import FROM_ENTRY, SymbolTable, with_default_versions

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from staticlink.link.inputs import Item


class Lld(SymbolTable):
    """A link as lld performs it."""

    __slots__ = ("_offered", "_taken")

    def __init__(self) -> None:
        """Begin with no input."""
        super().__init__()
        self._offered: list[ObjectFile] = []
        self._taken: set[int] = set()

    def take_all(self, items: Iterable[Item]) -> None:
        """Take inputs from left to right."""
        for item in items:
            if isinstance(item, Archive):
                for one in item.objects():
                    self._offer(one)
            elif isinstance(item, (Script, Group)):
                self.take_all(item.items)
            else:
                for one in item.archive.objects() if isinstance(item, Whole) else (item,):
                    self._join(one)

    def enter(self, name: str) -> None:
        """Extract the member offered for the entry symbol."""
        state = self.state.get(name, UNDEFINED)
        if state & ROLE_MASK == LAZY:
            self._extract(state >> ROLE_BITS, FROM_ENTRY, name)

    def _offer(self, one: ObjectFile) -> None:
        place, symbols = len(self._offered), one.symbols
        self._offered.append(one)
        names: Iterable[str] = chain(symbols.strong, symbols.weak, symbols.common)
        for name in with_default_versions(tuple(names)) if symbols.versioned else names:
            old = self.state.get(name, WEAK_UNDEFINED)
            role = old & ROLE_MASK
            if role == WEAK_UNDEFINED:
                self.state[name] = place << ROLE_BITS | LAZY
            elif role == UNDEFINED:
                self._extract(place, old >> ROLE_BITS, name)
                return

    def _extract(self, place: int, number: int, name: str) -> None:
        """Extract the member offered at ``place``, and whatever its references extract, the depth first.

        lld notes an extraction when it is complete, so the deepest comes first. The stack is ours: a chain of archives
        can be longer than Python's recursion limit.
        """
        stack = [self._begin(place, number, name)]
        while stack:
            reason, one, names = stack[-1]
            name = next(names, "")
            if not name:
                stack.pop()
                self.record(*reason)
            else:
                lazy = self._refer(one, name)
                if lazy is not None:
                    stack.append(self._begin(lazy, one, name))

    def _begin(self, place: int, number: int, name: str) -> tuple[tuple[int, ObjectFile, str], int, Iterator[str]]:
        """Let an offered member's definitions join; return why, its number, and its references still to be looked at."""
        self._taken.add(place)
        one = self._offered[place]
        return (number, one, name), self._open(one), iter(one.symbols.undefined)

    def _open(self, one: ObjectFile) -> int:
        number = self.define(one)
        for name in one.symbols.weak_undefined:
            self.state.setdefault(name, number << ROLE_BITS | WEAK_UNDEFINED)
        return number

    def _join(self, one: ObjectFile) -> None:
        number = self._open(one)
        for name in one.symbols.undefined:
            lazy = self._refer(number, name)
            if lazy is not None:
                self._extract(lazy, number, name)

    def _refer(self, number: int, name: str) -> int | None:
        """Let a strong reference join; return the place of the offered member that it extracts."""
        state = self.state.get(name)
        if state is None or state & ROLE_MASK == WEAK_UNDEFINED:
            # The first file to refer to a symbol stays its referrer, even when that reference was weak.
            self.want(name, number if state is None else state >> ROLE_BITS)
        elif state & ROLE_MASK == LAZY and state >> ROLE_BITS not in self._taken:
            return state >> ROLE_BITS
        return None
