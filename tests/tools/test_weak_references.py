"""Does what the compiler's own libgcc_eh refers to weakly join a static link, and do exceptions then work?

libgcc_eh locks through weak references to pthread functions, if one of them, ``__pthread_key_create``, is there. A
static link extracts none of them. Where the program brings that one and no other, as one that keeps thread-specific
data does on musl, the first exception jumps to address zero.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tests.checkout import TOP

if TYPE_CHECKING:
    from pathlib import Path

#: Unwinds seven frames that clean up after themselves, in the first thread and in another one.
_C = """
#include <pthread.h>
#include <setjmp.h>
#include <unwind.h>
static __thread jmp_buf out;
static __thread int cleaned;
static struct _Unwind_Exception thrown[2];
static void clean(int *one) { cleaned += *one; }
static _Unwind_Reason_Code stop(int version, _Unwind_Action action, _Unwind_Exception_Class kind,
                                struct _Unwind_Exception *what, struct _Unwind_Context *where, void *extra) {
    if (action & _UA_END_OF_STACK) longjmp(out, 1);
    return _URC_NO_REASON;
}
static void dive(int depth, int who) {
    __attribute__((cleanup(clean))) int one = 1;
    if (depth) dive(depth - 1, who);
    else _Unwind_ForcedUnwind(&thrown[who], stop, 0);
}
static void *body(void *who) {
    if (!setjmp(out)) dive(6, who != 0);
    return cleaned == 7 ? 0 : (void *)1;
}
int main(void) {
    pthread_key_t key;
    pthread_t thread;
    void *result = body(0);
    if (result || pthread_key_create(&key, 0)) return 1;
    if (pthread_create(&thread, 0, body, (void *)1) || pthread_join(thread, &result)) return 2;
    return result != 0;
}
"""
_CXX = """
#include <thread>
int main() {
    int sum = 0;
    std::thread other([&] { try { throw 7; } catch (int n) { sum += n; } });
    other.join();
    try { throw 1; } catch (int n) { sum += n; }
    return sum == 8 ? 0 : 1;
}
"""
_RUST = """
#[unsafe(no_mangle)]
pub extern "C" fn caught() -> i32 {
    let other = std::thread::spawn(|| panic!("one")).join().is_err();
    i32::from(other) + i32::from(std::panic::catch_unwind(|| panic!("two")).is_err())
}
"""


def run(directory: Path, *command: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(TOP / "site_scons")}
    return subprocess.run(
        command, cwd=directory, env=environment, capture_output=True, text=True, check=False, timeout=900
    )


def staticlink(directory: Path, *words: str) -> None:
    done = run(directory, sys.executable, "-m", "staticlink.cli", *words)
    assert done.returncode == 0, done.stderr


def link(directory: Path, *words: str) -> dict[str, Any]:
    """Link ``app``, run it alone, and return its link plan."""
    staticlink(directory, "link", "--probe=", "-o", "app", *words)
    found: dict[str, Any] = json.loads((directory / "app.linkplan.json").read_text(encoding="utf-8"))
    return found


def link_without_extracting(directory: Path, command: list[str]) -> int:
    """Link as the plan does, but for the symbols staticlink asked for, and return how the program ended."""
    words = [word for word in command if not word.startswith("--undefined=")]
    words[words.index("-o") + 1] = "bare"
    assert run(directory, *words).returncode == 0
    return run(directory, str(directory / "bare")).returncode


def test_on_musl_an_exception_needs_what_libgcc_eh_refers_to_weakly(tmp_path: Path) -> None:
    (tmp_path / "main.c").write_text(_C)
    staticlink(tmp_path, "cc", "--libc=musl", "-O1", "-fexceptions", "-c", "main.c", "-o", "main.o")
    plan = link(tmp_path, "--libc=musl", "--unwinder=libgcc_eh", "main.o")
    assert plan["shim_symbols"] == {"_dl_find_object": "find_object"}
    assert plan["extracted_for_weak_references"] == ["pthread_mutex_lock", "pthread_mutex_unlock", "pthread_once"]
    assert link_without_extracting(tmp_path, plan["command"]) == -11


def test_on_glibc_what_the_program_brings_is_enough(tmp_path: Path) -> None:
    (tmp_path / "main.c").write_text(_C)
    staticlink(tmp_path, "cc", "--libc=glibc", "-O1", "-fexceptions", "-c", "main.c", "-o", "main.o")
    plan = link(tmp_path, "--libc=glibc", "main.o")
    assert plan["extracted_for_weak_references"] == []


@pytest.mark.parametrize("kind", ["c++", "rust"])
def test_exceptions_and_panics_are_caught_in_every_thread_on_glibc(tmp_path: Path, kind: str) -> None:
    if kind == "c++":
        (tmp_path / "main.cc").write_text(_CXX)
        assert run(tmp_path, "g++", "-O1", "-c", "main.cc").returncode == 0
        link(tmp_path, "--libc=glibc", "main.o", "-lstdc++")
        return
    (tmp_path / "lib.rs").write_text(_RUST)
    (tmp_path / "main.c").write_text("int caught(void); int main(void) { return caught() != 2; }")
    done = run(tmp_path, "rustc", "--edition=2024", "--crate-type=staticlib", "-O", "lib.rs", "-o", "libcaught.a")
    assert done.returncode == 0, done.stderr
    assert run(tmp_path, "gcc", "-c", "main.c").returncode == 0
    link(tmp_path, "--libc=glibc", "main.o", "libcaught.a")
