"""How may a crate stand in ``LIBS``, where projects keep their libraries?

``LIBS`` holds names and nodes, often one list for thirty programs. A crate there means what a crate among the sources
means: an emitter moves it there, so that several crates of one program still share one std, and it is left out of the
``-l`` options.

A crate's own libraries, which build scripts and attributes name, are known when cargo has run. ``StaticProgram`` takes
them from the facts that lie beside the archive (``libNAME.rust.json``). So does the command line of an ordinary dynamic
link, which is put together only then.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from SCons.Subst import Literal
from SCons.Util import flatten, is_String
from staticlink.rust.toolchain import recall

from staticlink_scons.listing import list_program
from staticlink_scons.settings import settings

if TYPE_CHECKING:
    from SCons.Environment import Base as Environment
    from SCons.Node import Node

_FORMATTER = "_stripixes"  # what SCons' $_LIBFLAGS calls
_NATIVE = "_STATICLINK_NATIVE_LIBRARIES"


def accept_crates(env: Environment) -> None:
    """Let ``LIBS`` of ``env`` hold crates."""
    format_libraries = env[_FORMATTER]

    def without_crates(prefix: str, items: Any, *rest: Any) -> Any:
        kept = items if is_String(items) else [item for item in flatten([items or []]) if not _is_crate(item)]
        return format_libraries(prefix, kept, *rest)

    env[_FORMATTER] = without_crates
    env.PrependUnique(PROGEMITTER=[_move])


def name_libraries(env: Environment) -> None:
    """Have dynamic links of ``env`` name the libraries of the crates among their sources, and where they are."""
    if not settings(env).target.static and _NATIVE not in env:
        env[_NATIVE] = _native_libraries
        # Before LIBS, which they may need; and the tools that link set $_LIBFLAGS, whichever is loaded first.
        env["_LIBDIRFLAGS"] = f"{env['_LIBDIRFLAGS']} ${_NATIVE}"


def depend_on_facts(env: Environment, target: list[Node], source: list[Node]) -> None:
    """Have ``target`` linked again when a crate in ``source`` names other libraries, or they have changed."""
    if not settings(env).target.static:
        env.Depends(target, [env.File(str(_facts_place(node))) for node in source if _is_crate(node)])


def _native_libraries(target: Any, source: Any, env: Environment, for_signature: bool) -> list[Literal]:  # noqa: FBT001
    facts: list[dict[str, Any]] = [recall(_facts_place(node)) or {} for node in source if _is_crate(node)]
    directories = dict.fromkeys(name for one in facts for name in one.get("directories", ()))
    libraries = [name for one in facts for name in one.get("libraries", ())]
    return [Literal(word) for word in (*(f"-L{name}" for name in directories), *(f"-l{name}" for name in libraries))]


def _facts_place(node: Node) -> Path:
    return Path(str(node.abspath).removesuffix(".rust.json").removesuffix(".a") + ".rust.json")


def with_crates(env: Environment, source: list[Node]) -> list[Node]:
    """Return ``source`` and the crates in ``LIBS``."""
    return [*source, *(item for item in flatten([env.get("LIBS", [])]) if _is_crate(item) and item not in source)]


def _move(target: list[Node], source: list[Node], env: Environment) -> tuple[list[Node], list[Node]]:
    list_program(env, target)
    return target, with_crates(env, source)


def _is_crate(item: object) -> bool:
    return hasattr(item, "attributes") and hasattr(item.attributes, "staticlink_member")
