"""How do two compilers' views of one type differ?

Debug information says what a compiler made of a type. A struct is flattened to its leaves: scalars, pointers and
arrays, each at an offset. Two structs are compared by the names that a programmer may write: a name that begins with an
underscore belongs to the libc, unless a macro is its public name (``si_pid`` for ``_sifields._kill.si_pid``). What
neither side names in public is only room, so its size counts and its parts do not. A name that one side has and the
other has with underscores in front of it, at the same place, is one name.

Integers, pointers and enumerations of one size are the same bits, as in the classes of the System V ABI (AMD64
supplement, 3.2.3). Pointers are followed, since what they point to is exposed as well, and so are the parameters of
functions. A pointer to ``void`` fits any other. A type that one side leaves incomplete is told apart, not judged.

Not modelled: qualifiers and signs, the order of parameters that have one type, what a field means.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from staticlink.measure.debug_entries import DebugEntry

_THROUGH = ("const_type", "volatile_type", "restrict_type", "atomic_type")
_AGGREGATES = ("structure_type", "union_type")
_ENCODINGS = {3: "a complex number", 4: "a float"}  # DW_ATE_*; every other is an integer
_POINTER = 8  # bytes


@dataclass(frozen=True, slots=True)
class Difference:
    """One fact that a caller can see: what it is about, the sentence, and the libcs whose callers it harms."""

    subject: str
    text: str
    callers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Leaf:
    """A part of a struct: the public end of its name, its place in bits, what it is, and its own type's entry."""

    name: str
    place: int
    size: int
    kind: str
    type: int | None


@dataclass(frozen=True, slots=True)
class View:
    """What one libc's headers say: its name, every entry by offset, and named types and probed symbols by name.

    ``fields`` maps a path within a struct to the macro that stands for it.
    """

    libc: str
    entries: Mapping[int, DebugEntry]
    types: Mapping[str, int]
    symbols: Mapping[str, int]
    fields: Mapping[str, str]


