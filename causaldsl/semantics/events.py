"""Events: comparisons inside P, and behind the bar."""

from __future__ import annotations

from dataclasses import replace

from causaldsl.semantics import name_errors, query_errors
from causaldsl.semantics.domains import is_value_of
from causaldsl.semantics.resolve import Resolver, has_levels
from causaldsl.semantics.scope import DeclaredVariable, Scope
from causaldsl.semantics.tables import level_text
from causaldsl.semantics.values import single
from causaldsl.semantics.wording import quoted
from causaldsl.syntax import nodes
from causaldsl.vocabulary.domains import Categorical, levels_of


def check_event(resolver: Resolver, expression: nodes.Expression, where: str) -> nodes.Expression:
    """Return an event with its names resolved; levels beside a variable are its own."""
    if not isinstance(expression, nodes.Compare):
        resolver.scope.findings.add(query_errors.no_event(where, expression.span))
        return expression
    left, right = expression.left, expression.right
    variable = _variable_of(left, resolver.scope)
    other = _variable_of(right, resolver.scope)
    if variable is not None and has_levels(resolver.scope, variable.name):
        return _compare_levels(resolver, expression, variable, is_left=True)
    if other is not None and has_levels(resolver.scope, other.name):
        return _compare_levels(resolver, expression, other, is_left=False)
    resolved = replace(expression, left=resolver.resolve(left), right=resolver.resolve(right))
    if variable is not None:
        _check_possible(expression, resolved.right, variable, resolver.scope)
    for side in (resolved.left, resolved.right):
        single(side, resolver.scope)
    return resolved


def _variable_of(expression: nodes.Expression, scope: Scope) -> DeclaredVariable | None:
    """Return the variable that an expression is the value of, in any world."""
    base = expression.base if isinstance(expression, nodes.World) else expression
    return scope.variables.get(base.name) if isinstance(base, nodes.Name) else None


def _compare_levels(
    resolver: Resolver, event: nodes.Compare, variable: DeclaredVariable, *, is_left: bool
) -> nodes.Compare:
    scope = resolver.scope
    if event.op not in ("=", "!=") and isinstance(variable.domain, Categorical):
        finding = query_errors.comparison_without_order(
            variable.name, event.op, event.span, variable.span
        )
        scope.findings.add(finding)
    own = resolver.resolve(event.left if is_left else event.right)
    value = _level(resolver, event.right if is_left else event.left, variable)
    left, right = (own, value) if is_left else (value, own)
    return replace(event, left=left, right=right)


def _level(
    resolver: Resolver, expression: nodes.Expression, variable: DeclaredVariable
) -> nodes.Expression:
    scope = resolver.scope
    levels = levels_of(variable.domain) or ()
    text = level_text(expression)
    if text is not None and text in levels:
        return nodes.Text(value=text, span=expression.span)
    other = _variable_of(expression, scope)
    if other is not None:
        if levels_of(other.domain) != levels:
            found = f"`{other.name}`, which is {other.domain}"
            finding = query_errors.compared_to_impossible(
                variable.name, found, str(variable.domain), expression.span, variable.span
            )
            scope.findings.add(finding)
        return resolver.resolve(expression)
    if text is None:
        found = quoted(expression.span)
        finding = query_errors.compared_to_impossible(
            variable.name, found, str(variable.domain), expression.span, variable.span
        )
        scope.findings.add(finding)
    elif text not in scope.findings.reported:
        span, declared = expression.span, variable.span
        scope.findings.add(name_errors.unknown_level(text, variable.name, levels, span, declared))
    return expression


def _check_possible(
    event: nodes.Compare, right: nodes.Expression, variable: DeclaredVariable, scope: Scope
) -> None:
    """Report an equation that can never hold, such as ``Y = 2`` of a binary."""
    if event.op not in ("=", "!=") or not isinstance(right, nodes.Number | nodes.Unary):
        return
    text = level_text(right)
    if text is not None and not is_value_of(variable.domain, text):
        finding = query_errors.compared_to_impossible(
            variable.name, f"`{text}`", str(variable.domain), right.span, variable.span
        )
        scope.findings.add(finding)
