"""Who may run a job now, when SCons, make and cargo share one ``-j``?

SCons runs as many steps at once as ``-j`` says, and each may start a make or a cargo with jobs of its own. So every
step holds a slot of one jobserver while it runs: the actions of the core, and every command that an environment with a
staticlink tool spawns. A make or cargo runs its first job on the slot of the step that started it and asks for more,
and so does a ninja that a project's own command runs, from 1.13 on.

Not modelled: a make or cargo in such a command, because SCons passes no descriptors on and make before 4.4 takes
nothing else; commands of environments without such a tool, and of those whose project sets ``SPAWN`` afterwards.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from SCons.Script import GetOption
from staticlink.vendored.jobserver import shared_job_server

if TYPE_CHECKING:
    from collections.abc import Callable

    from SCons.Environment import Base as Environment
    from staticlink.vendored.jobserver import JobServer

_NINJA = frozenset({"ninja", "ninja-build"})


@dataclass(frozen=True, slots=True)
class _HoldingSpawn:
    """SCons' way of starting a command, with a slot held for as long as it runs."""

    spawn: Callable[..., Any]

    def __call__(self, shell: Any, escape: Any, program: Any, words: Any, environ: Any) -> Any:
        if _NINJA.isdisjoint(PurePath(str(word)).name for word in words):
            with job_pool().slot():
                return self.spawn(shell, escape, program, words, environ)
        with job_pool().client_by_name() as added:
            return self.spawn(shell, escape, program, words, {**environ, **added})


def job_pool() -> JobServer:
    """Return the slots of this run."""
    return shared_job_server(GetOption("num_jobs"))


def share_jobs(env: Environment) -> None:
    """Have every command that ``env`` starts hold a slot."""
    if not isinstance(env["SPAWN"], _HoldingSpawn):
        env["SPAWN"] = _HoldingSpawn(env["SPAWN"])
