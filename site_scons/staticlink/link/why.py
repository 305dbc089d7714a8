"""Why is this symbol, or this member, in the executable?

The answer names everyone who refers to the symbol, everyone who defines it and what became of each definition, and the
chain of references that extracted the winner: from its member back to an object or an option, which need no reason.
Everything is read off one resolution; what did not join the link is looked up in the inputs.

A resolution names a referrer as messages do, and two archives of one name in different directories would look the same:
:func:`find_referrer` tells them apart by what they refer to and by when they joined.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from staticlink.link.resolution import COMMON, ROLE_BITS, ROLE_MASK, STRONG, UNDEFINED, WEAK
from staticlink.link.resolve import Index

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from staticlink.libc.verdict import Verdict
    from staticlink.link.inputs import ObjectFile
    from staticlink.link.resolution import Extraction, Resolution

#: What a symbol can come to: someone defines it; someone needs it and nobody does; only weak references are left, and
#: it is zero; the linker itself defines it; it is defined but not in the link; no input knows it.
STATES = ("defined", "undefined", "zero", "linker", "unused", "unknown")
_KINDS = {STRONG: "strong", WEAK: "weak", COMMON: "common"}
_SIMILAR = 3


@dataclass(frozen=True, slots=True)
class Reference:
    """A file, or an option, that refers to the symbol. ``joined``: it is part of the link."""

    by: str
    weak: bool
    joined: bool


@dataclass(frozen=True, slots=True)
class Definition:
    """A file that defines the symbol. ``kind``: ``strong``, ``weak``, ``common`` or ``option`` (``--defsym``).

    ``outcome``: ``wins``; ``shadowed`` (its member joined, another definition won); ``duplicate`` (a strong one beside
    a strong winner); ``discarded`` (its COMDAT group was a copy); ``left out`` (its member was not extracted).
    """

    by: str
    kind: str
    outcome: str


@dataclass(frozen=True, slots=True)
class Step:
    """``extracted`` joined because ``reference`` needs ``symbol``. Without a symbol: ``reference`` is how it joined."""

    extracted: str
    symbol: str
    reference: str


@dataclass(frozen=True, slots=True)
class Compiled:
    """Against which ``libc`` the file ``by`` was compiled (``musl``, ``glibc``, ``either``, ``unknown``), and why so.

    ``defines``: its definition of the symbol won.
    """

    by: str
    libc: str
    evidence: tuple[str, ...]
    defines: bool


@dataclass(frozen=True, slots=True)
class Answer:
    """What is to be known about one symbol of a link. ``similar`` are names that are close to an unknown one.

    ``libcs`` are verdicts on the file whose definition won, then on those of the link that refer to the symbol.
    ``at_run_time`` says what the function needs beside the executable, and whether the program reaches it.
    """

    symbol: str
    profile: str
    state: str
    wanted: tuple[Reference, ...]
    defined: tuple[Definition, ...]
    chain: tuple[Step, ...]
    similar: tuple[str, ...] = ()
    libcs: tuple[Compiled, ...] = ()
    at_run_time: tuple[str, ...] = ()


def ask_why(
    symbol: str,
    resolution: Resolution,
    verdict: Callable[[ObjectFile], Verdict],
    *,
    at_run_time: tuple[str, ...] = (),
) -> Answer:
    """Return who wants ``symbol`` in this link, who defines it, who won, and why the winner was extracted.

    ``verdict`` says against which libc an object of the link was compiled; ``at_run_time`` becomes part of the answer.
    Reads every member of every archive. Raises
    :class:`StaticlinkError` when one cannot be read.
    """
    index = Index(resolution.items)
    loaded = set(resolution.loaded)
    wanted = (*_options(symbol, resolution), *sorted(_references(symbol, index, resolution, loaded), key=_absent))
    state, winner = _outcome(symbol, resolution)
    defined = sorted(_definitions(symbol, index, resolution, winner), key=lambda one: one.outcome != "wins")
    if state is None:
        state = "unused" if defined else "unknown" if not wanted else "undefined"
    chain = tuple(explain_member(winner, resolution)) if winner is not None else ()
    similar: tuple[str, ...] = ()
    if state == "unknown":
        similar = tuple(difflib.get_close_matches(symbol, sorted(resolution.state), n=_SIMILAR, cutoff=0.75))
    libcs = tuple(_libcs(symbol, index, resolution, winner, verdict))
    return Answer(symbol, resolution.profile, state, wanted, tuple(defined), chain, similar, libcs, at_run_time)


def explain_member(
    one: ObjectFile, resolution: Resolution, reasons: Mapping[int, Extraction] | None = None
) -> Iterator[Step]:
    """Yield why ``one`` joined the link, then why its referrer did, and so on to an object or an option.

    ``reasons`` are those of :func:`reasons_of`, for whoever asks of many members.
    """
    reasons = reasons_of(resolution) if reasons is None else reasons
    seen: ObjectFile | None = one
    while seen is not None:
        found = reasons.get(id(seen))
        if found is None:
            yield Step(seen.display, "", "an object" if seen.archive is None else "--whole-archive")
            return
        yield Step(seen.display, found.symbol, found.reference)
        seen = find_referrer(found, resolution)


def reasons_of(resolution: Resolution) -> dict[int, Extraction]:
    """Return the identity of each member that was extracted -> its extraction."""
    return {id(found.extracted): found for found in resolution.extractions}


def find_referrer(extraction: Extraction, resolution: Resolution) -> ObjectFile | None:
    """Return the object whose reference caused ``extraction``; ``None`` when an option did."""
    found: ObjectFile | None = None
    for one in resolution.loaded:
        if one is extraction.extracted:
            break
        if one.display == extraction.reference:
            found = found or one
            if extraction.symbol in _names(one, resolution):
                return one
    return found


def _names(one: ObjectFile, resolution: Resolution) -> set[str]:
    symbols = one.symbols
    return {resolution.reference(name) for name in (*symbols.undefined, *symbols.weak_undefined)} | {*symbols.common}


def _outcome(symbol: str, resolution: Resolution) -> tuple[str | None, ObjectFile | None]:
    """Return what became of ``symbol``, and the object whose definition won."""
    state = resolution.state.get(symbol)
    if state is None:
        return None, None
    role = state & ROLE_MASK
    if role in _KINDS:
        return "defined", resolution.loaded[state >> ROLE_BITS] if state >= 0 else None
    if role == UNDEFINED:
        return "undefined" if symbol in resolution.undefined else "linker", None
    return ("zero" if any(symbol in _weak(one, resolution) for one in resolution.loaded) else None), None


def _weak(one: ObjectFile, resolution: Resolution) -> set[str]:
    return {resolution.reference(name) for name in one.symbols.weak_undefined}


def _options(symbol: str, resolution: Resolution) -> Iterator[Reference]:
    options = resolution.options
    named = (("--entry", (options.entry,)), ("-u", options.undefined), ("--require-defined", options.required))
    for option, names in named:
        if symbol in names:
            yield Reference(option, weak=False, joined=True)
    for assignment in resolution.assignments:
        if symbol in map(resolution.reference, assignment.references):
            yield Reference(assignment.display, weak=False, joined=True)


def _references(symbol: str, index: Index, resolution: Resolution, loaded: set[ObjectFile]) -> Iterator[Reference]:
    for one, spelling in _referrers(symbol, index, resolution):
        yield Reference(one.display, spelling not in one.symbols.undefined, one in loaded)


def _referrers(symbol: str, index: Index, resolution: Resolution) -> Iterator[tuple[ObjectFile, str]]:
    """Yield every object that refers to ``symbol``, with the name it uses: ``--wrap`` gives symbols others."""
    options = resolution.options
    spellings = {symbol, *(f"__real_{name}" for name in options.wrap if name == symbol)}
    spellings |= {name for name in options.wrap if symbol == f"__wrap_{name}"}
    for spelling in sorted(spellings):
        if resolution.reference(spelling) == symbol:
            for one in index.refers(spelling):
                yield one, spelling


def _libcs(
    symbol: str,
    index: Index,
    resolution: Resolution,
    winner: ObjectFile | None,
    verdict: Callable[[ObjectFile], Verdict],
) -> Iterator[Compiled]:
    loaded = set(resolution.loaded)
    asking = dict.fromkeys(one for one, _ in _referrers(symbol, index, resolution) if one in loaded and one != winner)
    for one in (*([winner] if winner is not None else []), *asking):
        found = verdict(one)
        yield Compiled(one.display, found.kind, found.evidence, one is winner)


def _absent(reference: Reference) -> bool:
    return not reference.joined


def _definitions(symbol: str, index: Index, resolution: Resolution, winner: ObjectFile | None) -> Iterator[Definition]:
    numbers = resolution.clashes.get(symbol, ())
    clashing = {resolution.loaded[number] for number in numbers if number >= 0}
    loaded = set(resolution.loaded)
    for assignment in resolution.assignments:
        if assignment.symbol == symbol:
            yield Definition(assignment.display, "option", "wins" if winner is None else "shadowed")
    for one in index.defines(symbol):
        symbols = one.symbols
        kind = "strong" if symbol in symbols.strong else "weak" if symbol in symbols.weak else "common"
        if one is winner:
            outcome = "wins"
        elif one not in loaded:
            outcome = "left out"
        elif one in clashing:
            outcome = "duplicate"
        else:
            outcome = "discarded" if symbols.comdat.get(symbol) is not None else "shadowed"
        yield Definition(one.display, kind, outcome)
