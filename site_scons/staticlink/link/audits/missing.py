"""Which input was made for something else than this link, when symbols are missing?

A list of missing symbols seldom says why they are missing. Three reasons can be told from the inputs themselves: an
archive that was compiled for glibc asks for symbols that glibc's own libc.a defines and musl does not; one that was
compiled for another musl asks for what that release has (``musl_releases.py``); and an rlib is a library for rustc,
which knows where the crates it depends on are; the linker does not.

Not modelled: which of glibc's symbols could be stood in for (``shims.py`` does that for Rust's standard library).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from staticlink.elf import rust_metadata
from staticlink.errors import Fault
from staticlink.link.audits.musl_releases import explain_releases, names_of_releases
from staticlink.link.inputs import Archive
from staticlink.link.reading import read_input

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

    from staticlink.link.audits.foreign_libc import Judged
    from staticlink.link.inputs import ObjectFile
    from staticlink.link.resolution import Resolution

#: Only glibc defines this.
_GLIBC = "gnu_get_libc_version"
_SHOWN = 5


def explain_missing(
    resolution: Resolution,
    missing: Collection[str],
    other_libc: Path | None,
    judged: Judged,
) -> Iterator[Fault]:
    """Yield what is wrong with the inputs that ask for ``missing`` in vain, where the inputs tell.

    ``other_libc`` is the compiler's own libc.a when the link is for another libc. ``judged`` are
    the objects of the link.
    """
    wanted = [(one, set(resolution.references(one)).intersection(missing)) for one in resolution.loaded]
    wanted = [(one, names) for one, names in wanted if names]
    yield from explain_releases(wanted, judged)
    asking: dict[Archive | ObjectFile, set[str]] = {}
    for one, names in wanted:
        asking.setdefault(one.archive or one, set()).update(names - names_of_releases(one, names, judged).keys())
    known = _glibc_symbols(other_libc, resolution.loaded[0].machine) if other_libc and asking else frozenset()
    for home, names in asking.items():
        foreign = sorted(names & known)
        if foreign:
            evidence = _capped([f"asks for {name}, which glibc defines and musl does not" for name in foreign])
            what = f"needs glibc, the link is for musl: {home.display}"
            fix = judged.rebuild(home.display) or "compile it for musl, as staticlink cc does"
            yield Fault("needs-glibc", what, evidence, fix)
        elif isinstance(home, Archive) and (metadata := _metadata(home, resolution)):
            evidence = (f"it holds {metadata}", *_capped([f"asks for {name}" for name in sorted(names)]))
            what = f"a library for rustc only, without what it depends on: {home.display}"
            yield Fault("rust-library", what, evidence, 'in Cargo.toml, under [lib]: crate-type = ["staticlib"]')


def _glibc_symbols(libc: Path, machine: str) -> frozenset[str]:
    one = read_input(libc, machine=machine)
    return frozenset(one.promises) if isinstance(one, Archive) and _GLIBC in one.promises else frozenset()


def _metadata(archive: Archive, resolution: Resolution) -> str | None:
    """Return what the metadata in an rlib says of its compiler; ``None`` for any other archive."""
    member = next((one for one in archive.table.members if one.name == rust_metadata.MEMBER), None)
    if member is None or archive.table.thin:
        return None
    data = next(one.data for one in resolution.loaded if one.archive is archive)
    return rust_metadata.describe_metadata(data, member.start)


def _capped(lines: list[str]) -> tuple[str, ...]:
    more = len(lines) - _SHOWN
    return (*lines[:_SHOWN], *([f"and {more} more"] if more > 0 else []))
