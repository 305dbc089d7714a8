"""Which functions of this program need more than the executable holds, and does the program reach them?

A static executable is whole, but some of what a libc offers is not: glibc loads shared objects for name services beyond
the built-in ones, for character sets, for ``dlopen``; locales are files. Which functions these are is read from the
``.gnu.warning.SYMBOL`` sections of glibc's own members, which GNU ld and gold print and lld and mold do not, and from
``policy/run_time/``, which also says what each does without. Whether the program reaches one is a question to the
graph of its sections (``reach.py``): most programs that link Rust's standard library refer to ``getaddrinfo`` and never
call it.

Only a reference by the function's own name counts, as it does for GNU ld: members of the libc that call each other by
inner names are how ``printf`` is built.

Not modelled: what a function would load on the machine where the program runs.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import toml

from staticlink.elf.warnings import read_warnings
from staticlink.link.audits.definitions import is_libc, owner_of
from staticlink.link.reach import SectionGraph
from staticlink.link.why import explain_member, reasons_of

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Mapping, Sequence

    from staticlink.elf.relocations import References
    from staticlink.link.audits.foreign_libc import Judged
    from staticlink.link.finding import Finding, Policy
    from staticlink.link.inputs import Archive, ObjectFile
    from staticlink.link.resolution import Resolution

_GLIBC = "gnu_get_libc_version"
_POLICY = Path(__file__).parent.parent.parent / "policy" / "run_time"
#: Part of the sentence of glibc's ``static_link_warning`` (``include/libc-symbols.h``), not of its other warnings.
_SENTENCE = "requires at runtime the shared libraries"
_SHOWN, _SHOWN_FIRST, _SHOWN_LAST = 3, 2, 3


@dataclass(frozen=True, slots=True)
class Row:
    """What policy says of some functions; ``warned``: only of those about which glibc's archive warns."""

    symbols: tuple[str, ...]
    finding: str
    unreached: str
    needs: str
    fix: str | None
    warned: bool

    def fits(self, symbol: str) -> bool:
        """Say whether this row is about ``symbol``."""
        return any(fnmatchcase(symbol, pattern) for pattern in self.symbols)


@dataclass(frozen=True, slots=True)
class Need:
    """A function that needs more than the executable holds.

    ``referrers`` are the objects of the link that refer to it, ``chain`` are lines that say why it joined the link.
    ``way`` are the sections by which the program reaches a reference to it; ``None`` when it cannot, empty when nobody
    has looked.
    """

    symbol: str
    row: Row
    referrers: tuple[str, ...]
    chain: tuple[str, ...] = ()
    way: tuple[str, ...] | None = ()


@dataclass(frozen=True, slots=True)
class Needs:
    """All of them in one link, by name; ``read`` are the objects that were read for it, with their references.

    An object of which only the warnings were read has none.
    """

    found: tuple[Need, ...] = ()
    read: Mapping[ObjectFile, References | None] = field(default_factory=dict)


def find_needs(resolution: Resolution) -> Needs:
    """Return the functions of the link's libc that need more than the executable holds; none without a libc."""
    start = owner_of(resolution, "__libc_start_main")
    libc = start.archive if start is not None else None
    if libc is None:
        return Needs()
    glibc = _GLIBC in libc.promises
    rows = load_rows("glibc" if glibc else "musl", libc.promises)
    warnings = dict(_warnings(resolution, libc)) if glibc else {}
    warned = {name for names in warnings.values() for name in names}
    named = {name for row in rows if not row.warned for name in row.symbols} & resolution.state.keys()
    own = {name for name in named if (owner := owner_of(resolution, name)) is not None and owner.archive is libc}
    read: dict[ObjectFile, References | None] = dict.fromkeys(warnings)
    if not warned | own:
        return Needs((), read)
    graph = SectionGraph(resolution)
    asked = sorted(name for name in warned | own if graph.referrers(name))
    chosen = ((name, row) for name in asked if (row := _row(rows, name, warned)) is not None)
    reasons = reasons_of(resolution)

    def chain(name: str) -> tuple[str, ...]:
        owner = owner_of(resolution, name)
        steps = explain_member(owner, resolution, reasons) if owner is not None else ()
        lines = (f"extracted {one.extracted}: {one.reference} refers to {one.symbol}" for one in steps if one.symbol)
        return tuple(islice(lines, _SHOWN))

    found = tuple(_need(name, row, chain(name), graph, follow=glibc) for name, row in chosen)
    return Needs(found, {**read, **graph.read})


