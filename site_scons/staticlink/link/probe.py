"""Does the executable run where nothing else exists?

It is copied alone into an empty directory and run there with an empty environment: under ``chroot`` for root, in a user
namespace where the kernel allows one, otherwise with the empty directory as its working directory. What was possible is
part of the result.

A program that knows the protocol prints ``ok NAME``, ``FAIL NAME: why`` or ``limit NAME: why`` a line; any program
that exits with 0 passes.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from staticlink.errors import fail

if TYPE_CHECKING:
    from collections.abc import Sequence

#: A probe is a self-test, not a workload.
TIMEOUT = 120  # seconds
_PLACES = "/usr/sbin:/usr/bin:/sbin:/bin"
_SHOWN_LINES = 12


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """What the executable printed about itself. ``limits`` are known limits with their reasons, one line each."""

    isolation: str
    passed: tuple[str, ...]
    limits: tuple[str, ...]


def probe_executable(path: Path, arguments: Sequence[str], see: str | None = None) -> ProbeResult:
    """Run a copy of ``path`` alone with ``arguments`` and return what it reported; ``see`` is named when it fails.

    Raises :class:`StaticlinkError` when it reports ``FAIL``, exits with another code than 0, or does not end in time.
    """
    with tempfile.TemporaryDirectory(prefix="staticlink-probe-") as directory:
        shutil.copy(path, Path(directory, "program"))
        isolation, command = _isolated(directory)
        try:
            done = subprocess.run(
                [*command, *arguments],
                cwd=directory,
                env={"STATICLINK_PROBE": "1"},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                check=False,
                timeout=TIMEOUT,
            )
        except subprocess.TimeoutExpired:
            raise _failure(path, arguments, isolation, see, (f"no end within {TIMEOUT} s",)) from None
    lines = done.stdout.decode("utf-8", "replace").splitlines()
    failed = [line for line in lines if line.startswith("FAIL ")]
    if done.returncode != 0 or failed:
        errors = done.stderr.decode("utf-8", "replace").splitlines()[-_SHOWN_LINES:]
        raise _failure(path, arguments, isolation, see, (*failed, _ending(done.returncode), *errors))
    return ProbeResult(isolation, _after("ok ", lines), _after("limit ", lines))


def _isolated(directory: str) -> tuple[str, list[str]]:
    """Return how the program can be isolated here, and the command that does it."""
    chroot = shutil.which("chroot", path=_PLACES)
    if chroot and os.geteuid() == 0:
        return "chroot", [chroot, directory, "/program"]
    unshare = shutil.which("unshare", path=_PLACES)
    if unshare and chroot:
        enter = [unshare, "--user", "--map-root-user", chroot, directory]
        allowed = subprocess.run([*enter[:-2], "/bin/true"], capture_output=True, check=False, timeout=TIMEOUT)
        if allowed.returncode == 0:
            return "user namespace", [*enter, "/program"]
    return "empty directory", ["./program"]


def _failure(
    path: Path, arguments: Sequence[str], isolation: str, see: str | None, evidence: Sequence[str]
) -> Exception:
    shown = " ".join((path.name.removesuffix(".unverified"), *arguments))
    what = f"the executable does not run alone: {shown}"
    return fail("probe-failed", what, evidence=(*evidence, f"isolation: {isolation}"), see=see)


def _ending(code: int) -> str:
    # A shell-like wrapper (chroot) reports a child's signal as its own; Python reports ours as a negative code.
    return f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"


def _after(prefix: str, lines: Sequence[str]) -> tuple[str, ...]:
    return tuple(line.removeprefix(prefix) for line in lines if line.startswith(prefix))
