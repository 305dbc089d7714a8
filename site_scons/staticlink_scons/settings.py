"""Which options does a build take, and what did this one choose?

The options are SCons ``Variables``: given on the command line, kept in ``custom.py``, shown by ``scons -h``. They are
added to an environment once, by whichever staticlink tool is loaded first, and read through :func:`settings`.
"""

from __future__ import annotations

import difflib
import platform
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from SCons.Errors import UserError
from SCons.Script import ARGUMENTS, GetLaunchDir, Help
from SCons.Variables import BoolVariable, EnumVariable, Variables
from staticlink.errors import fail
from staticlink.report.text import render_error
from staticlink.target import Target

if TYPE_CHECKING:
    from SCons.Environment import Base as Environment

_KEY = "STATICLINK_SETTINGS"


@dataclass(frozen=True, slots=True)
class Settings:
    """The options of one build, validated, with the target they describe."""

    target: Target
    unwinder: str
    linker: str
    rust_std: str
    python: str
    sources: Path | None
    offline: bool
    verbose: bool
    build: str

    @property
    def build_dir(self) -> str:
        """The directory everything of this target is built in, relative to the top: ``build/x86_64-linux-musl-static``."""
        return f"{self.build}/{self.target.directory}"


def declare_options() -> Variables:
    """Return the options with their defaults, allowed values and one line of help each."""
    options = Variables("custom.py", ARGUMENTS)
    options.AddVariables(
        BoolVariable("static", "link fully static, verify and probe", default=False),
        EnumVariable("libc", "the C library to link against", "auto", allowed_values=("auto", "musl", "glibc")),
        EnumVariable(
            "unwinder", "who provides _Unwind_*", "auto", allowed_values=("auto", "libgcc_eh", "libunwind")
        ),
        EnumVariable(
            "linker", "the program that links", "auto", allowed_values=("auto", "mold", "rust-lld", "lld", "gold", "bfd")
        ),
        BoolVariable("pie", "make the static executable position-independent", default=False),
        EnumVariable(
            "rust_std", "Rust's standard library for musl", "auto", allowed_values=("auto", "target", "build", "shim")
        ),
        EnumVariable(
            "python", "the CPython to embed", "vendored", allowed_values=("vendored", "system", "none")
        ),
        ("sources", "a directory that is searched for source archives first", ""),
        BoolVariable("offline", "never reach for the network", default=False),
        BoolVariable("verbose", "print whole commands", default=False),
        ("build", "the directory to build in", "build"),
    )
    return options
