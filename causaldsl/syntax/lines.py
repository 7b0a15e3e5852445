"""Tokens to statements: where each one ends, and which comments belong to it.

A line ends its statement unless a bracket is open or its last token is a comma. A blank line ends
it too, unless a bracket is open. A bracket that is never closed would swallow the rest of the
file, so a line that can only begin a statement ends the broken one (`_begins_statement`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from causaldsl.syntax.tokens import BAD, CLOSERS, COMMENT, LINE_END, SOFT, STATEMENTS, Token

MAX_NESTING = 100

_CLOSING = frozenset(CLOSERS.values())
_ARROWS = frozenset({"ARROW", "BIARROW", "TILDE", "DEFINE"})
_NO_KEYWORD = _ARROWS | {"COMMA"}
# Inside this bracket, the sign may follow a name at the start of a line.
_ARROW_HOME = {"TILDE": "LSQB", "ARROW": "LBRACE"}
# Two of these side by side occur at the start of a statement and nowhere inside an expression.
_SECOND = frozenset({"NAME", "STRING", "NUMBER", "E", "P", "Q"})


@dataclass(slots=True)
class Line:
    """The tokens of one statement, without comments, and the comments that belong to it."""

    tokens: list[Token] = field(default_factory=list)
    comments: list[str] = field(default_factory=list)
    trailing: str | None = None
    blank_before: bool = False
    unclosed: Token | None = None
    unopened: Token | None = None
    too_deep: Token | None = None
    bad: bool = False


@dataclass(slots=True)
class _Splitter:
    tokens: Sequence[Token]
    lines: list[Line] = field(default_factory=list)
    line: Line = field(default_factory=Line)
    opened: list[Token] = field(default_factory=list)
    line_is_empty: bool = True

    def run(self) -> list[str]:
        """Fill `lines`; return the comments behind the last statement."""
        for position, token in enumerate(self.tokens):
            if token.type == LINE_END:
                self._end_line(position)
            elif token.type == COMMENT:
                self._comment(comment_text(token))
            else:
                self.add(token)
        self._end_line(len(self.tokens))
        if self.line.tokens:
            self.finish()
        end = self.line.comments
        while end and end[-1] == "":
            end.pop()
        return ["", *end] if end and self.line.blank_before and self.lines else end

    def add(self, token: Token) -> None:
        """Take a token into the current statement."""
        self.line_is_empty = False
        kind = token.type
        before = self.line.tokens
        if before:
            if kind in SOFT:
                kind = token.type = "NAME"
            elif kind in _NO_KEYWORD and len(before) == 1 and before[0].type in SOFT:
                before[0].type = "NAME"
        before.append(token)
        if kind in CLOSERS:
            self.opened.append(token)
            if len(self.opened) > MAX_NESTING and self.line.too_deep is None:
                self.line.too_deep = token
        elif kind in _CLOSING:
            self._close(token)
        elif kind == BAD:
            self.line.bad = True

    def _close(self, token: Token) -> None:
        line = self.line
        if not any(CLOSERS[o.type] == token.type for o in self.opened[-MAX_NESTING:]):
            line.unopened = line.unopened or token
            return
        while CLOSERS[self.opened[-1].type] != token.type:
            line.unclosed = line.unclosed or self.opened[-1]
            self.opened.pop()
        self.opened.pop()

    def _comment(self, text: str) -> None:
        self.line_is_empty = False
        if self.line.tokens and not self._continues():
            self.line.trailing = text
        else:
            self.line.comments.append(text)

    def _continues(self) -> bool:
        return bool(self.opened) or self.line.tokens[-1].type == "COMMA"

    def _end_line(self, position: int) -> None:
        blank, self.line_is_empty = self.line_is_empty, True
        line = self.line
        if not line.tokens:
            if blank and not line.comments:
                line.blank_before = True
            elif blank and line.comments[-1] != "":
                line.comments.append("")
        elif (
            not self._continues()
            or (blank and not self.opened)
            or self._begins_statement(position + 1)
        ):
            self.finish()
            self.line.blank_before = blank

    def finish(self) -> None:
        """End the current statement."""
        if self.opened and self.line.unclosed is None:
            self.line.unclosed = self.opened[-1]
        self.opened.clear()
        self.lines.append(self.line)
        self.line = Line()

    def _begins_statement(self, position: int) -> bool:
        """Say whether the line at `position` can only be the start of another statement."""
        tokens, end = self.tokens, len(self.tokens)
        if position + 1 >= end:
            return False
        first, second = tokens[position], tokens[position + 1]
        if first.type in STATEMENTS and (second.type in _SECOND or second.type in STATEMENTS):
            return True
        if not self.opened:
            return False
        while position + 1 < end and self._is_name(tokens[position]):
            sign = tokens[position + 1].type
            if sign in _ARROWS:
                return _ARROW_HOME.get(sign) != self.opened[-1].type
            if sign != "COMMA":
                return False
            position += 2
        return False

    def _is_name(self, token: Token) -> bool:
        return token.type == "NAME" or token.type in STATEMENTS


def comment_text(token: Token) -> str:
    """Return a comment as the printer writes it: a blank behind the sign, none at the end."""
    text = token.text.rstrip()
    return text if len(text) == 1 or text[1] in " #!:" else f"# {text[1:]}"


def split_lines(tokens: Sequence[Token]) -> tuple[list[Line], tuple[str, ...]]:
    """Return the statements' tokens in order, and the comments behind the last of them.

    In the comments of a statement an empty string is a blank line. Words that do not begin a
    statement become names.
    """
    splitter = _Splitter(tokens=tokens)
    comments = splitter.run()
    return splitter.lines, tuple(comments)


def fragment_line(tokens: Sequence[Token]) -> Line:
    """Return all tokens as one line, in which every statement's word is a name."""
    splitter = _Splitter(tokens=())
    for token in tokens:
        if token.type in SOFT:
            token.type = "NAME"
        splitter.add(token)
    splitter.finish()
    return splitter.lines[0]
