"""Does policy give each finding the level it should have, and refuse what makes no sense?"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import toml
from staticlink.errors import StaticlinkError
from staticlink.link.finding import LEVELS, load_policy
from staticlink.report.text import render_error

TOP = Path(__file__).parents[2]


def refused(*rules: str) -> str:
    with pytest.raises(StaticlinkError) as caught:
        load_policy(rules)
    return render_error(caught.value)


def test_every_finding_is_explained_in_the_documentation_with_its_level() -> None:
    policy = load_policy()
    text = (TOP / "docs" / "findings.md").read_text(encoding="utf-8")
    told = dict(re.findall(r"^\| `([\w-]+)` \| (\w+) \|", text, re.MULTILINE))
    assert told == {id_: row["level"] for id_, row in policy.rows.items()}


def test_every_id_that_the_code_reports_has_a_row() -> None:
    source = "".join(path.read_text(encoding="utf-8") for path in (TOP / "site_scons/staticlink/link").rglob("*.py"))
    source += (TOP / "site_scons/staticlink/policy/run_time/glibc.toml").read_text(encoding="utf-8")
    source += (TOP / "site_scons/staticlink/policy/run_time/musl.toml").read_text(encoding="utf-8")
    for id_ in load_policy().rows:
        assert f'"{id_}"' in source or id_ == "two-unwinders", id_  # a family's id stands in the policy file


def test_a_rule_for_a_symbol_beats_the_row_of_the_id_and_the_last_rule_wins() -> None:
    policy = load_policy(["linker-dependent=error", "linker-dependent:cb*=allow", "linker-dependent:cbrt=warn"])
    levels = {name: policy.finding("linker-dependent", (), name).level for name in ("sin", "cbrtf", "cbrt")}
    assert levels == {"sin": "error", "cbrtf": "allow", "cbrt": "warn"}
    assert policy.finding("linker-dependent", (), "sin").why == "the project's own rule"


def test_a_rule_about_referrers_is_only_about_them() -> None:
    rule = load_policy().rule("weak-not-extracted", "pthread_once", "libgcc_eh.a")
    assert rule is not None
    assert rule.extract
    assert load_policy().rule("weak-not-extracted", "pthread_once", "libuser.a") is None


def test_arithmetic_of_the_compiler_and_exact_functions_are_allowed_to_differ() -> None:
    policy = load_policy()
    for name in ("__udivti3", "__popcountdi2", "__addtf3", "__truncsfhf2", "__floatuntidf", "floor", "sqrtf"):
        assert policy.finding("weak-beats-strong", (), name).level == "allow", name
    for name in ("fma", "cbrt", "memcpy", "__init_tp", "__my_hook"):
        assert policy.finding("weak-beats-strong", (), name).level == "warn", name


def test_a_rule_that_says_nothing_sensible_is_refused() -> None:
    assert refused("two-alocators=warn", "two-allocators=wran", "duplicate-definition:f=no") == (
        "no such finding: two-alocators\n"
        "  fix: findings=two-allocators=warn\n"
        "invalid rule for findings: two-allocators=wran\n"
        "  a rule is ID=LEVEL or ID:SYMBOL=LEVEL\n"
        "  levels: error, warn, allow\n"
        "invalid rule for findings: duplicate-definition:f=no\n"
        "  a rule is ID=LEVEL or ID:SYMBOL=LEVEL\n"
        "  levels: error, warn, allow"
    )


def test_all_faults_of_a_policy_file_are_told_at_once(tmp_path: Path) -> None:
    row = {"id": "a", "level": "loud", "what": "w"}
    rule = {"ids": ["b"], "symbols": "f", "level": "warn", "why": "w", "when": 1}
    path = tmp_path / "findings.toml"
    path.write_text(toml.dumps({"finding": [row, row], "rule": [rule], "family": [{"id": "c", "why": "w"}]}))
    with pytest.raises(StaticlinkError) as caught:
        load_policy(path=path)
    assert render_error(caught.value).splitlines() == [
        *["finding a: why is missing", "finding a: level is none of error, warn, allow"] * 2,
        "rule b: unknown key when",
        "rule b: symbols has the wrong type",
        "rule b: unknown id b",
        "family c: symbols is missing",
        "family c: unknown id",
        "finding a: listed twice",
    ]
    path.write_text("[[finding]\n")
    with pytest.raises(StaticlinkError, match=r"policy file cannot be read: findings\.toml"):
        load_policy(path=path)


def test_the_levels_are_sorted_from_worst_to_mildest() -> None:
    assert LEVELS == ("error", "warn", "allow")


def test_a_finding_shows_five_lines_of_evidence_and_counts_the_rest() -> None:
    found = load_policy().finding("duplicate-definition", (f"defined in {n}.o" for n in range(7)), "f")
    fault = found.fault(Path("app"))
    assert (fault.id, fault.what) == ("duplicate-definition", "duplicate definition: f")
    assert fault.evidence == (*(f"defined in {n}.o" for n in range(5)), "and 2 more")
