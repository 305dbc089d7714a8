"""Does a build that has to wait for another cargo say so, and for its own not?"""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.tools.test_rust_crate import DYNAMIC, SITE, make_project

if TYPE_CHECKING:
    from tests.tools.test_rust_crate import Project

_SLOW = "fn main() { std::thread::sleep(std::time::Duration::from_secs(2)); }\n"


@pytest.fixture(name="project")
def _project(tmp_path: Path) -> Project:
    project = make_project(tmp_path / "a project")
    project.write("audit/sitecustomize.py", "")
    return project


@pytest.mark.parametrize("place", [f"{DYNAMIC}/cargo/release", f"{DYNAMIC}/cargo/x86_64-unknown-linux-gnu/release"])
def test_another_process_holds_the_directory(project: Project, place: str) -> None:
    project.write(f"{place}/.cargo-lock", "")
    command = [sys.executable, "-m", "SCons", f"--site-dir={SITE}", "-Q"]
    with (project.top / place / ".cargo-lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        process = subprocess.Popen(command, cwd=project.top, stdout=subprocess.PIPE, text=True)
        try:
            assert process.stdout is not None
            said = next(line for line in iter(process.stdout.readline, "") if line.startswith(("WAIT", "CARGO")))
        except BaseException:
            process.kill()
            raise
        assert process.poll() is None
    rest, _ = process.communicate(timeout=300)
    name = Path("/proc/self/comm").read_text(encoding="utf-8").strip()
    assert said == f"WAIT   {place}   locked by {name}, process {os.getpid()}\n"
    assert process.returncode == 0
    assert "CARGO" in rest
    assert project.build() == "scons: `.' is up to date.\n"


def test_crates_of_one_build_follow_one_another(project: Project) -> None:
    project.write("crate/build.rs", _SLOW)
    project.write("second/build.rs", _SLOW)
    sconstruct = (project.top / "SConstruct").read_text(encoding="utf-8")
    project.write("SConstruct", f'{sconstruct}env.RustCrate("second")\n')
    output = project.build("-j2")
    assert output.count("CARGO") == 2
    assert "WAIT" not in output
