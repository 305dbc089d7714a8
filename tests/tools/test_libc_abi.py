"""Is the table of libc interfaces what both libcs' headers say, and what would happen to who ignores it?

Each caller below is compiled against one libc and linked by hand with the other one's: it computes something wrong,
overwrites memory or crashes. Linked with its own libc it is right. And staticlink refuses that object by name.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from staticlink.libc.abi import load_interfaces
from staticlink.measure.interfaces import Table, measure_machine, render
from staticlink.measure.machine import find_machine

from tests.checkout import TOP

_TABLE = TOP / "site_scons" / "staticlink" / "policy" / "libc_abi" / "x86_64.toml"
_SECONDS = 300
_OTHER = {"glibc": "musl", "musl": "glibc"}
_CRASHED = -11
_NAMED = re.compile(r"`([^`]+)`")


def staticlink(directory: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(TOP / "site_scons")}
    command = [sys.executable, "-m", "staticlink.cli", *words]
    return subprocess.run(
        command, cwd=directory, env=environment, capture_output=True, text=True, check=False, timeout=900
    )


@pytest.fixture(scope="module")
def musl(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the prefix of the vendored musl."""
    done = staticlink(tmp_path_factory.mktemp("musl"), "cc", "--libc=musl", "-print-file-name=libc.a")
    assert done.returncode == 0, done.stderr
    return Path(done.stdout.strip()).resolve().parent.parent


@pytest.fixture(scope="module")
def measured(musl: Path) -> tuple[Table, ...]:
    return measure_machine(find_machine(prefix=musl))


def test_the_table_is_what_the_headers_say(musl: Path, measured: tuple[Table, ...]) -> None:
    """Where the machine has another glibc than the table, its own differences have to be among the measured ones."""
    text = _TABLE.read_text(encoding="utf-8")
    versions = find_machine(prefix=musl).versions
    assert versions["musl"] == "1.2.5"
    if f'glibc = "{versions["glibc"]}"\n' in text:
        assert render(measured, versions, "x86_64") == text
    known = load_interfaces("x86_64")
    missed = [name for name, found in measured[0].functions.items() if found and known[name].kind == "same"]
    assert missed == []


def test_the_types_and_constants_that_are_known_to_differ(measured: tuple[Table, ...]) -> None:
    types, constants = measured[0].types, measured[0].constants
    assert types["struct rusage"] == ["rusage is 144 bytes under glibc, 272 under musl"]
    assert types["ucontext_t"] == ["ucontext_t is 968 bytes under glibc, 936 under musl"]
    assert "utmpx is 384 bytes under glibc, 400 under musl" in types["struct utmpx"]
    assert "regmatch_t is 8 bytes under glibc, 16 under musl" in types["regmatch_t"]
    assert "regex_t.re_nsub is at byte 48 under glibc, byte 0 under musl" in types["regex_t"]
    assert constants["BUFSIZ"] == "BUFSIZ is 8192 under glibc, 1024 under musl"
    assert constants["FTW_D"] == "FTW_D is 1 under glibc, 2 under musl"
    assert constants["REG_STARTEND"] == "REG_STARTEND is 4 under glibc, absent in musl"


@dataclass(frozen=True, slots=True)
class Caller:
    """A program in ``callers/LIBC/``: what it prints with that libc, and with the other one; ``None`` when it crashes.

    ``symbol`` is the function that staticlink refuses, where it is not the name of the file.
    """

    libc: str
    name: str
    right: str
    wrong: str | None
    symbol: str = ""

    @property
    def refused(self) -> str:
        """The function."""
        return self.symbol or self.name


_CALLERS = [
    Caller("glibc", "basename", "'' of 'usr/lib/'", "'lib' of 'usr/lib'"),
    Caller("glibc", "cuserid", "0 bytes overwritten", "8 bytes overwritten"),
    Caller("glibc", "duplocale", "1", None),
    Caller("glibc", "ftw", "0 files, 1 directories", "0 files, 0 directories"),
    Caller("glibc", "getutxent", "a record", "no record"),
    Caller("glibc", "glob", "2 found", "0 found"),
    Caller("glibc", "newlocale", "1", None),
    Caller("glibc", "nftw", "0 files, 1 directories", "0 files, 0 directories"),
    Caller("glibc", "pututxline", "written", "not written"),
    Caller("glibc", "regcomp", "3 groups", "0 groups"),
    Caller("glibc", "regerror", "not in the part", "found outside of the part"),
    Caller("glibc", "regexec", "group at 2, 0 bytes overwritten", "group at 3, 16 bytes overwritten"),
    Caller("glibc", "sin", "-0.544", "532.886", "__sin"),
    Caller("glibc", "strerror_r", "No such file or directory", "(null)"),
    Caller("glibc", "sysv_signal", "reset", "kept", "__sysv_signal"),
    Caller("glibc", "updwtmpx", "1 records", "0 records"),
    Caller("glibc", "uselocale", "1", None),
    Caller("musl", "fpurge", "done", "failed", "__fpurge"),
    Caller("musl", "fstatvfs", "9fa0", "0"),
    Caller("musl", "ftw", "0 files, 1 directories", "1 files, 0 directories"),
    Caller("musl", "getnameinfo", "::%1", "refused"),
    Caller("musl", "newlocale", "a locale", "(null)"),
    Caller("musl", "nftw", "0 files, 1 directories", "1 files, 0 directories"),
    Caller("musl", "pthread_cleanup_push", "0 bytes overwritten", "8 bytes overwritten", "_pthread_cleanup_push"),
    Caller("musl", "regcomp", "3 groups", "another number of groups"),
    Caller("musl", "regexec", "group at 2, 0 bytes overwritten", "group at 1515870810, 0 bytes overwritten"),
    Caller("musl", "setbuf", "0 bytes overwritten", "2976 bytes overwritten"),
    Caller("musl", "statvfs", "9fa0", "0"),
    Caller("musl", "strerror_r", "0 No such file or directory", "1"),
]


