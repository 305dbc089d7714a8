"""Do real linkers and real Rust staticlibs do what the findings say?

Small links are generated from a seed and made by GNU ld and by rustc's lld: where they extract different members an
audit must have said so, and where an audit says nothing they must agree. ``STATICLINK_ORACLE_LINKS`` sets how many.
"""

from __future__ import annotations

import os
import random
import re
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from staticlink.link.audit import audit_archives, audit_link
from staticlink.link.audits.weak_references import order_and_extract
from staticlink.link.finding import load_policy
from staticlink.link.gnu_ld import GnuLd
from staticlink.link.inputs import Archive, ObjectFile
from staticlink.link.options import DEFAULT
from staticlink.link.order import LinkOrder, order_inputs
from staticlink.link.reading import read_input
from staticlink.link.sources import Inputs

from tests.elf_writer import Specimen, save, write_archive, write_object

if TYPE_CHECKING:
    from staticlink.link.finding import Finding

LINKS = int(os.environ.get("STATICLINK_ORACLE_LINKS", "400")) // 4
_NAMES = [f"s{number}" for number in range(9)]
_EXIT = '__asm__("mov %%eax, %%edi; mov $60, %%eax; syscall" :: "a"({}));'
_ALLOCATOR = (
    "use std::alloc::{GlobalAlloc, Layout, System};\nstruct Own;\n#[global_allocator]\nstatic OWN: Own = Own;\n"
    "unsafe impl GlobalAlloc for Own {\n"
    "    unsafe fn alloc(&self, l: Layout) -> *mut u8 { unsafe { System.alloc(l) } }\n"
    "    unsafe fn dealloc(&self, p: *mut u8, l: Layout) { unsafe { System.dealloc(p, l) } }\n}\n"
)


def run(*command: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False, timeout=120)


def need(*programs: str) -> None:
    missing = [name for name in programs if shutil.which(name) is None]
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}")


def rust_lld() -> list[str]:
    """Return the command of the lld that ships with rustc."""
    need("rustc")
    root = Path(run("rustc", "--print", "sysroot", cwd=Path()).stdout.strip())
    return [str(next(root.glob("lib/rustlib/*/bin/rust-lld"))), "-flavor", "gnu"]


def words(order: LinkOrder) -> list[str]:
    """Return an order as arguments of a linker."""
    found = [str(one.path) for one in order.objects]
    for item in order.paths:
        found += ["--start-group", *map(str, item), "--end-group"] if isinstance(item, tuple) else [str(item)]
    return found


def members(output: str, archives: list[Archive]) -> set[str]:
    """Return the archive members among the lines of ``--trace``, as messages name them."""
    names = [archive.display for archive in archives]
    bare = [line.strip().strip("()").rpartition("/")[2].replace(".a)", ".a(") for line in output.splitlines()]
    found = {line.rstrip(")").replace(")", "(", 1) for line in bare}
    return {f"{line})" for line in found if any(line.startswith(f"{name}(") for name in names)}


def draw(chance: random.Random, directory: Path) -> tuple[ObjectFile, list[Archive]]:
    def some(most: int) -> list[str]:
        return chance.sample(_NAMES, chance.randint(0, most))

    def member() -> Specimen:
        names = some(3)
        cut = chance.randint(0, len(names))
        refers = [name for name in some(3) if name not in names]
        return Specimen(strong=names[:cut], weak=names[cut:], undefined=refers)

    main = read_input(save(directory / "main.o", write_object(Specimen(strong=["_start"], undefined=some(4)))))
    assert isinstance(main, ObjectFile)
    archives = []
    for number in range(chance.randint(2, 4)):
        found = [(f"m{number}{place}.o", member()) for place in range(chance.randint(1, 3))]
        one = read_input(save(directory / f"lib{number}.a", write_archive(found)))
        assert isinstance(one, Archive)
        archives.append(one)
    return main, archives


