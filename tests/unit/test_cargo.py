"""Which files and variables decide a crate, and how is rustc started for it?"""

from __future__ import annotations

import subprocess
from pathlib import Path

from staticlink.rust.cargo import CargoRun
from staticlink.rust.crate import crate_files, recall_crate
from staticlink.rust.environment import deciding_environment
from staticlink.rust.members import Crate
from staticlink.rust.rustc import Driver, target_arguments, write_driver


def write(top: Path, *names: str) -> None:
    for name in names:
        (top / name).parent.mkdir(parents=True, exist_ok=True)
        (top / name).write_text("", encoding="utf-8")


def test_the_files_that_decide_a_crate(tmp_path: Path) -> None:
    write(
        tmp_path,
        "Cargo.toml", "Cargo.lock", ".cargo/config.toml", "one/.cargo/config", "home/config.toml",
        "one/Cargo.toml", "one/build.rs", "one/src/lib.rs", "one/src/tests/mod.rs", "one/data/table.bin",
        "two/Cargo.toml", "two/src/lib.rs",
        # None of these reaches the library.
        "one/tests/t.rs", "one/benches/b.rs", "one/examples/e.rs", "one/.git/HEAD", "one/target/CACHEDIR.TAG",
        "one/target/x", "one/out/y", "one/other/Cargo.toml", "one/other/src/lib.rs", "three/src/lib.rs",
    )  # fmt: skip
    packages = ((tmp_path / "one", "one"), (tmp_path / "two", "two"))
    crate = Crate((), tmp_path / "one/Cargo.toml", tmp_path, packages)
    found = crate_files(crate, {"CARGO_HOME": str(tmp_path / "home")}, [tmp_path / "one/out"])
    assert [str(path.relative_to(tmp_path)) for path in found if path.is_relative_to(tmp_path)] == [
        ".cargo/config.toml",
        "Cargo.lock",
        "Cargo.toml",
        "home/config.toml",
        "one/.cargo/config",
        "one/Cargo.toml",
        "one/build.rs",
        "one/data/table.bin",
        "one/src/lib.rs",
        "one/src/tests/mod.rs",
        "two/Cargo.toml",
        "two/src/lib.rs",
    ]


def test_the_environment_that_decides() -> None:
    environ = {
        "PATH": "/bin",
        "RUSTFLAGS": "-g",
        "CARGO_PROFILE_RELEASE_DEBUG": "1",
        "CARGO_TARGET_DIR": "/x",
        "CARGO_HOME": "/y",
        "CARGO_BUILD_JOBS": "4",
    }
    assert deciding_environment(environ) == (("CARGO_PROFILE_RELEASE_DEBUG", "1"), ("RUSTFLAGS", "-g"))


def test_jobs_are_limited_by_the_jobserver_or_by_number() -> None:
    assert CargoRun({}).jobs_option == []
    assert CargoRun({}, jobs=3).jobs_option == ["--jobs=3"]


def test_nothing_is_recalled_of_an_unknown_crate(tmp_path: Path) -> None:
    assert recall_crate(tmp_path, tmp_path) is None


def test_what_rustc_is_told_for_the_target() -> None:
    remap = [(Path("/work"), "."), (Path("/out"), "/target")]
    assert target_arguments(static=True, sysroot=Path("/std"), remap=remap) == (
        "--sysroot", "/std", "-C", "lto=off", "-C", "target-feature=+crt-static",
        "--remap-path-prefix=/work=.", "--remap-path-prefix=/out=/target",
    )  # fmt: skip
    assert target_arguments(static=False, sysroot=None, remap=()) == (
        "-C",
        "lto=off",
        "-C",
        "target-feature=-crt-static",
    )


def test_the_driver_adds_arguments_for_the_target_only(tmp_path: Path) -> None:
    driver = Driver(Path("/bin/echo"), "a-b-musl", ("--sysroot", "/a path/it's"), "build 1")
    script = write_driver(driver, tmp_path / "a place" / "rustc")

    def answer(*arguments: str) -> str:
        return subprocess.run([script, *arguments], capture_output=True, text=True, check=True).stdout

    assert answer("--crate-name", "x", "--target", "a-b-musl", "-O") == (
        "--sysroot /a path/it's --crate-name x --target a-b-musl -O\n"
    )
    assert answer("--crate-name", "build_script_build", "-O") == "--crate-name build_script_build -O\n"
    assert answer("-vV") == "-vV\nstaticlink: build 1\n"


def test_the_driver_is_not_rewritten_for_nothing(tmp_path: Path) -> None:
    driver = Driver(Path("/bin/echo"), "a-b-musl", (), "1")
    before = write_driver(driver, tmp_path / "rustc").stat().st_mtime_ns
    assert write_driver(driver, tmp_path / "rustc").stat().st_mtime_ns == before
    other = Driver(Path("/bin/echo"), "a-b-musl", (), "2")
    assert "staticlink: 2" in write_driver(other, tmp_path / "rustc").read_text(encoding="utf-8")
