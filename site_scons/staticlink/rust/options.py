"""What does a project say about how its crate is compiled?

The words of an SConscript (``features=``, ``profile=``, ``rustflags=`` and so on) become cargo's arguments. All of
them decide the output, so their representation is a dependency of the crate. Whether cargo may change the lock file is
decided here too: it may not when there is one, unless the project's own words say what should happen.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from staticlink.errors import fail
from staticlink.platforms import refuse_triple

if TYPE_CHECKING:
    from staticlink.rust.links import Link
    from staticlink.target import Target

#: What cargo's arguments may not say, because the build decides it.
_DECIDED = {
    "--target": "triple=",
    "--target-dir": "build=",
    "--features": "features=",
    "--all-features": "features=",
    "--no-default-features": "default_features=",
    "--profile": "profile=",
    "--release": "profile=",
    "--manifest-path": None,
    "--message-format": None,
}
_LOCKING = ("--locked", "--frozen")
HOST = "host"


@dataclass(frozen=True, slots=True)
class CrateOptions:
    """How one crate is compiled. ``rustflags`` reach compiles for the target only; ``cargo`` are cargo's own arguments.

    ``environment`` are variables, with their values, that cargo and its build scripts see; the values of ``files`` are
    paths from the top. ``links`` stand in for build
    scripts.
    """

    features: tuple[str, ...] = ()
    default_features: bool = True
    profile: str = "release"
    rustflags: tuple[str, ...] = ()
    cargo: tuple[str, ...] = ()
    environment: tuple[tuple[str, str], ...] = ()
    files: tuple[tuple[str, str], ...] = ()
    links: tuple[Link, ...] = ()

    @property
    def identity(self) -> str:
        """What of these options cargo does not see by itself."""
        return f" rustflags {' '.join(self.rustflags)}" if self.rustflags else ""

    @property
    def variables(self) -> dict[str, str]:
        """The variables as cargo gets them, which runs in another directory."""
        return dict(self.environment) | {name: str(Path(path).absolute()) for name, path in self.files}

    @property
    def keeps_lock(self) -> bool:
        """Whether the project itself forbids cargo to write the lock file."""
        return any(word in _LOCKING for word in self.cargo)

    def arguments(self, *, locked: bool, offline: bool) -> list[str]:
        """Return what cargo is told; ``locked`` says whether there is a lock file to keep to.

        Cargo accepts such a word once only, so those that the project gave are left to it.
        """
        features = [f"--features={','.join(self.features)}"] if self.features else []
        default = [] if self.default_features else ["--no-default-features"]
        lock = ["--locked"] if locked and not self.keeps_lock else []
        network = ["--offline"] if offline and "--offline" not in self.cargo else []
        return [f"--profile={self.profile}", *features, *default, *lock, *network, *self.cargo]


def check_options(options: CrateOptions, triple: str | None, target: Target) -> None:
    """Raise :class:`StaticlinkError` for a triple that is not the link's, or arguments that the build decides."""
    if triple not in (None, HOST, target.rust_triple):
        refuse_triple(triple)
        raise fail(
            "other-target",
            f"crate for another target: {triple}",
            evidence=(f"the program is linked for {target.rust_triple}",),
            fix='leave triple= out, or triple="host" for a tool that runs during the build',
        )
    for word in options.cargo:
        name = word.partition("=")[0]
        if name in _DECIDED:
            raise fail("cargo-argument", f"argument of cargo that the build decides: {word}", fix=_DECIDED[name])


def require_crate(triple: str | None, binary: str | None) -> None:
    """Raise :class:`StaticlinkError` when a ``RustCrate`` names a binary and is not for the machine that builds."""
    if binary is not None and triple != HOST:
        raise fail(
            "binary-of-library",
            f"crate with bin= that is not for this machine: {binary}",
            evidence=("env.RustCrate compiles a library for the program",),
            fix='triple="host" for a tool that runs during the build, env.RustProgram for a program',
        )


def require_linked(triple: str | None, program: str, target: Target) -> None:
    """Raise :class:`StaticlinkError` when a ``RustProgram`` is for the machine that builds: cargo links those."""
    if triple == HOST:
        raise fail(
            "program-of-host",
            f"program for this machine: {program}",
            evidence=(f"env.RustProgram links for {target.rust_triple}",),
            fix='env.RustCrate(DIR, triple="host") for a tool that runs during the build',
        )
