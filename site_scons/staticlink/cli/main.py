"""What can a person, or another build system, ask staticlink without SCons?

Each command is one function; this page only names them and reads their options. Arguments of a linker stand behind
``--`` and are left as they are. Exit codes: 0 when all holds, 1 with findings, 2 for wrong usage or input that cannot
be read. The commands and their JSON documents are described in ``docs/command-line.md``.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from staticlink import __version__
from staticlink.cli import questions, verdict
from staticlink.cli.arguments import LINKERS
from staticlink.cli.output import TROUBLE, refuse
from staticlink.errors import StaticlinkError, fail
from staticlink.report import text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command ``arguments`` (default: the process's own) and return its exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if words[:1] in (["cc"], ["link"]) and words[1:] not in ([], ["-h"], ["--help"]):
        return _drive(words[0], words[1:])
    own, rest = (words[: words.index("--")], words[words.index("--") + 1 :]) if "--" in words else (words, None)
    parser = _parser()
    options = parser.parse_args(own)
    if rest is None and options.takes_arguments:
        parser.error(f"the linker's arguments are missing: staticlink {options.command} ... -- ARGS...")
    options.arguments = rest
    try:
        return int(options.run(options))
    except StaticlinkError as error:
        return refuse(options.command, error, as_json=options.json)
    except OSError as error:
        return _refuse_file(options.command, error, as_json=options.json)


def _refuse_file(command: str, error: OSError, *, as_json: bool) -> int:
    """Say which file stands in the way, and return the exit code."""
    if isinstance(error, BrokenPipeError):
        # Whoever read our answer has seen enough. What is left in the buffer must not fail once more at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return TROUBLE
    # Of two files, as of a renaming, the second is the one that stands under its own name.
    name = error.filename2 or error.filename or "a file"
    words = error.strerror or str(error)
    return refuse(command, fail("unusable-file", f"cannot use: {name}", evidence=(words,)), as_json=as_json)


def _drive(command: str, words: Sequence[str]) -> int:
    """Run a command whose words are a compiler driver's; only those few that are its own are taken out."""
    from staticlink.cli import build  # noqa: PLC0415  (questions need not load what builds)

    try:
        return build.cc(words) if command == "cc" else build.link(words)
    except StaticlinkError as error:
        return refuse(command, error, as_json="--json" in words)
    except OSError as error:
        return _refuse_file(command, error, as_json="--json" in words)


def _show_usage(options: argparse.Namespace) -> int:
    sys.stderr.write(f"staticlink: bad usage: no input files\n  fix: staticlink {options.command} --help\n")
    return TROUBLE


class _Parser(argparse.ArgumentParser):
    """A parser whose complaints have the shape of every other error."""

    def error(self, message: str) -> NoReturn:
        """Print ``message`` and where to read on, and end with exit code 2."""
        sys.stderr.write(f"staticlink: bad usage: {text.escape(message)}\n  fix: {self.prog} --help\n")
        raise SystemExit(TROUBLE)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="staticlink", description="Link static executables, and prove that they are.", allow_abbrev=False
    )
    parser.add_argument("--version", action="version", version=f"staticlink {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(
        name: str, run: Callable[[argparse.Namespace], int], words: str, usage: str, *, linker: bool = False
    ) -> argparse.ArgumentParser:
        added = commands.add_parser(
            name, help=words, description=words, usage=f"staticlink {name} {usage}", allow_abbrev=False
        )
        added.add_argument("--json", action="store_true", help="answer in JSON")
        added.set_defaults(run=run, takes_arguments=linker)
        return added

    linked = "[--linker=NAME] [--json] {} -- ARGS..."
    one = command("why-extract", questions.why_extract, "list every member the linker extracts, and why",
                  linked.replace(" {}", ""), linker=True)  # fmt: skip
    one.add_argument("--linker", choices=("bfd", "lld"), default="bfd", help="whose rules (default: bfd)")
    one = command("plan", questions.plan, "print an order of these inputs that every linker takes",
                  linked.replace("{}", "[--findings=RULE]"), linker=True)  # fmt: skip
    one.add_argument("--linker", choices=tuple(LINKERS), default="bfd", help="whose arguments (default: bfd)")
    _add_findings(one)
    one = command("why", questions.why, "say who wants a symbol, who defines it, and who won",
                  linked.format("SYMBOL"), linker=True)  # fmt: skip
    one.add_argument("symbol")
    one.add_argument("--linker", choices=tuple(LINKERS), default="bfd", help="whose rules (default: bfd)")
    command("link", _show_usage, "plan, link and verify one static executable",
            "[--libc=musl|glibc] [--pie] [--hardening] [--linker=NAME] [--unwinder=NAME] [--allocator=NAME] "
            "[--strings=libc|fast] [--probe=ARGS] [--static-nss=LEVEL] [--findings=RULES] [--sources=DIR] "
            "[--offline] [--json] -o OUT INPUT...")  # fmt: skip
    command("cc", _show_usage, "compile C for the libc that link links with",
            "[--libc=musl|glibc] [--pie] [--hardening] [--sources=DIR] [--offline] ARGS...")  # fmt: skip
    one = command("verify", verdict.verify, "say whether a file is one sound static executable",
                  "[--pie] [--hardening] [--findings=RULE] [--json] EXECUTABLE")  # fmt: skip
    one.add_argument("executable", type=Path)
    one.add_argument("--pie", action="store_true", help="it must be position-independent")
    one.add_argument("--hardening", action="store_true", help="it must be what hardening=1 makes")
    _add_findings(one)
    one = command("audit", verdict.audit, "say what would be wrong in a link of these archives",
                  "[--libc=musl|glibc] [--findings=RULE] [--json] ARCHIVE...")  # fmt: skip
    one.add_argument("--libc", choices=("musl", "glibc"), help="the libc that the link would be for")
    one.add_argument("archives", type=Path, nargs="+", metavar="ARCHIVE")
    _add_findings(one)
    return parser


def _add_findings(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--findings", action="append", default=[], metavar="RULE", help="a rule ID=LEVEL or ID:SYMBOL=LEVEL"
    )
