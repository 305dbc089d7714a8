"""Which linker links, and on what evidence?

``policy/linkers.toml`` holds the linkers in order of preference. One that is installed and answers ``--version`` works.
"""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import toml

from staticlink.errors import fail
from staticlink.model import Choice

if TYPE_CHECKING:
    from collections.abc import Sequence

_POLICY = Path(__file__).parent.parent / "policy" / "linkers.toml"
_ANSWER_TIMEOUT = 20  # seconds


@dataclass(frozen=True, slots=True)
class Linker:
    """A linker that was found: ``name`` as the option spells it, and the arguments that start it.

    ``no_pie`` says why it makes no static-pie, and is empty when it does. ``ignores`` are keywords of ``-z``, as they
    begin, that it passes over with no more than a warning.
    """

    name: str
    path: Path
    arguments: tuple[str, ...]
    why: str
    no_pie: str = ""
    ignores: tuple[str, ...] = ()

    @property
    def command(self) -> list[str]:
        """The program and the arguments that must come first."""
        return [str(self.path), *self.arguments]


def find_linkers(directories: Sequence[Path]) -> tuple[Linker, ...]:
    """Return the linkers found in ``directories``, in order of preference. Nothing is run."""
    found: list[Linker] = []
    for row in toml.loads(_POLICY.read_text(encoding="utf-8"))["linker"]:
        places = (directory / program for program in row["program"] for directory in directories)
        path = next((place for place in places if place.is_file()), None)
        if path is not None:
            own = (tuple(row["arguments"]), row["why"], row.get("no_pie", ""), tuple(row.get("ignores", ())))
            found.append(Linker(row["name"], path, *own))
    return tuple(found)


def choose_linker(
    wanted: str, found: Sequence[Linker], *, pie: bool = False, words: Sequence[str] = ()
) -> Choice[Linker]:
    """Return the linker to use: the one ``wanted`` names, or with ``auto`` the first that answers.

    With ``pie`` it must make a static-pie, and it must heed ``words``, the project's arguments for it. Raises
    :class:`StaticlinkError` when the linker asked for is not installed, does not run, or does not do that.
    """
    candidates = [linker for linker in found if wanted in ("auto", linker.name)]
    failures: list[str] = []
    for linker in candidates:
        if pie and linker.no_pie:
            failures.append(f"{linker.name} makes no static-pie: {linker.no_pie}")
            continue
        ignored = next((word for word in words if word.removeprefix("-z").startswith(linker.ignores)), None)
        if ignored is not None:
            failures.append(f"{linker.name} ignores -z {ignored.removeprefix('-z')}")
            continue
        failure = _failure(linker)
        if failure is None:
            reason = linker.why if wanted == "auto" else f"linker={wanted}"
            return Choice(linker, reason, tuple(failures))
        failures.append(f"{linker.name} does not run: {failure}")
    names = ", ".join(linker.name for linker in found) or "none"
    what = (
        "no linker works"
        if wanted == "auto"
        else f"linker not found: {wanted}"
        if not failures
        else f"linker does not work: {wanted}"
    )
    raise fail(
        "no-linker",
        what,
        evidence=(*failures, f"installed: {names}"),
        fix="linker=auto" if found and wanted != "auto" else None,
    )


def _failure(linker: Linker) -> str | None:
    try:
        done = subprocess.run(
            [*linker.command, "--version"], capture_output=True, text=True, check=False, timeout=_ANSWER_TIMEOUT
        )
    except (OSError, subprocess.SubprocessError) as error:
        return str(error)
    return None if done.returncode == 0 else f"--version exits {done.returncode}"
