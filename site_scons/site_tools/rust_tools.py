"""RustTools: what people who write a crate want besides its archive. SCons' side of ``staticlink/rust/editor.py``.

Loading the tool after ``rust_crate`` gives every crate that is declared from then on to these aliases::

    scons rust-test      cargo test    scons rust-fmt       cargo fmt, which rewrites
    scons rust-clippy    cargo clippy  scons rust-project   writes rust-project.json for rust-analyzer

They run cargo with the features, profile, arguments and variables of the SConscript; cargo prints by itself, in colour
on a terminal. With ``static=1`` tests are static programs of the chosen libc (``staticlink/rust/tests.py``); else, and
for clippy and tests in documentation, cargo compiles for this machine.

``env.CHeader("parser.h", parser)`` is a C header that cbindgen writes from the crate; one whose text stays the same is
left alone, and nothing that includes it is compiled again. Construction variables: ``CBINDGEN`` is the program,
``CBINDGENFLAGS`` its arguments.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

from SCons.Builder import Builder
from SCons.Script import GetOption
from staticlink.errors import fail
from staticlink.link.allocator import ARCHIVES, allocator_by_policy
from staticlink_scons.action import core_action, say
from staticlink_scons.crates import cargo_run, compiling, declare_compile, declare_for_host
from staticlink_scons.listing import list_target
from staticlink_scons.settings import node_name, settings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from SCons.Environment import Base as Environment
    from SCons.Node import Node
    from staticlink_scons.declared import DeclaredCrate

_CHECKS = {
    "test": "run the tests of the crates, with the features of the program",
    "clippy": "run cargo clippy on the crates",
    "fmt": "run cargo fmt on the crates, which rewrites them",
}
_PROJECT = "rust-project"
_CBINDGEN_SECONDS = 300


def exists(env: Environment) -> bool:
    """Return whether cargo can be asked."""
    return bool(env.Detect("cargo")) or Path("~/.cargo/bin/cargo").expanduser().is_file()


def generate(env: Environment) -> None:
    """Add ``CHeader``, and the aliases for every crate declared from now on."""
    if "rust_crate" not in env["TOOLS"]:
        env.Tool("rust_crate", toolpath=[str(Path(__file__).parent)])
    env.SetDefault(CBINDGEN="cbindgen", CBINDGENFLAGS=[])
    env["BUILDERS"]["_RustHeader"] = Builder(
        action=core_action(_write_header, "HEADER $TARGET", varlist=("CBINDGEN", "CBINDGENFLAGS"))
    )
    plain = env.RustCrate

    def declare(env: Environment, *arguments: Any, **words: Any) -> list[Node]:
        nodes: list[Node] = plain(*arguments, **words)
        _offer(env, nodes)
        return nodes

    env.AddMethod(declare, "RustCrate")
    env.AddMethod(_header, "CHeader")


def _offer(env: Environment, nodes: list[Node]) -> None:
    """Add a crate to the aliases."""
    for check, text in _CHECKS.items():
        list_target(env, f"rust-{check}", text)
    list_target(env, _PROJECT, "write rust-project.json, for rust-analyzer")
    declared = _declared(nodes)
    if declared is None or GetOption("clean") or GetOption("help"):
        return
    for check in _CHECKS:
        name = f"rust-{check}"
        step = env.Command(f"{settings(env).place}/rust/{declared.key}.{check}", [], core_action(_check, f"{name}"))
        for node in step:
            node.attributes.staticlink_crate = declared
            node.attributes.staticlink_check = check
        if check == "test" and settings(env).target.static:
            declare_compile(env, step, declared.toolchain)
            env.Depends(step, [node for name in _vendored(env) for node in env.VendoredLibrary(name)])
            env.Depends(step, [env.File(node_name(path)) for link in declared.options.links for path in link.files])
        env.AlwaysBuild(env.Alias(name, step))
        env.AlwaysBuild(step)
        env.Ignore(env.Dir(f"{settings(env).place}/rust"), step)  # a plain ``scons`` builds what is in directories
    project = env.File("#/rust-project.json")
    if not project.has_explicit_builder():
        env.Command(project, [], core_action(_write_project, "WRITE  $TARGET"))
        project.attributes.staticlink_crates = []
        env.AlwaysBuild(env.Alias(_PROJECT, project))
        env.AlwaysBuild(project)
        env.Ignore(env.Dir("#"), project)
    if declared not in project.attributes.staticlink_crates:
        project.attributes.staticlink_crates.append(declared)


def _check(target: list[Node], source: list[Node], env: Environment) -> None:
    """Run cargo's own check, which prints for itself."""
    declared, check = target[0].attributes.staticlink_crate, target[0].attributes.staticlink_check
    options = declared.options
    if check == "test" and settings(env).target.static:
        _test_static(env, declared)
    else:
        words = () if check == "fmt" else (*_selected(env, declared, "checks"), *_said(env, declared))
        with cargo_run(env) as run:
            variables = {**run.environ, **options.variables}
            if check != "fmt" and options.rustflags:
                variables["RUSTFLAGS"] = " ".join([variables.get("RUSTFLAGS", ""), *options.rustflags]).strip()
            _run_cargo(declared, (check, *words), variables, run.pass_fds)
    say(check.upper(), declared.crate.name, "ok")


