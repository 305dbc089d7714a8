"""How does cargo start rustc, so that the target's crates see the chosen std and leave no path of this machine?

Cargo is given a small script as its rustc. For compiles of the target it adds the sysroot, ``+crt-static`` and the path
prefixes to remap; build scripts and procedural macros run on the host and get the compiler untouched. RUSTFLAGS would
be the usual way, and has two faults here: setting it silences the ``rustflags`` of the user's ``.cargo/config.toml``,
and cargo hashes it into every symbol name, so that the cache's place on this machine would decide the bytes.

One path remains: cargo hashes the place of a package outside the crate's workspace into its symbol names. Packages of
one workspace give the same bytes wherever the checkout lies.

A launcher such as sccache, which ``STATICLINK_LAUNCHER`` names, is put before the real compiler, except where cargo
only asks a question.

Cargo must still notice when the std changes. It hashes what ``rustc -vV`` prints; the script adds one line to that.
"""

from __future__ import annotations

import os
import shlex
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_SCRIPT = """\
#!/bin/sh
case " $* " in
*' --target {triple} '*) {prepared}exec ${{STATICLINK_LAUNCHER-}} {rustc} {arguments} "$@" ;;
' -vV ') {rustc} -vV || exit; echo {identity} ;;
' - '*|*' --print'*) exec {rustc} "$@" ;;
*) exec ${{STATICLINK_LAUNCHER-}} {rustc} "$@" ;;
esac
"""


@dataclass(frozen=True, slots=True)
class Driver:
    """The compiler as cargo is to see it: ``rustc`` with ``arguments`` for compiles of ``triple``.

    ``identity`` is what the arguments mean without their paths; another identity compiles everything again.
    ``prepared`` is shell that may change the arguments of such a compile first, and is covered by the identity as well.
    """

    rustc: Path
    triple: str
    arguments: tuple[str, ...]
    identity: str
    prepared: str = ""


def target_arguments(*, static: bool, sysroot: Path | None, remap: Sequence[tuple[Path, str]]) -> tuple[str, ...]:
    """Return what rustc is told for the target; of ``remap`` (prefix, replacement) the last match wins.

    ``+crt-static`` is always said for static links: rustc's musl targets will stop implying it. Without ``lto=off``
    rustc optimises across its code units by ThinLTO, which names promoted symbols after a hash that a comment changes.
    What a profile says of LTO comes later on the command line, and wins.
    """
    arguments = ["--sysroot", str(sysroot)] if sysroot is not None else []
    arguments += ["-C", "lto=off"]
    arguments += ["-C", "target-feature=+crt-static" if static else "target-feature=-crt-static"]
    arguments += [f"--remap-path-prefix={prefix}={replacement}" for prefix, replacement in remap]
    return tuple(arguments)


def write_driver(driver: Driver, path: Path) -> Path:
    """Write the script to ``path``, unless it is there already: cargo looks at its modification time."""
    text = _SCRIPT.format(
        triple=driver.triple,
        rustc=shlex.quote(str(driver.rustc)),
        arguments=shlex.join(driver.arguments),
        prepared=f"\n{driver.prepared}" if driver.prepared else "",
        identity=shlex.quote(f"staticlink: {driver.identity}"),
    )
    return write_script(path, text)


def write_script(path: Path, text: str) -> Path:
    """Write a program to ``path``, whole, unless it is there already; return ``path``."""
    if not path.is_file() or path.read_text(encoding="utf-8") != text:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Crates that are compiled at once share some of these files.
        temporary = path.with_name(f"{path.name}.{os.getpid()}.{threading.get_ident()}")
        temporary.write_text(text, encoding="utf-8")
        temporary.chmod(0o755)
        temporary.replace(path)
    return path
