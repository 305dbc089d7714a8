"""Is somebody else at work in cargo's target directory?

Cargo locks the directory of a profile (``release/.cargo-lock``, and the same below a target's triple) for as long as it
compiles, and under ``--quiet`` it waits for another one without a word. So the question is asked before our cargo
starts: a lock that cannot be had is held, and the kernel's list of locks (``/proc/locks``, proc(5)) says by which
process. Crates of one build share a directory and follow one another: a lock that our own cargo holds is no news.

Not modelled: a lock that is taken between the question and cargo's start, and the lock of cargo's package cache, which
is held for moments.
"""

from __future__ import annotations

import os
import re
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from staticlink.model import Say

_LOCK = ".cargo-lock"
#: The profiles whose directory has another name; source: cargo's reference, "Build cache".
_DIRECTORIES = {"dev": "debug", "test": "debug", "bench": "release"}


def report_wait(into: Path, profile: str, triple: str | None, say: Say) -> None:
    """Print a ``WAIT`` line when another process holds what cargo will lock of its target directory ``into``.

    Without a ``triple`` cargo compiles for the machine itself only.
    """
    directory = _DIRECTORIES.get(profile, profile)
    for place in (into / directory, *([into / triple / directory] if triple else [])):
        status = _held(place / _LOCK)
        if status is None:
            continue
        holder = _holder(status)
        if holder is not None and _parent(holder) == os.getpid():
            continue
        by = f"{_name(holder)}, process {holder}" if holder is not None else "a process that cannot be seen"
        say("WAIT", os.path.relpath(place), f"locked by {by}")
        return


def _held(path: Path) -> os.stat_result | None:
    """Return the status of a lock file that somebody holds."""
    import fcntl  # noqa: PLC0415  (Windows, which has none, is refused in words)

    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:  # no cargo has been here
        return None
    try:
        # A shared lock disturbs nobody else who only asks.
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return os.fstat(descriptor)
    except OSError:  # a file system without locks, where cargo does not lock either
        return None
    finally:
        os.close(descriptor)
    return None


def _holder(status: os.stat_result) -> int | None:
    """Return the process that holds the lock of a file, where the kernel tells."""
    file = f"{os.major(status.st_dev):02x}:{os.minor(status.st_dev):02x}:{status.st_ino}"
    found: dict[str, int] = {}
    with suppress(OSError):
        for line in Path("/proc/locks").read_text(encoding="ascii").splitlines():
            # "1: FLOCK  ADVISORY  WRITE 7921 fe:01:1234 0 EOF"; one that waits has "->" behind its number.
            words = line.split()
            if words[1] == "FLOCK" and int(words[4]) > 0 and words[5].endswith(f":{status.st_ino}"):
                found[words[5]] = int(words[4])
    # btrfs tells stat(2) of another device than it tells of locks.
    return found.get(file, next(iter(found.values()), None))


def _parent(process: int) -> int | None:
    with suppress(OSError):
        found = re.search(r"^PPid:\s*(\d+)$", Path(f"/proc/{process}/status").read_text(), re.MULTILINE)
        return int(found[1]) if found else None
    return None


def _name(process: int) -> str:
    with suppress(OSError):
        return Path(f"/proc/{process}/comm").read_text(encoding="utf-8", errors="replace").strip()
    return "another process"
