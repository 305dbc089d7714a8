"""How does one link happen, from paths to a proven executable?

This page is the program. Each call is a phase; each phase lives in the module it is imported from and borrows from
the ones before it. A plan that still stands since the last link is not made again. The link plan is written before the
linker runs, and the executable gets its name only after the probe.
"""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING

from staticlink.elf.inspect import inspect_executable
from staticlink.errors import StaticlinkError
from staticlink.libc.abi import load_interfaces
from staticlink.link.audit import audit_link, explain_undefined, reject_findings
from staticlink.link.audits.allocators import advise_on_threads
from staticlink.link.audits.features import promised_features
from staticlink.link.audits.foreign_libc import judge_link
from staticlink.link.audits.run_time import find_needs, need_lines
from staticlink.link.audits.weak_references import order_and_extract
from staticlink.link.command import link_command
from staticlink.link.execute import run_linker, unverified
from staticlink.link.finding import load_policy
from staticlink.link.flags import read_link_flags
from staticlink.link.libc import require_files
from staticlink.link.linker import choose_linker
from staticlink.link.planned import summarize
from staticlink.link.probe import probe_executable
from staticlink.link.recall import recall_plan, remember_plan
from staticlink.link.sources import (
    add_shims,
    choose_link_allocator,
    choose_link_unwinder,
    gather_inputs,
    read_crates,
    shim_directory,
)
from staticlink.link.verify import verify_executable
from staticlink.link.why import ask_why
from staticlink.report import steps
from staticlink.report.linkplan import LinkPlan, write_plan
from staticlink.vendored.makers import offer_rebuild

if TYPE_CHECKING:
    from pathlib import Path

    from staticlink.errors import Fault
    from staticlink.link.audits.foreign_libc import Judged
    from staticlink.link.planned import Planned
    from staticlink.link.request import LinkRequest
    from staticlink.link.resolution import Resolution
    from staticlink.link.sources import Inputs
    from staticlink.link.why import Answer
    from staticlink.model import Say


def link_program(request: LinkRequest, say: Say) -> None:
    """Plan, link, verify and probe what ``request`` describes, and leave it at ``request.output``.

    Raises :class:`StaticlinkError` when any phase finds a fault; then no executable is left, but the link plan is,
    if the inputs could be read.
    """
    with unverified(request.output) as output:
        require_files(request.libc)
        planned = recall_plan(request)
        warned = link_again(planned, output) if planned is not None else None
        if planned is None or warned is None:
            planned, explanation = plan_link(request, output)
            warned = run_linker(planned.command, output, explanation, planned.see)
        policy = load_policy(request.findings)
        facts = inspect_executable(output)
        findings = verify_executable(facts, request.target, policy, promised_features(request.target, planned.findings))
        reject_findings(findings, request.output, planned.see)
        proof = probe_executable(output, request.probe, planned.see) if request.probe is not None else None
    steps.report_link(say, request.output, planned)
    steps.report_audit(say, planned.findings, planned.see)
    steps.report_warnings(say, planned.linker.value.name, warned)
    steps.report_crates(say, read_crates(request.rust))
    steps.report_check(say, facts, findings, planned.shims, hardened=request.target.hardened)
    steps.report_probe(say, proof)
    steps.report_executable(say, request.output)


def plan_link(request: LinkRequest, output: Path) -> tuple[Planned, tuple[Fault, ...]]:
    """Return the plan of linking ``output``, which has been written down, and why it would fail, should it fail.

    Raises :class:`StaticlinkError` when an input cannot be read, a choice cannot be made, or a finding stops the link.
    """
    began = time.time_ns()
    policy = load_policy(request.findings)
    crates = read_crates(request.rust)
    flags = read_link_flags(request.flags)
    linker = choose_linker(request.linker, request.linkers, pie=request.target.pie, words=flags.linker)
    inputs = gather_inputs(request, flags)
    unwinder = choose_link_unwinder(request, inputs)
    inputs = add_shims(request, inputs.with_archives(unwinder.value.archives), crates)
    order, extracted = order_and_extract(inputs, policy)
    judged = judge_inputs(request, inputs, order.resolution)
    allocator = advise_on_threads(choose_link_allocator(request), request, order.resolution)
    needs = find_needs(order.resolution)
    findings = audit_link(order, policy, judged, needs, hardened=request.target.hardened)
    words = (*flags.linker, *(f"--undefined={symbol}" for symbol in extracted))
    command = link_command(linker.value.command, request.target, output, order, words)
    plan = LinkPlan(
        request.target, allocator, unwinder, linker, inputs.shims, order, command, findings, extracted, judged
    )
    see = write_plan(plan, request.output)
    reject_findings(findings, request.output, see)
    explanation = explain_undefined(order.resolution, order.unused, see, judged, request.libc.other)
    planned = summarize(plan, see)
    if not explanation:
        remember_plan(planned, request, inputs, began, judged, needs)
    return planned, explanation


def link_again(planned: Planned, output: Path) -> tuple[str, ...] | None:
    """Return what the linker warned of as it carried out a plan that was recalled; ``None`` when it refused the link.

    One that it refuses has to be explained anew.
    """
    try:
        return run_linker(planned.command, output, (), planned.see)
    except StaticlinkError as error:
        if error.faults[0].id == "linker-stopped":
            raise
        return None


def explain_program(request: LinkRequest, symbol: str) -> Answer:
    """Return why ``symbol`` would be in the executable that ``request`` describes, or not; nothing is linked.

    Raises :class:`StaticlinkError` when the link could not be planned.
    """
    require_files(request.libc)
    inputs = gather_inputs(request, read_link_flags(request.flags))
    unwinder = choose_link_unwinder(request, inputs)
    inputs = add_shims(request, inputs.with_archives(unwinder.value.archives), read_crates(request.rust))
    order, _ = order_and_extract(inputs, load_policy(request.findings))
    judged = judge_inputs(request, inputs, order.resolution)
    needs = need_lines(find_needs(order.resolution), symbol)
    return ask_why(symbol, order.resolution, judged.verdicts.__getitem__, at_run_time=needs)


def judge_inputs(request: LinkRequest, inputs: Inputs, resolution: Resolution) -> Judged:
    """Return a verdict on every object of a link: against which libc it was compiled."""
    interfaces = partial(load_interfaces, request.target.arch)
    shims = [one.path for one in inputs.objects if one.path.parent == shim_directory(request)]
    rebuild = partial(offer_rebuild, libc=request.libc.name, places=request.recipes)
    return judge_link(resolution, request.libc, interfaces, scripts=inputs.scripts, shims=shims, rebuild=rebuild)