def compile_caller(musl: Path, libc: str, name: str, into: Path) -> Path:
    """Compile a caller with the headers of ``libc``, as anybody would, and return the object."""
    cc = {"glibc": "gcc", "musl": str(musl / "bin" / "cc")}[libc]
    output = into / f"{name}.o"
    source = TOP / "tests" / "callers" / libc / f"{name}.c"
    command = [cc, "-g", "-O2", "-w", "-fno-pie", "-c", str(source), "-o", str(output)]
    subprocess.run(command, check=True, timeout=_SECONDS)
    return output


def run_with(musl: Path, libc: str, one: Path) -> subprocess.CompletedProcess[str]:
    """Link an object by hand with ``libc``, which always succeeds, and run it."""
    command = {"glibc": ["gcc", "-static", "-no-pie"], "musl": [str(musl / "bin" / "cc"), "-no-pie"]}[libc]
    output = one.with_name(f"with-{libc}")
    libraries = ["-lcrypt", "-lm"] if libc == "glibc" else []
    done = subprocess.run(
        [*command, str(one), "-o", str(output), *libraries], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return subprocess.run([output], cwd=one.parent, capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.parametrize("caller", _CALLERS, ids=lambda one: f"{one.libc}-{one.name}")
def test_what_would_have_happened(caller: Caller, musl: Path, tmp_path: Path) -> None:
    one = compile_caller(musl, caller.libc, caller.name, tmp_path)
    assert run_with(musl, caller.libc, one).stdout.strip() == caller.right
    wrong = run_with(musl, _OTHER[caller.libc], one)
    if caller.wrong is None:
        assert wrong.returncode == _CRASHED
    else:
        assert (wrong.returncode, wrong.stdout.strip()) == (0, caller.wrong)
    interface = load_interfaces("x86_64")[caller.refused]
    assert interface.harms(caller.libc)
    done = staticlink(tmp_path, "link", f"--libc={_OTHER[caller.libc]}", "--probe=", "-o", "app", one.name)
    assert done.returncode == 1, done.stdout
    assert f"called across two libcs, whose interfaces differ: {caller.refused}\n" in done.stderr
    assert f"  called by {one.name}, compiled for {caller.libc}\n" in done.stderr
    assert any(f"  {text}\n" in done.stderr for text in interface.differences)
    assert not (tmp_path / "app").exists()


def test_each_function_that_differs_is_told_with_who_calls_it() -> None:
    """The tables of docs/libc-abi.md name every one, and every caller."""
    text = (TOP / "docs" / "libc-abi.md").read_text(encoding="utf-8")
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("| `")
    ]
    told = [name for row in rows for name in _NAMED.findall(row[0])]
    known = load_interfaces("x86_64")
    assert sorted(told) == sorted(name for name, one in known.items() if one.kind == "differs")
    counts = (sum(one.kind == kind for one in known.values()) for kind in ("same", "differs"))
    assert [f"| {count} |" in text for count in counts] == [True, True]
    callers = {name for row in rows if len(row) > 3 for name in _NAMED.findall(row[3])}
    assert callers == {*(f"{one.libc}/{one.name}.c" for one in _CALLERS), "musl/crypt_r.c"}


def test_a_library_that_is_no_part_of_the_libc_is_not_judged(musl: Path, tmp_path: Path) -> None:
    """Glibc's ``crypt_r`` is libcrypt's: the table knows it, and a link that names the library is not refused."""
    one = compile_caller(musl, "musl", "crypt_r", tmp_path)
    assert run_with(musl, "musl", one).stdout == "intact\n"
    assert run_with(musl, "glibc", one).returncode == _CRASHED
    assert load_interfaces("x86_64")["crypt_r"].harms("musl")
    done = staticlink(tmp_path, "link", "--libc=glibc", "--probe=", "-o", "app", one.name, "-lcrypt")
    assert "crypt_r" not in done.stderr


@pytest.mark.parametrize("name", ["room", "unlocked"])
@pytest.mark.parametrize("libc", ["glibc", "musl"])
def test_differences_that_policy_calls_harmless_harm_nobody(libc: str, name: str, musl: Path, tmp_path: Path) -> None:
    """``room``: types with a tail that is never written. ``unlocked``: glibc's macros reach into FILE."""
    one = compile_caller(musl, "glibc", name, tmp_path)
    done = run_with(musl, libc, one)
    expected = {"room": "0 bytes overwritten\n" * 8, "unlocked": "20000 bytes, all right, at the end\n"}
    assert (done.returncode, done.stdout) == (0, expected[name])
