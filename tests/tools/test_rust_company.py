"""Does what crates bring work in company: a compiler, a panic handler, a C library, debug information?"""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.tools.test_rust_crate import Project
from tests.tools.test_rust_joined import lock, printed, steps

if TYPE_CHECKING:
    from pathlib import Path

STATIC = ("static=1", "libc=glibc", "app")
_PACKAGE = '[package]\nname = "{name}"\nversion = "0.1.0"\nedition = "2021"\n{more}\n[workspace]\n'
_SCONSTRUCT = """\
DefaultEnvironment(tools=[])
env = Environment(tools=["gcc", "ar", "gnulink", "vendored_library", "rust_crate", "static_program"])
env.StaticProgram("app", ["main.c", env.RustCrate("first"), env.RustCrate("second")], PROBE=[])
"""
_SOURCE = '#[no_mangle]\npub extern "C" fn {name}() -> i32 {{ {value} }}\n'
_MAIN = """\
#include <stdio.h>
int first(void);
int second(void);
int main(void) { printf("%d %d\\n", first(), second()); return 0; }
"""


@pytest.fixture(name="project")
def _project(tmp_path: Path) -> Project:
    project = Project(tmp_path / "a project")
    project.write("audit/sitecustomize.py", "")
    project.write("SConstruct", _SCONSTRUCT)
    project.write("main.c", _MAIN)
    for name, value in (("first", "40"), ("second", "2")):
        package(project, name, _SOURCE.format(name=name, value=value))
    return project


def package(project: Project, name: str, source: str, more: str = "") -> None:
    project.write(f"{name}/Cargo.toml", _PACKAGE.format(name=name, more=more))
    project.write(f"{name}/src/lib.rs", source)
    lock(project, name)


def second_compiler(project: Project, release: str = "") -> str:
    """Make a sysroot, ``other``, of the real programs, whose rustc says that it is of ``release``, with one std.

    Return what the real one says.
    """
    answer = subprocess.run(["rustc", "--print=sysroot"], capture_output=True, text=True, check=True, timeout=60)
    real, own = answer.stdout.strip(), project.top / "other"
    version = subprocess.run(["rustc", "-V"], capture_output=True, text=True, check=True, timeout=60).stdout.strip()
    said = f"{real}/bin/rustc -vV | sed 's/{version.split()[1]}/{release or '&'}/'"
    answers = f"case \" $*\" in\n' --print sysroot') echo '{own}' ;;\n' -vV') {said} ;;\n"
    project.write("other/bin/rustc", f'#!/bin/sh\n{answers}*) exec {real}/bin/rustc "$@" ;;\nesac\n')
    project.write("other/bin/cargo", f'#!/bin/sh\nexec {real}/bin/cargo "$@"\n')
    for path in (own / "bin").iterdir():
        path.chmod(0o755)
    (own / "lib/rustlib").mkdir(parents=True)
    (own / "lib/rustlib/x86_64-unknown-linux-gnu").symlink_to(f"{real}/lib/rustlib/x86_64-unknown-linux-gnu")
    return version


def test_crates_of_two_compilers(project: Project) -> None:
    version = second_compiler(project, "1.0.99")
    project.write("SConstruct", _SCONSTRUCT.replace('"second"', '"second", toolchain="./other"'))
    other = " ".join(["rustc", "1.0.99", *version.split()[2:]])
    assert project.errors("app") == [
        "scons: *** crates of two compilers in one program",
        f"  first: {version}",
        f"  second: {other}",
        "  fix: one toolchain=",
    ]


def test_crates_of_one_compiler_in_two_places(project: Project) -> None:
    second_compiler(project)
    project.write("SConstruct", _SCONSTRUCT.replace('"second"', '"second", toolchain="other/bin/rustc"'))
    project.build(*STATIC)
    assert printed(project) == "40 2\n"
    assert project.build(*STATIC) == "scons: `app' is up to date.\n"


_ABORT = '[profile.release]\npanic = "abort"\n'
_HANDLER = """\
#![no_std]
#[panic_handler]
fn stop(_: &core::panic::PanicInfo) -> ! { loop {} }
"""


def test_crates_without_std_bring_their_own_panic_handler(project: Project) -> None:
    checked = _SOURCE.format(name="first", value="[40, 41][unsafe { zero } as usize]")
    package(project, "first", f'{_HANDLER}extern "C" {{ static zero: i32; }}\n{checked}', _ABORT)
    package(project, "second", "#![no_std]\n" + _SOURCE.format(name="second", value="2"), _ABORT)
    project.write("main.c", f"volatile int zero = 0;\n{_MAIN}")
    project.build(*STATIC)
    assert printed(project) == "40 2\n"
    rlibs = (project.top / "build/x86_64-linux-gnu-static/rust").glob("*/*.digests.json")
    assert "libstd-" not in "".join(path.read_text(encoding="utf-8") for path in rlibs)


