"""What does a build say, and how soon, where no network is and nothing is cached?

The real recipes and the real apt run in a network namespace of their own, which has no interface that is up.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.checkout import TOP

_PROJECT = """\
env = Environment(tools=["gcc", "gnulink", "rust_crate", "static_program"])
env.RustCrate("crate") if "crate" in COMMAND_LINE_TARGETS else env.Program("app", ["main.c"])
Alias("crate", "build/x86_64-linux-musl-static/rust-std")
"""
_MANIFEST = '[package]\nname = "answer"\nversion = "0.1.0"\nedition = "2021"\n\n[lib]\ncrate-type = ["staticlib"]\n'
#: Generous beside the seconds it takes, short beside the minutes of a hang.
_DEADLINE = 60


def alone() -> list[str]:
    """Return the command that runs another one without a network."""
    command = ["unshare", "--net"] if os.geteuid() == 0 else ["unshare", "--map-root-user", "--net"]
    if shutil.which("unshare") is None or subprocess.run([*command, "true"], check=False).returncode != 0:
        pytest.skip("network namespaces are not to be had: unshare --net")
    return command


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Make a project whose cache is empty."""
    (tmp_path / "crate" / "src").mkdir(parents=True)
    (tmp_path / "cache").mkdir()
    (tmp_path / "SConstruct").write_text(_PROJECT, encoding="utf-8")
    (tmp_path / "main.c").write_text("int main(void) { return 0; }\n", encoding="utf-8")
    (tmp_path / "crate" / "Cargo.toml").write_text(_MANIFEST, encoding="utf-8")
    (tmp_path / "crate" / "src" / "lib.rs").write_text("//! Nothing.\n", encoding="utf-8")
    return tmp_path


def failure(project: Path, *arguments: str, path: str = os.environ["PATH"]) -> list[str]:
    """Build without a network; return the lines of the message."""
    done = subprocess.run(
        [*alone(), sys.executable, "-m", "SCons", f"--site-dir={TOP / 'site_scons'}", "-Q", *arguments],
        cwd=project,
        env={**os.environ, "XDG_CACHE_HOME": str(project / "cache"), "PATH": path},
        capture_output=True,
        text=True,
        check=False,
        timeout=_DEADLINE,
    )
    assert done.returncode == 2, done.stdout + done.stderr
    assert not (project / "app").exists()
    return done.stderr.splitlines()


def test_a_source_is_asked_for_everywhere_and_every_place_is_named(project: Path) -> None:
    lines = failure(project, "static=1", "libc=musl")
    url = "https://musl.libc.org/releases/musl-1.2.5.tar.gz"
    assert lines[:2] == [
        "scons: *** [build/x86_64-linux-musl-static/musl.manifest.json] no source for musl 1.2.5",
        "  cache: not there",
    ]
    assert re.fullmatch(rf"  {re.escape(url)}: [a-z].*", lines[2])
    assert re.fullmatch(r"  Debian source package musl, suite trixie: apt-get .*", lines[3])
    assert lines[4:] == ["  fix: sources=DIR, with musl-1.2.5.tar.gz in DIR"]


def test_a_machine_without_apt_says_so(project: Path, tmp_path: Path) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("gcc", "ar", "as", "ld", "sh", "ranlib", "unshare"):
        (tools / name).symlink_to(shutil.which(name) or name)
    lines = failure(project, "static=1", "libc=musl", path=str(tools))
    assert lines[3] == "  Debian source package musl, suite trixie: apt-get is not installed"


def test_a_std_that_cannot_be_built_names_the_ways_out(project: Path) -> None:
    sysroot = subprocess.run(["rustc", "--print=sysroot"], capture_output=True, text=True, check=True).stdout.strip()
    if any(Path(sysroot, f"lib/rustlib/{part}").is_dir() for part in ("src/rust/library", "x86_64-unknown-linux-musl")):
        pytest.skip("a std for musl can be had here: rust-src or the target is installed")
    lines = failure(project, "static=1", "libc=musl", "rust_std=build", "crate")
    stopped = "scons: *** [build/x86_64-linux-musl-static/rust-std/std.json] no source of Rust's std for rustc "
    assert lines[0].startswith(stopped)
    lacks = "  the compiler's sysroot has no "
    assert lines[1:3] == [f"{lacks}std for x86_64-unknown-linux-musl", f"{lacks}rust-src component"]
    assert [line for line in lines[3:-1] if not line.startswith("  Debian suite ")] == []
    assert lines[-1] == "  fix: rustup component add rust-src, or rust_std=shim"
