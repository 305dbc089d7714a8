"""Do build scripts compile for the chosen libc, however they find their tools, and is it noticed when they do not?

Each project is one crate whose build script does by hand what the helper crates do, so no registry is needed.
"""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from tests.checkout import TOP

if TYPE_CHECKING:
    from pathlib import Path

SCONSTRUCT = """\
DefaultEnvironment(tools=[])
env = Environment(tools=["gcc", "gnulink", "ar", "rust_crate", "static_program"])
env.StaticProgram("app", ["main.c", env.RustCrate("crate")], PROBE=[])
"""
MANIFEST = """\
[package]
name = "scripted"
version = "0.1.0"
edition = "2021"

[lib]
crate-type = ["staticlib"]

[workspace]
"""
LIBRARY = """\
extern "C" {
    fn answer() -> i32;
}

#[no_mangle]
pub extern "C" fn check() -> i32 {
    println!("{}", unsafe { answer() });
    0
}
"""
MAIN = "int check(void);\nint main(void) { return check(); }\n"
#: Only the right libc's headers let this compile; FILE is where the source lay.
ANSWER = """\
#include <stdio.h>
#include <stdlib.h>
#if WANT_GLIBC != defined(__GLIBC__)
#error "headers of the wrong libc"
#endif
int answer(void) { return fprintf(stdout, "%s\\n", __FILE__) < 0 || fflush(stdout) ? 0 : 42; }
"""
PRELUDE = """\
use std::{env::var, path::PathBuf, process::Command};

fn out() -> PathBuf {
    PathBuf::from(var("OUT_DIR").unwrap())
}

fn run(program: &str, arguments: &[&str]) {
    let mut words = program.split(' ');
    let mut command = Command::new(words.next().unwrap());
    let status = command.args(words).args(arguments).status().expect(program);
    assert!(status.success(), "{program} {arguments:?}");
}

fn compile(cc: &str, glibc: bool, name: &str) {
    let object = out().join(name);
    let source = PathBuf::from(var("CARGO_MANIFEST_DIR").unwrap()).join("answer.c");
    let define = format!("-DWANT_GLIBC={}", glibc as i32);
    run(cc, &["-O2", &define, "-c", "-o", object.to_str().unwrap(), source.to_str().unwrap()]);
}

fn archive(ar: &str, name: &str) {
    let (library, object) = (out().join("libanswer.a"), out().join(name));
    let _ = std::fs::remove_file(&library);
    run(ar, &["rcD", library.to_str().unwrap(), object.to_str().unwrap()]);
    println!("cargo:rustc-link-search=native={}", out().display());
    println!("cargo:rustc-link-lib=static=answer");
}

"""
#: Every spelling, the host's own, the machine's pkg-config and CMake.
EVERY_WAY = """\
fn main() {
    let triple = var("TARGET").unwrap();
    let glibc = var("CARGO_CFG_TARGET_ENV").unwrap() == "gnu";
    let underscored = triple.replace('-', "_");
    for name in [format!("CC_{triple}"), format!("CC_{underscored}"), "TARGET_CC".into(), "CC".into()] {
        compile(&var(&name).expect(&name), glibc, "named.o");
    }
    for plain in ["cc", "gcc"] {
        compile(plain, glibc, "plain.o");
    }
    compile(&var("HOST_CC").unwrap(), true, "host.o");
    assert!(var(format!("CFLAGS_{triple}")).unwrap().contains("-fasynchronous-unwind-tables"));
    archive(&var(format!("AR_{triple}")).unwrap(), "named.o");
    let finds = |program: &str| Command::new(program).args(["--exists", "onlyhere"]).status().unwrap().success();
    if !glibc {
        for name in [format!("PKG_CONFIG_{triple}"), format!("PKG_CONFIG_{underscored}"), "PKG_CONFIG".into()] {
            assert!(!finds(&var(&name).expect(&name)), "{name} finds what is the machine's");
        }
        assert_eq!(var(format!("PKG_CONFIG_ALLOW_CROSS_{triple}")).unwrap(), "1");
        assert!(finds(&var("HOST_PKG_CONFIG").unwrap()));
        assert!(var(format!("BINDGEN_EXTRA_CLANG_ARGS_{triple}")).unwrap().contains("-nostdlibinc"));
    }
    assert_eq!(finds("pkg-config"), glibc);
    if let Ok(toolchain) = var(format!("CMAKE_TOOLCHAIN_FILE_{triple}")) {
        let place = out().join("cmake");
        let source = PathBuf::from(var("CARGO_MANIFEST_DIR").unwrap());
        let toolchain = format!("-DCMAKE_TOOLCHAIN_FILE={toolchain}");
        run("cmake", &["-S", source.to_str().unwrap(), "-B", place.to_str().unwrap(), &toolchain]);
        run("cmake", &["--build", place.to_str().unwrap()]);
        println!("cargo:rustc-link-search=native={}", place.display());
        println!("cargo:rustc-link-lib=static=made_by_cmake");
    }
}
"""
CMAKE = """\
cmake_minimum_required(VERSION 3.16)
project(made)  # C and C++, as it is when nobody says otherwise
find_library(MACHINES_OWN c PATHS /usr/lib/x86_64-linux-gnu)
if(MACHINES_OWN MATCHES "^/usr")
  message(FATAL_ERROR "found ${MACHINES_OWN}")
endif()
add_library(made_by_cmake STATIC answer.c)
target_compile_definitions(made_by_cmake PRIVATE WANT_GLIBC=0)
"""


