"""Does a real project that SCons builds become static with one added line, and take a Rust crate with four?

The project is gpsd, fetched as Debian's source package; ``tests/adoption/`` holds the lines that are added and a crate
that takes the place of one of its C files. Its own tests judge: the crate computes the checksum of every RTCM3 message
that they decode. ``docs/adopting.md`` walks through the same lines.

By default musl, the daemon, its decoder and the tests that need no daemon; ``STATICLINK_ADOPTION=1`` builds everything
that gpsd builds by default, on both libcs, without the crate and with it.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from staticlink.errors import StaticlinkError
from staticlink.vendored.cache import open_cache
from staticlink.vendored.fetch import fetch_source
from staticlink.vendored.recipe import load_recipe
from staticlink.vendored.unpack import unpack

TOP = Path(__file__).parent.parent.parent
ADOPTION = TOP / "tests" / "adoption"
BUILT = "gpsd-3.25"
PROGRAMS = (f"{BUILT}/gpsd/gpsd", f"{BUILT}/clients/gpsdecode")
#: What gpsd would otherwise look for on this machine: its Python parts, shared libraries and manual pages.
LESS = ("python=no", "shared=no", "manbuild=no")
#: Where these are installed, their archives ask for libsystemd and libudev, which Debian has as shared libraries only.
NO_ARCHIVES = ("dbus_export=no", "usb=no")
ADDED_LINES = 10
LONG = os.environ.get("STATICLINK_ADOPTION") == "1"


def say(_verb: str, _subject: str, _detail: str) -> None:
    """Nobody listens."""


def adopt(place: Path, *patches: str) -> Path:
    """Unpack gpsd into ``place`` and add our lines; return its directory."""
    recipe = load_recipe(ADOPTION / "gpsd.toml")
    try:
        archive, kind = fetch_source(recipe, cache=open_cache(os.environ), sources=None, offline=False, say=say)
    except StaticlinkError as error:
        pytest.skip(f"gpsd's source: {error}")
    unpack(archive, kind.sha256, place)
    project = next(place.rglob("SConscript")).parent
    for patch in patches:
        command = ["git", "apply", "--unidiff-zero", str(ADOPTION / f"{patch}.patch")]
        subprocess.run(command, cwd=project, check=True, timeout=60, env={**os.environ, "GIT_DIR": "/nonexistent"})
    shutil.copytree(ADOPTION / "crc24q", project / "crc24q")
    return project


def build(project: Path, *arguments: str) -> str:
    command = [sys.executable, "-m", "SCons", f"--site-dir={TOP / 'site_scons'}", "-Q", "-j2", "static=1", *arguments]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False, timeout=1500)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def executables(project: Path) -> list[Path]:
    """Return the executables that gpsd's build made."""
    return [
        path.with_name(path.name.removesuffix(".linkplan.json"))
        for path in project.rglob("*.linkplan.json")
        if ".sconf_temp" not in path.parts
    ]


def check(project: Path, *arguments: str) -> None:
    """Run gpsd's own tests, and see that they did run."""
    printed = build(project, *arguments, "test-nondaemon")
    for sentence in (
        "Testing RTCM decoding...",
        "timespec tests succeeded",
        "Matrix-algebra regression test succeeded",
    ):
        assert sentence in printed
    assert not re.search(r"(?i)test failed|mismatch", printed), printed


def interpreter(executable: Path) -> bool:
    """Return whether the kernel would start ``executable`` through a dynamic loader."""
    headers = subprocess.run(["readelf", "-lW", executable], capture_output=True, text=True, check=True, timeout=60)
    return "INTERP" in headers.stdout


def test_few_lines_are_added_and_none_is_changed() -> None:
    lines = [line for patch in sorted(ADOPTION.glob("*.patch")) for line in patch.read_text().splitlines()]
    assert not [line for line in lines if line.startswith("-") and not line.startswith("---")]
    assert len([line for line in lines if line.startswith("+") and not line.startswith("+++")]) <= ADDED_LINES


def test_the_guide_shows_the_same_lines() -> None:
    guide = (TOP / "docs" / "adopting.md").read_text(encoding="utf-8")
    for patch in ADOPTION.glob("*.patch"):
        for line in patch.read_text(encoding="utf-8").splitlines():
            assert line.startswith(("---", "+++", "@@")) or line.removeprefix("+") in guide


def test_a_daemon_on_musl_with_a_crate(tmp_path: Path) -> None:
    project = adopt(tmp_path / "gpsd", "static", "rust")
    build(project, "libc=musl", *LESS, *PROGRAMS)
    check(project, "libc=musl", *LESS)
    assert "is up to date" in build(project, "libc=musl", *LESS, PROGRAMS[0])
    found = executables(project)
    assert {project / name for name in PROGRAMS} <= set(found)
    assert not [path for path in found if interpreter(path)]
    answer = build(project, "libc=musl", *LESS, "why=crc24q_check", PROGRAMS[0])
    assert "libcrc24q.a" in answer


@pytest.mark.skipif(not LONG, reason="STATICLINK_ADOPTION=1 builds all of gpsd four times")
@pytest.mark.parametrize("patches", [("static",), ("static", "rust")], ids=["c", "c-and-rust"])
@pytest.mark.parametrize("libc", ["musl", "glibc"])
def test_all_of_it(tmp_path: Path, libc: str, patches: tuple[str, ...]) -> None:
    project = adopt(tmp_path / "gpsd", *patches)
    build(project, f"libc={libc}", *NO_ARCHIVES, "build-all")
    check(project, f"libc={libc}", *NO_ARCHIVES)
    found = executables(project)
    assert len(found) > len(PROGRAMS)
    assert not [path for path in found if interpreter(path)]
