"""Runs the LALR(1) tables that lark makes of the grammar.

lark reads the grammar and computes the tables. This loop over them is several times faster than
lark's own, so that thousands of variables are read in well under a second; and where a token does
not fit, it tells which would have.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, cast

from causaldsl.syntax.tables import Reduction, Tables
from causaldsl.syntax.tokens import END, Item, Token, Tree

if TYPE_CHECKING:
    from lark import Lark

STARTS = ("program", "statement", "expression", "do_assignment")


class Unexpected(Exception):  # noqa: N818 - it carries a finding, not a failure
    """A token that does not fit: its position in the statement, and what would have fitted."""

    def __init__(self, position: int, expected: frozenset[str]) -> None:
        self.position = position
        self.expected = expected
        super().__init__(position)


def compile_grammar(text: str, *, strict: bool = False) -> Lark:
    """Return lark's reading of the grammar; `strict` refuses every conflict."""
    from lark import Lark
    from lark.lexer import Lexer

    class NoLexer(Lexer):
        """Tokens come ready."""

        def __init__(self, lexer_conf: object) -> None:
            pass

        def lex(  # type: ignore[explicit-override]
            self, lexer_state: object, parser_state: object
        ) -> Iterator[Any]:
            raise NotImplementedError

    return Lark(
        text,
        parser="lalr",
        lexer=NoLexer,
        start=list(STARTS),
        keep_all_tokens=True,
        maybe_placeholders=False,
        strict=strict,
    )


class Machine:
    """The tables, and the loop over them."""

    def __init__(self, tables: Tables) -> None:
        self._start, self._end = tables.start, tables.end
        self._actions = tables.actions

    def parse(self, tokens: Sequence[Token], start: str) -> Tree | Token:
        """Return the tree of the tokens; raise `Unexpected` at the first that does not fit."""
        states, values = [self._start[start]], list[Item]()
        for position, token in enumerate((*tokens, _end(tokens))):
            if not self._take(token, states, values, self._end[start]):
                raise Unexpected(position, self._fitting(tokens[:position], start))
        return values[0]

    def _take(self, token: Token, states: list[int], values: list[Item], end_state: int) -> bool:
        """Complete rules until the token can be shifted, and shift it; False if it never fits."""
        actions = self._actions
        kind = token.type
        while True:
            action = actions[states[-1]].get(kind)
            if action is None:
                return False
            if isinstance(action, int):
                values.append(token)
                states.append(action)
                return True
            size = action.size
            children = values[-size:] if size else []
            if size:
                del values[-size:], states[-size:]
            values.append(_shape(action, children, token.start))
            state = cast(int, actions[states[-1]][action.origin])
            states.append(state)
            if state == end_state and kind == END:
                return True

    def _fitting(self, tokens: Sequence[Token], start: str) -> frozenset[str]:
        """Return the terminals that can really follow, lookaheads that lead nowhere left out."""
        states, values = [self._start[start]], list[Item]()
        for token in tokens:
            self._take(token, states, values, self._end[start])
        row = self._actions[states[-1]]
        return frozenset(name for name in row if _is_terminal(name) and self._fits(states, name))

    def _fits(self, states: Sequence[int], name: str) -> bool:
        stack = list(states)
        while True:
            action = self._actions[stack[-1]].get(name)
            if action is None:
                return False
            if isinstance(action, int):
                return True
            if action.size:
                del stack[-action.size :]
            target = cast(int, self._actions[stack[-1]][action.origin])
            if name == END and target in self._end.values():
                return True
            stack.append(target)


def _end(tokens: Sequence[Token]) -> Token:
    at = tokens[-1].end if tokens else 0
    return Token(END, "", at, at)


def _is_terminal(name: str) -> bool:
    return name == END or name.isupper()


def _shape(action: Reduction, children: list[Item], at: int) -> Item:
    """Return the tree of a complete rule: lark's helper rules are spliced into their parents."""
    if action.splices:
        children = _splice(children)
    if action.unwraps_one and len(children) == 1:
        return children[0]
    if not children:
        return Tree(action.data, children, at, at)
    return Tree(action.data, children, children[0].start, children[-1].end)


def _splice(children: list[Item]) -> list[Item]:
    first = children[0]
    # A repetition grows at its left end: its list is taken over, or long lists would cost squares.
    spliced = first.children if isinstance(first, Tree) and _is_helper(first) else [first]
    for child in children[1:]:
        if _is_helper(child):
            spliced.extend(cast(Tree, child).children)
        else:
            spliced.append(child)
    return spliced


def _is_helper(item: Item) -> bool:
    return isinstance(item, Tree) and item.data[0] == "_"
