"""How does a source become a prefix?

Fetched, unpacked, configured outside its source tree and made, or just compiled, and gathered into a directory that
holds what the recipe lists. The result is kept in the cache under a key that covers everything that decides it: the
recipe, the archive, the machine's compiler, this code, the target, and the files of what it needs. The same key gives
the same bytes: paths are mapped away, times come from the archive, and the environment holds nothing of the user's.

All code is compiled position-independent (``-fPIE``), so one archive serves static and static-pie executables, and
with unwind tables, so that a panic can pass through C; for a hardened target also with ``hardening.py``'s flags. Not
modelled: cross compilation, build systems other than configure and make.
"""

from __future__ import annotations

import hashlib
import json
import re
import shlex
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from staticlink.errors import fail
from staticlink.hardening import hardening_flags
from staticlink.vendored.cache import read_tree
from staticlink.vendored.fetch import fetch_source
from staticlink.vendored.unpack import unpack
from staticlink.vendored.wrapper import FORTIFY, Host, identify_host, write_sysroot

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from staticlink.errors import StaticlinkError
    from staticlink.model import Say
    from staticlink.target import Target
    from staticlink.vendored.cache import Cache
    from staticlink.vendored.jobserver import JobServer
    from staticlink.vendored.recipe import Archive, Copy, Recipe, Steps

_CFLAGS = "-O2 -fPIE -funwind-tables -fasynchronous-unwind-tables"
#: Our own code that decides what a build leaves, from here.
_CODE = ("build.py", "wrapper.py", "../libc/note.py")
_SECONDS = 3600
_SHOWN_LINES = 20


@dataclass(frozen=True, slots=True)
class _Build:
    """One build under way: its scratch directory, its log, and the environment of its commands."""

    recipe: Recipe
    scratch: Path
    log: Path
    environment: Mapping[str, str]
    jobs: JobServer
    say: Say
    verbose: bool


def build_dependency(
    recipe: Recipe,
    *,
    target: Target,
    needs: Mapping[str, Path],
    cache: Cache,
    sources: Path | None,
    offline: bool,
    jobs: JobServer,
    say: Say,
    verbose: bool,
    host: Host = Host(),  # noqa: B008  (frozen)
) -> Path:
    """Return the prefix of ``recipe`` compiled for the libc of ``target``, from the cache or built now.

    ``needs`` maps the name of each recipe it needs to that one's prefix. Raises ``unsupported-libc``, ``no-source``,
    ``wrong-hash``, ``unsafe-archive``, ``build-failed``, ``missing-product``.
    """
    if target.libc not in recipe.libcs:
        what = f"unsupported libc: {recipe.name} for {target.libc}"
        raise fail("unsupported-libc", what, evidence=(f"its recipe builds for {', '.join(recipe.libcs)}",))
    prefixes = {name: prefix.resolve() for name, prefix in sorted(needs.items())}
    entries = dict(_entries(recipe, target, prefixes, host))
    for entry in entries.values():
        found = cache.find("builds", entry, say)
        if found is not None:
            return found
    path, archive = fetch_source(recipe, cache=cache, sources=sources, offline=offline, say=say)
    entry = entries[archive]

    def make(prefix: Path) -> None:
        say("BUILD", f"{recipe.name} {recipe.version}", f"for {target.triple}")
        with tempfile.TemporaryDirectory(prefix="scratch.", dir=prefix.parent) as directory:
            scratch = Path(directory)
            unpacked = unpack(path, archive.sha256, scratch / "unpacked")
            unpacked.top.rename(scratch / "source")
            environment = _environment(scratch, host, prefixes, target, unpacked.newest)
            log = cache.root / "logs" / f"{entry}.log"
            build = _Build(recipe, scratch, log, environment, jobs, say, verbose)
            _compile(build, recipe.steps[target.libc])
            _gather(build, prefix)
            if recipe.sysroot:
                write_sysroot(prefix, host, target, recipe.version)
            _finish(build, prefix)

    return cache.obtain("builds", entry, make, say)


