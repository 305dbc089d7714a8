"""How long does planning a link take beside the link itself?

``.venv/bin/python benchmarks/plan.py`` after ``./sconsw``. Planning is everything ``link/plan.py`` does before the
linker starts: reading, resolving, choosing the unwinder and shims, ordering, auditing, and keeping the outcome for
the next time. Time in other processes (asking the linker its version, compiling shims) and writing the link plan are
taken out. Every run begins with no Python object of the one before, and with the files in the page cache. Planned again
is the same link after an edit: a byte of a function's body in a member of an archive, and a private function more in an
object, in a section of its own, which the kept outcome survives; a public function more, which it does not. The linkers
link the same inputs in the planned order. Runs of everything alternate, so that what else the machine does meets all of
them.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "site_scons"))

from staticlink.elf.header import read_header  # noqa: E402
from staticlink.elf.sections import SectionTable  # noqa: E402
from staticlink.link import plan as main_path  # noqa: E402
from staticlink.link.inputs import Archive  # noqa: E402
from staticlink.link.libc import compiler_directories, describe_libc  # noqa: E402
from staticlink.link.linker import Linker  # noqa: E402
from staticlink.link.reading import read_input  # noqa: E402
from staticlink.link.request import LinkRequest  # noqa: E402
from staticlink.link.shims import load_shims  # noqa: E402
from staticlink.report.linkplan import write_plan  # noqa: E402
from staticlink.target import Target  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

#: At most this many times what the linker takes.
LIMITS = {"ld.bfd": 0.10, "rust-lld": 0.25}
REPLAN_LIMIT = 0.25
NOTHING, BODY = "planning", "planning again, a body changed"
PRIVATE, PUBLIC = "planning again, a private symbol more", "planning again, a public symbol more"
#: The function of libdemo.a whose body is edited.
FUNCTION = "demo_allocate"


class PlannedError(Exception):
    """The linker would start now."""


def request_of(build: Path, output: Path, copies: Mapping[str, Path] | None = None) -> LinkRequest:
    """Return the demo's link as its link plan in ``build`` records it; ``copies`` stand for files of those names."""
    plan = json.loads((build / "demo.linkplan.json").read_text(encoding="utf-8"))
    arch, libc_name = build.name.split("-")[0], "musl" if "musl" in build.name else "glibc"
    target = Target(arch, libc_name, static=True, pie=build.name.endswith("-pie"))
    libc = describe_libc(target, compiler_directories(["gcc"]), build / "musl" if libc_name == "musl" else None)
    archives = [path for item in plan["order"] for path in (item if isinstance(item, list) else [item])]
    unwinders = {"libunwind": build / "libunwind/lib/libunwind.a"} if (build / "libunwind").is_dir() else {}
    own = {*map(str, libc.files), *map(str, unwinders.values())}
    named = [Path(path) for path in (*plan["objects"], *archives, *plan["unused"]) if path not in own]
    inputs = [(copies or {}).get(one.name, one) for one in named]
    return LinkRequest(
        output=output,
        target=target,
        inputs=tuple(one for one in inputs if ".shims" not in one.parent.name),
        flags=(),
        libraries=(),
        directories=(),
        libc=libc,
        cc=(str(build / "musl/bin/cc"),) if libc_name == "musl" else ("gcc",),
        unwinder="auto",
        unwinders=unwinders,
        linker="auto",
        linkers=(Linker("bfd", Path(shutil.which("ld.bfd") or "ld.bfd"), (), "the one this table compares with"),),
        rust=tuple(sorted((build / "rust").glob("*.rust.json"))),
        probe=None,
    )


@contextmanager
def left_out(function: Callable[..., Any], sink: list[float]) -> Iterator[Callable[..., Any]]:
    """Give ``function`` such that the seconds it takes are added to ``sink``."""

    def timed(*args: Any, **kw: Any) -> Any:  # noqa: ANN401  (whatever the function takes)
        begin = time.perf_counter()
        try:
            return function(*args, **kw)
        finally:
            sink.append(time.perf_counter() - begin)

    yield timed


def seconds_to_plan(request: LinkRequest) -> float:
    """Plan ``request`` and return the seconds that took, without those of other processes and of writing the plan."""
    outside: list[float] = []
    load_shims.cache_clear()

    def stop(*_: object) -> None:
        raise PlannedError

    with (
        left_out(subprocess.run, outside) as run,
        left_out(write_plan, outside) as write,
        patch.object(subprocess, "run", run),
        patch.object(main_path, "write_plan", write),
        patch.object(main_path, "run_linker", stop),
    ):
        begin = time.perf_counter()
        try:
            main_path.link_program(request, lambda *_: None)
        except PlannedError:
            return time.perf_counter() - begin - sum(outside)
    raise AssertionError


