"""Is an archive that was compiled against the other libc told by name, in a link, in its plan, and by ``audit``?"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from staticlink.link.shims import Shim, load_shims

from tests.checkout import TOP

if TYPE_CHECKING:
    from pathlib import Path

_MATCH = """
#include <regex.h>
int match(const char *text);
int match(const char *text) {
    regex_t pattern;
    regmatch_t found[2];
    return regcomp(&pattern, "b+", 0) || regexec(&pattern, text, 1, found, 0);
}
"""
_UNSURE = "names no header of one libc in its debug information, and not every file that was included"


def run(directory: Path, *command: str, code: int = 0) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(TOP / "site_scons")}
    done = subprocess.run(
        command, cwd=directory, env=environment, capture_output=True, text=True, check=False, timeout=900
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done


def staticlink(directory: Path, *words: str, code: int = 0) -> subprocess.CompletedProcess[str]:
    return run(directory, sys.executable, "-m", "staticlink.cli", *words, code=code)


def compile_match(directory: Path, *options: str) -> None:
    run(directory, "gcc", "-O2", *options, "-c", "match.c")
    run(directory, "ar", "rcsD", "libmatch.a", "match.o")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A program of musl's, and the source of an archive that will not be."""
    (tmp_path / "match.c").write_text(_MATCH)
    (tmp_path / "main.c").write_text('int match(const char *); int main(void) { return match("abc"); }\n')
    staticlink(tmp_path, "cc", "--libc=musl", "-O2", "-c", "main.c")
    return tmp_path


