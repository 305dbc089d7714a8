"""Is this file sound: an executable as a static one, archives as inputs of a link? ``verify`` and ``audit``."""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import TYPE_CHECKING

from staticlink.cli.output import FINDINGS, GOOD, write_document
from staticlink.elf.inspect import inspect_executable
from staticlink.link.verify import verify_executable
from staticlink.report import text
from staticlink.report.steps import report_check
from staticlink.target import Target

if TYPE_CHECKING:
    import argparse


def verify(options: argparse.Namespace) -> int:
    """Ask of any executable what a build asks of its own."""
    facts = inspect_executable(options.executable)
    # Which libc it holds is not in question here; a target says only what the file must look like.
    target = Target(facts.machine, "glibc", static=True, pie=options.pie or facts.flags_1_pie)
    findings = verify_executable(facts, target)
    if options.json:
        fields = {
            "facts": {**asdict(facts), "path": str(facts.path)},
            "findings": [asdict(finding) for finding in findings],
        }
        write_document("verify", fields)
    elif findings:
        for finding in findings:
            sys.stdout.write(f"{finding.level}: {finding.id}: {text.render_fault(finding.fault(options.executable))}\n")
    else:
        report_check(text.say, facts, findings, {})
    return FINDINGS if any(finding.level == "error" for finding in findings) else GOOD
