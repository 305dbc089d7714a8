"""Which findings stop a link before it is linked, and how are they told?

The rules are in ``audits/``; here they are asked of one planned link. A link is audited before the linker runs and
stops there when a finding's level is ``error``. What is missing is left to the linker to judge: it passes over a symbol
that no relocation uses, or that only discarded sections use. When it stops, the resolution explains it better than the
linker does.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from staticlink.errors import Fault, StaticlinkError, fail
from staticlink.link.audits.allocators import find_libc_allocators
from staticlink.link.audits.constructors import extractable_archives, find_constructor_only
from staticlink.link.audits.definitions import (
    find_discarded,
    find_duplicates,
    find_rival_allocators,
    find_split_families,
    find_weak_winners,
)
from staticlink.link.audits.divergence import find_divergence
from staticlink.link.audits.features import find_dropped_features
from staticlink.link.audits.foreign_libc import find_foreign_interfaces
from staticlink.link.audits.missing import explain_missing
from staticlink.link.audits.musl_releases import find_other_releases
from staticlink.link.audits.nested_archives import find_nested_archives
from staticlink.link.audits.rivals import find_rivals
from staticlink.link.audits.run_time import find_archive_needs, tell_needs
from staticlink.link.audits.rust_runtimes import find_rust_clashes, read_runtimes
from staticlink.link.audits.thread_locals import find_tls_mismatches
from staticlink.link.audits.weak_references import find_weak_references
from staticlink.link.finding import LEVELS
from staticlink.link.inputs import Archive, ObjectFile, flatten
from staticlink.link.reading import read_input
from staticlink.link.shim_versions import explain_versions
from staticlink.link.shims import explain_refusals, load_shims
from staticlink.report.text import referrer_lines

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from staticlink.link.audits.foreign_libc import Judged
    from staticlink.link.audits.run_time import Needs
    from staticlink.link.finding import Finding, Policy
    from staticlink.link.order import LinkOrder
    from staticlink.link.resolution import Resolution

#: At most this many symbols are reported; a link that misses one library misses hundreds.
_SHOWN_SYMBOLS = 10
_ASKED = "asked for by --require-defined"


def audit_link(
    order: LinkOrder,
    policy: Policy,
    judged: Judged | None = None,
    needs: Needs | None = None,
    *,
    hardened: bool = False,
) -> tuple[Finding, ...]:
    """Return what an author would want to know of the link that ``order`` plans, worst first.

    ``judged`` says what its objects were compiled against, and ``needs`` what its libc leaves to the machine where the
    program runs, where its libc is known; of a ``hardened`` link it is asked which protections its objects lack.
    Findings of one level are in a fixed order. Nothing else is read but the members that an index names for a symbol in
    question.
    """
    resolution = order.resolution
    divergence = tuple(find_divergence(resolution, policy))
    told = frozenset(one.subject for one in divergence)
    found = [
        *(() if resolution.options.allow_duplicates else find_duplicates(resolution, policy)),
        *(policy.finding("required-symbol", (_ASKED,), name) for name in resolution.missing_required),
        *(find_foreign_interfaces(judged, policy) if judged is not None else ()),
        *(find_other_releases(judged, policy) if judged is not None else ()),
        *find_split_families(resolution, policy),
        *find_libc_allocators(resolution, policy),
        *find_rival_allocators(resolution, policy),
        *find_rust_clashes(read_runtimes(resolution.used_archives), policy),
        *(one for one in find_weak_winners(order, policy) if one.subject not in told),
        *divergence,
        *find_tls_mismatches(resolution, policy),
        *find_nested_archives(resolution.used_archives, policy),
        *find_discarded(resolution, policy),
        *find_constructor_only(extractable_archives(order), policy),
        *find_weak_references(order, policy),
        *(find_dropped_features(resolution, policy) if hardened else ()),
        *(tell_needs(needs, policy) if needs is not None else ()),
    ]
    return _worst_first(found)


def audit_archives(paths: Sequence[Path], policy: Policy, *, machine: str = "x86_64") -> tuple[Finding, ...]:
    """Return what the archives at ``paths``, in this order, would bring into a link of them all, worst first.

    Raises :class:`StaticlinkError` when one cannot be read or is no archive for ``machine``.
    """
    return audit_members(read_archives(paths, machine), policy)


def read_archives(paths: Sequence[Path], machine: str) -> tuple[Archive, ...]:
    """Return the archives at ``paths``, each once. Raises what :func:`audit_archives` raises."""
    items = [read_input(path, machine=machine, directories=(path.parent,)) for path in paths]
    for item in items:
        if isinstance(item, ObjectFile):
            raise fail("not-an-archive", f"not an archive: {item.display}", evidence=("it is an object",))
    return tuple(dict.fromkeys(one for one in flatten(items) if isinstance(one, Archive)))


def audit_members(archives: Sequence[Archive], policy: Policy, judged: Judged | None = None) -> tuple[Finding, ...]:
    """Return what ``archives`` would bring into a link of them all; ``judged`` are their members, for a libc."""
    found = [
        *(find_foreign_interfaces(judged, policy) if judged is not None else ()),
        *(find_other_releases(judged, policy) if judged is not None else ()),
        *find_rust_clashes(read_runtimes(archives), policy),
        *find_rivals(archives, policy),
        *find_constructor_only(archives, policy),
        *find_nested_archives(archives, policy),
        *(tell_needs(find_archive_needs(archives, judged), policy) if judged is not None else ()),
    ]
    return _worst_first(found)


def _worst_first(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    return tuple(sorted(findings, key=lambda one: LEVELS.index(one.level)))


def explain_undefined(
    resolution: Resolution, left_out: Sequence[Archive], see: str, judged: Judged, other_libc: Path | None = None
) -> tuple[Fault, ...]:
    """Return what ``resolution`` misses, as the explanation of a link that failed.

    ``left_out`` are archives that gave no member: where one of them defines a missing symbol, the fault says so.
    ``judged`` are the objects of the link, ``other_libc`` is the compiler's own libc.a when it is for another libc.
    """
    refused: dict[str, str] = {}
    if other_libc and resolution.undefined:
        refused |= explain_refusals(resolution.undefined, load_shims())
        refused |= explain_versions(resolution.undefined, resolution.loaded[0].machine)
    undefined = list(_undefined(resolution, left_out, refused, judged.rebuild))
    causes = explain_missing(resolution, resolution.undefined.keys(), other_libc, judged) if undefined else ()
    return _shown([*causes, *undefined], see)


def reject_findings(findings: Sequence[Finding], output: Path, see: str) -> None:
    """Raise :class:`StaticlinkError` for every finding whose level is ``error``."""
    faults = [finding.fault(output) for finding in findings if finding.level == "error"]
    if faults:
        raise StaticlinkError(*_shown(faults, see))


def _shown(faults: Sequence[Fault], see: str) -> tuple[Fault, ...]:
    """Return the first of ``faults`` and a count of the rest; the last one says where to look."""
    more = len(faults) - _SHOWN_SYMBOLS
    shown = [*faults[:_SHOWN_SYMBOLS], *([Fault("more-faults", f"and {more} more")] if more > 0 else [])]
    return (*shown[:-1], replace(shown[-1], see=see)) if shown else ()


def _undefined(
    resolution: Resolution,
    left_out: Sequence[Archive],
    refused: Mapping[str, str],
    rebuild: Callable[[str], str | None],
) -> Iterator[Fault]:
    for symbol, referrers in resolution.undefined.items():
        owners = [f"defined in {archive.display}, left out" for archive in left_out if symbol in archive.promises]
        if symbol in refused:
            evidence = (*referrer_lines(referrers), *owners, refused[symbol])
            fix = next(filter(None, map(rebuild, _asking(resolution, symbol))), None)
            yield Fault("refused-shim", f"no shim can stand in for: {symbol}", evidence, fix)
        else:
            yield Fault("undefined-symbol", f"undefined symbol: {symbol}", (*referrer_lines(referrers), *owners))


def _asking(resolution: Resolution, symbol: str) -> list[str]:
    """Return the file names of the archives with members that refer to ``symbol``, each once."""
    members = (one for one in resolution.loaded if one.archive is not None and symbol in resolution.references(one))
    return list(dict.fromkeys(one.archive.display for one in members if one.archive is not None))
