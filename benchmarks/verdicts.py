"""Against which libc was every archive on this machine compiled, on what evidence, and how long does it take to say?

``.venv/bin/python benchmarks/verdicts.py [DIRECTORY...]`` judges each ``.a`` and ``.rlib`` below the directories;
without any, those of the machine's compiler, of Rust's toolchain, and of ``build/`` after ``./sconsw``. The table
counts the objects of each archive by verdict and by the strongest evidence; *reading* is what a link has to read in any
case, symbols, *judging* what the verdicts cost on top, each once, in one process.
"""

from __future__ import annotations

import platform
import subprocess
import sys
import time
from collections import Counter
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "site_scons"))

from staticlink.errors import StaticlinkError  # noqa: E402
from staticlink.libc.abi import load_interfaces  # noqa: E402
from staticlink.libc.verdict import KINDS  # noqa: E402
from staticlink.link.audits.foreign_libc import judge_archives  # noqa: E402
from staticlink.link.inputs import Archive  # noqa: E402
from staticlink.link.libc import compiler_directories  # noqa: E402
from staticlink.link.reading import read_input  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

#: How the sentence of each kind of evidence begins.
REASONS = {
    "is part of": "the libc itself",
    "says in a note": "note",
    "names": "debug information",
    "lists": "every included file",
    "is Rust": "Rust's std",
    "asks for": "names",
    "belongs to": "package",
    "holds no": "nothing in it",
    "was made": "made from a file",
    "has no": "nothing",
}


def archives(directories: Sequence[Path]) -> Iterator[Path]:
    """Yield every archive below ``directories``, each once."""
    found = {path.resolve() for one in directories for end in ("a", "rlib") for path in one.rglob(f"*.{end}")}
    yield from sorted(path for path in found if path.is_file())


def default_directories() -> tuple[Path, ...]:
    """Return where this machine keeps archives."""
    asked = ["rustc", "--print", "sysroot"]
    sysroot = subprocess.run(asked, capture_output=True, text=True, check=True, timeout=60).stdout.strip()
    own = [path for path in compiler_directories(["gcc"]) if path != Path("/usr/lib")]
    return (*own, Path(sysroot), ROOT / "build")


def row(path: Path) -> str | None:
    """Return the line of one archive; ``None`` for a linker script, or an archive that no link takes."""
    began = time.perf_counter()
    try:
        archive = read_input(path, machine=platform.machine(), directories=(path.parent,))
        if not isinstance(archive, Archive):
            return None
        objects = list(archive.objects())
        read = time.perf_counter()
        judged = judge_archives([archive], "musl", partial(load_interfaces, platform.machine()))
    except StaticlinkError as error:
        return f"| {path.name} | {error} | | | |"
    done = time.perf_counter()
    kinds = Counter(verdict.kind for verdict in judged.verdicts.values())
    reasons = Counter(reason(verdict.evidence[0]) for verdict in judged.verdicts.values())
    counted = ", ".join(f"{kinds[kind]} {kind}" for kind in KINDS if kinds[kind])
    why = ", ".join(f"{name} {count}" for name, count in reasons.most_common())
    times = f"{(read - began) * 1000:.0f} ms | {(done - read) * 1000:.0f} ms"
    return f"| {path.name} | {len(objects)} | {counted} | {why} | {times} |"


def reason(sentence: str) -> str:
    """Return the kind of evidence that a sentence gives."""
    return next((name for begin, name in REASONS.items() if sentence.startswith(begin)), sentence)


def main() -> None:
    """Print the table."""
    directories = tuple(map(Path, sys.argv[1:])) or default_directories()
    print("| archive | objects | verdicts | strongest evidence | reading | judging |\n|---|---|---|---|---|---|")
    for path in archives(directories):
        line = row(path)
        if line is not None:
            print(line)


if __name__ == "__main__":
    main()
