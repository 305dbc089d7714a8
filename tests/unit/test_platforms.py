"""Is one sentence said, at once, where no static executable can be made?"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import toml
from staticlink.cli.build import read_wanted
from staticlink.errors import StaticlinkError
from staticlink.platforms import refuse_libc, refuse_triple, require_host
from staticlink.report.text import render_error
from staticlink.rust.options import CrateOptions, check_options
from staticlink.target import Target

if TYPE_CHECKING:
    from collections.abc import Callable

TOP = Path(__file__).parents[2]
_MACOS = (
    "macOS has no static libSystem: Apple does not keep system calls stable, so every executable loads libSystem.dylib"
)
_WINDOWS = (
    "on Windows the kernel is reached through DLLs only (ntdll, kernel32), so no executable is fully static, "
    "and its objects are not ELF"
)
_BSD = (
    "a static executable of this system takes a sysroot with its own libc.a and crt objects, and there is none: "
    "staticlink brings and finds those of Linux only"
)
_SUN = "Solaris and illumos have no libc.a: system calls are not kept stable, so every executable loads libc.so"
_SDK = (
    "the libc.a of Android or OpenHarmony comes with that system's own development kit only, "
    "and there is no recipe for it"
)
_OTHER = "it is another system than Linux: neither musl nor the glibc of Linux speaks to its kernel, where it has one"
_WASM = (
    "a WebAssembly module is no ELF executable: no linker of ours takes its objects, and it runs in a host's runtime "
    "instead of alone"
)
_UCLIBC = "there is no recipe that compiles this libc, and neither rustup nor staticlink has a std of Rust's for it"
_NO_STD = "Rust's std is not made for this libc: on Linux it knows glibc, musl, uClibc and bionic alone"
_MACHINE = (
    "objects are read, shimmed and linked for x86_64 and aarch64 only: "
    "relocations, layouts of structures and start-up code differ on each machine"
)
_UNKNOWN = "staticlink makes executables of Linux, and this is another system"
_HOST_FIX = (
    "build on Linux on x86_64 or aarch64, in a container or a virtual machine; "
    "a project that also builds here loads these tools on Linux only"
)
_FIX = "libc=musl, whose executables need nothing but Linux"
_MACOS_FIX = "libc=musl for Linux; for macOS, cargo alone links all but the system's own libraries statically"
_WINDOWS_FIX = (
    "libc=musl for Linux; for Windows, cargo with -C target-feature=+crt-static leaves only the system's own DLLs"
)


def said(call: Callable[[], None]) -> str:
    with pytest.raises(StaticlinkError) as caught:
        call()
    return render_error(caught.value)


@pytest.mark.parametrize(
    ("system", "machine", "why"),
    [
        ("Darwin", "arm64", _MACOS),
        ("Darwin", "x86_64", _MACOS),
        ("Windows", "AMD64", _WINDOWS),
        ("CYGWIN_NT-10.0-19045", "x86_64", _WINDOWS),
        ("MINGW64_NT-10.0-19045", "x86_64", _WINDOWS),
        ("MSYS_NT-10.0-19045", "x86_64", _WINDOWS),
        ("FreeBSD", "amd64", _BSD),
        ("OpenBSD", "amd64", _BSD),
        ("NetBSD", "evbarm", _BSD),
        ("DragonFly", "x86_64", _BSD),
        ("SunOS", "i86pc", _SUN),
        ("Android", "aarch64", _SDK),
        ("Haiku", "x86_64", _OTHER),
        ("GNU", "i686-AT386", _OTHER),
        ("Linux", "riscv64", _MACHINE),
        ("Linux", "armv7l", _MACHINE),
        ("Linux", "i686", _MACHINE),
        ("Linux", "ppc64le", _MACHINE),
        ("Plan9", "386", _UNKNOWN),
    ],
)
def test_a_host_where_it_cannot_work(system: str, machine: str, why: str) -> None:
    text = f"cannot build on {system} ({machine})\n  {why}\n  fix: {_HOST_FIX}"
    assert said(lambda: require_host(system, machine)) == text
    by_shell = shell_says(system, machine)
    assert (by_shell.returncode, by_shell.stdout, by_shell.stderr) == (2, "", f"sconsw: {text}\n")


def shell_says(system: str, machine: str) -> subprocess.CompletedProcess[str]:
    """Run ``sconsw`` with a ``uname`` that answers as it does on another host."""
    names = (
        f"uname() {{ case $1 in -s) echo '{system}' ;; -m) echo '{machine}' ;; *) echo '{system} {machine}' ;; esac; }}"
    )
    script = f"{names}\n. ./sconsw"
    return subprocess.run(
        ["/bin/sh", "-c", script, "./sconsw", "-h"], cwd=TOP, capture_output=True, text=True, check=False, timeout=60
    )


def test_a_system_without_a_name() -> None:
    text = f"cannot build on an unknown system (an unknown machine)\n  {_UNKNOWN}\n  fix: {_HOST_FIX}"
    assert said(lambda: require_host("", "")) == text


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_hosts_where_it_works(machine: str) -> None:
    require_host("Linux", machine)


_TRIPLES = [
    ("x86_64-apple-darwin", _MACOS, _MACOS_FIX),
    ("aarch64-apple-darwin", _MACOS, _MACOS_FIX),
    ("arm64-apple-macosx14.0", _MACOS, _MACOS_FIX),
    ("aarch64-apple-ios", _MACOS, _MACOS_FIX),
    ("x86_64-pc-windows-msvc", _WINDOWS, _WINDOWS_FIX),
    ("x86_64-pc-windows-gnu", _WINDOWS, _WINDOWS_FIX),
    ("x86_64-w64-mingw32", _WINDOWS, _WINDOWS_FIX),
    ("x86_64-unknown-freebsd", _BSD, _FIX),
    ("x86_64-unknown-freebsd14.1", _BSD, _FIX),
    ("x86_64-unknown-openbsd", _BSD, _FIX),
    ("x86_64-unknown-netbsd", _BSD, _FIX),
    ("x86_64-unknown-illumos", _SUN, _FIX),
    ("powerpc64-ibm-aix", "objects and executables of AIX are XCOFF, not ELF: nothing here reads or links them", _FIX),
    ("aarch64-linux-android", _SDK, _FIX),
    ("x86_64-unknown-linux-ohos", _SDK, _FIX),
    ("x86_64-unknown-none", _OTHER, _FIX),
    ("x86_64-unknown-uefi", _OTHER, _FIX),
    ("x86_64-unknown-redox", _OTHER, _FIX),
    ("wasm32-unknown-unknown", _WASM, _FIX),
    ("wasm32-wasip1", _WASM, _FIX),
    ("wasm32-unknown-emscripten", _WASM, _FIX),
    ("armv7-unknown-linux-uclibceabihf", _UCLIBC, _FIX),
]


@pytest.mark.parametrize(("triple", "why", "fix"), _TRIPLES)
def test_a_target_for_which_it_cannot_work(triple: str, why: str, fix: str) -> None:
    text = f"cannot link for {triple}\n  {why}\n  fix: {fix}"
    assert said(lambda: refuse_triple(triple)) == text
    target = Target("x86_64", "musl", static=True)
    assert said(lambda: check_options(CrateOptions(), triple, target)) == text


@pytest.mark.parametrize(
    "triple",
    [
        *("x86_64-unknown-linux-musl", "x86_64-unknown-linux-gnu", "x86_64-linux-gnu", "aarch64-unknown-linux-gnu"),
        *("armv7-unknown-linux-musleabihf", "x86_64-unknown-linux-gnux32", "release", "", "no-such-triple"),
    ],
)
def test_no_word_about_what_is_a_linux_or_no_triple(triple: str) -> None:
    refuse_triple(triple)


@pytest.mark.parametrize(
    ("libc", "why", "fix"),
    [
        ("uclibc", _UCLIBC, _FIX),
        ("bionic", _SDK, _FIX),
        ("Bionic", _SDK, _FIX),
        ("msvc", _WINDOWS, _WINDOWS_FIX),
        ("ucrt", _WINDOWS, _WINDOWS_FIX),
        ("libsystem", _MACOS, _MACOS_FIX),
        ("freebsd", _BSD, _FIX),
        ("newlib", _OTHER, _FIX),
        ("dietlibc", _NO_STD, _FIX),
        ("wasi", _WASM, _FIX),
    ],
)
def test_a_libc_for_which_it_cannot_work(libc: str, why: str, fix: str) -> None:
    text = f"cannot link for libc={libc}\n  {why}\n  fix: {fix}"
    assert said(lambda: refuse_libc(libc)) == text

    def on_the_command_line() -> None:
        read_wanted([f"--libc={libc}", "main.o"])

    assert said(on_the_command_line) == text


def test_no_word_about_other_libcs() -> None:
    for libc in ("musl", "glibc", "muls", ""):
        refuse_libc(libc)


def test_rows_are_as_the_shell_reads_them() -> None:
    path = TOP / "site_scons/staticlink/policy/platforms.toml"
    text = path.read_text(encoding="utf-8")
    policy = toml.loads(text)
    assert "\\" not in text
    for row in policy["platform"]:
        assert list(row)[:4] == ["systems", "targets", "libcs", "why"]
        assert set(row) <= {"systems", "targets", "libcs", "why", "target_fix"}
        assert f'\nwhy = "{row["why"]}"\n' in text
    for key in ("targets", "libcs", "systems"):
        words = [word for row in policy["platform"] for word in row[key].split()]
        assert len(words) == len(set(words))


#: What Python has on Linux and lacks on Windows, as far as anything here imports or mentions it while it is loaded.
_AS_ON_WINDOWS = """
import os, signal, sys
for name in ("fcntl", "resource", "termios", "pwd", "grp", "pty", "tty"):
    sys.modules[name] = None
for name in ("O_NONBLOCK", "O_CLOEXEC", "fork", "mkfifo", "geteuid", "uname", "sched_getaffinity"):
    delattr(os, name)
for name in ("SIGHUP", "SIGKILL", "SIGPIPE"):
    delattr(signal, name)
"""


@pytest.mark.parametrize(
    "module",
    ["static_program", "vendored_library", "rust_crate", "embedded_python", "rust_tools", "staticlink.cli.main"],
)
def test_every_tool_can_be_loaded_far_enough_to_say_it(module: str) -> None:
    script = f"{_AS_ON_WINDOWS}\nimport importlib\nimportlib.import_module({module!r})\nimport staticlink.cli.build\n"
    places = {"PYTHONPATH": f"{TOP / 'site_scons'}:{TOP / 'site_scons/site_tools'}"}
    done = subprocess.run(
        [sys.executable, "-c", script], env=places, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
