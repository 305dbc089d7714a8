"""Is an object that was compiled for another musl than the link's told, with what it asks for in vain, or counts on?

Two releases meet: the vendored one, and the one that Debian 12 packs, which becomes a compiler of its own by the code
that makes one of the vendored libc. ``STATICLINK_MUSL_RELEASES=1`` measures the table on all releases that Debian has.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from staticlink.elf.ar import read_archive
from staticlink.elf.mapping import map_file
from staticlink.libc.marks import read_marks
from staticlink.libc.musl_release import TABLE, Musl, infer_release, load_releases, read_release
from staticlink.libc.note import note_source
from staticlink.libc.verdict import Verdict
from staticlink.link.audits.foreign_libc import Judged, no_recipe
from staticlink.link.audits.musl_releases import find_other_releases
from staticlink.link.finding import load_policy
from staticlink.link.inputs import ObjectFile
from staticlink.link.reading import read_input
from staticlink.measure.musl_releases import measure_releases, render_releases
from staticlink.target import Target
from staticlink.vendored.cache import open_cache
from staticlink.vendored.debian import fetch_debian_binary
from staticlink.vendored.provide import Provider
from staticlink.vendored.wrapper import Host, write_sysroot

from tests.checkout import TOP

if TYPE_CHECKING:
    from pathlib import Path

_TARGET = Target("x86_64", "musl", static=True)
_OLD = "1.2.3"
_NEW = """\
#define _GNU_SOURCE
#include <sys/uio.h>
#include <stdio.h>
int later(int file) { char c; struct iovec to = { &c, 1 }; return (int)preadv2(file, &to, 1, 0, 0); }
"""
_LARGE = 'int open64(const char *, int, ...);\nint later(int file) { return open64("/", file); }\n'
_PLAIN = '#include <stdio.h>\nint later(int file) { return printf("%d\\n", file); }\n'
_MAIN = "int later(int);\nint main(void) { return later(0) < -9; }\n"


def package(version: str, suite: str, directory: Path) -> Path:
    """Unpack Debian's package of a musl below ``directory`` and return where its libc.a is."""
    if shutil.which("apt-get") is None or shutil.which("dpkg") is None:
        pytest.skip("no apt-get and dpkg: another musl is had as Debian's package")
    cache = open_cache(os.environ)
    found = fetch_debian_binary(
        "musl-dev", suite=suite, version=version, cache=cache, offline=False, say=lambda *_: None
    )
    subprocess.run(["dpkg", "-x", found, directory], check=True, timeout=60)
    return next(directory.glob("usr/lib/*/libc.a"))


@pytest.fixture(scope="module")
def new() -> Path:
    """Return where the vendored musl and libunwind are."""
    host = Host(("gcc",), os.environ["PATH"])
    provider = Provider(_TARGET, open_cache(os.environ), host, None, offline=False, say=lambda *_: None)
    assert provider.prefix("libunwind").is_dir()
    return provider.prefix("musl")


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory, new: Path) -> Path:
    """Return a prefix of musl 1.2.3 with a compiler of its own; beside it a libunwind, which fits both."""
    place = tmp_path_factory.mktemp("old")
    archive = package(_OLD, "bookworm", place / "package")
    prefix = place / "prefixes" / "musl"
    prefix.mkdir(parents=True)
    shutil.copytree(archive.parent, prefix / "lib")
    shutil.copytree(place / "package" / "usr" / "include" / archive.parent.name, prefix / "include")
    write_sysroot(prefix, Host(("gcc",), os.environ["PATH"]), _TARGET, _OLD)
    host = Host(("gcc",), os.environ["PATH"])
    provider = Provider(_TARGET, open_cache(os.environ), host, None, offline=False, say=lambda *_: None)
    (prefix.parent / "libunwind").symlink_to(provider.prefix("libunwind"))
    assert new != prefix
    return prefix


def compile_c(directory: Path, musl: Path, name: str, text: str) -> None:
    (directory / f"{name}.c").write_text(text, encoding="utf-8")
    subprocess.run([musl / "bin" / "cc", "-O1", "-c", f"{name}.c"], cwd=directory, check=True, timeout=60)


