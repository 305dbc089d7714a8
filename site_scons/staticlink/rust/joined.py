"""In what form does a link of rustc's reach ours?

As a linker script, ``NAME.ld``, which names the objects and archives and is an input like any other: the planner reads
it as it reads Debian's ``libm.a``, and a plain ``gcc`` takes it too. Beside it stand the facts of the link
(``NAME.rust.json``: the road of std, native libraries and where they are), and the digests of what the script names
and of those libraries (``NAME.digests.json``). Their content changes without a change of the script; the program
depends on the digests instead, so that a link whose plan still stands is not planned again.

Paths are relative to the script, except in a dynamic build, where linkers disagree on what they are relative to.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from staticlink.errors import fail
from staticlink.rust.record import content_digest, library_digests
from staticlink.rust.toolchain import recall, remember

if TYPE_CHECKING:
    from collections.abc import Sequence

    from staticlink.rust.outputs import Compile
    from staticlink.rust.record import Record

SUFFIXES = (".ld", ".rust.json", ".digests.json")


def write_joined(record: Record, names: Sequence[str], compile_: Compile, outputs: Sequence[Path]) -> None:
    """Write ``outputs``, a path for each of :data:`SUFFIXES`: what is linked of the packages ``names``."""
    script, facts, digests = outputs
    script.parent.mkdir(parents=True, exist_ok=True)
    inputs = [*record.objects, *record.archives]
    directories = record.directories  # those too that a later step is to make
    native = {
        "crate": ", ".join(names),
        "native_libs": [f"-l{name}" for name in record.libraries],
        "libraries": list(record.libraries),
        "directories": [_from_top(one) for one in directories],
        "flags": list(record.flags),
    }
    words = [_quoted(_named(path, script, static=compile_.target.static)) for path in inputs]
    commands = []
    if not compile_.target.static:
        commands = [f"SEARCH_DIR({_quoted(str(one.absolute()))})" for one in directories]
        words += [f"-l{name}" for name in record.libraries]
    text = "\n".join([*commands, "INPUT(", *(f"  {word}" for word in words), ")", ""])
    _write(script, text)
    libraries = library_digests(record.libraries, directories)
    remember(digests, {**{_from_top(path): content_digest(path) for path in inputs}, **libraries})
    remember(facts, {**compile_.facts, **native})


def is_whole(path: Path, top: Path) -> bool:
    """Say whether the files are still there whose digests are in the JSON file ``path``, written from ``top``."""
    facts = recall(path) or {}
    names = facts.get("digests", facts)
    return isinstance(names, dict) and bool(names) and all((top / str(name)).is_file() for name in names)


def _write(path: Path, text: str) -> None:
    temporary = path.with_name(f"{path.name}.{os.getpid()}")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path)


def _named(path: Path, script: Path, *, static: bool) -> str:
    """Return how the script names an input; what is not of this build keeps the place it has on this machine."""
    return os.path.relpath(path, script.parent) if static and _is_ours(path) else str(path.absolute())


def _from_top(path: Path) -> str:
    return os.path.relpath(path) if _is_ours(path) else str(path)


def _is_ours(path: Path) -> bool:
    return path.absolute().is_relative_to(Path.cwd())


def _quoted(word: str) -> str:
    if '"' in word or "\n" in word:
        raise fail("unusable-path", f"path that no linker script can name: {word!r}")
    return f'"{word}"'
