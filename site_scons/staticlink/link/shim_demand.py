"""Which names of another libc may shims stand in for in this link?

Those that strangers ask for in vain. A member of an archive is one, unless its note says that it was compiled for the
libc of the link, which has what its headers promise. An object that is no member belongs to the project, as a rule, and
what it asks for in vain is an error: the project's Configure checks depend on that. It is a stranger only when it is
shown to have been compiled for the other libc.

Not modelled: a name that nothing asks for before a shim has joined, and that the shim then asks for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from staticlink.libc.note import SECTION as NOTE
from staticlink.libc.verdict import Setting, judge

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from staticlink.link.inputs import ObjectFile
    from staticlink.link.resolution import Resolution


def asked_by_strangers(resolution: Resolution, replaced: Iterable[str], libc: str, files: Iterable[Path]) -> set[str]:
    """Return what strangers ask for in vain, or ask for of the functions that shims have ``replaced``.

    ``libc`` is the link's, and ``files`` are its own.
    """
    undefined, own = frozenset(resolution.undefined), dict.fromkeys(files, libc)
    # That a name is glibc's alone is no evidence here: a project's own object may ask for it and must be told.
    setting = Setting(own, lambda _: None, undefined.__contains__, whole=False)
    wanted = undefined.union(replaced)
    asking = ((one, wanted.intersection(resolution.references(one))) for one in resolution.loaded)
    return {name for one, names in asking if names and _is_stranger(one, libc, setting) for name in names}


def _is_stranger(one: ObjectFile, libc: str, setting: Setting) -> bool:
    if NOTE in one.section_names():
        return False
    return one.archive is not None or judge(one, one.path, setting)[0].kind not in (libc, "either", "unknown")
