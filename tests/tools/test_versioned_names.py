"""Is a name with one of glibc's versions, as ``.symver`` writes it, resolved to the function that it means, or refused?

The same object is linked dynamically with glibc, whose dynamic linker knows versions, and by ``staticlink link`` with
musl, where nothing does: both print the same.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from staticlink.cli.arguments import LINKERS
from staticlink.link.reading import read_input
from staticlink.link.resolve import resolve
from staticlink.link.shim_versions import TABLES, load_versions
from staticlink.measure.versions import find_libraries, measure_versions, render_versions

from tests.checkout import TOP

if TYPE_CHECKING:
    from pathlib import Path

_UNDERSTOOD = """\
#include <stdio.h>
#include <string.h>
#define OLD(function, version) __asm__(".symver " #function "," #function "@GLIBC_" version)
OLD(memcpy, "2.2.5");
OLD(fopen, "2.2.5");
OLD(open64, "2.2.5");
OLD(pthread_create, "2.2.5");
OLD(pthread_join, "2.2.5");
OLD(__printf_chk, "2.3.4");
int open64(const char *, int, ...), __printf_chk(int, const char *, ...);
int pthread_create(unsigned long *, void *, void *(*)(void *), void *), pthread_join(unsigned long, void **);
static void *run(void *text) { return strchr(text, 'd'); }
int main(void) {
    char text[] = "abcdefghijklmnopqrstuvwxyz0123456789";
    void *(*volatile copy)(void *, const void *, size_t) = memcpy, *found = 0;
    unsigned long thread;
    copy(text + 1, text, 30);
    __printf_chk(1, "%s %d %s\\n", text, open64("/", 0) > 2, fopen("/dev/null", "r") ? "open" : "closed");
    if (pthread_create(&thread, 0, run, text) || pthread_join(thread, &found)) return 1;
    return __printf_chk(1, "%s\\n", (char *)found) < 0;
}
"""


def old(function: str, version: str) -> str:
    """Return a program that calls one version of a function."""
    label = f'__asm__(".symver {function},{function}@GLIBC_{version}");'
    return f"int {function}();\n{label}\nint main(void) {{ return {function}(0, 0, 0, 0, 0, 0); }}\n"


def run(directory: Path, *command: str | Path, code: int = 0) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(TOP / "site_scons")}
    done = subprocess.run(
        command, cwd=directory, env=environment, capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done


def compile_c(directory: Path, text: str) -> None:
    (directory / "old.c").write_text(text, encoding="utf-8")
    run(directory, "gcc", "-O1", "-w", "-fno-builtin", "-U_FORTIFY_SOURCE", "-c", "old.c")
    (directory / "libold.a").unlink(missing_ok=True)
    run(directory, "ar", "rcsD", "libold.a", "old.o")


def link(directory: Path, *words: str, code: int = 0) -> str:
    command = (sys.executable, "-m", "staticlink.cli", "link", "--libc=musl", "-o", "app", *words)
    done = run(directory, *command, code=code)
    return done.stderr if code else done.stdout


def plan(directory: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((directory / "app.linkplan.json").read_text(encoding="utf-8"))
    return document


@pytest.mark.parametrize("linker", ["bfd", "gold", "lld", "mold"])
def test_what_each_linker_makes_of_them(linker: str, tmp_path: Path) -> None:
    """None resolves the name to a function without a version; all to one that is defined under it to the letter."""
    program = f"ld.{linker}" if linker != "mold" else "mold"
    if shutil.which(program) is None:
        pytest.skip(f"not installed: {program}")
    (tmp_path / "user.s").write_text("\t.globl _start\n_start:\tcall f\n\t.symver f, f@GLIBC_2.2.5\n")
    (tmp_path / "plain.s").write_text("\t.globl f\nf:\tret\n")
    (tmp_path / "named.s").write_text("\t.globl g\ng:\tret\n\t.symver g, f@GLIBC_2.2.5, remove\n")
    for name in ("user", "plain", "named"):
        run(tmp_path, "gcc", "-c", f"{name}.s")
    assert "f" in run(tmp_path, program, "-static", "user.o", "plain.o", "-o", "app", code=1).stderr
    run(tmp_path, program, "-static", "user.o", "named.o", "-o", "app")


_VERSIONED = """\
int present(void), past(void);
__asm__(".symver present, answer@@V2");
__asm__(".symver past, answer@V1");
int present(void) { return 2; }
int past(void) { return 1; }
"""


@pytest.mark.parametrize("linker", ["bfd", "gold", "lld", "mold"])
@pytest.mark.parametrize("asked", ["answer", "answer@V1", "answer@V2", "answer@V3"])
def test_a_member_that_defines_versions(linker: str, asked: str, tmp_path: Path) -> None:
    """The default version is the plain name too; whether a reference by version finds it depends on the linker."""
    program = f"ld.{linker}" if linker != "mold" else "mold"
    if shutil.which(program) is None:
        pytest.skip(f"not installed: {program}")
    (tmp_path / "versioned.c").write_text(_VERSIONED, encoding="utf-8")
    label = f'__asm__(".symver answer, {asked}");' if "@" in asked else ""
    (tmp_path / "main.c").write_text(f"int answer(void);\n{label}\nint _start(void) {{ return answer(); }}\n")
    run(tmp_path, "gcc", "-O1", "-fno-builtin", "-c", "main.c", "versioned.c")
    run(tmp_path, "ar", "rcsD", "libversioned.a", "versioned.o")
    command = [program, "-static", "main.o", "libversioned.a", "-o", "app"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60)
    items = [read_input(tmp_path / name) for name in ("main.o", "libversioned.a")]
    found = resolve(items, profile=LINKERS[linker])
    assert (done.returncode == 0) == (not found.undefined), done.stderr
    if asked in ("answer", "answer@V1"):
        assert done.returncode == 0
        assert [one.member for one in found.extractions] == ["libversioned.a(versioned.o)"]


def test_they_run_as_with_glibc(tmp_path: Path) -> None:
    compile_c(tmp_path, _UNDERSTOOD)
    run(tmp_path, "gcc", "old.o", "-o", "glibc")
    said = run(tmp_path, "./glibc").stdout
    for words in (("libold.a",), ("old.o",), ("libold.a", "--pie"), ("libold.a", "--linker=bfd")):
        link(tmp_path, *words)
        assert run(tmp_path, "./app").stdout == said
    assert said.startswith("aabcdefghijklmnopqrstuvwxyz0123")
    assert plan(tmp_path)["shim_symbols"] == {
        "__printf_chk": "fortify_printf",
        "open64": "lfs64",
        **{
            f"{name}@GLIBC_{version}": "versions"
            for name, version in (
                ("__printf_chk", "2.3.4"), ("fopen", "2.2.5"), ("memcpy", "2.2.5"), ("open64", "2.2.5"),
                ("pthread_create", "2.2.5"), ("pthread_join", "2.2.5"),
            )
        },
    }  # fmt: skip


def test_a_recalled_plan_has_the_same_aliases(tmp_path: Path) -> None:
    compile_c(tmp_path, _UNDERSTOOD)
    link(tmp_path, "libold.a")
    written = (tmp_path / "app.linkplan.json").stat().st_mtime_ns
    first = (tmp_path / "app").read_bytes()
    (tmp_path / "app.shims" / "shim_versions.o").unlink()
    compile_c(tmp_path, _UNDERSTOOD.replace("'d'", "'e'"))
    link(tmp_path, "libold.a")
    assert (tmp_path / "app.linkplan.json").stat().st_mtime_ns == written
    assert run(tmp_path, "./app").stdout.splitlines()[1].startswith("efgh")
    compile_c(tmp_path, _UNDERSTOOD)
    link(tmp_path, "libold.a")
    assert (tmp_path / "app").read_bytes() == first


def test_a_function_that_glibc_keeps_for_old_programs_is_refused(tmp_path: Path) -> None:
    compile_c(tmp_path, old("posix_spawn", "2.2.5"))
    assert link(tmp_path, "libold.a", code=1) == (
        "staticlink: no shim can stand in for: posix_spawn@GLIBC_2.2.5\n"
        "  referenced by libold.a(old.o)\n"
        "  glibc keeps an older function under this version, which is not the one that the name has today\n"
        "  see: app.linkplan.json\n"
    )
    compile_c(tmp_path, old("fts_open", "2.2.5"))
    assert "no shim can stand in for: fts_open@GLIBC_2.2.5\n" in link(tmp_path, "libold.a", code=1)


def test_a_variable_and_an_unknown_name_stay_undefined(tmp_path: Path) -> None:
    text = '__asm__(".symver stdin,stdin@GLIBC_2.2.5");extern int *stdin; int main(void) { return !stdin; }\n'
    for source, name in ((text, "stdin"), (old("xdr_void", "2.2.5"), "xdr_void")):
        compile_c(tmp_path, source)
        assert f"undefined symbol: {name}@GLIBC_2.2.5\n" in link(tmp_path, "libold.a", code=1)


def test_an_interface_that_differs_is_refused_under_any_version(tmp_path: Path) -> None:
    compile_c(tmp_path, old("regexec", "2.3.4"))
    said = link(tmp_path, "libold.a", code=1)
    assert said.startswith(
        "staticlink: called across two libcs, whose interfaces differ: regexec\n"
        "  called by libold.a(old.o), compiled for glibc\n"
        "  libold.a(old.o) asks for regexec@GLIBC_2.3.4, a version of glibc's\n"
    )


def test_the_table_is_what_the_shared_libraries_say() -> None:
    measured, machine = measure_versions(find_libraries()), platform.machine()
    text = (TABLES / f"{machine}.toml").read_text(encoding="utf-8")
    known = load_versions(machine)
    assert known is not None
    if f"glibc {platform.libc_ver()[1]}.\n" in text:
        assert render_versions(measured, machine, platform.libc_ver()[1]) == text
    else:
        assert {name for name in measured if name.endswith("@GLIBC_2.2.5")} <= known.others
