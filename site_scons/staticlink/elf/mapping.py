"""How are a file's bytes reached without blocking and without copying them?

Only a regular file is mapped: opening a FIFO would wait for a writer, and a directory has no bytes. The mapping is
read-only; pages that nobody asks for are never read from disk.

Not modelled: a file that shrinks while it is mapped; the kernel then ends the process.
"""

from __future__ import annotations

import mmap
import os
import stat
from typing import TYPE_CHECKING

from staticlink.errors import fail

if TYPE_CHECKING:
    from pathlib import Path

    from staticlink.errors import StaticlinkError

#: What every reader of this package takes.
Bytes = mmap.mmap | bytes

#: Descriptors left to others when many files are mapped: the linker's pipes, SCons' own files.
_SPARE = 128
_KINDS = (
    (stat.S_ISDIR, "a directory"),
    (stat.S_ISFIFO, "a FIFO"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a character device"),
    (stat.S_ISBLK, "a block device"),
)


def map_file(path: Path) -> Bytes:
    """Return the bytes of a regular file.

    Raises :class:`StaticlinkError` when there is no such file, it may not be read, or it is no regular file.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        raise fail("missing-input", f"no such file: {path}") from None
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        raise _unreadable(path, error) from None
    try:
        status = os.fstat(descriptor)
        kind = next((name for is_kind, name in _KINDS if is_kind(status.st_mode)), None)
        if kind is not None:
            raise fail("not-a-file", f"not a regular file: {path}", evidence=(f"it is {kind}",))
        if status.st_size == 0:
            return b""
        return _map(descriptor, status.st_size)
    except (OSError, ValueError) as error:  # ValueError: a file of the kernel's that claims a size it has not
        raise _unreadable(path, error) from None
    finally:
        os.close(descriptor)


def _map(descriptor: int, size: int) -> Bytes:
    """Map a file, or read it where descriptors run low: a mapping keeps one open, and so may a thousand inputs."""
    import resource  # noqa: PLC0415  (Windows, which has none, is refused in words)

    if descriptor < resource.getrlimit(resource.RLIMIT_NOFILE)[0] - _SPARE:
        return mmap.mmap(descriptor, 0, access=mmap.ACCESS_READ)
    chunks = []
    while chunk := os.read(descriptor, max(size, 1)):
        chunks.append(chunk)
        size -= len(chunk)
    return b"".join(chunks)


def is_file(path: Path) -> bool:
    """Say whether a regular file is at ``path``; a name that no file can have (too long, with a NUL) names none."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def _unreadable(path: Path, error: OSError | ValueError) -> StaticlinkError:
    words = error.strerror if isinstance(error, OSError) else None
    return fail("unreadable-input", f"cannot read: {path}", evidence=(words or str(error),))
