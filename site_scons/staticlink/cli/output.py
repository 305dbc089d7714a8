"""How does a command answer: lines or JSON, and which exit code?

Every JSON document begins with ``schema`` and ``command`` and ends with ``findings``, as ``docs/command-line.md`` says.
Lines of an answer go to standard output, findings and errors to standard error, so that an answer can be piped.
Exit codes: 0 when all holds, 1 with findings, 2 for wrong usage or input that cannot be read.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from staticlink.report import text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from typing import TextIO

    from staticlink.errors import Fault, StaticlinkError
    from staticlink.link.finding import Finding
    from staticlink.model import Say

#: The version of what ``--json`` prints; raised when a field changes its meaning.
SCHEMA = 1
GOOD, FINDINGS, TROUBLE = 0, 1, 2


def answer(
    command: str,
    *,
    as_json: bool,
    lines: Iterable[str],
    fields: Mapping[str, Any],
    findings: Sequence[Fault] = (),
    audited: Sequence[Finding] = (),
) -> int:
    """Print one command's answer and return its exit code. Of what was ``audited``, policy says what is an error."""
    if as_json:
        write_document(command, {**fields, "findings": [*map(asdict, findings), *map(asdict, audited)]})
    else:
        sys.stdout.writelines(f"{line}\n" for line in lines)
        sys.stdout.flush()
        sys.stderr.writelines(f"staticlink: {text.render_fault(fault)}\n" for fault in findings)
        sys.stderr.writelines(f"staticlink: {line}\n" for line in finding_lines(audited))
    return FINDINGS if findings or any(one.level == "error" for one in audited) else GOOD


def finding_lines(findings: Iterable[Finding], path: Path = Path()) -> Iterator[str]:
    """Yield the words of each finding that is not allowed; ``path`` names an executable that has no other name."""
    for one in findings:
        if one.level != "allow":
            yield f"{one.level}: {one.id}: {text.render_fault(one.fault(path))}"


def refuse(command: str, error: StaticlinkError, *, as_json: bool, code: int = TROUBLE) -> int:
    """Print why a command has no answer; under ``--json`` as a document as well. Returns ``code``."""
    sys.stderr.write(f"staticlink: {text.render_error(error)}\n")
    if as_json:
        key = "findings" if code == FINDINGS else "errors"
        write_document(command, {key: [asdict(fault) for fault in error.faults]})
    return code


def say_on(stream: TextIO) -> Say:
    """Return what prints the line of one step on ``stream``."""

    def say(verb: str, subject: str, detail: str) -> None:
        stream.write(text.step(verb, subject, detail) + "\n")
        stream.flush()

    return say


def write_document(command: str, fields: Mapping[str, Any]) -> None:
    """Print a JSON document of ``command``."""
    document = {"schema": SCHEMA, "command": command, **fields}
    sys.stdout.write(json.dumps(document, indent=1, ensure_ascii=True) + "\n")
