"""What is in a linked executable?

pyelftools reads the file's header and its segments, and knows the names of relocation types. Tables that can hold tens
of thousands of rows (sections, symbols, relocations, the ``.eh_frame_hdr`` search table) are unpacked with
:mod:`struct`, each checked against the size of the file first: whatever the bytes are, the work is bounded by it.

Not modelled: what the code does. Whether the file is good is ``link/verify.py``'s question; this one only reports.
"""

from __future__ import annotations

import io
import struct
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import IO, TYPE_CHECKING, Any, cast

from staticlink.elf.dynamic import (
    DT_BIND_NOW,
    DT_FLAGS,
    DT_FLAGS_1,
    DT_NEEDED,
    DT_RELR,
    DT_RPATH,
    DT_RUNPATH,
    DT_TEXTREL,
    PT_GNU_EH_FRAME,
    PT_GNU_RELRO,
    PT_GNU_STACK,
    PT_INTERP,
    PT_LOAD,
    PT_TLS,
    Image,
    Segment,
)
from staticlink.elf.features import read_features
from staticlink.elf.header import read_header
from staticlink.elf.mapping import map_file
from staticlink.elf.sections import SectionTable, require_bounded, reread
from staticlink.errors import StaticlinkError, fail

if TYPE_CHECKING:
    from pathlib import Path

    from staticlink.elf.header import Header
    from staticlink.elf.mapping import Bytes

_PF_X, _PF_W = 1, 2
_DF_TEXTREL, _DF_BIND_NOW = 4, 8
_DF_1_NOW, _DF_1_PIE = 1, 0x08000000
_WEAK, _SHF_ALLOC = 2, 2
_SYMTAB, _RELA, _REL, _DYNSYM, _RELR = 2, 4, 9, 11, 19
#: Linux executes no file with more program headers (``load_elf_phdrs`` in fs/binfmt_elf.c).
_PROGRAM_HEADERS_LIMIT = 65536
#: The encoding of the search table that binary search needs: DW_EH_PE_datarel | DW_EH_PE_sdata4 (LSB, "eh_frame_hdr").
_DATAREL_SDATA4 = 0x3B
_OMIT = 0xFF
_HDR_SIZE = 4
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
    ``dynamic_relocation_types`` are the types the start-up code would meet, sorted. ``features`` are those of the
    processor that all of the code is said to be made for (``elf/features.py``).
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
    features: tuple[str, ...]


def inspect_executable(path: Path) -> ExecutableFacts:
    """Return the facts of the ELF file at ``path``.

    Raises :class:`StaticlinkError` when it is no ELF file, or is truncated or malformed.
    """
    data = map_file(path)
    header = read_header(data, str(path))
    try:
        elf, image = _read_segments(data, header, str(path))
        sections = None
        if header.sections_offset:
            sections = SectionTable(header, image.view, str(path), executable=True)
        return _facts(path, elf, image, sections, header)
    except StaticlinkError:
        raise
    except Exception as error:
        # pyelftools raises whatever its parser met; each of them means the same to a user.
        words = str(error) or type(error).__name__
        raise fail("malformed-elf", f"malformed ELF file: {path}", evidence=(words.splitlines()[0],)) from error


def _read_segments(data: Bytes, header: Header, display: str) -> tuple[Any, Image]:
    """Return what pyelftools made of the file, and its segments, each of which is within the file."""
    # pyelftools takes 50 ms to import; most runs of staticlink never look into an executable.
    from elftools.common.utils import struct_parse  # noqa: PLC0415
    from elftools.elf.elffile import ELFFile  # noqa: PLC0415

    # A mapping reads, seeks and tells as a file does.
    elf = ELFFile(io.BytesIO(data) if isinstance(data, bytes) else cast("IO[bytes]", data))
    count, width, offset = elf["e_phnum"], elf["e_phentsize"], elf["e_phoff"]
    layout = elf.structs.Elf_Phdr
    wrong = count and width != layout.sizeof()
    if wrong or count * width > _PROGRAM_HEADERS_LIMIT or offset + count * width > len(data):
        evidence = (f"{count} program headers of {width} bytes at byte {offset}, the file has {len(data)}",)
        raise fail("malformed-elf", f"malformed ELF file: {display}", evidence=evidence)
    segments = []
    for number in range(count):
        row = struct_parse(layout, elf.stream, stream_pos=offset + number * width)
        end = row["p_offset"] + row["p_filesz"]
        if end > len(data):  # the kernel would map zeros, or refuse it
            evidence = (f"{row['p_type']} ends at byte {end}, the file at byte {len(data)}",)
            raise fail("truncated-elf", f"truncated ELF file: {display}", evidence=evidence)
        places = (row["p_offset"], row["p_vaddr"], row["p_filesz"], row["p_memsz"])
        (kind,) = struct.unpack_from(header.order + "I", data, offset + number * width)
        segments.append(Segment(kind, row["p_flags"], *places))
    return elf, Image(memoryview(data), segments, header.order, header.bits, display)


