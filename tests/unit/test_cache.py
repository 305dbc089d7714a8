"""Is an entry whole or remade, made once, and is the directory the user's own?"""

from __future__ import annotations

import json
import multiprocessing
import os
import time
from pathlib import Path

import pytest
from staticlink.errors import StaticlinkError
from staticlink.report.text import render_error
from staticlink.vendored.cache import Cache, copy_entry, open_cache, write_manifest


class Said(list[tuple[str, str, str]]):
    """Collects the lines that were said."""

    def __call__(self, verb: str, subject: str, detail: str) -> None:
        """Remember one line."""
        self.append((verb, subject, detail))


def make(directory: Path) -> None:
    (directory / "lib").mkdir()
    (directory / "lib" / "a").write_text("first", encoding="utf-8")
    (directory / "b").write_text("second", encoding="utf-8")


def make_not(directory: Path) -> None:
    pytest.fail(f"made again: {directory}")


def test_an_entry_is_made_once(tmp_path: Path) -> None:
    cache, said = Cache(tmp_path), Said()
    path = cache.obtain("kind", "key", make, said)
    assert cache.obtain("kind", "key", make_not, said) == path
    assert cache.find("kind", "key", said) == path
    assert cache.find("kind", "other", said) is None
    assert (path / "lib" / "a").read_text(encoding="utf-8") == "first"
    assert said == []


def change(entry: Path) -> None:
    (entry / "files/b").write_text("third", encoding="utf-8")


def truncate(entry: Path) -> None:
    (entry / "files/b").write_text("", encoding="utf-8")


def delete(entry: Path) -> None:
    (entry / "files/b").unlink()


def add(entry: Path) -> None:
    (entry / "files/c").write_text("", encoding="utf-8")


def replace_by_link(entry: Path) -> None:
    (entry / "files/b").unlink()
    (entry / "files/b").symlink_to("lib/a")


def forget(entry: Path) -> None:
    (entry / "manifest.json").unlink()


@pytest.mark.parametrize(
    ("damage", "why"),
    [
        (change, "b was changed"),
        (truncate, "b was changed"),
        (delete, "b is missing"),
        (add, "c does not belong"),
        (replace_by_link, "b was changed"),
        (forget, "its manifest is unreadable"),
    ],
)
def test_a_corrupt_entry_is_made_again_and_said_so(tmp_path: Path, damage: object, why: str) -> None:
    cache, said = Cache(tmp_path), Said()
    path = cache.obtain("kind", "key", make, said)
    assert callable(damage)
    damage(path.parent)
    assert cache.obtain("kind", "key", make, said) == path
    assert said == [("CACHE", "kind/key", f"{why}; making it again")]
    assert sorted(p.name for p in path.iterdir()) == ["b", "lib"]


