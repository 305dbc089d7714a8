"""Do we take from every kind of archive what the real linkers take from it?

Each case makes its containers with the machine's own tools and asks GNU ld, with the profile ``bfd``, or lld which
members join a link. Where a linker accepts what we refuse, the refusal is what is tested: it is on purpose.
"""

from __future__ import annotations

import re
import shutil
import struct
import subprocess
from pathlib import Path

import pytest
from staticlink.errors import StaticlinkError
from staticlink.link.audit import audit_archives, audit_link
from staticlink.link.finding import load_policy
from staticlink.link.inputs import Archive, ObjectFile
from staticlink.link.order import order_inputs
from staticlink.link.reading import read_input
from staticlink.link.resolve import resolve
from staticlink.report.text import render_error

from tests.elf_writer import Specimen, save, write_archive, write_object
from tests.mutation_seeds import archive_of_bsd, archive_with_wide_index, member

ROOT = Specimen(strong=["_start"], undefined=["f"])
F = Specimen(strong=["f"])
LONG = "a_file_name_of_more_than_sixteen_bytes.o"
_MEMBER = re.compile(r"^(\S+?)(?:\(([^\n]*?)\))?(?: +|\n +)\S+ \(.*\)$", re.MULTILINE)


@pytest.fixture(autouse=True)
def _directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    save(Path("root.o"), write_object(ROOT))
    save(Path("f.o"), write_object(F))
    save(Path(LONG), write_object(F))
    save(Path("g.o"), write_object(Specimen(strong=["g"])))


def run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, errors="backslashreplace", check=True, timeout=120)
    return done.stdout


def ours(name: str, profile: str = "bfd") -> list[str]:
    found = resolve([read_input(Path("root.o")), read_input(Path(name), directories=[Path()])], profile=profile)
    assert found.undefined == {}
    return [one.extracted.display for one in found.extractions]


def gnu_ld(name: str) -> list[str]:
    listed = run("ld.bfd", "-static", "-M", "-o", "out", "root.o", name).partition("(symbol)\n")[2]
    listed = re.split(r"\n(?:Allocating|Discarded|Merging|Memory)", listed)[0]
    return [match[2] or match[1] for match in _MEMBER.finditer(listed)]


