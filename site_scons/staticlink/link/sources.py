"""What goes into this link, once names are files and the libc, the unwinder and the shims have joined?

A request names files and ``-l`` libraries. Here they become inputs that have been read, in the order the user
meant, and the archives every program needs are added behind them: the unwinder's, libgcc, the libc. The libc's crt
objects go around it all.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from staticlink.elf.mapping import map_file
from staticlink.errors import Fault, StaticlinkError
from staticlink.hardening import protection_flags
from staticlink.link.allocator import choose_allocator
from staticlink.link.begun import begin_link
from staticlink.link.inputs import Archive, Group, ObjectFile, Script, Whole, flatten
from staticlink.link.libc import find_libraries
from staticlink.link.reading import read_input
from staticlink.link.shim_demand import asked_by_strangers, needs_start_bridge
from staticlink.link.shim_objects import make_shims
from staticlink.link.shim_versions import choose_aliases
from staticlink.link.shims import choose_shims, load_shims, standing_in
from staticlink.link.unwinder import RAISE, Needs, choose_unwinder, unwinding_names

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from staticlink.link.allocator import Allocator
    from staticlink.link.begun import Begun
    from staticlink.link.flags import LinkFlags
    from staticlink.link.gnu_ld import GnuLd
    from staticlink.link.options import Options
    from staticlink.link.request import LinkRequest
    from staticlink.link.resolution import Resolution
    from staticlink.link.shims import Shim
    from staticlink.link.unwinder import Unwinder
    from staticlink.model import Choice


#: What the facts of a crate always hold.
_FACTS = frozenset({"evidence", "reason", "road"})
#: The kind of a symbol. Source: System V ABI, chapter 4, "Symbol Table".
_FUNCTION = 2


@dataclass(frozen=True, slots=True)
class Named:
    """Where a link's inputs are, by what they are: the project's, those under ``--whole-archive``, the libc's."""

    own: tuple[Path, ...]
    whole: tuple[Path, ...]
    before: tuple[Path, ...]
    after: tuple[Path, ...]
    implied: tuple[Path, ...]

    @property
    def paths(self) -> tuple[Path, ...]:
        """All of them."""
        return (*self.own, *self.whole, *self.before, *self.after, *self.implied)


@dataclass(frozen=True, slots=True)
class Inputs:
    """Everything of one link that has been read. ``shims`` are those that have joined, with the symbols it needs.

    ``named`` are the paths that the link names, also those left out because another one leads to the same file, and
    ``scripts`` the linker scripts among them. ``objects`` start with the libc's crt objects; ``closing`` are those that
    end the link. ``archives`` are the user's, in the user's order, then those every program needs. ``link`` is what
    they come to as one group: what is missing then is missing in every order; ``behind`` says that archives have been
    added since. ``begun`` is the link of the objects and the user's own archives.
    """

    objects: tuple[ObjectFile, ...]
    archives: tuple[Archive | Whole, ...]
    closing: tuple[ObjectFile, ...]
    options: Options
    machine: str
    link: GnuLd
    shims: tuple[Shim, ...] = ()
    named: tuple[Path, ...] = ()
    scripts: tuple[Script, ...] = ()
    behind: bool = False
    begun: Begun | None = None

    def with_archives(self, paths: Sequence[Path]) -> Inputs:
        """Return these inputs with the archives at ``paths`` ahead of the libc's, each once."""
        known = {archive.path for archive in flatten(self.archives)}
        added = [read_input(path, machine=self.machine) for path in paths if path not in known]
        position = next((i for i, one in enumerate(self.archives) if _is_libgcc(one)), len(self.archives))
        archives = (*self.archives[:position], *_archives(added), *self.archives[position:])
        return replace(self, archives=archives, behind=self.behind or bool(added))

    def undefined(self, *wanted: str) -> dict[str, tuple[str, ...]]:
        """Return symbol -> referrers for what no order of these inputs defines, were ``wanted`` asked for as well."""
        return self.resolution(*wanted).undefined

    def resolution(self, *wanted: str) -> Resolution:
        """Return what these inputs come to as one group, were ``wanted`` asked for as well."""
        link = self.link.extended(self.archives, wanted) if wanted or self.behind else self.link
        return link.result("bfd", ())


