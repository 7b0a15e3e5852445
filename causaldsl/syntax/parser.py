"""Text to nodes.

The text is cut once into tokens, the tokens into statements, and each statement is parsed for
itself: a mistake costs its own statement, and the work grows with the length of the text alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import cast

from lark import Lark, Token, Tree, UnexpectedInput, UnexpectedToken
from lark.lexer import Lexer as LarkLexer

from causaldsl.diagnostics.model import Diagnostic
from causaldsl.source import SourceFile, Span
from causaldsl.syntax import errors, explain, nodes
from causaldsl.syntax.build import BuildError
from causaldsl.syntax.lexer import MAX_CHARACTERS, Lexer
from causaldsl.syntax.lines import MAX_NESTING, Line, split_lines
from causaldsl.syntax.statements import StatementBuilder

MAX_STATEMENTS = 50_000
MAX_ERRORS = 50
GRAMMAR = "causaldsl.lark"
STARTS = ("program", "statement", "expression", "do_assignment")


class _Tokens(LarkLexer):
    """Hands tokens that are already cut to lark."""

    def __init__(self, lexer_conf: object) -> None:
        pass

    def lex(self, lexer_state: object) -> Iterator[Token]:  # type: ignore[override]
        return iter(cast("list[Token]", lexer_state))


def grammar_text() -> str:
    """Return the grammar, as installed with the package or from the checkout around it."""
    package = Path(__file__).resolve().parent.parent
    for folder in (package / "_data" / "grammars", package.parent / "grammars"):
        path = folder / GRAMMAR
        if path.is_file():
            return path.read_text(encoding="utf-8")
    raise FileNotFoundError(f"{GRAMMAR} is neither installed with causaldsl nor in its checkout")


@cache
def _machinery() -> tuple[Lark, Lexer]:
    lark = Lark(
        grammar_text(),
        parser="lalr",
        lexer=_Tokens,
        start=list(STARTS),
        keep_all_tokens=True,
        maybe_placeholders=False,
    )
    return lark, Lexer(lark.terminals)


def parse(source: SourceFile) -> tuple[nodes.Program | None, tuple[Diagnostic, ...]]:
    """Return the program, and every syntax error found in the text.

    A statement with a mistake is left out; the program holds all others, so that what they mean
    can still be checked. It is None only when the text is beyond the limits and was not read.
    """
    if len(source.text) > MAX_CHARACTERS:
        size = len(source.text)
        return None, (errors.file_too_large(source.path, size, MAX_CHARACTERS),)
    lark, lexer = _machinery()
    tokens, problems = lexer.tokens(source)
    lines, comments = split_lines(tokens)
    if not lines and not problems:
        problems.append(errors.no_statement(Span(file=source, start=0, end=0)))
    statements = []
    for number, line in enumerate(lines):
        first = line.tokens[0]
        if number >= MAX_STATEMENTS:
            problems.append(errors.too_many_statements(_span(source, first), MAX_STATEMENTS))
            break
        if len(problems) > MAX_ERRORS:
            problems.append(errors.too_many_errors(_span(source, first), MAX_ERRORS))
            break
        statement = _statement(source, line, problems)
        if statement is not None:
            statements.append(statement)
    span = Span(file=source, start=0, end=len(source.text))
    program = nodes.Program(statements=tuple(statements), comments=comments, span=span)
    return program, tuple(problems)


def _span(source: SourceFile, token: Token) -> Span:
    return Span(file=source, start=token.start_pos or 0, end=token.end_pos or 0)


def _statement(
    source: SourceFile, line: Line, problems: list[Diagnostic]
) -> nodes.Statement | None:
    """Return the statement of one line; add to `problems` why there is none."""
    if line.bad:
        return None  # its characters are reported already
    tree, problem = _tree(source, line, "statement")
    if tree is None:
        problems.extend(problem)
        return None
    try:
        node = StatementBuilder(source).statement(tree)
    except BuildError as error:
        problems.append(error.diagnostic)
        return None
    return replace(
        node,
        comments=tuple(line.comments),
        trailing=line.trailing,
        blank_before=line.blank_before,
    )


def _tree(
    source: SourceFile, line: Line, start: str
) -> tuple[Tree[Token] | None, tuple[Diagnostic, ...]]:
    lark, _ = _machinery()
    if line.too_deep is not None:
        return None, (errors.brackets_too_deep(_span(source, line.too_deep), MAX_NESTING),)
    try:
        return cast("Tree[Token]", lark.parse(cast(str, line.tokens), start=start)), ()
    except UnexpectedToken as error:
        return None, (explain.explain(source, line, error),)
    except UnexpectedInput as error:
        raise AssertionError("tokens are cut before lark sees them") from error
