"""Which symbols does a relocatable object define, and which does it refer to?

Only global symbols matter between files, and ELF sorts them after the local ones, so the table is read from ``sh_info``
on, unpacked row by row with :mod:`struct`: the tables of one program hold tens of thousands of rows. Names are kept in
one tuple a role, because that is all that resolution asks; what is rarer (type, visibility, size) is read again by
:func:`read_details` for the few symbols it is asked about.

A definition in a COMDAT group belongs to the link only if its group is the first of its signature, so it is kept with
that signature. Sources: System V ABI, chapter 4, "Symbol Table" and "Section Groups"; LSB for STB_GNU_UNIQUE.

Not modelled: ``.gnu.linkonce`` sections, COMDAT's predecessor.
"""

from __future__ import annotations

import struct
from hashlib import blake2b
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

from staticlink.elf.header import MAGIC
from staticlink.elf.sections import reread
from staticlink.elf.symtab import ABS, BITCODE, KNOWN_INFOS, LORESERVE, UNDEF, WEAK, Symtab
from staticlink.errors import fail

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from staticlink.elf.mapping import Bytes
    from staticlink.elf.symtab import Symbol

_TLS = 6
_IFUNC = 10
_IFUNC_INFOS = frozenset(info for info in KNOWN_INFOS if info & 15 == _IFUNC)
#: How names of sections of constructors begin.
_CONSTRUCTORS = (b"\0.init_array", b"\0.preinit_array", b"\0.ctors")
_TLS_INFOS = frozenset(info for info in KNOWN_INFOS if info & 15 == _TLS)
#: byte order -> the section number of an absolute symbol, as it stands in a row.
_ABS_BYTES = {"<": b"\xf1\xff", ">": b"\xff\xf1"}
_FINGERPRINT = 16  # bytes
#: GCC defines this common symbol in an object that holds its intermediate code and nothing else.
_SLIM = "__gnu_lto_slim"
#: bits -> layout of a symbol of which only name, info and section are read.
_ROLE_LAYOUT = {64: "IBxH16x", 32: "I8xBxH"}
#: bits -> half words in a symbol, which of them holds info and other, and which the section.
_HALVES = {64: (12, 2, 3), 32: (8, 6, 7)}


class ObjectSymbols(NamedTuple):
    """The global symbols of one object, by role, each in the order of its symbol table.

    ``strong`` includes GNU_UNIQUE definitions. ``comdat`` maps a defined symbol to the signature of its COMDAT group;
    ``signatures`` are all of the object's COMDAT signatures, also of groups that define nothing. ``versioned`` says
    that some name may carry a version (``f@@V``). ``thread_local`` are the names, defined here or not, whose type is
    STT_TLS: few objects have any.
    """

    strong: tuple[str, ...]
    weak: tuple[str, ...]
    common: tuple[str, ...]
    undefined: tuple[str, ...]
    weak_undefined: tuple[str, ...]
    comdat: Mapping[str, str]
    signatures: tuple[str, ...]
    versioned: bool
    thread_local: tuple[str, ...]


class Traits(NamedTuple):
    """What starting a program with an object in it takes: calling its constructors, choosing functions (GNU_IFUNC)."""

    constructors: bool
    chooses_functions: bool


def is_object(data: Bytes, start: int, size: int) -> bool:
    """Say whether the ``size`` bytes at ``start`` are what a linker takes for an object: ELF, or compiler bitcode."""
    magic = data[start : start + min(size, 4)]
    return magic == MAGIC or magic in BITCODE


def read_symbols(data: Bytes, display: str, machine: str, start: int = 0, size: int | None = None) -> ObjectSymbols:
    """Return the global symbols of the object in the ``size`` bytes at ``start``; ``display`` names it in errors.

    Raises :class:`StaticlinkError` when it is no relocatable for ``machine``, is malformed, or holds no machine code.
    """
    return read_object(data, display, machine, start, size)[0]


def read_object(
    data: Bytes, display: str, machine: str, start: int = 0, size: int | None = None
) -> tuple[ObjectSymbols, Traits, bytes]:
    """Return what :func:`read_symbols` does, traits, and a fingerprint of everything this module can say of the object.

    Two objects of one fingerprint have the same global symbols with the same details, and sections of the same names
    but for those that hold one function or datum. Local symbols, the section in which a symbol is defined, addresses,
    sizes of symbols other than COMMON ones, and the contents of sections may differ.
    """
    table = Symtab(data, display, machine, start, len(data) - start if size is None else size)
    infos = table.infos()
    symbols = _sort(table, infos)
    if _SLIM in symbols.common:
        raise fail(
            "no-machine-code",
            f"contains no machine code: {display}",
            evidence=("it holds GCC's intermediate code only (slim LTO)",),
            fix="compile it without -flto, or with -ffat-lto-objects",
        )
    names = [b"", *table.sections.telling_names()]
    joined = b"\0".join(names)
    traits = Traits(
        any(name in joined for name in _CONSTRUCTORS),
        table.local_ifunc or not _IFUNC_INFOS.isdisjoint(infos),
    )
    return symbols, traits, _fingerprint(table, symbols, [b"ifunc" if traits.chooses_functions else b"", joined])


