"""Lark trees to nodes: one method for each rule of the grammar.

Trees come with all their tokens, so that a span is the range from a tree's first token to its
last. What the grammar is too coarse to refuse (a domain's word, two columns) is refused here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any, cast

from lark import Token, Tree

from causaldsl.diagnostics.model import Diagnostic
from causaldsl.source import SourceFile, Span
from causaldsl.syntax import errors, nodes
from causaldsl.vocabulary.roles import Role

MAX_DEPTH = 200

Item = Token | Tree[Token]

_WORDS = ("real", "positive", "unit", "count", "binary", "image")
_COMPARISONS = {
    "EQUAL": "=",
    "UNEQUAL": "!=",
    "LESS": "<",
    "LESS_EQUAL": "<=",
    "GREATER": ">",
    "GREATER_EQUAL": ">=",
}
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", '"': '"', "\\": "\\"}


class BuildError(Exception):
    """A statement that fits the grammar and is refused all the same."""

    def __init__(self, diagnostic: Diagnostic) -> None:
        self.diagnostic = diagnostic
        super().__init__(diagnostic.message)


def _trees(items: Sequence[Item]) -> Iterator[Tree[Token]]:
    return (item for item in items if isinstance(item, Tree))


def _between(items: Sequence[Item], *signs: str) -> list[Item]:
    """Return the items that are not one of the `signs`."""
    return [item for item in items if isinstance(item, Tree) or item.type not in signs]


def _first(item: Item) -> Token:
    while isinstance(item, Tree):
        item = item.children[0]
    return item


def _last(item: Item) -> Token:
    while isinstance(item, Tree):
        item = item.children[-1]
    return item


class Builder:
    """Builds the nodes of one file. Methods of statements take the tree's children."""

    def __init__(self, file: SourceFile) -> None:
        self.file = file
        self._depth = 0

    # --- spans and leaves -------------------------------------------------------------------

    def span(self, first: Item, last: Item | None = None) -> Span:
        """Return the range from the first token of one item to the last of another."""
        start = _first(first).start_pos or 0
        end = _last(first if last is None else last).end_pos or 0
        return Span(file=self.file, start=start, end=end)

    def name(self, item: Item) -> nodes.Name:
        """Return a bare name."""
        token = cast(Token, item)
        return nodes.Name(name=str(token), span=self.span(token))

    def names(self, tree: Item) -> tuple[nodes.Name, ...]:
        """Return the names of a `name_list`."""
        children = cast("Tree[Token]", tree).children
        return tuple(self.name(item) for item in _between(children, "COMMA"))

    def text(self, item: Item) -> str:
        """Return the value of a quoted string."""
        token = cast(Token, item)
        inner = str(token)[1:-1]
        if "\\" not in inner:
            return inner
        parts: list[str] = []
        at = 0
        while at < len(inner):
            if inner[at] != "\\":
                parts.append(inner[at])
                at += 1
                continue
            value, length = _unescape(inner, at)
            if value is None:
                start = (token.start_pos or 0) + 1 + at
                span = Span(file=self.file, start=start, end=start + length)
                raise BuildError(errors.bad_escape(span))
            parts.append(value)
            at += length
        return "".join(parts)

    def number(self, item: Item) -> nodes.Number:
        """Return a number."""
        token = cast(Token, item)
        return nodes.Number(value=float(token), text=str(token), span=self.span(token))

    # --- expressions ------------------------------------------------------------------------

    def expression(self, item: Item) -> nodes.Expression:
        """Return an expression; refuse one that is nested too deeply."""
        if isinstance(item, Token):
            return self._leaf(item)
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise BuildError(errors.too_deep(self.span(item), MAX_DEPTH))
        build: Callable[[Tree[Token]], nodes.Expression] = getattr(self, f"_{item.data}")
        node = build(item)
        self._depth -= 1
        return node

    def expressions(self, tree: Item) -> tuple[nodes.Expression, ...]:
        """Return the members of an `expression_list` or of anything between commas."""
        children = cast("Tree[Token]", tree).children
        return tuple(self.expression(item) for item in _between(children, "COMMA"))

    def _leaf(self, token: Token) -> nodes.Expression:
        if token.type == "NUMBER":
            return self.number(token)
        if token.type == "STRING":
            return nodes.Text(value=self.text(token), span=self.span(token))
        return self.name(token)

    def _binary(self, tree: Tree[Token]) -> nodes.Expression:
        left, op, right = tree.children
        return nodes.Binary(
            op=cast(Any, str(op)),
            left=self.expression(left),
            right=self.expression(right),
            span=self.span(tree),
        )

    def _negative(self, tree: Tree[Token]) -> nodes.Expression:
        operand = self.expression(tree.children[1])
        return nodes.Unary(op="-", operand=operand, span=self.span(tree))

    def _compare(self, tree: Tree[Token]) -> nodes.Expression:
        left, op, right = tree.children
        return nodes.Compare(
            op=cast(Any, str(op)),
            left=self.expression(left),
            right=self.expression(right),
            span=self.span(tree),
        )

    def _branch(self, tree: Tree[Token]) -> nodes.Expression:
        body, _, branch = tree.children
        return nodes.By(
            body=self.expression(body), branch=self.expression(branch), span=self.span(tree)
        )

    def _learned_from(self, tree: Tree[Token]) -> nodes.Expression:
        target, _, source = tree.children
        return nodes.From(
            target=self.expression(target), source=self.expression(source), span=self.span(tree)
        )

    def _parenthesised(self, tree: Tree[Token]) -> nodes.Expression:
        return replace(self.expression(tree.children[1]), span=self.span(tree))

    def _tuple(self, tree: Tree[Token]) -> nodes.Expression:
        items = _between(tree.children[1:-1], "COMMA")
        return nodes.TupleOf(
            items=tuple(self.expression(item) for item in items), span=self.span(tree)
        )

    def _list(self, tree: Tree[Token]) -> nodes.Expression:
        items = self.expressions(tree.children[1]) if len(tree.children) == 3 else ()
        return nodes.ListOf(items=items, span=self.span(tree))

    def _table(self, tree: Tree[Token]) -> nodes.Table:
        return nodes.Table(entries=self.entries(tree), span=self.span(tree))

    def entries(self, table: Tree[Token]) -> tuple[nodes.Entry, ...]:
        """Return the entries of a table."""
        return tuple(self._entry(entry) for entry in _trees(table.children))

    def _entry(self, tree: Tree[Token]) -> nodes.Entry:
        key, _, value = tree.children
        return nodes.Entry(
            key=self._key(cast("Tree[Token]", key)),
            value=self.expression(value),
            span=self.span(tree),
        )

    def _key(self, tree: Tree[Token]) -> str:
        return "".join(self._level(item) for item in tree.children)

    def _level(self, item: Item) -> str:
        token = cast(Token, item)
        return self.text(token) if token.type == "STRING" else str(token)

    def _index(self, tree: Tree[Token]) -> nodes.Expression:
        base, _, indices, _ = tree.children
        return nodes.Index(
            base=self.expression(base), indices=self.expressions(indices), span=self.span(tree)
        )

    def _world(self, tree: Tree[Token]) -> nodes.Expression:
        base = self.expression(tree.children[0])
        assignments = tuple(self.assignment(item) for item in _trees(tree.children[1:]))
        return nodes.World(base=base, assignments=assignments, span=self.span(tree))

    def assignment(self, tree: Tree[Token]) -> nodes.Assignment:
        """Return ``S <- value``, ``S ~ policy`` or, from the command line, ``S = value``."""
        target, sign, value, *along = tree.children
        return nodes.Assignment(
            target=self.name(target),
            kind="draw" if cast(Token, sign).type == "TILDE" else "set",
            value=self.expression(value),
            along=tuple(self._path(item) for item in _trees(_paths(along))),
            span=self.span(tree),
        )

    def _path(self, tree: Tree[Token]) -> nodes.Path:
        names = tuple(self.name(item) for item in _between(tree.children, "ARROW"))
        return nodes.Path(names=names, span=self.span(tree))

    def _expectation(self, tree: Tree[Token]) -> nodes.Expression:
        kind = cast(Any, str(tree.children[0]))
        events, *given = _trees(tree.children)
        body = self.expressions(events)
        facts = self.expressions(given[0].children[1]) if given else ()
        if kind != "Q":
            return nodes.Expectation(kind=kind, body=body, facts=facts, span=self.span(tree))
        if len(body) != 2:
            raise BuildError(errors.quantile_parts(self.span(tree), len(body)))
        return nodes.Expectation(
            kind="Q", body=body[:1], level=body[1], facts=facts, span=self.span(tree)
        )

    def _call(self, tree: Tree[Token]) -> nodes.Expression:
        name, _, *rest, _ = tree.children
        settings: tuple[nodes.Setting, ...] = ()
        if rest and isinstance(rest[-1], Tree) and rest[-1].data == "settings":
            settings = self.settings(rest.pop())
        inputs = _between(rest, "COMMA", "SEMICOLON")
        return nodes.Call(
            name=str(name),
            inputs=tuple(self.expression(item) for item in inputs),
            settings=settings,
            name_span=self.span(name),
            span=self.span(tree),
        )

    def settings(self, tree: Item) -> tuple[nodes.Setting, ...]:
        """Return the ``name=value`` pairs below a tree."""
        children = cast("Tree[Token]", tree).children
        return tuple(self._setting(item) for item in _trees(children))

    def _setting(self, tree: Tree[Token]) -> nodes.Setting:
        name, _, value = tree.children
        return nodes.Setting(
            name=str(name), value=self.expression(value), span=self.span(tree)
        )


def _paths(along: Sequence[Item]) -> Sequence[Item]:
    return cast("Tree[Token]", along[0]).children if along else ()


def _unescape(text: str, at: int) -> tuple[str | None, int]:
    """Return the character an escape stands for, None if there is no such escape; its length."""
    sign = text[at + 1]
    if sign in _ESCAPES:
        return _ESCAPES[sign], 2
    digits = text[at + 2 : at + 6]
    if sign == "u" and len(digits) == 4 and all(d in "0123456789abcdefABCDEF" for d in digits):
        value = chr(int(digits, 16))
        return (None if "\ud800" <= value <= "\udfff" else value), 6
    return None, 2
