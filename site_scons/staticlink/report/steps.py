"""Which lines end a build, and what do they prove?

``LINK`` says what was linked with what and why, ``RUST`` which standard library a crate was built with and why,
``CHECK`` what verification showed, ``PROBE`` what the executable reported of itself. The last line is the
executable.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from staticlink.report.text import count, size

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from staticlink.elf.inspect import ExecutableFacts
    from staticlink.link.finding import Finding
    from staticlink.link.planned import Planned
    from staticlink.link.probe import ProbeResult
    from staticlink.link.shims import Shim
    from staticlink.model import Say

#: At most this many passed items are named on the ``PROBE`` line.
_SHOWN_ITEMS = 6
#: What the ``CHECK`` line claims, each with the findings that would deny it.
_CLAIMS = (
    (("no PT_INTERP", "has-interpreter"), ("no DT_NEEDED", "needs-library"), ("0 undefined", "undefined-symbol")),
    (("NX", "executable-stack", "no-stack-note"), ("RELRO", "no-relro"), ("no RWX", "writable-code")),
)


def report_link(say: Say, output: Path, planned: Planned) -> None:
    """Print the ``LINK`` line: how many archives and groups, and the choices with their reasons."""
    unwinder, linker, allocator = planned.unwinder, planned.linker, planned.allocator
    # The libc's own is what everybody expects, where there is nothing to say of it.
    expected = allocator.value == "libc" and not allocator.evidence
    served = "" if expected else f", allocator {allocator.value} ({allocator.reason})"
    say(
        "LINK",
        str(output),
        f"{count(planned.archives, 'archive')}, {count(planned.groups, 'group')}, "
        f"unwinder {unwinder.value} ({unwinder.reason}), linker {linker.value.name} ({linker.reason}){served}",
    )


def report_audit(say: Say, findings: Sequence[Finding], see: str) -> None:
    """Print a ``WARN`` line for each id of a warning, with the first of its subjects and where the evidence is."""
    warned: dict[tuple[str, str], list[str]] = {}
    for one in findings:
        if one.level == "warn":
            warned.setdefault((one.id, one.what), []).append(one.subject)
    for (id_, what), subjects in warned.items():
        more = len(subjects) - _SHOWN_ITEMS
        shown = ", ".join(subjects[:_SHOWN_ITEMS]) + (f" and {more} more" if more > 0 else "")
        say("WARN", id_, f"{what}: {shown}; see {see}")


def report_warnings(say: Say, linker: str, lines: Sequence[str]) -> None:
    """Print a ``WARN`` line for each of the first ``lines`` that a linker wrote although it linked."""
    more = len(lines) - _SHOWN_ITEMS
    for line in (*lines[:_SHOWN_ITEMS], *([f"{more} more lines"] if more > 0 else [])):
        say("WARN", linker, line)


def report_crates(say: Say, crates: Mapping[str, Mapping[str, Any]]) -> None:
    """Print a ``RUST`` line a crate: the road its standard library took, why, and the limits that come with it."""
    for name, facts in sorted(crates.items()):
        limits = "".join(f"; known limit: {limit}" for limit in facts.get("known_limits", []))
        # What the roads before this one lacked is the first evidence.
        because = "; ".join([facts["reason"], *facts["evidence"][:1]])
        say("RUST", name, f"std: {facts['road']} ({because}){limits}")


def report_check(
    say: Say, facts: ExecutableFacts, findings: Sequence[Finding], shims: Sequence[Shim], *, hardened: bool = False
) -> None:
    """Print the ``CHECK`` line: what verification showed, with every warning and every shim by name."""
    found = {finding.id for finding in findings}
    linked, kept = (", ".join(claim for claim, *ids in row if found.isdisjoint(ids)) for row in _CLAIMS)
    kept = ", ".join([kept.replace("RELRO", "full RELRO") if hardened else kept, *facts.features])
    kind = "static-pie" if facts.elf_type == "DYN" else "static"
    frames = f"{facts.eh_frame_hdr.fde_count} unwind entries; " if facts.eh_frame_hdr else ""
    names = f" ({', '.join(sorted(f'{shim.name}: {shim.kind}' for shim in shims))})" if shims else ""
    warnings = "".join(f"; warning: {finding.what}" for finding in findings if finding.level == "warn")
    say("CHECK", "", f"{kind}: {linked}; {frames}{kept}; {count(len(shims), 'shim')}{names}{warnings}")


def report_probe(say: Say, result: ProbeResult | None) -> None:
    """Print the ``PROBE`` line: what passed, where it ran, and every known limit with its reason."""
    if result is None:
        say("PROBE", "", "not asked for")
        return
    more = len(result.passed) - _SHOWN_ITEMS
    shown = ", ".join(result.passed[:_SHOWN_ITEMS]) + (f", {more} more" if more > 0 else "")
    passed = f"{shown}: all {len(result.passed)} ok" if result.passed else "exit code 0"
    limits = "".join(f"; known limit: {limit}" for limit in result.limits)
    say("PROBE", "", f"{passed}, alone ({result.isolation}){limits}")


def report_executable(say: Say, output: Path) -> None:
    """Print the last line: the executable's path, size and sha256."""
    with output.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    say(str(output), size(output.stat().st_size), f"sha256 {digest}")
