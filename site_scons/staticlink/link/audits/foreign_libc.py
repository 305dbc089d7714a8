"""Which objects of a link were compiled against the other libc, and which of its functions may they not call?

Names that do not resolve are the harmless half: an object compiled with glibc's headers can link against musl without
one undefined symbol, and ``regexec`` then writes ``regmatch_t`` of another size than the object made room for. So every
object that joins is judged (``libc/verdict.py``), and one of the other libc may call only functions whose interface is
measured to be the same in both (``libc/abi.py``). A function that the link takes from somewhere else than the libc is
that one's own affair; so is one that a shim defines.

Not modelled: interfaces that are not functions' own, as where one object hands a ``struct`` of the libc's to another
that was compiled against the other libc.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from staticlink.elf.rust_metadata import STD
from staticlink.libc.musl_release import musl_version, read_release
from staticlink.libc.names import OTHER
from staticlink.libc.verdict import COMPILERS, Setting, judge
from staticlink.link.audits.definitions import promised_members
from staticlink.link.finding import LEVELS
from staticlink.link.inputs import Script, flatten
from staticlink.link.resolution import COMMON, ROLE_BITS, ROLE_MASK, STRONG, WEAK
from staticlink.link.shim_versions import MARK

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from staticlink.libc.abi import Interface
    from staticlink.libc.marks import Marks, Subject
    from staticlink.libc.musl_release import Musl
    from staticlink.libc.verdict import Verdict
    from staticlink.link.finding import Finding, Policy
    from staticlink.link.inputs import Archive, ObjectFile
    from staticlink.link.libc import Libc
    from staticlink.link.resolution import Resolution

_GLIBC = "gnu_get_libc_version"
_START = "__libc_start_main"
_DEFINED = (STRONG, WEAK, COMMON)
#: Of the files a libc is described by, these come from the compiler.
_COMPILERS = ("crtbegin", "crtend", "libgcc")
_SHOWN = 1


@dataclass(frozen=True, slots=True)
class Judged:
    """The objects of one link with what each was compiled against, and with what that was read from.

    ``libc`` is the link's own. ``taken`` says whether the link takes a symbol from that libc. ``rebuild`` says what to
    do in place of linking an archive of some file name, where a recipe makes it. ``musl`` is the link's,
    unless it is for glibc.
    """

    libc: str
    verdicts: Mapping[ObjectFile, Verdict]
    marks: Mapping[ObjectFile, Marks]
    interfaces: Callable[[], Mapping[str, Interface]]
    taken: Callable[[str], bool]
    rebuild: Callable[[str], str | None]
    musl: Musl | None = None


def no_recipe(_: str) -> str | None:
    """Know no recipe for any archive."""
    return None


def judge_link(
    resolution: Resolution,
    libc: Libc,
    interfaces: Callable[[], Mapping[str, Interface]],
    *,
    scripts: Sequence[Script] = (),
    shims: Iterable[Path] = (),
    rebuild: Callable[[str], str | None] = no_recipe,
) -> Judged:
    """Return a verdict on every object that joined the link; ``scripts`` are its linker scripts, ``shims`` objects."""
    own = {path: libc.name for path in libc.files if not path.name.startswith(_COMPILERS)}
    for script in scripts:
        if script.path in own:
            own |= {one.path: libc.name for one in flatten([script])}
    standing_in = frozenset(shims)

    def owner(name: str) -> ObjectFile | None:
        state = resolution.state.get(name)
        if state is None or state < 0 or state & ROLE_MASK not in _DEFINED:
            return None
        return resolution.loaded[state >> ROLE_BITS]

    def telling(name: str) -> bool:
        # What musl defines cannot be glibc's alone, and what only musl defines says nothing.
        one = owner(name)
        return one is None or one.path in standing_in or (libc.name == "glibc" and one.home in own)

    def taken(name: str) -> bool:
        one = owner(name)
        return one is not None and one.home in own

    setting = Setting(
        own,
        lambda one: _rust_std(one) or owner(STD),
        telling,
        whole=True,
        interfaces=interfaces,
        compilers=frozenset(path for path in libc.files if path not in own),
    )
    found = {one: judge(one, one.home, setting) for one in resolution.loaded}
    return Judged(
        libc.name,
        {one: verdict for one, (verdict, _) in found.items()},
        {one: marks for one, (_, marks) in found.items() if marks is not None},
        interfaces,
        taken,
        rebuild,
        _find_musl(resolution.used_archives, own) if libc.name == "musl" else None,
    )


def _find_musl(archives: Sequence[Archive], own: Mapping[Path, str]) -> Musl | None:
    found = (one for one in archives if one.path in own and _START in one.promises)
    return next((read_release(one.path, one.table) for one in found), None)


def judge_archives(
    archives: Sequence[Archive],
    libc: str,
    interfaces: Callable[[], Mapping[str, Interface]],
    rebuild: Callable[[str], str | None] = no_recipe,
) -> Judged:
    """Return a verdict on every member of ``archives`` with all its evidence, as if for a link with ``libc``.

    A libc.a of musl's among them is the link's.
    """
    setting = _beside(archives, interfaces)
    members = [one for archive in archives for one in archive.objects()]
    found = {one: judge(one, one.home, setting, every=True) for one in members}
    return Judged(
        libc,
        {one: verdict for one, (verdict, _) in found.items()},
        {one: marks for one, (_, marks) in found.items() if marks is not None},
        interfaces,
        lambda name: not any(name in one.promises for one in archives if one.path not in setting.own),
        rebuild,
        _find_musl([one for one in archives if setting.own.get(one.path) == "musl"], setting.own),
    )


def judge_among(
    archives: Sequence[Archive], interfaces: Callable[[], Mapping[str, Interface]]
) -> Callable[[ObjectFile], Verdict]:
    """Return what judges an object beside ``archives``, with all its evidence; a libc among them is known as one."""
    setting = _beside(archives, interfaces)
    return lambda one: judge(one, one.home, setting, every=True)[0]


def _beside(archives: Sequence[Archive], interfaces: Callable[[], Mapping[str, Interface]]) -> Setting:
    # An archive without an index, which lld takes, promises nothing.
    indexed = [archive for archive in archives if archive.table.index is not None]

    def promised(name: str) -> bool:
        return any(name in archive.promises for archive in indexed)

    own = {archive.path: kind for archive in indexed if (kind := _libc_of(archive)) is not None}
    return Setting(own, _rust_std, lambda name: not promised(name), whole=False, interfaces=interfaces)


def _libc_of(archive: Archive) -> str | None:
    """Return which libc an archive is, if it is one."""
    if not {_START, "malloc", "printf"} <= archive.promises.keys():
        return None
    return "glibc" if _GLIBC in archive.promises else "musl" if musl_version(archive.path) else None


def _rust_std(one: Subject) -> ObjectFile | None:
    """Return the member with Rust's standard library beside ``one`` in its archive."""
    archive = getattr(one, "archive", None)
    if archive is None or archive.table.index is None or STD not in archive.promises:
        return None
    return next(promised_members(archive, STD), None)


