"""What is the linker's argument list?

The linker is called directly, not through the compiler driver, so everything the driver would add is said here. The
order is crt objects, the project's objects, archives in the planned order, closing crt objects.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from staticlink.link.inputs import Group, Whole, flatten

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from staticlink.link.inputs import Item
    from staticlink.link.order import LinkOrder
    from staticlink.target import Target

#: machine -> the emulation that selects its ABI (``ld -V``).
_EMULATION = {"x86_64": "elf_x86_64", "aarch64": "aarch64linux"}


def link_command(
    program: Sequence[str], target: Target, output: Path, order: LinkOrder, flags: Sequence[str]
) -> tuple[str, ...]:
    """Return the arguments that link ``output`` with ``program`` in ``order``."""
    return (
        *program,
        *_output_flags(target),
        *flags,
        "-o",
        str(output),
        *(str(one.path) for one in order.objects),
        *(word for item in order.items for word in _archive_words(item)),
        *(str(one.path) for one in order.closing),
    )


def _output_flags(target: Target) -> tuple[str, ...]:
    position = ("-pie", "--no-dynamic-linker", "-z", "text", "-z", "now") if target.pie else ()
    return (
        "-m",
        _EMULATION[target.arch],
        "-static",
        *position,
        "--eh-frame-hdr",
        "--build-id=sha1",
        "-z",
        "relro",
        "-z",
        "noexecstack",
    )


def _archive_words(item: Item) -> tuple[str, ...]:
    paths = tuple(str(archive.path) for archive in flatten([item]))
    if isinstance(item, Group):
        return ("--start-group", *paths, "--end-group")
    if isinstance(item, Whole):
        return ("--whole-archive", *paths, "--no-whole-archive")
    return paths
