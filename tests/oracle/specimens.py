"""How is each specimen made: an executable that is known to be good, or bad in one way that its making says?

The specimens without a libc are one small object (code that can be unwound through, a table that needs relocation, a
weak reference that nothing defines), so that each linker is called directly and one option makes the difference.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from staticlink.target import Target

from tests.oracle.linkers import rust_lld

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

FIXED = Target("x86_64", "glibc", static=True)
PIE = Target("x86_64", "glibc", static=True, pie=True)
HARDENED = Target("x86_64", "glibc", static=True, pie=True, hardened=True)
#: name -> the program; all of them, and those that make a static-pie.
LINKERS = {"bfd": ["ld.bfd"], "gold": ["ld.gold"], "lld": ["ld.lld"], "mold": ["mold"], "rust-lld": rust_lld()}
PIE_LINKERS = ("bfd", "lld", "mold", "rust-lld")
SOUND = ("--eh-frame-hdr", "-z", "relro", "-z", "noexecstack")
STATIC = ("-static", *SOUND)
STATIC_PIE = ("-static", "-pie", "--no-dynamic-linker", "-z", "text", "-z", "now", *SOUND)
LAZY = ("-static", "-pie", "--no-dynamic-linker", "-z", "text", "-z", "lazy", *SOUND)
START = """
int one(void) { return 1; }
int (*const table[])(void) = { one, one };
extern int nobody(void) __attribute__((weak));
void _start(void)
{
	/* The table itself is relocated by nobody here, and the weak reference is zero. */
	long number = 231, code = one() != 1 || (nobody && nobody());
	__asm__ volatile("syscall" : : "a"(number), "D"(code) : "rcx", "r11", "memory");
}
"""
_MAIN = """
#include <stdio.h>
#include <string.h>
static __thread int counter;
int main(int count, char **words) { counter += count; return printf("%zu\\n", strlen(words[0])) + counter < 0; }
"""
_OTHER_MACHINE = """
#![feature(no_core, lang_items)]
#![no_core]
#![no_std]
#![allow(internal_features)]
#[lang = "pointee_sized"]
pub trait PointeeSized {}
#[lang = "meta_sized"]
pub trait MetaSized: PointeeSized {}
#[lang = "sized"]
pub trait Sized: MetaSized {}
#[no_mangle]
pub extern "C" fn _start() {}
"""


@dataclass(frozen=True, slots=True)
class Made:
    """A specimen: how it is made in a directory, what it is verified as, and the findings or the error it must have.

    ``error`` is the id of the error that reading it ends with.
    """

    name: str
    make: Callable[[Path], Path]
    target: Target
    findings: tuple[str, ...] = ()
    error: str = ""

    @property
    def good(self) -> bool:
        """Whether nothing is wrong with it."""
        return not self.findings and not self.error


def run(*words: str | Path, at: Path, text: str | None = None) -> None:
    """Run one tool."""
    command = [str(word) for word in words]
    done = subprocess.run(command, cwd=at, input=text, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, f"{command}\n{done.stderr}"


def compile_source(at: Path, name: str, source: str, *flags: str) -> Path:
    """Compile freestanding C; unwind tables and a stack note are gcc's own."""
    output = at / f"{name}.o"
    run("gcc", "-O1", "-fPIE", "-ffreestanding", "-fno-stack-protector", *flags, "-x", "c", "-", "-c", "-o", output,
        at=at, text=source)  # fmt: skip
    return output


def bare(linker: str, flags: Sequence[str], source: str = START, *more: str) -> Callable[[Path], Path]:
    """Return how one object without a libc is linked with ``flags``; ``more`` are flags of the compiler."""

    def make(at: Path) -> Path:
        start = compile_source(at, "start", source, *more)
        run(*LINKERS[linker], *flags, start, "-o", at / "specimen", at=at)
        return at / "specimen"

    return make


def driven(*flags: str, linker: str = "bfd", source: str = _MAIN) -> Callable[[Path], Path]:
    """Return how gcc links a program with glibc."""

    def make(at: Path) -> Path:
        (at / "main.c").write_text(source, encoding="utf-8")
        run("gcc", "-O1", f"-fuse-ld={linker}", "main.c", *flags, "-o", "specimen", at=at)
        return at / "specimen"

    return make


def then(make: Callable[[Path], Path], *command: str) -> Callable[[Path], Path]:
    """Return how a tool changes what ``make`` made."""

    def both(at: Path) -> Path:
        run(*command, make(at), at=at)
        return at / "specimen"

    return both


def patched(
    make: Callable[[Path], Path], change: Callable[[bytearray, Path], bytes | bytearray]
) -> Callable[[Path], Path]:
    """Return how the bytes of what ``make`` made are changed."""

    def both(at: Path) -> Path:
        path = make(at)
        path.write_bytes(change(bytearray(path.read_bytes()), path))
        return path

    return both


