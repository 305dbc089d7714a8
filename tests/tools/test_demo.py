"""Does the demonstration, built by the project's own SConstruct, do its work and test itself?"""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.checkout import Checkout

_LOG = (
    "path,status,time,user agent\n"
    "/api/a,200,10ms,curl\n"
    "/api/b,500,1.5s,firefox\n"
    '"/c,d",404,5ms,"say ""x"""\n'
    "/api/a,200,30ms,firefox\n"
)


@dataclass(frozen=True, slots=True)
class Demo:
    """A checkout of its own and the demonstration built in it."""

    checkout: Checkout
    options: tuple[str, ...]
    program: Path

    def build(self) -> str:
        """Build the demonstration again; return what SCons printed."""
        return self.checkout.build(*self.options)

    def run(self, *arguments: str, text: str = _LOG) -> tuple[int, str, str]:
        """Run the demonstration on ``text``; return its exit code, output and errors."""
        command = [str(self.program), *arguments]
        done = subprocess.run(command, input=text, capture_output=True, text=True, check=False, timeout=60)
        return done.returncode, done.stdout, done.stderr


def _build(place: Path, directory: str, *options: str) -> Demo:
    demo = Demo(Checkout.make(place), options, place / "build" / directory / "demo")
    demo.build()
    return demo


@pytest.fixture(scope="module")
def musl(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    """The main job."""
    place = tmp_path_factory.mktemp("demo") / "with space"
    return _build(place, "x86_64-linux-musl-static", "static=1", "libc=musl")


@pytest.fixture(scope="module")
def without_python(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    """The same without Python, on glibc."""
    place = tmp_path_factory.mktemp("demo") / "checkout"
    return _build(place, "x86_64-linux-gnu-static", "static=1", "libc=glibc", "python=none")


def test_records_are_grouped_counted_and_measured(musl: Demo) -> None:
    assert musl.run("--by", "path", "--value", "time") == (
        0,
        (
            "path   count   sum   min   p50   p95   max\n"
            "/api/a     2  0.04  0.01  0.03  0.03  0.03\n"
            "/api/b     1   1.5   1.5   1.5   1.5   1.5\n"
            "/c,d       1 0.005 0.005 0.005 0.005 0.005\n"
        ),
        "",
    )


def test_an_expression_in_python_filters(musl: Demo) -> None:
    expression = 'status >= 500 or row["user agent"] == "curl"'
    assert musl.run("--where", expression, "-") == (0, "path   count\n/api/a     1\n/api/b     1\n", "")


def test_a_script_in_python_filters(musl: Demo, tmp_path: Path) -> None:
    script = tmp_path / "keep.py"
    script.write_text(
        "import decimal\n\ndef keep(row):\n    return row['time'] < decimal.Decimal(1)\n", encoding="utf-8"
    )
    (tmp_path / "log").write_text(_LOG, encoding="utf-8")
    found = musl.run("--by", "status", "--script", str(script), str(tmp_path / "log"))
    assert found == (0, "status count\n200        2\n404        1\n", "")


def test_every_thread_gives_its_part(musl: Demo) -> None:
    lines = "".join(f"{number % 7},{number}\n" for number in range(100_000))
    code, output, errors = musl.run("--value", "n", "--where", "n % 2 == 0", text="group,n\n" + lines)
    assert (code, errors) == (0, "")
    kept = [n for n in range(100_000) if n % 2 == 0]
    rows = [line.split() for line in output.splitlines()[1:]]
    assert sum(int(row[1]) for row in rows) == len(kept)
    assert sum(float(row[2]) for row in rows) == sum(kept)


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--where", "nope"], 1, "demo: the expression: NameError: name 'nope' is not defined"),
        (["--where", "1 +"], 1, "demo: the expression: SyntaxError: invalid syntax (<filter>, line 1)"),
        (["--by", "size"], 1, "demo: there is no field size; the fields are path, status, time, user agent"),
        (["/no/such/file"], 1, "demo: /no/such/file: No such file or directory"),
        (["--by"], 2, "demo: option needs a value: --by"),
        (["--colour", "red"], 2, "demo: unknown option or value: --colour"),
        (["--where", "1", "--script", "x"], 2, "demo: one filter at a time: --where and --script"),
        (["a", "b"], 2, "demo: more than one file: b"),
    ],
)
def test_mistakes_are_told_in_one_line(musl: Demo, arguments: list[str], code: int, message: str) -> None:
    found = musl.run(*arguments)
    assert found[:2] == (code, "")
    # Misuse is followed by the usage; anything else by nothing.
    assert found[2].splitlines()[0 : None if code == 1 else 1] == [message]


def test_unreadable_records_are_told(musl: Demo) -> None:
    assert musl.run(text="a,b\n1\n") == (1, "", "demo: a record has 1 fields, not 2: 1\n")
    assert musl.run(text="") == (1, "", "demo: the first line names no fields\n")


def test_output_that_cannot_be_written_is_an_error(musl: Demo) -> None:
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        done = subprocess.run(
            [musl.program], input=_LOG, stdout=full, stderr=subprocess.PIPE, text=True, check=False, timeout=60
        )
    assert (done.returncode, done.stderr) == (1, "demo: standard output: No space left on device\n")


def test_the_self_test_passes_and_names_what_it_tried(musl: Demo) -> None:
    code, output, errors = musl.run("selftest")
    assert (code, errors) == (0, "")
    lines = output.splitlines()
    assert [line for line in lines if not line.startswith("ok ")] == []
    assert {"ok panic unwound through C", "ok Python calls Rust", "ok Rust calls Python", "ok arguments in Rust"} <= {
        *lines
    }


def test_a_machine_that_takes_no_files_fails_the_self_test(musl: Demo, tmp_path: Path) -> None:
    limited = ["sh", "-c", "trap '' XFSZ; ulimit -f 0; exec \"$0\" selftest", str(musl.program)]
    done = subprocess.run(limited, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60)
    failures = [line for line in done.stdout.splitlines() if line.startswith("FAIL ")]
    assert (done.returncode, len(failures)) == (1, 1)
    assert re.fullmatch(r"FAIL files: \./demo-\w{6}: File too large", failures[0])
    assert list(tmp_path.iterdir()) == []


def test_a_script_that_changes_freezes_one_set_and_links_once(musl: Demo) -> None:
    assert "up to date" in musl.build()
    musl.checkout.edit("src/demo/python/demo_filter.py", "the expression", "your expression")
    verbs = [line.split()[:2] for line in musl.build().splitlines() if line.split()[0] in {"FREEZE", "CARGO", "LINK"}]
    built = "build/x86_64-linux-musl-static"
    assert verbs == [["FREEZE", f"{built}/python/demo/program.bin"], ["LINK", f"{built}/demo"]]
    assert musl.run("--where", "nope")[2].startswith("demo: your expression: NameError")


def test_without_python_the_rest_works_and_a_filter_is_refused(without_python: Demo) -> None:
    code, output, errors = without_python.run("selftest")
    assert (code, errors, "Python" in output) == (0, "", False)
    assert "ok summary" in output.splitlines()
    assert without_python.run("--where", "1")[::2] == (1, "demo: this demo was built without Python: python=none\n")
