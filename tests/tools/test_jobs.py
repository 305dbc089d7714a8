"""Is ``-j`` obeyed by SCons' own compiles, make, cargo and a build script's make, all together?

Every job writes a line when it starts and one when it ends; the lines, in order, say how many ran at once.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.checkout import TOP
from tests.tools.test_vendored_library import RECIPE, pack

if TYPE_CHECKING:
    from pathlib import Path

_SCONSTRUCT = """\
env = Environment(tools=["gcc", "vendored_library", "rust_crate"], CC="@HERE@/job gcc")
env.Object(Glob("*.c"))
env.Command("made.txt", [], "@HERE@/job touch $TARGET")
env.VendoredLibrary("small")
env.RustCrate("crate")
"""
#: What runs one job: a line, some time for the others to start, the job, a line. A question to a compiler is none.
_JOB = """\
#!/bin/sh
case "$*" in
*"--crate-name ___"* | *" -vV" | *--print=*cfg* | *--version | *" -print-"* | *" -dump"* | *" -E -v "*) exec "$@" ;;
esac
echo + >> @HERE@/log
sleep 0.15
"$@"
code=$?
echo - >> @HERE@/log
exit $code
"""
_MAKEFILE = """\
all: libsmall.a
part%.o:
\t@HERE@/job true $@
\ttouch $@
libsmall.a: part1.o part2.o part3.o part4.o
\tar rcD $@
"""
_BUILD_SCRIPT = """\
fn main() {
    let place = std::env::var("OUT_DIR").unwrap();
    let shared = std::env::var("CARGO_MAKEFLAGS").unwrap();
    let mut make = std::process::Command::new("make");
    make.current_dir(&place).args(["-f", "@HERE@/script.mk"]).env("MAKEFLAGS", shared);
    assert!(make.status().unwrap().success());
    let counted = format!("-j{}", std::env::var("NUM_JOBS").unwrap());
    let mut make = std::process::Command::new("make");
    make.current_dir(&place).args([&counted, "-B", "-f", "@HERE@/script.mk"]).env_remove("MAKEFLAGS");
    assert!(make.status().unwrap().success());
}
"""
_SCRIPT_MAKEFILE = """\
all: 1 2 3 4
1 2 3 4:
\t@HERE@/job true $@
"""
_PACKAGE = '[package]\nname = "@NAME@"\nversion = "0.1.0"\nedition = "2021"\n\n'
_PARTS = range(1, 5)
#: C files and a command; make's jobs; four crates, a build script's compile, a crate; the build script's two makes.
_JOBS = (5 + 1) + 4 + (4 + 1 + 1) + 2 * 4


def write(path: Path, text: str, here: Path) -> None:
    """Write one file of the project, whose directory its text may name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text.replace("@HERE@", str(here)), encoding="utf-8")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Make a project of C files, a dependency of four jobs, and a crate with a build script that needs four others."""
    write(tmp_path / "SConstruct", _SCONSTRUCT, tmp_path)
    write(tmp_path / "job", _JOB, tmp_path)
    (tmp_path / "job").chmod(0o755)
    needs = "".join(f'part{n} = {{ path = "../part{n}" }}\n' for n in _PARTS)
    uses = " + ".join(f"part{n}::f()" for n in _PARTS)
    manifest = (
        _PACKAGE.replace("@NAME@", "whole") + '[lib]\ncrate-type = ["staticlib"]\n\n[workspace]\n\n[dependencies]\n'
    )
    write(tmp_path / "crate/Cargo.toml", manifest + needs, tmp_path)
    write(tmp_path / "crate/src/lib.rs", f'#[no_mangle]\npub extern "C" fn whole() -> i32 {{ {uses} }}\n', tmp_path)
    for n in _PARTS:
        write(tmp_path / f"part{n}/Cargo.toml", _PACKAGE.replace("@NAME@", f"part{n}") + "[workspace]\n", tmp_path)
        write(tmp_path / f"part{n}/src/lib.rs", f"pub fn f() -> i32 {{ {n} }}\n", tmp_path)
    write(tmp_path / "crate/build.rs", _BUILD_SCRIPT, tmp_path)
    write(tmp_path / "script.mk", _SCRIPT_MAKEFILE, tmp_path)
    for n in range(5):
        write(tmp_path / f"c{n}.c", f"int c{n}(void) {{ return {n}; }}\n", tmp_path)
    (tmp_path / "sources").mkdir()
    (tmp_path / "cache").mkdir()
    files = {"configure": "#!/bin/sh\ncp ../source/Makefile .\ntouch made-by-configure\n"}
    files["Makefile"] = _MAKEFILE.replace("@HERE@", str(tmp_path))
    digest = pack(tmp_path / "sources/small-1.0.tar.gz", files)
    write(tmp_path / "vendor/small.toml", RECIPE.replace("@SHA256@", digest), tmp_path)
    return tmp_path


def run(project: Path, jobs: int) -> tuple[int, int, int]:
    """Build with ``-j``; return how many jobs ran, how many did not end, and how many ran at once."""
    done = subprocess.run(
        [sys.executable, "-m", "SCons", f"--site-dir={TOP / 'site_scons'}", "-Q", f"-j{jobs}", "sources=sources"],
        cwd=project,
        env={**os.environ, "XDG_CACHE_HOME": str(project / "cache"), "RUSTC_WRAPPER": str(project / "job")},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    running = most = 0
    lines = (project / "log").read_text(encoding="utf-8").splitlines()
    for line in lines:
        running += 1 if line == "+" else -1
        most = max(most, running)
    return lines.count("+"), running, most


@pytest.mark.parametrize("jobs", [1, 2, 4])
def test_all_together_run_so_many_jobs(project: Path, jobs: int) -> None:
    assert run(project, jobs) == (_JOBS, 0, jobs)


_NINJA = """\
rule job
  command = @HERE@/job touch $out
build n1: job
build n2: job
build n3: job
build n4: job
"""
_WITH_NINJA = """\
env = Environment(tools=["gcc", "vendored_library"], CC="@HERE@/job gcc")
env.Object(Glob("*.c"))
env.Command("n1", [], "@NINJA@ -C @HERE@ -f rules.ninja --quiet")
"""


@pytest.mark.parametrize("jobs", [1, 3])
def test_ninja_in_a_projects_command_shares_them(tmp_path: Path, jobs: int) -> None:
    own = os.path.dirname(sys.executable)  # noqa: PTH120  (joined with PATH, which is text)
    ninja = shutil.which("ninja", path=f"{own}{os.pathsep}{os.environ['PATH']}")
    version = subprocess.run([ninja, "--version"], capture_output=True, text=True, check=True).stdout if ninja else "0"
    if tuple(map(int, re.findall(r"\d+", version)[:2])) < (1, 13):
        pytest.skip("ninja 1.13 or newer is not installed: older ones share no jobs")
    write(tmp_path / "job", _JOB, tmp_path)
    (tmp_path / "job").chmod(0o755)
    for n in range(6):
        write(tmp_path / f"c{n}.c", f"int c{n}(void) {{ return {n}; }}\n", tmp_path)
    (tmp_path / "sources").mkdir()
    write(tmp_path / "rules.ninja", _NINJA, tmp_path)
    write(tmp_path / "SConstruct", _WITH_NINJA.replace("@NINJA@", str(ninja)), tmp_path)
    assert run(tmp_path, jobs) == (10, 0, jobs)
