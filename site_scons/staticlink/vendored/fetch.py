"""Where do the bytes of a source archive come from, and are they the pinned ones?

The hash decides, so the places need no trust and are simply tried in turn: the directory the user named, the cache,
upstream's URL, Debian's source package. A place that has nothing, or cannot be reached, is noted; one that hands out
other bytes than the pinned ones ends the build, because that is a broken mirror or an attack, never bad luck.

An upstream that cannot be reached must cost seconds: looking up the name, connecting and the first answer together have
one deadline, and a transfer that crawls is given up. https only, redirections included. Not modelled: resuming a
download, credentials.
"""

from __future__ import annotations

import hashlib
import queue
import shutil
import tempfile
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from staticlink.errors import fail
from staticlink.vendored.cache import hash_file
from staticlink.vendored.debian import AptError, fetch_debian_source

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from http.client import HTTPMessage, HTTPResponse
    from typing import IO

    from staticlink.errors import StaticlinkError
    from staticlink.model import Say
    from staticlink.vendored.cache import Cache
    from staticlink.vendored.recipe import Archive, DebianSource, Recipe

_ANSWER_SECONDS = 5.0
_CRAWL_SECONDS = 15.0
_CRAWL_RATE = 8 * 1024  # bytes a second, on average, once _CRAWL_SECONDS have passed
_LARGEST = 1 << 30
_CHUNK = 1 << 17


class Unavailable(Exception):  # noqa: N818  (a place that has nothing is no error yet)
    """Why one place did not give the archive, in one clause."""


def fetch_source(
    recipe: Recipe, *, cache: Cache, sources: Path | None, offline: bool, say: Say
) -> tuple[Path, Archive]:
    """Return a file that holds one of the recipe's archives, in the cache, and which of them it is.

    Raises ``wrong-hash`` when a place hands out other bytes, ``no-source`` with every place that was tried.
    """
    tried: list[str] = []
    if sources is not None:
        found = _from_directory(recipe, sources, cache, say)
        if found is not None:
            return found
        names = ", ".join(archive.file for archive in recipe.archives)
        tried.append(f"sources={sources}: no {names}")
    for archive in recipe.archives:
        held = cache.find("downloads", archive.sha256, say)
        if held is not None:
            return held / archive.file, archive
    tried.append("cache: not there")
    for place, ask in () if offline else _places(recipe, cache, say):
        say("FETCH", f"{recipe.name} {recipe.version}", place)
        try:
            return ask()
        except (Unavailable, AptError) as error:
            tried.append(f"{place}: {error}")
    if offline:
        tried.append("network: offline=1")
    what = f"no source for {recipe.name} {recipe.version}"
    fix = f"{'scons fetch, or ' if offline else ''}sources=DIR, with {recipe.archives[0].file} in DIR"
    raise fail("no-source", what, evidence=tried, fix=fix)


def _places(recipe: Recipe, cache: Cache, say: Say) -> Iterator[tuple[str, Callable[[], tuple[Path, Archive]]]]:
    """Yield the places on the network, each with the function that asks it."""
    for url in recipe.urls:
        yield url, partial(_from_url, recipe, url, cache, say)
    if recipe.debian is not None:
        place = f"Debian source package {recipe.debian.package}, suite {recipe.debian.suite}"
        yield place, partial(_from_debian, recipe, recipe.debian, cache, say)


def _from_directory(recipe: Recipe, sources: Path, cache: Cache, say: Say) -> tuple[Path, Archive] | None:
    """Return the archive from the user's directory, under a name of the recipe or under Debian's."""
    for archive in recipe.archives:
        names = [archive.file]
        if recipe.debian is not None:
            ending = archive.file[archive.file.rindex(".tar") :] if ".tar" in archive.file else ""
            names.append(f"{recipe.debian.package}_{recipe.version}.orig{ending}")
        for path in (sources / name for name in names):
            if path.is_file():
                accepted = {a.sha256: a for a in recipe.archives}.get(hash_file(path))
                if accepted is None:
                    raise wrong_hash(recipe, str(path), hash_file(path))
                return _keep(accepted, path, cache, say)
    return None


def _from_url(recipe: Recipe, url: str, cache: Cache, say: Say) -> tuple[Path, Archive]:
    with tempfile.TemporaryDirectory(prefix="staticlink.") as scratch:
        path = Path(scratch, "archive")
        digest = download(url, path)
        accepted = {archive.sha256: archive for archive in recipe.archives}.get(digest)
        if accepted is None:
            raise wrong_hash(recipe, url, digest)
        return _keep(accepted, path, cache, say)


