"""Which archive takes the place of what a crate's build script would have found or compiled?

A package that links a C library says so in its manifest (``links = "z"``), and its build script finds or compiles that
library. The name is known to cargo, which takes an answer from its configuration instead and then does not run the
script at all. That holds whatever the script would have done, so it is sturdier than the variables and features by
which each crate may be talked into something; it suits crates whose script decides nothing else (``openssl-sys`` has
conditional code by version: tell it ``OPENSSL_DIR``). rustc puts the archive's members into the crate's.

Cargo compares the words of an answer, not the bytes of the archive they name, so a digest of those joins what
``rustc -vV`` prints. Build scripts that ask pkg-config or CMake find the same libraries.

Not modelled: metadata other than ``include`` and ``root`` that a script would have passed on.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from staticlink.errors import fail
from staticlink.rust.toolchain import ask
from staticlink.vendored.cache import hash_file

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from staticlink.rust.members import Crate
    from staticlink.rust.toolchain import Toolchain


@dataclass(frozen=True, slots=True)
class Link:
    """The archives that satisfy ``links = "NAME"``, and the prefix they were installed to where there is one.

    ``files`` are those whose bytes decide: a prefix's manifest, or the archives. Paths are relative to the top.
    """

    name: str
    archives: tuple[str, ...]
    files: tuple[str, ...]
    prefix: str | None = None

    def arguments(self, triple: str) -> list[str]:
        """Return what cargo is told."""
        answer: dict[str, object] = {
            "rustc-link-lib": [f"static={Path(path).stem.removeprefix('lib')}" for path in self.archives],
            "rustc-link-search": [f"native={directory}" for directory in _directories(self.archives)],
        }
        if self.prefix is not None:
            root = Path(self.prefix).absolute()
            answer |= {"root": str(root), "include": str(root / "include")}
        words = (f"target.{triple}.{self.name}.{key}={json.dumps(value)}" for key, value in answer.items())
        return [part for word in words for part in ("--config", word)]


def make_link(name: str, paths: Sequence[str], manifest_suffix: str = ".manifest.json") -> Link:
    """Return the link that ``paths`` satisfy: archives, or what a vendored library consists of."""
    archives = tuple(path for path in paths if path.endswith(".a"))
    if not archives:
        evidence = list(paths) or ("nothing was given",)
        raise fail("links-without-archive", f"no archive to satisfy links: {name}", evidence=evidence)
    manifests = tuple(path for path in paths if path.endswith(manifest_suffix))
    prefix = manifests[0].removesuffix(manifest_suffix) if manifests else None
    return Link(name, archives, manifests or archives, prefix)


def identify_links(links: Sequence[Link]) -> str:
    """Return a digest of what satisfies ``links``; no links, no words."""
    digests = [f"{link.name} {hash_file(Path(path))}" for link in links for path in link.files]
    return f" links {hashlib.sha256(' '.join(digests).encode()).hexdigest()}" if digests else ""


def links_environment(links: Sequence[Link]) -> dict[str, str]:
    """Return where the scripts of ``build_scripts.py`` let pkg-config and CMake look."""
    prefixes = [Path(link.prefix).absolute() for link in links if link.prefix is not None]
    if not prefixes:
        return {}
    places = [prefix / part / "pkgconfig" for prefix in prefixes for part in ("lib", "share")]
    return {
        "STATICLINK_PKG_CONFIG_LIBDIR": ":".join(map(str, places)),
        "STATICLINK_PREFIXES": ";".join(map(str, prefixes)),
    }


def require_links(crate: Crate, links: Sequence[Link], toolchain: Toolchain, environ: Mapping[str, str]) -> None:
    """Raise ``unknown-links`` for a name that no package of the crate claims; cargo would ignore it in silence."""
    if not links:
        return
    command = [str(toolchain.cargo), "metadata", "--format-version=1", "--color=never", "--offline"]
    what = f"cargo rejects the package: {crate.name}"
    words = [*command, f"--manifest-path={crate.manifest}"]
    answer = json.loads(ask(words, crate.directory, environ, lambda lines: fail("bad-crate", what, evidence=lines)))
    known = sorted({package["links"] for package in answer["packages"] if package["links"]})
    for link in links:
        if link.name not in known:
            evidence = (f"its packages link {', '.join(known) or 'nothing'}",)
            raise fail("unknown-links", f"no package of crate {crate.name} links {link.name}", evidence=evidence)


def _directories(paths: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(str(Path(path).absolute().parent) for path in paths))
