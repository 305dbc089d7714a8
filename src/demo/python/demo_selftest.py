"""Does the embedded Python work here, alone?

Every check returns nothing, or the words that complete its line; it raises ``AssertionError`` with what is wrong, or
:class:`Limit` with what is known not to work on this road.
"""

from __future__ import annotations

import importlib
import sys
import traceback

OK, FAIL, LIMIT = 0, 1, 2

#: Modules that together reach most of the standard library's built-in parts.
STANDARD_LIBRARY = (
    "argparse", "asyncio", "collections", "concurrent.futures", "csv", "dataclasses", "datetime", "decimal",
    "email.message", "enum", "fractions", "functools", "hashlib", "html.parser", "http.client", "inspect", "io",
    "ipaddress", "itertools", "json", "logging.handlers", "multiprocessing", "operator", "os", "pathlib",
    "pickle", "random", "re", "shutil", "socket", "statistics", "string", "struct", "subprocess", "tempfile",
    "textwrap", "threading", "tomllib", "typing", "unittest", "urllib.parse", "uuid", "xml.etree.ElementTree",
    "zipfile", "zoneinfo",
)  # fmt: skip


class Limit(Exception):  # noqa: N818  (not an error: a known limit)
    """Something that this road cannot give, and why."""


def run(name: str, argument: str) -> tuple[int, str]:
    """Run the check called ``name``; return its outcome and its words."""
    try:
        words = globals()[name](*([argument] if argument else []))
    except Limit as limit:
        return LIMIT, str(limit)
    except AssertionError as error:
        return FAIL, str(error)
    except Exception as error:  # noqa: BLE001  (a self-test reports whatever goes wrong)
        traceback.print_exc()
        return FAIL, f"{type(error).__name__}: {error}"
    return OK, words or ""


def require(condition: object, words: str) -> None:
    """Raise ``AssertionError`` unless ``condition`` holds; unlike ``assert``, at every level of optimisation."""
    if not condition:
        raise AssertionError(words)


def arguments(expected: str) -> None:
    """Compare ``sys.argv`` with what C was given, one argument a line."""
    require(sys.argv == expected.split("\n"), f"sys.argv is {sys.argv!r}")


def environment() -> None:
    """Look for the variable that C has set."""
    import os

    require(os.environ.get("DEMO_SELFTEST") == "grüß", f"DEMO_SELFTEST is {os.environ.get('DEMO_SELFTEST')!r}")


def files(path: str) -> None:
    """Append a line to a file that C and Rust have written."""
    from pathlib import Path

    file = Path(path)
    require(file.read_text(encoding="utf-8") == "from C\nfrom Rust\n", "Python reads other lines than were written")
    with file.open("a", encoding="utf-8") as stream:
        stream.write("from Python\n")


def builtin_modules() -> str:
    """Import every module that is built in."""
    absent, broken = _import_all(sys.builtin_module_names)
    require(not absent and not broken, "; ".join([*broken, *(f"no {name}" for name in absent)]))
    return str(len(sys.builtin_module_names))


def standard_library() -> str:
    """Import a good part of the standard library; none of it may come from a file."""
    absent, broken = _import_all(STANDARD_LIBRARY)
    places = {name: getattr(sys.modules[name], "__spec__", None) for name in STANDARD_LIBRARY if name in sys.modules}
    strangers = sorted(name for name, spec in places.items() if spec and spec.origin not in ("frozen", "built-in"))
    require(not strangers, f"not from inside the executable: {', '.join(strangers)}")
    require(not broken, "; ".join(broken))
    if absent:
        needs = (f"{', '.join(names)} need {missing}" for missing, names in sorted(absent.items()))
        raise Limit(f"{'; '.join(needs)}, which this libpython does not build in")
    return str(len(STANDARD_LIBRARY))


def _import_all(names: tuple[str, ...]) -> tuple[dict[str, list[str]], list[str]]:
    """Import ``names``; return the extension modules that are absent, each with what needs it, and other failures."""
    absent: dict[str, list[str]] = {}
    broken: list[str] = []
    for name in names:
        try:
            importlib.import_module(name)
        except ModuleNotFoundError as error:
            missing = error.name or ""
            if missing.startswith("_") and missing not in sys.builtin_module_names:
                absent.setdefault(missing, []).append(name)
            else:
                broken.append(f"{name}: {error}")
        except Exception as error:  # noqa: BLE001  (as above)
            broken.append(f"{name}: {type(error).__name__}: {error}")
    return absent, broken


def locale_and_time() -> None:
    """Convert text and moments without a file to look anything up in."""
    import datetime
    import locale
    import time

    require(sys.flags.utf8_mode == 1, "UTF-8 mode is off")
    require(locale.localeconv()["decimal_point"] == ".", "the decimal point is not a point")
    moment = datetime.datetime.fromtimestamp(1_000_000_000, tz=datetime.UTC)
    require(moment.isoformat() == "2001-09-09T01:46:40+00:00", f"10^9 seconds are {moment.isoformat()}")
    require(time.strftime("%H:%M", time.gmtime(60)) == "00:01", "strftime is wrong")
    require(time.monotonic() <= time.monotonic(), "time runs backwards")


def threads() -> None:
    """Run a pool of threads, each with a thread-local."""
    import threading
    from concurrent.futures import ThreadPoolExecutor

    local = threading.local()

    def square(number: int) -> int:
        local.value = number
        return int(local.value) ** 2

    with ThreadPoolExecutor(4) as pool:
        require(list(pool.map(square, range(8))) == [n * n for n in range(8)], "the pool gives other results")


def resolve(host: str) -> None:
    """Look up a loopback address."""
    import socket

    found = socket.getaddrinfo(host, 80, family=socket.AF_INET, type=socket.SOCK_STREAM)
    require(str(found[0][4][0]).startswith("127."), f"{host} is {found[0][4]}")


def calls_rust() -> None:
    """Call a function of the program's Rust half."""
    import _demo

    require(_demo.number("1.5k") == 1500, "1.5k is not 1500")
    require(_demo.number("fifteen") is None, "fifteen is a number")


def add_two(value: int) -> int:
    """Return what Rust asks for."""
    return value + 2
