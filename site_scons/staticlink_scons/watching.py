"""How does SCons depend on what only a run of cargo can tell?

What cargo was seen to read is kept in a record (``rust/watch.py``). A dependency that appears after the first build
would make SCons build a second time for nothing, since it compares lists of dependencies as well. So each crate has one
dependency more from the start, a value: the digest of everything that was seen, as it is now. It has changed when the
last build had another digest, unless that very build wrote the record and what it wrote still stands.

The digest is part of what a ``CacheDir`` calls the archive. A run that read something it had not been told of is not
put there: it would be found by a build that knows as little, under circumstances that may differ.

``RUSTCRATE_STRICT`` makes an input that nothing declares an error; ``env.Depends`` declares one.
"""

from __future__ import annotations

import hashlib
import os
from contextlib import chdir
from pathlib import Path
from typing import TYPE_CHECKING

from SCons.Node.FS import Base
from SCons.Node.Python import Value
from staticlink.rust.crate import configuration_files, whole_packages
from staticlink.rust.observed import Names, State, look, look_into, read_observed
from staticlink.rust.vendored_crates import find_vendored, package_digests, vendored_directories
from staticlink.vendored.cache import open_cache

from staticlink_scons.action import say
from staticlink_scons.settings import settings

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from SCons.Environment import Base as Environment
    from SCons.Node import Node
    from SCons.Node.FS import File
    from staticlink.rust.watch import Watch

    from staticlink_scons.declared import DeclaredCrate

_SHOWN = 3


def declare_seen(env: Environment, nodes: Sequence[Node], declared: DeclaredCrate, excluded: Collection[Path]) -> None:
    """Make ``nodes``, which cargo makes of one crate, depend on what it was last seen to read.

    ``excluded`` are directories and files that the build makes itself.
    """
    crate, environ = declared.crate, {**os.environ, **declared.options.variables}
    record = _record_place(nodes[0])
    last = read_observed(record)
    directories = vendored_directories(configuration_files(crate, os.environ))
    vendored = find_vendored(crate.lock, open_cache(os.environ)) if settings(env).offline and not directories else None
    directories += (vendored.directory,) if vendored else ()
    names = last.names if last.state else Names(frozenset(map(str, whole_packages(crate))))
    trees = {directory: _tree(env, directory) for directory in directories}
    state, _ = look(names, environ, last.times, excluded)
    state = State({**state.files, **package_digests(trees)}, state.variables)
    top = Path(env.Dir("#").abspath)
    value = Value(state.digest(top), name=f"what cargo read for {nodes[0].path}")
    value.attributes.staticlink_stands = last.began if last.state == state else ""
    value.Decider(_changed)
    env.Depends(nodes, value)

    def begin() -> Watch:
        from staticlink.rust.watch import Watch  # noqa: PLC0415  (a build with nothing to do need not load it)

        return Watch(
            crate, declared.toolchain, record, environ, {}, (), names, state, value.get_csig(), trees,
            tuple(excluded), strict=bool(env.get("RUSTCRATE_STRICT")), report=_Report(nodes),
            configuration=vendored.configuration if vendored else None,
        )  # fmt: skip

    for node in nodes:
        node.attributes.staticlink_watch = begin


def watch(target: Sequence[Node]) -> Watch | None:
    """Return the watch over the run of cargo that makes ``target``, which knows what the project declared for it."""
    begin = getattr(target[0].attributes, "staticlink_watch", None) if target else None
    if begin is None:
        return None
    nodes = [node for node in target[0].children() if isinstance(node, Base)]
    files = {str(node.abspath): str(node.get_csig()) for node in nodes if Path(node.abspath).is_file()}
    found: Watch = begin()
    return found.declaring(files, [Path(node.abspath) for node in nodes if Path(node.abspath).is_dir()])


def made_here(env: Environment, paths: Sequence[Path]) -> list[Path]:
    """Return those of ``paths`` that SCons makes, or made in its last run and nobody changed since."""
    # SCons opens its database in the current directory, which is an SConscript's while that is read.
    with chdir(env.Dir("#").abspath):
        env.Dir("#").sconsign()
    nodes = {path: env.File(str(path)) for path in paths}
    return [path for path, node in nodes.items() if node.has_explicit_builder() or _was_made(node)]


def _was_made(node: File) -> bool:
    stored = node.get_stored_info()
    if stored.binfo.bactsig is None:
        return False
    seen = stored.ninfo
    same_times = (getattr(seen, "timestamp", None), getattr(seen, "size", None)) == (
        node.get_timestamp(),
        node.get_size(),
    )
    return same_times or getattr(seen, "csig", None) == node.get_csig()


def _record_place(node: Node, kind: str = "seen") -> Path:
    key = hashlib.sha256(str(node.abspath).encode()).hexdigest()[:32]
    return open_cache(os.environ).root / "rust" / f"{kind}-{key}.json"


def _tree(env: Environment, directory: Path) -> dict[str, str]:
    """Return what is in a directory of vendored packages; many crates share one, and it is looked at once a run."""
    node = env.Dir(str(directory))
    if not hasattr(node.attributes, "staticlink_files"):
        node.attributes.staticlink_files = look_into(directory, _record_place(node, "tree"))
    found: dict[str, str] = node.attributes.staticlink_files
    return found


def _changed(dependency: Value, target: Node, previous: object, repository_node: Node | None = None) -> bool:
    before = getattr(previous, "csig", None)
    return before not in (dependency.get_csig(), dependency.attributes.staticlink_stands)


class _Report:
    """Tells the user what nobody declared, and SCons what must not be shared."""

    def __init__(self, nodes: Sequence[Node]) -> None:
        self._nodes = nodes

    def __call__(self, files: tuple[Path, ...], complete: bool) -> None:  # noqa: FBT001  (called by position, once)
        for node in self._nodes if not complete else ():
            node.set_nocache()
        if files:
            shown = ", ".join(os.path.relpath(path) for path in files[:_SHOWN])
            more = f" and {len(files) - _SHOWN} more" if len(files) > _SHOWN else ""
            say(
                "WARN",
                self._nodes[0].path,
                f"cargo read what nothing declares: {shown}{more}; the next build will look there",
            )
