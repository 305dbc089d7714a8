"""Are link flags written for a compiler driver handed to the linker with their meaning kept?"""

from __future__ import annotations

import pytest
from staticlink.errors import StaticlinkError
from staticlink.link.flags import LinkFlags, read_link_flags
from staticlink.report.text import render_error


def test_driver_words_are_unpacked() -> None:
    assert read_link_flags(["-Wl,--gc-sections,--wrap=malloc", "-Xlinker", "-s"]).linker == (
        "--gc-sections",
        "--wrap=malloc",
        "-s",
    )


def test_flags_of_the_compiler_are_dropped() -> None:
    flags = ["-static", "-pthread", "-O2", "-g", "-flto=auto", "-march=native", "-Wall", "-static-pie", "-no-pie"]
    assert read_link_flags(flags) == LinkFlags()


def test_directories_and_libraries_are_sorted_out() -> None:
    found = read_link_flags(["-Lone", "-L", "two", "-lz", "-l", "m", "-l:libx.a"])
    assert found.directories == ("one", "two")
    assert found.libraries == ("z", "m", ":libx.a")
    assert found.linker == ()


def test_every_spelling_of_undefined_is_known_to_resolution() -> None:
    flags = ["-u", "a", "-ub", "-Wl,-u,c", "-Wl,--undefined=d", "-Wl,--undefined,e", "-Wl,--require-defined=f"]
    assert read_link_flags(flags).undefined == ("a", "b", "c", "d", "e", "f")


def test_a_flag_with_an_argument_keeps_it() -> None:
    assert read_link_flags(["-z", "now", "-T", "script.ld", "-e", "start"]).linker == (
        "-z",
        "now",
        "-T",
        "script.ld",
        "-e",
        "start",
    )


def test_contradictions_are_refused_together() -> None:
    with pytest.raises(StaticlinkError) as caught:
        read_link_flags(["-shared", "-fuse-ld=gold", "-nostdlib"])
    assert render_error(caught.value) == (
        "link flag contradicts staticlink: -shared\n"
        "  fix: static=0\n"
        "link flag contradicts staticlink: -fuse-ld=gold\n"
        "  fix: linker=gold\n"
        "link flag contradicts staticlink: -nostdlib"
    )
