"""Does Rust's standard library answer in a static executable as it does in the dynamic one that cargo makes?

One program tries it item by item and prints what it answered (``tests/std_surface``). It is built by plain cargo, which
is the reference, and by staticlink on each road, with a main of Rust's and one of C's. An item that differs must stand
in the table of ``docs/rust-std.md`` for that road, and an item of the table must differ.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.checkout import TOP

if TYPE_CHECKING:
    from pathlib import Path

_PROBE = TOP / "tests" / "std_surface"
_ETC = {
    "hosts": "127.0.0.1 localhost\n192.0.2.5 std-surface.test\n",
    "resolv.conf": "nameserver 127.0.0.1\noptions timeout:2 attempts:1\n",
}
_UNWINDABLE = ("-O2", "-fexceptions", "-fasynchronous-unwind-tables")
#: Options of a build -> what the table calls it.
_ROADS = {
    ("libc=glibc",): frozenset(),
    ("libc=musl", "rust_std=build"): frozenset({"musl", "std of musl"}),
    ("libc=musl", "rust_std=shim"): frozenset({"musl"}),
    ("libc=musl", "rust_std=shim", "unwinder=libgcc_eh", "pie=1"): frozenset({"musl"}),
}
#: Roads that continuous integration has no time for.
_MORE_ROADS = {
    ("libc=musl", "rust_std=shim", "unwinder=libgcc_eh"): frozenset({"musl"}),
    ("libc=musl", "rust_std=shim", "pie=1"): frozenset({"musl"}),
    ("libc=musl", "rust_std=build", "pie=1"): frozenset({"musl", "std of musl"}),
    ("libc=glibc", "pie=1"): frozenset(),
}
if os.environ.get("STATICLINK_STD_SURFACE") == "all":
    _ROADS |= _MORE_ROADS


def answers(program: Path, etc: Path) -> dict[str, str]:
    """Run the probe where names resolve the same everywhere; return item -> result."""
    enter = ["unshare", *([] if os.geteuid() == 0 else ["--map-root-user"]), "--mount", "--net"]
    if shutil.which("unshare") is None or subprocess.run([*enter, "true"], check=False, timeout=60).returncode != 0:
        pytest.skip("namespaces are not to be had: unshare --mount --net")
    environ = {
        b"PATH": b"/usr/bin:/bin",
        b"HOME": b"/root",
        b"STD_SURFACE": b"value",
        b"STD_SURFACE_BYTES": b"\xff\xfe",
    }
    words = [*enter, sys.executable, str(_PROBE / "enter.py"), str(etc), str(program), "one", "two words"]
    command = [*map(os.fsencode, words), b"\xff\xfe", b""]
    done = subprocess.run(
        command, env=environ, input=b"line one\nline two", capture_output=True, check=False, timeout=180, cwd=etc.parent
    )
    assert done.returncode == 0, done.stderr.decode("utf-8", "replace")[-2000:]
    lines = [line for line in done.stdout.decode("utf-8", "replace").splitlines() if line != "a whole line"]
    return dict(line.split(": ", 1) for line in lines)


def documented(road: frozenset[str]) -> set[str]:
    """Return the items that the table says differ on ``road``."""
    text = (TOP / "docs" / "rust-std.md").read_text(encoding="utf-8").partition("## What answers differently")[2]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("|")]
    return {item for row in rows[2:] if row[1] in road for item in row[0].strip("`").split("`, `")}


@pytest.fixture(scope="module")
def etc(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("std") / "etc"
    place.mkdir()
    for name, text in _ETC.items():
        (place / name).write_text(text, encoding="utf-8")
    return place


@pytest.fixture(scope="module")
def reference(etc: Path) -> dict[str, str]:
    """What the dynamic program answers that cargo makes without us."""
    frame = etc.parent / "frame.o"
    subprocess.run(["gcc", *_UNWINDABLE, "-c", str(_PROBE / "frame.c"), "-o", str(frame)], check=True, timeout=60)
    environ = {**os.environ, "CARGO_TARGET_DIR": str(etc.parent / "target"), "RUSTFLAGS": f"-C link-arg={frame}"}
    command = ["cargo", "build", "--release", "--locked", "--offline", "--quiet"]
    subprocess.run(command, cwd=_PROBE / "crate", env=environ, check=True, timeout=600)
    return answers(etc.parent / "target" / "release" / "std_surface", etc)


@pytest.mark.parametrize("options", _ROADS, ids=" ".join)
def test_every_item_answers_as_it_does_in_a_dynamic_program(
    options: tuple[str, ...], reference: dict[str, str], etc: Path, tmp_path: Path
) -> None:
    shutil.copytree(_PROBE, tmp_path, dirs_exist_ok=True, ignore=shutil.ignore_patterns("target"))
    shutil.copytree(TOP / "vendor", tmp_path / "vendor")
    command = [sys.executable, "-m", "SCons", "-Q", f"--site-dir={TOP / 'site_scons'}", "static=1", *options]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=1200)
    assert done.returncode == 0, done.stdout + done.stderr
    road = _ROADS[options]
    for name, kind in (("rust_main", road), ("c_main", road | {"C main"})):
        found = answers(tmp_path / name, etc)
        assert found.keys() == reference.keys()
        assert {item for item, result in found.items() if result != reference[item]} == documented(kind), name
        for item in found:  # other words, but never another kind of error
            if item.startswith("error "):
                assert found[item].split(", ")[:-1] == reference[item].split(", ")[:-1]
