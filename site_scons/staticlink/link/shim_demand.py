"""Which names of another libc may shims stand in for in this link?

Those that strangers ask for in vain. A member of an archive is one, unless its note says that it was compiled for the
libc of the link, which has what its headers promise. An object that is no member belongs to the project, as a rule, and
what it asks for in vain is an error: the project's Configure checks depend on that. It is a stranger only when it is
shown to have been compiled for the other libc.

A stranger may also count on what glibc does at start-up and musl does not: hand arguments to constructors, run
``.preinit_array``, choose functions by the processor (GNU_IFUNC). No name tells of that; sections and types do.

Not modelled: a name that nothing asks for before a shim has joined, and that the shim then asks for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from staticlink.elf.rust_metadata import STD
from staticlink.libc.note import SECTION as NOTE
from staticlink.libc.verdict import Setting, judge

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from staticlink.link.inputs import ObjectFile
    from staticlink.link.resolution import Resolution


def asked_by_strangers(resolution: Resolution, replaced: Iterable[str], libc: str, files: Iterable[Path]) -> set[str]:
    """Return what strangers ask for in vain, or ask for of the functions that shims have ``replaced``.

    ``libc`` is the link's, and ``files`` are its own and the compiler's. A function is replaced for any object that may
    have been compiled for the other libc: it does there what the object's headers count on, and no less for others.
    """
    undefined, instead = frozenset(resolution.undefined), frozenset(replaced)
    own = dict.fromkeys(files, libc)
    # That a name is glibc's alone is no evidence here: a project's own object may ask for it and must be told.
    setting = Setting(own, lambda _: None, undefined.__contains__, whole=False)
    found: set[str] = set()
    for one in resolution.loaded:
        asked = resolution.references(one)
        in_vain, other = undefined.intersection(asked), instead.intersection(asked)
        if in_vain and _is_stranger(one, libc, setting, ("either", "unknown")):
            found |= in_vain
        if other and one.home not in own and _is_stranger(one, libc, setting, ()):
            found |= other
    return found


def needs_start_bridge(resolution: Resolution, libc: str, files: Iterable[Path]) -> bool:
    """Say whether an object of the link counts on what glibc does at start-up.

    Any may, for functions that are chosen then; for constructors, one that is not shown to have been compiled for
    ``libc``. ``files`` are those of the libc and the compiler.
    """
    own = dict.fromkeys(files, libc)
    std = next((one for one in resolution.loaded if STD in one.symbols.strong), None)
    setting = Setting(own, lambda _: std, lambda _: False, whole=False)
    others = (one for one in resolution.loaded if one.home not in own)
    return any(one.traits.chooses_functions or _expects_arguments(one, libc, setting) for one in others)


def _expects_arguments(one: ObjectFile, libc: str, setting: Setting) -> bool:
    return one.traits.constructors and judge(one, one.home, setting)[0].kind != libc


def _is_stranger(one: ObjectFile, libc: str, setting: Setting, known: tuple[str, ...]) -> bool:
    """Say whether an object is a stranger; one that is no member is none if it is of a kind that is ``known``."""
    if NOTE in one.section_names():
        return False
    return one.archive is not None or judge(one, one.path, setting)[0].kind not in (libc, *known)
