"""Does the plan of the last link still stand?

Most links repeat one with other bytes in a function or two. Planning reads names that other objects can see, bindings
and section names, never code, so its outcome is kept beside the output, in ``NAME.planned.json``, together with what it
depended on. It stands while all of that is as it was:

- the request, the directory, the linkers, and staticlink's own files, which the record is sealed with;
- where each input is found, and that no file has appeared at a place that was searched before it;
- the piece of libc.a that says which musl it is;
- for each input its size, times and inode; or, where these have changed, a digest of what planning read in it: an
  archive's members, its index, the fingerprints of the objects that somebody looked at, the marks by which those
  that joined the link were judged (``libc/marks.py``), and what the sections of those refer to that are on a way from
  an entry point to a function in question (``link/reach.py``). Planning is a function of what it reads, so equal
  answers lead it to the same end.

A file that changed shortly before it was read is not trusted by its times (``file_state.py``). Whatever cannot be read,
or reads otherwise than it was written, is no record: the link is planned from nothing. So is one that the linker then
refuses, for its explanation. Shims are made by rules of their own (``shim_objects.py``), as for every plan.

Not modelled: a file that is exchanged for another one, and back, while a plan is made.
"""

from __future__ import annotations

import json
import os
import sys
import time
from contextlib import suppress
from dataclasses import replace
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from staticlink.elf.mapping import is_file
from staticlink.errors import StaticlinkError
from staticlink.link.digest import Looked, Read, digest_input
from staticlink.link.file_state import content_of, digest_of, signature_of, times_of, trusted_times
from staticlink.link.finding import Finding
from staticlink.link.flags import read_link_flags
from staticlink.link.inputs import Archive, ObjectFile, Script, flatten
from staticlink.link.planned import Planned
from staticlink.link.reading import read_input
from staticlink.link.shims import load_shims
from staticlink.link.sources import compile_shims, name_inputs
from staticlink.model import Choice
from staticlink.report.linkplan import plan_path

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from staticlink.link.audits.foreign_libc import Judged
    from staticlink.link.audits.run_time import Needs
    from staticlink.link.request import LinkRequest
    from staticlink.link.shims import Shim
    from staticlink.link.sources import Inputs

#: Raised when the form of the record changes.
_SCHEMA = 4
_CORE = Path(__file__).parent.parent
#: How a file is compared once its times have changed: by all its bytes, or by what planning reads in it. An alias is
#: another path of an input and has only to lead to the same file.
_TEXT, _INPUT, _ALIAS = "text", "input", "alias"


class _File(NamedTuple):
    """A file that a plan depended on. ``times`` is ``None`` where they are not to be trusted.

    ``members``, ``judged`` and ``followed`` are the places of the members that were looked at, as :class:`Looked` has
    them.
    """

    path: str
    real: str
    kind: str
    times: Sequence[int] | None
    digest: str
    members: Sequence[int]
    judged: Sequence[int] = ()
    followed: Sequence[int] = ()


def recall_plan(request: LinkRequest) -> Planned | None:
    """Return the plan of the last link of ``request``, if planning it from nothing would give the same one."""
    now = time.time_ns()
    path = _record_path(request.output)
    try:
        record = _open(path, request)
        if record is None or record["named"] != _named(request):
            return None
        if any(map(os.path.isfile, record["absent"])) or record["plan"] != content_of(plan_path(request.output)):
            return None
        if any(_piece(*piece) != digest for *piece, digest in record["pieces"]):
            return None
        shims = _renew_shims(request, record["planned"]["shims"])
        files = [_compared(_File(*row), request, now) for row in record["files"]]
    except (OSError, StaticlinkError, ValueError):  # something is not as it was; planning will say what, if it matters
        return None
    if None in files:
        return None
    if any(new != _File(*old) for new, old in zip(files, record["files"], strict=True)):
        _write(path, {**record, "files": files}, request)
    return _planned(record["planned"], request, shims)


