"""Whatever the text, reading it returns; what it returns can be printed and rendered."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from strategies import programs

from causaldsl.diagnostics.codes import CODES
from causaldsl.diagnostics.render import render_json, render_text
from causaldsl.source import SourceFile
from causaldsl.syntax.parser import parse, parse_do, parse_expression
from causaldsl.syntax.printer import print_program

QUICK = settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))

_WORDS = """scm param sensitive observed outcome latent auxiliary control missing group learn prior
guide coupling loss train predict query assert not from as by else along E P Q S S' x Y real binary
image drop auto"""
_SIGNS = (
    """-> <- <-> := ~ .. <= >= != = < > + - * / ^ ( ) [ ] { } | , ; : # " "a" 1 0.5 1e-3 . ' __"""
)
_PIECES = (*_WORDS.split(), *_SIGNS.split())
pieces = st.lists(st.sampled_from([*_PIECES, "\n", "\n", "  "]), max_size=40)
soups = st.builds(lambda parts, glue: glue.join(parts), pieces, st.sampled_from(["", " "]))


def _read(text: str) -> None:
    source = SourceFile(path="fuzz.scm", text=text)
    program, problems = parse(source)
    for problem in problems:
        assert problem.code in CODES
        for label in problem.labels:
            assert 0 <= label.span.start <= label.span.end <= len(text)
    shown = render_text(problems)
    assert shown.isascii() or "\x1b" not in shown
    assert len(render_json(problems)) == len(problems)
    again, after = parse(SourceFile(path="printed.scm", text=print_program(program)))
    if not problems:
        assert [p for p in after if p.code != "CD008"] == []
        assert again == program


@QUICK
@given(st.text(st.characters(exclude_categories=[]), max_size=80))
def test_any_text_is_read_or_refused(text):
    _read(text)


@QUICK
@given(soups)
def test_any_sequence_of_the_languages_words_is_read_or_refused(text):
    _read(text)


@settings(QUICK, max_examples=60)
@given(programs(), st.data())
def test_a_program_with_a_piece_cut_out_is_read_or_refused(program, data):
    text = print_program(program)
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + 10)))
    _read(text[:start] + data.draw(st.sampled_from(["", *_PIECES])) + text[end:])


@QUICK
@given(soups)
def test_any_command_line_is_read_or_refused(text):
    for node, problems in (parse_do(text), parse_expression(text)):
        assert (node is None) == bool(problems)
