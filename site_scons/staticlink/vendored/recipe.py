"""What is this dependency, where can it be had, how is it compiled?

A recipe is one TOML file. It pins the archives it accepts by sha256, says where such an archive can be had (the hash
decides, so the places need no trust), how ``configure`` and ``make`` are called, and which files of the result others
may rely on. ``from`` of a copy begins with ``source`` or ``build``; ``install`` names targets of make that understand
``DESTDIR``. A ``[build.musl]`` or ``[build.glibc]`` table adds to ``[build]`` for that libc. A dependency that is a few
C files has no use for either: ``sources`` are compiled with ``flags`` into ``archive``.

Everything is checked when the file is read, and all its faults are reported at once. Not modelled: other build systems,
versions to choose from.
"""

from __future__ import annotations

import difflib
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

import toml

from staticlink.errors import fail
from staticlink.vendored.schema import (
    Key,
    check_table,
    is_flag,
    is_path,
    is_sha256,
    is_table,
    is_table_of_texts,
    is_text,
    is_url,
    is_word,
    list_of,
    one_of,
    set_of,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

_LIBCS = ("musl", "glibc")
_LARGEST = 256 * 1024
_PACKAGE = Path(__file__).parent.parent
#: Where the recipes that come with staticlink are: in an installed package, in a checkout.
SHIPPED = (_PACKAGE / "vendor", _PACKAGE.parent.parent / "vendor")


@dataclass(frozen=True, slots=True)
class Archive:
    """A source archive that is accepted: its file name and its sha256."""

    file: str
    sha256: str


@dataclass(frozen=True, slots=True)
class DebianSource:
    """The Debian source package whose upstream archive may be taken, and the suite it is in."""

    package: str
    suite: str


@dataclass(frozen=True, slots=True)
class Steps:
    """How a source is compiled for one libc: arguments and environment of configure, arguments of make.

    With an ``archive``, neither is run: it is made of ``sources``, compiled with ``flags``. When there are ``exports``,
    it holds one object, of which nothing else can be referred to.
    """

    configure: tuple[str, ...] = ()
    environment: tuple[tuple[str, str], ...] = ()
    make: tuple[str, ...] = ()
    install: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    archive: str | None = None
    exports: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Copy:
    """Files that go into the prefix: ``files`` are patterns below ``origin``, less those that match ``leave_out``.

    ``flat`` drops the directories below ``origin``; ``name`` renames the one file that matches.
    """

    origin: str
    to: str
    files: tuple[str, ...]
    leave_out: tuple[str, ...] = ()
    flat: bool = False
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Recipe:
    """One dependency. ``steps`` and ``needs`` map a libc to what holds for it; ``fingerprint`` is of what decides."""

    name: str
    version: str
    licence: str
    libcs: tuple[str, ...]
    sysroot: bool
    urls: tuple[str, ...]
    archives: tuple[Archive, ...]
    debian: DebianSource | None
    steps: Mapping[str, Steps]
    copies: tuple[Copy, ...]
    needs: Mapping[str, tuple[str, ...]]
    products: tuple[str, ...]
    fingerprint: str


def _is_origin(value: object) -> str | None:
    fault = is_path(value)
    if fault is None and PurePosixPath(str(value)).parts[:1] not in (("source",), ("build",)):
        return f"begins with neither source nor build: {value}"
    return fault


_ARCHIVE = {"file": Key(is_word, required=True), "sha256": Key(is_sha256, required=True)}
_DEBIAN = {"package": Key(is_word, required=True), "suite": Key(is_word, required=True)}
_SOURCE = {
    "urls": Key(set_of(is_url), required=True),
    "archives": Key(list_of(is_table), required=True, below=_ARCHIVE),
    "debian": Key(is_table, below=_DEBIAN),
}
_STEPS = {
    "configure": Key(list_of(is_text)),
    "environment": Key(is_table_of_texts),
    "make": Key(list_of(is_text)),
    "install": Key(list_of(is_word)),
    "flags": Key(list_of(is_text)),
    "exports": Key(set_of(is_word)),
}
_PLAIN = {"sources": Key(set_of(is_path)), "archive": Key(is_word)}
_BUILD = {**_STEPS, **_PLAIN, **{libc: Key(is_table, below=_STEPS) for libc in _LIBCS}}
_COPY = {
    "from": Key(_is_origin, required=True),
    "to": Key(is_path, required=True),
    "files": Key(list_of(is_path), required=True),
    "except": Key(list_of(is_path)),
    "flat": Key(is_flag),
    "name": Key(is_word),
}
_RECIPE = {
    "name": Key(is_word, required=True),
    "version": Key(is_word, required=True),
    "licence": Key(is_text, required=True),
    "libcs": Key(set_of(one_of(*_LIBCS)), required=True),
    "sysroot": Key(is_flag),
    "source": Key(is_table, required=True, below=_SOURCE),
    "build": Key(is_table, required=True, below=_BUILD),
    "copy": Key(list_of(is_table), below=_COPY),
    "needs": Key(is_table, below={libc: Key(set_of(is_word)) for libc in _LIBCS}),
    "products": Key(is_table, required=True, below={"files": Key(set_of(is_path), required=True)}),
}


def load_recipe(path: Path) -> Recipe:
    """Return the recipe in ``path``, or raise ``no-recipe``, or ``invalid-recipe`` with all that is wrong with it."""
    what = f"invalid recipe: {path.name}"
    try:
        raw = path.read_bytes()
    except OSError as error:
        known = sorted(p.stem for p in path.parent.glob("*.toml"))
        close = difflib.get_close_matches(path.stem, known, n=1)
        evidence = (f"{path}: {(error.strerror or str(error)).lower()}", f"recipes: {', '.join(known) or 'none'}")
        raise fail("no-recipe", f"no recipe: {path.stem}", evidence=evidence, fix=close[0] if close else None) from None
    if len(raw) > _LARGEST:
        raise fail("invalid-recipe", what, evidence=(f"larger than {_LARGEST} bytes",))
    try:
        data = toml.loads(raw.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise fail("invalid-recipe", what, evidence=(f"not UTF-8 at byte {error.start}",)) from None
    except RecursionError:
        raise fail("invalid-recipe", what, evidence=("nested too deeply",)) from None
    except (ValueError, LookupError, TypeError, AttributeError) as error:  # toml raises all of these on bad input
        raise fail("invalid-recipe", what, evidence=(f"not TOML: {error}",)) from None
    faults = check_table(data, _RECIPE)
    faults += [] if faults else _contradictions(data["build"])
    if not faults and data["name"] != path.stem:
        faults = [f"name: {data['name']}, but the file is called {path.name}"]
    if faults:
        raise fail("invalid-recipe", what, evidence=faults)
    return _recipe(data)


def _contradictions(build: dict[str, Any]) -> list[str]:
    """Return what is wrong with a build that is both kinds, or neither whole."""
    tables = {"build": build, **{f"build.{libc}": build.get(libc, {}) for libc in _LIBCS}}
    if "sources" not in build and "archive" not in build:
        plain = ("flags", "exports")
        return [f"{where}.{key}: without sources" for where, table in tables.items() for key in plain if key in table]
    faults = [f"build.{key}: missing" for key in _PLAIN if key not in build]
    made = ("configure", "environment", "make", "install")
    faults += [f"{where}.{key}: beside sources" for where, table in tables.items() for key in made if key in table]
    return faults


def _recipe(data: dict[str, Any]) -> Recipe:
    source, build = data["source"], data["build"]
    decides = {key: value for key, value in data.items() if key not in ("licence", "source")}
    debian = source.get("debian")
    return Recipe(
        name=data["name"],
        version=data["version"],
        licence=data["licence"],
        libcs=tuple(data["libcs"]),
        sysroot=data.get("sysroot", False),
        urls=tuple(source["urls"]),
        archives=tuple(Archive(a["file"], a["sha256"]) for a in source["archives"]),
        debian=DebianSource(debian["package"], debian["suite"]) if debian else None,
        steps={libc: _steps(build, build.get(libc, {})) for libc in data["libcs"]},
        copies=tuple(_copy(c) for c in data.get("copy", ())),
        needs={libc: tuple(data.get("needs", {}).get(libc, ())) for libc in data["libcs"]},
        products=tuple(data["products"]["files"]),
        fingerprint=hashlib.sha256(json.dumps(decides, sort_keys=True).encode()).hexdigest(),
    )


def _steps(common: dict[str, Any], own: dict[str, Any]) -> Steps:
    def both(key: str) -> tuple[str, ...]:
        return (*common.get(key, ()), *own.get(key, ()))

    environment = {**common.get("environment", {}), **own.get("environment", {})}
    return Steps(
        configure=both("configure"),
        environment=tuple(sorted(environment.items())),
        make=both("make"),
        install=both("install"),
        sources=both("sources"),
        flags=both("flags"),
        archive=common.get("archive"),
        exports=both("exports"),
    )


def _copy(table: dict[str, Any]) -> Copy:
    return Copy(
        origin=table["from"],
        to=table["to"],
        files=tuple(table["files"]),
        leave_out=tuple(table.get("except", ())),
        flat=table.get("flat", False),
        name=table.get("name"),
    )
