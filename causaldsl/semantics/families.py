"""Arguments of a distribution: how many, and whether their numbers can be allowed ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from types import MappingProxyType

from causaldsl.semantics import mechanism_errors, name_errors, value_errors
from causaldsl.semantics.scope import DeclaredVariable, Scope
from causaldsl.semantics.values import Value, numeric, value_of
from causaldsl.semantics.wording import shortened
from causaldsl.source import Span
from causaldsl.syntax import nodes
from causaldsl.vocabulary.distributions import FAMILIES, DistributionSignature, FamilyParameter
from causaldsl.vocabulary.domains import Domain, Image, levels_of

SUM_TOLERANCE = 1e-6

Arguments = Mapping[str, nodes.Expression]


def fitting_families(domain: Domain) -> list[str]:
    """Return the families whose draws are values of a domain."""
    return [name for name, family in FAMILIES.items() if fits(family, domain)]


def fits(family: DistributionSignature, domain: Domain) -> bool:
    """Whether a family's draws are values of a domain; pixels are taken as probabilities."""
    if isinstance(domain, Image):
        return family.name in ("Bernoulli", "Normal")
    return isinstance(domain, family.supports) if family.supports else False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Argument:
    """One argument of a family: what it is called there, and what was written."""

    family: str
    parameter: FamilyParameter
    expression: nodes.Expression
    target: DeclaredVariable | None

    @property
    def span(self) -> Span:
        return self.expression.span


def bind_arguments(
    call: nodes.Call,
    signature: DistributionSignature,
    scope: Scope,
    target: DeclaredVariable | None = None,
) -> Arguments | None:
    """Return the arguments of a resolved call by the family's names, defaults filled in."""
    parameters = signature.parameters
    least = sum(p.default is None for p in parameters)
    shown = f"write `{call.name}({', '.join(p.name for p in parameters)})`"
    if not least <= len(call.inputs) <= len(parameters):
        finding = mechanism_errors.wrong_count(
            call.name, len(call.inputs), least, len(parameters), call.span, shown
        )
        scope.findings.add(finding)
        return None
    for setting in call.settings:
        finding = name_errors.unknown_setting(setting.name, call.name, (), setting.span)
        scope.findings.add(finding)
    arguments: dict[str, nodes.Expression] = {}
    for parameter, expression in zip(parameters, call.inputs, strict=False):
        argument = _Argument(
            family=call.name, parameter=parameter, expression=expression, target=target
        )
        _CHECKS[parameter.constraint](argument, scope)
        arguments[parameter.name] = expression
    for parameter in parameters[len(call.inputs) :]:
        default = parameter.default or 0.0
        arguments[parameter.name] = nodes.Number(value=default, text=f"{default:g}", span=call.span)
    if call.name == "Uniform":
        _check_uniform(call, arguments, scope)
    return MappingProxyType(arguments)


def _single_or_array(argument: _Argument, scope: Scope) -> Value | None:
    """Return the argument's value if it is one number, or one for each cell of the target."""
    value = numeric(argument.expression, scope)
    if value is None:
        return None
    if value.table is not None:
        what = f"the {argument.parameter.name} of `{argument.family}`"
        hint = "read the table at a variable, `t[S]`"
        scope.findings.add(value_errors.several_numbers(what, argument.span, hint))
        return None
    size = argument.target.size if argument.target is not None else None
    if value.cells is not None and argument.target is not None and value.cells != size:
        if size is None:
            what = f"the {argument.parameter.name} of `{argument.family}`"
            scope.findings.add(value_errors.several_numbers(what, argument.span))
        else:
            scope.findings.add(value_errors.sizes_differ(value.cells, size, argument.span))
        return None
    return value


def _real(argument: _Argument, scope: Scope) -> None:
    _single_or_array(argument, scope)


def _positive(argument: _Argument, scope: Scope) -> None:
    value = _single_or_array(argument, scope)
    if value is None:
        return
    if value.bounds.high <= 0:
        _refuse(argument, value, "a number above zero", scope)
    elif value.bounds.low < 0:
        text = shortened(argument.span.text, 30)
        hint = f"write `exp({text})`"
        if isinstance(argument.expression, nodes.Name) and text in scope.parameters:
            hint = f"declare `learn {text} : positive`, or write `abs({text})`"
        _warn_of(argument, "a number above zero", hint, scope)


def _unit(argument: _Argument, scope: Scope) -> None:
    value = _single_or_array(argument, scope)
    if value is None:
        return
    if value.bounds.high < 0 or value.bounds.low > 1:
        _refuse(argument, value, "a number from 0 to 1", scope)
    elif value.bounds.low < 0 or value.bounds.high > 1:
        hint = f"write `sigmoid({shortened(argument.span.text, 30)})`"
        _warn_of(argument, "a number from 0 to 1", hint, scope)


def _whole(argument: _Argument, scope: Scope) -> None:
    value = _single_or_array(argument, scope)
    if value is None:
        return
    constant = value.constant
    if (
        constant is not None and (constant < 0 or constant != int(constant))
    ) or value.bounds.high < 0:
        _refuse(argument, value, "a whole number, 0 or more", scope)


def _simplex(argument: _Argument, scope: Scope) -> None:
    value = _vector(argument, "probabilities", scope)
    if value is None:
        return
    numbers = _numbers(argument.expression, scope)
    if numbers is not None and min(numbers) < 0:
        found = f"{min(numbers):g}"
        scope.findings.add(
            mechanism_errors.argument_out_of_range(
                argument.family, "smallest probability", found, "0 or more", argument.span
            )
        )
    elif numbers is not None and abs(sum(numbers) - 1) > SUM_TOLERANCE:
        scope.findings.add(mechanism_errors.bad_sum(sum(numbers), argument.span))
    elif numbers is None and value.bounds.low < 0 and _is_computed(argument.expression):
        hint = "write `softmax(...)` around numbers that may be negative"
        _warn_of(argument, "probabilities", hint, scope)