def _from_debian(recipe: Recipe, debian: DebianSource, cache: Cache, say: Say) -> tuple[Path, Archive]:
    with tempfile.TemporaryDirectory(prefix="staticlink.") as scratch:
        directory = Path(scratch)
        fetch_debian_source(debian.package, suite=debian.suite, directory=directory, cache=cache, say=say)
        accepted = {archive.sha256: archive for archive in recipe.archives}
        found = sorted(directory.iterdir())
        for path in found:
            digest = hash_file(path)
            if digest in accepted:
                return _keep(accepted[digest], path, cache, say)
        raise Unavailable(f"holds {', '.join(path.name for path in found)}, which the recipe does not accept")


def _keep(archive: Archive, path: Path, cache: Cache, say: Say) -> tuple[Path, Archive]:
    """Copy a file whose hash was seen to be right into the cache."""

    def make(directory: Path) -> None:
        shutil.copyfile(path, directory / archive.file)

    return cache.obtain("downloads", archive.sha256, make, say) / archive.file, archive


def wrong_hash(recipe: Recipe, place: str, digest: str) -> StaticlinkError:
    """Return the error for a place that gave other bytes than the pinned ones."""
    wanted = [f"wanted sha256 {archive.sha256}  {archive.file}" for archive in recipe.archives]
    evidence = (f"from {place}", f"got sha256    {digest}", *wanted)
    return fail("wrong-hash", f"wrong hash: {recipe.name} {recipe.version}", evidence=evidence)


class _HttpsOnly(urllib.request.HTTPRedirectHandler):
    """Follow redirections, but never away from https."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> urllib.request.Request | None:
        if urllib.parse.urlsplit(newurl).scheme != "https":
            fp.close()
            raise Unavailable(f"redirects to {newurl}, which is not https")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def download(url: str, path: Path) -> str:
    """Write what ``url`` gives to ``path`` and return its sha256; raise :class:`Unavailable` when it gives nothing."""
    if urllib.parse.urlsplit(url).scheme != "https":
        raise Unavailable("is not https")
    digest = hashlib.sha256()
    start, received = time.monotonic(), 0
    try:
        with _open_within(url, _ANSWER_SECONDS) as response, path.open("wb") as file:
            while chunk := response.read(_CHUNK):
                digest.update(chunk)
                file.write(chunk)
                received += len(chunk)
                elapsed = time.monotonic() - start
                if elapsed > _CRAWL_SECONDS and received < elapsed * _CRAWL_RATE:
                    raise Unavailable(f"stalled: {received} bytes in {elapsed:.0f} s")
                if received > _LARGEST:
                    raise Unavailable(f"gives more than {_LARGEST} bytes")
            if response.length:
                raise Unavailable(f"ended {response.length} bytes early")
    except TimeoutError:
        raise Unavailable(f"stalled: {received} bytes, then none for {_ANSWER_SECONDS:.0f} s") from None
    except OSError as error:
        raise Unavailable(_clause(error)) from None
    return digest.hexdigest()


def _open_within(url: str, seconds: float) -> HTTPResponse:
    """Return the response to ``url``; looking up, connecting and answering may together take ``seconds``.

    Neither the resolver nor a list of dead addresses heeds a socket's timeout, hence the thread.
    """
    answer: queue.SimpleQueue[Any] = queue.SimpleQueue()

    def ask() -> None:
        try:
            answer.put(urllib.request.build_opener(_HttpsOnly).open(url, timeout=seconds))
        except Exception as error:  # noqa: BLE001  (raised again in the thread that asked)
            answer.put(error)

    threading.Thread(target=ask, daemon=True).start()
    try:
        given = answer.get(timeout=seconds)
    except queue.Empty:
        raise Unavailable(f"no answer within {seconds:.0f} s") from None
    if isinstance(given, TimeoutError):
        raise Unavailable(f"no answer within {seconds:.0f} s") from None
    if isinstance(given, Exception):
        raise given
    response: HTTPResponse = given
    return response


def _clause(error: OSError) -> str:
    """Return in one lower-case clause why a transfer failed."""
    if isinstance(error, urllib.error.HTTPError):
        error.close()
        return f"answers {error.code} {error.reason}"
    reason = error.reason if isinstance(error, urllib.error.URLError) else error
    if isinstance(reason, TimeoutError):
        return f"no answer within {_ANSWER_SECONDS:.0f} s"
    if isinstance(reason, OSError) and reason.strerror:
        return reason.strerror[:1].lower() + reason.strerror[1:]
    return str(reason)
