"""The grammar itself, and the tables that must agree with it."""

from __future__ import annotations

import pytest
from lark.exceptions import GrammarError

from causaldsl.syntax import place, tokens
from causaldsl.syntax.explain import RESERVED
from causaldsl.syntax.lexer import Lexer
from causaldsl.syntax.machine import Machine, Unexpected, compile_grammar
from causaldsl.syntax.parser import grammar_text, tables_path
from causaldsl.syntax.tables import digest_of, read_tables, tables_of, write_tables
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
    words = set(Lexer(tables_of(lark).terminals).words.values())
    assert words == tokens.STATEMENTS | RESERVED


def test_the_reserved_words_are_spelled_once(lark):
    spelling = Lexer(tables_of(lark).terminals).spelling
    assert {spelling[name] for name in RESERVED} == tokens.RESERVED


def test_every_sign_of_a_message_has_a_spelling(lark):
    spelling = Lexer(tables_of(lark).terminals).spelling
    assert set(spelling) >= (place.OPERATORS | set(tokens.CLOSERS) | set(tokens.CLOSERS.values()))


def test_the_whole_grammar_reads_a_file_with_its_line_ends(lark):
    line = [Token("MISSING", "missing", 0, 7), Token("NAME", "drop", 8, 12)]
    end = Token(tokens.LINE_END, "\n", 12, 13)
    tree = Machine(tables_of(lark)).parse([end, *line, end, end, *line], "program")
    assert tree.data == "program"


def test_what_fits_is_told_at_the_end_of_the_tokens(lark):
    with pytest.raises(Unexpected) as caught:
        Machine(tables_of(lark)).parse([Token("MISSING", "missing", 0, 7)], "statement")
    assert caught.value.expected == {"NAME"}


# --- the tables beside the grammar ----------------------------------------------------------


def test_the_tables_beside_the_grammar_are_those_that_lark_computes(golden):
    grammar = grammar_text()
    tables = tables_of(compile_grammar(grammar))
    golden(tables_path(), write_tables(tables, grammar))
    assert read_tables(tables_path(), grammar) == tables


def test_tables_of_another_grammar_are_not_used(tmp_path):
    grammar = grammar_text()
    path = tmp_path / "tables.json"
    path.write_text(tables_path().read_text("utf-8"), encoding="utf-8")
    assert read_tables(path, grammar) is not None
    assert read_tables(path, grammar + "\nother: NAME\n") is None
    path.write_text("{", encoding="utf-8")
    assert read_tables(path, grammar) is None
    assert read_tables(tmp_path / "none.json", grammar) is None


def test_line_ends_do_not_make_another_grammar():
    assert digest_of("a: B\nC: D\n") == digest_of("a: B\r\nC: D\r\n")
