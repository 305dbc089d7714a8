"""What do the link flags of a project, written for a compiler driver, mean to the linker itself?

A project's ``LINKFLAGS`` are written for ``gcc``. staticlink calls the linker directly, so it takes the driver's role:
``-Wl,`` and ``-Xlinker`` are unpacked, flags that concern only the driver or the compiler are dropped, and a flag
that would contradict what staticlink decides (``-shared``, ``-fuse-ld=``, ``-nostdlib``) is refused with the option
to use instead. See "Options for Linking" in GCC's manual.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from staticlink.errors import Fault, StaticlinkError
from staticlink.link.options import DEFAULT, Options, read_assignment

if TYPE_CHECKING:
    from collections.abc import Sequence

#: Flags the driver hands to the linker unchanged, also when written as one word (``-usymbol``).
_PASSED_ON_PREFIXES = ("-u", "-z", "-T", "-e")
#: GNU ld's spelling of an option with a value -> the part of :class:`Options` it belongs to.
_VALUED = {
    "-u": "undefined", "--undefined": "undefined", "-undefined": "undefined",
    "--require-defined": "required", "-require-defined": "required",
    "--defsym": "defsym", "-defsym": "defsym", "--wrap": "wrap", "-wrap": "wrap",
    "-e": "entry", "--entry": "entry", "-entry": "entry", "-z": "z",
}  # fmt: skip
#: Words whose value is the word after them.
_WITH_VALUE = frozenset({*_VALUED, "-T", "--script", "-m", "--version-script", "--dynamic-list", "-Map", "-y", "-R"})
#: Options without a value -> the part of :class:`Options`, and what they say of it.
_SWITCHES = {
    "--gc-sections": ("gc_sections", True),
    "-gc-sections": ("gc_sections", True),
    "--no-gc-sections": ("gc_sections", False),
    "--allow-multiple-definition": ("allow_duplicates", True),
    "-allow-multiple-definition": ("allow_duplicates", True),
}
_WHOLE = {
    "--whole-archive": True,
    "-whole-archive": True,
    "--no-whole-archive": False,
    "-no-whole-archive": False,
}
_GROUP_MARKERS = frozenset({"--start-group", "--end-group", "-(", "-)", "-start-group", "-end-group"})
#: Flags that say what staticlink already does, or concern only compilation.
_DROPPED = frozenset(
    {"-static", "-static-pie", "-pie", "-no-pie", "-pthread", "-rdynamic", "-static-libgcc", "-pipe", "-w"}
)
_DROPPED_PREFIXES = ("-O", "-g", "-f", "-m", "-W", "-D", "-U", "-I", "-std=")
#: Flags that contradict a decision of staticlink's, and what to say instead.
_REFUSED = {
    "-shared": "static=0",
    "-nostdlib": None,
    "-nostartfiles": None,
    "-nodefaultlibs": None,
    "-nolibc": None,
    "-r": None,
}


@dataclass(frozen=True, slots=True)
class LinkFlags:
    """A project's link flags, sorted by whom they concern.

    ``linker`` go to the linker in this order. ``directories`` and ``libraries`` are the ``-L`` and ``-l`` among them,
    ``files`` the inputs named by path. ``whole`` are the inputs, by path or as ``-lNAME``, that ``--whole-archive``
    covers. Group markers are left out: the order decides about groups. ``options`` are those that take part in
    resolution.
    """

    linker: tuple[str, ...] = ()
    directories: tuple[str, ...] = ()
    libraries: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    whole: tuple[str, ...] = ()
    options: Options = DEFAULT


def read_link_flags(flags: Sequence[str]) -> LinkFlags:
    """Return what ``flags``, written for a compiler driver, mean to the linker.

    Raises :class:`StaticlinkError` naming every flag that contradicts staticlink's own decisions.
    """
    words = _unpack(flags)
    refused = [word for word in words if word in _REFUSED or word.startswith("-fuse-ld=")]
    if refused:
        raise StaticlinkError(*(_refusal(word) for word in refused))
    linker: list[str] = []
    directories: list[str] = []
    libraries: list[str] = []
    files: list[str] = []
    whole: list[str] = []
    covered = False
    rest = iter(words)
    for word in rest:
        if word.startswith("-L"):
            directories.append(word[2:] or next(rest, ""))
        elif word in _WHOLE:
            covered = _WHOLE[word]
        elif word.startswith("-l"):
            name = word[2:] or next(rest, "")
            if covered:
                whole.append(f"-l{name}")
            else:
                libraries.append(name)
        elif word in _WITH_VALUE:
            linker += [word, next(rest, "")]
        elif not word.startswith("-"):
            (whole if covered else files).append(word)
        elif word not in _GROUP_MARKERS and (word.startswith(("--", *_PASSED_ON_PREFIXES)) or not _is_dropped(word)):
            linker.append(word)
    options = read_options(linker)
    known = (*_spell_required(linker, options), *_keep_assigned(options))
    return LinkFlags(known, tuple(directories), tuple(libraries), tuple(files), tuple(whole), options)


def read_options(words: Sequence[str]) -> Options:
    """Return the options that take part in resolution among ``words``, written as GNU ld takes them.

    Other words, inputs included, are passed over.
    """
    found: dict[str, list[str]] = {name: [] for name in ("undefined", "required", "defsym", "wrap", "entry", "z")}
    switches = {"gc_sections": False, "allow_duplicates": False}
    rest = iter(words)
    for word in rest:
        name, equals, value = word.partition("=")
        if word in _SWITCHES:
            switch, on = _SWITCHES[word]
            switches[switch] = on
        elif name in _VALUED:
            found[_VALUED[name]].append(value if equals else next(rest, ""))
        elif word.startswith(("-u", "-e", "-z")) and word[2:] and not word.startswith("-un"):
            found[_VALUED[word[:2]]].append(word[2:])
    return Options(
        entry=found["entry"][-1] if found["entry"] else DEFAULT.entry,
        undefined=tuple(found["undefined"]),
        required=tuple(found["required"]),
        defsym=tuple(filter(None, map(read_assignment, found["defsym"]))),
        wrap=tuple(dict.fromkeys(found["wrap"])),
        allow_duplicates=switches["allow_duplicates"] or "muldefs" in found["z"],
        gc_sections=switches["gc_sections"],
    )


def _spell_required(linker: Sequence[str], options: Options) -> tuple[str, ...]:
    """Return ``linker`` with ``-u`` for ``--require-defined``, which gold and lld do not know; the audit checks it."""
    if not options.required:
        return tuple(linker)
    words: list[str] = []
    rest = iter(linker)
    for word in rest:
        name, equals, value = word.partition("=")
        if name in ("--require-defined", "-require-defined"):
            words += ["-u", value if equals else next(rest, "")]
        else:
            words.append(word)
    return tuple(words)


def _keep_assigned(options: Options) -> list[str]:
    """Return ``-u`` for what ``--defsym`` refers to, under ``--gc-sections``.

    mold 1.10 drops a section that nothing else refers to, and leaves the assigned symbol zero without a word.
    """
    if not options.gc_sections:
        return []
    names = dict.fromkeys(name for one in options.defsym for name in one.references)
    return [f"--undefined={name}" for name in names]


def _is_dropped(word: str) -> bool:
    return word in _DROPPED or word.startswith(_DROPPED_PREFIXES)


def _unpack(flags: Sequence[str]) -> list[str]:
    words: list[str] = []
    rest = iter(flags)
    for flag in rest:
        if flag.startswith("-Wl,"):
            words += flag.removeprefix("-Wl,").split(",")
        elif flag == "-Xlinker":
            words.append(next(rest, ""))
        else:
            words.append(flag)
    return words


def _refusal(word: str) -> Fault:
    if word.startswith("-fuse-ld="):
        return Fault(
            "refused-link-flag", f"link flag contradicts staticlink: {word}", fix=f"linker={_linker_named(word)}"
        )
    return Fault("refused-link-flag", f"link flag contradicts staticlink: {word}", fix=_REFUSED[word])


def _linker_named(word: str) -> str:
    name = os.path.basename(word.removeprefix("-fuse-ld="))  # noqa: PTH119  (the value may be a bare name or a path)
    return name.removeprefix("ld.")
