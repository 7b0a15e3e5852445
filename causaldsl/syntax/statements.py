"""Lark trees of statements to nodes, above the expressions of `build`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, cast

from causaldsl.syntax import errors, nodes
from causaldsl.syntax.build import Builder, BuildError
from causaldsl.syntax.tokens import Item, Token, Tree, as_token, as_tree, text_of, trees, without
from causaldsl.vocabulary.roles import Role

_DOMAIN_WORDS = ("real", "positive", "unit", "count", "binary")
_OTHERWISE = ("drop", "error")
_POLICIES = ("error", "drop", "latent")
_CLAUSES = {
    "clause_from": "from",
    "clause_as": "as",
    "clause_else": "else",
    "clause_missing": "missing",
}


class StatementBuilder(Builder):
    """Builds whole statements."""

    def statement(self, tree: Tree) -> nodes.Statement:
        """Return the node of a statement, without its comments."""
        build: Callable[[Tree], nodes.Statement] = getattr(self, f"_{tree.data}")
        self._depth = 0
        return build(tree)

    def _header(self, tree: Tree) -> nodes.Statement:
        _, name, *title = tree.children
        return nodes.Header(
            name=self.name(name),
            title=self.text(title[0]) if title else None,
            span=self.span(tree),
        )

    def _param(self, tree: Tree) -> nodes.Statement:
        _, name, _, value = tree.children
        return nodes.Param(name=self.name(name), value=self.expression(value), span=self.span(tree))

    # --- variables --------------------------------------------------------------------------

    def _variable(self, tree: Tree) -> nodes.Statement:
        role, declared, *rest = tree.children
        domain = None
        if rest and isinstance(rest[0], Token) and rest[0].type == "COLON":
            domain = self.domain(rest[1])
            rest = rest[2:]
        return nodes.VariableDeclaration(
            role=Role(text_of(role)),
            names=self.declared(declared),
            domain=domain,
            span=self.span(tree),
            **self._clauses(rest),
        )

    def declared(self, tree: Item) -> tuple[nodes.Declared, ...]:
        """Return the declared names with their sizes."""
        return tuple(self._declared(item) for item in trees(as_tree(tree).children))

    def _declared(self, tree: Tree) -> nodes.Declared:
        name, *sizes = tree.children
        return nodes.Declared(
            name=self.name(name),
            sizes=self.expressions(sizes[1]) if sizes else (),
            span=self.span(tree),
        )

    def _clauses(self, items: Sequence[Item]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        first: dict[str, Item] = {}
        for item in items:
            kind = "label" if isinstance(item, Token) else _CLAUSES[item.data]
            if kind in first:
                raise BuildError(errors.clause_twice(kind, self.span(item), self.span(first[kind])))
            first[kind] = item
            found.update(self._clause(kind, item))
        return found

    def _clause(self, kind: str, item: Item) -> dict[str, Any]:
        if isinstance(item, Token):
            return {"label": self.text(item)}
        value = item.children[1]
        if kind == "from":
            return {"columns": self._columns(as_tree(value))}
        if kind == "as":
            return {"recode": self.entries(as_tree(value))}
        if kind == "else":
            return {"otherwise": self._word(value, "else", _OTHERWISE)}
        return {"missing": self._word(value, "missing", _POLICIES)}

    def _word(self, item: Item, after: str, known: tuple[str, ...]) -> str:
        word = text_of(item)
        if word not in known:
            raise BuildError(errors.unknown_word(word, after, self.span(item), known))
        return word

    def _columns(self, tree: Tree) -> nodes.Columns:
        transform = None
        span = self.span(tree)
        if tree.data == "columns_transformed":
            transform = self.name(tree.children[0])
            tree = as_tree(tree.children[2])
        strings = [self.text(item) for item in without(tree.children, "COMMA", "RANGE")]
        is_range = len(tree.children) == 3 and as_token(tree.children[1]).type == "RANGE"
        return nodes.Columns(
            names=tuple(strings[:1] if is_range else strings),
            last=strings[1] if is_range else None,
            transform=transform,
            span=span,
        )

    def domain(self, item: Item) -> nodes.DomainNode:
        """Return a domain as written."""
        tree = as_tree(item)
        if tree.data == "domain_word":
            word = text_of(tree.children[0])
            if word not in _DOMAIN_WORDS:
                raise BuildError(errors.unknown_domain(word, self.span(tree)))
            return nodes.DomainNode(word=cast(Any, word), span=self.span(tree))
        if tree.data == "domain_image":
            return self._image(tree)
        levels = tuple(self._level(item) for item in without(tree.children[1:-1], "COMMA", "LESS"))
        word = "levels" if tree.data == "domain_levels" else "ordered"
        return nodes.DomainNode(word=cast(Any, word), levels=levels, span=self.span(tree))

    def _image(self, tree: Tree) -> nodes.DomainNode:
        name, _, *sizes, _ = tree.children
        if text_of(name) != "image":
            raise BuildError(errors.sized_domain(text_of(name), self.span(tree)))
        numbers = [self.number(item) for item in without(sizes, "COMMA")]
        for number in numbers:
            if not number.text.isdigit():
                raise BuildError(errors.not_a_size(number.text, number.span))
        if len(numbers) != 3:
            raise BuildError(errors.image_sizes(self.span(tree), len(numbers)))
        return nodes.DomainNode(
            word="image", sizes=tuple(int(n.text) for n in numbers), span=self.span(tree)
        )

    def _missing_policy(self, tree: Tree) -> nodes.Statement:
        policy = self._word(tree.children[1], "missing", _POLICIES)
        return nodes.MissingPolicy(policy=cast(Any, policy), span=self.span(tree))

    def _group(self, tree: Tree) -> nodes.Statement:
        _, name, _, members = tree.children
        return nodes.GroupDeclaration(
            name=self.name(name), members=self.names(members), span=self.span(tree)
        )

    # --- structure and mechanisms -----------------------------------------------------------

    def _arrows(self, tree: Tree) -> nodes.Statement:
        stops = tuple(self.names(item) for item in trees(tree.children))
        return nodes.Arrows(stops=stops, span=self.span(tree))

    def _bidirected(self, tree: Tree) -> nodes.Statement:
        stops = tuple(self.names(item) for item in trees(tree.children))
        return nodes.Arrows(stops=stops, bidirected=True, span=self.span(tree))

    def _mechanism(self, tree: Tree) -> nodes.Statement:
        targets, sign, right = tree.children
        return nodes.MechanismStatement(
            targets=self.names(targets),
            kind=cast(Any, text_of(sign)),
            right=self.expression(right),
            span=self.span(tree),
        )

    def _learn(self, tree: Tree) -> nodes.Statement:
        _, declared, *rest = tree.children
        parts = {text_of(sign): value for sign, value in zip(rest[::2], rest[1::2], strict=True)}
        return nodes.Learn(
            names=self.declared(declared),
            domain=self.domain(parts[":"]) if ":" in parts else None,
            start=self.expression(parts["="]) if "=" in parts else None,
            span=self.span(tree),
        )

    def _prior(self, tree: Tree) -> nodes.Statement:
        _, declared, _, right = tree.children
        return nodes.Prior(
            names=self.declared(declared), right=self.expression(right), span=self.span(tree)
        )

    def _guide(self, tree: Tree) -> nodes.Statement:
        _, first, *rest = tree.children
        targets = self.names(first) if rest else ()
        right = self.expression(rest[1]) if rest else self.name(first)
        return nodes.Guide(targets=targets, right=right, span=self.span(tree))

    def _coupling(self, tree: Tree) -> nodes.Statement:
        _, first, *rest = tree.children
        targets = self.names(first) if rest else ()
        word = self.name(rest[1] if rest else first)
        return nodes.CouplingStatement(targets=targets, word=word, span=self.span(tree))

    # --- objective --------------------------------------------------------------------------

    def _loss(self, tree: Tree) -> nodes.Statement:
        name = self.name(tree.children[1]) if len(tree.children) == 4 else None
        value = self.expression(tree.children[-1])
        return nodes.LossStatement(name=name, value=value, span=self.span(tree))

    def _train(self, tree: Tree) -> nodes.Statement:
        return nodes.Train(settings=self.settings(tree), span=self.span(tree))

    def _predict(self, tree: Tree) -> nodes.Statement:
        _, target, _, features = tree.children
        return nodes.Predict(
            target=self.name(target), features=self.expressions(features), span=self.span(tree)
        )

    def _query(self, tree: Tree) -> nodes.Statement:
        _, name, _, value = tree.children
        return nodes.QueryStatement(
            name=self.name(name), value=self.expression(value), span=self.span(tree)
        )

    def _assertion(self, tree: Tree) -> nodes.Statement:
        claim = as_tree(tree.children[-1])
        return nodes.Assert(
            claim=self._arrow_claim(claim) if claim.data == "claim_arrow" else self._claim(claim),
            negated=len(tree.children) == 3,
            span=self.span(tree),
        )

    def _arrow_claim(self, tree: Tree) -> nodes.Claim:
        arguments = tuple(self.names(item) for item in trees(tree.children))
        return nodes.Claim(kind="arrow", arguments=arguments, span=self.span(tree))

    def _claim(self, tree: Tree) -> nodes.Claim:
        kind = text_of(tree.children[0])
        if kind not in errors.CLAIMS:
            raise BuildError(errors.unknown_claim(kind, self.span(tree.children[0])))
        parts = list(trees(tree.children))
        given = self.names(parts.pop()) if parts[-1].data == "name_list" else ()
        return nodes.Claim(
            kind=cast(Any, kind),
            arguments=tuple(self._claim_argument(item) for item in parts),
            given=given,
            span=self.span(tree),
        )

    def _claim_argument(self, tree: Tree) -> tuple[nodes.Name, ...]:
        if len(tree.children) == 3:
            return self.names(tree.children[1])
        return (self.name(tree.children[0]),)
