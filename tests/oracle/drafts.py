"""What is a random link before it becomes files: which inputs, in which order, with which options?

A draft begins with an object that holds ``_start`` and a few archives of random members. The rows of
``tests/oracle/rows.py`` then add what they are about, partly under names the draft uses already, so that cases meet.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from staticlink.link.inputs import Archive, Group, Whole
from staticlink.link.options import Assignment, Options
from staticlink.link.reading import read_input

from tests.elf_writer import Comdat, Specimen, write_archive, write_object

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from staticlink.link.inputs import Item

SYMBOLS = tuple(f"s{number}" for number in range(12))
_ROLES = ("strong", "data", "weak", "common", "comdat", "undefined", "weak_undefined")


class Parts(dict[str, list[str]]):
    """The symbols of one object by role, each name once."""

    def __init__(self, **roles: Sequence[str]) -> None:
        """Begin with ``roles``."""
        super().__init__()
        self.groups: list[Comdat] = []
        self.numbers: dict[str, int] = {}
        for role, names in roles.items():
            self.put(role, *names)

    def put(self, role: str, *names: str) -> Parts:
        """Add ``names`` that the object does not have yet."""
        for name in names:
            if not any(name in found for other, found in self.items() if other not in ("hidden", "warning")):
                self.setdefault(role, []).append(name)
        return self

    def mark(self, role: str, *names: str) -> Parts:
        """Say of ``names`` that they are hidden, or warned about."""
        self.setdefault(role, []).extend(names)
        return self

    def group(self, signature: str, *, weak: Sequence[str] = (), strong: Sequence[str] = ()) -> Parts:
        """Add a COMDAT group, without the names that the object has already."""
        known = {name for found in self.values_of() for name in found}
        weak, strong = ([name for name in names if name not in known] for names in (weak, strong))
        if (weak or strong) and (signature in (*weak, *strong) or signature not in known):
            self.setdefault("grouped", []).extend([*weak, *strong])
            self.groups.append(Comdat(signature, weak, strong))
        return self

    def values_of(self) -> list[list[str]]:
        """Return the names of every role."""
        return [found for role, found in self.items() if role not in ("hidden", "warning")]

    def specimen(self) -> Specimen:
        """Return what the object shall contain."""
        roles = {role: tuple(names) for role, names in self.items() if role != "grouped"}
        return Specimen(**roles, groups=self.groups, **self.numbers)  # type: ignore[arg-type]


@dataclass(eq=False)
class Loose:
    """An object file."""

    name: str
    parts: Parts


@dataclass(eq=False)
class Library:
    """An archive; ``same_as`` is the one this is a copy of, or a link to."""

    name: str
    members: list[tuple[str, Parts]]
    same_as: Library | None = None
    linked: bool = False


@dataclass(eq=False)
class Cover:
    """An archive under ``--whole-archive``."""

    library: Library


@dataclass(eq=False)
class Bracket:
    """A group; ``closed`` is false when ``--end-group`` is missing."""

    entries: list[Entry]
    closed: bool = True


Entry = Loose | Library | Cover | Bracket | Assignment


@dataclass
class Draft:
    """A link in the making. ``refused_by`` are the linkers that do not take such a command line."""

    chance: random.Random
    main: Parts = field(default_factory=lambda: Parts(strong=["_start"]))
    entries: list[Entry] = field(default_factory=list)
    options: dict[str, object] = field(default_factory=dict)
    rows: set[str] = field(default_factory=set)
    refused_by: set[str] = field(default_factory=set)
    count: int = 0

    def some(self, probability: float) -> bool:
        """Return true as often as ``probability`` says."""
        return self.chance.random() < probability

    def name(self) -> str:
        """Return a symbol: mostly a new one, at times one that the draft uses already."""
        self.count += 1
        return self.chance.choice(SYMBOLS) if self.some(0.25) else f"r{self.count}"

    def add(self, entry: Entry, *, anywhere: bool = True) -> Entry:
        """Put ``entry`` at the end, or at times elsewhere."""
        last = len(self.entries)
        self.entries.insert(self.chance.randint(0, last) if anywhere and self.some(0.4) else last, entry)
        return entry

    def library(self, *members: Parts, anywhere: bool = True) -> Library:
        """Add an archive of ``members``."""
        self.count += 1
        library = Library(f"lib{self.count}.a", [(f"m{self.count}{n}.o", parts) for n, parts in enumerate(members)])
        self.add(library, anywhere=anywhere)
        return library

    def loose(self, *, anywhere: bool = True, **roles: Sequence[str]) -> Parts:
        """Add an object file."""
        self.count += 1
        one = Loose(f"o{self.count}.o", Parts(**roles))
        self.add(one, anywhere=anywhere)
        return one.parts

    def wanted(self, name: str, role: str = "undefined") -> str:
        """Let the first object, or a new one, refer to ``name``."""
        if self.some(0.8):
            self.main.put(role, name)
        else:
            self.loose().put(role, name)
        return name

    def extend(self, option: str, *values: object) -> None:
        """Add ``values`` to an option that is a list."""
        found = self.options.get(option, ())
        assert isinstance(found, tuple)
        self.options[option] = (*found, *values)


def draw(seed: int, *, plain: bool = False) -> Draft:
    """Return the random beginning of a link; ``plain``: without COMMON and COMDAT, on which linkers differ."""
    draft = Draft(random.Random(seed))  # noqa: S311  (repeatable is what is wanted)
    draft.main.update(_draw_object(draft, root=True, plain=plain))
    draft.main["strong"] = ["_start"]
    for _ in range(draft.chance.randint(1, 4)):
        draft.library(*(_draw_object(draft, plain=plain) for _ in range(draft.chance.randint(1, 4))))
    if draft.some(0.2):
        draft.loose().update(_draw_object(draft, plain=plain))
    return draft


def _draw_object(draft: Draft, *, root: bool = False, plain: bool = False) -> Parts:
    names = list(SYMBOLS)
    draft.chance.shuffle(names)
    most = {"strong": 2, "undefined": 3}
    odds = {"strong": 0.7, "undefined": 0.9 if root else 0.7, "data": 0.3, "weak": 0.3, "weak_undefined": 0.3}
    if not plain:
        odds |= {"common": 0.2, "comdat": 0.15}
    found = Parts()
    for role in _ROLES:
        if draft.some(odds.get(role, 0)) and not (root and role == "strong"):
            found.put(role, *(names.pop() for _ in range(draft.chance.randint(1, most.get(role, 1)))))
    return found


def wrap_up(draft: Draft) -> None:
    """Repeat, cover or group some of the entries; a group that nothing ends holds all that follows."""
    for place, entry in enumerate(draft.entries):
        if isinstance(entry, Bracket) and not entry.closed:
            entry.entries += draft.entries[place + 1 :]
            del draft.entries[place + 1 :]
            break
    chance, entries = draft.chance, draft.entries
    libraries = [entry for entry in entries if isinstance(entry, Library)]
    if libraries and draft.some(0.2):
        last = entries[-1]
        (last.entries if isinstance(last, Bracket) and not last.closed else entries).append(chance.choice(libraries))
    if libraries and draft.some(0.12):
        place = entries.index(chance.choice(libraries))
        library = entries[place]
        assert isinstance(library, Library)
        entries[place] = Cover(library)
    if entries and draft.some(0.35) and not any(isinstance(entry, Bracket) for entry in entries):
        low = chance.randrange(len(entries))
        high = chance.randint(low, len(entries) - 1)
        entries[low : high + 1] = [Bracket(entries[low : high + 1])]
    if any(isinstance(inner, Bracket) for one in draft.entries if isinstance(one, Bracket) for inner in one.entries):
        draft.refused_by.add("lld")  # it takes no group within a group


def save(draft: Draft, directory: Path) -> tuple[list[Item], list[str], Options]:
    """Write the files of ``draft``; return its inputs, the same as words of a command line, and the options."""
    for old in directory.iterdir():
        old.unlink()
    known: dict[str, Item] = {}
    entries = [*([Loose("main.o", draft.main)] if any(draft.main.values()) else []), *draft.entries]
    items = [_item(entry, directory, known) for entry in entries]
    return items, _words(entries), Options(**draft.options)  # type: ignore[arg-type]


def _item(entry: Entry, directory: Path, known: dict[str, Item]) -> Item:
    if isinstance(entry, Assignment):
        return entry
    if isinstance(entry, Bracket):
        return Group(tuple(_item(one, directory, known) for one in entry.entries))
    if isinstance(entry, Cover):
        archive = _item(entry.library, directory, known)
        assert isinstance(archive, Archive)
        return Whole(archive)
    if entry.name not in known:
        known[entry.name] = read_input(_write(entry, directory, known))
    return known[entry.name]


def _write(entry: Loose | Library, directory: Path, known: dict[str, Item]) -> Path:
    path = directory / entry.name
    if isinstance(entry, Loose):
        path.write_bytes(write_object(entry.parts.specimen()))
    elif entry.same_as is not None:
        _item(entry.same_as, directory, known)
        other = directory / entry.same_as.name
        if entry.linked:
            path.symlink_to(other.name)
        else:
            path.write_bytes(other.read_bytes())
    else:
        path.write_bytes(write_archive([(name, parts.specimen()) for name, parts in entry.members]))
    return path


def _words(entries: Sequence[Entry]) -> list[str]:
    words: list[str] = []
    for entry in entries:
        if isinstance(entry, Bracket):
            words += ["--start-group", *_words(entry.entries), *(["--end-group"] if entry.closed else [])]
        elif isinstance(entry, Cover):
            words += ["--whole-archive", entry.library.name, "--no-whole-archive"]
        elif isinstance(entry, Assignment):
            words.append(f"--defsym={entry.symbol}={entry.expression}")
        else:
            words.append(entry.name)
    return words


def option_words(options: Options) -> list[str]:
    """Return ``options`` as GNU ld takes them."""
    return [
        *(f"-u{name}" for name in options.undefined),
        *(f"--require-defined={name}" for name in options.required),
        *(f"--wrap={name}" for name in options.wrap),
        *(f"--defsym={one.symbol}={one.expression}" for one in options.defsym),
        *(["-e", options.entry] if options.entry != "_start" and options.entry is not None else []),
        *(["-z", "muldefs"] if options.allow_duplicates else []),
        *(["--gc-sections"] if options.gc_sections else []),
        *(["-pie", "--no-dynamic-linker"] if options.pie else []),
    ]
