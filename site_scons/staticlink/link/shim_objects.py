"""How does a shim become an object, and when is the object of the last link still the right one?

A shim is compiled with the compiler of the libc it is linked with, so its assertions see that libc's headers; only the
functions that the link needs are kept, by a relocatable link that collects the rest. The code is position-independent,
so that it serves static-pie too.

Beside ``shim_NAME.o`` stands ``shim_NAME.json``: the command, and every file that took part (the compiler's programs,
the source, each header, as the compiler itself lists them) with its times, and a digest of what is no program. While
all of that is as it was, and the object is the one that was made, it is not made again. A record that cannot be read is
none.

Not modelled: what a compiler reads besides headers and its own programs, such as a specs file; that of a vendored libc
does not change without its headers being written anew.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import time
from typing import TYPE_CHECKING, Any

from staticlink.errors import StaticlinkError, fail
from staticlink.link.file_state import content_of, times_of, trusted_times
from staticlink.link.shim_versions import alias_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from staticlink.link.shims import Shim

#: Raised when the form of the record changes.
_SCHEMA = 1
_SECONDS = 120
_OPTIONS = (
    *("-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror", "-fPIE", "-fno-stack-protector"),
    *("-fasynchronous-unwind-tables", "-ffunction-sections", "-fdata-sections"),
    *("-r", "-nostdlib", "-Wl,--gc-sections,--discard-all"),
)
_PROGRAMS = ("cc1", "as", "ld")
_SPACES = re.compile(r"(?<!\\)\s+")
_ESCAPED = re.compile(r"\\([ #])")


def make_shims(shims: Sequence[Shim], *, cc: Sequence[str], into: Path) -> tuple[Path, ...]:
    """Return ``into/shim_NAME.o`` of each shim, with its symbols and nothing that these do not need.

    What is there already and would come out the same stays. Raises :class:`StaticlinkError` in the compiler's words
    when one does not compile.
    """
    into.mkdir(parents=True, exist_ok=True)
    paths = [into / f"shim_{shim.name}.o" for shim in shims]
    stale = [(shim, path) for shim, path in zip(shims, paths, strict=True) if not _is_made(_words(shim, cc), path)]
    programs = list(_programs(cc)) if stale else []
    for shim, path in stale:
        _make(shim, cc, path, programs)
    return tuple(paths)


def _words(shim: Shim, cc: Sequence[str]) -> list[str]:
    """Return the command that compiles a shim, but for where the results go."""
    prefix = f"-ffile-prefix-map={shim.source.parent if shim.source else ''}=shims"
    aliases = alias_words(shim.symbols, shim.functions) if shim.versions else []
    kept = (f"-Wl,--undefined={name}" for name in shim.symbols)
    # A loop that is strlen must not become a call of strlen.
    own = ["-fno-builtin"] if shim.fast else []
    return [*cc, *_OPTIONS, *own, prefix, *aliases, *kept, str(shim.source)]


def _is_made(words: Sequence[str], output: Path) -> bool:
    try:
        record = json.loads(_record_path(output).read_bytes())
        return (
            isinstance(record, dict)
            and (record["schema"], record["command"]) == (_SCHEMA, list(words))
            and all(_is_unchanged(path, times, digest) for path, times, digest in record["files"])
            and record["object"] == content_of(output)
        )
    except (OSError, StaticlinkError, ValueError, LookupError, TypeError):  # damaged, or something it names is gone
        return False


def _is_unchanged(path: str, times: list[int] | None, digest: str) -> bool:
    return (times is not None and tuple(times) == times_of(path)) or content_of(path) == digest


def _make(shim: Shim, cc: Sequence[str], output: Path, programs: Iterable[str]) -> None:
    began, words = time.time_ns(), _words(shim, cc)
    temporary = output.with_name(f"{output.stem}.{os.getpid()}.o")
    listing = temporary.with_suffix(".d")
    try:
        _compile(shim, [*words, "-o", str(temporary), "-MD", "-MF", str(listing), "-MT", "shim"])
        files = dict.fromkeys(_listed(listing.read_text(encoding="utf-8")))
        record: dict[str, Any] = {
            "schema": _SCHEMA,
            "command": words,
            # A program is large, and whoever installs another one does so before it runs: its times will do.
            "files": [
                *((path, times_of(path), "") for path in programs),
                *((path, trusted_times(path, began), content_of(path)) for path in files),
            ],
            "object": content_of(temporary),
        }
        _record_path(output).unlink(missing_ok=True)
        temporary.replace(output)
        listing.write_text(json.dumps(record), encoding="utf-8")
        listing.replace(_record_path(output))
    finally:
        temporary.unlink(missing_ok=True)
        listing.unlink(missing_ok=True)


def _compile(shim: Shim, command: Sequence[str]) -> None:
    what = f"shim does not compile: {shim.name}"
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_SECONDS)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise fail("shim-does-not-compile", what, evidence=(str(error),)) from None
    if done.returncode != 0:
        raise fail("shim-does-not-compile", what, evidence=done.stderr.strip().splitlines())


def _programs(cc: Sequence[str]) -> Iterator[str]:
    """Yield the files of a compiler: the program itself, and those that it runs."""
    driver = shutil.which(cc[0])
    if driver is None:
        return  # the compile says so
    yield driver
    for name in _PROGRAMS:
        command = [*cc, f"-print-prog-name={name}"]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_SECONDS)
        found = shutil.which(done.stdout.strip()) if done.returncode == 0 else None
        if found is not None:
            yield found


def _listed(rule: str) -> Iterator[str]:
    """Yield the files that a rule of ``-MD`` names. Source: ``mkdeps.cc`` of GCC's libcpp, which escapes for make."""
    names = rule.replace("\\\n", " ").partition(":")[2]
    for name in _SPACES.split(names.strip()):
        yield _ESCAPED.sub(r"\1", name).replace("$$", "$")


def _record_path(output: Path) -> Path:
    return output.with_suffix(".json")
