"""What would the linker do with these arguments, and why? ``why-extract``, ``plan`` and ``why``.

Each reads the arguments as the linker named by ``--linker`` reads them and resolves the link by that linker's rules.
Nothing is linked.
"""

from __future__ import annotations

import platform
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING

from staticlink.cli.arguments import Lazy, read_arguments
from staticlink.cli.output import answer
from staticlink.cli.words import quote_word
from staticlink.errors import Fault, fail
from staticlink.libc.abi import load_interfaces
from staticlink.link.audit import audit_link
from staticlink.link.audits.foreign_libc import judge_among
from staticlink.link.audits.run_time import find_needs, need_lines
from staticlink.link.finding import load_policy
from staticlink.link.inputs import Archive, Group, ObjectFile, Whole, flatten
from staticlink.link.options import Assignment
from staticlink.link.order import order_inputs
from staticlink.link.resolve import resolve
from staticlink.link.why import ask_why, find_referrer
from staticlink.report.text import escape, referrer_lines
from staticlink.report.why import why_document, why_lines

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Sequence

    from staticlink.cli.arguments import Arguments
    from staticlink.link.inputs import Item
    from staticlink.link.order import LinkOrder
    from staticlink.link.resolution import Extraction, Resolution

HEADER = "reference\textracted\tsymbol"
#: How lld names the options that extract a member, where that is not the option itself.
_LLD_REFERENCES = dict.fromkeys(("-u", "--require-defined", "--defsym", "--wrap"), "<internal>")


def why_extract(options: argparse.Namespace) -> int:
    """List every member that the linker extracts, in its order, with the reference that asks for it."""
    arguments = read_arguments(options.arguments, options.linker)
    found = resolve(arguments.items, profile=arguments.profile, options=arguments.options)
    rows = tuple(extraction_rows(found, arguments))
    return answer(
        "why-extract",
        as_json=options.json,
        lines=(HEADER, *("\t".join(map(escape, row)) for row in rows)),
        fields={
            "linker": options.linker,
            "extractions": [dict(zip(("reference", "extracted", "symbol"), row, strict=True)) for row in rows],
        },
        findings=tuple(resolution_faults(found)),
    )


def extraction_rows(found: Resolution, arguments: Arguments) -> Iterator[tuple[str, str, str]]:
    """Yield reference, extracted member and symbol as the linker lists them.

    GNU ld lists the members of an archive under ``--whole-archive`` among the others; lld does not list them.
    """
    if found.profile == "lld":
        for one in found.extractions:
            yield _reference(one, found, arguments), _listed(one, found, arguments), one.listed
        return
    reasons = {id(one.extracted): one for one in found.extractions}
    for member in found.loaded:
        reason = reasons.pop(id(member), None)  # --whole-archive takes a member again that was extracted
        if reason is not None:
            yield _reference(reason, found, arguments), arguments.name_of(member), reason.listed
        elif member.archive is not None:
            yield "--whole-archive", arguments.name_of(member), ""


def _reference(one: Extraction, found: Resolution, arguments: Arguments) -> str:
    referrer = find_referrer(one, found)
    if referrer is not None:
        return arguments.name_of(referrer)
    return _LLD_REFERENCES.get(one.reference, one.reference) if found.profile == "lld" else one.reference


def _listed(one: Extraction, found: Resolution, arguments: Arguments) -> str:
    """Return the member that lld lists, which is the one that defines the symbol in the end."""
    if one.member == one.extracted.display:
        return arguments.name_of(one.extracted)
    return arguments.name_of(next(member for member in found.loaded if member.display == one.member))


def plan(options: argparse.Namespace) -> int:
    """Print the order staticlink would use, as a response file that every linker takes."""
    arguments = read_arguments(options.arguments, options.linker)
    _refuse_lazy(arguments.items)
    before, archives, closing = _sorted(arguments.items)
    order = order_inputs(before, archives, closing=closing, options=arguments.options)
    return answer(
        "plan",
        as_json=options.json,
        lines=tuple(_order_lines(order, arguments)),
        fields={
            "linker": options.linker,
            "objects": [arguments.name_of(one) for one in order.objects],
            "order": [_item_document(item, arguments) for item in order.items],
            "closing": [arguments.name_of(one) for one in order.closing],
            "unused": [_spelled(one, arguments) for one in order.unused],
            "kept": [asdict(one) for one in order.kept],
        },
        findings=(*missing_faults(order.resolution), *_kept(order)),
        audited=audit_link(order, load_policy(options.findings), needs=find_needs(order.resolution)),
    )


