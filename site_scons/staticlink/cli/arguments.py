"""What do a linker's arguments mean: which inputs, in which order, under which options?

The arguments are those of one linker, GNU ld or lld, and are read as that linker reads them: every ``-L`` counts for
every ``-l``, wherever it stands; ``--whole-archive``, ``--start-group`` and ``--start-lib`` hold for the inputs between
them and their ends. A file that is named twice is read once. What only shapes the output is passed over; what would
change the answer and is not modelled is refused.

Not modelled: what a plugin makes of intermediate code; symbols that a script of ``-T`` defines.
"""

from __future__ import annotations

import platform
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from staticlink.cli.search import find_library, join_path, search_directories
from staticlink.cli.words import read_words
from staticlink.errors import Fault, StaticlinkError, fail
from staticlink.link.inputs import Archive, Group, ObjectFile, Script, Whole, flatten
from staticlink.link.options import Options, read_assignment
from staticlink.link.reading import read_input
from staticlink.link.script import read_script

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from staticlink.cli.words import Word
    from staticlink.link.inputs import Item

#: The linkers whose arguments can be read -> the rules their links are resolved by.
LINKERS = {"bfd": "bfd", "gold": "bfd", "lld": "lld", "rust-lld": "lld", "mold": "lld"}
#: What makes something else than a static executable, or is not modelled.
_REFUSED = {
    "shared": "it makes a shared library",
    "relocatable": "it makes an object",
    "just-symbols": "it is not modelled",
    "undefined-glob": "it is not modelled",
    "fortran-common": "it is not modelled",
    "mri-script": "it is not modelled",
    "script": "the symbols that the script defines are not modelled",
    "default-script": "the symbols that the script defines are not modelled",
    "format": "it is not modelled",
}
_ENTRY = "_start"
#: How the names of GCC's sections of intermediate code begin.
_INTERMEDIATE = b".gnu.lto_"


@dataclass(frozen=True, slots=True)
class Arguments:
    """The inputs of one link in their order and the options that take part in resolution.

    ``spelled`` maps the path of an input to the text by which the linker names it in its own messages.
    """

    linker: str
    items: tuple[Item, ...]
    options: Options
    spelled: Mapping[Path, str]

    @property
    def profile(self) -> str:
        """The rules by which this linker resolves."""
        return LINKERS[self.linker]

    def name_of(self, one: ObjectFile) -> str:
        """Return how the linker names ``one`` in its map or ``--why-extract``: by paths as they were given.

        GNU ld names a member of a thin archive by its own path, lld by the archive and the name stored there.
        """
        if one.archive is None:
            return self.spelled.get(one.path, str(one.path))
        archive = self.spelled.get(one.archive.path, str(one.archive.path))
        if not one.archive.table.thin:
            return f"{archive}{one.display[len(one.archive.display) :]}"
        stored = next(member.name for member in one.archive.table.members if member.offset == one.offset)
        if self.profile == "lld":
            return f"{archive}({stored})"
        directory, slash, _ = archive.rpartition("/")
        return stored if stored.startswith("/") else f"{directory}{slash}{stored}"


class Lazy(Archive):
    """The objects between ``--start-lib`` and ``--end-lib``: extracted like members, but files of their own."""

    __slots__ = ("_members",)

    def __init__(self, members: Sequence[ObjectFile]) -> None:
        """Offer ``members`` in their order."""
        self._members = tuple(members)
        self.path = members[0].path
        self.machine = members[0].machine

    def objects(self) -> Iterator[ObjectFile]:
        """Yield every object."""
        yield from self._members


def read_arguments(arguments: Sequence[str], linker: str) -> Arguments:
    """Return what ``arguments`` mean to ``linker``, with every input read.

    Raises :class:`StaticlinkError` for arguments that make no static executable, and for an input that is missing,
    cannot be read, or is for another machine.
    """
    words = tuple(read_words(arguments))
    _refuse(words)
    reader = _Reader(words, linker)
    for word in words:
        reader.take(word)
    found = reader.finish()
    if any(word.name == "plugin" for word in words):
        _refuse_intermediate(found.items)
    return found


def _refuse(words: Sequence[Word]) -> None:
    refused = dict.fromkeys(word.name for word in words if word.name in _REFUSED and word.value not in ("elf", "elf64"))
    if refused:
        raise StaticlinkError(
            *(Fault("bad-usage", f"cannot explain a link with --{name}", (_REFUSED[name],)) for name in refused)
        )


def _refuse_intermediate(items: Sequence[Item]) -> None:
    """Raise when an object holds GCC's intermediate code beside machine code: the plugin would take the former."""
    for one in flatten(items):
        for found in one.objects() if isinstance(one, Archive) else (one,):
            begun = found.data.find(_INTERMEDIATE, found.start, found.start + found.size) >= 0
            if begun and any(name.encode().startswith(_INTERMEDIATE) for name in found.section_names()):
                evidence = (f"{found.display} holds intermediate code, which the plugin compiles anew",)
                raise fail("bad-usage", "cannot explain a link with --plugin", evidence=evidence)


@dataclass(frozen=True, slots=True)
class _State:
    """What the options before an input say about it."""

    whole: bool = False
    shared: bool = True


