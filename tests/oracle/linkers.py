"""What did a real linker do: which members did it extract and why, what did it miss, what did it find twice?

One function a linker family, each returning the same value from that linker's own map, listing and messages.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_MAP_BEGINS = "included to satisfy reference by file (symbol)\n\n"
_MAP_ROW = re.compile(r"^(\S+\.a\(\S+?\))\s+(?:(\S+) )?\((.*)\)$")
#: The options of lld that stand in for another linker's.
_LLD_SPELLS = {"--require-defined": "--undefined"}


@dataclass(frozen=True)
class Outcome:
    """What one run came to. ``rows`` are (reference, member, symbol) in the linker's order."""

    rows: tuple[tuple[str, str, str], ...]
    undefined: frozenset[str]
    duplicates: frozenset[str]
    messages: str
    required: frozenset[str] = frozenset()


def run(command: Sequence[str], directory: Path) -> str:
    """Run a linker and return its messages."""
    done = subprocess.run(command, cwd=directory, capture_output=True, timeout=60, check=False)
    return done.stderr.decode("utf-8", "replace")


def run_bfd(directory: Path, words: Sequence[str]) -> Outcome:
    """Link under GNU ld."""
    for name in ("map", "out"):
        (directory / name).unlink(missing_ok=True)
    messages = run(["ld.bfd", "-static", "-Map=map", "-o", "out", "--noinhibit-exec", *words], directory)
    text = (directory / "map").read_text() if (directory / "map").exists() else ""
    included = text.partition(_MAP_BEGINS)[2].partition("\n\n")[0] if _MAP_BEGINS in text else ""
    lines = re.sub(r"\n +", " ", included).splitlines()  # a long name has its reference on the next line
    lines = [line for line in lines if not line.startswith("Local IFUNC function")]
    found = [match.groups() for line in lines if (match := _MAP_ROW.match(line))]
    assert len(found) == len(lines), lines
    rows = tuple((reference or "", member, symbol) for member, reference, symbol in found)
    undefined = re.findall(r"undefined reference to `([^']+)'", messages)
    undefined += re.findall(r"undefined symbol `([^']+)' referenced in expression", messages)
    required = re.findall(r"required symbol `([^']+)' not defined", messages)
    undefined += re.findall(r"hidden symbol `([^']+)' isn't defined", messages)
    duplicates = re.findall(r"(?<!warning: )multiple definition of `([^']+)'", messages)
    return Outcome(rows, frozenset(undefined), frozenset(duplicates), messages, frozenset(required))


def run_lld(program: Sequence[str], directory: Path, words: Sequence[str]) -> Outcome:
    """Link under lld. It lists nothing when definitions clash, so what it extracts is read from a second run then."""
    known = spell_for_lld(words)
    command = [*program, "-m", "elf_x86_64", "-static", "-o", "out", "--why-extract=why", "-Map=map.lld"]
    command += ["--noinhibit-exec", "--error-limit=0", "--no-demangle"]
    listing = directory / "why"
    for name in ("why", "map.lld"):
        (directory / name).unlink(missing_ok=True)
    messages = run([*command, *known], directory)
    duplicates = re.findall(r"duplicate symbol: ([^\n]+)", messages)
    if duplicates or not listing.exists():
        messages = run([*command, "-z", "muldefs", *known], directory)
    rows = [line.split("\t") for line in listing.read_text().splitlines()[1:]] if listing.exists() else []
    undefined = re.findall(r"undefined (?:hidden )?symbol: ([^\n]+)", messages)
    undefined += re.findall(r"relocation refers to a symbol in a discarded section: ([^\n]+)", messages)
    undefined += re.findall(r"--defsym:1: symbol not found: ([^\n]+)", messages)
    return Outcome(tuple(map(tuple, rows)), frozenset(undefined), frozenset(duplicates), messages)  # type: ignore[arg-type]


def spell_for_lld(words: Sequence[str]) -> list[str]:
    """Return ``words`` with the options of GNU ld that lld does not know replaced."""
    parts = [word.partition("=") for word in words]
    return [_LLD_SPELLS.get(name, name) + equals + value for name, equals, value in parts]


def rust_lld() -> list[str]:
    """Return the command of the lld that ships with rustc."""
    rustc = shutil.which("rustc") or str(Path.home() / ".cargo/bin/rustc")
    done = subprocess.run([rustc, "--print", "sysroot"], capture_output=True, text=True, check=True, timeout=60)
    path = Path(done.stdout.strip()) / "lib/rustlib/x86_64-unknown-linux-gnu/bin/rust-lld"
    return [str(path), "-flavor", "gnu"]


def version(program: Sequence[str]) -> str:
    """Return the first line of what a linker calls itself."""
    done = subprocess.run([*program, "--version"], capture_output=True, text=True, check=True, timeout=60)
    return re.sub(r" \(.*", "", done.stdout.splitlines()[0])
