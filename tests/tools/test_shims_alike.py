"""Does every shim do on musl what the real function does on glibc, item by item, and fail as it fails?

A caller in ``tests/shims`` is compiled once, with the machine's glibc headers. It is linked with glibc, where the real
functions answer, and as an archive by ``staticlink link --libc=musl``, where the shims do. Both runs must print the
same and end the same way. A shim that changes behaviour has no twin: what it answers is written down here.
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
from staticlink.elf.symbols import read_object
from staticlink.link.libc import compiler_directories
from staticlink.link.shims import load_shims
from staticlink.vendored.cache import open_cache
from staticlink.vendored.debian import fetch_debian_binary

from tests.checkout import TOP

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SOURCES = TOP / "tests" / "shims"
ALIKE = sorted(path.stem for path in SOURCES.glob("*.c") if path.stem != "said_on_musl")
_CHANGED = """\
pthread_rwlockattr_setkind_np(&attribute, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP): 0
pthread_rwlockattr_getkind_np(&attribute, &kind): 0
kind: 2
pthread_rwlockattr_setkind_np(&attribute, 3) == EINVAL: 1
getcontext(&context): -1, errno 38
setcontext(&context): -1, errno 38
swapcontext(&context, &context): -1, errno 38
backtrace(frames, 4): 0
backtrace_symbols(frames, 0) != NULL: 1
mallopt(M_MMAP_THRESHOLD, 1): 0
malloc_trim(0): 0
malloc_info(0, stdout): -1
mcheck(NULL): -1
mallinfo().uordblks: 0
mallinfo2().uordblks: 0
gnu_get_libc_version(): 2.26
glob64("/{tmp,usr}", GLOB_BRACE, NULL, &globbed) == GLOB_NOSYS: 1
nftw64("/proc/self/fdinfo", visit, 4, FTW_ACTIONRETVAL): -1, errno 38
posix_spawn_file_actions_addclosefrom_np(&actions, 3) == ENOSYS: 1
__isoc23_sscanf("0x1f", "%i", &value): 1
value: 31
__isoc23_sscanf("0b11", "%i", &value): 1
value: 0
__isoc23_sscanf("0x", "%i", &value): 0
value: 0
"""


def run(directory: Path, *command: str | Path, check: bool = True) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(TOP / "site_scons")}
    done = subprocess.run(
        command, cwd=directory, env=environment, capture_output=True, text=True, check=False, timeout=300
    )
    assert not check or done.returncode == 0, done.stdout + done.stderr
    return done


def compile_caller(directory: Path, name: str) -> Path:
    """Compile the caller as an archive; plain, so that it calls what its text says."""
    options = ("-O1", "-fno-builtin", "-U_FORTIFY_SOURCE", "-Wno-nonnull", "-Wno-format", "-I", str(SOURCES))
    run(directory, "gcc", *options, "-c", SOURCES / f"{name}.c", "-o", "caller.o")
    run(directory, "ar", "rcsD", "libcaller.a", "caller.o")
    return directory / "libcaller.a"


def link_musl(directory: Path, *words: str | Path) -> dict[str, str]:
    """Link ``musl`` and return which shim stands in for which symbol."""
    command = (sys.executable, "-m", "staticlink.cli", "link", "--libc=musl", "--findings=foreign-libc-interface=allow")
    run(directory, *command, "-o", "musl", *words)
    plan = json.loads((directory / "musl.linkplan.json").read_text(encoding="utf-8"))
    shims: dict[str, str] = plan["shim_symbols"]
    return shims


def outcome(directory: Path, libc: str, *arguments: str) -> tuple[int, str, str]:
    place = directory / "here"
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir()
    done = run(place, directory / libc, *arguments, check=False)
    return done.returncode, done.stdout, done.stderr


def undefined(archive: Path) -> set[str]:
    data = map_file(archive)
    (member,) = read_archive(data, archive.name).members
    symbols, _, _ = read_object(data, member.name, "x86_64", member.start, member.size)
    return {*symbols.undefined}


def link_glibc(directory: Path, name: str) -> tuple[str | Path, ...]:
    """Return how ``caller`` is linked where the real functions are."""
    if name == "secure_getenv":
        return ("-DIN_THE_SHARED_LIBRARY", "-I", SOURCES, "-Wno-nonnull", SOURCES / "secure_getenv.c")
    static = ("-static", "-Wl,--no-warnings,--eh-frame-hdr")
    libc = machines_glibc()
    if name != "newer_glibc" or "__isoc23_strtol" in _promised(libc):
        return static
    if shutil.which("apt-get") is None or shutil.which("dpkg") is None:
        pytest.skip("no apt-get and dpkg: a glibc that is newer than the machine's is had as Debian's package")
    package = fetch_debian_binary(
        "libc6-dev", suite="trixie", version="2.41", cache=open_cache(os.environ), offline=False, say=lambda *_: None
    )
    run(directory, "dpkg", "-x", package, "package")
    place = next((directory / "package").glob("usr/lib/*/libc.a")).parent
    # Its streams call functions for wide characters that nothing else of a static program extracts.
    wide = (f"-Wl,-u,_IO_{part}" for part in ("wdefault_doallocate", "wfile_doallocate", "wfile_underflow"))
    return (*static, *wide, f"-B{place}/", f"-L{place}")


def machines_glibc() -> Path:
    """Return the libc.a of the machine's glibc."""
    return next(path / "libc.a" for path in compiler_directories(["gcc"]) if (path / "libc.a").is_file())


