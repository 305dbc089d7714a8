"""Do facts read as they should on a terminal?"""

from __future__ import annotations

import pytest
from staticlink.errors import Fault, StaticlinkError
from staticlink.report import text


def test_a_fault_reads_as_phrase_evidence_fix() -> None:
    fault = Fault("x", "undefined symbol: f", ("referenced by a.o",), "unwinder=auto", "build/app.linkplan.json")
    assert text.render_fault(fault) == (
        "undefined symbol: f\n  referenced by a.o\n  fix: unwinder=auto\n  see: build/app.linkplan.json"
    )


def test_all_faults_are_rendered() -> None:
    assert text.render_error(StaticlinkError(Fault("x", "one"), Fault("x", "two"))) == "one\ntwo"


def test_a_name_cannot_command_the_terminal() -> None:
    assert text.render_fault(Fault("x", "undefined symbol: \x1b[31mred\n\u202e")) == (
        "undefined symbol: \\x1b[31mred\\n\\u202e"
    )


@pytest.mark.parametrize(
    ("names", "lines"),
    [
        (["a"], ("referenced by a",)),
        (["a", "b", "c"], ("referenced by a", "referenced by b", "referenced by c")),
        (["a", "b", "c", "d"], ("referenced by a", "referenced by b", "referenced by c", "referenced 1 more time")),
        (
            ["a", "b", "c", "d", "e"],
            ("referenced by a", "referenced by b", "referenced by c", "referenced 2 more times"),
        ),
    ],
)
def test_referrers_are_capped(names: list[str], lines: tuple[str, ...]) -> None:
    assert text.referrer_lines(names) == lines


@pytest.mark.parametrize(
    ("number", "words"), [(812, "812 B"), (1024, "1.0 KiB"), (98304, "96.0 KiB"), (8808038, "8.4 MiB")]
)
def test_sizes_are_readable(number: int, words: str) -> None:
    assert text.size(number) == words


def test_a_step_is_one_line() -> None:
    assert text.step("LINK", "build/app", "3 archives") == "LINK   build/app   3 archives"
    assert text.step("LINK", "build/app\n", "") == "LINK   build/app\\n"
