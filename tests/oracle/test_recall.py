"""Is a plan that is recalled always the one that planning from nothing would make?

A small link is planned, something in its files or its request is edited, and the plan is both recalled and made anew.
Whatever is recalled must be equal, the link plan on disk included; what an edit cannot matter to must be recalled.
"""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from staticlink.errors import StaticlinkError
from staticlink.link import file_state
from staticlink.link.libc import Libc
from staticlink.link.linker import Linker
from staticlink.link.plan import link_program, plan_link
from staticlink.link.planned import Planned
from staticlink.link.recall import recall_plan
from staticlink.link.request import LinkRequest
from staticlink.report.text import render_error
from staticlink.target import Target

from tests.elf_writer import Comdat, Specimen, save, write_archive, write_object

if TYPE_CHECKING:
    from collections.abc import Callable

    Members = dict[str, dict[str, Any]]

_BODY, _OTHER_BODY = b"\xc3" * 8, b"\x90" * 7 + b"\xc3"
_EDITS = int(os.environ.get("STATICLINK_EDITS", "150"))
_SEED = int(os.environ.get("STATICLINK_SEED", "20261124"))


@dataclass
class Project:
    """A link in ``directory``: an object, three archives of which one is found with ``-l``, and a libc of two files."""

    directory: Path
    archives: dict[str, Members] = field(default_factory=dict)
    changes: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Write everything for the first time."""
        for name in ("early", "late", "libc"):
            (self.directory / name).mkdir()
        self.object("libc/crt1.o", strong=("_start",), undefined=("main",))
        self.object("libc/crtn.o")
        self.object("main.o", strong=("main",), undefined=("a", "b", "c"), weak_undefined=("w",))
        self.archives = {
            "a.a": {
                "a.o": {"strong": ("a", "a2"), "common": ("shared",), "undefined": ("helper",)},
                "more.o": {"strong": ("w", "more")},
            },
            "b.a": {
                "b.o": {"strong": ("b",), "weak": ("helper",), "groups": (Comdat("g", ("g",)),)},
                "h.o": {"strong": ("h",)},
            },
            "late/libc3.a": {"c.o": {"strong": ("c",), "absolute": ("number",)}, "n.o": {"strong": ("n",)}},
            "libc/libc.a": {"exit.o": {"strong": ("exit", "helper")}},
            "libc/libgcc.a": {"div.o": {"strong": ("div",)}},
            "libc/libgcc_eh.a": {"eh.o": {"strong": ("eh",)}},
        }
        for name in self.archives:
            self.write(name)

    def object(self, name: str, **roles: Any) -> None:
        """Write an object."""
        save(self.directory / name, write_object(Specimen(**roles)))

    def write(self, name: str) -> None:
        """Write an archive as it is described."""
        members = [(key, Specimen(**roles)) for key, roles in self.archives[name].items()]
        save(self.directory / name, write_archive(members))

    def alter(self, archive: str, member: str, **roles: Any) -> None:
        """Describe a member otherwise and write its archive."""
        self.archives[archive][member] = {**self.archives[archive][member], **roles}
        self.write(archive)

    @property
    def request(self) -> LinkRequest:
        """The link, with the changes made to it."""
        at = self.directory
        libc = Libc(
            "musl",
            (at / "libc/crt1.o",),
            (at / "libc/crtn.o",),
            (at / "libc/libc.a",),
            at / "libc/libgcc.a",
            at / "libc/libgcc_eh.a",
            (at / "libc",),
        )
        whole = LinkRequest(
            output=at / "app",
            target=Target("x86_64", "musl", static=True),
            inputs=(at / "main.o", at / "a.a", at / "b.a"),
            flags=(),
            libraries=("c3",),
            directories=(at / "early", at / "late"),
            libc=libc,
            cc=("gcc",),
            unwinder="auto",
            unwinders={},
            linker="auto",
            linkers=(Linker("bfd", Path(shutil.which("ld.bfd") or "ld.bfd"), (), "the oracle"),),
            rust=(),
            probe=None,
        )
        return replace(whole, **self.changes)

    @property
    def plan(self) -> bytes:
        """The link plan on disk."""
        return (self.directory / "app.linkplan.json").read_bytes()

    def fresh(self) -> Planned | str:
        """Plan the link from nothing; return the words of the error when that fails."""
        try:
            return plan_link(self.request, self.directory / "app.unverified")[0]
        except StaticlinkError as error:
            return render_error(error)

    def recalled(self) -> bool:
        """Recall the plan, make it anew, hold them against each other, and say whether it was recalled."""
        found = recall_plan(self.request)
        before = self.plan if found is not None else b""
        fresh = self.fresh()
        if found is None:
            return False
        assert found == fresh, f"seed {_SEED}"
        assert before == self.plan, f"seed {_SEED}"
        return True


@pytest.fixture(params=[True, False], ids=["times trusted", "times not trusted"])
def project(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """Return a project whose plan has just been made, with files old enough for their times, or too young."""
    found = Project(tmp_path)
    if request.param:
        monkeypatch.setattr(file_state, "_SLACK", 20_000_000)
        time.sleep(0.05)
    assert isinstance(found.fresh(), Planned)
    return found


def edit_bytes(path: Path, old: bytes, new: bytes) -> None:
    data = path.read_bytes()
    assert old in data
    path.write_bytes(data.replace(old, new, 1))


def body(project: Project, name: str = "a.a") -> None:
    path = project.directory / name
    edit_bytes(path, *((_BODY, _OTHER_BODY) if _BODY in path.read_bytes() else (_OTHER_BODY, _BODY)))


def body_with_old_times(project: Project) -> None:
    path = project.directory / "a.a"
    status = path.stat()
    body(project)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def exchanged(project: Project) -> None:
    path = project.directory / "a.a"
    status = path.stat()
    copy = path.with_name("copy")
    copy.write_bytes(path.read_bytes().replace(_BODY, _OTHER_BODY))
    os.utime(copy, ns=(status.st_atime_ns, status.st_mtime_ns))
    copy.replace(path)


#: Edits that no plan can depend on.
UNSEEN: dict[str, Callable[[Project], None]] = {
    "nothing": lambda _: None,
    "touched": lambda one: (one.directory / "a.a").touch(),
    "a body": body,
    "a body in an object": lambda one: body(one, "main.o"),
    "a body, the times put back": body_with_old_times,
    "another inode, size and times alike": exchanged,
    "a member nobody looks at": lambda one: one.alter("late/libc3.a", "n.o", undefined=("nobody",)),
    "a local symbol": lambda one: one.alter("a.a", "a.o", local=("own",)),
    "a local symbol in an object": lambda one: one.object(
        "main.o", strong=("main",), undefined=("a", "b", "c"), weak_undefined=("w",), local=("own",)
    ),
    "a file in a later directory": lambda one: one.object("libc/libc3.a", strong=("c",)),
}


def reorder(project: Project) -> None:
    project.archives["a.a"] = dict(reversed(project.archives["a.a"].items()))
    project.write("a.a")


def drop_member(project: Project) -> None:
    del project.archives["a.a"]["more.o"]
    project.write("a.a")


def add_member(project: Project) -> None:
    project.archives["a.a"]["new.o"] = {"strong": ("new",)}
    project.write("a.a")


def earlier_library(project: Project) -> None:
    save(project.directory / "early/libc3.a", write_archive([("c.o", Specimen(strong=("c",)))]))


def own_file_edited(project: Project) -> None:
    (project.directory / "app.linkplan.json").write_text("{}\n", encoding="utf-8")


def same_file(project: Project) -> None:
    path = project.directory / "b.a"
    path.unlink()
    path.symlink_to("a.a")


#: Edits that have to be planned for.
SEEN: dict[str, Callable[[Project], None]] = {
    "a definition more": lambda one: one.alter("a.a", "a.o", strong=("a", "a2", "a3")),
    "a definition less": lambda one: one.alter("a.a", "a.o", strong=("a",)),
    "a definition renamed": lambda one: one.alter("a.a", "a.o", strong=("a", "a9")),
    "strong becomes weak": lambda one: one.alter("a.a", "a.o", strong=("a",), weak=("a2",)),
    "weak becomes strong": lambda one: one.alter("b.a", "b.o", strong=("b", "helper"), weak=()),
    "a reference more": lambda one: one.alter("a.a", "a.o", undefined=("helper", "n")),
    "a weak reference more": lambda one: one.alter("a.a", "a.o", weak_undefined=("n",)),
    "a function becomes data": lambda one: one.alter("a.a", "a.o", strong=("a",), data=("a2",)),
    "a symbol becomes thread-local": lambda one: one.alter("a.a", "a.o", strong=("a",), tls=("a2",)),
    "a symbol becomes hidden": lambda one: one.alter("a.a", "a.o", hidden=("a2",)),
    "a constructor": lambda one: one.alter("a.a", "a.o", constructor=True),
    "a constructor in a member without symbols": lambda one: one.alter("b.a", "h.o", strong=(), constructor=True),
    "a COMDAT group": lambda one: one.alter("a.a", "a.o", groups=(Comdat("a4", ("a4",)),)),
    "another COMDAT signature": lambda one: one.alter("b.a", "b.o", groups=(Comdat("signature", ("g",)),)),
    "the size of a common symbol": lambda one: one.alter("a.a", "a.o", common_size=16),
    "an absolute value": lambda one: one.alter("late/libc3.a", "c.o", value=8),
    "a member more": add_member,
    "a member less": drop_member,
    "members in another order": reorder,
    "a library in an earlier directory": earlier_library,
    "an input that is now another one": same_file,
    "the link plan edited": own_file_edited,
    "a flag": lambda one: one.changes.update(flags=("-Wl,--gc-sections",)),
    "a policy": lambda one: one.changes.update(findings=("weak-not-extracted=warn",)),
    "another output": lambda one: one.changes.update(output=one.directory / "other"),
    "the unwinder's archive": lambda one: one.alter("libc/libgcc_eh.a", "eh.o", strong=("eh", "eh2")),
    "an input gone": lambda one: (one.directory / "b.a").unlink(),
    "an input damaged": lambda one: edit_bytes(one.directory / "main.o", b"\x7fELF\x02\x01", b"\x7fELF\x02\x07"),
}


@pytest.mark.parametrize("edit", UNSEEN)
def test_what_no_plan_depends_on_lets_it_stand(project: Project, edit: str) -> None:
    for _ in range(2):  # the record may have been written again
        UNSEEN[edit](project)
        time.sleep(0.03)
        assert project.recalled()


@pytest.mark.parametrize("edit", SEEN)
def test_what_a_plan_depends_on_has_it_made_again(project: Project, edit: str) -> None:
    SEEN[edit](project)
    assert not project.recalled()


#: Lines of C before and after an edit: what the compiler makes of it, and whether it has to be planned for.
COMPILED = {
    "another constant": ('const char *a(void) { return "one"; }', 'const char *a(void) { return "three"; }', True),
    "the first constant": ("int a(void) { return 1; }", "double a(double x) { return x * 1.1; }", True),
    "a private function": (
        "int a(void) { return 1; }",
        "__attribute__((noinline)) static int own(int x) { return x * 3; } int a(int x) { return own(x) + own(7); }",
        True,
    ),
    "a private table": (
        "int a(void) { return 1; }",
        "static int t[9]; static const int u[] = {4, 5}; int a(int x) { t[x]++; return t[x + 1] + u[x]; }",
        True,
    ),
    "a private function less": (
        "__attribute__((noinline)) static int own(int x) { return x * 3; } int a(int x) { return own(x) + own(7); }",
        "int a(void) { return 1; }",
        True,
    ),
    "a public function": ("int a(void) { return 1; }", "int a(void) { return 1; } int a3(void) { return 2; }", False),
    "a call": ("int a(void) { return 1; }", "int n(void); int a(void) { return n(); }", False),
    "a private constructor": (
        "int a(void) { return 1; }",
        "static int v; __attribute__((constructor)) static void begin(void) { v = 5; } int a(void) { return v; }",
        False,
    ),
    "a section that the linker marks the bounds of": (
        "int a(void) { return 1; }",
        '__attribute__((section("bounded"), used)) static int v; int a(void) { return 1; }',
        False,
    ),
}


def compile_into(archive: Path, text: str) -> None:
    """Make an archive of one object, compiled from ``text``."""
    source, made = archive.with_suffix(".c"), archive.with_suffix(".o")
    source.write_text(f"{text}\n", encoding="utf-8")
    command = ["gcc", "-O2", "-ffunction-sections", "-fdata-sections", "-c", str(source), "-o", str(made)]
    subprocess.run(command, check=True, timeout=60)
    archive.unlink()
    subprocess.run(["ar", "rcD", str(archive), str(made)], check=True, timeout=60)


@pytest.mark.parametrize("edit", COMPILED)
def test_an_edit_in_c(project: Project, edit: str) -> None:
    """What only the object itself can see is not planned for, in whatever sections the compiler puts it."""
    before, after, stands = COMPILED[edit]
    compile_into(project.directory / "a.a", before)
    assert isinstance(project.fresh(), Planned)
    time.sleep(0.03)
    compile_into(project.directory / "a.a", after)
    assert project.recalled() is stands


def random_edit(project: Project, dice: random.Random) -> None:
    """Change one member: give it a symbol in some role, take one away, or rewrite it as it is."""
    archive = dice.choice(sorted(project.archives))
    member = dice.choice(sorted(project.archives[archive]))
    roles = dict(project.archives[archive][member])
    names = ["a", "a2", "b", "c", "helper", "w", "n", "more", "g", "new"]
    used = {name for found in roles.values() if isinstance(found, tuple) for name in found if isinstance(name, str)}
    role = dice.choice(["strong", "weak", "common", "undefined", "weak_undefined", "comdat", "absolute", "local"])
    name = dice.choice(names)
    if dice.random() < 0.4 and any(roles.get(role, ())):
        roles[role] = roles[role][1:]
    elif name not in used and not (name == "g" and "groups" in roles):
        roles[role] = (*roles.get(role, ()), name)
    project.archives[archive][member] = roles
    project.write(archive)
    if dice.random() < 0.3:
        data = (project.directory / archive).read_bytes()
        (project.directory / archive).write_bytes(data.replace(_BODY, dice.randbytes(8)))


def test_generated_edits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dice = random.Random(_SEED)  # noqa: S311  (edits, not secrets)
    monkeypatch.setattr(file_state, "_SLACK", 20_000_000)
    project = Project(tmp_path)
    project.fresh()
    outcomes = []
    for _ in range(_EDITS):
        random_edit(project, dice)
        if dice.random() < 0.5:
            time.sleep(0.03)
        outcomes.append(project.recalled())
    assert _EDITS / 20 < sum(outcomes) < _EDITS, f"seed {_SEED}"


def test_a_damaged_record_is_none(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.fresh()
    path = tmp_path / "app.planned.json"
    whole = path.read_bytes()
    assert recall_plan(project.request) is not None
    for place in range(len(whole)):
        path.write_bytes(whole[:place])
        assert recall_plan(project.request) is None
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        assert recall_plan(project.request) is None
    path.write_bytes(whole)
    assert recall_plan(project.request) is not None


def test_a_record_that_cannot_be_kept_stops_nothing(tmp_path: Path) -> None:
    project = Project(tmp_path)
    (tmp_path / "app.planned.json").mkdir()
    assert isinstance(project.fresh(), Planned)
    assert not project.recalled()
    assert not list(tmp_path.glob("*.tmp.*"))


def test_a_linker_that_changed_is_asked_again(tmp_path: Path) -> None:
    project = Project(tmp_path)
    linker = tmp_path / "ld.own"
    linker.write_text("#!/bin/sh\nexit 0\n", encoding="utf-8")
    linker.chmod(0o755)
    project.changes["linkers"] = (Linker("own", linker, (), "the only one"),)
    project.fresh()
    assert project.recalled()
    linker.write_text("#!/bin/sh\nexit 0 \n", encoding="utf-8")
    assert not project.recalled()


def test_a_linker_that_was_tried_in_vain_is_tried_again(tmp_path: Path) -> None:
    project = Project(tmp_path)
    gone = Linker("gone", tmp_path / "ld.gone", (), "not there")
    gone.path.write_text("", encoding="utf-8")
    project.changes["linkers"] = (gone, *project.request.linkers)
    assert isinstance(project.fresh(), Planned)
    assert recall_plan(project.request) is None


def test_a_hardened_link_is_planned_each_time(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.fresh()
    assert recall_plan(project.request) is not None
    project.changes["target"] = Target("x86_64", "musl", static=True, pie=True, hardened=True)
    project.fresh()
    assert recall_plan(project.request) is None


def test_a_recalled_plan_that_the_linker_refuses_is_explained(tmp_path: Path) -> None:
    project = Project(tmp_path)
    linker, refuses = tmp_path / "ld.own", tmp_path / "refuses"
    linker.write_text(f"#!/bin/sh\ntest ! -e {refuses} || {{ echo no memory >&2; exit 3; }}\n", encoding="utf-8")
    linker.chmod(0o755)
    project.changes["linkers"] = (Linker("own", linker, (), "the only one"),)
    project.fresh()
    assert recall_plan(project.request) is not None
    time.sleep(0.01)
    refuses.touch()
    with pytest.raises(StaticlinkError) as caught:
        link_program(project.request, lambda *_: None)
    assert render_error(caught.value) == "no linker works\n  own does not run: --version exits 3\n  installed: own"


def test_members_of_a_thin_archive_are_followed(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.object("a.o", strong=("a", "a2"))
    (tmp_path / "a.a").unlink()
    subprocess.run(["ar", "rcDT", "a.a", "a.o"], cwd=tmp_path, check=True, timeout=60)
    assert isinstance(project.fresh(), Planned)
    assert project.recalled()
    body(project, "a.o")
    assert project.recalled()
    project.object("a.o", strong=("a", "a2"), undefined=("n",))
    assert not project.recalled()


def test_what_a_script_names_is_followed(tmp_path: Path) -> None:
    project = Project(tmp_path)
    (tmp_path / "b.a").rename(tmp_path / "late/real.a")
    (tmp_path / "b.a").write_text("INPUT ( real.a )\n", encoding="ascii")
    assert isinstance(project.fresh(), Planned)
    assert project.recalled()
    body(project, "late/real.a")
    assert project.recalled()
    (tmp_path / "b.a").write_text("GROUP ( real.a )\n", encoding="ascii")
    assert not project.recalled()
    shutil.copy(tmp_path / "late/real.a", tmp_path / "early/real.a")
    assert not project.recalled()
