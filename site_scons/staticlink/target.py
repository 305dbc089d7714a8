"""What is the executable built for?"""

from __future__ import annotations

from dataclasses import dataclass

#: libc -> the last part of the target triple.
_ENVIRONMENT = {"musl": "musl", "glibc": "gnu"}


@dataclass(frozen=True, slots=True)
class Target:
    """A machine, a libc, and whether the executable is static, position-independent and hardened.

    ``arch`` is the machine as a target triple spells it (``x86_64``), ``libc`` is ``musl`` or ``glibc``.
    """

    arch: str
    libc: str
    static: bool
    pie: bool = False
    hardened: bool = False

    @property
    def triple(self) -> str:
        """The target triple as GNU tools and Debian spell it: ``x86_64-linux-musl``."""
        return f"{self.arch}-linux-{_ENVIRONMENT[self.libc]}"

    @property
    def rust_triple(self) -> str:
        """The target triple as rustc spells it: ``x86_64-unknown-linux-musl``."""
        return f"{self.arch}-unknown-linux-{_ENVIRONMENT[self.libc]}"

    @property
    def directory(self) -> str:
        """The name of the build directory: ``x86_64-linux-musl-static``, ``-static-pie``, or the bare triple.

        What is hardened is compiled otherwise, so it has a directory of its own.
        """
        suffix = "-static-pie" if self.static and self.pie else "-static" if self.static else ""
        return self.triple + suffix + ("-hardened" if self.hardened else "")
