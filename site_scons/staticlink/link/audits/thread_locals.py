"""Which symbols are thread-local in one object of a link and not in another?

A thread-local symbol is an offset into each thread's own block, any other symbol an address. An object that takes one
for the other reads and writes memory that belongs to somebody else. The usual cause is a declaration without
``__thread`` beside a definition with it. GNU ld and gold refuse such a link, whether the symbols are defined or
referred to and whether a relocation uses them; lld does in some orders only, and mold links it without a word.

Every object says for itself which of its symbols are thread-local, and few have any, so most objects are asked only
whether they have one of those names.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from staticlink.link.finding import Finding, Policy
    from staticlink.link.inputs import ObjectFile
    from staticlink.link.resolution import Resolution

_DEFINES, _REFERS = "defined in", "referenced by"


def find_tls_mismatches(resolution: Resolution, policy: Policy) -> Iterator[Finding]:
    """Yield every symbol that is thread-local in some objects of the link only."""
    local: dict[str, list[str]] = {}
    for one in resolution.loaded:
        for name in one.symbols.thread_local:
            role = _role(one, name)
            known_as = resolution.reference(name) if role == _REFERS else name
            local.setdefault(known_as, []).append(f"{role} {one.display}")
    other = _elsewhere(resolution, frozenset(local)) if local else {}
    for name in sorted(other):
        evidence = (
            *(f"thread-local, {line}" for line in local[name]),
            *(f"not thread-local, {line}" for line in other[name]),
        )
        yield policy.finding("tls-mismatch", evidence, name)


def _elsewhere(resolution: Resolution, local: frozenset[str]) -> dict[str, list[str]]:
    """Return, for each of ``local``, the objects in which it is not thread-local, with what it is there."""
    found: dict[str, list[str]] = {}
    references = resolution.reference if resolution.options.wrap else None
    for one in resolution.loaded:
        symbols = one.symbols
        for role, names in (
            (_DEFINES, symbols.strong), (_DEFINES, symbols.weak), (_DEFINES, symbols.common),
            (_REFERS, symbols.undefined), (_REFERS, symbols.weak_undefined),
        ):  # fmt: skip
            known_as = names if references is None or role == _DEFINES else tuple(map(references, names))
            if local.isdisjoint(known_as):
                continue
            for name, other in zip(names, known_as, strict=True):
                if other in local and name not in symbols.thread_local:
                    found.setdefault(other, []).append(f"{role} {one.display}")
    return found


def _role(one: ObjectFile, name: str) -> str:
    symbols = one.symbols
    return _REFERS if name in symbols.undefined or name in symbols.weak_undefined else _DEFINES
