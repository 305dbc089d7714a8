"""What does ``hardening=1`` ask of every compile?

Flags for gcc and clang: canaries on the stack, a probe of each page that a stack grows into, checks before the
functions that overflow buffers, and landing pads and shadow stacks where the machine has them. They come before a
project's own flags, which therefore win; FORTIFY needs an optimizing compile, which is asked for where nobody else
does. What it asks of the link (static-pie, read-only relocations, no executable stack) is in ``link/command.py``, and
what the result must show in ``link/verify.py``. FORTIFY on glibc is glibc's own; on musl it is the headers in
``fortify/``.

Not modelled: code that Rust generates, which checks its bounds itself, and has no canaries or landing pads in a stable
compiler.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from staticlink.target import Target

_EVERYWHERE = ("-fstack-protector-strong", "-fstack-clash-protection", "-U_FORTIFY_SOURCE", "-D_FORTIFY_SOURCE=3")
#: What a compile is given that might not say how much to optimize: FORTIFY does nothing otherwise.
OPTIMIZED = "-O2"
#: machine -> what its processors add: CET on x86, pointer authentication and landing pads on ARM.
_MACHINE = {"x86_64": ("-fcf-protection=full",), "aarch64": ("-mbranch-protection=standard",)}


def hardening_flags(target: Target) -> tuple[str, ...]:
    """Return what a compile for ``target`` is given besides its own flags; nothing unless it is hardened."""
    return (*_EVERYWHERE, *protection_flags(target)) if target.hardened else ()


def protection_flags(target: Target) -> tuple[str, ...]:
    """Return the part of them that is about the processor: all that a compile without canaries and checks can have."""
    return _MACHINE.get(target.arch, ()) if target.hardened else ()
