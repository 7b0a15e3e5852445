"""Mistakes: each is named at its place, costs its own statement, and never breaks the reader."""

from __future__ import annotations

import pytest

from causaldsl.source import SourceFile
from causaldsl.syntax import lexer, parser
from causaldsl.syntax.parser import parse


def _problems(text):
    return parse(SourceFile(path="model.scm", text=text))[1]


def _found(text):
    return [(p.code, p.span.text) for p in _problems(text)]


# --- what people write instead --------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "code", "place", "hint"),
    [
        ("sensitve S : binary", "CD023", "sensitve", "did you mean `sensitive`?"),
        ("Sensitive S : binary", "CD023", "Sensitive", "did you mean `sensitive`?"),
        ("foo", "CD023", "foo", None),
        ("Y : real", "CD023", "Y", "write `observed Y : ...`, or another role"),
        ("A ->", "CD027", "->", None),
        ("A <-> \n", "CD027", "<->", None),
        ("-> B", "CD027", "->", None),
        ("A -> B <-> C", "CD027", "<->", None),
        ("observed x :", "CD026", ":", None),
        ("observed x : from", "CD026", ":", None),
        ("observed x real", "CD026", "real", "write `: real`"),
        ("observed x : rael", "CD030", "rael", "did you mean `real`?"),
        ("observed x : image", "CD030", "image", "write `image[channels, height, width]`"),
        ("observed x : real[3]", "CD031", "real[3]", None),
        ("observed x : image[3, 2]", "CD032", "image[3, 2]", None),
        ("observed x : image[3, 2, 1.5]", "CD032", "1.5", None),
        ('observed x "a" "b"', "CD033", '"b"', None),
        ("observed x missing drop else drop missing drop", "CD033", "missing drop", None),
        ("observed x : binary else dorp", "CD034", "dorp", "did you mean `drop`?"),
        ("missing dorp", "CD034", "dorp", "did you mean `drop`?"),
        ("assert idetified(te)", "CD035", "idetified", "did you mean `identified`?"),
        ("query q = Q[Y]", "CD036", "Q[Y]", None),
        ("observed x from Sex", "CD029", "Sex", 'write `"Sex"`'),
        ("observed x from floor(LSAT)", "CD029", "LSAT", 'write `"LSAT"`'),
        ("scm x Title", "CD029", "Title", 'write `"Title"`'),
        ("observed x : {1, 2}", "CD029", "1", 'write `"1"`'),
        ("observed x : {Never-married}", "CD029", "Never-", "put the whole level in quotes"),
        ("observed x : {E, F}", "CD028", "E", 'write `"E"` if it is a level'),
        ("observed by : real", "CD028", "by", "choose a name other than `by`"),
        ("predict Y", "CD024", "Y", None),
        ("Y ~ x +", "CD024", "+", None),
        ("train a=1,", "CD024", ",", "remove the comma, or write what belongs behind it"),
        ("Y = Normal(0, 1)", "CD025", "=", None),
        ("Y <- 1", "CD025", "<-", None),
        ("prior w = Normal(0, 1)", "CD025", "=", "write `~` behind `w`"),
        ("learn w ~ 0", "CD025", "~", "write `=` before the start, or `prior` for `learn`"),
        ("query q = E[Y[S = 1]]", "CD025", "=", "write `<-`"),
        ("Y ~ 2 ** x", "CD020", "**", "write `^` for a power"),
        ("query q = P[Y == 1]", "CD020", "==", "write `=`"),
        ("loss f = mse(S, L = 1)", "CD020", "L =", None),
        ("Y ~ f(0 1)", "CD020", "1", "put a comma or a sign between the two"),
        ("group d a", "CD020", "a", None),
        ('"x" -> y', "CD020", '"x"', None),
    ],
)
def test_a_mistake_is_named_at_its_place(text, code, place, hint):
    (problem,) = _problems(text)
    assert (problem.code, problem.span.text) == (code, place)
    if hint is not None:
        assert problem.hint == hint


def test_a_comparison_with_a_negative_number_needs_its_blank():
    (problem,) = _problems("query q = P[L <-1]")
    assert problem.hint == "write `< -` with a blank for less than a negative number"


