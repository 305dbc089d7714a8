"""Is what a build made, and somebody or something damaged since, noticed and made again?"""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.tools.test_rust_dependencies import Project

if TYPE_CHECKING:
    from pathlib import Path

_SCONSTRUCT = """\
DefaultEnvironment(tools=[])
env = Environment(tools=["gcc", "gnulink", "ar", "rust_crate", "static_program"])
env.Program("app", ["main.c", env.RustCrate("crate")])
"""
_MANIFEST = '[package]\nname = "crate"\nversion = "0.1.0"\nedition = "2021"\n\n[profile.release]\nopt-level = 0\n'
_GLIBC = ("static=1", "libc=glibc")
_RUST = "build/x86_64-linux-gnu-static/rust"


def make_project(top: Path) -> Project:
    project = Project(top)
    project.write("SConstruct", _SCONSTRUCT)
    project.write("main.c", "int answer(void);\nint main(void) { return answer(); }\n")
    project.write("crate/Cargo.toml", _MANIFEST)
    project.write("crate/src/lib.rs", '#[no_mangle] pub extern "C" fn answer() -> i32 { 42 }\n')
    return project


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project that has been built once."""
    made = make_project(tmp_path_factory.mktemp("damaged") / "project")
    made.build(*_GLIBC)
    return made


def _truncate(path: Path) -> None:
    os.truncate(path, 5000 if path.suffix == ".a" else 100)


def _empty(path: Path) -> None:
    os.truncate(path, 0)


def _append(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"more")


def _overwrite(path: Path) -> None:
    """Write as many other bytes later: SCons counts whole seconds."""
    facts = path.stat()
    with path.open("r+b") as file:
        file.write(b"other")
    os.utime(path, (facts.st_atime, facts.st_mtime + 10))


@pytest.mark.parametrize("damage", [_truncate, _empty, _append, _overwrite])
@pytest.mark.parametrize(
    ("name", "expected"),
    [("app", ["LINK"]), (f"{_RUST}/libcrate.a", ["CARGO"]), (f"{_RUST}/libcrate.rust.json", ["CARGO"])],
)
def test_what_was_damaged_is_made_again(project: Project, name: str, expected: list[str], damage: object) -> None:
    assert callable(damage)
    path = project.top / name
    before = path.read_bytes()
    damage(path)
    assert path.read_bytes() != before
    assert project.scons(*_GLIBC, "-q").returncode == 1
    assert project.ran(*_GLIBC) == expected
    assert path.read_bytes() == before
    assert subprocess.run([project.top / "app"], check=False, timeout=60).returncode == 42


def test_an_archive_is_damaged_before_an_edit(project: Project) -> None:
    _truncate(project.top / _RUST / "libcrate.a")
    project.append("crate/src/lib.rs", "// a comment\n")
    assert project.ran(*_GLIBC) == ["CARGO"]
