"""What does ``NAME.linkplan.json`` record?

The link plan is written before the linker runs, so that a failed link leaves its explanation. It holds every
decision with its evidence, the exact command, the planned order, every member that is extracted and the reference
that extracts it, and what is missing or defined twice. Paths are as the build uses them, relative; nothing in it
depends on time, directory or user, so the same inputs give the same bytes.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from staticlink.report.libcs import libcs_document

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from staticlink.link.allocator import Allocator
    from staticlink.link.audits.foreign_libc import Judged
    from staticlink.link.finding import Finding
    from staticlink.link.linker import Linker
    from staticlink.link.order import LinkOrder
    from staticlink.link.shims import Shim
    from staticlink.link.unwinder import Unwinder
    from staticlink.model import Choice
    from staticlink.target import Target

#: Raised when a field changes its meaning; a new field does not raise it.
SCHEMA = 1


@dataclass(frozen=True, slots=True)
class LinkPlan:
    """One link as decided, before it is carried out."""

    target: Target
    allocator: Choice[Allocator]
    unwinder: Choice[Unwinder]
    linker: Choice[Linker]
    shims: Sequence[Shim]
    order: LinkOrder
    command: Sequence[str]
    findings: Sequence[Finding] = ()
    extracted: Sequence[str] = ()
    judged: Judged | None = None


def plan_path(output: Path) -> Path:
    """Return where the link plan of ``output`` is."""
    return output.with_name(f"{output.name}.linkplan.json")


def write_plan(plan: LinkPlan, output: Path) -> str:
    """Write ``plan`` beside ``output``, whole or not at all, and return where."""
    path = plan_path(output)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{path.name}.tmp.{os.getpid()}")
    try:
        temporary.write_text(json.dumps(_document(plan), indent=1, ensure_ascii=True) + "\n", encoding="utf-8")
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    return str(path)


def _document(plan: LinkPlan) -> dict[str, Any]:
    order, resolution = plan.order, plan.order.resolution
    return {
        "schema": SCHEMA,
        "target": plan.target.directory,
        "choices": {
            "allocator": _choice(plan.allocator.value.name, plan.allocator),
            "linker": _choice(plan.linker.value.name, plan.linker),
            "unwinder": _choice(plan.unwinder.value.name, plan.unwinder),
        },
        "shims": {shim.name: shim.kind for shim in sorted(plan.shims, key=lambda one: one.name)},
        "shim_symbols": {symbol: shim.name for shim in plan.shims for symbol in shim.symbols},
        "objects": [str(one.path) for one in order.objects],
        "order": [[str(path) for path in item] if isinstance(item, tuple) else str(item) for item in order.paths],
        "unused": [str(archive.path) for archive in order.unused],
        "kept": [{"symbol": one.symbol, "was": one.was, "now": one.now} for one in order.kept],
        "extractions": [
            {"reference": one.reference, "extracted": one.member, "symbol": one.symbol}
            for one in resolution.extractions
        ],
        "undefined": {symbol: list(referrers) for symbol, referrers in resolution.undefined.items()},
        "duplicates": {symbol: list(owners) for symbol, owners in resolution.duplicates.items()},
        "weak_unextracted": {symbol: list(owners) for symbol, owners in resolution.weak_unextracted.items()},
        "extracted_for_weak_references": list(plan.extracted),
        "libcs": libcs_document(plan.judged.verdicts) if plan.judged is not None else [],
        "findings": [_finding(one) for one in plan.findings],
        "command": list(plan.command),
    }


def _finding(one: Finding) -> dict[str, Any]:
    """Return a finding as the plan records it; ``why`` is the policy that gave its level."""
    row = {"id": one.id, "level": one.level, "what": one.what, "subject": one.subject}
    return {**row, "evidence": list(one.evidence), "why": one.why, "fix": one.fix}


def _choice(value: str, choice: Choice[Any]) -> dict[str, Any]:
    return {"value": value, "reason": choice.reason, "evidence": list(choice.evidence)}
