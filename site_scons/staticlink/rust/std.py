"""Which std does a crate link, and why that one?

A crate for glibc links the std its compiler came with. For musl there are three roads. *target*: a std for musl that is
installed beside the compiler. *build*: the same std, built from ``rust-src`` of exactly the compiler's release with
cargo, offline, from the crates that ``rust-src`` carries; it becomes a directory for ``rustc --sysroot`` and is cached
by everything that decided it. *shim*: the std for glibc, linked with shims and the start-up bridge. ``auto`` takes the
first that can be had, so what the machine and the network offer at that time decides; the evidence says what was
missing.

std is built from ``library/sysroot`` as the compiler's own bootstrap does, not by ``-Zbuild-std``, which wants the
source inside the compiler's sysroot. Not modelled: std features other than backtraces, panic=abort-only builds.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from staticlink.errors import fail
from staticlink.model import Choice
from staticlink.rust import rustc, std_source
from staticlink.rust.std_source import find_std_source, load_policy, patch_std_source, unpack_std_source

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from staticlink.errors import StaticlinkError
    from staticlink.model import Say
    from staticlink.rust.cargo import CargoRun
    from staticlink.rust.std_source import StdSource
    from staticlink.rust.toolchain import Toolchain
    from staticlink.target import Target
    from staticlink.vendored.cache import Cache

_FACTS = "staticlink-std.json"
_NO_ARGUMENTS = "std::env::args() is empty under a C main: std takes the arguments from Rust's own start-up on musl"
#: -Zforce-unstable-if-unmarked is what makes crates of the library part of std; bitcode serves crates that ask for LTO.
_STD_FLAGS = "-Zforce-unstable-if-unmarked -Cembed-bitcode=yes"


def fetch_std(toolchain: Toolchain, target: Target, wanted: str, *, cache: Cache, say: Say) -> str:
    """Fetch the source of std where :func:`choose_std` would build it; return what is there, or why none is needed.

    Raises :class:`StaticlinkError` when ``wanted`` is ``build`` and there is no source.
    """
    installed = any(toolchain.target_libraries(target.rust_triple).glob("libstd-*.rlib"))
    if target.libc != "musl" or wanted in ("target", "shim") or (wanted == "auto" and installed):
        return "no source of it is needed"
    source, tried = find_std_source(toolchain, load_policy(), cache=cache, offline=False, say=say)
    if source is None and wanted == "build":
        raise _no_source(toolchain, tried, offline=False)
    return source.description if source is not None else "no source of it is to be had: rust_std=shim"


@dataclass(frozen=True, slots=True)
class Road:
    """How std reaches the link: ``name`` is ``target``, ``build`` or ``shim``.

    ``rust_triple`` is what crates are compiled for. ``sysroot`` is set when std lies outside the compiler's own.
    ``identity`` changes when the std does, and names no path.
    """

    name: str
    rust_triple: str
    identity: str
    sysroot: Path | None = None
    start_bridge: bool = False
    known_limits: tuple[str, ...] = ()


def choose_std(
    toolchain: Toolchain,
    target: Target,
    wanted: str,
    *,
    cache: Cache,
    run: CargoRun,
    say: Say,
) -> Choice[Road]:
    """Return the road ``wanted`` (``auto``, ``target``, ``build``, ``shim``) leads to, building std where it must.

    Raises :class:`StaticlinkError` when the road asked for cannot be had, saying how to get it.
    """
    triple = target.rust_triple
    if target.libc != "musl":
        return Choice(Road("target", triple, f"target {toolchain.summary}"), "the compiler's own std is for glibc")
    installed = any(toolchain.target_libraries(triple).glob("libstd-*.rlib"))
    evidence = [f"the compiler's sysroot has {'a' if installed else 'no'} std for {triple}"]
    if wanted == "target" and not installed:
        raise fail(
            "no-musl-std",
            f"no std for {triple}",
            evidence=evidence,
            fix=f"rustup target add {triple}, or rust_std=auto",
        )
    if wanted in ("auto", "target") and installed:
        road = Road("target", triple, f"target {toolchain.summary}", known_limits=(_NO_ARGUMENTS,))
        return Choice(road, "a std for musl is installed", tuple(evidence))
    if wanted in ("auto", "build"):
        source, tried = find_std_source(toolchain, load_policy(), cache=cache, offline=run.offline, say=say)
        evidence += tried
        if source is not None:
            road = _build_road(source, toolchain, triple, cache=cache, say=say, run=run)
            return Choice(
                road, f"built from {source.description}", (*evidence, f"sha256 of the source {source.digest}")
            )
        if wanted == "build":
            raise _no_source(toolchain, evidence, offline=run.offline)
    return _shim_road(toolchain, target, wanted, evidence)


def _no_source(toolchain: Toolchain, evidence: Sequence[str], *, offline: bool) -> StaticlinkError:
    what = f"no source of Rust's std for rustc {toolchain.release}"
    ways = (*(["scons fetch"] if offline else []), "rustup component add rust-src", "or rust_std=shim")
    return fail("no-rust-src", what, evidence=evidence, fix=", ".join(ways))


def _shim_road(toolchain: Toolchain, target: Target, wanted: str, evidence: Sequence[str]) -> Choice[Road]:
    triple = f"{target.arch}-unknown-linux-gnu"
    if not any(toolchain.target_libraries(triple).glob("libstd-*.rlib")):
        raise fail("no-gnu-std", f"no std for {triple}", evidence=evidence, fix=f"rustup target add {triple}")
    limits = (
        "std is compiled for glibc: shims stand in for what musl lacks",
        "layouts of rusage, ucontext_t and utmpx differ between glibc and musl: calls that pass them go wrong",
    )
    road = Road("shim", triple, f"shim {toolchain.summary}", start_bridge=True, known_limits=limits)
    reason = "rust_std=shim" if wanted == "shim" else "no std for musl is installed and its source cannot be had"
    return Choice(road, reason, tuple(evidence))


def _build_road(
    source: StdSource,
    toolchain: Toolchain,
    triple: str,
    *,
    cache: Cache,
    say: Say,
    run: CargoRun,
) -> Road:
    key = _key(source, toolchain, triple)

    def make(directory: Path) -> None:
        say("RUST", f"std {toolchain.release} for {triple}", source.description)
        with tempfile.TemporaryDirectory(prefix="std.", dir=directory.parent) as work:
            library = unpack_std_source(source, Path(work))
            applied, limits = patch_std_source(library, load_policy())
            libraries = _compile(library, Path(work), toolchain, triple, run)
            place = directory / "lib" / "rustlib" / triple / "lib"
            place.mkdir(parents=True)
            for path in libraries:
                shutil.copyfile(path, place / path.name)
            facts = {"patches": list(applied), "known_limits": list(limits)}
            (directory / _FACTS).write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")

    sysroot = cache.obtain("rust-std", key, make, say)
    facts = json.loads((sysroot / _FACTS).read_text(encoding="utf-8"))
    return Road("build", triple, f"build {key}", sysroot, known_limits=tuple(facts["known_limits"]))


def _key(source: StdSource, toolchain: Toolchain, triple: str) -> str:
    digest = hashlib.sha256(f"{toolchain.verbose}\0{triple}\0{source.digest}\0".encode())
    digest.update(repr(load_policy()["patch"]).encode())
    for module in (__file__, rustc.__file__, std_source.__file__):
        digest.update(Path(module).read_bytes())
    return digest.hexdigest()


def _compile(library: Path, work: Path, toolchain: Toolchain, triple: str, run: CargoRun) -> tuple[Path, ...]:
    """Return the rlibs of std, compiled from ``library`` as the compiler's own bootstrap does, without the network."""
    prefix = f"/rustc/{toolchain.field('commit-hash')}/library"
    arguments = ("-C", "target-feature=+crt-static", f"--remap-path-prefix={library}={prefix}")
    script = rustc.write_driver(rustc.Driver(toolchain.rustc, triple, arguments, "std"), work / "rustc")
    settings = (
        'source.crates-io.replace-with="vendored"',
        f"source.vendored.directory={json.dumps(str(library / 'vendor'))}",
    )
    command = [
        str(toolchain.cargo), "build", "--quiet", "--color=never", "--message-format=json-render-diagnostics",
        # Only the tests of std need crates that rust-src does not carry.
        "-Zavoid-dev-deps", "--release", "--locked", "--offline", *run.jobs_option,
        f"--target={triple}", "--features=backtrace",
        f"--manifest-path={library / 'sysroot' / 'Cargo.toml'}", f"--target-dir={work / 'target'}",
        *(part for setting in settings for part in ("--config", setting)),
    ]  # fmt: skip
    kept = {name: value for name, value in run.environ.items() if not name.startswith(("CARGO_", "RUSTC", "RUSTFLAGS"))}
    kept |= {"RUSTC": str(script), "RUSTC_BOOTSTRAP": "1", "RUSTFLAGS": _STD_FLAGS, "CARGO_HOME": str(work / "home")}
    # As bootstrap does: libstd gets a hash in its file name like any other library.
    kept["__CARGO_DEFAULT_LIB_METADATA"] = "staticlink"
    done = subprocess.run(
        command,
        cwd=library,
        env=kept,
        pass_fds=run.pass_fds,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode != 0:
        evidence = done.stderr.strip().splitlines()
        raise fail("std-does-not-compile", f"std does not compile for {triple}", evidence=evidence, fix="rust_std=shim")
    return tuple(
        sorted(_rlibs([json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")], triple))
    )


def _rlibs(messages: Sequence[Mapping[str, Any]], triple: str) -> list[Path]:
    files = [Path(name) for line in messages if line.get("reason") == "compiler-artifact" for name in line["filenames"]]
    return [path for path in files if path.suffix == ".rlib" and triple in path.parts]
