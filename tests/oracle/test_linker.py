"""Is the linker that was asked for the one that is used, and a broken one passed over?"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from staticlink.errors import StaticlinkError
from staticlink.link.linker import choose_linker, find_linkers
from staticlink.report.text import render_error

BFD = Path(shutil.which("ld.bfd") or "/usr/bin/ld.bfd")


def script(path: Path, body: str) -> None:
    path.write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
    path.chmod(0o755)


def directory_with(tmp_path: Path, *names: str) -> list[Path]:
    (tmp_path / "ld.bfd").symlink_to(BFD)
    for name in names:
        script(tmp_path / name, "echo broken >&2; exit 1")
    return [tmp_path]


def test_auto_takes_the_first_that_answers(tmp_path: Path) -> None:
    choice = choose_linker("auto", find_linkers(directory_with(tmp_path, "ld.mold")))
    assert choice.value.name == "bfd"
    assert choice.evidence == ("mold does not run: --version exits 1",)


def test_the_one_asked_for_is_used(tmp_path: Path) -> None:
    choice = choose_linker("bfd", find_linkers(directory_with(tmp_path)))
    assert (choice.value.path, choice.reason) == (tmp_path / "ld.bfd", "linker=bfd")


def test_one_that_is_not_installed_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(StaticlinkError) as caught:
        choose_linker("gold", find_linkers(directory_with(tmp_path)))
    assert render_error(caught.value) == "linker not found: gold\n  installed: bfd\n  fix: linker=auto"


def test_one_that_does_not_run_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(StaticlinkError) as caught:
        choose_linker("mold", find_linkers(directory_with(tmp_path, "mold")))
    assert render_error(caught.value) == (
        "linker does not work: mold\n  mold does not run: --version exits 1\n  installed: mold, bfd\n  fix: linker=auto"
    )


def test_one_that_makes_no_static_pie_is_passed_over_for_one(tmp_path: Path) -> None:
    script(tmp_path / "ld.gold", "exit 0")
    found = find_linkers(directory_with(tmp_path))
    assert choose_linker("auto", found).value.name == "gold"
    assert choose_linker("auto", found, pie=True).value.name == "bfd"
    with pytest.raises(StaticlinkError) as caught:
        choose_linker("gold", found, pie=True)
    assert render_error(caught.value) == (
        "linker does not work: gold\n  gold makes no static-pie: it does not know --no-dynamic-linker\n"
        "  installed: gold, bfd\n  fix: linker=auto"
    )
