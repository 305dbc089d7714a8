"""Where do a crate's dependencies come from when there is no network, and are they what was vendored?

``scons fetch`` has cargo vendor everything that a lock file names into one entry of the cache, whose key is the lock
file's digest: another checkout with the same lock file finds it too. An offline build replaces cargo's sources by that
directory. A project that vendors its crates itself, by ``[source]`` tables in ``.cargo/config.toml``, keeps doing so.

Cargo checks a vendored crate once, file by file as ``.cargo-checksum.json`` lists them. It does not look for files that
were added (a ``build.rs`` runs at once), nor again after the first compile. So the whole tree is compared with the
lists before each run, an entry of the cache with its manifest and its files' modes as well. A list that is empty, as
Debian's crates have it, promises nothing.

Not modelled: registries that need credentials which cargo has to ask for.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from staticlink.errors import fail

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from staticlink.errors import StaticlinkError
    from staticlink.model import Say
    from staticlink.rust.members import Crate
    from staticlink.rust.toolchain import Toolchain
    from staticlink.vendored.cache import Cache

_KIND = "crates"
_TREE = "crates"
_FACTS = "vendored.json"
_CHECKSUMS = ".cargo-checksum.json"
#: What stands for the directory in the configuration that is kept, as an entry moves into place after it is made.
_PLACE = "@DIRECTORY@"
_TIMEOUT = 3600  # seconds


@dataclass(frozen=True, slots=True)
class Vendored:
    """The crates of one lock file in the cache: ``directory`` holds them, ``configuration`` is what cargo is told."""

    directory: Path
    configuration: str


def locked_sources(lock: Path) -> tuple[str, ...]:
    """Return the source of each package in a lock file that has one; path dependencies have none."""
    text = lock.read_text(encoding="utf-8") if lock.is_file() else ""
    return tuple(re.findall(r'^source = "(.*)"$', text, re.MULTILINE))


def find_vendored(lock: Path, cache: Cache) -> Vendored | None:
    """Return the entry of a lock file, unless there is none; it is not verified here."""
    if not locked_sources(lock):
        return None
    place = cache.root / _KIND / _key(lock) / "files"
    try:
        facts = json.loads((place / _FACTS).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    directory = place / _TREE
    return Vendored(directory, str(facts["configuration"]).replace(_PLACE, str(directory)))


def fetch_crates(
    crate: Crate, toolchain: Toolchain, environ: Mapping[str, str], *, vendors_itself: bool, cache: Cache, say: Say
) -> None:
    """Vendor what the lock file of ``crate`` names, unless it is there and whole; this needs the network.

    For a project that ``vendors_itself``, what it leaves out goes to cargo's own cache.
    Raises :class:`StaticlinkError` with cargo's own text.
    """
    if not locked_sources(crate.lock):
        return

    def make(directory: Path) -> None:
        say("FETCH", f"crates of {crate.name}", "cargo vendor")
        words = ("vendor", "--versioned-dirs", "--respect-source-config", str(directory / _TREE))
        said = _run(words, crate, toolchain, environ)
        facts = {
            "configuration": said.replace(str(directory / _TREE), _PLACE),
            "executable": _executables(directory / _TREE),
        }
        (directory / _FACTS).write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")

    if vendors_itself:
        _run(("fetch",), crate, toolchain, environ)
        return
    cache.obtain(_KIND, _key(crate.lock), make, say)


def vendored_directories(configurations: Iterable[Path]) -> tuple[Path, ...]:
    """Return the directories that cargo's configuration files name as sources, those that exist.

    Only cargo reads TOML: this looks for ``directory = "..."`` wherever it stands. What it misses is seen afterwards,
    in the places of the packages that cargo compiled.
    """
    found: dict[Path, None] = {}
    for path in configurations:
        text = path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""
        for name in re.findall(r"""^[^#\n]*\bdirectory\s*=\s*["']([^"'\n]+)["']""", text, re.MULTILINE):
            place = Path(os.path.normpath(path.parent.parent / name))
            if place.is_dir():
                found[place] = None
    return tuple(found)


def verify_vendored(directory: Path, files: Mapping[str, str]) -> None:
    """Compare the vendored crates in ``directory`` with what they were made as.

    ``files`` maps their paths from there to digests. Raises :class:`StaticlinkError` naming each file that differs.
    """
    faults = _entry_faults(directory, files)
    fix = "scons fetch" if faults is not None else "vendor them again: cargo vendor"
    faults = _listed_faults(directory, files) if faults is None else faults
    if faults:
        packages = sorted({fault.partition("/")[0] for fault in faults})
        what = f"vendored crates were changed: {', '.join(packages)}"
        raise fail("vendored-changed", what, evidence=faults, fix=fix)


def package_digests(vendored: Mapping[Path, Mapping[str, str]]) -> dict[str, str]:
    """Return one digest for each package in directories of vendored packages, whose files have those given."""
    found: dict[str, list[tuple[str, str]]] = {}
    for directory, files in vendored.items():
        for name, digest in files.items():
            found.setdefault(f"{directory}/{name.partition('/')[0]}", []).append((name, digest))
    return {place: hashlib.sha256(repr(sorted(files)).encode()).hexdigest() for place, files in found.items()}


def _entry_faults(directory: Path, found: Mapping[str, str]) -> list[str] | None:
    """Return how an entry of the cache differs from its manifest; ``None`` for a directory that is not one."""
    manifest, facts = directory.parent.parent / "manifest.json", directory.parent / _FACTS
    if directory.name != _TREE or not facts.is_file():
        return None
    try:
        listed: dict[str, str] = json.loads(manifest.read_text(encoding="utf-8"))
        if listed.get(_FACTS) != hashlib.sha256(facts.read_bytes()).hexdigest():
            return [f"{_FACTS}: changed"]
        executables = set(json.loads(facts.read_text(encoding="utf-8"))["executable"])
    except (OSError, ValueError):
        return ["manifest.json: unreadable"]
    wanted = {
        name.removeprefix(f"{_TREE}/"): digest + ("+x" if name.removeprefix(f"{_TREE}/") in executables else "")
        for name, digest in listed.items()
        if name.startswith(f"{_TREE}/")
    }
    return _differences(found, wanted)


def _listed_faults(directory: Path, found: Mapping[str, str]) -> list[str]:
    """Return how the crates differ from their own lists, which say nothing of modes."""
    faults: list[str] = []
    packages: dict[str, dict[str, str]] = {}
    for name, digest in found.items():
        package, _, rest = name.partition("/")
        packages.setdefault(package, {})[rest] = digest.removesuffix("+x")
    for package, files in sorted(packages.items()):
        if _CHECKSUMS not in files:
            continue
        try:
            listed = json.loads((directory / package / _CHECKSUMS).read_text(encoding="utf-8"))["files"]
        except (OSError, ValueError, KeyError):
            faults.append(f"{package}/{_CHECKSUMS}: unreadable")
            continue
        if listed:
            files.pop(_CHECKSUMS)
            faults += [f"{package}/{fault}" for fault in _differences(files, listed)]
    return faults


def _differences(found: Mapping[str, str], wanted: Mapping[str, str]) -> list[str]:
    faults = []
    for name in sorted(found.keys() | wanted.keys()):
        there, listed = found.get(name), wanted.get(name)
        if there == listed:
            continue
        if listed is None:
            what = "added"
        elif there is None or there == "absent":
            what = "gone"
        elif there.removesuffix("+x") == listed.removesuffix("+x"):
            what = "its mode was changed"
        else:
            what = "edited"
        link = there is not None and there.startswith("link:")
        faults.append(f"{name}: {'a symbolic link' if link else what}")
    return faults


def _key(lock: Path) -> str:
    return hashlib.sha256(lock.read_bytes()).hexdigest()


def _executables(directory: Path) -> list[str]:
    """Return the files that may be executed; a symbolic link could lead anywhere, and cargo vendors none."""
    paths = sorted(directory.rglob("*"))
    links = [path for path in paths if path.is_symlink()]
    if links:
        evidence = [str(path.relative_to(directory)) for path in links]
        raise fail("vendored-link", "vendored crates hold symbolic links", evidence=evidence)
    return [path.relative_to(directory).as_posix() for path in paths if path.is_file() and path.stat().st_mode & 0o111]


def _run(words: Sequence[str], crate: Crate, toolchain: Toolchain, environ: Mapping[str, str]) -> str:
    command = [
        str(toolchain.cargo),
        *words,
        "--color=never",
        "--locked",
        f"--manifest-path={crate.manifest}",
    ]
    kept = {name: value for name, value in environ.items() if name != "CARGO_NET_OFFLINE"}
    try:
        done = subprocess.run(
            command, cwd=crate.directory, env=kept, stdin=subprocess.DEVNULL, capture_output=True, text=True,
            errors="replace", check=False, timeout=_TIMEOUT,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        raise _not_fetched(crate, [str(error)]) from None
    if done.returncode != 0:
        raise _not_fetched(crate, [line.rstrip() for line in done.stderr.strip().splitlines()])
    return done.stdout


def _not_fetched(crate: Crate, evidence: Sequence[str]) -> StaticlinkError:
    locked = any("--locked" in line for line in evidence)
    fix = "run `cargo update --workspace` in the crate and commit Cargo.lock" if locked else None
    return fail("crates-not-fetched", f"crates cannot be fetched: {crate.name}", evidence=evidence, fix=fix)
