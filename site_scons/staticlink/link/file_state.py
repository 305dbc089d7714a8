"""Is this file what it was?

Its size, times and inode say so without reading it, unless it changed shortly before it was looked at: a clock ticks in
steps, and the next change might not show. Then its content is compared.
"""

from __future__ import annotations

import os
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING

from staticlink.elf.mapping import map_file

if TYPE_CHECKING:
    from staticlink.elf.mapping import Bytes

#: Nanoseconds; FAT keeps times in steps of two seconds, other file systems in finer ones.
_SLACK = 2_000_000_000
_DIGEST = 16  # bytes


def signature_of(status: os.stat_result) -> tuple[int, int, int, int]:
    """Return what changes when the file that ``status`` is of is written or replaced: size, times, inode."""
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino


def times_of(path: str | Path) -> tuple[int, int, int, int]:
    """Return :func:`signature_of` the file at ``path``."""
    return signature_of(os.stat(path))  # noqa: PTH116  (a path of a record is a string, and there are dozens)


def trusted_times(path: str | Path, began: int) -> tuple[int, int, int, int] | None:
    """Return :func:`times_of` ``path``, or ``None`` where it changed too shortly before ``began``, in nanoseconds."""
    found = times_of(path)
    return found if max(found[1:3]) < began - _SLACK else None


def content_of(path: str | Path) -> str:
    """Return a digest of the bytes at ``path``."""
    return digest_of(map_file(Path(path)))


def digest_of(data: Bytes) -> str:
    """Return a digest of ``data``."""
    return blake2b(data, digest_size=_DIGEST).hexdigest()
