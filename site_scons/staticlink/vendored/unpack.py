"""Do the members of a source archive stay inside the directory they are unpacked in?

The archive is hashed and read through one open file, so what was checked is what is unpacked. Every member is judged
before anything of it is written: regular files, directories, and symbolic links that stay inside; everything else
ends the unpacking with the member's name and leaves nothing. Files get the modes 644 and 755 and the archive's times,
because make compares those.

Python's own extraction filters are not used: they strip and rename where we refuse, and links have escaped them. Hard
links are refused altogether: no source archive of ours has one.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import shutil
import tarfile
import zlib
from dataclasses import dataclass, field
from lzma import LZMAError
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from staticlink.errors import fail

if TYPE_CHECKING:
    from collections.abc import Callable

    from staticlink.errors import StaticlinkError

_MOST_MEMBERS = 200_000
_LARGEST_FILE = 512 << 20
_LARGEST_TREE = 2 << 30


@dataclass(frozen=True, slots=True)
class Unpacked:
    """The directory that holds the source, and the time of its newest file in seconds since the epoch."""

    top: Path
    newest: int


@dataclass(slots=True)
class _Seen:
    """What the members so far have been."""

    names: set[str] = field(default_factory=set)
    links: set[str] = field(default_factory=set)
    bytes: int = 0
    newest: int = 0


def unpack(archive: Path, sha256: str, directory: Path) -> Unpacked:
    """Unpack ``archive`` into ``directory``, which must not exist, and return its single top directory.

    Raises ``wrong-hash``, ``unsafe-archive`` or ``corrupt-archive``; ``directory`` is then gone.
    """
    with archive.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        if digest != sha256:
            evidence = (f"got sha256    {digest}", f"wanted sha256 {sha256}")
            raise fail("wrong-hash", f"wrong hash: {archive.name}", evidence=evidence)
        file.seek(0)
        directory.mkdir(mode=0o700)
        try:
            with tarfile.open(fileobj=file, mode="r:*") as tar:
                newest = unpack_members(tar, archive.name, directory)
        except (tarfile.TarError, EOFError, gzip.BadGzipFile, zlib.error, LZMAError) as error:
            shutil.rmtree(directory)
            raise fail("corrupt-archive", f"corrupt archive: {archive.name}", evidence=(str(error),)) from None
        except OSError as error:
            shutil.rmtree(directory)
            where = f"{error.filename or directory}: {error.strerror}"
            raise fail("cannot-unpack", f"cannot unpack: {archive.name}", evidence=(where,)) from None
        except BaseException:
            shutil.rmtree(directory)
            raise
    tops = sorted(directory.iterdir())
    return Unpacked(tops[0] if len(tops) == 1 and tops[0].is_dir() else directory, newest)


def unpack_members(
    tar: tarfile.TarFile, archive: str, directory: Path, place: Callable[[str], str | None] = lambda name: name
) -> int:
    """Write the members of ``tar`` below ``directory``; return the newest time, in seconds since the epoch.

    ``place`` maps a member's name to where it goes, ``None`` leaves it out. Raises ``unsafe-archive`` naming
    ``archive``.
    """
    seen = _Seen()
    for member in tar:
        name = place(member.name)
        if name is not None:
            member.name = name
            _judge(member, seen, archive)
            _extract(tar, member, directory)
    return seen.newest


def _judge(member: tarfile.TarInfo, seen: _Seen, archive: str) -> None:
    """Raise ``unsafe-archive`` unless ``member`` may be written."""
    name = PurePosixPath(member.name)
    key = str(name)
    if name.is_absolute():
        raise _unsafe(archive, member, "its path is absolute")
    if ".." in name.parts or "\0" in member.name:
        raise _unsafe(archive, member, "its path leaves the directory")
    if not (member.isreg() or member.isdir() or member.issym()):
        raise _unsafe(archive, member, "it is neither a file, a directory nor a symbolic link")
    if any(str(parent) in seen.links for parent in name.parents):
        raise _unsafe(archive, member, "its path goes through a symbolic link")
    if key in seen.names and not member.isdir():
        raise _unsafe(archive, member, "its name occurs twice")
    if member.issym():
        if _escapes(name, member.linkname):
            raise _unsafe(archive, member, f"it links to {member.linkname}, outside the directory")
        seen.links.add(key)
    seen.names.add(key)
    seen.bytes += member.size
    seen.newest = max(seen.newest, int(member.mtime))
    if member.size > _LARGEST_FILE or seen.bytes > _LARGEST_TREE or len(seen.names) > _MOST_MEMBERS:
        raise _unsafe(archive, member, "it makes the archive too large")


def _escapes(name: PurePosixPath, target: str) -> bool:
    """Return whether a link at ``name`` may lead out: up only at its beginning, and no further than the top.

    A ``..`` after a name could follow another link first, and then leave.
    """
    parts = PurePosixPath(target).parts
    up = next((i for i, part in enumerate(parts) if part != ".."), len(parts))
    return target.startswith("/") or ".." in parts[up:] or up > len(name.parts) - 1


def _unsafe(archive: str, member: tarfile.TarInfo, why: str) -> StaticlinkError:
    return fail("unsafe-archive", f"unsafe archive: {archive}", evidence=(f"member {member.name}: {why}",))


def _extract(tar: tarfile.TarFile, member: tarfile.TarInfo, directory: Path) -> None:
    path = directory / member.name
    if member.isdir():
        path.mkdir(parents=True, exist_ok=True)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    if member.issym():
        path.symlink_to(member.linkname)
        return
    mode = 0o755 if member.mode & 0o100 else 0o644
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode)
    content = tar.extractfile(member)
    with os.fdopen(descriptor, "wb") as file:
        if content is not None:
            shutil.copyfileobj(content, file)
    os.utime(path, (member.mtime, member.mtime))
