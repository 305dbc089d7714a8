"""Is the plan of a link that needs shims recalled after an edit of a body, and made anew after one of a shim?

A plan that is recalled is the file of the last link, untouched; one that is made anew is a file written anew.
"""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.checkout import Checkout, steps

if TYPE_CHECKING:
    from pathlib import Path

OPTIONS = ("static=1", "libc=musl", "rust_std=shim", "app")
SHIM = "site_scons/staticlink/shim_sources/gnu_version.c"
_FILES = {
    "SConstruct": """\
DefaultEnvironment(tools=[])
env = Environment(tools=["gcc", "ar", "gnulink", "vendored_library", "rust_crate", "static_program"])
env.StaticProgram("app", ["main.c", env.RustCrate("crate")], PROBE=[])
""",
    "main.c": """\
#include <stdio.h>
const char *version(void);
int main(void) { printf("%s %d\\n", version(), 1); return 0; }
""",
    "crate/Cargo.toml": """\
[package]
name = "versioned"
version = "0.1.0"
edition = "2021"

[workspace]
""",
    "crate/Cargo.lock": 'version = 3\n\n[[package]]\nname = "versioned"\nversion = "0.1.0"\n',
    "crate/src/lib.rs": """\
use std::ffi::c_char;

extern "C" {
    fn gnu_get_libc_version() -> *const c_char;
}

#[no_mangle]
pub extern "C" fn version() -> *const c_char {
    let mapped = std::fs::metadata("/").is_ok();
    if mapped { unsafe { gnu_get_libc_version() } } else { std::ptr::null() }
}
""",
}


@pytest.fixture(name="checkout")
def _checkout(tmp_path: Path) -> Checkout:
    checkout = Checkout.make(tmp_path / "checkout")
    for name, text in _FILES.items():
        (checkout.place / name).parent.mkdir(parents=True, exist_ok=True)
        (checkout.place / name).write_text(text, encoding="utf-8")
    return checkout


def plan(checkout: Checkout) -> tuple[int, int]:
    """Return what tells the file of the plan from one that was written later."""
    status = (checkout.place / "app.linkplan.json").stat()
    return status.st_ino, status.st_mtime_ns


def printed(checkout: Checkout) -> str:
    return subprocess.run([checkout.place / "app"], capture_output=True, text=True, check=True, timeout=60).stdout


def test_a_plan_with_shims(checkout: Checkout) -> None:
    checkout.build(*OPTIONS)
    assert printed(checkout) == "2.26 1\n"
    written = json.loads((checkout.place / "app.linkplan.json").read_text(encoding="utf-8"))
    assert "gnu_version" in written["shims"]
    first = plan(checkout)
    checkout.edit("main.c", "version(), 1", "version(), 2")
    output = checkout.build(*OPTIONS)
    assert steps(output) == ["CC main.o", "LINK app"]
    # The lines at the end say of the shims what they said the first time.
    assert "gnu_version: changes-behaviour" in output
    assert plan(checkout) == first
    assert printed(checkout) == "2.26 2\n"
    checkout.edit(SHIM, '"2.26"', '"2.27"')
    assert steps(checkout.build(*OPTIONS)) == ["LINK app"]
    second = plan(checkout)
    assert second != first
    assert printed(checkout) == "2.27 2\n"
    checkout.edit("main.c", "version(), 2", "version(), 3")
    assert steps(checkout.build(*OPTIONS)) == ["CC main.o", "LINK app"]
    assert plan(checkout) == second
    assert printed(checkout) == "2.27 3\n"
    # Objects of the shims that are not what was made are made again, with a plan that is recalled too.
    for shim in (checkout.place / "app.shims").iterdir():
        shim.write_bytes(b"")
    checkout.edit("main.c", "version(), 3", "version(), 4")
    checkout.build(*OPTIONS)
    assert plan(checkout) == second
    assert printed(checkout) == "2.27 4\n"
    assert checkout.build(*OPTIONS) == "scons: `app' is up to date.\n"


def test_a_shim_that_no_longer_compiles_keeps_no_plan(checkout: Checkout) -> None:
    checkout.build(*OPTIONS)
    checkout.edit(SHIM, 'return "2.26"', "return 2.26")
    done = checkout.scons(*OPTIONS)
    assert done.returncode == 2
    assert done.stderr.splitlines()[0] == "scons: *** [app] shim does not compile: gnu_version"
    assert not (checkout.place / "app").exists()
    checkout.edit(SHIM, "return 2.26", 'return "2.26"')
    checkout.build(*OPTIONS)
    assert printed(checkout) == "2.26 1\n"
