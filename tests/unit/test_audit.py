"""Does an audit find what an author would not expect of a link, and nothing in a link that is sound?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from staticlink.errors import StaticlinkError
from staticlink.link.audit import audit_archives, audit_link, reject_findings
from staticlink.link.finding import load_policy
from staticlink.link.inputs import Archive, ObjectFile, Whole
from staticlink.link.options import Options
from staticlink.link.order import order_inputs
from staticlink.link.reading import read_input
from staticlink.report import steps
from staticlink.report.text import render_error

from tests.elf_writer import Comdat, Specimen, save, write_archive, write_object

if TYPE_CHECKING:
    from collections.abc import Callable

    from staticlink.link.finding import Finding
    from staticlink.link.inputs import Item

    Make = Callable[..., Archive]
    Main = Callable[..., ObjectFile]

S = Specimen
RAISE = "_Unwind_RaiseException"


@pytest.fixture
def main(tmp_path: Path) -> Main:
    def make(
        *undefined: str, name: str = "main", weak: tuple[str, ...] = (), strong: tuple[str, ...] = ()
    ) -> ObjectFile:
        specimen = S(strong=("_start", *strong) if name == "main" else strong, weak=weak, undefined=undefined)
        one = read_input(save(tmp_path / f"{name}.o", write_object(specimen)))
        assert isinstance(one, ObjectFile)
        return one

    return make


def audit(*items: Item, options: Options | None = None, rules: tuple[str, ...] = ()) -> tuple[Finding, ...]:
    objects = [one for one in items if isinstance(one, ObjectFile)]
    archives = [one for one in items if not isinstance(one, ObjectFile)]
    return audit_link(order_inputs(objects, archives, options=options or Options()), load_policy(rules))


def told(findings: tuple[Finding, ...]) -> list[tuple[str, str, str]]:
    return [(one.level, one.id, one.subject) for one in findings]


def test_a_sound_link_has_no_findings(main: Main, lib: Make) -> None:
    assert (
        audit(main("f"), lib("a", f=S(strong=["f"], undefined=["g"]), h=S(strong=["h"])), lib("b", g=S(strong=["g"])))
        == ()
    )


def test_two_strong_definitions_stop_a_link_with_both_owners(main: Main, lib: Make) -> None:
    found = audit(main("f", "h"), lib("p", p=S(strong=["f"])), lib("q", q=S(strong=["h", "f"])))
    with pytest.raises(StaticlinkError) as caught:
        reject_findings(found, Path("app"), "app.linkplan.json")
    assert render_error(caught.value) == (
        "duplicate definition: f\n  defined in p.a(p.o)\n  defined in q.a(q.o)\n  see: app.linkplan.json"
    )


def test_duplicates_are_no_finding_where_the_linker_is_told_to_let_them_pass(main: Main) -> None:
    items = (main(strong=("f",)), main(name="other", strong=("f",)))
    assert audit(*items, options=Options(allow_duplicates=True)) == ()
    assert told(audit(*items)) == [("error", "duplicate-definition", "f")]


def test_a_weak_default_that_a_strong_definition_in_an_archive_does_not_override(main: Main, lib: Make) -> None:
    found = audit(main(weak=("hook",)), main("hook", name="user"), lib("hooks", h=S(strong=["hook"])))
    assert told(found) == [("warn", "weak-beats-strong", "hook")]
    assert found[0].evidence == ("weak in main.o, which is used", "strong in hooks.a(h.o)", "referenced by user.o")


def test_the_first_weak_definition_wins_over_a_second(main: Main, lib: Make) -> None:
    found = audit(main("f"), lib("a", f=S(weak=["f"])), lib("b", f=S(weak=["f"]), g=S(strong=["g"])))
    assert told(found) == [("warn", "weak-beats-weak", "f")]


def test_a_libcs_own_weak_definitions_are_no_finding(main: Main, lib: Make) -> None:
    assert (
        audit(main("f"), lib("c", f=S(strong=["f"], weak=["dummy"], undefined=["dummy"]), d=S(strong=["dummy"]))) == ()
    )


def test_copies_of_an_inline_function_are_no_finding(main: Main, lib: Make) -> None:
    assert audit(main("f"), lib("a", f=S(strong=["f"], comdat=["inline"])), lib("b", g=S(comdat=["inline"]))) == ()


def test_a_rule_of_the_project_decides(main: Main, lib: Make) -> None:
    items = (main(weak=("hook",)), main("hook", name="user"), lib("hooks", h=S(strong=["hook"])))
    assert told(audit(*items, rules=("weak-beats-strong:hook=allow",))) == [("allow", "weak-beats-strong", "hook")]
    assert told(audit(*items, rules=("weak-beats-strong=error",))) == [("error", "weak-beats-strong", "hook")]


def test_a_definition_that_gnu_ld_and_lld_take_from_different_archives(main: Main, lib: Make) -> None:
    # GNU ld is past rust.a when py.o asks for cbrt; lld remembers what it has passed.
    rust = lib("rust", r=S(strong=["r"]), cbrt=S(weak=["cbrt"]))
    python, libc = lib("python", py=S(strong=["py"], undefined=["cbrt"])), lib("libc", cbrt=S(strong=["cbrt"]))
    found = audit(main("r", "py"), rust, python, libc)
    assert told(found) == [("warn", "linker-dependent", "cbrt")]
    assert found[0].evidence == ("libc.a(cbrt.o) under GNU ld", "rust.a(cbrt.o) under lld")


def test_a_common_symbol_that_only_gnu_ld_extracts_a_member_for(tmp_path: Path, lib: Make) -> None:
    one = read_input(save(tmp_path / "main.o", write_object(S(strong=["_start"], common=["table"]))))
    found = audit(one, lib("data", d=S(data=["table"])))
    assert told(found) == [("warn", "linker-dependent", "table")]
    assert found[0].evidence == ("data.a(d.o) under GNU ld", "main.o under lld")


def test_an_allocator_of_which_the_program_defines_half(main: Main, lib: Make) -> None:
    libc = lib("libc", free=S(strong=["free"]), malloc=S(strong=["malloc"]), start=S(strong=["__libc_start_main"]))
    found = audit(main("malloc", "free", strong=("malloc",)), libc)
    assert told(found) == [("error", "two-allocators", "the program's objects and libc.a")]
    assert found[0].evidence == ("malloc defined in main.o", "free defined in libc.a(free.o)")
    assert audit(main("malloc", "free", strong=("malloc", "free")), libc) == ()


def test_two_allocators_of_which_order_decides(main: Main, lib: Make) -> None:
    je = lib("je", m=S(strong=["malloc", "free"]), j=S(strong=["je"]))
    mi = lib("mi", m=S(strong=["malloc", "free"]), j=S(strong=["mi"]))
    found = audit(main("malloc", "free", "je", "mi"), je, mi)
    assert told(found) == [("error", "two-allocators", "je.a and mi.a")]


def test_two_unwinders(main: Main, lib: Make) -> None:
    one, two = lib("one", r=S(strong=[RAISE])), lib("two", g=S(strong=["_Unwind_Resume"]))
    found = audit(main(RAISE, "_Unwind_Resume"), one, two)
    assert told(found) == [("error", "two-unwinders", "one.a and two.a")]
    assert found[0].evidence == (f"{RAISE} defined in one.a(r.o)", "_Unwind_Resume defined in two.a(g.o)")


def runtime(name: str, *, panic: str = "unwind", allocator: str = "default", std: str = "std") -> dict[str, Specimen]:
    """Return the members of a Rust staticlib, as far as its runtime shows."""
    prefix = "_RNvCs0_7___rustc"
    return {
        name: S(strong=[name], undefined=["rust_eh_personality", f"{prefix}12___rust_alloc"]),
        "std": S(strong=["rust_eh_personality", std], undefined=[f"{prefix}18___rust_start_panic"]),
        "panic": S(strong=[f"{prefix}18___rust_start_panic"], undefined=[RAISE] if panic == "unwind" else []),
        "alloc": S(
            strong=[f"{prefix}12___rust_alloc"],
            undefined=[f"{prefix}11___rdl_alloc"] if allocator == "default" else ["my_alloc"],
        ),
        "rest": S(strong=[RAISE, f"{prefix}11___rdl_alloc", "my_alloc"]),
    }


def test_one_rust_staticlib_is_no_finding(main: Main, lib: Make) -> None:
    assert audit(main("a"), lib("a", **runtime("a"))) == ()


def test_two_rust_staticlibs_with_the_same_std(main: Main, lib: Make) -> None:
    found = audit(main("a", "b"), lib("a", **runtime("a")), lib("b", **runtime("b")))
    assert told(found) == [("warn", "repeated-rust-std", "a.a and b.a")]
    assert found[0].evidence == ("std in a.a(std.o)", "std in b.a(std.o)")


def test_two_builds_of_rusts_std(main: Main, lib: Make) -> None:
    found = audit(main("a", "b"), lib("a", **runtime("a")), lib("b", **runtime("b", std="other")))
    assert told(found) == [("error", "two-rust-stds", "a.a and b.a")]


def test_mixed_panic_strategies(main: Main, lib: Make) -> None:
    found = audit(main("a", "b"), lib("a", **runtime("a")), lib("b", **runtime("b", panic="abort")))
    assert ("error", "mixed-panic-strategies", "a.a and b.a") in told(found)
    assert found[0].evidence == ("panic=unwind in a.a(panic.o)", "panic=abort in b.a(panic.o)")


def test_a_global_allocator_beside_another_rust_staticlib(main: Main, lib: Make) -> None:
    found = audit(main("a", "b"), lib("a", **runtime("a")), lib("b", **runtime("b", allocator="global")))
    assert ("error", "two-rust-allocators", "a.a and b.a") in told(found)
    assert found[0].evidence == ("the default allocator in a.a(alloc.o)", "#[global_allocator] in b.a(alloc.o)")


def test_a_member_that_only_its_constructor_needs(main: Main, lib: Make) -> None:
    archive = lib("a", f=S(strong=["f"]), register=S(constructor=True))
    assert told(audit(main("f"), archive)) == [("warn", "constructor-only-member", "a.a(register.o)")]
    assert audit(main("f"), Whole(archive)) == ()


def test_a_weak_reference_that_extracts_nothing_is_recorded(main: Main, tmp_path: Path, lib: Make) -> None:
    user = read_input(save(tmp_path / "user.o", write_object(S(weak_undefined=["statx"]))))
    found = audit(main("f"), user, lib("c", f=S(strong=["f"]), statx=S(strong=["statx"])))
    assert told(found) == [("allow", "weak-not-extracted", "statx")]
    assert found[0].evidence == ("weakly referenced by user.o", "defined in c.a, not extracted")


def test_a_symbol_that_is_thread_local_in_some_objects_only(main: Main, tmp_path: Path, lib: Make) -> None:
    one = read_input(save(tmp_path / "one.o", write_object(S(tls=["x", "y"], tls_undefined=["z"]))))
    other = lib("a", f=S(strong=["f"], undefined=["x"], tls_undefined=["y"], data=["z"]))
    found = audit(main("f"), one, other)
    with pytest.raises(StaticlinkError) as caught:
        reject_findings(found, Path("app"), "app.linkplan.json")
    assert render_error(caught.value) == (
        "a symbol is thread-local in some objects only: x\n"
        "  thread-local, defined in one.o\n  not thread-local, referenced by a.a(f.o)\n"
        "a symbol is thread-local in some objects only: z\n"
        "  thread-local, referenced by one.o\n  not thread-local, defined in a.a(f.o)\n  see: app.linkplan.json"
    )


def test_a_wrapped_reference_is_compared_under_its_other_name(main: Main, tmp_path: Path) -> None:
    one = read_input(save(tmp_path / "one.o", write_object(S(tls=["x"], strong=["__wrap_x"]))))
    assert audit(main("x"), one, options=Options(wrap=("x",))) == ()
    assert told(audit(main("x"), one)) == [("error", "tls-mismatch", "x")]


def test_a_definition_that_goes_with_its_group(main: Main, tmp_path: Path) -> None:
    one = S(groups=[Comdat("group", weak=["both"])])
    two = S(groups=[Comdat("group", weak=["both", "extra"])])
    inputs = [
        read_input(save(tmp_path / f"{name}.o", write_object(each))) for name, each in (("one", one), ("two", two))
    ]
    found = audit(main(), *inputs)
    assert told(found) == [("warn", "discarded-definition", "extra")]
    assert found[0].evidence == ("defined in two.o", "one.o has the group group without it")


def test_warnings_are_one_line_an_id_and_the_rest_is_silent(main: Main, lib: Make) -> None:
    lines: list[tuple[str, str, str]] = []
    names = [f"hook{n}" for n in range(8)]
    found = audit(main(weak=tuple(names)), main(*names, name="user"), lib("h", **{n: S(strong=[n]) for n in names}))
    steps.report_audit(lambda *line: lines.append(line), found, "app.linkplan.json")
    shown = "hook0, hook1, hook2, hook3, hook4, hook5 and 2 more"
    assert lines == [
        ("WARN", "weak-beats-strong", f"a weak definition wins over a strong one: {shown}; see app.linkplan.json")
    ]


def test_archives_are_asked_for_disputes_without_a_link(tmp_path: Path) -> None:
    members = {
        "first": [
            ("f.o", S(strong=["f"])),
            ("again.o", S(strong=["f", "g"])),
            ("w.o", S(weak=["w"])),
            ("c.o", S(strong=["c"])),
        ],
        "second": [
            ("g.o", S(strong=["g"])),
            ("w.o", S(strong=["w"])),
            ("c.o", S(strong=["c"])),
            ("n.o", S(constructor=True)),
        ],
    }
    paths = [save(tmp_path / f"{name}.a", write_archive(found)) for name, found in members.items()]
    assert told(audit_archives(paths, load_policy())) == [
        ("warn", "repeated-definition", "f"),
        ("warn", "rival-definitions", "g"),
        ("warn", "weak-beats-strong", "w"),
        ("warn", "constructor-only-member", "second.a(n.o)"),
    ]


def test_an_object_is_not_an_archive_to_audit(tmp_path: Path) -> None:
    path = save(tmp_path / "main.o", write_object(S(strong=["f"])))
    with pytest.raises(StaticlinkError) as caught:
        audit_archives([path], load_policy())
    assert render_error(caught.value) == "not an archive: main.o\n  it is an object"
