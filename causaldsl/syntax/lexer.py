"""Text to tokens, with the grammar's own terminals; and the limits on what a text may hold.

The whole text is cut once. What no terminal matches becomes a token of type `BAD`, so that the
statement it stands in is refused while the rest of the file is still read.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence

from lark import Token
from lark.lexer import TerminalDef

from causaldsl.diagnostics.model import Diagnostic
from causaldsl.source import SourceFile, Span
from causaldsl.syntax import errors

MAX_CHARACTERS = 4_000_000
MAX_TOKENS = 500_000
MAX_NAME = 200
MAX_NUMBER = 100

BAD = "BAD"
COMMENT = "COMMENT"
LINE_END = "_LINE_END"

# Order matters inside one alternation: what is longer or more special comes first.
_FIRST = ("BLANK", LINE_END, COMMENT, "STRING", "NAME", "NUMBER")
_BAD_NUMBER = r"\.?[0-9](?:[eE][+-]|\.(?!\.)|\w)*"
# Controls, bidirectional marks and invisible signs: they hide or reorder what a reader sees.
_HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff"
    "\ud800-\udfff]"
)


class Lexer:
    """The compiled terminals of the grammar."""

    def __init__(self, terminals: Sequence[TerminalDef]) -> None:
        patterns = {t.name: t.pattern.to_regexp() for t in terminals}
        self.words = {
            t.pattern.value: t.name
            for t in terminals
            if t.pattern.type == "str" and t.pattern.value.isalpha()
        }
        signs = [t for t in terminals if t.pattern.type == "str" and t.name not in self.word_types]
        signs.sort(key=lambda t: -len(t.pattern.value))
        order = [*_FIRST, *(t.name for t in signs)]
        parts = [f"(?P<{name}>{patterns[name]})" for name in order]
        self._master = re.compile("|".join([*parts, f'(?P<{BAD}>"[^\n]*|.)'])).finditer
        self._bad_number = re.compile(_BAD_NUMBER)
        self.spelling = {
            t.name: t.pattern.value for t in terminals if t.pattern.type == "str"
        }

    @property
    def word_types(self) -> frozenset[str]:
        """The terminals that are words."""
        return frozenset(self.words.values())

    def tokens(self, source: SourceFile) -> tuple[list[Token], list[Diagnostic]]:
        """Return every token but blanks, comments and line ends included, and what was wrong."""
        found: list[Token] = []
        problems: list[Diagnostic] = []
        for token in self._cut(source.text):
            problem = _check_token(source, token)
            if problem is not None:
                problems.append(problem)
            found.append(token)
            if len(found) > MAX_TOKENS:
                problems.append(errors.too_many_tokens(_span(source, token), MAX_TOKENS))
                break
        return found, problems

    def _cut(self, text: str) -> Iterator[Token]:
        words = self.words
        start = 1 if text.startswith("\ufeff") else 0
        skip_to = start
        for match in self._master(text, start):
            begin = match.start()
            kind = match.lastgroup
            if kind is None or kind == "BLANK" or begin < skip_to:
                continue
            value = match.group(kind)
            if kind == "NAME":
                kind = words.get(value, kind)
            elif kind in ("NUMBER", BAD) and (value[0].isascii() and value[0] in ".0123456789"):
                whole = self._bad_number.match(text, begin)
                if whole is not None and whole.end() > match.end():
                    kind, value, skip_to = BAD, whole.group(), whole.end()
            yield Token(kind, value, begin, end_pos=begin + len(value))


def _span(source: SourceFile, token: Token) -> Span:
    start = token.start_pos or 0
    return Span(file=source, start=start, end=start + len(token))


def _check_token(source: SourceFile, token: Token) -> Diagnostic | None:
    """Return what is wrong with one token, if anything."""
    kind = token.type
    if kind == "NAME":
        return _check_name(source, token)
    if kind == "NUMBER":
        if len(token) > MAX_NUMBER:
            return errors.number_too_long(_span(source, token), MAX_NUMBER)
        if float(token) == float("inf"):
            return errors.number_too_large(_span(source, token))
        return None
    if kind in ("STRING", COMMENT):
        return _check_hidden(source, token)
    if kind == BAD:
        return _check_bad(source, token)
    return None


def _check_name(source: SourceFile, token: Token) -> Diagnostic | None:
    if "__" in token:
        return errors.double_underscore(_span(source, token))
    if len(token) > MAX_NAME:
        return errors.name_too_long(_span(source, token), MAX_NAME)
    if not token.isascii():
        plain = unicodedata.normalize("NFKC", token)
        if plain != token:
            return errors.name_not_normal(_span(source, token), plain)
    return None


def _check_hidden(source: SourceFile, token: Token) -> Diagnostic | None:
    if token.isascii() and token.isprintable():
        return None
    hidden = _HIDDEN.search(token.rstrip("\r"))
    if hidden is None:
        return None
    at = (token.start_pos or 0) + hidden.start()
    span = Span(file=source, start=at, end=at + 1)
    return errors.hidden_character(span, in_string=token.type == "STRING")


def _check_bad(source: SourceFile, token: Token) -> Diagnostic | None:
    span = _span(source, token)
    if token[0] == '"':
        return errors.unterminated_string(span)
    if len(token) > 1:
        return errors.bad_number(span)
    if _HIDDEN.match(token):
        return errors.hidden_character(span, in_string=False)
    return errors.stray_character(span)
