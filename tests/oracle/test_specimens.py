"""Is every verdict on executables that are known to be good, or bad, the right one?

What each should be judged is derived from how it was made (``specimens.py``), and held against readelf's words for what
readelf can tell.
"""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
from staticlink.elf.inspect import inspect_executable
from staticlink.errors import StaticlinkError
from staticlink.link.verify import verify_executable

from tests.oracle.specimens import (
    FIXED,
    HARDENED,
    LAZY,
    LINKERS,
    PIE,
    PIE_LINKERS,
    SOUND,
    START,
    STATIC,
    STATIC_PIE,
    Made,
    assembled,
    bare,
    driven,
    for_machine,
    kind,
    omit_table,
    patched,
    position_by_readelf,
    read_with_readelf,
    then,
    unsort,
    with_library,
    written,
)

if TYPE_CHECKING:
    from pathlib import Path

_DYNAMIC = ("has-interpreter", "needs-library", "undefined-symbol", "unexpected-relocation")
_NOTELESS = ".globl _start\n_start: ret\n.data\n.quad 0\n"
_QUAD_IN_TEXT = START + '__asm__(".text; .globl there; there: .quad there");'
_BOTH = START + '__asm__(".section .both, \\"awx\\", @progbits; ret; .text");'
#: GNU ld and mold, told to pass over such a symbol, leave no trace of it.
_ASKS = START.replace("__attribute__((weak))", "")
#: A weak reference is relocated by a dynamic loader, which is to find a definition.
_ALONE = START.replace("(nobody && nobody())", "0")
_STACK = START + '__asm__(".section .note.GNU-stack, \\"x\\", @progbits; .text");'

GOOD = (
    *(Made(f"static-{one}", bare(one, STATIC), FIXED) for one in LINKERS),
    *(Made(f"static-pie-{one}", bare(one, STATIC_PIE), PIE) for one in PIE_LINKERS),
    *(Made(f"hardened-{one}", bare(one, STATIC_PIE), HARDENED) for one in PIE_LINKERS),
    *(
        Made(f"glibc-static-{one}", driven("-static", "-no-pie", "-Wl,--eh-frame-hdr", linker=one), FIXED)
        for one in ("bfd", "gold", "lld", "mold")
    ),
    *(
        Made(f"glibc-static-pie-{one}", driven("-static-pie", "-fPIE", linker=one), PIE)
        for one in ("bfd", "lld", "mold")
    ),
    Made("stripped", then(driven("-static", "-no-pie", "-Wl,--eh-frame-hdr"), "strip"), FIXED),
    Made("stripped-pie", then(driven("-static-pie", "-fPIE"), "strip"), PIE),
    Made("debug-information", driven("-static", "-g", "-Wl,--eh-frame-hdr"), FIXED),
    Made("compressed-debug-information", driven("-static", "-g", "-gz", "-Wl,--eh-frame-hdr"), FIXED),
    Made("relocations-kept", bare("bfd", (*STATIC, "--emit-relocs")), FIXED),
    Made("packed-relocations", bare("lld", (*STATIC_PIE, "--pack-dyn-relocs=relr")), PIE),
    Made("no-build-id", driven("-static", "-Wl,--build-id=none", "-Wl,--eh-frame-hdr"), FIXED),
    Made(
        "sections-collected",
        bare("lld", (*STATIC, "--gc-sections", "--icf=all"), START, "-ffunction-sections"),
        FIXED,
    ),
    Made("no-unwind-tables", bare("bfd", STATIC[:1] + STATIC[2:], START, "-fno-asynchronous-unwind-tables"), FIXED),
)

