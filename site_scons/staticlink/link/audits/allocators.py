"""Does a program that has an allocator of its own get the libc's as well?

A replacement defines what programs call: ``malloc``, ``free`` and their relatives. The libc's allocator offers more,
such as ``mallinfo`` and ``malloc_trim`` of glibc, in the same member as its ``malloc``. Whoever refers to one of these
extracts that member, and then every function of the family is defined twice. That is one mistake with one cause, so it
is told as one, and not once for each function.

The other way round, a program with threads may be better off with a replacement. Whether it allocates much shows in
none of its symbols, so that is no finding, but a word beside the choice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from staticlink.link.allocator import LIBC, read_allocator_policy
from staticlink.link.audits.definitions import libc_allocators, owner_of
from staticlink.link.inputs import Whole
from staticlink.model import Choice

if TYPE_CHECKING:
    from collections.abc import Iterator

    from staticlink.link.allocator import Allocator
    from staticlink.link.finding import Finding, Policy
    from staticlink.link.request import LinkRequest
    from staticlink.link.resolution import Resolution

#: A program that takes both from the libc has threads that may wait for each other.
_THREADED = ("pthread_create", "malloc")


def find_libc_allocators(resolution: Resolution, policy: Policy) -> Iterator[Finding]:
    """Yield a finding for each member of the libc that brings its allocator back, with what asks for it."""
    owner = owner_of(resolution, "malloc")
    if owner is None:
        return
    chosen = owner.archive is not None and Whole(owner.archive) in resolution.items
    for member in libc_allocators(resolution):
        for one in resolution.extractions:
            if one.member == member.display:
                evidence = (
                    f"referenced by {one.reference}",
                    f"defined in {member.display}, beside malloc",
                    f"malloc defined in {owner.display}, which is used",
                )
                yield policy.finding("libc-allocator", evidence, one.symbol, fix="allocator=libc" if chosen else None)


def advise_on_threads(choice: Choice[Allocator], request: LinkRequest, resolution: Resolution) -> Choice[Allocator]:
    """Return ``choice`` with what policy tells a program that has threads and was left with the libc's allocator.

    One that was asked for by name is not argued with.
    """
    told = read_allocator_policy()[request.libc.name].get("threads")
    if request.allocator != "auto" or choice.value.name != LIBC or told is None:
        return choice
    owners = [owner_of(resolution, symbol) for symbol in _THREADED]
    homes = [one.archive.path if one is not None and one.archive is not None else None for one in owners]
    if not all(home in request.libc.archives for home in homes):
        return choice
    evidence = (f"{name} defined in {one.display}" for name, one in zip(_THREADED, owners, strict=True) if one)
    return Choice(choice.value, told, (choice.reason, *evidence))
