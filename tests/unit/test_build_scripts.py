"""What are build scripts told of the target's tools, and what of their archives is refused?"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from staticlink.errors import StaticlinkError
from staticlink.rust.build_scripts import (
    TargetTools,
    explain_no_cxx,
    script_environment,
    write_tools,
)
from staticlink.rust.environment import deciding_flags
from staticlink.rust.links import Link, links_environment, make_link
from staticlink.target import Target

MUSL, GNU = "x86_64-unknown-linux-musl", "x86_64-unknown-linux-gnu"


def tools(libc: str, triple: str) -> TargetTools:
    return TargetTools(
        target=Target("x86_64", libc, static=True), rust_triple=triple, host_triple=GNU,
        cc=("/sysroot/bin/cc",) if libc == "musl" else ("/usr/bin/gcc",), cxx=("/usr/bin/g++",),
        host_cc=("/usr/bin/gcc",), host_cxx=("/usr/bin/g++",), identity="1",
        sysroot=Path("/sysroot") if libc == "musl" else None,
    )  # fmt: skip


def test_every_spelling_of_a_tool_names_the_targets() -> None:
    found = script_environment(tools("musl", MUSL), Path("/tools"), {"PATH": "/bin", "CC": "mine"})
    spelled = ("CC_x86_64-unknown-linux-musl", "CC_x86_64_unknown_linux_musl", "TARGET_CC", "CC")
    assert {found[name] for name in spelled} == {"x86_64-linux-musl-cc"}
    assert {found[name.replace("CC", "AR", 1)] for name in spelled} == {"x86_64-linux-musl-ar"}
    assert found["PATH"] == "/tools:/bin"
    assert (found["HOST_CC"], found["HOST_AR"]) == ("/usr/bin/gcc", "ar")
    assert found["CMAKE_TOOLCHAIN_FILE_x86_64-unknown-linux-musl"] == "/tools/toolchain.cmake"
    clang = found["BINDGEN_EXTRA_CLANG_ARGS_x86_64_unknown_linux_musl"]
    assert clang == "-nostdlibinc -isystem /sysroot/include -idirafter /sysroot/kernel"


def test_on_glibc_the_machines_pkg_config_cmake_and_clang_are_right() -> None:
    found = script_environment(tools("glibc", GNU), Path("/tools"), {"PATH": "/bin"})
    assert found["CC_x86_64-unknown-linux-gnu"] == "x86_64-linux-gnu-cc"
    assert [name for name in found if name.startswith(("PKG_CONFIG", "CMAKE", "BINDGEN"))] == []


def test_flags_of_the_user_follow_ours_and_decide() -> None:
    environ = {"CFLAGS": "-O1", "TARGET_CFLAGS": "-O2", f"CFLAGS_{MUSL}": "-O3", "CXXFLAGS": "-g", "HOST_CFLAGS": "-x"}
    found = script_environment(tools("musl", MUSL), Path("/tools"), environ)
    assert found[f"CFLAGS_{MUSL}"] == "-fPIC -funwind-tables -fasynchronous-unwind-tables -O2 -O3"
    assert "TARGET_CFLAGS" not in found
    assert (found["CFLAGS"], found["HOST_CFLAGS"]) == ("-O1", "-x")
    assert deciding_flags(environ, MUSL) == (
        ("CFLAGS", "-O1"), (f"CFLAGS_{MUSL}", "-O3"), ("CXXFLAGS", "-g"), ("TARGET_CFLAGS", "-O2"),
    )  # fmt: skip


def test_a_plain_name_is_the_hosts_unless_a_script_works_for_the_target(tmp_path: Path) -> None:
    own = tmp_path / "bin"
    own.mkdir()
    for name, text in {"cc": "machine", "gcc": "machine gcc", "target": "target"}.items():
        (own / name).write_text(f'#!/bin/sh\necho {text} "$@"\n', encoding="utf-8")
        (own / name).chmod(0o755)
    made = TargetTools(
        Target("x86_64", "musl", static=True), MUSL, GNU, (str(own / "target"),), ("g++",), ("gcc",), ("g++",), "1",
        tmp_path / "sysroot",
    )  # fmt: skip
    place, built = tmp_path / "the tools", tmp_path / "cargo's"
    write_tools(made, place, built, str(own))

    def ask(name: str, **environ: str) -> str:
        done = subprocess.run([place / name, "-c"], capture_output=True, text=True, check=True, env=environ)
        return done.stdout.strip()

    ours = str(built / MUSL / "release/build/x/out")
    mapped = f"-ffile-prefix-map={built}=/target -c"
    assert ask("cc") == "machine -c"
    assert ask("gcc", OUT_DIR=str(built / "release/build/x/out")) == "machine gcc -c"
    assert ask("cc", OUT_DIR=ours) == f"target {mapped}"
    package = {"CARGO_MANIFEST_DIR": "/a b/ring", "CARGO_PKG_NAME": "ring"}
    found = ask("x86_64-linux-musl-gcc", OUT_DIR=ours, **package)
    assert found == f"target -ffile-prefix-map=/a b/ring=/src/ring {mapped}"
    before = {path: path.stat().st_mtime_ns for path in place.iterdir()}
    write_tools(made, place, built, str(own))
    assert {path: path.stat().st_mtime_ns for path in place.iterdir()} == before


def test_cxx_is_explained_once_for_each_crate() -> None:
    said = "warning: a@1.0.0: staticlink: no C++ library for musl: a\n  staticlink: no C++ library for musl: b\n" * 2
    error = explain_no_cxx(said)
    assert error is not None
    assert error.faults[0].what == "no C++ library for musl: a, b"
    assert explain_no_cxx("error: something else") is None


def test_what_cargo_is_told_in_place_of_a_build_script() -> None:
    link = make_link("z", ["b/zlib.manifest.json", "b/zlib/lib/libz.a", "b/zlib/include/zlib.h"])
    assert link == Link("z", ("b/zlib/lib/libz.a",), ("b/zlib.manifest.json",), "b/zlib")
    here = Path.cwd()
    assert link.arguments(MUSL) == [
        "--config", f'target.{MUSL}.z.rustc-link-lib=["static=z"]',
        "--config", f'target.{MUSL}.z.rustc-link-search=["native={here}/b/zlib/lib"]',
        "--config", f'target.{MUSL}.z.root="{here}/b/zlib"',
        "--config", f'target.{MUSL}.z.include="{here}/b/zlib/include"',
    ]  # fmt: skip
    assert links_environment([link])["STATICLINK_PREFIXES"] == f"{here}/b/zlib"
    assert make_link("z", ["libz.a"]).files == ("libz.a",)
    assert links_environment([make_link("z", ["libz.a"])]) == {}


def test_a_library_without_an_archive_satisfies_nothing() -> None:
    with pytest.raises(StaticlinkError) as caught:
        make_link("z", ["include/zlib.h"])
    (fault,) = caught.value.faults
    assert (fault.id, fault.what) == ("links-without-archive", "no archive to satisfy links: z")
    assert fault.evidence == ("include/zlib.h",)


def test_pkg_config_sees_only_what_was_given(tmp_path: Path) -> None:
    if shutil.which("pkg-config") is None:
        pytest.skip("pkg-config is not installed: apt-get install pkg-config")
    for place in ("given/lib/pkgconfig", "machine"):
        (tmp_path / place).mkdir(parents=True)
        name = place.partition("/")[0]
        text = f"prefix=/\nName: {name}\nDescription: d\nVersion: 1\nLibs: -L${{prefix}}/lib\n"
        (tmp_path / place / f"{name}.pc").write_text(text, encoding="utf-8")
    write_tools(tools("musl", MUSL), tmp_path / "tools", tmp_path / "cargo", "/usr/bin:/bin")
    given = Link("given", ("g.a",), (), str(tmp_path / "given"))

    def ask(*arguments: str) -> tuple[int, str]:
        environ = {"PATH": "/usr/bin:/bin", "PKG_CONFIG_PATH": str(tmp_path / "machine"), **links_environment([given])}
        command = [str(tmp_path / "tools" / "x86_64-linux-musl-pkg-config"), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=environ)
        return done.returncode, done.stdout.strip()

    assert ask("--libs", "given") == (0, f"-L{tmp_path}/given/lib")
    assert ask("--exists", "machine")[0] != 0
