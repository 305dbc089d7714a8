"""Are the layouts that the shims assert those of both libcs, and does the bridge pass what glibc passes?"""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest
from staticlink.errors import StaticlinkError
from staticlink.link.shim_objects import make_shims
from staticlink.link.shims import Shim, choose_shims, load_shims

if TYPE_CHECKING:
    from pathlib import Path

_CONSTRUCTOR = """\
#include <string.h>
static int seen;
static void first(int argc, char **argv, char **envp)
{
	seen = argc == 2 && !strcmp(argv[1], "x y") && envp == argv + 3;
}
__attribute__((section(".init_array"), used)) static void (*const entry)(int, char **, char **) = first;
int main(void) { return seen ? 0 : 1; }
"""


def test_glibcs_layouts_are_the_ones_asserted(tmp_path: Path) -> None:
    """layouts64.h holds numbers against musl's headers when a shim is compiled; here they meet glibc's."""
    shim = next(shim for shim in load_shims() if shim.name == "lfs64")
    assert shim.source is not None
    lines = shim.source.with_name("layouts64.h").read_text(encoding="utf-8").splitlines()
    asserted = [line for line in lines if line.startswith(("HAS(", "_Static_assert(", "#define HAS"))]
    assert len(asserted) > 20
    text = "\n".join(asserted)
    for name in ("stat", "dirent", "rlimit", "statvfs", "statfs"):
        text = text.replace(f"struct {name})", f"struct {name}64)").replace(f"HAS({name},", f"HAS({name}64,")
    text = text.replace("off_t)", "off64_t)").replace("fpos_t)", "fpos64_t)")
    files = ("dirent.h", "stddef.h", "stdio.h", "sys/stat.h", "sys/resource.h", "sys/statvfs.h", "sys/vfs.h")
    headers = "#define _GNU_SOURCE\n" + "".join(f"#include <{name}>\n" for name in files)
    (tmp_path / "layout.c").write_text(headers + text + "\n", encoding="utf-8")
    subprocess.run(["gcc", "-fsyntax-only", "layout.c"], cwd=tmp_path, check=True)


def test_shims_define_their_symbols_with_the_same_bytes_anywhere(tmp_path: Path) -> None:
    shims = choose_shims({"__res_init", "gnu_get_libc_version"}, load_shims(), start_bridge=True)
    one, two = (make_shims(shims, cc=["gcc"], into=tmp_path / name) for name in ("one", "a place"))
    assert [path.name for path in one] == ["shim_res_init.o", "shim_gnu_version.o", "shim_start_bridge.o"]
    assert [path.read_bytes() for path in one] == [path.read_bytes() for path in two]
    for shim, path in zip(shims, one, strict=True):
        defined = subprocess.run(["nm", "--defined-only", path], capture_output=True, text=True, check=True).stdout
        assert set(shim.symbols) <= {line.split()[-1] for line in defined.splitlines()}


@pytest.mark.parametrize("linking", [["-static", "-fno-pie", "-no-pie"], ["-static-pie", "-fPIE"]])
def test_glibc_passes_what_the_bridge_passes(tmp_path: Path, linking: list[str]) -> None:
    """What a constructor sees under glibc is what the bridge promises on musl; test_rust_crate.py proves it there."""
    (tmp_path / "main.c").write_text(_CONSTRUCTOR, encoding="utf-8")
    subprocess.run(["gcc", *linking, "main.c", "-o", "main"], cwd=tmp_path, check=True)
    assert subprocess.run([tmp_path / "main", "x y"], check=False).returncode == 0


def test_a_shim_that_does_not_compile_is_told_in_the_compilers_words(tmp_path: Path) -> None:
    (tmp_path / "bad.c").write_text("int x = ;\n", encoding="utf-8")
    with pytest.raises(StaticlinkError) as caught:
        make_shims([Shim("bad", tmp_path / "bad.c", ("x",), "sound", "")], cc=["gcc"], into=tmp_path)
    (fault,) = caught.value.faults
    assert fault.what == "shim does not compile: bad"
    assert any("expected expression" in line for line in fault.evidence)
    assert list(tmp_path.glob("*.o")) == []


def test_a_compiler_that_is_missing_is_told(tmp_path: Path) -> None:
    with pytest.raises(StaticlinkError) as caught:
        make_shims(load_shims()[:1], cc=["no-such-compiler"], into=tmp_path)
    assert caught.value.faults[0].evidence == ("[Errno 2] No such file or directory: 'no-such-compiler'",)


def test_an_object_that_would_come_out_the_same_stays(tmp_path: Path) -> None:
    header, source = tmp_path / "a b$#.h", tmp_path / "one.c"
    header.write_text("#define ONE 1\n", encoding="utf-8")
    source.write_text('#include "a b$#.h"\nint one(void) { return ONE; }\nint two(void) { return 2; }\n')
    shim = Shim("one", source, ("one",), "sound", "")
    (path,) = make_shims([shim], cc=["gcc"], into=tmp_path / "made")

    def remade(shim: Shim = shim, *cc: str) -> bool:
        before = path.stat().st_ino, path.stat().st_mtime_ns
        make_shims([shim], cc=cc or ["gcc"], into=tmp_path / "made")
        return before != (path.stat().st_ino, path.stat().st_mtime_ns)

    assert not remade()
    source.touch()
    assert not remade()
    header.write_text("#define ONE 2\n", encoding="utf-8")
    assert remade()
    assert not remade()
    assert remade(Shim("one", source, ("one", "two"), "sound", ""))
    assert remade()
    assert remade(shim, "gcc", "-g")
    assert remade()
    compiler = tmp_path / "own-gcc"
    compiler.write_text('#!/bin/sh\nexec gcc "$@"\n')
    compiler.chmod(0o755)
    assert remade(shim, str(compiler))
    assert not remade(shim, str(compiler))
    compiler.write_text('#!/bin/sh\nexec gcc -g "$@"\n')
    assert remade(shim, str(compiler))
    record = path.with_suffix(".json")
    for damage in (b"", b"[]", b"{}", b"\xff", record.read_bytes()[:-9]):
        record.write_bytes(damage)
        assert remade(shim, str(compiler))
    path.write_bytes(b"")
    assert remade(shim, str(compiler))
    path.unlink()
    make_shims([shim], cc=[str(compiler)], into=path.parent)
    assert not remade(shim, str(compiler))
    header.unlink()
    with pytest.raises(StaticlinkError):
        make_shims([shim], cc=["gcc"], into=tmp_path / "made")
    assert sorted(one.name for one in (tmp_path / "made").iterdir()) == ["shim_one.json", "shim_one.o"]
