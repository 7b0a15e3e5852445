"""Guides: of latents, and auxiliary ones of observed variables; what they read and draw."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Literal

import networkx as nx

from causaldsl.graph.dag import find_cycles
from causaldsl.semantics import mechanism_errors, objective_errors
from causaldsl.semantics.families import bind_arguments, fits, fitting_families
from causaldsl.semantics.images import check_convolutions
from causaldsl.semantics.mechanisms import (
    CheckedMechanism,
    check_predictor,
    is_branched_family,
    is_network,
)
from causaldsl.semantics.model import GuideSpec, Structural
from causaldsl.semantics.resolve import Place, Resolver
from causaldsl.semantics.scope import DeclaredVariable, Scope
from causaldsl.semantics.settings import check_settings
from causaldsl.semantics.structure import expand
from causaldsl.semantics.values import value_of
from causaldsl.semantics.walk import variables_in, walk
from causaldsl.source import Span
from causaldsl.syntax import nodes
from causaldsl.vocabulary.distributions import FAMILIES
from causaldsl.vocabulary.networks import SCALE

DefaultGuide = Literal["auto", "per_row"]


def check_guides(
    scope: Scope, mechanisms: Mapping[str, CheckedMechanism]
) -> tuple[dict[str, GuideSpec], DefaultGuide]:
    """Return the written guides by target, and the form of all others."""
    default: DefaultGuide = "auto"
    guides: dict[str, GuideSpec] = {}
    resolver = Resolver(scope, Place(what="a guide", draws=True))
    for statement in scope.names.of(nodes.Guide):
        right = statement.right
        if not statement.targets:
            word = right.name if isinstance(right, nodes.Name) else right.span.text
            if word == "per_row":
                default = "per_row"
            elif word != "auto":
                scope.findings.add(objective_errors.unknown_guide(word, right.span))
            continue
        resolved = _resolve(right, resolver)
        for name in statement.targets:
            members = tuple(
                expand((name,), scope.names, scope.variables, scope.groups, scope.findings)
            )
            for member in members:
                _add(member, name.span, resolved, statement, guides, mechanisms, scope)
                if member in guides and len(members) > 1:
                    shared = replace(guides[member], shares_network_with=members)
                    guides[member] = shared
    _check_draws(guides, scope)
    _check_order(guides, scope)
    return guides, default


def _resolve(right: nodes.Expression, resolver: Resolver) -> nodes.Expression:
    """Return a guide's right side with its names resolved."""
    if isinstance(right, nodes.Name) and right.name in ("per_row", "auto"):
        return right
    if isinstance(right, nodes.Call) and right.name in FAMILIES:
        return replace(right, inputs=tuple(resolver.resolve(i) for i in right.inputs))
    if is_branched_family(right):
        resolver.scope.findings.add(mechanism_errors.branch_of_no_network(right.span))
        return right
    return resolver.resolve(right)


def _add(
    name: str,
    span: Span,
    right: nodes.Expression,
    statement: nodes.Guide,
    guides: dict[str, GuideSpec],
    mechanisms: Mapping[str, CheckedMechanism],
    scope: Scope,
) -> None:
    variable = scope.variables[name]
    if name in guides:
        scope.findings.add(objective_errors.second_guide(name, span, guides[name].span))
        return
    if isinstance(mechanisms[name].mechanism, Structural) and not variable.role.is_observed:
        reason = "its equation gives it from its parents"
        scope.findings.add(objective_errors.no_guide(name, reason, span))
        return
    per_row = isinstance(right, nodes.Name) and right.name == "per_row"
    if isinstance(right, nodes.Name) and right.name == "auto":
        scope.findings.add(objective_errors.unknown_guide("auto", right.span))
        return
    if per_row and variable.role.is_observed:
        reason = "free numbers for a row do not predict it where it is missing"
        scope.findings.add(
            objective_errors.no_guide(name, reason, span, f"write `guide {name} ~ mlp(...)`")
        )
        return
    if not per_row:
        _check_form(right, variable, scope)
    guides[name] = GuideSpec(
        target=name,
        right=right,
        per_row=per_row,
        auxiliary=variable.role.is_observed,
        span=statement.span,
    )


def _check_form(right: nodes.Expression, variable: DeclaredVariable, scope: Scope) -> None:
    if is_branched_family(right):
        return
    check_convolutions(right, variable, scope)
    if not isinstance(right, nodes.Call) or right.name not in FAMILIES:
        value = value_of(right, scope)
        if value is not None:
            check_predictor(value, right, variable, scope)
        return
    signature = FAMILIES[right.name]
    if not fits(signature, variable.domain):
        scope.findings.add(
            mechanism_errors.family_against_domain(
                right.name,
                variable.name,
                str(variable.domain),
                fitting_families(variable.domain)[:4],
                right.name_span,
                variable.span,
            )
        )
    elif len(right.inputs) == 1 and is_network(right.inputs[0]):
        check_settings(right.settings, {"scale": SCALE}, right.name, scope)
        value_of(right.inputs[0], scope)
    else:
        bind_arguments(right, signature, scope, variable)


def drawn_in(expression: nodes.Expression) -> dict[str, Span]:
    """Return the variables that stand inside `sampled(...)`, each with its first place."""
    found: dict[str, Span] = {}
    for item in walk(expression):
        if isinstance(item, nodes.Call) and item.name == "sampled":
            for inner in item.inputs:
                if isinstance(inner, nodes.Name):
                    found.setdefault(inner.name, inner.span)
    return found


def _check_draws(guides: Mapping[str, GuideSpec], scope: Scope) -> None:
    """Report `sampled(a)` of an observed variable that no auxiliary guide predicts."""
    for guide in guides.values():
        for name, span in drawn_in(guide.right).items():
            variable = scope.variables.get(name)
            if variable is not None and variable.role.is_observed and name not in guides:
                reason = f"`{name}` is observed and has no guide of its own"
                hint = f"add `guide {name} ~ mlp(...)`, or read `{name}` itself"
                scope.findings.add(objective_errors.nothing_to_draw(name, reason, span, hint))


def _check_order(guides: Mapping[str, GuideSpec], scope: Scope) -> None:
    """Report guides that need each other's draws."""
    reads: nx.DiGraph[str] = nx.DiGraph()
    places: dict[tuple[str, str], Span] = {}
    for name, guide in guides.items():
        reads.add_node(name)
        if guide.per_row:
            continue
        for other, place in variables_in(guide.right, scope).items():
            is_drawn = other in guides or not scope.variables[other].role.is_observed
            if is_drawn:
                reads.add_edge(name, other)
                places[name, other] = place.span
    for circle in find_cycles(reads):
        span = places[circle[0], circle[1]]
        scope.findings.add(objective_errors.guide_circle(circle, span))
