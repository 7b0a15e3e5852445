"""`learn` and `prior` lines: domain, shape, start or prior of each parameter."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from causaldsl.semantics import mechanism_errors, name_errors, value_errors
from causaldsl.semantics.domains import check_domain, is_value_of, plain_size
from causaldsl.semantics.families import Arguments, bind_arguments, fitting_families
from causaldsl.semantics.model import Parameter
from causaldsl.semantics.resolve import Place, Resolver
from causaldsl.semantics.scope import Scope
from causaldsl.semantics.values import Value, value_of
from causaldsl.semantics.walk import names_in
from causaldsl.source import Span
from causaldsl.syntax import nodes
from causaldsl.vocabulary.distributions import FAMILIES, DistributionSignature
from causaldsl.vocabulary.domains import Domain, Positive, Real, UnitInterval, levels_of


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shape:
    """The declared index of a parameter."""

    table_of: tuple[str, ...]
    sizes: tuple[int, ...]


def check_parameters(scope: Scope) -> dict[str, Parameter]:
    """Return the parameters in the order of the text."""
    parameters: dict[str, Parameter] = {}
    for statement in scope.names.program.statements:
        if not isinstance(statement, nodes.Learn | nodes.Prior):
            continue
        for declared in statement.names:
            name = declared.name
            symbol = scope.names.symbols[name.name]
            if symbol.kind != "parameter" or symbol.span != name.span:
                continue
            shape = _shape(declared, scope)
            if shape is None:
                scope.findings.reported.add(name.name)
            elif isinstance(statement, nodes.Learn):
                parameters[name.name] = _learned(statement, declared, shape, scope)
            else:
                parameter = _bayesian(statement, declared, shape, scope)
                if parameter is None:
                    scope.findings.reported.add(name.name)
                else:
                    parameters[name.name] = parameter
    return parameters


def _shape(declared: nodes.Declared, scope: Scope) -> _Shape | None:
    tables: list[str] = []
    sizes: list[int] = []
    name = declared.name.name
    for item in declared.sizes:
        variable = scope.variables.get(item.name) if isinstance(item, nodes.Name) else None
        if variable is not None:
            if levels_of(variable.domain) is None or variable.size is not None:
                found = f"`{variable.name}`, which is {variable.domain}"
                finding = mechanism_errors.wrong_parameter_index(name, found, item.span)
                scope.findings.add(finding)
                return None
            tables.append(variable.name)
            continue
        if isinstance(item, nodes.Name) and item.name not in scope.hypers:
            Resolver(scope, Place(what="the index of a parameter")).variable(
                item, "a variable with levels or a size"
            )
            return None
        size = plain_size(item, name, scope)
        if size is None:
            return None
        sizes.append(size)
    if (tables and sizes) or len(sizes) > 1:
        found = "variables and sizes together" if tables else "several sizes"
        span = declared.span
        scope.findings.add(mechanism_errors.wrong_parameter_index(name, found, span))
        return None
    return _Shape(table_of=tuple(tables), sizes=tuple(sizes))


# --- learn ----------------------------------------------------------------------------------


def _learned(
    statement: nodes.Learn, declared: nodes.Declared, shape: _Shape, scope: Scope
) -> Parameter:
    name = declared.name.name
    domain = check_domain(statement.domain, statement, scope.findings)
    if not isinstance(domain, Real | Positive | UnitInterval) and statement.domain is not None:
        finding = mechanism_errors.wrong_parameter_domain(name, str(domain), statement.domain.span)
        scope.findings.add(finding, name)
        domain = Real()
    start: float | Mapping[str, float] | None = None
    if statement.start is not None:
        start = _start(statement.start, name, domain, shape, scope)
    return Parameter(
        name=name,
        domain=domain,
        table_of=shape.table_of,
        sizes=shape.sizes,
        start=start,
        span=declared.name.span,
    )


def _start(
    expression: nodes.Expression, name: str, domain: Domain, shape: _Shape, scope: Scope
) -> float | Mapping[str, float] | None:
    place = Place(what="the start of a parameter")
    resolved = Resolver(scope, place).resolve(expression)
    value = value_of(resolved, scope)
    if value is None:
        return None
    table = _start_table(resolved, value, scope)
    if table is not None:
        return _check_table(table, expression.span, name, domain, shape, scope)
    if value.constant is None:
        finding = mechanism_errors.wrong_start(
            name, "no number", f"a number, {domain}", expression.span
        )
        scope.findings.add(finding)
        return None
    if not _is_inside(value.constant, domain):
        finding = mechanism_errors.wrong_start(
            name, f"{value.constant:g}", f"a number that is {domain}", expression.span
        )
        scope.findings.add(finding)
    return value.constant


def _start_table(
    expression: nodes.Expression, value: Value, scope: Scope
) -> Mapping[str, float] | None:
    if isinstance(expression, nodes.Table):
        numbers = {e.key: value_of(e.value, scope) for e in expression.entries}
        constants = {k: v.constant for k, v in numbers.items() if v is not None}
        return {k: c for k, c in constants.items() if c is not None}
    if value.table is not None and isinstance(expression, nodes.Name):
        held = scope.hypers[expression.name].value if expression.name in scope.hypers else None
        return held if isinstance(held, Mapping) else None
    return None


def _check_table(
    table: Mapping[str, float],
    span: Span,
    name: str,
    domain: Domain,
    shape: _Shape,
    scope: Scope,
) -> Mapping[str, float] | None:
    if len(shape.table_of) != 1:
        finding = mechanism_errors.wrong_start(
            name, "a table", "a number, as it is no table over one variable", span
        )
        scope.findings.add(finding)
        return None
    variable = scope.variables[shape.table_of[0]]
    levels = levels_of(variable.domain) or ()
    missing = [level for level in levels if level not in table]
    extra = [key for key in table if key not in levels]
    if extra:
        finding = name_errors.unknown_level(extra[0], variable.name, levels, span, variable.span)
        scope.findings.add(finding)
    elif missing:
        what = f"the start of `{name}`"
        scope.findings.add(
            value_errors.table_lacks(what, variable.name, missing, span, variable.span)
        )
    for value in table.values():
        if not _is_inside(value, domain):
            expected = f"numbers that are {domain}"
            scope.findings.add(mechanism_errors.wrong_start(name, f"{value:g}", expected, span))
            break
    return MappingProxyType({k: table[k] for k in levels if k in table})


def _is_inside(value: float, domain: Domain) -> bool:
    return is_value_of(domain, repr(value))


# --- prior ----------------------------------------------------------------------------------


def _bayesian(
    statement: nodes.Prior, declared: nodes.Declared, shape: _Shape, scope: Scope
) -> Parameter | None:
    name = declared.name.name
    right = statement.right
    if not isinstance(right, nodes.Call) or right.name not in FAMILIES:
        if isinstance(right, nodes.Call):
            known = fitting_families(Real()) + fitting_families(Positive())
            scope.findings.add(
                name_errors.unknown_call(right.name, "family", right.name_span, known)
            )
        else:
            hint = f"write `prior {name} ~ Normal(0, 1)`"
            reason = "is no distribution"
            scope.findings.add(mechanism_errors.wrong_prior(name, reason, right.span, hint))
        return None
    signature = FAMILIES[right.name]
    if signature.discrete:
        reason = f"is the discrete `{right.name}`, expected a distribution of real numbers"
        scope.findings.add(mechanism_errors.wrong_prior(name, reason, right.name_span))
        return None
    resolver = Resolver(scope, Place(what="a prior"))
    resolved = tuple(resolver.resolve(item) for item in right.inputs)
    _check_constant_inputs(name, resolved, scope)
    arguments = bind_arguments(replace(right, inputs=resolved), signature, scope)
    if arguments is None:
        return None
    if signature.event_dim and not _check_vector(name, arguments, shape, right.span, scope):
        return None
    return Parameter(
        name=name,
        domain=_support(signature),
        table_of=shape.table_of,
        sizes=shape.sizes,
        family=right.name,
        arguments=arguments,
        span=declared.name.span,
    )


def _check_vector(name: str, arguments: Arguments, shape: _Shape, span: Span, scope: Scope) -> bool:
    """Report a distribution of vectors for a parameter that is no vector of its length."""
    entries = [len(levels_of(scope.variables[v].domain) or ()) for v in shape.table_of]
    entries += shape.sizes
    value = value_of(next(iter(arguments.values())), scope)
    length = None
    if value is not None:
        length = len(value.table) if value.table is not None else value.cells
    if len(entries) == 1 and length in (None, entries[0]):
        return True
    found = "one number" if not entries else " by ".join(str(e) for e in entries) + " numbers"
    reason = f"gives {length} numbers that sum to one, and `{name}` holds {found}"
    scope.findings.add(mechanism_errors.wrong_prior(name, reason, span))
    return False


def _support(signature: DistributionSignature) -> Domain:
    if not signature.supports:
        return UnitInterval()  # Dirichlet: each entry lies between 0 and 1
    support: Domain = signature.supports[0]()
    return support


def _check_constant_inputs(name: str, inputs: tuple[nodes.Expression, ...], scope: Scope) -> None:
    for item in inputs:
        for used in names_in(item):
            if used.name in scope.variables:
                reason = f"reads the variable `{used.name}`, expected numbers and params"
                scope.findings.add(mechanism_errors.wrong_prior(name, reason, used.span))
