"""The grammar itself, and the tables that must agree with it."""

from __future__ import annotations

import pytest
from lark.exceptions import GrammarError

from causaldsl.syntax import place, tokens
from causaldsl.syntax.explain import RESERVED
from causaldsl.syntax.lexer import Lexer
from causaldsl.syntax.machine import Machine, Unexpected, compile_grammar
from causaldsl.syntax.parser import grammar_text
from causaldsl.syntax.tokens import Token


@pytest.fixture(scope="module")
def lark():
    return compile_grammar(grammar_text(), strict=True)


def test_the_grammar_has_no_conflicts(lark):
    assert lark.terminals


def test_strict_mode_does_refuse_a_conflict():
    with pytest.raises(GrammarError):
        compile_grammar(
            "program: a | b\na: X\nb: X\nstatement: X\nexpression: X\ndo_assignment: X\nX: /x/",
            strict=True,
        )


def test_every_word_of_the_grammar_begins_a_statement_or_is_reserved(lark):
    words = set(Lexer(lark.terminals).words.values())
    assert words == tokens.STATEMENTS | RESERVED


def test_the_reserved_words_are_spelled_once(lark):
    spelling = Lexer(lark.terminals).spelling
    assert {spelling[name] for name in RESERVED} == tokens.RESERVED


def test_every_sign_of_a_message_has_a_spelling(lark):
    spelling = Lexer(lark.terminals).spelling
    assert set(spelling) >= (place.OPERATORS | set(tokens.CLOSERS) | set(tokens.CLOSERS.values()))


def test_the_whole_grammar_reads_a_file_with_its_line_ends(lark):
    line = [Token("MISSING", "missing", 0, 7), Token("NAME", "drop", 8, 12)]
    end = Token(tokens.LINE_END, "\n", 12, 13)
    tree = Machine(lark).parse([end, *line, end, end, *line], "program")
    assert tree.data == "program"


def test_what_fits_is_told_at_the_end_of_the_tokens(lark):
    with pytest.raises(Unexpected) as caught:
        Machine(lark).parse([Token("MISSING", "missing", 0, 7)], "statement")
    assert caught.value.expected == {"NAME"}
