"""Do the aliases, the headers and the files for editors do what people who write a crate expect of them?"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

TOP = Path(__file__).parent.parent.parent
CBINDGEN = shutil.which("cbindgen", path=os.pathsep.join([os.environ["PATH"], str(Path("~/.cargo/bin").expanduser())]))
SCONSTRUCT = """\
DefaultEnvironment(tools=[])
env = Environment(tools=["gcc", "gnulink", "static_program", "rust_crate", "rust_tools"], CPPPATH=["."])
crate = env.RustCrate("crate", features=["loud"])
if ARGUMENTS.get("header"):
    env.CHeader("crate.h", crate)
env.Tool("compilation_db")
env.CompilationDatabase()
env.Program("app", ["main.c", crate])
"""
MANIFEST = """\
[package]
name = "first-crate"
version = "0.1.0"
edition = "2021"

[lib]
crate-type = ["staticlib", "rlib"]

[features]
loud = []

[dependencies]
second = { path = "second" }

[workspace]
"""
SECOND = '[package]\nname = "second"\nversion = "0.1.0"\nedition = "2018"\n'
LOCK = """\
version = 3

[[package]]
name = "first-crate"
version = "0.1.0"
dependencies = ["second"]

[[package]]
name = "second"
version = "0.1.0"
"""
SOURCE = """\
#[no_mangle]
pub extern "C" fn answer() -> i32 {
    second::two() + if cfg!(feature = "loud") { 40 } else { 0 }
}

