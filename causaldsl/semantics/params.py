"""Hyper-parameters: `param` lines, and the values that a caller sets in their place."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from causaldsl.semantics import domain_errors, name_errors, value_errors
from causaldsl.semantics.model import Hyper
from causaldsl.semantics.scope import Findings, Names, Scope
from causaldsl.semantics.values import constant_of
from causaldsl.source import Span
from causaldsl.syntax import nodes
from causaldsl.vocabulary.functions import FUNCTIONS

HyperValue = float | tuple[float, ...] | Mapping[str, float] | str


def check_params(
    names: Names, overrides: Mapping[str, object], findings: Findings
) -> dict[str, Hyper]:
    """Return the params with their values, overridden ones with the caller's."""
    hypers: dict[str, Hyper] = {}
    scope = empty_scope(names, hypers, findings)
    for statement in names.of(nodes.Param):
        name = statement.name
        value = _value(statement.value, name.name, scope)
        if value is None:
            findings.reported.add(name.name)
        elif name.name not in hypers:
            hyper = Hyper(name=name.name, value=value, span=name.span)
            if name.name in overrides:  # at once, so that params made of this one follow it
                given = _override(hyper, overrides[name.name], findings)
                hyper = hyper if given is None else replace(hyper, value=given)
            hypers[name.name] = hyper
    for key in overrides:
        if key not in hypers and key not in findings.reported:
            findings.add(name_errors.unknown_override(key, hypers))
    return hypers


def empty_scope(names: Names, hypers: Mapping[str, Hyper], findings: Findings) -> Scope:
    """Return a scope in which only params have a meaning yet."""
    return Scope(
        names=names,
        hypers=hypers,
        variables={},
        groups={},
        parameters={},
        parents={},
        findings=findings,
    )


def _value(expression: nodes.Expression, name: str, scope: Scope) -> HyperValue | None:
    match expression:
        case nodes.Name(name=word):
            return scope.hypers[word].value if word in scope.hypers else word
        case nodes.Text(value=text):
            return text
        case nodes.ListOf(items=items) if items:
            numbers = [_number(item, name, scope) for item in items]
            return None if None in numbers else tuple(n for n in numbers if n is not None)
        case nodes.Table(entries=entries) if entries:
            return _table(entries, name, scope)
        case _:
            return _number(expression, name, scope)


def _table(entries: tuple[nodes.Entry, ...], name: str, scope: Scope) -> Mapping[str, float] | None:
    result: dict[str, float] = {}
    first: dict[str, Span] = {}
    for entry in entries:
        if entry.key in first:
            finding = value_errors.key_twice(entry.key, entry.span, first[entry.key])
            scope.findings.add(finding, name)
            return None
        first.setdefault(entry.key, entry.span)
        value = _number(entry.value, name, scope)
        if value is None:
            return None
        result[entry.key] = value
    return MappingProxyType(result)


def _number(expression: nodes.Expression, name: str, scope: Scope) -> float | None:
    """Return the number that an expression of numbers and earlier params is."""
    before = len(scope.findings.diagnostics)
    value = constant_of(expression, scope) if _is_constant(expression, scope) else None
    if isinstance(expression, nodes.Number) and not math.isfinite(expression.value):
        scope.findings.add(value_errors.too_large(expression.span), name)
    elif value is None and len(scope.findings.diagnostics) == before:
        scope.findings.add(domain_errors.wrong_param(name, expression.span), name)
    return value


def _is_constant(expression: nodes.Expression, scope: Scope) -> bool:
    match expression:
        case nodes.Number():
            return True
        case nodes.Name(name=name):
            return name in scope.hypers
        case nodes.Unary(operand=operand):
            return _is_constant(operand, scope)
        case nodes.Binary(left=left, right=right):
            return _is_constant(left, scope) and _is_constant(right, scope)
        case nodes.Call(name=name, inputs=inputs) if name in FUNCTIONS:
            return bool(inputs) and all(_is_constant(item, scope) for item in inputs)
        case _:
            return False


def _override(hyper: Hyper, given: object, findings: Findings) -> HyperValue | None:
    """Return a caller's value if it is of the declared type."""
    match hyper.value:
        case float():
            value: HyperValue | None = _as_number(given)
            expected = "a number"
        case str():
            value = given if isinstance(given, str) and given else None
            expected = "a word"
        case tuple():
            value = _as_list(given)
            expected = "a list of numbers"
        case _:
            value = _as_table(given, tuple(hyper.value))
            expected = "a table over " + ", ".join(f"`{key}`" for key in hyper.value)
    if value is None:
        shown = _shown(given)
        findings.add(domain_errors.wrong_override(hyper.name, shown, expected, hyper.span))
    return value


def _shown(given: object) -> str:
    if isinstance(given, float):
        text = f"{given:g}"
    elif isinstance(given, list | tuple):
        items = (f"{item:g}" if isinstance(item, float) else str(item) for item in given)
        text = f"[{', '.join(items)}]"
    elif isinstance(given, Mapping):
        text = f"{{{', '.join(f'{key}: {item}' for key, item in given.items())}}}"
    else:
        text = str(given)
    return f"`{text}`" if len(text) <= 40 else "another value"


def _as_number(given: object) -> float | None:
    if isinstance(given, bool) or not isinstance(given, int | float | str):
        return None
    try:
        value = float(given)
    except (ValueError, OverflowError):
        return None
    return value if math.isfinite(value) else None


def _as_list(given: object) -> tuple[float, ...] | None:
    if not isinstance(given, list | tuple) or not given:
        return None
    numbers = [_as_number(item) for item in given]
    return None if None in numbers else tuple(n for n in numbers if n is not None)


def _as_table(given: object, keys: tuple[str, ...]) -> Mapping[str, float] | None:
    if not isinstance(given, Mapping) or set(given) != set(keys):
        return None
    numbers = {key: _as_number(given[key]) for key in keys}
    if None in numbers.values():
        return None
    return MappingProxyType({key: n for key, n in numbers.items() if n is not None})
