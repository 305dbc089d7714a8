"""Does ``scons fetch`` fetch all that an offline build needs, and does the build notice what was changed since?

Two workspaces: one depends on a crate of the registry and on one in a git repository, the other on a path. Offline
builds run in a network namespace without an interface that is up, and with an empty home of cargo's.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.checkout import TOP

BUILT = "build/x86_64-linux-gnu"
_SCONSTRUCT = """\
DefaultEnvironment(tools=[])
env = Environment(tools=["gcc", "gnulink", "ar", "rust_crate", "static_program"])
for name in Split(ARGUMENTS.get("crates", "first second")):
    env.RustCrate(name)
"""
_FIRST = """\
[package]
name = "first"
version = "0.1.0"
edition = "2021"

[dependencies]
itoa = "=1.0.15"
other = { git = "file://@REPOSITORY@" }

[workspace]
"""
_SECOND = """\
[package]
name = "second"
version = "0.1.0"
edition = "2021"

[dependencies]
near = { path = "../near" }

[workspace]
"""
_USE = """\
#[no_mangle]
pub extern "C" fn length(number: i32) -> usize {
    itoa::Buffer::new().format(number).len() + other::positive(number)
}
"""
_OTHER = "pub fn positive(number: i32) -> usize { usize::try_from(number).unwrap() }\n"


def package(name: str) -> str:
    """Return the manifest of a package without dependencies."""
    return f'[package]\nname = "{name}"\nversion = "0.1.0"\nedition = "2021"\n'


def alone() -> list[str]:
    """Return the command that runs another one without a network."""
    command = ["unshare", "--net"] if os.geteuid() == 0 else ["unshare", "--map-root-user", "--net"]
    if shutil.which("unshare") is None or subprocess.run([*command, "true"], check=False).returncode != 0:
        pytest.skip("network namespaces are not to be had: unshare --net")
    return command


@dataclass(frozen=True, slots=True)
class Project:
    """Two crates, a cache and a home of cargo's, all below one directory."""

    top: Path

    @classmethod
    def make(cls, place: Path) -> Project:
        """Write the crates and the git repository of one dependency."""
        made = cls(place / "project")
        files = {
            "SConstruct": _SCONSTRUCT,
            "first/Cargo.toml": _FIRST.replace("@REPOSITORY@", str(place / "repository")),
            "first/src/lib.rs": _USE,
            "second/Cargo.toml": _SECOND,
            "second/src/lib.rs": 'pub extern "C" fn two() -> i32 { near::TWO }\n',
            "near/Cargo.toml": package("near"),
            "near/src/lib.rs": "pub const TWO: i32 = 2;\n",
            "../repository/Cargo.toml": package("other"),
            "../repository/src/lib.rs": _OTHER,
        }
        for name, text in files.items():
            path = made.top / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        for name in ("cache", "home"):
            (place / name).mkdir()
        who = ["git", "-c", "user.name=a", "-c", "user.email=a@b"]
        for words in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "other"]):
            subprocess.run([*who, *words], cwd=place / "repository", check=True)
        return made

    def scons(self, *arguments: str, offline: bool = False) -> subprocess.CompletedProcess[str]:
        """Run SCons, in a namespace without a network and with ``offline=1`` when that is wanted."""
        command = [sys.executable, "-m", "SCons", f"--site-dir={TOP / 'site_scons'}", "-Q", *arguments]
        place = self.top.parent
        proxies = [str(place / "bin"), os.environ.get("CARGO_HOME", ""), str(Path.home() / ".cargo")]
        search = ":".join([*(f"{each}/bin" for each in proxies[1:] if each), os.environ["PATH"]])
        rustup = os.environ.get("RUSTUP_HOME") or str(Path.home() / ".rustup")
        environ = {"XDG_CACHE_HOME": str(place / "cache"), "CARGO_HOME": str(place / "home"), "PATH": search}
        done = subprocess.run(
            [*alone(), *command, "offline=1"] if offline else command, cwd=self.top,
            env={**os.environ, "RUSTUP_HOME": rustup, **environ},
            capture_output=True, text=True, check=False, timeout=600,
        )  # fmt: skip
        assert "Traceback" not in done.stdout + done.stderr, done.stderr
        return done

    def build(self, *arguments: str, offline: bool = False) -> str:
        """Build, and return what was printed."""
        done = self.scons(*arguments, offline=offline)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def errors(self, *arguments: str) -> list[str]:
        """Return the lines of a failing offline build's message."""
        done = self.scons(*arguments, offline=True)
        assert done.returncode == 2, done.stdout + done.stderr
        return [line.rstrip() for line in done.stderr.splitlines()]

    def archives(self) -> list[bytes]:
        """Return what was built."""
        return [path.read_bytes() for path in sorted((self.top / BUILT / "rust").glob("*.a"))]

    def forget(self) -> None:
        """Remove what was built, and what cargo has of its own."""
        shutil.rmtree(self.top / "build", ignore_errors=True)
        shutil.rmtree(self.top.parent / "home")
        (self.top.parent / "home").mkdir()

    @property
    def vendored(self) -> Path:
        """Where the crates of the first workspace lie in the cache."""
        (found,) = (self.top.parent / "cache/staticlink/crates").glob("*/files/crates")
        return found


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project whose crates have been fetched, and that is built."""
    made = Project.make(tmp_path_factory.mktemp("offline"))
    lines = [" ".join(line.split()) for line in made.build("fetch").splitlines()]
    assert "FETCH crates of first cargo vendor" in lines
    assert {"HAVE crates of first 2 in its lock file", "HAVE crates of second 0 in its lock file"} <= set(lines)
    made.forget()
    made.build(offline=True)
    return made


def test_what_was_fetched_is_not_fetched_again(project: Project) -> None:
    assert not [line for line in project.build("fetch").splitlines() if line.startswith("FETCH")]


def test_a_build_without_a_network_gives_the_same_bytes(project: Project) -> None:
    assert project.build(offline=True) == "scons: `.' is up to date.\n"
    offline = project.archives()
    project.build()
    assert project.archives() == offline
    project.forget()
    project.build()
    assert project.archives() == offline
    assert b"/cargo/other-0.1.0/src/lib.rs" in offline[0]
    project.forget()
    project.build(offline=True)
    assert project.archives() == offline


def test_crates_that_were_not_fetched_are_named(project: Project) -> None:
    place = project.top.parent
    (place / "cache").rename(place / "kept")
    (place / "cache").mkdir()
    try:
        lines = project.errors("crates=first")
    finally:
        shutil.rmtree(place / "cache")
        (place / "kept").rename(place / "cache")
    assert lines[0] == f"scons: *** [{BUILT}/rust/libfirst.a] crates are missing offline: first"
    assert any("itoa" in line or "other" in line for line in lines[1:-1])
    assert lines[-1] == "  fix: scons fetch"


def test_fetching_offline_is_a_contradiction(project: Project) -> None:
    assert project.errors("fetch")[0].startswith("scons: *** [fetch:")
    assert project.errors("fetch")[0].endswith("scons fetch needs the network")
    assert project.errors("fetch")[1:] == ["  offline=1", "  fix: offline=0"]


@pytest.mark.parametrize("kind", ["added", "edited", "link", "mode", "gone"])
def test_a_vendored_crate_that_was_changed_is_refused(project: Project, kind: str) -> None:
    """Cargo by itself builds all of these, with what was changed or without."""
    project.build(offline=True)
    (crate,) = project.vendored.glob("itoa-*")
    source, script = crate / "src" / "lib.rs", crate / "build.rs"
    kept = source.read_bytes()
    mode = source.stat().st_mode
    changes = {"added": "build.rs: added", "edited": "src/lib.rs: edited", "gone": "src/lib.rs: gone"}
    changes |= {"link": "src/lib.rs: a symbolic link", "mode": "src/lib.rs: its mode was changed"}
    if kind == "added":
        script.write_text("fn main() {}\n", encoding="utf-8")
    elif kind == "edited":
        source.write_bytes(kept + b"// more\n")
    elif kind == "mode":
        source.chmod(0o755)
    else:
        source.unlink()
    if kind == "link":
        source.symlink_to("/etc/passwd")
    lines = project.errors()
    script.unlink(missing_ok=True)
    source.unlink(missing_ok=True)
    source.write_bytes(kept)
    source.chmod(mode)
    assert lines == [
        f"scons: *** [{BUILT}/rust/libfirst.a] vendored crates were changed: {crate.name}",
        f"  {crate.name}/{changes[kind]}",
        "  fix: scons fetch",
    ]
    project.build(offline=True)


def vendor(project: Project) -> Path:
    """Have the first crate vendor its dependencies by itself, as cargo's manual says; return where."""
    place = project.top / "first/third-party"
    environ = {**os.environ, "CARGO_HOME": str(project.top.parent / "home")}
    command = ["cargo", "vendor", "third-party"]
    said = subprocess.run(
        command, cwd=project.top / "first", env=environ, check=True, capture_output=True, text=True
    ).stdout
    (project.top / "first/.cargo").mkdir()
    (project.top / "first/.cargo/config.toml").write_text(said, encoding="utf-8")
    return place


