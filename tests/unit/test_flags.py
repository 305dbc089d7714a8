"""Are link flags written for a compiler driver handed to the linker with their meaning kept?"""

from __future__ import annotations

import pytest
from staticlink.errors import StaticlinkError
from staticlink.link.flags import LinkFlags, read_link_flags
from staticlink.link.options import Assignment, Options
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
    found = read_link_flags(flags)
    assert (found.options.undefined, found.options.required) == (("a", "b", "c", "d", "e"), ("f",))
    assert found.linker[-2:] == ("-u", "f")


def test_options_of_resolution_are_values() -> None:
    words = "--defsym=a=b+0x10,--defsym,c=d,--wrap=f,--wrap,g,--entry=main2,-z,muldefs,--gc-sections"
    assert read_link_flags([f"-Wl,{words}"]).options == Options(
        entry="main2",
        defsym=(Assignment("a", "b+0x10"), Assignment("c", "d")),
        wrap=("f", "g"),
        allow_duplicates=True,
        gc_sections=True,
    )
    assert Assignment("a", "b+0x10").references == ("b",)


def test_whole_archive_covers_what_stands_under_it_and_nothing_else() -> None:
    flags = ["-Wl,--whole-archive", "-lone", "two.a", "-Wl,--no-whole-archive,-lthree", "four.o", "-Wl,--start-group"]
    found = read_link_flags(flags)
    assert (found.whole, found.libraries, found.files) == (("-lone", "two.a"), ("three",), ("four.o",))
    assert found.linker == ()


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


def test_what_an_assignment_refers_to_is_kept_from_the_garbage_collector() -> None:
    words = ("-Wl,--defsym=alias=name+8", "-Wl,--gc-sections")
    assert read_link_flags(words).linker == ("--defsym=alias=name+8", "--gc-sections", "--undefined=name")
    assert read_link_flags(words[:1]).linker == ("--defsym=alias=name+8",)