def read_details(
    data: Bytes, display: str, machine: str, start: int = 0, size: int | None = None
) -> tuple[Symbol, ...]:
    """Return every global symbol of an object with all that its row says; slower than :func:`read_symbols`."""
    return Symtab(data, display, machine, start, len(data) - start if size is None else size).details()


def read_section_names(
    data: Bytes, display: str, machine: str, start: int = 0, size: int | None = None
) -> tuple[str, ...]:
    """Return the names of an object's sections, in order, without the null section."""
    return Symtab(data, display, machine, start, len(data) - start if size is None else size).section_names()


def _sort(table: Symtab, infos: frozenset[int]) -> ObjectSymbols:
    """Return the names by role; ``infos`` are the types with their bindings."""
    if not KNOWN_INFOS.issuperset(infos):
        table.refuse_bindings()
    try:
        return _sort_rows(table, infos)
    except ValueError:  # a name has no end; now there is time to find out which
        for row in table.rows():
            table.name(row[0])
        raise


def _sort_rows(table: Symtab, infos: frozenset[int]) -> ObjectSymbols:
    """Do it in one loop with as little in it as there can be: it sees every symbol of a link."""
    strong: list[str] = []
    weak: list[str] = []
    common: list[str] = []
    undefined: list[str] = []
    weak_undefined: list[str] = []
    comdat: dict[str, str] = {}
    strings, groups, inside = table.strings, table.groups, min(table.sections.count, LORESERVE)
    commons, end_of = table.commons, strings.index
    rows = struct.iter_unpack(table.header.order + _ROLE_LAYOUT[table.header.bits], table.data)
    for number, (offset, info, section) in enumerate(rows):
        name = strings[offset : end_of("\0", offset)]
        if section == UNDEF:
            (weak_undefined if info >> 4 == WEAK else undefined).append(name)
        elif section in commons:
            common.append(name)
        else:
            home = section if section < inside else table.far_section(number, section)
            (weak if info >> 4 == WEAK else strong).append(name)
            if groups and home in groups:
                comdat[name] = groups[home]
    if not strings.isascii():
        for names in (strong, weak, common, undefined, weak_undefined):
            names[:] = map(reread, names)
        comdat = {reread(name): signature for name, signature in comdat.items()}
    return ObjectSymbols(
        tuple(strong),
        tuple(weak),
        tuple(common),
        tuple(undefined),
        tuple(weak_undefined),
        comdat,
        tuple(name for section, name in groups.items() if section < 0) if groups else (),
        "@" in strings,
        () if _TLS_INFOS.isdisjoint(infos) else _thread_locals(table),
    )


def _thread_locals(table: Symtab) -> tuple[str, ...]:
    return tuple(table.name(row[0]) for row in table.rows() if row[1] in _TLS_INFOS)


def _fingerprint(table: Symtab, symbols: ObjectSymbols, more: Sequence[bytes]) -> bytes:
    """Return a digest of ``symbols``, which ``table`` was sorted into, of what its rows say, and of ``more``.

    In which section a symbol is defined does not belong to it. The values of numbers and the sizes of COMMON symbols
    do: they decide clashes and winners.
    """
    width, info, home = _HALVES[table.header.bits]
    halves, roles = table.data.cast("H"), symbols[:5]
    names = "\0".join(chain(*roles)).encode()
    facts = [b"%d %d %d %d %d" % tuple(map(len, roles)), names, halves[info::width].tobytes()]
    if symbols.comdat or symbols.signatures or symbols.versioned or table.wide:
        facts.append(repr((symbols[5:8], table.wide)).encode())
    if symbols.common or _ABS_BYTES[table.header.order] in halves[home::width].tobytes():
        numbered = [(number, row) for number, row in enumerate(table.rows()) if row[3] >= LORESERVE]
        facts.append(repr([(number, *row[3:5], row[5] * (row[3] != ABS)) for number, row in numbered]).encode())
    return blake2b(b"\0".join([*facts, *more]), digest_size=_FINGERPRINT).digest()
