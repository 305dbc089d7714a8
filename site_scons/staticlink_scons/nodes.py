"""Which files outside a project's own sources decide its outputs?

SCons signs an action's function, not what it calls, so the core's own files are dependencies like any other. Tools
(compilers, linkers) are dependencies too, but large: their content is hashed again only when their time has changed.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

import staticlink

if TYPE_CHECKING:
    from SCons.Environment import Base as Environment
    from SCons.Node import Node
    from SCons.Node.FS import File

_CORE = Path(staticlink.__file__).parent


def core_nodes(env: Environment, *parts: str) -> list[Node]:
    """Return a node that changes when one of the core's files that ``parts`` name does.

    A part is a module (``errors.py``), or a directory taken whole (``vendored``, ``policy``). The node is a digest:
    a hundred files for each of thirty targets would be most of what a build with nothing to do costs.
    """
    kept = vars(env.Dir(str(_CORE)).attributes)  # for the length of one run
    key = f"staticlink {' '.join(parts)}"
    if key not in kept:
        kept[key] = env.Value(_digest(_files(parts), kept.setdefault("staticlink", {})))
    return [kept[key]]


def _files(parts: tuple[str, ...]) -> list[Path]:
    paths: set[Path] = set()
    for part in parts:
        path = _CORE / part
        paths.update(_below(path) if path.is_dir() else [path])
    return sorted(paths)


def _below(directory: Path) -> list[Path]:
    walk = ((Path(place), names) for place, _, names in os.walk(directory) if not place.endswith("__pycache__"))
    return [place / name for place, names in walk for name in names]


def _digest(paths: list[Path], read: dict[Path, str]) -> str:
    """Return one digest of all files; ``read`` holds what other parts have read already."""
    digest = hashlib.sha256()
    for path in paths:
        if path not in read:
            read[path] = hashlib.sha256(path.read_bytes()).hexdigest()
        digest.update(f"{path.relative_to(_CORE)} {read[path]}\n".encode())
    return digest.hexdigest()


def tool_node(env: Environment, path: str | Path) -> File:
    """Return the node of an external program, compared by content only after its time or size has changed."""
    node = env.File(str(path))
    node.Decider(_changed)
    return node


def _changed(dependency: File, target: File, previous: object, repository_node: File | None = None) -> bool:
    # SCons counts whole seconds, so two edits within one are told apart by size alone.
    if getattr(previous, "size", None) != dependency.get_size():
        return bool(dependency.changed_content(target, previous, repository_node))
    return bool(dependency.changed_timestamp_then_content(target, previous, repository_node))
