"""How does a cargo package become an archive?

Cargo compiles it for one target into one target directory, which crates share; cargo itself locks that directory. Its
JSON messages say where the archive is, which native libraries rustc would link, and what rustc said. The build decides
the target, the compiler and the directory; the user's environment decides the rest and is therefore a dependency.
"""

from __future__ import annotations

import json
import re
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from staticlink.errors import fail
from staticlink.rust.build_scripts import explain_no_cxx
from staticlink.rust.directory_lock import report_wait
from staticlink.rust.environment import OURS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from staticlink.model import Say
    from staticlink.rust.members import Crate
    from staticlink.rust.options import CrateOptions
    from staticlink.rust.toolchain import Toolchain
    from staticlink.rust.watch import Watch
    from staticlink.rust.wrong_libc import Libcs

#: How cargo says that it needed the network.
_OFFLINE = re.compile(
    r"--offline was specified|offline mode \(--offline\)|without the offline flag|without `--offline`"
)


@dataclass(frozen=True, slots=True)
class Compiled:
    """What one run of cargo produced, as its JSON messages say; ``warnings`` is in rustc's words."""

    messages: tuple[Mapping[str, Any], ...]
    warnings: str

    @property
    def native_libraries(self) -> tuple[str, ...]:
        """What rustc's note lists; it is repeated for a crate that cargo found fresh."""
        mark = "native-static-libs: "
        texts = [str(line["message"]["message"]) for line in self.messages if line.get("reason") == "compiler-message"]
        found = [flag for text in texts if text.startswith(mark) for flag in text.removeprefix(mark).split()]
        return tuple(dict.fromkeys(found))

    def files(self) -> Iterator[Path]:
        """Yield the files that were compiled, or are fresh."""
        for line in self.messages:
            if line.get("reason") == "compiler-artifact":
                yield from map(Path, line["filenames"])

    def build_scripts(self, key: str) -> tuple[str, ...]:
        """Return what build scripts said of ``linked_paths`` or ``linked_libs``, each once."""
        said = [words for line in self.messages if line.get("reason") == "build-script-executed" for words in line[key]]
        return tuple(dict.fromkeys(map(str, said)))


@dataclass(frozen=True, slots=True)
class CargoRun:
    """How cargo is started: the environment, and who limits its jobs.

    ``jobs`` is ``None`` when ``environ`` carries a jobserver, whose descriptors are ``pass_fds``. ``tools`` is the
    identity of the tools that build scripts find, ``libcs`` what an archive of theirs must not be compiled for.
    ``watch`` compares what cargo reads with what was declared. ``say`` is told when another cargo has to be waited for.
    """

    environ: Mapping[str, str]
    jobs: int | None = None
    pass_fds: tuple[int, ...] = ()
    offline: bool = False
    tools: str = ""
    libcs: Libcs | None = None
    watch: Watch | None = None
    say: Say | None = None

    @property
    def jobs_option(self) -> list[str]:
        """The argument that limits cargo when no jobserver does."""
        return [] if self.jobs is None else [f"--jobs={self.jobs}"]


def build_crate(
    crate: Crate,
    toolchain: Toolchain,
    wanted: Sequence[str],
    *,
    options: CrateOptions,
    into: Path,
    run: CargoRun,
    rustc: Path | None = None,
    triple: str | None = None,
) -> Compiled:
    """Have cargo make ``wanted`` (its subcommand and what selects targets) in its target directory ``into``.

    Crates are compiled for ``triple`` with ``rustc``, or by the toolchain for the machine itself. Words after ``--`` in
    ``wanted`` are rustc's. Raises :class:`StaticlinkError` with cargo's own text.
    """
    began = time.time_ns()
    sources = run.watch.begin(into.absolute()) if run.watch else []
    subcommand, *selected = wanted
    split = selected.index("--") if "--" in selected else len(selected)
    command = [
        str(toolchain.cargo), subcommand, "--quiet", "--color=never", "--message-format=json",
        f"--manifest-path={crate.manifest}", f"--target-dir={into.absolute()}",
        *([f"--target={triple}"] if triple else []), *selected[:split],
        *options.arguments(locked=crate.lock.is_file(), offline=run.offline),
        *sources, *run.jobs_option, *selected[split:],
    ]  # fmt: skip
    environ = {name: value for name, value in run.environ.items() if name not in OURS}
    environ |= {**options.variables, "RUSTC": str((rustc or toolchain.rustc).absolute())}
    if run.jobs is None:
        # It limits no cargo that has a jobserver, but becomes NUM_JOBS, by which build scripts count that ask for none.
        environ["CARGO_BUILD_JOBS"] = "1"
    environ["CARGO_BUILD_BUILD_DIR"] = str(into.absolute())
    if run.say is not None:
        report_wait(into, options.profile, triple, run.say)
    done = subprocess.run(
        command, cwd=crate.directory, env=environ, stdin=subprocess.DEVNULL,
        capture_output=True, text=True, errors="replace", check=False, pass_fds=run.pass_fds,
    )  # fmt: skip
    messages = tuple(json.loads(line) for line in done.stdout.splitlines() if line.startswith("{"))
    if done.returncode != 0:
        raise _failure(crate, messages, done.stderr, done.returncode)
    if run.watch:
        run.watch.finish(into.absolute(), messages, began)
    return Compiled(messages, _rendered(messages, {"warning"}))


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
        fix = "scons fetch" if run.offline else None
        raise fail("no-lock-file", f"cargo writes no Cargo.lock: {crate.name}", evidence=evidence, fix=fix)


def _failure(crate: Crate, messages: Sequence[Mapping[str, Any]], said: str, code: int) -> Exception:
    text = _rendered(messages, {"error", "error: internal compiler error"}) + said
    lines = [line.rstrip() for line in text.strip().splitlines()]
    no_cxx = explain_no_cxx(said)
    if no_cxx is not None:
        return no_cxx
    if _OFFLINE.search(said):
        return fail("crates-missing", f"crates are missing offline: {crate.name}", evidence=lines, fix="scons fetch")
    if code < 0:
        lines.append(f"killed by {signal.Signals(-code).name}")
        return fail("cargo-stopped", f"cargo did not finish: {crate.name}", evidence=lines)
    if "--locked was passed" in said or "because --locked" in said:
        fix = "run `cargo update --workspace` in the crate and commit Cargo.lock"
        # Cargo's own help is for those who typed --locked.
        lines = [line for line in lines if not line.startswith("help:")]
        return fail("outdated-lock-file", f"Cargo.lock needs updating: {crate.name}", evidence=lines, fix=fix)
    return fail("rust-compile-error", f"crate does not compile: {crate.name}", evidence=lines)


def _rendered(messages: Sequence[Mapping[str, Any]], levels: Collection[str]) -> str:
    diagnostics = [line["message"] for line in messages if line.get("reason") == "compiler-message"]
    return "".join(str(message["rendered"]) for message in diagnostics if message["level"] in levels)
