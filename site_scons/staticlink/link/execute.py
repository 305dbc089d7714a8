"""How is a planned link carried out without ever leaving a half-made executable under its own name?

The linker writes ``NAME.unverified``. Verification and the probe look at that file; only then is it renamed.
Whatever goes wrong on the way, the file is removed: the link plan, written before, says how to make it again.
"""

from __future__ import annotations

import os
import re
import signal
import stat
import subprocess
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from staticlink.errors import StaticlinkError, fail

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from staticlink.errors import Fault

LINK_TIMEOUT = 1800  # seconds; minutes are an LTO link, half an hour is a hang
_SHOWN_LINES = 12
#: Of glibc's functions that say so (``.gnu.warning``) the audit has told already, by whatever linker.
_TOLD = "in statically linked applications requires at runtime"
#: GNU ld gives the place on a line of its own before what it has to say about it.
_PLACE = re.compile(r".*: in function .*:")


@contextmanager
def unverified(output: Path) -> Iterator[Path]:
    """Give the path to link to, and rename it to ``output`` when the body ends well; otherwise leave neither file.

    Raises :class:`StaticlinkError` when what is there is no file of ours to remove, or no file can be written there.
    """
    path = output.with_name(output.name + ".unverified")
    _clear((output, path))
    try:
        yield path
        os.replace(path, output)  # noqa: PTH105  (the one call whose atomicity matters here)
    finally:
        path.unlink(missing_ok=True)


def _clear(paths: Sequence[Path]) -> None:
    """Remove the files at ``paths``, and symbolic links. Root could remove a device as well: ``/dev/null``, for all."""
    for path in paths:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            mode = path.lstat().st_mode if os.path.lexists(path) else stat.S_IFREG
            if stat.S_ISREG(mode) or stat.S_ISLNK(mode):
                path.unlink(missing_ok=True)
                continue
            reason = "it is a directory" if stat.S_ISDIR(mode) else "it is no regular file"
        except OSError as error:
            reason = error.strerror or str(error)
        raise fail("cannot-write", f"cannot write: {path}", evidence=(reason,))


def run_linker(command: Sequence[str], output: Path, explanation: Sequence[Fault], see: str) -> tuple[str, ...]:
    """Run the linker, and return what it warned of, a line each.

    When it refuses the link, ``explanation`` says why, or else the linker's own words.

    Raises :class:`StaticlinkError` when it exits with another code than 0 or writes nothing (``linker-failed``, unless
    explained), or when it does not start, does not end in time, or is killed (``linker-stopped``).
    """
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            timeout=LINK_TIMEOUT,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise fail(
            "linker-stopped", f"the linker did not run: {Path(command[0]).name}", evidence=(str(error),), see=see
        ) from None
    if done.returncode > 0 and explanation:
        raise StaticlinkError(*explanation)
    if done.returncode != 0 or not output.is_file():
        words = (done.stderr + done.stdout).splitlines()
        left_out = (f"{len(words) - _SHOWN_LINES} more lines",) if len(words) > _SHOWN_LINES else ()
        evidence = (*words[:_SHOWN_LINES], *left_out, _ending(done.returncode))
        id_ = "linker-stopped" if done.returncode < 0 else "linker-failed"
        raise fail(id_, f"the linker failed: {Path(command[0]).name}", evidence=evidence, see=see)
    return tuple(_warnings(done.stderr))


def _warnings(text: str) -> Iterator[str]:
    place: str | None = None
    for line in filter(str.strip, text.splitlines()):
        if _PLACE.fullmatch(line):
            place = line
        elif _TOLD in line:
            place = None
        else:
            yield from filter(None, (place, line))
            place = None


def _ending(code: int) -> str:
    if code < 0:
        return f"killed by {signal.Signals(-code).name}"
    return f"exit code {code}" if code else "exit code 0, but no output"
