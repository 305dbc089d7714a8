"""Does a static program answer as docs/static-glibc.md says, with and without the files and objects it speaks of?

The page shows what the programs of ``tests/static_glibc`` print under ``chroot`` in directories that hold nothing, or
certain files. Here each is built, put into such a directory, run, and its lines are compared with the page's.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.checkout import TOP

if TYPE_CHECKING:
    from collections.abc import Callable

SOURCES = TOP / "tests" / "static_glibc"
PAGE = (TOP / "docs" / "static-glibc.md").read_text(encoding="utf-8")
SHOWN = re.findall(r"^\$ chroot (\w+) (\w+)/(\w+)\n(.*?)^(?=```|\$ )", PAGE, re.MULTILINE | re.DOTALL)
HOSTS = {
    "etc/hosts": "127.0.0.1 localhost\n10.0.0.7 example.test\n",
    "etc/passwd": "root:x:0:0:root:/root:/bin/sh\n",
    "etc/group": "root:x:0:\nteam:x:50:root\n",
    "etc/services": "http 80/tcp\n",
}
COMPAT = {**HOSTS, "etc/nsswitch.conf": "passwd: compat\ngroup: compat\nhosts: compat\nservices: compat\n"}
#: What the name server of the place DNS, the only machine on its network, answers.
SERVER = r"""
import fcntl, socket, struct, subprocess, sys, threading
control = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
fcntl.ioctl(control, 0x8914, struct.pack("16sh14x", b"lo", 1))  # SIOCSIFFLAGS, IFF_UP
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind(("127.0.0.1", 53))
def serve():
    while True:
        query, client = server.recvfrom(512)
        known = query[12:].startswith(b"\7example\4test\0\0\1")
        record = b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\x0a\0\0\x09" if known else b""
        end = query.index(b"\0", 12) + 5
        flags = struct.pack(">HHHHH", 0x8180 if known else 0x8183, 1, 1 if known else 0, 0, 0)
        server.sendto(query[:2] + flags + query[12:end] + record, client)
threading.Thread(target=serve, daemon=True).start()
sys.exit(subprocess.run(sys.argv[1:], timeout=60).returncode)
"""


def run(directory: Path, *command: str, code: int = 0) -> str:
    environment = {**os.environ, "PYTHONPATH": str(TOP / "site_scons")}
    done = subprocess.run(
        command, cwd=directory, env=environment, capture_output=True, text=True, check=False, timeout=600
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


def staticlink(directory: Path, *words: str, code: int = 0) -> str:
    return run(directory, sys.executable, "-m", "staticlink.cli", *words, code=code)


def objects_of_glibc(*names: str) -> dict[str, Path]:
    """Return where shared objects of the machine's glibc belong -> where they are."""
    paths = [Path(run(TOP, "gcc", f"-print-file-name={name}").strip()).resolve() for name in names]
    multiarch = run(TOP, "gcc", "-print-multiarch").strip()
    return {f"lib/{multiarch}/{name}": path for name, path in zip(names, paths, strict=True)}


