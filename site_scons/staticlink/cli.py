"""What can a person ask staticlink without SCons?

``staticlink verify EXECUTABLE`` reports what verification finds in a file, whoever linked it. Exit codes: 0 when
all holds, 1 with findings, 2 for wrong usage or a file that cannot be read.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from staticlink import __version__
from staticlink.elf.inspect import inspect_executable
from staticlink.errors import StaticlinkError
from staticlink.link.verify import verify_executable
from staticlink.report import text
from staticlink.report.steps import report_check
from staticlink.target import Target

if TYPE_CHECKING:
    from collections.abc import Sequence

#: The version of what ``--json`` prints; raised when a field changes its meaning.
SCHEMA = 1


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command ``arguments`` (default: the process's own) and return its exit code."""
    options = _parser().parse_args(arguments)
    try:
        return int(options.run(options))
    except StaticlinkError as error:
        sys.stderr.write(f"staticlink: {text.render_error(error)}\n")
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="staticlink", description="Link static executables, and prove that they are.")
    parser.add_argument("--version", action="version", version=f"staticlink {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    verify = commands.add_parser("verify", help="say whether a file is one sound static executable")
    verify.add_argument("executable", type=Path)
    verify.add_argument("--pie", action="store_true", help="it must be position-independent")
    verify.add_argument("--json", action="store_true", help="print the facts and findings as JSON")
    verify.set_defaults(run=_verify)
    return parser


def _verify(options: argparse.Namespace) -> int:
    facts = inspect_executable(options.executable)
    # Which libc it holds is not in question here; a target says only what the file must look like.
    target = Target(facts.machine, "glibc", static=True, pie=options.pie or facts.flags_1_pie)
    findings = verify_executable(facts, target)
    if options.json:
        document = {
            "schema": SCHEMA,
            "facts": {**asdict(facts), "path": str(facts.path)},
            "findings": [asdict(finding) for finding in findings],
        }
        sys.stdout.write(json.dumps(document, indent=1) + "\n")
    elif findings:
        for finding in findings:
            sys.stdout.write(f"{finding.level}: {finding.id}: {text.render_fault(finding.fault(options.executable))}\n")
    else:
        report_check(text.say, facts, findings, {})
    return 1 if any(finding.level == "error" for finding in findings) else 0


if __name__ == "__main__":
    sys.exit(main())