def assembled(source: str, flags: Sequence[str], *more: str) -> Callable[[Path], Path]:
    """Return how assembly is linked by GNU ld."""

    def make(at: Path) -> Path:
        (at / "start.s").write_text(source, encoding="ascii")
        run("as", *more, "start.s", "-o", "start.o", at=at)
        run("ld.bfd", *flags, "start.o", "-o", "specimen", at=at)
        return at / "specimen"

    return make


def for_machine(triple: str) -> Callable[[Path], Path]:
    """Return how rustc and its lld make a program for another machine."""

    def make(at: Path) -> Path:
        (at / "start.rs").write_text(_OTHER_MACHINE, encoding="utf-8")
        found = shutil.which("rustc") or str(Path.home() / ".cargo/bin/rustc")
        rustc = ("env", "RUSTC_BOOTSTRAP=1", found, "--crate-type=lib", "--emit=obj", "-Cpanic=abort")
        run(*rustc, f"--target={triple}", "start.rs", "-o", "start.o", at=at)
        run(*rust_lld(), "-static", "--eh-frame-hdr", "start.o", "-o", "specimen", at=at)
        return at / "specimen"

    return make


def with_library(linker: str, *flags: str) -> Callable[[Path], Path]:
    """Return how a position-independent program is linked with a shared library and without an interpreter."""

    def make(at: Path) -> Path:
        library = compile_source(at, "other", "int other(void) { return 3; }", "-fPIC")
        run(*LINKERS[linker], "-shared", "-soname", "libother.so", library, "-o", "libother.so", at=at)
        start = compile_source(at, "start", START + "extern int other(void); int (*own)(void) = other;")
        position = ("-pie", "--no-dynamic-linker", "-z", "now", *SOUND, *flags)
        run(*LINKERS[linker], *position, start, "libother.so", "-o", "specimen", at=at)
        return at / "specimen"

    return make


def written(content: bytes) -> Callable[[Path], Path]:
    """Return how a file that no linker made is written."""

    def make(at: Path) -> Path:
        (at / "specimen").write_bytes(content)
        return at / "specimen"

    return make


def unsort(data: bytearray, path: Path) -> bytearray:
    table = _segment(path, "GNU_EH_FRAME") + 12
    data[table : table + 8], data[table + 8 : table + 16] = data[table + 8 : table + 16], data[table : table + 8]
    return data


def omit_table(data: bytearray, path: Path) -> bytearray:
    start = _segment(path, "GNU_EH_FRAME")
    data[start + 2 : start + 4] = b"\xff\xff"  # DW_EH_PE_omit: no count, no table
    return data


def _segment(path: Path, kind: str) -> int:
    rows = subprocess.run(["readelf", "-lW", path], capture_output=True, text=True, check=True, timeout=60).stdout
    return int(next(line.split()[1] for line in rows.splitlines() if line.split()[:1] == [kind]), 16)


def kind(number: int) -> Callable[[bytearray, Path], bytearray]:
    def change(data: bytearray, _: Path) -> bytearray:
        data[16] = number
        return data

    return change


def read_with_readelf(path: Path) -> frozenset[str]:
    """Return the findings that the words of readelf come to, for those that readelf can tell by itself."""
    done = subprocess.run(["readelf", "-hldW", path], capture_output=True, text=True, check=False, timeout=60)
    found, words = set(), done.stdout
    rows = {
        "has-interpreter": r"^ +INTERP ",
        "needs-library": r"\(NEEDED\)",
        "has-run-path": r"\(R(?:UN)?PATH\)",
        "text-relocation": r"\(TEXTREL\)|FLAGS\) .*TEXTREL",
        "executable-stack": r"^ +GNU_STACK .* RWE ",
        "writable-code": r"^ +LOAD .* RWE ",
    }
    found |= {id_ for id_, pattern in rows.items() if re.search(pattern, words, re.MULTILINE)}
    for id_, segment in (("no-stack-note", "GNU_STACK"), ("no-relro", "GNU_RELRO")):
        if not re.search(rf"^ +{segment} ", words, re.MULTILINE):
            found.add(id_)
    if "X86-64" not in words or "ELF64" not in words:
        found.add("other-machine")
    return frozenset(found)


def position_by_readelf(path: Path) -> tuple[str, bool, bool]:
    """Return the type, and whether DF_1_PIE and DF_BIND_NOW or DF_1_NOW are set, in the words of readelf."""
    words = subprocess.run(["readelf", "-hdW", path], capture_output=True, text=True, check=False, timeout=60).stdout
    kind = re.search(r"Type: +(\w+)", words)
    flags = " ".join(re.findall(r"\(FLAGS(?:_1)?\) +(.*)", words)).replace("Flags:", "").split()
    return kind[1] if kind else "", "PIE" in flags, bool({"NOW", "BIND_NOW"} & {*flags}) or "(BIND_NOW)" in words
