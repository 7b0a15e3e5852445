"""Warnings about what is declared and plays no part."""

from __future__ import annotations

from collections.abc import Iterator

from causaldsl.graph.dag import ancestors
from causaldsl.semantics import name_errors, structure_errors
from causaldsl.semantics.scope import Scope
from causaldsl.semantics.structure import Structure
from causaldsl.semantics.walk import every_name
from causaldsl.syntax import nodes
from causaldsl.vocabulary.roles import Role


def check_usage(scope: Scope, structure: Structure) -> None:
    """Warn of names that nothing uses, and of variables that data say nothing about."""
    used = set(_used_names(scope))
    for symbol in scope.names.symbols.values():
        if symbol.kind != "variable" and symbol.name not in used:
            word = name_errors.KIND_WORDS[symbol.kind]
            scope.findings.add(name_errors.never_used(symbol.name, word, symbol.span))
    graph = structure.graph
    is_incomplete = any(
        item.name not in scope.variables and item.name not in scope.groups
        for statement in scope.names.of(nodes.Arrows)
        for stop in statement.stops
        for item in stop
    )
    observed = [n for n, v in scope.variables.items() if v.role.is_observed]
    seen = ancestors(graph, observed)
    defined = {
        member
        for statement in scope.names.of(nodes.MechanismStatement)
        if statement.kind == ":="
        for target in statement.targets
        for member in scope.members(target.name)
    }
    for name, variable in scope.variables.items():
        if name in scope.findings.reported or variable.stand_in:
            continue
        if not graph.pred[name] and not graph.succ[name]:
            if len(scope.variables) > 1 and not is_incomplete:
                scope.findings.add(structure_errors.isolated(name, variable.span))
        elif name not in seen and variable.role is not Role.CONTROL and name not in defined:
            finding = structure_errors.without_observed_descendant(name, variable.span)
            scope.findings.add(finding)


def _used_names(scope: Scope) -> Iterator[str]:
    """Yield every name that a statement uses rather than declares."""
    for statement in scope.names.program.statements:
        match statement:
            case nodes.VariableDeclaration(names=declared):
                for item in declared:
                    yield from _all(item.sizes)
            case nodes.Param(value=value) | nodes.LossStatement(value=value):
                yield from every_name(value)
            case nodes.QueryStatement(value=value):
                yield from every_name(value)
            case nodes.GroupDeclaration(members=members):
                yield from (member.name for member in members)
            case nodes.Arrows(stops=stops):
                yield from (name.name for stop in stops for name in stop)
            case nodes.MechanismStatement(targets=targets, right=right):
                yield from (name.name for name in targets)
                yield from every_name(right)
            case nodes.Guide(targets=targets, right=right):
                yield from (name.name for name in targets)
                yield from every_name(right)
            case nodes.CouplingStatement(targets=targets):
                yield from (name.name for name in targets)
            case nodes.Learn(names=declared, start=start):
                for item in declared:
                    yield from _all(item.sizes)
                yield from _all(() if start is None else (start,))
            case nodes.Prior(names=declared, right=right):
                for item in declared:
                    yield from _all(item.sizes)
                yield from every_name(right)
            case nodes.Train(settings=settings):
                yield from _all(tuple(s.value for s in settings))
            case nodes.Predict(target=target, features=features):
                yield target.name
                yield from _all(features)
            case nodes.Assert(claim=claim):
                listed = (*claim.arguments, claim.given)
                yield from (name.name for names in listed for name in names)
            case _:
                pass


def _all(expressions: tuple[nodes.Expression, ...]) -> Iterator[str]:
    for expression in expressions:
        yield from every_name(expression)
