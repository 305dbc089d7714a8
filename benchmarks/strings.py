"""What do a libc's functions for memory, strings, sorting and printing cost in a static program?

Run it with ``.venv/bin/python benchmarks/strings.py`` after ``./sconsw``. One program of C is built as a dynamic
executable for glibc and as static ones for each libc. It times each function on sizes from a word to a MiB and prints
what each call took. Runs of all executables alternate, so that what else the machine does meets all of them. Each row
has the median of the nanoseconds a call took, and of its ratios to dynamic glibc in the same round; more than 1.1 is
bold.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import tempfile
from pathlib import Path

from variants import build_variants

#: What static work may cost beside dynamic glibc.
GOAL = 1.1

SCONSTRUCT = """
env = Environment(tools=["gcc", "gas", "ar", "gnulink", "vendored_library", "static_program"])
env.Append(CCFLAGS=["-O2", "-fno-builtin"])
env.StaticProgram("texts", ["texts.c"])
"""

C = r"""
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MOST = 1 << 20, NUMBERS = 20000 };
static char from[MOST + 64], to[MOST + 64];
static int numbers[NUMBERS], sorted[NUMBERS];
static volatile size_t sink;

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1e9 + time.tv_nsec;
}

static int compare(const void *a, const void *b)
{
    int one = *(const int *)a, other = *(const int *)b;
    return (one > other) - (one < other);
}

#define TIME(name, calls, what)                                  \
    do {                                                         \
        long times = (calls);                                    \
        double start = now();                                    \
        for (long i = 0; i < times; i++) {                       \
            what;                                                \
        }                                                        \
        printf("%s %.2f\n", name, (now() - start) / times);     \
    } while (0)

int main(void)
{
    FILE *null = fopen("/dev/null", "w");
    char line[128];
    unsigned state = 1;

    memset(from, 'x', MOST);
    for (int i = 0; i < NUMBERS; i++)
        numbers[i] = (int)(state = state * 1664525u + 1013904223u);
    TIME("memcpy 8", 4000000, memcpy(to + i % 8, from, 8));
    TIME("memcpy 32", 4000000, memcpy(to + i % 8, from, 32));
    TIME("memcpy 256", 2000000, memcpy(to + i % 8, from, 256));
    TIME("memcpy 4096", 400000, memcpy(to, from, 4096));
    TIME("memcpy 1048576", 600, memcpy(to, from, MOST));
    TIME("memmove 32", 4000000, memmove(from + 1, from, 32));
    TIME("memmove 4096", 100000, memmove(from + 1, from, 4096));
    TIME("memset 32", 4000000, memset(to + i % 8, 0, 32));
    TIME("memset 4096", 400000, memset(to, 0, 4096));
    memcpy(to, from, MOST);
    TIME("memcmp 32", 4000000, sink = memcmp(to, from, 32));
    TIME("memcmp 4096", 100000, sink = memcmp(to, from, 4096));
    TIME("memchr 32", 4000000, sink = (size_t)memchr(from, 'y', 32));
    TIME("memchr 4096", 100000, sink = (size_t)memchr(from, 'y', 4096));
    to[4096] = from[4096] = 0;
    TIME("strlen 4096", 200000, sink = strlen(from));
    TIME("strchr 4096", 100000, sink = (size_t)strchr(from, 'y'));
    TIME("strcmp 4096", 100000, sink = strcmp(from, to));
    TIME("strcpy 4096", 100000, strcpy(to, from));
    TIME("strstr 4096", 20000, sink = (size_t)strstr(from, "xxy"));
    to[32] = from[32] = 0;
    TIME("strlen 32", 4000000, sink = strlen(from));
    TIME("strchr 32", 4000000, sink = (size_t)strchr(from, 'y'));
    TIME("strcmp 32", 4000000, sink = strcmp(from, to));
    TIME("qsort 20000", 12, (memcpy(sorted, numbers, sizeof sorted), qsort(sorted, NUMBERS, sizeof *sorted, compare)));
    TIME("snprintf %d %s", 400000, snprintf(line, sizeof line, "%ld is %s", i, "text"));
    TIME("snprintf %g", 200000, snprintf(line, sizeof line, "%g", i / 7.0));
    TIME("fprintf %d %s", 400000, fprintf(null, "%ld is %s\n", i, "text"));
    TIME("strtod", 400000, sink = (size_t)strtod("3.14159265", NULL));
    return 0;
}
"""

BASE = "dynamic glibc"
BUILDS = {
    BASE: "static=0",
    "static glibc": "static=1 libc=glibc",
    "static musl": "static=1 libc=musl",
    "static musl, strings=fast": "static=1 libc=musl strings=fast",
}


def run(path: Path) -> dict[str, float]:
    """Return how many nanoseconds a call of each function took in one run."""
    done = subprocess.run([str(path)], capture_output=True, text=True, check=True, timeout=600)
    return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in done.stdout.splitlines()}


def ratio(seen: dict[tuple[str, str], list[float]], what: str, name: str) -> str:
    """Return the median of the ratios to dynamic glibc in the same round, bold where it is beyond the goal."""
    pairs = zip(seen[what, name], seen[what, BASE], strict=True)
    found = statistics.median(one / base for one, base in pairs)
    return f"**{found:.2f}**" if found > GOAL else f"{found:.2f}"


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=7)
    runs = parser.parse_args().runs
    seen: dict[tuple[str, str], list[float]] = {}
    with tempfile.TemporaryDirectory() as directory:
        made = build_variants(Path(directory), {"SConstruct": SCONSTRUCT, "texts.c": C}, "texts", BUILDS)
        for _ in range(runs):
            for name, path in made.items():
                for what, nanoseconds in run(path).items():
                    seen.setdefault((what, name), []).append(nanoseconds)
    print(f"`.venv/bin/python benchmarks/strings.py --runs {runs}`\n")
    print(f"| ns a call | {' | | '.join(BUILDS)} | |")
    print("|---" * (2 * len(BUILDS) + 1) + "|")
    for what in dict.fromkeys(what for what, _ in seen):
        cells = (f"{statistics.median(seen[what, name]):.1f} | {ratio(seen, what, name)}" for name in BUILDS)
        print(f"| {what} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
