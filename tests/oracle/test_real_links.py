"""Do we resolve and order a real static link, member for member, as GNU ld and lld do?

The link is a C program that prints a number with printf and the mathematics library, against glibc's own archives:
more than four hundred members, cycles between libc.a, libgcc.a and libgcc_eh.a, and Debian's libm.a, which is a linker
script.
"""

from __future__ import annotations

import random
import re
import subprocess
from pathlib import Path

import pytest
from staticlink.link.inputs import Archive, Group, ObjectFile, Script, flatten
from staticlink.link.order import order_inputs
from staticlink.link.reading import read_input
from staticlink.link.resolve import resolve

_SOURCE = (
    '#include <math.h>\n#include <stdio.h>\nint main(int c, char **v) { return printf("%f %s", cos(c), *v) < 0; }\n'
)


def find(name: str) -> Path:
    done = subprocess.run(["gcc", f"-print-file-name={name}"], capture_output=True, text=True, check=True, timeout=30)
    return Path(done.stdout.strip())


@pytest.fixture
def objects(tmp_path: Path) -> list[ObjectFile]:
    (tmp_path / "main.c").write_text(_SOURCE)
    subprocess.run(["gcc", "-O1", "-c", "main.c"], cwd=tmp_path, check=True, timeout=60)
    paths = [find("crt1.o"), find("crti.o"), find("crtbegin.o"), tmp_path / "main.o"]
    return [one for path in paths if isinstance(one := read_input(path), ObjectFile)]


@pytest.fixture
def closing() -> list[ObjectFile]:
    return [one for name in ("crtend.o", "crtn.o") if isinstance(one := read_input(find(name)), ObjectFile)]


def link_with_bfd(directory: Path, words: list[str]) -> tuple[list[str], str]:
    """Return the members that GNU ld lists in its map, in its order, and its messages."""
    command = ["ld.bfd", "-static", "-Map=map", "-o", "app", *words]
    done = subprocess.run(command, cwd=directory, capture_output=True, text=True, check=False, timeout=120)
    text = (directory / "map").read_text().partition("by file (symbol)\n\n")[2].partition("\n\n")[0]
    lines = re.sub(r"\n +", " ", text).splitlines()
    return [Path(line.split()[0]).name for line in lines], done.stderr


def test_members_come_in_gnu_lds_order(tmp_path: Path, objects: list[ObjectFile], closing: list[ObjectFile]) -> None:
    archives = [read_input(find(name)) for name in ("libm.a", "libgcc.a", "libgcc_eh.a", "libc.a")]
    found = resolve([*objects, Group(tuple(archives)), *closing])
    names = [str(find(name)) for name in ("libm.a", "libgcc.a", "libgcc_eh.a", "libc.a")]
    before, after = [str(one.path) for one in objects], [str(one.path) for one in closing]
    members, messages = link_with_bfd(tmp_path, [*before, "--start-group", *names, "--end-group", *after])
    assert messages == ""
    assert len(members) > 400
    assert [one.member for one in found.extractions] == members
    assert (found.undefined, found.duplicates) == ({}, {})


def test_any_shuffle_gives_one_order_that_links(
    tmp_path: Path, objects: list[ObjectFile], closing: list[ObjectFile]
) -> None:
    archives = [read_input(find(name)) for name in ("libm.a", "libgcc.a", "libgcc_eh.a", "libc.a")]
    assert any(isinstance(one, (Script, Archive)) for one in archives)
    expected = order_inputs(objects, archives, closing=closing).paths
    for seed in range(6):
        random.Random(seed).shuffle(archives)  # noqa: S311  (repeatable is what is wanted)
        order = order_inputs(objects, archives, closing=closing)
        assert order.paths == expected
        assert not order.kept
    words: list[str] = []
    for item in order.items:
        paths = [str(one.path) for one in flatten([item])]
        words += ["--start-group", *paths, "--end-group"] if isinstance(item, Group) else paths
    command = [*(str(one.path) for one in objects), *words, *(str(one.path) for one in closing)]
    members, messages = link_with_bfd(tmp_path, command)
    assert messages == ""
    assert members == [one.member for one in order.resolution.extractions]
    done = subprocess.run([tmp_path / "app"], capture_output=True, text=True, check=True, timeout=30)
    assert done.stdout.startswith("0.540302 ")
