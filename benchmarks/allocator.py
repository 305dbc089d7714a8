"""What does each allocator cost a program that allocates much from several threads?

Run it with ``.venv/bin/python benchmarks/allocator.py`` after ``./sconsw``. One program, C with a Rust crate in it, is
built as a dynamic executable for glibc and as static ones for each libc and allocator. Two threads of C, then two of
Rust, allocate, fill and free blocks of mixed sizes, some of which another thread frees. Runs of all executables
alternate, so that what else the machine does meets all of them. Each row is the median, the median of its ratios to
dynamic glibc in the same round, the largest memory a run had, and the size of the executable.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

from variants import build_variants

SCONSTRUCT = """
env = Environment(tools=["gcc", "gas", "ar", "gnulink", "vendored_library", "rust_crate", "static_program"])
env.Append(CCFLAGS=["-O2"])
env.StaticProgram("churn", ["churn.c", env.RustCrate("rust")], LIBS=["pthread"])
"""

C = """
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern void churn_rust(unsigned rounds);
enum { SLOTS = 4096 };
static void *shared[SLOTS];

static void *churn(void *seed)
{
    void *own[SLOTS] = {0};
    unsigned state = (unsigned)(size_t)seed, rounds = ROUNDS;
    while (rounds--) {
        state = state * 1664525u + 1013904223u;
        unsigned slot = (state >> 8) % SLOTS, size = 8 + (state >> 20) % (rounds % 64 ? 256 : 4000);
        free(own[slot]);
        own[slot] = memset(malloc(size), 1, 8);
        if (rounds % 16 == 0) /* what this thread made, the other one frees */
            own[slot] = __atomic_exchange_n(&shared[slot], own[slot], __ATOMIC_ACQ_REL);
    }
    for (unsigned slot = 0; slot < SLOTS; slot++)
        free(own[slot]);
    return NULL;
}

/* What wait4 would say of a child begins with the memory of the process that made it. */
static int say_memory(void)
{
    char line[256];
    FILE *status = fopen("/proc/self/status", "r");
    while (status && fgets(line, sizeof line, status))
        if (!strncmp(line, "VmHWM:", 6))
            return printf("%ld\\n", atol(line + 6)) < 0;
    return 1;
}

int main(int count, char **words)
{
    if (count > 1 && words[1][0] == 'r') {
        churn_rust(ROUNDS / 8);
        return say_memory();
    }
    pthread_t other;
    pthread_create(&other, NULL, churn, (void *)1);
    churn((void *)2);
    pthread_join(other, NULL);
    return say_memory();
}
""".replace("ROUNDS", "16000000u")

MANIFEST = """
[package]
name = "churn"
version = "0.1.0"
edition = "2021"

[lib]
crate-type = ["staticlib"]

[workspace]
"""

RUST = """
use std::collections::BTreeMap;

fn churn(seed: u32, rounds: u32) -> usize {
    let mut state = seed;
    let mut kept: BTreeMap<u32, String> = BTreeMap::new();
    let mut lists: Vec<Vec<u32>> = vec![Vec::new(); 512];
    for _ in 0..rounds {
        state = state.wrapping_mul(1664525).wrapping_add(1013904223);
        kept.insert(state >> 20, format!("entry {state} of {seed}"));
        let list = &mut lists[(state >> 8) as usize % 512];
        list.push(state);
        if list.len() > 100 {
            *list = Vec::new();
        }
    }
    kept.len() + lists.len()
}

#[no_mangle]
pub extern "C" fn churn_rust(rounds: u32) {
    let other = std::thread::spawn(move || churn(1, rounds));
    std::hint::black_box(churn(2, rounds) + other.join().unwrap());
}
"""

BASE = "dynamic glibc"
BUILDS = {
    BASE: "static=0",
    "static glibc": "static=1 libc=glibc",
    "static glibc, mimalloc": "static=1 libc=glibc allocator=mimalloc",
    "static glibc, jemalloc": "static=1 libc=glibc allocator=jemalloc",
    "static musl": "static=1 libc=musl",
    "static musl, mimalloc": "static=1 libc=musl allocator=mimalloc",
    "static musl, jemalloc": "static=1 libc=musl allocator=jemalloc",
    "static musl, mimalloc, strings=fast": "static=1 libc=musl allocator=mimalloc strings=fast",
    "static musl, jemalloc, strings=fast": "static=1 libc=musl allocator=jemalloc strings=fast",
}
FILES = {"SConstruct": SCONSTRUCT, "churn.c": C, "rust/Cargo.toml": MANIFEST, "rust/src/lib.rs": RUST}


def run(path: Path, words: list[str]) -> tuple[float, int]:
    """Return how many seconds a run took, and how many KiB it had at most."""
    start = time.perf_counter()
    done = subprocess.run([str(path), *words], capture_output=True, text=True, check=True, timeout=600)
    return time.perf_counter() - start, int(done.stdout)


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    runs = parser.parse_args().runs
    with tempfile.TemporaryDirectory() as directory:
        made = build_variants(Path(directory), FILES, "churn", BUILDS)
        seen: dict[tuple[str, str], list[tuple[float, int]]] = {}
        for _ in range(runs):
            for name, path in made.items():
                for part, words in (("C", []), ("Rust", ["r"])):
                    seen.setdefault((name, part), []).append(run(path, words))
        sizes = {name: path.stat().st_size for name, path in made.items()}

    def median(name: str, part: str) -> float:
        return statistics.median(seconds for seconds, _ in seen[name, part])

    def ratio(name: str, part: str) -> float:
        pairs = zip(seen[name, part], seen[BASE, part], strict=True)
        return statistics.median(one[0] / base[0] for one, base in pairs)

    print(f"`.venv/bin/python benchmarks/allocator.py --runs {runs}`\n")
    print("| | C s | ratio | MiB | Rust s | ratio | MiB | executable KiB |\n|---|---|---|---|---|---|---|---|")
    for name in made:
        cells = []
        for part in ("C", "Rust"):
            memory = max(kib for _, kib in seen[name, part]) / 1024
            cells += [f"{median(name, part):.2f}", f"{ratio(name, part):.2f}", f"{memory:.1f}"]
        print(f"| {name} | {' | '.join(cells)} | {sizes[name] // 1024} |")


if __name__ == "__main__":
    main()
