"""How does a fact read on a terminal?

Errors follow the shape of a linker's diagnostics: a fixed phrase, then indented evidence, then what to do. Text
that came from outside (symbol, member and file names) may hold control characters; they are escaped here, in one
place.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from staticlink.errors import Fault, StaticlinkError

#: At most this many referrers of a symbol are named; the rest is a count.
SHOWN_REFERRERS = 3


def escape(text: str) -> str:
    r"""Return ``text`` with everything but printable characters escaped: a terminal must not obey an input's name.

    Bidirectional controls and other format characters count as not printable. Newlines become ``\n``.
    """
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


def render_fault(fault: Fault) -> str:
    """Return the lines of one fault: the phrase, the evidence, ``fix:`` and ``see:``."""
    lines = [escape(fault.what), *(f"  {escape(line)}" for line in fault.evidence)]
    if fault.fix is not None:
        lines.append(f"  fix: {escape(fault.fix)}")
    if fault.see is not None:
        lines.append(f"  see: {escape(fault.see)}")
    return "\n".join(lines)


def render_error(error: StaticlinkError) -> str:
    """Return every fault of ``error``, one below the other, without a trailing newline."""
    return "\n".join(render_fault(fault) for fault in error.faults)


def referrer_lines(referrers: Iterable[str], shown: int = SHOWN_REFERRERS) -> tuple[str, ...]:
    """Return ``referenced by`` lines for ``referrers``, capped at ``shown``, and a count of those left out."""
    names = list(dict.fromkeys(referrers))
    lines = [f"referenced by {name}" for name in names[:shown]]
    more = len(names) - shown
    if more > 0:
        lines.append(f"referenced {more} more time{'s' if more > 1 else ''}")
    return tuple(lines)


def size(count: int) -> str:
    """Return a number of bytes as a person reads it: ``812 B``, ``96.0 KiB``, ``8.4 MiB``."""
    kib = 1024
    if count < kib:
        return f"{count} B"
    if count < kib * kib:
        return f"{count / kib:.1f} KiB"
    return f"{count / kib / kib:.1f} MiB"


def count(number: int, noun: str) -> str:
    """Return ``1 archive``, ``2 archives``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def step(verb: str, subject: str, detail: str) -> str:
    """Return the line of one step of a build: the verb in capitals, what it works on, what was found."""
    return escape(f"{verb:<6} {subject}   {detail}" if detail and subject else f"{verb:<6} {subject}{detail}")


def say(verb: str, subject: str, detail: str) -> None:
    """Print the line of one step at once; the default :data:`staticlink.model.Say`."""
    sys.stdout.write(step(verb, subject, detail) + "\n")
    sys.stdout.flush()
