"""What does the table of libc interfaces promise, and how are two views of one type told apart?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from staticlink.errors import StaticlinkError
from staticlink.libc.abi import Interface, load_interfaces, measured_machines
from staticlink.measure.debug_entries import DebugEntry
from staticlink.measure.layout import Comparison, View

if TYPE_CHECKING:
    from pathlib import Path

_INT, _LONG = 1, 2


def test_what_a_caller_sees_decides() -> None:
    table = load_interfaces("x86_64")
    assert "regmatch_t is 8 bytes under glibc, 16 under musl" in table["regexec"].differences
    assert "REG_STARTEND is 4 under glibc, absent in musl" in table["regexec"].differences
    assert "FTW_F is 0 under glibc, 1 under musl" in table["nftw"].differences
    assert table["cuserid"] == Interface(
        "cuserid", "differs", ("L_cuserid is 9 under glibc, 20 under musl",), ("glibc",)
    )
    both = ("regexec", "regcomp", "getutxent", "ftw", "nftw", "strerror_r", "__sin")
    assert [name for name in both if not (table[name].harms("glibc") and table[name].harms("musl"))] == []
    assert [(table[name].harms("glibc"), table[name].harms("musl")) for name in ("setbuf", "glob")] == [
        (False, True),
        (True, False),
    ]


@pytest.mark.parametrize(
    "name",
    [
        *(
            "printf",
            "malloc",
            "fopen",
            "stat",
            "readdir",
            "pthread_create",
            "pthread_mutex_lock",
            "sem_wait",
            "sysconf",
        ),
        *("setjmp", "sigaction", "sendmsg", "recvmsg", "getaddrinfo", "localeconv", "select", "poll", "nl_langinfo"),
        *("fcntl", "ioctl", "getrusage", "wait4", "__isoc99_sscanf", "__ctype_b_loc", "__errno_location", "__overflow"),
    ],
)
def test_what_every_program_calls_is_not_refused(name: str) -> None:
    assert load_interfaces("x86_64")[name] == Interface(name, "same")


def test_a_machine_that_was_not_measured_has_an_empty_table() -> None:
    assert measured_machines() == ("aarch64", "x86_64")
    assert load_interfaces("riscv64") == {}


def test_a_longer_object_of_glibcs_harms_callers_of_musls_only() -> None:
    """On aarch64 glibc clears 48 bytes of a mutex for which musl's header makes room for 40."""
    table = load_interfaces("aarch64")
    said = ("pthread_mutex_t is 48 bytes under glibc, 40 under musl",)
    assert table["pthread_mutex_lock"] == Interface("pthread_mutex_lock", "differs", said, ("musl",))
    assert load_interfaces("x86_64")["pthread_mutex_lock"] == Interface("pthread_mutex_lock", "same")


def test_a_table_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    (tmp_path / "x86_64.toml").write_text('same = "')
    with pytest.raises(StaticlinkError) as caught:
        load_interfaces("x86_64", tmp_path)
    assert caught.value.faults[0].what == "policy file cannot be read: x86_64.toml"


def view(libc: str, size: int, members: list[tuple[str, int, int]], fields: dict[str, str] | None = None) -> View:
    """Return a view of one ``struct s``; a member is a name, an offset and the entry of its type."""
    parts = [
        DebugEntry(100 + n, "member", {"name": name, "data_member_location": place, "type": kind}, ())
        for n, (name, place, kind) in enumerate(members)
    ]
    types = [
        DebugEntry(_INT, "base_type", {"byte_size": 4, "encoding": 5}, ()),
        DebugEntry(_LONG, "base_type", {"byte_size": 8, "encoding": 7}, ()),
    ]
    struct = DebugEntry(10, "structure_type", {"name": "s", "byte_size": size}, tuple(parts))
    return View(libc, {one.offset: one for one in (*types, *parts, struct)}, {"struct s": 10}, {}, fields or {})


def told(one: View, other: View) -> list[str]:
    return [difference.text for difference in Comparison(one, other).differences(10, 10, "s")]


def test_a_field_that_moved_and_grew() -> None:
    assert told(
        view("glibc", 8, [("a", 0, _INT), ("b", 4, _INT)]), view("musl", 16, [("a", 0, _INT), ("b", 8, _LONG)])
    ) == [
        "s is 8 bytes under glibc, 16 under musl",
        "s.b is at byte 4 under glibc, byte 8 under musl",
        "s.b is an integer of 4 bytes under glibc, an integer of 8 bytes under musl",
    ]


def test_what_only_a_libc_may_touch_is_room() -> None:
    one = view("glibc", 8, [("a", 0, _INT), ("__reserved", 4, _INT)])
    assert told(one, view("musl", 8, [("a", 0, _INT)])) == []
    assert told(one, view("musl", 8, [("a", 0, _INT), ("b", 4, _INT)])) == ["s.b exists under musl only"]


def test_a_reserved_name_of_the_same_field_is_that_field() -> None:
    one, other = view("glibc", 8, [("key", 0, _INT)]), view("musl", 8, [("__key", 0, _INT)])
    assert told(one, other) == []
    assert told(one, view("musl", 8, [("__key", 4, _INT)])) == ["s.key exists under glibc only"]


def test_a_macro_names_the_field_that_it_stands_for() -> None:
    one = view("glibc", 8, [("_union", 4, _INT)], {"_union": "code"})
    assert told(one, view("musl", 8, [("code", 4, _INT)])) == []
    assert told(one, view("musl", 8, [("code", 0, _INT)])) == ["s.code is at byte 4 under glibc, byte 0 under musl"]


def test_a_type_that_one_side_hides_is_told_apart() -> None:
    hidden = View("musl", {10: DebugEntry(10, "structure_type", {"name": "s", "declaration": 1}, ())}, {}, {}, {})
    comparison = Comparison(view("glibc", 4, [("a", 0, _INT)]), hidden)
    assert comparison.differences(10, 10, "s") == ()
    assert comparison.incomplete == {"s": "glibc"}
