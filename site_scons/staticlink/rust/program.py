"""What does a crate with a ``main`` of its own bring into a link?

Cargo builds the binary as ever; only its last step is recorded instead of done (``driver.py``, ``recorder.py``). So the
crate's profile, features and build scripts hold, and what rustc would have linked reaches the planner like the objects
of a C program: rustc's decisions on the libc, the unwinder and the start files are left out, ours take their place.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from staticlink.errors import fail
from staticlink.rust.cargo import build_crate
from staticlink.rust.joined import write_joined
from staticlink.rust.record import read_record

if TYPE_CHECKING:
    from collections.abc import Sequence

    from staticlink.rust.cargo import CargoRun, Compiled
    from staticlink.rust.members import Crate
    from staticlink.rust.options import CrateOptions
    from staticlink.rust.outputs import Compile
    from staticlink.rust.toolchain import Toolchain


def compile_program(
    crate: Crate, program: str, options: CrateOptions, compile_: Compile, outputs: Sequence[Path]
) -> Compiled:
    """Compile the binary ``program`` of ``crate``, and write to ``outputs`` what has to be linked of it."""
    (member,) = crate.members
    compiled = compile_.cargo(crate, options, ("build", f"--package={member.name}", f"--bin={program}"))
    write_joined(read_record(_executable(compiled, program)), [program], compile_, outputs)
    return compiled


def compile_tool(  # what a run of cargo needs to know, and where the tool goes
    crate: Crate, program: str, options: CrateOptions, toolchain: Toolchain, into: Path, run: CargoRun, path: Path
) -> Compiled:
    """Compile the binary ``program`` of ``crate`` for this machine and put it at ``path``.

    ``into`` is cargo's directory. Nothing of the target's reaches it: it is what a plain cargo would make.
    """
    (member,) = crate.members
    wanted = ("rustc", f"--package={member.name}", f"--bin={program}", "--", *options.rustflags)
    compiled = build_crate(crate, toolchain, wanted, options=options, into=into, run=run)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{path.name}.{os.getpid()}")
    shutil.copy(_executable(compiled, program), temporary)
    temporary.replace(path)
    return compiled


def _executable(compiled: Compiled, program: str) -> Path:
    for line in compiled.messages:
        if line.get("reason") == "compiler-artifact" and line["target"]["name"] == program and line["executable"]:
            return Path(line["executable"])
    raise fail("no-program", f"cargo produced no program: {program}")
