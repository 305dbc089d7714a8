"""Is an object that a real compiler made judged by what it was really compiled against?

Each specimen is compiled by the machine's gcc, and by the compiler of the vendored musl, in the ways that leave other
traces: debug information of every version, compressed or not, names that headers make, notes, nothing at all.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from staticlink.libc.abi import load_interfaces
from staticlink.libc.musl_release import musl_version
from staticlink.libc.names import load_traces
from staticlink.libc.package import find_package
from staticlink.libc.verdict import Setting, Verdict, judge
from staticlink.link.audits.foreign_libc import judge_archives
from staticlink.link.inputs import Archive, ObjectFile
from staticlink.link.reading import read_input
from staticlink.target import Target
from staticlink.vendored.cache import open_cache
from staticlink.vendored.provide import Provider
from staticlink.vendored.wrapper import Host

_TYPES = """
#include <stdio.h>
#include <sys/types.h>
#include <time.h>
long f(struct tm *t, FILE *to) { return t->tm_gmtoff + fputs("x", to); }
"""
_PLAIN = "int f(int a) { return a + 1; }\n"
_CONSTANT = "#include <stdio.h>\nint f(void) { return BUFSIZ; }\n"
_DEBUG = ("-g", "-g -gdwarf-4", "-g -gdwarf-2 -gstrict-dwarf", "-g -gz=zlib", "-g -gz=zlib-gnu", "-g3", "-g -gdwarf64",
          "-g -gsplit-dwarf", "-g -gdwarf-4 -gz")  # fmt: skip
_NOTHING = "has no note and no debug information, and asks for no name that only one libc has"
_UNSURE = "names no header of one libc in its debug information, and not every file that was included"
_NOTED = "says in a note that it was compiled for musl 1.2.5"


@pytest.fixture(scope="session")
def musl() -> Path:
    """The prefix of the vendored musl, from the cache or built now."""
    host = Host(("gcc",), os.environ["PATH"])
    target = Target("x86_64", "musl", static=True)
    return Provider(target, open_cache(os.environ), host, None, offline=False, say=lambda *_: None).prefix("musl")


def run(directory: Path, *command: str, words: str | None = None) -> None:
    done = subprocess.run(command, cwd=directory, input=words, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, f"{command}\n{done.stderr}"


def compiled(directory: Path, source: str, *command: str) -> Path:
    (directory / "f.c").write_text(source)
    run(directory, *command, "-c", "f.c", "-o", "f.o")
    return directory / "f.o"


def verdict(path: Path, *, machine: str | None = None) -> Verdict:
    one = read_input(path)
    assert isinstance(one, ObjectFile)
    setting = Setting({}, lambda _: None, lambda _: True, whole=False, machine=machine,
                      interfaces=lambda: load_interfaces("x86_64"))  # fmt: skip
    return judge(one, path, setting, every=True)[0]


@pytest.mark.parametrize("options", _DEBUG)
def test_debug_information_of_the_machines_gcc(options: str, tmp_path: Path) -> None:
    found = verdict(compiled(tmp_path, _TYPES, "gcc", "-O2", *options.split()))
    assert found.kind == "glibc"
    assert re.fullmatch(r"names bits/types\S* in its debug information, a header of glibc's alone", found.evidence[0])


@pytest.mark.parametrize("options", _DEBUG)
def test_debug_information_of_musls_compiler(options: str, tmp_path: Path, musl: Path) -> None:
    path = compiled(tmp_path, _TYPES, str(musl / "bin/cc"), "-O2", *options.split())
    assert verdict(path) == Verdict("musl", (_NOTED,))
    run(tmp_path, "objcopy", "--remove-section=.note.staticlink", "f.o")
    alone = "names bits/alltypes.h in its debug information, a header of musl's alone"
    assert verdict(path) == Verdict("musl", (alone,))


def test_a_header_of_both_tells_by_where_it_was_and_who_compiled(tmp_path: Path) -> None:
    source = "#include <regex.h>\nint f(regex_t *r, char *s) { regmatch_t m[2]; return regexec(r, s, 2, m, 0); }\n"
    path = compiled(tmp_path, source, "gcc", "-O2", "-g")
    lies = "names /usr/include/regex.h in its debug information, where glibc's headers are"
    assert verdict(path) == Verdict("glibc", (lies,))
    run(tmp_path, "objcopy", "--remove-section=.comment", "f.o")
    assert verdict(path) == Verdict("unknown", (_UNSURE,))
    assert verdict(path, machine="glibc") == Verdict("glibc", (lies,))


@pytest.mark.parametrize(
    ("options", "name", "source"),
    [
        ("-O2 -D_FORTIFY_SOURCE=2", "__printf_chk", '#include <stdio.h>\nint f(int a) { return printf("%d", a); }\n'),
        ("-D_FILE_OFFSET_BITS=64", "lseek64", "#include <unistd.h>\nlong f(void) { return lseek(0, 0, 0); }\n"),
        ("-O0 -std=gnu89", "__fxstat", "int f(void) { return __fxstat(1, 0, 0); }\n"),
        ("-O0 -std=gnu89", "__isoc23_strtol", 'long f(void) { return __isoc23_strtol("1", 0, 0); }\n'),
    ],
)
def test_names_that_only_glibcs_headers_make(options: str, name: str, source: str, tmp_path: Path) -> None:
    found = verdict(compiled(tmp_path, source, "gcc", "-w", *options.split()))
    assert found == Verdict("glibc", (f"asks for {name}, which glibc's headers make and musl does not define",))


def test_a_name_that_others_define_is_no_evidence(tmp_path: Path) -> None:
    source = "int __fxstat(int a, int b, void *c);\nint f(void) { return __fxstat(1, 0, 0); }\n"
    one = read_input(compiled(tmp_path, source, "gcc"))
    assert isinstance(one, ObjectFile)
    setting = Setting({}, lambda _: None, lambda name: name != "__fxstat", whole=False)
    assert judge(one, tmp_path / "f.o", setting)[0].kind == "unknown"


def test_what_leaves_no_trace_is_unknown_and_not_either(tmp_path: Path) -> None:
    for source in (_PLAIN, _CONSTANT):
        assert verdict(compiled(tmp_path, source, "gcc", "-O2")) == Verdict("unknown", (_NOTHING,))
    # Debug information without macros does not show that the 8192 in the code would be 1024 with musl's headers.
    assert verdict(compiled(tmp_path, _CONSTANT, "gcc", "-O2", "-g")) == Verdict("unknown", (_UNSURE,))
    assert verdict(compiled(tmp_path, _PLAIN, "gcc", "-O2", "-g")) == Verdict("unknown", (_UNSURE,))


def test_either_is_proven_by_a_list_of_every_file(tmp_path: Path) -> None:
    listed = "lists every included file in its debug information, and none is a libc's"
    assert verdict(compiled(tmp_path, _PLAIN, "gcc", "-O2", "-g3")) == Verdict("either", (listed,))
    own = f'#include <stddef.h>\n#include <stdarg.h>\n#include <linux/types.h>\n#include "own.h"\n{_PLAIN}'
    (tmp_path / "own.h").write_text("#define OWN 1\n")
    assert verdict(compiled(tmp_path, own, "gcc", "-O2", "-g3")) == Verdict("either", (listed,))
    assert verdict(compiled(tmp_path, _CONSTANT, "gcc", "-O2", "-g3")).kind == "glibc"
    declared = "int regexec(void *, char *, long, void *, int);\nint f(void) { return regexec(0, 0, 0, 0, 0); }\n"
    assert verdict(compiled(tmp_path, declared, "gcc", "-O2", "-g3")) == Verdict("unknown", (_UNSURE,))


def test_either_is_proven_by_having_nothing_that_was_compiled(tmp_path: Path) -> None:
    assert verdict(compiled(tmp_path, "extern int a;\n", "gcc")) == Verdict("either", ("holds no code and no data",))
    (tmp_path / "page").write_bytes(b"text")
    run(tmp_path, "ld", "-r", "-b", "binary", "-z", "noexecstack", "page", "-o", "page.o")
    assert verdict(tmp_path / "page.o") == Verdict("either", ("was made from a file, not compiled",))


@pytest.mark.parametrize("options", ["", "-pipe", "-g", "-save-temps", "-flto -ffat-lto-objects", "-Wa,--noexecstack"])
@pytest.mark.parametrize("suffix", ["c", "S", "s"])
def test_the_note_is_added_to_all_that_musls_compiler_makes(
    suffix: str, options: str, tmp_path: Path, musl: Path
) -> None:
    text = _PLAIN if suffix == "c" else "\t.globl f\nf:\n\tret\n"
    (tmp_path / f"f.{suffix}").write_text(text)
    run(tmp_path, str(musl / "bin/cc"), *options.split(), "-c", f"f.{suffix}", "-o", "out.o")
    one = read_input(tmp_path / "out.o")
    assert isinstance(one, ObjectFile)
    assert one.symbols.strong == ("f",)
    assert verdict(tmp_path / "out.o").evidence[0] == _NOTED


def test_the_note_changes_nothing_else(tmp_path: Path, musl: Path) -> None:
    cc = str(musl / "bin/cc")
    run(tmp_path, cc, "-pipe", "-x", "c", "-c", "-", "-o", "piped.o", words=_PLAIN)
    run(tmp_path, cc, "-pipe", "-x", "assembler", "-c", "-", "-o", "read.o", words="\t.globl f\nf:\n\tret\n")
    assert [verdict(tmp_path / name).kind for name in ("piped.o", "read.o")] == ["musl", "musl"]
    for option in ("-E", "-S", "-M"):
        done = subprocess.run([cc, option, "-x", "c", "-", "-o", "-"], cwd=tmp_path, input=_PLAIN, capture_output=True,
                              text=True, check=True, timeout=60)  # fmt: skip
        assert "staticlink" not in done.stdout
    first = compiled(tmp_path, _PLAIN, cc, "-O2").read_bytes()
    assert compiled(tmp_path, _PLAIN, cc, "-O2").read_bytes() == first


@pytest.mark.parametrize("linker", ["bfd", "gold", "lld", "mold"])
def test_the_note_survives_what_must_keep_it_and_never_reaches_a_program(
    linker: str, tmp_path: Path, musl: Path
) -> None:
    program = f"ld.{linker}" if linker != "mold" else "mold"
    if shutil.which(program) is None:
        pytest.skip(f"not installed: {program}")
    cc = str(musl / "bin/cc")
    compiled(tmp_path, "int main(void) { return 0; }\n", cc)
    (tmp_path / "g.c").write_text("int g(void) { return 1; }\n")
    run(tmp_path, cc, "-c", "g.c")
    for tool in ("--strip-debug", "--strip-unneeded"):
        run(tmp_path, "strip", tool, "-o", "stripped.o", "f.o")
        assert verdict(tmp_path / "stripped.o").evidence[0] == _NOTED
    run(tmp_path, program, "-r", "f.o", "g.o", "-o", "both.o")
    assert verdict(tmp_path / "both.o").evidence[0] == _NOTED
    run(tmp_path, "gcc", "-c", "g.c")
    run(tmp_path, program, "-r", "f.o", "g.o", "-o", "mixed.o")
    assert verdict(tmp_path / "mixed.o").kind == "unknown"
    run(tmp_path, cc, f"-fuse-ld={linker}", "-Wl,--gc-sections", "f.o", "-o", "app")
    run(tmp_path, "./app")
    assert b"staticlink" not in (tmp_path / "app").read_bytes()


_CLANG = ("-g", "-g -gdwarf-4", "-g -gdwarf-5", "-g -gdwarf-2", "-g -fdebug-macro", "-g -gdwarf-4 -fdebug-macro",
          "-g -gz=zlib", "-g -gdwarf64", "-g -gsplit-dwarf", "-gline-tables-only")  # fmt: skip


@pytest.fixture
def clang() -> str:
    """The name of the compiler, where it is."""
    if shutil.which("clang") is None:
        pytest.skip("not installed: clang")
    return "clang"


@pytest.mark.parametrize("options", _CLANG)
def test_debug_information_of_clang(options: str, tmp_path: Path, clang: str, musl: Path) -> None:
    path = compiled(tmp_path, _TYPES, clang, "-O2", *options.split())
    found = verdict(path)
    if options == "-gline-tables-only":  # it names the files of code, and no header has code here
        assert found == Verdict("unknown", (_UNSURE,))
        return
    assert found.kind == "glibc"
    assert re.fullmatch(r"names bits/types\S* in its debug information, a header of glibc's alone", found.evidence[0])
    own = ("-nostdlibinc", "-isystem", str(musl / "include"))
    path = compiled(tmp_path, _TYPES, clang, "-O2", *own, *options.split())
    alone = "names bits/alltypes.h in its debug information, a header of musl's alone"
    assert verdict(path) == Verdict("musl", (alone,))


@pytest.mark.parametrize("options", ["-g -fdebug-macro", "-g -fdebug-macro -gdwarf-4"])
def test_either_is_proven_of_what_clang_compiled(options: str, tmp_path: Path, clang: str) -> None:
    listed = "lists every included file in its debug information, and none is a libc's"
    assert verdict(compiled(tmp_path, _PLAIN, clang, "-O2", *options.split())) == Verdict("either", (listed,))
    constant = compiled(tmp_path, _CONSTANT, clang, "-O2", *options.split())
    assert verdict(constant).kind == "glibc"
    assert verdict(compiled(tmp_path, _PLAIN, clang, "-O2", "-g")) == Verdict("unknown", (_UNSURE,))
    assert verdict(compiled(tmp_path, _CONSTANT, clang, "-O2", "-g")).kind == "unknown"


def test_rust_is_judged_by_its_std(tmp_path: Path) -> None:
    (tmp_path / "f.rs").write_text('#[unsafe(no_mangle)]\npub extern "C" fn f() -> u32 { std::process::id() }\n')
    run(tmp_path, "rustc", "--edition=2024", "--crate-type=staticlib", "-O", "f.rs")
    archive = read_input(tmp_path / "libf.a")
    assert isinstance(archive, Archive)
    judged = judge_archives([archive], "musl", lambda: load_interfaces("x86_64"))
    kinds = {found.kind for one, found in judged.verdicts.items() if one.display.endswith(".rcgu.o)")}
    own = next(found for one, found in judged.verdicts.items() if "f" in one.symbols.strong)
    assert kinds <= {"glibc", "either"}
    assert own.evidence[0].startswith("is Rust for a target of glibc's: std in libf.a(std-")
    assert own.evidence[0].endswith(" asks for gnu_get_libc_version")


def test_a_std_that_lto_has_cut_is_no_sign_of_musl(tmp_path: Path) -> None:
    """LTO keeps of std what is called, so that the one reference which tells glibc's std may be gone."""
    (tmp_path / "f.rs").write_text('#[unsafe(no_mangle)]\npub extern "C" fn f() -> u32 { std::process::id() }\n')
    run(tmp_path, "rustc", "--edition=2024", "--crate-type=staticlib", "-O", "-Clto=fat", "f.rs")
    archive = read_input(tmp_path / "libf.a")
    assert isinstance(archive, Archive)
    judged = judge_archives([archive], "musl", lambda: load_interfaces("x86_64"))
    assert {found.kind for found in judged.verdicts.values()} <= {"glibc", "either", "unknown"}
    own = next(found for one, found in judged.verdicts.items() if "f" in one.symbols.strong)
    assert (own.kind, "which glibc's headers make" in own.evidence[0]) == ("glibc", True)


