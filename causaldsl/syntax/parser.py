"""Text to nodes.

The text is cut once into tokens, the tokens into statements, and each statement is parsed for
itself: a mistake costs its own statement, and the work grows with the length of the text alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TypeVar

from causaldsl.diagnostics.model import Diagnostic
from causaldsl.source import SourceFile, Span
from causaldsl.syntax import errors, explain, nodes
from causaldsl.syntax.build import BuildError
from causaldsl.syntax.lexer import MAX_CHARACTERS, MAX_ERRORS, Lexer, token_span
from causaldsl.syntax.lines import MAX_NESTING, Line, fragment_line, split_lines
from causaldsl.syntax.machine import Machine, Unexpected, compile_grammar
from causaldsl.syntax.place import Place
from causaldsl.syntax.statements import StatementBuilder
from causaldsl.syntax.tables import read_tables, tables_of
from causaldsl.syntax.tokens import COMMENT, LINE_END, Item, Token, Tree, as_tree

MAX_STATEMENTS = 50_000
GRAMMAR = "causaldsl.lark"
TABLES = "causaldsl.tables.json"

Built = TypeVar("Built")


def grammar_text() -> str:
    """Return the grammar, as installed with the package or from the checkout around it."""
    return _grammar_path().read_text(encoding="utf-8")


def tables_path() -> Path:
    """Return where the grammar's tables are kept: beside it."""
    return _grammar_path().with_name(TABLES)


def _grammar_path() -> Path:
    package = Path(__file__).resolve().parent.parent
    for folder in (package / "_data" / "grammars", package.parent / "grammars"):
        path = folder / GRAMMAR
        if path.is_file():
            return path
    raise FileNotFoundError(f"{GRAMMAR} is neither installed with causaldsl nor in its checkout")


@cache
def _machinery() -> tuple[Lexer, Machine]:
    grammar = grammar_text()
    tables = read_tables(tables_path(), grammar) or tables_of(compile_grammar(grammar))
    return Lexer(tables.terminals), Machine(tables)


