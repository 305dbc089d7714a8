"""Are the machine's mirrors read from both forms of its sources, and is the right revision chosen?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from staticlink.vendored.debian import AptError, Mirror, newest_revision, read_mirrors, write_sources

if TYPE_CHECKING:
    from pathlib import Path

ONE_LINE = """\
# deb http://commented.example/debian trixie main
deb [arch=amd64 signed-by=/usr/share/keyrings/debian.gpg] http://one.example/debian bookworm main contrib  # why
deb http://one.example/debian bookworm-updates main
deb http://security.example/debian-security bookworm-security main
deb cdrom:[Debian]/ bookworm main
deb https://other.example/tool stable tool
deb-src https://two.example/debian sid main
"""

DEB822 = """\
Types: deb
# a comment inside
URIs: http://three.example/debian http://four.example/debian
Suites: trixie trixie-updates
Components: main
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 mQINBF

Types: deb
URIs: http://off.example/debian
Suites: trixie
Components: main
Enabled: no

Types: deb
URIs: https://node.example/node
Suites: nodistro
Components: main
"""


def test_one_line_sources(tmp_path: Path) -> None:
    (tmp_path / "sources.list").write_text(ONE_LINE, encoding="utf-8")
    assert read_mirrors(tmp_path) == (
        Mirror("http://one.example/debian", (("signed-by", "/usr/share/keyrings/debian.gpg"),)),
        Mirror("https://two.example/debian"),
    )


def test_deb822_sources(tmp_path: Path) -> None:
    (tmp_path / "sources.list.d").mkdir()
    (tmp_path / "sources.list.d/debian.sources").write_text(DEB822, encoding="utf-8")
    (tmp_path / "sources.list.d/ignored.save").write_text(ONE_LINE, encoding="utf-8")
    key = (("signed-by", "\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n mQINBF"),)
    assert read_mirrors(tmp_path) == (
        Mirror("http://three.example/debian", key),
        Mirror("http://four.example/debian", key),
    )


def test_no_sources_no_mirrors(tmp_path: Path) -> None:
    assert read_mirrors(tmp_path) == ()


def test_a_sources_file_names_one_suite_of_every_mirror() -> None:
    mirrors = (Mirror("http://a.example/debian", (("signed-by", "/k.gpg"),)), Mirror("http://b.example/debian"))
    assert write_sources(mirrors, kind="deb-src", suite="trixie") == (
        "Types: deb-src\nURIs: http://a.example/debian\nSuites: trixie\nComponents: main\nSigned-By: /k.gpg\n\n"
        "Types: deb-src\nURIs: http://b.example/debian\nSuites: trixie\nComponents: main\n"
    )


LISTING = """\
 rust-src | 1.96.1+dfsg1-2~bpo13+1 | http://a.example/debian trixie-backports/main amd64 Packages
 rust-src | 1.95.0+dfsg1-2~bpo13+1 | http://a.example/debian trixie-backports/main amd64 Packages
 rust-src | 1.95.0+dfsg1-1~bpo13+1 | http://a.example/debian trixie-backports/main amd64 Packages
 rust-src | 2:1.9-3 | http://a.example/debian trixie-backports/main amd64 Packages
"""


@pytest.mark.parametrize(
    ("version", "chosen"),
    [("1.95.0", "1.95.0+dfsg1-2~bpo13+1"), ("1.96.1", "1.96.1+dfsg1-2~bpo13+1"), ("1.9", "2:1.9-3")],
)
def test_the_newest_revision_of_exactly_that_version(version: str, chosen: str) -> None:
    assert newest_revision(LISTING, version) == chosen


def test_a_version_that_is_not_there_says_which_are() -> None:
    with pytest.raises(AptError) as caught:
        newest_revision(LISTING.splitlines()[0], "1.95")
    assert str(caught.value) == "has 1.96.1+dfsg1-2~bpo13+1, not 1.95"
    with pytest.raises(AptError) as caught:
        newest_revision("", "1.95")
    assert str(caught.value) == "has no such package, not 1.95"
