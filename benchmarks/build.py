"""What does a build cost: with nothing to do, and after an edit of one line?

Run it with ``.venv/bin/python benchmarks/build.py`` after ``./sconsw``. It builds a copy of the demonstration in a
temporary directory from the warm cache and prints the median of several runs, as seconds and as a ratio to SCons
doing nothing at all (an empty SConstruct), measured in the same run.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from tests.checkout import Checkout

RUNS = 7
OPTIONS = ("static=1", "libc=musl")
#: edit -> the file and the text that is added to it, with a number that makes each edit a new one.
EDITS = {
    "one line of C": ("src/demo/unwind.c", "int edit_{0}(void); int edit_{0}(void) {{ return {0}; }}\n"),
    "one line of Rust": ("src/demo/rust/src/lib.rs", '#[no_mangle] pub extern "C" fn rust_{0}() -> i32 {{ {0} }}\n'),
    "one line of Python": ("src/demo/python/demo_filter.py", "EDIT_{0} = {0}\n"),
}


def seconds(checkout: Checkout) -> float:
    """Return how long one build takes."""
    start = time.perf_counter()
    checkout.build(*OPTIONS, f"-j{os.cpu_count()}")
    return time.perf_counter() - start


def empty(place: Path) -> float:
    """Return how long SCons takes with an empty SConstruct."""
    (place / "SConstruct").write_text("DefaultEnvironment(tools=[])\n", encoding="utf-8")
    start = time.perf_counter()
    subprocess.run([sys.executable, "-m", "SCons", "-Q"], cwd=place, check=True, capture_output=True)
    return time.perf_counter() - start


def main() -> None:
    """Measure, and print the table."""
    with tempfile.TemporaryDirectory() as directory:
        place = Path(directory, "empty")
        place.mkdir()
        floor = statistics.median(empty(place) for _ in range(RUNS))
        checkout = Checkout.make(Path(directory, "checkout"))
        rows = {"SCons with an empty SConstruct": floor, "first build, warm cache": seconds(checkout)}
        rows["nothing to do"] = statistics.median(seconds(checkout) for _ in range(RUNS))
        for name, (file, text) in EDITS.items():
            times = []
            for number in range(RUNS):
                checkout.append(file, text.format(number))
                times.append(seconds(checkout))
            rows[name] = statistics.median(times)
        program = checkout.place / "build/x86_64-linux-musl-static/demo"
        size = program.stat().st_size
    print(f"median of {RUNS} runs, {os.cpu_count()} cores: .venv/bin/python benchmarks/build.py")
    for name, value in rows.items():
        print(f"{name:<32} {value:7.2f} s {value / floor:7.1f}")
    print(f"{'size of the executable':<32} {size / 1024 / 1024:7.1f} MiB")


if __name__ == "__main__":
    main()
