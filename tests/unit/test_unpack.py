"""Does every member stay inside, and is nothing left of an archive that is refused?"""

from __future__ import annotations

import hashlib
import io
import tarfile
from typing import TYPE_CHECKING

import pytest
from staticlink.errors import StaticlinkError
from staticlink.report.text import render_error
from staticlink.vendored.unpack import unpack

if TYPE_CHECKING:
    from pathlib import Path

Member = tuple[tarfile.TarInfo, bytes]


def file(name: str, content: bytes = b"text", mode: int = 0o644) -> Member:
    info = tarfile.TarInfo(name)
    info.size, info.mode, info.mtime = len(content), mode, 1_000_000
    return info, content


def other(name: str, kind: bytes, link: str = "") -> Member:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, link
    return info, b""


def pack(path: Path, members: list[Member], mode: str = "w:gz") -> str:
    with tarfile.open(path, mode) as tar:  # type: ignore[call-overload]
        for info, content in members:
            tar.addfile(info, io.BytesIO(content))
    return hashlib.sha256(path.read_bytes()).hexdigest()


def refusal(tmp_path: Path, members: list[Member]) -> str:
    archive = tmp_path / "x.tar.gz"
    digest = pack(archive, members)
    with pytest.raises(StaticlinkError) as caught:
        unpack(archive, digest, tmp_path / "out")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["x.tar.gz"], "something was left"
    return render_error(caught.value)


@pytest.mark.parametrize("mode", ["w:gz", "w:xz"])
def test_files_directories_and_inner_links_arrive(tmp_path: Path, mode: str) -> None:
    archive = tmp_path / "x.tar"
    members = [
        other("x-1", tarfile.DIRTYPE),
        file("x-1/configure", b"#!/bin/sh\n", 0o6777),
        file("x-1/a/b", b"inner"),
        other("x-1/a/link", tarfile.SYMTYPE, "../configure"),
    ]
    unpacked = unpack(archive, pack(archive, members, mode), tmp_path / "out")
    assert unpacked.top == tmp_path / "out" / "x-1"
    assert unpacked.newest == 1_000_000
    assert (unpacked.top / "configure").stat().st_mode & 0o7777 == 0o755
    assert (unpacked.top / "a/b").stat().st_mode & 0o7777 == 0o644
    assert (unpacked.top / "a/b").stat().st_mtime == 1_000_000
    assert (unpacked.top / "a/link").read_bytes() == b"#!/bin/sh\n"


def test_files_without_a_common_directory_arrive(tmp_path: Path) -> None:
    archive = tmp_path / "x.tar.gz"
    assert unpack(archive, pack(archive, [file("a"), file("b")]), tmp_path / "out").top == tmp_path / "out"


@pytest.mark.parametrize(
    ("members", "complaint"),
    [
        ([file("../evil")], "member ../evil: its path leaves the directory"),
        ([file("a/../../evil")], "member a/../../evil: its path leaves the directory"),
        ([file("/evil")], "member /evil: its path is absolute"),
        ([other("l", tarfile.SYMTYPE, "/etc")], "member l: it links to /etc, outside the directory"),
        ([other("l", tarfile.SYMTYPE, "../x")], "member l: it links to ../x, outside the directory"),
        ([other("a/l", tarfile.SYMTYPE, "../../x")], "member a/l: it links to ../../x, outside the directory"),
        ([other("a/l", tarfile.SYMTYPE, "m/../../x")], "member a/l: it links to m/../../x, outside the directory"),
        (
            [file("d/f"), other("l", tarfile.SYMTYPE, "d"), file("l/f")],
            "member l/f: its path goes through a symbolic link",
        ),
        (
            [file("d/f"), other("l", tarfile.SYMTYPE, "d"), other("l", tarfile.DIRTYPE), file("l/g")],
            "member l/g: its path goes through a symbolic link",
        ),
        (
            [file("a"), other("h", tarfile.LNKTYPE, "a")],
            "member h: it is neither a file, a directory nor a symbolic link",
        ),
        ([other("p", tarfile.FIFOTYPE)], "member p: it is neither a file, a directory nor a symbolic link"),
        ([other("c", tarfile.CHRTYPE)], "member c: it is neither a file, a directory nor a symbolic link"),
        ([file("a"), file("a")], "member a: its name occurs twice"),
        ([file("a"), file("./a")], "member ./a: its name occurs twice"),
        ([file("a"), other("a", tarfile.SYMTYPE, "b")], "member a: its name occurs twice"),
    ],
)
def test_a_member_that_is_not_harmless_is_named(tmp_path: Path, members: list[Member], complaint: str) -> None:
    assert refusal(tmp_path, members) == f"unsafe archive: x.tar.gz\n  {complaint}"


def test_a_member_that_claims_too_much_is_refused_unread(tmp_path: Path) -> None:
    archive = tmp_path / "x.tar"
    info = tarfile.TarInfo("bomb")
    info.size = 1 << 40
    archive.write_bytes(info.tobuf() + b"\0" * 1024)
    with pytest.raises(StaticlinkError) as caught:
        unpack(archive, hashlib.sha256(archive.read_bytes()).hexdigest(), tmp_path / "out")
    assert render_error(caught.value) == "unsafe archive: x.tar\n  member bomb: it makes the archive too large"


def test_a_wrong_hash_unpacks_nothing(tmp_path: Path) -> None:
    archive = tmp_path / "x.tar.gz"
    digest = pack(archive, [file("a")])
    with pytest.raises(StaticlinkError) as caught:
        unpack(archive, "0" * 64, tmp_path / "out")
    assert render_error(caught.value).splitlines() == [
        "wrong hash: x.tar.gz",
        f"  got sha256    {digest}",
        f"  wanted sha256 {'0' * 64}",
    ]
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("mode", ["w:gz", "w:xz"])
def test_a_truncated_archive_is_corrupt(tmp_path: Path, mode: str) -> None:
    archive = tmp_path / "x.tar.gz"
    pack(archive, [file("x/a", bytes(range(256)) * 4096)], mode)
    archive.write_bytes(archive.read_bytes()[: archive.stat().st_size // 2])
    with pytest.raises(StaticlinkError) as caught:
        unpack(archive, hashlib.sha256(archive.read_bytes()).hexdigest(), tmp_path / "out")
    assert caught.value.faults[0].what == "corrupt archive: x.tar.gz"
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("content", [b"", b"<html>no</html>"])
def test_what_is_no_archive_is_corrupt(tmp_path: Path, content: bytes) -> None:
    archive = tmp_path / "x.tar.gz"
    archive.write_bytes(content)
    with pytest.raises(StaticlinkError) as caught:
        unpack(archive, hashlib.sha256(content).hexdigest(), tmp_path / "out")
    assert caught.value.faults[0].id == "corrupt-archive"
    assert not (tmp_path / "out").exists()
