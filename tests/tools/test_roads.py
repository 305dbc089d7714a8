"""Does every road lead to an executable that passes its own test alone?

Each row is one way of building the demonstration. What the user sees at the end of the build, and what ``ldd``,
``file`` and
``readelf`` say of the result, is compared with what the options promise.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from tests.checkout import Checkout

if TYPE_CHECKING:
    from pathlib import Path

STATIC, PIE = "not a dynamic executable", "statically linked"


@dataclass(frozen=True, slots=True)
class Road:
    """Options of a build, where it ends, what ``ldd`` says, and pieces of what is printed."""

    options: str
    directory: str
    ldd: str
    printed: tuple[str, ...]


ROADS = (
    Road("libc=musl", "x86_64-linux-musl-static", STATIC, ("unwinder libunwind (libgcc_eh needs _dl_find_object)",)),
    Road("libc=musl linker=gold", "x86_64-linux-musl-static", STATIC, ("linker gold (linker=gold)",)),
    Road("libc=musl linker=bfd", "x86_64-linux-musl-static", STATIC, ("linker bfd (linker=bfd)",)),
    Road("libc=musl linker=mold", "x86_64-linux-musl-static", STATIC, ("linker mold (linker=mold)",)),
    Road("libc=musl linker=lld", "x86_64-linux-musl-static", STATIC, ("linker lld (linker=lld)",)),
    Road("libc=musl pie=1", "x86_64-linux-musl-static-pie", PIE, ("CHECK  static-pie: no PT_INTERP",)),
    Road("libc=musl rust_std=build", "x86_64-linux-musl-static", STATIC, ("std: build (built from ",)),
    Road(
        "libc=musl rust_std=shim",
        "x86_64-linux-musl-static",
        STATIC,
        ("std: shim (rust_std=shim", "4 shims (gnu_version: changes-behaviour, lfs64: sound"),
    ),
    Road("libc=glibc", "x86_64-linux-gnu-static", STATIC, ("unwinder libgcc_eh (", "std: target (")),
    Road("libc=glibc linker=bfd", "x86_64-linux-gnu-static", STATIC, ("linker bfd (linker=bfd)",)),
    Road("libc=glibc pie=1", "x86_64-linux-gnu-static-pie", PIE, ("CHECK  static-pie: no PT_INTERP",)),
    Road("libc=glibc unwinder=libunwind", "x86_64-linux-gnu-static", STATIC, ("unwinder libunwind (unwinder=",)),
    Road("libc=glibc python=system", "x86_64-linux-gnu-static", STATIC, ("all ",)),
    Road("libc=musl python=none", "x86_64-linux-musl-static", STATIC, ("all ",)),
)


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """One checkout for all roads, as a user would change options in one."""
    return Checkout.make(tmp_path_factory.mktemp("roads") / "checkout")


@pytest.mark.parametrize("road", ROADS, ids=lambda road: road.options.replace(" ", ","))
def test_road(checkout: Checkout, road: Road) -> None:
    for linker in ("mold", "lld"):
        if f"linker={linker}" in road.options and not shutil.which(f"ld.{linker}") and not shutil.which(linker):
            pytest.skip(f"{linker} is not installed: apt-get install {linker}")
    output = checkout.build("static=1", *road.options.split())
    for piece in road.printed:
        assert piece in output
    demo = checkout.place / "build" / road.directory / "demo"
    assert output.splitlines()[-1].startswith(f"build/{road.directory}/demo ")
    assert not demo.with_name("demo.unverified").exists()
    ldd = subprocess.run(["ldd", str(demo)], capture_output=True, text=True, check=False)
    assert road.ldd in ldd.stdout + ldd.stderr
    headers = subprocess.run(["readelf", "-ldW", str(demo)], capture_output=True, text=True, check=True).stdout
    assert "INTERP" not in headers
    assert "NEEDED" not in headers
    assert not [line for line in headers.splitlines() if " RWE " in line]
    plan = json.loads(demo.with_name("demo.linkplan.json").read_text(encoding="utf-8"))
    assert plan["undefined"] == {}
    assert str(checkout.place) not in json.dumps(plan)


def test_the_executable_passes_its_own_test_where_nothing_else_exists(checkout: Checkout, tmp_path: Path) -> None:
    checkout.build("static=1", "libc=musl")
    demo = checkout.place / "build" / "x86_64-linux-musl-static" / "demo"
    shutil.copy(demo, tmp_path / "demo")
    enter = [shutil.which("chroot", path="/usr/sbin:/usr/bin:/sbin:/bin") or "chroot", str(tmp_path)]
    if os.geteuid() != 0:
        enter = ["unshare", "--user", "--map-root-user", *enter]
    done = subprocess.run(
        [*enter, "/demo", "selftest"], env={}, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert [line for line in lines if not line.startswith("ok ")] == []
    assert len(lines) >= 25
    assert sorted(path.name for path in tmp_path.iterdir()) == ["demo"]


def test_a_panic_is_caught_without_a_free_file_descriptor(checkout: Checkout) -> None:
    checkout.build("static=1", "libc=musl")
    demo = checkout.place / "build" / "x86_64-linux-musl-static" / "demo"
    limited = ["prlimit", "--nofile=3:3", str(demo), "selftest"]
    done = subprocess.run(limited, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=60)
    assert {"ok panic caught in Rust", "ok panic unwound through C"} <= {*done.stdout.splitlines()}


def test_a_dynamic_executable_is_ordinary(checkout: Checkout) -> None:
    checkout.build("static=0")
    demo = checkout.place / "build" / "x86_64-linux-gnu" / "demo"
    done = subprocess.run(["ldd", str(demo)], capture_output=True, text=True, check=True)
    assert "libc.so.6" in done.stdout
    test = subprocess.run([str(demo), "selftest"], capture_output=True, text=True, check=False, timeout=60)
    assert test.returncode == 0, test.stdout


def test_the_unwinder_of_gcc_works_on_musl_with_a_shim(checkout: Checkout) -> None:
    output = checkout.build("static=1", "libc=musl", "unwinder=libgcc_eh", "python=none")
    assert "unwinder libgcc_eh (unwinder=libgcc_eh; a shim defines _dl_find_object)" in output
    assert "find_object: changes-behaviour" in output
    demo = checkout.place / "build" / "x86_64-linux-musl-static" / "demo"
    done = subprocess.run([str(demo), "selftest"], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout
    assert {"ok panic caught in Rust", "ok panic unwound through C"} <= {*done.stdout.splitlines()}
