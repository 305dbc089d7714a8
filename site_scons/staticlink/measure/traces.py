"""Which header files and which symbols does only one of the two libcs have?

The answers are policy data, ``policy/libc_traces.toml``, because a link has one libc at hand, and a machine that only
links has no headers. They are measured: the headers are two directories compared; the symbols are the words in what
the preprocessor makes of every public header, macros included, that the libc's own archives define and the other
libc's do not. Among them, those that C reserves for the implementation, or that an ``__asm__`` label puts in place of a
name that it does not reserve, are *made by headers*: a programmer writes ``open`` and the object asks for ``open64``.

    PYTHONPATH=site_scons python -m staticlink.measure.traces MUSL_PREFIX

A link does not import this module. Not modelled: headers that need another header or macro than those tried here.
"""

from __future__ import annotations

import re
import subprocess
import sys
import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from staticlink.elf.ar import is_archive, read_archive
from staticlink.elf.mapping import map_file
from staticlink.link.script import read_script

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

_TABLE = Path(__file__).parent.parent / "policy" / "libc_traces.toml"
_SECONDS = 60
_VARIANTS = (
    ("-D_GNU_SOURCE", "-O2", "-D_FORTIFY_SOURCE=2"),
    ("-D_GNU_SOURCE", "-O2", "-D_FORTIFY_SOURCE=3", "-D_FILE_OFFSET_BITS=64"),
    ("-D_LARGEFILE64_SOURCE", "-std=c99"),
    ("-std=gnu2x", "-D_GNU_SOURCE"),
)
_WORD = re.compile(r"[A-Za-z_]\w+")
_DIRECTIVE = re.compile(r"^#.*$", re.MULTILINE)
_STATEMENT = re.compile(r"[^;{}]+")
_ATTRIBUTE = re.compile(r"__attribute__\s*\(\(.*?\)\)", re.DOTALL)
_DECLARED = re.compile(r"(\w+)\s*\(")
_LABEL = re.compile(r'__asm__\s*\((?:\s*"")*\s*"(\w+)"')
_RESERVED = re.compile(r"_[A-Z_]\w*")
#: What glibc consists of besides libc.a.
_PARTS = ("libc.a", "libm.a", "libresolv.a", "libanl.a", "libcrypt.a", "librt.a", "libutil.a", "libpthread.a")


@dataclass(frozen=True, slots=True)
class Installed:
    """One libc on this machine: its compiler, the roots of its headers, its header files, and its archives."""

    cc: tuple[str, ...]
    headers: frozenset[str]
    symbols: frozenset[str]
    version: str

    def words(self) -> tuple[frozenset[str], frozenset[str]]:
        """Return the words in what its public headers come to, and those that are put in place of another name."""
        words: set[str] = set()
        labels: set[str] = set()
        for header in sorted(name for name in self.headers if not name.startswith(("bits/", "gnu/"))):
            for options in _VARIANTS:
                command = [*self.cc, *options, "-E", "-dD", "-x", "c", "-"]
                done = subprocess.run(
                    command, input=f"#include <{header}>\n", capture_output=True, text=True, check=False,
                    timeout=_SECONDS,
                )  # fmt: skip
                words.update(_WORD.findall(done.stdout))
                labels.update(_replacements(done.stdout))
        return frozenset(words), frozenset(labels)


def _replacements(text: str) -> Iterator[str]:
    """Yield the labels of functions whose own names a programmer may write."""
    if "__asm__" not in text:
        return
    for statement in _STATEMENT.findall(_DIRECTIVE.sub("", text)):
        label = _LABEL.search(statement)
        declared = _DECLARED.search(_ATTRIBUTE.sub("", statement)) if label else None
        if label and declared and not _RESERVED.fullmatch(declared[1]) and declared[1] != label[1]:
            yield label[1]


def measure(musl: Installed, glibc: Installed) -> str:
    """Return the whole text of the table."""
    lines = [
        "# What only one of the two libcs has: header files, and symbols that their headers speak of.",
        "# common: headers of both. made: names that headers put in place of what a programmer writes.",
        "# asked: the others. Measured, not written by hand:",
        "# PYTHONPATH=site_scons python -m staticlink.measure.traces MUSL_PREFIX",
        "",
        f"common = {_text(musl.headers & glibc.headers)}",
    ]
    for name, own, other in (("glibc", glibc, musl), ("musl", musl, glibc)):
        words, labels = own.words()
        only = (words | labels) & (own.symbols - other.symbols)
        made = {word for word in only if word in labels or _RESERVED.fullmatch(word)}
        lines += ["", f"[{name}]", f'version = "{own.version}"', f"headers = {_text(own.headers - other.headers)}"]
        lines += [f"made = {_text(made)}", f"asked = {_text(only - made)}"]
    return "\n".join([*lines, ""])


def _text(words: Iterable[str]) -> str:
    """Return ``words`` as one string: a table of a thousand strings would take longer to read than a link to plan."""
    return '"""\n' + textwrap.fill(" ".join(sorted(words)), 116, break_on_hyphens=False, break_long_words=False) + '"""'


def find_musl(prefix: Path) -> Installed:
    """Return the vendored musl."""
    root = prefix / "include"
    headers = frozenset(str(path.relative_to(root)) for path in root.rglob("*.h"))
    found = re.search(rb"\d+\.\d+\.\d+", (prefix / "lib" / "note.s").read_bytes())
    version = found[0].decode() if found else "unknown"
    return Installed((str(prefix / "bin" / "cc"),), headers, _promised([prefix / "lib" / "libc.a"]), version)


def find_glibc(cc: Sequence[str] = ("gcc",)) -> Installed:
    """Return the machine's glibc; its headers are those of Debian's package of it."""
    asked = [*cc, "-E", "-dM", "-include", "features.h", "-x", "c", "/dev/null"]
    macros = subprocess.run(asked, capture_output=True, text=True, check=True, timeout=_SECONDS).stdout
    version = ".".join(re.findall(r"#define __GLIBC(?:_MINOR)?__ (\d+)", macros))
    listed = sorted(Path("/var/lib/dpkg/info").glob("libc6-dev*.list"))
    names = [line for path in listed for line in path.read_text(encoding="utf-8").splitlines()]
    roots = re.compile(r"/usr/include/(?:\w+-linux-gnu\w*/)?(.*\.h)")
    headers = frozenset(match[1] for name in names if (match := roots.fullmatch(name)))
    named = (subprocess.run([*cc, f"-print-file-name={part}"], capture_output=True, text=True, check=True,
                            timeout=_SECONDS).stdout.strip() for part in _PARTS)  # fmt: skip
    return Installed(tuple(cc), headers, _promised([Path(name) for name in named if "/" in name]), version)


def _promised(paths: Sequence[Path]) -> frozenset[str]:
    """Return the symbols that archives promise; a linker script stands for what it names."""
    found: set[str] = set()
    for path in paths:
        data = map_file(path)
        if is_archive(data):
            index = read_archive(data, path.name).index
            found.update(index[0] if index is not None else ())
        elif data:
            found |= _promised([Path(name) for _, names in read_script(data, path.name) for name in names])
    return frozenset(found)


def main(arguments: Sequence[str]) -> int:
    """Write the table anew."""
    _TABLE.write_text(measure(find_musl(Path(arguments[0])), find_glibc()), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
