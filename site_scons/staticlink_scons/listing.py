"""What can be built or run by name, as ``scons -h`` lists it below the options?

A project asks for the text of the options (:func:`staticlink_scons.settings.help_text`) before or after it declares
its programs and crates. What was declared before is part of that text, what is declared afterwards is appended to
SCons' help. Nothing is asked of cargo or anybody else for it. A project with another help text keeps that as it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from SCons.Script import GetOption

if TYPE_CHECKING:
    from collections.abc import Sequence

    from SCons.Environment import Base as Environment
    from SCons.Node import Node

_KEPT = "staticlink_targets"
_SHOWN = "staticlink_targets_shown"
_HEADING = "\ntargets:\n"
_WIDTH = 14


def list_target(env: Environment, name: str, text: str) -> None:
    """Have ``scons -h`` name a target, once, with what it does."""
    if not GetOption("help"):
        return
    attributes = env.Dir("#").attributes  # for the length of one run
    kept: dict[str, str] = vars(attributes).setdefault(_KEPT, {})
    if name in kept:
        return
    kept[name] = text
    if hasattr(attributes, _SHOWN):
        heading = _HEADING if len(kept) == 1 else ""
        env.Help(f"{heading}{_line(name, text)}".replace("$", "$$"))


def list_program(env: Environment, target: Sequence[Node]) -> None:
    """Have ``scons -h`` name a program that is no check of Configure's."""
    if not env.get("SCONF_NODE"):
        list_target(env, str(target[0].path), "a program")


def listed_targets(env: Environment) -> str:
    """Return the lines of what has been declared so far; further ones will be appended to SCons' help."""
    attributes = env.Dir("#").attributes
    setattr(attributes, _SHOWN, True)
    kept: dict[str, str] = vars(attributes).get(_KEPT, {})
    return (_HEADING if kept else "") + "".join(_line(*row) for row in kept.items())


def _line(name: str, text: str) -> str:
    return f"    {name:<{_WIDTH}}  {text}\n"
