"""Against which libc was an object compiled, and what shows it?

``musl`` or ``glibc``; ``either`` where it is proven that no header of a libc took part; otherwise ``unknown``. The
evidence, strongest first:

1. where it comes from: an object of the libc itself; the note of our own compiler; a name with a version of glibc's
   (``memcpy@GLIBC_2.2.5``), which a source asks for by hand;
2. debug information that names a header only one libc has, or one in a directory of one libc;
3. Rust: all objects of a static library were compiled for one target, and std asks for ``gnu_get_libc_version`` exactly
   when that is a target of glibc's; of a std that went through LTO only the asking counts;
4. a name that only one libc's headers make (``names.py``);
5. the package that the file belongs to (``package.py``).

The strongest decides. ``either`` is proven when the object holds no code and no data, or was made from a file
(``ld -r -b binary``), or when its debug information lists every included file, as ``-g3`` has it, none of them is a
libc's, and it asks for no function whose interface differs. Less proves nothing: an object that gets a
``struct stat *`` from its caller asks for no symbol, and one that returns a constant from a macro leaves no trace even
in debug information without macros.

Not modelled: layouts and constants that a source wrote down itself; the linker plugin's bitcode.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from staticlink.libc.marks import read_marks
from staticlink.libc.names import LIBCS, load_traces
from staticlink.libc.package import find_package

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from collections.abc import Set as AbstractSet
    from pathlib import Path

    from staticlink.libc.abi import Interface
    from staticlink.libc.marks import Marks, Subject
    from staticlink.libc.names import Traces
    from staticlink.libc.package import Package

#: The evidence for what the compiler brings into every link: it goes with the libc that the compiler is told to use.
COMPILERS = "is part of the compiler"
KINDS = ("musl", "glibc", "either", "unknown")
#: How rustc mangles.
_MANGLED = re.compile(r"_R[A-Z]|_ZN.*17h[0-9a-f]{16}E")
_FROM_FILE = re.compile(r"_binary_\w+_(start|end|size)")
_GLIBC_ONLY = "gnu_get_libc_version"
#: How rustc names std's own objects. LTO makes one of the crate's instead, without what nothing calls.
_WHOLE_STD = re.compile(r"\bstd-[0-9a-f]+\.std\.")
_VERSION = "@GLIBC_"
#: Headers of a compiler's own, and of C++'s library, which have names that a libc's have too.
_COMPILERS = re.compile(r"/(gcc|gcc-cross|clang|c\+\+)/")
#: The kernel's headers, which both libcs use as they are.
_KERNELS = re.compile(r"/(linux|asm|asm-generic)/")
#: gcc includes it in every file by itself; it says which standards hold, and nothing of a libc's interface.
_ALWAYS = "stdc-predef.h"
_ROOT = re.compile(r"(.*/include)(?:/(\w+-linux-\w+))?/")
_TRIPLE = re.compile(r"\w+-(?:\w+-)?linux-(gnu|musl)\w*")
_SYSTEM = ("/usr/include", "/usr/local/include")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an object was compiled against: one of :data:`KINDS`, and the sentences that show it, strongest first."""

    kind: str
    evidence: tuple[str, ...]


@dataclass(frozen=True)
class Setting:
    """Where objects are judged.

    ``own`` maps the paths of a libc's own files to that libc. ``rust_std`` returns the object that holds the Rust
    standard library an object was compiled with. ``telling`` says of a name that is asked for whether it may be the
    mark of one libc: nothing else is known to define it. With ``whole`` everything is known, as in a link.
    ``machine`` is the libc whose headers this machine keeps in /usr/include, where objects are known to have been
    compiled here. ``archives`` maps libcs to the libc.a at hand. ``interfaces`` returns what was measured of the
    functions of both; ``compilers`` are files of the compiler's own.
    """

    own: Mapping[Path, str]
    rust_std: Callable[[Subject], Subject | None]
    telling: Callable[[str], bool]
    whole: bool
    archives: Mapping[str, Path] = field(default_factory=dict)
    machine: str | None = None
    interfaces: Callable[[], Mapping[str, Interface]] = dict
    compilers: AbstractSet[Path] = frozenset()
    _packages: dict[Path, Package | None] = field(default_factory=dict, repr=False)

    def package(self, path: Path) -> Package | None:
        """Return the package of the file at ``path``; an archive has many members."""
        if path not in self._packages:
            self._packages[path] = find_package(path)
        return self._packages[path]

    @cached_property
    def harmful(self) -> frozenset[str]:
        """The functions whose interface differs, for callers of one libc at least; read when it is needed."""
        return frozenset(name for name, one in self.interfaces().items() if one.kind == "differs")

    @cached_property
    def traces(self) -> Traces:
        """What tells the libcs apart; read when it is needed."""
        return load_traces(self.archives)


def judge(one: Subject, path: Path, setting: Setting, *, every: bool = False) -> tuple[Verdict, Marks | None]:
    """Return the verdict on ``one``, which is in the file ``path``, and the marks it rests on.

    Weaker evidence is only looked for when there is no stronger one, or when ``every`` asks for it. In a whole link the
    package is only looked for when the object calls a function whose interface differs, which it then decides about.
    """
    libc = setting.own.get(path)
    if libc is not None:
        return Verdict(libc, (f"is part of {libc}",)), None
    if path in setting.compilers:
        return Verdict("unknown", (COMPILERS,)), None
    marks = read_marks(one)
    found: list[tuple[str, str]] = []
    for kind, sentence in _evidence(one, path, marks, setting, every=every):
        if not found or kind == found[0][0]:
            found.append((kind, sentence))
        if not every:
            break
    if found:
        return Verdict(found[0][0], tuple(sentence for _, sentence in found)), marks
    return Verdict("unknown", (_nothing(marks),)), marks


