"""Does ``VendoredLibrary`` build once, notice every change that matters and no other, and fail with a message?

Most tests build a dependency of a few lines, with a real configure and make, from an archive made here; the C
compiler for musl is built from the real recipe, into the user's own cache.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
from dataclasses import dataclass
from pathlib import Path

import pytest

TOP = Path(__file__).parent.parent.parent
BUILDING = "scons: *** [build/x86_64-linux-gnu/small.manifest.json]"

CONFIGURE = """\
#!/bin/sh
echo "CONFIGURED='$*'" > made-by-configure
cp ../source/Makefile .
sleep ${SLOW:-0}
"""

MAKEFILE = """\
all: libsmall.a
libsmall.a: ../source/small.c
\t$(CC) $(CFLAGS) -g -DFILE='__FILE__' -c ../source/small.c -o small.o
\tar rcD $@ small.o
broken:
\t@echo this is what went wrong; exit 7
"""

RECIPE = """\
name = "small"
version = "1.0"
licence = "MIT"
libcs = ["glibc"]

[source]
urls = ["https://127.0.0.1:1/small-1.0.tar.gz"]

[[source.archives]]
file = "small-1.0.tar.gz"
sha256 = "@SHA256@"

[build]
configure = ["--prefix=/"]
make = ["all"]

[[copy]]
from = "build"
to = "lib"
files = ["libsmall.a"]

[[copy]]
from = "build"
to = "share"
files = ["made-by-configure"]

