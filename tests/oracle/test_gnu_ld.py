"""Do we extract what GNU ld and lld extract, in their order, for the same reasons?

Links are generated from a seed and given to the real linkers. The default number keeps the run within a minute;
``STATICLINK_ORACLE_LINKS=20000`` runs the long comparison. A failure prints its seed.
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
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from staticlink.link.inputs import Archive, Group, ObjectFile, Whole, flatten, read_input
from staticlink.link.options import Assignment, Options
from staticlink.link.order import order_inputs
from staticlink.link.resolve import resolve

from tests.elf_writer import Specimen, write_archive, write_object

if TYPE_CHECKING:
    from collections.abc import Sequence

    from staticlink.link.inputs import Item
    from staticlink.link.resolution import Resolution

LINKS = int(os.environ.get("STATICLINK_ORACLE_LINKS", "400"))
_SYMBOLS = [f"s{number}" for number in range(12)]
_INCLUDED = re.compile(r"^(\S+)\s+(?:(\S+) )?\((\S+)\)$")

run_links = settings(
    max_examples=LINKS,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
seeds = given(seed=st.integers(0, 2**32))


def seeded(seed: int) -> random.Random:
    return random.Random(seed)  # noqa: S311  (repeatable is what is wanted)


def some(chance: random.Random, names: Sequence[str], most: int) -> list[str]:
    return chance.sample(names, min(len(names), chance.randint(0, most)))


def draw_object(chance: random.Random, *, root: bool = False, comdat: bool = True) -> Specimen:
    names = list(_SYMBOLS)
    chance.shuffle(names)

    def take(most: int, probability: float) -> list[str]:
        count = min(chance.randint(1, most), len(names)) if chance.random() < probability else 0
        return [names.pop() for _ in range(count)]

    return Specimen(
        strong=["_start"] if root else take(2, 0.7),
        data=take(1, 0.3),
        weak=take(1, 0.3),
        common=take(1, 0.2),
        comdat=take(1, 0.15 if comdat else 0),
        undefined=take(3, 0.9 if root else 0.7),
        weak_undefined=take(1, 0.3),
    )


def draw_link(chance: random.Random, directory: Path, *, comdat: bool = True) -> tuple[list[Item], list[str]]:
    """Return the inputs of a random link, and the same as arguments of a linker."""
    root = read(directory / "main.o", write_object(draw_object(chance, root=True, comdat=comdat)))
    archives = []
    for number in range(chance.randint(1, 5)):
        members = [(f"m{number}{place}.o", draw_object(chance, comdat=comdat)) for place in range(chance.randint(1, 4))]
        archives.append(read(directory / f"lib{number}.a", write_archive(members)))
    rest: list[Item] = list(archives)
    if chance.random() < 0.3:
        rest.append(chance.choice(archives))
    if chance.random() < 0.2:
        rest.insert(
            chance.randint(0, len(rest)), read(directory / "late.o", write_object(draw_object(chance, comdat=comdat)))
        )
    if chance.random() < 0.15:
        place = chance.randrange(len(archives))
        archive = archives[place]
        assert isinstance(archive, Archive)
        rest[place] = Whole(archive)
    if chance.random() < 0.4:
        low = chance.randrange(len(rest))
        high = chance.randint(low, len(rest) - 1)
        rest[low : high + 1] = [Group(tuple(rest[low : high + 1]))]
    items: list[Item] = [root, *rest]
    return items, arguments(items)


def read(path: Path, data: bytes) -> Item:
    # A new file, not new bytes in the old one: the old one may still be mapped.
    path.unlink(missing_ok=True)
    path.write_bytes(data)
    return read_input(path)


def arguments(items: Sequence[Item]) -> list[str]:
    words: list[str] = []
    for item in items:
        if isinstance(item, Group):
            words += ["--start-group", *arguments(item.items), "--end-group"]
        elif isinstance(item, Whole):
            words += ["--whole-archive", item.archive.path.name, "--no-whole-archive"]
        elif isinstance(item, Assignment):
            words.append(f"--defsym={item.symbol}={item.expression}")
        else:
            words.append(item.path.name)
    return words


def run_bfd(directory: Path, words: Sequence[str]) -> tuple[list[tuple[str, str, str]], set[str], set[str]]:
    """Return what GNU ld extracted (member, reference, symbol), the undefined symbols, the duplicates."""
    command = ["ld.bfd", "-static", "-Map=map", "-o", "out", "--noinhibit-exec", *words]
    done = subprocess.run(command, cwd=directory, capture_output=True, text=True, timeout=60, check=False)
    text = (directory / "map").read_text()
    included = text.partition("included to satisfy reference by file (symbol)\n\n")[2].partition("\n\n")[0]
    lines = re.sub(r"\n +", " ", included).splitlines()  # a long name has its reference on the next line
    found = [match.groups() for line in lines if (match := _INCLUDED.match(line))]
    rows = [(member, reference or "", symbol) for member, reference, symbol in found]
    undefined = set(re.findall(r"undefined reference to `(\w+)'", done.stderr))
    duplicates = set(re.findall(r"multiple definition of `(\w+)'", done.stderr))
    return rows, undefined, duplicates


def ours(found: Resolution) -> list[tuple[str, str, str]]:
    return [
        (one.member, "" if one.reference.startswith("-") else one.reference, one.symbol) for one in found.extractions
    ]


@run_links
@seeds
def test_generated_links_resolve_as_under_gnu_ld(tmp_path: Path, seed: int) -> None:
    chance = seeded(seed)
    items, words = draw_link(chance, tmp_path)
    wanted = some(chance, _SYMBOLS, 1)
    found = resolve(items, options=Options(undefined=tuple(wanted)))
    rows, undefined, duplicates = run_bfd(tmp_path, [*(f"-u{name}" for name in wanted), *words])
    extracted = [row for row in rows if row[2] != "--whole-archive"]
    assert ours(found) == extracted
    assert set(found.undefined) == undefined
    assert set(found.duplicates) == duplicates


@run_links
@seeds
def test_generated_orders_link_under_gnu_ld(tmp_path: Path, seed: int) -> None:
    chance = seeded(seed)
    items, _ = draw_link(chance, tmp_path)
    archives = list(dict.fromkeys(one for one in flatten(items) if isinstance(one, Archive)))
    objects = [one for one in flatten(items) if isinstance(one, ObjectFile)]
    chance.shuffle(archives)
    order = order_inputs(objects, archives)
    rows, undefined, _ = run_bfd(tmp_path, arguments([*objects, *order.items]))
    _, in_a_group, _ = run_bfd(tmp_path, arguments([*objects, Group(tuple(archives))]))
    assert ours(order.resolution) == rows
    assert undefined <= in_a_group
    meant = [resolve([*objects, *given]).definitions for given in (archives, [Group(tuple(archives))])]
    now = order.resolution.definitions
    referenced = {name for one in order.resolution.loaded for name in one.symbols.undefined}
    winners = {name: now.get(name) for name in referenced}
    assert winners in [{name: before.get(name) for name in referenced} for before in meant]


def rust_lld() -> str:
    rustc = shutil.which("rustc") or str(Path.home() / ".cargo/bin/rustc")
    done = subprocess.run([rustc, "--print", "sysroot"], capture_output=True, text=True, check=True, timeout=60)
    return str(Path(done.stdout.strip()) / "lib/rustlib/x86_64-unknown-linux-gnu/bin/rust-lld")


@pytest.fixture(scope="session")
def lld() -> list[str]:
    return [rust_lld(), "-flavor", "gnu"]


@run_links
@seeds
def test_generated_links_resolve_as_under_lld(tmp_path: Path, lld: list[str], seed: int) -> None:
    chance = seeded(seed)
    items, words = draw_link(chance, tmp_path, comdat=False)
    command = [*lld, "-static", "-o", "out", "--why-extract=why", "--noinhibit-exec", "-z", "muldefs", *words]
    subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    rows = [line.split("\t") for line in (tmp_path / "why").read_text().splitlines()[1:]]
    found = resolve(items, profile="lld")
    assert [[one.reference, one.member, one.symbol] for one in found.extractions] == rows