def test_a_manifest_cut_at_any_byte_is_noticed(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    manifest = cache.obtain("kind", "key", make, Said()).parent / "manifest.json"
    whole = manifest.read_bytes()
    for length in range(len(whole) - 2):
        manifest.write_bytes(whole[:length])
        said = Said()
        cache.obtain("kind", "key", make, said)
        assert len(said) == 1, length
        assert manifest.read_bytes() == whole


def test_a_failure_leaves_no_entry(tmp_path: Path) -> None:
    cache = Cache(tmp_path)

    def fail_half_way(directory: Path) -> None:
        make(directory)
        raise ValueError("half way")

    with pytest.raises(ValueError, match="half way"):
        cache.obtain("kind", "key", fail_half_way, Said())
    assert [path.name for path in (tmp_path / "kind").iterdir()] == ["key.lock"]


def test_what_killed_builds_left_is_removed(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    for key in ("key", "other", "running"):
        (tmp_path / "kind" / f"{key}.tmp.left").mkdir(parents=True)
    with cache.lock("kind", "running", Said()):
        cache.obtain("kind", "key", make, Said())
    left = [path.name for path in (tmp_path / "kind").iterdir() if ".tmp." in path.name]
    assert left == ["running.tmp.left"]


def obtain_slowly(root: str, started: str) -> None:
    def make_slowly(directory: Path) -> None:
        with Path(started).open("a", encoding="utf-8") as file:
            file.write("made\n")
        time.sleep(0.5)
        make(directory)

    Cache(Path(root)).obtain("kind", "key", make_slowly, lambda *_: None)


def test_two_processes_at_once_make_it_once(tmp_path: Path) -> None:
    started = tmp_path / "started"
    context = multiprocessing.get_context("spawn")
    both = [context.Process(target=obtain_slowly, args=(str(tmp_path), str(started))) for _ in range(2)]
    for process in both:
        process.start()
    for process in both:
        process.join(30)
    assert [process.exitcode for process in both] == [0, 0]
    assert started.read_text(encoding="utf-8") == "made\n"


def test_a_manifest_is_sorted_and_the_same_each_time(tmp_path: Path) -> None:
    make(tmp_path)
    out = tmp_path.parent / f"{tmp_path.name}.json"
    write_manifest(tmp_path, out)
    assert list(json.loads(out.read_text(encoding="utf-8"))) == ["b", "lib/a"]


def test_a_copy_replaces_what_is_there(tmp_path: Path) -> None:
    (tmp_path / "cache").mkdir()
    files = Cache(tmp_path / "cache").obtain("kind", "key", make, Said())
    target = tmp_path / "build" / "small"
    target.mkdir(parents=True)
    (target / "stale").write_text("", encoding="utf-8")
    copy_entry(files, target, tmp_path / "build/small.manifest.json")
    assert sorted(p.name for p in (tmp_path / "build").iterdir()) == ["small", "small.manifest.json"]
    assert sorted(p.name for p in target.iterdir()) == ["b", "lib"]
    same = (files.parent / "manifest.json").read_bytes()
    assert (tmp_path / "build/small.manifest.json").read_bytes() == same


def test_the_directory_follows_xdg_then_home(tmp_path: Path) -> None:
    xdg, home = tmp_path / "xdg", tmp_path / "home"
    assert open_cache({"XDG_CACHE_HOME": str(xdg), "HOME": str(home)}).root == xdg / "staticlink"
    assert open_cache({"HOME": str(home)}).root == home / ".cache" / "staticlink"
    assert (home / ".cache/staticlink").stat().st_mode & 0o777 == 0o700


def message(environment: dict[str, str]) -> list[str]:
    with pytest.raises(StaticlinkError) as caught:
        open_cache(environment)
    return render_error(caught.value).splitlines()


def test_no_usable_directory_says_why_each(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    assert message({"XDG_CACHE_HOME": "relative"}) == [
        "no usable cache directory",
        "  XDG_CACHE_HOME is not an absolute path: relative",
        "  HOME is not set",
        "  fix: XDG_CACHE_HOME=DIR",
    ]
    assert message({"HOME": f"{tmp_path}/file"}) == [
        "no usable cache directory",
        "  XDG_CACHE_HOME is not set",
        f"  {tmp_path}/file/.cache/staticlink: not a directory",
        "  fix: XDG_CACHE_HOME=DIR",
    ]


def test_a_cache_that_others_may_write_is_refused(tmp_path: Path) -> None:
    root = tmp_path / "staticlink"
    root.mkdir()
    root.chmod(0o775)
    assert message({"XDG_CACHE_HOME": str(tmp_path)}) == [
        f"cache is writable by others: {root}",
        "  mode: 0775",
        f"  fix: chmod go-w {root}",
    ]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a directory to another user")
def test_a_cache_of_another_user_is_refused(tmp_path: Path) -> None:
    root = tmp_path / "staticlink"
    root.mkdir()
    os.chown(root, 12345, 12345)
    assert message({"XDG_CACHE_HOME": str(tmp_path)}) == [
        f"cache belongs to another user: {root}",
        "  owner: user 12345, this build: user 0",
        "  fix: XDG_CACHE_HOME=DIR",
    ]
