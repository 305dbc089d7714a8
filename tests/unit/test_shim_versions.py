"""Is a name with a version taken for the right function, and never for more than a name?"""

from __future__ import annotations

import pytest
from staticlink.link.shim_versions import Versions, alias_words, choose_aliases, explain_versions, load_versions
from staticlink.link.shims import choose_shims, explain_refusals, load_shims

_VERSIONS = Versions(frozenset({"memcpy@GLIBC_2.2.5", "glob@GLIBC_2.2.5"}), {"memcpy@GLIBC_2.2.5": "memmove"})


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("fopen@GLIBC_2.2.5", "fopen"),
        ("memcpy@GLIBC_2.2.5", "memmove"),
        ("memcpy@GLIBC_2.14", "memcpy"),
        ("glob@GLIBC_2.2.5", None),
        ("fopen@OTHER_1", None),
        ('f") ALIAS(9,system,"f@GLIBC_2.2.5', None),
        ("f@GLIBC_2.2.5\n", None),
        ("f@GLIBC_PRIVATE", None),
        ("größe@GLIBC_2.2.5", None),
    ],
)
def test_what_a_name_means(name: str, meant: str | None) -> None:
    assert _VERSIONS.meant(name) == meant


def test_aliases_are_of_functions_that_can_be_had() -> None:
    names = {"printf", "fopen@GLIBC_2.2.5", "stdin@GLIBC_2.2.5", "memcpy@GLIBC_2.2.5"}
    found = choose_aliases(names, "x86_64", {"fopen", "memmove"}.__contains__)
    assert list(found.items()) == [("fopen@GLIBC_2.2.5", "fopen"), ("memcpy@GLIBC_2.2.5", "memmove")]
    assert choose_aliases(names, "sparc", lambda _: True) == {}
    assert load_versions("sparc") is None
    (shim,) = choose_shims((), load_shims(), aliases=found)
    assert (shim.name, shim.symbols, shim.functions) == ("versions", tuple(found), tuple(found.values()))
    assert alias_words(shim.symbols, shim.functions) == [
        '-DALIASES=ALIAS(0,fopen,"fopen@GLIBC_2.2.5") ALIAS(1,memmove,"memcpy@GLIBC_2.2.5")'
    ]


def test_what_cannot_be_had_is_explained() -> None:
    found = explain_versions({"glob@GLIBC_2.2.5", "memcpy@GLIBC_2.2.5", "fopen@GLIBC_2.2.5", "glob"}, "x86_64")
    assert list(found) == ["glob@GLIBC_2.2.5"]
    assert list(explain_refusals({"fts_open@GLIBC_2.2.5", "fopen@GLIBC_2.2.5"}, load_shims())) == [
        "fts_open@GLIBC_2.2.5"
    ]
