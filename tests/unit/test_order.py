"""Does every order link in one pass, with groups only where nothing else will do?"""

from __future__ import annotations

import random
from itertools import permutations
from typing import TYPE_CHECKING

import pytest
from staticlink.link.inputs import Archive, Group, ObjectFile, Whole
from staticlink.link.options import Assignment, Options
from staticlink.link.order import Changed, order_inputs
from staticlink.link.reading import read_input

from tests.elf_writer import Specimen, save, write_object

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from staticlink.link.order import LinkOrder

    Make = Callable[..., Archive]

S = Specimen


@pytest.fixture
def main(tmp_path: Path) -> Callable[..., ObjectFile]:
    def make(*undefined: str) -> ObjectFile:
        one = read_input(save(tmp_path / "main.o", write_object(S(strong=["_start"], undefined=undefined))))
        assert isinstance(one, ObjectFile)
        return one

    return make


def shown(order: LinkOrder) -> list[str | list[str]]:
    return [[path.name for path in entry] if isinstance(entry, tuple) else entry.name for entry in order.paths]


def every_order(start: ObjectFile, archives: Sequence[Archive]) -> list[str | list[str]]:
    """Return the one order that all permutations of ``archives`` lead to."""
    found = [shown(order_inputs([start], given)) for given in permutations(archives)]
    assert all(one == found[0] for one in found)
    return found[0]


def test_users_come_before_what_they_use(main: Callable[..., ObjectFile], lib: Make) -> None:
    c = lib("c", c=S(strong=["c"]))
    a = lib("a", a=S(strong=["a"], undefined=["c"]))
    b = lib("b", b=S(strong=["b"], undefined=["a", "c"]))
    assert every_order(main("b"), [c, a, b]) == ["b.a", "a.a", "c.a"]


def test_a_cycle_becomes_a_group_with_its_proof(main: Callable[..., ObjectFile], lib: Make) -> None:
    a = lib("a", a1=S(strong=["a1"], undefined=["b1"]), a2=S(strong=["a2"]))
    b = lib("b", b1=S(strong=["b1"], undefined=["a2"]))
    z = lib("z", z=S(strong=["z"], undefined=["a1"]))
    start = main("z")
    assert every_order(start, [a, b, z]) == ["z.a", ["a.a", "b.a"]]
    (cycle,) = order_inputs([start], [b, a, z]).cycles
    assert cycle.evidence == (
        "a.a(a1.o) refers to b1 in b.a(b1.o)",
        "b.a(b1.o) refers to a2 in a.a(a2.o)",
    )


def test_references_both_ways_are_no_cycle_if_one_order_works(main: Callable[..., ObjectFile], lib: Make) -> None:
    a = lib("a", a1=S(strong=["a1"], undefined=["b1"]), a2=S(strong=["a2"]))
    b = lib("b", b1=S(strong=["b1"], undefined=["a2"]))
    assert every_order(main("a1", "b1"), [a, b]) == ["b.a", "a.a"]


def test_members_that_are_not_extracted_make_no_cycle(main: Callable[..., ObjectFile], lib: Make) -> None:
    a = lib("a", a=S(strong=["a"], undefined=["b"]))
    b = lib("b", b=S(strong=["b"]), unused=S(strong=["u"], undefined=["a"]))
    assert every_order(main("a"), [b, a]) == ["a.a", "b.a"]


def test_a_group_holds_the_cycle_and_nothing_else(main: Callable[..., ObjectFile], lib: Make) -> None:
    a = lib("a", a1=S(strong=["a1"], undefined=["b1"]), a2=S(strong=["a2"], undefined=["c"]))
    b = lib("b", b1=S(strong=["b1"], undefined=["a2"]))
    c = lib("c", c=S(strong=["c"]))
    assert every_order(main("a1"), [c, b, a]) == [["a.a", "b.a"], "c.a"]


def test_an_archive_that_gives_nothing_is_left_out(main: Callable[..., ObjectFile], lib: Make) -> None:
    a, b = lib("a", a=S(strong=["a"])), lib("b", b=S(strong=["b"]))
    order = order_inputs([main("a")], [a, b, a])
    assert (shown(order), [one.display for one in order.unused]) == (["a.a"], ["b.a"])


def test_the_winner_of_a_contested_symbol_stays(main: Callable[..., ObjectFile], lib: Make) -> None:
    rust = lib("rust", r=S(strong=["r"], undefined=["c"]), fma=S(weak=["fma"]))
    libm = lib("m", fma=S(strong=["fma"]), c=S(strong=["c"]))
    for given, owner in (([rust, libm], "rust.a(fma.o)"), ([libm, rust], "m.a(fma.o)")):
        order = order_inputs([main("r", "fma")], given)
        assert order.resolution.definitions["fma"] == owner
        assert order.resolution.undefined == {}
        assert not order.kept


def test_a_contested_symbol_asked_for_later_keeps_its_winner(main: Callable[..., ObjectFile], lib: Make) -> None:
    rust = lib("rust", r=S(strong=["r"], undefined=["c"]), ceil=S(weak=["ceil"]))
    python = lib("python", p=S(strong=["p"], undefined=["ceil"]))
    libc = lib("c", c=S(strong=["c"]), ceil=S(strong=["ceil"]))
    order = order_inputs([main("r", "p")], [rust, python, libc])
    assert (shown(order), order.resolution.definitions["ceil"]) == (["rust.a", "python.a", "c.a"], "c.a(ceil.o)")


def test_what_nothing_defines_is_left_to_the_resolution(main: Callable[..., ObjectFile], lib: Make) -> None:
    order = order_inputs([main("a", "gone")], [lib("a", a=S(strong=["a"], undefined=["lost"]))])
    assert order.resolution.undefined == {"gone": ("main.o",), "lost": ("a.a(a.o)",)}
    assert shown(order) == ["a.a"]


