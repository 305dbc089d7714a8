"""Which inputs does a linker script name that poses as a library?

Debian's ``libm.a`` is such a script: ``GROUP ( /usr/lib/.../libm-2.36.a ... )``. Understood are the commands that such
files consist of: INPUT, GROUP, AS_NEEDED, and OUTPUT_FORMAT and its kin, which change nothing here. A script that lays
out sections is refused: it belongs behind ``-T``. A comma separates names only when it stands alone: GNU ld takes one
at the end of a name for a part of it, whatever its manual says. Source: GNU ld's manual, "Commands Dealing with Files".
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from staticlink.errors import fail

if TYPE_CHECKING:
    from collections.abc import Iterator

    from staticlink.elf.mapping import Bytes
    from staticlink.errors import StaticlinkError

_WORD = re.compile(r'[();]|"[^"]*"|[^\s();"]+|"')
_LISTS = {"INPUT": False, "GROUP": True}
_IGNORED = frozenset({"OUTPUT_FORMAT", "OUTPUT_ARCH", "TARGET"})
_LIMIT = 1 << 20  # bytes; a script that names libraries has a few lines


def looks_like_script(begin: bytes) -> bool:
    """Say whether the first bytes of a file are text."""
    return begin.isascii() and all(byte >= 32 or byte in b"\t\n\v\f\r" for byte in begin)  # noqa: PLR2004


def read_script(data: Bytes, display: str) -> tuple[tuple[bool, tuple[str, ...]], ...]:
    """Return the lists of inputs a script names, each with whether it is a group.

    Raises :class:`StaticlinkError` when it holds anything else, or names nothing.
    """
    if len(data) > _LIMIT:
        raise _refuse(display, f"it has {len(data)} bytes")
    text = bytes(data).decode("utf-8", "backslashreplace")
    words = iter(_WORD.findall(" ".join(_outside_comments(text, display))))
    found: list[tuple[bool, tuple[str, ...]]] = []
    for word in words:
        if word == ";":
            continue
        if word not in _LISTS and word not in _IGNORED:
            raise _refuse(display, f"unknown command: {word[:40]}")
        names = tuple(_arguments(words, word, display))
        if word in _LISTS:
            found.append((_LISTS[word], names))
    if not found:
        raise _refuse(display, "it names no input")
    return tuple(found)


def _outside_comments(text: str, display: str) -> Iterator[str]:
    place = 0
    while (start := text.find("/*", place)) >= 0:
        yield text[place:start]
        place = text.find("*/", start + 2) + 2
        if place == 1:
            raise _refuse(display, "a comment without its end")
    yield text[place:]


def _arguments(words: Iterator[str], command: str, display: str) -> Iterator[str]:
    """Yield the words between the parentheses; AS_NEEDED within them means nothing to a static link."""
    if next(words, "") != "(":
        raise _refuse(display, f"{command} without (")
    as_needed = False
    for word in words:
        if word == "AS_NEEDED" and not as_needed:
            as_needed = True
            if next(words, "") != "(":
                raise _refuse(display, "AS_NEEDED without (")
        elif word == ")":
            if not as_needed:
                return
            as_needed = False
        elif word in ("(", ";", '"'):
            raise _refuse(display, f"{word} among the inputs of {command}")
        elif word != ",":
            yield word.strip('"')
    raise _refuse(display, f"{command} without )")


def _refuse(display: str, evidence: str) -> StaticlinkError:
    return fail("unknown-input", f"not an object, archive or linker script: {display}", evidence=(evidence,))
