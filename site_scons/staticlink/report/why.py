"""How is the answer to "why is this symbol in my executable?" written down?

For a person: a line a fact, capped where a libc would fill the screen. For a program: the same facts, all of them, as
the ``why`` document that ``docs/command-line.md`` describes.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from staticlink.libc.names import LIBCS
from staticlink.report.text import escape

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from staticlink.link.why import Answer, Definition, Reference, Step

#: At most this many referrers that joined the link are named; the rest is a count.
_SHOWN = 10
#: At most this many definitions are named.
_SHOWN_DEFINITIONS = 20
#: At most this many objects are judged aloud: the winner, and who was compiled for another libc.
_SHOWN_LIBCS = 3
_STATES = {
    "undefined": "undefined: nothing in this link defines it",
    "zero": "zero: only weak references are left, and a weak reference extracts nothing",
    "linker": "defined by the linker itself",
    "unused": "not in the link: nothing that joined it wants it",
    "unknown": "no input refers to it or defines it",
}
_OUTCOMES = {
    "wins": "wins",
    "shadowed": "shadowed; its file joined the link for another reason",
    "duplicate": "a second strong definition",
    "discarded": "discarded with its COMDAT group",
    "left out": "shadowed; never extracted",
}


def why_lines(answer: Answer) -> tuple[str, ...]:
    """Return ``answer`` as lines: the symbol, then indented who wants it, who defines it, and the chain."""
    lines = [answer.symbol]
    if answer.state in _STATES:
        lines.append(f"  {_STATES[answer.state]}")
    lines += (f"  similar: {name}" for name in answer.similar)
    lines += _wanted(answer.wanted)
    lines += _defined(answer.defined, answer.state)
    lines += (f"  {_step(step)}" for step in answer.chain)
    lines += (f"  at run time: {line}" for line in answer.at_run_time)
    lines += _compiled(answer)
    return tuple(escape(line) for line in lines)


def why_document(answer: Answer) -> dict[str, Any]:
    """Return the fields of ``answer`` as JSON holds them."""
    return {
        "symbol": answer.symbol,
        "state": answer.state,
        "wanted": [asdict(one) for one in answer.wanted],
        "defined": [asdict(one) for one in answer.defined],
        "chain": [asdict(one) for one in answer.chain],
        "similar": list(answer.similar),
        "libcs": [asdict(one) for one in answer.libcs],
        "at_run_time": list(answer.at_run_time),
    }


def _wanted(references: Sequence[Reference]) -> Iterator[str]:
    joined = [one for one in references if one.joined]
    for one in joined[:_SHOWN]:
        yield f"  wanted by {one.by}{', weakly' if one.weak else ''}"
    yield from _more(len(joined) - _SHOWN, "wanted by {} more")
    absent = len(references) - len(joined)
    if absent:
        yield f"  wanted by {absent} {'member' if absent == 1 else 'members'} not in the link"


def _defined(definitions: Sequence[Definition], state: str) -> Iterator[str]:
    for one in definitions[:_SHOWN_DEFINITIONS]:
        outcome = "never extracted" if one.outcome == "left out" and state != "defined" else _OUTCOMES[one.outcome]
        yield f"  defined in {one.by} ({one.kind}): {outcome}"
    yield from _more(len(definitions) - _SHOWN_DEFINITIONS, "defined in {} more")


def _more(count: int, words: str) -> Iterable[str]:
    return (f"  {words.format(count)}",) if count > 0 else ()


def _compiled(answer: Answer) -> Iterator[str]:
    """Yield against which libc the winner was compiled, and those that refer to it where that is another one."""
    own = next((one.libc for one in answer.libcs if one.defines), None)
    told = [one for one in answer.libcs if one.defines or (one.libc in LIBCS and one.libc != own)]
    for one in told[:_SHOWN_LIBCS]:
        yield f"  libc      {one.by}: {one.libc}; {one.evidence[0]}"
    yield from _more(len(told) - _SHOWN_LIBCS, "libc      {} more that refer to it were compiled for another")


def _step(step: Step) -> str:
    if step.symbol:
        return f"extracted {step.extracted}: {step.reference} refers to {step.symbol}"
    joined = "every object joins the link" if step.reference == "an object" else step.reference
    return f"joined    {step.extracted}: {joined}"
