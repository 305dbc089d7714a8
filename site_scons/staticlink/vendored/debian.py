"""How are Debian packages fetched without touching the machine's apt?

The machine's sources say which mirror it trusts and with which key; everything else of the run is private. A sources
file of ours names that mirror and the suite a recipe asks for, apt's lists and caches live in our cache, preferences
and update hooks are switched off. The machine's own apt settings (proxies, certificates) still hold. apt verifies the
suite's signature, and with it every package; a source archive is held to the recipe's hash besides.

Both forms of a machine's sources are read: one-line ``*.list`` and deb822 ``*.sources`` (sources.list(5)). Not
modelled: mirrors of other distributions, ``cdrom:`` sources, installing anything.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from staticlink.errors import fail

if TYPE_CHECKING:
    from collections.abc import Iterator

    from staticlink.model import Say
    from staticlink.vendored.cache import Cache

_APT = Path("/etc/apt")
_DEBIAN_SUITES = re.compile(r"(buster|bullseye|bookworm|trixie|forky|duke|sid|(old)*stable|testing|unstable)")
_KEPT_OPTIONS = ("signed-by", "trusted", "allow-insecure", "allow-weak")
_UPDATE_SECONDS = 120
_DOWNLOAD_SECONDS = 300

_CONFIGURATION = """\
Dir::State::Lists "{here}/lists";
Dir::Cache "{here}/cache";
Dir::Etc::SourceList "/dev/null";
Dir::Etc::SourceParts "{here}/sources";
Dir::Etc::Preferences "/dev/null";
Dir::Etc::PreferencesParts "/dev/null";
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear DPkg::Post-Invoke;
APT::Sandbox::User "root";
Acquire::Languages "none";
Acquire::Retries "1";
Acquire::http::Timeout "5";
Acquire::https::Timeout "5";
"""


@dataclass(frozen=True, slots=True)
class Mirror:
    """One mirror of the machine's sources: its URI and the deb822 fields that say how it is verified."""

    uri: str
    options: tuple[tuple[str, str], ...] = ()


def read_mirrors(directory: Path = _APT) -> tuple[Mirror, ...]:
    """Return the Debian mirrors that the sources below ``directory`` configure, in order, each once."""
    files = [directory / "sources.list", *sorted((directory / "sources.list.d").glob("*"))]
    found: dict[str, Mirror] = {}
    for path in files:
        if path.is_file() and path.suffix in (".list", ".sources"):
            text = path.read_text(encoding="utf-8", errors="replace")
            read = _read_deb822(text) if path.suffix == ".sources" else _read_one_line(text)
            for mirror, suites, components in read:
                debian = any(_DEBIAN_SUITES.fullmatch(re.sub(r"-(updates|backports)$", "", s)) for s in suites)
                if debian and "main" in components and not mirror.uri.startswith("cdrom:"):
                    found.setdefault(mirror.uri, mirror)
    return tuple(found.values())


def _read_one_line(text: str) -> Iterator[tuple[Mirror, list[str], list[str]]]:
    """Yield mirror, suites and components of every line ``deb [options] URI SUITE COMPONENT...``."""
    form = re.compile(r"deb(?:-src)?\s+(?:\[([^]]*)\]\s+)?(\S+)\s+(\S+)\s+(.*)")
    for line in text.splitlines():
        match = form.fullmatch(line.partition("#")[0].strip())
        if match:
            pairs = [option.partition("=") for option in (match[1] or "").split()]
            kept = tuple((key, value) for key, _, value in pairs if key.lower() in _KEPT_OPTIONS)
            yield Mirror(match[2], kept), [match[3]], match[4].split()


def _read_deb822(text: str) -> Iterator[tuple[Mirror, list[str], list[str]]]:
    """Yield mirror, suites and components of every stanza; a key in the sources file itself is kept as it stands."""
    lines = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    for stanza in re.split(r"\n\s*\n", lines):
        fields = {
            key.lower(): value.rstrip() for key, value in re.findall(r"(?m)^(\S+?):[ \t]*(.*(?:\n[ \t].*)*)", stanza)
        }
        if fields.get("enabled", "yes").lower() in ("no", "false", "0"):
            continue
        kept = tuple((key, fields[key]) for key in _KEPT_OPTIONS if key in fields)
        for uri in fields.get("uris", "").split():
            yield Mirror(uri, kept), fields.get("suites", "").split(), fields.get("components", "").split()


def write_sources(mirrors: tuple[Mirror, ...], *, kind: str, suite: str) -> str:
    """Return a deb822 sources file that names ``suite`` of every mirror; ``kind`` is ``deb`` or ``deb-src``."""
    stanzas = []
    for mirror in mirrors:
        fields = [("Types", kind), ("URIs", mirror.uri), ("Suites", suite), ("Components", "main"), *mirror.options]
        stanzas.append(
            "".join(f"{key.title()}: {value}\n" if key.islower() else f"{key}: {value}\n" for key, value in fields)
        )
    return "\n".join(stanzas)


