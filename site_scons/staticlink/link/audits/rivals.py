"""Which definitions would archives dispute in whatever link they meet?

A link shows only what its own references bring out. Before there is one, archives can be asked for the disputes they
carry: a symbol with two strong definitions in one archive, where the first member a linker meets decides, and a symbol
that two archives define, where their order does. Every member is read, so this is for ``staticlink audit``, not for a
build.

COMDAT symbols are left out: all their copies are the same by the language's rules.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from staticlink.link.audits.definitions import PERSONALITY

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from staticlink.link.finding import Finding, Policy
    from staticlink.link.inputs import Archive, ObjectFile


def find_rivals(archives: Sequence[Archive], policy: Policy) -> Iterator[Finding]:
    """Yield every symbol that one archive defines twice, then every one that several archives define, by symbol.

    Copies of one object in several archives agree, so they are no rivals.
    """
    homes: dict[str, list[tuple[str, ObjectFile]]] = {}
    for archive in archives:
        strong, weak = _definitions(archive)
        for name, members in sorted(strong.items()):
            if len(members) > 1:
                yield policy.finding("repeated-definition", (f"defined in {one.display}" for one in members), name)
            homes.setdefault(name, []).append(("strong", members[0]))
        for name in weak.keys() - strong.keys():
            homes.setdefault(name, []).append(("weak", weak[name]))
    contents: dict[ObjectFile, bytes] = {}
    for name in sorted(name for name, found in homes.items() if len(found) > 1):
        if len({_content(one, contents) for _, one in homes[name]}) > 1:
            yield _dispute(name, homes[name], policy)


def _definitions(archive: Archive) -> tuple[dict[str, list[ObjectFile]], dict[str, ObjectFile]]:
    """Return who defines each symbol of ``archive`` strongly, and who first weakly."""
    strong: dict[str, list[ObjectFile]] = {}
    weak: dict[str, ObjectFile] = {}
    for one in archive.objects():
        comdat = one.symbols.comdat
        for name in one.symbols.strong:
            if name not in comdat:
                strong.setdefault(name, []).append(one)
        for name in one.symbols.weak:
            if name not in comdat and not name.startswith(PERSONALITY):
                weak.setdefault(name, one)
    return strong, weak


def _content(one: ObjectFile, known: dict[ObjectFile, bytes]) -> bytes:
    """Return a digest of the object's bytes; ``known`` keeps it, because one object defines many symbols."""
    if one not in known:
        known[one] = hashlib.sha256(one.data[one.start : one.start + one.size]).digest()
    return known[one]


def _dispute(name: str, found: Sequence[tuple[str, ObjectFile]], policy: Policy) -> Finding:
    """Return the finding about a symbol of several archives; ``found`` is binding and member, in the given order."""
    kinds = [kind for kind, _ in found]
    id_ = "weak-beats-strong" if kinds[0] == "weak" and "strong" in kinds else "rival-definitions"
    return policy.finding(id_, (f"{kind} in {one.display}" for kind, one in found), name)
