"""Which objects were compiled for another release of musl than the link's, and does it matter?

An object that was compiled for an older musl links and runs with a newer one: musl keeps that promise, but for names
that are gone since (``open64``). One that was compiled for a newer musl may ask for what this one lacks, or count on a
structure that has grown. On machines of 32 bits ``time_t`` has 64 bits since 1.2.0, so what was compiled before that
and after it does not fit together.

What is asked for in vain stops a link only when the linker says so; then it is explained here
(:func:`explain_releases`). Not modelled: objects without a note, as far as they ask for nothing that is missing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from staticlink.errors import Fault
from staticlink.libc.musl_release import is_newer, load_releases, which_has

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from staticlink.libc.musl_release import Musl
    from staticlink.link.audits.foreign_libc import Judged
    from staticlink.link.finding import Finding, Policy
    from staticlink.link.inputs import Archive, ObjectFile

_SHOWN = 5
#: The release that made time_t one of 64 bits everywhere.
_TIME64 = "1.2.0"
_CLASS_32 = 1


def find_other_releases(judged: Judged, policy: Policy) -> Iterator[Finding]:
    """Yield, by file, what was compiled for a newer musl than the link's, or for another ``time_t``."""
    if judged.musl is None:
        return
    found: dict[tuple[str, str, str], list[ObjectFile]] = {}
    for one, marks in judged.marks.items():
        for version in dict.fromkeys(note.removeprefix("musl ") for note in marks.notes if note.startswith("musl ")):
            id_ = _told(one, version, judged.musl.version) if version != judged.musl.version else None
            if id_ is not None:
                found.setdefault((id_, _home(one).display, version), []).append(one)
    for (id_, home, version), ones in found.items():
        more = len(ones) - 1
        evidence = (
            f"{ones[0].display} says in a note that it was compiled for musl {version}",
            *([f"so do {more} more of its members"] if more else []),
            f"the link's musl is {judged.musl.version}",
        )
        yield policy.finding(id_, evidence, home, home, _fix(home, judged.musl))


def _told(one: ObjectFile, version: str, own: str) -> str | None:
    """Return which finding it is that an object was compiled for ``version``, where the link's musl is ``own``."""
    if one.data[one.start + 4] == _CLASS_32 and is_newer(_TIME64, version) != is_newer(_TIME64, own):
        return "musl-time64"
    return "newer-musl" if is_newer(version, own) else None


def explain_releases(asking: Iterable[tuple[ObjectFile, Collection[str]]], judged: Judged) -> Iterator[Fault]:
    """Yield, by file, which of the names that objects ask for in vain other releases of musl have.

    ``asking`` pairs an object with the missing names that it refers to; what was compiled for glibc is passed over.
    """
    if judged.musl is None:
        return
    version = judged.musl.version
    found: dict[Archive | ObjectFile, tuple[dict[str, str], ObjectFile]] = {}
    for one, missing in asking:
        had = names_of_releases(one, missing, judged)
        if had:
            found.setdefault(_home(one), ({}, one))[0].update(had)
    for home, (had, first) in found.items():
        lines = [f"asks for {name}, which musl {had[name]} has and {version} has not" for name in sorted(had)]
        more = [f"and {len(lines) - _SHOWN} more"] if len(lines) > _SHOWN else []
        evidence = (*lines[:_SHOWN], *more, f"{first.display} {judged.verdicts[first].evidence[0]}")
        fix = judged.rebuild(home.display) or _fix(home.display, judged.musl)
        yield Fault("musl-version", f"needs another musl, the link's is {version}: {home.display}", evidence, fix)


def names_of_releases(one: ObjectFile, missing: Collection[str], judged: Judged) -> dict[str, str]:
    """Return, for those of the ``missing`` names that came into musl or left it, a release that has each."""
    if judged.musl is None or judged.verdicts[one].kind == "glibc":
        return {}
    releases = load_releases()
    return {name: release for name in missing if (release := which_has(name, releases)) is not None}


def _fix(home: str, musl: Musl) -> str:
    return f"compile {home} for musl {musl.version}, as staticlink cc does"


def _home(one: ObjectFile) -> Archive | ObjectFile:
    return one.archive or one