def test_the_version_of_musl_is_read_from_its_archive(musl: Path) -> None:
    assert musl_version(musl / "lib/libc.a") == "1.2.5"
    found = subprocess.run(["gcc", "-print-file-name=libc.a"], capture_output=True, text=True, check=True, timeout=60)
    assert musl_version(Path(found.stdout.strip())) is None


def test_a_package_tells_the_libc_of_its_files(tmp_path: Path) -> None:
    (tmp_path / "zlib1g-dev:amd64.list").write_text("/.\n/usr\n/usr/lib/x86_64-linux-gnu/libz.a\n")
    (tmp_path / "musl-dev:amd64.list").write_text("/.\n/usr/lib/x86_64-linux-musl/libc.a\n")
    gnu, musl = (
        find_package(Path(f"/usr/lib/x86_64-linux-{name}"), tmp_path) for name in ("gnu/libz.a", "musl/libc.a")
    )
    assert gnu is not None
    assert musl is not None
    assert (gnu.name, gnu.libc) == ("zlib1g-dev:amd64", "glibc")
    assert (musl.name, musl.libc) == ("musl-dev:amd64", "musl")
    assert find_package(Path("/usr/lib/libz.a"), tmp_path) is None


def test_the_measured_names_hold_for_the_libcs_at_hand(musl: Path) -> None:
    """What the table calls glibc's alone is not in musl's archive, and archives at hand add what they define."""
    alone = load_traces()
    found = load_traces({"musl": musl / "lib/libc.a"})
    assert found.made["glibc"] == alone.made["glibc"]
    assert {"__fprintf_chk", "open64", "stat64"} <= alone.made["glibc"]
    assert {"error", "gnu_get_libc_version"} & alone.made["glibc"] == set()
    assert "strlcpy" not in found.asked["glibc"]
