"""What does a link come to: which members join it, who wins, what is missing, what clashes?

These are the values that resolution produces. The lists a person reads (who refers to a missing symbol, who could have
satisfied a weak reference) are worked out when asked, from the objects that joined: most links ask for few of them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from staticlink.link.inputs import Archive, Group, flatten
from staticlink.link.options import Assignment

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from staticlink.link.inputs import Item, ObjectFile
    from staticlink.link.options import Options

#: The roles a symbol can have in a link so far; a state is ``number of the object * 8 + role``.
UNDEFINED, WEAK_UNDEFINED, STRONG, WEAK, COMMON, LAZY = range(6)
ROLE_BITS = 3
ROLE_MASK = 7

#: What both linkers define by themselves. Source: ``ld --verbose``, ``addReservedSymbols`` in ``lld/ELF/Writer.cpp``.
_PROVIDED = frozenset({
    "_end", "end", "_edata", "edata", "_etext", "etext", "__bss_start", "__ehdr_start",
    "__executable_start", "__preinit_array_start", "__preinit_array_end", "__init_array_start", "__init_array_end",
    "__fini_array_start", "__fini_array_end", "_GLOBAL_OFFSET_TABLE_",
})  # fmt: skip
#: What one of them adds.
_PROVIDED_BY = {"bfd": frozenset({"__etext", "__tdata_start"}), "lld": frozenset({"_TLS_MODULE_BASE_", "__dso_handle"})}
#: A position-independent executable has a dynamic section, even a static one.
_PROVIDED_TO_PIE = frozenset({"_DYNAMIC"})
#: The start-up code of any other one applies IRELATIVE relocations from here to there.
_PROVIDED_TO_FIXED = frozenset({"__rela_iplt_start", "__rela_iplt_end"})
#: An executable knows its thread pointer offsets, so linkers relax every general-dynamic access, and with it the call;
#: lld leaves the name in the symbol table. Source: "ELF Handling For Thread-Local Storage", section 5.1. glibc's libc.a
#: defines no such function.
RELAXED_AWAY = frozenset({"__tls_get_addr"})
#: The linker defines these for a section whose name is a C identifier (GNU ld's manual, "Input Section Example").
_SECTION_BOUNDS = ("__start_", "__stop_")


@dataclass(frozen=True, slots=True)
class Extraction:
    """One member that was extracted: the file whose reference asked for it, the member, and the symbol.

    ``reference`` is ``-u`` or ``--entry`` when the command line asked. ``extracted`` is the member itself, with its
    archive; ``member`` is what the linker lists, and lld lists the member that defines ``symbol`` in the end. A linker
    lists the symbol as ``listed``: where a default version ``f@@V`` satisfied ``f``, under that name.
    """

    reference: str
    member: str
    symbol: str
    extracted: ObjectFile
    listed: str


@dataclass(frozen=True, slots=True)
class Resolution:
    """The outcome of one link under one linker's rules.

    ``loaded`` are the objects that joined the link, in order; an object's number is its place there. ``state`` maps
    each symbol to its role and the number of the object that gave it. ``clashes`` maps a symbol to the numbers of the
    objects that define it strongly. ``shadowed`` are definitions that lost: symbol, object.
    """

    profile: str
    items: tuple[Item, ...]
    options: Options
    loaded: tuple[ObjectFile, ...]
    extractions: tuple[Extraction, ...]
    state: Mapping[str, int] = field(repr=False)
    clashes: Mapping[str, tuple[int, ...]]
    shadowed: tuple[tuple[str, str], ...]

    @property
    def undefined(self) -> dict[str, tuple[str, ...]]:
        """Symbol -> the objects that refer to it, for every symbol the link would stop for; sorted by symbol."""
        missing = {name for name, state in self.state.items() if state & ROLE_MASK == UNDEFINED}
        for assignment in self.assignments:  # its value is needed, so a weak reference is no excuse
            needed = self._named(assignment)
            missing.update(n for n in needed if self.state.get(n, UNDEFINED) & ROLE_MASK == WEAK_UNDEFINED)
        missing = {name for name in missing if not self._is_provided(name)}
        referrers: dict[str, list[str]] = {name: [] for name in sorted(missing)}
        if missing:
            for assignment in self.assignments:
                for name in missing.intersection(self._named(assignment)):
                    referrers[name].append(assignment.display)
            for one in self.loaded:
                # A weak reference fails as well once something else, such as -u, has made the symbol undefined.
                names = (*one.symbols.undefined, *one.symbols.weak_undefined)
                for name in missing.intersection(map(self.reference, names) if self.options.wrap else names):
                    referrers[name].append(one.display)
        return {name: tuple(found) for name, found in referrers.items() if found}

    @property
    def missing_required(self) -> tuple[str, ...]:
        """The symbols of ``--require-defined`` that nothing defines, in the order they are given."""
        names = dict.fromkeys(self.options.required)
        return tuple(name for name in names if not (self._is_defined(name) or self._is_provided(name)))

    def _is_defined(self, name: str) -> bool:
        return self.state.get(name, UNDEFINED) & ROLE_MASK in (STRONG, WEAK, COMMON)

    @property
    def assignments(self) -> tuple[Assignment, ...]:
        """What ``--defsym`` defines."""
        return (*self.options.defsym, *_assignments(self.items))

    def reference(self, name: str) -> str:
        """Return the name that a reference to ``name`` has under ``--wrap``."""
        return self.options.renamed(name) if self.options.wrap else name

    def references(self, one: ObjectFile) -> Sequence[str]:
        """Return the names that ``one`` refers to strongly, as ``--wrap`` leaves them."""
        names = one.symbols.undefined
        return list(map(self.options.renamed, names)) if self.options.wrap else names

    def _named(self, assignment: Assignment) -> list[str]:
        """Return the names an assignment refers to; GNU ld renames them under ``--wrap``, lld does not."""
        names = assignment.references
        return list(map(self.reference, names)) if self.profile == "bfd" else list(names)

    def _is_provided(self, name: str) -> bool:
        """Say whether the linker defines ``name`` by itself, or needs no definition of it."""
        if name in RELAXED_AWAY or is_provided(name, self.profile, self.options):
            return True
        if not name.startswith(_SECTION_BOUNDS):
            return False
        section = name.removeprefix("__start_").removeprefix("__stop_")
        return any(section in one.section_names() for one in self.loaded)

    @property
    def duplicates(self) -> dict[str, tuple[str, ...]]:
        """Symbol -> the objects that define it strongly, the winner first; sorted by symbol."""
        if self.options.allow_duplicates:
            return {}
        found: dict[str, tuple[str, ...]] = {}
        for name, numbers in sorted(self.clashes.items()):
            if "@" in name and name.partition("@")[0] in self.clashes:
                continue  # a default version defines the bare name as well, which is listed
            owners = [self.loaded[number] for number in numbers if number >= 0]
            if len(owners) < len(numbers) or not _same_number(name, owners, zero=self.profile == "bfd"):
                found[name] = tuple(self._owner(number) for number in numbers)
        return found

    @property
    def definitions(self) -> dict[str, str]:
        """Symbol -> the object whose definition won."""
        defined = (STRONG, WEAK, COMMON)
        return {
            name: self._owner(state >> ROLE_BITS) for name, state in self.state.items() if state & ROLE_MASK in defined
        }

    def _owner(self, number: int) -> str:
        return self.loaded[number].display if number >= 0 else "--defsym"

    @property
    def weak_unextracted(self) -> dict[str, tuple[str, ...]]:
        """Weak reference that stays zero -> the archives that could have satisfied it; sorted by symbol."""
        archives = [one for one in flatten(self.items) if isinstance(one, Archive)]
        weak = {self.reference(name) for one in self.loaded for name in one.symbols.weak_undefined}
        zero = sorted(name for name in weak if self.state[name] & ROLE_MASK in (WEAK_UNDEFINED, LAZY))
        found = {name: tuple(one.display for one in archives if name in one.promises) for name in zero}
        return {name: owners for name, owners in found.items() if owners}

    @property
    def used_archives(self) -> tuple[Archive, ...]:
        """The archives that gave at least one member, in the order in which they first did."""
        return tuple(dict.fromkeys(one.archive for one in self.loaded if one.archive is not None))


def is_provided(name: str, profile: str, options: Options) -> bool:
    """Say whether a linker defines ``name`` by itself in every link with such ``options``."""
    some = _PROVIDED_TO_PIE if options.pie else _PROVIDED_TO_FIXED
    return name in _PROVIDED or name in _PROVIDED_BY[profile] or name in some


def _assignments(items: Iterable[Item]) -> Iterator[Assignment]:
    for item in items:
        if isinstance(item, Group):
            yield from _assignments(item.items)
        elif isinstance(item, Assignment):
            yield item


def _same_number(name: str, owners: Sequence[ObjectFile], *, zero: bool) -> bool:
    """Say whether all definitions are the same absolute number, which linkers let pass; lld only if it is not zero."""
    rows = [row for owner in owners for row in owner.details() if row.name == name]
    values = {row.value for row in rows}
    return all(row.is_absolute for row in rows) and len(values) == 1 and (zero or values != {0})
