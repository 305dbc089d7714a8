"""What is in a linked executable?

pyelftools reads the structure: headers, segments, dynamic tags. The three tables that can hold tens of thousands of
rows (symbols, dynamic relocations, the ``.eh_frame_hdr`` search table) are unpacked with :mod:`struct` from the bytes
it finds.

Not modelled: what the code does. Whether the file is good is ``link/verify.py``'s question; this one only reports.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from itertools import pairwise
from typing import IO, TYPE_CHECKING, Any, cast

from staticlink.elf.header import machine_name
from staticlink.elf.mapping import map_file
from staticlink.errors import StaticlinkError, fail

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from staticlink.elf.mapping import Bytes

_PF_X, _PF_W = 1, 2
_DF_TEXTREL, _DF_BIND_NOW = 4, 8
_DF_1_NOW, _DF_1_PIE = 1, 0x08000000
_WEAK = 2
#: The encoding of the search table that binary search needs: DW_EH_PE_datarel | DW_EH_PE_sdata4 (LSB, "eh_frame_hdr").
_DATAREL_SDATA4 = 0x3B
_OMIT = 0xFF
#: A record of .eh_frame that begins so has its length in the next eight bytes.
_EXTENDED = 0xFFFFFFFF
#: The width of a DW_EH_PE_* value by its low four bits; 0 is a pointer of the file's class.
_WIDTHS = {2: 2, 3: 4, 4: 8, 10: 2, 11: 4, 12: 8}


@dataclass(frozen=True, slots=True)
class EhFrameHdr:
    """The binary search table of ``PT_GNU_EH_FRAME``: how many entries it has, and whether they ascend."""

    fde_count: int
    sorted: bool


@dataclass(frozen=True, slots=True)
class ExecutableFacts:
    """What verification needs to know of an executable, as read from the file alone.

    ``elf_type`` is ``EXEC``, ``DYN`` or what else ``e_type`` says. ``undefined`` are strong references without a
    definition, sorted; ``weak_undefined`` are the weak ones, which are zero at run time. ``stack_executable`` is
    ``None`` without a ``PT_GNU_STACK``, which leaves the choice to the kernel. ``rwx_segments`` describes each
    ``PT_LOAD`` that is writable and executable. ``has_eh_frame`` says that ``.eh_frame`` describes a function.
    ``dynamic_relocation_types`` are the types the start-up code would meet, sorted.
    """

    path: Path
    elf_type: str
    machine: str
    interpreter: str | None
    needed: tuple[str, ...]
    rpath: tuple[str, ...]
    flags_1_pie: bool
    text_relocations: bool
    undefined: tuple[str, ...]
    weak_undefined: tuple[str, ...]
    stack_executable: bool | None
    relro: bool
    bind_now: bool
    rwx_segments: tuple[str, ...]
    eh_frame_hdr: EhFrameHdr | None
    has_eh_frame: bool
    dynamic_relocation_types: tuple[str, ...]
    has_symbol_table: bool
    tls: bool
    entry_in_code: bool
    build_id: str | None


def inspect_executable(path: Path) -> ExecutableFacts:
    """Return the facts of the ELF file at ``path``.

    Raises :class:`StaticlinkError` when it is no ELF file, or is truncated or malformed.
    """
    data = map_file(path)
    if data[:4] != b"\x7fELF":
        begins = data[:8].hex(" ") or "nothing"
        raise fail("not-elf", f"not an ELF file: {path}", evidence=(f"begins with {begins}",))
    try:
        return _read(path, data)
    except StaticlinkError:
        raise
    except Exception as error:
        # pyelftools raises whatever its parser met; each of them means the same to a user.
        words = str(error) or type(error).__name__
        raise fail("malformed-elf", f"malformed ELF file: {path}", evidence=(words.splitlines()[0],)) from error


def _read(path: Path, data: Bytes) -> ExecutableFacts:
    # pyelftools takes 50 ms to import; most runs of staticlink never look into an executable.
    from elftools.elf.elffile import ELFFile  # noqa: PLC0415

    elf = ELFFile(cast("IO[bytes]", data))  # a mapping reads, seeks and tells as a file does
    segments = list(elf.iter_segments())
    _require_whole(path, segments, len(data))
    by_type: dict[str, list[Any]] = {}
    for segment in segments:
        by_type.setdefault(segment["p_type"], []).append(segment)
    tags = [tag for segment in by_type.get("PT_DYNAMIC", ()) for tag in segment.iter_tags()]
    flags, flags_1 = _flag_tag(tags, "DT_FLAGS"), _flag_tag(tags, "DT_FLAGS_1")
    names = {tag.entry.d_tag for tag in tags}
    stack = by_type.get("PT_GNU_STACK")
    loads = by_type.get("PT_LOAD", [])
    strong, weak = _undefined(elf)
    return ExecutableFacts(
        path=path,
        elf_type=str(elf["e_type"]).removeprefix("ET_"),
        machine=machine_name(_machine_number(data, elf), elf.elfclass),
        interpreter=next((segment.get_interp_name() for segment in by_type.get("PT_INTERP", ())), None),
        needed=tuple(tag.needed for tag in tags if tag.entry.d_tag == "DT_NEEDED"),
        rpath=tuple(_run_paths(tags)),
        flags_1_pie=bool(flags_1 & _DF_1_PIE),
        text_relocations="DT_TEXTREL" in names or bool(flags & _DF_TEXTREL),
        undefined=strong,
        weak_undefined=weak,
        stack_executable=any(segment["p_flags"] & _PF_X for segment in stack) if stack else None,
        relro="PT_GNU_RELRO" in by_type,
        bind_now="DT_BIND_NOW" in names or bool(flags & _DF_BIND_NOW) or bool(flags_1 & _DF_1_NOW),
        rwx_segments=tuple(
            f"PT_LOAD at {load['p_vaddr']:#x}, {load['p_memsz']} bytes"
            for load in loads
            if load["p_flags"] & _PF_X and load["p_flags"] & _PF_W
        ),
        eh_frame_hdr=_eh_frame_hdr(elf, by_type.get("PT_GNU_EH_FRAME", [])),
        has_eh_frame=_has_fde(elf),
        dynamic_relocation_types=tuple(sorted(_relocation_types(elf, by_type.get("PT_DYNAMIC", [])))),
        has_symbol_table=elf.get_section_by_name(".symtab") is not None,
        tls="PT_TLS" in by_type,
        entry_in_code=any(_holds(load, elf["e_entry"]) for load in loads if load["p_flags"] & _PF_X),
        build_id=_build_id(by_type.get("PT_NOTE", [])),
    )


def _require_whole(path: Path, segments: list[Any], size: int) -> None:
    """Raise when a segment reaches past the end of the file: the kernel would map zeros or refuse it."""
    for segment in segments:
        end = segment["p_offset"] + segment["p_filesz"]
        if end > size:
            evidence = (f"{segment['p_type']} ends at byte {end}, the file at byte {size}",)
            raise fail("truncated-elf", f"truncated ELF file: {path}", evidence=evidence)


def _machine_number(data: Bytes, elf: Any) -> int:  # noqa: ANN401  (pyelftools has no types)
    return int.from_bytes(data[18:20], "little" if elf.little_endian else "big")


def _flag_tag(tags: list[Any], name: str) -> int:
    return next((int(tag.entry.d_val) for tag in tags if tag.entry.d_tag == name), 0)


def _run_paths(tags: list[Any]) -> Iterator[str]:
    for tag in tags:
        if tag.entry.d_tag == "DT_RPATH":
            yield f"DT_RPATH: {tag.rpath}"
        elif tag.entry.d_tag == "DT_RUNPATH":
            yield f"DT_RUNPATH: {tag.runpath}"


def _undefined(elf: Any) -> tuple[tuple[str, ...], tuple[str, ...]]:  # noqa: ANN401
    """Return the undefined global symbols, strong and weak, of ``.symtab`` and ``.dynsym``."""
    found: dict[bool, set[str]] = {True: set(), False: set()}
    order = "<" if elf.little_endian else ">"
    layout = struct.Struct(order + ("IBBHQQ" if elf.elfclass == 64 else "IIIBBH"))  # noqa: PLR2004
    info_at, section_at = (1, 3) if elf.elfclass == 64 else (3, 5)  # noqa: PLR2004
    for section in elf.iter_sections():
        if section["sh_type"] not in ("SHT_SYMTAB", "SHT_DYNSYM"):
            continue
        strings = elf.get_section(section["sh_link"]).data()
        for row in layout.iter_unpack(section.data()):
            if row[section_at] == 0 and row[0] and row[info_at] >> 4:
                name = strings[row[0] : strings.index(b"\0", row[0])].decode("utf-8", "backslashreplace")
                found[row[info_at] >> 4 == _WEAK].add(name.partition("@")[0])
    return tuple(sorted(found[False])), tuple(sorted(found[True]))


def _relocation_types(elf: Any, dynamic: list[Any]) -> set[str]:  # noqa: ANN401
    """Return the names of the types in every relocation table that is loaded with the program.

    A static executable at a fixed address has IRELATIVE entries and no dynamic segment, so sections are asked first.
    """
    # Imported where it is used for the same reason as in _read.
    from elftools.elf.descriptions import describe_reloc_type  # noqa: PLC0415

    mask = 0xFFFFFFFF if elf.elfclass == 64 else 0xFF  # noqa: PLR2004  (r_info holds the symbol above the type)
    order, word = "<" if elf.little_endian else ">", "Q" if elf.elfclass == 64 else "I"  # noqa: PLR2004
    numbers: set[int] = set()
    names: set[str] = set()
    sections = [s for s in elf.iter_sections() if s["sh_flags"] & 2]
    for section in sections:
        if section["sh_type"] in ("SHT_RELA", "SHT_REL"):
            layout = order + word * (3 if section["sh_type"] == "SHT_RELA" else 2)
            numbers.update(row[1] & mask for row in struct.iter_unpack(layout, section.data()))
        elif section["sh_type"] == "SHT_RELR":
            names.add("RELR_RELATIVE")
    if not sections:
        tables = (table for segment in dynamic for table in segment.get_relocation_tables().values())
        numbers.update(row["r_info_type"] for table in tables for row in table.iter_relocations())
    return names | {str(describe_reloc_type(number, elf)) for number in numbers}


def _eh_frame_hdr(elf: Any, segments: list[Any]) -> EhFrameHdr | None:  # noqa: ANN401
    """Return the search table's size and order. Source: Linux Standard Base, Core, "The .eh_frame_hdr section"."""
    if not segments:
        return None
    data = segments[0].data()
    order = "<" if elf.little_endian else ">"
    _version, pointer, count, table = data[:4]
    if _OMIT in (count, table):
        return EhFrameHdr(0, sorted=False)
    start = 4 + _width(pointer, elf.elfclass)
    width = _width(count, elf.elfclass)
    number = int.from_bytes(data[start : start + width], "little" if elf.little_endian else "big")
    if table != _DATAREL_SDATA4:
        return EhFrameHdr(number, sorted=False)
    rows = data[start + width : start + width + 8 * number]
    if len(rows) != 8 * number:
        raise fail("malformed-elf", ".eh_frame_hdr is shorter than its count says", evidence=(f"{number} entries",))
    starts = [row[0] for row in struct.iter_unpack(order + "ii", rows)]
    return EhFrameHdr(number, sorted=all(a <= b for a, b in pairwise(starts)))


