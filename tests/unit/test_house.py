"""Do the walls of the house stand where ``docs/design.md`` says?"""

from __future__ import annotations

import ast
import importlib.util
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from staticlink.cli import build
from staticlink_scons.options import declare_options

if TYPE_CHECKING:
    from types import ModuleType

TOP = Path(__file__).parents[2]
SITE = TOP / "site_scons"
CORE = SITE / "staticlink"
MODULES = sorted(CORE.rglob("*.py"))


def imports(path: Path) -> set[str]:
    """Return the full names of all modules a file imports, wherever in it."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.update([node.module, *(f"{node.module}.{alias.name}" for alias in node.names)])
    return names


def run_time_imports(path: Path) -> set[str]:
    """Return what a file imports outside ``if TYPE_CHECKING``."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            node.body = [ast.Pass()]
    return imports_of(tree)


def imports_of(tree: ast.AST) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            names.update([node.module, *(f"{node.module}.{alias.name}" for alias in node.names)])
    return names


def test_the_core_never_imports_scons() -> None:
    assert [path.name for path in MODULES if any(name.split(".")[0] == "SCons" for name in imports(path))] == []


def test_two_files_import_pyelftools() -> None:
    found = [path.name for path in MODULES if any(name.split(".")[0] == "elftools" for name in imports(path))]
    assert found == ["inspect.py", "debug_entries.py"]


def test_every_module_of_the_core_has_its_place_in_the_design() -> None:
    design = (TOP / "docs" / "design.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`((?:\w+/)*\w+\.py)`", design))
    own = {str(path.relative_to(CORE)) for path in MODULES if path.name != "__init__.py"}
    assert own - named - {"errors.py", "model.py", "target.py", "cli.py"} == set()
    assert named - own == set()


def load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[path.stem] = importlib.util.module_from_spec(spec)  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def closure(start: Path) -> set[Path]:
    """Return the core's files that a file's run-time imports reach."""
    found: set[Path] = set()
    waiting = [start]
    while waiting:
        for name in run_time_imports(waiting.pop()):
            path = SITE.joinpath(*name.split(".")).with_suffix(".py")
            if name.startswith("staticlink.") and path.is_file() and path not in found:
                found.add(path)
                waiting.append(path)
    return found


@pytest.mark.parametrize(
    ("tool", "parts", "entries"),
    [
        ("site_tools/static_program", ("CORE_PARTS",), ("link/plan.py",)),
        ("site_tools/vendored_library", ("_CORE_PARTS",), ("vendored/build.py",)),
        ("staticlink_scons/crates", ("CORE_PARTS",), ("rust/cargo.py", "rust/crate.py", "rust/driver.py")),
        ("staticlink_scons/joining", ("JOIN_PARTS",), ("rust/umbrella.py", "rust/joined.py", "rust/rlibs.py")),
        ("staticlink_scons/crates", ("_STD_PARTS",), ("rust/std.py",)),
        ("site_tools/embedded_python", ("_FREEZE_PARTS",), ("python/bundle.py",)),
        ("site_tools/embedded_python", ("_PYO3_PARTS",), ("python/pyo3.py",)),
        ("site_tools/embedded_python", ("_INITTAB_PARTS",), ("python/inittab.py",)),
    ],
)
def test_a_builder_depends_on_all_of_the_core_it_runs(
    tool: str, parts: tuple[str, ...], entries: tuple[str, ...]
) -> None:
    module = load(SITE / f"{tool}.py")
    declared = [CORE / part for name in parts for part in getattr(module, name)]
    needed = {CORE / entry for entry in entries} | set().union(*(closure(CORE / entry) for entry in entries))
    missing = [path for path in needed if not any(path == place or place in path.parents for place in declared)]
    assert sorted(str(path.relative_to(CORE)) for path in missing) == []


PAGES = sorted([*TOP.glob("*.md"), *(TOP / "docs").glob("*.md")])


def anchors(page: Path) -> set[str]:
    """Return the fragments by which a page's headings are linked to, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_between_pages_leads_somewhere(page: Path) -> None:
    text = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    links = [link for link in re.findall(r"\]\(([^)\s]+)\)", text) if not re.match(r"\w+:", link)]
    lost = []
    for link in links:
        name, _, fragment = link.partition("#")
        path = (page.parent / name).resolve() if name else page
        if not path.exists() or (fragment and fragment not in anchors(path)):
            lost.append(link)
    assert lost == []


def test_every_page_is_linked_to_from_another() -> None:
    text = {page: page.read_text(encoding="utf-8") for page in PAGES}
    linked = {
        (page.parent / link.partition("#")[0]).resolve()
        for page in PAGES
        for link in re.findall(r"\]\(([^)\s]+)\)", text[page])
    }
    assert [page.name for page in PAGES if page not in linked and page.name != "README.md"] == []


def test_every_file_of_ours_that_a_page_names_exists() -> None:
    named = re.compile(r"`((?:tests/\w+/|docs/|src/|benchmarks/)[\w/.-]+)`")
    names = [(page.name, name) for page in PAGES for name in named.findall(page.read_text(encoding="utf-8"))]
    assert [(page, name) for page, name in names if not (TOP / name).exists()] == []


def test_the_readme_has_every_option_of_a_build_with_its_default() -> None:
    told = dict(
        re.findall(r"^\| `(\w+)` \| (.*?) ?\| .+ \|$", (TOP / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    )
    options = declare_options({}).options
    defaults = {one.key: f"`{int(one.default) if isinstance(one.default, bool) else one.default}`" for one in options}
    assert told == {key: "" if value == "``" else value for key, value in defaults.items()}


def test_the_page_on_the_command_line_has_every_option_of_link() -> None:
    text = (TOP / "docs" / "command-line.md").read_text(encoding="utf-8")
    told = set(re.findall(r"`--([\w-]+)(?:=\w+)?`", "\n".join(re.findall(r"^\| `--.*$", text, re.MULTILINE))))
    assert told == {*build._VALUED, *build._SWITCHES}  # noqa: SLF001
