"""``check``, ``fmt``, ``explain``, ``graph`` and ``compile``: right and wrong input, exit codes."""

import ast
import json
import xml.dom.minidom

import pytest

from tests.command_line import MODELS, run

BAD = "scm m\nsensitive race : {a, b}\noutcome Y : real\nrace -> Y\nY ~ Normal(linear(raec), 1)\n"
FILES = sorted(MODELS.rglob("*.scm"))


@pytest.fixture
def bad(here):
    (here / "bad.scm").write_text(BAD)
    return "bad.scm"


# --- check ----------------------------------------------------------------------------------


def test_check_says_in_one_line_what_a_model_is(small):
    done = run("check", small)
    assert (done.code, done.err) == (0, "")
    assert done.out == "small.scm: ok (3 observed and 1 unobserved variables, 4 arrows)\n"


def test_check_prints_mistakes_to_standard_error_and_ends_with_3(bad):
    done = run("check", bad)
    assert (done.code, done.out) == (3, "")
    assert "error[CD102]" in done.err
    assert "did you mean `race`" in done.err


def test_check_goes_on_after_a_wrong_file(bad, small):
    done = run("check", bad, "nowhere.scm", small)
    assert done.code == 3
    assert done.out.startswith("small.scm: ok")
    assert "bad.scm: 1 error" in done.err
    assert "CD001" in done.err


def test_check_prints_json_for_programs(bad, small):
    (finding,) = json.loads(run("check", "--json", bad).out)
    assert (finding["code"], finding["line"], finding["file"]) == ("CD102", 5, "bad.scm")
    assert json.loads(run("check", "--json", small).out) == []


def test_check_reads_standard_input():
    done = run("check", "-", stdin=BAD)
    assert done.code == 3
    assert "<stdin>:5" in done.err


def test_strict_check_fails_on_warnings(here):
    (here / "w.scm").write_text("scm w\nobserved X, Z : real\n")
    assert run("check", "w.scm").code == 0
    assert run("check", "--strict", "w.scm").code == 1


def test_very_many_findings_are_counted_not_listed(here):
    lines = "".join(f"Q{i} -> Z{i}\n" for i in range(40))
    (here / "many.scm").write_text(f"scm m\nobserved X : real\n{lines}")
    done = run("check", "many.scm")
    assert done.err.count("error[") == 20
    assert "and 60 more" in done.err
    assert len(json.loads(run("check", "--json", "many.scm").out)) == 80


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "CD008"),
        (b"\xff\xfe\x00", "CD002"),
        (b"\x00\x01\x02", "CD"),
        (b"race,UGPA\nWhite,3.1\n", "CD0"),
    ],
)
def test_a_file_that_is_no_model_ends_with_3(here, content, code):
    (here / "x.scm").write_bytes(content)
    done = run("check", "x.scm")
    assert done.code == 3
    assert code in done.err


def test_a_folder_is_no_model(here):
    (here / "d").mkdir()
    done = run("check", "d")
    assert (done.code, "directory" in done.err) == (3, True)


def test_a_saved_fit_is_no_model_text(fit):
    for command in (["check"], ["fmt"], ["graph"], ["compile"], ["fit", "--data", "t.csv"]):
        done = run(command[0], fit, *command[1:])
        assert (done.code, "is a saved fit" in done.err) == (2, True)


# --- --set ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("pul=2", "did you mean `pull`"),
        ("pull=x", "`pull` is overridden with `x`, expected a number"),
        ("pull=nan", "expected a number"),
        ("pull=[1, 2]", "overridden with `[1, 2]`"),
        ("pull", "--set wants NAME=VALUE"),
        ("=2", "--set wants NAME=VALUE"),
        ("pull=", "--set wants NAME=VALUE"),
        ("pull=[1,", "is no list"),
        ("pull={a: x}", "no table"),
    ],
)
def test_a_wrong_setting_is_wrong_use(small, setting, said):
    done = run("check", small, "--set", setting)
    assert (done.code, said in done.err) == (2, True), done.err


def test_a_setting_given_twice_is_wrong_use(small):
    assert run("check", small, "--set", "pull=1", "--set", "pull=2").code == 2


def test_a_table_is_set_in_the_words_of_the_language(numbered):
    assert run("check", numbered, "--set", 'shift={a: -1, "b-c": 2}').code == 0
    assert run("check", numbered, "--set", "shift={a: -1}").code == 2


# --- fmt ------------------------------------------------------------------------------------


def test_fmt_rewrites_once_and_then_has_nothing_to_do(here):
    (here / "f.scm").write_text("scm   m\nobserved X:real # what\n")
    assert run("fmt", "--check", "f.scm").code == 1
    assert run("fmt", "f.scm").out == "formatted f.scm\n"
    assert run("fmt", "--check", "f.scm").code == 0
    assert "# what" in (here / "f.scm").read_text()


def test_fmt_shows_a_difference_and_changes_nothing(here):
    text = "scm   m\nobserved X:real"
    (here / "f.scm").write_text(text)
    done = run("fmt", "--diff", "f.scm")
    assert done.code == 1
    assert "-scm   m\n" in done.out
    assert "+scm m\n" in done.out
    assert (here / "f.scm").read_text() == text


def test_fmt_reads_standard_input_and_writes_standard_output():
    assert run("fmt", "-", stdin="scm   m\n").out == "scm m\n"
    done = run("fmt", "-", stdin="scm m\nobserved :\n")
    assert (done.code, done.out) == (3, "")


