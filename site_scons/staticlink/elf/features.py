"""Which features of the processor does a file say that all of its code is made for?

Control-flow protection holds for a whole program or not at all: landing pads and shadow stacks on x86 (IBT, SHSTK),
landing pads and signed return addresses on ARM (BTI, PAC). A compiler that makes code for them says so in a note of the
section ``.note.gnu.property``; the linker keeps a feature in the executable if every input carries it. Sources: the
x86-64 psABI, "Program Property", and "ELF for the Arm 64-bit Architecture", "Program Property".

Not modelled: the other properties, and notes of machines with 32 bits, which are aligned otherwise.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

SECTION = ".note.gnu.property"
#: machine -> the property, and its bits.
_FEATURES = {
    "x86_64": (0xC0000002, ((1, "IBT"), (2, "SHSTK"))),
    "aarch64": (0xC0000000, ((1, "BTI"), (2, "PAC"))),
}
_OWNER = b"GNU\0"
_PROPERTIES = 5
_ALIGNMENT = 8  # bytes
_WORD = 4  # bytes
_NOTE_HEADER, _PROPERTY_HEADER = 12, 8  # bytes


def known_features(machine: str) -> tuple[str, ...]:
    """Return the features that code for ``machine`` can carry."""
    return tuple(name for _, name in _FEATURES[machine][1]) if machine in _FEATURES else ()


def read_features(notes: bytes, order: str, machine: str) -> tuple[str, ...]:
    """Return the features that ``notes`` carry, notes one after the other; what is cut short carries none.

    ``order`` is the byte order as :mod:`struct` writes it.
    """
    if machine not in _FEATURES:
        return ()
    wanted, bits = _FEATURES[machine]
    found = 0
    for kind, value in _properties(notes, order):
        if kind == wanted:
            found |= value
    return tuple(name for bit, name in bits if found & bit)


def _properties(data: bytes, order: str) -> Iterator[tuple[int, int]]:
    """Yield type and value of each property that is a number of 32 bits."""
    at = 0
    while at + _NOTE_HEADER <= len(data):
        name_size, size, kind = struct.unpack_from(f"{order}3I", data, at)
        name = at + _NOTE_HEADER
        start = name + name_size + -name_size % _WORD
        end = start + size
        if end > len(data):
            return
        if kind == _PROPERTIES and data[name : name + name_size] == _OWNER:
            yield from _numbers(data[start:end], order)
            at = end + -end % _ALIGNMENT
        else:
            at = end + -end % _WORD


def _numbers(data: bytes, order: str) -> Iterator[tuple[int, int]]:
    at = 0
    while at + _PROPERTY_HEADER <= len(data):
        kind, size = struct.unpack_from(f"{order}2I", data, at)
        at += _PROPERTY_HEADER
        if size == _WORD and at + _WORD <= len(data):
            yield kind, struct.unpack_from(f"{order}I", data, at)[0]
        at += size + -size % _ALIGNMENT