def test_comparisons_stand_only_in_expectations():
    (problem,) = _problems("query q = Y > 1")
    assert "E[...]" in problem.hint


@pytest.mark.parametrize(
    "text", ["Y ~ f(1", "Y ~ f((1)", "Y ~ f(a]", "Y ~ [1, {a: 2]", "Y ~ f(1\n\n\n"]
)
def test_a_bracket_that_is_never_closed_is_shown_with_where_it_should_be(text):
    (problem,) = _problems(text)
    assert problem.code == "CD021"
    assert [label.primary for label in problem.labels] == [True, False]
    assert problem.span.text in "([{"


def test_a_bracket_that_was_never_opened_is_shown():
    assert _found("Y ~ a)") == [("CD022", ")")]


def test_no_message_names_a_token_of_the_grammar():
    texts = ["Y ~ f(0 1)", "group d a", "predict Y", "Y ~ x +", "learn = 3", "guide u Normal(0)"]
    names = {"LPAR", "RSQB", "NAME", "NUMBER", "STRING", "COMMA", "EQUAL", "TILDE", "$END"}
    for text in texts:
        for problem in _problems(text):
            assert not names & set(problem.message.replace("`", " ").split())


def test_what_was_expected_is_said_in_a_few_words():
    (problem,) = _problems("Y ~ f(0 1)")
    assert problem.message.count("`") <= 10


# --- characters -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "code", "place"),
    [
        ("A \u2192 B", "CD011", "\u2192"),
        ("A\u00a0-> B", "CD011", "\u00a0"),
        ("Y ~ @", "CD011", "@"),
        ("A -> B\x00", "CD010", "\x00"),
        ("A -> \u202eB", "CD010", "\u202e"),
        ("A -> B # \u202e", "CD010", "\u202e"),
        ('param p = "\u202e"', "CD010", "\u202e"),
        ('param p = "\x1b[2J"', "CD010", "\x1b"),
        ("A -> \ufeffB", "CD010", "\ufeff"),
        ("A -> B\r-> C", "CD010", "\r"),
        ("A -> B\x0c", "CD010", "\x0c"),
        ("A -> \u200bB", "CD010", "\u200b"),
        ("A -> \ud800", "CD010", "\ud800"),
        ('scm x "abc', "CD012", '"abc'),
        (r'scm x "\q"', "CD013", r"\q"),
        (r'scm x "\u12"', "CD013", r"\u"),
        (r'scm x "\ud800"', "CD013", r"\ud800"),
        ("Y ~ 2x", "CD014", "2x"),
        ("Y ~ 1.2.3", "CD014", "1.2.3"),
        ("Y ~ 0x1F", "CD014", "0x1F"),
        ("Y ~ 1_000", "CD014", "1_000"),
        ("Y ~ 1e", "CD014", "1e"),
        ("observed 1x : real", "CD014", "1x"),
        ("Y ~ 1e999", "CD015", "1e999"),
        ("a__b -> c", "CD016", "a__b"),
        ("__init__ -> c", "CD016", "__init__"),
        ("\u212a -> c", "CD018", "\u212a"),
        ("x\u00b2 -> c", "CD018", "x\u00b2"),
    ],
)
def test_a_character_that_does_not_belong_is_shown(text, code, place):
    assert _found(text)[0] == (code, place)


def test_a_sign_that_looks_like_one_of_ours_is_translated():
    assert _problems("A \u2192 B")[0].hint == "write `->`"


@pytest.mark.parametrize("text", ["\ufeffA -> B", "A\t->\tB", "A -> B\r\n", "\r\nA -> B\r\n\r\n"])
def test_a_mark_at_the_start_tabs_and_carriage_returns_are_read(text):
    program, problems = parse(SourceFile(path="m.scm", text=text))
    assert problems == ()
    assert len(program.statements) == 1


@pytest.mark.parametrize("text", ["", "\n\n", "# only a comment\n", " \t ", "\ufeff"])
def test_a_file_without_a_statement_is_a_mistake(text):
    program, (problem,) = parse(SourceFile(path="m.scm", text=text))
    assert program.statements == ()
    assert problem.code == "CD008"


# --- the rest of the file -------------------------------------------------------------------


