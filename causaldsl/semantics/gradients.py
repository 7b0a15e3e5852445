"""Draws of discrete variables have no gradient: losses that need one are refused."""

from __future__ import annotations

from collections.abc import Iterator

from causaldsl.semantics import objective_errors
from causaldsl.semantics.scope import Scope
from causaldsl.source import Span
from causaldsl.syntax import nodes
from causaldsl.vocabulary.domains import Binary, is_discrete

Draw = tuple[str, str, Span]


def check_gradients(term: nodes.Call, scope: Scope) -> None:
    """Report every discrete draw that a resolved term would send a gradient through."""
    for name, what, span in _draws(term, scope):
        variable = scope.variables[name]
        if not is_discrete(variable.domain):
            continue
        hint = None
        if isinstance(variable.domain, Binary) or what != "the draw":
            hint = f"write `E[{' '.join(span.text.split())}]`"
        if what == "a fresh draw":
            hint = f"write `E[{name}]`"
        scope.findings.add(objective_errors.no_gradient(name, what, span, hint))


def _draws(expression: nodes.Expression, scope: Scope) -> Iterator[Draw]:
    """Yield the drawn values in an expression: latents, fresh draws, values of other worlds."""
    match expression:
        case nodes.Name(name=name):
            variable = scope.variables.get(name)
            if variable is not None and not variable.role.is_observed:
                yield name, "the draw", expression.span
        case nodes.World(base=nodes.Name(name=name)):
            if name in scope.variables:
                yield name, "the value in another world", expression.span
        case nodes.Expectation():
            return
        case nodes.Call(name="sampled", inputs=inputs):
            for item in inputs:
                if isinstance(item, nodes.Name) and item.name in scope.variables:
                    yield item.name, "a fresh draw", item.span
        case nodes.By(body=body):
            yield from _draws(body, scope)
        case nodes.From(source=source):
            yield from _draws(source, scope)
        case nodes.Index(base=base):
            yield from _draws(base, scope)
        case nodes.Call(inputs=inputs):
            for item in inputs:
                if not (isinstance(item, nodes.Call) and item.name == "mean"):
                    yield from _draws(item, scope)
        case nodes.Unary(operand=inner):
            yield from _draws(inner, scope)
        case nodes.Binary(left=left, right=right):
            yield from _draws(left, scope)
            yield from _draws(right, scope)
        case nodes.ListOf(items=items) | nodes.TupleOf(items=items):
            for item in items:
                yield from _draws(item, scope)
        case _:
            return
