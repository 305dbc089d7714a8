"""How do several crates, compiled apart, join one program with one std and one allocator?

As static libraries each would bring its own. So rustc is asked to link them itself: a generated crate that names them
all and has no ``main`` is compiled as a program, with :mod:`staticlink.rust.recorder` as its linker. What rustc would
then link is what the program needs: the object that keeps ``#[no_mangle]``, ``#[used]`` and ``#[export_name]`` symbols
of all crates, the allocator's entry points once, every rlib once and in order, std's among them. Under LTO it is one
object. The user's C, or whatever has ``main``, is linked with that.

rustc refuses two global allocators and panic strategies that do not go together. So do we, before, with the names of
the packages; and we refuse one symbol exported by two crates, of which a linker would take the first without a word.

Not modelled: crates of two compilers, which rustc refuses as well; the caller tells them apart.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from staticlink.elf.ar import read_archive
from staticlink.elf.mapping import map_file
from staticlink.elf.symbols import read_symbols
from staticlink.errors import Fault, StaticlinkError, fail
from staticlink.rust.driver import write_linker
from staticlink.rust.record import read_record
from staticlink.rust.rustc import target_arguments

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from staticlink.rust.outputs import Compile
    from staticlink.rust.record import Record
    from staticlink.rust.rlibs import Rlib, Rlibs

_NAME = "umbrella"
_ELF = b"\x7fELF"
_TIMEOUT = 1800  # seconds; fat LTO of a large program takes minutes
#: How rustc mangles: names that cannot be the same in two crates.
_MANGLED = re.compile(r"^(_R|_ZN.*17h[0-9a-f]{16}E$)")
#: The end of what ``#[global_allocator]`` (by version of rustc) and ``#[panic_handler]`` define, mangled or not.
_ALLOCATOR = ("__rust_alloc", "__rg_alloc")
_PANIC_HANDLER = "rust_begin_unwind"
#: What tables of core refer to and std defines. Without std nothing unwinds, and it is never called.
_PERSONALITY = "rust_eh_personality"
_NO_PERSONALITY = f"""\
extern "C" {{ fn abort() -> !; }}
#[no_mangle]
extern "C" fn {_PERSONALITY}() {{ unsafe {{ abort() }} }}
"""


def link_crates(compiled: Sequence[Rlibs], rustflags: Sequence[str], compile_: Compile, place: Path) -> Record:
    """Have rustc link ``compiled`` in the directory ``place``, and return what it would have linked.

    Raises :class:`StaticlinkError` when the crates cannot share a program.
    """
    crates = sorted({rlib.path: rlib for one in compiled for rlib in one.crates}.values(), key=lambda one: one.package)
    symbols = {rlib: tuple(_exported(Path(rlib.path))) for rlib in crates}
    _check_panic(crates)
    _check_symbols(crates, symbols, compile_.target.arch)
    place.mkdir(parents=True, exist_ok=True)
    source = _source(crates, {name for names in symbols.values() for name in names})
    (place / f"{_NAME}.rs").write_text("\n".join(source) + "\n", encoding="utf-8")
    directories = dict.fromkeys(str(Path(path).parent.absolute()) for one in compiled for path in one.digests)
    command = [
        str(compile_.toolchain.rustc), f"--crate-name={_NAME}", "--crate-type=bin", "--edition=2021", f"{_NAME}.rs",
        f"--target={compile_.std.value.rust_triple}", "-o", _NAME, "--cap-lints=allow", "--color=never",
        *target_arguments(static=compile_.target.static, sysroot=compile_.std.value.sysroot, remap=()),
        *("-C", f"linker={write_linker(compile_.into).absolute()}", "-C", "linker-flavor=gcc"),
        *("-C", "link-self-contained=no", "-C", "opt-level=3", "-C", f"panic={crates[0].panic}", *_lto(crates)),
        *(word for number, rlib in enumerate(crates)
          for word in ("--extern", f"crate_{number}={Path(rlib.path).absolute()}")),
        *(word for directory in directories for word in ("-L", f"dependency={directory}")),
        *(word for one in compiled for directory in one.directories for word in ("-L", directory)),
        *rustflags,
    ]  # fmt: skip
    _run(command, place, compile_, crates)
    return read_record(place / _NAME)


def _source(crates: Sequence[Rlib], exported: Collection[str]) -> list[str]:
    """Return the lines of the generated crate; it is without std when one of ``crates`` is and says how to panic."""
    lines = ["#![no_main]"]
    if any(name.endswith(_PANIC_HANDLER) for name in exported):
        lines += ["#![no_std]", *([_NO_PERSONALITY] if _PERSONALITY not in exported else [])]
    return [*lines, *(f"extern crate crate_{number} as _; // {rlib.package}" for number, rlib in enumerate(crates))]


def _run(command: Sequence[str], place: Path, compile_: Compile, crates: Sequence[Rlib]) -> None:
    done = subprocess.run(
        command, cwd=place, env=dict(compile_.run.environ), stdin=subprocess.DEVNULL, capture_output=True, text=True,
        errors="replace", check=False, timeout=_TIMEOUT, pass_fds=compile_.run.pass_fds,
    )  # fmt: skip
    if done.returncode != 0:
        names = ", ".join(rlib.package for rlib in crates)
        evidence = [line.rstrip() for line in done.stderr.strip().splitlines()]
        raise fail("crates-do-not-join", f"crates cannot share a program: {names}", evidence=evidence)


def _lto(crates: Sequence[Rlib]) -> tuple[str, ...]:
    """Return the LTO of the whole: that of any crate which asks for it, since all keep their bitcode."""
    kinds = {rlib.lto for rlib in crates if rlib.lto}
    return ("-C", f"lto={min(kinds)}") if kinds else ()


def _check_panic(crates: Sequence[Rlib]) -> None:
    if len({rlib.panic for rlib in crates}) > 1:
        evidence = [f"panic={rlib.panic} in {rlib.package}" for rlib in crates]
        names = ", ".join(rlib.package for rlib in crates)
        what = f"crates of two panic strategies in one program: {names}"
        raise fail("mixed-panic-strategies", what, evidence=evidence, fix="the same panic= in the profiles of all")


def _check_symbols(crates: Sequence[Rlib], symbols: Mapping[Rlib, Sequence[str]], machine: str) -> None:
    allocators = [rlib.package for rlib in crates if any(name.endswith(_ALLOCATOR) for name in symbols[rlib])]
    if len(allocators) > 1:
        evidence = [f"#[global_allocator] in {package}" for package in allocators]
        what = f"crates with two global allocators in one program: {', '.join(allocators)}"
        raise fail("two-rust-allocators", what, evidence=evidence)
    owners: dict[str, list[Rlib]] = {}
    for rlib in crates:
        for name in dict.fromkeys(symbols[rlib]):
            if not _MANGLED.match(name):
                owners.setdefault(name, []).append(rlib)
    clashes = {name: rlibs for name, rlibs in owners.items() if len(rlibs) > 1}
    faults = [
        Fault("duplicate-export", f"symbol exported by two crates: {name}", tuple(f"defined in {one}" for one in where))
        for name, rlibs in sorted(clashes.items())
        if len(where := [rlib.package for rlib in rlibs if _is_strong(Path(rlib.path), name, machine)]) > 1
    ]
    if faults:
        raise StaticlinkError(*faults)


def _exported(path: Path) -> tuple[str, ...]:
    """Return the symbols in an rlib's index: its global definitions."""
    index = read_archive(map_file(path), path.name).index
    return index[0] if index is not None else ()


def _is_strong(path: Path, name: str, machine: str) -> bool:
    """Say whether the definition of ``name`` in an rlib would clash with others; that of bitcode would."""
    data = map_file(path)
    table = read_archive(data, path.name)
    assert table.index is not None  # noqa: S101  (the name comes from it)
    offsets = {offset for known, offset in zip(*table.index, strict=True) if known == name}
    members = [member for member in table.members if member.offset in offsets]
    return any(
        data[member.start : member.start + 4] != _ELF
        or name in read_symbols(data, path.name, machine, member.start, member.size).strong
        for member in members
    )