@dataclass(frozen=True, slots=True)
class Scripted:
    """A project whose one crate has a build script."""

    top: Path

    @classmethod
    def make(cls, top: Path, script: str) -> Scripted:
        """Write the project; ``script`` is the build script's ``main``."""
        made = cls(top)
        files = {
            "SConstruct": SCONSTRUCT, "main.c": MAIN, "crate/Cargo.toml": MANIFEST, "crate/src/lib.rs": LIBRARY,
            "crate/answer.c": ANSWER, "crate/build.rs": PRELUDE + script, "crate/CMakeLists.txt": CMAKE,
            "machine/onlyhere.pc": "Name: onlyhere\nDescription: of this machine\nVersion: 1\n",
        }  # fmt: skip
        for name, text in files.items():
            made.write(name, text)
        command = ["cargo", "generate-lockfile", "--offline"]
        subprocess.run(command, cwd=top / "crate", check=True, capture_output=True, timeout=60)
        return made

    def write(self, name: str, text: str) -> None:
        """Write one file."""
        path = self.top / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def scons(self, *options: str, **environ: str) -> subprocess.CompletedProcess[str]:
        """Run SCons."""
        command = [sys.executable, "-m", "SCons", f"--site-dir={TOP / 'site_scons'}", "-Q", "static=1", *options]
        done = subprocess.run(
            command, cwd=self.top, env={**os.environ, "PKG_CONFIG_PATH": str(self.top / "machine"), **environ},
            capture_output=True, text=True, check=False, timeout=600,
        )  # fmt: skip
        assert "Traceback" not in done.stderr, done.stderr
        return done

    def build(self, *options: str, **environ: str) -> str:
        """Build, and return what was printed."""
        done = self.scons(*options, **environ)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def errors(self, *options: str, **environ: str) -> list[str]:
        """Return the message of a build that fails."""
        done = self.scons(*options, **environ)
        assert done.returncode == 2, done.stdout + done.stderr
        return [line.rstrip() for line in done.stderr.splitlines()]

    def run(self) -> list[str]:
        """Return what the program prints."""
        done = subprocess.run([self.top / "app"], capture_output=True, text=True, check=True, timeout=60)
        return done.stdout.splitlines()


@pytest.mark.parametrize("options", ["libc=musl pie=1", "libc=musl rust_std=shim", "libc=glibc"])
def test_every_way_to_find_a_tool_finds_the_targets(tmp_path: Path, options: str) -> None:
    project = Scripted.make(
        tmp_path / "a project", EVERY_WAY.replace('== "gnu"', f'== "gnu" && {str("glibc" in options).lower()}')
    )
    project.build(*options.split())
    assert project.run() == ["/src/scripted/answer.c", "42"]
    (archive,) = project.top.glob("build/*/rust/libscripted.a")
    assert str(project.top).encode() not in archive.read_bytes()
    assert project.build(*options.split()) == "scons: `.' is up to date.\n"


