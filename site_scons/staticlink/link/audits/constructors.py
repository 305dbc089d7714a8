"""Which members hold a constructor that will never run?

A constructor (``.init_array``) runs in a program that holds it, and a member joins a program only for a symbol that
somebody refers to. A member that defines no global symbol can therefore never be extracted: whatever registers itself
there is lost, without a word. Such members are missing from the archive's index, so few have to be looked at.

Not modelled: a member that defines symbols nobody happens to refer to. That is how every library with optional parts is
built.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from staticlink.link.audits.definitions import archives_of
from staticlink.link.inputs import Whole

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from staticlink.link.finding import Finding, Policy
    from staticlink.link.inputs import Archive
    from staticlink.link.order import LinkOrder


def extractable_archives(order: LinkOrder) -> tuple[Archive, ...]:
    """Return the archives of a link from which members have to be extracted: those not under ``--whole-archive``."""
    whole = {item.archive for item in order.resolution.items if isinstance(item, Whole)}
    return tuple(one for one in (*archives_of(order.resolution), *order.unused) if one not in whole)


def find_constructor_only(archives: Iterable[Archive], policy: Policy) -> Iterator[Finding]:
    """Yield every member of ``archives`` that only its constructor needs, and that is therefore never extracted."""
    for archive in archives:
        indexed = set(archive.table.index[1]) if archive.table.index else set()
        for member in archive.table.members:
            if member.offset in indexed:
                continue
            one = archive.member(member.offset)
            if one is not None and one.traits.constructors:
                evidence = (f"{one.display} has a constructor and defines no symbol",)
                yield policy.finding("constructor-only-member", evidence, one.display)
