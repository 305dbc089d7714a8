"""Does RustCrate build what it should, when it should, under a real SCons and a real cargo?

Every process that Python starts is reported by an audit hook, so that "runs no cargo" is observed, not assumed.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

SITE = Path(__file__).parents[2] / "site_scons"
DYNAMIC = "build/x86_64-linux-gnu"

_AUDIT = """\
import sys

def report(event, args):
    if event == "subprocess.Popen":
        sys.stderr.write(f"STARTED {args[0]}\\n")

sys.addaudithook(report)
"""
_SCONSTRUCT = """\
DefaultEnvironment(tools=[])
env = Environment(tools=["rust_crate"])
archive, facts = env.RustCrate("crate")
env.Command("linked", archive, Copy("$TARGET", "$SOURCE"))
"""
_MANIFEST = """\
[package]
name = "first-crate"
version = "0.1.0"
edition = "2021"

[lib]
crate-type = ["staticlib"]

[dependencies]
second = { path = "../second" }

[workspace]
"""
_SECOND = '[package]\nname = "second"\nversion = "0.1.0"\nedition = "2021"\n\n[workspace]\n'
_SOURCE = """\
mod inner;

#[no_mangle]
pub extern "C" fn answer() -> i32 {
    second::two() + inner::forty() + if std::env::args().count() > 99 { panic!("many") } else { 0 }
}
"""


@dataclass(frozen=True, slots=True)
class Project:
    """A project with one crate that depends on another one by path."""

    top: Path
    environ: dict[str, str] = field(default_factory=dict)

    def write(self, name: str, text: str) -> None:
        """Write one of the project's files."""
        (self.top / name).parent.mkdir(parents=True, exist_ok=True)
        (self.top / name).write_text(text, encoding="utf-8")

    def scons(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run SCons; its errors name the processes it started."""
        command = [sys.executable, "-m", "SCons", f"--site-dir={SITE}", "-Q", *arguments]
        environ = {**os.environ, "PYTHONPATH": str(self.top / "audit"), **self.environ}
        done = subprocess.run(
            command, cwd=self.top, env=environ, capture_output=True, text=True, check=False, timeout=1200
        )
        assert "Traceback" not in done.stdout + done.stderr, done.stderr
        return done

    def build(self, *arguments: str) -> str:
        """Build, and return the lines of the steps that ran."""
        done = self.scons(*arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def errors(self, *arguments: str) -> list[str]:
        """Return the lines of a failing build's message."""
        done = self.scons(*arguments)
        assert done.returncode == 2, done.stdout + done.stderr
        return [line.rstrip() for line in done.stderr.splitlines() if not line.startswith("STARTED")]

    def archive(self, directory: str = DYNAMIC) -> bytes:
        """Return the archive's bytes."""
        return (self.top / directory / "rust" / "libfirst_crate.a").read_bytes()

    def facts(self, directory: str) -> dict[str, object]:
        """Return what the build says of the archive."""
        text = (self.top / directory / "rust" / "libfirst_crate.rust.json").read_text(encoding="utf-8")
        found: dict[str, object] = json.loads(text)
        return found


@pytest.fixture(name="project")
def _project(tmp_path: Path) -> Project:
    return make_project(tmp_path / "a project")


def make_project(top: Path) -> Project:
    project = Project(top)
    project.write("audit/sitecustomize.py", _AUDIT)
    project.write("SConstruct", _SCONSTRUCT)
    project.write("crate/Cargo.toml", _MANIFEST)
    project.write("crate/src/lib.rs", _SOURCE)
    project.write("crate/src/inner.rs", "pub fn forty() -> i32 { 40 }\n")
    project.write("second/Cargo.toml", _SECOND)
    project.write("second/src/lib.rs", "pub fn two() -> i32 { 2 }\n")
    subprocess.run(["cargo", "generate-lockfile", "--offline"], cwd=top / "crate", check=True, capture_output=True)
    return project


def test_a_null_build_starts_nothing(project: Project) -> None:
    assert "CARGO" in project.build()
    second = project.scons()
    assert second.stdout == "scons: `.' is up to date.\n"
    assert "STARTED" not in second.stderr


def test_each_kind_of_edit_rebuilds(project: Project) -> None:
    project.build()
    edits = {
        "crate/src/inner.rs": "pub fn forty() -> i32 { 41 }\n",
        "second/src/lib.rs": "pub fn two() -> i32 { 3 }\n",
        "second/Cargo.toml": _SECOND.replace("0.1.0", "0.1.1"),
        "crate/.cargo/config.toml": '[build]\nrustflags = ["--cfg", "configured"]\n',
        "crate/build.rs": "fn main() {}\n",
        "crate/src/added.rs": "",
    }
    for name, text in edits.items():
        project.write(name, text)
        if name == "second/Cargo.toml":
            subprocess.run(["cargo", "update", "--offline"], cwd=project.top / "crate", check=True, capture_output=True)
        assert "CARGO" in project.build(), name
        assert project.build() == "scons: `.' is up to date.\n", name
    (project.top / "crate/src/added.rs").unlink()
    assert "CARGO" in project.build()


def test_an_edit_of_the_lock_file_rebuilds(project: Project) -> None:
    project.build()
    lock = project.top / "crate/Cargo.lock"
    lock.write_text(lock.read_text(encoding="utf-8") + "\n# edited\n", encoding="utf-8")
    assert "CARGO" in project.build()


def test_a_comment_relinks_nothing_and_a_touch_runs_nothing(project: Project) -> None:
    project.build()
    project.write("crate/src/lib.rs", _SOURCE.replace("mod inner;", "mod inner; // the other part"))
    output = project.build()
    assert "CARGO" in output
    assert "Copy" not in output
    (project.top / "crate/src/lib.rs").touch()
    assert project.build() == "scons: `.' is up to date.\n"


def test_the_users_flags_are_a_dependency_and_are_honoured(project: Project) -> None:
    project.write(
        "crate/src/inner.rs", '#[cfg(not(wanted))] compile_error!("no flag");\npub fn forty() -> i32 { 40 }\n'
    )
    flagged = Project(project.top, {"RUSTFLAGS": "--cfg wanted", "CARGO_TARGET_DIR": str(project.top / "elsewhere")})
    assert "CARGO" in flagged.build()
    assert flagged.build() == "scons: `.' is up to date.\n"
    assert not (project.top / "elsewhere").exists()
    assert any("no flag" in line for line in project.errors())


def test_the_same_bytes_in_any_directory(project: Project, tmp_path: Path) -> None:
    other = make_project(tmp_path / "elsewhere" / "it is")
    for each in (project, other):
        # Cargo names symbols after the place of a package outside the workspace.
        each.write("Cargo.toml", '[workspace]\nmembers = ["crate", "second"]\nresolver = "2"\n')
        each.write("crate/Cargo.toml", _MANIFEST.replace("[workspace]\n", ""))
        each.write("second/Cargo.toml", _SECOND.replace("[workspace]\n", ""))
        each.build()
    assert other.archive() == project.archive()
    assert str(tmp_path).encode() not in project.archive()


def test_help_and_cleaning_need_no_rust(project: Project) -> None:
    project.build()
    bare = Project(project.top, {"PATH": "/nonexistent", "HOME": str(project.top), "CARGO_HOME": "/nonexistent"})
    project.write("SConstruct", _SCONSTRUCT + "Help('told')\n")
    helped = bare.scons("-h")
    assert helped.returncode == 0
    assert helped.stdout.startswith("told")
    assert "STARTED" not in helped.stderr
    cleaned = project.scons("-c")
    assert cleaned.returncode == 0
    assert "STARTED" not in cleaned.stderr
    assert list((project.top / DYNAMIC).rglob("*")) == []
    assert bare.errors() == [
        "scons: *** rustc not found",
        "  searched $CARGO_HOME/bin, ~/.cargo/bin and PATH",
        "  fix: apt-get install rustc cargo, or install rustup (rustup.rs) and run: rustup default stable",
    ]


def test_a_dry_run_compiles_nothing(project: Project) -> None:
    output = project.build("-n")
    assert "CARGO build/x86_64-linux-gnu/rust/libfirst_crate.a\n" in output
    assert not (project.top / "build").exists()


def test_a_library_of_any_kind_will_do(project: Project) -> None:
    project.write("crate/Cargo.toml", _MANIFEST.replace('crate-type = ["staticlib"]', 'crate-type = ["cdylib"]'))
    assert "CARGO" in project.build()


_OPTIONS = """\
#[cfg(not(feature = "wanted"))] compile_error!("no feature");
#[cfg(feature = "default")] compile_error!("default features");
#[cfg(not(flagged))] compile_error!("no flag");
pub fn forty() -> i32 { env!("GIVEN").len() as i32 }
"""


def test_the_options_of_a_crate(project: Project) -> None:
    features = '[features]\ndefault = []\nwanted = []\n[profile.small]\ninherits = "release"\n'
    project.write("crate/Cargo.toml", _MANIFEST.replace("[workspace]", f"{features}\n[workspace]"))
    project.write("crate/src/inner.rs", _OPTIONS)
    words = 'features="wanted", default_features=False, profile="small", rustflags=["--cfg", "flagged"]'
    call = f'env.RustCrate("crate", {words}, cargo=["--locked"], environment={{"GIVEN": "{"x" * 40}"}})'
    project.write("SConstruct", _SCONSTRUCT.replace('env.RustCrate("crate")', call))
    assert "CARGO" in project.build()
    assert project.build() == "scons: `.' is up to date.\n"
    sysroot = subprocess.run(["rustc", "--print=sysroot"], capture_output=True, text=True, check=True).stdout.strip()
    for old, new in (
        ('"xx', '"yxx'),
        ('"flagged"]', '"flagged", "-Cdebuginfo=1"]'),
        ("cargo=", f'toolchain="{sysroot}", cargo='),
    ):
        call = call.replace(old, new)
        project.write("SConstruct", _SCONSTRUCT.replace('env.RustCrate("crate")', call))
        assert ("CARGO" in project.build()) == (new != f'toolchain="{sysroot}", cargo='), new
    project.write("SConstruct", _SCONSTRUCT.replace('env.RustCrate("crate")', call.replace("False", "True")))
    assert any("default features" in line for line in project.errors())


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            'triple="aarch64-unknown-linux-gnu"',
            [
                "crate for another target: aarch64-unknown-linux-gnu",
                "  the program is linked for x86_64-unknown-linux-gnu",
                '  fix: leave triple= out, or triple="host" for a tool that runs during the build',
            ],
        ),
        ('cargo=["--target-dir=x"]', ["argument of cargo that the build decides: --target-dir=x", "  fix: build="]),
        (
            'toolchain="./none"',
            ["rustc not found", "  toolchain=./none has no rustc", "  fix: name a sysroot, or bin/rustc in one"],
        ),
        (
            'toolchain="none-such"',
            [
                "toolchain not found: none-such",
                "  rustup has not installed it",
                "  fix: rustup toolchain install none-such",
            ],
        ),
        (
            'bin="first-crate"',
            [
                "crate with bin= that is not for this machine: first-crate",
                "  env.RustCrate compiles a library for the program",
                '  fix: triple="host" for a tool that runs during the build, env.RustProgram for a program',
            ],
        ),
        (
            'crates=["third"]',
            ["no such package in the workspace crate: third", "  member first-crate"],
        ),
    ],
)
def test_options_that_cannot_be(project: Project, words: str, message: list[str]) -> None:
    project.write("SConstruct", _SCONSTRUCT.replace('env.RustCrate("crate")', f'env.RustCrate("crate", {words})'))
    assert project.errors() == [f"scons: *** {message[0]}", *message[1:]]


