"""What do ``--defsym`` and discarded definitions do to the symbols of a link under GNU ld?

An assignment is evaluated where it stands among the inputs, and again when all are read, while sections are placed. So
it can define a symbol early, late, or early as zero; objects that come later can take its place; and in the end its
value holds. A definition in a COMDAT group that is not the first of its signature leaves its symbol undefined.

Not modelled: functions of expressions (``DEFINED``, ``ADDR``); a word of an expression is taken for a symbol.
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
    is_provided,
)
from staticlink.link.table import ASSIGNED, FROM_DEFSYM, SymbolTable

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from staticlink.link.options import Assignment, Options


class GnuLdSymbols(SymbolTable):
    """The symbols of a link as GNU ld sees them."""

    __slots__ = ("barred",)

    def __init__(self, options: Options) -> None:
        """Begin with no symbol; ``barred`` are those for which nothing is extracted."""
        super().__init__(options)
        self.barred: set[str] = set()

    def assign(self, one: Assignment) -> None:
        """Let ``--defsym`` refer to symbols, and define its own.

        Its own is defined at once when all others are defined as something else than COMMON, or when nothing has named
        it so far, then as zero; otherwise the assignment waits until all inputs are read. A definition that follows
        takes the assignment's place without a clash, unless an object had one before, though in the end the assignment
        holds. One that names its own symbol waits in any case. Source: ``exp_fold_tree_1`` in binutils'
        ``ld/ldexp.c``, ``_bfd_elf_merge_symbol`` in ``bfd/elflink.c``.
        """
        symbol, names = one.symbol, self.references(one.references)
        for name in names:
            if name not in self.state:  # a weak reference stays one
                self.progress += self.want(name, FROM_DEFSYM)
        self.assigned[one] = None
        known = all(self.state[name] & ROLE_MASK in (STRONG, WEAK) for name in names)
        if symbol in one.references or (symbol in self.state and not known):
            return
        old = self.state.get(symbol, UNDEFINED)
        if old != ASSIGNED and (old & ROLE_MASK in (STRONG, WEAK) or any(symbol == name for name, _ in self.shadowed)):
            self.redefined.add(symbol)
        self.undefined.pop(symbol, None)
        self.common.pop(symbol, None)
        self.defined_since[symbol] = self.moment
        self.state[symbol] = ASSIGNED

    def finally_assigned(self) -> Collection[str]:
        """Return the symbols whose assignments can be evaluated once COMMON symbols and the linker's have a place.

        GNU ld evaluates assignments again and again while it places sections, so their order no longer matters.
        """
        found: set[str] = set()
        waiting = list(self.assigned)
        ready = waiting
        while ready:
            ready = [one for one in waiting if all(self._has_place(name, found) for name in one.references)]
            found.update(one.symbol for one in ready)
            waiting = [one for one in waiting if one not in ready]
        return found

    def _has_place(self, name: str, assigned: Collection[str]) -> bool:
        name = self.options.renamed(name)
        defined = self.state.get(name, UNDEFINED) & ROLE_MASK in (STRONG, WEAK, COMMON)
        return defined or name in assigned or is_provided(name, "bfd", self.options)

    def discard(self, strong: Sequence[str], weak: Sequence[str], number: int) -> None:
        """Turn discarded definitions into references for which nothing is extracted.

        Source: ``elf_link_add_archive_symbols`` in binutils' ``bfd/elflink.c``, where ``indx`` is -3.
        """
        for name in strong:
            self.progress += self.want(name, number)
        for name in weak:
            self.state.setdefault(name, number << ROLE_BITS | WEAK_UNDEFINED)
        self.weak_references.update(weak)
        self.barred.update(strong, weak)