def fill(place: Path, name: str) -> None:
    """Make ``place`` what the page calls ``name``."""
    own = objects_of_glibc("libc.so.6", "ld-linux-x86-64.so.2")
    texts = {
        "FILES": HOSTS,
        "COMPAT": COMPAT,
        "COMPATSO": COMPAT,
        "GCONV": {"converted": "x"},
        "TEXT": {"converted": "x"},
    }.get(name, {})
    if name == "DNS":
        texts = {"etc/resolv.conf": "nameserver 127.0.0.1\n"}
    copied: dict[str, Path] = {}
    if name == "COMPATSO":
        copied = {**own, **objects_of_glibc("libnss_compat.so.2")}
    elif name == "LOADING":
        copied = {**own, **objects_of_glibc("libm.so.6")}
    elif name == "GCONV":
        copied = own
        directory = objects_of_glibc("libc.so.6")
        shared = "usr/" + next(iter(directory)).replace("libc.so.6", "gconv")
        shutil.copytree(f"/{shared}", place / shared)
    elif name == "LOCALE":
        shutil.copytree("/usr/lib/locale/C.utf8", place / "usr/lib/locale/C.utf8")
    for path, text in texts.items():
        (place / path).parent.mkdir(parents=True, exist_ok=True)
        (place / path).write_text(text, encoding="utf-8")
    for path, origin in copied.items():
        (place / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(origin, place / path)


def entering(place: Path, *, network: bool) -> list[str]:
    """Return the command behind which a program runs in ``place`` and, where it has a name server, beside that."""
    tools = [shutil.which(name, path="/usr/sbin:/usr/bin:/sbin:/bin") for name in ("unshare", "chroot")]
    if None in tools:
        pytest.skip("unshare or chroot is not installed")
    unshare, chroot = map(str, tools)
    rights = ["--user", "--map-root-user"] if os.geteuid() != 0 else []
    unshared = [unshare, *rights, *(["--net"] if network else [])]
    if subprocess.run([*unshared, "/bin/true"], capture_output=True, check=False, timeout=60).returncode != 0:
        pytest.skip(f"{' '.join(unshared)}: not allowed here")
    served = [sys.executable, "-c", SERVER] if network else []
    return [*unshared, *served, chroot, str(place)]


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, str], Path]:
    """What links a program of ``tests/static_glibc`` for a libc, once."""
    directory = tmp_path_factory.mktemp("programs")

    def build(libc: str, name: str) -> Path:
        path = directory / f"{libc}-{name}"
        if not path.exists():
            compiled = ("-O1", "-c", "-o", f"{path}.o", str(SOURCES / f"{name}.c"))
            staticlink(directory, "cc", f"--libc={libc}", *compiled)
            staticlink(directory, "link", f"--libc={libc}", "-o", path.name, f"{path}.o")
        return path

    return build


@pytest.mark.parametrize(("name", "libc", "source", "lines"), SHOWN, ids=lambda one: one if "\n" not in one else "")
def test_a_program_prints_what_the_page_shows(
    tmp_path: Path, program: Callable[[str, str], Path], name: str, libc: str, source: str, lines: str
) -> None:
    place = tmp_path / "place"
    place.mkdir()
    fill(place, name)
    shutil.copy(program(libc, source), place / "program")
    done = subprocess.run(
        [*entering(place, network=name == "DNS"), "/program"],
        env={},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, lines, "")


def test_the_page_shows_every_program_and_every_place() -> None:
    assert {source for _, _, source, _ in SHOWN} == {path.stem for path in SOURCES.glob("*.c")}
    assert {name for name, *_ in SHOWN} == {
        *("EMPTY", "FILES", "DNS", "COMPAT", "COMPATSO", "TEXT", "GCONV", "LOCALE", "LOADING"),
    }


def findings(directory: Path, name: str) -> dict[str, dict[str, Any]]:
    document = json.loads((directory / f"{name}.linkplan.json").read_text(encoding="utf-8"))
    return {one["subject"]: one for one in document["findings"] if "when-static" in one["id"] or "needs-" in one["id"]}


#: ``first`` refers to everything, so that an edit of ``main`` leaves the symbol table as it is.
_MAIN = """#include <stdio.h>
int ask(void), first(void), quiet(void), other(void);
int first(void) { return quiet() + other() + ask(); }
int quiet(void) { return 1; }
int other(void) { return ask(); }
int main(int count, char **arguments) { (void)arguments; return count > 5 ? quiet() : printf("%d\\n", count) < 0; }
"""
_ASK = """#include <netdb.h>
int ask(void);
int ask(void) { struct addrinfo *found; return getaddrinfo("localhost", "80", 0, &found); }
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A program that refers to getaddrinfo from a function that nothing calls, in a section of its own."""
    (tmp_path / "main.c").write_text(_MAIN)
    (tmp_path / "ask.c").write_text(_ASK)
    run(tmp_path, "gcc", "-O1", "-ffunction-sections", "-fno-inline", "-fno-ipa-cp", "-c", "main.c", "ask.c")
    run(tmp_path, "ar", "rcsD", "libask.a", "ask.o")
    return tmp_path


def edit(project: Path, old: str, new: str) -> None:
    """Edit main.c and compile it; its symbol table stays what it is."""
    (project / "main.c").write_text((project / "main.c").read_text().replace(old, new))
    before = [line.split()[:2] for line in run(project, "nm", "-pP", "main.o").splitlines()]
    run(project, "gcc", "-O1", "-ffunction-sections", "-fno-inline", "-fno-ipa-cp", "-c", "main.c")
    assert [line.split()[:2] for line in run(project, "nm", "-pP", "main.o").splitlines()] == before


