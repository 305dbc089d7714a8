"""VendoredLibrary: a dependency compiled from pinned source. SCons' side of ``staticlink/vendored/``.

``env.VendoredLibrary("musl")`` returns nodes: ``build/TARGET/musl.manifest.json``, which maps every file of the
prefix to its sha256, and each product the recipe lists (``build/TARGET/musl/lib/libc.a``). What the recipe needs is
built as well. Called again for the same name it returns the same nodes. Whoever uses the prefix depends on the
manifest; its bytes change when any file of the prefix does, and only then.

Construction variables: ``VENDOR`` is the directory of the recipes (``#vendor``); a recipe that is not there is taken
from those that come with staticlink. ``STATICLINK_HOST_CC`` is the machine's own C compiler.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import staticlink
from staticlink.errors import fail
from staticlink.vendored.cache import copy_entry, open_cache
from staticlink_scons.action import core_action, reading, say
from staticlink_scons.fetching import offer_source
from staticlink_scons.launcher import use_launcher
from staticlink_scons.nodes import core_nodes, tool_node
from staticlink_scons.pool import job_pool, share_jobs
from staticlink_scons.settings import settings
from staticlink_scons.signatures import keep_signatures

if TYPE_CHECKING:
    from SCons.Environment import Base as Environment
    from SCons.Node import Node
    from SCons.Node.FS import File
    from staticlink.vendored.wrapper import Host

_CORE_PARTS = ("errors.py", "hardening.py", "model.py", "target.py", "libc/note.py", "fortify", "vendored")
_MANIFEST = ".manifest.json"


def exists(env: Environment) -> bool:
    """Return whether there is a compiler to build dependencies with."""
    return bool(env.Detect(["gcc", "cc"]))


def generate(env: Environment) -> None:
    """Add ``VendoredLibrary``."""
    settings(env)
    share_jobs(env)
    use_launcher(env)
    env.SetDefault(STATICLINK_HOST_CC=env.subst("$CC") or "gcc", VENDOR="#vendor")
    env.AddMethod(_vendored_library, "VendoredLibrary")


def _vendored_library(env: Environment, name: str) -> list[File]:
    """Return the nodes of dependency ``name`` for this build's target: its manifest, then its products."""
    with reading():
        return _declare(env, name, ())


def _declare(env: Environment, name: str, needed_by: tuple[str, ...]) -> list[File]:
    if name in needed_by:
        chain = " needs ".join([*needed_by[needed_by.index(name) :], name])
        raise fail("cyclic-needs", f"recipes need each other: {name}", evidence=(chain,))
    from staticlink.vendored.recipe import load_recipe  # many links need no recipe

    recipe_node = _recipe_node(env, name)
    recipe = load_recipe(Path(recipe_node.abspath))
    chosen = settings(env)
    directory = f"{chosen.place}/{name}"
    nodes = [env.File(f"{directory}{_MANIFEST}"), *(env.File(f"{directory}/{path}") for path in recipe.products)]
    if nodes[0].has_builder():
        return nodes
    needs = [_declare(env, need, (*needed_by, name))[0] for need in recipe.needs.get(chosen.target.libc, ())]
    offer_source(env, recipe)
    action = core_action(_build, "BUILD  $TARGET", varlist=("STATICLINK_HOST_CC",))
    env.Command(nodes, [recipe_node, *needs], action)
    env.Depends(nodes, core_nodes(env, *_CORE_PARTS))
    compiler = shutil.which(env.Split(env["STATICLINK_HOST_CC"])[-1], path=str(env["ENV"]["PATH"]))
    if compiler is not None:
        env.Depends(nodes, tool_node(env, compiler))
    keep_signatures(nodes)
    env.NoCache(nodes)  # a CacheDir would bring the products back without the prefix they belong to
    env.Clean(nodes[0], env.Dir(directory))
    return nodes


def _recipe_node(env: Environment, name: str) -> File:
    """Return the recipe's file: the project's own, or else the one that comes with staticlink."""
    package = Path(staticlink.__file__).parent
    own = env.File(f"{env.subst('$VENDOR')}/{name}.toml")
    shipped = [place / f"{name}.toml" for place in (package / "vendor", package.parent.parent / "vendor")]
    found = [path for path in shipped if path.is_file()]
    return own if Path(own.abspath).is_file() or not found else env.File(str(found[0]))


def _host(env: Environment) -> Host:
    from staticlink.vendored.wrapper import Host  # only the build of a library needs it

    return Host(tuple(env.Split(env["STATICLINK_HOST_CC"])), str(env["ENV"]["PATH"]))


def _build(target: list[Node], source: list[Node], env: Environment) -> None:
    """Have the core build the dependency or find it in the cache, and copy it to the build directory."""
    from staticlink.vendored.build import build_dependency  # a build with nothing to do need not load it
    from staticlink.vendored.recipe import load_recipe

    chosen = settings(env)
    prefix = build_dependency(
        load_recipe(Path(source[0].abspath)),
        target=chosen.target,
        needs={directory.name: directory for directory in map(_prefix, source[1:])},
        cache=open_cache(os.environ),
        sources=chosen.sources,
        offline=chosen.offline,
        jobs=job_pool(),
        say=say,
        verbose=chosen.verbose,
        host=_host(env),
    )
    copy_entry(prefix, _prefix(target[0]), Path(target[0].abspath))


def _prefix(manifest: Node) -> Path:
    """Return the directory a manifest describes."""
    path = Path(manifest.abspath)
    return path.with_name(path.name.removesuffix(_MANIFEST))