def _refuse_lazy(items: Sequence[Item]) -> None:
    if any(isinstance(one, Lazy) for one in flatten(items)):
        raise fail("bad-usage", "cannot plan a link with --start-lib", fix="ar rcs NAME.a OBJECT...")


def _sorted(items: Sequence[Item]) -> tuple[tuple[ObjectFile, ...], tuple[Item, ...], tuple[ObjectFile, ...]]:
    """Return the objects, the archives in the user's order, and the crt objects that must end the link."""
    objects = [one for one in flatten([item for item in items if not isinstance(item, Whole)]) if _is_object(one)]
    archives = [item for item in items if not isinstance(item, (ObjectFile, Assignment))]
    closing = [one for one in objects if one.path.name in ("crtend.o", "crtendS.o", "crtn.o")]
    before = [one for one in objects if one not in closing]
    return (
        tuple(one for one in before if isinstance(one, ObjectFile)),
        tuple(archives),
        tuple(one for one in closing if isinstance(one, ObjectFile)),
    )


def _is_object(one: ObjectFile | Archive) -> bool:
    return isinstance(one, ObjectFile)


def _order_lines(order: LinkOrder, arguments: Arguments) -> Iterator[str]:
    for one in order.objects:
        yield quote_word(arguments.name_of(one))
    for item in order.items:
        if isinstance(item, Archive):
            yield quote_word(_spelled(item, arguments))
            continue
        begin, end = ("--start-group", "--end-group") if isinstance(item, Group) else _WHOLE
        yield begin
        for archive in flatten([item]):
            yield f"  {quote_word(_spelled(archive, arguments))}"
        yield end
    for one in order.closing:
        yield quote_word(arguments.name_of(one))


_WHOLE = ("--whole-archive", "--no-whole-archive")


def _spelled(one: ObjectFile | Archive, arguments: Arguments) -> str:
    return arguments.spelled.get(one.path, str(one.path))


def _item_document(item: Archive | Group | Whole, arguments: Arguments) -> dict[str, object]:
    kind = "archive" if isinstance(item, Archive) else "group" if isinstance(item, Group) else "whole-archive"
    return {"kind": kind, "inputs": [_spelled(one, arguments) for one in flatten([item])]}


def _kept(order: LinkOrder) -> Iterator[Fault]:
    """Say that no better order was possible without changing which definition wins."""
    if order.kept:
        evidence = tuple(f"{one.symbol}: {one.was}, otherwise {one.now}" for one in order.kept)
        yield Fault("order-kept", "the order given stands: another one would change what wins", evidence)


def why(options: argparse.Namespace) -> int:
    """Say who wants a symbol, who defines it, who won, and why the winner was extracted."""
    arguments = read_arguments(options.arguments, options.linker)
    found = resolve(arguments.items, profile=arguments.profile, options=arguments.options)
    inputs = dict.fromkeys(flatten(found.items))
    archives = tuple(one for one in inputs if isinstance(one, Archive) and not isinstance(one, Lazy))
    verdict = judge_among(archives, partial(load_interfaces, platform.machine()))
    needs = need_lines(find_needs(found), options.symbol)
    given = ask_why(options.symbol, found, verdict, at_run_time=needs)
    faults = [one for one in resolution_faults(found) if one.what.endswith(f": {options.symbol}")]
    if given.state == "unknown":
        similar = tuple(f"similar: {name}" for name in given.similar)
        faults.append(Fault("unknown-symbol", f"unknown symbol: {options.symbol}", similar))
    return answer(
        "why",
        as_json=options.json,
        lines=why_lines(given) if given.state != "unknown" else (),
        fields={"linker": options.linker, **why_document(given)},
        findings=faults,
    )


def missing_faults(found: Resolution) -> Iterator[Fault]:
    """Yield the symbols that nothing defines, for which a linker would stop."""
    for symbol in found.missing_required:
        yield Fault("required-symbol", f"required symbol not defined: {symbol}", ("asked for by --require-defined",))
    for symbol, referrers in found.undefined.items():
        yield Fault("undefined-symbol", f"undefined symbol: {symbol}", referrer_lines(referrers))


def resolution_faults(found: Resolution) -> Iterator[Fault]:
    """Yield what a linker would stop for: symbols that nothing defines, and strong definitions beside others."""
    yield from missing_faults(found)
    for symbol, owners in found.duplicates.items():
        evidence = tuple(f"defined in {owner}" for owner in owners)
        yield Fault("duplicate-definition", f"duplicate definition: {symbol}", evidence)
