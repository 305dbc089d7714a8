"""Is a program of ``hardening=1`` hardened: in what the file says, and in what becomes of an attack?

The demonstration and a small program of C are built for both libcs. What we say of the executables is compared with
readelf, and the small program is made to overflow, to smash its stack and to write what should be read-only.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from staticlink.elf.inspect import inspect_executable

from tests.checkout import TOP, Checkout

if TYPE_CHECKING:
    from pathlib import Path

_PLACES = {"musl": "x86_64-linux-musl-static-pie-hardened", "glibc": "x86_64-linux-gnu-static-pie-hardened"}
_TARGETS = """\
env.Program("attacked", ["attacked.c", "smashed.c"])
unchecked = env.Clone(CPPDEFINES={"_FORTIFY_SOURCE": 0}, CFLAGS=["-fno-stack-protector", "-Wno-error"])
env.Program("own-flags", [unchecked.Object("own-" + name, name + ".c") for name in ("attacked", "smashed")])
"""
_ATTACKED = """\
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/select.h>

extern int smash(const char *text);
extern int (*volatile landing)(const char *);
static int one(void) { return 1; }
int (*const table[])(void) = { one, one };

struct { char small[8], large[64]; } place;

int main(int count, char **words)
{
	const char *text = count > 2 ? words[2] : "";
	char own[8];

	switch (count > 1 ? words[1][0] : 0) {
	case 'c': strcpy(place.small, text); break;
	case 'm': memcpy(own, text, strlen(text) + 1); break;
	case 'p': sprintf(own, "%s", text); break;
	case 'r': if (read(STDIN_FILENO, own, (size_t)atoi(text)) < 0) return 1; break;
	case 's': return smash(text);
	case 't': *(int (**)(void))&table[1] = 0; break;
	case 'f': { fd_set set; FD_ZERO(&set); FD_SET(atoi(text), &set); own[0] = (char)FD_ISSET(3, &set); break; }
	}
	own[7] = 0;
	return puts("went on") < 0 || table[1]() != 1;
}
"""
#: A loop of its own, so that no checked function is in the way of the stack.
_SMASHED = """\
#include <stdio.h>