class _Reader:
    """The inputs and options read so far, and what is still open."""

    __slots__ = (
        "_directories", "_known", "_lazy", "_linker", "_open", "_options", "_paths", "_saved", "_spelled", "_state",
    )  # fmt: skip

    def __init__(self, words: Sequence[Word], linker: str) -> None:
        self._linker = linker
        self._directories = search_directories(words)
        self._paths = tuple(Path(directory) for directory in self._directories)
        self._options = Options(entry=_ENTRY)
        self._state = _State()
        self._saved: list[_State] = []
        self._open: list[list[Item]] = [[]]
        self._lazy: list[ObjectFile] | None = None
        self._known: dict[str, Item] = {}
        self._spelled: dict[Path, str] = {}

    def take(self, word: Word) -> None:
        """Take one word; what takes no part in resolution is passed over."""
        if not word.name:
            self._add(word.value)
        elif word.name == "library":
            shared = self._state.shared
            self._add(find_library(word.value, self._directories, self._linker, platform.machine(), shared=shared))
        elif not self._take_bracket(word.name) and not self._take_state(word.name):
            self._take_option(word)

    def finish(self) -> Arguments:
        """Return everything read. A group that is still open ends here, as it does for the linkers."""
        while len(self._open) > 1:
            self._close()
        self._end_lib()
        return Arguments(self._linker, tuple(self._open[0]), self._options, self._spelled)

    def _take_bracket(self, name: str) -> bool:
        if name == "start-group":
            self._open.append([])
        elif name == "end-group":
            if len(self._open) == 1:
                raise fail("bad-usage", "--end-group without --start-group")
            self._close()
        elif name == "start-lib":
            if self._linker == "bfd":
                raise fail("bad-usage", "bfd does not know --start-lib", fix="--linker=lld")
            self._lazy = []
        elif name == "end-lib":
            self._end_lib()
        else:
            return False
        return True

    def _take_state(self, name: str) -> bool:
        if name in ("whole-archive", "no-whole-archive"):
            self._state = replace(self._state, whole=name == "whole-archive")
        elif name in ("Bstatic", "Bdynamic"):
            self._state = replace(self._state, shared=name == "Bdynamic")
        elif name == "push-state":
            self._saved.append(self._state)
        elif name == "pop-state":
            if not self._saved:
                raise fail("bad-usage", "--pop-state without --push-state")
            self._state = self._saved.pop()
        else:
            return False
        return True

    def _take_option(self, word: Word) -> None:
        name, value, old = word.name, word.value, self._options
        if name == "entry":
            self._options = replace(old, entry=value)
        elif name == "undefined":
            self._options = replace(old, undefined=(*old.undefined, value))
        elif name == "require-defined":
            self._options = replace(old, required=(*old.required, value))
        elif name == "wrap":
            self._options = replace(old, wrap=(*old.wrap, value))
        elif name == "defsym":
            assignment = read_assignment(value)
            if assignment is None:
                raise fail("bad-usage", f"not an assignment: --defsym={value}")
            self._open[-1].append(assignment)
        elif name == "allow-multiple-definition" or (name, value) == ("keyword", "muldefs"):
            self._options = replace(old, allow_duplicates=True)
        elif name in ("pie", "pic-executable", "no-pie"):
            self._options = replace(old, pie=name != "no-pie")
        elif name in ("gc-sections", "no-gc-sections"):
            self._options = replace(old, gc_sections=name == "gc-sections")

    def _close(self) -> None:
        items = tuple(self._open.pop())
        self._open[-1].append(Group(items))

    def _end_lib(self) -> None:
        if self._lazy:
            self._open[-1].append(Lazy(self._lazy))
        self._lazy = None

    def _add(self, name: str) -> None:
        item = self._known.get(name)
        if item is None:
            path = Path(name)
            _reject_shared(path)
            item = self._known[name] = read_input(path, machine=platform.machine(), directories=self._paths)
            self._spelled.setdefault(path, name)
            self._spell_inner(item, name)
        if self._lazy is not None and isinstance(item, ObjectFile):
            self._lazy.append(item)
        else:
            self._open[-1].append(_whole(item) if self._state.whole else item)

    def _spell_inner(self, item: Item, script: str) -> None:
        """Note how the linker names what a script stands for: beside the script, or in a directory of ``-L``."""
        if not isinstance(item, Script):
            return
        text = item.path.read_bytes()
        names = [name for _, names in read_script(text, item.path.name) for name in names]
        libraries = {f"lib{name[2:]}.a" for name in names if name.startswith("-l")}
        beside = script.rpartition("/")[0] if "/" in script else "." if self._linker == "bfd" else ""
        for one in flatten([item]):
            path = one.path
            if path.name in libraries:
                place = next((place for place in self._directories if path.parent == Path(place)), str(path.parent))
                self._spelled.setdefault(path, join_path(place, path.name, self._linker))
            elif path.is_relative_to(Path(beside)) and not path.is_absolute():
                inner = str(path.relative_to(Path(beside)))
                self._spelled.setdefault(path, join_path(beside, inner, self._linker))


def _whole(item: Item) -> Item:
    """Return ``item`` as it is under ``--whole-archive``."""
    if isinstance(item, Archive):
        return Whole(item)
    if isinstance(item, Script):
        return Script(item.path, tuple(_whole(one) for one in item.items))
    return Group(tuple(_whole(one) for one in item.items)) if isinstance(item, Group) else item


def _reject_shared(path: Path) -> None:
    if path.name.endswith(".so") or ".so." in path.name:
        raise fail("shared-library", f"shared library among the inputs: {path}", fix="-static before it")
