"""What did a run of cargo read?

rustc writes a dep-info file for each unit it compiles: the files it read, and in comments the variables that ``env!``
and ``option_env!`` asked for. A build script prints what it depends on. Cargo keeps both in its target directory and
its JSON messages name every unit of a run, fresh ones too, so after each run all of it can be read back.

Cargo's rules decide what a path means (``doc/reference/build-scripts`` and ``core/compiler/fingerprint`` of its
sources). rustc runs in the workspace for packages below it, and otherwise in the package. A build script's paths are
its package's; one that declares no file depends on its whole package. rustc also reads the archives of native libraries
that build scripts name, and tells nobody. Not modelled: files that a procedural macro reads without telling rustc, of
which cargo knows nothing either; libraries that only an attribute in a source names.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from staticlink.elf.mapping import is_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from staticlink.rust.members import Crate

_ESCAPED = re.compile(r"\\(.)")
_WORD = re.compile(r"(?:[^\s\\]|\\.)+")
_DECLARATION = re.compile(r"cargo::?(rerun-if-changed|rerun-if-env-changed)=(.*)")
#: What cargo itself tells a unit; values of the same names in the user's environment never arrive.
_CARGOS_OWN = re.compile(
    r"(CARGO_(PKG|MANIFEST|CFG|FEATURE|BIN|CRATE|PRIMARY|TARGET_TMPDIR)\w*|DEP_\w+|OUT_DIR|TARGET|HOST|NUM_JOBS|OPT_LEVEL"
    r"|PROFILE|DEBUG|RUSTC|RUSTDOC|CARGO|CARGO_ENCODED_RUSTFLAGS|CARGO_MAKEFLAGS|MAKEFLAGS)$"
)


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read: ``files`` (or directories, or what a build script wants to appear), and ``variables`` by name.

    ``packages`` are directories of packages that count whole, because their build script declares nothing.
    ``sources`` are the directories of all packages that were compiled, ``archives`` those of native libraries.
    """

    files: frozenset[Path]
    variables: frozenset[str]
    packages: frozenset[Path]
    sources: frozenset[Path]
    archives: frozenset[Path] = frozenset()


def parse_dep_info(text: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the files and the variables that a dep-info file of rustc's names."""
    files: dict[str, None] = {}
    variables: dict[str, None] = {}
    for line in text.splitlines():
        if line.startswith("# env-dep:"):
            variables[line.removeprefix("# env-dep:").partition("=")[0]] = None
        elif not line.startswith("#") and ": " in line:
            rule = line[line.index(": ") + 2 :]
            files |= dict.fromkeys(_ESCAPED.sub(r"\1", word) for word in _WORD.findall(rule))
    return tuple(files), tuple(variables)


def parse_build_output(text: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the paths and the variables that a build script declared in what it printed."""
    found = [match.groups() for match in map(_DECLARATION.match, text.splitlines()) if match]
    paths = dict.fromkeys(value for key, value in found if key == "rerun-if-changed")
    variables = dict.fromkeys(value.strip() for key, value in found if key == "rerun-if-env-changed")
    return tuple(paths), tuple(variables)


def read_units(messages: Sequence[Mapping[str, Any]], crate: Crate) -> Reading:
    """Return what the units that cargo's ``messages`` name read, by the files in its target directory."""
    files: set[Path] = set()
    variables: set[str] = set()
    whole: set[Path] = set()
    places = _package_places(messages)
    local = {directory for directory, _ in crate.packages}
    for message in messages:
        place = places.get(str(message.get("package_id")))
        if place is None:
            continue
        if message["reason"] == "compiler-artifact":
            cwd = crate.workspace if place in local and place.is_relative_to(crate.workspace) else place
            for path in dep_info_files([Path(name) for name in message["filenames"]]):
                paths, names = parse_dep_info(path.read_text(encoding="utf-8", errors="surrogateescape"))
                files.update(_joined(cwd, paths))
                variables.update(names)
        elif message["reason"] == "build-script-executed":
            output = Path(message["out_dir"]).parent / "output"
            text = output.read_text(encoding="utf-8", errors="surrogateescape") if output.is_file() else ""
            paths, names = parse_build_output(text)
            files.update(_joined(place, paths))
            variables.update(names)
            if not paths and not names and place in local:
                whole.add(place)
    kept = frozenset(name for name in variables if name and not _CARGOS_OWN.match(name))
    archives = frozenset(native_archives(messages))
    return Reading(frozenset(files), kept, frozenset(whole), frozenset(places.values()), archives)


def native_archives(messages: Iterable[Mapping[str, Any]]) -> Iterator[Path]:
    """Yield the archives of the libraries that build scripts had linked (``KIND=NAME:RENAMED``), by their messages."""
    for message in messages:
        if message.get("reason") == "build-script-executed":
            places = [Path(words.partition("=")[2] or words) for words in message.get("linked_paths", ())]
            for words in message.get("linked_libs", ()):
                name = (words.partition("=")[2] or words).partition(":")[0]
                found = (path for place in places if is_file(path := Path(os.path.normpath(place / f"lib{name}.a"))))
                yield from islice(found, 1)


def dep_info_files(made: Iterable[Path]) -> Iterator[Path]:
    """Yield the dep-info files of a unit that made the files ``made``.

    What cargo hands out under a plain name is a hard link, or a copy, of a file in ``deps`` whose name holds a hash.
    """
    found: dict[Path, None] = {}
    for path in made:
        if path.parent.parent.name == "build":
            found |= dict.fromkeys(sorted(path.parent.glob("*.d")))
        elif path.with_name(f"{path.stem.removeprefix('lib')}.d").is_file() and path.parent.name == "deps":
            found[path.with_name(f"{path.stem.removeprefix('lib')}.d")] = None
        elif (path.parent / "deps").is_dir():
            for twin in _twins(path):
                found |= dict.fromkeys(
                    candidate
                    for stem in (twin.stem, twin.stem.removeprefix("lib"))
                    if (candidate := twin.with_name(f"{stem}.d")).is_file()
                )
    yield from found


def _twins(path: Path) -> list[Path]:
    """Return the files in ``deps`` that are ``path``; where links are copies, the newest of those it may be."""
    stem = path.stem.replace("-", "_")
    candidates = [each for each in (path.parent / "deps").glob(f"*{path.suffix}") if each.stem.startswith(f"{stem}-")]
    exact = [each for each in candidates if path.exists() and each.samefile(path)]
    return exact or sorted(candidates, key=lambda each: each.stat().st_mtime_ns)[-1:]


def _package_places(messages: Sequence[Mapping[str, Any]]) -> dict[str, Path]:
    return {
        str(message["package_id"]): Path(message["manifest_path"]).parent
        for message in messages
        if message.get("reason") == "compiler-artifact"
    }


def _joined(place: Path, names: Iterable[str]) -> Iterator[Path]:
    for name in names:
        yield Path(os.path.normpath(place / name))
