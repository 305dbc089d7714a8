"""Does the allocator that was chosen serve C, Rust, Python and the libc itself, and nothing beside it?

The demonstration and a small program are linked with each allocator. The small one asks the allocator itself whether a
block is its own: for blocks of C, of the libc's functions, of Rust and of other threads, before and after a fork.
"""

from __future__ import annotations

import json
import signal
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from tests.checkout import Checkout

if TYPE_CHECKING:
    from pathlib import Path

_PLACES = {"musl": "x86_64-linux-musl-static", "glibc": "x86_64-linux-gnu-static"}
#: What a program calls. musl keeps a heap of its own for what it never hands out (``__libc_malloc``).
_FAMILY = {
    "malloc", "calloc", "realloc", "free", "aligned_alloc", "memalign", "posix_memalign", "valloc",
    "malloc_usable_size",
}  # fmt: skip
#: What glibc's allocator is made of.
_GLIBCS = {"_int_malloc", "main_arena", "sysmalloc"}
#: Which member of each defines malloc.
_MEMBERS = {"mimalloc": "libmimalloc.o", "jemalloc": "jemalloc.o"}
_ALLOCATORS = {"mimalloc": "mi_malloc", "jemalloc": "je_malloc_default"}
_TARGETS = """\
from SCons.Script import ARGUMENTS

asks = env.Clone(CPPDEFINES={"ALLOCATOR_" + ARGUMENTS.get("allocator", "libc"): 1})
asks.Program("asks", ["asks.c", env.RustCrate("asks-rust")], PROBE=[])
env.Program("tunes", ["tunes.c"])
env.Program("forks", ["forks.c"])
env.Program("corrupts", ["corrupts.c"], CCFLAGS=["-O0", "-w"])
"""
_ASKS = r"""
#define _GNU_SOURCE
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern void *block_of_rust(size_t size);
extern void *block_of_a_thread_of_rust(size_t size);
extern int caught_in_rust(void);

static unsigned long long before;

#if defined ALLOCATOR_mimalloc
/* Its sizes are four to a power of two, so that 1000 bytes have 1024; of what it did not allocate it knows no size. */
extern size_t malloc_usable_size(void *);
static void begin(void) { }
static int owned(const void *block, size_t size)
{
	size_t usable = malloc_usable_size((void *)block);
	return usable >= size && usable <= 2 * size + 16 && (size != 1000 || usable == 1024);
}
#elif defined ALLOCATOR_jemalloc
extern int mallctl(const char *, void *, size_t *, void *, size_t);
extern size_t sallocx(const void *, int);
static unsigned long long allocated(void)
{
	unsigned long long bytes = 0;
	size_t size = sizeof bytes;
	return mallctl("thread.allocated", &bytes, &size, 0, 0) ? 0 : bytes;
}
static void begin(void) { before = allocated(); }
static int owned(const void *block, size_t size)
{
	return (allocated() - before >= size || !before) && sallocx(block, 0) >= size;
}
#else
static void begin(void) { }
static int owned(const void *block, size_t size) { return block && size; }
#endif

static int failures;

static void say(const char *what, const void *block, size_t size)
{
	int good = owned(block, size);
	failures += !good;
	printf("%s %s\n", good ? "ok" : "FAIL", what);
}

static void *allocate(void *size) { return malloc((size_t)size); }

static void in_threads(void)
{
	pthread_t threads[4];
	void *blocks[4];
	for (size_t i = 0; i < 4; i++)
		pthread_create(&threads[i], 0, allocate, (void *)(10000 + i));
	for (size_t i = 0; i < 4; i++)
		pthread_join(threads[i], &blocks[i]);
	before = 0; /* counted in the other thread */
	say("malloc in a thread", blocks[3], 10003);
	for (size_t i = 0; i < 4; i++)
		free(blocks[i]);
}

static void all(void)
{
	char *text = 0, *aligned = 0;
	size_t size = 0;
	begin(); text = malloc(1000); say("malloc", text, 1000);
	begin(); text = realloc(text, 50000); say("realloc", text, 50000); free(text);
	begin(); text = calloc(100, 70); say("calloc", text, 7000);
	failures += text[6999] != 0; free(text);
	begin(); say("posix_memalign", posix_memalign((void **)&aligned, 4096, 9000) ? 0 : aligned, 9000);
	failures += (size_t)aligned % 4096 != 0; free(aligned);
	begin(); aligned = aligned_alloc(64, 640); say("aligned_alloc", aligned, 640); free(aligned);
	begin(); text = strdup("text of the libc's own making"); say("strdup", text, 30); free(text);
	begin(); say("asprintf", asprintf(&text, "%d words", 300) < 0 ? 0 : text, 10); free(text);
	text = 0;
	FILE *memory = open_memstream(&text, &size);
	fputs("written", memory);
	fclose(memory);
	before = 0; say("open_memstream", text, 8); free(text);
	begin(); text = realpath("/", 0); say("realpath", text, 2); free(text);
	begin(); text = block_of_rust(20000); say("Vec of Rust", text, 20000); free(text);
	before = 0; text = block_of_a_thread_of_rust(20000); say("Vec of a thread of Rust", text, 20000); free(text);
	in_threads();
}

int main(void)
{
	all();
	failures += caught_in_rust() != 7;
	fflush(stdout);
	pid_t child = fork();
	if (child == 0) {
		all();
		exit(failures != 0);
	}
	int status = -1;
	waitpid(child, &status, 0);
	printf("%s fork\n", status ? "FAIL" : "ok");
	return failures || status;
}
"""
_RUST = """\
#[no_mangle]
pub extern "C" fn block_of_rust(size: usize) -> *mut u8 {
    let mut block = vec![1u8; size].into_boxed_slice();
    let start = block.as_mut_ptr();
    std::mem::forget(block);
    start
}

#[no_mangle]
pub extern "C" fn block_of_a_thread_of_rust(size: usize) -> *mut u8 {
    std::thread::spawn(move || block_of_rust(size) as usize).join().unwrap() as *mut u8
}

#[no_mangle]
pub extern "C" fn caught_in_rust() -> i32 {
    std::panic::set_hook(Box::new(|_| {}));
    let threads: Vec<_> = (0..4).map(|_| std::thread::spawn(|| panic!("{}", 7))).collect();
    let caught = threads.into_iter().map(|one| one.join().unwrap_err()).last().unwrap();
    caught.downcast_ref::<String>().unwrap().parse().unwrap()
}
"""
_MANIFEST = """\
[package]
name = "asks"
version = "0.1.0"
edition = "2021"

[lib]
crate-type = ["staticlib"]

[workspace]
"""
#: Four threads allocate all the time, one of them in threads of its own, while the process forks.
_FORKS = r"""
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile int stop;

static void *allocate(void *unused)
{
	while (!stop) {
		void *blocks[64];
		for (int i = 0; i < 64; i++)
			blocks[i] = memset(malloc(16 + i * 40), 1, 16);
		for (int i = 0; i < 64; i++)
			free(blocks[i]);
	}
	return unused;
}

static void *leave(void *unused)
{
	(void)!malloc(5000);
	return unused;
}

static void *start_others(void *unused)
{
	pthread_t other;
	while (!stop)
		if (!pthread_create(&other, 0, leave, 0))
			pthread_join(other, 0);
	return unused;
}

int main(void)
{
	pthread_t threads[4];
	int failures = 0;
	for (int i = 0; i < 4; i++)
		pthread_create(&threads[i], 0, i ? allocate : start_others, 0);
	for (int i = 0; i < 300; i++) {
		int status = -1;
		pid_t child = fork();
		if (child == 0) {
			alarm(20);
			for (int k = 0; k < 200; k++)
				free(memset(malloc(64 + k * 100), 1, 64));
			pthread_t other;
			pthread_create(&other, 0, leave, 0);
			pthread_join(other, 0);
			_exit(0);
		}
		waitpid(child, &status, 0);
		failures += status != 0;
	}
	stop = 1;
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], 0);
	return failures != 0;
}
"""
#: What is done to the heap, by its first letter.
_CORRUPTS = r"""
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int count, char **words)
{
	char *volatile block = malloc(40), *volatile other = malloc(40);
	switch (count > 1 ? words[1][0] : 0) {
	case 't': free(block); free(block); break;
	case 'b': memset(block, 1, 64); free(block); free(other); break;
	case 'i': free(block + 16); break;
	}
	return puts("went on") < 0;
}
"""
_TUNES = """\
#include <malloc.h>
int main(void) { return mallinfo2().arena == 1; }
"""


