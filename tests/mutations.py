"""Feed the readers bytes that nobody meant, and say what did not end in a result or one clear error.

``python tests/mutations.py --seed 1 --count 1000`` makes a thousand cases and drives each through everything that
reads bytes: :func:`read_input` with every member, resolution under both profiles, :func:`inspect_executable` with
verification. Case ``n`` of a seed is always the same bytes, so a failure is repeated with ``--only n``. The process has
512 MB of memory, and a case has two seconds of its processor time; what takes longer is reported as a hang.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import signal
import struct
import sys
import tempfile
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

if __name__ == "__main__":
    sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[1] / "site_scons")]

from staticlink.elf.inspect import inspect_executable
from staticlink.errors import StaticlinkError
from staticlink.link.inputs import Archive, ObjectFile, Whole, flatten
from staticlink.link.reading import read_input
from staticlink.link.resolve import resolve
from staticlink.link.verify import verify_executable
from staticlink.report.text import render_error
from staticlink.target import Target

from tests.elf_writer import Specimen, save, write_object
from tests.mutation_seeds import make_executables, make_inputs

if TYPE_CHECKING:
    from types import FrameType

MEMORY = 512 << 20
SECONDS = 2.0
_NUMBERS = (0, 1, 2, 3, 7, 8, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFF00, 0xFFF1, 0xFFF2, 0xFFFF, 1 << 31, (1 << 32) - 1)
_TEXTS = (b"-1", b"0", b"9999999999", b"/", b"//", b"/0", b"#1/4", b"`\n", b"\0", b" ", b"INPUT(", b")", b"\xff", b"@@")


class _TooLongError(BaseException):
    """A case used up its time. Not an :class:`Exception`, so that nothing on the way takes it for its own."""


def mutate(data: bytes, chance: random.Random, others: list[bytes]) -> bytes:
    """Return ``data`` with one to five mutations."""
    changed = bytearray(data)
    for _ in range(chance.choice((1, 1, 1, 2, 3, 5))):
        _change(changed, chance, others)
    return bytes(changed)


def _change(data: bytearray, chance: random.Random, others: list[bytes]) -> None:
    place = _place(data, chance)
    kind = chance.randrange(10)
    if kind <= 1 and data:
        place = min(place, len(data) - 1)
        data[place] ^= 1 << chance.randrange(8)
    elif kind == 2:
        data[place : place + 1] = bytes([chance.choice((0, 1, 10, 32, 47, 48, 57, 127, 128, 255))])
    elif kind <= 5:
        layout = chance.choice(("<H", "<I", "<Q", ">I"))
        number = chance.choice((*_NUMBERS, len(data), len(data) - 1, chance.randrange(1 + len(data))))
        raw = struct.pack(layout, number & ((1 << 8 * struct.calcsize(layout)) - 1))
        data[place : place + len(raw)] = raw
    elif kind == 6:
        text = chance.choice(_TEXTS)
        data[place : place + (len(text) if chance.random() < 0.8 else 0)] = text
    elif kind == 7:
        del data[place : place + chance.choice((1, 2, 60, 1 << 30))]
    elif kind == 8:
        start = _place(data, chance)
        data[place:place] = data[start : start + chance.choice((1, 2, 60, 64, 500))]
    else:
        other = chance.choice(others)
        data[place:] = other[chance.choice((0, min(place, len(other)))) :]


def _place(data: bytearray, chance: random.Random) -> int:
    """Return where to change ``data``: often a header, a row of the section table, or a member's header."""
    if not data:
        return 0
    kind = chance.randrange(6)
    if kind == 0:
        return chance.randrange(min(len(data), 128))
    if kind == 1 and data[:4] == b"\x7fELF" and len(data) >= 64:
        table = int.from_bytes(data[40:48], "little")
        return min(table + chance.randrange(64 * 12), len(data) - 1)
    if kind == 2 and data[:2] == b"!<":
        headers = [place for place in range(len(data)) if data[place : place + 2] == b"`\n"]
        return max(0, chance.choice(headers) - chance.randrange(59)) if headers else 0
    if kind == 3 and (inner := data.find(b"\x7fELF")) >= 0:
        return min(inner + 8 * chance.randrange(8), len(data) - 1)
    return chance.randrange(len(data))


