"""What does a link that rustc meant to do consist of?

rustc's arguments for its linker are objects, rlibs and native libraries in a working order, and flags. rustc decides
some things that staticlink decides itself, and those are dropped: the crt objects, the libc, the unwinder, whether
the executable is static, which program links. What a crate's build script or profile asked for stays. Source: rustc's
``rustc_codegen_ssa/src/back/link.rs``.

An rlib is an archive with one member that no linker reads, ``lib.rmeta``; a comment changes it. So what is said of an
rlib's content leaves that member out.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from staticlink.elf.ar import archive_name, read_archive
from staticlink.elf.mapping import is_file, map_file
from staticlink.elf.rust_metadata import MEMBER as METADATA
from staticlink.errors import fail

if TYPE_CHECKING:
    from collections.abc import Sequence

#: What the libc, the compiler and the unwinder are called in rustc's standard libraries.
_OURS = frozenset(
    {"c", "gcc", "gcc_s", "gcc_eh", "unwind", "m", "rt", "pthread", "util", "dl", "resolv", "crypt", "xnet"}
)
#: Flags that rustc always gives, or that staticlink decides.
_DROPPED = frozenset(
    {
        "-m64", "-static", "-static-pie", "-pie", "-no-pie", "-nostartfiles", "-nodefaultlibs", "-nostdlib",
        "-rdynamic",
        "-Wl,--as-needed", "-Wl,--no-as-needed", "-Wl,--eh-frame-hdr", "-Wl,-z,noexecstack", "-Wl,-z,relro,-z,now",
        "-Wl,-z,relro", "-Wl,-z,now", "-Wl,-O1", "-Wl,--no-undefined-version", "-Wl,-Bstatic", "-Wl,-Bdynamic",
    }
)  # fmt: skip
_DROPPED_PREFIXES = ("-B", "-fuse-ld=")
#: A directory that rustc makes for each link, and removes again: stubs for shared libraries.
_STUBS = "raw-dylibs"


@dataclass(frozen=True, slots=True)
class Record:
    """One link as rustc would have done it. ``objects`` always join, ``archives`` are rlibs and static libraries.

    ``libraries`` are ``-l`` names and ``directories`` where they are looked up; ``flags`` are for a compiler driver.
    """

    objects: tuple[Path, ...]
    archives: tuple[Path, ...]
    libraries: tuple[str, ...]
    directories: tuple[Path, ...]
    flags: tuple[str, ...]


def read_record(path: Path) -> Record:
    """Return what :mod:`staticlink.rust.recorder` wrote to ``path``."""
    try:
        words = json.loads(path.read_bytes())
    except ValueError:
        raise fail("not-recorded", f"cargo linked a program by itself: {path.name}") from None
    return sort_arguments(words)


def sort_arguments(words: Sequence[str]) -> Record:
    """Return what ``words``, rustc's arguments for its linker, are."""
    objects: list[Path] = []
    archives: list[Path] = []
    libraries: list[str] = []
    directories: list[Path] = []
    flags: list[str] = []
    rest = iter(words)
    for word in rest:
        if word in ("-o", "-L"):
            value = next(rest)
            if word == "-L":
                directories.append(Path(value))
        elif word.startswith("-L"):
            directories.append(Path(word[2:]))
        elif word.startswith("-l"):
            libraries.append(word[2:])
        elif word.endswith(".o"):
            objects.append(Path(word))
        elif not word.startswith("-"):
            archives.append(Path(word))
        elif word not in _DROPPED and not word.startswith(_DROPPED_PREFIXES):
            flags.append(word)
    named = libraries_of_others(libraries)
    return Record(
        tuple(objects),
        tuple(dict.fromkeys(archives)),
        named,
        tuple(dict.fromkeys(one for one in directories if one.name != _STUBS)),
        tuple(flags),
    )


def content_digest(path: Path) -> str:
    """Return a digest of what a linker can see of the object or archive at ``path``."""
    data = map_file(path)
    found = hashlib.blake2b(digest_size=16)
    if path.suffix != ".rlib":
        found.update(data)
        return found.hexdigest()
    for member in read_archive(data, path.name).members:
        if member.name != METADATA:
            found.update(f"{member.name}\0{member.size}\0".encode())
            found.update(memoryview(data)[member.start : member.start + member.size])
    return found.hexdigest()


def library_digests(names: Sequence[str], directories: Sequence[Path]) -> dict[str, str]:
    """Return the archive of each library among ``names`` that is in one of ``directories`` -> a digest of it."""
    found: dict[str, str] = {}
    for name in names:
        path = next((path for place in directories if is_file(path := place / archive_name(name))), None)
        if path is not None:
            found[str(path)] = content_digest(path)
    return found


def libraries_of_others(names: Sequence[str]) -> tuple[str, ...]:
    """Return ``names``, each once, without those that the libc, the compiler and the unwinder answer for."""
    return tuple(dict.fromkeys(name for name in names if name not in _OURS))