def test_two_crates_of_one_name(project: Project) -> None:
    project.write("SConstruct", _SCONSTRUCT + 'env.RustCrate("crate", profile="dev")\n')
    project.build()
    assert len(list((project.top / DYNAMIC / "rust").glob("libfirst_crate*.a"))) == 2


def test_a_directory_without_a_package(project: Project) -> None:
    (project.top / "crate/Cargo.toml").unlink()
    assert project.errors() == [
        "scons: *** no cargo package: crate",
        "  there is no Cargo.toml in it",
    ]
    project.write("SConstruct", _SCONSTRUCT.replace('"crate"', '"gone"'))
    assert project.errors() == ["scons: *** no cargo package: gone", "  there is no such directory"]
    project.write("libdep.rlib", "")
    project.write("SConstruct", _SCONSTRUCT.replace('"crate"', '"libdep.rlib"'))
    assert project.errors() == [
        "scons: *** no cargo package: libdep.rlib",
        "  it is a file",
        "  fix: name the directory that holds Cargo.toml",
    ]


def test_a_manifest_cargo_rejects_is_told_in_cargos_words(project: Project) -> None:
    project.write("crate/Cargo.toml", "[package\n")
    lines = project.errors()
    assert lines[0] == "scons: *** cargo rejects the package: crate"
    assert any("unclosed table" in line for line in lines)


