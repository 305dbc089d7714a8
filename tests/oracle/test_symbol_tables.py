"""Do our readers say of real archives what ar, readelf and pyelftools say?

Every archive that a compiler's machine has at hand is read: glibc's, GCC's, musl's and CPython's where they have been
built, and the libraries of Rust's standard library.
"""

from __future__ import annotations

import io
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from elftools.elf.elffile import ELFFile
from staticlink.elf.ar import read_archive
from staticlink.elf.mapping import map_file
from staticlink.elf.symbols import is_object, read_details, read_symbols
from staticlink.errors import StaticlinkError
from staticlink.link.inputs import ObjectFile, Traits, read_input

_ROW = re.compile(r"^ +\d+: [0-9a-f]+ +\S+ (\S+) +(GLOBAL|WEAK|UNIQUE) +(\S+) .*?(UND|COM|ABS|\d+) (\S*)$")
_BINDINGS = {"STB_GLOBAL": 1, "STB_WEAK": 2, "STB_LOOS": 10}


def compiler_archive(name: str) -> Path:
    done = subprocess.run(["gcc", f"-print-file-name={name}"], capture_output=True, text=True, check=True, timeout=30)
    return Path(done.stdout.strip())


def rust_libraries() -> list[Path]:
    rustc = Path.home() / ".cargo/bin/rustc"
    command = [str(rustc) if rustc.exists() else "rustc", "--print", "target-libdir"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    found = sorted(Path(done.stdout.strip()).glob("lib*.rlib"))
    kept = [path for path in found if path.name.startswith(("libstd-", "libcore-", "liballoc-", "libcompiler_"))]
    assert kept
    return kept


@pytest.fixture(scope="session")
def archives() -> list[Path]:
    names = ["libc.a", "libgcc.a", "libgcc_eh.a", "libpthread.a", "libstdc++.a"]
    found = [path for name in names if (path := compiler_archive(name)).is_file()]
    assert len(found) >= 4
    return [*found, *rust_libraries()]


def test_members_are_those_that_ar_lists(archives: list[Path]) -> None:
    for path in archives:
        done = subprocess.run(["ar", "t", path], capture_output=True, text=True, check=True, timeout=60)
        assert [one.name for one in read_archive(map_file(path), path.name).members] == done.stdout.splitlines()


def test_roles_are_those_that_readelf_shows(archives: list[Path]) -> None:
    for path in archives:
        data = map_file(path)
        ours: list[tuple[str, str]] = []
        for one in read_archive(data, path.name).members:
            if is_object(data, one.start, one.size):
                found = read_symbols(data, one.name, "x86_64", one.start, one.size)
                defined = (*found.strong, *found.weak)
                ours += [("defined", name) for name in defined] + [("common", name) for name in found.common]
                ours += [("undefined", name) for name in (*found.undefined, *found.weak_undefined)]
        done = subprocess.run(["readelf", "-sW", path], capture_output=True, text=True, check=True, timeout=120)
        roles = {"UND": "undefined", "COM": "common"}
        rows = [match.groups() for line in done.stdout.splitlines() if (match := _ROW.match(line))]
        theirs = [(roles.get(section, "defined"), name) for _, _, _, section, name in rows]
        assert sorted(ours) == sorted(theirs), path.name


def test_rows_are_those_of_pyelftools() -> None:
    path = compiler_archive("libgcc.a")
    data = map_file(path)
    for one in read_archive(data, path.name).members:
        elf: Any = ELFFile(io.BytesIO(data[one.start : one.start + one.size]))
        table = elf.get_section_by_name(".symtab")
        theirs = [
            (row.name, _BINDINGS[row["st_info"]["bind"]], row["st_value"], row["st_size"])
            for row in (table.iter_symbols() if table else ())
            if row["st_info"]["bind"] != "STB_LOCAL"
        ]
        rows = read_details(data, one.name, "x86_64", one.start, one.size)
        assert [(row.name, row.binding, row.value, row.size) for row in rows] == theirs


def test_traits_are_what_the_source_says(tmp_path: Path) -> None:
    (tmp_path / "c.c").write_text("int n; __attribute__((constructor)) void f(void) { n = 1; }\n")
    (tmp_path / "s.s").write_text(".globl f\nf: ret\n")
    subprocess.run(["gcc", "-c", "c.c", "s.s"], cwd=tmp_path, check=True, timeout=60)
    compiled, assembled = read_input(tmp_path / "c.o"), read_input(tmp_path / "s.o")
    assert isinstance(compiled, ObjectFile)
    assert isinstance(assembled, ObjectFile)
    assert compiled.traits == Traits(unwind_tables=True, constructors=True, stack_note=True)
    assert assembled.traits == Traits(unwind_tables=False, constructors=False, stack_note=False)


def test_an_object_with_more_sections_than_16_bits_count(tmp_path: Path) -> None:
    names = [f"f{number}" for number in range(33000)]
    lines = (
        f'.section .text.{name},"ax"\n.globl {name}\n{name}: .byte 0\n.section .data.{name},"aw"\n' for name in names
    )
    (tmp_path / "wide.s").write_text("".join(lines) + ".globl last\nlast: .byte 0\n")
    subprocess.run(["as", "wide.s", "-o", "wide.o"], cwd=tmp_path, check=True, timeout=120)
    found = read_symbols(map_file(tmp_path / "wide.o"), "wide.o", "x86_64")
    assert found.strong == (*names, "last")


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        (["-flto", "-fno-fat-lto-objects"], "contains no machine code: lto.o"),
        (["-flto", "-ffat-lto-objects"], None),
    ],
)
def test_link_time_optimisation(tmp_path: Path, flags: list[str], expected: str | None) -> None:
    (tmp_path / "lto.c").write_text("int f(void) { return 1; }\n")
    subprocess.run(["gcc", *flags, "-c", "lto.c"], cwd=tmp_path, check=True, timeout=60)
    if expected is None:
        one = read_input(tmp_path / "lto.o")
        assert isinstance(one, ObjectFile)
        assert one.symbols.strong == ("f",)
        return
    with pytest.raises(StaticlinkError, match=f"^{expected}$"):
        read_input(tmp_path / "lto.o")
