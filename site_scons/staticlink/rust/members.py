"""Which packages did a project name, and can they be what it wants of them?

``cargo metadata`` describes every package of a workspace; a project names one by its directory, or several by their
names. What a package can be is read from its targets. A library is compiled to whatever form the link needs,
whatever ``crate-type`` its manifest names, because cargo can be told another one; only a procedural macro cannot,
since it is a part of the compiler. A compiler that is too old is noticed here, before anything is compiled.

Not modelled: the ``rust-version`` of dependencies, which cargo compares when it compiles.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from staticlink.errors import Fault, StaticlinkError, fail

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from staticlink.rust.toolchain import Toolchain

_MACRO = "proc-macro"
_LIBRARIES = frozenset({"lib", "rlib", "dylib", "cdylib", "staticlib", _MACRO})


@dataclass(frozen=True, slots=True)
class Member:
    """One package: ``library`` is its library as rustc names it (or empty), ``kinds`` that library's crate types.

    ``programs`` are its binaries, ``default`` the one that is meant when none is named; ``rust_version`` is the oldest
    compiler it accepts. What there is not is empty.
    """

    name: str
    library: str
    kinds: tuple[str, ...]
    programs: tuple[str, ...]
    default: str
    rust_version: str


@dataclass(frozen=True, slots=True)
class Crate:
    """The packages that one run of cargo compiles: that of ``manifest``, or ``members`` of its workspace.

    ``packages`` maps the directory of each package compiled from a path, themselves included, to its name.
    """

    members: tuple[Member, ...]
    manifest: Path
    workspace: Path
    packages: tuple[tuple[Path, str], ...]

    @property
    def name(self) -> str:
        """What messages call it."""
        return ", ".join(member.name for member in self.members)

    @property
    def library(self) -> str:
        """What files are called after it: the name in ``libNAME.a``, or the names of several."""
        return "+".join(member.library or member.name.replace("-", "_") for member in self.members)

    @property
    def directory(self) -> Path:
        """Where the manifest lies."""
        return self.manifest.parent

    @property
    def lock(self) -> Path:
        """The lock file, which a workspace has once."""
        return self.workspace / "Cargo.lock"


def choose_members(
    manifest: Path, packages: Mapping[Path, Mapping[str, Any]], names: Sequence[str]
) -> tuple[Path, ...]:
    """Return the directories of the packages ``names``, or the one that ``manifest`` describes, among ``packages``.

    Raises :class:`StaticlinkError` with the members there are.
    """
    members = sorted(package["name"] for package in packages.values())
    evidence = [f"member {member}" for member in members]
    if not names:
        if manifest.parent not in packages:
            what = f"workspace root without a package: {manifest.parent.name}"
            fix = f'name the directory of a member, or say which: crates=["{members[0]}"]' if members else None
            raise fail("not-a-crate", what, evidence=evidence, fix=fix)
        return (manifest.parent,)
    directories = {package["name"]: directory for directory, package in packages.items()}
    absent = [name for name in names if name not in directories]
    if absent:
        what = f"no such package in the workspace {manifest.parent.name}: {', '.join(absent)}"
        raise fail("not-a-crate", what, evidence=evidence)
    return tuple(dict.fromkeys(directories[name] for name in names))


def read_member(package: Mapping[str, Any]) -> Member:
    """Return what ``cargo metadata`` says of one package."""
    targets = package["targets"]
    library = next((target for target in targets if _LIBRARIES & set(target["crate_types"])), None)
    # Examples and tests are of the crate type "bin" too, but not of that kind.
    programs = sorted(target["name"] for target in targets if "bin" in target["kind"])
    return Member(
        package["name"],
        str(library["name"]).replace("-", "_") if library else "",
        tuple(library["crate_types"]) if library else (),
        tuple(programs),
        package.get("default_run") or (programs[0] if len(programs) == 1 else ""),
        package.get("rust_version") or "",
    )


def recall_member(kept: Mapping[str, Any]) -> Member:
    """Return the member that was written to memory."""
    kinds, programs = (tuple(map(str, kept[key])) for key in ("kinds", "programs"))
    return Member(str(kept["name"]), str(kept["library"]), kinds, programs, str(kept["default"]), kept["rust_version"])


def require_libraries(crate: Crate) -> None:
    """Raise :class:`StaticlinkError` when a member of ``crate`` has no library that a program could hold."""
    faults = [_not_a_library(member) for member in crate.members if not member.library or _MACRO in member.kinds]
    if faults:
        raise StaticlinkError(*faults)


def require_program(crate: Crate, wanted: str | None) -> str:
    """Return the binary ``wanted``, or the one that is meant when none is named.

    Raises :class:`StaticlinkError` with the binaries there are.
    """
    (member,) = crate.members
    named = tuple(f"binary {name}" for name in member.programs)
    if not member.programs:
        fix = "env.RustCrate compiles a library" if member.library else None
        raise fail("not-a-program", f"crate is not a program: {member.name}", evidence=("it has no binary",), fix=fix)
    if wanted is not None and wanted not in member.programs:
        raise fail("not-a-program", f"no such binary in {member.name}: {wanted}", evidence=named)
    if not wanted and not member.default:
        fix = f'say which: bin="{member.programs[0]}"'
        raise fail("not-a-program", f"crate has several binaries: {member.name}", evidence=named, fix=fix)
    return wanted or member.default


def require_compiler(crate: Crate, toolchain: Toolchain) -> None:
    """Raise :class:`StaticlinkError` when a member of ``crate`` wants a newer compiler than ``toolchain``."""
    faults = [
        Fault(
            "rustc-too-old",
            f"rustc is too old for the crate: {member.name}",
            (f"rust-version = {member.rust_version}", f"the compiler is {toolchain.summary}"),
            "a newer compiler: rustup update, or toolchain=",
        )
        for member in crate.members
        if _numbers(member.rust_version) > _numbers(toolchain.release)
    ]
    if faults:
        raise StaticlinkError(*faults)


def _not_a_library(member: Member) -> Fault:
    if _MACRO in member.kinds:
        what = f"crate is a procedural macro: {member.name}"
        return Fault("not-a-library", what, ("it runs inside the compiler",), "name a crate that uses it")
    evidence = tuple(f"binary {name}" for name in member.programs) or ("it has no library",)
    fix = "env.RustProgram links a crate with a main of its own" if member.programs else None
    return Fault("not-a-library", f"crate is not a library: {member.name}", evidence, fix)


def _numbers(version: str) -> tuple[int, ...]:
    """Return ``1.95.0-nightly`` as numbers; cargo leaves a pre-release's suffix out of this comparison too."""
    found = re.match(r"\d+(\.\d+)*", version)
    return tuple(map(int, found[0].split("."))) if found else ()
