"""What does ``scons fetch`` fetch?

Everything that this build, with these options, would take from the network: the source of each vendored library in
use, the source of Rust's std where std is built, and the crates of each lock file. Each is an alias of its own below
the alias ``fetch``, declared where the thing itself is, and only when ``fetch`` is asked for: a project that never asks
may have an alias of that name. All of it goes to the cache, where ``offline=1`` finds it.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from SCons.Script import COMMAND_LINE_TARGETS, GetOption
from staticlink.errors import fail
from staticlink.rust.crate import configuration_files
from staticlink.vendored.cache import open_cache

from staticlink_scons.action import core_action, say
from staticlink_scons.listing import list_target
from staticlink_scons.settings import settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from SCons.Environment import Base as Environment
    from SCons.Node import Node
    from staticlink.rust.members import Crate
    from staticlink.rust.toolchain import Toolchain
    from staticlink.vendored.recipe import Recipe

_ALIAS = "fetch"


def offer_source(env: Environment, recipe: Recipe) -> None:
    """Have ``scons fetch`` fetch the source of a vendored library."""

    def fetch() -> None:
        from staticlink.vendored.fetch import fetch_source  # noqa: PLC0415  (it loads all that speaks https)

        cache, sources = open_cache(os.environ), settings(env).sources
        path, _ = fetch_source(recipe, cache=cache, sources=sources, offline=False, say=say)
        say("HAVE", f"{recipe.name} {recipe.version}", path.name)

    _offer(env, recipe.name, [], fetch)


def offer_std(env: Environment, toolchain: Toolchain) -> None:
    """Have ``scons fetch`` fetch the source of std, when this build would want it."""
    chosen = settings(env)

    def fetch() -> None:
        from staticlink.rust.std import fetch_std  # noqa: PLC0415  (as above)

        found = fetch_std(toolchain, chosen.target, chosen.rust_std, cache=open_cache(os.environ), say=say)
        say("HAVE", f"std of {toolchain.summary}", found)

    _offer(env, f"std-{toolchain.release}", [], fetch)


def offer_crates(env: Environment, crate: Crate, toolchain: Toolchain) -> None:
    """Have ``scons fetch`` vendor the crates of a lock file, which is written first where there is none."""

    def fetch() -> None:
        from staticlink.rust.vendored_crates import (  # noqa: PLC0415  (as above)
            fetch_crates,
            locked_sources,
            vendored_directories,
        )

        own = bool(vendored_directories(configuration_files(crate, os.environ)))
        fetch_crates(crate, toolchain, os.environ, vendors_itself=own, cache=open_cache(os.environ), say=say)
        count = len(locked_sources(crate.lock))
        say("HAVE", f"crates of {crate.name}", f"{count} in its lock file")

    _offer(env, os.path.relpath(crate.lock), [env.File(str(crate.lock))], fetch)


def list_fetch(env: Environment) -> None:
    """Have ``scons -h`` name the alias; a run that only helps declares nothing that could be fetched."""
    list_target(env, _ALIAS, "fetch all that this build would take from the network, for offline=1")


def _offer(env: Environment, name: str, needs: list[Node], fetch: Callable[[], None]) -> None:
    list_fetch(env)
    if _ALIAS not in COMMAND_LINE_TARGETS or GetOption("help") or GetOption("clean"):
        return
    part = env.Alias(f"{_ALIAS}:{name}")[0]
    if part.has_builder():
        return

    def act(target: list[Node], source: list[Node], env: Environment) -> None:
        if settings(env).offline:
            raise fail("fetch-offline", "scons fetch needs the network", evidence=("offline=1",), fix="offline=0")
        fetch()

    action: Any = core_action(act, "FETCH  $TARGET")
    env.Alias(_ALIAS, env.AlwaysBuild(env.Alias(part, needs, action)))