def _entries(recipe: Recipe, target: Target, prefixes: Mapping[str, Path], host: Host) -> Iterator[tuple[Archive, str]]:
    """Yield, for each accepted archive, the name of its result in the cache."""
    here = Path(__file__).parent
    decides = {
        "recipe": recipe.fingerprint,
        "host": identify_host(host),
        "cc": host.cc,
        "code": [hashlib.sha256((here / name).read_bytes()).hexdigest() for name in _CODE],
        "target": target.triple,
        "flags": hardening_flags(target),
        "fortify": read_tree(FORTIFY) if recipe.sysroot else {},
        "needs": {name: list(read_tree(prefix).items()) for name, prefix in prefixes.items()},
    }
    for archive in recipe.archives:
        text = json.dumps({**decides, "archive": archive.sha256}, sort_keys=True)
        key = hashlib.sha256(text.encode()).hexdigest()
        yield archive, f"{recipe.name}-{recipe.version}-{target.triple}-{key[:32]}"


def _environment(scratch: Path, host: Host, prefixes: Mapping[str, Path], target: Target, epoch: int) -> dict[str, str]:
    """Return the whole environment of configure and make: what is not here does not reach them."""
    for name in ("build", "out", "home", "tmp"):
        (scratch / name).mkdir()
    # A sysroot's cc is found by name: its path must not be written into what is built.
    own = [prefix / "bin" for prefix in prefixes.values() if (prefix / "bin" / "cc").is_file()]
    return {
        "PATH": ":".join([*map(str, own), host.path]),
        "CC": "cc" if own else shlex.join(host.cc),
        "CFLAGS": " ".join([_CFLAGS, *hardening_flags(target), f"-ffile-prefix-map={scratch}=."]),
        "PKG_CONFIG": "false",
        "HOME": str(scratch / "home"),
        "TMPDIR": str(scratch / "tmp"),
        "LC_ALL": "C",
        "TZ": "UTC",
        "SHELL": "/bin/sh",
        "SOURCE_DATE_EPOCH": str(epoch),
        "PYTHONHASHSEED": "0",
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def _compile(build: _Build, steps: Steps) -> None:
    """Run configure, make, and make's install targets, or compile what needs none of these."""
    build.log.parent.mkdir(mode=0o700, exist_ok=True)
    build.log.write_bytes(b"")
    if steps.archive is not None:
        _compile_archive(build, steps, steps.archive)
        build.log.unlink()
        return
    with build.jobs.client() as (shared, descriptors):
        _run(build, ["../source/configure", *steps.configure], dict(steps.environment))
        _run(build, ["make", *steps.make], shared, descriptors)
        if steps.install:
            command = ["make", f"DESTDIR={build.scratch / 'out'}", *steps.install]
            _run(build, command, shared, descriptors)
    build.log.unlink()


def _compile_archive(build: _Build, steps: Steps, archive: str) -> None:
    """Compile the files that the recipe names, one after the other: there are few."""
    compiler = [*shlex.split(build.environment["CC"]), *shlex.split(build.environment["CFLAGS"]), *steps.flags]
    objects = [f"{number}-{Path(source).stem}.o" for number, source in enumerate(steps.sources)]
    for source, made in zip(steps.sources, objects, strict=True):
        _run(build, [*compiler, "-c", f"../source/{source}", "-o", made], {})
    if steps.exports:
        whole = f"{Path(archive).stem}.o"
        _run(build, [*shlex.split(build.environment["CC"]), "-r", "-nostdlib", *objects, "-o", whole], {})
        _run(build, ["objcopy", *(f"--keep-global-symbol={name}" for name in steps.exports), whole], {})
        objects = [whole]
    _run(build, ["ar", "rcD", archive, *objects], {})


def _run(build: _Build, command: list[str], more: Mapping[str, str], descriptors: tuple[int, ...] = ()) -> None:
    """Run one step in the build directory, its output to the log; raise ``build-failed`` with the end of it."""
    if build.verbose:
        build.say("RUN", shlex.join(command), "")
    with build.log.open("ab") as log:
        log.write(f"$ {shlex.join(command)}\n".encode())
        log.flush()
        start = log.tell()
        try:
            done = subprocess.run(
                command,
                cwd=build.scratch / "build",
                env={**build.environment, **more},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=descriptors,
                timeout=_SECONDS,
                check=False,
            )
        except OSError as error:
            raise _failed(build, command, f"{error.filename}: {error.strerror}", start) from None
        except subprocess.TimeoutExpired:
            raise _failed(build, command, f"no end after {_SECONDS} s", start) from None
    if done.returncode != 0:
        raise _failed(build, command, f"exit code {done.returncode}", start)


def _failed(build: _Build, command: list[str], why: str, start: int) -> StaticlinkError:
    with build.log.open("rb") as log:
        log.seek(start)
        lines = log.read().decode("utf-8", "replace").splitlines()[-_SHOWN_LINES:]
    what = f"cannot build {build.recipe.name} {build.recipe.version}: {Path(command[0]).name} failed"
    evidence = (f"command: {shlex.join(command)}", f"result: {why}", *lines)
    return fail("build-failed", what, evidence=evidence, see=str(build.log))


def _gather(build: _Build, prefix: Path) -> None:
    """Move what was installed, and copy what the recipe names, into ``prefix``."""
    for path in sorted((build.scratch / "out").iterdir()):
        shutil.move(path, prefix / path.name)
    for copy in build.recipe.copies:
        chosen = list(_chosen(build.scratch / copy.origin, copy))
        if not chosen or (copy.name is not None and len(chosen) != 1):
            evidence = (f"{len(chosen)} files match {', '.join(copy.files)} in {copy.origin}",)
            what = f"cannot build {build.recipe.name} {build.recipe.version}: nothing to copy to {copy.to}"
            raise fail("missing-product", what, evidence=evidence)
        for path, name in chosen:
            destination = prefix / copy.to / (copy.name or name)
            destination.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, destination)
            destination.chmod(0o755 if path.stat().st_mode & 0o100 else 0o644)


