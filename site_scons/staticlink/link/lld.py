"""Which members does lld extract, in which order?

lld remembers the members of the archives it has passed. A reference extracts the first member offered for its symbol
at once, whether that member's archive came before or after, and the member's own references follow before anything
else: the depth comes first. Groups therefore change nothing. The index of an archive is not used: each member's
symbols are read.

A weak reference extracts nothing; neither does a COMMON symbol (lld 15 and newer, without ``--fortran-common``). The
entry symbol is looked for after all inputs. Source: ``lld/ELF/Symbols.cpp``, ``InputFiles.cpp`` (``parseLazy``),
``Driver.cpp``.

Symbols that ``--defsym`` names and the new names of ``--wrap`` are asked for at the end, whether or not anything refers
to them.

Not modelled: bitcode.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from staticlink.link.inputs import Archive, Group, ObjectFile, Script, Whole
from staticlink.link.options import Assignment
from staticlink.link.resolution import LAZY, ROLE_BITS, ROLE_MASK, STRONG, UNDEFINED, WEAK, WEAK_UNDEFINED
from staticlink.link.table import (
    FROM_DEFSYM,
    FROM_ENTRY,
    FROM_OPTION,
    FROM_REQUIRED,
    FROM_WRAP,
    SymbolTable,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from staticlink.link.inputs import Item
    from staticlink.link.options import Options

    #: A symbol, and whether the reference to it is weak.
    _Reference = tuple[str, bool]


_GNU_UNIQUE = 10  # LSB
#: What a symbol can be whose next reference may change something.
_OPEN = (WEAK_UNDEFINED, LAZY)


class Lld(SymbolTable):
    """A link as lld performs it."""

    __slots__ = ("_assignments", "_discarded", "_late", "_offered", "_taken", "_versioned")

    def __init__(self, options: Options) -> None:
        """Begin with what the command line asks for."""
        super().__init__(options)
        for number, names in ((FROM_OPTION, options.undefined), (FROM_REQUIRED, options.required)):
            for name in names:
                self.want(name, number)
        self._offered: list[ObjectFile] = []
        self._taken: set[int] = set()
        self._late: list[tuple[str, int]] = []
        self._versioned: dict[str, str] = {}
        self._discarded: dict[str, int] = {}
        self._assignments: list[Assignment] = list(options.defsym)

    def names(self, names: Collection[str]) -> list[str]:
        """Return the names that definitions of ``names`` satisfy: a default version ``f@@V`` is the bare ``f``."""
        self._versioned.update((name.partition("@@")[0], name) for name in names if "@@" in name)
        return [name.partition("@@")[0] for name in names]

    def finish(self) -> None:
        """Ask for what the command line names once all inputs are known: assignments, the entry, wrapped symbols."""
        if self.options.entry is not None:
            self._extract_offered(self.options.entry, FROM_ENTRY)
        for one in self._assignments:
            for name in one.references:
                self._ask(name, FROM_DEFSYM)
        for name in dict.fromkeys(self.options.wrap):
            if name in self.state:
                self._wrap(name)
        self.assigned.update(dict.fromkeys(self._assignments))
        if self._versioned:
            found = self.extractions
            self.extractions = [replace(one, listed=self._versioned.get(one.symbol, one.symbol)) for one in found]
        self._count_late()
        self._need_versioned()
        for name, number in self._discarded.items():
            if self.state[name] >> ROLE_BITS == number:
                self.clashes.pop(name, None)
                weak = self.state[name] & ROLE_MASK == WEAK
                self.state[name] = number << ROLE_BITS | (WEAK_UNDEFINED if weak else UNDEFINED)

    def finally_assigned(self) -> Collection[str]:
        """Return the symbols that ``--defsym`` defines: under ``--wrap`` the value goes to the new name as well.

        Source: ``LinkerDriver`` in ``lld/ELF/Driver.cpp``, where names are redirected before assignments are made.
        """
        names = super().finally_assigned()
        return [*names, *(f"__wrap_{name}" for name in names if name in self.options.wrap)]

    def _count_late(self) -> None:
        """Count GNU_UNIQUE definitions that gave way to a weak one as duplicates of a strong one that took its place.

        Source: ``ObjFile::postParse`` in ``lld/ELF/InputFiles.cpp``.
        """
        for name, number in self._late:
            if self.state[name] & ROLE_MASK == STRONG:
                self.clashes.setdefault(name, [self.state[name] >> ROLE_BITS]).append(number)

    def _need_versioned(self) -> None:
        """Make a weak reference that nothing satisfied a strong one when its symbol has a version.

        Source: ``maybeReportUndefined`` in ``lld/ELF/Relocations.cpp``.
        """
        for number, one in enumerate(self.loaded):
            for name in one.symbols.weak_undefined:
                unmet = self.state[name] & ROLE_MASK in (WEAK_UNDEFINED, LAZY)
                if unmet and (name in self._versioned or "@" in name):
                    self.state[name] = number << ROLE_BITS | UNDEFINED

    def discard(self, strong: Sequence[str], weak: Sequence[str], number: int) -> None:
        """Let discarded definitions win as others do; what still refers to them in the end is undefined.

        Source: ``ObjFile::postParse`` in ``lld/ELF/InputFiles.cpp``.
        """
        fresh = [name for name in strong if self.state.get(name, UNDEFINED) & ROLE_MASK != STRONG]
        super()._define_strong(fresh, number)
        self._define_weak(weak, number)
        self._discarded.update((name, number) for name in (*strong, *weak) if self.state[name] >> ROLE_BITS == number)

    def _define_strong(self, names: Collection[str], number: int) -> None:
        """Let strong definitions join. GNU_UNIQUE ones give way like weak ones (``Symbol::shouldReplace``)."""
        met = {name: old for name in names if (old := self.state.get(name, UNDEFINED)) & ROLE_MASK in (WEAK, STRONG)}
        if not met:
            super()._define_strong(names, number)
            return
        unique = self._unique(number)
        late = {name for name in unique.intersection(met) if met[name] & ROLE_MASK == WEAK}
        self._late += ((name, number) for name in sorted(late))
        self.shadowed += ((name, number) for name in sorted(late))
        super()._define_strong([name for name in names if name not in late] if late else names, number)
        for name, old in met.items():
            if old & ROLE_MASK == STRONG and name not in unique and name in self._unique(old >> ROLE_BITS):
                self.state[name] = number << ROLE_BITS | STRONG
                self.clashes[name].sort(key=number.__ne__)

    def _unique(self, number: int) -> set[str]:
        return {row.name for row in self.loaded[number].details() if row.binding == _GNU_UNIQUE}

    def _wrap(self, name: str) -> None:
        if not self._is_weak(name):
            self._ask(f"__wrap_{name}", FROM_WRAP)
        else:
            self.state.setdefault(f"__wrap_{name}", FROM_WRAP << ROLE_BITS | WEAK_UNDEFINED)
        if f"__real_{name}" in self.state:
            if not self._is_weak(name):
                self._ask(name, FROM_WRAP)
            self._bind_as_real(name)

    def _bind_as_real(self, name: str) -> None:
        """Let ``name`` be as weak as ``__real_NAME``, whose references it gets.

        Source: ``addWrappedSymbols`` in ``lld/ELF/Driver.cpp``.
        """
        role, weak = self.state[name] & ROLE_MASK, self._is_weak(f"__real_{name}")
        if role in _OPEN and not weak:
            self.state[name] = FROM_WRAP << ROLE_BITS | UNDEFINED
        elif role == UNDEFINED and weak:
            del self.undefined[name]
            self.state[name] = FROM_WRAP << ROLE_BITS | WEAK_UNDEFINED
        elif role == STRONG and weak:
            self.clashes.pop(name, None)

    def _is_weak(self, name: str) -> bool:
        """Say whether a symbol is weak so far: its definition is, or every reference where there is none."""
        role = self.state[name] & ROLE_MASK
        if role == LAZY:
            return any(name in one.symbols.weak_undefined for one in self.loaded)
        return role in (WEAK, WEAK_UNDEFINED)

    def _ask(self, name: str, number: int) -> None:
        state = self.state.get(name, WEAK_UNDEFINED)
        if state & ROLE_MASK == LAZY:
            self._extract_offered(name, number)
        else:
            self.want(name, number)

    def _extract_offered(self, name: str, number: int) -> None:
        state = self.state.get(name, UNDEFINED)
        if state & ROLE_MASK == LAZY and state >> ROLE_BITS not in self._taken:
            self._extract(state >> ROLE_BITS, number, name)

    def take_all(self, items: Iterable[Item]) -> None:
        """Take inputs from left to right."""
        for item in items:
            if isinstance(item, Archive):
                for one in item.objects():
                    self._offer(one)
            elif isinstance(item, (Script, Group)):
                self.take_all(item.items)
            elif isinstance(item, Assignment):
                self._assignments.append(item)
            else:
                for one in item.archive.objects() if isinstance(item, Whole) else (item,):
                    self._join(one)

    def _offer(self, one: ObjectFile) -> None:
        place, symbols, state = len(self._offered), one.symbols, self.state
        self._offered.append(one)
        names: Sequence[str] = (*symbols.strong, *symbols.weak, *symbols.common)
        if symbols.versioned:
            names = self.names(names)
        if not self.undefined.keys().isdisjoint(names):
            first = self._first_wanted(one)
            self._extract(place, state[first] >> ROLE_BITS, first)
            return
        code = place << ROLE_BITS | LAZY
        if state.keys().isdisjoint(names):
            state.update(dict.fromkeys(names, code))
            return
        for name in names:
            if state.get(name, WEAK_UNDEFINED) & ROLE_MASK == WEAK_UNDEFINED:
                state[name] = code

    def _first_wanted(self, one: ObjectFile) -> str:
        """Return the first symbol, in the order of the symbol table, through which an offered member is extracted."""
        defined = self.names([row.name for row in one.details() if row.section])
        return next(name for name in defined if self.state.get(name, LAZY) & ROLE_MASK == UNDEFINED)

    def _extract(self, place: int, number: int, name: str) -> None:
        """Extract the member offered at ``place``, and whatever its references extract, the depth first.

        lld notes an extraction when it is complete, so the deepest comes first. The stack is ours: a chain of archives
        can be longer than Python's recursion limit.
        """
        stack = [self._begin(place, number, name)]
        while stack:
            reason, one, names = stack[-1]
            wanted = next(names, None)
            if wanted is None:
                stack.pop()
                self.record(*reason, listed_by_owner=True)
            else:
                lazy = self._refer(one, *wanted)
                if lazy is not None:
                    stack.append(self._begin(lazy, one, wanted[0]))

    def _begin(
        self, place: int, number: int, name: str
    ) -> tuple[tuple[int, ObjectFile, str], int, Iterator[_Reference]]:
        """Let an offered member's definitions join; return why, its number, and its references."""
        self._taken.add(place)
        one = self._offered[place]
        number_of_one = self.define(one)
        return (number, one, name), number_of_one, iter(self._open_references(one))

    def _join(self, one: ObjectFile) -> None:
        number = self.define(one)
        for name, weak in self._open_references(one):
            lazy = self._refer(number, name, weak)
            if lazy is not None:
                self._extract(lazy, number, name)

    def _open_references(self, one: ObjectFile) -> list[_Reference]:
        """Return the references, in the order of the symbol table, of symbols that are not yet defined or undefined.

        Those that are stay so, and one reference more is of no consequence to them.
        """
        if one.symbols.weak_undefined:
            weak = frozenset(one.symbols.weak_undefined)
            return [(row.name, row.name in weak) for row in one.details() if not row.section]
        state = self.state
        return [(name, False) for name in one.symbols.undefined if state.get(name, LAZY) & ROLE_MASK in _OPEN]

    def _refer(self, number: int, name: str, weak: bool) -> int | None:  # noqa: FBT001
        """Let a reference join; return the place of the offered member that it extracts."""
        if weak:
            self.state.setdefault(name, number << ROLE_BITS | WEAK_UNDEFINED)
            return None
        state = self.state.get(name)
        if state is None or state & ROLE_MASK == WEAK_UNDEFINED:
            # The first file to refer to a symbol stays its referrer, even when that reference was weak.
            self.want(name, number if state is None else state >> ROLE_BITS)
        elif state & ROLE_MASK == LAZY and state >> ROLE_BITS not in self._taken:
            return state >> ROLE_BITS
        return None
