"""Is the linker that was asked for the one that is used, and a broken one passed over?"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile
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


_SIZE = "stack-size=1048576"


@pytest.mark.parametrize("words", [("-z", _SIZE), (f"-z{_SIZE}",)])
def test_one_that_ignores_an_argument_is_passed_over(tmp_path: Path, words: tuple[str, ...]) -> None:
    script(tmp_path / "ld.mold", "exit 0")
    found = find_linkers(directory_with(tmp_path))
    assert choose_linker("auto", found).value.name == "mold"
    choice = choose_linker("auto", found, words=words)
    assert (choice.value.name, choice.evidence) == ("bfd", (f"mold ignores -z {_SIZE}",))
    with pytest.raises(StaticlinkError) as caught:
        choose_linker("mold", found, words=words)
    assert render_error(caught.value) == (
        f"linker does not work: mold\n  mold ignores -z {_SIZE}\n  installed: mold, bfd\n  fix: linker=auto"
    )


def test_policy_knows_which_linkers_ignore_the_size_of_stacks(tmp_path: Path) -> None:
    """The size is in p_memsz of PT_GNU_STACK; the linkers that are installed decide what policy has to say."""
    found = find_linkers([Path(part) for part in os.environ["PATH"].split(os.pathsep) if part])
    (tmp_path / "start.s").write_text(".globl _start\n_start: nop\n.section .note.GNU-stack\n", encoding="utf-8")
    run(["gcc", "-c", "start.s"], tmp_path)
    ignoring = []
    for linker in found:
        run([*linker.command, "-static", "-z", _SIZE, "start.o", "-o", linker.name], tmp_path)
        with (tmp_path / linker.name).open("rb") as file:
            (stack,) = [one for one in ELFFile(file).iter_segments() if one["p_type"] == "PT_GNU_STACK"]
            ignoring += [linker.name] if stack["p_memsz"] != 1 << 20 else []
    assert ignoring == [linker.name for linker in found if linker.ignores]


def run(command: list[str], place: Path) -> None:
    subprocess.run(command, cwd=place, check=True, capture_output=True, timeout=60)