@dataclass(slots=True)
class Comparison:
    """Two views side by side, and what has been found so far.

    ``found`` maps a pair of types to its own differences and the pairs it leads to; ``incomplete`` maps the name of a
    type to the libc that shows it.
    """

    one: View
    other: View
    found: dict[tuple[int | None, int | None], tuple[list[Difference], list[tuple[int | None, int | None]]]] = field(
        default_factory=dict
    )
    incomplete: dict[str, str] = field(default_factory=dict)
    names: dict[tuple[int | None, int | None], str] = field(default_factory=dict)

    def differences(self, one: int | None, other: int | None, name: str) -> tuple[Difference, ...]:
        """Return the differences of two types called ``name``, and of all that they lead to, each once."""
        seen = {(one, other)}
        waiting = [(one, other, name)]
        told: dict[Difference, None] = {}
        while waiting:
            a, b, called = waiting.pop()
            if (a, b) not in self.found:
                self.found[a, b] = [], []
                self._compare(a, b, called, *self.found[a, b])
            own, further = self.found[a, b]
            told.update(dict.fromkeys(own))
            for pair in further:
                if pair not in seen:
                    seen.add(pair)
                    waiting.append((*pair, self.names[pair]))
        return tuple(told)

    def _lead(self, a: int | None, b: int | None, name: str, to: list[tuple[int | None, int | None]]) -> None:
        self.names.setdefault((a, b), name)
        to.append((a, b))

    def _compare(
        self,
        one: int | None,
        other: int | None,
        name: str,
        own: list[Difference],
        to: list[tuple[int | None, int | None]],
    ) -> None:
        a, b = strip(self.one, one), strip(self.other, other)
        name = named(self.one, one) or named(self.other, other) or name
        if a is None or b is None:
            if a is not b:  # who sees nothing is not misled
                said = self._say(name, f"{name} is {in_words(self.one, a)}", in_words(self.other, b))
                own.append(replace(said, callers=(self.other.libc if a is None else self.one.libc,)))
        elif a.tag == b.tag == "subroutine_type":
            self._compare_functions(a, b, name, own, to)
        elif a.tag == b.tag == "pointer_type":
            if strip(self.one, target(a)) is not None and strip(self.other, target(b)) is not None:
                self._lead(target(a), target(b), name, to)
        elif a.tag in _AGGREGATES and b.tag in _AGGREGATES:
            self._compare_aggregates(a, b, name, own, to)
        elif a.tag == b.tag == "array_type":
            if size_of(self.one, a) != size_of(self.other, b):
                words = f"{size_of(self.one, a)} bytes"
                own.append(self._say(name, f"{name} is {words}", f"{size_of(self.other, b)}"))
            self._lead(target(a), target(b), name, to)
        elif describe(self.one, a) != describe(self.other, b):
            own.append(self._say(name, f"{name} is {in_words(self.one, a)}", in_words(self.other, b)))

    def _compare_functions(
        self, a: DebugEntry, b: DebugEntry, name: str, own: list[Difference], to: list[tuple[int | None, int | None]]
    ) -> None:
        of_a, of_b = parameters(a), parameters(b)
        if len(of_a) != len(of_b):
            own.append(self._say(name, f"{name} takes {len(of_a)} arguments", str(len(of_b))))
        pairs = [(target(a), target(b), f"the result of {name}")]
        pairs += [(x, y, f"argument {n} of {name}") for n, (x, y) in enumerate(zip(of_a, of_b, strict=False), 1)]
        for x, y, called in pairs:
            if x != y or x is not None:
                self._lead(x, y, called, to)

    def _compare_aggregates(
        self, a: DebugEntry, b: DebugEntry, name: str, own: list[Difference], to: list[tuple[int | None, int | None]]
    ) -> None:
        hidden = [bool(entry.values.get("declaration")) for entry in (a, b)]
        if any(hidden):
            if not all(hidden):
                self.incomplete[name] = self.other.libc if hidden[0] else self.one.libc
            return
        sizes = a.values.get("byte_size", 0), b.values.get("byte_size", 0)
        if sizes[0] != sizes[1]:
            own.append(self._say(name, f"{name} is {sizes[0]} bytes", str(sizes[1])))
        left, right = by_name(self.one, a), by_name(self.other, b)
        for part in sorted(left.keys() | right.keys()):
            full = f"{name}.{part}"
            if part not in left or part not in right:
                has, there = (self.one, left) if part in left else (self.other, right)
                lacks, entry = (self.other, b) if part in left else (self.one, a)
                if not reserved_twin(lacks, entry, part, there[part][0]):
                    own.append(Difference(full, f"{full} exists under {has.libc} only", (has.libc,)))
                continue
            common = [(x, y) for x in left[part] for y in right[part] if x.place == y.place]
            x, y = common[0] if common else (left[part][0], right[part][0])
            if not common:
                own.append(self._say(full, f"{full} is at {place(x)}", place(y)))
            if (x.kind, x.size) != (y.kind, y.size):
                own.append(self._say(full, f"{full} is {worded(x)}", worded(y)))
            elif x.type is not None and y.type is not None:
                self._lead(x.type, y.type, full, to)

    def _say(self, subject: str, first: str, second: str) -> Difference:
        libcs = (self.one.libc, self.other.libc)
        return Difference(subject, f"{first} under {libcs[0]}, {second} under {libcs[1]}", libcs)


def target(entry: DebugEntry) -> int | None:
    """Return the type that an entry is of, points to or returns; ``None`` is ``void``."""
    value = entry.values.get("type")
    return value if isinstance(value, int) else None


def strip(view: View, offset: int | None) -> DebugEntry | None:
    """Return the type behind typedefs and qualifiers."""
    while offset is not None:
        entry = view.entries[offset]
        if entry.tag not in (*_THROUGH, "typedef"):
            return entry
        offset = target(entry)
    return None


def named(view: View, offset: int | None) -> str:
    """Return the name a programmer writes for a type: a typedef's that is not reserved, else a tag."""
    while offset is not None:
        entry = view.entries[offset]
        name = str(entry.values.get("name", ""))
        if entry.tag in (*_AGGREGATES, "enumeration_type") or (entry.tag == "typedef" and name[:1] != "_"):
            return name
        if entry.tag != "typedef" and entry.tag not in _THROUGH:
            return ""
        offset = target(entry)
    return ""