#[cfg(test)]
mod tests {
    #[test]
    fn it_is_loud() {
        assert_eq!(super::answer(), 42);
    }
}
"""


@dataclass(frozen=True, slots=True)
class Project:
    """A C program with a crate."""

    place: Path

    def scons(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run SCons."""
        command = [sys.executable, "-m", "SCons", f"--site-dir={TOP / 'site_scons'}", "-Q", *arguments]
        return subprocess.run(command, cwd=self.place, capture_output=True, text=True, check=False, timeout=600)

    def build(self, *arguments: str) -> str:
        """Run SCons; return what it printed when it succeeded."""
        done = self.scons(*arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def edit(self, name: str, old: str, new: str) -> None:
        """Replace ``old`` in a file by ``new``."""
        text = (self.place / name).read_text(encoding="utf-8")
        assert old in text
        (self.place / name).write_text(text.replace(old, new), encoding="utf-8")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    files = {
        "SConstruct": SCONSTRUCT,
        "main.c": "int answer(void);\nint main(void) { return answer() != 42; }\n",
        "crate/Cargo.toml": MANIFEST,
        "crate/Cargo.lock": LOCK,
        "crate/src/lib.rs": SOURCE,
        "crate/second/Cargo.toml": SECOND,
        "crate/second/src/lib.rs": "pub fn two() -> i32 {\n    2\n}\n",
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return Project(tmp_path)


def test_tests_run_with_the_features_of_the_program(project: Project) -> None:
    assert "tests::it_is_loud ... ok" in project.build("rust-test") or "1 passed" in project.build("rust-test")
    project.edit("crate/src/lib.rs", "{ 40 }", "{ 41 }")
    done = project.scons("rust-test")
    assert done.returncode == 2
    assert (done.stdout + done.stderr).count("assertion `left == right` failed") == 1
    assert done.stderr.splitlines()[-2:] == [
        f"scons: *** [{failed(done)}] cargo test rejects first-crate",
        "  cargo test: exit code 101",
    ]


_STATIC = """\
#[test]
fn it_is_static_and_of_the_libc() {
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    assert!(!maps.contains(".so"), "{maps}");
    assert_eq!(first_crate::answer(), 42);
    assert_eq!(std::env::var("SAID").is_ok(), true);
    assert!(std::panic::catch_unwind(|| panic!("caught")).is_err());
    println!("for {}", if cfg!(target_env = "musl") { "musl" } else { "glibc" });
}
"""


@pytest.mark.parametrize(
    "options",
    [
        ("libc=glibc",),
        ("libc=musl",),
        ("libc=musl", "rust_std=shim"),
        ("libc=musl", "pie=1"),
        ("libc=musl", "hardening=1", "allocator=mimalloc", "strings=fast"),
    ],
    ids="-".join,
)
def test_tests_are_static_programs_of_the_libc(project: Project, options: tuple[str, ...]) -> None:
    documentation = "/// ```\n/// assert_eq!(first_crate::answer(), 42);\n/// ```\n#[no_mangle]"
    project.edit("crate/src/lib.rs", "#[no_mangle]", documentation)
    project.edit("SConstruct", 'features=["loud"]', 'features=["loud"], environment={"SAID": "1"}')
    tests = project.place / "crate/tests/whole.rs"
    tests.parent.mkdir()
    tests.write_text(_STATIC, encoding="utf-8")
    printed = project.build("static=1", *options, "rust-test")
    assert printed.count("1 passed") == 3
    assert "TEST   first-crate   ok" in printed
    directory = next((project.place / "build").glob("x86_64-linux-*"))
    plans = list(directory.glob("cargo/tests/*/*/deps/*.linkplan.json"))
    assert sorted(path.name.partition("-")[0] for path in plans) == ["first_crate", "whole"]
    for path in plans:
        plan = json.loads(path.read_text(encoding="utf-8"))
        allocator = "mimalloc" if "allocator=mimalloc" in options else "libc"
        assert plan["choices"]["allocator"]["value"] == allocator
        assert ("fast_memory" in plan["shims"], "relro" in plan["shims"]) == (
            "strings=fast" in options,
            "hardening=1" in options,
        )
    program = next(path for path in directory.glob("cargo/tests/*/*/deps/whole-*") if not path.suffix)
    command = [sys.executable, "-m", "staticlink.cli", "verify", str(program)]
    command += [word for word, option in (("--pie", "pie=1"), ("--hardening", "hardening=1")) if option in options]
    environ = {**os.environ, "PYTHONPATH": str(TOP / "site_scons")}
    verified = subprocess.run(command, env=environ, capture_output=True, text=True, check=False, timeout=60)
    assert verified.returncode == 0, verified.stderr
    project.edit("crate/src/lib.rs", "{ 40 }", "{ 41 }")
    done = project.scons("static=1", *options, "rust-test")
    assert done.returncode == 2
    assert done.stderr.splitlines()[-2:] == [
        f"scons: *** [{failed(done)}] cargo test rejects first-crate",
        "  cargo test: exit code 101",
    ]


def test_a_crate_whose_documentation_holds_no_tests(project: Project) -> None:
    project.edit("crate/Cargo.toml", '["staticlib", "rlib"]', '["staticlib"]')
    assert project.build("static=1", "libc=glibc", "rust-test").count("test result: ok. 1 passed") == 1


def failed(done: subprocess.CompletedProcess[str]) -> str:
    line = next(line for line in done.stderr.splitlines() if line.startswith("scons: ***"))
    return line.partition("[")[2].partition("]")[0]


def test_clippy_and_fmt(project: Project) -> None:
    project.build("rust-clippy")
    project.edit("crate/src/lib.rs", "second::two()", "second::two().clone()")
    done = project.scons("rust-clippy")
    assert (done.stdout + done.stderr).count("clone_on_copy") >= 1
    project.edit("crate/src/lib.rs", "{ 40 }", "{40}")
    before = (project.place / "crate/src/lib.rs").read_text(encoding="utf-8")
    project.build("rust-fmt")
    assert (project.place / "crate/src/lib.rs").read_text(encoding="utf-8") != before


def test_nothing_of_it_is_built_by_default(project: Project) -> None:
    project.build("static=1", "libc=musl")
    assert project.build("static=1", "libc=musl", "app") == "scons: `app' is up to date.\n"
    assert not (project.place / "rust-project.json").exists()
    assert not (project.place / "build/x86_64-linux-musl-static/cargo/checks").exists()


_TARGETS = """\
targets:
    fetch           fetch all that this build would take from the network, for offline=1
    rust-test       run the tests of the crates, with the features of the program
    rust-clippy     run cargo clippy on the crates
    rust-fmt        run cargo fmt on the crates, which rewrites them
    rust-project    write rust-project.json, for rust-analyzer
    app             a program

"""


@pytest.mark.parametrize("options", [(), ("static=1", "libc=musl")], ids="-".join)
@pytest.mark.parametrize("first", [True, False])
def test_help_names_them_without_a_toolchain(project: Project, options: tuple[str, ...], *, first: bool) -> None:
    text = "from staticlink_scons.settings import help_text\nHelp(help_text(env))\n"
    head, crate = SCONSTRUCT.split("crate = ")
    project.edit("SConstruct", SCONSTRUCT, f"{head}{text}crate = {crate}" if first else f"{SCONSTRUCT}{text}")
    nothing = str(project.place / "none")
    environ = {**os.environ, "PATH": nothing, "HOME": nothing, "CARGO_HOME": nothing}
    command = [sys.executable, "-m", "SCons", f"--site-dir={TOP / 'site_scons'}", "-h", *options]
    done = subprocess.run(
        command, cwd=project.place, env=environ, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert "\nstatic: link fully static" in done.stdout
    assert done.stdout[done.stdout.index("targets:") :].startswith(_TARGETS)
    assert not Path(nothing).exists()


def test_rust_analyzer_is_told_of_every_crate(project: Project) -> None:
    project.build("rust-project", "static=1", "libc=musl")
    written = json.loads((project.place / "rust-project.json").read_text(encoding="utf-8"))
    assert Path(written["sysroot"], "bin").is_dir()
    crates = {crate["display_name"]: crate for crate in written["crates"]}
    first = crates["first_crate"]
    assert first["root_module"] == str(project.place / "crate/src/lib.rs")
    assert 'feature="loud"' in first["cfg"]
    assert first["target"] == "x86_64-unknown-linux-musl"
    assert written["crates"][first["deps"][0]["crate"]]["display_name"] == "second"
    assert crates["second"]["edition"] == "2018"


def test_compile_commands_name_the_compiler_that_is_used(project: Project) -> None:
    project.build("static=1", "libc=musl")
    rows = json.loads((project.place / "compile_commands.json").read_text(encoding="utf-8"))
    row = next(row for row in rows if row["file"] == "main.c")
    assert "build/x86_64-linux-musl-static/musl/bin/cc" in row["command"]
    done = subprocess.run(["sh", "-c", row["command"]], cwd=row["directory"], check=False, timeout=60)
    assert done.returncode == 0


@pytest.mark.skipif(CBINDGEN is None, reason="not installed: cbindgen")
def test_a_header_is_written_again_only_when_the_functions_change(project: Project) -> None:
    arguments = ("header=1", "static=1", "libc=musl")
    project.edit("main.c", "int answer(void);", '#include "crate.h"')
    project.build(*arguments)
    project.edit("crate/src/lib.rs", "{ 40 }", "{ 40 + 0 }")
    printed = project.build(*arguments)
    assert "HEADER crate.h   unchanged" in printed
    assert "CC     main.o" not in printed
    project.edit("crate/src/lib.rs", "#[cfg(test)]", '#[no_mangle]\npub extern "C" fn more() {}\n\n#[cfg(test)]')
    printed = project.build(*arguments)
    assert "CC     main.o" in printed
    assert "void more(void);" in (project.place / "crate.h").read_text(encoding="utf-8")
    assert project.build(*arguments, "app") == "scons: `app' is up to date.\n"
