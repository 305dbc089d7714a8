"""What does a link need to be told?"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from staticlink.link.libc import Libc
    from staticlink.link.linker import Linker
    from staticlink.target import Target


@dataclass(frozen=True, slots=True)
class LinkRequest:
    """One link, as its user put it. Paths are as they should appear in messages and in the link plan: relative.

    ``inputs`` are objects and archives in the user's order; ``libraries`` are ``-l`` names, looked up in
    ``directories`` and then where the libc lives. ``flags`` are written for a compiler driver. ``cc`` compiles for
    ``libc`` and is asked to only when shims are needed. ``unwinders`` maps names to archives besides the compiler's
    own libgcc_eh, and ``allocators`` the names of the libc's replacements to theirs.
    ``fast_strings`` asks for our own functions in place of musl's for memory, strings and sorting.
    ``findings`` are the project's rules for findings, ``ID=LEVEL`` or ``ID:SYMBOL=LEVEL``. ``recipes`` are directories
    of the project's own recipes.
    ``linkers`` are the installed ones in order of preference. ``rust`` are the ``.rust.json`` facts of the crates among
    the inputs. ``probe`` holds the arguments of the proving run; ``None`` leaves it out.
    """

    output: Path
    target: Target
    inputs: tuple[Path, ...]
    flags: tuple[str, ...]
    libraries: tuple[str, ...]
    directories: tuple[Path, ...]
    libc: Libc
    cc: tuple[str, ...]
    unwinder: str
    unwinders: Mapping[str, Path]
    linker: str
    linkers: tuple[Linker, ...]
    rust: tuple[Path, ...]
    probe: tuple[str, ...] | None
    allocator: str = "auto"
    allocators: Mapping[str, Path] = field(default_factory=dict)
    findings: tuple[str, ...] = ()
    fast_strings: bool = False
    recipes: tuple[Path, ...] = ()
