"""What is a random link that every linker has to take once its archives are in order, and how is it given to one?

No two objects of an uncontested link define the same symbol, so there is nothing on which linkers differ
(docs/linkers.md). References go anywhere: there are chains, and cycles between two archives and more. The user's own
order is random, with groups, repeated archives, ``--whole-archive`` and ``-u``. A contested link is a draft as the
comparisons of resolutions use it; it is for one linker at a time.
"""

from __future__ import annotations

import random
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

from staticlink.link.inputs import Archive, Group, ObjectFile, Whole, flatten
from staticlink.link.order import order_inputs

from tests.oracle.drafts import Bracket, Cover, Draft, Library, Parts, draw, option_words, save, wrap_up

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from staticlink.link.inputs import Item
    from staticlink.link.options import Options
    from staticlink.link.order import LinkOrder

_DEFINING = ("strong", "strong", "strong", "data", "weak", "common", "unique", "comdat")
_CLOSING = "end_of_it"


@dataclass(frozen=True)
class OrderedLink:
    """A link and the order it was given. ``given`` is the user's own, without the objects."""

    directory: Path
    objects: tuple[ObjectFile, ...]
    given: tuple[Item, ...]
    closing: tuple[ObjectFile, ...]
    options: Options
    order: LinkOrder

    def again(self, given: Sequence[Item]) -> LinkOrder:
        """Return the order that ``given`` leads to."""
        return order_inputs(self.objects, given, closing=self.closing, options=self.options)

    def words(self, items: Sequence[Item] | None = None) -> list[str]:
        """Return the arguments of a linker; ``items`` instead of those in order."""
        chosen = self.order.items if items is None else items
        return [*option_words(self.options), *words_of([*self.objects, *chosen, *self.closing])]

    def links(self, program: Sequence[str], words: Sequence[str]) -> tuple[bool, str]:
        """Say whether a linker exits with 0, and what it printed."""
        command = [*program, "-static", "-o", "out", *words]
        done = subprocess.run(command, cwd=self.directory, capture_output=True, timeout=60, check=False)
        return done.returncode == 0, done.stderr.decode("utf-8", "replace")


def words_of(items: Sequence[Item]) -> list[str]:
    """Return ``items`` as a command line takes them."""
    words: list[str] = []
    for item in items:
        if isinstance(item, Group):
            words += ["--start-group", *words_of(item.items), "--end-group"]
        elif isinstance(item, Whole):
            words += ["--whole-archive", item.archive.path.name, "--no-whole-archive"]
        elif isinstance(item, (Archive, ObjectFile)):
            words.append(item.path.name)
    return words


def uncontested(seed: int, directory: Path) -> OrderedLink:
    """Return link number ``seed``, in order."""
    draft = _draw(random.Random(seed))  # noqa: S311  (repeatable is what is wanted)
    items, _, options = save(draft, directory)
    return put_in_order(items, options, directory)


def contested(seed: int, directory: Path) -> OrderedLink:
    """Return link number ``seed`` of those whose objects define the same symbols, strongly, weakly and as COMMON."""
    draft = draw(seed)
    wrap_up(draft)
    items, _, options = save(draft, directory)
    return put_in_order(items, options, directory)


def put_in_order(items: Sequence[Item], options: Options, directory: Path) -> OrderedLink:
    """Return a link of ``items``, in order; an object that defines the closing symbol comes last."""
    loose = [one for one in flatten(items) if isinstance(one, ObjectFile)]
    closing = tuple(one for one in loose if _CLOSING in one.symbols.strong)
    objects = tuple(one for one in loose if one not in closing)
    given = tuple(_archives(items))
    order = order_inputs(objects, given, closing=closing, options=options)
    return OrderedLink(directory, objects, given, closing, options, order)


def _archives(items: Iterable[Item]) -> Iterator[Item]:
    for item in items:
        if isinstance(item, Group):
            yield Group(tuple(_archives(item.items)))
        elif not isinstance(item, ObjectFile):
            yield item


def _draw(chance: random.Random) -> Draft:
    draft = Draft(chance)
    sizes = [chance.randint(1, 4) for _ in range(chance.randint(2, 8))]
    names = [[[f"f{n}x{m}"] for m in range(size)] for n, size in enumerate(sizes)]
    for member in (member for archive in names for member in archive):
        if draft.some(0.3):
            member.append(f"{member[0]}y")
    forward = chance.choice((0.3, 0.7, 0.9, 1.0))
    ends = draft.some(0.2)
    for place, archive in enumerate(names):
        later = names[place:] if place + 1 == len(names) else names[place + 1 :]
        members = [_member(draft, member, later if draft.some(forward) else names) for member in archive]
        if ends and draft.some(0.3):
            members[0].put("undefined", _CLOSING)
        draft.library(*members)
    known = [name for archive in names for member in archive for name in member]
    wanted = chance.sample(known, min(len(known), chance.randint(1, 4)))
    draft.main.put("undefined", *wanted)
    _add_the_rest(draft, known)
    chance.shuffle(draft.entries)
    if ends:
        draft.loose(anywhere=False).put("strong", _CLOSING).put("undefined", chance.choice(wanted))
    return draft


def _member(draft: Draft, own: Sequence[str], archives: Sequence[Sequence[Sequence[str]]]) -> Parts:
    found = Parts()
    for name in own:
        found.put(draft.chance.choice(_DEFINING), name)
    for _ in range(draft.chance.randint(0, 3)):
        name = draft.chance.choice(draft.chance.choice(draft.chance.choice(archives)))
        found.put("weak_undefined" if draft.some(0.1) else "undefined", name)
    return found


def _add_the_rest(draft: Draft, known: Sequence[str]) -> None:
    """Add what a user's own command line may hold beside archives."""
    chance, libraries = draft.chance, [one for one in draft.entries if isinstance(one, Library)]
    if draft.some(0.15):
        place = draft.entries.index(chance.choice(libraries))
        library = draft.entries[place]
        assert isinstance(library, Library)
        draft.entries[place] = Cover(library)
    elif draft.some(0.2):
        draft.entries.append(chance.choice(libraries))
    if draft.some(0.15):
        low = chance.randrange(len(draft.entries))
        draft.entries[low:] = [Bracket(draft.entries[low:])]
    if draft.some(0.25):
        draft.loose(undefined=chance.sample(known, 1))
    if draft.some(0.2):
        draft.extend("undefined", *chance.sample(known, 1))
