"""Is what policy says of functions that need more than an executable holds whole, and how is it told?"""

from __future__ import annotations

from pathlib import Path

import pytest
import toml
from staticlink.link.audits.run_time import Need, Needs, load_rows, need_lines, tell_needs
from staticlink.link.finding import load_policy

POLICY = Path(__file__).parents[2] / "site_scons/staticlink/policy/run_time"


@pytest.mark.parametrize("libc", ["glibc", "musl"])
def test_every_row_says_what_it_must_and_names_findings_that_there_are(libc: str) -> None:
    known = load_policy().rows
    for row in toml.loads((POLICY / f"{libc}.toml").read_text(encoding="utf-8"))["function"]:
        assert {"symbols", "finding", "unreached", "needs", "why"} <= row.keys()
        assert row.keys() <= {"symbols", "finding", "unreached", "needs", "why", "fix", "warned", "if_defined"}
        assert {row["finding"], row["unreached"]} <= known.keys()


def test_before_glibc_2_34_no_source_was_part_of_libc() -> None:
    old, new = load_rows("glibc", {"getaddrinfo"}), load_rows("glibc", {"getaddrinfo", "__nss_files_functions"})
    for name in ("getaddrinfo", "getpwnam", "getnameinfo"):
        assert "built" not in next(row.needs for row in reversed(old) if row.fits(name))
        assert "built" in next(row.needs for row in reversed(new) if row.fits(name))


def need(way: tuple[str, ...] | None, *referrers: str) -> Needs:
    row = next(row for row in load_rows("glibc") if row.fits("dlopen") and row.symbols != ("*",))
    return Needs((Need("dlopen", row, referrers, ("extracted libc.a(dlopen.o): main.o refers to dlopen",), way),))


def test_a_finding_names_three_referrers_and_the_ends_of_a_long_way() -> None:
    way = tuple(f"{name}.o:(.text)" for name in "abcdefgh")
    (found,) = tell_needs(need(way, "a.o", "b.o", "c.o", "d.o", "e.o"), load_policy())
    assert (found.id, found.level, found.subject) == ("needs-shared-objects", "warn", "dlopen")
    assert found.evidence[:-1] == (
        "referenced by a.o",
        "referenced by b.o",
        "referenced by c.o",
        "referenced by 2 more",
        "extracted libc.a(dlopen.o): main.o refers to dlopen",
        "reached by a.o:(.text), b.o:(.text), 3 more, f.o:(.text), g.o:(.text), h.o:(.text)",
    )


def test_a_function_that_is_not_reached_is_another_finding() -> None:
    (found,) = tell_needs(need(None, "a.o"), load_policy(["needs-shared-objects=error"]))
    assert (found.id, found.level) == ("needs-shared-objects-unreached", "allow")
    assert found.evidence[2] == "no entry point reaches a reference to it"


def test_an_answer_to_why_says_what_there_is_to_say_of_that_function_only() -> None:
    needs = need(("a.o:(.text)",), "a.o")
    assert need_lines(needs, "dlopen")[0] == "reached by a.o:(.text)"
    assert need_lines(needs, "dlclose") == ()