def _evidence(one: Subject, path: Path, marks: Marks, setting: Setting, *, every: bool) -> Iterator[tuple[str, str]]:
    """Yield what speaks for which kind, strongest first."""
    yield from _noted(marks)
    yield from _versioned(one)
    yield from _proofs(one, marks, setting)
    yield from _headers(marks, setting)
    yield from _rust(one, marks, setting)
    yield from _asked(one, setting)
    wanted = every or not setting.whole or not setting.harmful.isdisjoint(_references(one))
    package = setting.package(path) if wanted else None
    if package is not None:
        yield package.libc, f"belongs to the package {package.name}, which is compiled for {package.libc}"


def _noted(marks: Marks) -> Iterator[tuple[str, str]]:
    libcs = {note.partition(" ")[0] for note in marks.notes}
    if len(libcs) == 1 and len(marks.notes) >= marks.parts and libcs <= set(LIBCS):
        yield libcs.pop(), f"says in a note that it was compiled for {marks.notes[0]}"


def _versioned(one: Subject) -> Iterator[tuple[str, str]]:
    name = next((name for name in one.symbols.undefined if _VERSION in name), None)
    if name is not None:
        yield "glibc", f"asks for {name}, a version of glibc's"


def _proofs(one: Subject, marks: Marks, setting: Setting) -> Iterator[tuple[str, str]]:
    defined = (*one.symbols.strong, *one.symbols.weak)
    if marks.empty:
        yield "either", "holds no code and no data"
    elif defined and all(map(_FROM_FILE.fullmatch, defined)) and not _references(one):
        yield "either", "was made from a file, not compiled"
    elif marks.sources is not None and marks.sources.macros and marks.sources.whole:
        alone = marks.sources.units == 1 and marks.parts <= 1
        declared = not setting.harmful.isdisjoint(_references(one))
        if alone and not declared and not any(_is_libcs(file, setting.traces) for file in marks.sources.files):
            yield "either", "lists every included file in its debug information, and none is a libc's"


def _headers(marks: Marks, setting: Setting) -> Iterator[tuple[str, str]]:
    """Yield what the named headers say: those that one libc has alone, then those that lie in its directories."""
    files = [file for file in (marks.sources.files if marks.sources else ()) if not _COMPILERS.search(file)]
    if not files:
        return
    traces = setting.traces
    for file in files:
        at = max(file.rfind("/bits/"), file.rfind("/gnu/"))
        name = file[at + 1 :]
        for libc in LIBCS if at >= 0 else ():
            if name in traces.internal[libc]:
                yield libc, f"names {name} in its debug information, a header of {libc}'s alone"
                return
    for file in files:
        root = _ROOT.match(file)
        if root and _is_libcs(file, traces):
            kind = _home(root[1], root[2], marks, setting, traces)
            if kind:
                yield kind, f"names {file} in its debug information, where {kind}'s headers are"
                return


def _home(root: str, triple: str | None, marks: Marks, setting: Setting, traces: Traces) -> str | None:
    """Return the libc whose headers are in an include directory."""
    named = _TRIPLE.search(triple or root)
    if named:
        return {"gnu": "glibc", "musl": "musl"}[named[1]]
    if root not in _SYSTEM:
        return None
    for pattern, libc in traces.distributions:
        if any(pattern.search(text.removeprefix("GCC: ")) for text in marks.compilers):
            return libc
    return setting.machine


def _rust(one: Subject, marks: Marks, setting: Setting) -> Iterator[tuple[str, str]]:
    names = (*one.symbols.strong, *one.symbols.weak, *one.symbols.undefined)
    if not any(map(_MANGLED.match, names)) and not any(text.startswith("rustc ") for text in marks.compilers):
        return
    std = setting.rust_std(one)
    if std is not None and _GLIBC_ONLY in _references(std):
        yield "glibc", f"is Rust for a target of glibc's: std in {std.display} asks for {_GLIBC_ONLY}"
    elif std is not None and _WHOLE_STD.search(std.display):
        yield "musl", f"is Rust for a target of musl's: std in {std.display} does not ask for {_GLIBC_ONLY}"


def _asked(one: Subject, setting: Setting) -> Iterator[tuple[str, str]]:
    """Yield the first name that only one libc's headers make, or that only glibc defines."""
    weaker: tuple[str, str] | None = None
    for name in _references(one):
        found = setting.traces.fingerprint(name) if setting.telling(name) else None
        if found is None:
            continue
        if found.made:
            yield found.libc, found.sentence
            return
        if found.libc == "glibc" and (setting.whole or name == _GLIBC_ONLY):
            weaker = weaker or (found.libc, found.sentence)
    if weaker:
        yield weaker


def _is_libcs(file: str, traces: Traces) -> bool:
    """Say whether a libc has a header of this name: the whole of its last one or two parts."""
    if _COMPILERS.search(file) or _KERNELS.search(file):
        return False
    *_, directory, name = f"//{file}".split("/")
    return name != _ALWAYS and (name in traces.known or f"{directory}/{name}" in traces.known)


def _references(one: Subject) -> tuple[str, ...]:
    return (*one.symbols.undefined, *one.symbols.weak_undefined)


def _nothing(marks: Marks) -> str:
    if marks.sources is None:
        return "has no note and no debug information, and asks for no name that only one libc has"
    return "names no header of one libc in its debug information, and not every file that was included"
