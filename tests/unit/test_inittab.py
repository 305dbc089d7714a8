"""Which extension modules are built in, and what does a system's libpython ask for?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from staticlink.errors import StaticlinkError
from staticlink.python.inittab import Inittab, format_inittab, plan_inittab
from staticlink.python.system import find_archives, find_system_python
from staticlink.report.text import render_error

if TYPE_CHECKING:
    from pathlib import Path

_CONFIG = (["_PyImport_Inittab"], ["PyInit_time", "PyInit_gc", "PyMarshal_Init"])


def test_modules_that_the_table_refers_to_are_built_in() -> None:
    assert plan_inittab([(["PyInit_time"], []), _CONFIG, (["PyInit_gc"], [])]) == Inittab(("gc", "time"), ())


def test_a_module_that_nothing_refers_to_is_added() -> None:
    assert plan_inittab([_CONFIG, (["PyInit_fast", "PyInit_fast.cold", "helper"], [])]).added == ("fast",)


def test_archives_without_a_libpython_are_refused() -> None:
    with pytest.raises(StaticlinkError) as caught:
        plan_inittab([(["PyInit_fast"], [])])
    assert render_error(caught.value) == "no archive is a libpython\n  none defines _PyImport_Inittab"


def test_added_modules_are_declared_and_listed() -> None:
    source = format_inittab(Inittab(("_contextvars",), ("a", "b")))
    assert source == (
        "#include <Python.h>\n\n"
        "extern PyObject *PyInit_a(void);\n"
        "extern PyObject *PyInit_b(void);\n\n"
        "struct _inittab staticlink_extra_inittab[] = {\n"
        '    {"a", PyInit_a},\n'
        '    {"b", PyInit_b},\n'
        "    {0, 0},\n"
        "};\n"
    )


def test_contextvars_is_replaced_only_where_it_is_absent() -> None:
    assert '    {"_contextvars", staticlink_init_contextvars},' in format_inittab(Inittab((), ())).splitlines()
    assert "staticlink_init" not in format_inittab(Inittab((), ("_contextvars",)))


def test_libraries_of_the_c_library_are_left_to_the_link(tmp_path: Path) -> None:
    for name in ("libpython3.11.a", "libz.a"):
        (tmp_path / name).touch()
    found, faults = find_archives("libpython3.11.a", "-lm   -lz -lm -ldl -lpthread -Xlinker", [tmp_path])
    assert (found, faults) == ((tmp_path / "libpython3.11.a", tmp_path / "libz.a"), ())


def test_every_missing_archive_is_named_with_its_package(tmp_path: Path) -> None:
    _, faults = find_archives("libpython3.11.a", "-lz -lexpat -lsomething", [tmp_path, tmp_path])
    assert render_error(StaticlinkError(*faults)) == (
        "missing archive: libpython3.11.a\n"
        f"  not in {tmp_path}\n"
        "  fix: apt-get install libpython3-dev\n"
        "missing archive: libexpat.a\n"
        f"  not in {tmp_path}\n"
        "  fix: apt-get install libexpat1-dev\n"
        "missing archive: libsomething.a\n"
        f"  not in {tmp_path}\n"
        "missing archive: libz.a\n"
        f"  not in {tmp_path}\n"
        "  fix: apt-get install zlib1g-dev"
    )


def test_a_system_without_python_is_told_what_to_install(tmp_path: Path) -> None:
    with pytest.raises(StaticlinkError) as caught:
        find_system_python([tmp_path / "python3"], position_independent=False)
    assert render_error(caught.value) == (
        f"the system has no python\n  {tmp_path}/python3\n  fix: apt-get install python3-dev"
    )
