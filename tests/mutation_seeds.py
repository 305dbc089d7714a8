"""Make the files that mutation starts from: every kind of container and object, none of them kept as a binary.

Some are written byte by byte (``tests/elf_writer.py``), others are made by the machine's own compiler and archiver,
so that their layout is a real one. All are small: a mutation of a few bytes should hit something that is read.
"""

from __future__ import annotations

import struct
import subprocess
from typing import TYPE_CHECKING

from tests.elf_writer import Specimen, write_archive, write_object

if TYPE_CHECKING:
    from pathlib import Path

FULL = Specimen(
    strong=["f", "_start"],
    data=["d"],
    weak=["w"],
    unique=["q"],
    common=["c"],
    absolute=["a", "v@@V2"],
    comdat=["k", "größe"],
    undefined=["u", "g"],
    weak_undefined=["z"],
    hidden=["d"],
)
OTHER = Specimen(strong=["g", "u"], comdat=["k"], undefined=["f", "h"], common=["d"])
ODD = Specimen(strong=["h", "long_name_of_a_function_nobody_calls"], weak=["f"])

_C = """
#include <stddef.h>
extern int u(int), g(void); int c; static int local = 3; __thread int t;
__attribute__((weak)) int w(void) { return local; }
__attribute__((weak)) extern int z(void);
__attribute__((section("odd"))) int sectioned = 4;
__attribute__((constructor)) void before(void) { c = t; }
int f(int n) { return n ? u(n) + (z ? z() : 0) : g(); }
"""
_CXX = """
template <class T> struct Box { T value; Box() : value() {} virtual T get() { return value; } };
template <class T> inline T& held() { static T one; return one; }
int k() { Box<int> b; Box<long> c; return b.get() + (int)c.get() + held<int>(); }
"""
_MAIN = """
__thread int counter = 1;
int twice(int n) { return n * 2 + counter; }
void _start(void) { volatile int n = twice(4); for (;;) n++; }
"""


def _run(directory: Path, *command: str) -> None:
    subprocess.run(command, cwd=directory, check=True, timeout=120, capture_output=True)


def member(name: str, data: bytes) -> bytes:
    """Return a member of an archive, padded to an even size."""
    header = f"{name:<16}{0:<12}{0:<6}{0:<6}{100644:<8}{len(data):<10}`\n"
    return header.encode() + data + b"\n" * (len(data) % 2)


def archive_with_wide_index(one: Specimen) -> bytes:
    """Return an archive of one member whose index has 64-bit offsets."""
    names = b"".join(name.encode() + b"\0" for name in one.exported())
    size = 8 * (1 + len(one.exported())) + len(names)
    offset = 8 + 60 + size + size % 2
    offsets = [offset] * len(one.exported())
    index = struct.pack(f">{1 + len(offsets)}Q", len(offsets), *offsets) + names
    return b"!<arch>\n" + member("/SYM64/", index) + member("f.o/", write_object(one))


def archive_of_bsd(one: Specimen) -> bytes:
    """Return an archive of one member with a name in its data and an index ``__.SYMDEF``."""
    exported = one.exported()
    places, strings = [], b""
    for name in exported:
        places.append(len(strings))
        strings += name.encode() + b"\0"
    strings += bytes(-len(strings) % 4)
    offset = 8 + 60 + 8 + 8 * len(exported) + len(strings)
    pairs = b"".join(struct.pack("<II", place, offset) for place in places)
    index = struct.pack("<I", len(pairs)) + pairs + struct.pack("<I", len(strings)) + strings
    return b"!<arch>\n" + member("__.SYMDEF", index) + member("#1/20", b"a_long_file_name.o\0\0" + write_object(one))


def make_inputs(directory: Path) -> dict[str, bytes]:
    """Return name -> bytes of objects, archives and a script; members of thin archives lie in ``directory``."""
    (directory / "c.c").write_text(_C)
    (directory / "x.cc").write_text(_CXX)
    (directory / "a_file_name_of_more_than_sixteen_bytes.o").write_bytes(write_object(OTHER))
    _run(directory, "gcc", "-c", "-O1", "-ffunction-sections", "-fcommon", "c.c", "-o", "c.o")
    _run(directory, "g++", "-c", "-O0", "-g1", "x.cc", "-o", "x.o")
    _run(directory, "gcc", "-c", "-O1", "-flto", "-fno-fat-lto-objects", "c.c", "-o", "slim.o")
    (directory / "odd.o").write_bytes(write_object(ODD) + b"x")
    members = ("c.o", "a_file_name_of_more_than_sixteen_bytes.o", "x.o", "odd.o")
    _run(directory, "ar", "rcsD", "real.a", *members)
    _run(directory, "ar", "rcsTD", "thin.a", *members[:2])
    _run(directory, "ar", "rcSD", "bare.a", *members[:2])
    made = ("c.o", "x.o", "slim.o", "real.a", "thin.a", "bare.a")
    return {
        **{name: (directory / name).read_bytes() for name in made},
        "full.o": write_object(FULL),
        "other.o": write_object(OTHER),
        "both.a": write_archive([("f.o", FULL), ("f.o", OTHER), ("h.o", ODD)]),
        "wide.a": archive_with_wide_index(FULL),
        "bsd.a": archive_of_bsd(FULL),
        "text.a": write_archive([("f.o", FULL)]) + member("README/", b"hello"),
        "nested.a": write_archive([("f.o", OTHER)]) + member("in.a/", write_archive([("h.o", ODD)])),
        "empty.a": b"!<arch>\n",
        "script.a": b"/* libm */ OUTPUT_FORMAT(elf64-x86-64)\nGROUP ( real.a AS_NEEDED ( c.o, -lreal ) ) INPUT(x.o);\n",
    }


def make_executables(directory: Path) -> dict[str, bytes]:
    """Return name -> bytes of small executables of each kind."""
    (directory / "main.c").write_text(_MAIN)
    _run(directory, "gcc", "-c", "-O1", "-fPIC", "main.c", "-o", "main.o")
    _run(directory, "ld.bfd", "-shared", "-soname", "libshared.so.1", "main.o", "-o", "shared.so")
    kinds = {
        "static": ["-static", "--eh-frame-hdr", "--build-id=sha1"],
        "stripped": ["-static", "-s", "--eh-frame-hdr"],
        "pie": ["-pie", "--no-dynamic-linker", "--eh-frame-hdr", "-z", "now", "-z", "separate-code"],
        "dynamic": [
            "-pie",
            "--no-as-needed",
            "--undefined=twice",
            "-rpath",
            "/opt",
            "--eh-frame-hdr",
            "--hash-style=both",
        ],
    }
    for name, flags in kinds.items():
        extra = ["shared.so"] if name == "dynamic" else []
        _run(directory, "ld.bfd", *flags, "-z", "max-page-size=4096", "main.o", *extra, "-o", name)
    return {name: (directory / name).read_bytes() for name in kinds}
