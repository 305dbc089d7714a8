"""How do definitions and references of one object change the symbols of a link?

The rules are those of ``_bfd_generic_link_add_one_symbol`` (binutils, ``bfd/linker.c``): a strong definition beats a
weak or COMMON one, COMMON beats weak, among weak ones the first wins, and two strong ones clash. lld has the same
rules. A definition in a COMDAT group whose signature has been seen is discarded and counts for nothing.

Every symbol has one state, ``number of the object * 8 + role``: one dictionary and small integers, because a link
touches tens of thousands of symbols.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from staticlink.link.resolution import (
    COMMON,
    ROLE_BITS,
    ROLE_MASK,
    STRONG,
    UNDEFINED,
    WEAK,
    WEAK_UNDEFINED,
    Extraction,
    Resolution,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from staticlink.link.inputs import Item, ObjectFile
    from staticlink.link.options import Assignment, Options

#: The number that stands for the command line where an object's number is expected.
FROM_OPTION, FROM_ENTRY, FROM_REQUIRED, FROM_DEFSYM, FROM_WRAP = -1, -2, -3, -4, -5
_OPTIONS = {
    FROM_OPTION: "-u",
    FROM_ENTRY: "--entry",
    FROM_REQUIRED: "--require-defined",
    FROM_DEFSYM: "--defsym",
    FROM_WRAP: "--wrap",
}


class SymbolTable:
    """The symbols of a link so far, and the objects that joined it."""

    __slots__ = (
        "assigned",
        "clashes",
        "common",
        "extractions",
        "loaded",
        "moment",
        "options",
        "progress",
        "reopened",
        "shadowed",
        "signatures",
        "state",
        "undefined",
        "weak_since",
    )

    def __init__(self, options: Options) -> None:
        """Begin with no object and no symbol.

        ``progress`` counts the symbols that became undefined, and those that became COMMON without having been referred
        to: GNU ld searches again when it grows. ``reopened`` are symbols that had a weak definition and became COMMON,
        ``weak_since`` says at which ``moment`` a symbol got its weak definition: the number of the search, of the walk
        through the index, and the place in it.
        """
        self.options = options
        self.assigned: set[str] = set()
        self.progress = 0
        self.reopened: set[str] = set()
        self.weak_since: dict[str, tuple[int, int, int]] = {}
        self.moment = (0, 0, -1)
        self.loaded: list[ObjectFile] = []
        self.state: dict[str, int] = {}
        self.undefined: dict[str, None] = {}
        self.common: dict[str, None] = {}
        self.signatures: set[str] = set()
        self.clashes: dict[str, list[int]] = {}
        self.shadowed: list[tuple[str, int]] = []
        self.extractions: list[Extraction] = []

    def define(self, one: ObjectFile) -> int:
        """Let the definitions of ``one`` join, and return its number."""
        number = len(self.loaded)
        self.loaded.append(one)
        symbols = one.symbols
        strong: Sequence[str] = symbols.strong
        weak: Sequence[str] = symbols.weak
        if symbols.signatures:
            lost = self.signatures.intersection(symbols.signatures)
            self.signatures.update(symbols.signatures)
            if lost:
                strong = [name for name in strong if symbols.comdat.get(name) not in lost]
                weak = [name for name in weak if symbols.comdat.get(name) not in lost]
        if symbols.versioned:
            strong, weak = with_default_versions(strong), with_default_versions(weak)
        self._define_strong(strong, number)
        if weak:
            self._define_weak(weak, number)
        if symbols.common:
            self._define_common(symbols.common, number)
        return number

    def _define_strong(self, names: Iterable[str], number: int) -> None:
        state, code = self.state, number << ROLE_BITS | STRONG
        for name in names:
            old = state.get(name)
            if old is not None:
                role = old & ROLE_MASK
                if role == STRONG:
                    if name in self.assigned:
                        continue
                    self.clashes.setdefault(name, [old >> ROLE_BITS]).append(number)
                    continue
                if role == UNDEFINED:
                    del self.undefined[name]
                elif role in (WEAK, COMMON):
                    self.shadowed.append((name, old >> ROLE_BITS))
                    self.common.pop(name, None)
            state[name] = code

    def _define_weak(self, names: Iterable[str], number: int) -> None:
        for name in names:
            role = self.state.get(name, WEAK_UNDEFINED) & ROLE_MASK
            if role in (STRONG, WEAK, COMMON):
                self.shadowed.append((name, number))
                continue
            if role == UNDEFINED:
                del self.undefined[name]
            self.weak_since[name] = self.moment
            self.state[name] = number << ROLE_BITS | WEAK

    def _define_common(self, names: Iterable[str], number: int) -> None:
        for name in names:
            self.progress += name not in self.state
            old = self.state.get(name, WEAK_UNDEFINED)
            role = old & ROLE_MASK
            if role in (STRONG, COMMON):
                continue
            if role == UNDEFINED:
                del self.undefined[name]
            elif role == WEAK:
                self.shadowed.append((name, old >> ROLE_BITS))
                self.reopened.add(name)
            self.state[name] = number << ROLE_BITS | COMMON
            self.common[name] = None

    def want(self, name: str, number: int) -> bool:
        """Let a strong reference to ``name`` join, and say whether that made it newly undefined."""
        if self.state.get(name, WEAK_UNDEFINED) & ROLE_MASK != WEAK_UNDEFINED:
            return False
        self.state[name] = number << ROLE_BITS | UNDEFINED
        self.undefined[name] = None
        return True

    def assign(self, one: Assignment) -> None:
        """Let ``--defsym`` define its symbol, which no other definition can then change, and refer to others."""
        for name in self.references(one.references):
            self.progress += self.want(name, FROM_DEFSYM)
        self.assigned.add(one.symbol)
        self.undefined.pop(one.symbol, None)
        self.common.pop(one.symbol, None)
        self.state[one.symbol] = FROM_DEFSYM << ROLE_BITS | STRONG

    def refer(self, one: ObjectFile, number: int) -> list[str]:
        """Let the references of ``one`` join, and return the symbols that this made newly undefined."""
        state, undefined, code = self.state, self.undefined, number << ROLE_BITS | UNDEFINED
        fresh: list[str] = []
        for name in self.references(one.symbols.undefined):
            old = state.get(name)
            if old is None or old & ROLE_MASK == WEAK_UNDEFINED:
                state[name] = code
                undefined[name] = None
                fresh.append(name)
        for name in self.references(one.symbols.weak_undefined):
            state.setdefault(name, number << ROLE_BITS | WEAK_UNDEFINED)
        self.progress += len(fresh)
        return fresh

    def references(self, names: Sequence[str]) -> Sequence[str]:
        """Return the names that references to ``names`` have under ``--wrap``."""
        return list(map(self.options.renamed, names)) if self.options.wrap else names

    def record(self, number: int, one: ObjectFile, symbol: str, *, listed_by_owner: bool = False) -> None:
        """Note that object ``number``'s reference to ``symbol`` extracted ``one`` from its archive.

        ``listed_by_owner``: the linker lists whoever defines ``symbol`` by now in place of ``one``.
        """
        reference = _OPTIONS[number] if number < 0 else self.loaded[number].display
        owner = self.loaded[self.state[symbol] >> ROLE_BITS] if listed_by_owner else one
        self.extractions.append(Extraction(reference, owner.display, symbol, one))

    def result(self, profile: str, items: Sequence[Item]) -> Resolution:
        """Return what the link came to."""
        return Resolution(
            profile=profile,
            items=tuple(items),
            options=self.options,
            loaded=tuple(self.loaded),
            extractions=tuple(self.extractions),
            state=self.state,
            clashes={name: tuple(numbers) for name, numbers in self.clashes.items()},
            shadowed=tuple((name, self.loaded[number].display) for name, number in self.shadowed),
        )


def with_default_versions(names: Collection[str]) -> list[str]:
    """Return ``names`` and, for each default version ``f@@V``, the names ``f`` and ``f@V`` it also satisfies."""
    found = list(names)
    for name in names:
        if "@@" in name:
            base, _, version = name.partition("@@")
            found += [base, f"{base}@{version}"]
    return found
