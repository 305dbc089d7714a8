"""How does SCons know the content of a large file that it has read before?

SCons hashes every file that a target depends on in each run, because its own record of times counts whole seconds. The
archive of a crate has twenty megabytes and more. Its signature is kept with the times in nanoseconds, the size and the
inode it was computed for, and stands while none of these has changed; whatever replaces or writes the file changes one
of them. What is compared is still content: a new time with the old bytes is no change.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

from SCons.Script import GetOption
from staticlink.rust.toolchain import recall, remember
from staticlink.vendored.cache import open_cache

if TYPE_CHECKING:
    from collections.abc import Iterable

    from SCons.Node.FS import File


def keep_signatures(nodes: Iterable[File]) -> None:
    """Have what depends on ``nodes`` compare their contents without reading what has not been written since."""
    for node in nodes:
        node.Decider(_changed)


def _changed(dependency: File, target: File, previous: object, repository_node: File | None = None) -> bool:
    known = dependency.get_ninfo()
    if dependency.exists():
        identity, place = _identity(dependency), _place(dependency)
        kept = recall(place) or {}
        if kept.get("file") == identity:
            known.csig = kept.get("signature")
        elif not GetOption("no_exec"):
            signature = dependency.get_csig()
            if _identity(dependency) == identity:
                remember(place, {"file": identity, "signature": signature})
    return bool(dependency.changed_content(target, previous, repository_node))


def _identity(node: File) -> list[int | str]:
    facts = Path(node.abspath).stat()
    # The hash is the user's choice (--hash-format), and a signature of another one would never match.
    return [facts.st_ino, facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns, str(GetOption("hash_format"))]


def _place(node: File) -> Path:
    name = hashlib.sha256(str(node.abspath).encode()).hexdigest()
    return open_cache(os.environ).root / "signatures" / f"{name}.json"
