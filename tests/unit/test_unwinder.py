"""Is the unwinder chosen by what it needs, and the reason told?"""

from __future__ import annotations

from pathlib import Path

import pytest
from staticlink.errors import StaticlinkError
from staticlink.link.unwinder import Needs, Unwinder, choose_unwinder, unwinding_names
from staticlink.report.text import render_error

GCC = Path("libgcc_eh.a")
NONGNU = Path("libunwind.a")
BOTH = {"libgcc_eh": GCC, "libunwind": NONGNU}
WANTED = Needs({"_Unwind_Resume": ("main.o",)}, None)


def needs_dl_find_object(archive: Path) -> set[str]:
    return {"_dl_find_object"} if archive == GCC else set()


def test_musl_takes_libunwind_and_says_what_libgcc_eh_lacks() -> None:
    choice = choose_unwinder("auto", "musl", WANTED, BOTH, needs_dl_find_object)
    assert choice.value == Unwinder("libunwind", (NONGNU, GCC))
    assert choice.reason == "libgcc_eh needs _dl_find_object"
    assert choice.evidence == ("_Unwind_Resume wanted by main.o",)


def test_musl_prefers_libunwind_even_where_libgcc_eh_lacks_nothing() -> None:
    choice = choose_unwinder("auto", "musl", WANTED, BOTH, lambda _: set())
    assert choice.value.name == "libunwind"
    assert choice.reason == (
        "libgcc_eh refers to pthread functions weakly, which extracts nothing in a static link and crashes"
    )


def test_glibc_takes_the_compilers_own() -> None:
    choice = choose_unwinder("auto", "glibc", WANTED, {"libgcc_eh": GCC}, lambda _: set())
    assert choice.value == Unwinder("libgcc_eh", (GCC,))


def test_nothing_unwinds() -> None:
    choice = choose_unwinder("auto", "musl", Needs({}, None), BOTH, needs_dl_find_object)
    assert choice.value == Unwinder("none", ())
    assert choice.reason == "nothing unwinds"


def test_an_input_that_provides_the_unwinder_is_left_alone() -> None:
    choice = choose_unwinder("auto", "glibc", Needs({}, "libcrate.a(unwind.o)"), BOTH, lambda _: set())
    assert choice.value == Unwinder("input", (GCC,))
    assert choice.reason == "libcrate.a(unwind.o) already provides it"


def test_the_one_asked_for_must_work() -> None:
    with pytest.raises(StaticlinkError) as caught:
        choose_unwinder("libgcc_eh", "musl", WANTED, BOTH, needs_dl_find_object)
    assert render_error(caught.value) == (
        "libgcc_eh cannot work with musl\n"
        "  libgcc_eh needs _dl_find_object, which nothing defines\n"
        "  fix: unwinder=auto"
    )


def test_a_shim_makes_one_work_where_no_other_does() -> None:
    def shimmed() -> set[str]:
        return {"_dl_find_object", "open64"}

    asked = choose_unwinder("libgcc_eh", "musl", WANTED, BOTH, needs_dl_find_object, shimmed)
    assert asked.value == Unwinder("libgcc_eh", (GCC,))
    assert asked.reason == "unwinder=libgcc_eh; a shim defines _dl_find_object"
    alone = choose_unwinder("auto", "musl", WANTED, {"libgcc_eh": GCC}, needs_dl_find_object, shimmed)
    assert alone.value.name == "libgcc_eh"
    assert choose_unwinder("auto", "musl", WANTED, BOTH, needs_dl_find_object, shimmed).value.name == "libunwind"
    with pytest.raises(StaticlinkError):
        choose_unwinder("libgcc_eh", "musl", WANTED, BOTH, lambda _: {"other"}, shimmed)


def test_an_absent_candidate_is_named() -> None:
    with pytest.raises(StaticlinkError) as caught:
        choose_unwinder("libunwind", "glibc", WANTED, {"libgcc_eh": GCC}, lambda _: set())
    assert render_error(caught.value) == (
        "libunwind cannot work with glibc\n  libunwind is not among the inputs\n  fix: unwinder=auto"
    )


def test_the_family_is_recognised() -> None:
    undefined = {"_Unwind_Resume": ("a",), "malloc": ("a",), "__gcc_personality_v0": ("b",)}
    assert list(unwinding_names(undefined)) == ["_Unwind_Resume", "__gcc_personality_v0"]