def test_linkers_disagree_exactly_where_an_audit_says_so(tmp_path: Path) -> None:
    need("ld.bfd")
    lld, policy = rust_lld(), load_policy()
    compared = different = 0
    for seed in range(LINKS):
        directory = tmp_path / str(seed)
        directory.mkdir()
        main, archives = draw(random.Random(seed), directory)  # noqa: S311  (repeatable is what is wanted)
        order = order_inputs([main], archives)
        found = [one for one in audit_link(order, policy) if one.id == "linker-dependent"]
        rest = ["--unresolved-symbols=ignore-all", "--trace", "-o", "app", *words(order)]
        bfd, other = run("ld.bfd", "--trace", *rest, cwd=directory), run(*lld, *rest, cwd=directory)
        if bfd.returncode or other.returncode:
            continue  # a duplicate definition under one of them: no outcome to compare
        ours, theirs = members(bfd.stdout, archives), members(other.stdout, archives)
        compared += 1
        different += ours != theirs
        assert ours == {one.member for one in order.resolution.extractions}, seed
        assert ours == theirs or found, seed
        for one in found:
            if one.subject not in _NAMES:  # a member that one of them leaves out, whoever wins
                assert one.subject in ours ^ theirs, (seed, one)
                continue
            under_bfd, under_lld = one.evidence
            assert under_bfd.removesuffix(" under GNU ld") in {*ours, "main.o", "not defined"}, (seed, one)
            assert under_lld.removesuffix(" under lld") in {*theirs, "main.o", "not defined"}, (seed, one)
    assert compared > LINKS // 2
    assert different > 0


def compile_c(directory: Path, name: str, source: str) -> Path:
    (directory / f"{name}.c").write_text(source)
    flags = ["-O1", "-ffreestanding", "-fno-stack-protector", "-fno-pic", "-fcf-protection=none"]
    done = run("gcc", *flags, "-c", f"{name}.c", cwd=directory)
    assert done.returncode == 0, done.stderr
    return directory / f"{name}.o"


def archive(directory: Path, name: str, *objects: Path) -> Path:
    path = directory / name
    assert run("ar", "rcs", path, *objects, cwd=directory).returncode == 0
    return path


def order_paths(paths: list[Path]) -> LinkOrder:
    inputs = [read_input(path) for path in paths]
    objects = [one for one in inputs if isinstance(one, ObjectFile)]
    return order_inputs(objects, [one for one in inputs if isinstance(one, Archive)])


def ids(found: tuple[Finding, ...]) -> dict[str, str]:
    return {one.id: one.subject for one in found}


def test_a_weak_definition_in_an_earlier_archive_runs_unless_mold_links(tmp_path: Path) -> None:
    main = compile_c(tmp_path, "main", f"int f(void); void _start(void) {{ int r = f(); {_EXIT.format('r')} }}")
    weak = archive(
        tmp_path, "libweak.a", compile_c(tmp_path, "weak", "__attribute__((weak)) int f(void) { return 1; }")
    )
    strong = archive(tmp_path, "libstrong.a", compile_c(tmp_path, "strong", "int f(void) { return 2; }"))
    found = audit_link(order_paths([main, weak, strong]), load_policy())
    assert ids(found) == {"weak-beats-strong": "f"}
    assert found[0].evidence == (
        "weak in libweak.a(weak.o), which is used",
        "strong in libstrong.a(strong.o)",
        "referenced by main.o",
    )
    expected = {"ld.bfd": 1, "ld.gold": 1, "ld.lld": 1, "mold": 2}
    installed = [name for name in expected if shutil.which(name)]
    assert installed
    for linker in installed:
        assert run(linker, "-static", "-o", "app", main, weak, strong, cwd=tmp_path).returncode == 0
        assert run(tmp_path / "app", cwd=tmp_path).returncode == expected[linker], linker


LOCAL = {"defined": Specimen(strong=["_start"], tls=["x"]), "wanted": Specimen(strong=["_start"], tls_undefined=["x"])}
OTHER = {
    "defined": Specimen(strong=["f"], data=["x"]),
    "weakly defined": Specimen(strong=["f"], weak_data=["x"]),
    "common": Specimen(strong=["f"], common=["x"]),
    "wanted": Specimen(strong=["f"], undefined=["x"]),
    "wanted as an object": Specimen(strong=["f"], data_undefined=["x"]),
    "weakly wanted": Specimen(strong=["f"], weak_undefined=["x"]),
    "named, not used": Specimen(strong=["f"], bare=["x"]),
}


