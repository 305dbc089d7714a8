"""Which members keep a hardened program from the processor's own protection?

The linker leaves a feature out of the executable, without a word, as soon as one object does not carry it. A program
for ``hardening=1`` should have had them, so each feature that is lost is a finding with the objects that lose it. The
assembly of musl, Debian's glibc and Rust's standard library carry none, so most programs have one for each feature; it
is a warning.

What it reads is in no fingerprint, so the plans of hardened links are not kept from one link to the next.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from staticlink.elf.features import SECTION, known_features, read_features
from staticlink.elf.header import read_header
from staticlink.elf.sections import SectionTable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from staticlink.link.finding import Finding, Policy
    from staticlink.link.inputs import ObjectFile
    from staticlink.link.resolution import Resolution
    from staticlink.target import Target

_ID = "property-dropped"
#: At most this many members of an archive are named.
_SHOWN = 3


def find_dropped_features(resolution: Resolution, policy: Policy) -> Iterator[Finding]:
    """Yield each feature of the machine that an object of the link does not carry."""
    carried = [(one, features_of(one)) for one in resolution.loaded]
    machine = resolution.loaded[0].machine if resolution.loaded else ""
    for feature in known_features(machine):
        without = [one for one, features in carried if feature not in features]
        if without:
            yield policy.finding(_ID, _places(without), feature)


def promised_features(target: Target, findings: Iterable[Finding]) -> tuple[str, ...]:
    """Return the features that a hardened executable for ``target`` must have: those that no object was found to lack.

    ``findings`` are those of the link's audit.
    """
    dropped = {one.subject for one in findings if one.id == _ID}
    return tuple(one for one in known_features(target.arch) if one not in dropped) if target.hardened else ()


def features_of(one: ObjectFile) -> tuple[str, ...]:
    """Return the features that an object says it carries."""
    header = read_header(one.data, one.display, one.start, one.size)
    table = SectionTable(header, memoryview(one.data)[one.start : one.start + one.size], one.display)
    notes = b"".join(bytes(table.data(number, "a note")) for number in table.find(SECTION))
    return read_features(notes, header.order, one.machine)


def _places(objects: Sequence[ObjectFile]) -> Iterator[str]:
    """Yield a line for each archive, with the first of its members and their count, and one for each object."""
    homes: dict[str, list[str]] = {}
    for one in objects:
        homes.setdefault(one.archive.display if one.archive is not None else "", []).append(one.display)
    yield from (f"not in {name}" for name in homes.pop("", ()))
    for archive, members in homes.items():
        more = len(members) - _SHOWN
        counted = f" and {more} more of {archive}" if more > 0 else ""
        yield f"not in {', '.join(members[:_SHOWN])}{counted}"
