"""How does planning grow with the number of archives, and with the number of symbols?

``.venv/bin/python benchmarks/growth.py``. Needs no linker and nothing that was built: the archives are written here. An
object asks for the first of a chain of members, each asks for all symbols of the next one, and the archives they are in
are given in a shuffled order, so every member joins and nothing is right as it stands. Each size is planned in a
process of its own, which reads, resolves, orders and resolves again; ``peak`` is that process's largest resident set,
``linear`` how much longer it took than the row before for each time as much there was to do.
"""

from __future__ import annotations

import argparse
import os
import platform
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "site_scons"), str(ROOT / "tests")]

from elf_writer import Specimen, save, write_archive, write_object  # noqa: E402
from staticlink.link.inputs import Archive, ObjectFile  # noqa: E402
from staticlink.link.order import order_inputs  # noqa: E402
from staticlink.link.reading import read_input  # noqa: E402

ARCHIVES = (10, 50, 100, 500, 1000, 5000)
SYMBOLS = (1_000, 10_000, 100_000, 1_000_000)
#: The symbols of each archive where archives are counted; archives, and members of each, where symbols are.
SYMBOLS_EACH, ARCHIVES_OF_SYMBOLS, MEMBERS_EACH = 10, 20, 10


def write_inputs(directory: Path, archives: int, members: int, symbols: int) -> None:
    """Write a chain of ``archives * members`` objects that define ``symbols`` each."""
    total = archives * members
    names = [[f"symbol_{place}_{number}" for number in range(symbols)] for place in range(total)] + [[]]
    save(directory / "main.o", write_object(Specimen(strong=("_start",), bare=names[0][:1])))
    for archive in range(archives):
        places = range(archive, total, archives)
        chain = [(f"m{place}.o", Specimen(strong=names[place], bare=names[place + 1])) for place in places]
        save(directory / f"lib{archive}.a", write_archive(chain))


def plan(directory: Path, runs: int) -> None:
    """Print the median seconds of planning the inputs in ``directory``, and the peak memory in bytes."""
    paths = sorted(directory.glob("*.a"))
    random.Random(1).shuffle(paths)  # noqa: S311  (an order, not a secret)
    times: list[float] = []
    for _ in range(runs):
        begin = time.perf_counter()
        start = read_input(directory / "main.o")
        archives = [read_input(path) for path in paths]
        if not isinstance(start, ObjectFile) or not all(isinstance(one, Archive) for one in archives):
            raise TypeError
        order = order_inputs([start], archives)
        times.append(time.perf_counter() - begin)
        if order.resolution.undefined or order.unused:
            raise ValueError
        del order, archives, start
    print(statistics.median(times), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)


def table(title: str, sizes: dict[int, tuple[int, int, int]], runs: int) -> None:
    """Print a row for each size; ``sizes`` maps it to archives, members of each, symbols of each member."""
    print(f"{title:>10}{'seconds':>10}{'peak MiB':>10}{'us each':>9}{'linear':>8}")
    before: tuple[int, float] | None = None
    for size, shape in sizes.items():
        with tempfile.TemporaryDirectory() as scratch:
            write_inputs(Path(scratch), *shape)
            line = [sys.executable, __file__, "--plan", scratch, "--runs", str(runs)]
            done = subprocess.run(line, check=True, capture_output=True, text=True)
        seconds, peak = map(float, done.stdout.split())
        growth = f"{seconds / before[1] / (size / before[0]):8.2f}" if before else ""
        each = seconds / size * 1e6
        print(f"{size:10}{seconds:10.3f}{peak / 2**20:10.0f}{each:9.1f}{growth}", flush=True)
        before = size, seconds


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--plan", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    if options.plan is not None:
        plan(options.plan, options.runs)
        return
    print(f"benchmarks/growth.py --runs {options.runs}")
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores; medians of {options.runs} runs")
    table("archives", {size: (size, 1, SYMBOLS_EACH) for size in ARCHIVES}, options.runs)
    members = ARCHIVES_OF_SYMBOLS * MEMBERS_EACH
    shapes = {size: (ARCHIVES_OF_SYMBOLS, MEMBERS_EACH, size // members) for size in SYMBOLS}
    table("symbols", shapes, options.runs)


if __name__ == "__main__":
    main()
