"""Does a program that has an allocator of its own get the libc's as well?

A replacement defines what programs call: ``malloc``, ``free`` and their relatives. The libc's allocator offers more,
such as ``mallinfo`` and ``malloc_trim`` of glibc, in the same member as its ``malloc``. Whoever refers to one of these
extracts that member, and then every function of the family is defined twice. That is one mistake with one cause, so it
is told as one, and not once for each function.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from staticlink.link.audits.definitions import libc_allocators, owner_of
from staticlink.link.inputs import Whole

if TYPE_CHECKING:
    from collections.abc import Iterator

    from staticlink.link.finding import Finding, Policy
    from staticlink.link.resolution import Resolution


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
