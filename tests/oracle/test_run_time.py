"""Does policy know every function of this machine's glibc that asks a name service or reads a locale?

The whole of libc.a is one graph of sections. Whatever in it can reach the place where glibc loads a module of its name
service is a function that glibc's archive warns about, or one that policy names, or one that is listed here with the
reason why it is neither.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from staticlink.elf.warnings import read_warnings
from staticlink.link.audits.run_time import load_rows
from staticlink.link.inputs import Archive, Group, Whole
from staticlink.link.options import Options
from staticlink.link.reach import SectionGraph
from staticlink.link.reading import read_input
from staticlink.link.resolve import resolve

#: Where glibc comes to a module of its name service, and to the file of a locale.
MODULES = ("__nss_module_load", "__nss_lookup_function", "__nss_module_get_function")
LOCALES = ("_nl_find_locale",)
#: Functions that share a section, or a table, with one that asks, and do not ask.
ASK_NOTHING = {
    **dict.fromkeys(
        ("freeaddrinfo", "gai_cancel", "gai_suspend", "wordfree", "rresvport", "rresvport_af"), "a section"
    ),
    **dict.fromkeys(("fork", "forkpty", "daemon"), "the lock on the modules, which a child must find open"),
    **dict.fromkeys(("catopen", "catclose", "catgets", "freelocale"), "a section"),
}
#: These look a user up for a word that begins with ~USER, and for nothing else: too rare for a warning.
ONLY_FOR_TILDES = {"glob", "glob64", "wordexp"}


def archive(name: str) -> Archive:
    done = subprocess.run(["gcc", f"-print-file-name={name}"], capture_output=True, text=True, check=True, timeout=30)
    found = read_input(Path(done.stdout.strip()))
    assert isinstance(found, Archive)
    return found


@pytest.fixture(scope="module")
def graph() -> SectionGraph:
    """All of libc.a as one link."""
    others = Group((archive("libgcc.a"), archive("libgcc_eh.a")))
    return SectionGraph(resolve([Whole(archive("libc.a")), others], options=Options(entry=None, allow_duplicates=True)))


def names_that_reach(graph: SectionGraph, symbols: tuple[str, ...]) -> set[str]:
    """Return the public functions from which some of ``symbols`` can be reached."""
    found: set[str] = set()
    waiting = [place for name in symbols if (place := graph.place_of(name)) is not None]
    seen = set(waiting)
    assert len(waiting) == len(symbols)
    for place in waiting:
        found.update(name for name in graph.names_in(place) if not name.startswith("_"))
        fresh = set(graph.needed_by(place)) - seen
        seen |= fresh
        waiting += fresh
    return found


def test_every_function_that_asks_a_name_service_is_warned_about_or_named(graph: SectionGraph) -> None:
    warned = {
        symbol
        for one in archive("libc.a").objects()
        for symbol, words in read_warnings(one.data, one.display, one.machine, one.start, one.size).items()
        if "requires at runtime the shared libraries" in words
    }
    named = {name for row in load_rows("glibc") if not row.warned for name in row.symbols}
    asking = names_that_reach(graph, MODULES)
    assert len(asking) > 80
    assert asking - warned - named - ASK_NOTHING.keys() == ONLY_FOR_TILDES
    assert names_that_reach(graph, LOCALES) - ASK_NOTHING.keys() == {"setlocale", "newlocale"}
    assert warned - asking == {"dlopen", "dlmopen"}


def test_every_function_that_glibc_warns_about_has_a_row_of_its_own() -> None:
    """The row for any other function repeats glibc's sentence; this glibc has none that needs it."""
    rows = [row for row in load_rows("glibc") if row.symbols != ("*",)]
    for one in archive("libc.a").objects():
        for symbol, words in read_warnings(one.data, one.display, one.machine, one.start, one.size).items():
            if "requires at runtime the shared libraries" in words:
                assert any(row.fits(symbol) and row.warned for row in rows), symbol
