"""Who provides ``_Unwind_*``, and on what evidence?

A panic or exception works only when exactly one unwinder is in the link, and only when that unwinder's own needs
are met: GCC's libgcc_eh asks the libc for ``_dl_find_object``, which musl does not have. So a candidate is judged
by its undefined symbols against what the other inputs define. Preference among those that work is policy:
``policy/unwinders.toml``.

The choice is made before the order is known, from one question: which ``_Unwind_*`` names are missing once
everything but an unwinder is resolved?
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import toml

from staticlink.errors import fail
from staticlink.model import Choice

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

_POLICY = Path(__file__).parent.parent / "policy" / "unwinders.toml"
#: Raising an exception starts here in every unwinder that follows the Itanium C++ ABI.
RAISE = "_Unwind_RaiseException"
_FAMILY = ("_Unwind_", "__gcc_personality_v0", "__register_frame", "__deregister_frame")


@dataclass(frozen=True, slots=True)
class Unwinder:
    """An unwinder: its name (``none``, ``input``, ``libgcc_eh``, ``libunwind``) and the archives it adds."""

    name: str
    archives: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class Needs:
    """What one link asks of an unwinder: the undefined names, who refers to each, and who already raises exceptions."""

    wanted: Mapping[str, Sequence[str]]
    provided_by: str | None


def unwinding_names(undefined: Mapping[str, Sequence[str]]) -> dict[str, Sequence[str]]:
    """Return those of ``undefined`` (symbol to referrers) that only an unwinder defines."""
    return {name: undefined[name] for name in sorted(undefined) if name.startswith(_FAMILY)}


def choose_unwinder(
    wanted: str,
    libc: str,
    needs: Needs,
    candidates: Mapping[str, Path],
    lacks: Callable[[Path], Collection[str]],
    shimmed: Callable[[], Collection[str]] = frozenset,
) -> Choice[Unwinder]:
    """Return the unwinder for a link against ``libc``.

    ``candidates`` maps names to archives. ``lacks`` returns the symbols an archive needs for raising exceptions that
    nothing in the link defines: an unwinder that lacks any cannot work here, unless shims define them; ``shimmed`` is
    asked for what they define when no other unwinder will do. Raises :class:`StaticlinkError` when the one asked for,
    or every one, cannot.
    """
    if needs.provided_by is not None:
        return Choice(Unwinder("input", _personality(candidates)), f"{needs.provided_by} already provides it")
    if not needs.wanted:
        return Choice(Unwinder("none", ()), "nothing unwinds")
    policy = toml.loads(_POLICY.read_text(encoding="utf-8"))[libc]
    missing = {name: sorted(lacks(candidates[name])) for name in policy["order"] if name in candidates}
    rejected = [f"{name} needs {', '.join(symbols[:3])}" for name, symbols in missing.items() if symbols]
    names = policy["order"] if wanted == "auto" else [wanted]
    able = [name for name in names if name in missing]
    chosen = next((name for name in able if not missing[name]), None)
    if chosen is None:
        defined = frozenset(shimmed())
        chosen = next((name for name in able if defined.issuperset(missing[name])), None)
    if chosen is None:
        raise _none_works(wanted, libc, names, candidates, rejected)
    reason = f"unwinder={wanted}" if wanted != "auto" else "; ".join(rejected) or policy["why"]
    if missing[chosen]:
        reason = f"{reason}; a shim defines {', '.join(missing[chosen])}"
    referrers = tuple(f"{symbol} wanted by {who[0]}" for symbol, who in needs.wanted.items() if who)
    return Choice(Unwinder(chosen, _archives(chosen, candidates)), reason, referrers)


def _archives(name: str, candidates: Mapping[str, Path]) -> tuple[Path, ...]:
    """Return the unwinder's archive, and after it the compiler's: ``__gcc_personality_v0`` lives nowhere else."""
    return tuple(dict.fromkeys((candidates[name], *_personality(candidates))))


def _personality(candidates: Mapping[str, Path]) -> tuple[Path, ...]:
    return (candidates["libgcc_eh"],) if "libgcc_eh" in candidates else ()


def _none_works(
    wanted: str, libc: str, names: Sequence[str], candidates: Mapping[str, Path], rejected: Sequence[str]
) -> Exception:
    absent = tuple(f"{name} is not among the inputs" for name in names if name not in candidates)
    what = f"no unwinder works with {libc}" if wanted == "auto" else f"{wanted} cannot work with {libc}"
    fix = None if wanted == "auto" else "unwinder=auto"
    return fail(
        "no-unwinder", what, evidence=(*(f"{line}, which nothing defines" for line in rejected), *absent), fix=fix
    )