def test_whole_archives_come_first_and_count_as_objects(main: Callable[..., ObjectFile], lib: Make) -> None:
    plugin = lib("plugin", p=S(undefined=["a"]))
    order = order_inputs([main()], [lib("a", a=S(strong=["a"])), Whole(plugin)])
    assert shown(order) == ["plugin.a", "a.a"]
    assert order.resolution.undefined == {}


def test_a_whole_archive_within_a_group_stays_whole(main: Callable[..., ObjectFile], lib: Make) -> None:
    plugin = lib("plugin", p=S(undefined=["a"]))
    order = order_inputs([main()], [Group((lib("a", a=S(strong=["a"])), Whole(plugin)))])
    assert shown(order) == ["plugin.a", "a.a"]
    assert isinstance(order.items[0], Whole)
    assert order.resolution.undefined == {}


def test_a_whole_archive_does_not_win_what_the_users_order_gave_another(
    main: Callable[..., ObjectFile], lib: Make
) -> None:
    a, plugin = lib("a", f=S(strong=["f"])), lib("plugin", f=S(weak=["f"]))
    order = order_inputs([main("f")], [a, Whole(plugin)])
    assert (shown(order), order.resolution.definitions["f"]) == (["a.a", "plugin.a"], "a.a(f.o)")
    assert [(one.symbol, one.was, one.now) for one in order.kept] == [("f", "a.a(f.o)", "plugin.a(f.o)")]


def test_closing_objects_come_last_and_extract_nothing(
    main: Callable[..., ObjectFile], lib: Make, tmp_path: Path
) -> None:
    crtn = read_input(save(tmp_path / "crtn.o", write_object(S(strong=["end_of_it"], undefined=["b"]))))
    assert isinstance(crtn, ObjectFile)
    given = [lib("a", a=S(strong=["a"], undefined=["end_of_it"])), lib("b", b=S(strong=["b"]))]
    order = order_inputs([main("a")], given, closing=[crtn])
    assert (shown(order), order.resolution.undefined) == (["a.a"], {"b": ("crtn.o",)})


def test_symbols_of_the_command_line_are_needed(main: Callable[..., ObjectFile], lib: Make) -> None:
    order = order_inputs([main()], [lib("a", a=S(strong=["a"]))], options=Options(undefined=("a",)))
    assert shown(order) == ["a.a"]


def test_a_symbol_of_the_command_line_is_asked_for_whoever_else_asks(
    main: Callable[..., ObjectFile], lib: Make
) -> None:
    a = lib("a", a1=S(strong=["a1"], undefined=["b1y"]), a2=S(strong=["a2"]))
    b = lib("b", b1=S(strong=["b1y", "b1"], undefined=["a2"]))
    found = [shown(order_inputs([main("a1")], given, options=Options(undefined=("b1",)))) for given in ([a, b], [b, a])]
    assert found == [["b.a", "a.a"]] * 2


def test_what_can_follow_a_group_once_another_has_left_it_is_not_in_it(
    main: Callable[..., ObjectFile], lib: Make
) -> None:
    x = lib("x", x1=S(strong=["x1"], undefined=["y1"]), x2=S(strong=["x2"], undefined=["z1"]))
    y = lib("y", y1=S(strong=["y1"], undefined=["x2"]))
    z = lib("z", z1=S(strong=["z1"], undefined=["b1"]))
    b = lib("b", b1=S(strong=["b1"], undefined=["x2"]))
    assert every_order(main("x1"), [x, y, z, b]) == [["x.a", "y.a"], "z.a", "b.a"]


def test_a_hundred_archives_in_a_chain_come_out_in_one_order(main: Callable[..., ObjectFile], lib: Make) -> None:
    archives = [lib(f"l{n:03}", m=S(strong=[f"f{n}"], undefined=[f"f{n + 1}"])) for n in range(100)]
    archives.append(lib("last", m=S(strong=["f100"])))
    expected = [archive.display for archive in archives]
    random.Random(7).shuffle(archives)  # noqa: S311  (repeatable is what is wanted)
    order = order_inputs([main("f0")], archives)
    assert shown(order) == expected
    assert not any(isinstance(one, Group) for one in order.items)


def test_where_another_order_changes_a_winner_the_users_own_stands_with_its_groups_and_repeats(
    main: Callable[..., ObjectFile], lib: Make
) -> None:
    one = lib("one", m10=S(strong=["a"], weak=["w"]))
    two = lib("two", m20=S(strong=["b"], weak=["w"]))
    spare = lib("spare", m30=S(strong=["c"]))
    start = main("a", "b")

    def given(*items: Archive | Group) -> list[str | list[str]]:
        order = order_inputs([start], items)
        assert order.kept == (Changed("w", "two.a(m20.o)", "one.a(m10.o)"),)
        assert not order.resolution.undefined
        return shown(order)

    assert given(two, one) == ["two.a", "one.a"]
    assert given(two, spare, one, two) == ["two.a", "one.a", "two.a"]
    assert given(Group((two, spare, Group((one,))))) == [["two.a", "one.a"]]
    assert given(Group((spare, two)), one, two) == ["two.a", "one.a", "two.a"]


def test_a_symbol_that_the_command_line_defines_stays_its_own(main: Callable[..., ObjectFile], lib: Make) -> None:
    options = Options(defsym=(Assignment("a", "16"),))
    order = order_inputs([main("a")], [lib("a", a=S(weak=["a"]))], options=options)
    assert (shown(order), order.kept) == ([], ())
