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

if TYPE_CHECKING:
    from collections.abc import Sequence

#: Flags the driver hands to the linker unchanged, with the number of arguments that follow.
_PASSED_ON = {"-u": 1, "-z": 1, "-T": 1, "-e": 1, "-s": 0, "-S": 0, "-x": 0, "-X": 0}
#: The same, written as one word (``-usymbol``).
_PASSED_ON_PREFIXES = ("-u", "-z", "-T", "-e")
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

    ``linker`` go to the linker in this order. ``directories`` and ``libraries`` are the ``-L`` and ``-l`` among them.
    ``undefined`` are the symbols of ``-u``: they extract archive members, so resolution must know them.
    """

    linker: tuple[str, ...] = ()
    directories: tuple[str, ...] = ()
    libraries: tuple[str, ...] = ()
    undefined: tuple[str, ...] = ()


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
    rest = iter(words)
    for word in rest:
        if word.startswith("-L"):
            directories.append(word[2:] or next(rest, ""))
        elif word.startswith("-l"):
            libraries.append(word[2:] or next(rest, ""))
        elif word in _PASSED_ON:
            linker += [word, *(next(rest, "") for _ in range(_PASSED_ON[word]))]
        elif word.startswith(("--", *_PASSED_ON_PREFIXES)) or not _is_dropped(word):
            linker.append(word)
    return LinkFlags(tuple(linker), tuple(directories), tuple(libraries), _undefined(linker))


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


def _undefined(linker: Sequence[str]) -> tuple[str, ...]:
    """Return the symbols that ``-u X``, ``-uX``, ``--undefined X``, ``--undefined=X``, ``--require-defined`` name."""
    symbols: list[str] = []
    rest = iter(linker)
    for word in rest:
        name, equals, value = word.partition("=")
        if name in ("--undefined", "--require-defined", "-undefined"):
            symbols.append(value if equals else next(rest, ""))
        elif word == "-u":
            symbols.append(next(rest, ""))
        elif word.startswith("-u") and not word.startswith("-un"):
            symbols.append(word[2:])
    return tuple(symbols)