class Driver:
    """Everything a run needs: the seeds, a directory, and the files beside a mutated one."""

    def __init__(self, directory: Path) -> None:
        """Make the seeds in ``directory``."""
        self.directory = directory
        self.inputs = make_inputs(directory)
        self.executables = make_executables(directory)
        self._everything = [*self.inputs.values(), *self.executables.values()]
        wanted = Specimen(strong=["main"], undefined=["f", "k", "h", "c"], weak_undefined=["w"])
        self.main = read_input(save(directory / "wants.o", write_object(wanted)))

    def make(self, seed: int, number: int) -> tuple[str, bytes]:
        """Return the name of the seed file and the bytes of case ``number``."""
        chance = random.Random(f"{seed}/{number}")  # noqa: S311  (repeatable is what is wanted)
        name = chance.choice([*self.inputs, *self.executables])
        data = self.inputs.get(name) or self.executables[name]
        return name, mutate(data, chance, self._everything)

    def drive(self, name: str, data: bytes) -> StaticlinkError | None:
        """Read ``data`` in every way; return the one error it ended in, or ``None``."""
        path = save(self.directory / "case", data)
        try:
            if name in self.executables:
                facts = inspect_executable(path)
                verify_executable(facts, Target(facts.machine, "glibc", static=True, pie=False))
            else:
                self.read(path)
        except StaticlinkError as error:
            return error
        return None

    def read(self, path: Path) -> None:
        """Read the input at ``path``, all its members, and resolve links with it."""
        one = read_input(path, directories=[self.directory])
        for part in flatten([one]):
            for found in part.objects() if isinstance(part, Archive) else (part,):
                assert isinstance(found, ObjectFile)
                assert found.traits
                assert len(found.details()) >= len(found.symbols.strong)
        for items in ([self.main, one], [one, self.main], [Whole(one)] if isinstance(one, Archive) else [one]):
            for profile in ("bfd", "lld"):
                found_by = resolve(items, profile=profile)
                assert found_by.undefined is not None
                assert found_by.duplicates is not None
                assert found_by.weak_unextracted is not None


def _too_long(_signal: int, _frame: FrameType | None) -> None:
    raise _TooLongError


def run(driver: Driver, seed: int, numbers: range) -> dict[str, object]:
    """Return how many cases were accepted, how many were refused by which error, and which ended in neither."""
    signal.signal(signal.SIGVTALRM, _too_long)
    refused: dict[str, int] = {}
    bad: list[dict[str, object]] = []
    accepted = 0
    for number in numbers:
        name, data = driver.make(seed, number)
        signal.setitimer(signal.ITIMER_VIRTUAL, SECONDS)
        try:
            error = driver.drive(name, data)
        except (Exception, _TooLongError) as problem:  # noqa: BLE001  (finding these is the purpose)
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)
            lines = traceback.format_exception(problem)
            bad.append({"case": number, "seed_file": name, "problem": "".join(lines[-3:])})
            continue
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        if error is None:
            accepted += 1
            continue
        words = render_error(error)
        if len(error.faults) != 1 or not all(line.isprintable() for line in words.split("\n")):
            bad.append({"case": number, "seed_file": name, "problem": f"not one clear error: {words!r}"})
        refused[error.faults[0].id] = refused.get(error.faults[0].id, 0) + 1
    return {"accepted": accepted, "refused": dict(sorted(refused.items())), "bad": bad}


def main() -> int:
    """Run the cases that the command line asks for and print the outcome as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--only", type=int, help="one case; its file is kept as ./case")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        driver = Driver(Path(name))
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        numbers = range(options.count) if options.only is None else range(options.only, options.only + 1)
        outcome = run(driver, options.seed, numbers)
        if options.only is not None:
            save(Path("case"), driver.make(options.seed, options.only)[1])
    sys.stdout.write(json.dumps(outcome, indent=1) + "\n")
    return int(bool(outcome["bad"]))


if __name__ == "__main__":
    sys.exit(main())
