"""Does a recipe say what it means, and does a wrong one say everything that is wrong with it?"""

from __future__ import annotations

from pathlib import Path

import pytest
from staticlink.errors import StaticlinkError
from staticlink.report.text import render_error
from staticlink.vendored.makers import find_maker, offer_rebuild
from staticlink.vendored.recipe import Archive, DebianSource, load_recipe

VENDOR = Path(__file__).parent.parent.parent / "vendor"

GOOD = """\
name = "small"
version = "1.0"
licence = "MIT"
libcs = ["musl", "glibc"]

[source]
urls = ["https://example.org/small-1.0.tar.gz"]

[[source.archives]]
file = "small-1.0.tar.gz"
sha256 = "0000000000000000000000000000000000000000000000000000000000000000"

[source.debian]
package = "small"
suite = "trixie"

[build]
configure = ["--prefix=/"]
make = ["all"]

[build.environment]
A = "common"
B = "common"

[build.musl]
configure = ["--musl"]
environment = { B = "musl" }

[needs]
musl = ["musl"]

[products]
files = ["lib/libsmall.a"]
"""


def write(directory: Path, text: str, name: str = "small") -> Path:
    path = directory / f"{name}.toml"
    path.write_text(text, encoding="utf-8")
    return path


def error_of(path: Path) -> str:
    with pytest.raises(StaticlinkError) as caught:
        load_recipe(path)
    return render_error(caught.value)


@pytest.mark.parametrize(
    ("name", "version", "libcs"),
    [("musl", "1.2.5", ("musl",)), ("libunwind", "1.8.1", ("musl", "glibc")), ("cpython", "3.13.5", ("musl", "glibc"))],
)
def test_shipped_recipes_load(name: str, version: str, libcs: tuple[str, ...]) -> None:
    recipe = load_recipe(VENDOR / f"{name}.toml")
    assert (recipe.name, recipe.version, recipe.libcs) == (name, version, libcs)
    assert recipe.needs["musl"] == (() if name == "musl" else ("musl",))
    assert recipe.sysroot is (name == "musl")


def test_every_field_is_read(tmp_path: Path) -> None:
    recipe = load_recipe(write(tmp_path, GOOD))
    assert recipe.archives == (Archive("small-1.0.tar.gz", "0" * 64),)
    assert recipe.debian == DebianSource("small", "trixie")
    assert recipe.products == ("lib/libsmall.a",)
    assert recipe.needs == {"musl": ("musl",), "glibc": ()}


def test_a_libc_adds_to_the_common_steps(tmp_path: Path) -> None:
    recipe = load_recipe(write(tmp_path, GOOD))
    assert recipe.steps["musl"].configure == ("--prefix=/", "--musl")
    assert recipe.steps["musl"].environment == (("A", "common"), ("B", "musl"))
    assert recipe.steps["glibc"].configure == ("--prefix=/",)
    assert recipe.steps["glibc"].environment == (("A", "common"), ("B", "common"))


def test_only_what_decides_the_result_is_fingerprinted(tmp_path: Path) -> None:
    first = load_recipe(write(tmp_path, GOOD)).fingerprint
    comment_and_url = "# a comment\n" + GOOD.replace("example.org", "example.net")
    assert load_recipe(write(tmp_path, comment_and_url)).fingerprint == first
    assert load_recipe(write(tmp_path, GOOD.replace("--prefix=/", "--prefix=/usr"))).fingerprint != first


def test_all_faults_are_reported_at_once(tmp_path: Path) -> None:
    text = (
        GOOD.replace('licence = "MIT"\n', "")
        .replace("libcs =", "libc =")
        .replace("0" * 64, "ABC")
        .replace("https:", "http:")
        .replace("lib/libsmall.a", "../libsmall.a")
        .replace('suite = "trixie"', "suite = 13")
    )
    assert error_of(write(tmp_path, text)).splitlines() == [
        "invalid recipe: small.toml",
        "  libc: unknown key, did you mean libcs?",
        "  licence: missing",
        "  libcs: missing",
        "  source.urls: not an https URL without a user name: http://example.org/small-1.0.tar.gz",
        "  source.archives[0].sha256: not 64 lower-case hexadecimal digits: ABC",
        "  source.debian.suite: not a plain name: 13",
        "  products.files: leaves its directory: ../libsmall.a",
    ]


