"""Does ``staticlink why-extract`` print what the linkers themselves list, for command lines as people write them?

The same words go to us and to ``ld.bfd -Map`` and ``ld.lld --why-extract``. Generated links mix every spelling of
inputs: paths, ``-L`` and ``-l``, thin archives, scripts, groups, ``--whole-archive``, response files. A failure prints
its seed; ``STATICLINK_ORACLE_LINKS`` raises their number.
"""

from __future__ import annotations

import io
import json
import os
import random
import shutil
import subprocess
import sys
from contextlib import chdir, redirect_stdout
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from staticlink.cli.main import main

from tests.checkout import TOP
from tests.elf_writer import Specimen, write_archive, write_object
from tests.oracle.comparison import make
from tests.oracle.drafts import option_words, save
from tests.oracle.linkers import run_lld, rust_lld, spell_for_lld
from tests.oracle.listings import as_in_a_map, list_by_bfd, list_by_lld, list_by_us, read_rows

if TYPE_CHECKING:
    from collections.abc import Iterator

CASES = int(os.environ.get("STATICLINK_ORACLE_LINKS", "400"))
LINKS = CASES // 4
#: So many of them go to a process of their own.
_PROCESSES = 10
_SYMBOLS = [f"s{number}" for number in range(12)]
_SOURCE = "#include <stdio.h>\n#include <math.h>\nint main(int c, char **v) { return printf(*v, cos(c)) < 0; }\n"