def name_inputs(request: LinkRequest, flags: LinkFlags) -> Named:
    """Return where the inputs that ``request`` names are.

    Raises :class:`StaticlinkError` naming every library that is missing.
    """
    directories = _directories(request, flags)
    libraries = find_libraries((*request.libraries, *flags.libraries), directories, request.target.arch)
    return Named(
        (*request.inputs, *(Path(name) for name in flags.files), *libraries),
        (*_whole_paths(flags.whole, directories, request.target.arch), *choose_link_allocator(request).value.archives),
        request.libc.before,
        request.libc.after,
        (request.libc.libgcc, *request.libc.archives),
    )


def gather_inputs(request: LinkRequest, flags: LinkFlags) -> Inputs:
    """Return the inputs ``request`` names, read, and the libc's own.

    Raises :class:`StaticlinkError` for a file that is missing, cannot be read, or is for another machine.
    """
    directories, machine = _directories(request, flags), request.target.arch
    named = name_inputs(request, flags)
    scripts: list[Script] = []

    def read(paths: Sequence[Path]) -> list[ObjectFile | Archive]:
        items = [read_input(path, machine=machine, directories=directories) for path in dict.fromkeys(paths)]
        scripts.extend(one for one in items if isinstance(one, Script))
        return list(flatten(items))

    own, whole = read(named.own), _archives(read(named.whole))
    before, after = (tuple(_objects(read(paths))) for paths in (named.before, named.after))
    implied = read(named.implied)
    own = [one for one in own if one.path.resolve() not in {archive.path.resolve() for archive in whole}]
    known = {one.path.resolve() for one in (*own, *whole)}
    objects = (*before, *_objects(own))
    rest = (one for one in _archives(implied) if one.path.resolve() not in known)
    archives: tuple[Archive | Whole, ...] = (*map(Whole, whole), *_archives(own), *rest)
    options = replace(flags.options, pie=request.target.pie)
    begun = begin_link((*objects, *map(Whole, whole), *_archives(own)), options)
    link = begun.link.extended(())
    # A group is its archives, one after the other, and then all of them again.
    link.take_all(archives[len(begun.items) - len(objects) :])
    link.take_all([Group(archives)], again=True)
    link.take_all(after)
    return Inputs(
        objects, archives, after, options, machine, link, named=named.paths, scripts=tuple(scripts), begun=begun
    )


def _directories(request: LinkRequest, flags: LinkFlags) -> tuple[Path, ...]:
    return (*request.directories, *(Path(name) for name in flags.directories), *request.libc.directories)


def choose_link_allocator(request: LinkRequest) -> Choice[Allocator]:
    """Return the allocator of this link: a matter of the request alone, so it is known before anything is read."""
    return choose_allocator(request.allocator, request.libc.name, request.allocators)


def choose_link_unwinder(request: LinkRequest, inputs: Inputs) -> Choice[Unwinder]:
    """Return the unwinder of this link, judged by what resolution misses without one and with each candidate."""
    missing = inputs.undefined()

    def lacks(archive: Path) -> Collection[str]:
        return inputs.with_archives([archive]).undefined(RAISE).keys() - missing.keys()

    needs = Needs(unwinding_names(missing), inputs.link.definer(RAISE))
    candidates = {"libgcc_eh": request.libc.libgcc_eh, **request.unwinders}

    def shimmed() -> Collection[str]:
        return standing_in(load_shims()) if request.libc.name == "musl" else ()

    return choose_unwinder(request.unwinder, request.libc.name, needs, candidates, lacks, shimmed)