def test_flags_of_the_user_reach_a_script_that_declares_nothing(tmp_path: Path) -> None:
    script = """\
fn main() {
    let flags = var(format!("CFLAGS_{}", var("TARGET").unwrap())).unwrap();
    compile(&format!("{} {flags}", var("CC").unwrap()), false, "flagged.o");
    archive("ar", "flagged.o");
    println!("cargo:rerun-if-changed=build.rs");
}
"""
    project = Scripted.make(tmp_path, script)
    project.write("crate/answer.c", "#ifndef NUMBER\n#define NUMBER 1\n#endif\nint answer(void) { return NUMBER; }\n")
    project.build("libc=musl")
    assert project.run() == ["1"]
    project.build("libc=musl", TARGET_CFLAGS="-DNUMBER=2")
    assert project.run() == ["2"]
    assert project.build("libc=musl", TARGET_CFLAGS="-DNUMBER=2") == "scons: `.' is up to date.\n"
    project.build("libc=musl")
    assert project.run() == ["1"]


CXX = """\
#include <stdexcept>
extern "C" int answer(void) { try { throw std::runtime_error("42"); } catch (std::exception &e) { return 42; } }
"""


def test_cxx_works_on_glibc_and_is_one_clear_sentence_on_musl(tmp_path: Path) -> None:
    compiled = 'compile(&var("CXX").unwrap(), true, "answer.o");\n    archive("ar", "answer.o");'
    linked = 'println!("cargo:rustc-link-lib=stdc++");'
    project = Scripted.make(tmp_path, f"fn main() {{\n    {compiled}\n    {linked}\n}}\n")
    project.write("crate/answer.c", CXX)
    project.build("libc=glibc")
    assert project.run() == ["42"]
    assert project.errors("libc=musl") == [
        "scons: *** [build/x86_64-linux-musl-static/rust/libscripted.a] no C++ library for musl: scripted",
        "  its build script compiles C++",
        "  the machine's libstdc++ is compiled for glibc",
        "  fix: libc=glibc",
    ]


def wrong(arguments: str) -> str:
    """Return a build script that compiles with the machine's compiler by its path, behind everybody's back."""
    compiled = f'compile("/usr/bin/gcc {arguments}", true, "answer.o");'
    return f'fn main() {{\n    {compiled}\n    archive("ar", "answer.o");\n}}\n'


WRONG = (
    "scons: *** [build/x86_64-linux-musl-static/rust/libscripted.a] compiled with glibc's headers, the target is musl:"
    " libanswer.a of crate scripted 0.1.0"
)


def test_an_archive_with_names_that_only_glibcs_headers_make(tmp_path: Path) -> None:
    project = Scripted.make(tmp_path, wrong("-D_FORTIFY_SOURCE=2"))
    assert project.errors("libc=musl") == [
        WRONG,
        "  libanswer.a(answer.o) asks for __fprintf_chk, which glibc's headers make and musl does not define",
        "  fix: have its build script compile with the compiler that CC names, as the crate cc does",
    ]
    assert not (tmp_path / "app").exists()
    project.build("libc=glibc")
    assert project.run()[-1] == "42"


def test_an_archive_whose_debug_information_saw_the_machines_headers(tmp_path: Path) -> None:
    assert Scripted.make(tmp_path, wrong("-g")).errors("libc=musl") == [
        WRONG,
        "  libanswer.a(answer.o) names bits/types.h in its debug information, a header of glibc's alone",
        "  fix: have its build script compile with the compiler that CC names, as the crate cc does",
    ]


LINKING = """\
DefaultEnvironment(tools=[])
env = Environment(tools=["gcc", "gnulink", "ar", "rust_crate", "static_program"])
answer = env.StaticLibrary("own/answer", ["crate/answer.c"])
env.StaticProgram("app", ["main.c", env.RustCrate("crate", links={"@NAME@": answer})], PROBE=[])
"""


def test_an_archive_of_the_project_stands_in_for_a_build_script(tmp_path: Path) -> None:
    project = Scripted.make(tmp_path, 'fn main() {\n    panic!("asked all the same");\n}\n')
    project.write("SConstruct", LINKING.replace("@NAME@", "answer"))
    project.write("crate/Cargo.toml", MANIFEST.replace("edition", 'links = "answer"\nedition'))
    project.write("crate/answer.c", "int answer(void) { return 1; }\n")
    project.build("libc=musl")
    assert project.run() == ["1"]
    project.write("crate/answer.c", "int answer(void) { return 2; }\n")
    project.build("libc=musl")
    assert project.run() == ["2"]
    project.write("SConstruct", LINKING.replace("@NAME@", "answers"))
    project.write("crate/build.rs", "fn main() {}\n")
    assert project.errors("libc=musl") == [
        "scons: *** [build/x86_64-linux-musl-static/rust/libscripted.a] no package of crate scripted links answers",
        "  its packages link answer",
    ]
