"""What is said of a crate that cannot be built, word for word, and does the next build end well?"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.tools.test_rust_company import second_compiler
from tests.tools.test_rust_crate import DYNAMIC, SITE, make_project

if TYPE_CHECKING:
    from tests.tools.test_rust_crate import Project

ARCHIVE = f"{DYNAMIC}/rust/libfirst_crate.a"


@pytest.fixture(name="project")
def _project(tmp_path: Path) -> Project:
    project = make_project(tmp_path / "a project")
    project.write("audit/sitecustomize.py", "")
    return project


def edit(project: Project, name: str, old: str, new: str) -> None:
    text = (project.top / name).read_text(encoding="utf-8")
    assert old in text
    project.write(name, text.replace(old, new))


def test_an_edition_the_compiler_lacks(project: Project) -> None:
    edit(project, "crate/Cargo.toml", "2021", "2999")
    lines = project.errors()
    assert re.fullmatch("    supported edition values are .*, but `2999` is unknown", lines.pop())
    assert lines == [
        "scons: *** cargo rejects the package: crate",
        f"  error: failed to parse manifest at `{project.top}/crate/Cargo.toml`",
        "",
        "  Caused by:",
        "    failed to parse the `edition` key",
        "",
        "  Caused by:",
    ]


def test_a_rust_version_that_is_too_new(project: Project) -> None:
    edit(project, "crate/Cargo.toml", "edition", 'rust-version = "1.999"\nedition')
    version = subprocess.run(["rustc", "-V"], capture_output=True, text=True, check=True, timeout=60).stdout.strip()
    assert project.errors() == [
        "scons: *** rustc is too old for the crate: first-crate",
        "  rust-version = 1.999",
        f"  the compiler is {version}",
        "  fix: a newer compiler: rustup update, or toolchain=",
    ]


def test_a_lock_file_that_needs_updating(project: Project) -> None:
    edit(project, "second/Cargo.toml", "0.1.0", "0.2.0")
    place = f"{project.top}/crate/Cargo.lock"
    assert project.errors() == [
        f"scons: *** [{ARCHIVE}] Cargo.lock needs updating: first-crate",
        f"  error: cannot update the lock file {place} because --locked was passed to prevent this",
        "  fix: run `cargo update --workspace` in the crate and commit Cargo.lock",
    ]
    command = ["cargo", "update", "--workspace", "--offline"]
    subprocess.run(command, cwd=project.top / "crate", check=True, capture_output=True, timeout=60)
    assert "CARGO" in project.build()


_FAILS = """\
fn main() {
    println!("cargo:warning=a warning of its own");
    eprintln!("what went wrong");
    std::process::exit(3);
}
"""


def test_a_build_script_that_fails_is_heard_once(project: Project) -> None:
    project.write("crate/build.rs", _FAILS)
    program = f"{project.top}/{DYNAMIC}/cargo/release/build/first-crate-HASH/build-script-build"
    lines = [re.sub("first-crate-[0-9a-f]{16}", "first-crate-HASH", line) for line in project.errors()]
    # Newer cargos say how a backtrace would name lines; nothing of that is the script's.
    assert [line for line in lines if "RELEASE_BUILD_OVERRIDE_DEBUG" not in line] == [
        f"scons: *** [{ARCHIVE}] crate does not compile: first-crate",
        f"  error: failed to run custom build command for `first-crate v0.1.0 ({project.top}/crate)`",
        "",
        "  Caused by:",
        f"    process didn't exit successfully: `{program}` (exit status: 3)",
        "    --- stdout",
        "    cargo:warning=a warning of its own",
        "",
        "    --- stderr",
        "    what went wrong",
    ]
    assert not (project.top / ARCHIVE).exists()
    project.write("crate/build.rs", "fn main() {}\n")
    assert "CARGO" in project.build()


def test_a_procedural_macro(project: Project) -> None:
    edit(project, "crate/Cargo.toml", 'crate-type = ["staticlib"]', "proc-macro = true")
    assert project.errors() == [
        "scons: *** crate is a procedural macro: first-crate",
        "  it runs inside the compiler",
        "  fix: name a crate that uses it",
    ]


def test_a_workspace_root_without_a_package(project: Project) -> None:
    project.write("Cargo.toml", '[workspace]\nmembers = ["second"]\n')
    edit(project, "second/Cargo.toml", "[workspace]\n", "")
    edit(project, "SConstruct", '"crate"', '"."')
    assert project.errors() == [
        "scons: *** workspace root without a package: a project",
        "  member second",
        '  fix: name the directory of a member, or say which: crates=["second"]',
    ]


def test_a_crate_that_is_no_library(project: Project) -> None:
    edit(project, "crate/Cargo.toml", '[lib]\ncrate-type = ["staticlib"]', "")
    (project.top / "crate/src/lib.rs").rename(project.top / "crate/src/main.rs")
    assert project.errors() == [
        "scons: *** crate is not a library: first-crate",
        "  binary first-crate",
        "  fix: env.RustProgram links a crate with a main of its own",
    ]


def test_a_std_that_is_not_installed(project: Project) -> None:
    second_compiler(project)
    edit(project, "SConstruct", '"crate"', '"crate", toolchain="./other"')
    shutil.copytree(SITE.parent / "vendor", project.top / "vendor")
    assert project.errors("static=1", "libc=musl", "rust_std=target") == [
        "scons: *** [build/x86_64-linux-musl-static/rust-std/std.json] no std for x86_64-unknown-linux-musl",
        "  the compiler's sysroot has no std for x86_64-unknown-linux-musl",
        "  fix: rustup target add x86_64-unknown-linux-musl, or rust_std=auto",
    ]


_SLOW = """\
fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let out = std::env::var("OUT_DIR").unwrap();
    std::fs::write(format!("{out}/started"), "").unwrap();
    if std::env::var_os("SLOW").is_some() { std::thread::sleep(std::time::Duration::from_secs(300)); }
}
"""


def test_a_cargo_that_is_killed_half_way(project: Project) -> None:
    project.write("second/build.rs", _SLOW)
    process = subprocess.Popen(
        [sys.executable, "-m", "SCons", f"--site-dir={SITE}", "-Q"], cwd=project.top,
        env={**os.environ, "SLOW": "1"}, start_new_session=True, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        deadline = time.monotonic() + 120
        while not list(project.top.glob("build/**/out/started")):
            assert time.monotonic() < deadline
            assert process.poll() is None
            time.sleep(0.05)
        (cargo,) = children(process.pid)
        assert Path(f"/proc/{cargo}/comm").read_text(encoding="utf-8") == "cargo\n"
        os.kill(cargo, signal.SIGKILL)
        _, errors = process.communicate(timeout=120)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    assert errors.splitlines() == [
        f"scons: *** [{ARCHIVE}] cargo did not finish: first-crate",
        "  killed by SIGKILL",
    ]
    assert not (project.top / ARCHIVE).exists()
    assert "CARGO" in project.build()
    assert project.archive().startswith(b"!<arch>\n")
    assert project.build() == "scons: `.' is up to date.\n"


def children(process: int) -> list[int]:
    """Return the processes that the threads of ``process`` have started."""
    lists = Path(f"/proc/{process}/task").glob("*/children")
    return [int(number) for path in lists for number in path.read_text(encoding="ascii").split()]