BAD = (
    Made("dynamic", driven("-no-pie"), FIXED, _DYNAMIC),
    Made("dynamic-pie", driven("-pie", "-fPIE"), PIE, _DYNAMIC),
    Made(
        "dynamic-run-path",
        driven("-no-pie", "-Wl,-rpath,/opt", "-Wl,--enable-new-dtags"),
        FIXED,
        (*_DYNAMIC, "has-run-path"),
    ),
    Made(
        "dynamic-rpath",
        driven("-no-pie", "-Wl,-rpath,/opt", "-Wl,--disable-new-dtags"),
        FIXED,
        (*_DYNAMIC, "has-run-path"),
    ),
    *(
        Made(
            f"interpreter-only-{one}",
            bare(one, ("-pie", "-dynamic-linker", "/lib/ld.so", "-z", "now", *SOUND), _ALONE),
            PIE,
            ("has-interpreter",),
        )
        for one in LINKERS
    ),
    *(
        Made(
            f"library-without-interpreter-{one}",
            with_library(one),
            PIE,
            ("needs-library", "undefined-symbol", "unexpected-relocation"),
        )
        for one in PIE_LINKERS
    ),
    *(
        Made(f"run-path-only-{one}", bare(one, (*STATIC_PIE, "-rpath", "/opt")), PIE, ("has-run-path",))
        for one in ("bfd", "lld")
    ),
    *(
        Made(
            f"text-relocation-{one}",
            bare(one, (*STATIC_PIE, "-z", "notext"), _QUAD_IN_TEXT),
            PIE,
            ("text-relocation",),
        )
        for one in PIE_LINKERS
    ),
    *(Made(f"no-relro-{one}", bare(one, (*STATIC, "-z", "norelro")), FIXED, ("no-relro",)) for one in LINKERS),
    *(
        Made(f"executable-stack-{one}", bare(one, (*STATIC, "-z", "execstack")), FIXED, ("executable-stack",))
        for one in LINKERS
    ),
    *(
        Made(
            f"stack-by-object-{one}",
            bare(one, ("-static", "--eh-frame-hdr", "-z", "relro"), _STACK),
            FIXED,
            ("executable-stack",),
        )
        for one in ("bfd", "gold")
    ),
    *(
        Made(f"no-search-table-{one}", bare(one, (*STATIC, "--no-eh-frame-hdr")), FIXED, ("no-eh-frame-hdr",))
        for one in ("bfd", "gold", "lld", "mold")
    ),
    Made(
        "search-table-unsorted",
        patched(driven("-static", "-Wl,--eh-frame-hdr"), unsort),
        FIXED,
        ("unsorted-eh-frame-hdr",),
    ),
    Made(
        "search-table-empty", patched(driven("-static", "-Wl,--eh-frame-hdr"), omit_table), FIXED, ("no-eh-frame-hdr",)
    ),
    Made("no-stack-note", assembled(_NOTELESS, ("-z", "relro")), FIXED, ("no-stack-note", "no-relro")),
    Made("everything-writable", assembled(_NOTELESS, ("-N",)), FIXED, ("no-stack-note", "writable-code", "no-relro")),
    *(Made(f"writable-code-{one}", bare(one, STATIC, _BOTH), FIXED, ("writable-code",)) for one in LINKERS),
    *(Made(f"partial-relro-{one}", bare(one, LAZY), HARDENED, ("partial-relro",)) for one in PIE_LINKERS),
    *(Made(f"not-pie-{one}", bare(one, STATIC), PIE, ("not-static-pie",)) for one in LINKERS),
    *(Made(f"pie-{one}", bare(one, STATIC_PIE), FIXED, ("not-fixed-position",)) for one in PIE_LINKERS),
    *(
        Made(
            f"undefined-{one}",
            bare(one, (*STATIC, "--unresolved-symbols=ignore-all"), _ASKS),
            FIXED,
            ("undefined-symbol",),
        )
        for one in ("gold", "lld", "rust-lld")
    ),
    *(
        Made(
            f"shared-object-{one}",
            bare(one, ("-shared", *SOUND), START, "-fPIC"),
            PIE,
            ("not-static-pie", "unexpected-relocation"),
        )
        for one in LINKERS
    ),
    Made(
        "relocatable",
        bare("bfd", ("-r",)),
        FIXED,
        (
            "entry-outside-code",
            "no-eh-frame-hdr",
            "no-relro",
            "no-stack-note",
            "not-fixed-position",
            "undefined-symbol",
        ),
    ),
    Made("no-start", bare("lld", (*STATIC, "-e", "nowhere"), START), FIXED, ("entry-outside-code",)),
    Made(
        "debug-information-without-search-table",
        then(driven("-static", "-g"), "objcopy", "--only-keep-debug"),
        FIXED,
        ("entry-outside-code",),
    ),
    Made(
        "separate-debug-information",
        then(driven("-static", "-g", "-Wl,--eh-frame-hdr"), "objcopy", "--only-keep-debug"),
        FIXED,
        ("entry-outside-code",),
    ),
    Made("core-dump", patched(driven("-static", "-Wl,--eh-frame-hdr"), kind(4)), FIXED, ("not-fixed-position",)),
    *(
        Made(f"for-{triple.partition('-')[0]}", for_machine(triple), FIXED, ("other-machine", "no-relro"))
        for triple in ("aarch64-unknown-linux-gnu", "riscv64gc-unknown-linux-gnu", "s390x-unknown-linux-gnu")
    ),
    Made("big-endian", for_machine("powerpc-unknown-linux-gnu"), FIXED, ("other-machine", "no-relro")),
    Made("32-bit", for_machine("i686-unknown-linux-gnu"), FIXED, ("other-machine", "no-relro")),
    Made("x32", for_machine("x86_64-unknown-linux-gnux32"), FIXED, ("other-machine", "no-relro")),
    Made("cut-in-the-header", patched(driven("-static"), lambda data, _: data[:40]), FIXED, error="malformed-elf"),
    Made(
        "cut-in-the-program-headers",
        patched(driven("-static"), lambda data, _: data[:200]),
        FIXED,
        error="malformed-elf",
    ),
    Made(
        "cut-in-a-segment",
        patched(driven("-static"), lambda data, _: data[: len(data) // 3]),
        FIXED,
        error="truncated-elf",
    ),
    Made(
        "cut-in-the-section-headers",
        patched(driven("-static"), lambda data, _: data[:-1]),
        FIXED,
        error="malformed-elf",
    ),
    Made("empty", written(b""), FIXED, error="not-elf"),
    Made("script", written(b"#!/bin/sh\nexit 0\n"), FIXED, error="not-elf"),
    Made("archive", written(b"!<arch>\n"), FIXED, error="not-elf"),
)

_LEAST = 40
#: What readelf can tell, and we report under other conditions or not at all.
_TOLD_BY_READELF = frozenset(
    ("has-interpreter", "needs-library", "has-run-path", "text-relocation", "executable-stack", "no-stack-note",
     "writable-code", "no-relro", "other-machine"),
)  # fmt: skip


def need_linkers(made: Made) -> None:
    for name, program in LINKERS.items():
        if made.name.endswith(f"-{name}") and shutil.which(program[0]) is None:
            pytest.skip(f"{name} is not installed")


def judge(made: Made, place: Path) -> tuple[Path, tuple[str, ...], str]:
    """Return the specimen, the ids of its findings, and the id of the error that reading it ended with."""
    path = made.make(place)
    try:
        facts = inspect_executable(path)
    except StaticlinkError as error:
        return path, (), error.faults[0].id
    return path, tuple(one.id for one in verify_executable(facts, made.target)), ""


@pytest.mark.parametrize("made", GOOD, ids=lambda made: made.name)
def test_a_good_one_has_no_finding_and_runs(made: Made, tmp_path: Path) -> None:
    need_linkers(made)
    path, findings, error = judge(made, tmp_path)
    assert (findings, error) == ((), "")
    assert read_with_readelf(path) == frozenset()
    kind, pie, now = position_by_readelf(path)
    assert (kind, pie) == (("DYN", True) if made.target.pie else ("EXEC", False))
    assert now or not made.target.hardened
    assert subprocess.run([path], capture_output=True, check=False, timeout=60).returncode == 0


@pytest.mark.parametrize("made", BAD, ids=lambda made: made.name)
def test_a_bad_one_has_the_findings_that_it_was_made_for(made: Made, tmp_path: Path) -> None:
    need_linkers(made)
    path, findings, error = judge(made, tmp_path)
    assert (sorted(findings), error) == (sorted(made.findings), made.error)
    if not made.error:
        assert _TOLD_BY_READELF.intersection(findings) == read_with_readelf(path)


def test_there_are_enough_of_each() -> None:
    names = [made.name for made in (*GOOD, *BAD)]
    assert len(set(names)) == len(names) >= _LEAST
    assert all(made.good for made in GOOD)
    assert not any(made.good for made in BAD)
