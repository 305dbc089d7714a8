"""Which variables of the user's environment decide what cargo and build scripts compile?

They are dependencies of a crate, so they are looked at whenever an SConscript is read, and this module imports nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

#: What the user's environment may not decide, because the build does.
OURS = (
    "CARGO_TARGET_DIR",
    "CARGO_BUILD_TARGET",
    "CARGO_BUILD_TARGET_DIR",
    "CARGO_BUILD_BUILD_DIR",
    "RUSTC",
    "CARGO_BUILD_RUSTC",
    "CARGO_BUILD_JOBS",
)
_DECIDING = ("RUSTFLAGS", "RUSTC_BOOTSTRAP")
#: What of cargo's own variables changes how it speaks, waits, downloads or finds its files, but not what it compiles.
_ASIDE = (
    "CARGO_HOME", "CARGO_LOG", "CARGO_MAKEFLAGS", "CARGO_TERM_", "CARGO_NET_", "CARGO_HTTP_", "CARGO_REGISTRY_",
    "CARGO_REGISTRIES_", "CARGO_CACHE_", "CARGO_ALIAS_", "CARGO_FUTURE_INCOMPAT_REPORT_", "CARGO_NEW_",
    "CARGO_BUILD_RUSTC_WRAPPER", "CARGO_BUILD_RUSTC_WORKSPACE_WRAPPER", "CARGO_BUILD_WARNINGS",
)  # fmt: skip
#: The variables that cc joins, whichever of their spellings hold something.
FLAG_VARIABLES = ("CFLAGS", "CXXFLAGS")


def deciding_environment(environ: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Return the variables of the user's environment that decide what cargo compiles, sorted."""
    return tuple(
        (name, value)
        for name, value in sorted(environ.items())
        if name in _DECIDING or (name.startswith("CARGO_") and not name.startswith((*_ASIDE, *OURS)))
    )


def deciding_flags(environ: Mapping[str, str], rust_triple: str) -> tuple[tuple[str, str], ...]:
    """Return the variables of the user's environment that decide what build scripts compile, sorted."""
    underscored = rust_triple.replace("-", "_")
    names = {
        spelling
        for variable in (*FLAG_VARIABLES, "CRATE_CC_NO_DEFAULTS")
        for spelling in (variable, f"TARGET_{variable}", f"{variable}_{rust_triple}", f"{variable}_{underscored}")
    }
    return tuple((name, environ[name]) for name in sorted(names & environ.keys()))
