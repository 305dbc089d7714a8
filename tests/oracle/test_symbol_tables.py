"""Do our readers say of real archives what ar, readelf and pyelftools say?

Every archive that a compiler's machine has at hand is read: glibc's, GCC's, musl's and CPython's where they have been
built, and the libraries of Rust's standard library. ``STATICLINK_EVERY_ROW=1`` compares every member of all with
pyelftools, which takes minutes; without it, a sample.
"""

from __future__ import annotations

import io
import os
import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from elftools.elf.elffile import ELFFile
from staticlink.elf.ar import read_archive
from staticlink.elf.mapping import map_file
from staticlink.elf.relocations import References
from staticlink.elf.symbols import Traits, is_object, read_details, read_section_names, read_symbols
from staticlink.errors import StaticlinkError
from staticlink.link.inputs import ObjectFile
from staticlink.link.reading import read_input

if TYPE_CHECKING:
    from staticlink.elf.ar import Member
    from staticlink.elf.mapping import Bytes

_ROW = re.compile(r"^ +\d+: [0-9a-f]+ +\S+ (\S+) +(GLOBAL|WEAK|UNIQUE) +(\S+) .*?(UND|COM|ABS|\d+) (\S*)$")
EVERY_ROW = "STATICLINK_EVERY_ROW" in os.environ
SMALL = 1 << 17
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
    system = sorted(Path("/usr/lib").glob("python3*/config-*/libpython3*.a"))
    return [*found, *rust_libraries(), *system, *built_archives()]


def built_archives() -> list[Path]:
    """Return the archives that this checkout has built: musl, libunwind, CPython, the demo's crate; maybe none."""
    wanted = ("libc.a", "libunwind.a", "libdemo.a", "libpython3.13.a")
    return sorted(path for path in (Path(__file__).parents[2] / "build").rglob("*.a") if path.name in wanted)


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


def sample(path: Path) -> tuple[Bytes, list[Member]]:
    """Return an archive and some of its objects: pyelftools is slow, so it is a dozen of the smaller ones, or all."""
    data = map_file(path)
    members = [one for one in read_archive(data, path.name).members if is_object(data, one.start, one.size)]
    chosen = members if EVERY_ROW else [one for one in members if one.size < SMALL][:: max(1, len(members) // 12)]
    return data, chosen


def test_rows_are_those_of_pyelftools(archives: list[Path]) -> None:
    compared = 0
    for path in archives:
        data, members = sample(path)
        for one in members:
            elf: Any = ELFFile(io.BytesIO(data[one.start : one.start + one.size]))
            table = elf.get_section_by_name(".symtab")
            theirs = [
                (row.name, _BINDINGS[row["st_info"]["bind"]], row["st_value"], row["st_size"])
                for row in (table.iter_symbols() if table else ())
                if row["st_info"]["bind"] != "STB_LOCAL"
            ]
            rows = read_details(data, one.name, "x86_64", one.start, one.size)
            ours = [(row.name, row.binding, row.value, row.size) for row in rows]
            assert ours == theirs, f"{path.name}({one.name})"
            names = tuple(section.name for section in elf.iter_sections())[1:]
            assert read_section_names(data, one.name, "x86_64", one.start, one.size) == names
            compared += 1
    assert compared > 2 * len(archives)


def test_references_are_those_of_pyelftools(archives: list[Path]) -> None:
    """Each loaded section, with the symbols that relocations of it name, and the section of each symbol."""
    compared = 0
    for path in archives:
        data, members = sample(path)
        for one in members:
            elf: Any = ELFFile(io.BytesIO(data[one.start : one.start + one.size]))
            theirs: dict[int, set[int]] = {}
            for section in elf.iter_sections():
                relocates = section["sh_type"] in ("SHT_RELA", "SHT_REL")
                if relocates and elf.get_section(section["sh_info"])["sh_flags"] & 2:
                    used = {row["r_info_sym"] for row in section.iter_relocations()} - {0}
                    theirs.setdefault(section["sh_info"], set()).update(used)
            found = References(data, one.name, "x86_64", one.start, one.size)
            assert found.used == theirs, f"{path.name}({one.name})"
            table = elf.get_section_by_name(".symtab")
            rows = list(table.iter_symbols()) if table else []
            homes = [row["st_shndx"] if isinstance(row["st_shndx"], int) else 0 for row in rows]
            assert list(found.homes) == homes, f"{path.name}({one.name})"
            assert all(rows[number].name == name == found.name(number) for name, number in found.globals())
            assert all(found.number(name) == number for name, number in found.globals())
            compared += len(theirs)
    assert compared > 10 * len(archives)


_RESOLVER = "static int g(void) { return 1; } static void *r(void) { return g; }"
#: C -> whether it has a constructor, and whether a function of it is chosen at start-up.
TRAITS = {
    "int f(void) { return 1; }": (False, False),
    "int n; __attribute__((constructor)) void f(void) { n = 1; }": (True, False),
    "int n; __attribute__((constructor(101))) void f(void) { n = 1; }": (True, False),
    'void f(void); void *const p __attribute__((section(".preinit_array"))) = f;': (True, False),
    f'{_RESOLVER} int f(void) __attribute__((ifunc("r")));': (False, True),
    f'{_RESOLVER} static int f(void) __attribute__((ifunc("r"))); int h(void) {{ return f(); }}': (False, True),
}


@pytest.mark.parametrize("text", TRAITS)
def test_traits_are_what_the_source_says(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.c").write_text(f"{text}\n", encoding="ascii")
    subprocess.run(["gcc", "-c", "a.c"], cwd=tmp_path, check=True, timeout=60)
    found = read_input(tmp_path / "a.o")
    assert isinstance(found, ObjectFile)
    assert found.traits == Traits(*TRAITS[text])


def test_an_object_with_more_sections_than_16_bits_count(tmp_path: Path) -> None:
    names = [f"f{number}" for number in range(33000)]
    lines = (
        f'.section .text.{name},"ax"\n.globl {name}\n{name}: .byte 0\n.section .data.{name},"aw"\n' for name in names
    )
    (tmp_path / "wide.s").write_text("".join(lines) + ".globl last\nlast: .byte 0\n")
    subprocess.run(["as", "wide.s", "-o", "wide.o"], cwd=tmp_path, check=True, timeout=120)
    found = read_symbols(map_file(tmp_path / "wide.o"), "wide.o", "x86_64")
    assert found.strong == (*names, "last")
    sections = read_section_names(map_file(tmp_path / "wide.o"), "wide.o", "x86_64")
    assert [name for name in sections if name.startswith(".text.")] == [f".text.{name}" for name in names]


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