def add_shims(request: LinkRequest, inputs: Inputs, crates: Mapping[str, Mapping[str, Any]]) -> Inputs:
    """Return ``inputs`` with the shims this link needs, compiled for its libc; without any when it needs none.

    A std that was compiled for the other libc is shimmed, and so are strangers (``shim_demand.py``).
    """
    if request.libc.name != "musl":
        return inputs
    known = load_shims()
    roads = [facts for facts in crates.values() if facts["road"] == "shim"]
    replaced = [name for shim in known if shim.replaces for name in shim.symbols]
    resolution, files = inputs.resolution(), request.libc.files
    asked = asked_by_strangers(resolution, replaced, request.libc.name, files)
    bridge = any(facts.get("start_bridge") for facts in roads) or needs_start_bridge(resolution, "musl", files)
    wanted = asked | inputs.undefined().keys() if roads else asked
    aliases = choose_aliases(wanted, request.target.arch, partial(_has_function, inputs, standing_in(known)))
    wanted |= {name for name in aliases.values() if not _promising(inputs, name)}
    kinds = {"start_bridge": bridge, "hardened": request.target.hardened, "fast": request.fast_strings}
    shims = choose_shims(wanted, known, aliases=aliases, **kinds)
    if not shims:
        return inputs
    paths = compile_shims(request, shims)
    objects = _objects([read_input(path, machine=inputs.machine) for path in paths])
    return replace(inputs, objects=(*inputs.objects, *objects), shims=shims)


def _has_function(inputs: Inputs, shimmed: Collection[str], name: str) -> bool:
    """Say whether a shim defines ``name``, or the first archive that defines it has a function of that name."""
    archives = _promising(inputs, name)
    if not archives:
        return name in shimmed
    member = archives[0].member(archives[0].offset_at(archives[0].promises[name][0]))
    return member is not None and any(row.name == name and row.kind == _FUNCTION for row in member.details())


def _promising(inputs: Inputs, name: str) -> list[Archive]:
    return [one for one in flatten(inputs.archives) if isinstance(one, Archive) and name in one.promises]


def compile_shims(request: LinkRequest, shims: Sequence[Shim]) -> tuple[Path, ...]:
    """Return the objects of ``shims``, compiled for this link where they are not there already."""
    compiler = (*request.cc, *protection_flags(request.target))
    return make_shims(shims, cc=compiler, into=shim_directory(request))


def shim_directory(request: LinkRequest) -> Path:
    """Return where the shims of a link are compiled to."""
    return request.output.with_name(f"{request.output.name}.shims")


def read_crates(paths: Sequence[Path]) -> dict[str, dict[str, Any]]:
    """Return what each crate's ``.rust.json`` says of it, by the crate's file name.

    Raises :class:`StaticlinkError` for a file that does not say what a link must know.
    """
    found = {path: _read_facts(bytes(map_file(path))) for path in paths}
    damaged = [path for path, facts in found.items() if not facts.keys() >= _FACTS]
    if damaged:
        raise StaticlinkError(*(Fault("bad-crate", f"not the facts of a crate: {path}") for path in damaged))
    return {path.name.removesuffix(".rust.json"): facts for path, facts in found.items()}


def _read_facts(text: bytes) -> dict[str, Any]:
    try:
        facts = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return facts if isinstance(facts, dict) else {}


def _whole_paths(names: Sequence[str], directories: Sequence[Path], machine: str) -> tuple[Path, ...]:
    """Return the path of each input under ``--whole-archive``, named by path or as ``-lNAME``."""
    return tuple(
        find_libraries([name[2:]], directories, machine)[0] if name.startswith("-l") else Path(name) for name in names
    )


def _is_libgcc(one: Archive | Whole) -> bool:
    return isinstance(one, Archive) and one.path.name == "libgcc.a"


def _objects(inputs: Sequence[Any]) -> tuple[ObjectFile, ...]:
    return tuple(one for one in inputs if isinstance(one, ObjectFile))


def _archives(inputs: Sequence[Any]) -> tuple[Archive, ...]:
    return tuple(one for one in inputs if isinstance(one, Archive))
