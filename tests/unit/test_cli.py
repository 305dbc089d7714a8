"""Does each command of ``staticlink`` answer, complain and exit as ``docs/command-line.md`` says?"""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
from staticlink.cli.build import read_wanted
from staticlink.cli.main import main
from staticlink.cli.words import Word, quote_word, read_words
from staticlink.errors import StaticlinkError

from tests.elf_writer import Specimen, write_archive, write_object
from tests.json_documents import check_document, described

if TYPE_CHECKING:
    from pathlib import Path

Capture = pytest.CaptureFixture[str]
_NO_TRACE = "has no note and no debug information, and asks for no name that only one libc has"


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work where ``main.o`` needs ``f`` of libf.a, which needs ``g`` of libg.a and of libh.a."""
    (tmp_path / "main.o").write_bytes(write_object(Specimen(strong=["_start"], undefined=["f"])))
    (tmp_path / "libf.a").write_bytes(write_archive([("f.o", Specimen(strong=["f"], undefined=["g"]))]))
    (tmp_path / "libg.a").write_bytes(write_archive([("g.o", Specimen(strong=["g"], weak_undefined=["w"]))]))
    (tmp_path / "libh.a").write_bytes(write_archive([("h.o", Specimen(strong=["g", "w"]))]))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(capsys: Capture, *words: str) -> tuple[int, str, str]:
    code = main(words)
    shown = capsys.readouterr()
    return code, shown.out, shown.err


def document(capsys: Capture, *words: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(run(capsys, *words)[1])
    check_document(found)
    assert found.pop("schema") == 1
    assert found.pop("command") == words[0]
    return found


def test_why_extract(capsys: Capture) -> None:
    rows = "reference\textracted\tsymbol\nmain.o\tlibf.a(f.o)\tf\nlibf.a(f.o)\tlibg.a(g.o)\tg\n"
    assert run(capsys, "why-extract", "--", "-static", "main.o", "-L.", "libf.a", "libg.a") == (0, rows, "")
    found = document(capsys, "why-extract", "--linker=lld", "--json", "--", "libg.a", "-u", "g")
    row = {"reference": "<internal>", "extracted": "libg.a(g.o)", "symbol": "g"}
    assert found == {"linker": "lld", "extractions": [row], "findings": []}


def test_what_is_missing_is_a_finding(capsys: Capture) -> None:
    code, out, err = run(capsys, "why-extract", "--", "libg.a", "main.o", "libf.a")
    assert (code, out) == (1, "reference\textracted\tsymbol\nmain.o\tlibf.a(f.o)\tf\n")
    assert err == "staticlink: undefined symbol: g\n  referenced by libf.a(f.o)\n"


def test_plan(capsys: Capture, project: Path) -> None:
    (project / "libx y.a").write_bytes(
        write_archive([("a.o", Specimen(strong=["a"], undefined=["b"])), ("c.o", Specimen(strong=["c"]))])
    )
    (project / "libz.a").write_bytes(write_archive([("b.o", Specimen(strong=["b"], undefined=["c"]))]))
    (project / "use.o").write_bytes(write_object(Specimen(strong=["u"], undefined=["a"])))
    words = ("--", "libg.a", "main.o", "libf.a", "use.o", "libz.a", "libx y.a")
    lines = ["main.o", "use.o", "libf.a", "libg.a", "--start-group", "  libx\\ y.a", "  libz.a", "--end-group"]
    code, out, err = run(capsys, "plan", "--linker=mold", *words)
    assert (code, sorted(out.splitlines()), err) == (0, sorted(lines), "")
    assert "--start-group\n  libx\\ y.a\n  libz.a\n--end-group\n" in out
    found = document(capsys, "plan", "--json", *words)
    assert {"kind": "group", "inputs": ["libx y.a", "libz.a"]} in found["order"]
    assert (found["objects"], found["closing"], found["unused"]) == (["main.o", "use.o"], [], [])
    (project / "order.rsp").write_text(out)
    assert run(capsys, "plan", "--", "@order.rsp")[:2] == (0, out)


def test_plan_audits(capsys: Capture, project: Path) -> None:
    (project / "libw.a").write_bytes(write_archive([("w.o", Specimen(weak=["f"]))]))
    (project / "tls.o").write_bytes(write_object(Specimen(strong=["t"], tls=["x"], undefined=["g"])))
    (project / "use.o").write_bytes(write_object(Specimen(strong=["u"], undefined=["x"])))
    words = ("--", "main.o", "libw.a", "libf.a", "libg.a")
    warning = "warn: weak-beats-strong: a weak definition wins over a strong one: f\n"
    evidence = "  weak in libw.a(w.o), which is used\n  strong in libf.a(f.o)\n  referenced by main.o\n"
    assert run(capsys, "plan", *words) == (0, "main.o\nlibw.a\n", f"staticlink: {warning}{evidence}")
    assert run(capsys, "plan", "--findings=weak-beats-strong=allow", *words) == (0, "main.o\nlibw.a\n", "")
    code, _, err = run(capsys, "plan", "--findings=weak-beats-strong:f=error", *words)
    assert (code, err) == (1, f"staticlink: {warning.replace('warn', 'error', 1)}{evidence}")
    code, out, err = run(capsys, "plan", "--", "main.o", "libf.a", "libg.a", "tls.o", "use.o")
    assert (code, out) == (1, "main.o\ntls.o\nuse.o\nlibf.a\nlibg.a\n")
    assert err == (
        "staticlink: error: tls-mismatch: a symbol is thread-local in some objects only: x\n"
        "  thread-local, defined in tls.o\n  not thread-local, referenced by use.o\n"
    )
    found = document(capsys, "plan", "--json", *words)["findings"]
    assert [(one["id"], one["level"], one["subject"]) for one in found] == [("weak-beats-strong", "warn", "f")]


def test_a_duplicate_is_told_once(capsys: Capture, project: Path) -> None:
    (project / "again.o").write_bytes(write_object(Specimen(strong=["_start"], undefined=["f"])))
    words = ("plan", "--", "main.o", "again.o", "libf.a", "libg.a")
    message = "duplicate definition: _start\n  defined in main.o\n  defined in again.o\n"
    assert run(capsys, *words)[::2] == (1, f"staticlink: error: duplicate-definition: {message}")
    assert run(capsys, "why", "_start", *words[1:])[::2] == (1, f"staticlink: {message}")
    assert run(capsys, *words, "-z", "muldefs")[::2] == (0, "")


def test_a_plugin_matters_only_to_intermediate_code(capsys: Capture, project: Path) -> None:
    words = ["why-extract", "--", "--plugin", "lto.so", "-plugin-opt=x", "main.o", "libf.a", "libg.a"]
    assert run(capsys, *words)[0] == 0
    (project / "fat.o").write_bytes(write_object(Specimen(strong=["t"], linkonce=["x"])).replace(
        b".gnu.linkonce.t.x\0", b".gnu.lto_main.abc\0"))  # fmt: skip
    assert run(capsys, *words, "fat.o") == (
        2,
        "",
        (
            "staticlink: cannot explain a link with --plugin\n"
            "  fat.o holds intermediate code, which the plugin compiles anew\n"
        ),
    )
    assert run(capsys, *words[:2], *words[5:], "fat.o")[0] == 0


def test_why(capsys: Capture) -> None:
    lines = [
        "g",
        "  wanted by libf.a(f.o)",
        "  defined in libg.a(g.o) (strong): wins",
        "  defined in libh.a(h.o) (strong): shadowed; never extracted",
        "  extracted libg.a(g.o): libf.a(f.o) refers to g",
        "  extracted libf.a(f.o): main.o refers to f",
        "  joined    main.o: every object joins the link",
        f"  libc      libg.a(g.o): unknown; {_NO_TRACE}",
    ]
    words = ("--", "main.o", "libf.a", "libg.a", "libh.a")
    assert run(capsys, "why", "g", *words) == (0, "\n".join(lines) + "\n", "")
    found = document(capsys, "why", "--json", "w", *words)
    assert found["state"] == "zero"
    assert found["wanted"] == [{"by": "libg.a(g.o)", "weak": True, "joined": True}]
    assert found["defined"] == [{"by": "libh.a(h.o)", "kind": "strong", "outcome": "left out"}]
    unknown = {"by": "libg.a(g.o)", "libc": "unknown", "evidence": [_NO_TRACE], "defines": False}
    assert found["libcs"] == [unknown]


def test_why_a_weak_reference_is_zero(capsys: Capture) -> None:
    lines = [
        "w",
        "  zero: only weak references are left, and a weak reference extracts nothing",
        "  wanted by libg.a(g.o), weakly",
        "  defined in libh.a(h.o) (strong): never extracted",
    ]
    out = "\n".join(lines) + "\n"
    assert run(capsys, "why", "w", "--", "main.o", "libf.a", "libg.a", "libh.a") == (0, out, "")


def test_why_without_an_index(capsys: Capture, project: Path) -> None:
    (project / "f.o").write_bytes(write_object(Specimen(strong=["f"], undefined=["g"])))
    (project / "g.o").write_bytes(write_object(Specimen(strong=["g"], undefined=["open64"])))
    (project / "libf.a").unlink()
    subprocess.run(["ar", "rcSD", "libf.a", "f.o"], check=True, timeout=60)
    words = ("--linker=lld", "--", "main.o", "--start-lib", "g.o", "--end-lib", "libf.a")
    code, out, _ = run(capsys, "why", "g", *words)
    made = "asks for open64, which glibc's headers make and musl does not define"
    assert (code, out.splitlines()[-1]) == (0, f"  libc      g.o: glibc; {made}")


def test_why_an_option(capsys: Capture) -> None:
    _, out, _ = run(capsys, "why", "g", "--", "main.o", "--defsym=f=g", "-e", "_start", "libg.a")
    lines = ["  wanted by --defsym=f", "  defined in libg.a(g.o) (strong): wins"]
    assert out.splitlines()[1:3] == lines
    _, out, _ = run(capsys, "why", "f", "--", "main.o", "--defsym=f=0x10")
    assert out == "f\n  wanted by main.o\n  defined in --defsym=f (option): wins\n"


def test_an_unknown_symbol(capsys: Capture) -> None:
    assert run(capsys, "why", "_startt", "--", "main.o") == (
        1,
        "",
        "staticlink: unknown symbol: _startt\n  similar: _start\n",
    )


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["why-extract", "--", "gone.o"], "no such file: gone.o\n"),
        (
            ["why-extract", "--", "main.o", "-shared"],
            "cannot explain a link with --shared\n  it makes a shared library\n",
        ),
        (["why-extract", "--", "main.o", "-r"], "cannot explain a link with --relocatable\n  it makes an object\n"),
        (["why-extract", "--", "main.o", "-u"], "option without its value: -u\n"),
        (
            ["why", "f", "--", "main.o", "-T", "app.ld"],
            "cannot explain a link with --script\n  the symbols that the script defines are not modelled\n",
        ),
        (
            ["plan", "--linker=lld", "--", "main.o", "--start-lib", "main.o", "--end-lib"],
            "cannot plan a link with --start-lib\n  fix: ar rcs NAME.a OBJECT...\n",
        ),
        (["why-extract", "--", "main.o", "-)"], "--end-group without --start-group\n"),
        (["why-extract", "--", "--pop-state"], "--pop-state without --push-state\n"),
        (["why-extract", "--", "--defsym=x"], "not an assignment: --defsym=x\n"),
        (["why-extract", "--", "--start-lib", "main.o"], "bfd does not know --start-lib\n  fix: --linker=lld\n"),
        (["plan", "--", "libx.so"], "shared library among the inputs: libx.so\n  fix: -static before it\n"),
        (["plan", "--linker=lld", "--", "-Lsub", "-lx"], "archive not found: libx.a\n  searched: sub\n"),
        (["plan", "--", "@a.rsp"], "response file includes itself: a.rsp\n"),
        (["audit", "gone.a"], "no such file: gone.a\n"),
        (["link", "main.o"], "no output named\n  fix: -o OUT\n"),
        (["link", "-o", "app"], "no input files\n"),
        (["link", "--libc=muls", "main.o"], "invalid value for option --libc: muls\n  allowed: musl, glibc\n"),
        (["cc", "--libc=muls", "main.c"], "invalid value for option --libc: muls\n  allowed: musl, glibc\n"),
        (["link", "--sources=no", "main.o"], "invalid value for option --sources: no\n  no such directory\n"),
        (["cc", "--sources=main.o", "main.c"], "invalid value for option --sources: main.o\n  no such directory\n"),
        (["link", "-o", "app", "--"], "no input files\n"),
        (["link", "-o", "main.o", "--", "main.o"], "the output is one of the inputs: main.o\n"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_trouble_ends_with_2(capsys: Capture, project: Path, words: list[str], message: str) -> None:
    (project / "a.rsp").write_text("main.o @a.rsp")
    assert run(capsys, *words) == (2, "", f"staticlink: {message}")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["why"], "the following arguments are required: symbol\n  fix: staticlink why --help\n"),
        (
            ["plan", "main.o"],
            "unrecognized arguments: main.o\n  fix: staticlink --help\n",
        ),
        (
            ["plan"],
            "the linker's arguments are missing: staticlink plan ... -- ARGS...\n  fix: staticlink --help\n",
        ),
    ],
)
def test_wrong_usage_ends_with_2(capsys: Capture, words: list[str], message: str) -> None:
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 2
    assert capsys.readouterr().err == f"staticlink: bad usage: {message}"


def test_trouble_in_json(capsys: Capture) -> None:
    found = document(capsys, "why-extract", "--json", "--", "gone.o")
    fault: dict[str, Any] = {
        "id": "missing-input",
        "what": "no such file: gone.o",
        "evidence": [],
        "fix": None,
        "see": None,
    }
    assert found == {"errors": [fault]}


def test_audit(capsys: Capture) -> None:
    code, out, err = run(capsys, "audit", "libf.a", "libg.a")
    libcs = "LIBC   libf.a: 1 unknown\nLIBC   libg.a: 1 unknown\n"
    assert (code, out, err) == (0, f"{libcs}AUDIT  2 archives: 0 findings, 0 allowed\n", "")
    evidence = ["has no note and no debug information, and asks for no name that only one libc has"]
    unknown = {"input": "libf.a", "libc": "unknown", "evidence": evidence, "objects": ["libf.a(f.o)"]}
    found = document(capsys, "audit", "--json", "libf.a")
    assert found == {"archives": ["libf.a"], "libcs": [unknown], "findings": []}


def test_every_document_is_as_described(capsys: Capture, project: Path) -> None:
    (project / "libx.a").write_bytes(
        write_archive([("a.o", Specimen(strong=["f"], undefined=["b"])), ("c.o", Specimen(constructor=True))])
    )
    (project / "libz.a").write_bytes(write_archive([("b.o", Specimen(strong=["b"], undefined=["f"]))]))
    subprocess.run(["ld.bfd", "main.o", "libf.a", "libg.a", "-o", "app"], check=True, timeout=60)
    inputs = ("--", "main.o", "libg.a", "libf.a", "libh.a", "libx.a", "libz.a", "--defsym=q=1")
    questions = [
        *(("why-extract", f"--linker={linker}", *inputs) for linker in ("bfd", "lld")),
        *(("plan", f"--linker={linker}", *inputs) for linker in ("bfd", "gold", "lld", "mold", "rust-lld")),
        ("plan", "--", "main.o", "main.o", "libx.a", "libz.a", "libh.a", "--whole-archive", "libg.a"),
        *(("why", symbol, *inputs) for symbol in ("f", "g", "w", "q", "_start", "_end", "gg")),
        ("audit", "libf.a", "libg.a", "libh.a", "libx.a"),
        ("verify", "app"),
        ("audit", "main.o"),
        ("verify", "gone"),
    ]
    seen = set()
    for words in questions:
        found = document(capsys, words[0], "--json", *words[1:])
        seen.add((words[0], "errors" in found))
        assert run(capsys, *words)[0] == (2 if "errors" in found else int(_stops(found["findings"])))
    assert {name for name, errors in seen if not errors} == described().keys() - {"link"}
    assert {name for name, errors in seen if errors} == {"audit", "verify"}


def _stops(findings: list[dict[str, Any]]) -> bool:
    return any(one.get("level", "error") == "error" for one in findings)


def test_one_option_has_many_spellings() -> None:
    for words in (["-u", "x"], ["-ux"], ["--undefined=x"], ["-undefined", "x"], ["--undefined", "x"]):
        assert list(read_words(words)) == [Word("undefined", "x")]
    for words in (["-lx"], ["-l", "x"], ["--library=x"], ["-library=x"]):
        assert list(read_words(words)) == [Word("library", "x")]
    for word in ("-static", "-Bstatic", "-dn", "-non_shared"):
        assert list(read_words([word])) == [Word("Bstatic")]
    words = ["-export-dynamic", "-eh-frame-hdr", "--build-id=sha1", "-z", "relro", "-zmuldefs", "-L=x", "-"]
    names = ["export-dynamic", "eh-frame-hdr", "build-id", "keyword", "keyword", "library-path", ""]
    assert [word.name for word in read_words(words)] == names


def test_response_files_quote(project: Path) -> None:
    (project / "words").write_text('a\\ b \'c "d\' ""\n  e\'f\'g\t"x\\"y"')
    assert [word.value for word in read_words(["@words", "@gone"])] == ["a b", 'c "d', "", "efg", 'x"y', "@gone"]
    (project / "quoted").write_text(" ".join(map(quote_word, ["a b", "c'd", 'e"f', "g\\h", ""])))
    assert [word.value for word in read_words(["@quoted"])] == ["a b", "c'd", 'e"f', "g\\h", ""]


def test_a_driver_keeps_its_own_words() -> None:
    wanted = read_wanted(["--libc=glibc", "-Wl,--json", "--pie", "--sysroot=/x", "main.o", "--probe="])
    assert (wanted.own, wanted.switches) == ({"libc": "glibc", "probe": ""}, frozenset({"pie"}))
    assert wanted.rest == ("-Wl,--json", "--sysroot=/x", "main.o")
    with pytest.raises(StaticlinkError):
        read_wanted(["--linker=none"])
    wanted = read_wanted(["--pie", "-o", "app", "--", "main.o", "--offline", "--"])
    assert (wanted.switches, wanted.rest) == (frozenset({"pie"}), ("-o", "app", "main.o", "--offline", "--"))
