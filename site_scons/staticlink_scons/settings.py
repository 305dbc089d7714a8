"""What did this build choose among its options?

The options (``options.py``) are added to an environment once, by whichever staticlink tool is loaded first, and read
through :func:`settings`.
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
from staticlink.errors import Fault, StaticlinkError, fail
from staticlink.platforms import refuse_triple, require_host
from staticlink.target import Target

from staticlink_scons.action import reading
from staticlink_scons.listing import listed_targets
from staticlink_scons.options import PREFIX, declare_options, read_options, reject_misspelt

if TYPE_CHECKING:
    from collections.abc import Mapping

    from SCons.Environment import Base as Environment

_KEY = "STATICLINK_SETTINGS"


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
    read_options(options, read)
    unknown = [name for name in options.UnknownVariables() if name not in env]
    reject_misspelt(unknown, [option.key for option in options.options])
    values = {option.key.removeprefix(PREFIX): read[option.key] for option in options.options}
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
        read_options(options, values)
    return str(options.GenerateHelpText(values)) + listed_targets(env)


def reject_unknown(env: Environment) -> None:
    """End the run with a message when any argument is not an option: for a project that has none of its own."""
    options = declare_options(env)
    known = sorted(option.key for option in options.options)
    with reading():
        read_options(options, SubstitutionEnvironment())
        unknown = sorted(options.UnknownVariables())
        if unknown:
            refuse_triple(ARGUMENTS.get("target", ""))
            evidence = (f"options: {', '.join(known)}",)
            raise StaticlinkError(*(Fault("unknown-option", f"unknown option: {name}", evidence) for name in unknown))