@pytest.mark.parametrize(
    "digest", ["", "0" * 63, "0" * 65, "A" * 64, "0" * 63 + "g", "d41d8cd98f00b204e9800998ecf8427e"]
)
def test_a_hash_that_is_not_sha256_is_refused(tmp_path: Path, digest: str) -> None:
    message = error_of(write(tmp_path, GOOD.replace("0" * 64, digest)))
    assert message == (
        f"invalid recipe: small.toml\n  source.archives[0].sha256: not 64 lower-case hexadecimal digits: {digest}"
    )


@pytest.mark.parametrize(
    ("table", "complaint"),
    [
        ('from = "/etc"\nto = "lib"\nfiles = ["*"]', "copy[0].from: leaves its directory: /etc"),
        ('from = "home"\nto = "lib"\nfiles = ["*"]', "copy[0].from: begins with neither source nor build: home"),
        ('from = "build"\nto = "../x"\nfiles = ["*"]', "copy[0].to: leaves its directory: ../x"),
        ('from = "build"\nto = "lib"\nfiles = ["a/../../b"]', "copy[0].files: leaves its directory: a/../../b"),
        ('from = "build"\nto = "lib"\nfiles = []', "copy[0].files: not a list, or empty"),
        ('from = "build"\nto = "lib"\nfiles = ["*"]\nflat = 1', "copy[0].flat: not true or false"),
    ],
)
def test_a_copy_stays_inside(tmp_path: Path, table: str, complaint: str) -> None:
    message = error_of(write(tmp_path, f"{GOOD}\n[[copy]]\n{table}\n"))
    assert message == f"invalid recipe: small.toml\n  {complaint}"


def test_the_name_is_the_file_name(tmp_path: Path) -> None:
    message = error_of(write(tmp_path, GOOD, "other"))
    assert message == "invalid recipe: other.toml\n  name: small, but the file is called other.toml"


def test_a_missing_recipe_names_those_there_are(tmp_path: Path) -> None:
    write(tmp_path, GOOD)
    path = tmp_path / "smal.toml"
    assert error_of(path).splitlines() == [
        "no recipe: smal",
        f"  {path}: no such file or directory",
        "  recipes: small",
        "  fix: small",
    ]


@pytest.mark.parametrize("text", ["name", 'name = "a', "[a\n", "= 1", 'a = "\\q"', "[[a]\n"])
def test_what_is_not_toml_is_said_to_be_none(tmp_path: Path, text: str) -> None:
    assert error_of(write(tmp_path, text)).startswith("invalid recipe: small.toml\n  not TOML: ")


def test_bytes_that_are_no_utf8_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "small.toml"
    path.write_bytes(b'name = "\xff"')
    assert error_of(path) == "invalid recipe: small.toml\n  not UTF-8 at byte 8"


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ('musl = ["musl"]', 'musl = ["musl", "zlib", "musl"]', "needs.musl: listed twice: musl"),
        ('["musl", "glibc"]', '["musl", "glibc", "musl"]', "libcs: listed twice: musl"),
        ('["lib/libsmall.a"]', '["lib/libsmall.a", "lib/libsmall.a"]', "products.files: listed twice: lib/libsmall.a"),
    ],
)
def test_nothing_is_listed_twice(tmp_path: Path, old: str, new: str, complaint: str) -> None:
    assert error_of(write(tmp_path, GOOD.replace(old, new))) == f"invalid recipe: small.toml\n  {complaint}"


def test_a_key_that_stands_twice_is_no_toml(tmp_path: Path) -> None:
    message = error_of(write(tmp_path, GOOD.replace('musl = ["musl"]', 'musl = ["musl"]\nmusl = ["other"]')))
    assert message.startswith("invalid recipe: small.toml\n  not TOML: Duplicate keys!")


