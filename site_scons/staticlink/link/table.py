"""How do definitions and references of one object change the symbols of a link?

The rules are those of ``_bfd_generic_link_add_one_symbol`` (binutils, ``bfd/linker.c``): a strong definition beats a
weak or COMMON one, COMMON beats weak, among weak ones the first wins, and two strong ones clash. lld has the same
rules. A definition in a COMDAT group whose signature has been seen is discarded and counts for nothing.

Every symbol has one state, ``number of the object * 8 + role``: one dictionary and small integers, because a link
touches tens of thousands of symbols. Most symbols of an object are new to the link, or known and of no consequence, so
they join all at once; one by one only those that meet another role.
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
    from collections.abc import Collection, Iterable, Mapping, Sequence

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
#: The state of a symbol that ``--defsym`` has defined.
ASSIGNED = FROM_DEFSYM << ROLE_BITS | STRONG


class SymbolTable:
    """The symbols of a link so far, and the objects that joined it."""

    __slots__ = (
        "assigned",
        "clashes",
        "common",
        "defined_since",
        "extractions",
        "loaded",
        "moment",
        "options",
        "progress",
        "redefined",
        "reopened",
        "shadowed",
        "signatures",
        "state",
        "undefined",
        "weak_references",
    )

    def __init__(self, options: Options) -> None:
        """Begin with no object and no symbol.

        ``progress`` counts the symbols that became undefined, and those that became COMMON without having been referred
        to: GNU ld searches again when it grows. ``reopened`` are symbols that had a definition and became COMMON,
        ``defined_since`` says at which ``moment`` a symbol got its weak definition or was assigned: the number of the
        search, of the walk through the index, and the place in it. ``weak_references`` are the symbols that were
        referred to weakly first, whatever became of them. ``redefined`` are the symbols that an object had defined
        before they were assigned.
        """
        self.options = options
        self.assigned: dict[Assignment, None] = {}
        self.progress = 0
        self.redefined: set[str] = set()
        self.reopened: set[str] = set()
        self.weak_references: set[str] = set()
        self.defined_since: dict[str, tuple[int, int, int]] = {}
        self.moment = (0, 0, -1)
        self.loaded: list[ObjectFile] = []
        self.state: dict[str, int] = {}
        self.undefined: dict[str, int] = {}
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
                kept, discarded = _part(strong, symbols.comdat, lost)
                weakly_kept, weakly_discarded = _part(weak, symbols.comdat, lost)
                self.discard(discarded, weakly_discarded, number)
                strong, weak = kept, weakly_kept
        if symbols.versioned:
            strong, weak = self.names(strong), self.names(weak)
        self._define_strong(strong, number)
        if weak:
            self._define_weak(weak, number)
        if symbols.common:
            self._define_common(symbols.common, number)
        return number

    def names(self, names: Collection[str]) -> list[str]:
        """Return the names that definitions of ``names`` satisfy."""
        return with_default_versions(names)

    def discard(self, strong: Sequence[str], weak: Sequence[str], number: int) -> None:
        """Let definitions of a COMDAT group that is not the first of its signature join, if the linker minds them."""

    def _define_strong(self, names: Collection[str], number: int) -> None:
        state, code = self.state, number << ROLE_BITS | STRONG
        codes = dict.fromkeys(names, code)
        if len(codes) < len(names):  # an object that defines a symbol twice clashes with itself
            for name in names:
                self._define_strong((name,), number)
            return
        for name in [name for name in names if name in state]:
            old = state[name]
            role = old & ROLE_MASK
            if role == UNDEFINED:
                del self.undefined[name]
            elif role == STRONG:
                if old == ASSIGNED and name not in self.redefined:
                    continue
                del codes[name]
                self.clashes.setdefault(name, [old >> ROLE_BITS]).append(number)
            elif role in (WEAK, COMMON):
                self.shadowed.append((name, old >> ROLE_BITS))
                self.common.pop(name, None)
        state.update(codes)

    def _define_weak(self, names: Iterable[str], number: int) -> None:
        for name in names:
            old = self.state.get(name, WEAK_UNDEFINED)
            role = old & ROLE_MASK
            if old == ASSIGNED and name in self.redefined:
                self.clashes.setdefault(name, [FROM_DEFSYM]).append(number)
                continue
            if role in (STRONG, WEAK, COMMON) and old != ASSIGNED:
                self.shadowed.append((name, number))
                continue
            if role == UNDEFINED:
                del self.undefined[name]
            self.defined_since[name] = self.moment
            self.state[name] = number << ROLE_BITS | WEAK

    def _define_common(self, names: Iterable[str], number: int) -> None:
        for name in names:
            self.progress += name not in self.state
            old = self.state.get(name, WEAK_UNDEFINED)
            role = old & ROLE_MASK
            if role == STRONG and old != ASSIGNED:
                continue
            if role == COMMON and self._size(name, number) <= self._size(name, old >> ROLE_BITS):
                continue  # the largest of them gives the symbol its place
            if role == UNDEFINED:
                del self.undefined[name]
            elif role == WEAK:
                self.shadowed.append((name, old >> ROLE_BITS))
                self.reopened.add(name)
            elif old == ASSIGNED:
                self.reopened.add(name)
            self.state[name] = number << ROLE_BITS | COMMON
            self.common[name] = None

    def _size(self, name: str, number: int) -> int:
        return max(row.size for row in self.loaded[number].details() if row.name == name)

    def want(self, name: str, number: int) -> bool:
        """Let a strong reference to ``name`` join, and say whether that made it newly undefined."""
        if self.state.get(name, WEAK_UNDEFINED) & ROLE_MASK != WEAK_UNDEFINED:
            return False
        self.state[name] = number << ROLE_BITS | UNDEFINED
        self.undefined[name] = number
        return True

    def refer(self, one: ObjectFile, number: int) -> list[str]:
        """Let the references of ``one`` join, and return the symbols that this made newly undefined."""
        state = self.state
        names = self.references(one.symbols.undefined)
        fresh = [name for name in names if name not in state]
        if not self.weak_references.isdisjoint(names):
            fresh += [
                name for name in self.weak_references.intersection(names) if state[name] & ROLE_MASK == WEAK_UNDEFINED
            ]
        if fresh:
            codes = dict.fromkeys(fresh, number << ROLE_BITS | UNDEFINED)
            state.update(codes)
            self.undefined.update(codes)
            fresh = list(codes)
            self.progress += len(fresh)
        for name in self.references(one.symbols.weak_undefined):
            if name not in state:
                state[name] = number << ROLE_BITS | WEAK_UNDEFINED
                self.weak_references.add(name)
        return fresh

    def references(self, names: Sequence[str]) -> Sequence[str]:
        """Return the names that references to ``names`` have under ``--wrap``."""
        return list(map(self.options.renamed, names)) if self.options.wrap else names

    def record(
        self, number: int, one: ObjectFile, symbol: str, listed: str = "", *, listed_by_owner: bool = False
    ) -> None:
        """Note that object ``number``'s reference to ``symbol`` extracted ``one`` from its archive.

        ``listed`` is another name under which the linker lists the symbol. ``listed_by_owner``: the linker lists
        whoever defines ``symbol`` by now in place of ``one``.
        """
        reference = _OPTIONS[number] if number < 0 else self.loaded[number].display
        owner = self.loaded[self.state[symbol] >> ROLE_BITS] if listed_by_owner else one
        self.extractions.append(Extraction(reference, owner.display, symbol, one, listed or symbol))

    def finally_assigned(self) -> Collection[str]:
        """Return the symbols that ``--defsym`` defines in the end, whatever they were before."""
        return [one.symbol for one in self.assigned]

    def definer(self, name: str) -> str | None:
        """Return the object that defines ``name`` so far."""
        state = self.state.get(name, UNDEFINED)
        if state & ROLE_MASK not in (STRONG, WEAK, COMMON):
            return None
        return self.loaded[state >> ROLE_BITS].display if state >= 0 else "--defsym"

    def result(self, profile: str, items: Sequence[Item]) -> Resolution:
        """Return what the link came to."""
        return Resolution(
            profile=profile,
            items=tuple(items),
            options=self.options,
            loaded=tuple(self.loaded),
            extractions=tuple(self.extractions),
            state={**self.state, **dict.fromkeys(self.finally_assigned(), ASSIGNED)} if self.assigned else self.state,
            clashes={name: tuple(numbers) for name, numbers in self.clashes.items()},
            shadowed=tuple((name, self.loaded[number].display) for name, number in self.shadowed),
        )


def _part(names: Iterable[str], comdat: Mapping[str, str], lost: Collection[str]) -> tuple[list[str], list[str]]:
    """Return the ``names`` that are kept and those in a group whose signature is ``lost``."""
    kept: list[str] = []
    discarded: list[str] = []
    for name in names:
        (discarded if comdat.get(name) in lost else kept).append(name)
    return kept, discarded


def with_default_versions(names: Collection[str]) -> list[str]:
    """Return ``names`` and, for each default version ``f@@V``, the names ``f`` and ``f@V`` it also satisfies."""
    found = list(names)
    for name in names:
        if "@@" in name:
            base, _, version = name.partition("@@")
            found += [base, f"{base}@{version}"]
    return found