def load_rows(libc: str, defined: Container[str] | None = None) -> tuple[Row, ...]:
    """Return what policy says of the functions of ``libc``, whose archive defines ``defined`` if that is known."""
    rows = toml.loads((_POLICY / f"{libc}.toml").read_text(encoding="utf-8"))["function"]
    return tuple(
        Row(
            tuple(row["symbols"]),
            row["finding"],
            row["unreached"],
            row["needs"],
            row.get("fix"),
            row.get("warned", False),
        )
        for row in rows
        if defined is None or row.get("if_defined") is None or row["if_defined"] in defined
    )


def tell_needs(needs: Needs, policy: Policy) -> Iterator[Finding]:
    """Yield a finding for each function."""
    for need in needs.found:
        row, lines = need.row, [f"referenced by {name}" for name in need.referrers[:_SHOWN]]
        more = len(need.referrers) - _SHOWN
        lines += [f"referenced by {more} more"] if more > 0 else []
        lines += need.chain
        lines += way_lines(need)
        id_ = row.finding if need.way is not None else row.unreached
        yield policy.finding(id_, (*lines, row.needs), need.symbol, fix=row.fix)


def need_lines(needs: Needs, symbol: str) -> tuple[str, ...]:
    """Return what there is to say of ``symbol`` at run time, in lines; none when it needs nothing."""
    return tuple(line for one in needs.found if one.symbol == symbol for line in (*way_lines(one), one.row.needs))


def way_lines(need: Need) -> tuple[str, ...]:
    """Return a line that says whether the program reaches the function, if anybody has looked."""
    if need.way is None:
        return ("no entry point reaches a reference to it",)
    if not need.way:
        return ()
    way = need.way
    if len(way) > _SHOWN_FIRST + _SHOWN_LAST:
        left = len(way) - _SHOWN_FIRST - _SHOWN_LAST
        way = (*way[:_SHOWN_FIRST], f"{left} more", *way[-_SHOWN_LAST:])
    return (f"reached by {', '.join(way)}",)


def find_archive_needs(archives: Sequence[Archive], judged: Judged) -> Needs:
    """Return the functions that members of ``archives`` refer to, as if all of them were reached.

    Which functions glibc's archive warns about is not known here; those that policy names stand for them.
    """
    rows = [row for row in load_rows(judged.libc) if row.symbols != ("*",)]
    asking: dict[str, list[str]] = {}
    for archive in archives:
        for one in archive.objects() if not is_libc(archive) else ():
            for name in (*one.symbols.undefined, *one.symbols.weak_undefined):
                asking.setdefault(name, []).append(one.display)
    known = judged.interfaces()
    named = sorted(name for name in asking if any(row.fits(name) for row in rows))
    names = [name for name in named if name in known and judged.taken(name)]
    found = ((name, _row(rows, name, names), asking[name]) for name in names)
    return Needs(tuple(Need(name, row, tuple(ones)) for name, row, ones in found if row is not None))


def _row(rows: Sequence[Row], symbol: str, warned: Iterable[str]) -> Row | None:
    """Return the last row that is about ``symbol``."""
    fitting = (row for row in reversed(rows) if row.fits(symbol) and (symbol in warned or not row.warned))
    return next(fitting, None)


def _need(name: str, row: Row, chain: tuple[str, ...], graph: SectionGraph, *, follow: bool) -> Need:
    """Return what there is to know of a function; the graph is searched for a way to it only to ``follow`` it."""
    referrers = tuple(one.display for one in graph.referrers(name))
    if not follow:
        return Need(name, row, referrers, chain)
    way = graph.way_to_reference(name)
    return Need(name, row, referrers, chain, tuple(map(graph.describe, way)) if way is not None else None)


def _warnings(resolution: Resolution, libc: Archive) -> Iterator[tuple[ObjectFile, tuple[str, ...]]]:
    """Yield the members of glibc that warn, with the symbols about which they say that they need shared objects.

    Before glibc 2.34 some were in archives beside libc.a.
    """
    place = libc.path.parent
    for one in resolution.loaded:
        if one.archive is libc or (one.archive is not None and one.archive.path.parent == place):
            found = read_warnings(one.data, one.display, one.machine, one.start, one.size)
            if found:
                yield one, tuple(symbol for symbol, sentence in found.items() if _SENTENCE in sentence)
