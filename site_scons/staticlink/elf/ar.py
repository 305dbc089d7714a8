"""Which members does an archive hold, and which symbols does its index promise?

An archive is a magic, then members: a header of 60 bytes, the data, a newline where the size is odd. GNU archives keep
the index of global symbols in a member ``/`` (``/SYM64/`` when 32-bit offsets do not suffice) and long names in ``//``.
A thin archive holds headers only; its members are files beside it. BSD archives write long names into the data
(``#1/LENGTH``) and the index into ``__.SYMDEF``, which GNU ld knows only by a name in the
header. Sources: ar(5) of FreeBSD; GNU binutils, ``bfd/archive.c``.

The headers are walked from first to last even though the index gives offsets: that is what finds a truncated archive,
which GNU ld accepts. Linkers know an index only as the first member and a name table only ahead of ordinary members;
one that stands elsewhere is refused, because they would not see it. Member data is not looked at here.

Not modelled: an archive inside an archive is a member like any other, which no linker searches.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from staticlink.errors import fail

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import NoReturn

    from staticlink.elf.mapping import Bytes
    from staticlink.errors import StaticlinkError

MAGIC = b"!<arch>\n"
THIN_MAGIC = b"!<thin>\n"
_HEADER = 60
_HEADER_END = b"`\n"
_NAME_LIMIT = 4096  # bytes, PATH_MAX of Linux: names may share their ends, so a small table can name a lot
_NAMES_LIMIT = 1 << 26  # bytes in all the names of an index that may share them
_SPECIAL = frozenset({
    "/", "//", "/SYM64/", "__.SYMDEF", "__.SYMDEF SORTED", "__.SYMDEF_64", "__.SYMDEF_64 SORTED",
})  # fmt: skip
#: name of the index member -> :mod:`struct` code of its offsets.
_GNU_INDEXES = {"/": "I", "/SYM64/": "Q"}


class Member(NamedTuple):
    """One member: its name, where its header is (which identifies it), where its data is.

    A tuple, because a libc has thousands. In a thin archive ``name`` is the path of a file, relative to the archive,
    ``start`` is 0, and ``origin`` is the offset of a header inside that file when the file is itself an archive.
    """

    name: str
    offset: int
    start: int
    size: int
    origin: int | None = None


@dataclass(frozen=True, slots=True)
class ArchiveTable:
    """The members of an archive in their order, and its index.

    ``index`` pairs each promised symbol with the offset of a member's header, in the order of the index, which is the
    order in which GNU ld searches; ``None`` when the archive has no index.
    """

    members: tuple[Member, ...]
    index: tuple[tuple[str, ...], tuple[int, ...]] | None
    thin: bool


def is_archive(data: Bytes) -> bool:
    """Say whether ``data`` begins as an archive does."""
    return data[:8] in (MAGIC, THIN_MAGIC)


def read_archive(data: Bytes, display: str) -> ArchiveTable:
    """Return the members and the index of the archive ``data``; ``display`` names it in errors.

    Raises :class:`StaticlinkError` when it is truncated, or a header, a name or the index makes no sense.
    """
    if not is_archive(data):
        begins = data[:8].hex(" ") or "nothing"
        raise fail("not-archive", f"not an archive: {display}", evidence=(f"begins with {begins}",))
    thin = data[:8] == THIN_MAGIC
    walk = _Walk(data, display, thin)
    members = tuple(walk.members())
    index = walk.index()
    if index is not None:
        _check_index(index, members, display)
    return ArchiveTable(members, index, thin)


class _Walk:
    """One pass over the headers of an archive, keeping the special members that names and index live in."""

    __slots__ = ("_data", "_display", "_long_names", "_special", "_thin")

    def __init__(self, data: Bytes, display: str, thin: bool) -> None:  # noqa: FBT001
        self._data = data
        self._display = display
        self._thin = thin
        self._long_names = b""
        self._special: dict[str, tuple[int, int]] = {}

    def members(self) -> list[Member]:
        data, end, position = self._data, len(self._data), len(MAGIC)
        found: list[Member] = []
        while position < end:
            header = data[position : position + _HEADER]
            if len(header) < _HEADER:
                raise self._truncated(f"ends within the member header at byte {position}")
            if header[58:] != _HEADER_END:
                raise self._malformed(f"no member header at byte {position}")
            name = header[:16].rstrip(b" ").decode("utf-8", "backslashreplace")
            field = header[48:58].strip(b" ")
            size = int(field) if field.isdigit() else self._refuse_size(field, position)
            start = position + _HEADER
            special = name in _SPECIAL
            here = special or not self._thin
            after = start + size if here else start
            if after > end:
                raise self._truncated(f"member at byte {position} needs {size} bytes, {end - start} are left")
            if special:
                self._keep(Member(name, position, start, size), among_others=bool(found))
            elif name.startswith("#1/"):
                name, skipped = self._bsd_name(name, start, size)
                if not name.startswith("__.SYMDEF"):
                    found.append(Member(name, position, start + skipped, size - skipped))
            else:
                name, origin = self._name(name, position)
                found.append(Member(name, position, start if here else 0, size, origin))
            position = self._padded(after) if after % 2 else after
        return found

    def _padded(self, position: int) -> int:
        """Return where the header after an odd offset is: padded to an even one, though some writers forget that."""
        if self._data[position + _HEADER - 2 : position + _HEADER] != _HEADER_END:
            return position + 1
        return position

    def _keep(self, member: Member, *, among_others: bool) -> None:
        if member.name == "//" and not among_others and not self._long_names:
            self._long_names = self._data[member.start : member.start + member.size]
        elif member.name != "//" and member.offset == len(MAGIC):
            self._special[member.name] = (member.start, member.size)
        elif not member.name.startswith("__"):  # ranlib leaves BSD's index behind its own, as a file like any other
            what = "the name table" if member.name == "//" else "an index"
            raise self._malformed(f"{what} stands at byte {member.offset}, where linkers do not look for it")

    def _refuse_size(self, field: bytes, position: int) -> NoReturn:
        words = field.decode("ascii", "backslashreplace")
        raise self._malformed(f"member header at byte {position} gives the size '{words}'")

    def _bsd_name(self, name: str, start: int, size: int) -> tuple[str, int]:
        length = int(name[3:]) if _is_number(name[3:]) else -1
        if not 0 <= length <= size:
            raise self._malformed(f"member header at byte {start - _HEADER} gives the name length '{name[3:]}'")
        return self._decode(self._data[start : start + length].rstrip(b"\0"), start - _HEADER), length

    def _decode(self, raw: bytes, position: int) -> str:
        if len(raw) > _NAME_LIMIT or b"\0" in raw:
            wrong = "holds a NUL" if b"\0" in raw else f"has {len(raw)} bytes"
            raise self._malformed(f"the name of the member at byte {position} {wrong}")
        return raw.decode("utf-8", "backslashreplace")

    def _name(self, name: str, position: int) -> tuple[str, int | None]:
        if not name.startswith("/"):
            if "\0" in name:
                raise self._malformed(f"the name of the member at byte {position} holds a NUL")
            return name.partition("/")[0], None
        offset_text, colon, origin_text = name[1:].partition(":")
        table = self._long_names
        if not _is_number(offset_text) or int(offset_text) >= len(table) or (colon and not _is_number(origin_text)):
            evidence = f"member at byte {position} is named '{name}', the name table has {len(table)} bytes"
            raise self._malformed(evidence)
        offset = int(offset_text)
        end = table.find(b"\n", offset)
        raw = table[offset : end if end >= 0 else len(table)].rstrip(b"\0")
        return self._decode(raw, position).removesuffix("/"), int(origin_text) if colon else None

    def index(self) -> tuple[tuple[str, ...], tuple[int, ...]] | None:
        for name, code in _GNU_INDEXES.items():
            if name in self._special:
                start, size = self._special[name]
                return self._gnu_index(self._data[start : start + size], code)
        bsd = next((place for name, place in self._special.items() if name.startswith("__.SYMDEF")), None)
        return None if bsd is None else self._bsd_index(self._data[bsd[0] : bsd[0] + bsd[1]])

    def _gnu_index(self, data: bytes, code: str) -> tuple[tuple[str, ...], tuple[int, ...]]:
        """Unpack a big-endian count, that many offsets, and as many names, each ended by a NUL."""
        width = struct.calcsize(code)
        count = int.from_bytes(data[:width], "big")
        strings = data[width * (count + 1) :]
        if len(data) < width * (count + 1) or strings.count(b"\0") < count:
            raise self._malformed(f"the index promises {count} symbols in {len(data)} bytes")
        offsets = struct.unpack_from(f">{count}{code}", data, width)
        return tuple(decode_names(strings).split("\0", count)[:count]), offsets

    def _bsd_index(self, data: bytes) -> tuple[tuple[str, ...], tuple[int, ...]]:
        """Unpack a size, that many bytes of (string offset, member offset), a size, and the strings; little-endian."""
        size = int.from_bytes(data[:4], "little")
        strings = data[8 + size :]
        if size % 8 or len(data) < 8 + size:
            raise self._malformed(f"the index promises {size // 8} symbols in {len(data)} bytes")
        pairs = list(struct.iter_unpack("<II", data[4 : 4 + size]))
        total = 0
        for place, _ in pairs:
            end = strings.find(b"\0", place)
            total += end - place + 1
            if end < 0 or total > _NAMES_LIMIT:
                raise self._malformed(f"the index promises {size // 8} symbols in {len(data)} bytes")
        names = (strings[place : strings.index(b"\0", place)] for place, _ in pairs)
        return tuple(decode_names(name) for name in names), tuple(offset for _, offset in pairs)

    def _malformed(self, evidence: str) -> StaticlinkError:
        return fail("malformed-archive", f"malformed archive: {self._display}", evidence=(evidence,))

    def _truncated(self, evidence: str) -> StaticlinkError:
        return fail("truncated-archive", f"truncated archive: {self._display}", evidence=(evidence,))


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal()


def archive_name(library: str) -> str:
    """Return the file that ``-lLIBRARY`` names in a static link: ``libNAME.a``, or the very NAME for ``:NAME``."""
    return library[1:] if library.startswith(":") else f"lib{library}.a"


def decode_names(raw: bytes) -> str:
    """Return symbol names as text. Names are UTF-8 by custom, not by rule; other bytes appear in hexadecimal."""
    return raw.decode("ascii") if raw.isascii() else raw.decode("utf-8", "backslashreplace")


def _check_index(index: tuple[tuple[str, ...], tuple[int, ...]], members: tuple[Member, ...], display: str) -> None:
    """Raise unless every offset of the index is that of a member's header."""
    known = {member.offset for member in members}
    if known.issuperset(index[1]):
        return
    wrong = [(name, offset) for name, offset in zip(*index, strict=True) if offset not in known]
    lines = [f"{name} at byte {offset}, where no member begins" for name, offset in wrong[:3]]
    more = [f"{len(wrong) - 3} more"] if len(wrong) > 3 else []  # noqa: PLR2004
    what = f"stale archive index: {display}"
    raise fail("stale-index", what, evidence=(*lines, *more), fix=reindex_command(members, display))


def reindex_command(members: Sequence[Member], display: str) -> str:
    """Return the command that gives an archive of these members its index.

    GNU ranlib counts a name that stands in a member's data, as in a BSD archive, as a part of that data, and so damages
    the archive; llvm-ar writes it anew.
    """
    named_within = any(member.start > member.offset + _HEADER for member in members)
    return f"llvm-ar --format=gnu r {display}" if named_within else f"ranlib {display}"
