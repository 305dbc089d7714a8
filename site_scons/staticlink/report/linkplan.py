"""What does ``NAME.linkplan.json`` record?

The link plan is written before the linker runs, so that a failed link leaves its explanation. It holds every decision with
its evidence, the exact command, the planned order, every member that is extracted and the reference that extracts it, and
what is missing or defined twice. Paths are as the build uses them, relative; nothing in it depends on time, directory or
user, so the same inputs give the same bytes.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from staticlink.model import Choice

#: Raised when a field changes its meaning; a new field does not raise it.
SCHEMA = 1


@dataclass(frozen=True, slots=True)
class LinkPlan:
    """One link as decided, before it is carried out."""

    target: str
    choices: Mapping[str, tuple[str, Choice[Any]]]
    shims: Mapping[str, str]
    order: Sequence[Path | tuple[Path, ...]]
    extractions: Sequence[tuple[str, str, str]]
    undefined: Mapping[str, Sequence[str]]
    duplicates: Mapping[str, Sequence[str]]
    command: Sequence[str]


def write_plan(plan: LinkPlan, path: Path) -> None:
    """Write ``plan`` to ``path``, whole or not at all."""
    document = {
        "schema": SCHEMA,
        "target": plan.target,
        "choices": {
            name: {"value": value, "reason": choice.reason, "evidence": list(choice.evidence)}
            for name, (value, choice) in sorted(plan.choices.items())
        },
        "shims": dict(sorted(plan.shims.items())),
        "order": [[str(p) for p in item] if isinstance(item, tuple) else str(item) for item in plan.order],
        "extractions": [
            {"reference": reference, "extracted": member, "symbol": symbol}
            for reference, member, symbol in plan.extractions
        ],
        "undefined": {symbol: list(referrers) for symbol, referrers in sorted(plan.undefined.items())},
        "duplicates": {symbol: list(owners) for symbol, owners in sorted(plan.duplicates.items())},
        "command": list(plan.command),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{path.name}.tmp.{os.getpid()}")
    try:
        temporary.write_text(json.dumps(document, indent=1, ensure_ascii=True) + "\n", encoding="utf-8")
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
