"""Where does the source of Rust's std come from, and what is changed in it?

A std can only be built from the source of exactly the compiler's release: rustup's ``rust-src`` component in the
sysroot, or Debian's ``rust-src`` package of that version, which is fetched and unpacked but not installed.
``policy/rust_std.toml`` lists the suites, and our changes to the source with their reasons.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import tarfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

import toml

from staticlink.errors import StaticlinkError, fail
from staticlink.vendored.cache import hash_file, read_tree
from staticlink.vendored.debian import fetch_debian_binary
from staticlink.vendored.unpack import unpack_members

if TYPE_CHECKING:
    from collections.abc import Mapping

    from staticlink.model import Say
    from staticlink.rust.toolchain import Toolchain
    from staticlink.vendored.cache import Cache

_POLICY = Path(__file__).parent.parent / "policy" / "rust_std.toml"


@dataclass(frozen=True, slots=True)
class StdSource:
    """The source of std: ``path`` is a ``library`` directory or a Debian package, ``digest`` that of its content."""

    path: Path
    description: str
    digest: str


def load_policy() -> Mapping[str, Any]:
    """Return the rows of ``policy/rust_std.toml``."""
    policy: Mapping[str, Any] = toml.loads(_POLICY.read_text(encoding="utf-8"))
    return policy


def find_std_source(
    toolchain: Toolchain, policy: Mapping[str, Any], *, cache: Cache, offline: bool, say: Say
) -> tuple[StdSource | None, tuple[str, ...]]:
    """Return the first source that can be had, and a line for each place that did not have it."""
    tried: list[str] = []
    library = toolchain.sysroot / "lib" / "rustlib" / "src" / "rust" / "library"
    version = re.search(r"/rustc-(\d[^/]*)/library$", str(library.resolve()))
    if not (library / "sysroot" / "Cargo.toml").is_file():
        tried.append("the compiler's sysroot has no rust-src component")
    elif version is not None and version[1] != toolchain.release:
        tried.append(f"the sysroot's rust-src is of release {version[1]}")
    else:
        digest = hashlib.sha256(repr(read_tree(library)).encode()).hexdigest()
        return StdSource(library, "the sysroot's rust-src component", digest), tuple(tried)
    # A suite that is already in the cache is as good as the first: ask nobody when one is.
    for offline_only in (True, False) if not offline else (True,):
        for row in policy["debian"]:
            suite = row["suite"]
            try:
                path = fetch_debian_binary(
                    row["package"], suite=suite, version=toolchain.release, cache=cache, offline=offline_only, say=say
                )
            except StaticlinkError as error:
                if offline_only == offline:
                    tried += [line for fault in error.faults for line in fault.evidence if line.startswith("Debian")]
                continue
            return StdSource(
                path, f"Debian's package {row['package']} {toolchain.release}, {suite}", hash_file(path)
            ), tuple(tried)
    return None, tuple(tried)


def unpack_std_source(source: StdSource, into: Path) -> Path:
    """Put the ``library`` directory below ``into`` and return it; only files of the library leave the package."""
    library = into / "library"
    if source.path.is_dir():
        shutil.copytree(source.path, library, symlinks=False)
        return library
    with (
        subprocess.Popen(["dpkg-deb", "--fsys-tarfile", str(source.path)], stdout=subprocess.PIPE) as process,
        tarfile.open(fileobj=process.stdout, mode="r|") as archive,
    ):
        unpack_members(archive, source.path.name, into, _place_in_library)
    if process.returncode != 0 or not (library / "sysroot" / "Cargo.toml").is_file():
        raise fail("bad-rust-src", f"package holds no source of std: {source.path.name}")
    return library


def _place_in_library(member: str) -> str | None:
    """Return where a member goes, as ``library/std/src/lib.rs``, or ``None`` for what is not of the library."""
    parts = PurePosixPath(member).parts
    return str(PurePosixPath(*parts[3:])) if parts[:2] == ("usr", "src") and parts[3:4] == ("library",) else None


def patch_std_source(library: Path, policy: Mapping[str, Any]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Apply our changes to ``library``; return the names of those that applied, and the limits that remain."""
    applied: list[str] = []
    limits: list[str] = []
    for row in policy["patch"]:
        path = library / row["file"]
        text = path.read_text(encoding="utf-8") if path.is_file() else ""
        if text.count(row["before"]) == 1:
            path.write_text(text.replace(row["before"], row["text"] + "\n" + row["before"]), encoding="utf-8")
            applied.append(row["name"])
        else:
            limits.append(row["limit"])
    return tuple(applied), tuple(limits)