@dataclass(frozen=True, slots=True)
class Linked:
    """A checkout with both programs, linked with one allocator."""

    libc: str
    allocator: str
    checkout: Checkout
    printed: str

    @property
    def demo(self) -> Path:
        """The demonstration."""
        return self.checkout.place / "build" / _PLACES[self.libc] / "demo"


def make(place: Path) -> Checkout:
    checkout = Checkout.make(place)
    checkout.append("SConstruct", _TARGETS)
    files = {
        "asks.c": _ASKS,
        "asks-rust/Cargo.toml": _MANIFEST,
        "asks-rust/src/lib.rs": _RUST,
        "tunes.c": _TUNES,
        "forks.c": _FORKS,
        "corrupts.c": _CORRUPTS,
    }
    for name, text in files.items():
        path = checkout.place / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return checkout


@pytest.fixture(scope="module")
def checkouts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Checkout]:
    """Return a checkout for each libc: switching the allocator links again and compiles nothing."""
    return {libc: make(tmp_path_factory.mktemp("allocators") / libc) for libc in _PLACES}


@pytest.fixture(
    scope="module", params=["musl mimalloc", "musl jemalloc", "glibc mimalloc", "glibc jemalloc", "musl libc"]
)
def linked(request: pytest.FixtureRequest, checkouts: dict[str, Checkout]) -> Linked:
    """Return both programs, linked for one libc with one allocator."""
    libc, allocator = request.param.split()
    options = (
        "static=1",
        f"libc={libc}",
        f"allocator={allocator}",
        "python=none",
        "asks",
        "forks",
        "corrupts",
        "build",
    )
    return Linked(libc, allocator, checkouts[libc], checkouts[libc].build(*options))


