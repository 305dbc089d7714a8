"""How does ``scons why=SYMBOL`` ask without linking?

Each program that would be linked gets a node beside it, ``PROGRAM.why``, which no action ever writes: its action
prints the answer. It needs what the link needs, but not the link, so a link that fails can be asked about. Those nodes
become what the run builds, in place of the default targets or of the programs named on the command line.

A project may declare its default targets before its programs or after them, so which questions are asked is decided
again at each declaration of either. Not modelled: an alias that is a default target and gets its programs later.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from SCons.Node.FS import Dir
from SCons.Script import BUILD_TARGETS, COMMAND_LINE_TARGETS, DEFAULT_TARGETS

if TYPE_CHECKING:
    from collections.abc import Iterable

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
    questions = getattr(BUILD_TARGETS._add_Default, "__self__", None)  # noqa: SLF001  (SCons has no other place)
    if not isinstance(questions, _Questions):
        questions = _Questions()
        BUILD_TARGETS._add_Default = BUILD_TARGETS._clear = questions.choose  # noqa: SLF001  (what Default() calls)
    questions.add(output, question)


def program_of(question: File) -> str:
    """Return the path of the program that ``question`` asks about."""
    return str(question.abspath).removesuffix(_SUFFIX)


def _is_asked(output: File) -> bool:
    names = [os.path.normpath(name) for name in COMMAND_LINE_TARGETS]
    return not names or any(output.path == name or output.path.startswith(f"{name}/") for name in names)


class _Questions:
    """The questions of one run: those about the default programs, or all when none of these is a default."""

    __slots__ = ("_all",)

    def __init__(self) -> None:
        self._all: list[tuple[File, list[Node]]] = []

    def add(self, output: File, question: list[Node]) -> None:
        """Take one more program and the question about it."""
        self._all.append((output, question))
        self.choose()

    def choose(self, *_: object) -> None:
        """Make the questions that are to be answered what this run builds."""
        needed, places = _reach(() if COMMAND_LINE_TARGETS else DEFAULT_TARGETS)
        defaults = [one for one in self._all if one[0] in needed or any(map(one[0].is_under, places))]
        BUILD_TARGETS[:] = [node for _, question in defaults or self._all for node in question]


def _reach(targets: Iterable[Node]) -> tuple[set[Node], list[Dir]]:
    """Return what building ``targets`` goes through, by their sources, and the directories among it."""
    found: set[Node] = set()
    waiting = list(targets)
    while waiting:
        node = waiting.pop()
        if node not in found:
            found.add(node)
            waiting += node.sources
    return found, [node for node in found if isinstance(node, Dir)]
