"""Do we keep the sections that linkers keep with ``--gc-sections``?

Generated objects have sections that refer to one another in every way the graph knows: by local and global symbols, in
COMDAT groups, through ``__start_NAME``, from ``.init_array``, with SHF_GNU_RETAIN. Then a C program, and one with
Rust's standard library, against glibc's own archives. Every section that one of the linkers says it removes must be one
that we find no way to, and the other way round.

GNU ld treats notes as roots; glibc's notes for tracers name half of its functions, so they are taken out first. Where
exceptions are described, we tie every function of an object to all of its object's tables (``elf/relocations.py``).
GNU ld ties each function to its own and lld keeps them all, so only those tables may differ.
"""

from __future__ import annotations

import os
import random
import re
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from staticlink.link.inputs import Group
from staticlink.link.options import Options
from staticlink.link.reach import Place, SectionGraph
from staticlink.link.reading import read_input
from staticlink.link.resolve import resolve

if TYPE_CHECKING:
    from staticlink.link.resolution import Resolution

_LINKS = int(os.environ.get("STATICLINK_ORACLE_LINKS", "60"))
_SEED = int(os.environ.get("STATICLINK_ORACLE_SEED", "1"))
#: GNU ld writes the signature of a group behind the name.
_BFD = re.compile(r"removing unused section '([^'\[]+)(?:\[[^']*\])?' in file '(?:.*/)?([^/']+)'")
_LLD = re.compile(r"removing unused section (?:.*/)?([^/]+?):\((\S+)\)$", re.MULTILINE)


