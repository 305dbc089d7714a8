"""A copy of this project's own sources, to build and to edit."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

TOP = Path(__file__).parent.parent
_COPIED = ("src", "vendor", "site_scons")
_LEFT_OUT = shutil.ignore_patterns("target", "__pycache__", "*.egg-info")


@dataclass(frozen=True, slots=True)
class Checkout:
    """A directory in which the project's own ``SConstruct`` is run by the interpreter that runs the tests."""

    place: Path

    @classmethod
    def make(cls, place: Path) -> Checkout:
        """Copy what a build reads to ``place``."""
        place.mkdir(parents=True)
        for name in _COPIED:
            shutil.copytree(TOP / name, place / name, ignore=_LEFT_OUT)
        shutil.copy(TOP / "SConstruct", place)
        return cls(place)

    def scons(self, *arguments: str, environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        """Run SCons without its own chatter and return what it printed and how it ended."""
        command = [sys.executable, "-m", "SCons", "-Q", *arguments]
        return subprocess.run(
            command,
            cwd=self.place,
            env={**os.environ, **(environment or {})},
            capture_output=True,
            text=True,
            check=False,
            timeout=1500,
        )

    def build(self, *arguments: str) -> str:
        """Run SCons; return what it printed when it succeeded."""
        done = self.scons(*arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def edit(self, name: str, old: str, new: str) -> None:
        """Replace the one ``old`` in a file by ``new``."""
        path = self.place / name
        text = path.read_text(encoding="utf-8")
        assert text.count(old) >= 1, f"{old!r} is not in {name}"
        path.write_text(text.replace(old, new, 1), encoding="utf-8")

    def append(self, name: str, text: str) -> None:
        """Add ``text`` to the end of a file."""
        path = self.place / name
        path.write_text(path.read_text(encoding="utf-8") + text, encoding="utf-8")


def steps(output: str) -> list[str]:
    """Return the steps of a build that were run, as ``VERB file``, without those that only report."""
    reports = {"RUST", "CHECK", "PROBE", "WARN", "FETCH", "REUSE", "WAIT"}
    words = [line.split() for line in output.splitlines() if line.split()[:1]]
    verbs = [row for row in words if row[0].isupper() and row[0].isalpha() and row[0] not in reports]
    return sorted({f"{row[0]} {Path(row[1]).name}" for row in verbs})
