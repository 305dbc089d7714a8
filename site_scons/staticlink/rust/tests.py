"""How do a crate's own tests become static programs, as the program is for which the crate is compiled?

``cargo test`` compiles and runs them for the target's triple. Cargo is given a driver as its compiler that adds std and
flags as for the crates of the program (``rustc.py``), and rustc a linker that is ``staticlink link --rustc``: it plans,
links and verifies each test from what rustc would have linked. The link's libc is the one of the build, so that a test
meets the allocator, the locales and the resolver that its users will.

Tests in documentation are compiled by rustdoc, which has no such driver: they run as the machine's own.
"""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from staticlink.errors import fail
from staticlink.rust.environment import OURS
from staticlink.rust.links import identify_links, links_environment
from staticlink.rust.outputs import write_json
from staticlink.rust.rustc import Driver, target_arguments, write_driver, write_script
from staticlink.rust.toolchain import ask

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from staticlink.rust.members import Crate
    from staticlink.rust.options import CrateOptions
    from staticlink.rust.outputs import Compile
    from staticlink.rust.toolchain import Toolchain

_SITE = Path(__file__).parent.parent.parent
#: rustc's linker runs where cargo lets it; everything it is told is absolute.
_LINKER = """\
#!/bin/sh
PYTHONPATH={site}${{PYTHONPATH:+:$PYTHONPATH}}
STATICLINK_HOST_CC={host_cc}
export PYTHONPATH STATICLINK_HOST_CC
exec {command} "$@"
"""


def write_test_driver(compile_: Compile, options: CrateOptions, words: Sequence[str]) -> Path:
    """Write the compiler that cargo is given for the tests of a static build, with its linker; return its path.

    ``words`` are options of ``staticlink link`` besides the libc: where it is, which linker, unwinder and
    allocator, and whose functions for strings.
    """
    place = compile_.into.absolute() / "tests"
    road, target = compile_.std.value, compile_.target
    place.mkdir(parents=True, exist_ok=True)
    facts = place / "tests.rust.json"
    write_json(facts, {**compile_.facts, "crate": "tests"})
    position = ["--hardening"] if target.hardened else ["--pie"] if target.pie else []
    own = [f"--libc={target.libc}", *position, *words, str(facts)]
    text = _LINKER.format(
        site=shlex.quote(str(_SITE)),
        host_cc=shlex.quote(compile_.run.environ.get("HOST_CC", "gcc")),
        command=shlex.join([sys.executable, "-m", "staticlink.cli", "link", "--rustc", *own]),
    )
    linker = write_script(place / "link", text)
    arguments = (
        *target_arguments(static=True, sysroot=road.sysroot, remap=()),
        *("-C", f"linker={linker}", "-C", "linker-flavor=gcc", "-C", "link-self-contained=no"),
        *options.rustflags,
    )
    identity = f"tests {road.identity}{compile_.run.tools}{options.identity}{identify_links(options.links)}"
    identity += f" linked {' '.join(words)}"  # cargo does not look at its linker
    return write_driver(Driver(compile_.toolchain.rustc, road.rust_triple, arguments, identity), place / "rustc")


def test_environment(compile_: Compile, options: CrateOptions, driver: Path) -> dict[str, str]:
    """Return the environment of a cargo that compiles tests with ``driver``."""
    kept = {name: value for name, value in compile_.run.environ.items() if name not in OURS}
    return {**kept, **links_environment(options.links), **options.variables, "RUSTC": str(driver)}


def documented_packages(crate: Crate, toolchain: Toolchain, environ: Mapping[str, str]) -> tuple[str, ...]:
    """Return the members of ``crate`` whose documentation may hold tests; cargo refuses to look for others."""
    words = ("metadata", "--no-deps", "--format-version=1", "--color=never", f"--manifest-path={crate.manifest}")
    what = f"cargo rejects the package: {crate.directory.name}"
    answer = ask(
        [str(toolchain.cargo), *words], crate.directory, environ, lambda lines: fail("bad-crate", what, evidence=lines)
    )
    packages = json.loads(answer)["packages"]
    names = {one["name"] for one in packages if any(target["doctest"] for target in one["targets"])}
    return tuple(member.name for member in crate.members if member.name in names)