[products]
files = ["lib/libsmall.a"]
"""

SCONSTRUCT = """\
env = Environment(tools=["gcc", "gnulink", "vendored_library"])
small = env.VendoredLibrary("small")
assert small == env.VendoredLibrary("small"), "not the same nodes"
assert [str(node).split("/", 2)[2] for node in small] == ["small.manifest.json", "small/lib/libsmall.a"]
program = env.Program("program", ["main.c"], LIBS=[small[1]])
env.Depends(program, small)
"""

FILES = {
    "SConstruct": SCONSTRUCT,
    "main.c": "const char *small(void);\nint main(void) { return small()[0] == 0; }\n",
}


@dataclass(frozen=True)
class Project:
    """A project in a directory of its own, with a cache of its own."""

    here: Path

    @property
    def recipe(self) -> Path:
        """The recipe."""
        return self.here / "vendor/small.toml"

    @property
    def cache(self) -> Path:
        """Where the cache is."""
        return self.here.parent / "cache/staticlink"

    def edit(self, old: str, new: str) -> None:
        """Replace a piece of the recipe."""
        text = self.recipe.read_text(encoding="utf-8")
        assert old in text
        self.recipe.write_text(text.replace(old, new), encoding="utf-8")

    def start(self, *args: str) -> subprocess.Popen[str]:
        """Start SCons."""
        command = [sys.executable, "-m", "SCons", f"--site-dir={TOP / 'site_scons'}", "-Q", "libc=glibc", *args]
        environment = {**os.environ, "XDG_CACHE_HOME": str(self.cache.parent)}
        return subprocess.Popen(
            command, cwd=self.here, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    def scons(self, *args: str, code: int = 0) -> tuple[str, list[str]]:
        """Run SCons; return what it printed and the lines of its errors."""
        process = self.start(*args)
        output, errors = process.communicate(timeout=120)
        assert process.returncode == code, output + errors
        assert "Traceback" not in errors
        return output, errors.splitlines()

    def built(self) -> list[str]:
        """Return what the build directory of the target holds, two levels deep."""
        return sorted(str(path.relative_to(self.here)) for path in self.here.glob("build/*/*"))


def pack(path: Path, files: dict[str, str]) -> str:
    with tarfile.open(path, "w:gz") as tar:
        for name, content in files.items():
            info = tarfile.TarInfo(f"small-1.0/{name}")
            info.size, info.mode = len(content), 0o755
            tar.addfile(info, io.BytesIO(content.encode()))
    return hashlib.sha256(path.read_bytes()).hexdigest()


SOURCE = {
    "configure": CONFIGURE,
    "Makefile": MAKEFILE,
    "small.c": 'const char *small(void) { return "small " __FILE__; }\n',
}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    here = tmp_path / "a project"
    for name in ("vendor", "sources"):
        (here / name).mkdir(parents=True)
    (tmp_path / "cache").mkdir()
    digest = pack(here / "sources/small-1.0.tar.gz", SOURCE)
    for name, content in FILES.items():
        (here / name).write_text(content, encoding="utf-8")
    (here / "vendor/small.toml").write_text(RECIPE.replace("@SHA256@", digest), encoding="utf-8")
    return Project(here)


def test_it_builds_once_and_says_so(project: Project) -> None:
    output, errors = project.scons("sources=sources")
    assert output.splitlines()[0].split() == ["BUILD", "small", "1.0", "for", "x86_64-linux-gnu"]
    assert errors == []
    assert project.built() == ["build/x86_64-linux-gnu/small", "build/x86_64-linux-gnu/small.manifest.json"]
    manifest = json.loads((project.here / "build/x86_64-linux-gnu/small.manifest.json").read_text(encoding="utf-8"))
    assert list(manifest) == ["lib/libsmall.a", "share/made-by-configure"]
    for name, digest in manifest.items():
        content = (project.here / "build/x86_64-linux-gnu/small" / name).read_bytes()
        assert hashlib.sha256(content).hexdigest() == digest
        assert str(project.here.parent).encode() not in content, "a path of this machine"
    assert project.scons("sources=sources")[0] == "scons: `.' is up to date.\n"


def test_cleaning_removes_the_directory_and_keeps_the_cache(project: Project) -> None:
    project.scons("sources=sources")
    project.scons("-c")
    assert project.built() == []
    output, _ = project.scons("offline=1")
    assert "BUILD" not in output, "the cache was not used"
    assert (project.here / "program").is_file()


def test_a_dry_run_and_help_build_nothing(project: Project) -> None:
    output, _ = project.scons("-n")
    assert output.splitlines()[0] == "BUILD build/x86_64-linux-gnu/small.manifest.json"
    project.scons("-h")
    assert project.built() == []
    assert list(project.cache.parent.iterdir()) == []


def test_a_change_that_decides_nothing_relinks_nothing(project: Project) -> None:
    project.scons("sources=sources")
    project.edit('name = "small"', '# a comment\nname = "small"')
    output, _ = project.scons("offline=1")
    assert output == "", "the program was linked again, or the dependency built again"


def test_a_change_of_the_recipe_builds_again(project: Project) -> None:
    project.scons("sources=sources")
    project.edit('"--prefix=/"', '"--prefix=/", "--more"')
    output, _ = project.scons("offline=1")
    assert output.splitlines()[0].split()[0] == "BUILD"
    made = project.here / "build/x86_64-linux-gnu/small/share/made-by-configure"
    assert made.read_text(encoding="utf-8") == "CONFIGURED='--prefix=/ --more'\n"


def test_two_builds_give_the_same_bytes(project: Project) -> None:
    manifests = []
    for _ in range(2):
        project.scons("sources=sources")
        manifests.append((project.here / "build/x86_64-linux-gnu/small.manifest.json").read_bytes())
        project.scons("-c")
        for entry in (project.cache / "builds").iterdir():
            entry.rename(project.cache / f"{len(manifests)}-{entry.name}")
    assert manifests[0] == manifests[1]


def test_a_corrupt_result_in_the_cache_is_built_again(project: Project) -> None:
    project.scons("sources=sources")
    project.scons("-c")
    archive = next(project.cache.glob("builds/*/files/lib/libsmall.a"))
    archive.write_bytes(b"")
    output, _ = project.scons("offline=1")
    lines = [line.split() for line in output.splitlines()]
    assert lines[0][0] == "CACHE"
    assert output.splitlines()[0].endswith("lib/libsmall.a was changed; making it again")
    assert lines[1][:3] == ["BUILD", "small", "1.0"]


def test_two_builds_at_once_build_it_once(project: Project) -> None:
    project.edit('make = ["all"]', 'make = ["all"]\nenvironment = { SLOW = "1" }')
    # Two checkouts that share the cache: in one, SCons' own two runs would write the same objects and .sconsign.
    other = Project(project.here.with_name("another checkout"))
    shutil.copytree(project.here, other.here)
    both = [one.start("sources=sources") for one in (project, other)]
    printed = [process.communicate(timeout=120) for process in both]
    assert [process.returncode for process in both] == [0, 0], printed
    assert "".join(output for output, _ in printed).count("BUILD ") == 1


def test_the_user_sees_why_make_failed(project: Project) -> None:
    project.edit('make = ["all"]', 'make = ["broken"]')
    _, errors = project.scons("sources=sources", code=2)
    log = next(project.cache.glob("logs/*.log"))
    assert errors == [
        f"{BUILDING} cannot build small 1.0: make failed",
        "  command: make broken",
        "  result: exit code 2",
        "  this is what went wrong",
        "  make: *** [Makefile:6: broken] Error 7",
        f"  see: {log}",
    ]
    assert [path for path in project.here.glob("build/**/*") if path.is_file()] == []
    assert [path.name for path in (project.cache / "builds").iterdir() if path.is_dir()] == []


def test_a_product_that_is_not_built_is_named(project: Project) -> None:
    project.edit('files = ["lib/libsmall.a"]', 'files = ["lib/libsmall.a", "lib/libother.a"]')
    (project.here / "SConstruct").write_text(
        'Environment(tools=["vendored_library"]).VendoredLibrary("small")\n', encoding="utf-8"
    )
    _, errors = project.scons("sources=sources", code=2)
    assert errors == [
        f"{BUILDING} cannot build small 1.0: the result is not what its recipe says",
        "  lib/libother.a was not built",
    ]


def test_a_copy_that_finds_nothing_is_named(project: Project) -> None:
    project.edit('files = ["libsmall.a"]', 'files = ["*.so"]')
    _, errors = project.scons("sources=sources", code=2)
    assert errors == [
        f"{BUILDING} cannot build small 1.0: nothing to copy to lib",
        "  0 files match *.so in build",
    ]


def test_no_network_and_no_source_names_the_way_out(project: Project) -> None:
    _, errors = project.scons(code=2)
    assert errors == [
        f"{BUILDING} no source for small 1.0",
        "  cache: not there",
        "  https://127.0.0.1:1/small-1.0.tar.gz: connection refused",
        "  fix: sources=DIR, with small-1.0.tar.gz in DIR",
    ]


def test_an_archive_that_escapes_is_refused(project: Project) -> None:
    digest = pack(project.here / "sources/small-1.0.tar.gz", {"../../../evil": "x"})
    project.recipe.write_text(RECIPE.replace("@SHA256@", digest), encoding="utf-8")
    _, errors = project.scons("sources=sources", code=2)
    assert errors == [
        f"{BUILDING} unsafe archive: small-1.0.tar.gz",
        "  member small-1.0/../../../evil: its path leaves the directory",
    ]
    assert list(project.here.parent.rglob("evil")) == []


def test_wrong_bytes_in_the_users_directory(project: Project) -> None:
    path = project.here / "sources/small-1.0.tar.gz"
    wanted = hashlib.sha256(path.read_bytes()).hexdigest()
    path.write_bytes(b"other")
    _, errors = project.scons("sources=sources", code=2)
    assert errors == [
        f"{BUILDING} wrong hash: small 1.0",
        f"  from {path}",
        f"  got sha256    {hashlib.sha256(b'other').hexdigest()}",
        f"  wanted sha256 {wanted}  small-1.0.tar.gz",
    ]


def test_recipes_that_need_each_other(project: Project) -> None:
    project.edit("[products]", '[needs]\nglibc = ["other"]\n\n[products]')
    text = (
        project.recipe.read_text(encoding="utf-8")
        .replace('"other"', '"small"')
        .replace('name = "small"', 'name = "other"')
    )
    (project.here / "vendor/other.toml").write_text(text, encoding="utf-8")
    _, errors = project.scons(code=2)
    assert errors == ["scons: *** recipes need each other: small", "  small needs other needs small"]


def test_a_recipe_that_does_not_exist(project: Project) -> None:
    sconstruct = project.here / "SConstruct"
    sconstruct.write_text(SCONSTRUCT.replace('"small"', '"smal"'), encoding="utf-8")
    _, errors = project.scons(code=2)
    assert errors == [
        "scons: *** no recipe: smal",
        f"  {project.here}/vendor/smal.toml: no such file or directory",
        "  recipes: small",
        "  fix: small",
    ]


def test_a_libc_that_the_recipe_does_not_know(project: Project) -> None:
    _, errors = project.scons("libc=musl", "static=1", code=2)
    assert errors == [
        "scons: *** [build/x86_64-linux-musl-static/small.manifest.json] unsupported libc: small for musl",
        "  its recipe builds for glibc",
    ]


MUSL_SCONSTRUCT = """\
env = Environment(tools=["gcc", "vendored_library"])
env.VendoredLibrary("musl")
"""

MUSL_PROGRAM = """\
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <linux/can.h>
#ifdef __GLIBC__
#error glibc
#endif
static void *run(void *name) { printf("%s %d\\n", (char *)name, (int)sizeof(struct can_frame)); return NULL; }
int main(int argc, char **argv)
{
    pthread_t thread;
    pthread_create(&thread, NULL, run, "thread");
    pthread_join(thread, NULL);
    return argc > 99 ? (int)cos(argc) + argv[0][0] : 0;
}
"""


def test_the_compiler_for_musl_makes_static_programs_wherever_it_is(tmp_path: Path) -> None:
    here = tmp_path / "ein Pfäd with spaces"
    here.mkdir()
    (here / "SConstruct").write_text(MUSL_SCONSTRUCT, encoding="utf-8")
    (here / "program.c").write_text(MUSL_PROGRAM, encoding="utf-8")
    command = [sys.executable, "-m", "SCons", f"--site-dir={TOP / 'site_scons'}", "-Q", "static=1", "libc=musl"]
    subprocess.run(command, cwd=here, check=True, timeout=300)
    (here / "build/x86_64-linux-musl-static/musl").rename(here / "moved")

    def cc(*args: str) -> str:
        done = subprocess.run(["moved/bin/cc", *args], cwd=here, check=True, capture_output=True, text=True, timeout=60)
        assert done.stderr == ""
        return done.stdout

    assert cc("--print-multiarch") == ""
    assert cc("-dumpmachine") == "x86_64-linux-musl\n"
    for form in ([], ["-static"], ["-static-pie"], ["-pie"]):
        cc(*form, "-g", f"-ffile-prefix-map={here}=.", "program.c", "-o", "program", "-lm", "-lpthread")
        ran = subprocess.run([here / "program"], check=True, capture_output=True, text=True, timeout=60)
        assert ran.stdout == "thread 16\n"
        headers = subprocess.run(["readelf", "-lW", "program"], cwd=here, check=True, capture_output=True, text=True)
        assert "INTERP" not in headers.stdout
        assert "GNU_EH_FRAME" in headers.stdout
        kind = "DYN" if form in (["-static-pie"], ["-pie"]) else "EXEC"
        assert f"Elf file type is {kind}" in headers.stdout
    assert str(here).encode() not in (here / "program").read_bytes(), "a path of this machine"
    misled = {**os.environ, "CPATH": "/usr/include", "C_INCLUDE_PATH": "/usr/include", "LIBRARY_PATH": "/usr/lib"}
    command = ["moved/bin/cc", "-M", "program.c"]
    seen = subprocess.run(command, cwd=here, env=misled, check=True, capture_output=True, text=True, timeout=60)
    assert "/usr/include" not in seen.stdout


def test_what_was_fetched_is_enough_offline(project: Project) -> None:
    _, errors = project.scons("offline=1", code=2)
    assert errors == [
        f"{BUILDING} no source for small 1.0",
        "  cache: not there",
        "  network: offline=1",
        "  fix: scons fetch, or sources=DIR, with small-1.0.tar.gz in DIR",
    ]
    output, _ = project.scons("fetch", "sources=sources")
    assert [line.split() for line in output.splitlines()] == [["HAVE", "small", "1.0", "small-1.0.tar.gz"]]
    assert list(project.here.glob("build/**/*.a")) == []
    project.scons("offline=1")