def remember_plan(
    planned: Planned, request: LinkRequest, inputs: Inputs, began: int, judged: Judged, needs: Needs
) -> None:
    """Keep ``planned``, which was made from ``inputs``; ``began`` is the time in nanoseconds before they were read.

    ``judged`` and ``needs`` hold what was read of objects beyond their symbols.

    A plan for which a linker was tried in vain is not kept: the next time it might work. Neither is one of a hardened
    link, for which more is read than a digest covers (``audits/features.py``), one of inputs that have vanished
    meanwhile, which the linker will say, or one for which there is no room.
    """
    path = _record_path(request.output)
    with suppress(OSError, StaticlinkError):
        if planned.linker.evidence or request.target.hardened:
            path.unlink(missing_ok=True)
        else:
            _write(path, _record(planned, request, inputs, began, judged, needs), request)


def _record(
    planned: Planned, request: LinkRequest, inputs: Inputs, began: int, judged: Judged, needs: Needs
) -> dict[str, Any]:
    unwinders = [request.libc.libgcc_eh, *request.unwinders.values()]
    scripts = tuple(_scripts(inputs.scripts))
    texts = [*request.rust, *(one.path for one in scripts), *filter(is_file, unwinders)]
    files = [*_texts(texts, began), *_inputs(inputs, began, Read(judged.marks, needs.read))]
    known = {one.path for one in files}
    others = dict.fromkeys(path for path in map(str, inputs.named) if path not in known)
    files += [_File(path, os.path.realpath(path), _ALIAS, None, "", ()) for path in others]
    absent = [str(one) for script in scripts for one in script.absent]
    absent += [str(one) for one in unwinders if not is_file(one)]
    piece = judged.musl.piece if judged.musl is not None else None
    pieces = [(str(piece.path), piece.start, piece.size)] if piece is not None else []
    return {
        "pieces": [(*one, _piece(*one)) for one in pieces],
        "named": list(map(str, inputs.named)),
        "absent": absent,
        "plan": content_of(Path(planned.see)),
        "files": files,
        "planned": {
            "linker": planned.linker.value.name,
            "reason": planned.linker.reason,
            "arguments": planned.command[len(planned.linker.value.command) :],
            "archives": planned.archives,
            "groups": planned.groups,
            "allocator": (planned.allocator.value, planned.allocator.reason, planned.allocator.evidence),
            "unwinder": (planned.unwinder.value, planned.unwinder.reason, planned.unwinder.evidence),
            "shims": [(shim.name, shim.symbols, shim.functions) for shim in planned.shims],
            "findings": [(f.id, f.level, f.what, f.evidence, f.subject, f.why, f.fix) for f in planned.findings],
            "see": planned.see,
        },
    }


def _record_path(output: Path) -> Path:
    return output.with_name(f"{output.name}.planned.json")


def _open(path: Path, request: LinkRequest) -> dict[str, Any] | None:
    """Return the record at ``path``; ``None`` when it is not ours, not whole, or of another request."""
    with path.open("rb") as file:
        if os.fstat(file.fileno()).st_uid != os.geteuid():
            return None
        seal, _, body = file.read().partition(b"\n")
    found: dict[str, Any] | None = json.loads(body) if seal == _seal(body, request) else None
    return found


def _write(path: Path, record: dict[str, Any], request: LinkRequest) -> None:
    body = json.dumps(record, separators=(",", ":")).encode("ascii")
    temporary = path.with_name(f"{path.name}.tmp.{os.getpid()}")
    try:
        temporary.write_bytes(_seal(body, request) + b"\n" + body)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _seal(body: bytes, request: LinkRequest) -> bytes:
    """Return a digest of ``body`` and of everything that decides a plan besides its inputs' files."""
    tools = [times_of(one.path) for one in request.linkers]
    facts = (_SCHEMA, sys.version, str(Path.cwd()), request, tools, list(_own_files(str(_CORE))))
    return blake2b(body, key=blake2b(repr(facts).encode(), digest_size=64).digest()).hexdigest().encode()


def _own_files(directory: str) -> Iterator[tuple[str, int, int, int, int]]:
    with os.scandir(directory) as entries:
        for entry in sorted(entries, key=lambda one: one.name):
            if entry.is_dir():
                if entry.name != "__pycache__":
                    yield from _own_files(entry.path)
            else:
                yield (entry.path, *signature_of(entry.stat()))


def _named(request: LinkRequest) -> list[str]:
    return list(map(str, name_inputs(request, read_link_flags(request.flags)).paths))


def _piece(path: str, start: int, size: int) -> str:
    with open(path, "rb") as file:  # noqa: PTH123  (a path of a record is a string)
        file.seek(start)
        return digest_of(file.read(size))