def run(*command: str, directory: Path) -> str:
    done = subprocess.run(command, cwd=directory, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def require(linker: str) -> None:
    if shutil.which(f"ld.{linker}") is None:
        pytest.skip(f"ld.{linker} is not installed")


def removed_by(linker: str, words: list[str], directory: Path) -> set[tuple[str, str]]:
    """Return the sections that a linker says it removes: the file, as it names it, and the section."""
    collected = ("--gc-sections", "--print-gc-sections", "-z", "nostart-stop-gc")
    said = run(f"ld.{linker}", "-static", *collected, "-o", "app", *words, directory=directory)
    if linker == "lld":
        return {(file, section) for file, section in _LLD.findall(said)}
    return {(file, section) for section, file in _BFD.findall(said)}


def sections_by_reach(found: Resolution) -> tuple[set[tuple[str, str]], set[tuple[str, str]]]:
    """Return the loaded sections with bytes in them that cannot be reached, and those that can.

    A COMDAT group that is a copy is no part of the link.
    """
    graph = SectionGraph(found)
    sets: tuple[set[tuple[str, str]], set[tuple[str, str]]] = (set(), set())
    kept: dict[str, int] = {}
    for number, one in enumerate(found.loaded):
        table = graph.references(number).table
        for section, name in enumerate(table.section_names(), start=1):
            row, signature = table.sections.row(section), table.groups.get(section)
            copy = signature is not None and kept.setdefault(signature, number) != number
            if row[2] & 2 and row[5] and row[1] != 7 and name != ".eh_frame" and not copy:
                sets[graph.is_reached(Place(number, section))].add((one.display, name))
    return sets


def draw_body(draw: random.Random, number: int, count: int) -> list[str]:
    """Return what a section of object ``number`` of ``count`` refers to."""
    lines = [" .quad 0"]
    for _ in range(draw.choice((0, 0, 1, 1, 2))):
        other = draw.randrange(count)
        names = [f"f{other}_{draw.randrange(3)}"] * 3
        names += [f"g{other}_0", f"l{number}_{draw.randrange(2)}", f"c_{draw.randrange(3)}"]
        lines.append(f" .quad {draw.choice(names)}")
    if draw.random() < 0.1:
        lines.append(f" .quad __start_set{draw.randrange(2)}")
    return lines


def draw_object(draw: random.Random, number: int, count: int) -> str:
    """Return the assembly of object ``number`` of a link of ``count``."""
    heads = [f' .section .text.f{n},"ax"\n .globl f{number}_{n}\nf{number}_{n}:' for n in range(3)]
    heads += [f' .section .data.g,"aw"\n .weak g{number}_0\ng{number}_0:']
    heads += [f' .section .rodata.l{n},"a"\nl{number}_{n}:' for n in range(2)]
    heads += [f' .section .text.c{n},"axG",@progbits,c_{n},comdat\n .weak c_{n}\nc_{n}:' for n in range(3)]
    heads += [f' .section .data.c{n},"awG",@progbits,c_{n},comdat' for n in range(3)]
    rare = ((0.3, ' .section .init_array,"aw",@init_array'), (0.3, f' .section set{draw.randrange(2)},"aw"'))
    heads += [head for chance, head in (*rare, (0.2, ' .section .data.kept,"awR"')) if draw.random() < chance]
    if number == 0:
        heads.append(' .section .text.start,"ax"\n .globl _start\n_start:\n .quad f0_0')
    lines = [line for head in heads for line in (head, *draw_body(draw, number, count))]
    return "\n".join([*lines, ' .section .note.GNU-stack,"",@progbits', ""])


def assemble(directory: Path, name: str, text: str) -> str:
    (directory / f"{name}.s").write_text(text)
    run("as", "-o", f"{name}.o", f"{name}.s", directory=directory)
    return f"{name}.o"


@pytest.mark.parametrize("linker", ["bfd", "lld"])
def test_generated_links_keep_what_linkers_keep(tmp_path: Path, linker: str) -> None:
    require(linker)
    kept = removed = 0
    # Every set has a member, so that its bounds are defined.
    sets = assemble(tmp_path, "sets", "".join(f' .section set{n},"aw"\n .quad 0\n' for n in range(2)))
    for number in range(_LINKS):
        draw = random.Random(f"{_SEED} {number}")  # noqa: S311  (repeatable is what is wanted)
        count = draw.randrange(2, 5)
        names = [assemble(tmp_path, f"o{n}", draw_object(draw, n, count)) for n in range(count)]
        undefined = [f"f{count - 1}_2"] if draw.random() < 0.3 else []
        items = [read_input(tmp_path / name) for name in (*names, sets)]
        found = resolve(items, profile=linker, options=Options(undefined=tuple(undefined)))
        unreached, reached = sections_by_reach(found)
        theirs = removed_by(linker, [*names, sets, *(f"--undefined={name}" for name in undefined)], tmp_path)
        assert unreached == theirs & (unreached | reached), f"{_SEED} {number}"
        kept, removed = kept + len(reached), removed + len(unreached)
    assert kept > 5 * _LINKS
    assert removed > 5 * _LINKS


_C = """#include <math.h>
#include <netdb.h>
#include <stdio.h>
int unused(const char *name) { struct addrinfo *found; return getaddrinfo(name, "80", 0, &found); }
int main(int c, char **v) { return printf("%f %s", cos(c), *v) < 0; }
"""
_RUST = """#[no_mangle]
pub extern "C" fn told(count: usize) -> usize {
    std::panic::catch_unwind(|| vec![1u8; count].iter().map(|&one| usize::from(one)).sum()).unwrap_or(0)
}
"""
_C_AND_RUST = "#include <stdio.h>\nsize_t told(size_t);\nint main(int c, char **v) { (void)v; return told(c) != 1; }\n"


def compiler_file(name: str) -> str:
    return run("gcc", f"-print-file-name={name}", directory=Path("/")).strip()


@pytest.fixture
def libc(tmp_path: Path) -> str:
    """The archive of glibc without the notes for tracers."""
    run("objcopy", "--remove-section=.note.stapsdt", compiler_file("libc.a"), "libc.a", directory=tmp_path)
    return str(tmp_path / "libc.a")


def compare_real_link(linker: str, directory: Path, libc: str, *own: str) -> set[str]:
    """Return the names of the sections that we reach and the linker removes, or that it keeps and we do not reach."""
    before = [compiler_file(name) for name in ("crt1.o", "crti.o", "crtbegin.o")]
    names = [compiler_file(name) for name in ("libm-2.36.a", "libgcc.a", "libgcc_eh.a")] + [libc]
    names = [name for name in names if Path(name).is_file()]
    after = [compiler_file(name) for name in ("crtend.o", "crtn.o")]
    objects, archives = [one for one in own if one.endswith(".o")], [one for one in own if one.endswith(".a")]
    items = [read_input(directory / path) for path in (*before, *objects)]
    group = Group(tuple(read_input(directory / path) for path in (*archives, *names)))
    found = resolve([*items, group, *(read_input(Path(path)) for path in after)], profile=linker)
    unreached, reached = sections_by_reach(found)
    assert len(reached) > 500
    assert len(unreached) > 10
    words = [*before, *objects, "--start-group", *archives, *names, "--end-group", *after]
    removed = removed_by(linker, ["--eh-frame-hdr", *words], directory) & (reached | unreached)
    return {name for _, name in (reached & removed) | (unreached - removed)}


def is_table(name: str) -> bool:
    """Say whether a section is a function's language-specific data, which GNU ld keeps least of, and lld most."""
    return name.startswith(".gcc_except_table")


@pytest.mark.parametrize("linker", ["bfd", "lld"])
def test_a_program_of_glibc_keeps_what_linkers_keep(tmp_path: Path, libc: str, linker: str) -> None:
    require(linker)
    (tmp_path / "main.c").write_text(_C)
    run("gcc", "-O1", "-ffunction-sections", "-fdata-sections", "-c", "main.c", directory=tmp_path)
    assert [name for name in compare_real_link(linker, tmp_path, libc, "main.o") if not is_table(name)] == []


@pytest.mark.parametrize("linker", ["bfd", "lld"])
def test_a_program_with_rusts_library_keeps_what_linkers_keep(tmp_path: Path, libc: str, linker: str) -> None:
    require(linker)
    (tmp_path / "main.c").write_text(_C_AND_RUST)
    (tmp_path / "told.rs").write_text(_RUST)
    rustc = shutil.which("rustc") or str(Path.home() / ".cargo/bin/rustc")
    run("gcc", "-O1", "-c", "main.c", directory=tmp_path)
    run(rustc, "--edition=2021", "-O", "--crate-type=staticlib", "told.rs", directory=tmp_path)
    different = compare_real_link(linker, tmp_path, libc, "main.o", "libtold.a")
    assert [name for name in different if not is_table(name)] == []
