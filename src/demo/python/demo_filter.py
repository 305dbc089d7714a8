"""Which records does the user's filter keep?

A filter is an expression over the fields (``status >= 500 and path.startswith("/api")``), or a script that defines
``keep(row)``. A field whose text is a number, with or without a unit, is a number; every other field is text. A field
whose name is not an identifier is reached through ``row``: ``row["user agent"]``.
"""

from __future__ import annotations

import datetime
import math
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import _demo

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Select = Callable[[Sequence[str], Sequence[Sequence[str]]], bytes]


def from_expression(expression: str) -> Select:
    """Return the function that answers for a batch of records, from an expression."""
    code = compile(expression.strip(), "<filter>", "eval")
    known = {"datetime": datetime, "math": math, "re": re}

    def keep(row: dict[str, Any]) -> bool:
        return bool(eval(code, known, {**row, "row": row}))  # noqa: S307  (the user's own expression is the feature)

    return _for_batches(keep)


def from_script(path: str) -> Select:
    """Return the function that answers for a batch of records, from a script that defines ``keep(row)``."""
    namespace: dict[str, Any] = {"__name__": "filter"}
    exec(compile(Path(path).read_bytes(), path, "exec"), namespace)  # noqa: S102  (the user's own script)
    if not callable(namespace.get("keep")):
        raise SystemExit(f"demo: {path} defines no function keep(row)")
    return _for_batches(namespace["keep"])


def _for_batches(keep: Callable[[dict[str, Any]], object]) -> Select:
    def select(names: Sequence[str], rows: Sequence[Sequence[str]]) -> bytes:
        return bytes(bool(keep(dict(zip(names, map(_value, row), strict=True)))) for row in rows)

    return select


def _value(text: str) -> float | str:
    number = _demo.number(text)
    return text if number is None else number
