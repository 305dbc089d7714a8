"""Do we see in notes what readelf sees, and do the linkers drop what we say they drop?"""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from staticlink.elf.features import known_features, read_features
from staticlink.elf.inspect import inspect_executable
from staticlink.link.audits.features import features_of, find_dropped_features, promised_features
from staticlink.link.finding import load_policy
from staticlink.link.inputs import Archive, ObjectFile
from staticlink.link.reading import read_input
from staticlink.link.resolve import resolve
from staticlink.link.verify import verify_executable
from staticlink.target import Target

_HARDENED = Target("x86_64", "musl", static=True, pie=True, hardened=True)
_PROTECTIONS = {"full": ("IBT", "SHSTK"), "branch": ("IBT",), "return": ("SHSTK",), "none": ()}
_LINKERS = ("ld.bfd", "ld.lld", "mold")
_SOURCES = {
    "start": "extern int part(void); void _start(void) { part(); }",
    "part": "int part(void) { return 1; }",
    "other": "int other(void) { return 2; }",
}


def compile_part(directory: Path, name: str, protection: str) -> Path:
    path = directory / f"{name}.o"
    command = ["gcc", "-O2", "-fPIE", f"-fcf-protection={protection}", "-x", "c", "-", "-c", "-o", str(path)]
    subprocess.run(command, input=_SOURCES[name], check=True, text=True, timeout=60)
    return path


def seen_by_readelf(path: Path) -> tuple[str, ...]:
    done = subprocess.run(["readelf", "-nW", str(path)], capture_output=True, text=True, check=True, timeout=60)
    found = re.search(r"x86 feature: (\w+(?:, \w+)*)", done.stdout)
    return tuple(found[1].split(", ")) if found else ()


@pytest.mark.parametrize("protection", _PROTECTIONS)
def test_an_object(tmp_path: Path, protection: str) -> None:
    path = compile_part(tmp_path, "part", protection)
    one = read_input(path)
    assert isinstance(one, ObjectFile)
    assert features_of(one) == seen_by_readelf(path) == _PROTECTIONS[protection]


@pytest.mark.parametrize("protection", _PROTECTIONS)
@pytest.mark.parametrize("linker", _LINKERS)
def test_a_linker_keeps_what_every_object_carries(tmp_path: Path, linker: str, protection: str) -> None:
    if shutil.which(linker) is None:
        pytest.skip(f"{linker} is not installed")
    objects = [compile_part(tmp_path, "start", "full")]
    archive = tmp_path / "libpart.a"
    members = [compile_part(tmp_path, "part", protection), compile_part(tmp_path, "other", "none")]
    subprocess.run(["ar", "rcD", archive, *members], check=True, timeout=60)
    inputs = [read_input(path) for path in (*objects, archive)]
    findings = tuple(find_dropped_features(resolve(inputs), load_policy()))
    lost = [name for name in ("IBT", "SHSTK") if name not in _PROTECTIONS[protection]]
    # The member that nothing extracts drops nothing.
    assert [(one.subject, one.evidence) for one in findings] == [(name, ("not in libpart.a(part.o)",)) for name in lost]
    output = tmp_path / "app"
    command = [linker, "-static", "-pie", "--no-dynamic-linker", "-z", "now", *map(str, objects), str(archive)]
    subprocess.run([*command, "-o", str(output)], check=True, timeout=60)
    facts = inspect_executable(output)
    assert facts.features == seen_by_readelf(output) == _PROTECTIONS[protection]
    promised = promised_features(_HARDENED, findings)
    assert promised == _PROTECTIONS[protection]
    verified = verify_executable(facts, _HARDENED, promised=promised)
    assert "property-lost" not in [one.id for one in verified]
    assert promised_features(replace(_HARDENED, hardened=False), findings) == ()


def test_a_linker_that_drops_what_every_object_carries_is_found_out(tmp_path: Path) -> None:
    objects = [compile_part(tmp_path, name, "full") for name in ("start", "part")]
    output = tmp_path / "app"
    script = tmp_path / "discard"
    script.write_text("SECTIONS { /DISCARD/ : { *(.note.gnu.property) } } INSERT BEFORE .text;\n", encoding="ascii")
    command = ["ld.bfd", "-static", "-pie", "-z", "now", "-T", str(script), *map(str, objects), "-o", str(output)]
    subprocess.run(command, check=True, timeout=60)
    assert seen_by_readelf(output) == ()
    findings = verify_executable(inspect_executable(output), _HARDENED, promised=("IBT", "SHSTK"))
    lost = [one for one in findings if one.id == "property-lost"]
    assert [(one.level, one.evidence) for one in lost] == [("warn", ("IBT", "SHSTK"))]


def test_archives_of_the_compiler(tmp_path: Path) -> None:
    for name in ("libgcc.a", "libc.a"):
        question = ["gcc", f"-print-file-name={name}"]
        path = Path(subprocess.run(question, capture_output=True, text=True, check=True, timeout=60).stdout.strip())
        archive = read_input(path)
        assert isinstance(archive, Archive)
        carried = [features_of(one) for one in archive.objects()]
        done = subprocess.run(["readelf", "-nW", path], capture_output=True, text=True, check=False, timeout=120)
        for feature in known_features("x86_64"):
            seen = len(re.findall(rf"x86 feature: .*{feature}", done.stdout))
            assert sum(feature in found for found in carried) == seen, (tmp_path, name)


@pytest.mark.parametrize("size", range(33))
def test_what_is_cut_short_carries_nothing(tmp_path: Path, size: int) -> None:
    path = compile_part(tmp_path, "part", "full")
    subprocess.run(["objcopy", "-O", "binary", "--only-section=.note.gnu.property", "--set-section-flags",
                    ".note.gnu.property=alloc", path, tmp_path / "note"], check=True, timeout=60)  # fmt: skip
    note = (tmp_path / "note").read_bytes()
    assert len(note) == 32
    assert read_features(note[:size], "<", "x86_64") == (("IBT", "SHSTK") if size == 32 else ())
    assert read_features(note, "<", "riscv64") == ()
