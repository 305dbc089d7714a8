"""How does a function of the core become an SCons action?

The core raises :class:`StaticlinkError`; SCons wants ``BuildError`` while it builds. While it reads, ``UserError``
would name the deepest file that is not SCons' own, which is one of ours and helps nobody: the message is printed as
SCons prints it and the run ends with SCons' exit code for such errors. The core prints its own line a step, so
SCons prints one only when it will not run the step (``-n``).
"""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from SCons.Action import Action
from SCons.Errors import BuildError
from SCons.Script import GetOption
from staticlink.errors import StaticlinkError
from staticlink.report import text

from staticlink_scons.pool import job_pool

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from SCons.Environment import Base as Environment
    from SCons.Node import Node

    Run = Callable[[list[Node], list[Node], Environment], None]


def core_action(run: Run, show: str, varlist: tuple[str, ...] = ()) -> Any:
    """Return an action that calls ``run(target, source, env)``.

    ``show`` is the line printed under ``-n``, with ``$TARGET`` and the like substituted. ``varlist`` names the
    construction variables whose values decide the output: a change in one of them runs the action again.
    """

    def act(target: list[Node], source: list[Node], env: Environment) -> None:
        try:
            with job_pool().slot():
                run(target, source, env)
        except StaticlinkError as error:
            raise BuildError(node=target[0], errstr=text.render_error(error)) from None

    def announce(target: list[Node], source: list[Node], env: Environment) -> str:
        return str(env.subst(show, target=target, source=source)) if GetOption("no_exec") else ""

    return Action(act, announce, varlist=list(varlist))


@contextmanager
def reading() -> Iterator[None]:
    """End the run with SCons' message and exit code (2) when the core fails while SConscript files are read."""
    try:
        yield
    except StaticlinkError as error:
        sys.stderr.write(f"scons: *** {text.render_error(error)}\n")
        raise SystemExit(2) from None


def say(verb: str, subject: str, detail: str) -> None:
    """Print the line of one step, unless the user asked for silence (``-s``)."""
    if not GetOption("silent"):
        text.say(verb, subject, detail)
