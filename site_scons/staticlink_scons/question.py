"""How does ``scons why=SYMBOL`` ask without linking?

Each program that would be linked gets a node beside it, ``PROGRAM.why``, which no action ever writes: its action
prints the answer. It needs what the link needs, but not the link, so a link that fails can be asked about. Those nodes
become what the run builds, in place of the default targets or of the programs named on the command line.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from SCons.Script import BUILD_TARGETS, COMMAND_LINE_TARGETS

if TYPE_CHECKING:
    from SCons.Environment import Base as Environment
    from SCons.Node import Node
    from SCons.Node.FS import File

_SUFFIX = ".why"


def declare_question(env: Environment, output: File, source: list[Node], action: Any, needs: list[Node]) -> None:
    """Have this run answer for ``output`` with ``action`` once ``source`` and ``needs`` are built."""
    if output.is_under(env.Dir(env.get("CONFIGUREDIR", "#/.sconf_temp"))) or not _is_asked(output):
        return
    question = env.Command(f"{output.abspath}{_SUFFIX}", source, action)
    env.Depends(question, needs)
    env.AlwaysBuild(question)
    env.NoCache(question)
    asked = [one for one in BUILD_TARGETS if str(one).endswith(_SUFFIX)]
    BUILD_TARGETS[:] = [*asked, *question]
    BUILD_TARGETS._add_Default = BUILD_TARGETS._do_nothing  # noqa: SLF001  (as SCons does when targets are named)


def program_of(question: File) -> str:
    """Return the path of the program that ``question`` asks about."""
    return str(question.abspath).removesuffix(_SUFFIX)


def _is_asked(output: File) -> bool:
    names = [os.path.normpath(name) for name in COMMAND_LINE_TARGETS]
    return not names or any(output.path == name or output.path.startswith(f"{name}/") for name in names)
