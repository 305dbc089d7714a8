"""Is the toolchain looked for in the right places, and is what is remembered of it whole?"""

from __future__ import annotations

from pathlib import Path

import pytest
from staticlink.errors import StaticlinkError
from staticlink.rust.toolchain import (
    Toolchain,
    deciding_files,
    find_program,
    recall,
    remember,
    search_directories,
)

VERBOSE = """\
rustc 1.95.0 (59807616e 2026-04-14)
binary: rustc
commit-hash: 59807616e1fa2540724bfbac14d7976d7e4a3860
host: x86_64-unknown-linux-gnu
release: 1.95.0
LLVM version: 22.1.2
"""


def toolchain(sysroot: Path = Path("/sysroot")) -> Toolchain:
    return Toolchain(sysroot / "bin/rustc", sysroot / "bin/cargo", sysroot, VERBOSE)


def test_what_rustc_says_is_read_by_name() -> None:
    assert toolchain().summary == "rustc 1.95.0 (59807616e 2026-04-14)"
    assert toolchain().release == "1.95.0"
    assert toolchain().host == "x86_64-unknown-linux-gnu"
    assert toolchain().target_libraries("a-b-c") == Path("/sysroot/lib/rustlib/a-b-c/lib")


def test_a_rustc_that_does_not_name_its_release_is_told() -> None:
    with pytest.raises(StaticlinkError) as caught:
        _ = Toolchain(Path("rustc"), Path("cargo"), Path("/"), "rustc 1.0\n").release
    assert caught.value.faults[0].what == "rustc -vV names no release"
    assert caught.value.faults[0].evidence == ("rustc 1.0",)


def test_rustups_places_come_before_path() -> None:
    environ = {"CARGO_HOME": "/cargo", "HOME": "/home/me", "PATH": "/usr/bin::/bin:/usr/bin"}
    names = [str(place) for place in search_directories(environ)]
    assert names == ["/cargo/bin", "/home/me/.cargo/bin", "/usr/bin", "/bin"]


def test_a_missing_program_names_the_command_that_installs_it(tmp_path: Path) -> None:
    with pytest.raises(StaticlinkError) as caught:
        find_program("cargo", {"HOME": str(tmp_path), "PATH": str(tmp_path)})
    (fault,) = caught.value.faults
    assert (fault.id, fault.what) == ("no-rust", "cargo not found")
    assert fault.evidence == ("searched $CARGO_HOME/bin, ~/.cargo/bin and PATH",)
    assert fault.fix == "apt-get install rustc cargo, or install rustup (rustup.rs) and run: rustup default stable"


def test_a_file_that_cannot_be_executed_is_passed_over(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "cargo").write_text("", encoding="utf-8")
    (tmp_path / "two/cargo").chmod(0o755)
    assert find_program("cargo", {"PATH": f"{tmp_path / 'one'}:{tmp_path / 'two'}"}) == tmp_path / "two/cargo"


def test_toolchain_files_above_a_crate_decide(tmp_path: Path) -> None:
    (tmp_path / "crate").mkdir()
    (tmp_path / "rust-toolchain").write_text("stable", encoding="utf-8")
    (tmp_path / "rustup").mkdir()
    (tmp_path / "rustup/settings.toml").write_text("", encoding="utf-8")
    found = deciding_files(tmp_path / "crate", {"RUSTUP_HOME": str(tmp_path / "rustup")})
    assert found == (tmp_path / "rust-toolchain", tmp_path / "rustup/settings.toml")


@pytest.mark.parametrize("damaged", ["", "{", "[]", "nonsense"])
def test_a_damaged_memory_is_forgotten(tmp_path: Path, damaged: str) -> None:
    path = tmp_path / "deep/memory.json"
    remember(path, {"a": 1})
    assert recall(path) == {"a": 1}
    path.write_text(damaged, encoding="utf-8")
    assert recall(path) is None
    assert recall(tmp_path / "absent.json") is None