def archive_of(directory: Path, name: str) -> None:
    (directory / f"lib{name}.a").unlink(missing_ok=True)
    subprocess.run(["ar", "rcsD", f"lib{name}.a", f"{name}.o"], cwd=directory, check=True, timeout=60)


def link(directory: Path, *words: str, code: int = 0) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(TOP / "site_scons")}
    command = [sys.executable, "-m", "staticlink.cli", "link", "--libc=musl", "-o", "app", "main.o", *words]
    done = subprocess.run(
        command, cwd=directory, env=environment, capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done


def test_a_newer_musl_has_what_the_links_has_not(tmp_path: Path, old: Path, new: Path) -> None:
    compile_c(tmp_path, old, "main", _MAIN)
    compile_c(tmp_path, new, "later", _NEW)
    archive_of(tmp_path, "later")
    said = link(tmp_path, f"--prefixes={old.parent}", "liblater.a", code=1).stderr
    assert said == (
        "staticlink: needs another musl, the link's is 1.2.3: liblater.a\n"
        "  asks for preadv2, which musl 1.2.5 has and 1.2.3 has not\n"
        "  liblater.a(later.o) says in a note that it was compiled for musl 1.2.5\n"
        "  fix: compile liblater.a for musl 1.2.3, as staticlink cc does\n"
        "undefined symbol: preadv2\n"
        "  referenced by liblater.a(later.o)\n"
        "  see: app.linkplan.json\n"
    )
    assert not (tmp_path / "app").exists()


def test_an_older_musl_had_names_that_are_gone(tmp_path: Path, old: Path, new: Path) -> None:
    compile_c(tmp_path, new, "main", _MAIN)
    compile_c(tmp_path, old, "later", _LARGE)
    said = link(tmp_path, "later.o", code=1).stderr
    assert said.startswith(
        "staticlink: needs another musl, the link's is 1.2.5: later.o\n"
        "  asks for open64, which musl 1.2.3 has and 1.2.5 has not\n"
        "  later.o says in a note that it was compiled for musl 1.2.3\n"
        "  fix: compile later.o for musl 1.2.5, as staticlink cc does\n"
    )
    # With its own musl it links.
    link(tmp_path, "later.o", f"--prefixes={old.parent}")


def test_what_an_older_musl_compiled_needs_no_word_and_a_newer_one_a_warning(
    tmp_path: Path, old: Path, new: Path
) -> None:
    compile_c(tmp_path, old, "main", _MAIN)
    compile_c(tmp_path, old, "later", _PLAIN)
    assert "WARN" not in link(tmp_path, "later.o").stdout
    compile_c(tmp_path, new, "later", _PLAIN)
    archive_of(tmp_path, "later")
    assert "WARN   newer-musl" in link(tmp_path, "liblater.a", f"--prefixes={old.parent}").stdout
    plan = json.loads((tmp_path / "app.linkplan.json").read_text(encoding="utf-8"))
    (found,) = [one for one in plan["findings"] if one["id"] == "newer-musl"]
    assert (found["subject"], found["level"], found["what"], found["fix"]) == (
        "liblater.a",
        "warn",
        "compiled for a newer musl than the link's",
        "compile liblater.a for musl 1.2.3, as staticlink cc does",
    )
    assert found["evidence"] == [
        "liblater.a(later.o) says in a note that it was compiled for musl 1.2.5",
        "the link's musl is 1.2.3",
    ]
    done = subprocess.run([tmp_path / "app"], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == "0\n"


def test_archives_are_held_against_a_musl_among_them(tmp_path: Path, old: Path, new: Path) -> None:
    compile_c(tmp_path, new, "later", _PLAIN)
    archive_of(tmp_path, "later")
    said = []
    for musl in (old, new):
        words = ("audit", "--libc=musl", "liblater.a", str(musl / "lib/libc.a"))
        command = [sys.executable, "-m", "staticlink.cli", *words]
        environment = {**os.environ, "PYTHONPATH": str(TOP / "site_scons")}
        done = subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True, timeout=300
        )
        said.append(done.stdout)
    assert "warn: newer-musl: compiled for a newer musl than the link's: liblater.a\n" in said[0]
    assert "newer-musl" not in said[1]


def test_a_plan_does_not_outlive_the_version_it_was_made_for(tmp_path: Path, old: Path, new: Path) -> None:
    """The number in libc.a is all that changes: no symbol does, and the file keeps its times."""
    prefixes = tmp_path / "prefixes"
    shutil.copytree(old.parent, prefixes, symlinks=True)
    libc = prefixes / "musl" / "lib" / "libc.a"
    compile_c(tmp_path, old, "main", _MAIN)
    compile_c(tmp_path, new, "later", _PLAIN)
    words = ("later.o", f"--prefixes={prefixes}")
    link(tmp_path, *words)
    written = (tmp_path / "app.linkplan.json").stat().st_mtime_ns
    assert "WARN   newer-musl" in link(tmp_path, *words).stdout
    assert (tmp_path / "app.linkplan.json").stat().st_mtime_ns == written
    status = libc.stat()
    piece = read_release(libc, read_archive(map_file(libc), libc.name)).piece
    assert piece is not None
    data = bytearray(libc.read_bytes())
    data[piece.start : piece.start + piece.size] = data[piece.start : piece.start + piece.size].replace(
        b"1.2.3\0", b"1.2.9\0"
    )
    libc.write_bytes(data)
    os.utime(libc, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert "WARN" not in link(tmp_path, *words).stdout


@pytest.mark.parametrize(("noted", "told"), [("1.1.24", ["musl-time64"]), ("1.2.5", []), ("1.2.9", ["newer-musl"])])
def test_time_on_machines_of_32_bits(tmp_path: Path, noted: str, told: list[str]) -> None:
    (tmp_path / "note.s").write_text(note_source("musl", noted), encoding="utf-8")
    subprocess.run(["gcc", "-m32", "-c", "note.s"], cwd=tmp_path, check=True, timeout=60)
    one = read_input(tmp_path / "note.o", machine="i386")
    assert isinstance(one, ObjectFile)
    judged = Judged(
        "musl", {one: Verdict("musl", ("",))}, {one: read_marks(one)}, dict, lambda _: False, no_recipe,
        Musl("1.2.5", None),
    )  # fmt: skip
    assert [found.id for found in find_other_releases(judged, load_policy())] == told


def test_the_release_is_inferred_from_names(new: Path, old: Path, tmp_path: Path) -> None:
    """A libc.a without ``version.o`` says by what it defines which measured release it is like."""
    for prefix, version in ((new, "1.2.5"), (old, _OLD)):
        copy = tmp_path / version / "libc.a"
        copy.parent.mkdir()
        shutil.copy(prefix / "lib" / "libc.a", copy)
        said = read_release(copy, read_archive(map_file(copy), copy.name))
        assert (said.version, said.piece is None) == (version, False)
        subprocess.run(["ar", "dD", "libc.a", "version.lo", "version.o"], cwd=copy.parent, check=True, timeout=60)
        inferred = read_release(copy, read_archive(map_file(copy), copy.name))
        assert (inferred.version, inferred.piece) == (version, None)
    assert infer_release({"qsort_r"}, load_releases()) == "1.2.2"


def test_the_table_is_what_the_archives_say(new: Path, old: Path, tmp_path: Path) -> None:
    """Debian's archive has changes of its own, so what is measured on it holds the table's names, and may hold more."""
    _, measured = measure_releases([old / "lib" / "libc.a", new / "lib" / "libc.a"])
    (kept,) = [one for one in load_releases() if one.version == "1.2.5"]
    assert kept.adds <= measured.adds
    assert kept.drops <= measured.drops
    assert {"statx", "preadv2"} <= kept.adds
    assert {"open64", "stat64", "mmap64"} <= kept.drops
    if os.environ.get("STATICLINK_MUSL_RELEASES") != "1":
        return
    suites = (("1.2.2", "bullseye"), ("1.2.3", "bookworm"), ("1.2.5", "trixie"), ("1.2.6", "sid"))
    archives = [package(version, suite, tmp_path / suite) for version, suite in suites]
    assert render_releases(measure_releases([*archives, new / "lib" / "libc.a"])) == TABLE.read_text(encoding="utf-8")