def _chosen(origin: Path, copy: Copy) -> Iterator[tuple[Path, str]]:
    """Yield the files that ``copy`` selects below ``origin``, each with its name in the prefix, sorted."""
    wanted, unwanted = _pattern(copy.files), _pattern(copy.leave_out)
    for path in sorted(origin.rglob("*")):
        name = path.relative_to(origin).as_posix()
        if path.is_file() and not path.is_symlink() and wanted.fullmatch(name) and not unwanted.fullmatch(name):
            yield path, path.name if copy.flat else name


def _pattern(globs: tuple[str, ...]) -> re.Pattern[str]:
    """Return an expression for any of ``globs``; ``**`` crosses directories, ``*`` does not."""
    forms = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*"}
    parts = ("".join(forms.get(p, re.escape(p)) for p in re.split(r"(\*\*/|\*\*|\*)", glob)) for glob in globs)
    return re.compile("|".join(parts) or r"(?!)")


def _finish(build: _Build, prefix: Path) -> None:
    """Take the scratch directory's name out of text files, and check that all products are there."""
    name = str(build.scratch).encode()
    leaks = []
    for path in sorted(prefix.rglob("*")):
        if path.is_file() and not path.is_symlink() and name in (content := path.read_bytes()):
            if b"\0" in content:
                leaks.append(f"{path.relative_to(prefix)} holds the path it was built in")
            else:
                path.write_bytes(content.replace(name, b"/build"))
    missing = [f"{product} was not built" for product in build.recipe.products if not (prefix / product).is_file()]
    if missing or leaks:
        what = f"cannot build {build.recipe.name} {build.recipe.version}: the result is not what its recipe says"
        raise fail("missing-product", what, evidence=(*missing, *leaks))
