"""Lark trees to nodes: one method for each rule of the grammar.

Trees come with all their tokens, so that a span is the range from a tree's first token to its
last. What the grammar is too coarse to refuse (a domain's word, two columns) is refused here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, cast

from causaldsl.diagnostics.model import Diagnostic
from causaldsl.source import SourceFile, Span
from causaldsl.syntax import errors, nodes
from causaldsl.syntax.tokens import Item, Token, Tree, as_token, as_tree, text_of, trees, without

MAX_DEPTH = 200

_HEXADECIMAL = frozenset("0123456789abcdefABCDEF")
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", '"': '"', "\\": "\\"}


class BuildError(Exception):
    """A statement that fits the grammar and is refused all the same."""

    def __init__(self, diagnostic: Diagnostic) -> None:
        self.diagnostic = diagnostic
        super().__init__(diagnostic.message)


class Builder:
    """Builds the nodes of one file. Methods of statements take the tree's children."""

    def __init__(self, file: SourceFile) -> None:
        self.file = file
        self._depth = 0

    # --- spans and leaves -------------------------------------------------------------------

    def span(self, item: Item) -> Span:
        """Return the range a token or a tree covers."""
        return Span(file=self.file, start=item.start, end=item.end)

    def name(self, item: Item) -> nodes.Name:
        """Return a bare name."""
        token = as_token(item)
        return nodes.Name(name=token.text, span=self.span(token))

    def names(self, tree: Item) -> tuple[nodes.Name, ...]:
        """Return the names of a `name_list`."""
        children = as_tree(tree).children
        return tuple(self.name(item) for item in without(children, "COMMA"))

    def text(self, item: Item) -> str:
        """Return the value of a quoted string."""
        token = as_token(item)
        inner = token.text[1:-1]
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
                start = (token.start) + 1 + at
                span = Span(file=self.file, start=start, end=start + length)
                raise BuildError(errors.bad_escape(span))
            parts.append(value)
            at += length
        return "".join(parts)

    def number(self, item: Item) -> nodes.Number:
        """Return a number."""
        token = as_token(item)
        return nodes.Number(value=float(token.text), text=token.text, span=self.span(token))

    # --- expressions ------------------------------------------------------------------------

    def expression(self, item: Item) -> nodes.Expression:
        """Return an expression; refuse one that is nested too deeply."""
        if isinstance(item, Token):
            return self._leaf(item)
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise BuildError(errors.too_deep(self.span(item), MAX_DEPTH))
        build: Callable[[Tree], nodes.Expression] = getattr(self, f"_{item.data}")
        node = build(item)
        self._depth -= 1
        return node

    def expressions(self, tree: Item) -> tuple[nodes.Expression, ...]:
        """Return the members of an `expression_list` or of anything between commas."""
        children = as_tree(tree).children
        return tuple(self.expression(item) for item in without(children, "COMMA"))

    def _leaf(self, token: Token) -> nodes.Expression:
        if token.type == "NUMBER":
            return self.number(token)
        if token.type == "STRING":
            return nodes.Text(value=self.text(token), span=self.span(token))
        return self.name(token)

    def _binary(self, tree: Tree) -> nodes.Expression:
        left, op, right = tree.children
        return nodes.Binary(
            op=cast(Any, text_of(op)),
            left=self.expression(left),
            right=self.expression(right),
            span=self.span(tree),
        )

    def _negative(self, tree: Tree) -> nodes.Expression:
        operand = self.expression(tree.children[1])
        return nodes.Unary(op="-", operand=operand, span=self.span(tree))

    def _compare(self, tree: Tree) -> nodes.Expression:
        left, op, right = tree.children
        return nodes.Compare(
            op=cast(Any, text_of(op)),
            left=self.expression(left),
            right=self.expression(right),
            span=self.span(tree),
        )

    def _branch(self, tree: Tree) -> nodes.Expression:
        body, _, branch = tree.children
        return nodes.By(
            body=self.expression(body), branch=self.expression(branch), span=self.span(tree)
        )

    def _learned_from(self, tree: Tree) -> nodes.Expression:
        target, _, source = tree.children
        return nodes.From(
            target=self.expression(target), source=self.expression(source), span=self.span(tree)
        )

    def _parenthesised(self, tree: Tree) -> nodes.Expression:
        return replace(self.expression(tree.children[1]), span=self.span(tree))

    def _tuple(self, tree: Tree) -> nodes.Expression:
        items = without(tree.children[1:-1], "COMMA")
        return nodes.TupleOf(
            items=tuple(self.expression(item) for item in items), span=self.span(tree)
        )

    def _list(self, tree: Tree) -> nodes.Expression:
        items = self.expressions(tree.children[1]) if len(tree.children) == 3 else ()
        return nodes.ListOf(items=items, span=self.span(tree))

    def _table(self, tree: Tree) -> nodes.Table:
        return nodes.Table(entries=self.entries(tree), span=self.span(tree))

    def entries(self, table: Tree) -> tuple[nodes.Entry, ...]:
        """Return the entries of a table."""
        return tuple(self._entry(entry) for entry in trees(table.children))

    def _entry(self, tree: Tree) -> nodes.Entry:
        key, _, value = tree.children
        return nodes.Entry(
            key=self._key(as_tree(key)),
            value=self.expression(value),
            span=self.span(tree),
        )

    def _key(self, tree: Tree) -> str:
        return "".join(self._level(item) for item in tree.children)

    def _level(self, item: Item) -> str:
        token = as_token(item)
        return self.text(token) if token.type == "STRING" else token.text

    def _index(self, tree: Tree) -> nodes.Expression:
        base, _, indices, _ = tree.children
        return nodes.Index(
            base=self.expression(base), indices=self.expressions(indices), span=self.span(tree)
        )

    def _world(self, tree: Tree) -> nodes.Expression:
        base = self.expression(tree.children[0])
        assignments = tuple(self.assignment(item) for item in trees(tree.children[1:]))
        return nodes.World(base=base, assignments=assignments, span=self.span(tree))

    def assignment(self, tree: Tree) -> nodes.Assignment:
        """Return ``S <- value``, ``S ~ policy`` or, from the command line, ``S = value``."""
        target, sign, value, *along = tree.children
        return nodes.Assignment(
            target=self.name(target),
            kind="draw" if as_token(sign).type == "TILDE" else "set",
            value=self.expression(value),
            along=tuple(self._path(item) for item in trees(_paths(along))),
            span=self.span(tree),
        )

    def _path(self, tree: Tree) -> nodes.Path:
        names = tuple(self.name(item) for item in without(tree.children, "ARROW"))
        return nodes.Path(names=names, span=self.span(tree))

    def _expectation(self, tree: Tree) -> nodes.Expression:
        kind = cast(Any, text_of(tree.children[0]))
        events, *given = trees(tree.children)
        body = self.expressions(events)
        facts = self.expressions(given[0].children[1]) if given else ()
        if kind != "Q":
            return nodes.Expectation(kind=kind, body=body, facts=facts, span=self.span(tree))
        if len(body) != 2:
            raise BuildError(errors.quantile_parts(self.span(tree), len(body)))
        return nodes.Expectation(
            kind="Q", body=body[:1], level=body[1], facts=facts, span=self.span(tree)
        )

    def _call(self, tree: Tree) -> nodes.Expression:
        name, _, *rest, _ = tree.children
        settings: tuple[nodes.Setting, ...] = ()
        if rest and isinstance(rest[-1], Tree) and rest[-1].data == "settings":
            settings = self.settings(rest.pop())
        inputs = without(rest, "COMMA", "SEMICOLON")
        return nodes.Call(
            name=text_of(name),
            inputs=tuple(self.expression(item) for item in inputs),
            settings=settings,
            name_span=self.span(name),
            span=self.span(tree),
        )

    def settings(self, tree: Item) -> tuple[nodes.Setting, ...]:
        """Return the ``name=value`` pairs below a tree."""
        children = as_tree(tree).children
        return tuple(self._setting(item) for item in trees(children))

    def _setting(self, tree: Tree) -> nodes.Setting:
        name, _, value = tree.children
        return nodes.Setting(name=text_of(name), value=self.expression(value), span=self.span(tree))


def _paths(along: Sequence[Item]) -> Sequence[Item]:
    return as_tree(along[0]).children if along else ()


def _unescape(text: str, at: int) -> tuple[str | None, int]:
    """Return the character an escape stands for, None if there is no such escape; its length."""
    sign = text[at + 1]
    if sign in _ESCAPES:
        return _ESCAPES[sign], 2
    size = {"u": 4, "U": 8}.get(sign, 0)
    digits = text[at + 2 : at + 2 + size]
    if not size or len(digits) != size or not set(digits) <= _HEXADECIMAL:
        return None, 2
    point = int(digits, 16)
    is_character = point <= 0x10FFFF and not 0xD800 <= point <= 0xDFFF
    return (chr(point) if is_character else None), 2 + size
