"""What do linkers list for a command line, and what does ``staticlink why-extract``?

Rows are (reference, member, symbol). All work in the current directory, so that paths can be spelled as users do.
"""

from __future__ import annotations

import io
import re
import subprocess
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING

from staticlink.cli.main import main

if TYPE_CHECKING:
    from collections.abc import Sequence

    Rows = list[tuple[str, ...]]

_BEGINS = "included to satisfy reference by file (symbol)\n\n"
_ROW = re.compile(r"^(\S+)\s+(?:(\S+) )?\((\S+)\)$")
_NOT_A_ROW = "Local IFUNC function"


def list_by_us(linker: str, words: Sequence[str]) -> Rows:
    """Return the rows that the command prints, called within this process."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = main(["why-extract", f"--linker={linker}", "--", *words])
    assert code in (0, 1), err.getvalue()
    return read_rows(out.getvalue())


def read_rows(text: str) -> Rows:
    """Return the rows of a listing in lld's format."""
    lines = text.splitlines()
    assert lines[0] == "reference\textracted\tsymbol"
    return [tuple(line.split("\t")) for line in lines[1:]]


def list_by_bfd(words: Sequence[str]) -> Rows:
    """Return the rows of GNU ld's map; the executable is left at ``out``."""
    for name in ("map", "out"):
        Path(name).unlink(missing_ok=True)
    command = ["ld.bfd", "-Map=map", "-o", "out", "--noinhibit-exec", "--no-demangle", *words]
    subprocess.run(command, capture_output=True, timeout=120, check=False)
    text = Path("map").read_text(encoding="utf-8")
    included = text.partition(_BEGINS)[2].partition("\n\n")[0] if _BEGINS in text else ""
    lines = re.sub(r"\n +", " ", included).splitlines()  # a long name has its reference on the next line
    lines = [line for line in lines if not line.startswith(_NOT_A_ROW)]
    matches = [match for line in lines if (match := _ROW.match(line))]
    assert len(matches) == len(lines)
    return [(match[2] or "", match[1], match[3]) for match in matches]


def as_in_a_map(rows: Sequence[tuple[str, ...]]) -> Rows:
    """Return our rows as GNU ld's map has them: it does not say which option asked for a member."""
    return [("" if row[0].startswith("-") else row[0], row[1], row[2] or "--whole-archive") for row in rows]


def list_by_lld(lld: Sequence[str], words: Sequence[str]) -> Rows:
    """Return the rows that lld lists."""
    options = ["-o", "out", "--why-extract=why", "--noinhibit-exec", "-z", "muldefs", "--no-demangle"]
    Path("why").unlink(missing_ok=True)
    subprocess.run([*lld, *options, *words], capture_output=True, timeout=120, check=False)
    return read_rows(Path("why").read_text(encoding="utf-8"))