def test_a_compile_error_is_told_once_in_cargos_words(project: Project) -> None:
    project.build()
    project.write("crate/src/inner.rs", 'pub fn forty() -> i32 { "forty" }\n')
    assert project.errors() == [
        "scons: *** [build/x86_64-linux-gnu/rust/libfirst_crate.a] crate does not compile: first-crate",
        "  error[E0308]: mismatched types",
        "   --> src/inner.rs:1:25",
        "    |",
        '  1 | pub fn forty() -> i32 { "forty" }',
        "    |                   ---   ^^^^^^^ expected `i32`, found `&str`",
        "    |                   |",
        "    |                   expected `i32` because of return type",
        "",
        "  error: could not compile `first-crate` (lib) due to 1 previous error",
    ]
    assert not (project.top / DYNAMIC / "rust/libfirst_crate.a").exists()


def test_the_roads_of_std(project: Project) -> None:
    project.build("static=1", "libc=glibc")
    facts = project.facts("build/x86_64-linux-gnu-static")
    assert (facts["road"], facts["start_bridge"]) == ("target", False)
    assert "-lgcc_eh" in facts["native_libs"]  # type: ignore[operator]
    project.build("static=1", "libc=musl", "rust_std=shim")
    facts = project.facts("build/x86_64-linux-musl-static")
    assert (facts["road"], facts["start_bridge"], facts["reason"]) == ("shim", True, "rust_std=shim")
    text = json.dumps(facts)
    assert str(project.top) not in text
    assert str(Path.home()) not in text


