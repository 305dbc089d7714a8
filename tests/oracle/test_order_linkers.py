"""Does every linker take the order that we give, and is nothing in it too much?

Links are generated from a seed, their inputs in random order. The default number keeps the run within half a minute;
``STATICLINK_ORACLE_LINKS=20000`` makes it long (see CONTRIBUTING.md). A failure names its seeds.
"""

from __future__ import annotations

import os
import random
import re
import shutil
from itertools import islice, permutations
from typing import TYPE_CHECKING

import pytest
from staticlink.link.inputs import Archive, Group, Whole, flatten

from tests.oracle.linkers import rust_lld
from tests.oracle.orders import contested, uncontested, words_of
from tests.oracle.winners import read_winners

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from staticlink.link.inputs import Item

    from tests.oracle.orders import OrderedLink

LINKS = int(os.environ.get("STATICLINK_ORACLE_LINKS", "400")) // 4
BFD = ["ld.bfd"]
_NO_BACKWARD_REFERENCES = ["--warn-backrefs", "--fatal-warnings"]


def command_of(linker: str) -> list[str]:
    if linker == "rust-lld":
        return [*rust_lld(), *_NO_BACKWARD_REFERENCES]
    if shutil.which(linker) is None:
        pytest.skip(f"not installed: {linker}")
    return [linker, *(_NO_BACKWARD_REFERENCES if linker == "ld.lld" else [])]


def links(directory: Path) -> Iterator[tuple[int, OrderedLink]]:
    for seed in range(LINKS):
        yield seed, uncontested(seed, directory)


def is_missing(messages: str) -> bool:
    return "undefined reference to" in messages or "required symbol" in messages


@pytest.mark.parametrize("linker", ["ld.bfd", "ld.gold", "ld.lld", "rust-lld", "mold"])
def test_every_linker_takes_the_order(tmp_path: Path, linker: str) -> None:
    program = command_of(linker)
    refused = []
    for seed, link in links(tmp_path):
        assert not link.order.kept, seed
        done, messages = link.links(program, link.words())
        if not done and not (linker == "ld.gold" and _is_stopped_by_a_weak_reference(link, messages)):
            refused.append((seed, messages))
    assert not refused


def _is_stopped_by_a_weak_reference(link: OrderedLink, messages: str) -> bool:
    """Say whether gold misses in a group only what was referred to weakly first (docs/linkers.md, "Order")."""
    missed = set(re.findall(r"undefined reference to '([^']+)'", messages))
    weak = {name for one in link.order.resolution.loaded for name in one.symbols.weak_undefined}
    return bool(missed) and missed <= weak and any(isinstance(item, Group) for item in link.order.items)


def test_a_group_is_needed_and_every_archive_in_it(tmp_path: Path) -> None:
    """No order of a group's archives links without the markers, nor with one archive taken out to either side."""
    needless, groups = [], 0
    for seed, link in links(tmp_path):
        for place, item in enumerate(link.order.items):
            if isinstance(item, Group):
                groups += 1
                for instead in _without_markers(item.items):
                    items = [*link.order.items[:place], *instead, *link.order.items[place + 1 :]]
                    done, messages = link.links(BFD, link.words(items))
                    if done or not is_missing(messages):
                        needless.append((seed, link.words(), link.words(items), messages))
    print(f"{groups} groups in {LINKS} links")  # noqa: T201  (shown by pytest -rP)
    assert groups
    assert not needless


def _without_markers(archives: Sequence[Item]) -> Iterator[Sequence[Item]]:
    yield from islice(permutations(archives), 24)
    if len(archives) > 2:
        for one in archives:
            rest = Group(tuple(other for other in archives if other is not one))
            yield (one, rest)
            yield (rest, one)


def test_no_archive_can_be_dropped(tmp_path: Path) -> None:
    superfluous, dropped = [], 0
    for seed, link in links(tmp_path):
        # A symbol of -u that stays undefined is no error by itself.
        required = [f"--require-defined={name}" for name in link.options.undefined]
        for archive in flatten([item for item in link.order.items if not isinstance(item, Whole)]):
            assert isinstance(archive, Archive)
            done, messages = link.links(BFD, [*required, *link.words(_without(link.order.items, archive))])
            dropped += 1
            if done or not is_missing(messages):
                superfluous.append((seed, archive.display, link.words(), messages))
    print(f"{dropped} archives in {LINKS} links")  # noqa: T201  (shown by pytest -rP)
    assert not superfluous


def _without(items: Sequence[Item], archive: Archive) -> list[Item]:
    return [
        Group(tuple(one for one in item.items if one is not archive)) if isinstance(item, Group) else item
        for item in items
        if item is not archive
    ]


def test_any_shuffle_gives_the_same_order(tmp_path: Path) -> None:
    differing = []
    for seed, link in links(tmp_path):
        chance = random.Random(seed)  # noqa: S311  (repeatable is what is wanted)
        given = list(link.given)
        for _ in range(6):
            chance.shuffle(given)
            if (now := link.again(given).paths) != link.order.paths:
                differing.append((seed, link.order.paths, now))
    assert not differing


def test_no_winner_differs_from_what_the_users_order_meant(tmp_path: Path) -> None:
    """Compare two links by GNU ld: the user's order, or its archives as a group where that misses members; and ours."""
    wrong, kept = [], 0
    for seed in range(LINKS):
        link = contested(seed, tmp_path)
        kept += bool(link.order.kept)
        before, missing_before = _meant(link)
        now, missing_now = read_winners(tmp_path, link.words())
        differing = sorted(name for name in before.keys() & now.keys() if before[name] != now[name])
        if differing or missing_now - missing_before:
            wrong.append((seed, words_of(link.given), link.words(), differing, missing_now - missing_before))
    print(f"the user's order kept in {kept} of {LINKS} links")  # noqa: T201  (shown by pytest -rP)
    assert not wrong


def _meant(link: OrderedLink) -> tuple[dict[str, str], frozenset[str]]:
    winners, missing = read_winners(link.directory, link.words(link.given))
    archives = [one for one in flatten(link.given) if isinstance(one, Archive)]
    if not any(name in archive.promises for name in missing for archive in archives):
        return winners, missing
    return read_winners(link.directory, link.words([Group(tuple(dict.fromkeys(_leaves(link.given))))]))


def _leaves(items: Sequence[Item]) -> Iterator[Item]:
    for item in items:
        if isinstance(item, Group):
            yield from _leaves(item.items)
        else:
            yield item
