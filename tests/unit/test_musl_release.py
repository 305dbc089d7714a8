"""Are releases of musl told apart by their numbers and by the names that came and went?"""

from __future__ import annotations

from itertools import pairwise

import pytest
from staticlink.libc.musl_release import Release, infer_release, is_newer, load_releases, which_has

_RELEASES = (
    Release("1.2.2", frozenset(), frozenset()),
    Release("1.2.3", frozenset({"new"}), frozenset()),
    Release("1.2.5", frozenset({"newer"}), frozenset({"old64"})),
)


@pytest.mark.parametrize(
    ("one", "other", "newer"),
    [
        ("1.2.5", "1.2.3", True),
        ("1.2.3", "1.2.5", False),
        ("1.2.10", "1.2.9", True),
        ("1.2.5", "1.2.5", False),
        ("1.2.5-git-12-gabc", "1.2.5", False),
        ("1.2.0", "1.1.24", True),
    ],
)
def test_which_release_is_the_later_one(one: str, other: str, *, newer: bool) -> None:
    assert is_newer(one, other) is newer


def test_who_has_a_name() -> None:
    assert which_has("new", _RELEASES) == "1.2.3"
    assert which_has("newer", _RELEASES) == "1.2.5"
    assert which_has("old64", _RELEASES) == "1.2.3"
    assert which_has("printf", _RELEASES) is None


def test_names_say_which_release_an_archive_is_like() -> None:
    assert infer_release({"printf", "old64"}, _RELEASES) == "1.2.2"
    assert infer_release({"printf", "old64", "new"}, _RELEASES) == "1.2.3"
    assert infer_release({"printf", "new", "newer"}, _RELEASES) == "1.2.5"
    # One that has its own new functions but kept the old names is like the release before.
    assert infer_release({"new", "newer", "old64"}, _RELEASES) == "1.2.3"


def test_the_table_is_in_order_and_says_nothing_twice() -> None:
    releases = load_releases()
    versions = [one.version for one in releases]
    assert all(is_newer(later, earlier) for earlier, later in pairwise(versions))
    added = [name for one in releases for name in one.adds]
    dropped = [name for one in releases for name in one.drops]
    assert len(set(added + dropped)) == len(added) + len(dropped)
    assert releases[0].adds == releases[0].drops == frozenset()