def fetch_debian_binary(package: str, *, suite: str, version: str, cache: Cache, offline: bool, say: Say) -> Path:
    """Return the ``.deb`` of ``package``: the newest revision, in ``suite``, of the upstream version ``version``.

    Raises ``no-source`` when it is not cached and cannot be had, saying why.
    """
    key = f"{package}_{version}_{suite}"
    what = f"no source for Debian package {package} {version}"
    found = cache.find("debian", key, say)
    if found is None:
        if offline:
            raise fail("no-source", what, evidence=("cache: not there", f"Debian suite {suite}: offline=1"))
        say("FETCH", f"{package} {version}", f"Debian package, suite {suite}")

        def make(directory: Path) -> None:
            with _private_apt(cache, "deb", suite, say) as apt:
                listing = apt.run("apt-cache", "madison", package, seconds=_UPDATE_SECONDS)
                chosen = newest_revision(listing, version)
                apt.run("apt-get", "download", f"{package}={chosen}", seconds=_DOWNLOAD_SECONDS)
                shutil.move(next(apt.here.glob("*.deb")), directory)

        try:
            found = cache.obtain("debian", key, make, say)
        except AptError as error:
            raise fail("no-source", what, evidence=("cache: not there", f"Debian suite {suite}: {error}")) from None
    return next(iter(sorted(found.glob("*.deb"))))


def fetch_debian_source(package: str, *, suite: str, directory: Path, cache: Cache, say: Say) -> None:
    """Put the upstream archive of a Debian source package into ``directory``, under Debian's name for it.

    Raises :class:`AptError`. apt may fail on other files of the package after the archive has arrived; the recipe's
    hash decides about what is there, so that is no failure.
    """
    with _private_apt(cache, "deb-src", suite, say) as apt:
        arguments = ("source", "--download-only", "--tar-only", "--only-source", f"{package}/{suite}")
        failure = None
        try:
            apt.run("apt-get", *arguments, seconds=_DOWNLOAD_SECONDS)
        except AptError as error:
            failure = error
        archives = [path for path in apt.here.glob("*.orig.tar.*") if path.suffix != ".asc"]
        if not archives:
            raise failure or AptError("no upstream archive in the package")
        for path in archives:
            shutil.move(path, directory)


def newest_revision(listing: str, version: str) -> str:
    """Return the first, newest, version in ``apt-cache madison``'s ``listing`` whose upstream part is ``version``.

    A repacked upstream (``1.95.0+dfsg1``) counts as the version that was repacked.
    """
    versions = [line.split("|")[1].strip() for line in listing.splitlines() if line.count("|") > 1]
    for candidate in versions:
        upstream = candidate.partition(":")[2] or candidate
        upstream = upstream.rpartition("-")[0] or upstream
        if re.split(r"[+~]", upstream)[0] == version:
            return candidate
    raise AptError(f"has {', '.join(versions) or 'no such package'}, not {version}")


class AptError(Exception):
    """What apt could not do, in one clause."""


@dataclass(frozen=True, slots=True)
class _Apt:
    """A private apt: ``here`` is its scratch directory and ``configuration`` its settings."""

    here: Path
    configuration: Path

    def run(self, program: str, *arguments: str, seconds: int) -> str:
        """Return what ``program`` prints, or raise :class:`AptError` with its first error."""
        command = [program, f"-c={self.configuration}", "-q", *arguments]
        environment = {**os.environ, "LC_ALL": "C"}
        try:
            done = subprocess.run(
                command, cwd=self.here, env=environment, capture_output=True, text=True, check=False, timeout=seconds
            )
        except FileNotFoundError:
            raise AptError(f"{program} is not installed") from None
        except subprocess.TimeoutExpired:
            raise AptError(f"{program} {arguments[0]}: no end after {seconds} s") from None
        # apt-get update exits 0 when it could reach nothing and has no older lists either.
        faults = re.findall(r"(?m)^E: *(.*)", done.stderr) or re.findall(r"(?m)^W: *(Failed to fetch.*)", done.stderr)
        if done.returncode != 0 or (faults and arguments[0] == "update"):
            raise AptError(f"{program} {arguments[0]}: {' '.join(faults[:1] or ['exit code', str(done.returncode)])}")
        return done.stdout


@contextmanager
def _private_apt(cache: Cache, kind: str, suite: str, say: Say) -> Iterator[_Apt]:
    """Give an apt that knows ``suite`` of the machine's mirrors and nothing else, its lists up to date."""
    mirrors = read_mirrors()
    if not mirrors:
        raise AptError("no Debian mirror is configured")
    key = f"{kind}-{suite}"
    with cache.lock("apt", key, say):
        home = cache.root / "apt" / key
        for part in ("lists/partial", "cache/archives/partial", "sources"):
            (home / part).mkdir(parents=True, exist_ok=True)
        (home / "sources/staticlink.sources").write_text(
            write_sources(mirrors, kind=kind, suite=suite), encoding="utf-8"
        )
        for left in home.glob("work.*"):
            shutil.rmtree(left)
        configuration = home / "apt.conf"
        configuration.write_text(_CONFIGURATION.format(here=home), encoding="utf-8")
        with tempfile.TemporaryDirectory(prefix="work.", dir=home) as here:
            apt = _Apt(Path(here), configuration)
            apt.run("apt-get", "update", seconds=_UPDATE_SECONDS)
            yield apt
