"""Is the table for aarch64 what both libcs' headers say there, and what would happen to who ignores it?

The machine that runs this is another one: gcc for aarch64 compiles, GNU ld for aarch64 links by hand, which always
succeeds, and qemu runs what comes out. staticlink judges the same objects by the table of their own machine.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from staticlink.elf.ar import read_archive
from staticlink.elf.mapping import map_file
from staticlink.libc.abi import load_interfaces
from staticlink.libc.names import load_traces
from staticlink.measure.interfaces import Table, measure_machine, render
from staticlink.measure.machine import Machine, find_machine

from tests.checkout import TOP

if TYPE_CHECKING:
    from pathlib import Path

_GCC, _AR, _QEMU = "aarch64-linux-gnu-gcc", "aarch64-linux-gnu-ar", "qemu-aarch64"
_TABLE = TOP / "site_scons" / "staticlink" / "policy" / "libc_abi" / "aarch64.toml"
_SECONDS = 300


@pytest.fixture(scope="module")
def machine() -> Machine:
    """Return the two libcs of aarch64; musl is compiled from the vendored source."""
    absent = [name for name in (_GCC, _AR, _QEMU) if shutil.which(name) is None]
    if absent:
        pytest.skip(f"not installed: {', '.join(absent)}")
    return find_machine((_GCC,))


@pytest.fixture(scope="module")
def measured(machine: Machine) -> tuple[Table, ...]:
    return measure_machine(machine)


def test_the_table_is_what_the_headers_say(machine: Machine, measured: tuple[Table, ...]) -> None:
    text = _TABLE.read_text(encoding="utf-8")
    assert (machine.name, machine.versions["musl"]) == ("aarch64", "1.2.5")
    if f'glibc = "{machine.versions["glibc"]}"\n' in text:
        assert render(measured, machine.versions, "aarch64") == text
    known = load_interfaces("aarch64")
    assert [name for name, found in measured[0].functions.items() if found and known[name].kind == "same"] == []


def test_what_differs_on_this_machine_and_not_on_x86_64(measured: tuple[Table, ...]) -> None:
    types, constants = measured[0].types, measured[0].constants
    assert "pthread_mutex_t is 48 bytes under glibc, 40 under musl" in types["pthread_mutex_t"]
    assert "pthread_attr_t is 64 bytes under glibc, 56 under musl" in types["pthread_attr_t"]
    assert constants["FP_ILOGB0"] == "FP_ILOGB0 is -2147483647 under glibc, -2147483648 under musl"
    here, there = load_interfaces("aarch64"), load_interfaces("x86_64")
    assert [name for name in ("pthread_create", "mtx_init", "ilogb") if there[name].kind != "same"] == []
    assert here["pthread_mutex_init"].callers == ("musl",)
    assert here["ilogb"].callers == ("glibc", "musl")
    assert [name for name in there if name not in here] == ["arch_prctl", "crypt", "ioperm", "iopl", "crypt_r"]


def test_what_outline_atomics_ask_for_is_the_same_in_both() -> None:
    """GCC's libgcc asks for ``__getauxval`` in whatever it compiles for aarch64; musl has it too."""
    assert load_interfaces("aarch64")["__getauxval"].kind == "same"


def test_names_that_tell_glibc_tell_it_here_too(machine: Machine) -> None:
    """The traces are measured on x86-64; musl defines none of those names on aarch64 either."""
    traces = load_traces()
    archive = machine.libcs[1].archives[0]
    index = read_archive(map_file(archive), archive.name).index
    assert index is not None
    assert "__getauxval" in index[0]
    assert sorted((traces.made["glibc"] | traces.asked["glibc"]) & set(index[0])) == []


@dataclass(frozen=True, slots=True)
class Caller:
    """A program in ``callers/FOLDER``, compiled for ``libc``: what it prints with that one, and with the other one.

    ``wrong`` is ``None`` when it crashes; ``symbol`` is the function that is refused.
    """

    folder: str
    libc: str
    name: str
    right: str
    wrong: str | None
    symbol: str = ""


_CALLERS = [
    Caller("glibc", "glibc", "regexec", "group at 2, 0 bytes overwritten", "group at 3, 16 bytes overwritten"),
    Caller("glibc", "glibc", "ftw", "0 files, 1 directories", "0 files, 0 directories"),
    Caller("glibc", "glibc", "strerror_r", "No such file or directory", "(null)"),
    Caller("glibc", "glibc", "newlocale", "1", None),
    Caller("glibc", "glibc", "getutxent", "a record", "no record"),
    Caller("both", "glibc", "ilogb", "nothing", "a number"),
    Caller("both", "musl", "ilogb", "nothing", "a number"),
    Caller("both", "musl", "thread_objects", "0 0 0 0 0 0 0 bytes overwritten", "8 8 8 8 4 0 0 bytes overwritten",
           "pthread_mutex_init"),
    Caller("musl", "musl", "setbuf", "0 bytes overwritten", "2976 bytes overwritten"),
]  # fmt: skip


def compile_caller(machine: Machine, one: Caller, into: Path) -> Path:
    cc = next(libc.cc for libc in machine.libcs if libc.name == one.libc)
    source = TOP / "tests" / "callers" / one.folder / f"{one.name}.c"
    output = into / f"{one.name}.o"
    command = [*cc, "-g", "-O2", "-w", "-fno-builtin", "-fno-pie", "-c", str(source), "-o", str(output)]
    subprocess.run(command, check=True, timeout=_SECONDS)
    return output


