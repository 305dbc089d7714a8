"""What does a cargo package depend on?

Only cargo reads manifests: ``cargo metadata --no-deps`` names the packages of a workspace and each dependency that is a
path, and is asked again where a path leaves the workspace. It resolves nothing, writes no lock file and needs no
network. The answer is kept with the digests of the manifests it came from, so that a build with nothing to do starts no
cargo.

A package is decided by the files in its directory (without tests, benches, examples, hidden directories, build
directories and packages inside it that it does not depend on), by the lock file, and by cargo's configuration files in
the directories above, with what those include. What else a run of cargo read is known after it: see ``watch.py``.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from staticlink.errors import fail
from staticlink.rust.members import Crate, choose_members, read_member, recall_member
from staticlink.rust.toolchain import ask, recall, remember

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from staticlink.rust.toolchain import Toolchain

#: Directories of a package that never reach a library.
_ASIDE = frozenset({"tests", "benches", "examples"})
#: SCons writes its own state beside the SConstruct, where a package may be.
_SCONS_OWN = ".sconsign"
_KEPT = frozenset({"members", "workspace", "packages", "consulted", "cargo"})


def find_manifest(directory: Path) -> Path:
    """Return the manifest of the package in ``directory``, or raise :class:`StaticlinkError` when there is none."""
    manifest = Path(os.path.abspath(directory)) / "Cargo.toml"  # noqa: PTH100  (keeps symbolic links as the user wrote them)
    if manifest.is_file():
        return manifest
    what = f"no cargo package: {directory.name}"
    if directory.is_file():
        raise fail("not-a-crate", what, evidence=("it is a file",), fix="name the directory that holds Cargo.toml")
    absent = "Cargo.toml in it" if directory.is_dir() else "such directory"
    raise fail("not-a-crate", what, evidence=(f"there is no {absent}",))


def describe_crate(
    directory: Path, toolchain: Toolchain, environ: Mapping[str, str], memory: Path, names: Sequence[str] = ()
) -> Crate:
    """Return the package in ``directory``, or the packages ``names`` of the workspace there.

    ``memory`` is a directory where answers are kept between runs. Raises :class:`StaticlinkError` when there is no such
    package.
    """
    manifest = find_manifest(directory)
    path = _memory_of(manifest, memory, names)
    kept = _recall(path)
    if kept is None or not _holds(kept, manifest, toolchain):
        kept = _ask(manifest, toolchain, environ, names)
        remember(path, kept)
    return _crate(manifest, kept)


def recall_crate(directory: Path, memory: Path, names: Sequence[str] = ()) -> Crate | None:
    """Return what :func:`describe_crate` last said, which names the outputs to clean, without starting anything."""
    manifest = Path(os.path.abspath(directory)) / "Cargo.toml"  # noqa: PTH100  (as above)
    kept = _recall(_memory_of(manifest, memory, names))
    return _crate(manifest, kept) if kept is not None else None


def crate_files(crate: Crate, environ: Mapping[str, str], excluded: Collection[Path] = ()) -> tuple[Path, ...]:
    """Return every file that decides what the crate compiles to, sorted; ``excluded`` directories are not entered."""
    found: set[Path] = set()
    own = {directory for directory, _ in crate.packages}
    for directory, _ in crate.packages:
        found.update(_package_files(directory, own, frozenset(excluded)))
    found.update((*configuration_files(crate, environ), crate.lock, crate.workspace / "Cargo.toml"))
    return tuple(sorted(path for path in found if path.is_file()))


def configuration_files(crate: Crate, environ: Mapping[str, str]) -> tuple[Path, ...]:
    """Return cargo's configuration files for the crate, those that exist, and what they include.

    Only cargo reads TOML: an included file is found by its quoted name on a line that includes something.
    """
    home = Path(environ.get("CARGO_HOME") or Path(environ.get("HOME", ""), ".cargo"))
    places = [*(place / ".cargo" for place in (crate.directory, *crate.directory.parents)), home]
    waiting = [place / name for place in places for name in ("config.toml", "config")]
    found: dict[Path, None] = {}
    while waiting:
        path = waiting.pop(0)
        if path in found or not path.is_file():
            continue
        found[path] = None
        for words in re.findall(
            r"^\s*include\s*=([^]]*)", path.read_text(encoding="utf-8", errors="replace"), re.MULTILINE
        ):
            waiting += [path.parent / name for name in re.findall(r"""["']([^"'\n]+\.toml)["']""", words)]
    return tuple(found)


def whole_packages(crate: Crate) -> tuple[Path, ...]:
    """Return the directories of packages of which every file may count: a build script may depend on all of them."""
    return tuple(directory for directory, _ in crate.packages if (directory / "build.rs").is_file())


def _package_files(directory: Path, own: Collection[Path], excluded: Collection[Path]) -> list[Path]:
    found: list[Path] = []
    for place, directories, files in os.walk(directory):
        here = Path(place)
        directories[:] = sorted(
            name
            for name in directories
            if not (name.startswith(".") or (here == directory and name in _ASIDE) or here / name in excluded)
            and not (here / name / "CACHEDIR.TAG").is_file()
            and not (here / name not in own and (here / name / "Cargo.toml").is_file())
        )
        found.extend(here / name for name in files if not name.startswith(_SCONS_OWN))
    return found


def _ask(manifest: Path, toolchain: Toolchain, environ: Mapping[str, str], names: Sequence[str]) -> dict[str, object]:
    packages: dict[Path, Mapping[str, Any]] = {}
    answer = _metadata(manifest, toolchain, environ, packages)
    selected = choose_members(manifest, packages, names)
    reached: dict[Path, str] = {}
    waiting = list(selected)
    while waiting:
        directory = waiting.pop()
        if directory not in packages:
            _require_manifest(directory, packages.values())
            _metadata(directory / "Cargo.toml", toolchain, environ, packages)
        reached[directory] = packages[directory]["name"]
        paths = [Path(d["path"]) for d in packages[directory]["dependencies"] if d.get("path") and d["kind"] != "dev"]
        waiting.extend(path for path in paths if path not in reached)
    workspace = Path(answer["workspace_root"])
    consulted = (
        {directory / "Cargo.toml" for directory in reached}
        | {workspace / "Cargo.toml"}
        | set(_manifests_above(manifest))
    )
    return {
        "members": [asdict(read_member(packages[directory])) for directory in selected],
        "workspace": str(workspace),
        "packages": {str(directory): name for directory, name in reached.items()},
        "consulted": _digests(consulted),
        "cargo": _cargo_identity(toolchain),
    }


def _require_manifest(directory: Path, packages: Iterable[Mapping[str, Any]]) -> None:
    """Raise :class:`StaticlinkError` when a package depends on one by a path at which there is none."""
    if not (directory / "Cargo.toml").is_file():
        users = [p["name"] for p in packages if any(d.get("path") == str(directory) for d in p["dependencies"])]
        evidence = ("there is no Cargo.toml in it", *(f"a dependency of {name}" for name in sorted(users)))
        raise fail("not-a-crate", f"no cargo package: {directory.name}", evidence=evidence)


def _metadata(
    manifest: Path, toolchain: Toolchain, environ: Mapping[str, str], packages: dict[Path, Mapping[str, Any]]
) -> Mapping[str, Any]:
    """Ask cargo for the workspace ``manifest`` belongs to, and add its packages to ``packages`` by directory."""
    command = [
        str(toolchain.cargo),
        "metadata",
        "--no-deps",
        "--format-version=1",
        "--color=never",
        f"--manifest-path={manifest}",
    ]
    what = f"cargo rejects the package: {manifest.parent.name}"
    words = ask(command, manifest.parent, environ, lambda words: fail("bad-crate", what, evidence=words))
    answer: dict[str, Any] = json.loads(words)
    packages.update({Path(package["manifest_path"]).parent: package for package in answer["packages"]})
    return answer


def _manifests_above(manifest: Path) -> list[Path]:
    return [place / "Cargo.toml" for place in manifest.parent.parents if (place / "Cargo.toml").is_file()]


def _memory_of(manifest: Path, memory: Path, names: Sequence[str]) -> Path:
    question = "\0".join((str(manifest), *names))
    return memory / f"crate-{hashlib.sha256(question.encode()).hexdigest()[:32]}.json"


def _recall(path: Path) -> Mapping[str, Any] | None:
    kept = recall(path)
    return kept if kept is not None and kept.keys() == _KEPT else None


def _crate(manifest: Path, kept: Mapping[str, Any]) -> Crate:
    packages = tuple((Path(place), str(name)) for place, name in sorted(kept["packages"].items()))
    return Crate(tuple(map(recall_member, kept["members"])), manifest, Path(kept["workspace"]), packages)


def _holds(kept: Mapping[str, Any], manifest: Path, toolchain: Toolchain) -> bool:
    """Tell whether the answer came from these manifests and this cargo; a new manifest above may make a workspace."""
    consulted = kept["consulted"]
    above = {str(path) for path in _manifests_above(manifest)}
    same = consulted == _digests(map(Path, consulted)) and above <= set(consulted)
    return bool(same and kept["cargo"] == _cargo_identity(toolchain))


def _cargo_identity(toolchain: Toolchain) -> str:
    return f"{toolchain.cargo} {toolchain.verbose}"


def _digests(paths: Iterable[Path]) -> dict[str, str]:
    return {
        str(path): hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "" for path in sorted(paths)
    }
