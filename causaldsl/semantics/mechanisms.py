"""Mechanisms: one for each variable, its family, its arguments, and the arrows it uses.

A written mechanism is brought to one of the forms that `model.Stochastic` and `model.Structural`
describe; a variable without one gets ``linear(parents)``, a standard normal or its marginal.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from causaldsl.semantics import mechanism_errors, structure_errors, value_errors
from causaldsl.semantics.families import (
    bind_arguments,
    check_number_for_each_level,
    fits,
    fitting_families,
)
from causaldsl.semantics.images import check_convolutions
from causaldsl.semantics.model import Mechanism, Stochastic, Structural
from causaldsl.semantics.resolve import Place, Resolver
from causaldsl.semantics.scope import DeclaredVariable, Scope
from causaldsl.semantics.settings import check_settings
from causaldsl.semantics.stand_ins import with_stand_in
from causaldsl.semantics.structure import Structure, expand
from causaldsl.semantics.values import Value, domain_bounds, value_of
from causaldsl.semantics.walk import variables_in, walk
from causaldsl.source import Span
from causaldsl.syntax import nodes
from causaldsl.vocabulary.distributions import FAMILIES, default_family
from causaldsl.vocabulary.domains import Categorical, Positive, Real, UnitInterval
from causaldsl.vocabulary.networks import NETWORKS, SCALE

#: Names under which a predictor of the natural parameter is kept, by family.
PREDICTOR_ARGUMENT = {
    "Normal": "mean",
    "LogNormal": "mean",
    "Beta": "logit_mean",
    "Poisson": "log_rate",
    "Bernoulli": "logits",
    "Categorical": "logits",
    "OrderedLogit": "predictor",
}

#: Families whose argument is read through a link: the link, the argument, its natural name.
SEEN_THROUGH = {
    ("Bernoulli", "sigmoid"): ("probability", "logits"),
    ("Poisson", "exp"): ("rate", "log_rate"),
    ("Categorical", "softmax"): ("probabilities", "logits"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedMechanism:
    """A variable's mechanism, where it is stated, and the group whose network it shares."""

    mechanism: Mechanism
    span: Span
    is_default: bool = False
    shared_by: tuple[str, ...] = ()


def check_mechanisms(scope: Scope, structure: Structure) -> dict[str, CheckedMechanism]:
    """Return the mechanism of each variable, in the order of declaration."""
    written: dict[str, CheckedMechanism] = {}
    stated: dict[str, Span] = {}
    for statement in scope.names.of(nodes.MechanismStatement):
        for name in statement.targets:
            members = tuple(
                expand((name,), scope.names, scope.variables, scope.groups, scope.findings)
            )
            _check_shared_parents(name, members, statement, scope)
            for member in members:
                if member in stated:
                    finding = mechanism_errors.second_mechanism(member, name.span, stated[member])
                    scope.findings.add(finding)
                    continue
                stated[member] = name.span
                mechanism = _check(statement, scope.variables[member], scope, structure)
                if mechanism is not None:
                    shared = members if len(members) > 1 and _has_network(statement.right) else ()
                    written[member] = CheckedMechanism(
                        mechanism=mechanism, span=statement.span, shared_by=shared
                    )
    result: dict[str, CheckedMechanism] = {}
    for name_, variable in scope.variables.items():
        default = _default(variable, scope.parents[name_])
        result[name_] = written.get(name_) or CheckedMechanism(
            mechanism=default, span=variable.span, is_default=True
        )
    return result


def _has_network(expression: nodes.Expression) -> bool:
    """Whether there is a network with hidden layers, which a group shares."""
    return any(
        isinstance(item, nodes.Call) and item.name in NETWORKS and item.name != "linear"
        for item in walk(expression)
    )


def _check_shared_parents(
    name: nodes.Name,
    members: tuple[str, ...],
    statement: nodes.MechanismStatement,
    scope: Scope,
) -> None:
    if len(members) < 2 or not _has_network(statement.right):
        return
    first = scope.parents[members[0]]
    for member in members[1:]:
        if set(scope.parents[member]) != set(first):
            finding = mechanism_errors.different_parents(name.name, members[0], member, name.span)
            scope.findings.add(finding)
            return


# --- defaults -------------------------------------------------------------------------------


def _number(value: float, span: Span) -> nodes.Number:
    return nodes.Number(value=value, text=f"{value:g}", span=span)


def _default(variable: DeclaredVariable, parents: tuple[str, ...]) -> Stochastic:
    """Return the mechanism of a variable that none is written for."""
    family = default_family(variable.domain)
    span = variable.span
    if parents:
        inputs = tuple(nodes.Name(name=parent, span=span) for parent in parents)
        linear = nodes.Call(name="linear", inputs=inputs, name_span=span, span=span)
        return _predictor(linear, variable)
    arguments: Mapping[str, nodes.Expression] = MappingProxyType({})
    if isinstance(variable.domain, Real) and not variable.role.is_observed:
        standard = {"mean": _number(0.0, span), "sd": _number(1.0, span)}
        arguments = MappingProxyType(standard)
    return Stochastic(family=family, arguments=arguments, predictor=True)


