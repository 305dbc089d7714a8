"""Does what was compiled for glibc find on musl what glibc does without being called, at start-up and in data?

No undefined symbol tells of any of this: arguments of constructors, ``.preinit_array``, functions that are chosen when
the program starts (GNU_IFUNC), and mutexes that a macro has initialized. An archive is compiled once, by the machine's
compiler, and linked with both libcs; both programs print the same.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.checkout import TOP

if TYPE_CHECKING:
    from pathlib import Path

_MAIN = "void tell(void);\nint main(void) { tell(); return 0; }\n"
_CONSTRUCTORS = r"""
#include <stdio.h>
static char seen[3][100];
static void note(int place, int argc, char **argv, char **envp)
{
    snprintf(seen[place], sizeof seen[0], "%d %s %d", argc, argc == 2 ? argv[1] : "", envp == argv + argc + 1);
}
static void early(int argc, char **argv, char **envp) { note(0, argc, argv, envp); }
__attribute__((section(".preinit_array"), used)) static void (*const first)(int, char **, char **) = early;
__attribute__((constructor)) static void late(int argc, char **argv, char **envp) { note(1, argc, argv, envp); }
void tell(void) { printf("%s\n%s\n", seen[0], seen[1]); }
"""
_CHOSEN = r"""
#include <stdio.h>
static int two(void) { return 2; }
static int (*pick(void))(void) { return two; }
static int hidden(void) __attribute__((ifunc("pick")));
int shown(void) __attribute__((ifunc("pick")));
static int (*volatile table[])(void) = {hidden};
static int early;
__attribute__((constructor)) static void construct(void) { early = shown(); }
void tell(void) { printf("%d %d %d %d\n", hidden(), shown(), table[0](), early); }
"""
_MUTEXES = r"""
#define _GNU_SOURCE
#include <pthread.h>
#include <stdio.h>
#include <time.h>
static pthread_mutex_t plain = PTHREAD_MUTEX_INITIALIZER, recursive = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP,
                       checked = PTHREAD_ERRORCHECK_MUTEX_INITIALIZER_NP,
                       adaptive = PTHREAD_ADAPTIVE_MUTEX_INITIALIZER_NP;
static void tell_of(int error) { printf("%d\n", error); }
static void *steal(void *of)
{
    struct timespec past = {0, 0};
    tell_of(pthread_mutex_trylock(of));
    tell_of(pthread_mutex_timedlock(of, &past));
    tell_of(pthread_mutex_unlock(of));
    return NULL;
}
void tell(void)
{
    pthread_mutex_t copied = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;
    pthread_t thread;
    tell_of(pthread_mutex_trylock(&copied));
    tell_of(pthread_mutex_lock(&copied));
    tell_of(pthread_mutex_lock(&recursive));
    tell_of(pthread_mutex_lock(&recursive));
    pthread_create(&thread, NULL, steal, &recursive);
    pthread_join(thread, NULL);
    for (int time = 0; time < 3; time++)
        tell_of(pthread_mutex_unlock(&recursive));
    tell_of(pthread_mutex_lock(&checked));
    tell_of(pthread_mutex_lock(&checked));
    tell_of(pthread_mutex_lock(&plain));
    tell_of(pthread_mutex_trylock(&plain));
    tell_of(pthread_mutex_lock(&adaptive));
    tell_of(pthread_mutex_trylock(&adaptive));
}
"""


def run(directory: Path, *command: str | Path) -> str:
    environment = {**os.environ, "PYTHONPATH": str(TOP / "site_scons")}
    done = subprocess.run(
        command, cwd=directory, env=environment, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def compile_both(directory: Path, text: str, *options: str) -> None:
    (directory / "main.c").write_text(_MAIN)
    (directory / "tell.c").write_text(text)
    run(directory, "gcc", "-O2", *options, "-c", "main.c", "tell.c")
    run(directory, "ar", "rcsD", "libtell.a", "tell.o")


def link_musl(directory: Path, *words: str) -> list[str]:
    """Link ``musl`` and return the shims that joined."""
    run(directory, sys.executable, "-m", "staticlink.cli", "link", "--libc=musl", "-o", "musl", *words)
    return [*json.loads((directory / "musl.linkplan.json").read_text(encoding="utf-8"))["shims"]]


@pytest.mark.parametrize(
    ("text", "shim"),
    [(_CONSTRUCTORS, "start_bridge"), (_CHOSEN, "start_bridge"), (_MUTEXES, "mutex_kinds")],
    ids=["constructors", "chosen functions", "mutexes"],
)
def test_what_no_symbol_tells_of_is_as_on_glibc(tmp_path: Path, text: str, shim: str) -> None:
    compile_both(tmp_path, text, "-fPIE")
    run(tmp_path, "gcc", "-static", "main.o", "libtell.a", "-o", "glibc")
    expected = run(tmp_path, tmp_path / "glibc", "a word")
    for words in (["libtell.a"], ["tell.o"], ["--pie", "libtell.a"]):
        assert link_musl(tmp_path, *words, "main.o") == [shim]
        assert run(tmp_path, tmp_path / "musl", "a word") == expected


@pytest.mark.parametrize("linker", ["ld.bfd", "ld.gold", "ld.lld", "mold"])
@pytest.mark.parametrize("pie", [[], ["--pie"]], ids=["fixed", "pie"])
def test_functions_are_chosen_whatever_the_linker(tmp_path: Path, linker: str, pie: list[str]) -> None:
    if shutil.which(linker) is None:
        pytest.skip(f"no {linker}")
    if linker == "ld.gold" and pie:
        return  # gold makes no static-pie, and is refused (test_linker.py)
    compile_both(tmp_path, _CHOSEN, "-fPIE")
    link_musl(tmp_path, *pie, f"--linker={linker.removeprefix('ld.')}", "main.o", "libtell.a")
    assert run(tmp_path, tmp_path / "musl") == "2 2 2 2\n"


def test_functions_are_chosen_before_relocated_data_is_made_read_only(tmp_path: Path) -> None:
    compile_both(tmp_path, _CHOSEN, "-fPIE")
    assert link_musl(tmp_path, "--hardening", "main.o", "libtell.a") == ["relro", "start_bridge"]
    assert run(tmp_path, tmp_path / "musl") == "2 2 2 2\n"


def test_what_was_compiled_for_musl_keeps_musls_start(tmp_path: Path) -> None:
    """Its constructors expect nothing; functions that are chosen it has like any other."""
    for text, shims in ((_CONSTRUCTORS, []), (_CHOSEN, ["start_bridge"])):
        (tmp_path / "main.c").write_text(_MAIN)
        (tmp_path / "tell.c").write_text(text)
        for name in ("main", "tell"):
            run(tmp_path, sys.executable, "-m", "staticlink.cli", "cc", "--libc=musl", "-O2", "-c", f"{name}.c")
        assert link_musl(tmp_path, "main.o", "tell.o") == shims