def describe(view: View, entry: DebugEntry | None) -> str:
    """Return what a type is to a caller, in words, without its name."""
    if entry is None:
        return "void"
    if entry.tag == "union_type" and not entry.children and not entry.values.get("declaration"):
        return f"an integer of {size_of(view, entry)} bytes"  # gcc tells nothing else of a transparent union
    if entry.tag in ("array_type", "subroutine_type", *_AGGREGATES):
        return {"array_type": "an array", "subroutine_type": "a function"}.get(entry.tag, "a struct or union")
    kind = _ENCODINGS.get(int(entry.values["encoding"]), "") if entry.tag == "base_type" else ""
    return f"{kind or 'an integer'} of {size_of(view, entry)} bytes"


def in_words(view: View, entry: DebugEntry | None) -> str:
    """Return what a type is called where two are told apart: to a caller a pointer is no other than a number."""
    return "a pointer" if entry is not None and entry.tag == "pointer_type" else describe(view, entry)


def size_of(view: View, entry: DebugEntry | None) -> int:
    """Return the size of a type in bytes; 0 when it is not known."""
    if entry is None:
        return 0
    if entry.tag == "pointer_type":
        return _POINTER
    if entry.tag == "array_type":
        return count(entry) * size_of(view, strip(view, target(entry)))
    return int(entry.values.get("byte_size", 0))


def count(entry: DebugEntry) -> int:
    """Return how many elements an array has, over all of its dimensions; a flexible one has none."""
    total = 1
    for child in entry.children:
        if "count" in child.values:
            total *= int(child.values["count"])
        else:
            total *= int(child.values.get("upper_bound", -1)) + 1
    return total


def parameters(entry: DebugEntry) -> list[int | None]:
    """Return the types of a function's parameters; ``...`` is no parameter."""
    return [target(child) for child in entry.children if child.tag == "formal_parameter"]


def by_name(view: View, entry: DebugEntry) -> dict[str, list[Leaf]]:
    """Return the leaves of a struct that have a public name, by that name."""
    found: dict[str, list[Leaf]] = {}
    for leaf in leaves(view, entry, "", 0):
        dotted = f".{leaf.name}."
        names = [leaf.name]
        if "._" in dotted:
            paths = (path for path in view.fields if f".{path}." in dotted)
            names = [dotted.replace(f".{path}.", f".{view.fields[path]}.").strip(".") for path in paths]
        for name in names:
            if "._" not in f".{name}":
                found.setdefault(name, []).append(leaf)
    return found


def reserved_twin(view: View, entry: DebugEntry, name: str, like: Leaf) -> bool:
    """Say whether a struct has ``name`` with underscores in front of its parts, at the place of ``like``."""
    wanted = name.rpartition(".")[2].lstrip("_")
    return any(
        (leaf.place, leaf.size, leaf.kind) == (like.place, like.size, like.kind)
        and leaf.name.rpartition(".")[2].lstrip("_") == wanted
        for leaf in leaves(view, entry, "", 0)
    )


def leaves(view: View, entry: DebugEntry, path: str, start: int) -> Iterator[Leaf]:
    """Yield the parts of a struct or union that begins at bit ``start``, each by its whole path."""
    for child in entry.children:
        if child.tag != "member":
            continue
        name = str(child.values.get("name", ""))
        full = ".".join(part for part in (path, name) if part)
        inner = strip(view, target(child))
        place = start + int(child.values.get("data_bit_offset", int(child.values.get("data_member_location", 0)) * 8))
        if inner is not None and inner.tag in _AGGREGATES:
            yield from leaves(view, inner, full, place)
            continue
        size = int(child.values.get("bit_size", size_of(view, inner) * 8))
        kind = describe(view, inner).partition(" of ")[0]
        yield Leaf(full, place, size, kind, _followed(view, target(child), inner))


def _followed(view: View, offset: int | None, inner: DebugEntry | None) -> int | None:
    """Return the type that a leaf leads to: a pointer's own, or the element of an array of structs."""
    if inner is not None and inner.tag == "array_type":
        element = strip(view, target(inner))
        return target(inner) if element is not None and element.tag in _AGGREGATES else None
    return offset if inner is not None and inner.tag == "pointer_type" else None


def place(leaf: Leaf) -> str:
    """Return where a leaf is, in words."""
    byte, bit = divmod(leaf.place, 8)
    return f"byte {byte}, bit {bit}" if bit else f"byte {byte}"


def worded(leaf: Leaf) -> str:
    """Return what a leaf is, with its size."""
    return f"{leaf.kind} of {leaf.size} bits" if leaf.size % 8 else f"{leaf.kind} of {leaf.size // 8} bytes"