def test_a_missing_hash_is_told(tmp_path: Path) -> None:
    message = error_of(write(tmp_path, GOOD.replace(f'sha256 = "{"0" * 64}"\n', "")))
    assert message == "invalid recipe: small.toml\n  source.archives[0].sha256: missing"


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ("{a=", "}")])
def test_values_within_values_without_end_are_refused(tmp_path: Path, opening: str, closing: str) -> None:
    message = error_of(write(tmp_path, f"a = {opening * 5000}{closing * 5000}"))
    assert message == "invalid recipe: small.toml\n  nested too deeply"


def test_a_huge_file_is_refused(tmp_path: Path) -> None:
    message = error_of(write(tmp_path, GOOD + "#" * (256 * 1024)))
    assert message == "invalid recipe: small.toml\n  larger than 262144 bytes"


PLAIN = GOOD.replace(
    'configure = ["--prefix=/"]\nmake = ["all"]\n\n[build.environment]\nA = "common"\nB = "common"\n',
    'sources = ["src/one.c"]\narchive = "libsmall.a"\nflags = ["-DONE"]\n',
).replace('configure = ["--musl"]\nenvironment = { B = "musl" }', 'flags = ["-DMUSL"]')


def test_files_that_are_compiled_without_configure_and_make(tmp_path: Path) -> None:
    steps = load_recipe(write(tmp_path, PLAIN)).steps
    assert (steps["musl"].sources, steps["musl"].archive) == (("src/one.c",), "libsmall.a")
    assert (steps["musl"].flags, steps["glibc"].flags) == (("-DONE", "-DMUSL"), ("-DONE",))
    assert steps["musl"].exports == ()
    assert steps["musl"].configure == ()


def test_what_of_an_archive_can_be_referred_to(tmp_path: Path) -> None:
    text = PLAIN.replace('flags = ["-DONE"]', 'flags = ["-DONE"]\nexports = ["one"]').replace(
        'flags = ["-DMUSL"]', 'exports = ["two"]'
    )
    steps = load_recipe(write(tmp_path, text)).steps
    assert (steps["musl"].exports, steps["glibc"].exports) == (("one", "two"), ("one",))
    assert error_of(write(tmp_path, GOOD.replace('make = ["all"]', 'exports = ["one"]'))) == (
        "invalid recipe: small.toml\n  build.exports: without sources"
    )


def test_both_kinds_of_a_build_at_once(tmp_path: Path) -> None:
    text = PLAIN.replace('archive = "libsmall.a"', 'make = ["all"]').replace('["-DMUSL"]', '["-DMUSL"]\nmake = ["x"]')
    assert error_of(write(tmp_path, text)) == (
        "invalid recipe: small.toml\n"
        "  build.archive: missing\n"
        "  build.make: beside sources\n"
        "  build.musl.make: beside sources"
    )


def test_flags_without_a_file_to_compile(tmp_path: Path) -> None:
    assert error_of(write(tmp_path, GOOD.replace('make = ["all"]', 'flags = ["-O2"]'))) == (
        "invalid recipe: small.toml\n  build.flags: without sources"
    )


def test_the_recipe_that_makes_an_archive(tmp_path: Path) -> None:
    assert find_maker("libz.a", "musl") == "zlib"
    assert find_maker("libz.a", "musl", (tmp_path / "absent",)) == "zlib"
    assert find_maker("libunwind.a", "glibc") == "libunwind"
    assert find_maker("libc.a", "glibc") is None
    assert find_maker("zlib.a", "musl") is None
    assert offer_rebuild("libother.a", "musl") is None
    # A project's own recipe stands for one of ours of the same name, and one that is not valid makes nothing.
    (tmp_path / "zlib.toml").write_text("name = 3\n", encoding="utf-8")
    assert find_maker("libz.a", "musl", (tmp_path,)) is None
