"""Is an output still what the build left?

SCons asks whether the sources of a target have changed, and whether the target is there. One that was truncated or
edited by hand is up to date to it, for ever. What is made here gets one dependency more, a value that never changes
and whose decider looks at the target: size and time of the file are compared with those that SCons noted when it had
built it. That costs a null build one question to the kernel for each target, and no byte is read.

The decider runs when SCons has read everything and asks about this target, so an early look at its database is not
needed. Not modelled: other bytes of the same number that were written within the second in which the file was made,
or whose time was put back.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from SCons.Environment import Base as Environment
    from SCons.Node import Node
    from SCons.Node.FS import File
    from SCons.Node.Python import Value

_NAME = "the target as it was built"


def mend_damage(env: Environment, nodes: Sequence[File]) -> None:
    """Have ``nodes`` made again when their files are not what the last build left."""
    untouched = env.Value(_NAME)
    untouched.Decider(_changed)
    env.Depends(nodes, untouched)


def _changed(dependency: Value, target: File, previous: object, repository_node: Node | None = None) -> bool:
    stored = target.get_stored_info()
    known = [getattr(stored.ninfo, name, None) for name in ("size", "timestamp")]
    if stored.binfo.bactsig is None or None in known:
        return False  # SCons has not built it, or not noted how it was
    try:
        facts = os.stat(target.abspath)  # noqa: PTH116  (a path object costs as much as the question)
    except OSError:
        return False  # SCons sees that by itself
    return known != [facts.st_size, int(facts.st_mtime)]