def _compared(one: _File, request: LinkRequest, now: int) -> _File | None:
    """Return ``one`` as it is today; ``None`` when a plan might come out otherwise."""
    if os.path.realpath(one.path) != one.real:
        return None
    if one.kind == _ALIAS:
        return one
    trusted = trusted_times(one.path, now)
    if one.times is not None and list(one.times) == list(times_of(one.path)):
        return one
    if one.kind == _TEXT:
        digest = content_of(one.path)
    else:
        item = read_input(Path(one.path), machine=request.target.arch)
        looked = Looked(one.members, frozenset(one.judged), frozenset(one.followed))
        digest = digest_input(item, looked) if isinstance(item, (ObjectFile, Archive)) else ""
    return one._replace(times=trusted or one.times) if digest == one.digest else None


def _texts(paths: Iterable[Path], began: int) -> Iterator[_File]:
    for path in dict.fromkeys(paths):
        yield _File(str(path), os.path.realpath(path), _TEXT, trusted_times(path, began), content_of(path), ())


def _inputs(inputs: Inputs, began: int, read: Read) -> Iterator[_File]:
    """Yield the objects and archives, and the files that a thin archive consists of as far as they were looked at."""
    for one in flatten((*inputs.objects, *inputs.archives, *inputs.closing)):
        members: list[int] = []
        if isinstance(one, Archive):
            members = [n for n, member in enumerate(one.table.members) if member.offset in one.looked_at]
            if one.table.thin:
                yield from _thin_members(one, members, began, read)
                members = []
        yield _input(one, members, began, read)


def _input(one: ObjectFile | Archive, members: Sequence[int], began: int, read: Read) -> _File:
    objects: list[tuple[int, ObjectFile | None]] = []
    if isinstance(one, Archive):
        objects += [(n, one.looked_at[one.table.members[n].offset]) for n in members]
    else:
        objects.append((0, one))
    judged = [number for number, each in objects if each in read.marks]
    followed = [number for number, each in objects if each in read.references]
    digest = digest_input(one, Looked(members, frozenset(judged), frozenset(followed)), read)
    path = str(one.path)
    return _File(path, os.path.realpath(path), _INPUT, trusted_times(path, began), digest, members, judged, followed)


def _thin_members(archive: Archive, places: Iterable[int], began: int, read: Read) -> Iterator[_File]:
    for member in map(archive.table.members.__getitem__, places):
        one = archive.looked_at[member.offset]
        if one is not None and member.origin is None:
            yield _input(one, (), began, read)
        else:
            yield from _texts([archive.path.parent / member.name], began)


def _scripts(items: Iterable[Any]) -> Iterator[Script]:
    for item in items:
        if isinstance(item, Script):
            yield item
        yield from _scripts(getattr(item, "items", ()))


def _renew_shims(request: LinkRequest, rows: Sequence[tuple[str, Sequence[str], Sequence[str]]]) -> tuple[Shim, ...]:
    """Make the shims of a plan again as far as they are not what they were: what they depend on they know themselves.

    ``rows`` are the name of each, the symbols that it is there for, and what these mean where they have versions.
    """
    if not rows:
        return ()
    known = {shim.name: shim for shim in load_shims()}
    shims = tuple(replace(known[name], symbols=tuple(names), functions=tuple(meant)) for name, names, meant in rows)
    compile_shims(request, shims)
    return shims


def _planned(fields: dict[str, Any], request: LinkRequest, shims: tuple[Shim, ...]) -> Planned:
    linker = next(one for one in request.linkers if one.name == fields["linker"])
    unwinder, reason, evidence = fields["unwinder"]
    allocator, allocated, seen = fields["allocator"]
    return Planned(
        command=(*linker.command, *fields["arguments"]),
        linker=Choice(linker, fields["reason"]),
        allocator=Choice(allocator, allocated, tuple(seen)),
        unwinder=Choice(unwinder, reason, tuple(evidence)),
        archives=fields["archives"],
        groups=fields["groups"],
        shims=shims,
        findings=tuple(
            Finding(id_, level, what, tuple(lines), subject, why, fix)
            for id_, level, what, lines, subject, why, fix in fields["findings"]
        ),
        see=fields["see"],
    )
