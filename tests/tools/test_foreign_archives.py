"""Do a distribution's archives, compiled for glibc with all its hardening, link and run on musl?

Each library comes as the machine's own distribution packs it, unpacked and not installed. A small program of its own
functions is compiled with the machine's headers and linked twice, with glibc and by ``staticlink link --libc=musl``:
both print the same, and the shims that the link needed are the ones listed here. What is refused is refused by name.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import threading
import zlib
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from staticlink.vendored.cache import open_cache
from staticlink.vendored.fetch import fetch_source
from staticlink.vendored.recipe import load_recipe
from staticlink.vendored.unpack import unpack

from tests.checkout import TOP

SOURCES = TOP / "tests" / "foreign"
HARDENED = ("-O2", "-D_FORTIFY_SOURCE=2", "-fstack-protector-strong")


@dataclass(frozen=True, slots=True)
class Library:
    """A program in ``tests/foreign``, the packages it needs, their archives in order, and the shims of its link."""

    program: str
    packages: tuple[str, ...]
    archives: tuple[str, ...]
    shims: tuple[str, ...]


LIBRARIES = (
    Library("zlib", ("zlib1g-dev",), ("libz.a",), ("fortify_printf", "lfs64")),
    Library("expat", ("libexpat1-dev",), ("libexpat.a",), ("arc4random", "fortify_printf")),
    Library(
        "sqlite", ("libsqlite3-dev",), ("libsqlite3.a",), ("fortify_memory", "fortify_printf", "lfs64", "mutex_kinds")
    ),
    Library(
        "crypto",
        ("libssl-dev",),
        ("libcrypto.a",),
        ("contexts", "ctype_case", "fortify_memory", "fortify_printf", "fortify_reading", "lfs64"),
    ),
    Library(
        "ssl",
        ("libssl-dev",),
        ("libssl.a", "libcrypto.a"),
        ("contexts", "ctype_case", "fortify_memory", "fortify_printf", "fortify_reading", "lfs64"),
    ),
)


def run(
    directory: Path, *command: str | Path, check: bool = True, seconds: int = 300
) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(TOP / "site_scons")}
    done = subprocess.run(
        command, cwd=directory, env=environment, capture_output=True, text=True, check=False, timeout=seconds
    )
    assert not check or done.returncode == 0, done.stdout + done.stderr
    return done


def fetch(directory: Path, *packages: str) -> Path:
    """Unpack packages of the machine's suite below ``directory``."""
    if shutil.which("apt-get") is None or shutil.which("dpkg") is None:
        pytest.skip("no apt-get and dpkg: a distribution's packages are what is linked")
    run(directory, "apt-get", "download", "-q", *packages)
    for path in sorted(directory.glob("*.deb")):
        run(directory, "dpkg", "-x", path, directory / "root")
    return directory / "root" / "usr"


