"""How are a file's bytes reached without blocking and without copying them?

Only a regular file is mapped: opening a FIFO would wait for a writer, and a directory has no bytes. The mapping is
read-only; pages that nobody asks for are never read from disk.
"""

from __future__ import annotations

import mmap
import os
import stat
from typing import TYPE_CHECKING

from staticlink.errors import fail

if TYPE_CHECKING:
    from pathlib import Path

#: What every reader of this package takes.
Bytes = mmap.mmap | bytes

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
    except OSError as error:
        raise fail("unreadable-input", f"cannot read: {path}", evidence=(error.strerror or str(error),)) from None
    try:
        status = os.fstat(descriptor)
        kind = next((name for is_kind, name in _KINDS if is_kind(status.st_mode)), None)
        if kind is not None:
            raise fail("not-a-file", f"not a regular file: {path}", evidence=(f"it is {kind}",))
        if status.st_size == 0:
            return b""
        return mmap.mmap(descriptor, 0, access=mmap.ACCESS_READ)
    except OSError as error:
        raise fail("unreadable-input", f"cannot read: {path}", evidence=(error.strerror or str(error),)) from None
    finally:
        os.close(descriptor)