def complaint(name: str) -> str:
    done = subprocess.run(["ld.bfd", "root.o", name], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode
    return done.stderr


def refusal(name: str) -> str:
    with pytest.raises(StaticlinkError) as caught:
        ours(name)
    return render_error(caught.value)


def same_as_gnu_ld(name: str, *members: str) -> None:
    found = ours(name)
    assert found == [f"{name}({one})" for one in members]
    assert [one.partition("(")[2][:-1] for one in found] == [Path(one).name for one in gnu_ld(name)]


def test_a_gnu_archive_with_a_long_name() -> None:
    run("ar", "rcsD", "x.a", "g.o", LONG)
    same_as_gnu_ld("x.a", LONG)


def test_a_thin_archive_in_another_directory() -> None:
    Path("sub").mkdir()
    run("ar", "rcsTD", "sub/x.a", "g.o", "f.o")
    assert ours("sub/x.a") == ["x.a(f.o)"]
    assert [Path(one).name for one in gnu_ld("sub/x.a")] == ["f.o"]
    shutil.move("sub/x.a", "x.a")  # moved, it looks beside itself, and its members are one directory up
    assert refusal("x.a") == "missing member: x.a(f.o)\n  a thin archive names its members relative to ."


def test_a_thin_archive_misses_only_what_is_needed() -> None:
    run("ar", "rcsTD", "x.a", "g.o", "f.o")
    Path("g.o").unlink()
    same_as_gnu_ld("x.a", "f.o")
    with pytest.raises(StaticlinkError, match=r"^missing member: x\.a\(g\.o\)$"):
        ours("x.a", "lld")  # lld reads every member to learn its symbols


def test_a_thin_archive_of_archives() -> None:
    run("ar", "rcsD", "inner.a", "g.o", LONG)
    run("ar", "rcsTD", "x.a", "inner.a")
    assert len(ours("x.a")) == len(gnu_ld("x.a")) == 1
    one = read_input(Path("x.a"))
    assert isinstance(one, Archive)
    assert [found.symbols.strong for found in one.objects()] == [("g",), ("f",)]


def test_an_archive_in_an_archive_is_not_searched() -> None:
    run("ar", "rcsD", "inner.a", "f.o")
    run("ar", "rcsD", "x.a", "g.o", "inner.a")
    found = resolve([read_input(Path("root.o")), read_input(Path("x.a"))])
    assert found.undefined == {"f": ("root.o",)}
    assert "undefined reference to `f'" in complaint("x.a")


@pytest.mark.parametrize("write", [archive_with_wide_index, archive_of_bsd])
def test_wide_and_bsd_indexes(write: type) -> None:
    save(Path("x.a"), write(F))
    found = ours("x.a")
    assert [one.partition("(")[2][:-1] for one in found] == gnu_ld("x.a")


def test_a_bsd_archive_of_llvm() -> None:
    run("llvm-ar", "--format=bsd", "rcsD", "x.a", "g.o", LONG)  # its index has a name of the long kind
    assert refusal("x.a") == "archive has no index: x.a\n  fix: llvm-ar --format=gnu r x.a"
    assert "archive has no index; run ranlib" in complaint("x.a")
    assert ours("x.a", "lld") == [f"x.a({LONG})"]
    shutil.copy("x.a", "y.a")
    run("ranlib", "y.a")  # what GNU ld asks for
    assert refusal("y.a").startswith("malformed archive: y.a\n  no member header at byte ")
    run("llvm-ar", "--format=gnu", "r", "x.a")
    same_as_gnu_ld("x.a", LONG)


def test_an_empty_archive() -> None:
    run("ar", "rcsD", "empty.a")
    assert Path("empty.a").read_bytes() == b"!<arch>\n"
    one = read_input(Path("empty.a"))
    assert isinstance(one, Archive)
    assert (one.promises, list(one.objects())) == ({}, [])
    run("ld.bfd", "-static", "root.o", "f.o", "empty.a", "-o", "out")


def test_no_index_is_refused_by_gnu_ld_and_told_with_the_cure() -> None:
    run("ar", "rcSD", "x.a", "f.o")
    assert refusal("x.a") == "archive has no index: x.a\n  fix: ranlib x.a"
    assert "archive has no index; run ranlib to add one" in complaint("x.a")
    run("ranlib", "x.a")
    same_as_gnu_ld("x.a", "f.o")


def test_an_index_that_lacks_a_symbol_hides_it_as_from_gnu_ld() -> None:
    data = write_archive([("f.o", Specimen(strong=["h"]))])
    save(Path("x.a"), data.replace(b"h\0", b"f\0").replace(b"f\0", b"h\0", 1))  # the index says h, the object f
    found = resolve([read_input(Path("root.o")), read_input(Path("x.a"))])
    assert found.undefined == {"f": ("root.o",)}
    assert "undefined reference to `f'" in complaint("x.a")


def test_an_index_that_names_the_wrong_member() -> None:
    first, second = write_object(Specimen(strong=["g"])), write_object(F)
    offset = 8 + 60 + 12
    index = member("/", struct.pack(">II", 1, offset) + b"f\0\0\0")
    save(Path("x.a"), b"!<arch>\n" + index + member("g.o/", first) + member("f.o/", second))
    expected = "stale archive index: x.a\n  f is not defined in x.a(g.o)\n  fix: ranlib x.a"
    assert refusal("x.a") == expected
    assert ours("x.a", "lld") == ["x.a(f.o)"]  # lld never asks the index


def test_members_of_the_same_name() -> None:
    Path("sub").mkdir()
    save(Path("sub/g.o"), write_object(F))
    run("ar", "qcsD", "x.a", "g.o", "sub/g.o")
    same_as_gnu_ld("x.a", "g.o")
    one = read_input(Path("x.a"))
    assert isinstance(one, Archive)
    assert [found.symbols.strong for found in one.objects()] == [("g",), ("f",)]


def test_a_member_that_is_no_object_is_passed_over() -> None:
    save(Path("README"), b"hello")
    run("ar", "rcsD", "x.a", "README", "f.o")
    same_as_gnu_ld("x.a", "f.o")


def test_an_odd_member_with_and_without_its_padding() -> None:
    save(Path("odd.o"), write_object(F) + b"x")
    run("ar", "rcsD", "x.a", "odd.o", "g.o")
    same_as_gnu_ld("x.a", "odd.o")
    first, second = member("odd.o/", Path("odd.o").read_bytes())[:-1], member("g.o/", Path("g.o").read_bytes())
    index = member("/", struct.pack(">II", 1, 80) + b"f\0\0\0")
    save(Path("y.a"), b"!<arch>\n" + index + first + second)
    same_as_gnu_ld("y.a", "odd.o")
    one = read_input(Path("y.a"))
    assert isinstance(one, Archive)
    assert [found.display for found in one.objects()] == ["y.a(odd.o)", "y.a(g.o)"]


def test_an_executable_in_an_archive() -> None:
    run("ld.bfd", "-static", "root.o", "f.o", "-o", "app")
    run("ar", "rcSD", "x.a", "app")
    data = Path("x.a").read_bytes()[8:]
    save(Path("x.a"), b"!<arch>\n" + member("/", struct.pack(">II", 1, 80) + b"f\0\0\0") + data)
    assert refusal("x.a") == "not a relocatable object: x.a(app)\n  it is an executable"


def test_objects_of_other_shapes() -> None:
    save(Path("f.s"), b".globl f\nf: ret\n")
    run("as", "--32", "f.s", "-o", "f32.o")
    run("as", "--x32", "f.s", "-o", "fx32.o")
    run("ar", "rcsD", "i386.a", "f32.o")
    run("ar", "rcsD", "x32.a", "fx32.o")
    assert refusal("i386.a") == "wrong machine: i386.a(f32.o)\n  is for i386, the link is for x86_64"
    assert refusal("x32.a") == "wrong machine: x32.a(fx32.o)\n  is for x86_64-x32, the link is for x86_64"


def test_the_linker_script_that_debian_calls_libm() -> None:
    path = Path(run("gcc", "-print-file-name=libm.a").strip())
    named = path.read_text(encoding="latin-1") if path.stat().st_size < 4096 else ""
    if "GROUP" not in named:
        pytest.skip("libm.a of this C library is no linker script")
    found = resolve([read_input(save(Path("m.o"), write_object(Specimen(strong=["_start"], undefined=["cbrt"])))),
                     read_input(path)])  # fmt: skip
    members = [one.extracted.display for one in found.extractions]
    flags = ("-static", "-M", "--unresolved-symbols=ignore-all", "-o", "out")
    listed = run("ld.bfd", *flags, "m.o", str(path)).partition("(symbol)\n")[2]
    listed = re.split(r"\n(?:Allocating|Discarded|Merging|Memory)", listed)[0]
    assert [one.partition("(")[2][:-1] for one in members] == [match[2] for match in _MEMBER.finditer(listed)]


def test_input_keeps_its_order_and_group_does_not() -> None:
    needs = Specimen(strong=["f"], undefined=["g"])
    save(Path("needs.o"), write_object(needs))
    run("ar", "rcsD", "one.a", "g.o")
    run("ar", "rcsD", "two.a", "needs.o")
    save(Path("input.a"), b"INPUT(one.a AS_NEEDED(two.a))")
    save(Path("group.a"), b"GROUP(one.a two.a)")
    found = resolve([read_input(Path("root.o")), read_input(Path("input.a"))])
    assert found.undefined == {"g": ("two.a(needs.o)",)}
    assert "undefined reference to `g'" in complaint("input.a")
    assert ours("group.a") == ["two.a(needs.o)", "one.a(g.o)"]
    assert gnu_ld("group.a") == ["needs.o", "g.o"]


def test_a_comma_at_the_end_of_a_name_belongs_to_it() -> None:
    run("ar", "rcsD", "one.a", "f.o")
    save(Path("x.a"), b"INPUT(one.a, one.a)")
    assert refusal("x.a") == "no such file: one.a,\n  named by x.a\n  searched: ."
    assert "cannot find one.a,: No such file" in complaint("x.a")
    save(Path("x.a"), b"INPUT(one.a , one.a)")
    assert ours("x.a") == ["one.a(f.o)"]
    assert gnu_ld("x.a") == ["f.o"]


def compile_c(name: str, *flags: str) -> None:
    save(Path("c.c"), b"int f(void) { return 1; }\n")
    run("gcc", "-c", "c.c", "-o", name, *flags)


def test_gcc_slim_lto_in_an_archive() -> None:
    compile_c("slim.o", "-flto", "-fno-fat-lto-objects")
    run("gcc-ar", "rcsD", "x.a", "slim.o")
    assert refusal("x.a") == (
        "contains no machine code: x.a(slim.o)\n  it holds GCC's intermediate code only (slim LTO)\n"
        "  fix: compile it without -flto, or with -ffat-lto-objects"
    )


def test_gcc_fat_lto_in_an_archive() -> None:
    compile_c("fat.o", "-flto", "-ffat-lto-objects")
    run("gcc-ar", "rcsD", "x.a", "fat.o")
    same_as_gnu_ld("x.a", "fat.o")


def rustc() -> str:
    own = Path.home() / ".cargo/bin/rustc"
    return str(own) if own.exists() else "rustc"


def test_bitcode_of_rust() -> None:
    save(Path("lib.rs"), b'#![no_std]\n#[no_mangle]\npub extern "C" fn f() -> i32 { 1 }\n')
    run(rustc(), "--crate-type=lib", "--emit=llvm-bc", "-Cpanic=abort", "lib.rs", "-o", "f.bc")
    # llvm-ar of another release may not read it, so the archive is written here.
    index = member("/", struct.pack(">II", 1, 80) + b"f\0\0\0")
    save(Path("x.a"), b"!<arch>\n" + index + member("f.bc/", Path("f.bc").read_bytes()))
    words = "contains no machine code: {}\n  it is LLVM bitcode\n  fix: compile it without -flto"
    assert refusal("x.a") == words.format("x.a(f.bc)")
    assert refusal("f.bc") == words.format("f.bc")


def test_bitcode_embedded_in_objects_of_rust() -> None:
    save(Path("lib.rs"), b'#![no_std]\n#[no_mangle]\npub extern "C" fn f() -> i32 { 1 }\n')
    run(rustc(), "--crate-type=lib", "--emit=obj", "-Cpanic=abort", "-Cembed-bitcode=yes", "lib.rs", "-o", "rust.o")
    run("ar", "rcsD", "x.a", "rust.o")
    same_as_gnu_ld("x.a", "rust.o")


def test_a_shared_object() -> None:
    run("ld.bfd", "-shared", "f.o", "-o", "x.so")
    assert refusal("x.so") == (
        "not a relocatable object: x.so\n  it is a shared object or position-independent executable"
    )


def test_a_thin_archive_of_archives_is_a_finding_because_lld_and_mold_fail() -> None:
    run("ar", "rcsD", "inner.a", "f.o")
    run("ar", "rcsTD", "x.a", "inner.a")
    for linker, works in (("ld.bfd", True), ("ld.gold", True), ("ld.lld", False), ("mold", False)):
        if shutil.which(linker):
            done = subprocess.run([linker, "root.o", "x.a", "-o", "out"], capture_output=True, check=False, timeout=60)
            assert (done.returncode == 0) is works, linker
    root, thin = read_input(Path("root.o")), read_input(Path("x.a"))
    assert isinstance(root, ObjectFile)
    assert isinstance(thin, Archive)
    for found in (
        audit_link(order_inputs([root], [thin]), load_policy()),
        audit_archives([Path("x.a")], load_policy()),
    ):
        assert [(one.id, one.level, one.subject, one.evidence) for one in found] == [
            ("nested-thin-archive", "error", "x.a", ("its members are in inner.a",))
        ]


def test_a_thin_archive_of_a_thin_archive() -> None:
    Path("sub").mkdir()
    shutil.copy("f.o", "sub")
    run("ar", "rcsTD", "sub/inner.a", "sub/f.o")
    run("ar", "rcsTD", "x.a", "g.o", "sub/inner.a")  # ar writes the members of the inner one in its place
    assert ours("x.a") == ours("x.a", "lld") == ["x.a(f.o)"]
    assert [Path(one).name for one in gnu_ld("x.a")] == ["f.o"]


def test_a_place_in_a_thin_archive_holds_no_data() -> None:
    run("ar", "rcsTD", "inner.a", "f.o")
    place = Path("inner.a").read_bytes().index(b"/0 ")
    names = member("//", b"inner.a/\n")
    index = member("/", struct.pack(">II", 1, 8 + 60 + 10 + len(names)) + b"f\0")
    save(Path("x.a"), b"!<thin>\n" + index + names + member(f"/0:{place}", b"")[:60])
    assert refusal("x.a") == f"malformed archive: inner.a\n  no member with data at byte {place}"


@pytest.mark.parametrize("how", ["zlib", "zlib-gnu", "none"])
def test_compressed_debug_sections(how: str) -> None:
    compile_c("debug.o", "-g", f"-gz={how}")
    names = run("readelf", "-SW", "debug.o")
    assert {"zlib": " C ", "zlib-gnu": ".zdebug_info", "none": ".debug_info"}[how] in names
    run("ar", "rcsD", "x.a", "debug.o", "g.o")
    same_as_gnu_ld("x.a", "debug.o")
    one = read_input(Path("debug.o"))
    assert isinstance(one, ObjectFile)
    assert one.symbols.strong == ("f",)
    assert {name.replace("zdebug", "debug") for name in one.section_names()} >= {".debug_info", ".debug_line"}


def test_an_archive_for_another_machine_by_its_path_is_an_error() -> None:
    save(Path("x.a"), write_archive([("f.o", Specimen(strong=["f"], machine=183))]))
    assert refusal("x.a") == "wrong machine: x.a(f.o)\n  is for aarch64, the link is for x86_64"
    assert "x.a: error adding symbols: file in wrong format" in complaint("x.a")
