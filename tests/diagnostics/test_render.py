"""Diagnostics as a terminal and a program see them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from causaldsl.diagnostics.codes import diagnostic
from causaldsl.diagnostics.model import Label
from causaldsl.diagnostics.render import render_json, render_text, visible
from causaldsl.source import SourceFile, Span
from causaldsl.syntax.parser import parse

GOLDEN = sorted((Path(__file__).resolve().parents[1] / "golden" / "render").glob("CD0*.scm"))


def _span(text, part, path="model.scm"):
    start = text.index(part)
    return Span(file=SourceFile(path=path, text=text), start=start, end=start + len(part))


def _rows(text, part, **more):
    found = diagnostic("CD020", "wrong", Label(span=_span(text, part), text="here"), **more)
    return render_text([found]).splitlines()


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_each_code_of_the_syntax_has_a_golden_rendering(path, golden):
    text = path.read_bytes().decode("utf-8")
    _, problems = parse(SourceFile(path=path.name, text=text))
    assert path.stem in {problem.code for problem in problems}
    golden(path.with_suffix(".expected"), render_text(problems))


def test_the_parts_of_a_diagnostic_stand_in_order():
    text = "scm a\n  lsat ~ Normal(raec)\n"
    found = diagnostic(
        "CD102",
        "unknown variable `raec`",
        Label(span=_span(text, "raec"), text="not declared in this scm"),
        notes=("one", "two"),
        hint="did you mean `race`?",
    )
    assert render_text([found]) == (
        "error[CD102]: unknown variable `raec`\n"
        " --> model.scm:2:17\n"
        "  |\n"
        "2 |   lsat ~ Normal(raec)\n"
        "  |                 ^^^^ not declared in this scm\n"
        "  = note: one\n"
        "  = note: two\n"
        "  = hint: did you mean `race`?\n"
    )


def test_a_second_label_shows_its_own_line():
    text = "a -> b\n\nb -> a\n"
    source = SourceFile(path="m.scm", text=text)
    found = diagnostic(
        "CD301",
        "twice",
        Label(span=Span(file=source, start=8, end=14), text="again"),
        Label(span=Span(file=source, start=0, end=6), text="first", primary=False),
    )
    assert render_text([found]).splitlines()[1:] == [
        " --> m.scm:3:1",
        "  |",
        "1 | a -> b",
        "  | ------ first",
        "3 | b -> a",
        "  | ^^^^^^ again",
    ]


def test_tabs_and_wide_characters_keep_the_marks_in_place():
    assert _rows("\tx ~ y", "y")[3:] == ["1 |     x ~ y", "  |         ^ here"]
    assert _rows("年龄 ~ y", "y")[3:] == ["1 | 年龄 ~ y", "  |        ^ here"]
    assert _rows("x ~ 年龄", "年龄")[4] == "  |     ^^^^ here"
    assert _rows("e\u0301 ~ y", "y")[4] == "  |     ^ here"


@pytest.mark.parametrize("position", [0, 500, 4999])
def test_a_very_long_line_is_trimmed_around_its_span(position):
    text = "x" * position + "!" + "x" * (4999 - position)
    row, mark = _rows(text, "!")[3:5]
    assert len(row) < 120
    assert row[mark.index("^")] == "!"


def test_a_mark_on_a_long_span_ends_with_the_line_shown():
    row, mark = _rows("x" * 5000, "x" * 5000)[3:5]
    assert len(mark) < 120
    assert len(row) < 120


def test_a_span_over_several_lines_marks_the_first():
    assert _rows("a(\nb)\n", "(\nb)")[3:] == ["1 | a(", "  |  ^ here"]


def test_an_empty_span_has_a_mark():
    source = SourceFile(path="m.scm", text="a")
    found = diagnostic("CD020", "wrong", Label(span=Span(file=source, start=1, end=1)))
    assert render_text([found]).splitlines()[-1] == "  |  ^"


@pytest.mark.parametrize(
    "hostile", ["\x1b[2J", "\u202e", "\x00", "\r", "\u2066", "\x9b", "\U000e0041"]
)
def test_hostile_characters_are_written_out(hostile):
    text = f"x {hostile} y"
    source = SourceFile(path=f"{hostile}.scm", text=text)
    label = Label(span=Span(file=source, start=0, end=1), text=hostile)
    found = diagnostic("CD020", hostile, label, notes=(hostile,), hint=hostile, place=hostile)
    shown = render_text([found])
    assert hostile[0] not in shown
    assert f"{ord(hostile[0]):04x}" in shown


def test_joiners_that_scripts_need_are_left_alone():
    assert visible("a\u200db") == "a\u200db"


def test_colours_are_added_only_when_asked_for():
    found = diagnostic("CD020", "wrong", Label(span=_span("a b", "b")))
    assert "\x1b[" not in render_text([found])
    assert "\x1b[1;31merror[CD020]\x1b[0m" in render_text([found], color=True)


def test_a_place_without_a_text_is_shown():
    found = diagnostic("CD001", "gone", place="nowhere.scm")
    assert render_text([found]) == "error[CD001]: gone\n --> nowhere.scm\n"


def test_a_note_may_have_several_lines():
    rows = _rows("a", "a", notes=("cycle:\na -> b",))
    assert rows[-2:] == ["  = note: cycle:", "          a -> b"]


def test_json_has_lines_columns_and_offsets():
    text = "scm a\nb -> c\n"
    (found,) = render_json([diagnostic("CD020", "wrong", Label(span=_span(text, "c\n")))])
    keys = ("file", "line", "column", "end_line", "end_column", "start", "end")
    assert [found[key] for key in keys] == ["model.scm", 2, 6, 3, 1, 11, 13]
    assert found["labels"][0]["primary"] is True


def test_json_can_be_written_whatever_the_text_holds():
    found = diagnostic("CD020", "\ud800", Label(span=_span("a\ud800", "\ud800")))
    assert json.loads(json.dumps(render_json([found])))[0]["code"] == "CD020"


def test_json_of_a_finding_without_a_place_has_no_file():
    (found,) = render_json([diagnostic("CD001", "gone", place="x")])
    assert (found["file"], found["place"], found["labels"]) == (None, "x", [])


def test_nothing_renders_to_nothing():
    assert render_text([]) == ""
