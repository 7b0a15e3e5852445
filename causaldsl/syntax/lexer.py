"""Text to tokens, with the grammar's own terminals; and the limits on what a text may hold.

The whole text is cut once. What no terminal matches becomes a token of type `BAD`, so that the
statement it stands in is refused while the rest of the file is still read.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection

from causaldsl.diagnostics.model import Diagnostic
from causaldsl.source import SourceFile, Span
from causaldsl.syntax import errors
from causaldsl.syntax.tables import Terminal
from causaldsl.syntax.tokens import BAD, COMMENT, HIDDEN, LINE_END, Token

MAX_CHARACTERS = 4_000_000
MAX_TOKENS = 500_000
MAX_ERRORS = 50
MAX_NAME = 200
MAX_NUMBER = 100

# Order matters inside one alternation: what is longer or more special comes first.
_FIRST = ("BLANK", "NAME", LINE_END, COMMENT, "STRING", "NUMBER")
_BAD_NUMBER = re.compile(r"\.?[0-9](?:[eE][+-]|\.(?!\.)|\w)*+")


class Lexer:
    """The compiled terminals of the grammar, and how each sign and word is spelled."""

    def __init__(self, terminals: Collection[Terminal]) -> None:
        self.spelling = {t.name: t.text for t in terminals if t.text is not None}
        self.words = {text: name for name, text in self.spelling.items() if text.isalpha()}
        patterns = {t.name: t.pattern for t in terminals}
        signs = [name for name, text in self.spelling.items() if text not in self.words]
        signs.sort(key=lambda name: -len(self.spelling[name]))
        parts = [f"(?P<{name}>{patterns[name]})" for name in (*_FIRST, *signs)]
        self._matches = re.compile("|".join([*parts, f'(?P<{BAD}>"[^\n]*|.)'])).finditer

    def tokens(self, source: SourceFile) -> tuple[list[Token], list[Diagnostic]]:
        """Return every token, comments and line ends included, and what is wrong with any."""
        text, words = source.text, self.words
        found: list[Token] = []
        problems: list[Diagnostic] = []
        begin_at = 1 if text.startswith("\ufeff") else 0
        for match in self._matches(text, begin_at):
            kind, start = match.lastgroup, match.start()
            if kind is None or kind == "BLANK" or start < begin_at:
                continue
            token = Token(kind, match.group(), start, match.end())
            if kind == "NAME":
                token.type = words.get(token.text, kind)
                problem = _check_name(source, token)
            elif kind in _CHECKS:
                problem = _CHECKS[kind](source, token)
                begin_at = token.end
            else:
                problem = None
            if problem is not None:
                if len(problems) == MAX_ERRORS:
                    problems.append(errors.too_many_errors(token_span(source, token), MAX_ERRORS))
                    break
                problems.append(problem)
            found.append(token)
            if len(found) > MAX_TOKENS:
                problems.append(errors.too_many_tokens(token_span(source, token), MAX_TOKENS))
                break
        return found, problems


def token_span(source: SourceFile, token: Token) -> Span:
    """Return where a token stands."""
    return Span(file=source, start=token.start, end=token.end)


def _check_name(source: SourceFile, token: Token) -> Diagnostic | None:
    name = token.text
    if "__" in name:
        return errors.double_underscore(token_span(source, token))
    if len(name) > MAX_NAME:
        return errors.name_too_long(token_span(source, token), MAX_NAME)
    if not name.isascii():
        plain = unicodedata.normalize("NFKC", name)
        if plain != name:
            return errors.name_not_normal(token_span(source, token), plain)
    return None


def _check_number(source: SourceFile, token: Token) -> Diagnostic | None:
    whole = _BAD_NUMBER.match(source.text, token.start)
    if whole is not None and whole.end() > token.end:
        token.type, token.text, token.end = BAD, whole.group(), whole.end()
        return errors.bad_number(token_span(source, token))
    if len(token.text) > MAX_NUMBER:
        return errors.number_too_long(token_span(source, token), MAX_NUMBER)
    if float(token.text) == float("inf"):
        return errors.number_too_large(token_span(source, token))
    return None


def _check_hidden(source: SourceFile, token: Token) -> Diagnostic | None:
    if token.text.isascii() and token.text.isprintable():
        return None
    hidden = HIDDEN.search(token.text.rstrip("\r"))
    if hidden is None:
        return None
    at = token.start + hidden.start()
    span = Span(file=source, start=at, end=at + 1)
    return errors.hidden_character(span, in_string=token.type == "STRING")


def _check_bad(source: SourceFile, token: Token) -> Diagnostic | None:
    span = token_span(source, token)
    if token.text[0] == '"':
        return errors.unterminated_string(span)
    if HIDDEN.match(token.text):
        return errors.hidden_character(span, in_string=False)
    return errors.stray_character(span)


_CHECKS = {
    "NUMBER": _check_number,
    "STRING": _check_hidden,
    COMMENT: _check_hidden,
    BAD: _check_bad,
}
