"""What does each real crate cost to build from its sources, for both libcs?

Run it with ``.venv/bin/python benchmarks/crates.py [NAME...]`` after ``./sconsw``; the names are those of
``tests/tools/test_real_crates.py``. It builds each project in a temporary directory, with std and the vendored
libraries from the warm cache and everything of the crate from nothing, and prints the processor's seconds, the clock's,
and the size of the executable, whose output is compared with what it should print.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from tests.tools.test_real_crates import REALS, Real, ask_registry, build_command, make_project

_MIB = 1 << 20


def measure(real: Real, libc: str, place: Path, registry: str) -> str:
    """Return a row of the table."""
    make_project(place, real, registry)
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(build_command(libc), cwd=place, check=True, capture_output=True)
    after, elapsed = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter() - start
    processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    printed = subprocess.run([place / "app"], cwd=place, check=True, capture_output=True, text=True).stdout.strip()
    verdict = "as it should" if printed == getattr(real, libc) else f"wrong: {printed}"
    size = (place / "app").stat().st_size / _MIB
    return f"| {real.name or real.crate} | {libc} | {processor:.1f} | {elapsed:.1f} | {size:.1f} MiB | {verdict} |"


def main() -> None:
    """Measure, and print the table as it grows."""
    wanted = sys.argv[1:]
    print("| crate | libc | processor, s | clock, s | executable | printed |\n|---|---|---|---|---|---|", flush=True)
    with tempfile.TemporaryDirectory() as directory:
        asked = Path(directory, "registry")
        asked.mkdir()
        registry = ask_registry(asked)
        for number, real in enumerate(REALS):
            if not wanted or (real.name or real.crate) in wanted:
                for libc in ("musl", "glibc"):
                    print(measure(real, libc, Path(directory, f"{number}-{libc}"), registry), flush=True)
    print(f"\ncommand: {' '.join(['benchmarks/crates.py', *wanted])}")


if __name__ == "__main__":
    main()
