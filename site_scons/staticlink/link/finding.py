"""What is a finding, and what does it mean for the build?

A finding is one fact about a link or an executable, with a stable id. Its level is policy: ``error`` stops the build,
``warn`` prints a line, ``allow`` is recorded in the link plan and says nothing. ``policy/findings.toml`` holds a row
for each id and then rules for single symbols; a project adds rules of its own, ``ID=LEVEL`` or ``ID:SYMBOL=LEVEL``.
The last rule that fits decides.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any

import toml

from staticlink.errors import Fault, StaticlinkError, fail

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_POLICY = Path(__file__).parent.parent / "policy" / "findings.toml"
LEVELS = ("error", "warn", "allow")
_SHOWN_EVIDENCE = 5
_FINDING_KEYS = {"id": str, "level": str, "what": str, "why": str}
_RULE_KEYS = {"ids": list, "symbols": list, "level": str, "why": str}
_FAMILY_KEYS = {"id": str, "symbols": list, "why": str}
_OPTIONAL_KEYS = {"referrers": list, "extract": bool}


@dataclass(frozen=True, slots=True)
class Finding:
    """One fact: its stable id, its level by policy, the phrase, the evidence, and the subject of the phrase.

    ``subject`` is a symbol, a member or an archive; it is empty when the whole executable is meant. ``why`` is the
    sentence of policy that gave the level. ``fix`` is what to do, where that is known.
    """

    id: str
    level: str
    what: str
    evidence: tuple[str, ...]
    subject: str = ""
    why: str = ""
    fix: str | None = None

    def fault(self, path: Path) -> Fault:
        """Return the finding as a fault, with the first of its evidence and a count of the rest.

        ``path`` names the executable when the finding has no subject of its own.
        """
        more = len(self.evidence) - _SHOWN_EVIDENCE
        counted = (f"and {more} more",) if more > 0 else ()
        subject = self.subject or path.name
        return Fault(self.id, f"{self.what}: {subject}", (*self.evidence[:_SHOWN_EVIDENCE], *counted), self.fix)


@dataclass(frozen=True, slots=True)
class Rule:
    """The level of some findings: those with one of ``ids`` whose subject fits one of the patterns ``symbols``.

    ``referrers`` are patterns for the archive or object that refers, where a finding has one. ``extract`` lets
    staticlink extract the member that a weak reference left alone.
    """

    ids: tuple[str, ...]
    level: str
    symbols: tuple[str, ...] = ("*",)
    referrers: tuple[str, ...] = ("*",)
    extract: bool = False
    why: str = "the project's own rule"

    def fits(self, id_: str, subject: str, referrer: str) -> bool:
        """Say whether this rule is about such a finding."""
        return id_ in self.ids and _fits(subject, self.symbols) and _fits(referrer, self.referrers)


@dataclass(frozen=True, slots=True)
class Family:
    """Symbols that share state, so that one component must define them all; ``id`` is the finding when it does not."""

    id: str
    symbols: tuple[str, ...]
    why: str


@dataclass(frozen=True, slots=True)
class Policy:
    """What every finding means: ``rows`` maps an id to its row of ``policy/findings.toml``; the last rule wins."""

    rows: Mapping[str, Mapping[str, str]]
    rules: tuple[Rule, ...] = ()
    families: tuple[Family, ...] = ()

    def finding(
        self, id_: str, evidence: Iterable[str], subject: str = "", referrer: str = "", fix: str | None = None
    ) -> Finding:
        """Return the finding ``id_`` about ``subject`` with the level that policy gives it."""
        row, rule = self.rows[id_], self.rule(id_, subject, referrer)
        level, why = (rule.level, rule.why) if rule else (row["level"], row["why"])
        return Finding(id_, level, row["what"], tuple(evidence), subject, why, fix)

    def rule(self, id_: str, subject: str, referrer: str = "") -> Rule | None:
        """Return the rule that decides such a finding, if one does."""
        return next((rule for rule in reversed(self.rules) if rule.fits(id_, subject, referrer)), None)


def load_policy(project: Sequence[str] = (), path: Path = _POLICY) -> Policy:
    """Return the policy of ``path`` with the rules of a project, each ``ID=LEVEL`` or ``ID:SYMBOL=LEVEL``, on top.

    Raises :class:`StaticlinkError` naming every row and rule that says nothing sensible.
    """
    try:
        document = toml.loads(path.read_text(encoding="utf-8"))
    except toml.TomlDecodeError as error:
        raise fail("bad-policy", f"policy file cannot be read: {path.name}", evidence=(str(error),)) from None
    findings, rules, families = (document.get(kind, []) for kind in ("finding", "rule", "family"))
    known = [row.get("id", "") for row in findings]
    faults = [fault for row in findings for fault in _faults(row, f"finding {row.get('id', '?')}", _FINDING_KEYS, {})]
    for row in rules:
        name = f"rule {', '.join(row.get('ids', ['?']))}"
        faults += _faults(row, name, _RULE_KEYS, _OPTIONAL_KEYS)
        faults += [f"{name}: unknown id {id_}" for id_ in row.get("ids", []) if id_ not in known]
    for row in families:
        name = f"family {row.get('id', '?')}"
        faults += _faults(row, name, _FAMILY_KEYS, {})
        faults += [f"{name}: unknown id"] if row.get("id") not in known else []
    faults += [f"finding {id_}: listed twice" for id_ in sorted({id_ for id_ in known if known.count(id_) > 1})]
    if faults:
        raise StaticlinkError(*(Fault("bad-policy", fault) for fault in faults))
    return Policy(
        {row["id"]: row for row in findings},
        (*map(_rule, rules), *_read_rules(project, known)),
        tuple(Family(row["id"], tuple(row["symbols"]), row["why"]) for row in families),
    )


def static_nss_rules(level: str) -> tuple[str, ...]:
    """Return the rules that the option ``static_nss`` stands for; ``auto`` leaves the level to policy."""
    return () if level == "auto" else (f"needs-shared-objects={level}",)


def _rule(row: Mapping[str, Any]) -> Rule:
    symbols, referrers = tuple(row["symbols"]), tuple(row.get("referrers", ["*"]))
    return Rule(tuple(row["ids"]), row["level"], symbols, referrers, extract=row.get("extract", False), why=row["why"])


def _read_rules(words: Sequence[str], known: Sequence[str]) -> tuple[Rule, ...]:
    rules: list[Rule] = []
    faults: list[Fault] = []
    for word in words:
        left, _, level = word.partition("=")
        id_, colon, symbol = left.partition(":")
        if level not in LEVELS:
            evidence = ("a rule is ID=LEVEL or ID:SYMBOL=LEVEL", f"levels: {', '.join(LEVELS)}")
            faults.append(Fault("bad-rule", f"invalid rule for findings: {word}", evidence))
        elif id_ not in known:
            close = difflib.get_close_matches(id_, known, n=1)
            fix = f"findings={close[0]}{colon}{symbol}={level}" if close else None
            faults.append(Fault("bad-rule", f"no such finding: {id_}", fix=fix))
        else:
            rules.append(Rule((id_,), level, (symbol or "*",)))
    if faults:
        raise StaticlinkError(*faults)
    return tuple(rules)


def _fits(text: str, patterns: Iterable[str]) -> bool:
    return any(pattern in ("*", text) or fnmatchcase(text, pattern) for pattern in patterns)


def _faults(
    row: Mapping[str, object], name: str, required: Mapping[str, type], optional: Mapping[str, type]
) -> list[str]:
    kinds = {**required, **optional}
    faults = [f"{name}: {key} is missing" for key in required if key not in row]
    faults += [f"{name}: unknown key {key}" for key in sorted(row) if key not in kinds]
    faults += [
        f"{name}: {key} has the wrong type" for key in kinds if key in row and not isinstance(row[key], kinds[key])
    ]
    if row.get("level", "error") not in LEVELS:
        faults.append(f"{name}: level is none of {', '.join(LEVELS)}")
    return faults