def symbols(path: Path) -> set[str]:
    rows = subprocess.run(["nm", "--defined-only", path], capture_output=True, text=True, check=True, timeout=60).stdout
    return {row.split()[-1] for row in rows.splitlines()}


def test_the_demonstration_is_verified_and_probed(linked: Linked) -> None:
    (line,) = [row for row in linked.printed.splitlines() if row.startswith("LINK ") and "/demo " in row]
    # What is asked for by name is not argued with.
    served = "" if linked.allocator == "libc" else f", allocator {linked.allocator} (allocator={linked.allocator})"
    assert line.endswith(f"){served}")
    assert "CHECK  static: no PT_INTERP, no DT_NEEDED, 0 undefined" in linked.printed
    done = subprocess.run([linked.demo, "selftest"], capture_output=True, text=True, check=True, timeout=60)
    assert [row for row in done.stdout.splitlines() if not row.startswith("ok ")] == []
    assert {"ok panic unwound through C", "ok threads in Rust"} <= {*done.stdout.splitlines()}


def taken_from_the_libc(path: Path) -> set[str]:
    """Return the functions of the family for which a member of the libc was extracted."""
    plan = json.loads(path.with_name(f"{path.name}.linkplan.json").read_text(encoding="utf-8"))
    return {one["symbol"] for one in plan["extractions"] if one["extracted"].startswith("libc.a(")} & _FAMILY


