"""Are inputs that were made for something else told as what they are: for glibc, for rustc, for a dynamic link?"""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from staticlink.errors import StaticlinkError
from staticlink.report.text import render_error
from staticlink.rust.crate import describe_crate
from staticlink.rust.members import require_libraries
from staticlink.rust.toolchain import find_toolchain

from tests.checkout import TOP

if TYPE_CHECKING:
    from pathlib import Path

_GLIBC = """
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/stat.h>
#include <fts.h>
long g(char *to, const char *from, unsigned long size) {
    char kept[20];
    snprintf(kept, size, "%s", from);
    memcpy(to, strfry(kept), size);
    return fts_close(0);
}
"""
_RUST = """
pub fn twice(n: i32) -> String { format!("{}", n * 2) }
#[unsafe(no_mangle)]
pub extern "C" fn f(n: i32) -> i32 { twice(n).len() as i32 }
"""


def run(directory: Path, *command: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(TOP / "site_scons")}
    return subprocess.run(
        command, cwd=directory, env=environment, capture_output=True, text=True, check=False, timeout=900
    )


def link(directory: Path, *words: str) -> tuple[int, str]:
    """Return how a link that cannot be made ends, and with which words."""
    done = run(directory, sys.executable, "-m", "staticlink.cli", "link", "-o", "app", *words)
    assert not (directory / "app").exists()
    assert done.stdout == ""
    return done.returncode, done.stderr


@pytest.fixture
def rust(tmp_path: Path) -> Path:
    """Make ``main.o`` that calls ``f``, and the crate that defines it in every form but the one that helps."""
    (tmp_path / "dep.rs").write_text(_RUST)
    (tmp_path / "main.c").write_text("int f(int); int main(void) { return f(3); }")
    assert run(tmp_path, "gcc", "-c", "main.c").returncode == 0
    for form, name in (("rlib", "libdep.rlib"), ("dylib", "libdep.so"), ("metadata", "libdep.rmeta")):
        kind = ["--crate-type=rlib", "--emit=metadata"] if form == "metadata" else [f"--crate-type={form}"]
        done = run(tmp_path, "rustc", "--edition=2024", *kind, "-Cprefer-dynamic", "dep.rs", "-o", name)
        assert done.returncode == 0, done.stderr
    return tmp_path


def test_an_archive_for_glibc_on_musl(tmp_path: Path) -> None:
    (tmp_path / "g.c").write_text(_GLIBC)
    (tmp_path / "main.c").write_text("long g(char *, char *, long); int main(int c, char **v) { return g(*v, *v, c); }")
    assert run(tmp_path, "gcc", "-O2", "-D_FORTIFY_SOURCE=2", "-c", "g.c").returncode == 0
    assert run(tmp_path, "gcc", "-c", "main.c").returncode == 0
    assert run(tmp_path, "ar", "rcsD", "libg.a", "g.o").returncode == 0
    assert link(tmp_path, "--libc=musl", "main.o", "libg.a") == (1, (
        "staticlink: needs glibc, the link is for musl: libg.a\n"
        "  asks for fts_close, which glibc defines and musl does not\n"
        "  asks for strfry, which glibc defines and musl does not\n"
        "  fix: compile it for musl, as staticlink cc does\n"
        "no shim can stand in for: fts_close\n  referenced by libg.a(g.o)\n"
        "  musl has no fts, and its entries are structures whose fields callers read: link a library such as musl-fts, "
        "compiled for musl\n"
        "undefined symbol: strfry\n  referenced by libg.a(g.o)\n"
        "  see: app.linkplan.json\n"
    ))  # fmt: skip
    assert run(tmp_path, sys.executable, "-m", "staticlink.cli", "link", "--libc=glibc", "-o", "app", "main.o",
               "libg.a").returncode == 0  # fmt: skip


def test_an_rlib_is_a_library_for_its_rustc_only(rust: Path) -> None:
    version = run(rust, "rustc", "--version").stdout.strip()
    code, words = link(rust, "--libc=glibc", "main.o", "libdep.rlib")
    lines = words.splitlines()
    assert code == 1
    assert lines[:2] == [
        "staticlink: a library for rustc only, without what it depends on: libdep.rlib",
        f"  it holds metadata of a Rust crate, made by {version}",
    ]
    asked = lines[2 : lines.index('  fix: in Cargo.toml, under [lib]: crate-type = ["staticlib"]')]
    assert asked
    assert all(line.startswith(("  asks for _", "  asks for rust_", "  and ")) for line in asked)


def test_an_rlib_of_another_rustc_says_which(rust: Path) -> None:
    version = run(rust, "rustc", "--version").stdout.strip()
    older = f"rustc 1.70.0 {version[len('rustc 1.70.0 ') :]}"
    path = rust / "libdep.rlib"
    path.write_bytes(path.read_bytes().replace(version.encode(), older.encode()))
    words = link(rust, "--libc=glibc", "main.o", "libdep.rlib")[1]
    assert words.splitlines()[1] == f"  it holds metadata of a Rust crate, made by {older}"


def test_metadata_alone_and_a_shared_crate(rust: Path) -> None:
    version = run(rust, "rustc", "--version").stdout.strip()
    words = (
        f"staticlink: contains no machine code: libdep.rmeta\n  it is metadata of a Rust crate, made by {version}\n"
        '  fix: in Cargo.toml, under [lib]: crate-type = ["staticlib"]\n'
    )
    assert link(rust, "--libc=glibc", "main.o", "libdep.rmeta") == (2, words)
    assert link(rust, "--libc=glibc", "main.o", "libdep.so") == (
        2,
        "staticlink: not a relocatable object: libdep.so\n  it is a shared object or position-independent executable\n",
    )


def describe(directory: Path) -> str:
    toolchain = find_toolchain(directory.parent, os.environ, directory.parent)
    with pytest.raises(StaticlinkError) as caught:
        require_libraries(describe_crate(directory, toolchain, os.environ, directory.parent))
    return render_error(caught.value)


def test_a_procedural_macro(tmp_path: Path) -> None:
    crate = tmp_path / "crate"
    (crate / "src").mkdir(parents=True)
    (crate / "src" / "lib.rs").touch()
    text = '[package]\nname = "one"\nversion = "0.1.0"\nedition = "2021"\n[lib]\nproc-macro = true\n[workspace]\n'
    (crate / "Cargo.toml").write_text(text)
    assert describe(crate) == (
        "crate is a procedural macro: one\n  it runs inside the compiler\n  fix: name a crate that uses it"
    )


def test_a_compiled_crate_is_no_package(rust: Path) -> None:
    assert describe(rust / "libdep.rlib") == (
        "no cargo package: libdep.rlib\n  it is a file\n  fix: name the directory that holds Cargo.toml"
    )