def test_several_mistakes_are_reported_in_one_run_and_the_rest_is_read():
    text = "scm m\nobserved x : rael\nA ->\nY ~ Normal(0, 1)\nY = 2\nlatent u\n"
    program, problems = parse(SourceFile(path="m.scm", text=text))
    assert [p.code for p in problems] == ["CD030", "CD027", "CD025"]
    assert [s.span.text for s in program.statements] == ["scm m", "Y ~ Normal(0, 1)", "latent u"]


@pytest.mark.parametrize(
    "following",
    ["observed x : real", "predict Y from K", "A, B -> C", "Y := 2", "Y ~ f(x)", "loss 0 * elbo()"],
)
def test_a_line_that_can_only_begin_a_statement_ends_an_open_bracket(following):
    program, problems = parse(SourceFile(path="m.scm", text=f"Y ~ f(1,\n{following}\nA -> B\n"))
    assert [p.code for p in problems] == ["CD021"]
    assert [s.span.text for s in program.statements] == [following, "A -> B"]


@pytest.mark.parametrize(
    "text",
    [
        "query q = E[Y[\nS ~ Uniform(0, 1)]]",
        "query q = E[Y[S <- 1 along {\nS -> Y,\nS -> L -> Y}]]",
        "group d = a,\ncontrol,\nloss",
        "Y ~ f(\ncontrol, b)",
        "Y ~ f(\nloss by group)",
        "group -> x",
    ],
)
def test_a_line_that_may_continue_a_bracket_does(text):
    program, problems = parse(SourceFile(path="m.scm", text=text))
    assert problems == ()
    assert len(program.statements) == 1


def test_a_bad_character_costs_one_statement_only():
    program, _ = parse(SourceFile(path="m.scm", text="A -> B\nC @ D\nE1 -> F\n"))
    assert len(program.statements) == 2


def test_problems_come_in_the_order_of_the_text():
    problems = _problems("A ->\nB @ C\nD ->\n")
    starts = [p.span.start for p in problems]
    assert starts == sorted(starts)


# --- limits ---------------------------------------------------------------------------------


def test_too_many_open_brackets_are_a_mistake():
    assert [p.code for p in _problems(f"Y ~ {'(' * 5000}1{')' * 5000}")] == ["CD006"]


def test_as_many_brackets_as_allowed_are_read():
    assert _problems(f"Y ~ {'(' * 100}1{')' * 100}") == ()


@pytest.mark.parametrize("text", ["+".join("x" * 5000), "-" * 5000 + "1", "^".join("x" * 5000)])
def test_too_long_a_chain_of_signs_is_a_mistake(text):
    assert [p.code for p in _problems(f"Y ~ {text}")] == ["CD006"]


def test_a_long_list_is_no_deep_one():
    assert _problems(f"group d = {', '.join(f'x{i}' for i in range(5000))}") == ()


def test_long_names_and_numbers_are_mistakes():
    assert [p.code for p in _problems(f"{'x' * 201} -> y")] == ["CD017"]
    assert [p.code for p in _problems(f"Y ~ {'1' * 101}")] == ["CD015"]


def test_only_the_first_mistakes_are_reported():
    for text in ("A ->\n" * 1000, "@" * 1000, "A ->\n" * 40 + "@" * 40):
        problems = _problems(text)
        assert len(problems) == parser.MAX_ERRORS + 1
        assert [p.code for p in problems].count("CD007") == 1


def test_too_large_a_text_is_not_read(monkeypatch):
    monkeypatch.setattr(parser, "MAX_CHARACTERS", 10)
    program, (problem,) = parse(SourceFile(path="m.scm", text="A -> B\n" * 2))
    assert program is None
    assert problem.code == "CD003"


def test_too_many_tokens_end_the_reading(monkeypatch):
    monkeypatch.setattr(lexer, "MAX_TOKENS", 9)
    program, problems = parse(SourceFile(path="m.scm", text="A -> B\n" * 20))
    assert "CD004" in [p.code for p in problems]
    assert len(program.statements) <= 3


def test_too_many_statements_end_the_reading(monkeypatch):
    monkeypatch.setattr(parser, "MAX_STATEMENTS", 2)
    program, (problem,) = parse(SourceFile(path="m.scm", text="A -> B\n" * 5))
    assert (problem.code, len(program.statements)) == ("CD005", 2)
