"""Queries: arithmetic around E, P and Q."""

from __future__ import annotations

from causaldsl.semantics import query_errors
from causaldsl.semantics.model import Query
from causaldsl.semantics.resolve import Place, Resolver
from causaldsl.semantics.scope import Scope
from causaldsl.semantics.structure import Structure
from causaldsl.semantics.values import single
from causaldsl.semantics.walk import children, names_in, walk
from causaldsl.semantics.worlds import Worlds, is_flip
from causaldsl.syntax import nodes


def check_queries(scope: Scope, structure: Structure) -> tuple[Query, ...]:
    """Return the queries in the order of the text."""
    worlds = Worlds(structure, facts=True)
    place = Place(what="a query", special=worlds.special)
    resolver = Resolver(scope, place)
    queries: list[Query] = []
    for statement in scope.names.of(nodes.QueryStatement):
        before = len(scope.findings.diagnostics)
        value = check_query_value(statement.value, resolver)
        found = scope.findings.diagnostics[before:]
        if any(d.severity == "error" for d in found) or not _is_resolved(value, scope):
            continue
        queries.append(Query(name=statement.name.name, value=value, span=statement.span))
    return tuple(queries)


def _is_resolved(value: nodes.Expression, scope: Scope) -> bool:
    """Whether every name has a meaning; one that has none was reported, perhaps elsewhere."""
    flips: set[str] = set()
    for part in walk(value):
        if isinstance(part, nodes.World):
            targets = [a.target.name for a in part.assignments]
            if not all(target in scope.variables for target in targets):
                return False
            values = [a.value.name for a in part.assignments if isinstance(a.value, nodes.Name)]
            flips |= {v for v in values if any(is_flip(t, v) for t in targets)}
    places = (scope.variables, scope.hypers, scope.parameters, flips)
    return all(any(name.name in place for place in places) for name in names_in(value))


def check_query_value(value: nodes.Expression, resolver: Resolver) -> nodes.Expression:
    """Return a query's expression resolved, reporting what is no number about the model."""
    findings = resolver.scope.findings
    before = len(findings.diagnostics)
    if isinstance(value, nodes.Compare):
        findings.add(query_errors.no_number("an event", value.span, "write it into `P[...]`"))
        return value
    outside = _check_outside(value, resolver.scope)
    resolved = resolver.resolve(value)
    if outside and not any(isinstance(e, nodes.Expectation) for e in _around(value)):
        findings.add(query_errors.asks_nothing(value.span))
    if len(findings.diagnostics) == before:
        single(resolved, resolver.scope)
    return resolved


def _around(expression: nodes.Expression) -> list[nodes.Expression]:
    """Return an expression's parts down to each E, P or Q, which are not entered."""
    found: list[nodes.Expression] = []
    stack = [expression]
    while stack:
        current = stack.pop()
        found.append(current)
        if not isinstance(current, nodes.Expectation | nodes.World):
            stack.extend(children(current))
    return found


def _check_outside(expression: nodes.Expression, scope: Scope) -> bool:
    """Report variables and worlds outside E, P and Q; return whether there are none."""
    for part in _around(expression):
        if isinstance(part, nodes.World):
            scope.findings.add(
                query_errors.no_number("another world", part.span, "write it into `E[...]`")
            )
            return False
        if isinstance(part, nodes.Name) and part.name in scope.variables:
            hint = f"write `E[{part.name}]`"
            scope.findings.add(query_errors.no_number(f"variable `{part.name}`", part.span, hint))
            return False
    return True
