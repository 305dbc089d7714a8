"""Which names did musl's libc.a gain and lose from release to release?

The answer is policy data, ``policy/musl_releases.toml``, because a link has one musl at hand. It is measured on the
libc.a of as many releases as can be had; each says in ``version.o`` which one it is, and where there are several of one
release it has what all of them define. A name that came and went belongs to a distribution's changes, or is in another
archive for a time (Debian's ``crypt``): it is left out. So are names that begin with two underscores: those are musl's
own.

    PYTHONPATH=site_scons python -m staticlink.measure.musl_releases LIBC_A...

A link does not import this module. Not modelled: releases that were not measured, between two that were.
"""

from __future__ import annotations

import sys
import textwrap
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from staticlink.elf.ar import read_archive
from staticlink.elf.mapping import map_file
from staticlink.libc.musl_release import TABLE, Release, read_release

if TYPE_CHECKING:
    from collections.abc import Iterable

_HEADING = """\
# Names that objects ask for and that musl's libc.a did not always have: adds and drops are against the release before.
# Measured, not written by hand: PYTHONPATH=site_scons python -m staticlink.measure.musl_releases LIBC_A...
"""


def measure_releases(archives: Iterable[Path]) -> tuple[Release, ...]:
    """Return what changed between the releases of musl whose libc.a are at ``archives``, oldest first."""
    defined: dict[str, frozenset[str]] = {}
    for path in archives:
        table = read_archive(map_file(path), path.name)
        version, names = read_release(path, table).version, frozenset(table.index[0] if table.index else ())
        defined[version] = defined.get(version, names) & names
    versions = sorted(defined, key=_numbers)
    changes = [(set(defined[new] - defined[old]), set(defined[old] - defined[new])) for old, new in pairwise(versions)]
    gained, lost = (set().union(*(change[side] for change in changes)) for side in (0, 1))
    unsteady = {name for name in gained | lost if name.startswith("__")} | (gained & lost)
    return (
        Release(versions[0], frozenset(), frozenset()),
        *(
            Release(version, frozenset(adds - unsteady), frozenset(drops - unsteady))
            for version, (adds, drops) in zip(versions[1:], changes, strict=True)
        ),
    )


def render_releases(releases: Iterable[Release]) -> str:
    """Return the table as it is kept."""
    rows = [
        f'[[release]]\nversion = "{one.version}"\nadds = """{_words(one.adds)}"""\ndrops = """{_words(one.drops)}"""\n'
        for one in releases
    ]
    return "\n".join((_HEADING, *rows))


def _words(names: Iterable[str]) -> str:
    text = " ".join(sorted(names))
    return f"\n{textwrap.fill(text, 116, break_long_words=False)}\n" if text else ""


def _numbers(version: str) -> list[int]:
    return [int(part) for part in version.partition("-")[0].split(".")]


if __name__ == "__main__":
    TABLE.write_text(render_releases(measure_releases(map(Path, sys.argv[1:]))), encoding="utf-8")
