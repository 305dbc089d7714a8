"""Which extension modules are built into the executable?

A static executable cannot load an extension module, so every one it needs must be linked and listed. libpython lists
what it was built with in a table, ``_PyImport_Inittab``: the member that defines it refers to one ``PyInit_NAME`` for
each. Any other archive of the link may define more of them (an extension module compiled into an archive), which
nothing would refer to: those get a table of their own, and with it they are extracted. Both lists are read from the
archives themselves.

A distribution's libpython leaves some modules to shared objects. One of them, ``_contextvars``, offers nothing that is
not in libpython, and much of the standard library needs it: ``contextvars.c`` takes its place.

Not modelled: modules inside packages, whose ``PyInit_NAME`` does not say which package they belong to.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from staticlink.elf.ar import read_archive
from staticlink.elf.mapping import map_file
from staticlink.elf.symbols import is_object, read_symbols
from staticlink.errors import fail

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

_PREFIX = "PyInit_"
_TABLE = "_PyImport_Inittab"
_REPLACED = "_contextvars"


@dataclass(frozen=True, slots=True)
class Inittab:
    """Names of extension modules, sorted: in libpython's own table, and to be added to it."""

    built_in: tuple[str, ...]
    added: tuple[str, ...]


def read_inittab(archives: Sequence[Path], machine: str) -> Inittab:
    """Return which modules the objects in ``archives`` build in; ``machine`` is the one they must be for.

    Raises :class:`StaticlinkError` when none of them is a libpython, or one cannot be read.
    """
    return plan_inittab(names for path in archives for names in _members(path, machine))


def _members(path: Path, machine: str) -> Iterator[tuple[Iterable[str], Iterable[str]]]:
    """Yield the defined and undefined names of each object in an archive."""
    data = map_file(path)
    table = read_archive(data, str(path))
    for member in table.members:
        display = f"{path.name}({member.name})"
        if table.thin:
            symbols = read_symbols(map_file(path.parent / member.name), display, machine)
        elif is_object(data, member.start, member.size):
            symbols = read_symbols(data, display, machine, member.start, member.size)
        else:
            continue
        yield symbols.strong, symbols.undefined


def plan_inittab(members: Iterable[tuple[Iterable[str], Iterable[str]]]) -> Inittab:
    """Return which modules are built in and which are to be added, from each member's defined and undefined names.

    Raises :class:`StaticlinkError` when no member defines CPython's table.
    """
    listed: set[str] | None = None
    defined: set[str] = set()
    for defines, refers in members:
        names = set(defines)
        if _TABLE in names and listed is None:
            listed = _modules(refers) | _modules(names)
        defined |= _modules(names)
    if listed is None:
        raise fail("no-libpython", "no archive is a libpython", evidence=(f"none defines {_TABLE}",))
    return Inittab(tuple(sorted(listed)), tuple(sorted(defined - listed)))


def _modules(symbols: Iterable[str]) -> set[str]:
    # A compiler's PyInit_x.cold is a part of a function, not a module.
    found = (name.removeprefix(_PREFIX) for name in symbols if name.startswith(_PREFIX))
    return {name for name in found if name.isidentifier()}


def format_inittab(plan: Inittab) -> str:
    """Return C source of the table that adds ``plan.added``, and what is replaced, to CPython's own."""
    replaced = _REPLACED not in {*plan.built_in, *plan.added}
    lines = ["#include <Python.h>", ""]
    if replaced:
        lines += ['#include "contextvars.c"', ""]
    lines += [f"extern PyObject *{_PREFIX}{name}(void);" for name in plan.added]
    lines += ["", "struct _inittab staticlink_extra_inittab[] = {"]
    lines += [f'    {{"{name}", {_PREFIX}{name}}},' for name in plan.added]
    if replaced:
        lines.append(f'    {{"{_REPLACED}", staticlink_init_contextvars}},')
    lines += ["    {0, 0},", "};"]
    return "\n".join(lines) + "\n"
