"""Canonical text: what `fmt` makes of what people write."""

from __future__ import annotations

from pathlib import Path

import pytest

from causaldsl.source import SourceFile
from causaldsl.syntax.dump import dump
from causaldsl.syntax.parser import parse, parse_expression
from causaldsl.syntax.printer import print_expression, print_program

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = sorted((ROOT / "tests" / "golden" / "print").glob("*.scm"))
MODELS = sorted((ROOT / "models").rglob("*.scm"))


def _formatted(text):
    program, problems = parse(SourceFile(path="model.scm", text=text))
    assert problems == ()
    return print_program(program)


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_the_formatted_file_is_the_golden_one(path, golden):
    golden(path.with_suffix(".expected"), _formatted(path.read_text(encoding="utf-8")))


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_the_tree_is_the_golden_one(path, golden):
    program, _ = parse(SourceFile(path=path.name, text=path.read_text(encoding="utf-8")))
    golden(path.with_suffix(".ast"), dump(program) + "\n")


@pytest.mark.parametrize("path", [*GOLDEN, *MODELS], ids=lambda path: path.stem)
def test_formatting_twice_changes_nothing(path):
    once = _formatted(path.read_text(encoding="utf-8"))
    assert _formatted(once) == once


@pytest.mark.parametrize("path", [*GOLDEN, *MODELS], ids=lambda path: path.stem)
def test_formatting_keeps_the_meaning(path):
    text = path.read_text(encoding="utf-8")
    before, _ = parse(SourceFile(path=path.name, text=text))
    after, _ = parse(SourceFile(path=path.name, text=_formatted(text)))
    assert before == after


@pytest.mark.parametrize("path", [*GOLDEN, *MODELS], ids=lambda path: path.stem)
def test_no_line_but_a_comment_is_too_wide(path):
    lines = _formatted(path.read_text(encoding="utf-8")).splitlines()
    assert [line for line in lines if len(line) > 100 and not line.startswith("#")] == []


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        ("a+b*c", "a + b*c"),
        ("2*(a+b)", "2 * (a + b)"),
        ("((a))", "a"),
        ("(a*b)*c", "a * b * c"),
        ("a*(b*c)", "a * (b * c)"),
        ("a-(b-c)", "a - (b - c)"),
        ("(a+b)+c", "a + b + c"),
        ("a+(b+c)", "a + (b + c)"),
        ("(-a)^2", "(-a)^2"),
        ("-(a^2)", "-a^2"),
        ("-(a*b)", "-(a * b)"),
        ("a^(b^c)", "a^b^c"),
        ("(a^b)^c", "(a^b)^c"),
        ("a--b", "a - -b"),
        ("1+a*-b/c", "1 + a*-b/c"),
        ("f( a ,b;c = 1 )", "f(a, b; c=1)"),
        ("f(c=1)", "f(c=1)"),
        ("(f(x)) by (S)", "f(x) by S"),
        ("(a+b) by S", "(a + b) by S"),
        ("f((a,b) from c)", "f((a, b) from c)"),
        ("P[ Y>0|L>=30 ,S=Black]", "P[Y > 0 | L >= 30, S = Black]"),
        ("P[L < -1]", "P[L < -1]"),
        ("Q[Y,0.9|Z=1]", "Q[Y, 0.9 | Z = 1]"),
        ("Y[S<-1,A~f(0)]", "Y[S <- 1, A ~ f(0)]"),
        ("Y[S <- 1 along {S -> Y}]", "Y[S <- 1 along S -> Y]"),
        ("Y[S <- 1 along {S->Y,S->L->Y}]", "Y[S <- 1 along {S -> Y, S -> L -> Y}]"),
        (
            '{"White":0, "a b":1, "E":2, "x__y":3, 1:4}',
            '{White: 0, "a b": 1, "E": 2, "x__y": 3, 1: 4}',
        ),
        ('"\\u202e"', '"\\u202e"'),
        ('"ü"', '"ü"'),
        ("1E-3+007", "1E-3 + 007"),
    ],
)
def test_an_expression_has_one_way_to_be_written(written, canonical):
    expression, problems = parse_expression(written)
    assert problems == ()
    assert print_expression(expression) == canonical


def test_neighbouring_declarations_are_aligned():
    text = 'sensitive S : {a, b} from "s"\nobserved longer : real from "l"\nlatent u\n'
    assert _formatted(text) == (
        'sensitive S      : {a, b} from "s"\nobserved  longer : real   from "l"\nlatent    u\n'
    )


def test_blank_lines_and_comments_end_an_alignment():
    text = "a -> b\nlong -> b\n\na -> c\n# why\nlong -> c\n"
    assert _formatted(text) == ("a    -> b\nlong -> b\n\na -> c\n# why\nlong -> c\n")


def test_a_wide_cell_is_not_aligned_to():
    names = ", ".join(f"variable_{i}" for i in range(4))
    text = f"observed {names} : real\noutcome y : real\n"
    assert _formatted(text) == f"observed {names} : real\noutcome  y : real\n"


def test_blank_lines_are_kept_but_one_at_a_time():
    assert _formatted("\n\na -> b\n\n\n\nb -> c\nc -> d\n\n") == "a -> b\n\nb -> c\nc -> d\n"


def test_no_comment_is_lost():
    text = (
        "# first\n\n#second\na -> b # behind\nY ~ f(a, # inside\n  # and again\n  b) # last\n#end"
    )
    assert _formatted(text) == (
        "# first\n\n# second\na -> b  # behind\n# inside\n# and again\nY ~ f(a, b)  # last\n# end\n"
    )


def test_a_long_list_goes_on_under_its_bracket():
    text = "observed x : {" + ", ".join(f"level_number_{i}" for i in range(12)) + "}"
    lines = _formatted(text).splitlines()
    assert len(lines) == 3
    assert {line.index("level") for line in lines} == {len("observed x : {")}


def test_a_long_sum_breaks_inside_its_bracket():
    text = "Y ~ Normal(" + " + ".join(f"weight_{i}*variable_{i}" for i in range(8)) + ", 1)"
    formatted = _formatted(text)
    assert max(map(len, formatted.splitlines())) <= 100
    assert _formatted(formatted) == formatted


def test_the_parts_of_a_declaration_have_one_order():
    text = 'observed x : {a, b} "l" missing drop else drop as {1: a} from "c"'
    assert _formatted(text) == (
        'observed x : {a, b} from "c" as {1: a} else drop missing drop "l"\n'
    )


def test_an_empty_program_prints_nothing():
    program, _ = parse(SourceFile(path="empty.scm", text=""))
    assert print_program(program) == ""
