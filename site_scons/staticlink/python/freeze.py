"""What is the bytecode of these modules?

This file is a program, not a part of the core: the interpreter that will be embedded runs it, because bytecode belongs
to one version of CPython. It reads a request from standard input and writes two files: the code of all modules back to
back, each marshalled, and an index of where each one lies::

    {"blob": PATH, "index": PATH, "modules": [{"name": ..., "path": ..., "filename": ..., "package": ...}, ...]}

``filename`` is what tracebacks show. Nothing of this machine goes into the blob: ``_sysconfigdata*`` modules, which
record how and where CPython was compiled, keep only the variables that name no path.

One process compiles the modules in the order given, with hash randomisation off and the collector at rest: ``marshal``
shares objects by their reference counts, so what happened before decides a module's bytes. Modules that do not compile
are reported on standard output as ``{"errors": [...]}``, all of them at once.
"""

from __future__ import annotations

import gc
import json
import marshal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types import CodeType


def main() -> int:
    """Compile the modules of the request; return 1 when one of them does not compile."""
    gc.disable()
    request = json.load(sys.stdin)
    blob = bytearray()
    index = []
    errors = []
    for module in request["modules"]:
        try:
            code = marshal.dumps(compile_module(module))
        except (SyntaxError, ValueError) as error:
            errors.append(describe(module, error))
            continue
        row = {"name": module["name"], "offset": len(blob), "size": len(code), "package": module["package"]}
        index.append(row)
        blob += code
    if errors:
        json.dump({"errors": errors}, sys.stdout)
        return 1
    Path(request["blob"]).write_bytes(blob)
    Path(request["index"]).write_text(json.dumps(index, indent=0) + "\n", encoding="utf-8")
    return 0


def compile_module(module: dict[str, Any]) -> CodeType:
    """Return the code object of one module of the request."""
    source = Path(module["path"]).read_bytes()
    if module["name"].startswith("_sysconfigdata"):
        source = without_paths(source)
    return compile(source, module["filename"], "exec", dont_inherit=True, optimize=0)


def without_paths(source: bytes) -> bytes:
    """Return the source of a ``_sysconfigdata`` module without the variables that name a path."""
    namespace: dict[str, Any] = {}
    exec(source, namespace)  # noqa: S102  (CPython's own file: a dictionary display)
    kept = {key: value for key, value in namespace["build_time_vars"].items() if "/" not in str(value)}
    return f"build_time_vars = {dict(sorted(kept.items()))!r}\n".encode()


def describe(module: dict[str, Any], error: SyntaxError | ValueError) -> dict[str, Any]:
    """Return what a person needs to find the mistake."""
    if isinstance(error, SyntaxError):
        # The compiler looks for the line in a file called by the name that tracebacks show: there is none.
        lines = Path(module["path"]).read_bytes().splitlines()[(error.lineno or 0) - 1 :][:1]
        text = error.text or b"".join(lines).decode("utf-8", "replace")
        return {"path": module["path"], "line": error.lineno, "message": error.msg, "text": text.strip()}
    return {"path": module["path"], "line": None, "message": str(error), "text": ""}


if __name__ == "__main__":
    sys.exit(main())
