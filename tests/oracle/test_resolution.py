"""Do we extract what GNU ld and lld extract, in their order, for the same reasons?

Links are generated from seeds and hold every case of ``tests/oracle/rows.py``. The default number keeps the run within
half a minute; ``STATICLINK_ORACLE_LINKS=20000 pytest -s tests/oracle/test_resolution.py`` runs the long comparison and
prints what it came to. A failure names its seeds.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
from staticlink.link.options import Options
from staticlink.link.reading import read_input
from staticlink.link.resolve import resolve

from tests.elf_writer import Specimen, write_object
from tests.oracle.comparison import NOT_AS_IN_LLD_14, compare, rows_of
from tests.oracle.drafts import SYMBOLS
from tests.oracle.linkers import run_bfd, run_lld, rust_lld, version
from tests.oracle.orders import contested
from tests.oracle.rows import ROWS

if TYPE_CHECKING:
    from pathlib import Path

LINKS = int(os.environ.get("STATICLINK_ORACLE_LINKS", "500"))
FIRST = int(os.environ.get("STATICLINK_ORACLE_SEED", "0"))
#: LLD 14 still looks for data where a symbol is COMMON; this asks for what later versions do.
_LLD_14 = ["ld.lld-14", "--no-fortran-common"]


@pytest.mark.parametrize("linker", ["bfd", "lld 14", "lld"])
def test_generated_links_resolve_as_under_the_real_linker(tmp_path: Path, linker: str) -> None:
    program = {"bfd": ["ld.bfd"], "lld 14": _LLD_14, "lld": rust_lld() if linker == "lld" else []}[linker]
    if shutil.which(program[0]) is None:
        pytest.skip(f"{program[0]} is not installed")
    tally = compare(linker, program, FIRST, LINKS, tmp_path)
    print(f"\n{tally.text(version(program), FIRST)}")  # noqa: T201  (the summary to quote)
    assert not tally.differences, "\n".join(tally.differences[:5])
    left_out = {"bfd": set(), "lld": {"10"}, "lld 14": {"10", *NOT_AS_IN_LLD_14}}[linker]
    assert {row for row, _ in ROWS} - set(tally.rows) <= left_out


def test_the_order_that_is_chosen_resolves_as_under_gnu_ld(tmp_path: Path) -> None:
    for seed in range(FIRST, FIRST + LINKS // 2):
        link = contested(seed, tmp_path)
        found, real = link.order.resolution, run_bfd(tmp_path, link.words())
        theirs = tuple(row for row in real.rows if row[2] != "--whole-archive")
        assert (seed, rows_of(found), frozenset(found.undefined)) == (seed, theirs, real.undefined)


def link_by_gnu_ld(directory: Path, words: list[str], **objects: Specimen) -> tuple[int, str]:
    """Return the exit code and the messages of a link that may fail."""
    for name, one in objects.items():
        (directory / f"{name}.o").write_bytes(write_object(one))
    done = subprocess.run(["ld.bfd", *words], cwd=directory, capture_output=True, text=True, timeout=60, check=False)
    return done.returncode, done.stderr


def test_gnu_ld_only_warns_of_an_assignment_that_comes_late_to_a_defined_symbol(tmp_path: Path) -> None:
    """The assignment waits for COMMON ``c``; ``x`` has its place by then, which GNU ld takes to be worth a warning."""
    main = Specimen(strong=["_start"], data=["x"], common=["c"])
    code, messages = link_by_gnu_ld(tmp_path, ["main.o", "--defsym=x=c", "-o", "out"], main=main)
    assert code == 0
    assert "warning: multiple definition of `x'; main.o:(.data+0x0): first defined here" in messages


def test_gnu_ld_stops_for_a_required_symbol(tmp_path: Path) -> None:
    main = Specimen(strong=["_start"])
    code, messages = link_by_gnu_ld(tmp_path, ["main.o", "--require-defined=x", "-o", "out"], main=main)
    assert (code, messages) == (1, "ld.bfd: required symbol `x' not defined\n")


@pytest.mark.parametrize("pie", [False, True])
@pytest.mark.parametrize("linker", ["bfd", "lld"])
def test_names_that_only_a_pie_has_or_only_another_executable(tmp_path: Path, linker: str, *, pie: bool) -> None:
    names = ["__rela_iplt_start", "__rela_iplt_end", "_DYNAMIC"]
    (tmp_path / "main.o").write_bytes(write_object(Specimen(strong=["_start"], undefined=names)))
    words = ["main.o", *(["-pie", "--no-dynamic-linker"] if pie else [])]
    real = run_bfd(tmp_path, words) if linker == "bfd" else run_lld(rust_lld(), tmp_path, words)
    assert real.undefined == set(names[:2] if pie else names[2:])
    assert set(resolve([read_input(tmp_path / "main.o")], profile=linker, options=Options(pie=pie)).undefined) == set(
        real.undefined
    )


def test_gnu_ld_refuses_start_lib(tmp_path: Path) -> None:
    (tmp_path / "main.o").write_bytes(write_object(Specimen(strong=["_start"], undefined=list(SYMBOLS[:1]))))
    assert "unrecognized option '--start-lib'" in run_bfd(tmp_path, ["main.o", "--start-lib", "main.o"]).messages


def test_an_object_of_66000_sections(tmp_path: Path) -> None:
    lines = (f'.section .text.f{n},"ax"\n.globl f{n}\nf{n}: ret\n' for n in range(66000))
    (tmp_path / "many.s").write_text("".join(lines))
    (tmp_path / "main.o").write_bytes(write_object(Specimen(strong=["_start"], undefined=["f65999"])))
    subprocess.run(["as", "many.s", "-o", "many.o"], cwd=tmp_path, check=True, timeout=120)
    subprocess.run(["ar", "rcs", "libmany.a", "many.o"], cwd=tmp_path, check=True, timeout=120)
    items = [read_input(tmp_path / name) for name in ("main.o", "libmany.a")]
    expected = (("main.o", "libmany.a(many.o)", "f65999"),)
    for profile, real in (
        ("bfd", run_bfd(tmp_path, ["main.o", "libmany.a"])),
        ("lld", run_lld(rust_lld(), tmp_path, ["main.o", "libmany.a"])),
    ):
        found = resolve(items, profile=profile).extractions
        assert tuple((one.reference, one.member, one.symbol) for one in found) == expected == real.rows
