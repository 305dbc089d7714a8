"""Does the policy of shims hold together, and does a need choose the right ones?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from staticlink.errors import StaticlinkError
from staticlink.link.shims import Shim, choose_shims, explain_refusals, load_shims

if TYPE_CHECKING:
    from pathlib import Path


def test_every_shim_has_a_source_that_mentions_its_symbols() -> None:
    for shim in load_shims():
        assert shim.why
        assert (shim.source is None) == (shim.kind == "refused")
        text = shim.source.read_text(encoding="utf-8") if shim.source else shim.symbols
        assert [symbol for symbol in shim.symbols if symbol not in text] == [], shim.name


def test_no_symbol_has_two_shims() -> None:
    symbols = [symbol for shim in load_shims() for symbol in shim.symbols]
    assert [symbol for symbol in symbols if symbols.count(symbol) > 1] == []


def test_why_nothing_can_stand_in() -> None:
    shims = load_shims()
    refused = explain_refusals({"fts_open", "open64", "printf"}, shims)
    assert list(refused) == ["fts_open"]
    assert refused["fts_open"].startswith("musl has no fts")
    assert choose_shims({"fts_open"}, shims) == ()


def test_only_what_is_undefined_is_chosen() -> None:
    chosen = choose_shims({"open64", "__res_init", "printf"}, load_shims())
    assert [(shim.name, shim.symbols) for shim in chosen] == [("lfs64", ("open64",)), ("res_init", ("__res_init",))]
    assert choose_shims({"printf"}, load_shims()) == ()


def test_the_start_bridge_joins_when_asked_for_and_never_by_its_symbol() -> None:
    assert [shim.name for shim in choose_shims(set(), load_shims(), start_bridge=True)] == ["start_bridge"]
    assert choose_shims({"__libc_start_init"}, load_shims()) == ()


def test_shims_keep_the_order_of_the_policy(tmp_path: Path) -> None:
    shims = tuple(Shim(name, tmp_path, (name,), "sound", "") for name in ("b", "a"))
    assert choose_shims(["a", "b"], shims) == shims


def test_all_faults_of_a_policy_are_raised_at_once(tmp_path: Path) -> None:
    policy = tmp_path / "shims.toml"
    policy.write_text(
        '[[shim]]\nname = "one"\nsource = "absent.c"\nclass = "fine"\nsymbols = []\nwhy = ""\n'
        '[[shim]]\nname = "one"\nsource = 3\nclass = "sound"\nsymbols = ["x"]\nreason = ""\n'
        '[[shim]]\nname = "two"\nsource = "x.c"\nclass = "refused"\nsymbols = ["x"]\nwhy = ""\n'
        '[[shim]]\nname = "three"\nclass = "sound"\nsymbols = ["x"]\nwhy = ""\n',
        encoding="utf-8",
    )
    with pytest.raises(StaticlinkError) as caught:
        load_shims(policy, tmp_path)
    assert [fault.what for fault in caught.value.faults] == [
        "shim one: class is none of sound, changes-behaviour, refused",
        "shim one: no such source: absent.c",
        "shim one: symbols is empty",
        "shim one: why is missing",
        "shim one: unknown key reason",
        "shim one: source has the wrong type",
        "shim two: a refused one has no source",
        "shim three: source is missing",
        "shim one: listed twice",
    ]


def test_a_policy_that_is_not_toml_is_named(tmp_path: Path) -> None:
    policy = tmp_path / "shims.toml"
    policy.write_text("[[shim\n", encoding="utf-8")
    with pytest.raises(StaticlinkError) as caught:
        load_shims(policy, tmp_path)
    assert caught.value.faults[0].what == "policy file cannot be read: shims.toml"
