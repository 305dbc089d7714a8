"""Who may run a job now, when SCons, make and cargo share one ``-j``?

SCons runs as many steps at once as ``-j`` says, and each may start a make or a cargo with jobs of its own. So every
step holds a slot of one jobserver while it runs: the actions of the core, and every command that an environment with a
staticlink tool spawns. A make or cargo runs its first job on the slot of the step that started it and asks for more.
Not modelled: commands of environments without such a tool, and of those whose project sets ``SPAWN`` afterwards.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from SCons.Script import GetOption
from staticlink.vendored.jobserver import shared_job_server

if TYPE_CHECKING:
    from collections.abc import Callable

    from SCons.Environment import Base as Environment
    from staticlink.vendored.jobserver import JobServer


@dataclass(frozen=True, slots=True)
class _HoldingSpawn:
    """SCons' way of starting a command, with a slot held for as long as it runs."""

    spawn: Callable[..., Any]

    def __call__(self, *arguments: Any) -> Any:
        with job_pool().slot():
            return self.spawn(*arguments)


def job_pool() -> JobServer:
    """Return the slots of this run."""
    return shared_job_server(GetOption("num_jobs"))


def share_jobs(env: Environment) -> None:
    """Have every command that ``env`` starts hold a slot."""
    if not isinstance(env["SPAWN"], _HoldingSpawn):
        env["SPAWN"] = _HoldingSpawn(env["SPAWN"])
