"""Does a Rust program with PyO3 carry the vendored CPython, and do both sides call each other, under either libc?

The program is this project's own (``src/pyo3``). Its crates come from the registry that the user's cargo knows.
"""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.checkout import Checkout, steps

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("libc", ["musl", "glibc"])
def test_rust_and_python_in_one_static_executable(tmp_path: Path, libc: str) -> None:
    checkout = Checkout.make(tmp_path / "checkout")
    output = checkout.build("static=1", f"libc={libc}", "pyo3")
    assert "static: no PT_INTERP, no DT_NEEDED, 0 undefined" in output
    assert "PROBE  exit code 0, alone" in output
    (program,) = (checkout.place / "build").glob("*/primes")
    alone = tmp_path / "empty"
    alone.mkdir()
    shutil.copy(program, alone)

    def say(limit: str) -> str:
        command = [str(alone / "primes"), limit]
        done = subprocess.run(command, cwd=alone, env={}, capture_output=True, text=True, check=True, timeout=60)
        return done.stdout

    assert say("1000") == 'Python asked Rust for the primes below 1000: {"count": 168, "last": 997}\n'
    assert say("0") == "Rust panicked, Python caught PanicException: there is no prime below 0\n"
    assert [path.name for path in alone.iterdir()] == ["primes"]
    checkout.append("src/pyo3/python/report.py", "\nADDED_BY_AN_EDIT = 1\n")
    found = steps(checkout.build("static=1", f"libc={libc}", "pyo3"))
    assert "LINK primes" in found
    assert not [step for step in found if step.startswith("CARGO")]


def test_without_python_there_is_no_such_program(tmp_path: Path) -> None:
    checkout = Checkout.make(tmp_path / "checkout")
    done = checkout.scons("static=1", "libc=musl", "python=none", "pyo3")
    assert done.returncode == 2
    assert "Do not know how to make File target `pyo3'" in done.stderr
