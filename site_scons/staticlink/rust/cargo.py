"""How does a cargo package become an archive?

Cargo compiles it for one target into one target directory, which crates share; cargo itself locks that directory. Its
JSON messages say where the archive is, which native libraries rustc would link, and what rustc said. The build decides
the target, the compiler and the directory; the user's environment decides the rest and is therefore a dependency.
"""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from staticlink.errors import fail
from staticlink.rust.build_scripts import explain_no_cxx

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from staticlink.rust.crate import Crate
    from staticlink.rust.toolchain import Toolchain

#: What the user's environment may not decide, because the build does.
_OURS = (
    "CARGO_TARGET_DIR",
    "CARGO_BUILD_TARGET",
    "CARGO_BUILD_TARGET_DIR",
    "RUSTC",
    "CARGO_BUILD_RUSTC",
    "CARGO_BUILD_JOBS",
)
_DECIDING = ("RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "RUSTC_BOOTSTRAP")
_DECIDING_PREFIXES = ("CARGO_PROFILE_", "CARGO_BUILD_", "CARGO_TARGET_")


@dataclass(frozen=True, slots=True)
class Compiled:
    """What one run of cargo produced: ``native_libraries`` as rustc names them, ``warnings`` as rustc words them."""

    archive: Path
    native_libraries: tuple[str, ...]
    warnings: str


@dataclass(frozen=True, slots=True)
class CargoRun:
    """How cargo is started: the environment, and who limits its jobs.

    ``jobs`` is ``None`` when ``environ`` carries a jobserver, whose descriptors are ``pass_fds``. ``tools`` is the
    identity of the tools that build scripts find.
    """

    environ: Mapping[str, str]
    jobs: int | None = None
    pass_fds: tuple[int, ...] = ()
    offline: bool = False
    tools: str = ""

    @property
    def jobs_option(self) -> list[str]:
        """The argument that limits cargo when no jobserver does."""
        return [] if self.jobs is None else [f"--jobs={self.jobs}"]


def deciding_environment(environ: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Return the variables of the user's environment that decide what cargo compiles, sorted."""
    return tuple(
        (name, value)
        for name, value in sorted(environ.items())
        if (name in _DECIDING or name.startswith(_DECIDING_PREFIXES)) and name not in _OURS
    )


def build_crate(
    crate: Crate,
    toolchain: Toolchain,
    *,
    rustc: Path,
    triple: str,
    into: Path,
    run: CargoRun,
    profile: str = "release",
) -> Compiled:
    """Compile the crate for ``triple`` with ``rustc`` in cargo's target directory ``into``.

    Raises :class:`StaticlinkError` with cargo's own text.
    """
    command = [
        str(toolchain.cargo), "rustc", "--lib", "--quiet", "--color=never", "--message-format=json",
        f"--profile={profile}", f"--manifest-path={crate.manifest}",
        f"--target={triple}", f"--target-dir={into.absolute()}",
        *(["--locked"] if crate.lock.is_file() else []), *(["--offline"] if run.offline else []),
        *run.jobs_option, "--", "--print=native-static-libs",
    ]  # fmt: skip
    kept = {name: value for name, value in run.environ.items() if name not in _OURS}
    done = subprocess.run(
        command, cwd=crate.directory, env=kept | {"RUSTC": str(rustc.absolute())}, stdin=subprocess.DEVNULL,
        capture_output=True, text=True, errors="replace", check=False, pass_fds=run.pass_fds,
    )  # fmt: skip
    messages = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    if done.returncode != 0:
        raise _failure(crate, messages, done.stderr)
    return Compiled(_archive(crate, messages), _native_libraries(messages), _rendered(messages, {"warning"}))


def write_lock(crate: Crate, toolchain: Toolchain, run: CargoRun) -> None:
    """Have cargo choose the versions of what the crate depends on and write them down.

    Raises :class:`StaticlinkError` with cargo's own text.
    """
    command = [str(toolchain.cargo), "generate-lockfile", "--color=never", f"--manifest-path={crate.manifest}"]
    done = subprocess.run(
        [*command, *(["--offline"] if run.offline else [])], cwd=crate.directory, env=run.environ,
        stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", check=False,
        pass_fds=run.pass_fds,
    )  # fmt: skip
    if done.returncode != 0:
        evidence = [line.rstrip() for line in done.stderr.strip().splitlines()]
        raise fail("no-lock-file", f"cargo writes no Cargo.lock: {crate.name}", evidence=evidence)


def _failure(crate: Crate, messages: Sequence[Mapping[str, Any]], said: str) -> Exception:
    text = _rendered(messages, {"error", "error: internal compiler error"}) + said
    lines = [line.rstrip() for line in text.strip().splitlines()]
    no_cxx = explain_no_cxx(said)
    if no_cxx is not None:
        return no_cxx
    locked = "--locked was passed" in said or "because --locked" in said
    fix = "run `cargo update --workspace` in the crate and commit Cargo.lock" if locked else None
    return fail("rust-compile-error", f"crate does not compile: {crate.name}", evidence=lines, fix=fix)


def _rendered(messages: Sequence[Mapping[str, Any]], levels: Collection[str]) -> str:
    diagnostics = [line["message"] for line in messages if line.get("reason") == "compiler-message"]
    return "".join(str(message["rendered"]) for message in diagnostics if message["level"] in levels)


def _native_libraries(messages: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """Return what rustc's note lists; it is repeated for a crate that cargo found fresh."""
    mark = "native-static-libs: "
    texts = [str(line["message"]["message"]) for line in messages if line.get("reason") == "compiler-message"]
    found = [flag for text in texts if text.startswith(mark) for flag in text.removeprefix(mark).split()]
    return tuple(dict.fromkeys(found))


def _archive(crate: Crate, messages: Sequence[Mapping[str, Any]]) -> Path:
    for line in messages:
        if line.get("reason") == "compiler-artifact" and Path(line["manifest_path"]).samefile(crate.manifest):
            for name in line["filenames"]:
                if Path(name).name == f"lib{crate.library}.a":
                    return Path(name)
    raise fail("no-archive", f"cargo produced no archive: lib{crate.library}.a", evidence=(f"crate {crate.name}",))
