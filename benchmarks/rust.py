"""What does Rust in a C program cost with each build system: a build with nothing to do, and after a line of Rust?

Run it with ``.venv/bin/python benchmarks/rust.py``; ``--corrosion DIR`` names a checkout of Corrosion, without which
CMake is left out, and Meson is left out where it is not installed. One project, a C program and 1, 5 and 20 crates of
one workspace, is written once for each system, and all take turns, so that a busy machine is busy for all of them. The
crates are a line long, where everything but rustc shows; ``--functions 10`` makes the edited one as long as real ones
are. The table holds medians in seconds; the ratios are to the bare SCons build, and of staticlink to each other system.

staticlink links fully static against glibc, verifies and probes; the others link dynamically, as they do by themselves,
and prove nothing. ``cargo and mold`` is what a person would type: one cargo, then the compiler driver with the fastest
linker, both without asking whether anything has changed.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

TOP = Path(__file__).parent.parent
SCONS = (sys.executable, "-m", "SCons", "-Q", "-s")
LIBRARY = '#[no_mangle]\npub extern "C" fn c{0}(x: i32) -> i32 {{\n    format!("{{x}}").len() as i32 + {0}\n}}\n'
#: What makes a crate take as long to compile as one that does something: sorting and collecting, for a type of its own.
FUNCTION = """
struct T{0}(u64, String);
pub fn f{0}(n: u64) -> u64 {{
    let mut all: Vec<T{0}> = (0..n).map(|i| T{0}(i * {0} % 97, format!("{{i}}-{0}"))).collect();
    all.sort_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)));
    let groups: std::collections::BTreeMap<u64, Vec<T{0}>> = all.into_iter().fold(Default::default(), |mut to, one| {{
        std::collections::BTreeMap::entry(&mut to, one.0).or_insert_with(Vec::new).push(one);
        to
    }});
    groups.values().flatten().map(|one| one.0 + one.1.len() as u64).sum()
}}
"""
MANIFEST = (
    '[package]\nname = "c{0}"\nversion = "0.1.0"\nedition = "2021"\n\n[lib]\ncrate-type = ["staticlib", "rlib"]\n'
)
OURS = """\
DefaultEnvironment(tools=[])
env = Environment(tools=["gcc", "gnulink", "static_program", "rust_crate"])
env.Program("app", ["main.c", *[env.RustCrate(f"crates/c{{number}}") for number in range({0})]], PROBE=[])
"""
BARE = """\
import os
DefaultEnvironment(tools=[])
env = Environment(tools=["gcc", "gnulink"], ENV=dict(os.environ))
archives = [
    env.Command(
        f"target/release/libc{{number}}.a",
        [f"crates/c{{number}}/src/lib.rs", f"crates/c{{number}}/Cargo.toml", "Cargo.toml"],
        f"cargo build --quiet --release -p c{{number}}",
    )
    for number in range({0})
]
for archive in archives:
    env.Precious(archive)
env.Program("app", ["main.c", *archives], LIBS=["m", "pthread", "dl"])
"""
MESON = """\
project('app', 'c')
cargo = find_program('cargo')
archives = []
foreach number : range({0})
  name = 'c@0@'.format(number)
  archives += custom_target(name,
    output : 'lib' + name + '.a',
    depend_files : files('crates' / name / 'src/lib.rs', 'crates' / name / 'Cargo.toml'),
    command : ['sh', '-c', '"$1" build --quiet --release -p ' + name + ' --manifest-path "$2" --target-dir "$3" '
      + '&& cp "$3/release/lib' + name + '.a" "$4"', 'sh', cargo, meson.current_source_dir() / 'Cargo.toml',
      meson.current_build_dir() / 'target', '@OUTPUT@'])
endforeach
executable('app', 'main.c', archives,
  dependencies : [dependency('threads'), meson.get_compiler('c').find_library('dl')])
