"""How far has this link been worked out already?

One link is resolved several times: everything as one group, to see what it lacks; in the user's order; in the planned
one. All of them begin with the same objects and often with the same archives. GNU ld reads from left to right, so what
the first inputs come to is worked out once and gone on with.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from staticlink.link.gnu_ld import GnuLd

if TYPE_CHECKING:
    from collections.abc import Sequence

    from staticlink.link.inputs import Item
    from staticlink.link.options import Options


@dataclass(frozen=True, slots=True)
class Begun:
    """A link after its first inputs, ``items``. ``link`` must be left as it is."""

    items: tuple[Item, ...]
    link: GnuLd


def begin_link(items: Sequence[Item], options: Options) -> Begun:
    """Return the link that begins with ``items``.

    Raises :class:`StaticlinkError` when a member that joins cannot be read.
    """
    link = GnuLd(options)
    link.take_all(items)
    return Begun(tuple(items), link)


def take_link(items: Sequence[Item], options: Options, begun: Begun | None) -> GnuLd:
    """Return the link of ``items`` under ``options``, gone on with from ``begun`` where that is how it begins."""
    count = len(begun.items) if begun is not None else 0
    if begun is None or begun.link.options != options or tuple(items[:count]) != begun.items:
        return begin_link(items, options).link
    link = begun.link.extended(())
    link.take_all(items[count:])
    return link
