"""Which modules travel inside the executable, and how are they listed?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from staticlink.errors import StaticlinkError
from staticlink.python.bundle import (
    Frozen,
    Module,
    find_scripts,
    find_stdlib,
    format_assembly,
    format_table,
    read_exclusions,
)
from staticlink.report.text import render_error

if TYPE_CHECKING:
    from pathlib import Path


def _write(root: Path, *names: str) -> None:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("", encoding="utf-8")


def test_modules_and_packages_are_found_by_name(tmp_path: Path) -> None:
    _write(tmp_path, "os.py", "encodings/__init__.py", "encodings/utf_8.py", "json/tool.py", "json/__init__.py")
    found = [(module.name, module.filename, module.package) for module in find_stdlib(tmp_path, ())]
    assert found == [
        ("encodings", "<stdlib>/encodings/__init__.py", True),
        ("encodings.utf_8", "<stdlib>/encodings/utf_8.py", False),
        ("json", "<stdlib>/json/__init__.py", True),
        ("json.tool", "<stdlib>/json/tool.py", False),
        ("os", "<stdlib>/os.py", False),
    ]


def test_what_cannot_be_imported_is_no_module(tmp_path: Path) -> None:
    _write(
        tmp_path,
        "encodings/__init__.py",
        "config-3.13/__init__.py",
        "data/no_package.py",
        "python-config.py",
        "README",
        "_sysconfigdata__linux_x86_64-linux-musl.py",
    )
    names = [module.name for module in find_stdlib(tmp_path, ())]
    assert names == ["_sysconfigdata__linux_x86_64-linux-musl", "encodings"]


def test_an_excluded_package_takes_its_modules_along(tmp_path: Path) -> None:
    _write(
        tmp_path,
        "encodings/__init__.py",
        "test/__init__.py",
        "test/test_os.py",
        "unittest/__init__.py",
        "unittest/test/__init__.py",
        "unittest/tests.py",
        "testing.py",
    )
    assert [module.name for module in find_stdlib(tmp_path, read_exclusions())] == ["encodings", "testing", "unittest"]


def test_a_directory_without_encodings_is_refused(tmp_path: Path) -> None:
    _write(tmp_path, "os.py")
    with pytest.raises(StaticlinkError) as caught:
        find_stdlib(tmp_path, ())
    assert render_error(caught.value) == (f"not a Python standard library: {tmp_path}\n  it holds no package encodings")


def test_scripts_are_modules_and_packages(tmp_path: Path) -> None:
    _write(tmp_path, "b.py", "a/__init__.py", "a/inner.py")
    assert find_scripts([tmp_path / "b.py", tmp_path / "a"]) == (
        Module("a", str(tmp_path / "a/__init__.py"), "<program>/a/__init__.py", package=True),
        Module("a.inner", str(tmp_path / "a/inner.py"), "<program>/a/inner.py", package=False),
        Module("b", str(tmp_path / "b.py"), "<program>/b.py", package=False),
    )


def test_all_faulty_script_names_are_reported_at_once(tmp_path: Path) -> None:
    _write(tmp_path, "my-script.py", "one/x.py", "two/x.py")
    with pytest.raises(StaticlinkError) as caught:
        find_scripts([tmp_path / "my-script.py", tmp_path / "one/x.py", tmp_path / "two/x.py"])
    assert render_error(caught.value) == (
        f"python script cannot be imported under its name: {tmp_path}/my-script.py\n"
        "two python scripts have one name: x\n"
        f"  {tmp_path}/one/x.py\n"
        f"  {tmp_path}/two/x.py"
    )


def test_the_first_set_hides_a_module_of_a_later_one() -> None:
    table = format_table(
        [
            ("own", [Frozen("json", 0, 10, package=False)]),
            ("all", [Frozen("json", 0, 99, package=True), Frozen("os", 99, 7, package=False)]),
        ]
    )
    assert [line for line in table.splitlines() if line.startswith("    ")] == [
        '    {.name = "json", .code = own + 0, .size = 10, .is_package = 0},',
        '    {.name = "os", .code = all + 99, .size = 7, .is_package = 0},',
        "    {.name = 0},",
    ]


def test_a_file_name_in_assembly_is_quoted() -> None:
    assert '\t.incbin "a b\\"c\\\\d.bin"' in format_assembly([("x", 'a b"c\\d.bin')]).splitlines()


def test_the_object_does_not_ask_for_an_executable_stack() -> None:
    assert format_assembly([]).splitlines()[-1] == '\t.section .note.GNU-stack,"",%progbits'