def _predictor(expression: nodes.Expression, variable: DeclaredVariable) -> Stochastic:
    """Return the mechanism whose natural parameter an expression predicts."""
    family = default_family(variable.domain)
    arguments = {PREDICTOR_ARGUMENT[family]: expression}
    if isinstance(variable.domain, Real) and not variable.role.is_observed:
        arguments["sd"] = _number(1.0, expression.span)
    return Stochastic(family=family, arguments=MappingProxyType(arguments), predictor=True)


# --- written mechanisms ---------------------------------------------------------------------


def _check(
    statement: nodes.MechanismStatement,
    variable: DeclaredVariable,
    scope: Scope,
    structure: Structure,
) -> Mechanism | None:
    before = len(scope.findings.diagnostics)
    place = Place(what="a mechanism", parents=scope.parents[variable.name])
    resolver = Resolver(scope, place)
    if statement.kind == ":=":
        mechanism, used = _structural(statement.right, variable, resolver)
    else:
        mechanism, used = _stochastic(statement.right, variable, resolver)
    check_convolutions(statement.right, variable, scope)
    if used is not None:
        _check_used(used, variable, scope)
    errors = scope.findings.diagnostics[before:]
    if mechanism is None or used is None or any(d.severity == "error" for d in errors):
        return None
    _check_unused(used, variable, statement.span, scope, structure)
    return _with_stand_ins(mechanism, variable, statement.span, scope, structure)


def _with_stand_ins(
    mechanism: Mechanism,
    variable: DeclaredVariable,
    span: Span,
    scope: Scope,
    structure: Structure,
) -> Mechanism:
    """Return a written mechanism with the effect of each unmeasured cause that an arrow draws."""
    for parent in scope.parents[variable.name]:
        if scope.variables[parent].stand_in:
            added = with_stand_in(mechanism, parent, variable)
            if added is None:
                arrow = structure.arrows[parent, variable.name]
                scope.findings.add(
                    structure_errors.stand_in_without_place(variable.name, parent, arrow, span)
                )
                continue
            mechanism = added
    return mechanism


def _check_used(used: dict[str, nodes.Name], variable: DeclaredVariable, scope: Scope) -> None:
    """Report what a mechanism reads without an arrow."""
    parents = dict.fromkeys(scope.parents[variable.name])
    for name, place in used.items():
        if name == variable.name:
            scope.findings.add(mechanism_errors.uses_itself(name, place.span))
        elif name not in parents and name not in scope.findings.reported:
            finding = structure_errors.no_arrow(name, variable.name, place.span, "the mechanism")
            scope.findings.add(finding)


def _check_unused(
    used: dict[str, nodes.Name],
    variable: DeclaredVariable,
    span: Span,
    scope: Scope,
    structure: Structure,
) -> None:
    """Warn of arrows that a mechanism does not use."""
    for parent in scope.parents[variable.name]:
        if parent not in used and not scope.variables[parent].stand_in:
            arrow = structure.arrows[parent, variable.name]
            scope.findings.add(structure_errors.unused_arrow(parent, variable.name, arrow, span))


Checked = tuple[Mechanism | None, dict[str, nodes.Name] | None]


def _structural(right: nodes.Expression, variable: DeclaredVariable, resolver: Resolver) -> Checked:
    scope = resolver.scope
    if isinstance(right, nodes.Call) and right.name in FAMILIES:
        scope.findings.add(
            mechanism_errors.distribution_behind_define(variable.name, right.name, right.name_span)
        )
        return None, None
    resolved = resolver.resolve(right)
    value = value_of(resolved, scope)
    if value is not None:
        _check_equation(value, resolved, variable, scope)
    return Structural(expression=resolved), variables_in(resolved, scope)


def _check_equation(
    value: Value, expression: nodes.Expression, variable: DeclaredVariable, scope: Scope
) -> None:
    domain, span, name = variable.domain, expression.span, variable.name
    if value.levels is not None:
        if value.levels != getattr(domain, "levels", None):
            found = "levels" if isinstance(domain, Categorical) else "other levels"
            scope.findings.add(mechanism_errors.outside_domain(name, found, str(domain), span))
        return
    if getattr(domain, "levels", None) is not None:
        found = "a number"
        scope.findings.add(mechanism_errors.outside_domain(name, found, str(domain), span))
        return
    if value.table is not None:
        hint = "read the table at a variable, `t[S]`"
        scope.findings.add(value_errors.several_numbers(f"the equation of `{name}`", span, hint))
    elif value.cells is not None and value.cells != variable.size:
        if variable.size is None:
            scope.findings.add(value_errors.several_numbers(f"the equation of `{name}`", span))
        else:
            scope.findings.add(value_errors.sizes_differ(value.cells, variable.size, span))
    edges = domain_bounds(domain)
    is_open = isinstance(domain, Positive | UnitInterval)
    bounds = value.bounds
    if bounds.high < edges.low or (is_open and bounds.high <= edges.low):
        found = f"a number that is at most {bounds.high + 0.0:g}"
        scope.findings.add(mechanism_errors.outside_domain(name, found, str(domain), span))
    elif bounds.low > edges.high or (is_open and bounds.low >= edges.high):
        found = f"a number that is at least {bounds.low + 0.0:g}"
        scope.findings.add(mechanism_errors.outside_domain(name, found, str(domain), span))


