"""StaticProgram: link once, fully static, verified and probed. SCons' side of ``staticlink/link/plan.py``.

``env.StaticProgram(target, sources, LIBS=..., PROBE=[...])`` takes what ``Program`` takes. With ``static=1`` plain
``env.Program`` does the same, and ``CC``, ``StaticLibrary`` and Configure's checks work against the chosen libc. With
``static=0`` it is an ordinary ``Program``.

Construction variables: ``PROBE`` holds the arguments with which the finished executable is run alone in an empty
directory (unset: it is not run). ``STATICLINK_HOST_CC`` is the compiler as it was before the chosen libc's took its
place.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from SCons.Builder import Builder
from SCons.Script import GetOption
from SCons.Tool import ProgramScanner
from SCons.Util import CLVar, flatten
from staticlink.link.allocator import ARCHIVES, allocator_by_policy
from staticlink.link.libc import Libc, compiler_directories, describe_libc
from staticlink.link.linker import find_linkers
from staticlink.rust.toolchain import find_toolchain, search_directories
from staticlink.vendored.cache import open_cache
from staticlink_scons.action import core_action, reading, say
from staticlink_scons.cleaning import remove_empty_directories
from staticlink_scons.compiler import adopt_compiler, follow_compiler, is_check, is_cxx, reject_cxx
from staticlink_scons.damage import mend_damage
from staticlink_scons.joining import join_crates
from staticlink_scons.libraries import accept_crates, with_crates
from staticlink_scons.listing import list_program
from staticlink_scons.nodes import core_nodes, tool_node
from staticlink_scons.question import declare_question, program_of
from staticlink_scons.settings import settings
from staticlink_scons.shared import claim_static, separate_shared

if TYPE_CHECKING:
    from SCons.Environment import Base as Environment
    from SCons.Node import Node
    from staticlink.link.request import LinkRequest

#: What of the core decides a link.
CORE_PARTS = (
    *("errors.py", "hardening.py", "model.py", "platforms.py", "target.py", "elf", "libc", "link", "report", "policy"),
    *("shim_sources", "vendored/makers.py", "vendored/recipe.py", "vendored/schema.py"),
)
#: What rustc's and CPython's archives ask of an ordinary dynamic glibc link.
_DYNAMIC_LIBRARIES = ("m", "pthread", "dl", "util", "rt")

#: One short line a step, unless the project has its own.
_SHORT_LINES = {
    "CCCOMSTR": "CC     $TARGET",
    "CXXCOMSTR": "CXX    $TARGET",
    "ASCOMSTR": "AS     $TARGET",
    "ASPPCOMSTR": "AS     $TARGET",
    "ARCOMSTR": "AR     $TARGET",
    "RANLIBCOMSTR": "INDEX  $TARGET",
    "LINKCOMSTR": "LINK   $TARGET",
}


def exists(env: Environment) -> bool:
    """Return whether there is a compiler to link for."""
    return bool(env.Detect(["cc", "gcc", "clang"]))


def generate(env: Environment) -> None:
    """Add ``StaticProgram``, and with ``static=1`` make the compiler, ``Program`` and Configure static."""
    chosen = settings(env)
    if "vendored_library" not in env["TOOLS"]:
        env.Tool("vendored_library", toolpath=[str(Path(__file__).parent)])
    remove_empty_directories(env, chosen.build)
    env.SetDefault(STATICLINK_HOST_CC=env.subst("$CC") or "gcc")
    if not chosen.verbose:
        env.SetDefault(**_SHORT_LINES)
    accept_crates(env)
    if not chosen.target.static:
        env.AddMethod(_dynamic_program, "StaticProgram")
        return
    builder = _program_builder()
    env["BUILDERS"]["StaticProgram"] = builder
    env["BUILDERS"]["Program"] = builder
    env["ARFLAGS"] = CLVar("rcD")
    env.SetDefault(LIBLINKPREFIX="-l", LIBLINKSUFFIX="", LIBDIRPREFIX="-L", LIBDIRSUFFIX="")
    adopt_compiler(env)
    follow_compiler(env)
    separate_shared(env)


def _program_builder() -> Any:
    return Builder(
        action=core_action(_link, "LINK   $TARGET", varlist=("LINKFLAGS", "LIBS", "LIBPATH", "PROBE")),
        emitter=_emit,
        prefix="$PROGPREFIX",
        suffix="$PROGSUFFIX",
        src_suffix="$OBJSUFFIX",
        src_builder="Object",
        target_scanner=ProgramScanner,
    )


def _emit(target: list[Node], source: list[Node], env: Environment) -> tuple[list[Node], list[Node]]:
    """Declare everything that decides the executable, and what cleaning it must remove."""
    if GetOption("help"):
        list_program(env, target)
        return target, source
    output = target[0]
    chosen = settings(env)
    adopt_compiler(env)
    if chosen.target.libc == "musl" and not is_check(env):
        claim_static(source)
    source = join_crates(env, target, with_crates(env, source))
    env.Depends(
        output,
        env.Value(
            repr((chosen.target, chosen.unwinder, chosen.linker, _allocator(env), chosen.fast_strings, chosen.findings))
        ),
    )
    env.Depends(output, core_nodes(env, *CORE_PARTS))
    if not is_check(env):  # Configure keeps what SCons knows of its programs elsewhere
        mend_damage(env, [output])
    env.Depends(output, _sysroot_nodes(env))
    if GetOption("clean"):
        names = (f"{output.abspath}{suffix}" for suffix in (".linkplan.json", ".planned.json", ".unverified"))
        env.Clean(output, [*map(env.File, names), env.Dir(f"{output.abspath}.shims")])
        return target, source
    if chosen.why:
        declare_question(env, output, source, core_action(_explain, "WHY    $TARGET"), _sysroot_nodes(env))
    with reading():
        libc = _libc(env)
        linkers = find_linkers(_linker_directories(env))
    files = [path for path in libc.files if path.is_file() and not _inside(path, chosen.build_dir)]
    env.Depends(output, [tool_node(env, path) for path in files])
    env.Depends(output, [tool_node(env, one.path) for one in linkers if chosen.linker in ("auto", one.name)][:1])
    return target, source


def _sysroot_nodes(env: Environment) -> list[Node]:
    """Return the vendored nodes every link needs: musl, the unwinder and the allocator, where these are vendored."""
    chosen = settings(env)
    names = ["musl"] if chosen.target.libc == "musl" else []
    if "libunwind" in _unwinder_names(env):
        names.append("libunwind")
    names += [name for name in (_replacement(env),) if name in ARCHIVES]
    return [node for name in names for node in env.VendoredLibrary(name)]


def _unwinder_names(env: Environment) -> tuple[str, ...]:
    chosen = settings(env)
    if chosen.unwinder == "auto":
        return ("libunwind",) if chosen.target.libc == "musl" else ()
    return (chosen.unwinder,)


def _allocator(env: Environment) -> str:
    """Return the allocator that is asked for. A check of Configure is about the libc, and must not wait for another."""
    return "libc" if is_check(env) else settings(env).allocator


def _replacement(env: Environment) -> str:
    """Return the allocator that has to be at hand."""
    wanted = _allocator(env)
    return allocator_by_policy(settings(env).target.libc)[0] if wanted == "auto" else wanted


def _link(target: list[Node], source: list[Node], env: Environment) -> None:
    """Have the core link."""
    from staticlink.link.plan import link_program  # a build with nothing to do need not load it

    reject_cxx(target, source, env)
    link_program(_request(target, source, env), say)


def _explain(target: list[Node], source: list[Node], env: Environment) -> None:
    """Have the core say why the symbol of ``why=`` is in the program, or not."""
    from staticlink.link.plan import explain_program
    from staticlink.report.why import why_lines

    program = env.File(program_of(target[0]))
    answer = explain_program(_request([program], source, env), settings(env).why)
    sys.stdout.write("\n".join(why_lines(answer)) + "\n")


def _request(target: list[Node], source: list[Node], env: Environment) -> LinkRequest:
    """Return the paths and options of one link as the core takes them."""
    from staticlink.link.request import LinkRequest
    from staticlink.link.sources import read_crates

    chosen = settings(env)
    built = Path(chosen.build_dir)
    paths = [Path(node.path if hasattr(node, "path") else str(node)) for node in source]
    libraries, library_files = _libraries(env, target, source)
    unwinders = (
        {"libunwind": built / "libunwind" / "lib" / "libunwind.a"} if "libunwind" in _unwinder_names(env) else {}
    )
    probe = env.get("PROBE")
    rust = tuple(path for path in paths if path.name.endswith(".rust.json"))
    facts = read_crates(rust).values()
    return LinkRequest(
        output=Path(target[0].path),
        target=chosen.target,
        inputs=(*(path for path in paths if path.suffix != ".json"), *library_files),
        flags=(
            *_words(env, "$LINKFLAGS", target, source),
            *(word for one in facts for word in one.get("flags", ())),
        ),
        libraries=(*libraries, *(name for one in facts for name in one.get("libraries", ()))),
        directories=(
            *(Path(word[2:]) for word in _words(env, "$_LIBDIRFLAGS", target, source)),
            *(Path(name) for one in facts for name in one.get("directories", ())),
        ),
        libc=_libc(env),
        cc=_compiler(env),
        allocator=_allocator(env),
        allocators={name: built / name / ARCHIVES[name] for name in (_replacement(env),) if name in ARCHIVES},
        unwinder=chosen.unwinder,
        unwinders=unwinders,
        linker=chosen.linker,
        linkers=find_linkers(_linker_directories(env)),
        rust=rust,
        probe=tuple(env.Flatten(probe)) if probe is not None else None,
        findings=chosen.findings,
        fast_strings=chosen.fast_strings,
        recipes=(Path(env.Dir("$VENDOR").path),),
    )


def _words(env: Environment, text: str, target: list[Node], source: list[Node]) -> tuple[str, ...]:
    """Return what ``text`` comes to on the command line of a plain ``Program``, word by word."""
    return tuple(str(word) for line in env.subst_list(text, target=target, source=source) for word in line)


def _libraries(env: Environment, target: list[Node], source: list[Node]) -> tuple[tuple[str, ...], tuple[Path, ...]]:
    """Return what ``LIBS`` names, and the files among it; for C++ also what ``g++`` adds to what ``gcc`` links."""
    words = _words(env, "$_LIBFLAGS", target, source)
    names = [word.removeprefix("-l") for word in words if word.startswith("-l")]
    implied = ("stdc++", "m") if is_cxx(source) else ()
    return (*names, *implied), tuple(Path(word) for word in words if not word.startswith("-"))


def _libc(env: Environment) -> Libc:
    chosen = settings(env)
    sysroot = Path(chosen.build_dir, "musl") if chosen.target.libc == "musl" else None
    return describe_libc(chosen.target, compiler_directories(env.Split(env["STATICLINK_HOST_CC"])), sysroot)


def _compiler(env: Environment) -> tuple[str, ...]:
    """Return the compiler of the chosen libc as arguments."""
    chosen = settings(env)
    if chosen.target.libc == "musl":
        return (f"{chosen.build_dir}/musl/bin/cc",)
    return tuple(env.Split(env["STATICLINK_HOST_CC"]))


def _linker_directories(env: Environment) -> tuple[Path, ...]:
    """Return where linkers are looked for: SCons' PATH, then among the Rust toolchain's own programs."""
    path = str(env["ENV"].get("PATH", ""))
    places = [Path(part) for part in path.split(os.pathsep) if part]
    if _has_rust() and settings(env).linker in ("auto", "rust-lld"):
        toolchain = find_toolchain(Path(env.Dir("#").abspath), os.environ, open_cache(os.environ).root / "rust")
        places.append(toolchain.target_libraries(toolchain.host).with_name("bin"))
    return tuple(places)


def _has_rust() -> bool:
    places = search_directories(os.environ)
    return all(any((place / name).is_file() for place in places) for name in ("rustc", "cargo"))


def _inside(path: Path, directory: str) -> bool:
    return not path.is_absolute() and path.is_relative_to(directory)


def _dynamic_program(env: Environment, target: Any, source: Any, **kw: Any) -> Any:
    """Link an ordinary dynamic executable from what ``StaticProgram`` takes."""
    nodes = env.arg2nodes(flatten([target]), env.File)
    joined = join_crates(env, nodes, env.arg2nodes(flatten([source]), env.File))
    sources = [node for node in joined if not str(node).endswith(".json")]
    libraries = flatten([kw.pop("LIBS", env.get("LIBS", []))])
    kw.pop("PROBE", None)
    return env.Program(target, sources, LIBS=[*libraries, *_DYNAMIC_LIBRARIES], **kw)
