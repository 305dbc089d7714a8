"""Does ./sconsw set up what is needed, once, and say what is missing?"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

_ROOT = Path(__file__).parents[2]
_FILES = ("sconsw", "requirements.txt", "requirements-dev.txt", "pyproject.toml", "LICENSE", "README.md")
#: What the script itself calls; a PATH with nothing else has no compiler, make or Rust.
_PROGRAMS = ("sh", "cat", "cksum", "grep", "id", "mktemp", "mv", "rm", "tail", "apt-get", "apt-cache")


def _check_out(place: Path) -> Path:
    place.mkdir(parents=True)
    for name in _FILES:
        shutil.copy(_ROOT / name, place)
    shutil.copytree(
        _ROOT / "site_scons", place / "site_scons", ignore=shutil.ignore_patterns("__pycache__", "*.egg-info")
    )
    (place / "SConstruct").write_text("Help('this is the help')\n", encoding="utf-8")
    return place


@pytest.fixture(scope="module")
def checkout() -> Iterator[Path]:
    """A checkout that is set up, in a directory with a space, readable by every user."""
    with tempfile.TemporaryDirectory(prefix="staticlink-sconsw-") as directory:
        Path(directory).chmod(0o755)
        place = _check_out(Path(directory, "with space", "checkout"))
        done = _sconsw(place, "--version")
        assert done.returncode == 0, done.stderr
        assert re.fullmatch(r"SETUP  \.venv   Python 3\.\d+\.\d+\S*\n", done.stderr)
        yield place


def _sconsw(place: Path, *arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    command = [str(place / "sconsw"), *arguments]
    options = {"cwd": place, **options}
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=300, **options)


@pytest.fixture
def bare_path(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """An environment whose PATH holds only what the script itself calls."""
    del tmp_path_factory  # its directories are closed to other users
    with tempfile.TemporaryDirectory(prefix="staticlink-path-") as directory:
        Path(directory).chmod(0o755)
        for name in _PROGRAMS:
            found = shutil.which(name, path="/usr/bin:/bin")
            if found:
                Path(directory, name).symlink_to(found)
        yield {"PATH": directory, "HOME": "/nonexistent"}


def test_the_environment_holds_both_commands(checkout: Path) -> None:
    scons = subprocess.run([checkout / ".venv/bin/scons", "--version"], capture_output=True, text=True, check=True)
    assert "SCons: v4.11.1" in scons.stdout
    command = [str(checkout / ".venv/bin/staticlink"), "verify", str(checkout / ".venv/bin/python")]
    verdict = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (verdict.returncode, "PT_INTERP" in verdict.stdout + verdict.stderr) == (1, True)
    where = subprocess.run(
        [checkout / ".venv/bin/python", "-c", "import staticlink; print(staticlink.__file__)"],
        capture_output=True,
        text=True,
        check=True,
        cwd="/",
    )
    assert where.stdout == f"{checkout}/site_scons/staticlink/__init__.py\n"


def test_a_start_costs_less_than_a_tenth_of_a_second(checkout: Path) -> None:
    def fastest(command: list[str]) -> float:
        times = []
        for _ in range(7):
            start = time.perf_counter()
            subprocess.run(command, capture_output=True, check=True)
            times.append(time.perf_counter() - start)
        return min(times)

    ours = fastest([str(checkout / "sconsw"), "--version"])
    bare = fastest([str(checkout / ".venv/bin/scons"), "--version"])
    assert ours - bare < 0.1


def test_it_works_from_another_directory(checkout: Path, tmp_path: Path) -> None:
    done = _sconsw(checkout, "-h", cwd=tmp_path)
    assert (done.returncode, "this is the help" in done.stdout, done.stderr) == (0, True, "")


def test_help_needs_no_toolchain(checkout: Path, bare_path: dict[str, str]) -> None:
    done = _sconsw(checkout, "-h", env=bare_path)
    assert (done.returncode, "this is the help" in done.stdout, done.stderr) == (0, True, "")


def test_everything_missing_is_named_at_once(checkout: Path, bare_path: dict[str, str]) -> None:
    user = {"user": 65534, "group": 65534, "extra_groups": []} if os.geteuid() == 0 else {}
    done = _sconsw(checkout, env=bare_path, **user)
    expected = (
        "sconsw: missing from this system\n"
        "  a C compiler\n"
        "  make\n"
        "  rustc 1\\.71 or newer, and cargo\n"
        "(  fix: sudo apt-get install --no-install-recommends gcc libc6-dev make (rustc cargo|rustc-web cargo-web)\n)?"
    )
    assert done.returncode == 2
    assert re.fullmatch(expected, done.stderr), done.stderr
    on_debian = Path("/etc/debian_version").exists() and "apt-get" in os.listdir(bare_path["PATH"])  # noqa: PTH208
    assert ("fix:" in done.stderr) == on_debian


def test_what_the_tests_install_are_names_of_packages() -> None:
    """Debian Policy 5.6.1 says what a name is."""
    found = re.search(
        r"^test_packages='(.*?)'$", (_ROOT / "sconsw").read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )
    assert found is not None
    names = found[1].split()
    assert "lld" in names
    assert [name for name in names if not re.fullmatch(r"[a-z0-9][a-z0-9+.-]+", name)] == []


def test_an_old_rust_is_named_with_its_version(checkout: Path, bare_path: dict[str, str], tmp_path: Path) -> None:
    (Path(bare_path["PATH"]) / "apt-get").unlink(missing_ok=True)
    for name in ("cc", "make"):
        found = shutil.which(name)
        assert found
        Path(bare_path["PATH"], name).symlink_to(found)
    for name in ("rustc", "cargo"):
        tool = tmp_path / "bin" / name
        tool.parent.mkdir(exist_ok=True)
        tool.write_text("#!/bin/sh\necho 'rustc 1.63.0 (4b91a6ea7 2022-08-08)'\n", encoding="utf-8")
        tool.chmod(0o755)
    done = _sconsw(checkout, env={**bare_path, "CARGO_HOME": str(tmp_path)})
    assert (done.returncode, done.stderr) == (
        2,
        "sconsw: missing from this system\n  rustc 1.71 or newer (this is 1.63.0)\n",
    )


def test_a_checkout_that_moved_is_set_up_again(checkout: Path) -> None:
    moved = checkout.with_name("moved")
    checkout.rename(moved)
    try:
        done = _sconsw(moved, "--version")
        assert (done.returncode, done.stderr.startswith("SETUP  .venv")) == (0, True)
        assert (moved / ".venv/bin/scons").read_text(encoding="utf-8").count(str(moved)) > 0
        assert _sconsw(moved, "--version").stderr == ""
    finally:
        moved.rename(checkout)
        shutil.rmtree(checkout / ".venv")
        assert _sconsw(checkout, "--version").returncode == 0


def test_an_interrupted_set_up_is_done_again_by_two_at_once(tmp_path: Path) -> None:
    place = _check_out(tmp_path / "checkout")
    first = subprocess.Popen([place / "sconsw", "--version"], stdout=subprocess.DEVNULL, start_new_session=True)
    deadline = time.monotonic() + 60
    while not (place / ".venv/.checkout").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    os.killpg(first.pid, signal.SIGKILL)
    first.wait()
    assert not (place / ".venv/.stamp").exists()
    two = [
        subprocess.Popen([place / "sconsw", "--version"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    for process in two:
        output, errors = process.communicate(timeout=300)
        assert process.returncode == 0, errors
        assert "SCons: v4.11.1" in output
