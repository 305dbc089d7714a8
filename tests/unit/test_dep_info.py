"""Is what rustc, cargo and build scripts write read as they mean it?"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from staticlink.rust.dep_info import dep_info_files, native_archives, parse_build_output, parse_dep_info, read_units
from staticlink.rust.members import Crate

if TYPE_CHECKING:
    from pathlib import Path

_DEP_INFO = r"""/t/deps/libapp-1.a: src/lib.rs src/a\ b.rs ../note.txt

/t/deps/app-1.d: src/lib.rs src/a\ b.rs

src/lib.rs:
../note.txt:

# env-dep:ASKED
# env-dep:CARGO_PKG_NAME=app
# env-dep:GIVEN=one\ntwo
"""


def test_dep_info() -> None:
    files, variables = parse_dep_info(_DEP_INFO)
    assert files == ("src/lib.rs", "src/a b.rs", "../note.txt")
    assert variables == ("ASKED", "CARGO_PKG_NAME", "GIVEN")


def test_what_a_build_script_prints() -> None:
    text = "cargo:rerun-if-changed=a b\nnoise\ncargo::rerun-if-env-changed=CC\n cargo:rerun-if-changed=no\ncargo:x=1\n"
    assert parse_build_output(text) == (("a b",), ("CC",))


def test_the_archives_that_a_build_script_names(tmp_path: Path) -> None:
    for name in ("one/liba.a", "two/liba.a", "two/libb.a", "two/libc.a"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    message = {
        "reason": "build-script-executed",
        "linked_libs": ["static=a", "static:+whole-archive=b:renamed", "c", "dylib=gone"],
        "linked_paths": [f"native={tmp_path}/two/../one", f"{tmp_path}/two"],
    }
    found = [tmp_path / "one/liba.a", tmp_path / "two/libb.a", tmp_path / "two/libc.a"]
    assert list(native_archives([{"reason": "compiler-artifact"}, message])) == found


def test_a_plain_name_is_a_link_to_one_with_a_hash(tmp_path: Path) -> None:
    deps = tmp_path / "deps"
    deps.mkdir()
    for number in (1, 2):
        (deps / f"libapp-{number}.a").write_text(str(number), encoding="utf-8")
        (deps / f"app-{number}.d").touch()
    os.link(deps / "libapp-1.a", tmp_path / "libapp.a")
    assert list(dep_info_files([tmp_path / "libapp.a"])) == [deps / "app-1.d"]
    assert list(dep_info_files([deps / "libapp-2.a"])) == [deps / "app-2.d"]


def test_the_directory_that_a_path_means(tmp_path: Path) -> None:
    own, other = tmp_path / "ws/app", tmp_path / "other"
    for name, text in {"app-1.d": "x: app/src/lib.rs\n", "other-1.d": "x: src/lib.rs\n\n# env-dep:ASKED\n"}.items():
        (tmp_path / "deps").mkdir(exist_ok=True)
        (tmp_path / "deps" / name).write_text(text, encoding="utf-8")
        (tmp_path / "deps" / f"lib{name[:-2]}.rlib").touch()
    output = tmp_path / "build/app-1/output"
    output.parent.mkdir(parents=True)
    output.write_text("cargo::rerun-if-changed=../../data\n", encoding="utf-8")
    messages = [
        {
            "reason": "compiler-artifact",
            "package_id": place.name,
            "manifest_path": f"{place}/Cargo.toml",
            "filenames": [str(tmp_path / f"deps/lib{place.name}-1.rlib")],
        }
        for place in (own, other)
    ]
    messages.append({"reason": "build-script-executed", "package_id": "app", "out_dir": str(output.parent / "out")})
    crate = Crate((), own / "Cargo.toml", own.parent, ((own, "app"),))
    found = read_units(messages, crate)
    assert found.files == {own / "src/lib.rs", other / "src/lib.rs", tmp_path / "data"}
    assert found.variables == {"ASKED"}
    assert found.packages == frozenset()
    output.write_text("", encoding="utf-8")
    assert read_units(messages, crate).packages == {own}