def _facts(path: Path, elf: Any, image: Image, sections: SectionTable | None, header: Header) -> ExecutableFacts:  # noqa: ANN401  (pyelftools has no types)
    tags = image.tags()
    values = dict(tags)
    flags, flags_1 = values.get(DT_FLAGS, 0), values.get(DT_FLAGS_1, 0)
    stack = image.of_kind(PT_GNU_STACK)
    loads = image.of_kind(PT_LOAD)
    interpreter = image.only(PT_INTERP, "PT_INTERP")
    strong, weak = _undefined(image, sections)
    return ExecutableFacts(
        path=path,
        elf_type=str(elf["e_type"]).removeprefix("ET_"),
        machine=header.machine,
        interpreter=None if interpreter is None else image.string(interpreter + b"\0", 0, "PT_INTERP"),
        needed=image.strings_of(tags, DT_NEEDED),
        rpath=(
            *(f"DT_RPATH: {one}" for one in image.strings_of(tags, DT_RPATH)),
            *(f"DT_RUNPATH: {one}" for one in image.strings_of(tags, DT_RUNPATH)),
        ),
        flags_1_pie=bool(flags_1 & _DF_1_PIE),
        text_relocations=DT_TEXTREL in values or bool(flags & _DF_TEXTREL),
        undefined=strong,
        weak_undefined=weak,
        stack_executable=any(segment.flags & _PF_X for segment in stack) if stack else None,
        relro=bool(image.of_kind(PT_GNU_RELRO)),
        bind_now=DT_BIND_NOW in values or bool(flags & _DF_BIND_NOW) or bool(flags_1 & _DF_1_NOW),
        rwx_segments=tuple(
            f"PT_LOAD at {load.address:#x}, {load.memory_size} bytes"
            for load in loads
            if load.flags & _PF_X and load.flags & _PF_W
        ),
        eh_frame_hdr=_eh_frame_hdr(image),
        has_eh_frame=_has_fde(image, sections),
        dynamic_relocation_types=_relocation_types(elf, image, tags, sections),
        has_symbol_table=sections is not None and _SYMTAB in sections.types,
        tls=bool(image.of_kind(PT_TLS)),
        entry_in_code=any(load.holds(elf["e_entry"]) for load in loads if load.flags & _PF_X),
        build_id=image.build_id(),
        features=read_features(image.notes(), image.order, header.machine),
    )


