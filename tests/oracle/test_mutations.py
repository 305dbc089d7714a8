"""Does every file, whatever its bytes, end in a result or one clear error, and is a result what the linker makes of it?

Cases come from a seed (``tests/mutations.py``). The default numbers keep the run within half a minute;
``STATICLINK_MUTATIONS=200000`` runs the long one. A failure prints the seed and the case.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from staticlink.link.inputs import ObjectFile
from staticlink.link.reading import read_input
from staticlink.link.resolve import resolve

from tests.elf_writer import save
from tests.mutations import MEMORY, Driver

SEED = 20
CASES = int(os.environ.get("STATICLINK_MUTATIONS", "12000"))
COMPARED = max(1500, CASES // 100)
ALONE = max(100, CASES // 500)
_TOP = Path(__file__).parents[2]
#: A row of a global symbol; readelf has no name for UNIQUE where the header names another system than GNU's.
_ROW = re.compile(
    r"^ +\d+: [0-9a-f]+ +\S+ \S+ +(?:GLOBAL|WEAK|UNIQUE|<OS specific>: 10) +\S+ .*?(UND|COM|ABS|LARGE_COM|\d+) (\S+)$"
)
_INCLUDED = re.compile(r"^(\S+?)(?:\(([^\n]*?)\))?(?: +|\n +)\S* ?\(.*\)$", re.MULTILINE)
_END = re.compile(r"\n(?:Allocating|Discarded|Merging|Memory)")
#: What GNU ld says of an object that it does not take. We read symbols, not relocations, so it may know more.
_REFUSALS = ("not recognized", "wrong format", "unknown type", "not understood", "incompatible with")


def test_a_result_or_one_error_within_two_seconds_and_512_mb() -> None:
    command = [sys.executable, "tests/mutations.py", "--seed", str(SEED), "--count", str(CASES)]
    done = subprocess.run(command, cwd=_TOP, capture_output=True, text=True, check=False, timeout=60 + CASES // 20)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    outcome = json.loads(done.stdout)
    assert outcome["bad"] == []
    assert outcome["accepted"] + sum(outcome["refused"].values()) == CASES
    assert len(outcome["refused"]) > 10
    assert outcome["accepted"] > CASES // 10


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Driver:
    return Driver(tmp_path_factory.mktemp("mutations"))


def test_what_is_accepted_is_extracted_as_gnu_ld_extracts_it(driver: Driver) -> None:
    compared = 0
    for number in range(COMPARED):
        name, data = driver.make(SEED, number)
        if name in driver.executables or driver.drive(name, data) is not None:
            continue
        one = read_input(driver.directory / "case", directories=[driver.directory])
        ours = [found.extracted.display for found in resolve([driver.main, one]).extractions]
        theirs, refused = gnu_ld(driver.directory)
        if not refused and all(member.isprintable() for member in ours):
            assert [member.partition("(")[2][:-1] for member in ours] == theirs, f"seed {SEED}, case {number}"
            compared += 1
    assert compared > COMPARED // 20


def gnu_ld(directory: Path) -> tuple[list[str], bool]:
    """Return the members that GNU ld extracts, and whether it refused an input as a whole."""
    command = ["ld.bfd", "-static", "--noinhibit-exec", "-M", "-o", "/dev/null", "wants.o", "case"]
    done = subprocess.run(
        command, cwd=directory, capture_output=True, text=True, errors="backslashreplace", check=False, timeout=60
    )
    listed = _END.split(done.stdout.partition("(symbol)\n")[2])[0]
    members = [match[2] or match[1] for match in _INCLUDED.finditer(listed)]  # a thin archive's stand alone
    return members, any(phrase in done.stderr for phrase in _REFUSALS)


def test_what_is_accepted_has_the_symbols_that_readelf_shows(driver: Driver) -> None:
    compared = 0
    for number in range(COMPARED):
        name, data = driver.make(SEED, number)
        if not name.endswith(".o") or driver.drive(name, data) is not None:
            continue
        one = read_input(save(driver.directory / "case", data), directories=[driver.directory])
        if not isinstance(one, ObjectFile):
            continue
        done = subprocess.run(
            ["readelf", "-sW", "case"],
            cwd=driver.directory,
            capture_output=True,
            text=True,
            errors="backslashreplace",
            check=False,
            timeout=60,
        )
        ours = names_of(one)
        if done.stderr or done.returncode or not all(re.fullmatch(r"[\w.]+", symbol, re.ASCII) for _, symbol in ours):
            continue
        matches = [match for line in done.stdout.splitlines() if (match := _ROW.match(line))]
        assert ours == sorted((match[1] == "UND", match[2]) for match in matches), f"seed {SEED}, case {number}"
        compared += 1
    assert compared > COMPARED // 60


def names_of(one: ObjectFile) -> list[tuple[bool, str]]:
    """Return whether each global symbol is undefined, and its name."""
    symbols = one.symbols
    defined = (*symbols.strong, *symbols.weak, *symbols.common)
    undefined = (*symbols.undefined, *symbols.weak_undefined)
    return sorted([(False, name) for name in defined] + [(True, name) for name in undefined])


def test_the_command_ends_with_words_and_no_traceback(driver: Driver) -> None:
    limited = (
        "import resource, runpy, sys\n"
        f"resource.setrlimit(resource.RLIMIT_AS, ({MEMORY}, {MEMORY}))\n"
        "sys.argv = ['staticlink', *sys.argv[1:]]\n"
        "runpy.run_module('staticlink.cli', run_name='__main__')\n"
    )
    for number in range(ALONE):
        name, data = driver.make(SEED + 1, number)
        save(driver.directory / "alone", data)
        question = ["verify", "alone"] if name in driver.executables else ["why-extract", "--", "wants.o", "alone"]
        done = subprocess.run(
            [sys.executable, "-c", limited, *question],
            cwd=driver.directory,
            env={**os.environ, "PYTHONPATH": str(_TOP / "site_scons")},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert done.returncode in {0, 1, 2}, done.stderr
        assert "Traceback" not in done.stderr
        assert done.returncode != 2 or done.stderr.startswith("staticlink: ")
        assert done.returncode == 0 or done.stderr or done.stdout
