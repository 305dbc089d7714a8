"""What does ``scons -c`` leave that SCons does not know of?

SCons removes the files it built and the directories it was told of. The empty directories in between stay; here they go
too, when the run ends.
"""

from __future__ import annotations

import atexit
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from SCons.Script import GetOption

from staticlink_scons.settings import node_name

if TYPE_CHECKING:
    from SCons.Environment import Base as Environment


def remove_empty_directories(env: Environment, directory: str) -> None:
    """Have ``directory`` removed at the end of a cleaning run, with every directory in it that is then empty."""
    if GetOption("clean") and not GetOption("no_exec"):
        atexit.register(_remove_empty, Path(env.Dir(node_name(directory)).abspath))


def _remove_empty(top: Path) -> None:
    directories = [path for path in top.rglob("*") if path.is_dir() and not path.is_symlink()]
    for path in (*sorted(directories, key=lambda path: len(path.parts), reverse=True), top):
        with suppress(OSError):  # not empty: something of the user's, or of another target
            path.rmdir()
