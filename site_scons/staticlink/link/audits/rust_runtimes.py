"""Does a link hold one Rust runtime: one standard library, one panic strategy, one allocator?

Every Rust staticlib brings all three, under symbols whose mangled names are the same for the same compiler. So the
first archive's win and the others' stay behind, without a word, as long as nothing else in those members is needed.
What a runtime is like is read from the members that define its entry points:

- ``__rust_start_panic`` refers to ``_Unwind_RaiseException`` under panic=unwind and not under panic=abort;
- ``__rust_alloc`` refers to ``__rdl_alloc``, std's default, unless the crate has a ``#[global_allocator]``;
- the member with ``rust_eh_personality`` is std's own; equal symbols mean the same build of it.

Names are compared by their end: Rust 1.95 mangles them (``_RNvCs…_7___rustc12___rust_alloc``), older ones do not.
Not modelled: ``no_std`` staticlibs, and crates linked with fat LTO, which keep these names to themselves.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from staticlink.elf.rust_metadata import STD
from staticlink.link.audits.definitions import promised_members

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from staticlink.link.finding import Finding, Policy
    from staticlink.link.inputs import Archive, ObjectFile

_START_PANIC, _ALLOC, _DEFAULT_ALLOC = "__rust_start_panic", "__rust_alloc", "__rdl_alloc"
_RAISE = "_Unwind_RaiseException"


@dataclass(frozen=True, slots=True)
class RustRuntime:
    """What one archive brings: the member of its std, its panic strategy, and its allocator, with their members."""

    archive: Archive
    std: ObjectFile
    panic: str
    panic_member: str
    allocator: str
    allocator_member: str


def read_runtimes(archives: Sequence[Archive]) -> tuple[RustRuntime, ...]:
    """Return the Rust runtimes among ``archives``; nothing is read when at most one archive is Rust's."""
    rust = [archive for archive in archives if STD in archive.promises]
    return tuple(_read(archive) for archive in rust) if len(rust) > 1 else ()


def _read(archive: Archive) -> RustRuntime:
    std = next(promised_members(archive, STD))
    panic, alloc = _entry(archive, _START_PANIC), _entry(archive, _ALLOC)
    unwinds = panic is not None and _RAISE in panic.symbols.undefined
    default = alloc is not None and any(name.endswith(_DEFAULT_ALLOC) for name in alloc.symbols.undefined)
    return RustRuntime(
        archive,
        std,
        "unknown" if panic is None else "unwind" if unwinds else "abort",
        panic.display if panic else "",
        "unknown" if alloc is None else "default" if default else "global",
        alloc.display if alloc else "",
    )


def _entry(archive: Archive, suffix: str) -> ObjectFile | None:
    name = next((name for name in archive.promises if name.endswith(suffix)), None)
    return next(promised_members(archive, name), None) if name else None


def find_rust_clashes(runtimes: Sequence[RustRuntime], policy: Policy) -> Iterator[Finding]:
    """Yield what several Rust staticlibs in one link disagree about."""
    if len(runtimes) < 2:  # noqa: PLR2004
        return
    names = " and ".join(one.archive.display for one in runtimes)
    same = all(one.std.symbols == runtimes[0].std.symbols for one in runtimes)
    yield policy.finding(
        "repeated-rust-std" if same else "two-rust-stds", (f"std in {one.std.display}" for one in runtimes), names
    )
    if len({one.panic for one in runtimes} - {"unknown"}) > 1:
        evidence = (f"panic={one.panic} in {one.panic_member}" for one in runtimes if one.panic != "unknown")
        yield policy.finding("mixed-panic-strategies", evidence, names)
    if any(one.allocator == "global" for one in runtimes):
        kinds = {"global": "#[global_allocator]", "default": "the default allocator"}
        evidence = (
            f"{kinds[one.allocator]} in {one.allocator_member}" for one in runtimes if one.allocator != "unknown"
        )
        yield policy.finding("two-rust-allocators", evidence, names)
