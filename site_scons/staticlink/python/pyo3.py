"""What must PyO3 know of the CPython that is embedded?

PyO3's build script would start an interpreter and ask it, and would tell rustc to link what that interpreter links:
neither is this program's. A file named by ``PYO3_CONFIG_FILE`` answers instead. Which libpython joins is decided by
the link. Source: ``InterpreterConfig`` in PyO3's ``pyo3-build-config/src/impl_.rs``.
"""

from __future__ import annotations

import re

from staticlink.errors import fail

_TEXT = """\
implementation=CPython
version={version}
shared=false
abi3=false
pointer_width=64
suppress_build_script_link_lines=true
"""


def format_pyo3_config(headers: str) -> str:
    """Return the file's text for the CPython whose headers lie in a directory named ``python3.13``."""
    found = re.search(r"python(3\.\d+)$", headers)
    if found is None:
        raise fail("unknown-python", f"directory of headers names no version of Python: {headers}")
    return _TEXT.format(version=found[1])
