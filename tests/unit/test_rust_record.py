"""Is what rustc would have linked taken down whole, and sorted into what is ours to decide and what is not?"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from staticlink.errors import StaticlinkError
from staticlink.rust import recorder
from staticlink.rust.driver import NOTE, write_crate_driver
from staticlink.rust.members import Member, read_member, recall_member
from staticlink.rust.options import CrateOptions
from staticlink.rust.record import Record, content_digest, read_record, sort_arguments
from staticlink.rust.toolchain import Toolchain
from staticlink.target import Target

_WORDS = [
    "-m64", "/t/symbols.o", "/t/main.o", "-Wl,--as-needed", "-Wl,-Bstatic", "/d/liba-1.rlib", "/s/libstd-2.rlib",
    "-Wl,-Bdynamic", "-lz", "-lgcc_eh", "-lgcc", "-lc", "-lunwind", "/s/libcore-3.rlib", "-L", "/t/raw-dylibs", "-L/n",
    "-B/s/gcc-ld", "-fuse-ld=lld", "-Wl,--eh-frame-hdr", "-Wl,-z,noexecstack", "-o", "app", "-Wl,--gc-sections",
    "-static-pie", "-Wl,-z,relro,-z,now", "-Wl,-O1", "-nodefaultlibs", "-nostartfiles", "-Wl,--defsym=a=b",
]  # fmt: skip


def test_what_the_link_decides_is_dropped_and_the_rest_is_kept_in_order() -> None:
    assert sort_arguments(_WORDS) == Record(
        objects=(Path("/t/symbols.o"), Path("/t/main.o")),
        archives=(Path("/d/liba-1.rlib"), Path("/s/libstd-2.rlib"), Path("/s/libcore-3.rlib")),
        libraries=("z",),
        directories=(Path("/n"),),
        flags=("-Wl,--gc-sections", "-Wl,--defsym=a=b"),
    )


def test_objects_that_rustc_deletes_are_copied(tmp_path: Path) -> None:
    place = tmp_path / "a place"
    place.mkdir()
    (place / "symbols.o").write_bytes(b"first")
    (place / "app.rcgu.o").write_bytes(b"second")
    response = place / "arguments"
    response.write_text(
        f"{place}/symbols.o\n".replace(" ", "\\ ") + "app.rcgu.o\nabsent.o\n-o\napp\n", encoding="utf-8"
    )
    command = [sys.executable, "-I", "-S", recorder.__file__, f"@{response}"]
    for _ in range(2):  # what an earlier link left is replaced
        subprocess.run(command, cwd=place, check=True, timeout=60)
    found = read_record(place / "app")
    assert [path.read_bytes() for path in found.objects[:2]] == [b"first", b"second"]
    assert found.objects[2] == Path("absent.o")
    assert sorted(path.name for path in (place / "app.objects").iterdir()) == ["1.o", "2.o"]


def test_an_executable_is_no_record(tmp_path: Path) -> None:
    (tmp_path / "app").write_bytes(b"\x7fELF\2\1\1")
    with pytest.raises(StaticlinkError, match="cargo linked a program by itself: app"):
        read_record(tmp_path / "app")


def test_metadata_is_no_part_of_an_rlibs_content(tmp_path: Path) -> None:
    digests: list[str] = []
    for metadata, code in ((b"one", b"same"), (b"two!", b"same"), (b"two!", b"other")):
        (tmp_path / "lib.rmeta").write_bytes(metadata)
        (tmp_path / "a.o").write_bytes(code)
        archive = tmp_path / f"lib{len(digests)}.rlib"
        subprocess.run(["ar", "rcD", archive, "lib.rmeta", "a.o"], cwd=tmp_path, check=True, timeout=60)
        digests.append(content_digest(archive))
    assert digests[0] == digests[1] != digests[2]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("-C opt-level=3 -C embed-bitcode=no", "unwind off"),
        ("-C panic=abort -C lto", "abort fat"),
        ("-C lto=off -C lto=thin", "unwind thin"),
        ("-C linker-plugin-lto", "unwind fat"),
        ("--cfg lto", "unwind off"),
    ],
)
def test_the_driver_notes_what_a_profile_asked_for(tmp_path: Path, words: str, expected: str) -> None:
    toolchain = Toolchain(Path("/bin/echo"), Path("/bin/echo"), tmp_path, "rustc 1.2.3")
    target = Target("x86_64", "musl", static=True)
    driver = write_crate_driver(
        toolchain, "a-b-musl", tmp_path / "a place", "one",
        target=target, sysroot=None, remap=(), rustflags=("--cfg", "flagged"), identity="std",
    )  # fmt: skip
    out = tmp_path / "a-b-musl" / "release" / "deps"
    out.mkdir(parents=True)
    given = ["--crate-name", "one", "--crate-type", "staticlib", "-C", "extra-filename=-1f", "--out-dir", str(out)]
    done = subprocess.run(
        [driver, *given, *words.split(), "-C", "split-debuginfo=packed", "--target", "a-b-musl"],
        env={"CARGO_PRIMARY_PACKAGE": "1"}, capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    assert json.loads(done.stderr)["message"] == f"{NOTE}release/deps/one-1f {expected}"
    assert "--crate-type rlib" in done.stdout
    assert "--cfg flagged" in done.stdout
    assert "embed-bitcode=no" not in done.stdout
    assert "-C split-debuginfo=off" in done.stdout
    assert (out / "libone-1f.a").read_bytes() == b""


def test_a_member_survives_being_remembered() -> None:
    targets = [
        {"name": "a-b", "kind": ["cdylib"], "crate_types": ["cdylib"]},
        {"name": "tool", "kind": ["bin"], "crate_types": ["bin"]},
        {"name": "shown", "kind": ["example"], "crate_types": ["bin"]},
    ]
    member = read_member({"name": "a", "targets": targets, "default_run": None, "rust_version": None})
    assert member == Member("a", "a_b", ("cdylib",), ("tool",), "tool", "")
    kept = {name: getattr(member, name) for name in Member.__dataclass_fields__}
    assert recall_member(json.loads(json.dumps(kept))) == member


def test_words_that_cargo_takes_once_are_given_once() -> None:
    plain = CrateOptions()
    assert plain.arguments(locked=True, offline=True) == ["--profile=release", "--locked", "--offline"]
    own = CrateOptions(("a", "b"), default_features=False, profile="dev", cargo=("--frozen", "--offline"))
    assert own.arguments(locked=True, offline=True) == [
        "--profile=dev", "--features=a,b", "--no-default-features", "--frozen", "--offline",
    ]  # fmt: skip
