"""Does an edit rebuild what depends on it, and nothing else?

The demonstration is built once in a checkout of its own; then every kind of edit is made to it, one after the
other, and the steps of the next build are compared with what the edit should cost.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.checkout import TOP, Checkout, steps

if TYPE_CHECKING:
    from pathlib import Path

OPTIONS = ("static=1", "libc=musl")
BUILT = "build/x86_64-linux-musl-static"


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A checkout in which the main job has been done."""
    made = Checkout.make(tmp_path_factory.mktemp("rebuilds") / "checkout")
    made.build(*OPTIONS)
    return made


def rebuilt(checkout: Checkout) -> list[str]:
    """Build again; return the steps. A third build must have nothing left to do."""
    found = steps(checkout.build(*OPTIONS))
    assert "is up to date" in checkout.build(*OPTIONS)
    return found


def test_a_second_build_does_nothing_and_says_so(checkout: Checkout) -> None:
    assert checkout.build(*OPTIONS) == f"scons: `{BUILT}/demo' is up to date.\n"


def test_a_c_file(checkout: Checkout) -> None:
    checkout.append("src/demo/unwind.c", "\nint added_by_an_edit(void);\nint added_by_an_edit(void) { return 1; }\n")
    assert rebuilt(checkout) == ["CC unwind.o", "LINK demo"]


def test_a_comment_in_a_c_file(checkout: Checkout) -> None:
    checkout.append("src/demo/unwind.c", "/* a comment */\n")
    assert rebuilt(checkout) == ["CC unwind.o"]


def test_a_rust_file(checkout: Checkout) -> None:
    checkout.append(
        "src/demo/rust/src/lib.rs", '\n#[no_mangle]\npub extern "C" fn added_by_an_edit_in_rust() -> i32 { 1 }\n'
    )
    assert rebuilt(checkout) == ["CARGO libdemo.a", "LINK demo"]


def test_a_comment_in_a_rust_file(checkout: Checkout) -> None:
    checkout.append("src/demo/rust/src/lib.rs", "// a comment\n")
    assert rebuilt(checkout) == ["CARGO libdemo.a"]


def test_cargo_lock(checkout: Checkout) -> None:
    checkout.append("src/demo/rust/Cargo.lock", "# a comment\n")
    assert rebuilt(checkout) == ["CARGO libdemo.a"]


def test_a_python_file(checkout: Checkout) -> None:
    scripts = sorted((checkout.place / "src/demo/python").glob("*.py"))
    checkout.append(str(scripts[0].relative_to(checkout.place)), "\nADDED_BY_AN_EDIT = 1\n")
    found = rebuilt(checkout)
    assert found[-1] == "LINK demo"
    assert "FREEZE program.bin" in found
    assert not [step for step in found if step.startswith(("CARGO", "BUILD"))]


def test_a_recipe(checkout: Checkout) -> None:
    checkout.append("vendor/libunwind.toml", "\n# a comment\n")
    assert [step for step in rebuilt(checkout) if step.startswith(("CC", "CARGO", "LINK", "FREEZE"))] == []


def test_a_policy_file(checkout: Checkout) -> None:
    checkout.append("site_scons/staticlink/policy/findings.toml", "\n# a comment\n")
    assert rebuilt(checkout) == ["LINK demo"]


def test_the_cores_own_code_for_links(checkout: Checkout) -> None:
    checkout.append("site_scons/staticlink/link/verify.py", "\n# a comment\n")
    assert rebuilt(checkout) == ["LINK demo"]


def test_the_cores_own_code_for_rust(checkout: Checkout) -> None:
    checkout.append("site_scons/staticlink/rust/crate.py", "\n# a comment\n")
    assert [step for step in rebuilt(checkout) if step.startswith(("CC", "LINK", "FREEZE"))] == []


def test_the_options_that_run_nothing(checkout: Checkout) -> None:
    checkout.append("src/demo/unwind.c", "int more(void);\nint more(void) { return 2; }\n")
    before = sorted(path.stat().st_mtime_ns for path in (checkout.place / BUILT).rglob("*") if path.is_file())
    dry = checkout.build(*OPTIONS, "-n")
    # SCons compares contents, and nothing was compiled: it cannot know that the executable will change.
    assert steps(dry) == ["CC unwind.o"]
    assert "static: link fully static" in checkout.build("-h")
    after = sorted(path.stat().st_mtime_ns for path in (checkout.place / BUILT).rglob("*") if path.is_file())
    assert before == after
    question = checkout.scons(*OPTIONS, "-q")
    assert question.returncode == 1
    assert steps(question.stdout) == []


def test_help_needs_no_toolchain(checkout: Checkout, tmp_path: Path) -> None:
    nowhere = {"PATH": str(tmp_path), "HOME": str(tmp_path), "CARGO_HOME": str(tmp_path)}
    done = checkout.scons("-h", environment=nowhere)
    assert done.returncode == 0, done.stderr
    for option in ("static", "libc", "unwinder", "linker", "pie", "rust_std", "python", "sources", "offline", "build"):
        assert f"\n{option}: " in done.stdout


def test_zz_cleaning_removes_everything_but_the_cache(checkout: Checkout) -> None:
    dry = checkout.build(*OPTIONS, "-c", "-n")
    assert (checkout.place / BUILT / "demo").exists()
    assert f"Removed {BUILT}/demo" in dry
    checkout.build(*OPTIONS, "-c")
    assert not (checkout.place / "build").exists()
    again = checkout.build(*OPTIONS)
    assert steps(again)[-1] == "LINK demo"


PROJECT = """
env = Environment(tools=["gcc", "gnulink", "ar"], CC="gcc -B{place}/own/", ENV={{"PATH": "{place}/own:/usr/bin:/bin"}})
env.Tool("static_program")
env.Program("app", ["main.c"])
"""


def test_the_tools_and_libraries_of_the_machine(tmp_path: Path) -> None:
    """libgcc.a and the linker stand in a directory of the test's own, where they can be edited."""
    own = tmp_path / "own"
    own.mkdir()
    libgcc = subprocess.run(
        ["gcc", "-print-libgcc-file-name"], capture_output=True, text=True, check=True
    ).stdout.strip()
    shutil.copy(libgcc, own)
    linker = own / "ld.bfd"
    linker.write_text('#!/bin/sh\nexec /usr/bin/ld.bfd "$@"\n', encoding="utf-8")
    linker.chmod(0o755)
    (tmp_path / "SConstruct").write_text(PROJECT.format(place=tmp_path), encoding="utf-8")
    (tmp_path / "main.c").write_text("int main(void) { return 0; }\n", encoding="utf-8")

    def build() -> list[str]:
        command = [sys.executable, "-m", "SCons", "-Q", f"--site-dir={TOP / 'site_scons'}"]
        command += ["static=1", "libc=glibc", "linker=bfd"]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120)
        assert done.returncode == 0, done.stdout + done.stderr
        return steps(done.stdout)

    assert build() == ["CC main.o", "LINK app"]
    assert build() == []
    (tmp_path / "extra.o").write_bytes((tmp_path / "main.o").read_bytes())
    subprocess.run(["ar", "r", str(own / "libgcc.a"), str(tmp_path / "extra.o")], check=True, capture_output=True)
    assert build() == ["LINK app"]
    linker.write_text('#!/bin/sh\n# newer\nexec /usr/bin/ld.bfd "$@"\n', encoding="utf-8")
    assert build() == ["LINK app"]
    assert build() == []