def test_the_libcs_own_allocator_is_not_beside_it(linked: Linked) -> None:
    for path in (linked.demo, linked.checkout.place / "asks"):
        found = symbols(path)
        assert "malloc" in found
        assert {name for name, own in _ALLOCATORS.items() if own in found} == {linked.allocator} - {"libc"}
        if linked.allocator == "libc":
            assert {"malloc", "free", "realloc"} <= taken_from_the_libc(path)
        else:
            assert taken_from_the_libc(path) == set()
            assert not _GLIBCS & found


def test_every_block_is_the_chosen_allocators(linked: Linked) -> None:
    done = subprocess.run([linked.checkout.place / "asks"], capture_output=True, text=True, check=False, timeout=60)
    lines = done.stdout.splitlines()
    assert (done.returncode, [line for line in lines if not line.startswith("ok ")]) == (0, [])
    assert len(lines) == 2 * 12 + 1
    plan = json.loads((linked.checkout.place / "asks.linkplan.json").read_text(encoding="utf-8"))
    assert plan["choices"]["allocator"]["value"] == linked.allocator


def test_a_process_with_threads_forks(linked: Linked) -> None:
    done = subprocess.run([linked.checkout.place / "forks"], check=False, timeout=120)
    assert done.returncode == 0


@pytest.mark.parametrize("way", ["twice", "behind", "inside"])
def test_a_corrupted_heap_ends_a_program_with_the_libcs_allocator_only(linked: Linked, way: str) -> None:
    command = [str(linked.checkout.place / "corrupts"), way]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=3)
        outcome = done.stdout or str(done.returncode)
    except subprocess.TimeoutExpired:  # a list of free blocks that leads back to itself
        outcome = "searches forever"
    if linked.allocator == "libc":
        assert outcome == str(-signal.SIGSEGV)
    else:
        assert outcome in ("went on\n", "searches forever")


def test_a_replacement_is_for_static_programs(checkouts: dict[str, Checkout]) -> None:
    done = checkouts["glibc"].scons("static=0", "allocator=mimalloc")
    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        "scons: *** a replacement is linked into static executables: mimalloc",
        "  static=0",
        "  fix: static=1 allocator=mimalloc",
    ]


def test_with_python(checkouts: dict[str, Checkout]) -> None:
    checkout = checkouts["musl"]
    output = checkout.build("static=1", "libc=musl", "allocator=mimalloc", "build")
    assert ", allocator mimalloc (allocator=mimalloc)" in output
    demo = checkout.place / "build" / _PLACES["musl"] / "demo"
    assert taken_from_the_libc(demo) == set()
    rows = "".join(f"{number % 7},{number}\n" for number in range(20_000))
    command = [str(demo), "--value", "n", "--where", "len(str(n) * 999) + len([n] * 999) > n * 0"]
    done = subprocess.run(
        command, input="group,n\n" + rows.replace(",", ",1"), capture_output=True, text=True, check=False, timeout=120
    )
    assert (done.returncode, done.stderr, len(done.stdout.splitlines())) == (0, "", 8)


def test_a_program_with_threads_is_told_of_the_other(checkouts: dict[str, Checkout]) -> None:
    output = checkouts["musl"].build("static=1", "libc=musl", "python=none", "asks")
    line = next(row for row in output.splitlines() if row.startswith("LINK "))
    assert line.endswith(", allocator libc (slow where threads allocate much: allocator=mimalloc)")


@pytest.mark.parametrize("allocator", ["mimalloc", "jemalloc"])
def test_a_function_of_the_libcs_allocator_is_refused(checkouts: dict[str, Checkout], allocator: str) -> None:
    done = checkouts["glibc"].scons("static=1", "libc=glibc", f"allocator={allocator}", "python=none", "tunes")
    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        "scons: *** [tunes] a function of the libc's own allocator is called beside another allocator: mallinfo2",
        "  referenced by tunes.o",
        "  defined in libc.a(malloc.o), beside malloc",
        f"  malloc defined in lib{allocator}.a({_MEMBERS[allocator]}), which is used",
        "  fix: allocator=libc",
        "  see: tunes.linkplan.json",
    ]
    assert not (checkouts["glibc"].place / "tunes").exists()
