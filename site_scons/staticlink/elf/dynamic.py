"""What do the segments of an executable tell the code that starts it: dynamic tags, relocations, notes?

Start-up code knows no sections. It finds the dynamic table through ``PT_DYNAMIC``, and through the addresses in that
table its strings and relocations, which ``PT_LOAD`` says where to find in the file. Read so, a section header that lies
hides nothing. Sources: System V ABI, chapter 5, "Dynamic Linking" and "Note Section"; glibc's ``elf.h`` for numbers.

Not modelled: the contents of ``DT_RELR`` tables, all of whose entries are of one kind.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from staticlink.errors import fail

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import NoReturn

PT_LOAD, PT_DYNAMIC, PT_INTERP, PT_NOTE, PT_TLS = 1, 2, 3, 4, 7
PT_GNU_EH_FRAME, PT_GNU_STACK, PT_GNU_RELRO, PT_GNU_PROPERTY = 0x6474E550, 0x6474E551, 0x6474E552, 0x6474E553
DT_NEEDED, DT_RPATH, DT_TEXTREL, DT_BIND_NOW, DT_RUNPATH, DT_FLAGS = 1, 15, 22, 24, 29, 30
DT_RELR, DT_FLAGS_1 = 36, 0x6FFFFFFB
_DT_NULL, _DT_PLTRELSZ, _DT_STRTAB, _DT_RELA, _DT_RELASZ, _DT_STRSZ = 0, 2, 5, 7, 8, 10
_DT_REL, _DT_RELSZ, _DT_PLTREL, _DT_JMPREL = 17, 18, 20, 23
_NT_GNU_BUILD_ID = 3


class Segment(NamedTuple):
    """A program header: its ``p_type``, ``p_flags`` and places."""

    kind: int
    flags: int
    offset: int
    address: int
    file_size: int
    memory_size: int

    def holds(self, address: int) -> bool:
        """Say whether the file has the byte at ``address``."""
        return self.address <= address < self.address + self.file_size


@dataclass(frozen=True, slots=True)
class Image:
    """The bytes of an executable and its segments, all of them within the file.

    ``order`` is the byte order as :mod:`struct` writes it, ``bits`` 32 or 64; ``display`` names the file in errors.
    """

    view: memoryview
    segments: Sequence[Segment]
    order: str
    bits: int
    display: str

    def fail(self, evidence: str) -> NoReturn:
        """Raise the error for a malformed file."""
        raise fail("malformed-elf", f"malformed ELF file: {self.display}", evidence=(evidence,))

    def of_kind(self, kind: int) -> list[Segment]:
        """Return the segments of one ``p_type``."""
        return [segment for segment in self.segments if segment.kind == kind]

    def only(self, kind: int, name: str) -> bytes | None:
        """Return the bytes of the one segment of a kind; ``None`` when there is none."""
        found = self.of_kind(kind)
        if len(found) > 1:
            self.fail(f"it has {len(found)} segments of type {name}")
        return bytes(self.view[found[0].offset : found[0].offset + found[0].file_size]) if found else None

    def notes(self) -> bytes:
        """Return the notes in which properties are: those of ``PT_GNU_PROPERTY``, or without one of ``PT_NOTE``.

        mold 1.10 writes no ``PT_GNU_PROPERTY``.
        """
        found = self.of_kind(PT_GNU_PROPERTY) or self.of_kind(PT_NOTE)
        if sum(segment.file_size for segment in found) > len(self.view):
            self.fail("its notes overlap")
        return b"".join(bytes(self.view[one.offset : one.offset + one.file_size]) for one in found)

    def tags(self) -> list[tuple[int, int]]:
        """Return the dynamic tags and their values, up to ``DT_NULL``."""
        data = self.only(PT_DYNAMIC, "PT_DYNAMIC") or b""
        pair = struct.Struct(self.order + ("qQ" if self.bits == 64 else "iI"))  # noqa: PLR2004
        found: list[tuple[int, int]] = []
        for tag, value in pair.iter_unpack(data[: len(data) // pair.size * pair.size]):
            if tag == _DT_NULL:
                break
            found.append((tag, value))
        return found

    def at(self, address: int, size: int, what: str) -> memoryview:
        """Return ``size`` bytes at an address; ``what`` names them in errors."""
        load = next((load for load in self.of_kind(PT_LOAD) if load.holds(address)), None)
        if load is None or address - load.address + size > load.file_size:
            self.fail(f"{what} at address {address:#x}, {size} bytes, is not in the file")
        start = load.offset + address - load.address
        return self.view[start : start + size]

    def strings_of(self, tags: Sequence[tuple[int, int]], wanted: int) -> tuple[str, ...]:
        """Return the strings that the tags numbered ``wanted`` name."""
        offsets = [value for tag, value in tags if tag == wanted]
        values = dict(tags)
        if not offsets:
            return ()
        table = bytes(self.at(values.get(_DT_STRTAB, 0), values.get(_DT_STRSZ, 0), "the dynamic string table"))
        return tuple(self.string(table, offset, "a dynamic tag") for offset in offsets)

    def string(self, table: bytes, offset: int, what: str) -> str:
        """Return the string at ``offset`` of a table; ``what`` names who refers to it in errors."""
        end = table.find(b"\0", offset)
        if end < 0:
            self.fail(f"{what} names byte {offset} of a string table of {len(table)} bytes")
        return table[offset:end].decode("utf-8", "backslashreplace")

    def relocation_numbers(self, table: bytes | memoryview, *, addends: bool) -> set[int]:
        """Return the types in a relocation table."""
        layout = struct.Struct(self.order + ("Q" if self.bits == 64 else "I") * (3 if addends else 2))  # noqa: PLR2004
        if len(table) % layout.size:
            self.fail(f"a relocation table has {len(table)} bytes, an entry has {layout.size}")
        mask = 0xFFFFFFFF if self.bits == 64 else 0xFF  # noqa: PLR2004  (r_info holds the symbol above the type)
        return {row[1] & mask for row in layout.iter_unpack(table)}

    def dynamic_relocations(self, tags: Sequence[tuple[int, int]]) -> set[int]:
        """Return the types in the relocation tables that the dynamic tags name."""
        values = dict(tags)
        tables = (
            (_DT_RELA, _DT_RELASZ, True),
            (_DT_REL, _DT_RELSZ, False),
            (_DT_JMPREL, _DT_PLTRELSZ, values.get(_DT_PLTREL) == _DT_RELA),
        )
        found: set[int] = set()
        for place, size, addends in tables:
            if values.get(size, 0):
                rows = self.at(values.get(place, 0), values[size], "a relocation table")
                found |= self.relocation_numbers(rows, addends=addends)
        return found

    def build_id(self) -> str | None:
        """Return the GNU build id, in hexadecimal."""
        notes = self.of_kind(PT_NOTE)
        if sum(segment.file_size for segment in notes) > len(self.view):
            self.fail("its notes overlap")
        for segment in notes:
            data = bytes(self.view[segment.offset : segment.offset + segment.file_size])
            for name, kind, text in self._notes(data):
                if (name, kind) == (b"GNU\0", _NT_GNU_BUILD_ID):
                    return text.hex()
        return None

    def _notes(self, data: bytes) -> Iterator[tuple[bytes, int, bytes]]:
        """Yield name, type and text of each note; both are padded to four bytes."""
        place = 0
        while place + 12 <= len(data):
            name_size, size, kind = struct.unpack_from(self.order + "III", data, place)
            start = place + 12 + (name_size + 3) // 4 * 4
            place = start + (size + 3) // 4 * 4
            if start + size > len(data):
                self.fail(f"a note of {name_size} and {size} bytes in a segment of {len(data)}")
            yield data[start - (name_size + 3) // 4 * 4 :][:name_size], kind, data[start : start + size]