"""
CMAKE = """\
cmake_minimum_required(VERSION 3.22)
project(app C)
add_subdirectory({1} corrosion)
corrosion_import_crate(MANIFEST_PATH Cargo.toml PROFILE release CRATE_TYPES staticlib)
add_executable(app main.c)
target_link_libraries(app {2})
"""


@dataclass(frozen=True, slots=True)
class System:
    """How one build system is set up for ``count`` crates, and what is typed to build."""

    name: str
    set_up: Callable[[Path, int], None]
    build: Sequence[Sequence[str]]


def systems(corrosion: Path | None) -> list[System]:
    """Return the systems that can be measured on this machine; staticlink comes first."""
    site = f"--site-dir={TOP / 'site_scons'}"

    def write(name: str, text: str) -> Callable[[Path, int], None]:
        return lambda place, count: (place / name).write_text(text.format(count), encoding="utf-8") and None

    def meson(place: Path, count: int) -> None:
        write("meson.build", MESON)(place, count)
        run(["meson", "setup", "--buildtype=release", "out"], place)

    def cmake(place: Path, count: int) -> None:
        libraries = " ".join(f"c{number}" for number in range(count))
        (place / "CMakeLists.txt").write_text(CMAKE.format(count, corrosion, libraries), encoding="utf-8")
        run(["cmake", "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Release", "-B", "out"], place)

    def by_hand(place: Path, count: int) -> None:
        run(["gcc", "-c", "-O2", "main.c"], place)
        archives = " ".join(f"target/release/libc{number}.a" for number in range(count))
        mold = "-fuse-ld=mold" if shutil.which("mold") else ""
        script = f"cargo build --quiet --release && gcc -static -no-pie {mold} -o app main.o {archives} -lm -lgcc_eh\n"
        (place / "by-hand").write_text(script, encoding="utf-8")

    found = [
        System("staticlink", write("SConstruct", OURS), [[*SCONS, site, "static=1", "libc=glibc", "-j2"]]),
        System("bare SCons Command", write("SConstruct", BARE), [[*SCONS, "-j2"]]),
        System("cargo and mold by hand", by_hand, [["sh", "by-hand"]]),
    ]
    if shutil.which("meson") and shutil.which("ninja"):
        found.append(System("Meson", meson, [["ninja", "-C", "out", "--quiet"]]))
    if corrosion is not None:
        found.append(System("CMake and Corrosion", cmake, [["ninja", "-C", "out", "--quiet"]]))
    return found


def run(command: Sequence[str], place: Path) -> None:
    """Run a command that has to succeed."""
    done = subprocess.run(command, cwd=place, capture_output=True, text=True, check=False, timeout=1200)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)}\n{done.stdout}{done.stderr}")


def source(number: int, functions: int, edit: int = 0) -> str:
    """Return the text of crate ``number``; ``edit`` is what one line of it adds."""
    calls = "".join(f" + f{one}(x as u64) as i32" for one in range(functions))
    body = "".join(FUNCTION.format(one) for one in range(functions))
    return LIBRARY.format(number).replace(f"+ {number}", f"+ {number + edit}{calls}") + body


def write_project(place: Path, count: int, functions: int = 0) -> None:
    """Write the C program and its crates, the first of which has ``functions`` more."""
    for number in range(count):
        crate = place / f"crates/c{number}"
        (crate / "src").mkdir(parents=True)
        (crate / "Cargo.toml").write_text(MANIFEST.format(number), encoding="utf-8")
        (crate / "src/lib.rs").write_text(source(number, 0 if number else functions), encoding="utf-8")
    members = '[workspace]\nresolver = "2"\nmembers = ["crates/*"]\n'
    (place / "Cargo.toml").write_text(members, encoding="utf-8")
    calls = " + ".join(f"c{number}(7)" for number in range(count))
    declared = "".join(f"int c{number}(int x);\n" for number in range(count))
    (place / "main.c").write_text(f"{declared}\nint main(void) {{\n    return ({calls}) < 0;\n}}\n", encoding="utf-8")
    run(["cargo", "generate-lockfile", "--offline"], place)


def seconds(system: System, place: Path) -> float:
    """Return how long one build takes."""
    start = time.perf_counter()
    for command in system.build:
        run(command, place)
    return time.perf_counter() - start


def measure(count: int, functions: int, runs: int, chosen: Sequence[System]) -> dict[str, tuple[float, float]]:
    """Return the medians of builds with nothing to do, and after an edit, of each system."""
    with tempfile.TemporaryDirectory() as directory:
        places = {system.name: Path(directory, str(number)) for number, system in enumerate(chosen)}
        for system in chosen:
            place = places[system.name]
            place.mkdir()
            write_project(place, count, functions)
            system.set_up(place, count)
            seconds(system, place)
            seconds(system, place)
        idle: dict[str, list[float]] = {system.name: [] for system in chosen}
        edited: dict[str, list[float]] = {system.name: [] for system in chosen}
        for number in range(runs):
            for system in chosen:
                library = places[system.name] / "crates/c0/src/lib.rs"
                idle[system.name].append(seconds(system, places[system.name]))
                library.write_text(source(0, functions, number + 1), encoding="utf-8")
                edited[system.name].append(seconds(system, places[system.name]))
        return {name: (statistics.median(idle[name]), statistics.median(edited[name])) for name in idle}


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--corrosion", type=Path, help="a checkout of Corrosion")
    parser.add_argument("--crates", type=int, nargs="+", default=[1, 5, 20])
    parser.add_argument("--functions", type=int, default=0, help="how many generic functions the edited crate has")
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    os.environ.pop("CARGO_TARGET_DIR", None)
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # SCons' own modules are compiled already
    chosen = systems(options.corrosion and options.corrosion.resolve())
    print("| crates | build system | nothing to do | to bare SCons | a line of Rust | staticlink to it |")
    print("|---|---|---|---|---|---|")
    for count in options.crates:
        rows = measure(count, options.functions, options.runs, chosen)
        bare, ours = rows["bare SCons Command"][0], rows["staticlink"][1]
        for name, (idle, edited) in rows.items():
            ratios = f"{idle / bare:.2f} | {edited:.3f} | {ours / edited:.2f}"
            print(f"| {count} | {name} | {idle:.3f} | {ratios} |", flush=True)


if __name__ == "__main__":
    main()