def find_foreign_interfaces(judged: Judged, policy: Policy) -> Iterator[Finding]:
    """Yield the functions whose interface differs and that an object of the other libc refers to, by symbol.

    Where nothing shows what an object was compiled against, that is a finding of its own for each such object.
    """
    other = OTHER[judged.libc]
    callers: dict[str, list[ObjectFile]] = {}
    unknown: dict[ObjectFile, list[str]] = {}
    strange = [
        (one, verdict)
        for one, verdict in judged.verdicts.items()
        if verdict.kind not in (judged.libc, "either") and COMPILERS not in verdict.evidence
    ]
    interfaces = judged.interfaces() if strange else {}
    for one, verdict in strange:
        for name in (*one.symbols.undefined, *one.symbols.weak_undefined):
            function = name.partition(MARK)[0]  # a version of it is defined by a shim, over the libc's
            known = interfaces.get(function)
            if known is not None and known.harms(other) and judged.taken(function):
                if verdict.kind == "unknown":
                    unknown.setdefault(one, []).append(function)
                else:
                    callers.setdefault(function, []).append(one)
    for name in sorted(callers):
        yield from _interface(interfaces[name], callers[name], judged, policy)
    for one, names in unknown.items():
        lines = (judged.verdicts[one].evidence[0], *(f"calls {name}" for name in sorted(names)))
        yield policy.finding("libc-unknown", lines, one.display, one.home_display)


def _interface(called: Interface, callers: Sequence[ObjectFile], judged: Judged, policy: Policy) -> Iterator[Finding]:
    """Yield a finding for each level that policy gives to the objects that call ``called``."""
    id_, name = "foreign-libc-interface", called.name
    levels: dict[str, list[ObjectFile]] = {}
    for one in callers:
        levels.setdefault(policy.finding(id_, (), name, one.home_display).level, []).append(one)
    for level in sorted(levels, key=LEVELS.index):
        ones = levels[level]
        lines = [line for one in ones[:_SHOWN] for line in _caller(one, judged.verdicts[one])]
        more = len(ones) - _SHOWN
        lines += [f"called by {more} more"] if more > 0 else []
        evidence = (*lines, *called.differences)
        yield policy.finding(id_, evidence, name, ones[0].home_display, _remedy(ones[0], judged, level))


def _remedy(one: ObjectFile, judged: Judged, level: str) -> str:
    # A plan that stands is kept, and recipes are not among what it is compared with: only an error looks into them.
    offered = judged.rebuild(one.archive.display) if one.archive is not None and level == "error" else None
    ours = ", as staticlink cc does" if judged.libc == "musl" else ""
    return offered or f"compile {one.home_display} for {judged.libc}{ours}"


def _caller(one: ObjectFile, verdict: Verdict) -> tuple[str, str]:
    return (f"called by {one.display}, compiled for {verdict.kind}", f"{one.display} {verdict.evidence[0]}")