_C = """\
int rust_main(int argc);
void through_c(void (*f)(void)) { f(); }
int main(int argc, char **argv) { (void)argv; return rust_main(argc); }
"""
_PROVE = """\
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
static DROPS: AtomicUsize = AtomicUsize::new(0);
struct Noisy(usize);
impl Drop for Noisy { fn drop(&mut self) { DROPS.fetch_add(self.0, SeqCst); } }
thread_local! { static LOCAL: std::cell::RefCell<Option<Noisy>> = const { std::cell::RefCell::new(None) }; }
extern "C-unwind" { fn through_c(f: extern "C-unwind" fn()); }
extern "C-unwind" fn fall() { panic!("through C") }

fn say(name: &str, well: bool) -> i32 {
    println!("{} {name}", if well { "ok" } else { "FAIL" });
    i32::from(!well)
}

#[no_mangle]
pub extern "C" fn rust_main(argc: i32) -> i32 {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let mut bad = say("arguments", argc == 3 && arguments == ["one", "two words"]);
    let threads: Vec<_> = (1..=4usize)
        .map(|i| std::thread::spawn(move || LOCAL.with(|l| *l.borrow_mut() = Some(Noisy(i)))))
        .collect();
    bad += say("threads", threads.into_iter().all(|t| t.join().is_ok()));
    bad += say("thread-local destructors", DROPS.load(SeqCst) == 10);
    bad += say("panic caught", std::panic::catch_unwind(|| panic!("here")).is_err());
    bad += say("panic through C", std::panic::catch_unwind(|| unsafe { through_c(fall) }).is_err());
    bad += say("files", std::fs::write("file", "text").is_ok() && std::fs::metadata("file").unwrap().len() == 4);
    bad += say("directories", std::fs::read_dir(".").unwrap().any(|e| e.unwrap().file_name() == "file"));
    bad
}
"""
_LINKING = """\
env = Environment(tools=["gcc", "ar", "gnulink", "vendored_library", "rust_crate", "static_program"])
env.Append(CFLAGS=["-fexceptions", "-fasynchronous-unwind-tables"])
env.StaticProgram("app", ["main.c", env.RustCrate("crate")], PROBE=["one", "two words"])
"""


@pytest.mark.parametrize("pie", ["0", "1"])
@pytest.mark.parametrize("road", ["build", "shim"])
def test_a_rust_library_under_a_c_main_on_musl(project: Project, road: str, pie: str) -> None:
    shutil.copytree(SITE.parent / "vendor", project.top / "vendor")
    project.write("SConstruct", _LINKING)
    project.write("main.c", _C)
    project.write("crate/src/lib.rs", _PROVE)
    output = project.build("static=1", "libc=musl", f"pie={pie}", f"rust_std={road}")
    assert f"std: {road}" in output
    done = subprocess.run([project.top / "app", "one", "two words"], cwd=project.top, capture_output=True, check=False)
    assert done.returncode == 0, done.stdout
    facts = project.facts(f"build/x86_64-linux-musl-static{'-pie' if pie == '1' else ''}")
    assert facts["road"] == road
    if road == "build":
        assert facts["known_limits"] == []
