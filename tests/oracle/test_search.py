"""Does a search for ``-l`` pass over the archives that the real linkers pass over?"""

from __future__ import annotations

import re
import shutil
import struct
import subprocess
from pathlib import Path

import pytest
from staticlink.cli.main import main
from staticlink.elf.machine import machine_of
from staticlink.errors import StaticlinkError
from staticlink.link.libc import find_libraries
from staticlink.report.text import render_error

from tests.elf_writer import Specimen, save, write_archive, write_object
from tests.mutation_seeds import member

F = Specimen(strong=["f"])


@pytest.fixture(autouse=True)
def _directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    save(Path("root.o"), write_object(Specimen(strong=["_start"], undefined=["f"])))


def search(linker: str, *words: str) -> tuple[int, str]:
    done = subprocess.run(
        [linker, "-static", "--trace", "root.o", *words, "-lf", "-o", "out"],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    taken = re.search(r"\b([abc])/libf\.a", "\n".join(line for line in done.stdout.splitlines() if "skip" not in line))
    return done.returncode, taken[1] if taken else ""


def test_an_archive_for_another_machine_is_passed_over_by_a_search(capsys: pytest.CaptureFixture[str]) -> None:
    other = Specimen(strong=["f"], machine=183)
    kinds = {"a": [("f.o", other)], "b": [("z.o", Specimen(strong=["z"], machine=183)), ("f.o", F)], "c": [("f.o", F)]}
    for name, members in kinds.items():
        Path(name).mkdir()
        save(Path(name, "libf.a"), write_archive(members))
    words = ["-La", "-Lb", "-Lc"]
    for linker in ("ld.bfd", "mold"):
        if shutil.which(linker):
            assert search(linker, *words) == (0, "c"), linker
    for linker, taken in (("bfd", "c"), ("mold", "c"), ("gold", "c"), ("lld", "")):
        code = main(["plan", f"--linker={linker}", "--", "root.o", *words, "-lf"])
        said = capsys.readouterr()
        assert code == (0 if taken else 2)
        assert "c/libf.a" in said.out if taken else "wrong machine: libf.a(f.o)" in said.err
    assert find_libraries(["f"], [Path("a"), Path("b"), Path("c")], "x86_64") == (Path("c/libf.a"),)
    with pytest.raises(StaticlinkError) as caught:
        find_libraries(["f"], [Path("a"), Path("b")], "x86_64")
    assert render_error(caught.value) == (
        "archive not found: libf.a\n  for aarch64, the link is for x86_64: a/libf.a\n"
        "  for aarch64, the link is for x86_64: b/libf.a\n  searched: a\n  searched: b"
    )


def test_what_a_search_judges_by() -> None:
    data = write_object(Specimen(strong=["f"], machine=183))
    aside = member("/", struct.pack(">II", 1, 80) + b"f\0") + member("//", b"a_long_name_of_a_member.o/\n")
    cases = {
        b"!<arch>\n" + aside + member("/0", data): "aarch64",
        b"!<arch>\n" + member("#1/20", b"__.SYMDEF SORTED\0\0\0\0") + member("#1/8", b"name.o\0\0" + data): "aarch64",
        b"!<arch>\n" + member("README/", b"hello") + member("f.o/", data): None,
        b"!<arch>\n" + b"x" * 100: None,
        b"!<arch>\n": None,
        b"INPUT(f.o)": None,
        data: "aarch64",
        data[:40]: None,
        data[:10]: None,
        b"": None,
    }
    for content, expected in cases.items():
        assert machine_of(save(Path("case"), content)) == expected
    assert machine_of(Path()) is None
