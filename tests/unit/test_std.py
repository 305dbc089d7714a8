"""Which road does std take, on what evidence, and what is said when there is none?"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from staticlink.errors import Fault, StaticlinkError
from staticlink.model import Choice
from staticlink.rust.cargo import CargoRun
from staticlink.rust.outputs import read_std, write_std
from staticlink.rust.std import Road, choose_std
from staticlink.rust.std_source import load_policy, patch_std_source
from staticlink.rust.toolchain import Toolchain
from staticlink.target import Target
from staticlink.vendored.cache import Cache

if TYPE_CHECKING:
    from pathlib import Path

MUSL = Target("x86_64", "musl", static=True)
VERBOSE = (
    "rustc 1.95.0 (59807616e 2026-04-14)\ncommit-hash: 59807616e1\nhost: x86_64-unknown-linux-gnu\nrelease: 1.95.0\n"
)
NO_STD = "the compiler's sysroot has no std for x86_64-unknown-linux-musl"


def sysroot(top: Path, *triples: str) -> Toolchain:
    for triple in triples:
        place = top / "lib/rustlib" / triple / "lib"
        place.mkdir(parents=True)
        (place / "libstd-0123.rlib").write_bytes(b"")
    return Toolchain(top / "bin/rustc", top / "bin/cargo", top, VERBOSE)


def choose(toolchain: Toolchain, target: Target, wanted: str, cache: Path) -> Choice[Road]:
    cache.mkdir(exist_ok=True)
    run = CargoRun({}, jobs=1, offline=True)
    return choose_std(toolchain, target, wanted, cache=Cache(cache), run=run, say=lambda *_: None)


def fault(toolchain: Toolchain, wanted: str, cache: Path) -> Fault:
    with pytest.raises(StaticlinkError) as caught:
        choose(toolchain, MUSL, wanted, cache)
    return caught.value.faults[0]


@pytest.mark.parametrize("static", [True, False])
def test_glibc_takes_the_compilers_own(tmp_path: Path, static: bool) -> None:  # noqa: FBT001  (the parameter)
    chosen = choose(sysroot(tmp_path), Target("x86_64", "glibc", static), "auto", tmp_path / "cache")
    assert (chosen.value.name, chosen.value.rust_triple) == ("target", "x86_64-unknown-linux-gnu")
    assert chosen.reason == "the compiler's own std is for glibc"


@pytest.mark.parametrize("wanted", ["auto", "target"])
def test_an_installed_std_comes_first_and_its_limit_is_told(tmp_path: Path, wanted: str) -> None:
    toolchain = sysroot(tmp_path, "x86_64-unknown-linux-musl", "x86_64-unknown-linux-gnu")
    chosen = choose(toolchain, MUSL, wanted, tmp_path / "cache")
    assert (chosen.value.name, chosen.reason) == ("target", "a std for musl is installed")
    assert chosen.evidence == ("the compiler's sysroot has a std for x86_64-unknown-linux-musl",)
    assert chosen.value.known_limits == (
        "std::env::args() is empty under a C main: std takes the arguments from Rust's own start-up on musl",
    )


def test_no_installed_std_is_told_with_the_command_that_installs_it(tmp_path: Path) -> None:
    found = fault(sysroot(tmp_path), "target", tmp_path / "cache")
    assert (found.id, found.what) == ("no-musl-std", "no std for x86_64-unknown-linux-musl")
    assert found.evidence == (NO_STD,)
    assert found.fix == "rustup target add x86_64-unknown-linux-musl, or rust_std=auto"


def test_no_source_of_std_is_told_with_every_place_tried(tmp_path: Path) -> None:
    found = fault(sysroot(tmp_path), "build", tmp_path / "cache")
    assert (found.id, found.what) == ("no-rust-src", "no source of Rust's std for rustc 1.95.0")
    suites = [row["suite"] for row in load_policy()["debian"]]
    assert found.evidence == (
        NO_STD,
        "the compiler's sysroot has no rust-src component",
        *(f"Debian suite {suite}: offline=1" for suite in suites),
    )
    assert found.fix == "scons fetch, rustup component add rust-src, or rust_std=shim"


def test_the_source_of_another_release_is_not_used(tmp_path: Path) -> None:
    toolchain = sysroot(tmp_path)
    source = tmp_path / "rustc-1.80.0"
    (source / "library/sysroot").mkdir(parents=True)
    (source / "library/sysroot/Cargo.toml").write_text("", encoding="utf-8")
    (tmp_path / "lib/rustlib/src").mkdir(parents=True)
    (tmp_path / "lib/rustlib/src/rust").symlink_to(source)
    found = fault(toolchain, "build", tmp_path / "cache")
    assert found.evidence[1] == "the sysroot's rust-src is of release 1.80.0"


def test_without_a_std_or_its_source_auto_takes_the_shims(tmp_path: Path) -> None:
    chosen = choose(sysroot(tmp_path, "x86_64-unknown-linux-gnu"), MUSL, "auto", tmp_path / "cache")
    assert (chosen.value.name, chosen.value.rust_triple) == ("shim", "x86_64-unknown-linux-gnu")
    assert chosen.value.start_bridge
    assert chosen.reason == "no std for musl is installed and its source cannot be had"
    assert chosen.value.known_limits[0] == "std is compiled for glibc: shims stand in for what musl lacks"


def test_shims_need_the_std_for_glibc(tmp_path: Path) -> None:
    found = fault(sysroot(tmp_path), "shim", tmp_path / "cache")
    assert (found.id, found.what) == ("no-gnu-std", "no std for x86_64-unknown-linux-gnu")
    assert found.fix == "rustup target add x86_64-unknown-linux-gnu"


def test_installing_a_std_changes_what_decides(tmp_path: Path) -> None:
    toolchain = sysroot(tmp_path)
    before = toolchain.offered_std(MUSL.rust_triple)
    assert sysroot(tmp_path, "x86_64-unknown-linux-musl").offered_std(MUSL.rust_triple) != before


def test_a_patch_applies_where_its_text_is_found_once(tmp_path: Path) -> None:
    policy = {"patch": [{"name": "p", "file": "a.rs", "before": "fn f", "text": "// new", "limit": "f is old"}]}
    source = tmp_path / "a.rs"
    source.write_text("x\nfn f() {}\n", encoding="utf-8")
    assert patch_std_source(tmp_path, policy) == (("p",), ())
    assert source.read_text(encoding="utf-8") == "x\n// new\nfn f() {}\n"
    for text in ("fn g() {}\n", "fn f() {}\nfn f() {}\n"):
        source.write_text(text, encoding="utf-8")
        assert patch_std_source(tmp_path, policy) == ((), ("f is old",))
        assert source.read_text(encoding="utf-8") == text
    source.unlink()
    assert patch_std_source(tmp_path, policy) == ((), ("f is old",))


def test_every_row_of_the_policy_says_why() -> None:
    policy = load_policy()
    assert all(row["why"] for row in (*policy["debian"], *policy["patch"]))
    assert all(row["limit"] for row in policy["patch"])


def test_what_is_written_is_read_back_without_a_path_of_this_machine(tmp_path: Path) -> None:
    built = tmp_path / "cache/files"
    (built / "lib").mkdir(parents=True)
    (built / "lib/libstd.rlib").write_bytes(b"std")
    road = Road("build", "x86_64-unknown-linux-musl", "build 12", built, known_limits=("a limit",))
    path = tmp_path / "build/rust-std/std.json"
    for _ in range(2):
        write_std(Choice(road, "because", ("seen",)), sysroot(tmp_path), path)
    found = read_std(path)
    assert found.value.sysroot is not None
    assert (found.value.sysroot / "lib/libstd.rlib").read_bytes() == b"std"
    assert (found.value.identity, found.value.known_limits) == ("build 12", ("a limit",))
    assert (found.reason, found.evidence) == ("because", ("seen",))
    assert str(tmp_path) not in path.read_text(encoding="utf-8")
    write_std(Choice(Road("shim", "t", "shim", start_bridge=True), "", ()), sysroot(tmp_path), path)
    assert read_std(path).value.sysroot is None
    assert json.loads(path.read_text(encoding="utf-8"))["start_bridge"] is True