def link_musl(directory: Path, *words: str | Path, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Link ``musl``; the program joins as an archive's member, as the library does."""
    run(directory, "ar", "rcsD", "libprogram.a", "program.o")
    command = (sys.executable, "-m", "staticlink.cli", "link", "--libc=musl", "-o", "musl", "libprogram.a")
    return run(directory, *command, *words, check=check)


def planned(directory: Path) -> dict[str, str]:
    shims: dict[str, str] = json.loads((directory / "musl.linkplan.json").read_text(encoding="utf-8"))["shims"]
    return shims


def agree(directory: Path) -> str:
    """Return what the program prints on both libcs."""
    glibc, musl = (run(directory, directory / name).stdout for name in ("glibc", "musl"))
    assert musl == glibc
    return musl


@pytest.mark.parametrize("library", LIBRARIES, ids=[library.program for library in LIBRARIES])
def test_a_library_of_the_distribution(tmp_path: Path, library: Library) -> None:
    usr = fetch(tmp_path, *library.packages)
    (triple,) = (path.parent.name for path in usr.glob(f"lib/*/{library.archives[0]}"))
    includes = (f"-I{usr}/include", f"-I{usr}/include/{triple}")
    run(tmp_path, "gcc", *HARDENED, *includes, "-c", SOURCES / f"{library.program}.c", "-o", "program.o")
    archives = [usr / "lib" / triple / name for name in library.archives]
    run(tmp_path, "gcc", "-static", "program.o", *archives, "-Wl,--no-warnings", "-o", "glibc")
    output = link_musl(tmp_path, *archives).stdout
    assert tuple(planned(tmp_path)) == library.shims
    assert all(f"{name}: " in output for name in library.shims)
    assert agree(tmp_path).strip()


#: What Debian's libcurl.a was configured for, as far as Debian packs it as archives: packages, archives in order.
_CURL_PACKAGES = ("libcurl4-openssl-dev", "libnghttp2-dev", "libidn2-dev", "libssh2-1-dev", "libpsl-dev", "libssl-dev",
                  "libzstd-dev", "libbrotli-dev", "zlib1g-dev", "libunistring-dev")  # fmt: skip
_CURL_NEEDS = ("nghttp2", "idn2", "ssh2", "psl", "ssl", "crypto", "zstd", "brotlidec", "brotlicommon", "z", "unistring")


class _Pages(BaseHTTPRequestHandler):
    """One page, compressed where the client takes that, and nothing else."""

    def do_GET(self) -> None:
        """Answer."""
        found = self.path == "/page"
        body = zlib.compress(b"a page\n") if found else b"no page\n"
        self.send_response(200 if found else 404)
        self.send_header("Content-Type", "text/plain")
        if found:
            self.send_header("Content-Encoding", "deflate")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def libcurl(directory: Path) -> tuple[Path, list[Path]]:
    """Compile the program that uses libcurl; return where archives are, and those that it is linked with."""
    usr = fetch(directory, *_CURL_PACKAGES)
    (archive,) = usr.glob("lib/*/libcurl.a")
    includes = f"-I{usr}/include/{archive.parent.name}"
    run(directory, "gcc", *HARDENED, includes, "-c", SOURCES / "curl.c", "-o", "program.o")
    return archive.parent, [archive, *(archive.with_name(f"lib{name}.a") for name in _CURL_NEEDS)]


def missing(directory: Path) -> dict[str, list[str]]:
    """Return what the link of ``musl`` lacks: symbol -> the members that refer to it."""
    plan = json.loads((directory / "musl.linkplan.json").read_text(encoding="utf-8"))
    undefined: dict[str, list[str]] = plan["undefined"]
    return undefined


def test_curl_without_what_debian_does_not_pack(tmp_path: Path) -> None:
    """Kerberos, LDAP and RTMP end the program when they are called; everything else answers as on glibc."""
    _, archives = libcurl(tmp_path)
    link_musl(tmp_path, *archives, check=False)
    absent = missing(tmp_path)
    assert {name.partition("_")[0].lower() for name in absent} == {"gss", "ldap", "ber", "rtmp"}
    labels = "".join(f"\t.globl {name}\n{name}:\n" for name in absent)
    text = f'\t.text\n{labels}\tud2\n\t.section .note.GNU-stack,"",%progbits\n'
    (tmp_path / "absent.s").write_text(text, encoding="utf-8")
    run(tmp_path, "gcc", "-c", "absent.s")
    run(tmp_path, "gcc", "-static", "program.o", *archives, "absent.o", "-Wl,--no-warnings", "-o", "glibc")
    link_musl(tmp_path, *archives, "absent.o")
    assert planned(tmp_path).keys() == {
        *(
            "contexts",
            "ctype_case",
            "fnmatch",
            "fortify_memory",
            "fortify_printf",
            "fortify_reading",
            "fortify_strings",
            "lfs64",
            "mutex_kinds",
        )
    }
    (tmp_path / "file").write_text("content\n", encoding="utf-8")
    with ThreadingHTTPServer(("127.0.0.1", 0), _Pages) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        words = (str(tmp_path / "file"), str(server.server_port))
        glibc, musl = (run(tmp_path, tmp_path / name, *words).stdout for name in ("glibc", "musl"))
        server.shutdown()
    assert musl == glibc
    assert "No error, 0, no type, content\n" in musl
    assert "No error, 200, text/plain, a page\n" in musl
    assert "No error, 404, text/plain, no page\n" in musl


def test_curl_with_all_that_it_was_configured_for_is_refused(tmp_path: Path) -> None:
    """Debian's libldap.a calls GNU's strerror_r. Kerberos' libraries are not packed as archives: no libc has them."""
    place, archives = libcurl(tmp_path)
    fetch(tmp_path, "libldap-dev", "librtmp-dev", "libgnutls28-dev", "nettle-dev", "libgmp-dev", "libtasn1-6-dev")
    others = ("rtmp", "ldap", "lber", "gnutls", "hogweed", "nettle", "gmp", "tasn1")
    archives += [place / f"lib{name}.a" for name in others]
    done = link_musl(tmp_path, *archives, check=False)
    assert done.returncode == 1
    assert done.stderr == (
        "staticlink: called across two libcs, whose interfaces differ: strerror_r\n"
        "  called by libldap.a(os-ip.o), compiled for glibc\n"
        "  libldap.a(os-ip.o) asks for __snprintf_chk, which glibc's headers make and musl does not define\n"
        "  called by 3 more\n"
        "  the result of strerror_r is a pointer under glibc, an integer of 4 bytes under musl\n"
        "  fix: compile libldap.a for musl, as staticlink cc does\n"
        "  see: musl.linkplan.json\n"
    )
    by_curl = [name for name, members in missing(tmp_path).items() if any("libcurl.a(" in one for one in members)]
    assert {name.partition("_")[0].lower() for name in by_curl} == {"gss"}
    assert "libcurl.a(libcurl_la-krb5.o)" in missing(tmp_path)["GSS_C_NT_HOSTBASED_SERVICE"]
    assert not (tmp_path / "musl").exists()


def pythons() -> list[Path]:
    """Return the interpreters at hand that come with a static library of their own."""
    named = [Path(sysconfig.get_config_var("BINDIR")) / "python3", Path("/usr/bin/python3")]
    named += sorted(Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")).glob("versions/3.*/bin/python3"))
    return list(dict.fromkeys(path for path in named if path.exists()))


def test_a_python_that_was_compiled_for_glibc(tmp_path: Path) -> None:
    """Every libpython of the machine whose archive is there runs on musl, or its missing names are told."""
    asked = (
        "import sysconfig as s; print(*map(s.get_config_var, ('LIBPL', 'LIBRARY', 'INCLUDEPY')), s.get_path('stdlib'))"
    )
    found = 0
    for number, python in enumerate(pythons()):
        place, name, include, library = run(tmp_path, python, "-c", asked).stdout.split()
        archive = Path(place, name)
        if not archive.is_file() or not Path(include, "Python.h").is_file():
            continue
        here = tmp_path / str(number)
        here.mkdir()
        macro = f'-DSTDLIB="{library}"'
        run(here, "gcc", *HARDENED, macro, f"-I{include}", "-c", SOURCES / "python.c", "-o", "program.o")
        others = [path for name in ("libexpat.a", "libz.a") for path in Path("/usr/lib").glob(f"*/{name}")]
        run(here, "gcc", "-static", "program.o", archive, *others, "-lm", "-Wl,--no-warnings", "-o", "glibc")
        link_musl(here, archive, *others)
        assert {"lfs64", "private_names", "sched_cpu"} <= planned(here).keys()
        assert agree(here).startswith(python.resolve().name.removeprefix("python").removesuffix("m"))
        found += 1
    if not found:
        pytest.skip("no interpreter with a static library")


@pytest.mark.skipif(os.environ.get("STATICLINK_OLD_PYTHON") != "1", reason="STATICLINK_OLD_PYTHON=1: compiles CPython")
def test_a_python_that_asks_for_isinf_by_its_old_name(tmp_path: Path) -> None:
    """Glibc's headers make __isinf of isinf, as they did for every compiler once, where signaling NaNs are to count."""
    recipe = load_recipe(TOP / "vendor" / "cpython.toml")
    archive, accepted = fetch_source(
        recipe, cache=open_cache(os.environ), sources=None, offline=False, say=lambda *_: None
    )
    top = unpack(archive, accepted.sha256, tmp_path / "source").top
    absent = "_ssl _hashlib _sqlite3 _curses _curses_panel zlib _bz2 _lzma _ctypes _decimal readline _dbm _gdbm _uuid"
    (top / "Modules" / "Setup.local").write_text(f"*disabled*\n{absent} _tkinter\n", encoding="utf-8")
    options = ("MODULE_BUILDTYPE=static", "--disable-test-modules", "CFLAGS=-O1 -fsignaling-nans")
    log = run(top, "sh", "./configure", *options, seconds=900).stdout
    assert "checking for gcc" in log
    run(top, "make", f"-j{os.cpu_count()}", f"libpython{recipe.version.rpartition('.')[0]}.a", seconds=1800)
    (library,) = top.glob("libpython3.*.a")
    archives = [library, top / "Modules/_hacl/libHacl_Hash_SHA2.a", top / "Modules/expat/libexpat.a"]
    archives += Path("/usr/lib").glob("*/libz.a")
    includes = [f"-I{top}", f"-I{top}/Include"]
    run(tmp_path, "gcc", *HARDENED, f'-DSTDLIB="{top}/Lib"', *includes, "-c", SOURCES / "python.c", "-o", "program.o")
    run(tmp_path, "gcc", "-static", "program.o", *archives, "-lm", "-Wl,--no-warnings", "-o", "glibc")
    link_musl(tmp_path, *archives)
    symbols = json.loads((tmp_path / "musl.linkplan.json").read_text(encoding="utf-8"))["shim_symbols"]
    assert {"__isinf", "__isnan", "__finite"} <= {name for name, shim in symbols.items() if shim == "float_classes"}
    assert agree(tmp_path).startswith(recipe.version)
