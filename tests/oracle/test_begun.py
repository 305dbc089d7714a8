"""Does a link that is gone on with come to what the same link comes to from nothing?"""

from __future__ import annotations

import os
import random
from typing import TYPE_CHECKING, Any

from staticlink.link.begun import begin_link
from staticlink.link.gnu_ld import GnuLd
from staticlink.link.inputs import Archive, Group, ObjectFile, Whole, flatten
from staticlink.link.order import order_inputs

from tests.oracle.comparison import make
from tests.oracle.drafts import save

if TYPE_CHECKING:
    from pathlib import Path

    from staticlink.link.begun import Begun
    from staticlink.link.inputs import Item
    from staticlink.link.resolution import Resolution

LINKS = int(os.environ.get("STATICLINK_ORACLE_LINKS", "400"))


def facts(found: Resolution) -> tuple[Any, ...]:
    return found.loaded, found.extractions, dict(found.state), found.undefined, found.clashes, found.shadowed


def test_a_link_gone_on_with_is_the_link_from_nothing(tmp_path: Path) -> None:
    for seed in range(LINKS):
        directory = tmp_path / str(seed)
        directory.mkdir()
        items, _, options = save(make(seed), directory)
        whole = [one for one in items if isinstance(one, Whole)]
        inputs = list(dict.fromkeys(flatten(items)))
        objects = [one for one in inputs if isinstance(one, ObjectFile)]
        covered = {one.archive for one in whole}
        archives: list[Item] = [*whole, *(one for one in inputs if isinstance(one, Archive) and one not in covered)]
        objects, closing = objects[:2], objects[2:]
        count = random.Random(seed).randint(0, len(archives))  # noqa: S311  (a place, not a secret)
        begun = begin_link((*objects, *archives[:count]), options)

        grouped = GnuLd(options)
        grouped.take_all([*objects, Group(tuple(archives)), *closing])
        link = begun.link.extended(())
        link.take_all(archives[count:])
        link.take_all([Group(tuple(archives))], again=True)
        link.take_all(closing)
        assert facts(link.result("bfd", ())) == facts(grouped.result("bfd", ())), f"seed {seed}"

        def ordered(known: Begun | None) -> tuple[Any, ...]:
            found = order_inputs(objects, archives, closing=closing, options=options, begun=known)  # noqa: B023
            return found.items, found.unused, found.kept, found.cycles, *facts(found.resolution)

        assert ordered(begun) == ordered(None), f"seed {seed}"
