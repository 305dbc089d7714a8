"""Do several crates in one program share one std and one allocator, under a real cargo, rustc and linker?

The crates lie in workspaces of their own and depend on one package with different features. What each must keep
(exported symbols, constructors, ``#[used]`` statics) is what the program prints.
"""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.tools.test_rust_crate import SITE, Project

if TYPE_CHECKING:
    from pathlib import Path

_PACKAGE = """\
[package]
name = "{name}"
version = "0.1.0"
edition = "2021"

[dependencies]
common = {{ path = "../common", features = ["{name}"] }}

[workspace]
"""
_COMMON = """\
[package]
name = "common"
version = "0.1.0"
edition = "2021"

[features]
first = []
second = []
"""
_COMMON_SOURCE = """\
pub fn features() -> &'static str {
    match (cfg!(feature = "first"), cfg!(feature = "second")) {
        (true, false) => "first only",
        (false, true) => "second only",
        _ => "mixed",
    }
}
"""
_FIRST = """\
use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

static ALLOCATED: AtomicUsize = AtomicUsize::new(0);
static CONSTRUCTED: AtomicUsize = AtomicUsize::new(0);
struct Counting;
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 { ALLOCATED.fetch_add(1, SeqCst); System.alloc(layout) }
    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) { System.dealloc(place, layout) }
}
#[global_allocator]
static GLOBAL: Counting = Counting;

extern "C" fn construct() { CONSTRUCTED.store(7, SeqCst); }
#[used]
#[link_section = ".init_array"]
static CONSTRUCTOR: extern "C" fn() = construct;

#[no_mangle]
pub extern "C" fn allocations() -> usize { ALLOCATED.load(SeqCst) }
#[no_mangle]
pub extern "C" fn first() { println!("first: {}, constructed {}", common::features(), CONSTRUCTED.load(SeqCst)); }
"""
_SECOND = """\
#[used]
static MARK: [u8; 15] = *b"kept as it was!";
extern "C" { fn allocations() -> usize; }

#[export_name = "second"]
pub extern "C" fn anything() {
    let before = unsafe { allocations() };
    let text = String::from_utf8(vec![b'x'; 100]).unwrap();
    let counted = unsafe { allocations() } > before;
    println!("second: {}, {} of its own, counted {counted}", common::features(), text.len());
    println!("caught {}", std::panic::catch_unwind(|| panic!("quietly")).is_err());
}
"""
_MAIN = """\
void first(void);
void second(void);
int main(void) { first(); second(); return 0; }
"""
_SCONSTRUCT = """\
DefaultEnvironment(tools=[])
env = Environment(tools=["gcc", "ar", "gnulink", "vendored_library", "rust_crate", "static_program"])
env.Append(CFLAGS=["-fexceptions", "-fasynchronous-unwind-tables"])
env.StaticProgram("app", ["main.c", env.RustCrate("first"), env.RustCrate("second")], PROBE=[])
"""
_PRINTED = """\
first: first only, constructed 7
second: second only, 100 of its own, counted true
caught true
"""
_PANIC = '\n[profile.release]\npanic = "abort"\n'
_LTO = '\n[profile.release]\nlto = "fat"\n'


@pytest.fixture(name="project")
def _project(tmp_path: Path) -> Project:
    project = Project(tmp_path / "a project")
    project.write("audit/sitecustomize.py", "")
    project.write("SConstruct", _SCONSTRUCT)
    project.write("main.c", _MAIN)
    project.write("common/Cargo.toml", _COMMON)
    project.write("common/src/lib.rs", _COMMON_SOURCE)
    for name, source in (("first", _FIRST), ("second", _SECOND)):
        project.write(f"{name}/Cargo.toml", _PACKAGE.format(name=name))
        project.write(f"{name}/src/lib.rs", source)
        lock(project, name)
    return project


def lock(project: Project, name: str) -> None:
    subprocess.run(
        ["cargo", "generate-lockfile", "--offline"], cwd=project.top / name, check=True, capture_output=True, timeout=60
    )