run_links = settings(
    max_examples=LINKS,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
seeds = given(seed=st.integers(0, 2**32))


@pytest.fixture(scope="session")
def lld() -> list[str]:
    return rust_lld()


def draw_object(chance: random.Random, *, root: bool = False) -> Specimen:
    names = list(_SYMBOLS)
    chance.shuffle(names)

    def take(most: int, probability: float) -> list[str]:
        return [names.pop() for _ in range(chance.randint(1, most))] if chance.random() < probability else []

    return Specimen(
        strong=["_start"] if root else take(2, 0.8),
        weak=take(1, 0.3),
        undefined=take(3, 0.9),
        weak_undefined=take(1, 0.2),
    )


def write_new(path: Path, data: bytes) -> None:
    path.unlink(missing_ok=True)
    path.write_bytes(data)


def draw_words(chance: random.Random) -> list[str]:
    """Write the files of a random link into the working directory and return arguments that link them."""
    for name in ("deep/members", "libs"):
        Path(name).mkdir(parents=True, exist_ok=True)
    write_new(Path("main.o"), write_object(draw_object(chance, root=True)))
    inputs: list[list[str]] = []
    for number in range(chance.randint(1, 5)):
        name = f"lib{number}.a"
        members = [(f"m{number}{place}.o", draw_object(chance)) for place in range(chance.randint(1, 3))]
        kind = chance.choice(["path", "dot", "absolute", "library", "file", "thin", "thin"])
        path = Path("libs" if kind in ("library", "file") else "deep", name)
        if kind == "thin":
            path.unlink(missing_ok=True)
            for member, specimen in members:
                write_new(path.parent / "members" / member, write_object(specimen))
            files = [f"members/{member}" for member, _ in members]
            subprocess.run(["ar", "rcTD", name, *files], cwd=path.parent, check=True, timeout=60)
        else:
            write_new(path, write_archive(members))
        spelled = {"dot": f"./{path}", "absolute": str(path.absolute())}.get(kind, str(path))
        libraries = {"library": [f"-l{number}"], "file": ["-l", f":{name}"]}
        inputs.append(libraries.get(kind, [spelled]))
    return arrange(chance, inputs)


def arrange(chance: random.Random, inputs: list[list[str]]) -> list[str]:
    if chance.random() < 0.3:
        inputs.append(chance.choice(inputs))
    if chance.random() < 0.2:
        place = chance.randrange(len(inputs))
        inputs[place] = ["--push-state", "--whole-archive", *inputs[place], "--pop-state"]
    if chance.random() < 0.4:
        inputs.insert(chance.randrange(len(inputs)), ["--start-group"])
        inputs.append(chance.choice([["--end-group"], ["-)"]]))
    words = ["main.o", *(word for one in inputs for word in one)]
    if chance.random() < 0.3:
        name = chance.choice(_SYMBOLS)
        words[0:0] = chance.choice([["-u", name], [f"-u{name}"], [f"--undefined={name}"], ["-undefined", name]])
    if chance.random() < 0.2:
        half = len(words) // 2
        Path("rest.rsp").write_text(" \n".join(f'"{word}"' for word in words[half:]), encoding="utf-8")
        words[half:] = ["@rest.rsp"]
    words.insert(chance.choice([0, len(words)]), chance.choice(["-Llibs", "-L./libs", "--library-path=libs"]))
    return ["-static", *words]


def cases(directory: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield the generated links that resolution is compared over, as words for lld."""
    for seed in range(CASES):
        draft = make(seed)
        if "lld" not in draft.refused_by:
            _, words, options = save(draft, directory)
            yield seed, spell_for_lld(["-static", *option_words(options), *words])


def test_every_case_of_resolution_lists_what_lld_lists(tmp_path: Path, lld: list[str]) -> None:
    differing, compared, crashes = [], 0, 0
    with chdir(tmp_path):
        for seed, words in cases(tmp_path):
            real = run_lld(lld, tmp_path, words)
            if "PLEASE submit a bug report" in real.messages:
                crashes += 1
                continue
            compared += 1
            if list_by_us("lld", words) != list(real.rows):
                differing.append(f"seed {seed}: {' '.join(words)}")
    print(f"\nwhy-extract: {compared} links as lld, {crashes} crashes of lld, {len(differing)} differences")  # noqa: T201
    assert not differing


def test_the_command_prints_what_it_prints_within_this_process(tmp_path: Path) -> None:
    with chdir(tmp_path):
        for _, words in islice(cases(tmp_path), _PROCESSES):
            command = [sys.executable, "-m", "staticlink.cli", "why-extract", "--linker=lld", "--", *words]
            environment = {**os.environ, "PYTHONPATH": str(TOP / "site_scons")}
            done = subprocess.run(command, capture_output=True, env=environment, text=True, timeout=60, check=False)
            assert read_rows(done.stdout) == list_by_us("lld", words)


@run_links
@seeds
def test_generated_command_lines_list_what_gnu_ld_lists(tmp_path: Path, seed: int) -> None:
    with chdir(tmp_path):
        words = draw_words(random.Random(seed))  # noqa: S311  (repeatable is what is wanted)
        assert as_in_a_map(list_by_us("bfd", words)) == list_by_bfd(words)


@run_links
@seeds
def test_generated_command_lines_list_what_lld_lists(tmp_path: Path, lld: list[str], seed: int) -> None:
    with chdir(tmp_path):
        words = draw_words(random.Random(seed))  # noqa: S311
        assert list_by_us("lld", words) == list_by_lld(lld, words)


@pytest.mark.parametrize(
    "words",
    [
        ["main.o", "--start-lib", "one.o", "two.o", "--end-lib"],
        ["main.o", "--start-lib", "two.o", "one.o", "libthree.a"],
        ["main.o", "-L=libs", "--library=two", "one.o"],
        ["-e", "one", "main.o", "-Llibs/", "-ltwo", "--start-lib", "one.o", "--end-lib"],
        ["one.o", "--defsym=_start=two", "-Llibs", "-ltwo"],
        ["main.o", "--wrap=one", "--start-lib", "one.o", "wrap.o", "--end-lib", "-Llibs", "-ltwo"],
    ],
    ids=" ".join,
)
def test_options_of_lld(tmp_path: Path, lld: list[str], words: list[str]) -> None:
    with chdir(tmp_path):
        write_known()
        assert list_by_us("lld", ["-static", *words]) == list_by_lld(lld, ["-static", *words])


@pytest.mark.parametrize(
    "words",
    [
        ["main.o", "one.o", "-L=libs", "--library=two"],
        ["main.o", "both.a", "-L", "libs/"],
        ["main.o", "./both.a", "-Llibs"],
        ["-e", "one", "main.o", "one.o", "-Llibs/", "-ltwo"],
        ["one.o", "--defsym", "_start=two", "-Llibs", "-ltwo"],
        ["main.o", "one.o", "wrap.o", "--wrap", "two", "-Llibs", "-ltwo"],
        ["main.o", "one.o", "-Llibs", "-ltwo", "--whole-archive", "libs/libtwo.a", "--no-whole-archive"],
        ["main.o", "one.o", "-(", "libs/libtwo.a", "-)", "-z", "relro", "--hash-style", "gnu", "-m", "elf_x86_64"],
    ],
    ids=" ".join,
)
def test_options_of_gnu_ld(tmp_path: Path, words: list[str]) -> None:
    with chdir(tmp_path):
        write_known()
        assert as_in_a_map(list_by_us("bfd", ["-static", *words])) == list_by_bfd(["-static", *words])


def write_known() -> None:
    """Write ``main`` needs ``one`` needs ``two``, which is in an archive, and a script that stands for both."""
    Path("libs").mkdir()
    Path("main.o").write_bytes(write_object(Specimen(strong=["_start"], undefined=["one"])))
    one, two = Specimen(strong=["one"], undefined=["two"]), Specimen(strong=["two"])
    Path("one.o").write_bytes(write_object(one))
    Path("two.o").write_bytes(write_object(two))
    Path("wrap.o").write_bytes(write_object(Specimen(strong=["__wrap_one", "__wrap_two"], undefined=["two"])))
    Path("libs/libone.a").write_bytes(write_archive([("one.o", one)]))
    Path("libs/libtwo.a").write_bytes(write_archive([("two.o", two)]))
    Path("libthree.a").write_bytes(write_archive([("three.o", Specimen(strong=["three"]))]))
    Path("both.a").write_text("INPUT ( libs/libone.a -ltwo )\n", encoding="utf-8")


def glibc_words() -> list[str]:
    """Return the arguments of a real static link against glibc, as the compiler's driver orders it."""
    Path("main.c").write_text(_SOURCE, encoding="utf-8")
    subprocess.run(["gcc", "-O1", "-c", "main.c"], check=True, timeout=60)

    def find(name: str) -> str:
        done = subprocess.run(
            ["gcc", f"-print-file-name={name}"], capture_output=True, text=True, check=True, timeout=30
        )
        return done.stdout.strip()

    before, after = [find(name) for name in ("crt1.o", "crti.o", "crtbeginT.o")], [find("crtend.o"), find("crtn.o")]
    directories = [f"-L{Path(find(name)).parent}" for name in ("libgcc.a", "libc.a")]
    libraries = ["-lm", "--start-group", "-lgcc", "-lgcc_eh", "-lc", "--end-group"]
    return ["-static", *before, *directories, "main.o", *libraries, *after]


def test_a_real_link_lists_what_both_linkers_list(tmp_path: Path, lld: list[str]) -> None:
    with chdir(tmp_path):
        words = glibc_words()
        found = list_by_us("bfd", words)
        assert len(found) > 400
        assert as_in_a_map(found) == list_by_bfd(words)
        assert list_by_us("lld", words) == list_by_lld(lld, words)


def test_a_plan_is_a_response_file_that_every_linker_takes(tmp_path: Path) -> None:
    with chdir(tmp_path):
        words = glibc_words()
        shuffled = [word for word in words if not word.startswith("--")]
        shuffled.sort(key=lambda word: (not word.startswith("-L"), word.startswith("-l"), word))
        out = io.StringIO()
        with redirect_stdout(out):
            assert main(["plan", "--", "-static", *shuffled]) == 0
        Path("order.rsp").write_text(out.getvalue(), encoding="utf-8")
        for linker in ("ld.bfd", "ld.gold", "ld.lld", "mold"):
            if shutil.which(linker) is None:
                continue
            subprocess.run([linker, "-static", "-o", "app", "@order.rsp"], check=True, capture_output=True, timeout=60)
            done = subprocess.run(["./app"], capture_output=True, text=True, check=True, timeout=30)
            assert done.stdout == "./app"


def test_why_agrees_with_the_extractions(tmp_path: Path) -> None:
    with chdir(tmp_path):
        words = glibc_words()
        out = io.StringIO()
        with redirect_stdout(out):
            assert main(["why", "--json", "abort", "--", *words]) == 0
        answer = json.loads(out.getvalue())
        rows = {(Path(row[1]).name, row[2], Path(row[0]).name) for row in list_by_us("bfd", words)}
        chain = [(step["extracted"], step["symbol"], step["reference"]) for step in answer["chain"]]
        assert chain[-1][1:] == ("", "an object")
        assert len(chain) > 1
        assert set(chain[:-1]) <= rows