def _stochastic(right: nodes.Expression, variable: DeclaredVariable, resolver: Resolver) -> Checked:
    if isinstance(right, nodes.Call) and right.name in FAMILIES:
        return _distribution(right, variable, resolver)
    if is_branched_family(right):
        resolver.scope.findings.add(mechanism_errors.branch_of_no_network(right.span))
        return None, None
    resolved = resolver.resolve(right)
    value = value_of(resolved, resolver.scope)
    if value is not None:
        check_predictor(value, resolved, variable, resolver.scope)
    return _predictor(resolved, variable), variables_in(resolved, resolver.scope)


def check_predictor(
    value: Value, expression: nodes.Expression, variable: DeclaredVariable, scope: Scope
) -> None:
    """Report a predictor that has not the numbers that a variable's domain asks for."""
    if value.levels is not None:
        name = expression.span.text
        scope.findings.add(value_errors.level_as_number(name, expression.span))
    elif isinstance(variable.domain, Categorical):
        check_number_for_each_level(value, expression, variable, "logits", scope)
    elif value.table is not None:
        what = f"the predictor of `{variable.name}`"
        hint = "read the table at a variable, `t[S]`"
        scope.findings.add(value_errors.several_numbers(what, expression.span, hint))
    elif value.cells is not None and value.cells != variable.size:
        if variable.size is None:
            what = f"the predictor of `{variable.name}`"
            scope.findings.add(value_errors.several_numbers(what, expression.span))
        else:
            finding = value_errors.sizes_differ(value.cells, variable.size, expression.span)
            scope.findings.add(finding)


def _distribution(call: nodes.Call, variable: DeclaredVariable, resolver: Resolver) -> Checked:
    scope = resolver.scope
    signature = FAMILIES[call.name]
    if not fits(signature, variable.domain):
        if variable.name not in scope.findings.reported:
            scope.findings.add(
                mechanism_errors.family_against_domain(
                    call.name,
                    variable.name,
                    str(variable.domain),
                    fitting_families(variable.domain)[:4],
                    call.name_span,
                    variable.span,
                )
            )
        return None, None
    inputs = tuple(resolver.resolve(item) for item in call.inputs)
    resolved = replace(call, inputs=inputs)
    used: dict[str, nodes.Name] = {}
    for item in inputs:
        for name, place in variables_in(item, scope).items():
            used.setdefault(name, place)
    return _family_form(resolved, variable, scope), used


def _family_form(call: nodes.Call, variable: DeclaredVariable, scope: Scope) -> Stochastic | None:
    """Return the mechanism of a family: over one network, through a link, or as written."""
    signature = FAMILIES[call.name]
    if len(call.inputs) == 1 and is_network(call.inputs[0]):
        settings = check_settings(call.settings, {"scale": SCALE}, call.name, scope)
        value_of(call.inputs[0], scope)
        name = _head_name(call.name, len(signature.parameters))
        return Stochastic(
            family=call.name,
            arguments=MappingProxyType({name: call.inputs[0]}),
            settings=MappingProxyType({s.name: s.value for s in settings}),
        )
    first = call.inputs[0] if call.inputs else None
    if isinstance(first, nodes.Call) and (call.name, first.name) in SEEN_THROUGH:
        _, natural = SEEN_THROUGH[call.name, first.name]
        if len(call.inputs) == len(signature.parameters) == 1 and len(first.inputs) == 1:
            return _seen_through(call, first.inputs[0], natural, variable, scope)
    arguments = bind_arguments(call, signature, scope, variable)
    if arguments is None:
        return None
    return Stochastic(family=call.name, arguments=arguments)


def is_branched_family(expression: nodes.Expression) -> bool:
    """Whether `by` stands behind a whole distribution instead of its network."""
    return (
        isinstance(expression, nodes.By)
        and isinstance(expression.body, nodes.Call)
        and expression.body.name in FAMILIES
    )


def is_network(expression: nodes.Expression) -> bool:
    """Whether an expression is a network, perhaps with a branch."""
    if isinstance(expression, nodes.By):
        return is_network(expression.body)
    return isinstance(expression, nodes.Call) and expression.name in NETWORKS


def _head_name(family: str, parameters: int) -> str:
    """Return where one network for all parameters is kept."""
    if parameters == 1 and family in PREDICTOR_ARGUMENT:
        return PREDICTOR_ARGUMENT[family]
    return "network"


def _seen_through(
    call: nodes.Call,
    inner: nodes.Expression,
    natural: str,
    variable: DeclaredVariable,
    scope: Scope,
) -> Stochastic:
    for setting in call.settings:
        check_settings((setting,), {}, call.name, scope)
    value = value_of(call.inputs[0], scope)
    if value is not None:
        inner_value = value_of(inner, scope)
        if inner_value is not None:
            check_predictor(inner_value, inner, variable, scope)
    return Stochastic(family=call.name, arguments=MappingProxyType({natural: inner}))
