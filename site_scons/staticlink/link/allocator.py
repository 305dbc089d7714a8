"""Which allocator serves the program, and why?

``malloc`` and its relatives are ordinary functions of the libc, and in a static link whoever defines them first serves
C, Rust's system allocator and CPython alike. A replacement is an archive that joins whole, ahead of the libc: every
function that it replaces is its own in every order, and the libc's members for them are not extracted. musl notices
(``__malloc_replaced`` in its ``src/malloc/replaced.c``) and glibc documents it ("Replacing malloc" in its manual).

What the libc allocates for itself before anything else, and never frees, may stay its own: musl has a few bytes for
that. A function of the libc's allocator that the replacement lacks would bring that allocator back; the audits report
it (``link/audits/allocators.py``). Which allocator ``auto`` takes is policy: ``policy/allocators.toml``.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import toml

from staticlink.errors import fail
from staticlink.model import Choice

if TYPE_CHECKING:
    from collections.abc import Mapping

_POLICY = Path(__file__).parent.parent / "policy" / "allocators.toml"
LIBC = "libc"
#: name -> where the archive is in the prefix of the recipe of that name.
ARCHIVES = {"mimalloc": "lib/libmimalloc.a", "jemalloc": "lib/libjemalloc.a"}
ALLOCATORS = (LIBC, *ARCHIVES)


@dataclass(frozen=True, slots=True)
class Allocator:
    """An allocator and the archives that replace the libc's: none for ``libc``."""

    name: str
    archives: tuple[Path, ...] = ()


def choose_allocator(wanted: str, libc: str, candidates: Mapping[str, Path]) -> Choice[Allocator]:
    """Return the allocator of a link against ``libc``; ``candidates`` maps the replacements at hand to their archives.

    Raises :class:`StaticlinkError` when the one that is ``wanted`` is not at hand.
    """
    name, reason = wanted, f"allocator={wanted}"
    if wanted == "auto":
        name, reason = allocator_by_policy(libc)
    if name == LIBC:
        return Choice(Allocator(LIBC), reason)
    if name not in candidates:
        evidence = (f"at hand: {', '.join(sorted({LIBC, *candidates}))}",)
        raise fail("no-allocator", f"no such allocator: {name}", evidence=evidence, fix="allocator=libc")
    return Choice(Allocator(name, (candidates[name],)), reason)


def allocator_by_policy(libc: str) -> tuple[str, str]:
    """Return the allocator that ``auto`` takes for ``libc``, and why."""
    row = read_allocator_policy()[libc]
    return row["auto"], row["why"]


def read_allocator_policy() -> dict[str, dict[str, str]]:
    """Return what policy says of each libc's own allocator."""
    rows: dict[str, dict[str, str]] = toml.loads(_POLICY.read_text(encoding="utf-8"))
    return rows
