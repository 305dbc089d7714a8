"""Is a linker's failure told in its own words, and does nothing half-made stay behind?"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

import pytest
from staticlink.errors import Fault, StaticlinkError
from staticlink.link.execute import run_linker, unverified
from staticlink.report.text import render_error

if TYPE_CHECKING:
    from pathlib import Path


def linker(directory: Path, script: str) -> str:
    path = directory / "ld.own"
    path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    path.chmod(0o755)
    return str(path)


def told(directory: Path, command: list[str], explanation: tuple[Fault, ...] = ()) -> str:
    with pytest.raises(StaticlinkError) as caught:
        run_linker(command, directory / "app", explanation, "app.linkplan.json")
    return render_error(caught.value)


def test_the_first_words_of_a_linker_and_how_it_ended(tmp_path: Path) -> None:
    command = [linker(tmp_path, "for n in 1 2 3 4 5 6 7 8 9 10 11 12 13 14; do echo line $n >&2; done; exit 3")]
    lines = "".join(f"  line {n}\n" for n in range(1, 13))
    assert told(tmp_path, command) == (
        f"the linker failed: ld.own\n{lines}  2 more lines\n  exit code 3\n  see: app.linkplan.json"
    )


def test_what_a_linker_warns_of_is_handed_on(tmp_path: Path) -> None:
    said = (
        "ld: warning: -z sort-of ignored",
        "",
        "ld: a.o: in function `f':",
        "a.c:(.text+0x1): warning: Using 'dlopen' in statically linked applications requires at runtime",
        "ld: b.o: in function `g':",
        "b.c:(.text+0x1): warning: the use of `tempnam' is dangerous",
    )
    words = "\n".join(said)
    command = [linker(tmp_path, f"cat >&2 <<'END'\n{words}\nEND\ntouch {tmp_path / 'app'}")]
    assert run_linker(command, tmp_path / "app", (), "app.linkplan.json") == (said[0], *said[4:])


def test_a_linker_that_succeeds_without_output(tmp_path: Path) -> None:
    assert told(tmp_path, [linker(tmp_path, "exit 0")]) == (
        "the linker failed: ld.own\n  exit code 0, but no output\n  see: app.linkplan.json"
    )


def test_what_resolution_explains_is_told_instead(tmp_path: Path) -> None:
    explanation = (Fault("undefined-symbol", "undefined symbol: f", ("referenced by a.o",)),)
    command = [linker(tmp_path, "echo a.o: undefined reference to f; exit 1")]
    assert told(tmp_path, command, explanation) == "undefined symbol: f\n  referenced by a.o"


def test_a_linker_that_is_not_there(tmp_path: Path) -> None:
    words = told(tmp_path, [str(tmp_path / "ld.gone")])
    assert re.fullmatch(
        r"the linker did not run: ld\.gone\n  .*No such file or directory.*\n  see: app\.linkplan\.json", words
    )


def test_a_linker_that_is_killed(tmp_path: Path) -> None:
    command = [linker(tmp_path, "kill -KILL $$")]
    words = "the linker failed: ld.own\n  killed by SIGKILL\n  see: app.linkplan.json"
    assert told(tmp_path, command) == words
    assert told(tmp_path, command, (Fault("undefined-symbol", "undefined symbol: f"),)) == words


def interrupted(output: Path) -> None:
    with unverified(output) as path:
        assert not output.exists()
        path.write_text("second", encoding="utf-8")
        raise KeyboardInterrupt


def test_only_an_end_without_an_error_gives_the_name(tmp_path: Path) -> None:
    output = tmp_path / "below" / "app"
    with unverified(output) as path:
        assert path.name == "app.unverified"
        path.write_text("first", encoding="utf-8")
    assert output.read_text(encoding="utf-8") == "first"
    with pytest.raises(KeyboardInterrupt):
        interrupted(output)
    assert list(output.parent.iterdir()) == []


def refused(output: Path) -> str:
    with pytest.raises(StaticlinkError) as caught, unverified(output):
        pytest.fail("nothing may be linked")
    return render_error(caught.value)


def test_what_is_no_file_is_never_removed(tmp_path: Path) -> None:
    """Root could: the machine would be without its /dev/null."""
    directory, pipe, below = tmp_path / "directory", tmp_path / "pipe", tmp_path / "file" / "app"
    directory.mkdir()
    os.mkfifo(pipe)
    below.parent.touch()
    assert refused(directory) == f"cannot write: {directory}\n  it is a directory"
    assert refused(pipe) == f"cannot write: {pipe}\n  it is no regular file"
    assert refused(below) == f"cannot write: {below}\n  File exists"
    assert pipe.is_fifo()
    link = tmp_path / "link"
    link.symlink_to(pipe)
    with unverified(link) as path:
        path.touch()
    assert not link.is_symlink()
    assert pipe.is_fifo()
    (tmp_path / "app.unverified").mkdir()
    assert refused(tmp_path / "app") == f"cannot write: {tmp_path / 'app.unverified'}\n  it is a directory"
