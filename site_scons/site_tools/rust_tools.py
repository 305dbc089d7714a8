"""RustTools: what people who write a crate want besides its archive. SCons' side of ``staticlink/rust/editor.py``.

Loading the tool after ``rust_crate`` gives every crate that is declared from then on to these aliases::

    scons rust-test      cargo test    scons rust-fmt       cargo fmt, which rewrites
    scons rust-clippy    cargo clippy  scons rust-project   writes rust-project.json for rust-analyzer

They run cargo with the features, profile, arguments and variables of the SConscript, for this machine, where tests can
run; cargo prints by itself, in colour on a terminal. ``env.CHeader("parser.h", parser)`` is a C header that
cbindgen writes from the crate; one whose text stays the same is left alone, and nothing that includes it is compiled
again. Construction variables: ``CBINDGEN`` is the program, ``CBINDGENFLAGS`` its arguments.
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
from staticlink_scons.action import core_action, say
from staticlink_scons.crates import cargo_run, declare_for_host
from staticlink_scons.listing import list_target
from staticlink_scons.settings import settings

if TYPE_CHECKING:
    from SCons.Environment import Base as Environment
    from SCons.Node import Node

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
    crate, options = declared.crate, declared.options
    command = [str(declared.toolchain.cargo), check, f"--manifest-path={crate.manifest}"]
    with cargo_run(env) as run:
        variables = {**run.environ, **options.variables}
        if check != "fmt":
            place = Path(settings(env).build_dir, "cargo", "checks").absolute()
            command += ["--quiet", f"--target-dir={place}", *(f"--package={one.name}" for one in crate.members)]
            command += options.arguments(locked=crate.lock.is_file(), offline=run.offline)
            if options.rustflags:
                flags = " ".join([variables.get("RUSTFLAGS", ""), *options.rustflags])
                variables["RUSTFLAGS"] = flags.strip()
        done = subprocess.run(command, cwd=crate.directory, env=variables, check=False, pass_fds=run.pass_fds)
    if done.returncode != 0:
        evidence = (f"cargo {check}: exit code {done.returncode}",)
        raise fail("failed-check", f"cargo {check} rejects {crate.name}", evidence=evidence)
    say(check.upper(), crate.name, "ok")


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
