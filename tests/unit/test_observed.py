"""Is a change seen where there is one, and only there?"""

from __future__ import annotations

import os
from pathlib import Path

from staticlink.rust.observed import Names, Record, State, look, read_observed, write_observed

_LONG_AGO = 10**18


def settled(path: Path, text: str) -> None:
    """Write a file that is old enough to be known by its times; only the change time is the present."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    os.utime(path, ns=(_LONG_AGO, _LONG_AGO))


def test_files_directories_and_variables(tmp_path: Path) -> None:
    settled(tmp_path / "tree/a", "a")
    settled(tmp_path / "tree/.git/x", "x")
    settled(tmp_path / "tree/target/CACHEDIR.TAG", "")
    settled(tmp_path / "tree/made", "made")
    names = Names(frozenset({f"{tmp_path}/tree", f"{tmp_path}/none"}), frozenset({"SET", "UNSET"}))
    state, _ = look(names, {"SET": "1"}, {}, [tmp_path / "tree/made"])
    assert list(state.files) == [f"{tmp_path}/none", f"{tmp_path}/tree", f"{tmp_path}/tree/a"]
    assert state.files[f"{tmp_path}/none"] == "absent"
    assert state.variables == {"SET": "1", "UNSET": None}


def test_what_changes_the_digest(tmp_path: Path) -> None:
    path = tmp_path / "a"
    names = Names(frozenset({str(path)}))
    seen = set()
    for text, mode in (("one", 0o644), ("two", 0o644), ("two", 0o755)):
        settled(path, text)
        path.chmod(mode)
        seen.add(look(names, {}, {})[0].digest(tmp_path))
    path.unlink()
    path.symlink_to("b")
    seen.add(look(names, {}, {})[0].digest(tmp_path))
    settled(tmp_path / "b", "two")
    seen.add(look(names, {}, {})[0].digest(tmp_path))
    path.unlink()
    seen.add(look(names, {}, {})[0].digest(tmp_path))
    assert len(seen) == 6
    assert State({f"{tmp_path}/a": "1"}, {}).digest(tmp_path) == State({"/other/a": "1"}, {}).digest(Path("/other"))


def test_a_young_file_is_read_every_time(tmp_path: Path) -> None:
    settled(tmp_path / "a", "one")
    name = str(tmp_path / "a")
    _, times = look(Names(frozenset({name})), {}, {})
    assert times == {}


def test_a_record_comes_back_and_a_damaged_one_says_nothing(tmp_path: Path) -> None:
    path = tmp_path / "record.json"
    state = State({"/a": "1"}, {"SET": "1", "UNSET": None})
    record = Record(Names(frozenset({"/a"}), frozenset({"SET", "UNSET"})), state, "began", {"/b": "2"}, 3, {"/a": [1]})
    write_observed(path, record)
    assert read_observed(path) == record
    for damaged in ("", "[]", "{}", '{"paths": 1}', path.read_text(encoding="utf-8").replace('"files"', '"file"')):
        path.write_text(damaged, encoding="utf-8")
        assert read_observed(path) == Record()