def _width(encoding: int, bits: int) -> int:
    low = encoding & 0x0F
    if low == 0:
        return bits // 8
    if low not in _WIDTHS:
        raise fail("malformed-elf", ".eh_frame_hdr has an unknown encoding", evidence=(f"DW_EH_PE {encoding:#x}",))
    return _WIDTHS[low]


def _has_fde(elf: Any) -> bool:  # noqa: ANN401
    """Say whether ``.eh_frame`` holds a frame description, not only CIEs and the terminator of crtend.o."""
    section = elf.get_section_by_name(".eh_frame")
    if section is None or section["sh_type"] == "SHT_NOBITS":
        return False
    data, offset = section.data(), 0
    order = "<" if elf.little_endian else ">"
    while offset + 16 <= len(data):
        length, id_ = struct.unpack_from(order + "II", data, offset)
        start = offset + 4
        if length == _EXTENDED:
            length, id_ = struct.unpack_from(order + "QI", data, start)
            start += 8
        if length and id_:
            return True
        offset = start + length
    return False


def _holds(load: Any, address: int) -> bool:  # noqa: ANN401
    return bool(load["p_vaddr"] <= address < load["p_vaddr"] + load["p_filesz"])


def _build_id(notes: list[Any]) -> str | None:
    for segment in notes:
        for note in segment.iter_notes():
            if note["n_type"] == "NT_GNU_BUILD_ID":
                return str(note["n_desc"])
    return None
