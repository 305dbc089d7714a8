"""Is this result already there, whole, and mine to use?

The cache is a directory of entries. An entry is a directory of files under a key, with a manifest of every file's
sha256 beside it; an entry without a manifest does not exist. A download is an entry like any other, its key the
archive's sha256. Work happens in a temporary directory beside the entry and is renamed into place, under a lock an
entry, so that two builds at once do the work once and neither sees half of it. Every use compares the files with the
manifest: an entry that was changed, truncated or half deleted is made again, and a line says so.

Files are trusted as far as the directory is: it must belong to the user who builds and be writable by nobody else. Not
modelled: eviction (delete the directory), network file systems whose ``flock`` does not lock.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import stat
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from staticlink.errors import fail

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from staticlink.model import Say

_FILES = "files"
_MANIFEST = "manifest.json"


@dataclass(frozen=True, slots=True)
class Cache:
    """The cache below ``root``; see :func:`open_cache`."""

    root: Path

    def obtain(self, kind: str, key: str, make: Callable[[Path], None], say: Say) -> Path:
        """Return the directory of the entry ``kind``/``key``; ``make`` fills an empty directory when there is none.

        Whatever ``make`` raises leaves no entry.
        """
        with self.lock(kind, key, say):
            found = self._whole(kind, key, say)
            if found is not None:
                return found
            entry = self.root / kind / key
            self._sweep(kind, key)
            work = Path(tempfile.mkdtemp(prefix=f"{key}.tmp.", dir=entry.parent))
            try:
                (work / _FILES).mkdir()
                make(work / _FILES)
                write_manifest(work / _FILES, work / _MANIFEST)
                work.rename(entry)
            finally:
                shutil.rmtree(work, ignore_errors=True)
            return entry / _FILES

    def find(self, kind: str, key: str, say: Say) -> Path | None:
        """Return the directory of an entry that is there and whole, or None; a corrupt one is removed."""
        if not (self.root / kind / key).exists():
            return None
        with self.lock(kind, key, say):
            return self._whole(kind, key, say)

    def _whole(self, kind: str, key: str, say: Say) -> Path | None:
        entry = self.root / kind / key
        if not entry.exists():
            return None
        fault = _fault(entry)
        if fault is None:
            return entry / _FILES
        say("CACHE", f"{kind}/{key}", f"{fault}; making it again")
        shutil.rmtree(entry)
        return None

    def _sweep(self, kind: str, held: str) -> None:
        """Remove what killed builds left: temporary directories whose lock is ``held`` by us, or by nobody."""
        import fcntl  # noqa: PLC0415  (Windows, which has none, is refused in words)

        for left in (self.root / kind).glob("*.tmp.*"):
            key = left.name.partition(".tmp.")[0]
            with (left.parent / f"{key}.lock").open("a") as lock:
                try:
                    if key != held:
                        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    continue
                shutil.rmtree(left)

    @contextmanager
    def lock(self, kind: str, key: str, say: Say) -> Iterator[None]:
        """Hold the lock of one entry; say so when another build holds it."""
        import fcntl  # noqa: PLC0415  (Windows, which has none, is refused in words)

        directory = self.root / kind
        directory.mkdir(mode=0o700, exist_ok=True)
        descriptor = os.open(directory / f"{key}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                say("WAIT", f"{kind}/{key}", "another build is making it")
                fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)


def open_cache(environment: Mapping[str, str]) -> Cache:
    """Return the cache under ``$XDG_CACHE_HOME``, or else ``$HOME/.cache``, creating it.

    Raises ``no-cache-directory`` when neither can be used, ``foreign-cache`` when others own it or may write to it.
    """
    faults = []
    for name, below in (("XDG_CACHE_HOME", ""), ("HOME", ".cache")):
        base = environment.get(name, "")
        if not base:
            faults.append(f"{name} is not set")
            continue
        if not base.startswith("/"):
            faults.append(f"{name} is not an absolute path: {base}")
            continue
        root = Path(base, below, "staticlink")
        try:
            root.mkdir(mode=0o700, parents=True, exist_ok=True)
            if os.access(root, os.W_OK | os.X_OK):
                _check_owner(root)
                return Cache(root)
            faults.append(f"{root}: not writable")
        except OSError as error:
            faults.append(f"{root}: {(error.strerror or str(error)).lower()}")
    raise fail("no-cache-directory", "no usable cache directory", evidence=faults, fix="XDG_CACHE_HOME=DIR")


def _check_owner(root: Path) -> None:
    status = root.stat()
    if status.st_uid != os.geteuid():
        evidence = (f"owner: user {status.st_uid}, this build: user {os.geteuid()}",)
        raise fail(
            "foreign-cache", f"cache belongs to another user: {root}", evidence=evidence, fix="XDG_CACHE_HOME=DIR"
        )
    if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        evidence = (f"mode: {stat.S_IMODE(status.st_mode):04o}",)
        raise fail("foreign-cache", f"cache is writable by others: {root}", evidence=evidence, fix=f"chmod go-w {root}")


def hash_file(path: Path) -> str:
    """Return the sha256 of a file in lower-case hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_tree(directory: Path) -> dict[str, str]:
    """Return path to sha256 for every file below ``directory``, sorted; a symbolic link counts as its text."""
    found = {}
    for path in directory.rglob("*"):
        name = path.relative_to(directory).as_posix()
        if path.is_symlink():
            found[name] = "link:" + str(path.readlink())
        elif path.is_file():
            found[name] = hash_file(path)
    return dict(sorted(found.items()))


def write_manifest(directory: Path, path: Path) -> None:
    """Write the manifest of ``directory`` to ``path``, whole or not at all: the same files give the same bytes."""
    partial = path.with_name(f"{path.name}.tmp.{os.getpid()}")
    partial.write_text(json.dumps(read_tree(directory), indent=1) + "\n", encoding="utf-8")
    partial.replace(path)


def copy_entry(files: Path, directory: Path, manifest: Path) -> None:
    """Copy the ``files`` of an entry to ``directory`` and its manifest to ``manifest``, replacing what is there.

    Both appear whole; the copies are new files, so that no one's edit of them reaches the cache.
    """
    partial = directory.with_name(f"{directory.name}.tmp.{os.getpid()}")
    try:
        shutil.copytree(files, partial, symlinks=True, copy_function=shutil.copy)
        if directory.exists():
            shutil.rmtree(directory)
        partial.rename(directory)
        write_manifest(directory, manifest)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _fault(entry: Path) -> str | None:
    """Return how the files of ``entry`` differ from its manifest, or None."""
    try:
        recorded = json.loads((entry / _MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return "its manifest is unreadable"
    if not isinstance(recorded, dict):
        return "its manifest is unreadable"
    found = read_tree(entry / _FILES)
    for name, digest in recorded.items():
        if name not in found:
            return f"{name} is missing"
        if found[name] != digest:
            return f"{name} was changed"
    extra = sorted(found.keys() - recorded.keys())
    return f"{extra[0]} does not belong" if extra else None
