"""Settings of calls and words of `train`: known, given once, of the right type.

A setting that shapes the model (a size, a word) is replaced by its plain value, so that later
stages need not look up a param; a number stays the expression it was.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace

from causaldsl.semantics import mechanism_errors, name_errors, value_errors
from causaldsl.semantics.families import bind_arguments
from causaldsl.semantics.scope import Scope
from causaldsl.semantics.values import constant_of
from causaldsl.semantics.wording import quoted
from causaldsl.source import Span
from causaldsl.syntax import nodes
from causaldsl.vocabulary.distributions import FAMILIES
from causaldsl.vocabulary.functions import SettingSignature
from causaldsl.vocabulary.losses import KERNELS
from causaldsl.vocabulary.networks import ACTIVATIONS, NETWORKS

LARGE = 1e6  # a bound beyond it is left out of messages

Checked = nodes.Expression | None


def check_settings(
    settings: tuple[nodes.Setting, ...],
    known: Mapping[str, SettingSignature],
    call: str,
    scope: Scope,
) -> tuple[nodes.Setting, ...]:
    """Return the settings of a call with their plain values, leaving out what was reported."""
    first: dict[str, Span] = {}
    checked: list[nodes.Setting] = []
    for setting in settings:
        if setting.name in first:
            found = name_errors.setting_twice(setting.name, setting.span, first[setting.name])
            scope.findings.add(found)
            continue
        first[setting.name] = setting.span
        if setting.name not in known:
            finding = name_errors.unknown_setting(setting.name, call, known, setting.span)
            scope.findings.add(finding)
            continue
        value = _CHECKS[known[setting.name].kind](setting.value, known[setting.name], scope)
        if value is not None:
            checked.append(replace(setting, value=value))
    return tuple(checked)


def _report(expression: nodes.Expression, name: str, expected: str, scope: Scope) -> None:
    scope.findings.add(mechanism_errors.wrong_setting(name, expected, expression.span))


def _range(signature: SettingSignature) -> str:
    parts = []
    if signature.low is not None:
        parts.append(f"{'above' if signature.open_low else 'from'} {signature.low:g}")
    if signature.high is not None and signature.high < LARGE:
        parts.append(f"to {signature.high:g}")
    return " ".join(parts)


def _is_within(value: float, signature: SettingSignature) -> bool:
    low, high = signature.low, signature.high
    if not math.isfinite(value):
        return False
    if low is not None and (value < low or (signature.open_low and value == low)):
        return False
    return high is None or value <= high


def check_number(
    expression: nodes.Expression, signature: SettingSignature, scope: Scope
) -> Checked:
    """Return a number or an expression of params, refusing what is out of range."""
    resolved = _resolve_constant(expression, scope)
    if resolved is None:
        return None
    value = constant_of(resolved, scope)
    if value is None or not _is_within(value, signature):
        if expression.span.text not in scope.findings.reported:
            _report(expression, signature.name, f"a number {_range(signature)}".strip(), scope)
        return None
    return resolved


def _resolve_constant(expression: nodes.Expression, scope: Scope) -> Checked:
    """Return a constant expression, reporting names in it that are no params."""
    match expression:
        case nodes.Name(name=name):
            if name in scope.hypers or name in scope.findings.reported:
                return expression if name in scope.hypers else None
            symbol = scope.names.symbols.get(name)
            if symbol is not None:
                expected = "a number or a param"
                scope.findings.add(
                    name_errors.wrong_kind(
                        name, symbol.kind, expected, expression.span, symbol.span
                    )
                )
                return None
            candidates = {n: h.span for n, h in scope.hypers.items()}
            scope.findings.add(
                name_errors.unknown_name(name, "a number or a param", expression.span, candidates),
                name,
            )
            return None
        case nodes.Unary():
            return expression if _resolve_constant(expression.operand, scope) else None
        case nodes.Binary():
            left = _resolve_constant(expression.left, scope)
            right = _resolve_constant(expression.right, scope)
            return expression if left is not None and right is not None else None
        case nodes.Call():
            known = [_resolve_constant(item, scope) for item in expression.inputs]
            return expression if all(item is not None for item in known) else None
        case nodes.Number() | nodes.ListOf() | nodes.Table() | nodes.Index():
            return expression
        case _:
            scope.findings.add(value_errors.not_a_number(quoted(expression.span), expression.span))
            return None


def _number_node(value: float, span: Span) -> nodes.Number:
    return nodes.Number(value=value, text=f"{value:g}", span=span)


def _whole(expression: nodes.Expression, signature: SettingSignature, scope: Scope) -> Checked:
    word = _word_of(expression, scope)
    if signature.all_word is not None and word == signature.all_word:
        return nodes.Name(name=word, span=expression.span)
    resolved = _resolve_constant(expression, scope)
    if resolved is None:
        return None
    value = constant_of(resolved, scope)
    if value is None or value != math.floor(value) or not _is_within(value, signature):
        expected = f"a whole number {_range(signature)}".strip()
        if signature.all_word is not None:
            expected += f" or `{signature.all_word}`"
        _report(expression, signature.name, expected, scope)
        return None
    return _number_node(value, expression.span)


def _flag(expression: nodes.Expression, signature: SettingSignature, scope: Scope) -> Checked:
    word = _word_of(expression, scope)
    if word in ("true", "false"):
        return nodes.Name(name=word, span=expression.span)
    _report(expression, signature.name, "`true` or `false`", scope)
    return None


def _word_of(expression: nodes.Expression, scope: Scope) -> str | None:
    """Return the word that an expression is, looking a param up that holds one."""
    if not isinstance(expression, nodes.Name):
        return None
    hyper = scope.hypers.get(expression.name)
    if hyper is not None and isinstance(hyper.value, str):
        return hyper.value
    return expression.name


def _one_word(
    expression: nodes.Expression, words: tuple[str, ...], name: str, scope: Scope
) -> Checked:
    if isinstance(expression, nodes.Name) and expression.name in words:
        return expression
    word = _word_of(expression, scope)
    if word is None:
        listed = ", ".join(f"`{w}`" for w in words)
        _report(expression, name, f"one of {listed}", scope)
        return None
    if word not in words:
        scope.findings.add(name_errors.unknown_word(word, words, expression.span))
        return None
    return nodes.Name(name=word, span=expression.span)


def _word(expression: nodes.Expression, signature: SettingSignature, scope: Scope) -> Checked:
    return _one_word(expression, signature.words, signature.name, scope)


def _sizes(expression: nodes.Expression, signature: SettingSignature, scope: Scope) -> Checked:
    items = _list_items(expression, scope)
    if items is None:
        _report(expression, signature.name, "a list of whole numbers, such as `[32, 32]`", scope)
        return None
    checked = [_whole(item, signature, scope) for item in items]
    if any(item is None for item in checked):
        return None
    return nodes.ListOf(items=tuple(i for i in checked if i is not None), span=expression.span)


def _list_items(expression: nodes.Expression, scope: Scope) -> tuple[nodes.Expression, ...] | None:
    if isinstance(expression, nodes.ListOf):
        return expression.items
    hyper = scope.hypers.get(expression.name) if isinstance(expression, nodes.Name) else None
    if hyper is not None and isinstance(hyper.value, tuple):
        return tuple(_number_node(value, expression.span) for value in hyper.value)
    return None


def _numbers(expression: nodes.Expression, signature: SettingSignature, scope: Scope) -> Checked:
    items = _list_items(expression, scope)
    if items is None:
        _report(expression, signature.name, "a list of numbers", scope)
        return None
    checked = [check_number(item, signature, scope) for item in items]
    return expression if all(item is not None for item in checked) else None


def _with_number(
    expression: nodes.Expression,
    signature: SettingSignature,
    words: Mapping[str, float | None],
    scope: Scope,
) -> Checked:
    """Check a word that may carry a number above zero: ``leaky_relu(0.2)``."""
    if not isinstance(expression, nodes.Call):
        return _one_word(expression, tuple(words), signature.name, scope)
    if expression.name not in words:
        finding = name_errors.unknown_word(expression.name, words, expression.name_span)
        scope.findings.add(finding)
        return None
    above_zero = replace(signature, kind="number", low=0.0, open_low=True, high=None)
    if len(expression.inputs) != 1 or expression.settings:
        example = f"`{expression.name}` with one number, such as `{expression.name}(0.2)`"
        _report(expression, signature.name, example, scope)
        return None
    inner = check_number(expression.inputs[0], above_zero, scope)
    return None if inner is None else replace(expression, inputs=(inner,))


def _activation(expression: nodes.Expression, signature: SettingSignature, scope: Scope) -> Checked:
    takes_number = isinstance(expression, nodes.Call) and expression.name in ACTIVATIONS
    if takes_number and ACTIVATIONS[expression.name] is None:  # type: ignore[union-attr]
        _report(expression, signature.name, "this activation without a number", scope)
        return None
    return _with_number(expression, signature, ACTIVATIONS, scope)


def _kernel(expression: nodes.Expression, signature: SettingSignature, scope: Scope) -> Checked:
    return _with_number(expression, signature, KERNELS, scope)


def _network(expression: nodes.Expression, signature: SettingSignature, scope: Scope) -> Checked:
    if not isinstance(expression, nodes.Call) or expression.name not in NETWORKS:
        _report(expression, signature.name, "a network, such as `mlp(hidden=[32])`", scope)
        return None
    if expression.inputs:
        _report(expression, signature.name, "a network without inputs of its own", scope)
        return None
    network = NETWORKS[expression.name]
    known = {s.name: s for s in network.settings}
    return replace(
        expression, settings=check_settings(expression.settings, known, expression.name, scope)
    )


def _prior(expression: nodes.Expression, signature: SettingSignature, scope: Scope) -> Checked:
    families = [n for n, f in FAMILIES.items() if f.noise == "location_scale"]
    if isinstance(expression, nodes.Call) and expression.name in families:
        known = [_resolve_constant(item, scope) for item in expression.inputs]
        if all(item is not None for item in known):
            bind_arguments(expression, FAMILIES[expression.name], scope)
        return expression
    _report(expression, signature.name, "a family of real numbers, such as `Normal(0, 1)`", scope)
    return None


def _weights(expression: nodes.Expression, signature: SettingSignature, scope: Scope) -> Checked:
    if not isinstance(expression, nodes.Table):
        _report(expression, signature.name, "a table of weights, such as `{y: 2}`", scope)
        return None
    return _expand_weights(expression, signature, scope)


def _expand_weights(table: nodes.Table, signature: SettingSignature, scope: Scope) -> Checked:
    not_negative = replace(signature, kind="number", low=0.0)
    entries: list[nodes.Entry] = []
    seen: dict[str, Span] = {}
    for entry in table.entries:
        members = scope.members(entry.key)
        if any(m not in scope.variables for m in members):
            if entry.key not in scope.findings.reported:
                known = {n: v.span for n, v in scope.variables.items()}
                finding = name_errors.unknown_name(entry.key, "a variable", entry.span, known)
                scope.findings.add(finding, entry.key)
            continue
        weight = check_number(entry.value, not_negative, scope)
        for member in members:
            if member in seen:
                scope.findings.add(value_errors.key_twice(member, entry.span, seen[member]))
            seen.setdefault(member, entry.span)
            if weight is not None:
                entries.append(replace(entry, key=member, value=weight))
    return replace(table, entries=tuple(entries))


def _metric(expression: nodes.Expression, signature: SettingSignature, scope: Scope) -> Checked:
    words = signature.words
    if isinstance(expression, nodes.Call):
        if expression.name not in words or len(expression.inputs) != 1 or expression.settings:
            _report(expression, signature.name, "`loss` or a metric such as `accuracy(y)`", scope)
            return None
        target = expression.inputs[0]
        variable = scope.variables.get(target.name) if isinstance(target, nodes.Name) else None
        if variable is None or not variable.role.is_observed:
            _report(target, signature.name, "an observed variable", scope)
            return None
        return expression
    return _one_word(expression, words, signature.name, scope)


_CHECKS: dict[str, Callable[[nodes.Expression, SettingSignature, Scope], Checked]] = {
    "number": check_number,
    "whole": _whole,
    "flag": _flag,
    "word": _word,
    "sizes": _sizes,
    "numbers": _numbers,
    "activation": _activation,
    "network": _network,
    "prior": _prior,
    "kernel": _kernel,
    "weights": _weights,
    "metric": _metric,
}