def printed(project: Project, program: str = "app") -> str:
    done = subprocess.run(
        [project.top / program], cwd=project.top, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done
    return done.stdout


def steps(output: str) -> list[str]:
    """Return the verbs of the steps that made something."""
    verbs = [line.split()[0] for line in output.splitlines() if line[:1].isupper()]
    return [verb for verb in verbs if verb not in {"RUST", "CHECK", "PROBE", "WARN", "WAIT"}]


@pytest.mark.parametrize(
    "options",
    [("static=0",), ("static=1", "libc=glibc"), ("static=1", "libc=musl"), ("static=1", "libc=musl", "rust_std=shim")],
    ids="-".join,
)
def test_crates_of_two_workspaces_in_one_program(project: Project, options: tuple[str, ...]) -> None:
    if "libc=musl" in options:
        shutil.copytree(SITE.parent / "vendor", project.top / "vendor")
    output = project.build(*options)
    assert printed(project) == _PRINTED
    assert "WARN" not in output
    assert b"kept as it was!" in (project.top / "app").read_bytes()
    # Neither crate was compiled once more for a static library, which can still be had by its name.
    assert not list((project.top / "build").glob("*/rust/lib*.a"))
    assert project.build(*options).startswith("scons: `.' is up to date") or "static=0" not in options


def test_what_an_edit_costs(project: Project) -> None:
    options = ("static=1", "libc=glibc", "app")
    assert steps(project.build(*options)) == ["CC", "CARGO", "CARGO", "RUSTC", "LINK"]
    assert project.build(*options) == "scons: `app' is up to date.\n"
    project.write("second/src/lib.rs", f"{_SECOND}// a comment\n")
    assert steps(project.build(*options)) == ["CARGO"]
    project.write("second/src/lib.rs", _SECOND.replace("caught", "was caught"))
    assert steps(project.build(*options)) == ["CARGO", "RUSTC", "LINK"]
    assert "was caught true" in printed(project)
    project.write("common/src/lib.rs", _COMMON_SOURCE.replace(" only", " alone"))
    assert steps(project.build(*options)) == ["CARGO", "CARGO", "RUSTC", "LINK"]
    assert "second alone" in printed(project)
    shutil.rmtree(project.top / "build/x86_64-linux-gnu-static/cargo")
    assert "CARGO" in steps(project.build(*options))
    (project.top / "app").unlink()
    assert steps(project.build(*options)) == ["LINK"]
    assert project.build(*options) == "scons: `app' is up to date.\n"
    assert steps(project.build(*options[:-1])) == []
    assert steps(project.build(*options[:-1], "build/x86_64-linux-gnu-static/rust/libsecond.a")) == ["CARGO"]


def test_link_time_optimisation_that_one_crate_asks_for(project: Project) -> None:
    project.write("first/Cargo.toml", _PACKAGE.format(name="first") + _LTO)
    project.build("static=1", "libc=glibc", "app")
    assert printed(project) == _PRINTED


def test_one_panic_strategy(project: Project) -> None:
    project.write("second/Cargo.toml", _PACKAGE.format(name="second") + _PANIC)
    (message,) = [line for line in project.errors("app") if "two panic" in line]
    assert message.endswith("crates of two panic strategies in one program: first, second")
    assert project.errors("app")[-3:] == [
        "  panic=unwind in first",
        "  panic=abort in second",
        "  fix: the same panic= in the profiles of all",
    ]
    project.write("first/Cargo.toml", _PACKAGE.format(name="first") + _PANIC)
    project.write("second/src/lib.rs", _SECOND.replace('|| panic!("quietly")', "|| ()").replace("is_err", "is_ok"))
    project.build("app")
    assert printed(project) == _PRINTED


def test_two_global_allocators(project: Project) -> None:
    allocator = "#[global_allocator]\nstatic OTHER: std::alloc::System = std::alloc::System;\n"
    project.write("second/src/lib.rs", _SECOND + allocator)
    lines = project.errors("app")
    assert lines[0].endswith("crates with two global allocators in one program: first, second")
    assert lines[1:] == ["  #[global_allocator] in first", "  #[global_allocator] in second"]


def test_a_symbol_that_two_crates_export(project: Project) -> None:
    project.write("second/src/lib.rs", _SECOND + '#[no_mangle]\npub extern "C" fn first() {}\n')
    lines = project.errors("app")
    assert lines[0].endswith("symbol exported by two crates: first")
    assert lines[1:] == ["  defined in first", "  defined in second"]


def test_several_packages_of_one_workspace_in_one_call(project: Project) -> None:
    project.write("Cargo.toml", '[workspace]\nmembers = ["first", "second", "common"]\nresolver = "2"\n')
    for name in ("first", "second"):
        kind = "" if name == "first" else '[lib]\ncrate-type = ["staticlib", "cdylib"]\n'
        project.write(f"{name}/Cargo.toml", _PACKAGE.format(name=name).replace("[workspace]\n", kind))
    lock(project, ".")
    crates = 'env.RustCrate(".", crates=["first", "second"])'
    text = _SCONSTRUCT.replace('env.RustCrate("first"), env.RustCrate("second")', crates)
    project.write("SConstruct", f'{text}env.StaticProgram("other", ["main.c", {crates}])\n')
    assert steps(project.build("app", "other")) == ["CC", "CARGO", "RUSTC", "LINK", "LINK"]
    # One cargo call joins the features that its packages ask for.
    assert printed(project).startswith("first: mixed")
    assert printed(project, "other") == printed(project)
    project.write("first/src/lib.rs", f"{_FIRST}// a comment\n")
    assert steps(project.build("app", "other")) == ["CARGO"]


def test_a_crate_that_is_given_twice(project: Project) -> None:
    text = _SCONSTRUCT.replace('env.RustCrate("second")', 'env.RustCrate("first")')
    project.write("SConstruct", text)
    project.write("main.c", "void first(void);\nint main(void) { first(); return 0; }\n")
    assert steps(project.build("static=1", "libc=glibc", "app")) == ["CC", "CARGO", "LINK"]
    assert printed(project) == "first: first only, constructed 7\n"
