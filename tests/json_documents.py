"""Is a document of ``--json`` what ``docs/command-line.md`` says it is?

The tables of the page are read, so neither it nor the command can change alone: a field that only one of them knows is
a difference.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

_PAGE = Path(__file__).parent.parent / "docs" / "command-line.md"
_FIELD = re.compile(r"`(\w+)`")
_OBJECT = re.compile(r"`\{([^}]*)\}`")
_TEXTS = ("linker", "symbol", "state", "output", "sha256")
_TABLES = ("facts", "plan")


def described() -> dict[str, dict[str, tuple[str, ...]]]:
    """Return command -> field -> the keys of each object in it; no keys where it holds no objects."""
    rows = _section("| command | further fields |")
    return {name.strip(" `"): dict(_fields(cell)) for name, cell in rows}


def described_findings() -> tuple[set[str], set[str]]:
    """Return the fields of an error, or of a finding of the link itself, and those of a finding of policy."""
    page = _PAGE.read_text(encoding="utf-8")
    tables = page.split("| field | |\n|---|---|\n")[1:]
    first, second = (table.split("\n\n")[0].splitlines() for table in tables)
    plain = {name for line in first for name in _FIELD.findall(line.split("|")[1])}
    policy = {name for line in second for name in _FIELD.findall(line.split("|")[1])}
    return plain, plain - {"fix", "see"} | policy


def _section(header: str) -> list[tuple[str, str]]:
    table = _PAGE.read_text(encoding="utf-8").partition(f"{header}\n|---|---|\n")[2].split("\n\n")[0]
    return [(row[1], "|".join(row[2:-1])) for row in (line.split("|") for line in table.splitlines())]


def _fields(cell: str) -> list[tuple[str, tuple[str, ...]]]:
    found = []
    for part in cell.split(";"):
        names, _, about = part.partition(":")
        inner = _OBJECT.search(about)
        keys = tuple(re.split(r", *", inner[1])) if inner else ()
        found += [(name, keys) for name in _FIELD.findall(names)]
    return found


def check_document(document: dict[str, Any]) -> None:
    """Fail unless ``document`` is one that the page describes."""
    rest = dict(document)
    command = rest.pop("command")
    assert rest.pop("schema") == 1
    if "errors" in rest:
        assert rest.keys() == {"errors"}
        assert rest["errors"]
        check_findings(rest["errors"], policy=False)
        return
    check_findings(rest.pop("findings"), policy=command in ("verify", "audit"), either=command == "plan")
    fields = described()[command]
    assert rest.keys() == fields.keys() or (command == "link" and not rest)
    for name, value in rest.items():
        kind = str if name in _TEXTS else dict if name in _TABLES else list
        assert isinstance(value, kind), name
        if kind is list:
            assert all(set(one) == set(fields[name]) if fields[name] else isinstance(one, str) for one in value), name


def check_findings(findings: list[dict[str, Any]], *, policy: bool, either: bool = False) -> None:
    """Fail unless each of ``findings`` has the fields that one of its kind has."""
    plain_fields, policy_fields = described_findings()
    for one in findings:
        is_policy = "level" in one if either else policy
        assert set(one) == (policy_fields if is_policy else plain_fields)
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", one["id"])
        assert isinstance(one["what"], str)
        assert all(isinstance(line, str) for line in one["evidence"])
        if is_policy:
            assert one["level"] in ("error", "warn", "allow")
            assert isinstance(one["subject"], str)
            assert one["why"]
        else:
            assert all(one[name] is None or isinstance(one[name], str) for name in ("fix", "see"))
