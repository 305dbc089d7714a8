"""Does resolution follow each linker's rules, row by row of the table of edge cases?"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from staticlink.errors import StaticlinkError
from staticlink.link.audit import audit_link, reject_findings
from staticlink.link.finding import load_policy
from staticlink.link.inputs import Archive, Group, Item, ObjectFile, Whole
from staticlink.link.options import Assignment, Options
from staticlink.link.order import order_inputs
from staticlink.link.reading import read_input
from staticlink.link.resolve import Index, resolve
from staticlink.report.text import render_error

from tests.elf_writer import Specimen, save, write_archive, write_object

if TYPE_CHECKING:
    from collections.abc import Callable

    Make = Callable[..., Archive]
    Main = Callable[..., ObjectFile]

S = Specimen


@pytest.fixture
def main(tmp_path: Path) -> Callable[..., ObjectFile]:
    def make(*undefined: str, name: str = "main.o", **more: Any) -> ObjectFile:
        specimen = Specimen(strong=["_start"] if name == "main.o" else [], undefined=undefined)
        one = read_input(save(tmp_path / name, write_object(replace(specimen, **more))))
        assert isinstance(one, ObjectFile)
        return one

    return make


def extracted(*items: Item, profile: str = "bfd", undefined: tuple[str, ...] = ()) -> list[str]:
    return [one.member for one in resolve(items, profile=profile, options=Options(undefined=undefined)).extractions]


def test_a_reference_extracts_its_definition_and_nothing_else(main: Main, lib: Make) -> None:
    found = resolve([main("f"), lib("l", f=S(strong=["f"]), g=S(strong=["g"]))])
    (one,) = found.extractions
    assert (one.reference, one.member, one.symbol) == ("main.o", "l.a(f.o)", "f")
    assert (found.undefined, found.duplicates) == ({}, {})
    assert found.definitions == {"_start": "main.o", "f": "l.a(f.o)"}


def test_a_backward_reference_is_missed_by_gnu_ld_only(main: Main, lib: Make) -> None:
    archive, one = lib("l", f=S(strong=["f"])), main("f")
    assert resolve([archive, one]).undefined == {"f": ("main.o",)}
    assert extracted(archive, one, profile="lld") == ["l.a(f.o)"]


def test_a_cycle_needs_a_group(main: Main, lib: Make) -> None:
    a = lib("a", a1=S(strong=["a1"], undefined=["b1"]), a2=S(strong=["a2"]))
    b = lib("b", b1=S(strong=["b1"], undefined=["a2"]))
    start = main("a1")
    assert resolve([start, a, b]).undefined == {"a2": ("b.a(b1.o)",)}
    assert extracted(start, Group((a, b))) == ["a.a(a1.o)", "b.a(b1.o)", "a.a(a2.o)"]
    assert extracted(start, a, b, a) == ["a.a(a1.o)", "b.a(b1.o)", "a.a(a2.o)"]


def test_an_archive_is_searched_until_nothing_is_extracted(main: Main, lib: Make) -> None:
    archive = lib("l", g=S(strong=["g"]), f=S(strong=["f"], undefined=["g"]))
    assert extracted(main("f"), archive) == ["l.a(f.o)", "l.a(g.o)"]


def test_the_first_archive_wins(main: Main, lib: Make) -> None:
    p, q = lib("p", f=S(strong=["f"])), lib("q", f=S(strong=["f"]))
    assert extracted(main("f"), p, q) == ["p.a(f.o)"]


def test_a_member_wanted_for_more_than_a_shared_symbol_clashes(main: Main, lib: Make) -> None:
    p, q = lib("p", f=S(strong=["f"])), lib("q", f=S(strong=["f", "h"]))
    start = main("f", "h")
    assert resolve([start, p, q]).duplicates == {"f": ("p.a(f.o)", "q.a(f.o)")}
    assert resolve([start, q, p]).duplicates == {}


def test_linkers_disagree_about_a_sandwich(main: Main, lib: Make) -> None:
    x1, a, x2 = lib("x1", x=S(strong=["x"])), lib("a", a=S(strong=["a"], undefined=["x"])), lib("x2", x=S(strong=["x"]))
    start = main("a")
    assert extracted(start, x1, a, x2) == ["a.a(a.o)", "x2.a(x.o)"]
    assert extracted(start, x1, a, x2, profile="lld") == ["x1.a(x.o)", "a.a(a.o)"]


@pytest.mark.parametrize("profile", ["bfd", "lld"])
def test_a_weak_reference_extracts_nothing(main: Main, lib: Make, profile: str) -> None:
    start = main(weak_undefined=["f"])
    archive = lib("l", f=S(strong=["f"]), g=S(strong=["g"], undefined=["f"]))
    found = resolve([start, archive], profile=profile)
    assert (found.extractions, found.undefined, found.weak_unextracted) == ((), {}, {"f": ("l.a",)})
    assert extracted(start, main("f", name="other.o"), archive, profile=profile) == ["l.a(f.o)"]


def test_common_extracts_data_under_gnu_ld_only(main: Main, lib: Make) -> None:
    start, data = main(common=["c"]), lib("l", d=S(data=["c"]))
    assert extracted(start, data) == ["l.a(d.o)"]
    assert extracted(start, data, profile="lld") == []
    for other in (S(common=["c"]), S(weak=["c"]), S(strong=["c"])):
        assert extracted(start, lib("n", d=other)) == []


def test_a_strong_definition_beats_a_weak_one(main: Main) -> None:
    found = resolve([main("f"), main(name="w.o", weak=["f"]), main(name="s.o", data=["f"])])
    assert (found.definitions["f"], found.shadowed, found.duplicates) == ("s.o", (("f", "w.o"),), {})


def test_a_discarded_comdat_definition_is_no_duplicate(main: Main) -> None:
    found = resolve([main(), main(name="a.o", comdat=["k"]), main(name="b.o", comdat=["k"])])
    assert (found.definitions["k"], found.duplicates, found.shadowed) == ("a.o", {}, ())


def test_equal_absolute_symbols_are_no_duplicate(main: Main) -> None:
    assert resolve([main(), main(name="a.o", absolute=["n"]), main(name="b.o", absolute=["n"])]).duplicates == {}
    clash = resolve([main(), main(name="a.o", unique=["n"]), main(name="b.o", unique=["n"])])
    assert clash.duplicates == {"n": ("a.o", "b.o")}


def test_whole_archives_join_as_objects(main: Main, lib: Make) -> None:
    found = resolve([main(), Whole(lib("l", f=S(strong=["f"]), g=S(strong=["g"])))])
    assert [one.display for one in found.loaded] == ["main.o", "l.a(f.o)", "l.a(g.o)"]


@pytest.mark.parametrize("profile", ["bfd", "lld"])
def test_the_command_line_extracts(lib: Make, profile: str) -> None:
    archive = lib("l", start=S(strong=["_start"]), f=S(strong=["f"]))
    found = resolve([archive], profile=profile, options=Options(undefined=("f", "nowhere")))
    assert sorted((one.reference, one.member) for one in found.extractions) == [
        ("--entry", "l.a(start.o)"),
        ("-u", "l.a(f.o)"),
    ]
    assert found.undefined == {}


def test_a_default_version_satisfies_the_bare_name(main: Main, lib: Make) -> None:
    archive = lib("l", f=S(strong=["f@@V2"]), g=S(strong=["g@V1"]))
    assert resolve([main("f", "g"), archive]).undefined == {"g": ("main.o",)}


def test_a_required_symbol_is_defined_or_missing_whoever_refers_to_it(main: Main, lib: Make) -> None:
    options = Options(required=("f", "weak", "common", "end", "gone", "lost"))
    items: list[Item] = [main("gone", common=["common"]), lib("l", f=S(strong=["f"]), w=S(weak=["weak"]))]
    found = resolve(items, options=options)
    assert [one.member for one in found.extractions] == ["l.a(f.o)", "l.a(w.o)"]
    assert (found.missing_required, found.undefined) == (("gone", "lost"), {"gone": ("main.o",)})


def test_a_required_symbol_that_nothing_defines_stops_the_link(main: Main) -> None:
    order = order_inputs([main()], [], options=Options(required=("nowhere",)))
    with pytest.raises(StaticlinkError) as caught:
        reject_findings(audit_link(order, load_policy()), Path("app"), "app.linkplan.json")
    assert [fault.id for fault in caught.value.faults] == ["required-symbol"]
    assert render_error(caught.value) == (
        "required symbol not defined: nowhere\n  asked for by --require-defined\n  see: app.linkplan.json"
    )


def test_an_assignment_defines_what_nothing_has_named_before_even_without_a_value(main: Main, lib: Make) -> None:
    early, start, late = Assignment("x", "f"), main("x"), lib("l", x=S(strong=["x"]), f=S(strong=["f"]))
    assert extracted(early, start, late) == ["l.a(f.o)"]
    assert extracted(start, early, late) == ["l.a(x.o)", "l.a(f.o)"]
    assert extracted(start, late, early) == ["l.a(x.o)"]
    assert resolve([start, late, early]).undefined == {"f": ("--defsym=x",)}


def test_an_assignment_waits_while_what_it_names_is_common(main: Main, lib: Make) -> None:
    late = lib("l", x=S(strong=["x"]))
    assert extracted(main("x", common=["c"]), Assignment("x", "c"), late) == ["l.a(x.o)"]
    assert extracted(main("x", data=["c"]), Assignment("x", "c"), late) == []


def test_a_definition_replaces_an_assignment_unless_an_object_had_one_before(main: Main) -> None:
    number, late = Assignment("x", "1"), main(name="late.o", strong=["x"])
    weak = main(name="weak.o", weak=["x"])
    assert resolve([main(), number, late]).duplicates == {}
    assert resolve([main(), number, weak]).duplicates == {}
    before = main(strong=["_start", "x"])
    assert resolve([before, number, late]).duplicates == {"x": ("--defsym", "late.o")}
    assert resolve([before, number, weak]).duplicates == {"x": ("--defsym", "weak.o")}


def test_common_replaces_an_assignment_and_extracts_data(main: Main, lib: Make) -> None:
    items: list[Item] = [main(), Assignment("x", "1"), main(name="c.o", common=["x"]), lib("l", x=S(data=["x"]))]
    assert extracted(*items) == ["l.a(x.o)"]


@pytest.mark.parametrize("profile", ["bfd", "lld"])
def test_the_largest_common_definition_has_the_symbol(main: Main, profile: str) -> None:
    small, large = main(common=["c"]), main(name="large.o", common=["c"], common_size=64)
    assert resolve([small, large], profile=profile).definitions["c"] == "large.o"
    assert resolve([large, small], profile=profile).definitions["c"] == "large.o"


def test_lld_counts_a_unique_definition_that_gave_way_once_a_strong_one_wins(main: Main) -> None:
    weak, unique, strong = main(weak=["f"]), main(name="unique.o", unique=["f"]), main(name="strong.o", strong=["f"])
    assert resolve([weak, unique], profile="lld").duplicates == {}
    assert resolve([weak, unique, strong], profile="lld").duplicates == {"f": ("strong.o", "unique.o")}
    assert resolve([unique, strong], profile="lld").definitions["f"] == "strong.o"


def test_lld_misses_a_weak_reference_to_a_symbol_with_a_version(main: Main, lib: Make) -> None:
    start, archive = main(weak_undefined=["f"]), lib("l", f=S(strong=["f@@V2"]))
    assert resolve([start, archive], profile="lld").undefined == {"f": ("main.o",)}
    assert resolve([start, archive]).undefined == {}


def test_irelative_bounds_are_provided_outside_a_pie_and_the_dynamic_section_in_one(main: Main) -> None:
    start = main("__rela_iplt_start", "_DYNAMIC")
    assert resolve([start]).undefined == {"_DYNAMIC": ("main.o",)}
    assert resolve([start], options=Options(pie=True)).undefined == {"__rela_iplt_start": ("main.o",)}


def test_what_linkers_define_themselves_is_not_undefined(main: Main) -> None:
    assert resolve([main("_end", "__ehdr_start", "_GLOBAL_OFFSET_TABLE_", "__start_nosuch")]).undefined == {
        "__start_nosuch": ("main.o",)
    }


def test_a_lying_index_is_found_out(main: Main, tmp_path: Path) -> None:
    data = write_archive([("g.o", S(strong=["g"]))]).replace(b"g\0\n", b"f\0\n", 1).replace(b"g\0", b"f\0", 1)
    path = save(tmp_path / "l.a", data)
    (tmp_path / "l.a").write_bytes(data[:80] + write_archive([("g.o", S(strong=["g"]))])[80:])
    with pytest.raises(StaticlinkError) as caught:
        resolve([main("f"), read_input(path)])
    (fault,) = caught.value.faults
    assert (fault.what, fault.evidence) == ("stale archive index: l.a", ("f is not defined in l.a(g.o)",))
    assert fault.fix == "ranlib l.a"


@pytest.mark.parametrize("profile", ["bfd", "lld"])
def test_a_chain_longer_than_the_recursion_limit(lib: Make, main: Main, profile: str) -> None:
    links = {f"m{n}": S(strong=[f"f{n}"], undefined=[f"f{n + 1}"]) for n in range(1500)}
    found = resolve([main("f0"), lib("l", **links)], profile=profile)
    assert (len(found.extractions), list(found.undefined)) == (1500, ["f1500"])


def test_the_index_answers_for_members_that_were_not_extracted(main: Main, lib: Make) -> None:
    index = Index([main("f"), lib("l", f=S(strong=["f"]), g=S(weak=["f"], undefined=["h"]))])
    assert [one.display for one in index.defines("f")] == ["l.a(f.o)", "l.a(g.o)"]
    assert [one.display for one in index.refers("h")] == ["l.a(g.o)"]
    assert [one.display for one in index.promising("f")] == ["l.a"]
    assert index.defines("nothing") == ()