def _is_computed(expression: nodes.Expression) -> bool:
    return not isinstance(expression, nodes.Name)


def _vector(argument: _Argument, what: str, scope: Scope) -> Value | None:
    """Return the value if it holds a number for each level of the target."""
    value = value_of(argument.expression, scope)
    if value is None or argument.target is None:
        return value
    check_number_for_each_level(
        value, argument.expression, argument.target, f"{what} are given", scope
    )
    return value


def check_number_for_each_level(
    value: Value,
    expression: nodes.Expression,
    target: DeclaredVariable,
    what: str,
    scope: Scope,
) -> bool:
    """Report a value that has not one number for each level of a variable."""
    levels = levels_of(target.domain) or ()
    if value.is_free:
        return True
    if value.table is not None:
        return check_table_covers(value.table, expression, target, scope)
    if value.cells is None:
        finding = mechanism_errors.no_number_for_each_level(target.name, levels, expression.span)
        scope.findings.add(finding)
        return False
    if value.cells != len(levels):
        word = what.split()[0]
        scope.findings.add(
            mechanism_errors.wrong_number_of_probabilities(
                word, value.cells, target.name, len(levels), expression.span, target.span
            )
        )
        return False
    return True


def check_table_covers(
    keys: tuple[str, ...], expression: nodes.Expression, target: DeclaredVariable, scope: Scope
) -> bool:
    """Report a table whose keys are not exactly a variable's levels."""
    levels = levels_of(target.domain) or ()
    extra = [key for key in keys if key not in levels]
    missing = [level for level in levels if level not in keys]
    if extra:
        span = expression.span
        if isinstance(expression, nodes.Table):
            span = next(e.span for e in expression.entries if e.key == extra[0])
        scope.findings.add(
            name_errors.unknown_level(extra[0], target.name, levels, span, target.span)
        )
    elif missing:
        finding = value_errors.table_lacks(
            "the table", target.name, missing, expression.span, target.span, "declared here"
        )
        scope.findings.add(finding)
    return not extra and not missing


def _numbers(expression: nodes.Expression, scope: Scope) -> list[float] | None:
    """Return the numbers of a list or table of constants."""
    items: list[nodes.Expression] = []
    match expression:
        case nodes.ListOf(items=listed):
            items = list(listed)
        case nodes.Table(entries=entries):
            items = [entry.value for entry in entries]
        case nodes.Name(name=name) if name in scope.hypers:
            held = scope.hypers[name].value
            if isinstance(held, tuple):
                return list(held)
            return list(held.values()) if isinstance(held, Mapping) else None
        case _:
            return None
    values = [value_of(item, scope) for item in items]
    constants = [v.constant for v in values if v is not None]
    known = [c for c in constants if c is not None]
    return known if known and len(known) == len(items) else None


def _positive_vector(argument: _Argument, scope: Scope) -> None:
    value = value_of(argument.expression, scope)
    if value is None:
        return
    if value.is_single:
        found = "one number"
        scope.findings.add(
            mechanism_errors.argument_out_of_range(
                argument.family, argument.parameter.name, found, "a list", argument.span
            )
        )
    elif value.bounds.low <= 0:
        _refuse(argument, value, "numbers above zero", scope)


def _ordered(argument: _Argument, scope: Scope) -> None:
    value = value_of(argument.expression, scope)
    if value is None:
        return
    numbers = _numbers(argument.expression, scope)
    if numbers is not None and any(a >= b for a, b in pairwise(numbers)):
        _refuse(argument, value, "ascending numbers", scope)
    levels = levels_of(argument.target.domain) if argument.target is not None else None
    if levels is not None and value.cells is not None and value.cells != len(levels) - 1:
        scope.findings.add(
            mechanism_errors.argument_out_of_range(
                argument.family,
                "number of cutpoints",
                str(value.cells),
                f"{len(levels) - 1}, one less than the levels",
                argument.span,
            )
        )


def _refuse(argument: _Argument, value: Value, expected: str, scope: Scope) -> None:
    bounds = value.bounds
    found = f"{bounds.low:g}" if bounds.is_constant else f"at most {bounds.high:g}"
    if expected.endswith("to 1") and not bounds.is_constant and bounds.low > 1:
        found = f"at least {bounds.low:g}"
    if expected in ("ascending numbers", "numbers above zero"):
        found = f"`{shortened(argument.span.text, 30)}`"
    name = argument.parameter.name
    scope.findings.add(
        mechanism_errors.argument_out_of_range(
            argument.family, name, found, expected, argument.span
        )
    )


def _warn_of(argument: _Argument, expected: str, hint: str, scope: Scope) -> None:
    name = argument.parameter.name
    scope.findings.add(
        mechanism_errors.argument_may_leave_range(
            argument.family, name, expected, argument.span, hint
        )
    )


def _check_uniform(call: nodes.Call, arguments: Arguments, scope: Scope) -> None:
    low, high = value_of(arguments["low"], scope), value_of(arguments["high"], scope)
    if low is None or high is None or low.constant is None or high.constant is None:
        return
    if low.constant >= high.constant:
        scope.findings.add(
            mechanism_errors.argument_out_of_range(
                "Uniform",
                "high",
                f"{high.constant:g}",
                f"a number above {low.constant:g}",
                call.inputs[1].span,
            )
        )


_CHECKS: dict[str, Callable[[_Argument, Scope], None]] = {
    "real": _real,
    "positive": _positive,
    "unit": _unit,
    "whole": _whole,
    "simplex": _simplex,
    "positive_vector": _positive_vector,
    "ordered": _ordered,
}
