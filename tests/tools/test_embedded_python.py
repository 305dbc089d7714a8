"""Is Python's standard library frozen faithfully, and does EmbeddedPython rebuild what it must and nothing else?"""

from __future__ import annotations

import marshal
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest
from staticlink.errors import StaticlinkError
from staticlink.python.bundle import Module, find_scripts, find_stdlib, freeze, read_exclusions, read_index
from staticlink.python.inittab import read_inittab
from staticlink.python.system import SystemPython, find_system_python
from staticlink.report.text import render_error

_SITE_SCONS = Path(__file__).parents[2] / "site_scons"
_PYTHON = Path(sys.executable)


def _freeze(directory: Path, modules: tuple[Module, ...]) -> tuple[Path, Path]:
    directory.mkdir(exist_ok=True)
    blob, index = directory / "code.bin", directory / "code.json"
    freeze(_PYTHON, modules, blob, index)
    return blob, index


def test_frozen_code_runs_and_names_no_directory_of_this_machine(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text("def where():\n    return where.__code__.co_filename\n", encoding="utf-8")
    blob, index = _freeze(tmp_path / "out", find_scripts([script]))
    (row,) = read_index(index)
    namespace: dict[str, object] = {}
    exec(marshal.loads(blob.read_bytes()[row.offset : row.offset + row.size]), namespace)  # noqa: S102, S302
    where = namespace["where"]
    assert callable(where)
    assert where() == "<program>/script.py"
    assert str(tmp_path).encode() not in blob.read_bytes()


def test_the_whole_standard_library_gives_the_same_bytes_from_another_directory(tmp_path: Path) -> None:
    root = Path(sysconfig.get_path("stdlib"))
    copy = tmp_path / "a much longer name than before" / "lib"
    first = find_stdlib(root, read_exclusions())
    for module in first:
        place = copy / Path(module.path).relative_to(root)
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(module.path, place)
    second = find_stdlib(copy, read_exclusions())
    assert [module.name for module in first] == [module.name for module in second]
    one, two = _freeze(tmp_path / "one", first), _freeze(tmp_path / "two", second)
    assert one[0].read_bytes() == two[0].read_bytes()
    assert one[1].read_bytes() == two[1].read_bytes()
    assert {"json.decoder", "encodings.utf_8", "os"} <= {row.name for row in read_index(one[1])}


def test_variables_that_name_a_path_are_not_kept(tmp_path: Path) -> None:
    source = tmp_path / "_sysconfigdata_x.py"
    source.write_text(
        "build_time_vars = {'CC': '/opt/cc -O2', 'EXT_SUFFIX': '.so', 'HAVE_FORK': 1}\n", encoding="utf-8"
    )
    module = Module("_sysconfigdata_x", str(source), "<stdlib>/_sysconfigdata_x.py", package=False)
    blob, _ = _freeze(tmp_path / "out", (module,))
    namespace: dict[str, object] = {}
    exec(marshal.loads(blob.read_bytes()), namespace)  # noqa: S102, S302
    assert namespace["build_time_vars"] == {"EXT_SUFFIX": ".so", "HAVE_FORK": 1}


def test_every_script_that_does_not_compile_is_reported_and_nothing_is_written(tmp_path: Path) -> None:
    (tmp_path / "one.py").write_text("x = 1\nif x\n    pass\n", encoding="utf-8")
    (tmp_path / "two.py").write_text("return\n", encoding="utf-8")
    with pytest.raises(StaticlinkError) as caught:
        _freeze(tmp_path / "out", find_scripts([tmp_path / "one.py", tmp_path / "two.py"]))
    assert render_error(caught.value) == (
        f"python script does not compile: {tmp_path}/one.py\n"
        "  line 2: expected ':'\n"
        "  if x\n"
        f"python script does not compile: {tmp_path}/two.py\n"
        "  line 1: 'return' outside function\n"
        "  return"
    )
    assert list((tmp_path / "out").iterdir()) == []


def test_an_interpreter_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(StaticlinkError) as caught:
        freeze(tmp_path / "python", (), tmp_path / "blob", tmp_path / "index")
    assert render_error(caught.value) == (
        f"python interpreter does not start: {tmp_path}/python\n  No such file or directory"
    )


def test_an_interpreter_that_fails_shows_its_last_words(tmp_path: Path) -> None:
    with pytest.raises(StaticlinkError) as caught:
        freeze(Path("/bin/false"), (), tmp_path / "blob", tmp_path / "index")
    assert render_error(caught.value) == "python interpreter fails: /bin/false\n  exit code 1"


@pytest.fixture(scope="module")
def system() -> SystemPython:
    """The system's embeddable CPython."""
    try:
        return find_system_python([Path("/usr/bin/python3")], position_independent=True)
    except StaticlinkError as error:
        pytest.skip(f"needs a static libpython of the system: {error}")


def test_the_list_of_built_in_modules_is_the_interpreters_own(system: SystemPython) -> None:
    said = subprocess.run(
        [system.interpreter, "-I", "-S", "-c", "import sys; print(*sys.builtin_module_names)"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    found = read_inittab(system.archives, os.uname().machine)
    # CPython's start-up itself provides the others, without a PyInit_ function.
    assert set(found.built_in) == set(said) - {"_warnings", "builtins", "marshal", "sys"}
    assert found.added == ()


_SCONSTRUCT = """
env = Environment(tools=["gcc", "gas", "ar", "gnulink", "embedded_python"])
python = env.EmbeddedPython(["scripts/greeting.py", "scripts/kit"], name="app")
own = env.Clone()
own.Append(CPPDEFINES=python.defines, CPPPATH=python.include, CCFLAGS=python.flags)
objects = own.Object("build/main.o", "main.c")
own.Depends(objects, python.headers_ready)
own.Program("build/app", [objects, python.objects, python.archives], LIBS=["m", "dl", "util"] if python.objects else [])
"""
_MAIN = r"""
#ifdef STATICLINK_PYTHON
#include <Python.h>
#include "staticlink_python.h"

int main(int argc, char **argv)
{
    if (staticlink_python_init(argc, argv) != 0 || PyRun_SimpleString("import greeting; greeting.greet()") != 0)
        return 1;
    return Py_FinalizeEx() != 0;
}
#else
int main(void) { return 0; }
#endif
"""
_GREETING = """
import decimal
import json
import sys

import kit.words

def greet():
    print(json.dumps([sys.argv[1:], sys.path, sys.executable, str(decimal.Decimal(1) / 8), kit.words.HELLO]))
"""


@pytest.fixture
def project(tmp_path: Path, system: SystemPython) -> Path:
    """A small project that embeds the system's CPython, in a directory with a space."""
    assert system.archives
    place = tmp_path / "with space"
    (place / "scripts/kit").mkdir(parents=True)
    (place / "site_scons").symlink_to(_SITE_SCONS)
    (place / "SConstruct").write_text(_SCONSTRUCT, encoding="utf-8")
    (place / "main.c").write_text(_MAIN, encoding="utf-8")
    (place / "scripts/greeting.py").write_text(_GREETING, encoding="utf-8")
    (place / "scripts/kit/__init__.py").write_text("", encoding="utf-8")
    (place / "scripts/kit/words.py").write_text("HELLO = 'hello'\n", encoding="utf-8")
    return place


def _scons(place: Path, *arguments: str) -> str:
    command = [sys.executable, "-m", "SCons", "-Q", "static=0", "python=system", *arguments]
    done = subprocess.run(command, cwd=place, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def _run(place: Path, *arguments: str) -> str:
    (place / "empty").mkdir(exist_ok=True)
    program = [str(place / "build/app"), *arguments]
    # Neither a pyvenv.cfg beside the program nor an environment variable may reach the interpreter.
    (place / "build/pyvenv.cfg").write_text("home = /nonexistent\n", encoding="utf-8")
    environment = {"PYTHONHOME": "/nonexistent", "PYTHONPATH": "/nonexistent"}
    done = subprocess.run(program, cwd=place / "empty", env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_a_program_carries_its_scripts_and_the_standard_library(project: Path) -> None:
    _scons(project)
    assert _run(project, "ü") == '[["\\u00fc"], [], "", "0.125", "hello"]\n'
    assert _scons(project) == "scons: `.' is up to date.\n"
    (project / "scripts/kit/words.py").write_text("HELLO = 'good morning'\n", encoding="utf-8")
    again = _scons(project)
    assert [line.split()[1] for line in again.splitlines() if line.startswith("FREEZE")] == [
        "build/x86_64-linux-gnu/python/app/program.bin"
    ]
    assert "main.c" not in again
    assert _run(project).endswith('"good morning"]\n')
    (project / "scripts/kit/words.py").write_text("# of the day\nHELLO = 'good morning'\n", encoding="utf-8")
    _scons(project)
    _scons(project, "-c")
    assert [path for path in (project / "build").rglob("*") if path.is_file()] == [project / "build/pyvenv.cfg"]


def test_without_python_nothing_of_it_is_built(project: Path) -> None:
    assert "FREEZE" not in _scons(project, "python=none")
    assert not list((project / "build").rglob("python"))


def test_nothing_is_frozen_when_nothing_is_to_be_built(project: Path) -> None:
    for option in ("-n", "-h"):
        _scons(project, option)
        assert not (project / "build").exists() or not [p for p in (project / "build").rglob("*") if p.is_file()]
