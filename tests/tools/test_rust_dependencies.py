"""What runs after each kind of edit, and is the program then the right one?

One project reads something of every kind: modules, files inside and outside the package, a path dependency, a build
script and what it declares, variables, configuration. Each row of the matrix makes one edit to it and says which steps
must run and what the program then prints; a build after that must have nothing left to do. The table in
docs/rust-dependencies.md is this one.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.checkout import TOP, steps

BUILT = "build/x86_64-linux-gnu"
_SCONSTRUCT = """\
DefaultEnvironment(tools=[])
env = Environment(tools=["gcc", "gnulink", "ar", "rust_crate", "static_program"], LIBS=["gcc_s", "m"])
if "cache" in ARGUMENTS:
    CacheDir(ARGUMENTS["cache"])
env["RUSTCRATE_STRICT"] = "strict" in ARGUMENTS
crate = env.RustCrate("code/crate")
env.Program("app", ["main.c", crate])
if "declare" in ARGUMENTS:
    env.Depends(crate, [ARGUMENTS["declare"], "shared"])
"""
_MAIN = """\
#include <stdio.h>
extern const char *describe(void);
int main(void) { puts(describe()); return 0; }
"""
_MANIFEST = """\
[package]
name = "crate"
version = "0.1.0"
edition = "2021"

[dependencies]
second = { path = "../second" }

[profile.release]
opt-level = 0

[workspace]
"""
_SECOND = '[package]\nname = "second"\nversion = "0.1.0"\nedition = "2021"\n'
_LIB = """\
mod inner;

const fn asked() -> &'static str { match option_env!("ASKED") { Some(value) => value, None => "-" } }

