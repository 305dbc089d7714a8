"""Is this file sound: an executable as a static one, archives as inputs of a link? ``verify`` and ``audit``."""

from __future__ import annotations

import platform
import sys
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING

from staticlink.cli.output import FINDINGS, GOOD, finding_lines, write_document
from staticlink.elf.inspect import inspect_executable
from staticlink.elf.machine import machine_of
from staticlink.libc.abi import load_interfaces, measured_machines
from staticlink.link.audit import audit_members, read_archives
from staticlink.link.audits.foreign_libc import judge_archives
from staticlink.link.finding import load_policy
from staticlink.link.verify import verify_executable
from staticlink.report import text
from staticlink.report.libcs import libcs_document, libcs_lines
from staticlink.report.steps import report_check
from staticlink.target import Target
from staticlink.vendored.makers import offer_rebuild

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence
    from pathlib import Path

    from staticlink.link.finding import Finding


def verify(options: argparse.Namespace) -> int:
    """Ask of any executable what a build asks of its own."""
    facts = inspect_executable(options.executable)
    # Which libc it holds is not in question here; a target says only what the file must look like.
    pie = options.pie or options.hardening or facts.flags_1_pie
    target = Target(facts.machine, "glibc", static=True, pie=pie, hardened=options.hardening)
    findings = verify_executable(facts, target, load_policy(options.findings))
    if options.json:
        fields = {
            "facts": {**asdict(facts), "path": str(facts.path)},
            "findings": [asdict(finding) for finding in findings],
        }
        write_document("verify", fields)
    elif any(one.level != "allow" for one in findings):
        sys.stdout.writelines(f"{line}\n" for line in finding_lines(findings, options.executable))
    else:
        report_check(text.say, facts, findings, (), hardened=options.hardening)
    return _code(findings)


def audit(options: argparse.Namespace) -> int:
    """Say what would be wrong, or surprising, in a link of these archives."""
    machine = _machine(options.archives)
    archives = read_archives(options.archives, machine)
    rebuild = partial(offer_rebuild, libc=options.libc or "musl")
    judged = judge_archives(archives, options.libc or "musl", partial(load_interfaces, machine), rebuild)
    findings = audit_members(archives, load_policy(options.findings), judged if options.libc else None)
    if options.json:
        fields = {
            "archives": [str(path) for path in options.archives],
            "libcs": libcs_document(judged.verdicts),
            "findings": [asdict(finding) for finding in findings],
        }
        write_document("audit", fields)
    else:
        sys.stdout.writelines(f"{text.escape(line)}\n" for line in libcs_lines(judged.verdicts, options.libc))
        told = [one for one in findings if one.level != "allow"]
        sys.stdout.writelines(f"{line}\n" for line in finding_lines(told))
        found = f"{text.count(len(told), 'finding')}, {len(findings) - len(told)} allowed"
        sys.stdout.write(f"AUDIT  {text.count(len(options.archives), 'archive')}: {found}\n")
    return _code(findings)


def _machine(archives: Sequence[Path]) -> str:
    """Return the machine of the first archive that is for a measured one, otherwise this machine.

    One that is for neither is refused as it is read: nothing could be said of what it calls.
    """
    measured = measured_machines()
    return next((one for one in map(machine_of, archives) if one in measured), platform.machine())


def _code(findings: Sequence[Finding]) -> int:
    return FINDINGS if any(finding.level == "error" for finding in findings) else GOOD