def test_one_crate_without_std_beside_one_with_it(project: Project) -> None:
    package(project, "first", _HANDLER + _SOURCE.format(name="first", value="40"), _ABORT)
    package(project, "second", _SOURCE.format(name="second", value="std::env::args().count() as i32"), _ABORT)
    lines = project.errors(*STATIC)
    assert lines[0].endswith("crates cannot share a program: first, second")
    assert lines[1] == ("  error[E0152]: duplicate lang item in crate `std` (which `second` depends on): `panic_impl`")


@pytest.mark.parametrize("workspace", [False, True])
def test_a_wrapper_of_rustc_decides_nothing(project: Project, *, workspace: bool) -> None:
    if workspace:
        project.write("Cargo.toml", '[workspace]\nmembers = ["first", "second"]\nresolver = "2"\n')
        for name in ("first", "second"):
            project.write(f"{name}/Cargo.toml", _PACKAGE.format(name=name, more="").replace("[workspace]\n", ""))
        lock(project, ".")
        calls = 'env.RustCrate("first"), env.RustCrate("second")'
        project.write("SConstruct", _SCONSTRUCT.replace(calls, 'env.RustCrate(".", crates=["first", "second"])'))
    project.write("wrapper", '#!/bin/sh\necho "$*" >> "${0%/*}/calls"\nexec "$@"\n')
    (project.top / "wrapper").chmod(0o755)
    project.build(*STATIC)
    wrapped = Project(project.top, {"RUSTC_WRAPPER": str(project.top / "wrapper")})
    assert wrapped.build(*STATIC) == "scons: `app' is up to date.\n"
    assert not (project.top / "calls").exists()
    project.write("second/src/lib.rs", _SOURCE.format(name="second", value="3"))
    assert steps(wrapped.build(*STATIC)) == ["CARGO", "RUSTC", "LINK"]
    assert printed(project) == "40 3\n"
    started = (project.top / "calls").read_text(encoding="utf-8")
    assert started.count("--crate-name second ") == 1
    assert "--crate-name first " not in started
    assert project.build(*STATIC) == "scons: `app' is up to date.\n"


_SYS = 'links = "answer"\n'
_USES = '\n[dependencies]\nanswer-sys = { path = "../answer-sys" }\n'
_GETS = 'extern "C" { fn answer() -> i32; }\npub fn get() -> i32 { unsafe { answer() } }\n'
_CALLS = '#[no_mangle]\npub extern "C" fn {name}() -> i32 {{ answer_sys::get() + {value} }}\n'


def test_an_archive_that_stands_in_for_a_build_script_of_both(project: Project) -> None:
    project.write("answer.c", "static int count;\nint answer(void) { return ++count; }\n")
    project.write("answer-sys/build.rs", 'fn main() {\n    panic!("asked all the same");\n}\n')
    package(project, "answer-sys", _GETS, _SYS)
    for name, value in (("first", 40), ("second", 0)):
        package(project, name, _CALLS.format(name=name, value=value), _USES)
    text = re.sub(r'RustCrate\((".*?")', r'RustCrate(\1, links={"answer": own}', _SCONSTRUCT)
    own = 'own = env.StaticLibrary("own/answer", ["answer.c"])\n'
    project.write("SConstruct", text.replace("env.Static", f"{own}env.Static"))
    project.build(*STATIC)
    # One copy of the library, which counts for both.
    assert sorted(printed(project).split()) in (["2", "41"], ["1", "42"])
    assert project.build(*STATIC) == "scons: `app' is up to date.\n"
    project.write("answer.c", "int answer(void) { return 100; }\n")
    project.build(*STATIC)
    assert printed(project) == "140 100\n"


_PROFILE = '[profile.release]\ndebug = 2\nsplit-debuginfo = "packed"\n'


@pytest.mark.parametrize("call", ['RustProgram("app", "first", PROBE=[])', "joined"])
def test_debug_information_that_a_profile_wants_packed_stays_in_the_program(project: Project, call: str) -> None:
    package(project, "first", _SOURCE.format(name="first", value="40"), _PROFILE)
    package(project, "second", _SOURCE.format(name="second", value="2"), _PROFILE)
    project.write("first/src/main.rs", 'fn main() { println!("{} 2", first::first()); }\n')
    if call != "joined":
        head = "".join(_SCONSTRUCT.splitlines(keepends=True)[:2])
        project.write("SConstruct", f"{head}env.{call}\n")
    project.build(*STATIC)
    assert printed(project) == "40 2\n"
    shown = subprocess.run(
        ["readelf", "--debug-dump=info", "app"], cwd=project.top, capture_output=True, text=True, check=True, timeout=60
    ).stdout
    assert not re.search("DW_AT_(GNU_)?dwo_name", shown)
    assert re.search("DW_AT_name .*: first$", shown, re.MULTILINE), "no debug information of the crate's function"
    assert not list((project.top / "build").rglob("*.dwp"))
