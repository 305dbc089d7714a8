"""Does a resolution come to what a real linker does, over any number of generated links?

A comparison draws link number ``n`` from the seed ``n``, gives it to a linker and to :func:`resolve`, and counts the
cases each link held. Compared are every extraction with its reference and symbol, in order; the undefined symbols; and
those defined twice. Where a linker itself gives no answer, the part it leaves out is not compared, and counted.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from staticlink.link.resolve import resolve

from tests.oracle.drafts import Bracket, Cover, Draft, Library, Loose, draw, option_words, save, wrap_up
from tests.oracle.linkers import Outcome, run_bfd, run_lld
from tests.oracle.rows import ROWS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from staticlink.link.resolution import Resolution

    from tests.oracle.drafts import Entry, Parts

    Rows = tuple[tuple[str, str, str], ...]

#: References that a linker passes over where no relocation of a loaded section needs them.
_SOFT = ("bare", "bare_weak", "tls_undefined", "dead", "debug")
_CRASHES = ("internal error", "PLEASE submit a bug report")
#: GNU ld and LLD 14 stop reading inputs at these, so they list no more than what came before.
_STOPS_READING = ("error adding symbols", "TLS attribute mismatch")
#: Whether an assignment to a missing symbol defines its own symbol depends on the phase in which GNU ld notices.
_BAD_EXPRESSION = "referenced in expression"
#: Cases in which LLD 14 and the lld that rustc ships differ: versioned references, discarded definitions (54), and
#: --defsym beside the entry symbol. The newer one is followed.
_NOT_AS_IN_LLD_14 = frozenset({"45", "54", "58"})


@dataclass
class Tally:
    """What a comparison came to."""

    links: int = 0
    rows: Counter[str] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)
    differences: list[str] = field(default_factory=list)

    def text(self, linker: str, first: int) -> str:
        """Return a paragraph that can be quoted."""
        cases = " ".join(f"{row}:{self.rows[row]}" for row, _ in ROWS)
        left_out = "".join(f"; {count} {what}" for what, count in sorted(self.left_out.items()))
        seeds = f"seeds {first} to {first + self.links - 1}"
        return f"{linker}: {self.links} links, {seeds}, {len(self.differences)} differences{left_out}\n  cases {cases}"


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
        if refused or (linker == "lld 14" and draft.rows & _NOT_AS_IN_LLD_14):
            tally.left_out["not taken by this linker" if refused else "followed in the newer lld"] += 1
            continue
        items, words, options = save(draft, directory)
        words = [*option_words(options), *words]
        if linker == "bfd":
            real, found = run_bfd(directory, words), resolve(items, options=options)
        else:
            real, found = run_lld(program, directory, words), resolve(items, profile="lld", options=options)
        if any(crash in real.messages for crash in _CRASHES):
            tally.left_out["crashes of the linker"] += 1
            continue
        tally.rows.update(draft.rows)
        tally.differences += (f"seed {seed}: {what}\n  {' '.join(words)}" for what in _differences(draft, found, real))
    return tally


def _differences(draft: Draft, found: Resolution, real: Outcome) -> Iterator[str]:
    theirs = tuple(row for row in real.rows if row[2] != "--whole-archive")
    ours = _rows(found, theirs)
    stopped, unsaid = any(words in real.messages for words in _STOPS_READING), _BAD_EXPRESSION in real.messages
    if ours[: len(theirs) if stopped else None] != theirs and not unsaid:
        yield f"extracts {theirs}, we say {ours}"
    missing = set(found.undefined)
    soft = missing if found.options.gc_sections or stopped or unsaid else _soft(draft, found)
    if not (missing - soft <= real.undefined <= missing):
        yield f"misses {sorted(real.undefined)}, we say {sorted(missing)}"
    if not (stopped or unsaid) and set(map(_bare, found.duplicates)) != set(map(_bare, real.duplicates)):
        yield f"finds twice {sorted(real.duplicates)}, we say {sorted(found.duplicates)}"


def _rows(found: Resolution, theirs: Rows) -> Rows:
    """Return the extractions as the linker writes them.

    lld calls its command line ``<internal>``, GNU ld nothing at all. For a default version GNU ld lists the name in the
    archive's index and no reference, lld the name it saw first.
    """
    rows: list[tuple[str, str, str]] = []
    inside = "<internal>" if found.profile == "lld" else ""
    for place, one in enumerate(found.extractions):
        reference = one.reference
        if reference.startswith("-") and not (inside and reference == "--entry"):
            reference = inside
        row = (reference, one.member, one.symbol)
        listed = theirs[place] if place < len(theirs) else row
        if "@@" in listed[2] and _bare(listed[2]) == _bare(one.symbol):
            row = (listed[0] and reference, one.member, listed[2])
        rows.append(row)
    return tuple(rows)


def _bare(name: str) -> str:
    return name.partition("@")[0]


def _soft(draft: Draft, found: Resolution) -> set[str]:
    names = {name for parts in _all_parts([Loose("", draft.main), *draft.entries]) for name in _soft_names(parts)}
    return names | set(found.options.required if found.profile == "lld" else ())


def _soft_names(parts: Parts) -> Iterator[str]:
    for role in _SOFT:
        yield from parts.get(role, ())


def _all_parts(entries: Sequence[Entry]) -> Iterator[Parts]:
    for entry in entries:
        if isinstance(entry, Loose):
            yield entry.parts
        elif isinstance(entry, Library):
            yield from (parts for _, parts in entry.members)
        elif isinstance(entry, Cover):
            yield from _all_parts([entry.library])
        elif isinstance(entry, Bracket):
            yield from _all_parts(entry.entries)
