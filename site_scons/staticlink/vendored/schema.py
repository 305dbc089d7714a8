"""Does a table hold what it may hold, and if not, what is all that is wrong with it?

A schema maps each key to a :class:`Key`: a check that returns a complaint, or the schema of the table (or of the list
of tables) below it. Complaints name the place as the file does: ``source.archives[0].sha256``.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

Check = Callable[[Any], str | None]


@dataclass(frozen=True, slots=True)
class Key:
    """What a table may hold under one key: a value that ``check`` accepts, or tables of the schema ``below``."""

    check: Check
    required: bool = False
    below: Mapping[str, Key] | None = None


def check_table(table: Mapping[str, Any], schema: Mapping[str, Key], where: str = "") -> list[str]:
    """Return every complaint about ``table``: keys that are unknown, then, in the schema's order, missing or wrong."""
    faults = []
    for key in sorted(table.keys() - schema.keys()):
        close = difflib.get_close_matches(key, schema, n=1)
        faults.append(f"{where}{key}: unknown key" + (f", did you mean {close[0]}?" if close else ""))
    for key, rule in schema.items():
        if key not in table:
            if rule.required:
                faults.append(f"{where}{key}: missing")
            continue
        value = table[key]
        fault = rule.check(value)
        if fault is not None:
            faults.append(f"{where}{key}: {fault}")
        elif rule.below is not None and isinstance(value, list):
            for number, item in enumerate(value):
                faults += check_table(item, rule.below, f"{where}{key}[{number}].")
        elif rule.below is not None:
            faults += check_table(value, rule.below, f"{where}{key}.")
    return faults


def is_text(value: object) -> str | None:
    """Accept a text that is not empty."""
    return None if isinstance(value, str) and value else "not a text"


def is_flag(value: object) -> str | None:
    """Accept true and false."""
    return None if isinstance(value, bool) else "not true or false"


def is_word(value: object) -> str | None:
    """Accept a name that is safe as a file name and as an argument."""
    good = isinstance(value, str) and re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9.+_-]*", value)
    return None if good else f"not a plain name: {value}"


def is_path(value: object) -> str | None:
    """Accept a relative path, or pattern, that stays below where it starts."""
    if not isinstance(value, str) or not value or "\0" in value:
        return "not a path"
    pure = PurePosixPath(value)
    return f"leaves its directory: {value}" if pure.is_absolute() or ".." in pure.parts else None


def is_sha256(value: object) -> str | None:
    """Accept a sha256 as ``sha256sum`` prints it."""
    good = isinstance(value, str) and re.fullmatch(r"[0-9a-f]{64}", value)
    return None if good else f"not 64 lower-case hexadecimal digits: {value}"


def is_url(value: object) -> str | None:
    """Accept an https URL that carries no user name."""
    good = isinstance(value, str) and re.fullmatch(r"https://[^\s/@]+/\S*", value)
    return None if good else f"not an https URL without a user name: {value}"


def is_table(value: object) -> str | None:
    """Accept a table."""
    return None if isinstance(value, dict) else "not a table"


def is_table_of_texts(value: object) -> str | None:
    """Accept a table whose values are texts."""
    good = isinstance(value, dict) and all(isinstance(v, str) for v in value.values())
    return None if good else "not a table of texts"


def one_of(*allowed: str) -> Check:
    """Accept one of ``allowed``."""
    return lambda value: None if value in allowed else f"not one of {', '.join(allowed)}: {value}"


def list_of(check: Check) -> Check:
    """Accept a list, not empty, of what ``check`` accepts."""

    def every(value: object) -> str | None:
        if not isinstance(value, list) or not value:
            return "not a list, or empty"
        return next((fault for fault in map(check, value) if fault), None)

    return every


def set_of(check: Check) -> Check:
    """Accept a list, not empty, of what ``check`` accepts, in which nothing stands twice."""
    every = list_of(check)

    def once(value: Any) -> str | None:  # noqa: ANN401  (whatever the file holds)
        fault = every(value)
        if fault is not None:
            return fault
        again = next((item for place, item in enumerate(value) if item in value[:place]), None)
        return None if again is None else f"listed twice: {again}"

    return once