int smash(const char *text)
{
	volatile char room[8];
	volatile char *to = room;

	while ((*to++ = *text++))
		;
	return printf("%c\\n", room[0]) < 0;
}
"""
_LONG = "0123456789" * 20


@dataclass(frozen=True, slots=True)
class Built:
    """One checkout, built for one libc."""

    libc: str
    checkout: Checkout
    printed: str

    @property
    def demo(self) -> Path:
        """The demonstration."""
        return self.checkout.place / "build" / _PLACES[self.libc] / "demo"

    def attack(self, *words: str, program: str = "attacked") -> tuple[int, str]:
        """Run the small program, and return how it ended and what it printed."""
        done = subprocess.run(
            [self.checkout.place / program, *words],
            input=_LONG, capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
        return done.returncode, done.stdout


@pytest.fixture(scope="module", params=["musl", "glibc"])
def built(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Built:
    """Return the demonstration and the small program, hardened."""
    checkout = Checkout.make(tmp_path_factory.mktemp("hardened") / "checkout")
    checkout.append("SConstruct", _TARGETS)
    for name, text in {"attacked.c": _ATTACKED, "smashed.c": _SMASHED}.items():
        (checkout.place / name).write_text(text, encoding="utf-8")
    options = ("static=1", f"libc={request.param}", "python=none", "hardening=1")
    return Built(request.param, checkout, checkout.build(*options, ".", "build"))


def readelf(path: Path, *options: str) -> str:
    return subprocess.run(["readelf", *options, str(path)], capture_output=True, text=True, check=True).stdout


def test_the_demonstration_is_verified_and_probed(built: Built) -> None:
    lines = {line.split()[0]: line for line in built.printed.splitlines() if "/" not in line.split()[0]}
    shims = {"musl": "1 shim (relro: sound)", "glibc": "0 shims"}[built.libc]
    assert re.fullmatch(
        r"CHECK  static-pie: no PT_INTERP, no DT_NEEDED, 0 undefined; \d+ unwind entries; NX, full RELRO, no RWX; "
        + re.escape(shims),
        lines["CHECK"],
    )
    assert "PROBE" in built.printed
    done = subprocess.run([built.demo, "selftest"], capture_output=True, text=True, check=True, timeout=60)
    assert [line for line in done.stdout.splitlines() if not line.startswith("ok ")] == []


def test_readelf_sees_what_we_see(built: Built) -> None:
    facts = inspect_executable(built.demo)
    assert (facts.elf_type, facts.flags_1_pie, facts.bind_now, facts.relro) == ("DYN", True, True, True)
    assert (facts.stack_executable, facts.rwx_segments, facts.interpreter, facts.needed) == (False, (), None, ())
    headers = readelf(built.demo, "-ldW")
    assert re.search(r"\(FLAGS_1\) +Flags: NOW PIE", headers)
    assert re.search(r"GNU_STACK .* RW +0x", headers)
    assert "GNU_RELRO" in headers
    assert not re.search(r"INTERP|NEEDED| RWE | E  ", headers.replace("R E", ""))
    seen = re.search(r"x86 feature: ([A-Z, ]+)", readelf(built.demo, "-nW"))
    assert facts.features == (tuple(seen[1].strip(", ").split(", ")) if seen else ())


def test_each_lost_protection_is_a_finding_that_names_what_loses_it(built: Built) -> None:
    plan = json.loads((built.demo.parent / "demo.linkplan.json").read_text(encoding="utf-8"))
    found = {one["subject"]: one for one in plan["findings"] if one["id"] == "property-dropped"}
    assert list(found) == ["IBT", "SHSTK"]
    for one in found.values():
        assert one["level"] == "warn"
        owners = [re.findall(r"[\w+.-]+\.[ao](?=\(|$)", line)[0] for line in one["evidence"]]
        # crt objects of assembly, Rust's std, the libc's assembly or all of it; nothing that C of this build became.
        assert {"libdemo.a", "libc.a"} < set(owners)
        assert {"main.o", "selftest.o", "unwind.o", "shim_relro.o"}.isdisjoint(owners)
    assert sum(line.startswith("WARN   property-dropped") for line in built.printed.splitlines()) == 3


@pytest.mark.parametrize("way", ["copy", "memory", "print", "read 9", "file 1024", "smash", "table"])
def test_an_attack_ends_the_program(built: Built, way: str) -> None:
    letter, text = way[0], way.partition(" ")[2] or _LONG
    code, output = built.attack(letter, text)
    assert "went on" not in output
    # FORTIFY on musl traps; musl's __stack_chk_fail does, too. glibc says what happened and aborts.
    trap = (-signal.SIGILL, -signal.SIGSEGV) if built.libc == "musl" else (-signal.SIGABRT,)
    assert code in ((-signal.SIGSEGV,) if letter == "t" else trap)
    if letter != "t":  # what fits is let through
        fits = {"r": "8", "f": "1023", "s": "short"}.get(letter, "seven..")
        assert built.attack(letter, fits)[0] == 0


@pytest.mark.parametrize("linker", ["bfd", "lld", "mold", "rust-lld"])
def test_relocated_data_is_read_only_whoever_linked(built: Built, linker: str) -> None:
    if linker != "rust-lld" and shutil.which(f"ld.{linker}") is None and shutil.which(linker) is None:
        pytest.skip(f"{linker} is not installed: apt-get install {linker}")
    options = ("static=1", f"libc={built.libc}", "python=none", "hardening=1", f"linker={linker}")
    output = built.checkout.build(*options, "attacked")
    assert f"linker {linker} (linker={linker})" in output
    assert built.attack("t")[0] == -signal.SIGSEGV
    assert built.attack("none") == (0, "went on\n")


def test_a_projects_own_flags_win(built: Built) -> None:
    symbols = readelf(built.checkout.place / "own-attacked.o", "-sW")
    assert not re.search(r"__stack_chk_fail|_chk\b", symbols)
    checked = readelf(built.checkout.place / "smashed.o", "-sW")
    assert "__stack_chk_fail" in checked


def test_the_command_line_hardens_as_well(tmp_path: Path, built: Built) -> None:
    staticlink = [sys.executable, "-m", "staticlink.cli"]
    environment = {**os.environ, "PYTHONPATH": str(TOP / "site_scons")}

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        command = [*staticlink, *words]
        return subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False, timeout=600
        )

    for name, text in {"attacked": _ATTACKED, "smashed": _SMASHED}.items():
        (tmp_path / f"{name}.c").write_text(text, encoding="utf-8")
        done = run("cc", f"--libc={built.libc}", "--hardening", "-c", f"{name}.c", "-o", f"{name}.o")
        assert done.returncode == 0, done.stderr
    done = run("link", f"--libc={built.libc}", "--hardening", "-o", "app", "attacked.o", "smashed.o")
    assert (done.returncode, "full RELRO" in done.stdout) == (0, True), done.stderr
    for letter in ("c", "s", "t"):
        assert subprocess.run([tmp_path / "app", letter, _LONG], check=False, timeout=60).returncode < 0
    assert run("verify", "--hardening", "app").returncode == 0
    subprocess.run(["gcc", "-static-pie", "-fPIE", "-Wl,-z,lazy", "-x", "c", "-", "-o", "other"],
                   cwd=tmp_path, input="int main(void) { return 0; }", text=True, check=True, timeout=60)  # fmt: skip
    assert run("verify", "other").returncode == 0
    done = run("verify", "--hardening", "other")
    assert (done.returncode, done.stdout.splitlines()) == (
        1,
        [
            "error: partial-relro: part of the executable's relocated data stays writable although hardening=1: other",
            "  PT_GNU_RELRO without DF_BIND_NOW",
        ],
    )


def test_hardening_is_for_static_programs(tmp_path: Path) -> None:
    done = Checkout.make(tmp_path / "checkout").scons("hardening=1", "python=none")
    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        "scons: *** hardening=1 is for static executables",
        "  static=0",
        "  fix: static=1 hardening=1",
    ]
