"""Did anything change in an input that planning a link has read?

Planning reads the members and the index of an archive, and of some objects the symbols, section names, and the marks by
which they are judged. Two inputs of one digest give it the same answers. Code and data are not part of it.
"""

from __future__ import annotations

from array import array
from hashlib import blake2b
from typing import TYPE_CHECKING

from staticlink.libc.marks import read_marks
from staticlink.link.inputs import ObjectFile

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from staticlink.libc.marks import Marks
    from staticlink.link.inputs import Archive

_DIGEST = 16  # bytes


def digest_input(
    item: ObjectFile | Archive,
    members: Iterable[int],
    judged: Collection[int],
    marks: Mapping[ObjectFile, Marks] | None = None,
) -> str:
    """Return a digest of what planning reads in ``item`` when it looks at these of its members.

    Of those at ``judged`` it includes the marks, which are read unless they are among ``marks``.
    """
    known = marks or {}
    if isinstance(item, ObjectFile):
        return _print(item, known, judged=bool(judged)).hex()
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
    wanted = frozenset(judged)
    for number in members:
        one = item.member(table.members[number].offset) if number < len(table.members) else None
        found.update(b"not an object" if one is None else _print(one, known, judged=number in wanted))
    return found.hexdigest()


def _print(one: ObjectFile, marks: Mapping[ObjectFile, Marks], *, judged: bool) -> bytes:
    """Return the fingerprint of an object; with a digest of its marks when it was judged by them."""
    if not judged:
        return one.fingerprint
    read = repr(marks.get(one) or read_marks(one)).encode("utf-8", "backslashreplace")
    return one.fingerprint + blake2b(read, digest_size=_DIGEST).digest()
