"""Does every example in ``docs/static-binaries.md`` do what the page says, with the real tools?

The page follows three conventions. A section (``##``) begins in an empty directory. A fenced block whose first line
names a file after the language (```` ```c main.c ````) is that file. A block ``console`` holds commands, each behind
``$ ``, and below each what it prints, both streams together: ``...`` alone on a line stands for any lines, inside a
line for any text. A command succeeds, unless it says itself what it does otherwise (``|| echo``). Nothing else is
run.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from tests.checkout import TOP

if TYPE_CHECKING:
    from pathlib import Path

PAGE = TOP / "docs" / "static-binaries.md"
_SECONDS = 900  # a first build compiles musl and Rust's std


@dataclass(slots=True)
class Section:
    """What one section asks to be done, in its order: a file to be written, or a command and what it prints."""

    title: str
    steps: list[tuple[str, str, str]] = field(default_factory=list)  # kind, name or command, text


def read_sections(page: str) -> list[Section]:
    """Return the sections of ``page`` that have something to do."""
    sections = [Section("")]
    for title, opening, body in re.findall(r"^## (.+)$|^```(.*)\n((?:(?!```).*\n)*)```$", page, re.MULTILINE):
        language, _, name = opening.partition(" ")
        if title:
            sections.append(Section(title))
        elif name:
            sections[-1].steps.append(("file", name, body))
        elif language == "console":
            sections[-1].steps += [("command", *command) for command in read_commands(body)]
    return [one for one in sections if one.steps]


def read_commands(body: str) -> list[tuple[str, str]]:
    """Return the commands of a block, each with what it should print."""
    first, *rest = re.split(r"^\$ ", body, flags=re.MULTILINE)
    assert not first, f"a block begins with output: {first}"
    return [(command, printed) for command, _, printed in (one.partition("\n") for one in rest)]


def as_pattern(printed: str) -> str:
    """Return a regular expression for what a command should print."""
    lines = [
        r"(?:.*\n)*" if line.strip() == "..." else re.escape(line.rstrip()).replace(r"\.\.\.", ".*") + r"\n"
        for line in printed.splitlines()
    ]
    return "".join(lines)


SECTIONS = read_sections(PAGE.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What a reader's shell has: ``staticlink`` and ``scons``, and nothing that changes what is printed."""
    place = tmp_path_factory.mktemp("bin")
    core = ["env", f"PYTHONPATH={TOP / 'site_scons'}", sys.executable, "-m"]
    commands = {
        "staticlink": [*core, "staticlink.cli"],
        "scons": [*core, "SCons", f"--site-dir={TOP / 'site_scons'}"],
    }
    as_root = ["unshare", "--map-root-user"] if os.geteuid() != 0 else []
    commands["chroot"] = [*as_root, shutil.which("chroot", path="/usr/sbin:/usr/bin:/sbin:/bin") or "chroot"]
    for name, words in commands.items():
        (place / name).write_text(f'#!/bin/sh\nexec {shlex.join(words)} "$@"\n', encoding="utf-8")
        (place / name).chmod(0o755)
    changing = ("RUST", "CARGO_", "LD_", "LC_", "LANG", "MAKEFLAGS", "CFLAGS")
    kept = ("RUSTUP_HOME", "RUSTUP_TOOLCHAIN", "CARGO_HOME")
    own = {name: value for name, value in os.environ.items() if name in kept or not name.startswith(changing)}
    return {**own, "PATH": f"{place}{os.pathsep}{os.environ['PATH']}", "LC_ALL": "C", "CARGO_NET_OFFLINE": "true"}


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.title)
def test_a_section_is_true(section: Section, tmp_path: Path, environment: dict[str, str]) -> None:
    for kind, name, text in section.steps:
        if kind == "file":
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(text, encoding="utf-8")
            continue
        done = subprocess.run(
            ["/bin/sh", "-c", name],
            cwd=tmp_path,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=_SECONDS,
        )
        printed = "".join(f"{line.rstrip()}\n" for line in done.stdout.splitlines())
        told = f"$ {name}\n--- the page says\n{text}--- it prints\n{printed}"
        assert done.returncode == 0, told
        assert re.fullmatch(as_pattern(text), printed), told


def test_the_page_is_read() -> None:
    assert len(SECTIONS) > 10
    assert sum(kind == "command" for one in SECTIONS for kind, _, _ in one.steps) > 40


def test_no_example_is_overlooked() -> None:
    """Each fence of the page is understood, so that an example with a slip in its first line does not go unrun."""
    fences = re.findall(r"^```(.*)$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)[::2]
    assert [fence for fence in fences if fence not in ("console", "text") and " " not in fence] == []


@pytest.mark.parametrize(
    ("wanted", "printed", "fits"),
    [
        ("a\n", "a\n", True),
        ("a\n", "a\nb\n", False),
        ("a\n...\n", "a\n", True),
        ("a\n...\nd\n", "a\nb\nc\nd\n", True),
        ("at 0x...: b\n", "at 0x1f: b\n", True),
        ("at 0x...: b\n", "at 0x1f\n: b\n", False),
        ("", "", True),
        ("", "a\n", False),
    ],
)
def test_elision(wanted: str, printed: str, *, fits: bool) -> None:
    assert bool(re.fullmatch(as_pattern(wanted), printed)) is fits
