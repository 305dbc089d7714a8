"""Which package of the distribution does a file belong to, and for which libc does it compile?

dpkg keeps a list of the files of each package in ``/var/lib/dpkg/info``; the lists are read as they are, without
starting dpkg. A Debian architecture has one libc (``amd64`` is glibc, whatever else can be installed), and its packages
are compiled for that one unless the file lies in a directory of another: ``/usr/lib/x86_64-linux-musl``.
Sources: Debian Policy, "Architecture specification strings"; dpkg(1), "FILES".

Not modelled: other packagers' data bases; packages that hold the object of a foreign compiler in a common directory.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_LISTS = Path("/var/lib/dpkg/info")
_DIRECTORIES = ("usr", "lib", "lib64", "opt")
_OTHER = re.compile(r"musl|dietlibc|klibc|uclibc")


@dataclass(frozen=True, slots=True)
class Package:
    """A package that owns a file: its name as dpkg spells it, and the libc it was compiled for."""

    name: str
    libc: str


def find_package(path: Path, lists: Path = _LISTS) -> Package | None:
    """Return the package that the file at ``path`` belongs to; ``None`` when none does."""
    if not lists.is_dir():
        return None
    for spelling in _spellings(path):
        if len(spelling.parts) < 3 or spelling.parts[1] not in _DIRECTORIES:  # noqa: PLR2004
            continue
        wanted = f"\n{spelling}\n".encode()
        for found in sorted(lists.glob("*.list")):
            if wanted in found.read_bytes():
                name = found.name.removesuffix(".list")
                libc = "musl" if "musl" in str(spelling) else "" if _OTHER.search(f"{name}{spelling}") else "glibc"
                return Package(name, libc) if libc else None
    return None


def _spellings(path: Path) -> Iterator[Path]:
    """Yield the names under which a package may list a file: directories such as /lib have moved below /usr."""
    seen = dict.fromkeys((path.absolute(), path.resolve()))
    yield from seen
    for one in seen:
        if one.parts[1:2] == ("usr",):
            yield Path("/", *one.parts[2:])
