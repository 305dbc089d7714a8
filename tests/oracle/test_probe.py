"""Does the probe tell programs that run alone from those that do not?"""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest
from staticlink.errors import StaticlinkError
from staticlink.link.probe import probe_executable
from staticlink.report.text import render_error

if TYPE_CHECKING:
    from pathlib import Path


def program(directory: Path, body: str, *flags: str) -> Path:
    source = directory / "main.c"
    source.write_text(
        "#include <signal.h>\n#include <stdio.h>\n#include <stdlib.h>\n#include <unistd.h>\n"
        f"int main(int argc, char **argv) {{ {body} }}\n",
        encoding="utf-8",
    )
    output = directory / "app.unverified"
    subprocess.run(["gcc", "-static", *flags, "-o", str(output), str(source)], check=True)
    return output


def complaint(path: Path, *arguments: str) -> str:
    with pytest.raises(StaticlinkError) as caught:
        probe_executable(path, arguments)
    lines = render_error(caught.value).splitlines()
    assert lines[-1].startswith("  isolation: ")
    return "\n".join(lines[:-1])


def test_what_passes_and_what_is_limited_is_reported(tmp_path: Path) -> None:
    path = program(
        tmp_path, 'puts("ok files"); puts("limit rust arguments: empty by design"); puts("noise"); return 0;'
    )
    result = probe_executable(path, ["selftest"])
    assert result.passed == ("files",)
    assert result.limits == ("rust arguments: empty by design",)


def test_the_program_is_alone(tmp_path: Path) -> None:
    path = program(tmp_path, 'return argc != 2 || access("main.c", F_OK) == 0 || getenv("HOME") != NULL;')
    assert probe_executable(path, ["selftest"]).passed == ()


def test_a_fail_line_fails_even_with_exit_code_zero(tmp_path: Path) -> None:
    path = program(tmp_path, 'puts("ok files"); puts("FAIL threads: no"); return 0;')
    assert complaint(path, "selftest") == (
        "the executable does not run alone: app selftest\n  FAIL threads: no\n  exit code 0"
    )


def test_an_exit_code_fails_and_shows_standard_error(tmp_path: Path) -> None:
    path = program(tmp_path, 'fputs("what went wrong\\n", stderr); return 3;')
    assert complaint(path) == "the executable does not run alone: app\n  exit code 3\n  what went wrong"


def test_a_signal_is_named(tmp_path: Path) -> None:
    path = program(tmp_path, "raise(SIGSEGV); return 0;")
    assert complaint(path) == "the executable does not run alone: app\n  killed by SIGSEGV"


def test_a_dynamic_executable_does_not_run_alone(tmp_path: Path) -> None:
    path = tmp_path / "app"
    (tmp_path / "main.c").write_text("int main(void) { return 0; }\n", encoding="utf-8")
    subprocess.run(["gcc", "-o", str(path), str(tmp_path / "main.c")], check=True)
    with pytest.raises(StaticlinkError, match="the executable does not run alone: app"):
        probe_executable(path, [])
