"""Where is the prefix of a dependency, when no build system keeps one?

A command has no build directory, so it uses the entries of the cache as they are: each is complete, named by everything
that decides it, and never changed. What a recipe needs is provided first. Only the recipes that come with staticlink
are used.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from staticlink.errors import fail
from staticlink.vendored.build import build_dependency
from staticlink.vendored.jobserver import shared_job_server
from staticlink.vendored.recipe import SHIPPED, load_recipe

if TYPE_CHECKING:
    from pathlib import Path

    from staticlink.model import Say
    from staticlink.target import Target
    from staticlink.vendored.cache import Cache
    from staticlink.vendored.wrapper import Host


@dataclass(frozen=True, slots=True)
class Provider:
    """What every dependency is built with and for. ``sources`` is a directory that is searched for archives first."""

    target: Target
    cache: Cache
    host: Host
    sources: Path | None
    offline: bool
    say: Say

    def prefix(self, name: str, needed_by: tuple[str, ...] = ()) -> Path:
        """Return the prefix of dependency ``name``, from the cache or built now; see :func:`build_dependency`."""
        if name in needed_by:
            chain = " needs ".join([*needed_by[needed_by.index(name) :], name])
            raise fail("cyclic-needs", f"recipes need each other: {name}", evidence=(chain,))
        recipe = load_recipe(_find_recipe(name))
        needs = recipe.needs.get(self.target.libc, ())
        return build_dependency(
            recipe,
            target=self.target,
            needs={need: self.prefix(need, (*needed_by, name)) for need in needs},
            cache=self.cache,
            sources=self.sources,
            offline=self.offline,
            jobs=shared_job_server(os.cpu_count() or 1),
            say=self.say,
            verbose=False,
            host=self.host,
        )


def _find_recipe(name: str) -> Path:
    places = [place / f"{name}.toml" for place in SHIPPED]
    return next((place for place in places if place.is_file()), places[-1])
