"""What the roles of variables demand of the arrows and the losses."""

from __future__ import annotations

import networkx as nx

from causaldsl.graph.dag import descendants
from causaldsl.semantics import structure_errors
from causaldsl.semantics.scope import DeclaredVariable, Scope
from causaldsl.semantics.structure import Structure
from causaldsl.semantics.walk import every_name
from causaldsl.syntax import nodes
from causaldsl.vocabulary.roles import Role


def check_roles(scope: Scope, structure: Structure) -> None:
    """Report every auxiliary and control whose place in the graph is not its role's."""
    sensitive = _with_role(scope, Role.SENSITIVE)
    outcomes = _with_role(scope, Role.OUTCOME)
    below_sensitive = descendants(structure.graph, sensitive)
    below_outcome = descendants(structure.graph, outcomes)
    for name in _with_role(scope, Role.AUXILIARY):
        _check_auxiliary(scope.variables[name], sensitive, below_sensitive, scope, structure)
    controls = _with_role(scope, Role.CONTROL)
    in_losses = _names_in_losses(scope) if controls else frozenset()
    for name in controls:
        variable = scope.variables[name]
        if name not in below_outcome:
            finding = structure_errors.control_without_outcome(name, outcomes, variable.span)
            scope.findings.add(finding)
        for child in structure.graph.successors(name):
            span = structure.arrows[name, child]
            finding = structure_errors.control_with_child(name, child, span, variable.span)
            scope.findings.add(finding)
        if name not in in_losses:
            partners = _with_role(scope, Role.AUXILIARY)
            scope.findings.add(structure_errors.control_in_no_loss(name, partners, variable.span))


def _with_role(scope: Scope, role: Role) -> list[str]:
    return [name for name, variable in scope.variables.items() if variable.role is role]


def _check_auxiliary(
    variable: DeclaredVariable,
    sensitive: list[str],
    below_sensitive: frozenset[str],
    scope: Scope,
    structure: Structure,
) -> None:
    name = variable.name
    if not any(child in sensitive for child in structure.graph.successors(name)):
        finding = structure_errors.auxiliary_points_nowhere(name, sensitive, variable.span)
        scope.findings.add(finding)
    if name in below_sensitive and structure.is_acyclic:
        source = next(s for s in sensitive if nx.has_path(structure.graph, s, name))
        path = nx.shortest_path(structure.graph, source, name)
        arrow = structure.arrows[path[-2], path[-1]]
        scope.findings.add(structure_errors.auxiliary_descends(name, path, variable.span, arrow))


def _names_in_losses(scope: Scope) -> frozenset[str]:
    found: set[str] = set()
    for statement in scope.names.of(nodes.LossStatement):
        for name in every_name(statement.value):
            found.update(scope.members(name))
    return frozenset(found)
