"""Which records does the user's filter keep?

A filter is an expression over the fields (``status >= 500 and path.startswith("/api")``), or a script that defines
``keep(row)``. A field whose text is a number, with or without a unit, is a number; every other field is text. A field
whose name is not an identifier is reached through ``row``: ``row["user agent"]``.
"""

from __future__ import annotations

import datetime
import math
import re
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import _demo

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import TracebackType

    #: Names of fields and a batch of records -> a byte a record, 1 to keep it; None when the filter failed.
    Select = Callable[[Sequence[str], Sequence[Sequence[str]]], bytes | None]


def from_expression(expression: str) -> Select | None:
    """Return the function that answers for a batch of records, from an expression."""
    known = {"datetime": datetime, "math": math, "re": re}
    teller = Teller("the expression")
    with teller:
        code = compile(expression.strip(), "<filter>", "eval")

        def keep(row: dict[str, Any]) -> bool:
            return bool(eval(code, known, {**row, "row": row}))  # noqa: S307  (the user's own expression is the feature)

        return _for_batches(keep, teller)
    return None


def from_script(path: str) -> Select | None:
    """Return the function that answers for a batch of records, from a script that defines ``keep(row)``."""
    namespace: dict[str, Any] = {"__name__": "filter"}
    teller = Teller(path)
    with teller:
        exec(compile(Path(path).read_bytes(), path, "exec"), namespace)  # noqa: S102  (the user's own script)
        if not callable(namespace.get("keep")):
            raise NameError("there is no function keep(row)")  # noqa: TRY004  (a name that is absent, as a rule)
        return _for_batches(namespace["keep"], teller)
    return None


class Teller:
    """Tells the filter's author in one line what went wrong, once however many threads meet it."""

    def __init__(self, place: str) -> None:
        """Name the filter ``place``."""
        self._place = place
        self._first = threading.Lock()

    def __enter__(self) -> None:
        """Begin a part of the filter's work."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        """Report an error, and say that it was reported."""
        if kind is not None and self._first.acquire(blocking=False):
            sys.stderr.write(f"demo: {self._place}: {kind.__name__}: {error}\n")
        return kind is not None


def _for_batches(keep: Callable[[dict[str, Any]], object], teller: Teller) -> Select:
    def select(names: Sequence[str], rows: Sequence[Sequence[str]]) -> bytes | None:
        with teller:
            return bytes(bool(keep(dict(zip(names, map(_value, row), strict=True)))) for row in rows)
        return None

    return select


def _value(text: str) -> float | str:
    number = _demo.number(text)
    return text if number is None else number
