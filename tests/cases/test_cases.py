"""Does every project in ``tests/cases/`` behave as its ``expect.toml`` says, under a real SCons?

A case is a folder named after a behaviour: an ``SConstruct``, sources, and ``expect.toml``. It is copied to a temporary
directory and built there; ``[[run]]`` tables happen in order, in the same copy. ``needs`` lists programs without which
the case is skipped, ``environment`` adds variables. What a run may say:

``args``      the arguments of ``scons``; ``@TMP@`` stands for the directory that the copy is in
``command``   a whole command in place of ``scons``; ``staticlink`` is this checkout's
``edit``      ``{file, old, new}``: a replacement made before the run; ``delete``: a file removed before it
``exit``      the exit code (default 0)
``errors``    lines that standard error must hold, in this order and without others between them
``output``    lines that standard output must hold; ``silent``: pieces of text it must not hold
``present``, ``absent``   files that must exist, or must not
``run``       a command, run in the copy; ``prints``: the whole of what it must print
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import toml

TOP = Path(__file__).parent.parent.parent
CASES = sorted(path.parent for path in Path(__file__).parent.glob("*/expect.toml"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_case(case: Path, tmp_path: Path) -> None:
    expectations = toml.loads((case / "expect.toml").read_text(encoding="utf-8"))
    absent = [name for name in expectations.get("needs", []) if shutil.which(name) is None]
    if absent:
        pytest.skip(f"not installed: {', '.join(absent)}")
    environment = {**os.environ, "PATH": f"{with_staticlink(tmp_path / 'bin')}{os.pathsep}{os.environ['PATH']}"}
    environment |= expectations.get("environment", {})
    project = tmp_path / expectations.get("directory", "project")
    shutil.copytree(case, project, ignore=shutil.ignore_patterns("expect.toml", "__pycache__"))
    for number, run in enumerate(expectations["run"], 1):
        prepare(project, run)
        done = execute(project, run, environment)
        shown = f"run {number} of {case.name}\n--- stdout\n{done.stdout}\n--- stderr\n{done.stderr}"
        assert done.returncode == run.get("exit", 0), shown
        check_words(run, done, shown)
        check_files(project, run, shown)


def prepare(project: Path, run: dict[str, Any]) -> None:
    if "edit" in run:
        path = project / run["edit"]["file"]
        text = path.read_text(encoding="utf-8")
        assert run["edit"]["old"] in text
        path.write_text(text.replace(run["edit"]["old"], run["edit"]["new"]), encoding="utf-8")
    if "delete" in run:
        (project / run["delete"]).unlink()


def with_staticlink(directory: Path) -> Path:
    """Return a directory with the command ``staticlink`` in it, run by the interpreter that runs the tests."""
    directory.mkdir()
    script = directory / "staticlink"
    words = shlex.join([sys.executable, "-m", "staticlink.cli"])
    script.write_text(f'#!/bin/sh\nPYTHONPATH={shlex.quote(str(TOP / "site_scons"))} exec {words} "$@"\n')
    script.chmod(0o755)
    return directory


def execute(project: Path, run: dict[str, Any], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "SCons", f"--site-dir={TOP / 'site_scons'}", "-Q"]
    command += [word.replace("@TMP@", str(project.parent)) for word in run.get("args", [])]
    return subprocess.run(
        run.get("command", command),
        cwd=project,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=1200,
    )


def check_words(run: dict[str, Any], done: subprocess.CompletedProcess[str], shown: str) -> None:
    errors, wanted = done.stderr.splitlines(), run.get("errors", [])
    places = [i for i in range(len(errors) - len(wanted) + 1) if errors[i : i + len(wanted)] == wanted]
    assert places, f"these lines are not in stderr: {wanted}\n{shown}"
    assert "Traceback" not in done.stdout + done.stderr, shown
    for line in run.get("output", []):
        assert line in done.stdout.splitlines(), f"not printed: {line}\n{shown}"
    for piece in run.get("silent", []):
        assert piece not in done.stdout, f"printed: {piece}\n{shown}"


def check_files(project: Path, run: dict[str, Any], shown: str) -> None:
    for name in run.get("present", []):
        assert (project / name).exists(), f"missing: {name}\n{shown}"
    for name in run.get("absent", []):
        assert not (project / name).exists(), f"left behind: {name}\n{shown}"
    if "run" in run:
        done = subprocess.run(run["run"], cwd=project, capture_output=True, text=True, check=False, timeout=120)
        assert done.returncode == 0, done
        assert done.stdout == run["prints"], shown