def test_fmt_formats_the_right_files_beside_a_wrong_one(here, bad):
    (here / "bad.scm").write_text("scm m\nobserved :\n")
    (here / "f.scm").write_text("scm   m\n")
    done = run("fmt", "bad.scm", "f.scm")
    assert (done.code, done.out) == (3, "formatted f.scm\n")


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.name)
def test_shipped_models_are_formatted(path):
    assert run("fmt", "--check", path).code == 0


# --- explain --------------------------------------------------------------------------------


def test_explain_prints_the_page_of_a_code():
    assert run("explain", "cd102").out.startswith("# CD102: unknown name")
    assert "CD102  error    unknown name" in run("explain", "all").out


@pytest.mark.parametrize(("code", "said"), [("CD1022", "did you mean"), ("hello", "explain all")])
def test_an_unknown_code_is_wrong_use(code, said):
    done = run("explain", code)
    assert (done.code, said in done.err) == (2, True)


# --- graph ----------------------------------------------------------------------------------


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.name)
@pytest.mark.parametrize("options", [[], ["--twin"], ["--theme", "dark"]], ids=" ".join)
def test_every_shipped_model_is_drawn(path, options):
    if "--twin" in options and "sensitive" not in path.read_text("utf-8"):
        done = run("graph", path, "--own-layout", *options)
        assert (done.code, "give --do" in done.err) == (2, True)
        options = [*options, "--do", "t"]
    done = run("graph", path, "--own-layout", *options)
    assert done.code == 0, done.err
    assert xml.dom.minidom.parseString(done.out).documentElement.tagName == "svg"


@pytest.mark.parametrize(
    ("name", "start"),
    [
        ("g.svg", b"<"),
        ("g.dot", b"digraph"),
        ("g.gv", b"digraph"),
        ("g.mmd", b"---"),
        ("g.md", b"```mermaid\n---"),
        ("g.png", b"\x89PNG"),
        ("g.pdf", b"%PDF"),
    ],
)
def test_a_picture_has_the_form_of_its_name(numbered, here, name, start):
    done = run("graph", numbered, "-o", name, "--own-layout")
    assert (done.code, done.out) == (0, f"wrote {name}\n"), done.err
    assert (here / name).read_bytes().startswith(start)


@pytest.mark.parametrize(
    "do", ["S", "S=a", "S=b-c", "S <- a", "S, G", "S=s'", "G <- G + 1", "G ~ Normal(0, 1)"]
)
def test_an_intervention_is_drawn_however_it_is_written(numbered, do):
    done = run("graph", numbered, "--format", "mermaid", "--do", do)
    assert done.code == 0, done.err
    assert ":::intervened" in done.out or "set by do" in done.out


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        (["--do", "Q7"], 5, "no variable `Q7`"),
        (["--do", "g"], 5, "did you mean `G`"),
        (["--do", "S ="], 2, "CD024"),
        (["--format", "bmp"], 2, "no format"),
        (["--format", "png"], 2, "give -o FILE.png"),
        (["--theme", "neon"], 2, "no theme"),
        (["-o", "x.bmp"], 2, "no format"),
        (["-o", "nowhere/x.svg"], 2, "no folder nowhere"),
        (["-o", "d.svg"], 2, "is a folder"),
    ],
)
def test_a_wrong_picture_is_refused(numbered, here, options, code, said):
    (here / "d.svg").mkdir()
    done = run("graph", numbered, *options)
    assert (done.code, said in done.err) == (code, True), done.err


def test_a_model_is_not_replaced_by_its_picture(numbered):
    before = numbered.read_text()
    done = run("graph", numbered, "--format", "svg", "-o", numbered)
    assert (done.code, "would replace" in done.err) == (2, True)
    assert numbered.read_text() == before


# --- compile --------------------------------------------------------------------------------


def test_compile_prints_python_that_parses(small):
    done = run("compile", small)
    assert done.code == 0
    ast.parse(done.out)


@pytest.mark.parametrize("stage", ["ast", "scm", "ir", "guide"])
def test_every_stage_is_printed(small, stage):
    done = run("compile", small, "--emit", stage)
    assert done.code == 0
    assert done.out


@pytest.mark.parametrize(
    ("options", "code"),
    [(["--emit", "x"], 2), (["-o", "nowhere/x.py"], 2), (["--set", "a=1"], 2), (["--nope"], 2)],
)
def test_a_wrong_compilation_is_refused(small, options, code):
    assert run("compile", small, *options).code == code


def test_what_is_not_compiled_yet_says_so_at_its_place(here):
    (here / "n.scm").write_text(
        "scm n\nobserved s : {a, b}\nobserved y : real\ns -> y\n"
        "y ~ linear(s; intercept=false) by s\n"
    )
    done = run("compile", "n.scm")
    assert (done.code, "n.scm:5:" in done.err) == (3, True)


# --- the command line itself ----------------------------------------------------------------


def test_help_lists_the_commands_and_the_exit_codes():
    done = run("--help")
    assert done.code == 0
    for word in ("check", "counterfactual", "query", "5 refused or not converged"):
        assert word in " ".join(done.out.split())


def test_the_version_is_printed():
    assert run("--version").out.startswith("causaldsl ")


@pytest.mark.parametrize("arguments", [["chek", "x"], ["check"], ["check", "--nope"]])
def test_wrong_use_ends_with_2(arguments):
    assert run(*arguments).code == 2
