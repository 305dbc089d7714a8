"""Which function is meant by a name with one of glibc's versions, ``memcpy@GLIBC_2.2.5``?

A shared glibc has several functions under some names and keeps the older ones for programs that were linked long ago.
Most functions have one version only, or the same code under all: for these the version says nothing, and the function
of that name is meant. ``policy/libc_versions/MACHINE.toml`` lists the names whose function is another one than the
present one; what an ``alias`` row of ``policy/shims.toml`` does not equate with something else is refused.

No archive defines such a name, so GNU ld, gold, lld and mold all call it undefined, glibc's own libc.a at hand or not;
and all of them accept an object that defines it to the letter (``shim_sources/versions.c``).

Not modelled: machines for which nothing was measured, where no name is understood; versions of other libraries;
variables.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import toml

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from collections.abc import Set as AbstractSet

_POLICY = Path(__file__).parent.parent / "policy"
TABLES = _POLICY / "libc_versions"
MARK = "@GLIBC_"
#: These names go into a C file, so nothing else may be in them.
_NAME = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)@GLIBC_[0-9]+(?:\.[0-9]+)*")


@dataclass(frozen=True, slots=True)
class Versions:
    """``others`` are names whose function is not the present one of that name; ``equal`` maps some to what is."""

    others: AbstractSet[str]
    equal: Mapping[str, str]

    def meant(self, name: str) -> str | None:
        """Return the function that ``name``, which has a version, means; ``None`` when it is one that is gone."""
        found = _NAME.fullmatch(name)
        if found is None:
            return None
        return self.equal.get(name) or (found[1] if name not in self.others else None)


def load_versions(machine: str) -> Versions | None:
    """Return what is known of glibc's versions on ``machine``; ``None`` when nothing is."""
    path = TABLES / f"{machine}.toml"
    if not path.is_file():
        return None
    rows = toml.loads((_POLICY / "shims.toml").read_text(encoding="utf-8"))["alias"]
    others = toml.loads(path.read_text(encoding="utf-8"))["others"].split()
    return Versions(frozenset(others), {row["name"]: row["as"] for row in rows})


def choose_aliases(names: Iterable[str], machine: str, is_function: Callable[[str], bool]) -> dict[str, str]:
    """Return, for those of ``names`` that have a version and are understood, the function that each means, sorted.

    ``is_function`` says whether the link has, or can have, a function of a name.
    """
    versioned = sorted(name for name in names if MARK in name)
    versions = load_versions(machine) if versioned else None
    if versions is None:
        return {}
    meant = {name: versions.meant(name) for name in versioned}
    return {name: function for name, function in meant.items() if function is not None and is_function(function)}


def explain_versions(undefined: Iterable[str], machine: str) -> dict[str, str]:
    """Return, for those of the ``undefined`` names that mean a function which glibc keeps for old programs, why not."""
    versioned = [name for name in undefined if MARK in name]
    versions = load_versions(machine) if versioned else None
    if versions is None:
        return {}
    why = "glibc keeps an older function under this version, which is not the one that the name has today"
    return {name: why for name in versioned if name in versions.others and name not in versions.equal}


def alias_words(symbols: Iterable[str], functions: Iterable[str]) -> list[str]:
    """Return the compiler's option that has ``versions.c`` define each of ``symbols`` as the function beside it."""
    pairs = list(zip(symbols, functions, strict=True))
    text = " ".join(f'ALIAS({number},{function},"{name}")' for number, (name, function) in enumerate(pairs))
    return [f"-DALIASES={text}"] if pairs else []
