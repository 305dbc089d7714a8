"""Is the linked file one sound static executable?

Every question is asked of the file itself, never of the command that made it. What a finding means (``error``,
``warn``,
``allow``) is policy: ``policy/findings.toml``.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import toml

from staticlink.errors import Fault
from staticlink.link.resolution import RELAXED_AWAY

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from staticlink.elf.inspect import ExecutableFacts
    from staticlink.target import Target

_POLICY = Path(__file__).parent.parent / "policy" / "findings.toml"
_SHOWN_EVIDENCE = 5
#: The only relocations a static start-up applies (musl ``ldso/dlstart.c``; glibc ``csu/libc-start.c``), by suffix.
_SELF_APPLIED = ("_RELATIVE", "_IRELATIVE", "_IRELATIV", "_RELATIVE64", "_NONE")


@dataclass(frozen=True, slots=True)
class Finding:
    """One fact that verification reports: its stable id, its level by policy, the sentence, and the evidence."""

    id: str
    level: str
    what: str
    evidence: tuple[str, ...]

    def fault(self, path: Path) -> Fault:
        """Return the finding as a fault of ``path``, with the first of its evidence and a count of the rest."""
        more = len(self.evidence) - _SHOWN_EVIDENCE
        counted = (f"and {more} more",) if more > 0 else ()
        return Fault(self.id, f"{self.what}: {path.name}", (*self.evidence[:_SHOWN_EVIDENCE], *counted))


def verify_executable(facts: ExecutableFacts, target: Target) -> tuple[Finding, ...]:
    """Return everything about ``facts`` that a static executable for ``target`` must not be, in a fixed order."""
    policy = {row["id"]: row for row in toml.loads(_POLICY.read_text(encoding="utf-8"))["finding"]}
    seen = (*_static(facts), *_unwinding(facts), *_hardening(facts), *_position(facts, target))
    return tuple(Finding(id_, policy[id_]["level"], policy[id_]["what"], tuple(evidence)) for id_, evidence in seen)


def _static(facts: ExecutableFacts) -> Iterator[tuple[str, Sequence[str]]]:
    if facts.interpreter is not None:
        yield "has-interpreter", (f"PT_INTERP: {facts.interpreter}",)
    if facts.needed:
        yield "needs-library", tuple(f"DT_NEEDED: {name}" for name in facts.needed)
    if facts.rpath:
        yield "has-run-path", tuple(facts.rpath)
    if facts.text_relocations:
        yield "text-relocation", ("DT_TEXTREL",)
    undefined = [name for name in facts.undefined if name not in RELAXED_AWAY]
    if undefined:
        yield "undefined-symbol", undefined
    foreign = [kind for kind in facts.dynamic_relocation_types if not kind.endswith(_SELF_APPLIED)]
    if foreign:
        yield "unexpected-relocation", foreign


def _unwinding(facts: ExecutableFacts) -> Iterator[tuple[str, Sequence[str]]]:
    header = facts.eh_frame_hdr
    if not facts.has_eh_frame:
        return
    if header is None or header.fde_count == 0:
        yield (
            "no-eh-frame-hdr",
            (".eh_frame without PT_GNU_EH_FRAME" if header is None else "PT_GNU_EH_FRAME with an empty table",),
        )
    elif not header.sorted:
        yield "unsorted-eh-frame-hdr", (f"{header.fde_count} entries",)


def _hardening(facts: ExecutableFacts) -> Iterator[tuple[str, Sequence[str]]]:
    if facts.stack_executable is None:
        yield "no-stack-note", ("no PT_GNU_STACK",)
    elif facts.stack_executable:
        yield "executable-stack", ("PT_GNU_STACK has PF_X",)
    if facts.rwx_segments:
        yield "writable-code", tuple(facts.rwx_segments)
    if not facts.relro:
        yield "no-relro", ("no PT_GNU_RELRO",)


def _position(facts: ExecutableFacts, target: Target) -> Iterator[tuple[str, Sequence[str]]]:
    independent = facts.elf_type == "DYN" and facts.flags_1_pie
    found = (f"e_type: ET_{facts.elf_type}", f"DF_1_PIE: {'yes' if facts.flags_1_pie else 'no'}")
    if target.pie and not independent:
        yield "not-static-pie", found
    elif not target.pie and facts.elf_type != "EXEC":
        yield "not-fixed-position", found