def run_with(machine: Machine, libc: str, one: Path) -> subprocess.CompletedProcess[str]:
    """Link an object by hand with ``libc`` and run it."""
    cc = next(known.cc for known in machine.libcs if known.name == libc)
    output = one.with_name(f"with-{libc}")
    command = [*cc, "-static", "-no-pie", str(one), "-o", str(output), "-lm"]
    subprocess.run(command, check=True, capture_output=True, timeout=_SECONDS)
    return subprocess.run([_QEMU, output], cwd=one.parent, capture_output=True, text=True, check=False, timeout=60)


def staticlink(directory: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(TOP / "site_scons")}
    command = [sys.executable, "-m", "staticlink.cli", *words]
    return subprocess.run(
        command, cwd=directory, env=environment, capture_output=True, text=True, check=False, timeout=_SECONDS
    )


@pytest.mark.parametrize("caller", _CALLERS, ids=lambda one: f"{one.libc}-{one.name}")
def test_what_would_have_happened(caller: Caller, machine: Machine, tmp_path: Path) -> None:
    one = compile_caller(machine, caller, tmp_path)
    other = {"glibc": "musl", "musl": "glibc"}[caller.libc]
    assert run_with(machine, caller.libc, one).stdout.strip() == caller.right
    wrong = run_with(machine, other, one)
    if caller.wrong is None:
        assert wrong.returncode < 0
    else:
        assert (wrong.returncode, wrong.stdout.strip()) == (0, caller.wrong)
    subprocess.run([_AR, "rcs", "libcaller.a", one.name], cwd=tmp_path, check=True, timeout=60)
    done = staticlink(tmp_path, "audit", f"--libc={other}", "libcaller.a")
    function = caller.symbol or caller.name
    assert done.returncode == 1, done.stdout
    assert f"called across two libcs, whose interfaces differ: {function}\n" in done.stdout
    assert f"  called by libcaller.a({one.name}), compiled for {caller.libc}\n" in done.stdout
    assert any(f"  {text}\n" in done.stdout for text in load_interfaces("aarch64")[function].differences)
    assert staticlink(tmp_path, "audit", f"--libc={caller.libc}", "libcaller.a").returncode == 0


@pytest.mark.parametrize("name", ["thread_objects", "unlocked"])
def test_differences_that_policy_calls_harmless_harm_nobody(name: str, machine: Machine, tmp_path: Path) -> None:
    """What glibc's header makes longer than musl's, musl uses the beginning of."""
    caller = Caller("both" if name == "thread_objects" else "glibc", "glibc", name, "", "")
    one = compile_caller(machine, caller, tmp_path)
    right = run_with(machine, "glibc", one).stdout
    assert right in ("0 0 0 0 0 0 0 bytes overwritten\n", "20000 bytes, all right, at the end\n")
    assert run_with(machine, "musl", one).stdout == right


def test_an_archive_is_judged_by_the_table_of_its_own_machine(machine: Machine, tmp_path: Path) -> None:
    """``pthread_mutex_init`` differs on aarch64 only."""
    caller = Caller("both", "musl", "thread_objects", "", "")
    archives = {}
    for compiler, ar, name in ((machine.libcs[1].cc, _AR, "far"), (("gcc",), "ar", "near")):
        source = TOP / "tests" / "callers" / caller.folder / f"{caller.name}.c"
        subprocess.run([*compiler, "-w", "-c", str(source), "-o", f"{name}.o"], cwd=tmp_path, check=True, timeout=60)
        subprocess.run([ar, "rcs", f"lib{name}.a", f"{name}.o"], cwd=tmp_path, check=True, timeout=60)
        archives[name] = f"lib{name}.a"
    done = staticlink(tmp_path, "audit", "--libc=glibc", "--json", archives["far"])
    assert "pthread_mutex_init" in [one["subject"] for one in json.loads(done.stdout)["findings"]]
    done = staticlink(tmp_path, "audit", "--libc=musl", archives["near"])
    assert done.returncode == 0, done.stdout + done.stderr
    both = staticlink(tmp_path, "audit", archives["far"], archives["near"])
    assert both.returncode == 2
    assert both.stderr.startswith(
        "staticlink: wrong machine: libnear.a(near.o)\n  is for x86_64, the link is for aarch64"
    )


def test_the_compilers_own_archive_may_meet_musl(machine: Machine, tmp_path: Path) -> None:
    """It asks for ``__getauxval`` to learn which atomic instructions there are."""
    asked = subprocess.run([_GCC, "-print-libgcc-file-name"], capture_output=True, text=True, check=True, timeout=60)
    libgcc, libc = asked.stdout.strip(), machine.libcs[1].archives[0]
    listed = subprocess.run(["aarch64-linux-gnu-nm", libgcc], capture_output=True, text=True, check=True, timeout=60)
    assert " U __getauxval\n" in listed.stdout
    done = staticlink(tmp_path, "audit", "--libc=musl", "--json", libgcc, str(libc))
    found = json.loads(done.stdout)["findings"]
    assert [one for one in found if one["id"] in ("foreign-libc-interface", "libc-unknown")] == []


def test_nothing_is_linked_for_another_machine(machine: Machine, tmp_path: Path) -> None:
    compile_caller(machine, _CALLERS[0], tmp_path)
    done = staticlink(tmp_path, "link", "--libc=musl", "--probe=", "-o", "app", "regexec.o")
    assert done.returncode == 2
    assert "wrong machine: regexec.o\n  is for aarch64, the link is for x86_64" in done.stderr
