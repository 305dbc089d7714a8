"""RustCrate: a cargo package joins a program. SCons' side of ``staticlink/rust/``.

``env.RustCrate("rust/parser")`` returns ``build/TARGET/rust/libNAME.a`` and ``libNAME.rust.json``, which says what the
link must know: the road std took and why, the start-up bridge, native libraries, known limits. std is a node of its
own, ``build/TARGET/rust-std/std.json``, which all crates of a build share.

``features=``, ``default_features=``, ``profile=``, ``rustflags=``, ``toolchain=``, ``cargo=`` (arguments) and
``environment=`` (variables; a value may be a node) say how it is compiled; see docs/rust.md. The construction variable
``RUSTCRATE_CARGOFLAGS`` holds arguments for every run of cargo.
"""

from __future__ import annotations

import os
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from SCons.Builder import Builder
from SCons.Node.FS import File
from SCons.Script import GetOption
from SCons.Util import flatten
from staticlink.errors import StaticlinkError, fail
from staticlink.platforms import refuse_triple
from staticlink.rust.crate import recall_crate
from staticlink.rust.links import Link, make_link
from staticlink.rust.members import require_libraries
from staticlink.rust.options import HOST, CrateOptions, check_options, require_crate, require_linked
from staticlink.rust.toolchain import find_program
from staticlink.vendored.cache import open_cache
from staticlink_scons.action import core_action, reading, say
from staticlink_scons.crates import compiling, crate_place, declare, describe, generate_builders, report_warnings
from staticlink_scons.fetching import list_fetch
from staticlink_scons.joining import generate_joining, join_crates, mark_members, record_node
from staticlink_scons.libraries import depend_on_facts, name_libraries
from staticlink_scons.rust_programs import generate_programs, link_main, main_nodes, tool_nodes
from staticlink_scons.settings import node_name, settings

if TYPE_CHECKING:
    from SCons.Environment import Base as Environment
    from SCons.Node import Node


#: The words of an SConscript that say how a crate is compiled.
_OPTIONS = frozenset(field.name for field in fields(CrateOptions))


def exists(env: Environment) -> bool:
    """Return whether rustc and cargo are installed."""
    try:
        return all(find_program(name, os.environ).is_file() for name in ("rustc", "cargo"))
    except StaticlinkError:
        return False


def generate(env: Environment) -> None:
    """Add ``RustCrate`` and ``RustProgram``."""
    if "vendored_library" not in env["TOOLS"]:
        env.Tool("vendored_library", toolpath=[str(Path(__file__).parent)])
    env.SetDefault(RUSTCRATE_CARGOFLAGS=[])
    generate_builders(env)
    generate_joining(env)
    env["BUILDERS"]["_RustArchive"] = Builder(action=core_action(_make_archive, "CARGO  $TARGET"))
    env.AppendUnique(PROGEMITTER=[_joined])
    generate_programs(env)
    name_libraries(env)
    env.AddMethod(_rust_crate, "RustCrate")
    env.AddMethod(_rust_program, "RustProgram")


def _rust_crate(
    env: Environment,
    directory: Any,
    *,
    crates: Any = (),
    bin: str | None = None,  # noqa: A002  (what cargo calls it)
    triple: str | None = None,
    toolchain: Any = None,
    **words: Any,
) -> list[Node]:
    """Return the nodes of the archive and of its facts; cargo is asked for metadata, unless it was before."""
    place = crate_place(env, directory)
    if GetOption("help") or GetOption("clean"):
        return _named_only(env, place)
    with reading():
        _reject_unknown(words)
        require_crate(triple, bin)
        options = _options(env, **words)
        check_options(options, triple, settings(env).target)
        declared = describe(env, place, options, toolchain and str(toolchain), _words(env, crates))
    if triple == HOST:
        return tool_nodes(env, declared, bin)
    with reading():
        require_libraries(declared.crate)
    if len(declared.crate.members) > 1:
        return mark_members([record_node(env, declared)], declared)
    stem = f"{settings(env).place}/rust/lib{declared.crate.library}"
    archive, facts = env.File(f"{stem}.a"), env.File(f"{stem}.rust.json")
    if archive.has_explicit_builder() and archive.attributes.staticlink_crate != declared:
        stem = f"{stem}-{declared.key}"
        archive, facts = env.File(f"{stem}.a"), env.File(f"{stem}.rust.json")
    if archive.has_explicit_builder():
        return [archive, facts]
    return mark_members(declare(env, "_RustArchive", [archive, facts], declared), declared)