#[no_mangle]
pub extern "C" fn describe() -> *const std::os::raw::c_char {
    let flag = if cfg!(configured) { "configured" } else { "plain" };
    let words = [inner::WORD, include_str!("data.txt"), include_str!("../../../outside.txt"), second::WORD,
        asked(), env!("BUILT"), flag];
    std::ffi::CString::new(words.join(" ")).unwrap().into_raw()
}
"""
_SCRIPT = """\
fn main() {
    println!("cargo::rerun-if-changed=../../shared");
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=DECLARED");
    let mut names: Vec<_> = std::fs::read_dir("../../shared").unwrap()
        .map(|entry| std::fs::read_to_string(entry.unwrap().path()).unwrap()).collect();
    names.sort();
    println!("cargo::rustc-env=BUILT={}{}", names.concat(), std::env::var("DECLARED").unwrap_or_default());
}
"""
FIRST = "inner data outside second - shared plain"


@dataclass(frozen=True, slots=True)
class Project:
    """A project of one program and one crate, and the variables it is built with."""

    top: Path
    environ: dict[str, str] = field(default_factory=dict)

    @classmethod
    def make(cls, top: Path) -> Project:
        """Write the project, with a cache of its own."""
        made = cls(top)
        files = {
            "SConstruct": _SCONSTRUCT,
            "main.c": _MAIN,
            "outside.txt": "outside",
            "shared/one": "shared",
            "code/crate/Cargo.toml": _MANIFEST,
            "code/crate/build.rs": _SCRIPT,
            "code/crate/src/lib.rs": _LIB,
            "code/crate/src/inner.rs": 'pub const WORD: &str = "inner";\n',
            "code/crate/src/data.txt": "data",
            "code/crate/tests/sample.txt": "sample",
            "code/second/Cargo.toml": _SECOND,
            "code/second/src/lib.rs": 'pub const WORD: &str = "second";\n',
        }
        for name, text in files.items():
            made.write(name, text)
        lock = ["cargo", "generate-lockfile", "--offline"]
        subprocess.run(lock, cwd=top / "code/crate", check=True, capture_output=True)
        return made

    def write(self, name: str, text: str) -> None:
        """Write one file."""
        (self.top / name).parent.mkdir(parents=True, exist_ok=True)
        (self.top / name).write_text(text, encoding="utf-8")

    def edit(self, name: str, old: str, new: str) -> None:
        """Replace ``old`` in one file."""
        text = (self.top / name).read_text(encoding="utf-8")
        assert old in text
        self.write(name, text.replace(old, new))

    def append(self, name: str, text: str) -> None:
        """Add ``text`` to one file."""
        self.write(name, (self.top / name).read_text(encoding="utf-8") + text)

    def scons(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run SCons."""
        command = [sys.executable, "-m", "SCons", f"--site-dir={TOP / 'site_scons'}", "-Q", *arguments]
        cache = {"XDG_CACHE_HOME": str(self.top.parent / "cache")}
        Path(cache["XDG_CACHE_HOME"]).mkdir(parents=True, exist_ok=True)
        done = subprocess.run(
            command, cwd=self.top, env={**os.environ, **cache, **self.environ},
            capture_output=True, text=True, check=False, timeout=600,
        )  # fmt: skip
        assert "Traceback" not in done.stdout + done.stderr, done.stderr
        return done

    def build(self, *arguments: str) -> str:
        """Build, and return what was printed."""
        done = self.scons(*arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def ran(self, *arguments: str) -> list[str]:
        """Build; return the verbs of the steps. A second build must have nothing left to do."""
        found = [step.split()[0] for step in steps(self.build(*arguments))]
        assert self.build(*arguments) == "scons: `.' is up to date.\n"
        return found

    def errors(self, *arguments: str) -> list[str]:
        """Return the lines of a failing build's message."""
        done = self.scons(*arguments)
        assert done.returncode == 2, done.stdout + done.stderr
        return [line.rstrip() for line in done.stderr.splitlines()]

    def said(self) -> str:
        """Return what the program prints."""
        return subprocess.run([self.top / "app"], capture_output=True, text=True, check=True).stdout.strip()

    def archive(self) -> bytes:
        """Return the crate's archive."""
        return (self.top / BUILT / "rust/libcrate.a").read_bytes()


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project that has been built once; the tests that edit it leave it as it was."""
    made = Project.make(tmp_path_factory.mktemp("dependencies") / "project")
    warned = [line for line in made.build().splitlines() if line.startswith("WARN")]
    told = "cargo read what nothing declares: outside.txt, shared; the next build will look there"
    assert [" ".join(line.split()) for line in warned] == [f"WARN {BUILT}/rust/libcrate.a {told}"]
    assert made.said() == FIRST
    return made


CARGO, LINKED = ["CARGO"], ["CARGO", "LINK"]
ROWS = {
    "a module": ("code/crate/src/inner.rs", "inner", "INNER", LINKED),
    "a file of include_str! in the package": ("code/crate/src/data.txt", "data", "DATA", LINKED),
    "a file of include_str! outside it": ("outside.txt", "outside", "OUTSIDE", LINKED),
    "a path dependency": ("code/second/src/lib.rs", "second", "SECOND", LINKED),
    "a file in a directory that a build script declares": ("shared/one", "shared", "SHARED", LINKED),
    "a build script": ("code/crate/build.rs", "BUILT={}", "BUILT=_{}", LINKED),
    "a comment": ("code/crate/src/lib.rs", "mod inner;", "mod inner; // the inner one", CARGO),
    "a comment in a lock file": ("code/crate/Cargo.lock", "# This file", "# (edited) This file", CARGO),
    "a profile": ("code/crate/Cargo.toml", "opt-level = 0", "opt-level = 1", LINKED),
    "a file that only tests read": ("code/crate/tests/sample.txt", "sample", "SAMPLE", []),
}


@pytest.mark.parametrize("row", ROWS)
def test_an_edit_reaches_the_program_and_is_undone(project: Project, row: str) -> None:
    name, old, new, expected = ROWS[row]
    before = project.archive()
    project.edit(name, old, new)
    assert project.ran() == expected
    if old in FIRST:
        assert project.said() == FIRST.replace(old, new)
    project.edit(name, new, old)
    assert project.ran() == expected
    assert project.said() == FIRST
    assert project.archive() == before


@pytest.mark.parametrize("name", ["code/crate/src/lib.rs", "outside.txt", "shared/one", "code/crate/Cargo.lock"])
def test_a_touch_runs_nothing(project: Project, name: str) -> None:
    (project.top / name).touch()
    assert project.ran() == []


def test_modules_that_come_and_go(project: Project) -> None:
    before = project.archive()
    project.write("code/crate/src/added.rs", 'pub const WORD: &str = "added";\n')
    assert project.ran() == CARGO
    project.edit("code/crate/src/inner.rs", 'pub const WORD: &str = "inner";', "pub use crate::added::WORD;")
    project.edit("code/crate/src/lib.rs", "mod inner;", "mod inner; mod added;")
    assert project.ran() == LINKED
    assert project.said() == FIRST.replace("inner", "added")
    project.edit("code/crate/src/lib.rs", "mod inner; mod added;", "mod inner;")
    project.write("code/crate/src/inner.rs", 'pub const WORD: &str = "inner";\n')
    (project.top / "code/crate/src/added.rs").unlink()
    assert project.ran() == LINKED
    assert project.archive() == before


def test_files_that_come_to_a_declared_directory_and_go(project: Project) -> None:
    project.write("shared/two", "twice")
    assert project.ran() == LINKED
    assert project.said() == FIRST.replace("shared", "sharedtwice")
    (project.top / "shared/two").unlink()
    assert project.ran() == LINKED
    assert project.said() == FIRST


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("ASKED", "asked", FIRST.replace(" - ", " asked ")),
        ("DECLARED", "declared", FIRST.replace("shared", "shareddeclared")),
        ("RUSTFLAGS", "--cfg configured", FIRST.replace("plain", "configured")),
        ("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1", FIRST),
    ],
)
def test_a_variable(project: Project, name: str, value: str, said: str) -> None:
    before = project.archive()
    told = Project(project.top, {name: value})
    assert told.ran() == LINKED
    assert told.said() == said
    assert project.ran() == LINKED
    assert project.archive() == before


@pytest.mark.parametrize(
    ("name", "value"), [("CARGO_TERM_COLOR", "always"), ("CARGO_NET_RETRY", "1"), ("CARGO_TARGET_DIR", "elsewhere")]
)
def test_a_variable_that_decides_nothing(project: Project, name: str, value: str) -> None:
    assert Project(project.top, {name: value}).ran() == []


def test_configuration_in_a_directory_above(project: Project) -> None:
    before = project.archive()
    project.write(".cargo/config.toml", "[build]\nrustflags = ['--cfg', 'configured']\n")
    assert project.ran() == LINKED
    assert project.said() == FIRST.replace("plain", "configured")
    project.write(".cargo/more.toml", "")
    project.append(".cargo/config.toml", "[env]\nASKED = 'asked'\n")
    assert project.ran() == LINKED
    assert project.said() == FIRST.replace("plain", "configured").replace(" - ", " asked ")
    project.write(".cargo/config.toml", "[build]\nbuild-dir = 'elsewhere'\n")
    project.ran()
    assert not list(project.top.rglob("elsewhere"))
    project.append(".cargo/more.toml", "[env]\nMORE = 'more'\n")
    assert project.ran() == []
    project.write(".cargo/config.toml", "include = [\n    'more.toml',\n]\n")
    project.write(".cargo/more.toml", "[env]\nASKED = 'included'\n")
    project.ran()
    project.edit(".cargo/more.toml", "included", "edited")
    assert project.ran() == LINKED
    assert project.said() == FIRST.replace(" - ", " edited ")
    shutil.rmtree(project.top / ".cargo")
    assert project.ran() == LINKED
    assert project.archive() == before


def test_a_file_that_chooses_the_toolchain(project: Project) -> None:
    """Only what ``rustc -vV`` says counts, not how the compiler was chosen."""
    rustup = shutil.which("rustup", path=f"{Path.home()}/.cargo/bin:{os.environ['PATH']}")
    if rustup is None:
        pytest.skip("rustup is not installed: a rust-toolchain file decides nothing")
    listed = subprocess.run([rustup, "toolchain", "list"], capture_output=True, text=True, check=True).stdout
    names = [line.split()[0] for line in listed.splitlines()]
    (active,) = [line.split()[0] for line in listed.splitlines() if "active" in line or "default" in line][:1]
    asked = [(name, [rustup, "run", name, "rustc", "-vV"]) for name in names]
    said = {name: subprocess.run(words, capture_output=True, check=True).stdout for name, words in asked}
    before = project.archive()
    for name in names:
        same = said[name] == said[active]
        project.write("rust-toolchain.toml", f'[toolchain]\nchannel = "{name}"\n')
        assert (project.ran()[:1] == CARGO) != same
        (project.top / "rust-toolchain.toml").unlink()
        assert (project.ran()[:1] == CARGO) != same
    assert project.archive() == before


def test_a_file_that_is_put_back_with_the_time_it_had(project: Project) -> None:
    """Cargo compares times, and by itself takes what it compiled of the newer text for up to date."""
    before = project.archive()
    for name, old in (("code/crate/src/inner.rs", "inner"), ("outside.txt", "outside"), ("shared/one", "shared")):
        kept = project.top.parent / "kept"
        shutil.copy2(project.top / name, kept)
        project.edit(name, old, "edited")
        assert project.ran() == LINKED
        kept.replace(project.top / name)
        assert project.ran() == LINKED
        assert project.said() == FIRST
        assert project.archive() == before


def test_an_older_file_takes_the_place_of_one_that_was_found_last(tmp_path: Path) -> None:
    """What nothing declares is known from the end of the first run, not from its beginning."""
    kept = tmp_path / "kept"
    kept.write_text("older", encoding="utf-8")
    project = Project.make(tmp_path / "project")
    project.build()
    kept.replace(project.top / "outside.txt")
    assert project.ran() == LINKED
    assert project.said() == FIRST.replace("outside", "older")


_NATIVE_SCONSTRUCT = """\
DefaultEnvironment(tools=[])
env = Environment(tools=["gcc", "gnulink", "ar", "rust_crate", "static_program"], LIBS=["gcc_s", "m"])
one, two = env.RustCrate("one"), env.RustCrate("two")
env.Program("alone", ["main.c", one])
env.Program("joined", ["main.c", one, two])
env.RustProgram("server", "own")
"""
_NATIVE_SCRIPT = """\
fn main() {{
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-link-search=native={{}}/../lib", std::env::var("CARGO_MANIFEST_DIR").unwrap());
    println!("cargo::rustc-link-lib={}");
}}
"""


def native_project(place: Path, sconstruct: str, kind: str) -> Project:
    """Write crates whose build scripts name the library ``extra`` of a directory ``lib`` that is not there yet."""
    project = Project(place / "project")
    project.write("SConstruct", sconstruct)
    project.write("main.c", "int describe(void);\nint main(void) { return describe(); }\n")
    call = 'extern "C" { fn extra() -> i32; }\n'
    sources = {
        "one/src/lib.rs": f'{call}#[no_mangle] pub extern "C" fn describe() -> i32 {{ unsafe {{ extra() }} }}\n',
        "two/src/lib.rs": '#[no_mangle] pub extern "C" fn other() {}\n',
        "own/src/main.rs": f"{call}fn main() {{ std::process::exit(unsafe {{ extra() }}) }}\n",
    }
    for name, text in sources.items():
        crate = name.split("/")[0]
        project.write(name, text)
        project.write(f"{crate}/Cargo.toml", f'[package]\nname = "{crate}"\nversion = "0.1.0"\nedition = "2021"\n')
        if crate != "two":
            project.write(f"{crate}/build.rs", _NATIVE_SCRIPT.format(kind))
    return project


@pytest.mark.parametrize("kind", ["static=extra", "extra"])
def test_an_archive_that_a_build_script_names(tmp_path: Path, kind: str) -> None:
    """Neither cargo nor rustc's dep-info knows of it."""
    project = native_project(tmp_path, _NATIVE_SCONSTRUCT, kind)
    for number in (1, 2, 3):
        project.write("lib/extra.c", f"int extra(void) {{ return {number}; }}\n")
        subprocess.run(["gcc", "-c", "extra.c"], cwd=project.top / "lib", check=True, timeout=60)
        subprocess.run(["ar", "rcD", "libextra.a", "extra.o"], cwd=project.top / "lib", check=True, timeout=60)
        assert "LINK" in project.ran(f"kind={kind}")
        for program in ("alone", "joined", "server"):
            assert subprocess.run([project.top / program], check=False, timeout=60).returncode == number, program


_LATER_SCONSTRUCT = """\
DefaultEnvironment(tools=[])
env = Environment(tools=["gcc", "gnulink", "ar", "rust_crate", "static_program"])
one, two = env.RustCrate("one"), env.RustCrate("two")
programs = [
    env.Program("alone", ["main.c", one]),
    env.Program("joined", ["main.c", one, two]),
    env.RustProgram("server", "own"),
]
env.Depends(programs, env.StaticLibrary("lib/extra", "extra.c"))
"""


@pytest.mark.parametrize("options", [("static=0",), ("static=1", "libc=glibc")], ids=" ".join)
@pytest.mark.parametrize("program", ["alone", "joined", "server"])
def test_an_archive_that_is_made_after_cargo_ran(tmp_path: Path, program: str, options: tuple[str, ...]) -> None:
    """Its directory is not there yet when rustc says where it is; plain ``rustc-link-lib`` does not look into it."""
    project = native_project(tmp_path / "a place", _LATER_SCONSTRUCT, "extra")
    project.write("extra.c", "int extra(void) { return 1; }\n")
    output = project.build(*options, program)
    assert output.index("CARGO") < output.index("AR ")
    assert subprocess.run([project.top / program], check=False, timeout=60).returncode == 1
    project.write("extra.c", "int extra(void) { return 2; }\n")
    assert "LINK" in project.build(*options, program)
    assert subprocess.run([project.top / program], check=False, timeout=60).returncode == 2


def test_a_source_that_is_put_back_after_a_build_that_failed(project: Project) -> None:
    before = project.archive()
    kept = project.top.parent / "kept"
    shutil.copy2(project.top / "code/second/src/lib.rs", kept)
    project.edit("code/second/src/lib.rs", "second", "edited")
    project.append("code/crate/src/lib.rs", "broken!\n")
    assert project.errors()[0] == f"scons: *** [{BUILT}/rust/libcrate.a] crate does not compile: crate"
    kept.replace(project.top / "code/second/src/lib.rs")
    project.edit("code/crate/src/lib.rs", "broken!\n", "// mended\n")
    project.ran()
    assert project.said() == FIRST
    project.edit("code/crate/src/lib.rs", "// mended\n", "")
    project.ran()
    assert project.archive() == before


def test_strictness_names_what_nobody_declared(project: Project) -> None:
    project.append("code/crate/src/lib.rs", "// again\n")
    assert project.errors("strict=1") == [
        f"scons: *** [{BUILT}/rust/libcrate.a] cargo read what nothing declares: crate",
        f"  {project.top}/outside.txt",
        f"  {project.top}/shared",
        "  fix: declare them: env.Depends(crate, [...])",
    ]
    assert "CARGO" in project.build("strict=1", "declare=outside.txt")
    project.edit("code/crate/src/lib.rs", "// again\n", "")
    project.build()


def test_a_build_script_that_declares_nothing_depends_on_its_package(tmp_path: Path) -> None:
    project = Project.make(tmp_path / "project")
    script = (
        'fn main() { println!("cargo::rustc-env=BUILT={}", std::fs::read_to_string("tests/sample.txt").unwrap()); }'
    )
    project.write("code/crate/build.rs", script)
    project.build()
    first = FIRST.replace("shared", "sample")
    assert project.said() == first
    project.write("code/crate/tests/sample.txt", "SAMPLE")
    assert project.ran() == LINKED
    assert project.said() == first.replace("sample", "SAMPLE")
    project.write("code/crate/tests/another.txt", "")
    assert project.ran() == CARGO
    (project.top / "code/crate/tests/sample.txt").touch()
    assert project.ran() == []


def test_an_old_file_that_comes_to_a_package_that_counts_whole(tmp_path: Path) -> None:
    """Of such a package cargo compares the time of the youngest file only."""
    project = Project.make(tmp_path / "project")
    read = 'std::fs::read_to_string("version.txt").unwrap_or("none".into())'
    project.write("code/crate/build.rs", f'fn main() {{ println!("cargo::rustc-env=BUILT={{}}", {read}); }}')
    kept = tmp_path / "version.txt"
    kept.write_text("old", encoding="utf-8")
    project.build()
    assert project.said() == FIRST.replace("shared", "none")
    shutil.copy2(kept, project.top / "code/crate/version.txt")
    assert project.ran() == LINKED
    assert project.said() == FIRST.replace("shared", "old")
    project.append("code/crate/src/lib.rs", "// the youngest\n")
    project.ran()
    (project.top / "code/crate/version.txt").unlink()
    assert project.ran() == LINKED
    assert project.said() == FIRST.replace("shared", "none")


def git(project: Project, *words: str) -> None:
    """Run git in the project."""
    who = ["-c", "user.name=a", "-c", "user.email=a@b"]
    subprocess.run(["git", *who, *words], cwd=project.top, check=True, capture_output=True)


def test_branches_cleaning_caches_and_checkouts_end_in_the_same_bytes(tmp_path: Path) -> None:
    project = Project.make(tmp_path / "project")
    project.write(".gitignore", "/build\n/app\n*.o\n.sconsign.dblite\n")
    git(project, "init", "-q")
    git(project, "add", ".")
    git(project, "commit", "-q", "-m", "first")
    git(project, "checkout", "-q", "-b", "other")
    project.edit("code/crate/src/inner.rs", "inner", "INNER")
    project.edit("outside.txt", "outside", "OUTSIDE")
    git(project, "commit", "-q", "-a", "-m", "second")
    git(project, "checkout", "-q", "-")
    shared = f"cache={tmp_path / 'shared'}"
    project.build(shared)
    first = project.archive()
    git(project, "checkout", "-q", "other")
    assert project.ran(shared) == LINKED
    assert project.said() == FIRST.replace("inner", "INNER").replace("outside", "OUTSIDE")
    git(project, "checkout", "-q", "-")
    project.ran(shared)
    assert (project.said(), project.archive()) == (FIRST, first)
    project.build(shared, "-c")
    assert not (project.top / BUILT).exists()
    retrieved = project.build(shared)
    assert f"Retrieved `{BUILT}/rust/libcrate.a' from cache" in retrieved
    assert "CARGO" not in retrieved
    assert (project.said(), project.archive()) == (FIRST, first)
    other = Project(tmp_path / "second" / "project")
    shutil.copytree(project.top, other.top, ignore=shutil.ignore_patterns("build", "app", "*.o", ".sconsign.dblite"))
    # Another variable than the one that the cached archive was made with, which this checkout knows nothing of.
    told = Project(other.top, {"ASKED": "asked"})
    told.build(shared)
    assert told.said() == FIRST.replace(" - ", " asked ")
    other.build(shared)
    assert other.said() == FIRST


def test_cargo_killed_in_the_middle(tmp_path: Path) -> None:
    project = Project.make(tmp_path / "project")
    project.build()
    whole = project.archive()
    shutil.rmtree(project.top / "build")
    slow = _SCRIPT.replace("fn main() {", "fn main() { std::thread::sleep(std::time::Duration::from_secs(60));")
    project.write("code/crate/build.rs", slow)
    command = [sys.executable, "-m", "SCons", f"--site-dir={TOP / 'site_scons'}", "-Q"]
    environ = {**os.environ, "XDG_CACHE_HOME": str(tmp_path / "cache")}
    running = subprocess.Popen(
        command, cwd=project.top, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, process_group=0
    )
    deadline = time.monotonic() + 60
    while not list((project.top / BUILT).glob("cargo/release/build/crate-*/build-script-build")):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    os.killpg(running.pid, 9)
    running.wait()
    project.write("code/crate/build.rs", _SCRIPT)
    project.build()
    assert (project.said(), project.archive()) == (FIRST, whole)


def test_a_target_directory_that_another_cargo_holds(tmp_path: Path) -> None:
    project = Project.make(tmp_path / "project")
    project.build()
    project.edit("code/crate/src/inner.rs", "inner", "INNER")
    (lock,) = (project.top / BUILT / "cargo").glob("x86_64-*/release/.cargo-lock")
    held = subprocess.Popen(["flock", str(lock), "sleep", "4"])
    project.build()
    assert held.poll() == 0
    assert project.said() == FIRST.replace("inner", "INNER")


def test_a_lock_file_that_no_longer_fits(tmp_path: Path) -> None:
    project = Project.make(tmp_path / "project")
    project.edit("code/second/Cargo.toml", "0.1.0", "0.2.0")
    before = (project.top / "code/crate/Cargo.lock").read_bytes()
    lines = project.errors()
    assert lines[0] == f"scons: *** [{BUILT}/rust/libcrate.a] Cargo.lock needs updating: crate"
    assert lines[-1] == "  fix: run `cargo update --workspace` in the crate and commit Cargo.lock"
    assert (project.top / "code/crate/Cargo.lock").read_bytes() == before


def test_a_crate_beside_the_sconstruct_does_not_depend_on_what_is_built(tmp_path: Path) -> None:
    project = Project.make(tmp_path / "project")
    for name in ("Cargo.toml", "Cargo.lock", "build.rs", "src"):
        (project.top / "code/crate" / name).rename(project.top / name)
    project.edit("SConstruct", "code/crate", ".")
    project.edit("Cargo.toml", "../second", "code/second")
    project.edit("src/lib.rs", "../../../outside.txt", "../outside.txt")
    project.write("build.rs", 'fn main() { println!("cargo::rustc-env=BUILT=built"); }')
    project.build()
    project.ran()
    assert project.ran() == []
    project.edit("src/inner.rs", "inner", "INNER")
    assert project.ran() == LINKED
