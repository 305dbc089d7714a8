"""Are a lock file's sources, a project's own vendored crates and changes to them found?"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

import pytest
from staticlink.errors import StaticlinkError
from staticlink.rust.crate import configuration_files
from staticlink.rust.members import Crate
from staticlink.rust.vendored_crates import locked_sources, vendored_directories, verify_vendored

if TYPE_CHECKING:
    from pathlib import Path


def test_the_sources_of_a_lock_file(tmp_path: Path) -> None:
    lock = tmp_path / "Cargo.lock"
    assert locked_sources(lock) == ()
    lock.write_text('[[package]]\nname = "a"\n\n[[package]]\nname = "b"\nsource = "registry+x"\n', encoding="utf-8")
    assert locked_sources(lock) == ("registry+x",)


@pytest.mark.parametrize(
    "text",
    [
        '[source.vendored]\ndirectory = "vendor"\n',
        "[source.vendored]\n  directory='vendor'\n",
        'source = { crates-io = { replace-with = "v" }, v = { directory = "vendor" } }\n',
        'source.v.directory = "vendor"\n',
    ],
)
def test_a_directory_of_vendored_crates(tmp_path: Path, text: str) -> None:
    (tmp_path / ".cargo").mkdir()
    (tmp_path / "vendor").mkdir()
    configuration = tmp_path / ".cargo/config.toml"
    configuration.write_text(text, encoding="utf-8")
    assert vendored_directories([configuration]) == (tmp_path / "vendor",)
    configuration.write_text(f"# {text.splitlines()[-1]}\n", encoding="utf-8")
    assert vendored_directories([configuration]) == ()


def test_configuration_and_what_it_includes(tmp_path: Path) -> None:
    place = tmp_path / "project/crate"
    files = {
        place / ".cargo/config.toml": "include = [\n  'a.toml',\n  { path = \"b.toml\", optional = true },\n]\n",
        place / ".cargo/a.toml": 'include = "../../c.toml"\n',
        place / ".cargo/b.toml": "",
        tmp_path / "c.toml": "",
        tmp_path / "project/c.toml": "",
        tmp_path / "project/.cargo/config": "# include = 'd.toml'\n",
        tmp_path / "home/config.toml": "",
    }
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    found = configuration_files(Crate((), place / "Cargo.toml", place, ()), {"CARGO_HOME": str(tmp_path / "home")})
    expected = [place / ".cargo/config.toml", place / ".cargo/a.toml", place / ".cargo/b.toml"]
    assert {each.resolve() for each in found} >= {*expected, tmp_path / "project/c.toml", tmp_path / "home/config.toml"}
    assert tmp_path / "c.toml" not in {each.resolve() for each in found}


def test_a_crate_and_its_own_list(tmp_path: Path) -> None:
    content = hashlib.sha256(b"fn").hexdigest()
    place = tmp_path / "itoa"
    place.mkdir()
    checksums = place / ".cargo-checksum.json"
    checksums.write_text(json.dumps({"files": {"src/lib.rs": content}, "package": "x"}), encoding="utf-8")
    whole = {"itoa/src/lib.rs": content + "+x", "itoa/.cargo-checksum.json": "any"}
    verify_vendored(tmp_path, whole)
    with pytest.raises(StaticlinkError) as raised:
        verify_vendored(tmp_path, {**whole, "itoa/src/lib.rs": "link:/etc/passwd ", "itoa/build.rs": content})
    (fault,) = raised.value.faults
    assert fault.id == "vendored-changed"
    assert fault.evidence == ("itoa/build.rs: added", "itoa/src/lib.rs: a symbolic link")
    checksums.write_text(json.dumps({"files": {}, "package": "x"}), encoding="utf-8")
    verify_vendored(tmp_path, {**whole, "itoa/build.rs": content})
    checksums.write_text("{", encoding="utf-8")
    with pytest.raises(StaticlinkError, match="vendored crates were changed: itoa"):
        verify_vendored(tmp_path, whole)
