"""Which archives do only some linkers search?

A thin archive that names a regular archive stands for that archive's members: ``ar`` writes the place of each in it.
GNU ld and gold read them there; lld calls the thin archive malformed, mold passes over its members. Only headers are
looked at, which have been read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from staticlink.link.finding import Finding, Policy
    from staticlink.link.inputs import Archive


def find_nested_archives(archives: Iterable[Archive], policy: Policy) -> Iterator[Finding]:
    """Yield every thin archive that names members of another archive."""
    for archive in archives:
        if archive.table.thin:
            inner = dict.fromkeys(member.name for member in archive.table.members if member.origin is not None)
            if inner:
                evidence = (f"its members are in {name}" for name in inner)
                yield policy.finding("nested-thin-archive", evidence, archive.display)