def _rust_program(
    env: Environment,
    target: Any,
    directory: Any,
    *,
    bin: str | None = None,  # noqa: A002  (what cargo calls it)
    objects: Any = (),
    crates: Any = (),
    triple: str | None = None,
    toolchain: Any = None,
    **words: Any,
) -> list[Node]:
    """Return the node of an executable whose ``main`` is a crate's; other words are a StaticProgram's."""
    place = crate_place(env, directory)
    if GetOption("help") or GetOption("clean"):
        return link_main(
            env,
            target,
            [*_named_only(env, place), env.File(f"{settings(env).place}/rust/none")],
            objects,
            _others(words),
        )
    with reading():
        options = _options(env, **{name: value for name, value in words.items() if name in _OPTIONS})
        require_linked(triple, str(flatten([target])[0]), settings(env).target)
        check_options(options, triple, settings(env).target)
        declared = describe(env, place, options, toolchain and str(toolchain), _words(env, crates))
    return link_main(env, target, main_nodes(env, declared, bin), objects, _others(words))


def _reject_unknown(words: dict[str, Any]) -> None:
    """Raise :class:`StaticlinkError` for a word that a crate does not have; a triple says why it cannot be had."""
    for word in sorted(words.keys() - _OPTIONS):
        if word == "target":
            refuse_triple(str(words[word]))
        known = ", ".join(sorted({*_OPTIONS - {"files"}, "bin", "crates", "toolchain", "triple"}))
        evidence = (f"options: {known}",)
        fix = "triple=" if word == "target" else None
        raise fail("unknown-option", f"unknown option of RustCrate: {word}", evidence=evidence, fix=fix)


def _others(words: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in words.items() if name not in _OPTIONS}


def _options(  # the words of an SConscript
    env: Environment,
    *,
    features: Any = (),
    default_features: bool = True,
    profile: str = "release",
    rustflags: Any = (),
    cargo: Any = (),
    environment: Any = None,
    links: Any = None,
) -> CrateOptions:
    given = sorted((str(name), value) for name, value in (environment or {}).items())
    return CrateOptions(
        features=_words(env, features),
        default_features=bool(default_features),
        profile=str(profile),
        rustflags=_words(env, rustflags),
        cargo=(*_words(env, env["RUSTCRATE_CARGOFLAGS"]), *_words(env, cargo)),
        environment=tuple((name, str(value)) for name, value in given if not isinstance(value, File)),
        files=tuple((name, value.path) for name, value in given if isinstance(value, File)),
        links=tuple(_link(env, name, value) for name, value in sorted((links or {}).items())),
    )


def _link(env: Environment, name: str, value: Any) -> Link:
    """Return the archives that stand in for what a package with ``links = "NAME"`` would find or compile."""
    return make_link(str(name), [node.path for node in env.arg2nodes(flatten([value]), env.File)])


def _words(env: Environment, value: Any) -> tuple[str, ...]:
    """Return the words of a string, or the items of a list as they are."""
    return tuple(map(str, env.Split(value) if isinstance(value, str) else flatten([value])))


def _joined(target: list[Node], source: list[Node], env: Environment) -> tuple[list[Node], list[Node]]:
    """Hand a plain ``Program`` what a linker reads, with ``static=0``, and several crates as one."""
    joined = join_crates(env, target, source)
    depend_on_facts(env, target, joined)
    return target, [node for node in joined if not str(node).endswith(".rust.json")]


def _named_only(env: Environment, place: Path) -> list[Node]:
    """Return the nodes without asking anyone, for runs that build nothing; all that Rust left is cleaned with them."""
    list_fetch(env)
    built = settings(env).place
    crate = None
    if not GetOption("help"):  # which must not even make the cache's directory
        with reading():
            crate = recall_crate(place, open_cache(os.environ).root / "rust")
    name = crate.library if crate is not None else place.name.replace("-", "_")
    nodes = [env.File(f"{built}/rust/lib{name}{suffix}") for suffix in (".a", ".rust.json")]
    for node in nodes:
        env.Clean(node, [env.Dir(f"{built}/{part}") for part in ("rust", "rust-std", "cargo")])
        env.Clean(node, env.Dir(f"{node_name(settings(env).build)}/host"))
    return nodes


def _make_archive(target: list[Node], source: list[Node], env: Environment) -> None:
    """Run cargo."""
    from staticlink.rust.outputs import compile_archive  # a build with nothing to do need not load it

    declared = target[0].attributes.staticlink_crate
    with compiling(env, declared.toolchain, target) as compile_:
        paths = (Path(node.path) for node in target)
        compiled = compile_archive(declared.crate, declared.options, compile_, *paths)
    say("CARGO", target[0].path, f"{declared.crate.name}, {declared.options.profile}, std: {compile_.std.reason}")
    report_warnings(compiled.warnings)
