"""Which small C files must join the link, and what do they change?

An archive compiled for glibc asks for names that musl does not have. A shim is one C file of ours that defines some of
them over what musl does have. ``policy/shims.toml`` lists them with their symbols and why each is right; a shim is
*sound* when a caller cannot tell it from glibc's function, and *changes-behaviour* when it can. A row that is *refused*
has no file: nothing can stand in, and the row says why. Only shims that this link needs are compiled
(``shim_objects.py``).

The start-up bridge is a shim for a weak symbol that libc.a does define: it joins when asked for, not by a symbol. So
does what a hardened program does at its start.

A reference to one version of a function (``fopen@GLIBC_2.2.5``) is understood by ``shim_versions.py``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import toml

from staticlink.errors import Fault, StaticlinkError, fail
from staticlink.link.shim_versions import MARK

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

_POLICY = Path(__file__).parent.parent / "policy" / "shims.toml"
_SOURCES = Path(__file__).parent.parent / "shim_sources"
REFUSED = "refused"
_CLASSES = ("sound", "changes-behaviour", REFUSED)
_TRAITS = ("bridge", "fast", "hardened", "replaces", "versions")
_OPTIONAL = (*_TRAITS, "source")
_KEYS = {"name": str, "source": str, "class": str, "symbols": list, "why": str, **dict.fromkeys(_TRAITS, bool)}


@dataclass(frozen=True, slots=True)
class Shim:
    """One C file that defines ``symbols``; ``kind`` is ``sound``, ``changes-behaviour`` or ``refused``.

    One that was chosen for a link has only the symbols that the link needs. A refused one has no ``source``. One that
    ``replaces`` stands in for functions that musl has, and that do something else there; one that is ``hardened``
    stands in for nothing and joins hardened links, and ``fast`` ones stand in for the libc's own where those are to be
    faster; one that is for ``versions`` defines each of its symbols as the
    one of ``functions`` beside it.
    """

    name: str
    source: Path | None
    symbols: tuple[str, ...]
    kind: str
    why: str
    bridge: bool = False
    replaces: bool = False
    hardened: bool = False
    fast: bool = False
    versions: bool = False
    functions: tuple[str, ...] = ()


@cache
def load_shims(policy: Path = _POLICY, sources: Path = _SOURCES) -> tuple[Shim, ...]:
    """Return the shims of ``policy``, in its order, read once in a process.

    Raises :class:`StaticlinkError` with all faults of the file.
    """
    try:
        rows = toml.loads(policy.read_text(encoding="utf-8")).get("shim", [])
    except toml.TomlDecodeError as error:
        raise fail("bad-policy", f"policy file cannot be read: {policy.name}", evidence=(str(error),)) from None
    faults = [
        Fault("bad-policy", f"shim {row.get('name', number)}: {fault}")
        for number, row in enumerate(rows, 1)
        for fault in _faults(row, sources)
    ]
    names = [row.get("name") for row in rows]
    faults += [
        Fault("bad-policy", f"shim {name}: listed twice") for name in sorted({n for n in names if names.count(n) > 1})
    ]
    if faults:
        raise StaticlinkError(*faults)
    return tuple(_shim(row, sources) for row in rows)


def choose_shims(
    undefined: Collection[str],
    shims: Sequence[Shim],
    *,
    start_bridge: bool = False,
    hardened: bool = False,
    fast: bool = False,
    aliases: Mapping[str, str] | None = None,
) -> tuple[Shim, ...]:
    """Return the shims that define one of the ``undefined`` symbols, and those for all links of a kind, when asked for.

    Each is narrowed to the symbols that are asked for. ``aliases`` maps names with versions to what they mean.
    """
    wanted, named = frozenset(undefined), aliases or {}

    def narrowed(shim: Shim) -> Shim:
        if shim.bridge or shim.hardened or shim.fast:
            return shim
        if shim.versions:
            return replace(shim, symbols=tuple(named), functions=tuple(named.values()))
        return replace(shim, symbols=tuple(filter(wanted.__contains__, shim.symbols)))

    def joins(shim: Shim) -> bool:
        if shim.bridge or shim.hardened or shim.fast:
            return (start_bridge and shim.bridge) or (hardened and shim.hardened) or (fast and shim.fast)
        return bool(shim.symbols)

    usable = (shim for shim in shims if shim.kind != REFUSED)
    return tuple(filter(joins, map(narrowed, usable)))


def standing_in(shims: Sequence[Shim]) -> frozenset[str]:
    """Return the symbols that ``shims`` define where they are asked for in vain."""
    usable = (shim for shim in shims if shim.kind != REFUSED and not any(getattr(shim, trait) for trait in _TRAITS))
    return frozenset(symbol for shim in usable for symbol in shim.symbols)


def explain_refusals(undefined: Collection[str], shims: Sequence[Shim]) -> dict[str, str]:
    """Return, for each of the ``undefined`` symbols that nothing can stand in for, why that is so.

    No version of a function that is refused can be had either.
    """
    refused = {symbol: shim.why for shim in shims if shim.kind == REFUSED for symbol in shim.symbols}
    named = {symbol: symbol.partition(MARK)[0] for symbol in undefined}
    return {symbol: refused[name] for symbol, name in named.items() if name in refused}


def _shim(row: Mapping[str, Any], sources: Path) -> Shim:
    source = sources / row["source"] if "source" in row else None
    traits = {key: row.get(key, False) for key in _TRAITS}
    return Shim(row["name"], source, tuple(row["symbols"]), row["class"], row["why"], **traits)


def _faults(row: Mapping[str, object], sources: Path) -> list[str]:
    required = [key for key in _KEYS if key not in _OPTIONAL]
    faults = [f"{key} is missing" for key in required if key not in row]
    faults += [f"unknown key {key}" for key in sorted(row) if key not in _KEYS]
    faults += [
        f"{key} has the wrong type" for key, kind in _KEYS.items() if key in row and not isinstance(row[key], kind)
    ]
    if faults:
        return faults
    if row["class"] not in _CLASSES:
        faults.append(f"class is none of {', '.join(_CLASSES)}")
    if ("source" in row) == (row["class"] == REFUSED):
        faults.append("a refused one has no source" if "source" in row else "source is missing")
    elif "source" in row and not (sources / str(row["source"])).is_file():
        faults.append(f"no such source: {row['source']}")
    if not row["symbols"]:
        faults.append("symbols is empty")
    return faults