@pytest.mark.parametrize("kind", OTHER)
@pytest.mark.parametrize("local", LOCAL)
def test_a_symbol_that_is_thread_local_in_one_object_only_stops_gnu_ld_and_gold(
    tmp_path: Path, local: str, kind: str
) -> None:
    one, two = (
        save(tmp_path / "one.o", write_object(LOCAL[local])),
        save(tmp_path / "two.o", write_object(OTHER[kind])),
    )
    for paths in ([one, two], [two, one]):
        found = [each for each in audit_link(order_paths(paths), load_policy()) if each.id == "tls-mismatch"]
        assert [(each.level, each.subject) for each in found] == [("error", "x")]
        words = {"ld.bfd": r"x: TLS .* in one\.o.* mismatches non-TLS .* in two\.o", "ld.gold": "both __thread and non"}
        for linker in filter(shutil.which, words):
            done = run(linker, "-static", "-o", "app", *(path.name for path in paths), cwd=tmp_path)
            assert done.returncode, linker
            assert re.search(words[linker], done.stderr), done.stderr


def test_a_thread_local_symbol_taken_for_another_is_a_broken_program_under_mold(tmp_path: Path) -> None:
    need("mold")
    (tmp_path / "main.c").write_text("__thread int seen = 5; int f(void); int main(void) { seen = 6; return f(); }")
    (tmp_path / "f.c").write_text("extern int seen; int f(void) { return seen; }")
    assert run("gcc", "-c", "-fno-pic", "main.c", "f.c", cwd=tmp_path).returncode == 0
    done = run("gcc", "-static", "-fuse-ld=mold", "-o", "app", "main.o", "f.o", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert run(tmp_path / "app", cwd=tmp_path).returncode == 5  # f reads what threads begin with, not this thread's
    found = audit_link(order_paths([tmp_path / "main.o", tmp_path / "f.o"]), load_policy())
    assert [one.evidence for one in found] == [
        ("thread-local, defined in main.o", "not thread-local, referenced by f.o")
    ]


def assemble(directory: Path, name: str, source: str) -> Path:
    (directory / f"{name}.s").write_text(source)
    assert run("as", f"{name}.s", "-o", f"{name}.o", cwd=directory).returncode == 0
    return directory / f"{name}.o"


_GROUP = '.section .text.g,"axG",@progbits,g,comdat\n.weak both\nboth: ret\n'
#: The definition's binding and who refers to it -> the linkers that stop; of the others comes a jump to address zero.
DISCARDED = {
    ("weak", "its own object"): {"ld.gold"},
    ("weak", "another object"): {"ld.bfd", "ld.gold", "ld.lld"},
    ("weak", "another object weakly"): {"ld.gold"},
    ("globl", "its own object"): {"ld.bfd", "ld.gold", "ld.lld"},
    ("globl", "another object"): {"ld.bfd", "ld.gold", "ld.lld"},
}


@pytest.mark.parametrize(("binding", "who"), DISCARDED)
def test_a_definition_that_goes_with_its_group_is_zero_or_stops_the_linker(
    tmp_path: Path, binding: str, who: str
) -> None:
    call = {"another object": "call extra", "another object weakly": ".weak extra\ncall extra"}.get(who, "call own")
    own = f"{'call extra' if who == 'its own object' else 'ret'}\n"
    paths = [
        assemble(tmp_path, "main", f".globl _start\n_start: {call}\n"),
        assemble(tmp_path, "one", _GROUP),
        assemble(tmp_path, "two", f".globl own\nown: {own}{_GROUP}.{binding} extra\nextra: ret\n"),
    ]
    found = audit_link(order_paths(paths), load_policy())
    assert [(one.id, one.subject) for one in found] == [("discarded-definition", "extra")]
    assert found[0].evidence == ("defined in two.o", "one.o has the group g without it")
    for linker in filter(shutil.which, ("ld.bfd", "ld.gold", "ld.lld")):
        done = run(linker, "-static", "-o", "app", *paths, cwd=tmp_path)
        assert bool(done.returncode) == (linker in DISCARDED[binding, who]), (linker, done.stderr)
        if not done.returncode:
            assert run(tmp_path / "app", cwd=tmp_path).returncode == -11, linker  # a call of address zero


def test_what_libgcc_eh_refers_to_weakly_is_extracted(tmp_path: Path) -> None:
    main = compile_c(
        tmp_path, "main", f"int raise_it(void); void _start(void) {{ int r = raise_it(); {_EXIT.format('r')} }}"
    )
    once = "__attribute__((weak)) int pthread_once(void); int raise_it(void) { return pthread_once(); }"
    unwinder = archive(tmp_path, "libgcc_eh.a", compile_c(tmp_path, "unwind", once))
    libc = archive(
        tmp_path,
        "libc.a",
        compile_c(tmp_path, "pthread_once", "int other(void); int pthread_once(void) { return other(); }"),
        compile_c(tmp_path, "other", "int other(void) { return 7; }"),
    )
    inputs = [read_input(path) for path in (main, unwinder, libc)]
    objects = tuple(one for one in inputs if isinstance(one, ObjectFile))
    archives = tuple(one for one in inputs if isinstance(one, Archive))
    link = GnuLd(DEFAULT)
    order, asked = order_and_extract(Inputs(objects, archives, (), DEFAULT, "x86_64", link), load_policy())
    assert asked == ("pthread_once",)
    assert audit_link(order, load_policy()) == ()
    for linker in filter(shutil.which, ("ld.bfd", "ld.gold", "ld.lld", "mold")):
        assert run(linker, "-static", "-o", "bare", main, unwinder, libc, cwd=tmp_path).returncode == 0
        assert run(tmp_path / "bare", cwd=tmp_path).returncode == -11, linker  # it calls address zero
        flags = [f"--undefined={symbol}" for symbol in asked]
        assert run(linker, "-static", *flags, "-o", "app", *words(order), cwd=tmp_path).returncode == 0
        assert run(tmp_path / "app", cwd=tmp_path).returncode == 7, linker


def test_a_constructor_in_a_member_without_symbols_never_runs(tmp_path: Path) -> None:
    (tmp_path / "main.c").write_text("int seen, f(void); int main(void) { return seen + f(); }")
    (tmp_path / "f.c").write_text("int f(void) { return 0; }")
    (tmp_path / "reg.c").write_text("extern int seen; __attribute__((constructor)) static void r(void) { seen = 5; }")
    assert run("gcc", "-c", "main.c", "f.c", "reg.c", cwd=tmp_path).returncode == 0
    path = archive(tmp_path, "libreg.a", Path("f.o"), Path("reg.o"))
    found = audit_link(order_paths([tmp_path / "main.o", path]), load_policy())
    assert ids(found) == {"constructor-only-member": "libreg.a(reg.o)"}
    assert run("gcc", "-o", "app", "main.o", "libreg.a", cwd=tmp_path).returncode == 0
    assert run(tmp_path / "app", cwd=tmp_path).returncode == 0
    whole = "-Wl,--whole-archive,libreg.a,--no-whole-archive"
    assert run("gcc", "-o", "app", "main.o", whole, cwd=tmp_path).returncode == 0
    assert run(tmp_path / "app", cwd=tmp_path).returncode == 5


def staticlib(directory: Path, name: str, *flags: str, own: str = "") -> Path:
    """Compile a staticlib whose function says whether it caught its own panic."""
    body = f'pub extern "C" fn {name}() -> i32 {{ std::panic::catch_unwind(|| panic!()).is_err() as i32 }}\n'
    (directory / f"{name}.rs").write_text(f"{own}#[unsafe(no_mangle)]\n{body}")
    output = directory / f"lib{name}.a"
    options = ["--edition=2024", "--crate-type=staticlib", "-O", *flags]
    done = run("rustc", *options, f"{name}.rs", "-o", output, cwd=directory)
    assert done.returncode == 0, done.stderr
    return output


def test_two_rust_staticlibs_and_what_becomes_of_a_panic(tmp_path: Path) -> None:
    need("rustc")
    unwinds, aborts = staticlib(tmp_path, "one"), staticlib(tmp_path, "two", "-Cpanic=abort")
    same, owns = staticlib(tmp_path, "three"), staticlib(tmp_path, "four", own=_ALLOCATOR)
    policy = load_policy()
    said = [audit_archives([unwinds, other], policy) for other in (same, aborts, owns)]
    assert [[one.id for one in found if one.level != "allow"] for found in said] == [
        ["repeated-rust-std"],
        ["mixed-panic-strategies", "repeated-rust-std"],
        ["two-rust-allocators", "repeated-rust-std"],
    ]
    assert audit_archives([unwinds], policy) == ()
    # No linker objects, and the order alone decides whether the panic is caught.
    (tmp_path / "main.c").write_text("int one(void); int main(void) { return one() == 1 ? 0 : 1; }")
    (tmp_path / "both.c").write_text("int two(void); int (*const keep)(void) = two;")
    for archives, code in (((unwinds, aborts), 0), ((aborts, unwinds), -6)):
        command = ["gcc", "-static", "-o", "app", "both.c", "main.c"]
        done = run(*command, *archives, "-lpthread", "-ldl", "-lm", cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        assert run(tmp_path / "app", cwd=tmp_path).returncode == code
