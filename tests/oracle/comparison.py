"""Does a resolution come to what a real linker does, over any number of generated links?

A comparison draws link number ``n`` from the seed ``n``, gives it to a linker and to :func:`resolve`, and counts the
cases each link held. Compared are every extraction with its reference and symbol, in order; the undefined symbols that
something in the executable needs; those defined twice; those required; and, in what was linked, whose definition of
each symbol is there.

Not compared, and why:

- A link with ``--gc-sections`` is linked without it as well: which undefined symbols only dropped sections refer to is
  not modelled, so with it they are compared as a subset, and without it exactly.
- GNU ld stops reading at a TLS mismatch (an audit finds those before the link), so only what came before is compared.
- GNU ld stops at the first ``--defsym`` it cannot evaluate, with all inputs read: of undefined symbols it names one.
- Links on which a linker crashes: GNU ld 2.40 aborts when an assigned symbol becomes COMMON in another size, LLD 22
  when a wrapped symbol is COMMON. They are counted.
- Whose value a symbol has that ``--defsym`` or GNU ld's script assigns.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from staticlink.link.resolve import resolve

from tests.oracle.drafts import Bracket, Cover, Draft, Library, Loose, draw, option_words, save, wrap_up
from tests.oracle.linkers import Outcome, run_bfd, run_lld
from tests.oracle.rows import ROWS
from tests.oracle.winners import bfd_winners, lld_winners

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from staticlink.link.resolution import Resolution

    from tests.oracle.drafts import Entry, Parts

    Rows = tuple[tuple[str, str, str], ...]

#: The roles of references that a relocation of a loaded section needs, and those whose section is not loaded or dead.
_NEEDED = ("undefined", "data_undefined", "weak_undefined", "dead")
_NEEDED_BY_GNU_LD = (*_NEEDED, "debug")
_CRASHES = ("internal error", "PLEASE submit a bug report")
#: GNU ld stops reading inputs at this, so it lists no more than what came before.
_STOPS_READING = re.compile(r"TLS (?:reference|definition) .* mismatches|TLS attribute mismatch")
#: GNU ld stops at the first assignment it cannot evaluate, after reading all inputs and before applying relocations.
_STOPS_THEN = "referenced in expression"
#: GNU ld's default script gives these a value whoever defines them (``ld --verbose``).
_ASSIGNED_BY_THE_SCRIPT = frozenset({"__bss_start", "_edata", "_end"})
#: Cases in which LLD 14 and the lld that rustc ships differ: absolute symbols that are zero twice, GNU_UNIQUE,
#: versioned references, COMDAT groups whose copies differ in binding, weak references to a wrapped symbol's old name,
#: and --defsym beside the entry symbol. The newer one is followed.
NOT_AS_IN_LLD_14 = frozenset({"38", "39", "45", "52", "53", "54", "56, weakly", "58"})


@dataclass
class Tally:
    """What a comparison came to."""

    links: int = 0
    winners: int = 0
    rows: Counter[str] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)
    differences: list[str] = field(default_factory=list)

    def text(self, linker: str, first: int) -> str:
        """Return a paragraph that can be quoted."""
        cases = " ".join(f"{row}:{self.rows[row]}" for row, _ in ROWS)
        left_out = "".join(f"; {count} {what}" for what, count in sorted(self.left_out.items()))
        seeds = f"seeds {first} to {first + self.links - 1}"
        links = f"{self.links} links, {seeds}, {self.winners} definitions looked up in what was linked"
        return f"{linker}: {links}, {len(self.differences)} differences{left_out}\n  cases {cases}"


def make(seed: int) -> Draft:
    """Return link number ``seed``, which holds one to three of the cases; consecutive seeds cover all of them."""
    draft = draw(seed)
    chosen = [ROWS[seed % len(ROWS)], *draft.chance.sample(ROWS, draft.chance.randint(0, 2))]
    for name, add in chosen:
        add(draft)
        draft.rows.add(name)
    wrap_up(draft)
    return draft


def compare(linker: str, program: Sequence[str], first: int, links: int, directory: Path) -> Tally:
    """Compare ``links`` links from the seed ``first`` on under ``linker``: ``bfd``, ``lld 14`` or ``lld``."""
    tally = Tally()
    for seed in range(first, first + links):
        draft = make(seed)
        tally.links += 1
        refused = linker.partition(" ")[0] in draft.refused_by
        if refused or (linker == "lld 14" and draft.rows & NOT_AS_IN_LLD_14):
            tally.left_out["not taken by this linker" if refused else "followed in the newer lld"] += 1
            continue
        items, words, options = save(draft, directory)
        # What --gc-sections drops is not modelled, and changes no more than which symbols may be missing.
        for one in (options, replace(options, gc_sections=False))[: 1 + options.gc_sections]:
            given = [*option_words(one), *words]
            real = run_bfd(directory, given) if linker == "bfd" else run_lld(program, directory, given)
            if any(crash in real.messages for crash in _CRASHES):
                tally.left_out["crashes of the linker"] += 1
                continue
            found = resolve(items, profile=linker.partition(" ")[0], options=one)
            winners = bfd_winners(directory) if linker == "bfd" else lld_winners(directory)
            told = (*_differences(draft, found, real), *_other_winners(draft, found, winners))
            tally.differences += (f"seed {seed}: {what}\n  {' '.join(given)}" for what in told)
            tally.winners += len(winners)
        tally.rows.update(draft.rows)
    return tally


def _differences(draft: Draft, found: Resolution, real: Outcome) -> Iterator[str]:
    theirs = tuple(row for row in real.rows if row[2] != "--whole-archive")
    ours = rows_of(found)
    stopped = _STOPS_READING.search(real.messages) is not None
    if ours[: len(theirs) if stopped else None] != theirs:
        yield f"extracts {theirs}, we say {ours}"
    missing, theirs_missing = _reported(draft, found), set(map(_default, real.undefined))
    partly = found.options.gc_sections or stopped or _STOPS_THEN in real.messages
    if not theirs_missing <= missing or not (partly or theirs_missing == missing):
        yield f"misses {sorted(theirs_missing)}, we say {sorted(missing)}"
    if found.profile == "bfd" and not partly and set(found.missing_required) != real.required:
        yield f"requires {sorted(real.required)}, we say {found.missing_required}"
    twice, theirs_twice = set(map(_bare, found.duplicates)), set(map(_bare, real.duplicates))
    if not theirs_twice <= twice or not (stopped or theirs_twice == twice):
        yield f"finds twice {sorted(theirs_twice)}, we say {sorted(twice)}"


def _reported(draft: Draft, found: Resolution) -> set[str]:
    """Return the missing symbols that a linker complains of: those that something in the executable needs."""
    parts = dict(_all_parts([Loose("main.o", draft.main), *draft.entries]))
    roles = _NEEDED_BY_GNU_LD if found.profile == "bfd" else _NEEDED
    needed = {found.reference(n) for one in found.loaded for role in roles for n in parts[one.display].get(role, ())}
    for assignment in found.assignments:
        needed.update(assignment.references if found.profile == "lld" else map(found.reference, assignment.references))
    return needed.intersection(found.undefined)


def _other_winners(draft: Draft, found: Resolution, winners: Mapping[str, str]) -> Iterator[str]:
    parts = dict(_all_parts([Loose("main.o", draft.main), *draft.entries])).values()
    passed = {name for one in parts for name in one.get("local", ())}
    passed |= _ASSIGNED_BY_THE_SCRIPT if found.profile == "bfd" else set()
    ours = {name: owner for name, owner in found.definitions.items() if name in winners and name not in passed}
    for name, owner in ours.items():
        if owner not in (winners[name], "--defsym") and "@" not in name:  # f@@V is f, which is there as well
            yield f"{name} is that of {winners[name]}, we say {owner}"


def rows_of(found: Resolution) -> Rows:
    """Return the extractions as the linker writes them.

    lld calls its command line ``<internal>``, GNU ld nothing at all; it knows no reference to a default version that
    was asked for by another name.
    """
    rows: list[tuple[str, str, str]] = []
    inside = "<internal>" if found.profile == "lld" else ""
    for one in found.extractions:
        reference = one.reference
        if reference.startswith("-") and not (inside and reference == "--entry"):
            reference = inside
        elif not inside and one.listed != one.symbol:
            reference = ""
        rows.append((reference, one.member, one.listed))
    return tuple(rows)


def _bare(name: str) -> str:
    return name.partition("@")[0]


def _default(name: str) -> str:
    return name.partition("@@")[0]


def _all_parts(entries: Sequence[Entry]) -> Iterator[tuple[str, Parts]]:
    """Yield every object by the name that messages give it."""
    for entry in entries:
        if isinstance(entry, Loose):
            yield entry.name, entry.parts
        elif isinstance(entry, Library):
            for name, parts in (entry.same_as or entry).members:
                yield f"{entry.name}({name})", parts
        elif isinstance(entry, Cover):
            yield from _all_parts([entry.library])
        elif isinstance(entry, Bracket):
            yield from _all_parts(entry.entries)