def _undefined(image: Image, sections: SectionTable | None) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the undefined global symbols, strong and weak, of ``.symtab`` and ``.dynsym``."""
    found: dict[bool, set[str]] = {True: set(), False: set()}
    layout = struct.Struct(image.order + ("IBBHQQ" if image.bits == 64 else "IIIBBH"))  # noqa: PLR2004
    info_at, section_at = (1, 3) if image.bits == 64 else (3, 5)  # noqa: PLR2004
    for wanted in (_SYMTAB, _DYNSYM) if sections else ():
        if sections is None or wanted not in sections.types:
            continue
        number = sections.types.index(wanted)
        data, link = sections.data(number, "the symbol table"), sections.row(number)[6]
        if len(data) % layout.size or not 0 < link < sections.count:
            sections.fail(f"the symbol table has {len(data)} bytes and sh_link {link}")
        strings = sections.strings(link, "the string table")
        rows = [(row[0], row[info_at] >> 4) for row in layout.iter_unpack(data) if row[section_at] == 0 and row[0]]
        rows = [(offset, binding) for offset, binding in rows if binding]
        require_bounded(strings, len(rows), partial(iter, [offset for offset, _ in rows]), sections)
        for offset, binding in rows:
            end = strings.find("\0", offset)
            if end < 0:
                sections.fail(f"a symbol's name is at byte {offset} of a string table of {len(strings)} bytes")
            found[binding == _WEAK].add(reread(strings[offset:end]).partition("@")[0])
    return tuple(sorted(found[False])), tuple(sorted(found[True]))


def _relocation_types(
    elf: Any,  # noqa: ANN401
    image: Image,
    tags: list[tuple[int, int]],
    sections: SectionTable | None,
) -> tuple[str, ...]:
    """Return the names of the types in every relocation table that is loaded with the program, sorted.

    A static executable at a fixed address has IRELATIVE entries and no dynamic segment, so sections are asked too.
    """
    # Imported where it is used for the same reason as in _read_segments.
    from elftools.elf.descriptions import describe_reloc_type  # noqa: PLC0415

    numbers = image.dynamic_relocations(tags)
    relative = any(tag == DT_RELR for tag, _ in tags)
    room = len(image.view)
    for number, kind in enumerate(sections.types if sections else ()):
        if sections is None or kind not in (_RELA, _REL, _RELR) or not sections.row(number)[2] & _SHF_ALLOC:
            continue
        data = sections.data(number, "a relocation table")
        room -= len(data)
        if room < 0:
            sections.fail("its relocation tables overlap")
        if kind == _RELR:
            relative = True
        else:
            numbers |= image.relocation_numbers(data, addends=kind == _RELA)
    names = {str(describe_reloc_type(number, elf)) for number in numbers}
    return tuple(sorted(names | ({"RELR_RELATIVE"} if relative else set())))


def _eh_frame_hdr(image: Image) -> EhFrameHdr | None:
    """Return the search table's size and order. Source: Linux Standard Base, Core, "The .eh_frame_hdr section"."""
    data = image.only(PT_GNU_EH_FRAME, "PT_GNU_EH_FRAME")
    if not data:  # no segment, or one of a file that holds debugging information only
        return None
    if len(data) < _HDR_SIZE:
        image.fail(f".eh_frame_hdr has {len(data)} bytes")
    _version, pointer, count, table = data[:4]
    if _OMIT in (count, table):
        return EhFrameHdr(0, sorted=False)
    start = 4 + _width(image, pointer)
    width = _width(image, count)
    number = int.from_bytes(data[start : start + width], "little" if image.order == "<" else "big")
    if table != _DATAREL_SDATA4:
        return EhFrameHdr(number, sorted=False)
    rows = data[start + width : start + width + 8 * number]
    if len(rows) != 8 * number:
        image.fail(f".eh_frame_hdr promises {number} entries in {len(data)} bytes")
    starts = [row[0] for row in struct.iter_unpack(image.order + "ii", rows)]
    return EhFrameHdr(number, sorted=all(a <= b for a, b in pairwise(starts)))


def _width(image: Image, encoding: int) -> int:
    low = encoding & 0x0F
    if low == 0:
        return image.bits // 8
    if low not in _WIDTHS:
        image.fail(f".eh_frame_hdr has the encoding DW_EH_PE {encoding:#x}")
    return _WIDTHS[low]


def _has_fde(image: Image, sections: SectionTable | None) -> bool:
    """Say whether ``.eh_frame`` holds a frame description, not only CIEs and the terminator of crtend.o."""
    names = sections.names() if sections else ()
    if sections is None or ".eh_frame" not in names:
        return False
    data, offset = sections.data(names.index(".eh_frame") + 1, ".eh_frame"), 0
    while offset + 16 <= len(data):
        length, id_ = struct.unpack_from(image.order + "II", data, offset)
        start = offset + 4
        if length == _EXTENDED:
            length, id_ = struct.unpack_from(image.order + "QI", data, start)
            start += 8
        if length and id_:
            return True
        offset = start + length
    return False
