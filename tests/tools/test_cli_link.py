"""Do ``staticlink cc`` and ``staticlink link`` compile and link what a build system would hand them?"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.checkout import TOP
from tests.json_documents import check_document

if TYPE_CHECKING:
    from pathlib import Path

_MAIN = '#include <stdio.h>\nint f(void);\nint main(void) { return printf("%d\\n", f()) < 0; }\n'
_F = "#include <math.h>\nint f(void) { volatile double x = 49; return (int)sqrt(x) * 6; }\n"


def staticlink(directory: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(TOP / "site_scons")}
    command = [sys.executable, "-m", "staticlink.cli", *words]
    return subprocess.run(
        command, cwd=directory, env=environment, capture_output=True, text=True, check=False, timeout=900
    )


def compile_both(directory: Path, *options: str) -> None:
    for name, text in (("main", _MAIN), ("f", _F)):
        (directory / f"{name}.c").write_text(text)
        done = staticlink(directory, "cc", *options, "-O1", "-c", f"{name}.c", "-o", f"{name}.o")
        assert done.returncode == 0, done.stderr
    subprocess.run(["ar", "rcTD", "libf.a", "f.o"], cwd=directory, check=True, timeout=60)


@pytest.mark.parametrize("options", [["--libc=musl"], ["--libc=musl", "--pie"], ["--libc=glibc"]], ids=" ".join)
def test_what_cc_compiles_link_links(tmp_path: Path, options: list[str]) -> None:
    compile_both(tmp_path, *options)
    (tmp_path / "words.rsp").write_text("-L. -lf\n-lm -Wl,--gc-sections")
    done = staticlink(tmp_path, "link", *options, "--json", "--probe=", "-o", "app", "--", "main.o", "@words.rsp")
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    check_document(answer)
    assert (answer["schema"], answer["command"], answer["output"], answer["findings"]) == (1, "link", "app", [])
    assert "libf.a" in answer["plan"]["order"]
    assert subprocess.run([tmp_path / "app"], capture_output=True, text=True, check=True, timeout=30).stdout == "42\n"
    pie = ["--pie"] if "--pie" in options else []
    assert staticlink(tmp_path, "verify", *pie, "app").returncode == 0
    assert not (tmp_path / "app.unverified").exists()


def test_cc_is_the_compiler_of_the_libc(tmp_path: Path) -> None:
    (tmp_path / "libc.c").write_text("#include <features.h>\n#ifdef __GLIBC__\nglibc\n#else\nmusl\n#endif\n")
    for libc in ("musl", "glibc"):
        dashes = ["--"] if libc == "musl" else []
        done = staticlink(tmp_path, "cc", f"--libc={libc}", *dashes, "-E", "-P", "libc.c")
        assert done.stdout.split() == [libc]
        assert done.stderr == ""


def test_a_link_that_misses_a_symbol_is_a_finding(tmp_path: Path) -> None:
    compile_both(tmp_path)
    done = staticlink(tmp_path, "link", "-o", "app", "main.o")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "staticlink: undefined symbol: f\n  referenced by main.o\n  see: app.linkplan.json\n"
    done = staticlink(tmp_path, "link", "--json", "-o", "app", "main.o")
    check_document(json.loads(done.stdout))
    assert [fault["id"] for fault in json.loads(done.stdout)["findings"]] == ["undefined-symbol"]
    assert not (tmp_path / "app").exists()


def test_an_input_that_is_missing_is_trouble(tmp_path: Path) -> None:
    done = staticlink(tmp_path, "link", "--libc=glibc", "-o", "app", "gone.o")
    assert (done.returncode, done.stdout, done.stderr) == (2, "", "staticlink: no such file: gone.o\n")
    done = staticlink(tmp_path, "link", "--libc=glibc", "-o", "app", "-shared", "gone.o")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "staticlink: link flag contradicts staticlink: -shared\n  fix: static=0\n"


def test_files_that_stand_in_the_way_are_named(tmp_path: Path) -> None:
    compile_both(tmp_path)
    (tmp_path / "alias.o").symlink_to("main.o")
    (tmp_path / "app.linkplan.json").mkdir()
    (tmp_path / "cut.rust.json").write_text('{"road": "build"', encoding="utf-8")
    (tmp_path / "list.rust.json").write_text("[]", encoding="utf-8")
    for words, code, said in (
        (("-o", "main.o", "main.o", "f.o"), 2, "the output is one of the inputs: main.o\n"),
        (("-o", "alias.o", "main.o", "f.o"), 2, "the output is one of the inputs: main.o\n"),
        (("-o", "app", "main.o", "f.o"), 2, "cannot use: app.linkplan.json\n  Is a directory\n"),
        (("-o", "other", "main.o", "gone.rust.json"), 2, "no such file: gone.rust.json\n"),
        (("-o", "other", "main.o", "cut.rust.json"), 2, "not the facts of a crate: cut.rust.json\n"),
        (("-o", "other", "main.o", "list.rust.json"), 2, "not the facts of a crate: list.rust.json\n"),
        (("-o", "other", "main.o", '--probe="a'), 2, 'invalid quoting in --probe: "a\n  no closing quotation\n'),
    ):
        done = staticlink(tmp_path, "link", *words)
        assert (done.returncode, done.stdout, done.stderr) == (code, "", f"staticlink: {said}")
    assert sorted(path.name for path in tmp_path.glob("*.o")) == ["alias.o", "f.o", "main.o"]
    assert not [
        path.name for path in tmp_path.iterdir() if path.name.startswith(("app.u", "app.linkplan.json.", "other"))
    ]
