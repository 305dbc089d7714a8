"""Which options does a build take, and how are they spelled?

The options are SCons ``Variables``: given on the command line, kept in ``custom.py``, shown by ``scons -h``. What is
wrong with one is said in a sentence that names what was probably meant.

A project may have an option of the same name that means something else (gpsd's ``python`` is yes or no). Its option
keeps the name, and ours is then spelled ``staticlink_python``. A value of another kind shows it; where ours and the
project's are both words, the project lists the name in ``STATICLINK_RENAMED``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from SCons.Script import ARGUMENTS
from SCons.Util import Split
from SCons.Variables import Variables
from staticlink.errors import Fault, StaticlinkError, fail
from staticlink.platforms import refuse_libc

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from SCons.Environment import Base as Environment
    from SCons.Environment import SubstitutionEnvironment

#: The linkers staticlink knows how to drive, fastest first.
LINKERS = ("mold", "rust-lld", "lld", "gold", "bfd")
#: The allocators that can serve a program. Not imported from the core: reading options needs none of its linking.
ALLOCATORS = ("libc", "mimalloc", "jemalloc")

#: What a finding can mean, and what leaves that to policy.
_NSS_LEVELS = ("auto", "error", "warn", "allow")

_YES = ("1", "yes", "true", "on", "y", "t")
_NO = ("0", "no", "false", "off", "n", "f", "none")

#: What our options begin with where the project has one of the same name.
PREFIX = "staticlink_"


def declare_options(defaults: Mapping[str, object]) -> Variables:
    """Return the options with one line of help each; ``defaults`` (construction variables) override ours."""
    rows = (
        _yes_or_no("static", "link fully static, verify and probe"),
        _one_of("libc", "the C library to link against", "auto", ("auto", "musl", "glibc")),
        _one_of("unwinder", "who provides _Unwind_*", "auto", ("auto", "libgcc_eh", "libunwind")),
        _one_of("linker", "the program that links", "auto", ("auto", *LINKERS)),
        _one_of("allocator", "who provides malloc", "auto", ("auto", *ALLOCATORS)),
        _one_of(
            "strings", "whose functions for memory, strings and sorting: musl's, or our own", "libc", ("libc", "fast")
        ),
        _yes_or_no("pie", "make the static executable position-independent"),
        _yes_or_no("hardening", "static-pie, full RELRO, stack protector, FORTIFY, CET; checked"),
        _one_of("rust_std", "where Rust's std for musl comes from", "auto", ("auto", "target", "build", "shim")),
        _one_of("python", "the CPython to embed", "vendored", ("vendored", "system", "none")),
        ("sources", "a directory that is searched for source archives first", ""),
        _yes_or_no("offline", "never reach for the network"),
        _yes_or_no("verbose", "print whole commands"),
        _one_of("static_nss", "what functions of a static glibc that load shared objects mean", "auto", _NSS_LEVELS),
        ("findings", "what findings mean: ID=error|warn|allow or ID:SYMBOL=..., with commas between", ""),
        ("why", "a symbol: say who wants it, who defines it and who won, instead of linking", ""),
        ("launcher", "a program that starts every compiler, such as sccache", ""),
        ("build", "the directory to build in", "build"),
    )
    options = Variables("custom.py", ARGUMENTS)
    for row in rows:
        name, text, default, *check = row
        key = _spelling(name, default, defaults)
        options.Add(key, text, defaults.get(key, default), *check)
    return options


def _spelling(name: str, default: object, project: Mapping[str, object]) -> str:
    """Return how our option ``name`` is spelled beside the project's own, which are construction variables."""
    another_kind = isinstance(project.get(name), bool) and not isinstance(default, bool)
    renamed = another_kind or name in Split(project.get("STATICLINK_RENAMED", ""))
    return f"{PREFIX}{name}" if renamed else name


def _one_of(key: str, text: str, default: str, allowed: tuple[str, ...]) -> tuple[str, str, str, Callable[..., None]]:
    def validate(name: str, value: str, _env: Environment) -> None:
        if value not in allowed:
            if name.removeprefix(PREFIX) == "libc":
                refuse_libc(value)
            close = _close(value, allowed)
            fix = f"{name}={close}" if close else None
            what = f"invalid value for option {name}: {value}"
            raise fail("invalid-option", what, evidence=(f"allowed: {', '.join(allowed)}",), fix=fix)

    return key, f"{text} ({'|'.join(allowed)})", default, validate


def _yes_or_no(key: str, text: str) -> tuple[str, str, bool, None, Callable[[object], bool]]:
    def convert(value: object) -> bool:
        word = str(value).lower()
        if word in _YES or word in _NO:
            return word in _YES
        raise fail("invalid-option", f"invalid value for option {key}: {value}", evidence=("allowed: 0, 1",))

    return key, f"{text} (0|1)", False, None, convert


def read_options(options: Variables, values: SubstitutionEnvironment) -> None:
    """Read the options into ``values``; ``custom.py`` is a program of the user's and may fail in any way."""
    try:
        options.Update(values)
    except StaticlinkError:
        raise
    except Exception as error:  # noqa: BLE001  (a program of the user's may raise anything)
        evidence = (f"{type(error).__name__}: {error}", 'every line is NAME = VALUE, a word in quotes: libc = "musl"')
        raise fail("invalid-options-file", "cannot read the options in custom.py", evidence=evidence) from None


def reject_misspelt(unknown: Iterable[str], known: Sequence[str]) -> None:
    """Raise for every argument that is close to an option's name; others may belong to the project.

    ``scons`` itself accepts any ``NAME=VALUE``, so a misspelt option would otherwise be ignored in silence.
    """
    faults = [
        Fault("unknown-option", f"unknown option: {name}", fix=f"{close}=")
        for name in sorted(unknown)
        if (close := _close(name, known, cutoff=0.7))
    ]
    if faults:
        raise StaticlinkError(*faults)


def _close(word: str, known: Iterable[str], cutoff: float = 0.6) -> str | None:
    """Return what was probably meant by ``word``."""
    import difflib  # noqa: PLC0415  (only a mistake needs it)

    return next(iter(difflib.get_close_matches(word, list(known), n=1, cutoff=cutoff)), None)