def test_a_function_is_told_once_it_is_reached_and_a_plan_stands_while_that_stands(project: Path) -> None:
    link = ("link", "--libc=glibc", "-o", "app", "main.o", "libask.a")
    assert "WARN" not in staticlink(project, *link)
    found = findings(project, "app")["getaddrinfo"]
    assert (found["id"], found["level"]) == ("needs-shared-objects-unreached", "allow")
    assert found["evidence"][:4] == [
        "referenced by libask.a(ask.o)",
        "extracted libc.a(getaddrinfo.o): libask.a(ask.o) refers to getaddrinfo",
        "extracted libask.a(ask.o): main.o refers to ask",
        "no entry point reaches a reference to it",
    ]
    # The body of main changes, and with it what its section refers to: nothing else that planning reads does.
    edit(project, "? quiet()", "? other()")
    said = staticlink(project, *link)
    told = (
        "WARN   needs-shared-objects   may need shared objects of the libc at run time: getaddrinfo; see app.linkplan"
    )
    assert f"{told}.json" in said.splitlines()
    way = "reached by crt1.o:(.text), main.o:(.text.main), main.o:(.text.other), libask.a(ask.o):(.text.ask)"
    assert findings(project, "app")["getaddrinfo"]["evidence"][3] == way
    written = (project / "app.linkplan.json").stat().st_ino
    edit(project, "count > 5", "count * 3 > 5")
    assert staticlink(project, *link) != said
    assert (project / "app.linkplan.json").stat().st_ino == written, (
        "an edit that changes no reference planned the link anew"
    )


def test_static_nss_decides_and_single_functions_may_be_excepted(project: Path) -> None:
    (project / "main.c").write_text("int ask(void);\nint main(void) { return ask() != 0; }\n")
    run(project, "gcc", "-O1", "-c", "main.c")
    link = ("link", "--libc=glibc", "-o", "app", "main.o", "libask.a")
    said = staticlink(project, *link, "--static-nss=error", code=1)
    assert said == (
        "staticlink: may need shared objects of the libc at run time: getaddrinfo\n"
        "  referenced by libask.a(ask.o)\n"
        "  extracted libc.a(getaddrinfo.o): libask.a(ask.o) refers to getaddrinfo\n"
        "  extracted libask.a(ask.o): main.o refers to ask\n"
        "  reached by crt1.o:(.text), main.o:(.text), libask.a(ask.o):(.text.ask)\n"
        "  the sources files and dns of /etc/nsswitch.conf are built in; any other is a shared object, passed over"
        " where it is missing\n"
        "  fix: libc=musl, which reads /etc/hosts, /etc/services and /etc/resolv.conf by itself\n"
        "  see: app.linkplan.json\n"
    )
    assert not (project / "app").exists()
    excepted = staticlink(project, *link, "--static-nss=error", "--findings=needs-shared-objects:getaddrinfo=allow")
    assert "WARN" not in excepted
    assert "WARN" not in staticlink(project, *link, "--static-nss=allow")


def test_why_and_audit_tell_what_a_function_needs(project: Path) -> None:
    files = [run(project, "gcc", f"-print-file-name={name}").strip() for name in ("crt1.o", "libc.a", "libgcc.a")]
    eh = run(project, "gcc", "-print-file-name=libgcc_eh.a").strip()
    words = ("--", files[0], "main.o", "libask.a", "--start-group", *files[1:], eh, "--end-group")
    said = staticlink(project, "why", "getaddrinfo", *words)
    assert "  at run time: no entry point reaches a reference to it\n" in said
    said = staticlink(project, "audit", "--libc=glibc", "libask.a")
    assert "may need shared objects of the libc at run time: getaddrinfo\n" in said
    assert "needs-" not in staticlink(project, "audit", "--libc=musl", "--json", "libask.a")


def test_musls_dlopen_is_recorded_as_what_always_fails(tmp_path: Path) -> None:
    shutil.copy(SOURCES / "loading.c", tmp_path)
    staticlink(tmp_path, "cc", "--libc=musl", "-O1", "-c", "loading.c")
    assert "WARN" not in staticlink(tmp_path, "link", "--libc=musl", "-o", "app", "loading.o")
    found = findings(tmp_path, "app")
    assert {name: (one["id"], one["level"]) for name, one in found.items()} == {
        "dlopen": ("fails-when-static", "allow")
    }
    warned = staticlink(tmp_path, "link", "--libc=musl", "--findings=fails-when-static=warn", "-o", "app", "loading.o")
    assert "always fails in a static executable: dlopen" in warned
