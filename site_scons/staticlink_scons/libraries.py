"""How may a crate stand in ``LIBS``, where projects keep their libraries?

``LIBS`` holds names and nodes, often one list for thirty programs. A crate there means what a crate among the sources
means: an emitter moves it there, so that several crates of one program still share one std, and it is left out of the
``-l`` options.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from SCons.Util import flatten, is_String

from staticlink_scons.listing import list_program

if TYPE_CHECKING:
    from SCons.Environment import Base as Environment
    from SCons.Node import Node

_FORMATTER = "_stripixes"  # what SCons' $_LIBFLAGS calls


def accept_crates(env: Environment) -> None:
    """Let ``LIBS`` of ``env`` hold crates."""
    format_libraries = env[_FORMATTER]

    def without_crates(prefix: str, items: Any, *rest: Any) -> Any:
        kept = items if is_String(items) else [item for item in flatten([items or []]) if not _is_crate(item)]
        return format_libraries(prefix, kept, *rest)

    env[_FORMATTER] = without_crates
    env.PrependUnique(PROGEMITTER=[_move])


def with_crates(env: Environment, source: list[Node]) -> list[Node]:
    """Return ``source`` and the crates in ``LIBS``."""
    return [*source, *(item for item in flatten([env.get("LIBS", [])]) if _is_crate(item) and item not in source)]


def _move(target: list[Node], source: list[Node], env: Environment) -> tuple[list[Node], list[Node]]:
    list_program(env, target)
    return target, with_crates(env, source)


def _is_crate(item: object) -> bool:
    return hasattr(item, "attributes") and hasattr(item.attributes, "staticlink_member")