def test_a_project_that_vendors_its_crates_itself(tmp_path: Path) -> None:
    project = Project.make(tmp_path)
    place = vendor(project)
    project.build("fetch", "crates=first")
    assert not (tmp_path / "cache/staticlink/crates").exists()
    project.forget()
    project.build("crates=first", offline=True)
    assert project.build("crates=first", offline=True) == "scons: `.' is up to date.\n"
    (place / "other/build.rs").write_text("fn main() {}\n", encoding="utf-8")
    assert project.errors("crates=first") == [
        f"scons: *** [{BUILT}/rust/libfirst.a] vendored crates were changed: other",
        "  other/build.rs: added",
        "  fix: vendor them again: cargo vendor",
    ]
    (place / "other/build.rs").unlink()
    project.build("crates=first", offline=True)
    before = project.archives()
    # Debian's way: no file is listed, so the project's own patch is as good as any, and cargo would not see it.
    checksums = place / "other/.cargo-checksum.json"
    checksums.write_text(json.dumps({"files": {}, "package": None}), encoding="utf-8")
    (place / "other/src/lib.rs").write_text(
        _OTHER.replace("try_from(number)", "try_from(number + 1)"), encoding="utf-8"
    )
    project.build("crates=first", offline=True)
    assert project.archives() != before
    patched = project.archives()
    project.forget()
    project.build("crates=first", offline=True)
    assert project.archives() == patched
