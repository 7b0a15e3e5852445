"""Losses: sums of weighted terms, each term with the inputs and settings that it takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from causaldsl.graph.dag import ancestors
from causaldsl.semantics import mechanism_errors, name_errors, objective_errors
from causaldsl.semantics.families import bind_arguments
from causaldsl.semantics.gradients import check_gradients
from causaldsl.semantics.intervals import OPERATOR_BOUNDS, Interval, negate
from causaldsl.semantics.loss_samples import check_samples, columns_of
from causaldsl.semantics.loss_shapes import check_shapes
from causaldsl.semantics.model import Loss
from causaldsl.semantics.resolve import Place, Resolver
from causaldsl.semantics.scope import Scope
from causaldsl.semantics.settings import check_settings
from causaldsl.semantics.structure import Structure
from causaldsl.semantics.values import combine, constant_of, numeric, value_of
from causaldsl.semantics.walk import names_in, walk
from causaldsl.semantics.wording import quoted
from causaldsl.semantics.worlds import Worlds
from causaldsl.source import Span
from causaldsl.syntax import nodes
from causaldsl.vocabulary.distributions import FAMILIES
from causaldsl.vocabulary.functions import FUNCTIONS
from causaldsl.vocabulary.losses import NEED_GRADIENT, NEED_NETWORK, SCHEDULES, TERMS
from causaldsl.vocabulary.networks import NETWORKS

ONE = Interval(1.0, 1.0)


@dataclass(slots=True)
class _Checker:
    """Checks the losses of one model; `elbo` is where the ELBO was written."""

    resolver: Resolver
    structure: Structure
    elbo: Span | None = None

    @property
    def scope(self) -> Scope:
        return self.resolver.scope


def check_losses(scope: Scope, structure: Structure) -> tuple[Loss, ...]:
    """Return the losses in the order of the text; an unnamed one is called after its term."""
    worlds = Worlds(structure, facts=False)
    place = Place(
        what="a loss", draws=True, special=worlds.special, own_calls={"mean": TERMS["mean"]}
    )
    checker = _Checker(Resolver(scope, place), structure)
    taken = {s.name.name for s in scope.names.of(nodes.LossStatement) if s.name is not None}
    losses: list[Loss] = []
    for statement in scope.names.of(nodes.LossStatement):
        value = _sum(statement.value, checker)
        if statement.name is not None:
            name = statement.name.name
        else:
            name = _free_name(statement.value, taken)
            taken.add(name)
        losses.append(Loss(name=name, value=value, span=statement.span))
    return tuple(losses)


def _free_name(value: nodes.Expression, taken: set[str]) -> str:
    calls = (item.name for item in walk(value) if isinstance(item, nodes.Call))
    name = next((call for call in calls if call in TERMS), "loss")
    number, free = 2, name
    while free in taken:
        free, number = f"{name}_{number}", number + 1
    return free


# --- sums and weights -----------------------------------------------------------------------


def _holds_term(expression: nodes.Expression) -> bool:
    match expression:
        case nodes.Call(name=name):
            return name in TERMS
        case nodes.Unary(operand=inner):
            return _holds_term(inner)
        case nodes.Binary(left=left, right=right):
            return _holds_term(left) or _holds_term(right)
        case _:
            return False


def _sum(
    expression: nodes.Expression, checker: _Checker, weight: Interval = ONE
) -> nodes.Expression:
    """Return a sum of weighted terms, resolved; `weight` bounds what stands around it."""
    match expression:
        case nodes.Binary(op="+" | "-" as op, left=left, right=right):
            behind = weight if op == "+" else negate(weight)
            return replace(
                expression, left=_sum(left, checker, weight), right=_sum(right, checker, behind)
            )
        case nodes.Unary(operand=inner):
            return replace(expression, operand=_sum(inner, checker, negate(weight)))
        case nodes.Binary(op="*", left=left, right=right):
            return _product(expression, left, right, checker, weight)
        case nodes.Binary(op="/", left=left, right=right):
            divisor, inverse = _divisor(right, expression.span, checker)
            inner = _sum(left, checker, OPERATOR_BOUNDS["*"](weight, inverse))
            return replace(expression, left=inner, right=divisor)
        case nodes.Call(name=name) if name in TERMS:
            if name == "elbo" and weight.low < 0:
                finding = objective_errors.negative_elbo(weight.low, expression.span)
                checker.scope.findings.add(finding)
            return _term(expression, checker)
        case nodes.Call(name=name, name_span=span) if not _is_known_call(name):
            finding = name_errors.unknown_call(name, "loss term", span, [*TERMS, *SCHEDULES])
            checker.scope.findings.add(finding)
            return expression
        case _:
            found = quoted(expression.span)
            checker.scope.findings.add(objective_errors.no_term(found, expression.span))
            return expression


def _is_known_call(name: str) -> bool:
    return name in FUNCTIONS or name in NETWORKS or name in FAMILIES or name == "sampled"


def _product(
    product: nodes.Binary,
    left: nodes.Expression,
    right: nodes.Expression,
    checker: _Checker,
    weight: Interval,
) -> nodes.Expression:
    in_left, in_right = _holds_term(left), _holds_term(right)
    if in_left and in_right:
        checker.scope.findings.add(objective_errors.product_of_terms(product.span))
        return product
    if in_left:
        factor = _weight(right, checker)
        inner = OPERATOR_BOUNDS["*"](weight, _bounds(factor, checker.scope))
        return replace(product, left=_sum(left, checker, inner), right=factor)
    factor = _weight(left, checker)
    inner = OPERATOR_BOUNDS["*"](weight, _bounds(factor, checker.scope))
    return replace(product, left=factor, right=_sum(right, checker, inner))


def _divisor(
    expression: nodes.Expression, quotient: Span, checker: _Checker
) -> tuple[nodes.Expression, Interval]:
    """Return what a term is divided by, and the bounds of its inverse."""
    before = len(checker.scope.findings.diagnostics)
    divisor = _weight(expression, checker)
    if len(checker.scope.findings.diagnostics) > before:
        return divisor, ONE
    one = nodes.Number(value=1.0, text="1", span=expression.span)
    inverse = nodes.Binary(op="/", left=one, right=divisor, span=quotient)
    value = value_of(inverse, checker.scope)
    return divisor, ONE if value is None else value.bounds


def _bounds(weight: nodes.Expression, scope: Scope) -> Interval:
    """Return the bounds of a checked weight over all epochs; 1 where something was reported."""
    match weight:
        case nodes.Call(name="warmup", inputs=(start, end)):
            return _bounds(start, scope).hull(_bounds(end, scope))
        case nodes.Binary(op=op, left=left, right=right):
            return OPERATOR_BOUNDS[op](_bounds(left, scope), _bounds(right, scope))
        case nodes.Unary(operand=inner):
            return negate(_bounds(inner, scope))
        case _:
            value = value_of(weight, scope)
            return ONE if value is None else value.bounds


def _weight(expression: nodes.Expression, checker: _Checker) -> nodes.Expression:
    """Return the weight of a term: numbers, params and warm-ups."""
    scope = checker.scope
    match expression:
        case nodes.Call(name="warmup"):
            return _warmup(expression, checker)
        case nodes.Binary(left=left, right=right):
            before = len(scope.findings.diagnostics)
            left, right = _weight(left, checker), _weight(right, checker)
            weight = replace(expression, left=left, right=right)
            if len(scope.findings.diagnostics) == before:
                value_of(weight, scope)  # a division by zero, or a number too large
            return weight
        case nodes.Unary(operand=inner):
            return replace(expression, operand=_weight(inner, checker))
        case _:
            pass
    before = len(scope.findings.diagnostics)
    resolved = checker.resolver.resolve(expression)
    if len(scope.findings.diagnostics) > before:
        return resolved
    names = {name.name for name in names_in(resolved)}
    if names <= scope.hypers.keys():
        constant = constant_of(resolved, scope)
        is_weight = constant is not None or len(scope.findings.diagnostics) > before
    else:
        is_weight = bool(names & scope.findings.reported)
    if not is_weight:
        scope.findings.add(objective_errors.wrong_weight(expression.span))
    return resolved


def _warmup(call: nodes.Call, checker: _Checker) -> nodes.Expression:
    signature = SCHEDULES["warmup"]
    known = {s.name: s for s in signature.settings}
    checker.resolver.check_count(call, signature, len(call.inputs))
    inputs = tuple(_weight(item, checker) for item in call.inputs)
    settings = check_settings(call.settings, known, call.name, checker.scope)
    if not any(s.name == "epochs" for s in call.settings):
        expected = "a setting `epochs`, as in `warmup(0, 1; epochs=50)`"
        finding = mechanism_errors.out_of_place(
            "`warmup` without its length", "a loss", expected, call.span
        )
        checker.scope.findings.add(finding)
    return replace(call, inputs=inputs, settings=settings)


# --- terms ----------------------------------------------------------------------------------


def _term(call: nodes.Call, checker: _Checker) -> nodes.Expression:
    """Return a term with its inputs and settings resolved and checked."""
    scope = checker.scope
    signature = TERMS[call.name]
    settings = check_settings(
        _without_schedules(call), {s.name: s for s in signature.settings}, call.name, scope
    )
    settings += _schedules(call, checker)
    count = len(call.inputs)
    checker.resolver.check_count(call, signature, count)
    if count < signature.least or (signature.most is not None and count > signature.most):
        return replace(call, settings=settings)
    if call.name in NEED_NETWORK and not any(s.name == "network" for s in call.settings):
        scope.findings.add(objective_errors.needs_network(call.name, call.name_span))
    inputs = _INPUTS.get(call.name, _samples)(call, checker)
    resolved = replace(call, inputs=inputs, settings=settings)
    if call.name == "elbo":
        _check_elbo(resolved, checker)
    if call.name in NEED_GRADIENT:
        check_gradients(resolved, scope)
    return resolved


def _without_schedules(call: nodes.Call) -> tuple[nodes.Setting, ...]:
    return tuple(s for s in call.settings if not _is_schedule(call, s))


def _is_schedule(call: nodes.Call, setting: nodes.Setting) -> bool:
    """Whether the weight of the KL is scheduled."""
    is_kl = call.name == "elbo" and setting.name == "kl"
    return is_kl and isinstance(setting.value, nodes.Call) and setting.value.name in SCHEDULES


def _schedules(call: nodes.Call, checker: _Checker) -> tuple[nodes.Setting, ...]:
    found = []
    for setting in call.settings:
        if _is_schedule(call, setting):
            weight = _weight(setting.value, checker)
            if _bounds(weight, checker.scope).low < 0:
                finding = mechanism_errors.wrong_setting("kl", "numbers from 0", weight.span)
                checker.scope.findings.add(finding)
            found.append(replace(setting, value=weight))
    return tuple(found)


def _check_elbo(call: nodes.Call, checker: _Checker) -> None:
    scope = checker.scope
    if checker.elbo is not None:
        scope.findings.add(objective_errors.second_elbo(call.name_span, checker.elbo))
        return
    checker.elbo = call.name_span
    observed = [n for n, v in scope.variables.items() if v.role.is_observed]
    seen = ancestors(checker.structure.graph, observed)
    for setting in call.settings:
        if setting.name != "weights" or not isinstance(setting.value, nodes.Table):
            continue
        for entry in setting.value.entries:
            variable = scope.variables.get(entry.key)
            if variable is not None and entry.key not in seen:
                finding = objective_errors.no_share(entry.key, entry.span, variable.span)
                scope.findings.add(finding)


def _no_inputs(call: nodes.Call, checker: _Checker) -> tuple[nodes.Expression, ...]:
    del checker
    return call.inputs


def _numbers(call: nodes.Call, checker: _Checker) -> tuple[nodes.Expression, ...]:
    """Return the inputs of `mse`, `mae` and `mean`: numbers, of one size where there are two."""
    scope = checker.scope
    before = len(scope.findings.diagnostics)
    inputs = tuple(checker.resolver.resolve(item) for item in call.inputs)
    values = [numeric(item, scope) for item in inputs]
    for item in inputs:
        if isinstance(item, nodes.TupleOf | nodes.By):
            reason = "is given several values together, expected one"
            scope.findings.add(objective_errors.wrong_inputs(call.name, reason, item.span))
    check_shapes(call, inputs, scope)
    if len(values) == 2 and values[0] is not None and values[1] is not None:
        combine(values[0], values[1], values[0].bounds, call.span, scope)
    if len(scope.findings.diagnostics) == before and not _reads_model(inputs, scope):
        reason = "compares numbers only, expected a variable"
        scope.findings.add(objective_errors.wrong_inputs(call.name, reason, call.span))
    elif len(inputs) == 2 and inputs[0] == inputs[1]:
        reason = f"compares {quoted(inputs[0].span)} to itself, expected two values"
        scope.findings.add(objective_errors.wrong_inputs(call.name, reason, call.span))
    return inputs


def _reads_model(inputs: tuple[nodes.Expression, ...], scope: Scope) -> bool:
    return any(
        name.name in scope.variables or name.name in scope.parameters
        for item in inputs
        for name in names_in(item)
    )


def _balanced(call: nodes.Call, checker: _Checker) -> tuple[nodes.Expression, ...]:
    inner = call.inputs[0]
    if not isinstance(inner, nodes.Call) or inner.name not in TERMS:
        if isinstance(inner, nodes.Call) and not _is_known_call(inner.name):
            finding = name_errors.unknown_call(inner.name, "loss term", inner.name_span, TERMS)
        else:
            found = f"{quoted(inner.span)}, which is no term"
            finding = objective_errors.wrong_balance(found, inner.span)
        checker.scope.findings.add(finding)
        return call.inputs
    if inner.name in ("elbo", "balance"):
        finding = objective_errors.wrong_balance(f"`{inner.name}`", inner.name_span)
        checker.scope.findings.add(finding)
        return call.inputs
    return (_term(inner, checker),)


def _sample(expression: nodes.Expression, call: nodes.Call, checker: _Checker) -> nodes.Expression:
    """Return one sample: variables, alone or together, as they are, drawn or in a world."""
    resolver, scope = checker.resolver, checker.scope
    members = resolver.members(expression)
    if members is not None:
        items = tuple(nodes.Name(name=member, span=expression.span) for member in members)
        return nodes.TupleOf(items=items, span=expression.span)
    resolved = resolver.resolve(expression)
    if not isinstance(resolved, nodes.By | nodes.From):
        value_of(resolved, scope)
    if isinstance(resolved, nodes.Number | nodes.ListOf | nodes.Table):
        reason = f"is given {quoted(expression.span)}, expected variables"
        scope.findings.add(objective_errors.wrong_inputs(call.name, reason, expression.span))
    return resolved


def _samples(call: nodes.Call, checker: _Checker) -> tuple[nodes.Expression, ...]:
    for item in call.inputs:
        if isinstance(item, nodes.By):
            reason = "takes no `by`"
            finding = objective_errors.wrong_inputs(call.name, reason, item.span)
            checker.scope.findings.add(finding)
            return call.inputs
    inputs = tuple(_sample(item, call, checker) for item in call.inputs)
    check_samples(call, inputs, checker.scope, apart=call.name != "adversary")
    return inputs


def _mmd(call: nodes.Call, checker: _Checker) -> tuple[nodes.Expression, ...]:
    scope = checker.scope
    first = call.inputs[0]
    if len(call.inputs) == 1 and not isinstance(first, nodes.By):
        reason = "is given one sample, expected groups or a second sample"
        hint = "write `mmd(u by S)` or `mmd(u, Normal(0, 1))`"
        scope.findings.add(objective_errors.wrong_inputs("mmd", reason, first.span, hint))
        return call.inputs
    if isinstance(first, nodes.By):
        sample = _sample(first.body, call, checker)
        branch = checker.resolver.branch(first.branch)
        result: nodes.Expression = replace(first, body=sample, branch=branch)
        _check_groups(sample, branch, scope)
    else:
        sample = result = _sample(first, call, checker)
    others = tuple(_reference(item, call, checker) for item in call.inputs[1:])
    samples = (sample, *(item for item in others if not _is_family(item)))
    check_samples(call, samples, scope, apart=False)
    return (result, *others)


def _is_family(expression: nodes.Expression) -> bool:
    return isinstance(expression, nodes.Call) and expression.name in FAMILIES


def _check_groups(sample: nodes.Expression, branch: nodes.Expression, scope: Scope) -> None:
    """Report groups that differ by what they are formed by."""
    held = columns_of(sample, scope)
    if held is not None and isinstance(branch, nodes.Name) and (branch.name, False) in held:
        reason = f"compares groups by `{branch.name}`, which the sample itself holds"
        span = held[branch.name, False].span
        scope.findings.add(objective_errors.wrong_inputs("mmd", reason, span))


def _reference(
    expression: nodes.Expression, call: nodes.Call, checker: _Checker
) -> nodes.Expression:
    """Return what a sample is compared to: a distribution with given numbers, or a sample."""
    scope = checker.scope
    if not isinstance(expression, nodes.Call) or expression.name not in FAMILIES:
        return _sample(expression, call, checker)
    family = FAMILIES[expression.name]
    if family.discrete or family.event_dim:
        reason = f"is compared to `{expression.name}`, expected a distribution of real numbers"
        scope.findings.add(objective_errors.wrong_inputs("mmd", reason, expression.span))
        return expression
    resolved = replace(
        expression, inputs=tuple(checker.resolver.resolve(i) for i in expression.inputs)
    )
    bind_arguments(resolved, family, scope)
    for item in resolved.inputs:
        for name in names_in(item):
            if name.name in scope.variables or name.name in scope.parameters:
                reason = f"is compared to a distribution that reads `{name.name}`, expected numbers"
                scope.findings.add(objective_errors.wrong_inputs("mmd", reason, name.span))
    return resolved


def _adversary(call: nodes.Call, checker: _Checker) -> tuple[nodes.Expression, ...]:
    scope = checker.scope
    first = call.inputs[0]
    if isinstance(first, nodes.From):
        if len(call.inputs) == 2:
            reason = "takes `S from u` alone, or two samples"
            scope.findings.add(objective_errors.wrong_inputs("adversary", reason, call.span))
        target = _sample(first.target, call, checker)
        source = _sample(first.source, call, checker)
        _check_target(target, source, scope)
        return (replace(first, target=target, source=source),)
    if len(call.inputs) == 1:
        reason = "is given one sample, expected what it learns and from what"
        hint = "write `adversary(S from u; ...)`"
        scope.findings.add(objective_errors.wrong_inputs("adversary", reason, first.span, hint))
        return call.inputs
    return _samples(call, checker)


def _check_target(target: nodes.Expression, source: nodes.Expression, scope: Scope) -> None:
    """Report a network that reads what it is to learn."""
    learned, read = columns_of(target, scope), columns_of(source, scope)
    for column, item in (read or {}).items():
        if column in (learned or {}):
            reason = f"learns `{column[0]}` from itself, expected other variables"
            scope.findings.add(objective_errors.wrong_inputs("adversary", reason, item.span))


_INPUTS: Mapping[str, Callable[[nodes.Call, _Checker], tuple[nodes.Expression, ...]]] = {
    "elbo": _no_inputs,
    "mse": _numbers,
    "mae": _numbers,
    "mean": _numbers,
    "balance": _balanced,
    "mmd": _mmd,
    "adversary": _adversary,
}
