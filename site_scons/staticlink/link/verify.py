"""Is the linked file one sound static executable?

Every question is asked of the file itself, never of the command that made it. What a finding means (``error``,
``warn``, ``allow``) is policy: ``policy/findings.toml``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from staticlink.link.finding import load_policy
from staticlink.link.resolution import RELAXED_AWAY

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from staticlink.elf.inspect import ExecutableFacts
    from staticlink.link.finding import Finding, Policy
    from staticlink.target import Target

#: The only relocations a static start-up applies (musl ``ldso/dlstart.c``; glibc ``csu/libc-start.c``), by suffix.
_SELF_APPLIED = ("_RELATIVE", "_IRELATIVE", "_IRELATIV", "_RELATIVE64", "_NONE")


def verify_executable(
    facts: ExecutableFacts, target: Target, policy: Policy | None = None, promised: Sequence[str] = ()
) -> tuple[Finding, ...]:
    """Return everything about ``facts`` that a static executable for ``target`` must not be, in a fixed order.

    ``policy`` gives each finding its level; without one, staticlink's own does. ``promised`` are features of the
    processor that all of its objects carry.
    """
    chosen = policy or load_policy()
    seen = (
        *_start(facts, target),
        *_static(facts),
        *_unwinding(facts),
        *_hardening(facts),
        *_position(facts, target),
        *_asked(facts, target, promised),
    )
    return tuple(chosen.finding(id_, evidence) for id_, evidence in seen)


def _start(facts: ExecutableFacts, target: Target) -> Iterator[tuple[str, Sequence[str]]]:
    if facts.machine != target.arch:
        yield "other-machine", (f"is for {facts.machine}, the target is {target.arch}",)
    if not facts.entry_in_code:
        yield "entry-outside-code", ("e_entry is in no PT_LOAD that is executable and in the file",)


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


def _asked(facts: ExecutableFacts, target: Target, promised: Sequence[str]) -> Iterator[tuple[str, Sequence[str]]]:
    """Yield what ``hardening=1`` asks for and every other executable may be without."""
    if not target.hardened:
        return
    if facts.relro and not facts.bind_now:
        yield "partial-relro", ("PT_GNU_RELRO without DF_BIND_NOW",)
    lost = [feature for feature in promised if feature not in facts.features]
    if lost:
        yield "property-lost", lost
