"""Are the files of a libc the ones the compiler itself would take?"""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from staticlink.errors import StaticlinkError
from staticlink.link.libc import compiler_directories, describe_libc, find_libraries, require_files
from staticlink.report.text import render_error
from staticlink.target import Target

GLIBC = Target("x86_64", "glibc", static=True)


def asked(name: str) -> Path:
    done = subprocess.run(["gcc", f"-print-file-name={name}"], check=True, capture_output=True, text=True)
    return Path(done.stdout.strip()).resolve()


@pytest.mark.parametrize("pie", [False, True])
def test_glibc_is_where_gcc_finds_it(pie: bool) -> None:  # noqa: FBT001
    libc = describe_libc(Target("x86_64", "glibc", static=True, pie=pie), compiler_directories(["gcc"]), None)
    require_files(libc)
    assert [path.resolve() for path in libc.files] == [asked(path.name) for path in libc.files]
    assert [path.name for path in libc.before] == (
        ["rcrt1.o", "crti.o", "crtbeginS.o"] if pie else ["crt1.o", "crti.o", "crtbegin.o"]
    )


def test_a_libc_without_its_static_part_is_named(tmp_path: Path) -> None:
    own = asked("libgcc.a").parent
    with pytest.raises(StaticlinkError) as caught:
        require_files(describe_libc(GLIBC, (own, tmp_path), None))
    assert render_error(caught.value) == (
        "no static glibc installed\n"
        "  not found: crt1.o\n"
        "  not found: crti.o\n"
        "  not found: libm.a\n"
        "  not found: libc.a\n"
        "  not found: crtn.o\n"
        f"  searched: {own}\n"
        f"  searched: {tmp_path}\n"
        "  fix: install the C library's development files (Debian: libc6-dev; Fedora: glibc-static)"
    )


def test_musl_never_looks_in_the_hosts_directories(tmp_path: Path) -> None:
    libc = describe_libc(Target("x86_64", "musl", static=True), compiler_directories(["gcc"]), tmp_path / "musl")
    assert libc.directories == (tmp_path / "musl" / "lib",)
    assert libc.archives == (tmp_path / "musl" / "lib" / "libc.a",)


def test_a_library_that_exists_only_as_a_shared_one_is_said_to(tmp_path: Path) -> None:
    (tmp_path / "libonly.so").touch()
    (tmp_path / "libboth.a").write_bytes(b"!<arch>\n")
    both = tmp_path / "libboth.a"
    assert find_libraries(["both", ":libboth.a"], [tmp_path], "x86_64") == (both, both)
    with pytest.raises(StaticlinkError) as caught:
        find_libraries(["only", "none"], [tmp_path], "x86_64")
    assert render_error(caught.value) == (
        "archive not found: libonly.a\n"
        f"  only a shared library is installed: {tmp_path}/libonly.so\n"
        f"  searched: {tmp_path}\n"
        "archive not found: libnone.a\n"
        f"  searched: {tmp_path}"
    )


def test_a_compiler_that_cannot_run() -> None:
    with pytest.raises(StaticlinkError, match="the compiler cannot be asked: no-such-compiler"):
        compiler_directories(["no-such-compiler"])
