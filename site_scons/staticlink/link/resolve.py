"""What would the linker extract, and why?

Linkers differ: GNU ld comes past an archive once, lld remembers it. So a resolution follows one linker by name. GNU ld
is the default, because an order that links under it links under the others too. The rules are in ``gnu_ld.py`` and
``lld.py``; here questions about symbols are
answered over everything that was offered, extracted or not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from staticlink.link.gnu_ld import GnuLd
from staticlink.link.inputs import Archive, ObjectFile, flatten
from staticlink.link.lld import Lld
from staticlink.link.options import DEFAULT

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from staticlink.link.inputs import Item
    from staticlink.link.options import Options
    from staticlink.link.resolution import Resolution

PROFILES = ("bfd", "lld")


def resolve(items: Sequence[Item], *, profile: str = "bfd", options: Options = DEFAULT) -> Resolution:
    """Return what linking ``items`` in this order comes to under ``profile`` (``bfd`` or ``lld``).

    Raises :class:`StaticlinkError` when a member that joins cannot be read.
    """
    if profile == "lld":
        lld = Lld(options)
        lld.take_all(items)
        lld.finish()
        return lld.result(profile, items)
    link = GnuLd(options)
    link.take_all(items)
    return link.result(profile, items)


class Index:
    """Who defines and who refers to a symbol, over all inputs, whether or not they would be extracted.

    The inputs are read when first asked, and then kept.
    """

    __slots__ = ("_defines", "_items", "_refers")

    def __init__(self, items: Sequence[Item]) -> None:
        """Answer for ``items``, each archive counted once."""
        self._items = tuple(items)
        self._defines: dict[str, list[ObjectFile]] | None = None
        self._refers: dict[str, list[ObjectFile]] | None = None

    def defines(self, symbol: str) -> tuple[ObjectFile, ...]:
        """Return every object that defines ``symbol``, strongly, weakly or as COMMON, in input order."""
        if self._defines is None:
            self._defines = {}
            for one in self._objects():
                symbols = one.symbols
                for name in (*symbols.strong, *symbols.weak, *symbols.common):
                    self._defines.setdefault(name, []).append(one)
        return tuple(self._defines.get(symbol, ()))

    def refers(self, symbol: str) -> tuple[ObjectFile, ...]:
        """Return every object that refers to ``symbol`` without defining it, in input order."""
        if self._refers is None:
            self._refers = {}
            for one in self._objects():
                for name in (*one.symbols.undefined, *one.symbols.weak_undefined):
                    self._refers.setdefault(name, []).append(one)
        return tuple(self._refers.get(symbol, ()))

    def promising(self, symbol: str) -> tuple[Archive, ...]:
        """Return the archives whose index names ``symbol``; reads no member."""
        archives = dict.fromkeys(one for one in flatten(self._items) if isinstance(one, Archive))
        return tuple(one for one in archives if symbol in one.promises)

    def _objects(self) -> Iterator[ObjectFile]:
        for one in dict.fromkeys(flatten(self._items)):
            if isinstance(one, Archive):
                yield from one.objects()
            else:
                yield one
