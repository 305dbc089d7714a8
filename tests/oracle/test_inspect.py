"""Do we see in real executables what readelf sees?"""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING

import pytest
from staticlink.elf.inspect import inspect_executable

if TYPE_CHECKING:
    from pathlib import Path

    from staticlink.elf.inspect import ExecutableFacts

_SOURCE = """
#include <stdio.h>
static __thread int counter;
int main(void) { counter++; return printf("%d\\n", counter) < 0; }
"""


def build(directory: Path, *flags: str) -> tuple[ExecutableFacts, str]:
    (directory / "main.c").write_text(_SOURCE)
    command = ["gcc", "main.c", "-o", "app", "-Wl,--build-id=sha1", *flags]
    subprocess.run(command, cwd=directory, check=True, timeout=120)
    done = subprocess.run(
        ["readelf", "-lnhW", "app"], cwd=directory, capture_output=True, text=True, check=True, timeout=60
    )
    return inspect_executable(directory / "app"), done.stdout


def test_static(tmp_path: Path) -> None:
    facts, words = build(tmp_path, "-static", "-Wl,--eh-frame-hdr")
    assert (facts.elf_type, facts.machine, facts.interpreter, facts.needed) == ("EXEC", "x86_64", None, ())
    assert facts.dynamic_relocation_types == ("R_X86_64_IRELATIVE",)
    assert (facts.stack_executable, facts.relro, facts.rwx_segments) == (False, True, ())
    assert (facts.undefined, facts.tls, facts.entry_in_code, facts.has_symbol_table) == ((), True, True, True)
    assert facts.build_id == re.findall(r"Build ID: (\w+)", words)[0]
    assert facts.has_eh_frame
    assert facts.eh_frame_hdr is not None
    assert facts.eh_frame_hdr.sorted


def test_the_search_table_has_an_entry_for_each_description(tmp_path: Path) -> None:
    facts, _ = build(tmp_path, "-static-pie")
    frames = subprocess.run(
        ["readelf", "--debug-dump=frames", "app"], cwd=tmp_path, capture_output=True, text=True, check=True, timeout=60
    )
    assert facts.eh_frame_hdr is not None
    assert facts.eh_frame_hdr.fde_count == len(re.findall(r" FDE cie=", frames.stdout))


def test_static_pie(tmp_path: Path) -> None:
    facts, _ = build(tmp_path, "-static-pie", "-Wl,-z,now")
    assert (facts.elf_type, facts.flags_1_pie, facts.interpreter, facts.bind_now) == ("DYN", True, None, True)
    assert facts.dynamic_relocation_types == ("R_X86_64_IRELATIVE", "R_X86_64_RELATIVE")


def test_dynamic(tmp_path: Path) -> None:
    facts, words = build(tmp_path, "-Wl,-rpath,/opt/lib")
    assert facts.interpreter == re.findall(r"interpreter: (\S+)]", words)[0]
    assert (facts.needed, facts.rpath) == (("libc.so.6",), ("DT_RUNPATH: /opt/lib",))
    assert {"printf", "__libc_start_main"} <= set(facts.undefined)
    assert "__gmon_start__" in facts.weak_undefined


@pytest.mark.parametrize(("flags", "executable"), [(["-Wl,-z,execstack"], True), (["-Wl,-z,noexecstack"], False)])
def test_the_stack(tmp_path: Path, flags: list[str], executable: bool) -> None:  # noqa: FBT001
    facts, _ = build(tmp_path, "-static", *flags)
    assert facts.stack_executable is executable


def link(directory: Path, source: str, *flags: str) -> ExecutableFacts:
    (directory / "t.s").write_text(source)
    subprocess.run(["as", "t.s", "-o", "t.o"], cwd=directory, check=True, timeout=60)
    command = ["ld.bfd", *flags, "t.o", "-o", "t"]
    subprocess.run(command, cwd=directory, check=True, timeout=60, capture_output=True)
    return inspect_executable(directory / "t")


def test_soft_spots(tmp_path: Path) -> None:
    facts = link(tmp_path, ".globl _start\n_start: ret\n", "-N", "-s")
    assert (facts.relro, facts.has_symbol_table, facts.stack_executable) == (False, False, None)
    assert facts.rwx_segments == ("PT_LOAD at 0x400078, 1 bytes",)


def test_text_relocations(tmp_path: Path) -> None:
    facts = link(tmp_path, ".globl _start\n_start: .quad _start\n", "-pie", "-z", "notext")
    assert facts.text_relocations
    assert facts.dynamic_relocation_types == ("R_X86_64_RELATIVE",)
    assert (facts.has_eh_frame, facts.eh_frame_hdr) == (False, None)
