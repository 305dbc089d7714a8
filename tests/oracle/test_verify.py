"""Does verification find what is wrong with a real executable, and nothing wrong with a sound one?

Each specimen is linked by the system's compiler and GNU ld with the one fault it is named after.
"""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest
from staticlink.elf.inspect import inspect_executable
from staticlink.errors import StaticlinkError
from staticlink.link.verify import verify_executable
from staticlink.report.steps import report_check
from staticlink.report.text import render_error
from staticlink.target import Target

if TYPE_CHECKING:
    from pathlib import Path

MAIN = "int main(void) { return 0; }\n"
STATIC = Target("x86_64", "glibc", static=True)
STATIC_PIE = Target("x86_64", "glibc", static=True, pie=True)


def link(directory: Path, *flags: str, source: str = MAIN) -> Path:
    (directory / "main.c").write_text(source, encoding="utf-8")
    output = directory / "specimen"
    command = ["gcc", "-fuse-ld=bfd", "-o", str(output), str(directory / "main.c"), *flags]
    subprocess.run(command, check=True, capture_output=True)
    return output


def found(path: Path, target: Target = STATIC) -> list[str]:
    return [finding.id for finding in verify_executable(inspect_executable(path), target)]


def test_a_sound_static_executable(tmp_path: Path) -> None:
    path = link(tmp_path, "-static", "-no-pie", "-Wl,--eh-frame-hdr")
    assert found(path) == []
    lines: list[tuple[str, str, str]] = []
    facts = inspect_executable(path)
    report_check(lambda *words: lines.append(words), facts, (), ())
    assert facts.eh_frame_hdr is not None
    entries = f"{facts.eh_frame_hdr.fde_count} unwind entries"
    assert lines == [
        ("CHECK", "", f"static: no PT_INTERP, no DT_NEEDED, 0 undefined; {entries}; NX, RELRO, no RWX; 0 shims")
    ]


def test_a_sound_static_pie(tmp_path: Path) -> None:
    assert found(link(tmp_path, "-static-pie", "-fPIE", "-Wl,-z,text"), STATIC_PIE) == []


def test_a_dynamic_executable(tmp_path: Path) -> None:
    path = link(tmp_path, "-no-pie", "-Wl,-rpath,/opt/lib")
    assert found(path)[:3] == ["has-interpreter", "needs-library", "has-run-path"]
    finding = verify_executable(inspect_executable(path), STATIC)[0]
    assert render_error(StaticlinkError(finding.fault(path))) == (
        "the executable asks for a program interpreter: specimen\n  PT_INTERP: /lib64/ld-linux-x86-64.so.2"
    )


def test_pie_must_be_what_was_asked(tmp_path: Path) -> None:
    fixed = link(tmp_path, "-static", "-no-pie", "-Wl,--eh-frame-hdr")
    assert found(fixed, STATIC_PIE) == ["not-static-pie"]
    position_independent = link(tmp_path, "-static-pie", "-fPIE")
    assert found(position_independent, STATIC) == ["not-fixed-position"]


@pytest.mark.parametrize(
    ("flags", "finding"),
    [
        (("-Wl,-z,execstack",), "executable-stack"),
        (("-Wl,-z,norelro",), "no-relro"),
        (("-Wl,--no-eh-frame-hdr",), "no-eh-frame-hdr"),
    ],
)
def test_a_static_executable_with_one_fault(tmp_path: Path, flags: tuple[str, ...], finding: str) -> None:
    header = () if finding == "no-eh-frame-hdr" else ("-Wl,--eh-frame-hdr",)
    assert finding in found(link(tmp_path, "-static", "-no-pie", *header, *flags))


def test_a_segment_that_is_writable_and_executable(tmp_path: Path) -> None:
    source = '__asm__(".section .both, \\"awx\\", @progbits; ret; .text");' + MAIN
    assert "writable-code" in found(link(tmp_path, "-static", "-no-pie", "-Wl,--eh-frame-hdr", source=source))


def test_text_relocations(tmp_path: Path) -> None:
    source = 'extern int there; __asm__(".text; .globl there; there: .quad there");' + MAIN
    assert "text-relocation" in found(link(tmp_path, "-static-pie", "-Wl,-z,notext", source=source), STATIC_PIE)


def test_undefined_symbols(tmp_path: Path) -> None:
    source = "int nowhere(void);\nint main(int c, char **v) { return c > 9 ? nowhere() : 0; }\n"
    # GNU ld leaves the symbol out of the table altogether; gold keeps it.
    gold = ("-fuse-ld=gold", "-Wl,--unresolved-symbols=ignore-all")
    path = link(tmp_path, "-static", "-no-pie", "-Wl,--eh-frame-hdr", *gold, source=source)
    findings = verify_executable(inspect_executable(path), STATIC)
    assert [(finding.id, finding.evidence) for finding in findings] == [("undefined-symbol", ("nowhere",))]


def test_an_unsorted_table(tmp_path: Path) -> None:
    path = link(tmp_path, "-static", "-no-pie", "-Wl,--eh-frame-hdr")
    data = bytearray(path.read_bytes())
    headers = subprocess.run(["readelf", "-lW", str(path)], check=True, capture_output=True, text=True).stdout
    row = next(line.split() for line in headers.splitlines() if line.split()[:1] == ["GNU_EH_FRAME"])
    table = int(row[1], 16) + 12  # version and encodings (4), eh_frame pointer (4), entry count (4)
    data[table : table + 8], data[table + 8 : table + 16] = data[table + 8 : table + 16], data[table : table + 8]
    path.write_bytes(data)
    assert found(path) == ["unsorted-eh-frame-hdr"]