def read_source(path: str | Path) -> tuple[SourceFile | None, tuple[Diagnostic, ...]]:
    """Return the text of a file, or why there is none: unreadable, too large or no UTF-8."""
    name = str(path)
    try:
        with Path(path).open("rb") as file:
            # A character has at most four bytes; no more is read, however large the file is.
            data = file.read(4 * MAX_CHARACTERS + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        return None, (errors.file_unreadable(name, reason),)
    return decode_source(data, name)


def decode_source(data: bytes, name: str) -> tuple[SourceFile | None, tuple[Diagnostic, ...]]:
    """Return the text that some bytes are, or why they are none: too many, or no UTF-8."""
    if len(data) > 4 * MAX_CHARACTERS:
        return None, (errors.file_too_large(name, MAX_CHARACTERS),)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        return None, (errors.not_utf8(name, error.start, line),)
    return SourceFile(path=name, text=text), ()


def parse(source: SourceFile) -> tuple[nodes.Program | None, tuple[Diagnostic, ...]]:
    """Return the program, and every syntax error found in the text.

    A statement with a mistake is left out; the program holds all others, so that what they mean
    can still be checked. It is None only when the text is too large and was not read.
    """
    if len(source.text) > MAX_CHARACTERS:
        return None, (errors.file_too_large(source.path, MAX_CHARACTERS),)
    lexer, _ = _machinery()
    tokens, problems = lexer.tokens(source)
    lines, comments = split_lines(tokens)
    if not lines and not problems:
        problems.append(errors.no_statement(Span(file=source, start=0, end=0)))
    statements = _Reader(source=source, problems=problems).statements(lines)
    span = Span(file=source, start=0, end=len(source.text))
    program = nodes.Program(statements=statements, comments=comments, span=span)
    return program, _in_order(problems)


def parse_expression(
    text: str, path: str = "<expression>"
) -> tuple[nodes.Expression | None, tuple[Diagnostic, ...]]:
    """Return one expression, such as a query of the command line: ``E[Y[S <- Black]]``."""
    reader = _Reader(source=SourceFile(path=path, text=text), problems=[])
    tree = reader.fragment("expression")
    node = None
    if tree is not None:
        node = reader.build(lambda builder: builder.expression(tree))
    return node, _in_order(reader.problems)


def parse_do(
    text: str, path: str = "--do"
) -> tuple[nodes.Assignment | None, tuple[Diagnostic, ...]]:
    """Return an intervention of the command line: ``S=s'``, ``S <- S + 1``, ``A ~ Uniform(0, 1)``.

    A level that is no plain name stands in quotes, as in a file: ``race="Asian-Pac-Islander"``.
    """
    reader = _Reader(source=SourceFile(path=path, text=text), problems=[])
    tree = reader.fragment("do_assignment")
    node = None
    if tree is not None:
        inner = as_tree(tree)
        one = as_tree(inner.children[0]) if len(inner.children) == 1 else inner
        node = reader.build(lambda builder: builder.assignment(one))
    return node, _in_order(reader.problems)


def _in_order(problems: list[Diagnostic]) -> tuple[Diagnostic, ...]:
    return tuple(sorted(problems, key=lambda p: p.span.start if p.span is not None else -1))


@dataclass(slots=True)
class _Reader:
    """Reads the statements of one text, and keeps what is wrong with them."""

    source: SourceFile
    problems: list[Diagnostic]

    def statements(self, lines: list[Line]) -> tuple[nodes.Statement, ...]:
        """Return the statements that could be read, up to the limits."""
        found: list[nodes.Statement] = []
        for number, line in enumerate(lines):
            where = token_span(self.source, line.tokens[0])
            if number >= MAX_STATEMENTS:
                self.problems.append(errors.too_many_statements(where, MAX_STATEMENTS))
                break
            before = len(self.problems)
            if before > MAX_ERRORS:
                break
            statement = self._statement(line)
            if len(self.problems) > MAX_ERRORS:
                self.problems[before:] = [errors.too_many_errors(where, MAX_ERRORS)]
            if statement is not None:
                found.append(statement)
        return tuple(found)

    def _statement(self, line: Line) -> nodes.Statement | None:
        if line.bad:
            return None  # its characters are reported already
        tree = self._tree(line, "statement")
        if tree is None:
            return None
        node = self.build(lambda builder: builder.statement(as_tree(tree)))
        if node is None:
            return None
        return replace(
            node,
            comments=tuple(line.comments),
            trailing=line.trailing,
            blank_before=line.blank_before,
        )

    def fragment(self, start: str) -> Tree | Token | None:
        """Return the tree of the whole text, read as one expression or assignment."""
        lexer, _ = _machinery()
        if len(self.source.text) > MAX_CHARACTERS:
            self.problems.append(errors.file_too_large(self.source.path, MAX_CHARACTERS))
            return None
        tokens, problems = lexer.tokens(self.source)
        self.problems.extend(problems)
        tokens = [t for t in tokens if t.type not in (COMMENT, LINE_END)]
        return None if problems else self._tree(fragment_line(tokens), start)

    def _tree(self, line: Line, start: str) -> Item | None:
        lexer, machine = _machinery()
        if line.too_deep is not None:
            where = token_span(self.source, line.too_deep)
            self.problems.append(errors.brackets_too_deep(where, MAX_NESTING))
            return None
        try:
            return machine.parse(line.tokens, start)
        except Unexpected as unexpected:
            place = Place(
                source=self.source,
                line=line,
                position=unexpected.position,
                expected=unexpected.expected,
                start=start,
                spelling=lexer.spelling,
            )
            self.problems.append(explain.explain(place))
            return None

    def build(self, make: Callable[[StatementBuilder], Built]) -> Built | None:
        """Return what `make` builds, None when it is refused."""
        try:
            return make(StatementBuilder(self.source))
        except BuildError as error:
            self.problems.append(error.diagnostic)
            return None
