"""Which options does a build take, and what did this one choose?

The options are SCons ``Variables``: given on the command line, kept in ``custom.py``, shown by ``scons -h``. They are
added to an environment once, by whichever staticlink tool is loaded first, and read through :func:`settings`.

A project may have an option of the same name that means something else (gpsd's ``python`` is yes or no). Its option
keeps the name, and ours is then spelled ``staticlink_python``. A value of another kind shows it; where ours and the
project's are both words, the project lists the name in ``STATICLINK_RENAMED``.
"""

from __future__ import annotations

import os
import platform
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from SCons.Environment import SubstitutionEnvironment
from SCons.Script import ARGUMENTS, GetLaunchDir
from SCons.Util import Split
from SCons.Variables import Variables
from staticlink.errors import Fault, StaticlinkError, fail
from staticlink.platforms import refuse_libc, refuse_triple, require_host
from staticlink.target import Target

from staticlink_scons.action import reading
from staticlink_scons.listing import listed_targets

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from SCons.Environment import Base as Environment

#: The linkers staticlink knows how to drive, fastest first.
LINKERS = ("mold", "rust-lld", "lld", "gold", "bfd")
#: The allocators that can serve a program. Not imported from the core: reading options needs none of its linking.
ALLOCATORS = ("libc", "mimalloc", "jemalloc")

#: What a finding can mean, and what leaves that to policy.
_NSS_LEVELS = ("auto", "error", "warn", "allow")

_YES = ("1", "yes", "true", "on", "y", "t")
_NO = ("0", "no", "false", "off", "n", "f", "none")

_KEY = "STATICLINK_SETTINGS"
_PREFIX = "staticlink_"


@dataclass(frozen=True, slots=True)
class Settings:
    """The options of one build, validated, with the target they describe."""

    target: Target
    unwinder: str
    linker: str
    allocator: str
    fast_strings: bool
    rust_std: str
    python: str
    sources: Path | None
    offline: bool
    verbose: bool
    build: str
    why: str = ""
    findings: tuple[str, ...] = ()
    launcher: str = ""

    @property
    def build_dir(self) -> str:
        """Where everything of this target is built, from the top: ``build/x86_64-linux-musl-static``."""
        return f"{self.build}/{self.target.directory}"

    @property
    def place(self) -> str:
        """The same as the name of a node, from whatever directory it is looked up."""
        return node_name(self.build_dir)


def node_name(path: str) -> str:
    """Return how SCons names ``path``, which is absolute or relative to the top."""
    return path if path.startswith("/") else f"#{path}"


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
    return f"{_PREFIX}{name}" if renamed else name


def _one_of(key: str, text: str, default: str, allowed: tuple[str, ...]) -> tuple[str, str, str, Callable[..., None]]:
    def validate(name: str, value: str, _env: Environment) -> None:
        if value not in allowed:
            if name.removeprefix(_PREFIX) == "libc":
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


def settings(env: Environment) -> Settings:
    """Return the settings of ``env``, reading the options the first time.

    A value that is not allowed, and an argument that looks like a misspelt option, end the run with a message.
    """
    if _KEY not in env:
        with reading():
            env[_KEY] = _read_settings(env)
    found: Settings = env[_KEY]
    return found


def _read_settings(env: Environment) -> Settings:
    require_host()
    options = declare_options(env)
    read = SubstitutionEnvironment()
    _update(options, read)
    unknown = [name for name in options.UnknownVariables() if name not in env]
    reject_misspelt(unknown, [option.key for option in options.options])
    values = {option.key.removeprefix(_PREFIX): read[option.key] for option in options.options}
    static = bool(values["static"])
    if static and "target" in unknown:  # no option of ours or of the project's, so nobody else would say why
        refuse_triple(ARGUMENTS["target"])
    libc = _choose_libc(str(values["libc"]), static=static)
    pie, hardened = bool(values["pie"]), bool(values["hardening"])
    _reject_contradictions(values, libc, static=static)
    return Settings(
        target=Target(platform.machine(), libc, static, pie=static and (pie or hardened), hardened=hardened),
        unwinder=str(values["unwinder"]),
        linker=str(values["linker"]),
        allocator=str(values["allocator"]),
        fast_strings=values["strings"] == "fast",
        rust_std=str(values["rust_std"]),
        python=str(values["python"]),
        sources=_directory("sources", str(values["sources"])) if values["sources"] else None,
        offline=bool(values["offline"]),
        verbose=bool(values["verbose"]),
        build=os.path.normpath(str(values["build"])),
        why=str(values["why"]),
        findings=(*_nss_rules(str(values["static_nss"])), *_rules(str(values["findings"]))),
        launcher=_program("launcher", str(values["launcher"])) if values["launcher"] else "",
    )


