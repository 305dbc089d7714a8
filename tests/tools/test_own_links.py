"""Do we resolve this project's own links, member for member, as GNU ld and lld do?

The demonstration is built (C, Rust and CPython on musl; C and Rust on glibc), and the command of its link plan given to
both linkers, and to us.
"""

from __future__ import annotations

import json
import subprocess
from contextlib import chdir
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any

import pytest
from staticlink.cli.arguments import read_arguments
from staticlink.link.resolve import resolve

from tests.checkout import Checkout
from tests.oracle.linkers import rust_lld
from tests.oracle.listings import as_in_a_map, list_by_bfd, list_by_lld, list_by_us
from tests.oracle.winners import bfd_winners

_BUILDS = {
    "musl": ("x86_64-linux-musl-static", "static=1", "libc=musl"),
    "musl, position-independent": ("x86_64-linux-musl-static-pie", "static=1", "libc=musl", "pie=1", "python=none"),
    "glibc": ("x86_64-linux-gnu-static", "static=1", "libc=glibc", "python=none"),
}


@dataclass(frozen=True, slots=True)
class RealLink:
    """A link that was done: the directory it was done in, its plan, and the words a linker took."""

    place: Path
    plan: dict[str, Any]
    words: tuple[str, ...]

    def run(self, program: list[str], out: Path) -> None:
        """Link with ``program``, which must not object."""
        command = [*program, *self.words, "-o", str(out)]
        done = subprocess.run(command, cwd=self.place, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module", params=list(_BUILDS.values()), ids=list(_BUILDS))
def link(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> RealLink:
    """The demonstration, built."""
    target, *options = request.param
    checkout = Checkout.make(tmp_path_factory.mktemp("link") / "checkout")
    checkout.build(*options)
    plan = json.loads((checkout.place / "build" / target / "demo.linkplan.json").read_text(encoding="utf-8"))
    words = plan["command"][1:]
    place = words.index("-o")
    return RealLink(checkout.place, plan, (*words[:place], *words[place + 2 :]))


def test_gnu_ld_extracts_what_we_say_and_what_the_plan_says(link: RealLink, tmp_path: Path) -> None:
    link.run(["ld.bfd"], tmp_path / "app")
    with chdir(link.place):
        listed = list_by_bfd(link.words)
        assert as_in_a_map(list_by_us("bfd", link.words)) == listed
        arguments = read_arguments(link.words, "bfd")
        found = resolve(arguments.items, options=arguments.options)
        winners = {name: PurePath(path).name for name, path in bfd_winners(Path(), ["STT_FUNC"]).items()}
    planned = [(row["reference"], row["extracted"], row["symbol"]) for row in link.plan["extractions"]]
    assert as_in_a_map(planned) == [tuple(PurePath(part).name for part in row[:2]) + row[2:] for row in listed]
    assert len(listed) > 100
    ours = {name: owner for name, owner in found.definitions.items() if name in winners}
    assert ours == {name: winners[name] for name in ours}
    assert len(ours) > 1000


def test_lld_extracts_what_we_say(link: RealLink, tmp_path: Path) -> None:
    link.run(rust_lld(), tmp_path / "app")
    with chdir(link.place):
        listed = list_by_lld(rust_lld(), link.words)
        assert list_by_us("lld", link.words) == listed
    assert len(listed) > 100
