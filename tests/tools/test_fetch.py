"""Do sources come from the right place, are wrong bytes refused, and is a dead network found out in seconds?

The upstream is a real https server on the loopback interface, with a certificate made for the occasion.
"""

from __future__ import annotations

import hashlib
import shutil
import socket
import ssl
import subprocess
import threading
import time
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from staticlink.errors import StaticlinkError
from staticlink.report.text import render_error
from staticlink.vendored.cache import Cache
from staticlink.vendored.debian import AptError, fetch_debian_binary, fetch_debian_source, read_mirrors
from staticlink.vendored.fetch import fetch_source
from staticlink.vendored.recipe import Archive, Recipe, load_recipe

if TYPE_CHECKING:
    from collections.abc import Iterator

VENDOR = Path(__file__).parent.parent.parent / "vendor"
CONTENT = b"the pinned bytes" * 1000
DIGEST = hashlib.sha256(CONTENT).hexdigest()


def say(_verb: str, _subject: str, _detail: str) -> None:
    """Nobody listens."""


class Handler(BaseHTTPRequestHandler):
    """Answers by path."""

    def do_GET(self) -> None:
        """Answer one request."""
        if self.path == "/good":
            self.answer(200, CONTENT)
        elif self.path == "/portal":
            self.answer(200, b"<html>please log in</html>")
        elif self.path == "/short":
            self.answer(200, CONTENT[:-5], length=len(CONTENT))
        elif self.path == "/silent":
            time.sleep(7)
        elif self.path.startswith("/to/"):
            self.send_response(302)
            self.send_header("Location", self.path.removeprefix("/to/"))
            self.end_headers()
        else:
            self.answer(404, b"none")

    def answer(self, code: int, content: bytes, length: int | None = None) -> None:
        """Send a response with a body."""
        self.send_response(code)
        self.send_header("Content-Length", str(length or len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


@dataclass(frozen=True)
class Upstream:
    """Where the server is."""

    base: str
    recipe: Recipe

    def at(self, *paths: str) -> Recipe:
        """Return a recipe whose upstream URLs are ``paths`` of this server."""
        return replace(self.recipe, urls=tuple(self.base + path for path in paths))


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed: no certificate for the test's https server")
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    command += ["-addext", "subjectAltName=DNS:localhost", "-keyout", str(path), "-out", f"{path}.crt"]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    path.write_bytes(path.read_bytes() + Path(f"{path}.crt").read_bytes())
    return path


@pytest.fixture
def upstream(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Upstream]:
    monkeypatch.setenv("SSL_CERT_FILE", f"{certificate}.crt")
    for name in ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    recipe = replace(load_recipe(VENDOR / "musl.toml"), archives=(Archive("musl.tar.gz", DIGEST),), debian=None)
    yield Upstream(f"https://localhost:{server.server_address[1]}", recipe)
    server.shutdown()
    server.server_close()


def fetch(recipe: Recipe, root: Path, *, sources: Path | None = None, offline: bool = False) -> Path:
    return fetch_source(recipe, cache=Cache(root), sources=sources, offline=offline, say=say)[0]


def failure(recipe: Recipe, root: Path, *, sources: Path | None = None, offline: bool = False) -> list[str]:
    with pytest.raises(StaticlinkError) as caught:
        fetch(recipe, root, sources=sources, offline=offline)
    kept = [path for path in root.rglob("*") if path.is_file() and path.suffix != ".lock" and path.parent != sources]
    assert kept == [], "something was kept"
    return render_error(caught.value).splitlines()


def test_upstream_is_asked_once_then_the_cache(upstream: Upstream, tmp_path: Path) -> None:
    path = fetch(upstream.at("/missing", "/good"), tmp_path)
    assert path.read_bytes() == CONTENT
    assert path.name == "musl.tar.gz"
    assert fetch(upstream.at("/missing"), tmp_path, offline=True) == path


def test_a_download_that_was_damaged_in_the_cache_is_fetched_again(upstream: Upstream, tmp_path: Path) -> None:
    path = fetch(upstream.at("/good"), tmp_path)
    path.write_bytes(b"damaged")
    assert fetch(upstream.at("/good"), tmp_path).read_bytes() == CONTENT


def test_other_bytes_are_refused_with_both_hashes_and_the_url(upstream: Upstream, tmp_path: Path) -> None:
    assert failure(upstream.at("/portal", "/good"), tmp_path) == [
        "wrong hash: musl 1.2.5",
        f"  from {upstream.base}/portal",
        f"  got sha256    {hashlib.sha256(b'<html>please log in</html>').hexdigest()}",
        f"  wanted sha256 {DIGEST}  musl.tar.gz",
    ]


def test_every_place_that_was_tried_is_listed(upstream: Upstream, tmp_path: Path) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    plain, base = "http://localhost/x", upstream.base
    recipe = upstream.at("/missing", "/short", f"/to/{plain}", "/to//missing")
    recipe = replace(recipe, urls=(*recipe.urls, f"https://127.0.0.1:{port}/x"))
    assert failure(recipe, tmp_path, sources=tmp_path) == [
        "no source for musl 1.2.5",
        f"  sources={tmp_path}: no musl.tar.gz",
        "  cache: not there",
        f"  {base}/missing: answers 404 Not Found",
        f"  {base}/short: ended 5 bytes early",
        f"  {base}/to/{plain}: redirects to {plain}, which is not https",
        f"  {base}/to//missing: answers 404 Not Found",
        f"  https://127.0.0.1:{port}/x: connection refused",
        "  fix: sources=DIR, with musl.tar.gz in DIR",
    ]


def test_a_redirection_within_https_is_followed(upstream: Upstream, tmp_path: Path) -> None:
    assert fetch(upstream.at(f"/to/{upstream.base}/good"), tmp_path).read_bytes() == CONTENT


def test_a_server_that_says_nothing_costs_seconds(upstream: Upstream, tmp_path: Path) -> None:
    start = time.monotonic()
    lines = failure(upstream.at("/silent"), tmp_path)
    assert time.monotonic() - start < 7
    assert lines[2] == f"  {upstream.base}/silent: no answer within 5 s"


def test_a_certificate_nobody_knows_is_refused(
    upstream: Upstream, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "/dev/null")
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
    assert "certificate verify failed" in failure(upstream.at("/good"), tmp_path)[2]


def test_offline_asks_nobody(upstream: Upstream, tmp_path: Path) -> None:
    assert failure(upstream.at("/good"), tmp_path, offline=True) == [
        "no source for musl 1.2.5",
        "  cache: not there",
        "  network: offline=1",
        "  fix: scons fetch, or sources=DIR, with musl.tar.gz in DIR",
    ]


@pytest.mark.parametrize("name", ["musl.tar.gz", "musl_1.2.5.orig.tar.gz"])
def test_the_users_directory_comes_first(upstream: Upstream, tmp_path: Path, name: str) -> None:
    sources, cache = tmp_path / "sources", tmp_path / "cache"
    sources.mkdir()
    cache.mkdir()
    (sources / name).write_bytes(CONTENT)
    recipe = replace(upstream.at("/portal"), debian=load_recipe(VENDOR / "musl.toml").debian)
    assert fetch(recipe, cache, sources=sources, offline=True).read_bytes() == CONTENT


def test_a_wrong_file_in_the_users_directory_ends_the_search(upstream: Upstream, tmp_path: Path) -> None:
    (tmp_path / "musl.tar.gz").write_bytes(b"other")
    assert failure(upstream.at("/good"), tmp_path, sources=tmp_path) == [
        "wrong hash: musl 1.2.5",
        f"  from {tmp_path}/musl.tar.gz",
        f"  got sha256    {hashlib.sha256(b'other').hexdigest()}",
        f"  wanted sha256 {DIGEST}  musl.tar.gz",
    ]


def state_of_apt() -> list[tuple[str, int, int]]:
    """Return name, size and time of every file that apt keeps about this machine."""
    places = [Path("/etc/apt"), Path("/var/lib/apt/lists"), Path("/var/cache/apt")]
    paths = sorted(path for place in places for path in place.rglob("*") if path.is_file())
    return [(str(path), path.stat().st_size, path.stat().st_mtime_ns) for path in paths]


@pytest.fixture
def mirror() -> None:
    if not read_mirrors():
        pytest.skip("this machine's apt has no Debian mirror")


@pytest.mark.usefixtures("mirror")
def test_debian_packages_arrive_and_the_machines_apt_stays_as_it_was(tmp_path: Path) -> None:
    before = state_of_apt()
    (tmp_path / "out").mkdir()
    cache = Cache(tmp_path)
    fetch_debian_source("musl", suite="trixie", directory=tmp_path / "out", cache=cache, say=say)
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["musl_1.2.5.orig.tar.gz"]
    package = fetch_debian_binary(
        "rust-src", suite="trixie-backports", version="1.95.0", cache=cache, offline=False, say=say
    )
    assert package.read_bytes().startswith(b"!<arch>\ndebian-binary")
    again = fetch_debian_binary(
        "rust-src", suite="trixie-backports", version="1.95.0", cache=cache, offline=True, say=say
    )
    assert again == package
    assert state_of_apt() == before


@pytest.mark.usefixtures("mirror")
def test_a_debian_package_that_is_not_there_is_said_in_a_clause(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    with pytest.raises(AptError, match="Unable to find a source package for no-such-package"):
        fetch_debian_source("no-such-package", suite="trixie", directory=tmp_path, cache=cache, say=say)
    with pytest.raises(StaticlinkError) as caught:
        fetch_debian_binary("rust-src", suite="trixie-backports", version="0.1", cache=cache, offline=True, say=say)
    assert render_error(caught.value).splitlines() == [
        "no source for Debian package rust-src 0.1",
        "  cache: not there",
        "  Debian suite trixie-backports: offline=1",
    ]
