"""The model's own recipe: `train` words, and `predict` lines."""

from __future__ import annotations

from types import MappingProxyType

from causaldsl.semantics import mechanism_errors, objective_errors
from causaldsl.semantics.model import Prediction, Training
from causaldsl.semantics.resolve import Place, Resolver
from causaldsl.semantics.scope import Scope
from causaldsl.semantics.settings import check_settings
from causaldsl.semantics.structure import expand
from causaldsl.semantics.values import constant_of
from causaldsl.source import Span
from causaldsl.syntax import nodes
from causaldsl.vocabulary.roles import Role
from causaldsl.vocabulary.training import KEEP_METRICS_OF, TRAIN_WORDS

Plain = float | int | str | tuple[float, ...]


def check_training(scope: Scope) -> Training:
    """Return the words of every `train` line as plain values."""
    statements = list(scope.names.of(nodes.Train))
    written = tuple(s for statement in statements for s in statement.settings)
    settings = check_settings(written, TRAIN_WORDS, "train", scope)
    plain = {s.name: _plain(s.value, scope) for s in settings}
    for setting in settings:
        value = setting.value
        is_word = setting.name == "keep" and isinstance(value, nodes.Name)
        if is_word and isinstance(value, nodes.Name) and value.name in KEEP_METRICS_OF:
            expected = f"the variable that it is measured on, `{value.name}(Y)`"
            finding = mechanism_errors.wrong_setting("keep", expected, value.span)
            scope.findings.add(finding)
    span = statements[0].span if statements else None
    return Training(settings=MappingProxyType(plain), span=span)


def _plain(value: nodes.Expression, scope: Scope) -> Plain:
    match value:
        case nodes.Name(name=name) if name not in scope.hypers:
            return name
        case nodes.Call(name=name, inputs=(nodes.Name(name=inner),)):
            return f"{name}({inner})"
        case nodes.ListOf(items=items):
            return tuple(_number(item, scope) for item in items)
        case _:
            return _number(value, scope)


def _number(value: nodes.Expression, scope: Scope) -> float | int:
    number = constant_of(value, scope) or 0.0
    is_whole = isinstance(value, nodes.Number) and value.text.lstrip("+").isdigit()
    return int(number) if is_whole or (number == int(number) and abs(number) > 1) else number


# --- predictors -----------------------------------------------------------------------------


def check_predictions(scope: Scope) -> tuple[Prediction, ...]:
    """Return the predictors in the order of the text, groups written out."""
    predictions: list[Prediction] = []
    resolver = Resolver(scope, Place(what="a `predict` line", draws=True))
    for statement in scope.names.of(nodes.Predict):
        target = resolver.variable(statement.target, "an observed variable")
        if target is not None:
            _check_target(target, statement.target.span, scope)
        features = _features(statement, target, resolver)
        predictions.append(Prediction(target=target or "", features=features, span=statement.span))
    return tuple(predictions)


def _check_target(name: str, span: Span, scope: Scope) -> None:
    variable = scope.variables[name]
    if not variable.role.is_observed:
        reason = f"is {variable.role.value}"
        scope.findings.add(objective_errors.wrong_target(name, reason, span))
    elif variable.size is not None:
        scope.findings.add(objective_errors.wrong_target(name, "is an array", span))


def _features(
    statement: nodes.Predict, target: str | None, resolver: Resolver
) -> tuple[tuple[str, bool], ...]:
    scope = resolver.scope
    features: list[tuple[str, bool]] = []
    for written in statement.features:
        is_drawn = isinstance(written, nodes.Call) and written.name == "sampled"
        items = written.inputs if isinstance(written, nodes.Call) and is_drawn else (written,)
        for item in items:
            if not isinstance(item, nodes.Name):
                resolver.variable(item, "a variable or `sampled(K)`")
                continue
            for name in expand((item,), scope.names, scope.variables, scope.groups, scope.findings):
                _check_feature(name, target, item.span, scope, is_drawn=is_drawn)
                if (name, True) in features or (name, False) in features:
                    reason = "is named twice, expected it once"
                    scope.findings.add(objective_errors.wrong_feature(name, reason, item.span))
                features.append((name, is_drawn))
    return tuple(features)


def _check_feature(
    name: str, target: str | None, span: Span, scope: Scope, *, is_drawn: bool
) -> None:
    variable = scope.variables[name]
    if name == target:
        reason = "is the target itself, expected other variables"
        scope.findings.add(objective_errors.wrong_feature(name, reason, span))
    elif variable.role is Role.CONTROL:
        reason = "reads back from the outcome, expected what is known before it"
        scope.findings.add(objective_errors.wrong_feature(name, reason, span))
    elif is_drawn and variable.role.is_observed:
        reason = "is observed, expected `sampled` around an unobserved variable"
        hint = f"write `{name}`"
        scope.findings.add(objective_errors.wrong_feature(name, reason, span, hint))
