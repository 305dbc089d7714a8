"""What does a plan come to, once it is made?

The linker needs the command, and the lines a person reads at the end need a few facts. Nothing here refers to an input
or a symbol table, so it can be kept from one build to the next.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from staticlink.model import Choice

if TYPE_CHECKING:
    from staticlink.link.finding import Finding
    from staticlink.link.linker import Linker
    from staticlink.link.shims import Shim
    from staticlink.report.linkplan import LinkPlan


@dataclass(frozen=True, slots=True)
class Planned:
    """A link that can be carried out.

    ``archives`` and ``groups`` are how many there are in the order, ``allocator`` and ``unwinder`` are the names of the
    chosen ones, ``shims`` are those that join, with the symbols they are there for. ``see`` is where the link plan has
    been written.
    """

    command: tuple[str, ...]
    linker: Choice[Linker]
    allocator: Choice[str]
    unwinder: Choice[str]
    archives: int
    groups: int
    shims: tuple[Shim, ...]
    findings: tuple[Finding, ...]
    see: str


def summarize(plan: LinkPlan, see: str) -> Planned:
    """Return what is left of ``plan``, which was written to ``see``."""
    paths, unwinder = plan.order.paths, plan.unwinder
    return Planned(
        command=tuple(plan.command),
        linker=plan.linker,
        allocator=Choice(plan.allocator.value.name, plan.allocator.reason, plan.allocator.evidence),
        unwinder=Choice(unwinder.value.name, unwinder.reason, unwinder.evidence),
        archives=sum(len(item) if isinstance(item, tuple) else 1 for item in paths),
        groups=sum(isinstance(item, tuple) for item in paths),
        shims=tuple(plan.shims),
        findings=tuple(plan.findings),
        see=see,
    )
