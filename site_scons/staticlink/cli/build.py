"""How do other build systems compile and link as SCons does here? ``cc`` and ``link``.

``cc`` is the compiler of the chosen libc: it becomes that compiler, so it may stand wherever a build system names its C
compiler. ``link`` takes what a compiler driver takes when it links (objects, archives, ``-L``, ``-l``, ``-Wl,``), and
is one whole ``StaticProgram``: plan, link, verify, and with ``--probe`` a run of the result. Their own options begin
with two dashes and a name no driver knows; everything else is passed on. With ``--rustc`` the words are those that
rustc gives its linker: what it decides of the libc, the unwinder and the crt objects is left out, and nothing is
printed, because rustc would show that as a warning.

The libc comes from the cache, or is compiled first, unless ``--prefixes=`` names a directory that has it.
``STATICLINK_HOST_CC`` names the machine's own gcc: ``CC`` may well be ``staticlink cc``.
"""

from __future__ import annotations

import json
import os
import platform
import shlex
import shutil
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from staticlink.cli.output import FINDINGS, GOOD, TROUBLE, refuse, say_on, write_document
from staticlink.cli.words import expand_files
from staticlink.elf.mapping import is_file
from staticlink.errors import StaticlinkError, fail
from staticlink.hardening import OPTIMIZED, hardening_flags
from staticlink.link.allocator import ALLOCATORS, ARCHIVES, allocator_by_policy
from staticlink.link.finding import LEVELS, load_policy, static_nss_rules
from staticlink.link.libc import compiler_directories, describe_libc
from staticlink.link.linker import find_linkers
from staticlink.link.plan import link_program
from staticlink.link.request import LinkRequest
from staticlink.platforms import refuse_libc, refuse_triple, require_host
from staticlink.rust.record import sort_arguments
from staticlink.rust.toolchain import find_toolchain, search_directories
from staticlink.target import Target
from staticlink.vendored.cache import hash_file, open_cache
from staticlink.vendored.provide import Provider
from staticlink.vendored.wrapper import Host

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import TextIO

