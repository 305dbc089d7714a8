"""Did anything change in an input that planning a link has read?

Planning reads the members and the index of an archive, and of some objects the symbols, section names, the marks by
which they are judged, and what their sections refer to. Two inputs of one digest give it the same answers. Code, data
and what only the object itself can see are not part of it.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import TYPE_CHECKING

from staticlink.elf.relocations import References
from staticlink.elf.warnings import read_warnings
from staticlink.libc.marks import read_marks
from staticlink.link.inputs import ObjectFile

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from staticlink.libc.marks import Marks
    from staticlink.link.inputs import Archive

_DIGEST = 16  # bytes


@dataclass(frozen=True, slots=True)
class Read:
    """What planning has read of objects beyond their symbols and section names: marks, and references.

    ``references`` has an object whose warnings were read and nothing else with ``None``.
    """

    marks: Mapping[ObjectFile, Marks] = field(default_factory=dict)
    references: Mapping[ObjectFile, References | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Looked:
    """At which members of an archive planning has looked, by place; for an object that is no member it is ``[0]``.

    ``members`` are all, ``judged`` those whose marks were read, ``followed`` those whose references were.
    """

    members: Iterable[int] = ()
    judged: frozenset[int] = frozenset()
    followed: frozenset[int] = frozenset()


def digest_input(item: ObjectFile | Archive, looked: Looked, read: Read | None = None) -> str:
    """Return a digest of what planning reads in ``item`` when it looks at these of its members.

    What it includes of marks and references is read unless it is among ``read``.
    """
    known = read or Read()
    if isinstance(item, ObjectFile):
        return _print(item, 0, looked, known).hex()
    table = item.table
    place = {member.offset: number for number, member in enumerate(table.members)}
    names, offsets = table.index or ((), ())
    found = blake2b(repr((table.thin, table.index is None, len(names))).encode(), digest_size=_DIGEST)
    found.update("\0".join([member.name for member in table.members]).encode())
    found.update("\0".join(names).encode())
    found.update(array("I", map(place.__getitem__, offsets)).tobytes())
    if table.thin:
        found.update(repr([member.origin for member in table.members]).encode())
        return found.hexdigest()
    for number in looked.members:
        one = item.member(table.members[number].offset) if number < len(table.members) else None
        found.update(b"not an object" if one is None else _print(one, number, looked, known))
    return found.hexdigest()


def _print(one: ObjectFile, number: int, looked: Looked, known: Read) -> bytes:
    """Return the fingerprint of an object, with digests of its marks and its references where these were read."""
    found = one.fingerprint
    if number in looked.judged:
        read = repr(known.marks.get(one) or read_marks(one)).encode("utf-8", "backslashreplace")
        found += blake2b(read, digest_size=_DIGEST).digest()
    if number in looked.followed:
        place = (one.data, one.display, one.machine, one.start, one.size)
        found += (known.references.get(one) or References(*place)).digest()
        found += blake2b(repr(read_warnings(*place)).encode(), digest_size=_DIGEST).digest()
    return found
