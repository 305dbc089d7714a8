"""Which recipe makes an archive of this name, for this libc?

An archive that cannot be linked as it is can often be compiled instead: where a recipe in ``vendor/`` has a product of
the same file name, that is what to do. The project's own recipes come before those that come with staticlink.

Not modelled: an archive under another name or of another version than the recipe's (Debian's ``libpython3.11.a``), and
whether both were configured alike.
"""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from staticlink.errors import StaticlinkError
from staticlink.vendored.recipe import SHIPPED, load_recipe

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def offer_rebuild(archive: str, libc: str, places: Sequence[Path] = ()) -> str | None:
    """Return what to do in place of linking an archive of this file name, or ``None`` where no recipe makes it.

    ``places`` are directories of recipes that are looked in first.
    """
    maker = find_maker(archive, libc, places)
    return f'take {archive} from VendoredLibrary("{maker}"), which compiles it for {libc}' if maker else None


def find_maker(archive: str, libc: str, places: Sequence[Path] = ()) -> str | None:
    """Return the name of the recipe that makes an archive of this file name for ``libc``.

    A recipe that is not valid makes nothing; whoever builds it is told why.
    """
    tried: set[str] = set()
    for place in (*places, *SHIPPED):
        for path in sorted(place.glob("*.toml")):
            if path.stem not in tried:
                tried.add(path.stem)
                if _makes(path, archive, libc):
                    return path.stem
    return None


def _makes(path: Path, archive: str, libc: str) -> bool:
    try:
        recipe = load_recipe(path)
    except StaticlinkError:
        return False
    return libc in recipe.libcs and archive in (PurePosixPath(product).name for product in recipe.products)