LIBCS = ("musl", "glibc")
_VALUED = {
    "libc": LIBCS,
    "linker": ("auto", "mold", "rust-lld", "lld", "gold", "bfd"),
    "unwinder": ("auto", "libgcc_eh", "libunwind"),
    "allocator": ("auto", *ALLOCATORS),
    "strings": ("libc", "fast"),
    "static-nss": ("auto", *LEVELS),
    "probe": None,
    "sources": None,
    "findings": None,
    "prefixes": None,
}
_FACTS = ".rust.json"
#: Behind it, every word is the driver's. No driver knows it.
_END = "--"
_SWITCHES = ("pie", "hardening", "offline", "json", "rustc")
#: Of these a link says that they are wrong; whatever else fails is a matter of usage or of input.
_LINK_FINDINGS = (
    "linker-failed",
    "linker-stopped",
    "probe-failed",
    "no-unwinder",
    "more-faults",
    "needs-glibc",
    "musl-version",
    "refused-shim",
    "rust-library",
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """The options of ``cc`` or ``link``, and the driver's words that are passed on."""

    own: Mapping[str, str] = field(default_factory=dict)
    switches: frozenset[str] = frozenset()
    rest: tuple[str, ...] = ()

    @property
    def target(self) -> Target:
        """What is linked for."""
        hardened = "hardening" in self.switches
        pie = hardened or "pie" in self.switches
        return Target(platform.machine(), self.own.get("libc", "musl"), static=True, pie=pie, hardened=hardened)


def cc(words: Sequence[str]) -> int:
    """Become the compiler of the chosen libc. Options of ours come first; the first other word ends them."""
    _require_platform(words)
    count = next((n for n, word in enumerate(words) if not _is_own(word)), len(words))
    wanted = read_wanted(words[:count])
    ended = count < len(words) and words[count] == _END
    passed = words[count + ended :]
    host = _host()
    try:
        if wanted.target.libc == "musl":
            compiler = [str(_provider(wanted, host, sys.stderr).prefix("musl") / "bin" / "cc")]
        else:
            compiler = [*host.cc, *([] if _makes_no_executable(passed) else ["-static"])]
        program = shutil.which(compiler[0], path=host.path)
        if program is None:
            raise fail("no-compiler", f"no C compiler: {compiler[0]}", evidence=(f"looked in {host.path}",))
    except StaticlinkError as error:
        return refuse("cc", error, as_json=False)
    position = ["-fPIE", "-static-pie"] if wanted.target.pie else []
    protection = hardening_flags(wanted.target)
    optimized = [OPTIMIZED] if protection else []
    _become(program, [*compiler[1:], *optimized, *protection, *position, *passed])
    return None


def _require_platform(words: Sequence[str]) -> None:
    """Raise where nothing can be built, or for a ``--target=`` (clang's word, which gcc does not know) of no use."""
    require_host()
    for word in words:
        if word.startswith("--target="):
            refuse_triple(word.removeprefix("--target="))


def _become(program: str, arguments: Sequence[str]) -> NoReturn:
    sys.stderr.flush()
    os.execv(program, [program, *arguments])  # noqa: S606  (no shell is wanted)


def link(words: Sequence[str]) -> int:
    """Plan, link and verify one executable, and return the exit code."""
    _require_platform(words)
    wanted = read_wanted(tuple(expand_files(words)))
    as_json = "json" in wanted.switches
    output, rest = _split_output(wanted.rest)
    say = say_on(sys.stderr if as_json else sys.stdout)
    if "rustc" in wanted.switches:
        rest, say = _as_recorded(rest), _say_nothing
    try:
        link_program(_request(wanted, output, rest), say)
    except StaticlinkError as error:
        known = {*load_policy().rows, *_LINK_FINDINGS}
        code = FINDINGS if all(fault.id in known for fault in error.faults) else TROUBLE
        return refuse("link", error, as_json=as_json, code=code)
    if as_json:
        plan = json.loads(Path(f"{output}.linkplan.json").read_text(encoding="utf-8"))
        fields = {"output": str(output), "sha256": hash_file(output), "plan": plan, "findings": []}
        write_document("link", fields)
    return GOOD


def read_wanted(words: Sequence[str]) -> Wanted:
    """Return which of ``words`` are options of ours, and the rest.

    Raises :class:`StaticlinkError` for a value that is not allowed.
    """
    own: dict[str, str] = {}
    switches: set[str] = set()
    rest: list[str] = []
    ended = words.index(_END) if _END in words else len(words)
    for word in words[:ended]:
        name, equals, value = word.removeprefix("--").partition("=")
        if not _is_own(word):
            rest.append(word)
        elif equals:
            _require_value(name, value)
            own[name] = value
        else:
            switches.add(name)
    return Wanted(own, frozenset(switches), (*rest, *words[ended + 1 :]))


def _require_value(name: str, value: str) -> None:
    allowed = _VALUED[name]
    if allowed is not None and value not in allowed:
        if name == "libc":
            refuse_libc(value)
        evidence = (f"allowed: {', '.join(allowed)}",)
        raise fail("bad-usage", f"invalid value for option --{name}: {value}", evidence=evidence)
    if name == "sources" and value and not Path(value).is_dir():
        raise fail("bad-usage", f"invalid value for option --{name}: {value}", evidence=("no such directory",))


def _is_own(word: str) -> bool:
    name, equals, _ = word.removeprefix("--").partition("=")
    return word.startswith("--") and (name in _VALUED if equals else name in _SWITCHES)


def _makes_no_executable(words: Sequence[str]) -> bool:
    return any(word in ("-shared", "-r", "-static-pie") for word in words)


def _split_output(words: Sequence[str]) -> tuple[Path, tuple[str, ...]]:
    """Return the file that ``-o`` names, and the words without it."""
    output: str | None = None
    rest: list[str] = []
    words_left = iter(words)
    for word in words_left:
        if word == "-o":
            output = next(words_left, None)
        elif word.startswith("-o") and len(word) > len("-o"):
            output = word.removeprefix("-o")
        else:
            rest.append(word)
    if not output:
        raise fail("bad-usage", "no output named", fix="-o OUT")
    if not rest:
        raise fail("bad-usage", "no input files")
    path = Path(output)
    for word in rest:
        # What was made before goes first: an input would be gone before it is read.
        if word == output or (is_file(Path(word)) and is_file(path) and path.samefile(word)):
            raise fail("bad-usage", f"the output is one of the inputs: {word}")
    return path, tuple(rest)


def _as_recorded(words: Sequence[str]) -> tuple[str, ...]:
    """Return what stays of the words that rustc gives its linker."""
    facts = [word for word in words if word.endswith(_FACTS)]
    record = sort_arguments([word for word in words if word not in facts])
    inputs = (*facts, *map(str, record.objects), *map(str, record.archives))
    searched = (*(f"-L{path}" for path in record.directories), *(f"-l{name}" for name in record.libraries))
    return (*inputs, *searched, *record.flags)


def _say_nothing(verb: str, subject: str, detail: str) -> None:
    """Print no line."""


def _request(wanted: Wanted, output: Path, rest: Sequence[str]) -> LinkRequest:
    target, host = wanted.target, _host()
    given = wanted.own.get("prefixes")
    prefix = Path(given).joinpath if given else _provider(wanted, host, sys.stderr).prefix
    sysroot = prefix("musl") if target.libc == "musl" else None
    unwinder = wanted.own.get("unwinder", "auto")
    asked = unwinder == "libunwind" or (unwinder == "auto" and target.libc == "musl")
    wish = wanted.own.get("allocator", "auto")
    # What ``auto`` takes is found out here, because it has to be at hand.
    replacement = wish if wish != "auto" else allocator_by_policy(target.libc)[0]
    facts = tuple(Path(word) for word in rest if word.endswith(_FACTS))
    probe = wanted.own.get("probe")
    return LinkRequest(
        output=output,
        target=target,
        inputs=(),
        flags=tuple(word for word in rest if not word.endswith(_FACTS)),
        libraries=(),
        directories=(),
        libc=describe_libc(target, compiler_directories(host.cc), sysroot),
        cc=(str(sysroot / "bin" / "cc"),) if sysroot is not None else host.cc,
        allocator=wish,
        allocators={name: prefix(name) / ARCHIVES[name] for name in (replacement,) if name in ARCHIVES},
        unwinder=unwinder,
        unwinders={"libunwind": prefix("libunwind") / "lib" / "libunwind.a"} if asked else {},
        linker=wanted.own.get("linker", "auto"),
        linkers=find_linkers(_linker_directories(wanted.own.get("linker", "auto"))),
        rust=facts,
        probe=_split("--probe", probe) if probe is not None else None,
        fast_strings=wanted.own.get("strings") == "fast",
        findings=(
            *static_nss_rules(wanted.own.get("static-nss", "auto")),
            *wanted.own.get("findings", "").split(),
        ),
    )


def _split(name: str, text: str) -> tuple[str, ...]:
    """Return the words of ``text``, which are quoted as for a shell."""
    try:
        return tuple(shlex.split(text))
    except ValueError as error:
        raise fail("bad-usage", f"invalid quoting in {name}: {text}", evidence=(str(error).lower(),)) from None


def _host() -> Host:
    name = "STATICLINK_HOST_CC"
    return Host(_split(name, os.environ.get(name, "gcc")) or ("gcc",), os.environ.get("PATH", os.defpath))


def _provider(wanted: Wanted, host: Host, stream: TextIO) -> Provider:
    sources = Path(wanted.own["sources"]) if wanted.own.get("sources") else None
    offline = "offline" in wanted.switches
    return Provider(wanted.target, open_cache(os.environ), host, sources, offline, say_on(stream))


def _linker_directories(wanted: str) -> tuple[Path, ...]:
    """Return where linkers are looked for: PATH, then among the Rust toolchain's own programs where there is one."""
    places = [Path(part) for part in os.environ.get("PATH", os.defpath).split(os.pathsep) if part]
    found = search_directories(os.environ)
    has_rust = all(any((place / name).is_file() for place in found) for name in ("rustc", "cargo"))
    if has_rust and wanted in ("auto", "rust-lld"):
        toolchain = find_toolchain(Path.cwd(), os.environ, open_cache(os.environ).root / "rust")
        places.append(toolchain.target_libraries(toolchain.host).with_name("bin"))
    return tuple(places)
