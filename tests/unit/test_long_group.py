"""A group that is searched many times: only archives that promise something asked for are, and nothing else changes."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest
from staticlink.link.inputs import Group
from staticlink.link.reading import read_input
from staticlink.link.resolve import resolve

from tests.elf_writer import Specimen, save, write_archive, write_object

if TYPE_CHECKING:
    from pathlib import Path

    from staticlink.link.inputs import Item
    from staticlink.link.resolution import Resolution


def specimen(choice: random.Random, names: list[str]) -> Specimen:
    strong, weak, common, bare = (choice.sample(names, choice.randint(0, most)) for most in (2, 1, 1, 3))
    weak = [name for name in weak if name not in strong]
    common = [name for name in common if name not in (*strong, *weak)]
    return Specimen(
        strong=strong, weak=weak, common=common, bare=[one for one in bare if one not in (*strong, *weak, *common)]
    )


def outcome(found: Resolution) -> tuple[object, ...]:
    reasons = [(one.reference, one.member, one.symbol) for one in found.extractions]
    return [one.display for one in found.loaded], reasons, found.state, found.clashes, found.shadowed


def test_a_chain_in_the_wrong_order_joins_whole(tmp_path: Path) -> None:
    items: list[Item] = [read_input(save(tmp_path / "main.o", write_object(Specimen(("_start",), bare=("s0",)))))]
    chain = [Specimen((f"s{number}",), bare=(f"s{number + 1}",)) for number in range(20)]
    for number, one in enumerate([*chain, Specimen(("s20",))]):
        save(tmp_path / f"{number}.a", write_archive([("m.o", one)]))
    archives = [read_input(tmp_path / f"{number}.a") for number in reversed(range(21))]
    found = resolve([*items, Group(tuple(archives))])
    assert [one.display for one in found.loaded] == ["main.o", *(f"{number}.a(m.o)" for number in range(21))]


@pytest.mark.parametrize("seed", range(40))
def test_a_group_comes_to_what_searching_all_of_it_each_time_comes_to(tmp_path: Path, seed: int) -> None:
    choice = random.Random(seed)  # noqa: S311  (cases, not secrets)
    names = [f"s{number}" for number in range(choice.randint(6, 14))]
    main = save(tmp_path / "main.o", write_object(Specimen(("_start",), bare=names[:2])))
    for number in range(8):
        members = [(f"m{place}.o", specimen(choice, names)) for place in range(choice.randint(1, 3))]
        save(tmp_path / f"{number}.a", write_archive(members))

    def archives() -> list[Item]:
        return [read_input(tmp_path / f"{number}.a") for number in range(8)]

    # An object within the group is joined once and makes it one that is searched as a whole each time.
    nothing = save(tmp_path / "nothing.o", write_object(Specimen()))
    short = resolve([read_input(main), read_input(nothing), Group(tuple(archives()))])
    whole = resolve([read_input(main), Group((read_input(nothing), *archives()))])
    assert outcome(short) == outcome(whole)
