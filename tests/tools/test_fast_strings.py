"""Are the functions of ``strings=fast`` the ones they stand for, and does a program get them?

``tests/fast/compare.c`` compares each with a loop that works byte by byte, on every size and place around a block and a
page, and has an adversary choose what qsort sorts.
"""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

import pytest
from staticlink.link.shims import load_shims

from tests.checkout import TOP, Checkout

if TYPE_CHECKING:
    from pathlib import Path

_COMPARE = TOP / "tests" / "fast" / "compare.c"
_SHIMS = tuple(shim for shim in load_shims() if shim.fast)
_TARGETS = 'env.Program("compare", ["compare.c"], CCFLAGS=["-O2", "-fno-builtin"], PROBE=[])\n'


@pytest.mark.parametrize("optimized", ["-O0", "-O2", "-O3"])
def test_each_does_what_a_loop_does(tmp_path: Path, optimized: str) -> None:
    sources = [str(shim.source) for shim in _SHIMS]
    flags = ["-std=gnu11", "-Wall", "-Wextra", "-Werror", "-fno-builtin", "-fsanitize=alignment,shift,bounds"]
    command = ["gcc", optimized, *flags, "-fno-sanitize-recover=all", str(_COMPARE), *sources, "-o", "compare"]
    subprocess.run(command, cwd=tmp_path, check=True, timeout=120)
    done = subprocess.run([tmp_path / "compare"], capture_output=True, text=True, check=False, timeout=120)
    assert (done.returncode, done.stdout, done.stderr) == (0, "ok more than a million checks\n", "")


def test_none_calls_what_it_defines(tmp_path: Path) -> None:
    for shim in _SHIMS:
        command = ["gcc", "-O2", "-fno-builtin", "-fPIE", "-c", str(shim.source), "-o", "one.o"]
        subprocess.run(command, cwd=tmp_path, check=True, timeout=120)
        done = subprocess.run(
            ["nm", "-u", "one.o"], cwd=tmp_path, capture_output=True, text=True, check=True, timeout=60
        )
        asked = {row.split()[-1] for row in done.stdout.splitlines()} - {"_GLOBAL_OFFSET_TABLE_"}
        assert asked <= {"memcpy"}
        assert not asked & set(shim.symbols)


def test_a_program_on_musl_gets_them(tmp_path: Path) -> None:
    checkout = Checkout.make(tmp_path / "checkout")
    (checkout.place / "compare.c").write_text(_COMPARE.read_text(encoding="utf-8"), encoding="utf-8")
    checkout.append("SConstruct", _TARGETS)
    output = checkout.build("static=1", "libc=musl", "python=none", "strings=fast", "compare", "build")
    assert output.count("3 shims (fast_memory: sound, fast_sort: sound, fast_strings: sound)") == 2
    ours = {symbol for shim in _SHIMS for symbol in shim.symbols}
    for path in (checkout.place / "compare", checkout.place / "build" / "x86_64-linux-musl-static" / "demo"):
        plan = json.loads(path.with_name(f"{path.name}.linkplan.json").read_text(encoding="utf-8"))
        assert not ours & {one["symbol"] for one in plan["extractions"]}
    # As musl's own, which do what a loop does as well.
    assert "shim" not in checkout.build("static=1", "libc=musl", "python=none", "compare").replace("0 shims", "")


def test_glibc_has_fast_ones(tmp_path: Path) -> None:
    done = Checkout.make(tmp_path / "checkout").scons("static=1", "libc=glibc", "strings=fast", "python=none")
    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        "scons: *** strings=fast is for musl",
        "  libc=glibc, whose own functions are as fast",
        "  fix: strings=libc",
    ]