def _reject_contradictions(values: Mapping[str, object], libc: str, *, static: bool) -> None:
    """Raise for an option that would have no effect beside the others."""
    if values["why"] and not static:
        fix = f"static=1 why={values['why']}"
        raise fail("why-needs-static", "why=SYMBOL explains static links", evidence=("static=0",), fix=fix)
    if values["strings"] == "fast" and libc != "musl":
        evidence = (f"libc={libc}, whose own functions are as fast",)
        raise fail("fast-strings-need-musl", "strings=fast is for musl", evidence=evidence, fix="strings=libc")
    if values["allocator"] not in ("auto", "libc") and not static:
        what, fix = "a replacement is linked into static executables", f"static=1 allocator={values['allocator']}"
        raise fail("allocator-needs-static", f"{what}: {values['allocator']}", evidence=("static=0",), fix=fix)
    if values["hardening"] and not static:
        fix = "static=1 hardening=1"
        raise fail("hardening-needs-static", "hardening=1 is for static executables", evidence=("static=0",), fix=fix)


def _update(options: Variables, values: SubstitutionEnvironment) -> None:
    """Read the options; ``custom.py`` is a program of the user's and may fail in any way."""
    try:
        options.Update(values)
    except StaticlinkError:
        raise
    except Exception as error:  # noqa: BLE001  (a program of the user's may raise anything)
        evidence = (f"{type(error).__name__}: {error}", 'every line is NAME = VALUE, a word in quotes: libc = "musl"')
        raise fail("invalid-options-file", "cannot read the options in custom.py", evidence=evidence) from None


def _nss_rules(level: str) -> tuple[str, ...]:
    """Return the rules that ``static_nss=`` stands for; those of ``findings=`` come behind them and win."""
    if level == "auto":
        return ()
    from staticlink.link.finding import static_nss_rules  # noqa: PLC0415  (most builds leave it to policy)

    return static_nss_rules(level)


def _rules(value: str) -> tuple[str, ...]:
    """Return the rules of ``findings=``, which must all be sound before anything is built."""
    words = tuple(value.replace(",", " ").split())
    if words:
        from staticlink.link.finding import load_policy  # noqa: PLC0415  (most builds have no rules of their own)

        load_policy(words)
    return words


def _directory(key: str, value: str) -> Path:
    """Return the directory that an option names, from where the command was typed."""
    path = Path(GetLaunchDir(), value)
    if not path.is_dir():
        raise fail("invalid-option", f"invalid value for option {key}: {value}", evidence=("no such directory",))
    return path


def _program(key: str, value: str) -> str:
    """Return where the program that an option names is."""
    found = shutil.which(value)
    if found is None:
        evidence = ("no such program on PATH",)
        raise fail("invalid-option", f"invalid value for option {key}: {value}", evidence=evidence)
    return str(Path(found).absolute())


def _choose_libc(wanted: str, *, static: bool) -> str:
    if wanted == "musl" and not static:
        raise fail(
            "musl-needs-static",
            "libc=musl builds static executables only",
            evidence=("static=0",),
            fix="static=1 libc=musl",
        )
    return ("musl" if static else "glibc") if wanted == "auto" else wanted


def help_text(env: Environment) -> str:
    """Return a line or two an option: its meaning, its default, and what this run would use; then a line a target."""
    options = declare_options(env)
    values = SubstitutionEnvironment()
    with reading():
        _update(options, values)
    return str(options.GenerateHelpText(values)) + listed_targets(env)


def reject_unknown(env: Environment) -> None:
    """End the run with a message when any argument is not an option: for a project that has none of its own."""
    options = declare_options(env)
    known = sorted(option.key for option in options.options)
    with reading():
        _update(options, SubstitutionEnvironment())
        unknown = sorted(options.UnknownVariables())
        if unknown:
            refuse_triple(ARGUMENTS.get("target", ""))
            evidence = (f"options: {', '.join(known)}",)
            raise StaticlinkError(*(Fault("unknown-option", f"unknown option: {name}", evidence) for name in unknown))


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