def _test_static(env: Environment, declared: DeclaredCrate) -> None:
    """Run the tests as static programs; those in documentation, which rustdoc compiles, as the machine's own."""
    from staticlink.rust.tests import documented_packages, test_environment, write_test_driver

    chosen = settings(env)
    own = [f"--linker={chosen.linker}", f"--unwinder={chosen.unwinder}", f"--findings={' '.join(chosen.findings)}"]
    own += [f"--allocator={chosen.allocator}", f"--strings={'fast' if chosen.fast_strings else 'libc'}"]
    own.append(f"--prefixes={Path(chosen.build_dir).absolute()}")
    with compiling(env, declared.toolchain, ()) as compile_:
        driver = write_test_driver(compile_, declared.options, own)
        environ = test_environment(compile_, declared.options, driver)
        words = _selected(env, declared, "tests", compile_.std.value.rust_triple)
        _run_cargo(declared, ("test", "--tests", *words, *_said(env, declared)), environ, compile_.run.pass_fds)
    with cargo_run(env) as run:
        variables = {**run.environ, **declared.options.variables}
        documented = documented_packages(declared.crate, declared.toolchain, variables)
        if documented:
            words = ("test", "--doc", *_selected(env, declared, "checks", packages=documented), *_said(env, declared))
            _run_cargo(declared, words, variables, run.pass_fds)


def _selected(
    env: Environment, declared: DeclaredCrate, place: str, triple: str | None = None, packages: Sequence[str] = ()
) -> tuple[str, ...]:
    """Return cargo's words for its target directory and for packages of a crate, for ``triple`` or the machine."""
    from staticlink.rust.directory_lock import report_wait

    into, options = Path(settings(env).build_dir, "cargo", place), declared.options
    report_wait(into, options.profile, triple, say)
    target = (f"--target={triple}", *(w for link in options.links for w in link.arguments(triple))) if triple else ()
    named = packages or [member.name for member in declared.crate.members]
    return ("--quiet", f"--target-dir={into.absolute()}", *target, *(f"--package={name}" for name in named))


def _said(env: Environment, declared: DeclaredCrate) -> list[str]:
    """Return what the project says to cargo."""
    return declared.options.arguments(locked=declared.crate.lock.is_file(), offline=settings(env).offline)


def _run_cargo(
    declared: DeclaredCrate, words: Sequence[str], environ: Mapping[str, str], descriptors: Sequence[int]
) -> None:
    crate = declared.crate
    command = [str(declared.toolchain.cargo), words[0], f"--manifest-path={crate.manifest}", *words[1:]]
    done = subprocess.run(command, cwd=crate.directory, env=dict(environ), check=False, pass_fds=descriptors)
    if done.returncode != 0:
        evidence = (f"cargo {words[0]}: exit code {done.returncode}",)
        raise fail("failed-check", f"cargo {words[0]} rejects {crate.name}", evidence=evidence)


def _write_project(target: list[Node], source: list[Node], env: Environment) -> None:
    """Ask cargo for the packages of every crate, and write what rust-analyzer reads."""
    from staticlink.rust.editor import describe_project, read_packages

    crates = target[0].attributes.staticlink_crates
    toolchain, triple = crates[0].toolchain, settings(env).target.rust_triple
    with cargo_run(env) as run:
        answers = [read_packages(one.crate, one.toolchain, one.options, run, triple) for one in crates]
    sysroot = toolchain.target_libraries(toolchain.host).parents[3]
    text = json.dumps(describe_project(answers, sysroot, triple), indent=2) + "\n"
    Path(target[0].path).write_text(text, encoding="utf-8")
    say("WRITE", target[0].path, f"{len(crates)} crates")


def _header(env: Environment, target: Any, crate: list[Node]) -> list[Node]:
    """Return the node of a C header that is written from ``crate``, which ``RustCrate`` has returned."""
    header = env.File(target)
    declared = _declared(crate)
    if declared is None:  # a run that builds nothing
        return [header]
    nodes = declare_for_host(env, "_RustHeader", [header], declared)
    env.Precious(nodes)
    return nodes


def _vendored(env: Environment) -> list[str]:
    """Return what of ``vendor/`` the links of tests need."""
    chosen = settings(env)
    musl = chosen.target.libc == "musl"
    wanted = chosen.unwinder == "libunwind" or (musl and chosen.unwinder == "auto")
    allocator = allocator_by_policy(chosen.target.libc)[0] if chosen.allocator == "auto" else chosen.allocator
    replacement = [allocator] if allocator in ARCHIVES else []
    return [*(["musl"] if musl else []), *(["libunwind"] if wanted else []), *replacement]


def _declared(nodes: list[Node]) -> Any:
    return next((n.attributes.staticlink_crate for n in nodes if hasattr(n.attributes, "staticlink_crate")), None)


def _write_header(target: list[Node], source: list[Node], env: Environment) -> None:
    """Run cbindgen, and replace the header if its text has changed."""
    crate = target[0].attributes.staticlink_crate.crate
    places = os.pathsep.join([os.environ.get("PATH", os.defpath), str(Path("~/.cargo/bin").expanduser())])
    program = shutil.which(env.subst("$CBINDGEN"), path=places)
    if program is None:
        raise fail("no-cbindgen", "no cbindgen", evidence=(str(env.subst("$CBINDGEN")),), fix="cargo install cbindgen")
    with cargo_run(env) as run:
        done = subprocess.run(
            [program, "--quiet", *env.Split(env.subst("$CBINDGENFLAGS") or "--lang=c"), str(crate.directory)],
            env=dict(run.environ), capture_output=True, text=True, check=False, timeout=_CBINDGEN_SECONDS,
            stdin=subprocess.DEVNULL, pass_fds=run.pass_fds,
        )  # fmt: skip
    if done.returncode != 0:
        evidence = [line.rstrip() for line in done.stderr.strip().splitlines()]
        raise fail("bad-header", f"cbindgen rejects {crate.name}", evidence=evidence)
    path = Path(target[0].path)
    same = path.is_file() and path.read_text(encoding="utf-8") == done.stdout
    if not same:
        path.write_text(done.stdout, encoding="utf-8")
    say("HEADER", str(path), "unchanged" if same else f"from {crate.name}")
