"""Do crates that compile C in their build scripts link static and work, on both libcs?

Each crate of ``tests/crates/`` does real work with one such dependency, called from a C ``main``, and prints what came
out. The versions are pinned by lock files, in which ``@REGISTRY@`` stands for what cargo itself calls the registry.
``STATICLINK_CRATES=all`` builds those too that take minutes; docs/rust-crates.md has their times.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from tests.checkout import TOP

if TYPE_CHECKING:
    from pathlib import Path

CRATES = TOP / "tests" / "crates"
SCONSTRUCT = """\
DefaultEnvironment(tools=[])
env = Environment(tools=["gcc", "gnulink", "ar", "rust_crate", "static_program"], VENDOR="{vendor}")
env.StaticProgram("app", ["main.c", env.RustCrate("crate"{words})], PROBE=[])
"""
MAIN = "int check(void);\nint main(void) { return check(); }\n"


@dataclass(frozen=True, slots=True)
class Real:
    """A crate of ``tests/crates/``, further words of ``RustCrate``, and what the program prints on each libc."""

    crate: str
    musl: str
    glibc: str
    words: str = ""
    name: str = ""
    quick: bool = False
    #: How the texts end that hold a path of the build and that no compiler's flag maps.
    told: tuple[str, ...] = ()


def same(
    crate: str, printed: str, words: str = "", name: str = "", *, quick: bool = False, told: tuple[str, ...] = ()
) -> Real:
    """Return a row whose program prints the same on both libcs."""
    return Real(crate, printed, printed, words, name, quick, told)


#: The digest, pbkdf2 and crc32 are published test vectors; the others follow from the sources.
ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
REALS = (
    same("ring", f"{ABC} true false true true", quick=True),
    same("zlib", "true true cbf43926 1.3.2", ', features="static"', quick=True),
    same("zlib", "true true cbf43926 1.3.1", ', links={"z": env.VendoredLibrary("zlib")}', "zlib-vendored", quick=True),
    same("zlib", "true true cbf43926 1.3.1.zlib-ng", ', features="ng"', "zlib-ng"),
    same("zstd", "true true true"),
    same("sqlite", "250500 word 998 125.25 ok"),
    same("mimalloc", "23947288 true"),
    same("jemalloc", "23947288"),
    same(
        "openssl",
        "ba7816bf [af, e6, c5, 53, 07, 85, b6, cc] true false OpenSSL 3.6.3 9 Jun 2026",
        told=("/lib/engines-3", "/lib/ossl-modules"),  # where it was configured to be installed
    ),
    # The size of struct utmpx tells whose headers were read.
    Real("bindgen", "0 true 400 200", "0 true 384 200"),
)
CHOSEN = [real for real in REALS if real.quick or os.environ.get("STATICLINK_CRATES") == "all"]


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return what a lock file calls the registry."""
    return ask_registry(tmp_path_factory.mktemp("registry"))


def ask_registry(place: Path) -> str:
    """Return what cargo writes into a lock file as the source of a package; ``place`` is an empty directory."""
    (place / "src").mkdir()
    (place / "src/lib.rs").touch()
    manifest = '[package]\nname = "asking"\nversion = "0.1.0"\nedition = "2021"\n\n[dependencies]\ncfg-if = "1"\n'
    (place / "Cargo.toml").write_text(manifest, encoding="utf-8")
    subprocess.run(["cargo", "generate-lockfile"], cwd=place, check=True, capture_output=True, timeout=300)
    found = re.search(r'^source = "(.+)"$', (place / "Cargo.lock").read_text(encoding="utf-8"), re.MULTILINE)
    assert found is not None
    return found[1]


def require_libclang() -> None:
    """Have what bindgen loads; it is installed where the tests may."""
    installed = subprocess.run(["dpkg-query", "--status", "libclang-14-dev"], capture_output=True, check=False)
    if installed.returncode != 0 and os.geteuid() == 0 and shutil.which("apt-get"):
        command = ["apt-get", "install", "-y", "--no-install-recommends", "libclang-14-dev"]
        environ = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        subprocess.run(command, check=True, capture_output=True, env=environ, timeout=600)
    elif installed.returncode != 0:
        pytest.skip("libclang is not installed: apt-get install libclang-14-dev")


def build_command(libc: str) -> list[str]:
    """Return the command that builds a project of :func:`make_project`."""
    command = [sys.executable, "-m", "SCons", f"--site-dir={TOP / 'site_scons'}", "-Q", f"-j{os.cpu_count() or 1}"]
    return [*command, "static=1", f"libc={libc}"]


def make_project(place: Path, real: Real, registry: str) -> None:
    """Write the project that builds ``real``."""
    shutil.copytree(CRATES / real.crate, place / "crate")
    lock = place / "crate" / "Cargo.lock.in"
    text = lock.read_text(encoding="utf-8").replace("@REGISTRY@", registry)
    lock.with_name("Cargo.lock").write_text(text, encoding="utf-8")
    lock.unlink()
    (place / "SConstruct").write_text(SCONSTRUCT.format(vendor=TOP / "vendor", words=real.words), encoding="utf-8")
    (place / "main.c").write_text(MAIN, encoding="utf-8")


@pytest.mark.parametrize("libc", ["musl", "glibc"])
@pytest.mark.parametrize("real", CHOSEN, ids=lambda real: real.name or real.crate)
def test_a_real_crate_works(tmp_path: Path, registry: str, real: Real, libc: str) -> None:
    if real.crate == "bindgen":
        require_libclang()
    make_project(tmp_path, real, registry)
    done = subprocess.run(build_command(libc), cwd=tmp_path, capture_output=True, text=True, check=False, timeout=3000)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "CHECK  static: no PT_INTERP, no DT_NEEDED, 0 undefined" in done.stdout
    (archive,) = tmp_path.glob("build/*/rust/libchecked.a")
    told = {text for text in archive.read_bytes().split(b"\0") if str(tmp_path).encode() in text}
    assert [text for text in told if not text.rstrip(b'"').endswith(tuple(end.encode() for end in real.told))] == []
    assert bool(told) == bool(real.told)
    alone = tmp_path / "empty"
    alone.mkdir()
    shutil.copy(tmp_path / "app", alone)
    ran = subprocess.run([alone / "app"], cwd=alone, env={}, capture_output=True, text=True, check=False, timeout=120)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, f"{getattr(real, libc)}\n", "")
    assert [path.name for path in alone.iterdir()] == ["app"]
