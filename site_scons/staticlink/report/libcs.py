"""How is it told what objects were compiled against?

Objects of one file with one verdict and the same evidence stand together: an archive has hundreds of members and few
reasons.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from staticlink.libc.verdict import KINDS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from staticlink.libc.verdict import Verdict
    from staticlink.link.inputs import ObjectFile


def libcs_document(verdicts: Mapping[ObjectFile, Verdict]) -> list[dict[str, Any]]:
    """Return the verdicts as JSON documents hold them, in the order of ``verdicts``."""
    groups: dict[tuple[str, Verdict], list[str]] = {}
    for one, verdict in verdicts.items():
        groups.setdefault((str(one.home), verdict), []).append(one.display)
    return [
        {"input": path, "libc": verdict.kind, "evidence": list(verdict.evidence), "objects": names}
        for (path, verdict), names in groups.items()
    ]


def libcs_lines(verdicts: Mapping[ObjectFile, Verdict], libc: str | None) -> Iterator[str]:
    """Yield how many objects of each file have which verdict, and those that were not compiled for ``libc``."""
    files: dict[Path, list[ObjectFile]] = {}
    for one in verdicts:
        files.setdefault(one.home, []).append(one)
    for path, ones in files.items():
        counts = Counter(verdicts[one].kind for one in ones)
        yield f"LIBC   {path.name}: {', '.join(f'{counts[kind]} {kind}' for kind in KINDS if counts[kind])}"
        for one in ones:
            verdict = verdicts[one]
            if libc is not None and verdict.kind not in (libc, "either", "unknown"):
                yield f"  {one.display} {verdict.evidence[0]}"