@pytest.mark.parametrize("name", ALIKE)
def test_a_caller_sees_the_same_on_both_libcs(tmp_path: Path, name: str) -> None:
    archive = compile_caller(tmp_path, name)
    run(tmp_path, "gcc", *link_glibc(tmp_path, name), archive, "-o", "glibc")
    usable = [shim for shim in load_shims() if shim.kind != "refused" and not shim.fast]  # musl has what is fast
    known = {symbol for shim in usable for symbol in shim.symbols}
    assert link_musl(tmp_path, archive).keys() == undefined(archive) & known
    items = [outcome(tmp_path, libc) for libc in ("glibc", "musl")]
    assert items[0][0] == 0
    assert items[1] == items[0]
    for number in range(100):
        real, ours = (outcome(tmp_path, libc, str(number)) for libc in ("glibc", "musl"))
        assert ours == real, number
        if real[1] == "no such\n":
            break
        assert real[0] not in (0, -11), real
    else:
        pytest.fail("the failing calls have no end")


def test_what_changes_behaviour_answers_as_it_says(tmp_path: Path) -> None:
    shims = link_musl(tmp_path, compile_caller(tmp_path, "said_on_musl"))
    changed = ("contexts", "backtrace", "malloc_tuning", "gnu_version", "walk64", "spawn_closefrom", "isoc23_scanf")
    assert {*shims.values()} == {*changed, "rwlock_kinds"}
    assert outcome(tmp_path, "musl") == (0, _CHANGED, "")


def test_every_shim_is_called_by_a_test(tmp_path: Path) -> None:
    called: set[str] = set()
    for name in (*ALIKE, "said_on_musl"):
        called |= undefined(compile_caller(tmp_path, name))
    apart = ("start_bridge", "mutex_kinds", "relro", "versions")  # these have tests of their own
    tried = [shim for shim in load_shims() if shim.source and shim.name not in apart and not shim.fast]
    listed = {symbol for shim in tried for symbol in shim.symbols}
    assert sorted(listed - called) == []


def _promised(path: Path) -> Iterator[str]:
    index = read_archive(map_file(path), path.name).index
    yield from index[0] if index is not None else ()


def test_each_name_of_large_files_and_of_fortify_is_decided(tmp_path: Path) -> None:
    """What glibc's libc.a has and musl's has not, under names that headers make, is shimmed or refused."""
    glibc = machines_glibc()
    link_musl(tmp_path, compile_caller(tmp_path, "opening"))
    plan = json.loads((tmp_path / "musl.linkplan.json").read_text(encoding="utf-8"))
    musl = next(path for path in map(str, plan["order"]) if path.endswith("/libc.a"))
    theirs, ours = set(_promised(glibc)), set(_promised(type(glibc)(musl)))
    decided = {symbol for shim in load_shims() for symbol in shim.symbols}
    plain = {name for name in theirs if name.replace("64", "") in theirs and "64" in name and name[0] != "_"}
    checked = {name for name in theirs if name.startswith("__") and name.endswith(("_chk", "_2")) and name[2] != "_"}
    regular = {"__re_match_2", "__re_search_2"}  # of glibc's own regex, which no header renames
    floats = {name for name in plain if name.endswith(("f64", "f64_l", "f64x", "f64x_l"))}  # of the type _Float64
    assert sorted((plain | checked) - ours - decided - regular - floats) == []