def linkers(command: list[str], output: Path) -> dict[str, list[str]]:
    """Return the demo's link for each linker that is installed."""
    arguments = command[command.index("-m") :]
    arguments[arguments.index("-o") + 1] = str(output)
    found: dict[str, list[str]] = {}
    if shutil.which("rustc"):
        sysroot = subprocess.run(["rustc", "--print", "sysroot"], check=True, capture_output=True, text=True)
        place = next(Path(sysroot.stdout.strip()).rglob("rust-lld"), None)
        found = {"rust-lld": [str(place), "-flavor", "gnu"]} if place is not None else {}
    names = ("ld.bfd", "ld.gold", "ld.lld", "mold")
    return {
        name: [*start, *arguments] for name, start in {**{n: [n] for n in names if shutil.which(n)}, **found}.items()
    }


def seconds_to_link(command: list[str]) -> float:
    """Run a linker."""
    begin = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - begin


def edit_body(path: Path) -> None:
    """Change a byte in the middle of ``FUNCTION``, in the member of the archive at ``path`` that defines it."""
    archive = read_input(path)
    one = archive.member(archive.offset_at(archive.promises[FUNCTION][0])) if isinstance(archive, Archive) else None
    if one is None:
        raise LookupError(FUNCTION)
    symbol = next(row for row in one.details() if row.name == FUNCTION)
    view = memoryview(one.data)[one.start : one.start + one.size]
    section = SectionTable(read_header(one.data, "", one.start, one.size), view, "").row(symbol.section)
    place = one.start + section[4] + symbol.value + symbol.size // 2
    data = bytearray(path.read_bytes())
    data[place] ^= 1
    path.write_bytes(data)


def add_function(path: Path, number: int, binding: str) -> None:
    """Give the object at ``path`` another function, ``local`` or ``global``, in a section of its own."""
    section, code = f".text.added_{number}_{binding}", path.with_suffix(".code")
    code.write_bytes(b"\xc3")
    symbol = f"added_{number}_{binding}={section}:0,function,{binding}"
    added = [f"--add-section={section}={code}", f"--set-section-flags={section}=alloc,code,readonly"]
    subprocess.run(["objcopy", *added, f"--add-symbol={symbol}", str(path)], check=True)


def measure(build: Path, runs: int) -> dict[str, list[float]]:
    """Return what was done -> the seconds of each run."""
    command = json.loads((build / "demo.linkplan.json").read_text(encoding="utf-8"))["command"]
    found: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as scratch:
        files = (build / "rust" / "libdemo.a", build / "objects" / "demo" / "main.o")
        copies = {one.name: Path(shutil.copy(one, scratch)) for one in files}
        request = request_of(build, Path(scratch, "demo"), copies)
        edits: dict[str, Callable[[int], None]] = {
            NOTHING: lambda _: Path(scratch, "demo.planned.json").unlink(missing_ok=True),
            BODY: lambda _: edit_body(copies["libdemo.a"]),
            PRIVATE: lambda number: add_function(copies["main.o"], number, "local"),
            PUBLIC: lambda number: add_function(copies["main.o"], number, "global"),
        }
        links = linkers(command, Path(scratch, "linked"))
        for number in range(runs + 1):
            for name, edit in edits.items():
                edit(number)
                seconds = seconds_to_plan(request)
                if number:  # the first round brings the files into the page cache
                    found.setdefault(name, []).append(seconds)
            for name, line in links.items():
                seconds = seconds_to_link(line)
                if number:
                    found.setdefault(name, []).append(seconds)
    return found


def version(command: list[str]) -> str:
    """Return the first line of a linker's ``--version``."""
    done = subprocess.run([*command, "--version"], check=True, capture_output=True, text=True)
    return done.stdout.splitlines()[0]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=Path, default=Path("build/x86_64-linux-musl-static"))
    parser.add_argument("--runs", type=int, default=9)
    options = parser.parse_args()
    os.chdir(ROOT)
    found = measure(options.build, options.runs)
    medians = {name: statistics.median(times) for name, times in found.items()}
    planning = medians[NOTHING]
    print(f"benchmarks/plan.py --build {options.build} --runs {options.runs}")
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores; medians of {options.runs} alternating runs")
    print(f"{'':37}{'ms':>8}{'fastest':>9}  planning is  at most")
    for name, median in medians.items():
        ratio = f"{planning / median:11.2f}" if name[:8] != "planning" else " " * 11
        limit = f"{LIMITS[name]:9.2f}" if name in LIMITS else ""
        print(f"{name:37}{median * 1e3:8.1f}{min(found[name]) * 1e3:9.1f}  {ratio}{limit}")
    for name in (BODY, PRIVATE):
        print(f"{name}: {medians[name] / planning:.2f} of planning, at most {REPLAN_LIMIT:.2f} wanted")
    print(f"{PUBLIC}: {medians[PUBLIC] / planning:.2f} of planning, which it is from nothing")
    command = json.loads((options.build / "demo.linkplan.json").read_text(encoding="utf-8"))["command"]
    for name, line in linkers(command, Path("x")).items():
        print(f"{name}: {version(line[: line.index('-m')])}")


if __name__ == "__main__":
    main()