def plan(directory: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((directory / "app.linkplan.json").read_text(encoding="utf-8"))
    return document


def test_a_link_that_succeeded_is_judged_anew_when_only_debug_information_changed(project: Path) -> None:
    """The objects differ in the name of a directory in their line tables, and in nothing else that planning reads."""
    link = ("link", "--libc=musl", "-o", "app", "main.o", "libmatch.a")
    compile_match(project, "-g", "-ffile-prefix-map=/usr/include=/hidden")
    staticlink(project, *link)
    unknown = [one for one in plan(project)["findings"] if one["id"] == "libc-unknown"]
    assert [(one["subject"], one["level"], one["evidence"]) for one in unknown] == [
        ("libmatch.a(match.o)", "allow", [_UNSURE, "calls regcomp", "calls regexec"])
    ]
    assert "libc-unknown" in staticlink(project, *link, "--findings=libc-unknown=warn").stdout
    staticlink(project, *link)
    assert (project / "app.planned.json").exists()
    compile_match(project, "-g", "-ffile-prefix-map=/usr/nowhere=/hidden")
    said = staticlink(project, *link, code=1).stderr
    assert said.startswith("staticlink: called across two libcs, whose interfaces differ: regcomp\n")
    assert "  called by libmatch.a(match.o), compiled for glibc\n" in said
    assert "  fix: compile libmatch.a for musl, as staticlink cc does\n" in said
    assert not (project / "app").exists()
    compile_match(project, "-g", "-ffile-prefix-map=/usr/include=/hidden")
    staticlink(project, *link)


def test_the_plan_says_what_each_object_was_compiled_against(project: Path) -> None:
    staticlink(project, "cc", "--libc=musl", "-O2", "-c", "match.c")
    run(project, "ar", "rcsD", "libmatch.a", "match.o")
    staticlink(project, "link", "--libc=musl", "-o", "app", "main.o", "libmatch.a")
    found = {row["input"].rpartition("/")[2]: row for row in plan(project)["libcs"]}
    noted = ["says in a note that it was compiled for musl 1.2.5"]
    assert found["libmatch.a"] == {
        "input": "libmatch.a", "libc": "musl", "evidence": noted, "objects": ["libmatch.a(match.o)"],
    }  # fmt: skip
    assert (found["main.o"]["libc"], found["main.o"]["evidence"]) == ("musl", noted)
    assert (found["libc.a"]["libc"], found["libc.a"]["evidence"]) == ("musl", ["is part of musl"])
    assert found["crtbegin.o"]["evidence"] == ["is part of the compiler"]
    assert {row["libc"] for row in found.values()} == {"musl", "unknown"}


def test_audit_says_what_archives_were_compiled_against(project: Path) -> None:
    compile_match(project, "-g")
    assert staticlink(project, "audit", "libmatch.a").stdout == (
        "LIBC   libmatch.a: 1 glibc\nAUDIT  1 archive: 0 findings, 0 allowed\n"
    )
    said = staticlink(project, "audit", "--libc=musl", "libmatch.a", code=1).stdout.splitlines()
    assert said[:4] == [
        "LIBC   libmatch.a: 1 glibc",
        "  libmatch.a(match.o) names /usr/include/regex.h in its debug information, where glibc's headers are",
        "error: foreign-libc-interface: called across two libcs, whose interfaces differ: regcomp",
        "  called by libmatch.a(match.o), compiled for glibc",
    ]
    assert said[-1] == "AUDIT  1 archive: 2 findings, 0 allowed"
    where = staticlink(project, "cc", "--libc=musl", "-print-file-name=libc.a").stdout.strip()
    beside = staticlink(project, "audit", "--libc=musl", "libmatch.a", where, code=1).stdout.splitlines()
    assert [line for line in said[:-1] if line not in beside] == []
    allowed = staticlink(project, "audit", "--libc=musl", "--findings=foreign-libc-interface=allow", "libmatch.a")
    assert allowed.stdout.splitlines()[-1] == "AUDIT  1 archive: 0 findings, 2 allowed"
    assert staticlink(project, "audit", "--libc=glibc", "libmatch.a").stdout.splitlines()[0] == said[0]


def test_why_tells_who_was_compiled_for_another_libc(project: Path) -> None:
    compile_match(project, "-g")
    where = staticlink(project, "cc", "--libc=musl", "-print-file-name=libc.a").stdout.strip()
    words = ("--", "-static", "main.o", "libmatch.a", where)
    said = staticlink(project, "why", "regexec", *words).stdout.splitlines()
    header = "names /usr/include/regex.h in its debug information, where glibc's headers are"
    assert said[-2:] == [
        "  libc      libc.a(regexec.lo): musl; is part of musl",
        f"  libc      libmatch.a(match.o): glibc; {header}",
    ]
    found = json.loads(staticlink(project, "why", "--json", "regexec", *words).stdout)["libcs"]
    assert [(one["by"], one["libc"], one["defines"]) for one in found] == [
        ("libc.a(regexec.lo)", "musl", True),
        ("libmatch.a(match.o)", "glibc", False),
    ]


def test_what_nothing_can_stand_in_for_is_offered_from_a_recipe(project: Path) -> None:
    source = "int getdirentries64(int);\nint match(const char *t) { return getdirentries64(t != 0); }\n"
    (project / "match.c").write_text(source)
    run(project, "gcc", "-O2", "-c", "match.c")
    run(project, "ar", "rcsD", "libz.a", "match.o")
    assert staticlink(project, "link", "--libc=musl", "-o", "app", "main.o", "libz.a", code=1).stderr == (
        "staticlink: needs glibc, the link is for musl: libz.a\n"
        "  asks for getdirentries64, which glibc defines and musl does not\n"
        '  fix: take libz.a from VendoredLibrary("zlib"), which compiles it for musl\n'
        "no shim can stand in for: getdirentries64\n"
        "  referenced by libz.a(match.o)\n"
        "  musl has no such function, with or without 64 in its name\n"
        '  fix: take libz.a from VendoredLibrary("zlib"), which compiles it for musl\n'
        "  see: app.linkplan.json\n"
    )


def test_an_object_that_is_no_member_gets_shims_when_it_is_shown_to_be_glibcs(project: Path) -> None:
    """What shows it: debug information, or a name that glibc's headers make. Without either, the name is missing."""
    (project / "match.c").write_text(
        "int mallopt(int, int);\nint match(const char *text) { return mallopt(1, 1) - (text == 0); }\n"
    )
    run(project, "gcc", "-O2", "-c", "match.c")
    link = ("link", "--libc=musl", "-o", "app", "main.o", "match.o")
    said = staticlink(project, *link, code=1).stderr
    assert "undefined symbol: mallopt\n" in said
    staticlink(project, "cc", "--libc=musl", "-O2", "-c", "match.c")
    assert staticlink(project, *link, code=1).stderr == said
    (project / "match.c").write_text(
        "#include <stdio.h>\n#include <malloc.h>\n"
        'int match(const char *text) { return mallopt(1, 1) + printf("%s\\n", text) - 4; }\n'
    )
    run(project, "gcc", "-O2", "-g", "-D_FORTIFY_SOURCE=2", "-c", "match.c")
    staticlink(project, *link)
    assert plan(project)["shim_symbols"] == {"__printf_chk": "fortify_printf", "mallopt": "malloc_tuning"}
    assert run(project, "./app").stdout == "abc\n"


@pytest.mark.parametrize("shim", [one for one in load_shims() if one.kind == "refused"], ids=lambda one: one.name)
def test_each_class_that_nothing_can_stand_in_for(project: Path, shim: Shim) -> None:
    """What would happen without the refusal is no program at all: every name of the class is missing on musl."""
    names = shim.symbols
    calls = " + ".join(f"{name}(t)" for name in names)
    declared = "".join(f"int {name}();\n" for name in names)
    (project / "match.c").write_text(f"{declared}int match(const char *t) {{ return {calls}; }}\n")
    run(project, "gcc", "-O2", "-w", "-fno-builtin", "-c", "match.c")
    run(project, "ar", "rcsD", "libmatch.a", "match.o")
    said = staticlink(project, "link", "--libc=musl", "-o", "app", "main.o", "libmatch.a", code=1).stderr
    assert set(plan(project)["undefined"]) == set(names)
    first = min(names)
    told = f"no shim can stand in for: {first}\n  referenced by libmatch.a(match.o)\n  {shim.why}\n"
    assert told in said
