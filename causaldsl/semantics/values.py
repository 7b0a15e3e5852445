"""What an expression gives: bounds of its numbers, cells of an array, levels of a table.

`value_of` reports what can be proved wrong from the text alone, and returns `None` where
something was already reported, so that nothing follows from it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

from causaldsl.semantics import value_errors
from causaldsl.semantics.intervals import (
    FUNCTION_BOUNDS,
    INF,
    LINE,
    OPERATOR_BOUNDS,
    Interval,
    negate,
)
from causaldsl.semantics.scope import DeclaredVariable, Scope
from causaldsl.semantics.wording import quoted
from causaldsl.source import Span
from causaldsl.syntax import nodes
from causaldsl.vocabulary.domains import (
    Binary,
    Categorical,
    Count,
    Domain,
    Image,
    Ordered,
    Positive,
    Real,
    UnitInterval,
    levels_of,
)
from causaldsl.vocabulary.functions import FUNCTIONS
from causaldsl.vocabulary.networks import NETWORKS, OUT_BOUNDS


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """A number, an array of `cells`, or one number for each level of `table`.

    `levels` marks the value of a variable with levels, which is no number. `is_free` marks a
    network's output, which takes whatever size its place asks for.
    """

    bounds: Interval = LINE
    cells: int | None = None
    table: tuple[str, ...] | None = None
    levels: tuple[str, ...] | None = None
    image: Image | None = None
    is_free: bool = False

    @property
    def is_single(self) -> bool:
        """Whether it is one number (a network's output can be)."""
        return self.cells is None and self.table is None and self.image is None

    @property
    def constant(self) -> float | None:
        """The number it always is, if it is one."""
        return self.bounds.low if self.bounds.is_constant and self.is_single else None


def number(value: float) -> Value:
    """Return the value of a literal number."""
    return Value(bounds=Interval(value, value))


def domain_bounds(domain: Domain) -> Interval:
    """Return the bounds of a variable's encoded values."""
    match domain:
        case Real():
            return LINE
        case Positive() | Count():
            return Interval(0.0, INF)
        case UnitInterval() | Binary() | Image():
            return Interval(0.0, 1.0)
        case Categorical(levels) | Ordered(levels):
            return Interval(0.0, float(len(levels) - 1))


def value_of_variable(variable: DeclaredVariable) -> Value:
    """Return what a variable's name stands for in an expression."""
    domain = variable.domain
    levels = domain.levels if isinstance(domain, Categorical | Ordered) else None
    image = domain if isinstance(domain, Image) else None
    return Value(bounds=domain_bounds(domain), cells=variable.size, levels=levels, image=image)


def value_of(expression: nodes.Expression, scope: Scope) -> Value | None:
    """Return what a resolved expression gives, or `None` where something was reported."""
    match expression:
        case nodes.Number(value=value):
            return number(value) if math.isfinite(value) else None
        case nodes.Name():
            return _value_of_name(expression, scope)
        case nodes.Unary(operand=operand):
            inner = numeric(operand, scope)
            return None if inner is None else replace(inner, bounds=negate(inner.bounds))
        case nodes.Binary():
            return _value_of_binary(expression, scope)
        case nodes.ListOf(items=items):
            return _value_of_list(items, scope)
        case nodes.Table(entries=entries):
            return _value_of_table(entries, scope)
        case nodes.Index():
            return _value_of_index(expression, scope)
        case nodes.Call():
            return _value_of_call(expression, scope)
        case nodes.By(body=body):
            return value_of(body, scope)
        case nodes.World(base=base):
            return value_of(base, scope)
        case nodes.Expectation():
            return Value(bounds=Interval(0.0, 1.0) if expression.kind == "P" else LINE)
        case nodes.TupleOf(items=items):
            for item in items:
                value_of(item, scope)
            return None
        case nodes.Text() | nodes.Compare() | nodes.From():
            return None


def numeric(expression: nodes.Expression, scope: Scope) -> Value | None:
    """Return what an expression gives where numbers are needed, reporting levels."""
    value = value_of(expression, scope)
    if value is not None and value.levels is not None:
        name = expression.span.text
        scope.findings.add(value_errors.level_as_number(name, expression.span))
        return None
    return value


def constant_of(expression: nodes.Expression, scope: Scope) -> float | None:
    """Return the number that an expression always is, if it is one."""
    value = value_of(expression, scope)
    return None if value is None else value.constant


def combine(left: Value, right: Value, bounds: Interval, span: Span, scope: Scope) -> Value | None:
    """Return the shape of two values met cell by cell, with the bounds given."""
    both = left.table is not None and right.table is not None
    if both and set(left.table or ()) != set(right.table or ()):
        finding = value_errors.tables_differ(left.table or (), right.table or (), span)
        scope.findings.add(finding)
        return None
    cells = [v.cells for v in (left, right) if v.cells is not None]
    cells += [len(v.table) for v in (left, right) if v.table is not None]
    if len(cells) == 2 and cells[0] != cells[1]:
        scope.findings.add(value_errors.sizes_differ(cells[0], cells[1], span))
        return None
    table = left.table if left.table is not None else right.table
    return Value(
        bounds=bounds,
        cells=None if table is not None else (cells[0] if cells else None),
        table=table,
        image=left.image or right.image,
        is_free=left.is_free or right.is_free,
    )


def _value_of_name(name: nodes.Name, scope: Scope) -> Value | None:
    if name.name in scope.variables:
        return value_of_variable(scope.variables[name.name])
    if name.name in scope.parameters:
        parameter = scope.parameters[name.name]
        bounds = domain_bounds(parameter.domain)
        if len(parameter.table_of) == 1 and not parameter.sizes:
            table = levels_of(scope.variables[parameter.table_of[0]].domain)
            return Value(bounds=bounds, table=table)
        if parameter.table_of or len(parameter.sizes) > 1:
            hint = f"read it at its levels, `{name.name}[{', '.join(parameter.table_of)}]`"
            what = f"`{name.name}`"
            scope.findings.add(value_errors.several_numbers(what, name.span, hint))
            return None
        return Value(bounds=bounds, cells=parameter.sizes[0] if parameter.sizes else None)
    if name.name in scope.hypers:
        return _value_of_hyper(name, scope)
    return None


def _value_of_hyper(name: nodes.Name, scope: Scope) -> Value | None:
    value = scope.hypers[name.name].value
    if isinstance(value, str):
        found = f"the word `{value}` of `{name.name}`"
        scope.findings.add(value_errors.not_a_number(found, name.span))
        return None
    if isinstance(value, float):
        return number(value)
    if isinstance(value, tuple):
        return Value(bounds=Interval(min(value), max(value)), cells=len(value))
    numbers = tuple(value.values())
    return Value(bounds=Interval(min(numbers), max(numbers)), table=tuple(value))


def _value_of_binary(expression: nodes.Binary, scope: Scope) -> Value | None:
    left, right = numeric(expression.left, scope), numeric(expression.right, scope)
    if left is None or right is None:
        return None
    if expression.op == "/" and right.bounds == Interval(0.0, 0.0):
        scope.findings.add(value_errors.division_by_zero(expression.right.span))
        return None
    if expression.op == "^" and _is_undefined_power(left.bounds, right.bounds):
        found = f"{left.bounds.low:g} to the power {right.bounds.low:g}"
        finding = value_errors.outside_function("^", found, "a real result", expression.span)
        scope.findings.add(finding)
        return None
    bounds = OPERATOR_BOUNDS[expression.op](left.bounds, right.bounds)
    if _overflows(bounds, (left.bounds, right.bounds)):
        scope.findings.add(value_errors.too_large(expression.span))
        return None
    return combine(left, right, bounds, expression.span, scope)


def _is_undefined_power(base: Interval, exponent: Interval) -> bool:
    if not (base.is_constant and exponent.is_constant):
        return False
    return (base.low < 0 and exponent.low != int(exponent.low)) or (
        base.low == 0 and exponent.low < 0
    )


def _overflows(result: Interval, inputs: tuple[Interval, ...]) -> bool:
    return all(i.is_constant for i in inputs) and not math.isfinite(result.low)


def _hull(values: list[Value]) -> Interval:
    bounds = values[0].bounds
    for value in values[1:]:
        bounds = bounds.hull(value.bounds)
    return bounds


def _value_of_list(items: tuple[nodes.Expression, ...], scope: Scope) -> Value | None:
    values = [single(item, scope) for item in items]
    known = [v for v in values if v is not None]
    if len(known) < len(values) or not known:
        return None
    return Value(bounds=_hull(known), cells=len(known))


def _value_of_table(entries: tuple[nodes.Entry, ...], scope: Scope) -> Value | None:
    values = [single(entry.value, scope) for entry in entries]
    known = [v for v in values if v is not None]
    if len(known) < len(values) or not known:
        return None
    return Value(bounds=_hull(known), table=tuple(entry.key for entry in entries))


def single(expression: nodes.Expression, scope: Scope) -> Value | None:
    """Return what an expression gives where one number is needed."""
    value = numeric(expression, scope)
    if value is not None and not value.is_single:
        what = quoted(expression.span)
        hint = "read it at a variable, `t[S]`" if value.table is not None else None
        scope.findings.add(value_errors.several_numbers(what, expression.span, hint))
        return None
    return value


def _value_of_index(expression: nodes.Index, scope: Scope) -> Value | None:
    base = expression.base
    if isinstance(base, nodes.Name) and base.name in scope.parameters:
        return Value(bounds=domain_bounds(scope.parameters[base.name].domain))
    value = value_of(base, scope)
    if value is None:
        return None
    first = expression.indices[0]
    if isinstance(first, nodes.Text) and isinstance(base, nodes.Name):
        entries = scope.hypers[base.name].value if base.name in scope.hypers else {}
        if isinstance(entries, Mapping):
            return number(entries[first.value]) if first.value in entries else None
    return Value(bounds=value.bounds, levels=value.levels)


def _value_of_call(call: nodes.Call, scope: Scope) -> Value | None:
    if call.name in NETWORKS:
        return _value_of_network(call, scope)
    if call.name in ("sampled", "mean"):
        values = [value_of(item, scope) for item in call.inputs]
        return values[0] if len(values) == 1 else None
    if call.name not in FUNCTIONS:
        return None
    signature = FUNCTIONS[call.name]
    if not signature.least <= len(call.inputs) <= (signature.most or len(call.inputs)):
        return None  # reported where its inputs are counted
    if call.name == "code":
        return _value_of_code(call, scope)
    values = [numeric(item, scope) for item in call.inputs]
    known = [v for v in values if v is not None]
    if len(known) < len(values) or not known:
        return None
    return _apply_function(call, known, scope)


def _apply_function(call: nodes.Call, inputs: list[Value], scope: Scope) -> Value | None:
    first = inputs[0].bounds
    if (call.name == "log" and first.high <= 0) or (call.name == "sqrt" and first.high < 0):
        found = f"{first.low:g}" if first.is_constant else "a number that is never positive"
        expected = "a number above zero" if call.name == "log" else "a number that is not negative"
        span = call.inputs[0].span
        scope.findings.add(value_errors.outside_function(call.name, found, expected, span))
        return None
    bounds = FUNCTION_BOUNDS[call.name](*(value.bounds for value in inputs))
    if _overflows(bounds, tuple(value.bounds for value in inputs)):
        scope.findings.add(value_errors.too_large(call.span))
        return None
    result: Value | None = replace(inputs[0], bounds=bounds)
    for other in inputs[1:]:
        if result is None:
            return None
        result = combine(result, other, bounds, call.span, scope)
    return result


def _value_of_network(call: nodes.Call, scope: Scope) -> Value:
    for item in call.inputs:
        value_of(item, scope)
    bounds = LINE
    for setting in call.settings:
        if setting.name == "out" and isinstance(setting.value, nodes.Name):
            bounds = Interval(*OUT_BOUNDS.get(setting.value.name, (-INF, INF)))
    return Value(bounds=bounds, is_free=True)


def _value_of_code(call: nodes.Call, scope: Scope) -> Value | None:
    value = value_of(call.inputs[0], scope) if call.inputs else None
    if value is None:
        return None
    name = call.inputs[0]
    is_binary = (
        isinstance(name, nodes.Name)
        and name.name in scope.variables
        and isinstance(scope.variables[name.name].domain, Binary)
    )
    if value.levels is None and not is_binary:
        scope.findings.add(value_errors.code_of_number(name.span.text, name.span))
        return None
    high = 1.0 if value.levels is None else float(len(value.levels) - 1)
    return Value(bounds=Interval(0.0, high), cells=value.cells)
