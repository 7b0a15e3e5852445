"""Where a statement stopped making sense, and what would have fitted there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from causaldsl.source import SourceFile, Span
from causaldsl.syntax.lines import Line
from causaldsl.syntax.tokens import END, ROLES, STATEMENTS, Token

_OPERAND = frozenset({"NAME", "NUMBER", "STRING", "LPAR", "LSQB", "LBRACE", "MINUS", "E", "P", "Q"})
OPERATORS = frozenset({"PLUS", "MINUS", "STAR", "SLASH", "CARET", "LSQB", "LPAR", "BY"})
_PHRASES = {
    "NAME": "a name",
    "NUMBER": "a number",
    "STRING": "a quoted text",
    END: "the end of the line",
}
_MOST = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a statement stopped making sense: the token at `position`, or the end."""

    source: SourceFile
    line: Line
    position: int
    expected: frozenset[str]
    start: str
    spelling: Mapping[str, str]

    @property
    def tokens(self) -> list[Token]:
        """The tokens of the statement."""
        return self.line.tokens

    @property
    def found(self) -> str:
        """The type of the token that did not fit."""
        return self.type(0)

    def type(self, offset: int) -> str:
        """Return the type of the token `offset` places behind the one that did not fit."""
        at = self.position + offset
        return self.tokens[at].type if 0 <= at < len(self.tokens) else END

    def text(self, offset: int = 0) -> str:
        """Return the text of a token around the one that did not fit."""
        at = self.position + offset
        return self.tokens[at].text if 0 <= at < len(self.tokens) else ""

    def span(self, offset: int = 0) -> Span:
        """Return the place of a token; of the character behind the statement at its end."""
        at = self.position + offset
        if 0 <= at < len(self.tokens):
            return self.of(self.tokens[at])
        end = self.tokens[-1].end if self.tokens else 0
        return Span(file=self.source, start=end, end=end)

    def of(self, token: Token) -> Span:
        """Return the place of a token."""
        return Span(file=self.source, start=token.start, end=token.end)

    @property
    def is_declaration(self) -> bool:
        """Whether the statement declares variables."""
        return bool(self.tokens) and self.tokens[0].type in ROLES


def expected_words(place: Place) -> str:
    """Return what would have fitted, in a few words."""
    left = set(place.expected)
    phrases: list[str] = []
    if {"NAME", "NUMBER", "LPAR"} <= left:
        phrases.append("an expression")
        left -= _OPERAND
    if len(left & STATEMENTS) > 1:
        phrases.append("a statement")
        left -= STATEMENTS | {"NAME"}
    operators = left & OPERATORS
    if len(operators) > 2:
        left -= operators
    first = sorted(left & set(_PHRASES) - {END})
    signs = sorted(left - set(_PHRASES), key=lambda name: place.spelling.get(name, name))
    phrases += [_PHRASES[name] for name in first]
    phrases += [f"`{place.spelling[name]}`" for name in signs if name in place.spelling]
    if len(operators) > 2:
        phrases.append("an operator")
    if END in left:
        phrases.append(_PHRASES[END])
    if len(phrases) > _MOST:
        phrases = [*phrases[: _MOST - 1], "something else"]
    return phrases[0] if len(phrases) == 1 else f"{', '.join(phrases[:-1])} or {phrases[-1]}"


def shortened(text: str, most: int = 30) -> str:
    """Return the text, cut where it is too long for a message."""
    return text if len(text) <= most else f"{text[:most]}..."
