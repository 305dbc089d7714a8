"""Which option, with which value, is each argument of a linker?

A linker's options come in several spellings: ``-u x``, ``-ux``, ``--undefined=x`` and ``-undefined x`` are one. Here
each becomes a :class:`Word` under its long name without dashes; an input file is a word without a name. Arguments
``@FILE`` are replaced by what the file holds, as often as needed. An option that is not known takes no value. Source:
GNU ld's manual, "Command-line Options"; ``ld.lld --help``; ``expandargv`` in libiberty's ``argv.c``.

Not modelled: abbreviated long options (``--whole-arch``), which only GNU ld takes.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from staticlink.errors import fail

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

#: Short options that take a value, joined or as the next argument -> the long name.
_SHORT = {
    "A": "architecture", "F": "filter", "G": "gpsize", "I": "dynamic-linker", "L": "library-path", "O": "optimize",
    "P": "depaudit", "R": "just-symbols", "T": "script", "Y": "default-search-path", "a": "compatibility",
    "b": "format", "c": "mri-script", "e": "entry", "f": "auxiliary", "h": "soname", "l": "library", "m": "emulation",
    "o": "output", "u": "undefined", "y": "trace-symbol", "z": "keyword",
}  # fmt: skip
#: Long options whose value may be the next argument.
_VALUED = frozenset({
    *_SHORT.values(), "Map", "Tbss", "Tdata", "Tldata-segment", "Trodata-segment", "Ttext", "Ttext-segment", "assert",
    "audit", "chroot", "default-script", "dT", "defsym", "dependency-file", "dynamic-list", "exclude-libs",
    "export-dynamic-symbol", "export-dynamic-symbol-list", "fini", "hash-style", "image-base", "init", "mllvm",
    "oformat", "out-implib", "plugin", "plugin-opt", "reproduce", "require-defined", "retain-symbols-file", "rpath",
    "rpath-link", "section-start", "sort-section", "symbol-ordering-file", "sysroot", "undefined-glob",
    "version-script", "wrap",
}) - {"compatibility", "keyword", "optimize"}  # fmt: skip
#: Long options without a value that would otherwise read as a short one with its value joined (``-export-dynamic``).
_FLAGS = (
    "allow-", "apply-", "as-needed", "be8", "build-id", "call_shared", "check-", "color-", "compress-", "cref", "dc",
    "dn", "dp", "dy", "eh-frame-hdr", "emit-", "enable-", "end-", "error-", "execute-", "export-dynamic", "fatal-",
    "fix-", "force-", "fortran-", "lto-", "omagic", "optimize-", "undefined-version", "unique", "unresolved-",
)  # fmt: skip
_ALIASES = {"(": "start-group", ")": "end-group", "s": "strip-all", "i": "relocatable", "r": "relocatable",
            "d": "define-common", "dn": "Bstatic", "non_shared": "Bstatic", "static": "Bstatic",
            "dy": "Bdynamic", "call_shared": "Bdynamic", "Bshareable": "shared", "dT": "default-script"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Word:
    """One option under its long name, with its value, or an input file, whose ``name`` is empty."""

    name: str
    value: str = ""


def read_words(arguments: Sequence[str]) -> Iterator[Word]:
    """Yield what each of ``arguments`` says.

    Raises :class:`StaticlinkError` when the value of an option is missing, or a response file includes itself.
    """
    rest = iter(tuple(expand_files(arguments)))
    for word in rest:
        if word == "-" or not word.startswith("-"):
            yield Word("", word)
            continue
        name, equals, value = word.lstrip("-").partition("=")
        if (not equals and name in _VALUED) or word[1:] in _SHORT:
            yield _with_next(_SHORT.get(word[1:], name), word, rest)
        elif word.startswith("--") or name in _VALUED or name in _ALIASES or name.startswith(_FLAGS):
            yield Word(_ALIASES.get(name, name), value)
        elif word[1] in _SHORT:
            yield Word(_SHORT[word[1]], word[2:])
        else:
            yield Word(name, value)


def _with_next(name: str, word: str, rest: Iterator[str]) -> Word:
    value = next(rest, None)
    if value is None:
        raise fail("bad-usage", f"option without its value: {word}")
    return Word(_ALIASES.get(name, name), value)


def expand_files(arguments: Sequence[str], within: tuple[Path, ...] = ()) -> Iterator[str]:
    """Replace each ``@FILE`` that names a file by the words in it; any other stays as it is."""
    for argument in arguments:
        path = Path(argument[1:])
        if not argument.startswith("@") or not path.is_file():
            yield argument
            continue
        real = path.resolve()
        if real in within:
            raise fail("bad-usage", f"response file includes itself: {path}")
        try:
            text = path.read_text(encoding="utf-8", errors="surrogateescape")
        except OSError as error:
            evidence = (error.strerror or str(error),)
            raise fail("unreadable-input", f"cannot read: {path}", evidence=evidence) from None
        yield from expand_files(tuple(_split(text)), (*within, real))


def _split(text: str) -> Iterator[str]:
    """Yield the words of a response file: a backslash takes the next character as it is, also within quotes."""
    word: str | None = None
    quote = ""
    characters = iter(text)
    for one in characters:
        if one == "\\":
            word = (word or "") + next(characters, "")
        elif quote:
            if one == quote:
                quote = ""
            else:
                word = (word or "") + one
        elif one in "'\"":
            quote, word = one, word or ""
        elif one.isspace():
            if word is not None:
                yield word
            word = None
        else:
            word = (word or "") + one
    if word is not None:
        yield word


def quote_word(word: str) -> str:
    """Return ``word`` as a response file spells it."""
    return "".join(f"\\{one}" if one.isspace() or one in "\\'\"" else one for one in word) or '""'
