"""The stand-in of ``A <-> B`` in a written mechanism: a linear effect added to its predictor."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

from causaldsl.semantics.model import Mechanism, Stochastic, Structural
from causaldsl.semantics.scope import DeclaredVariable
from causaldsl.semantics.walk import names_in
from causaldsl.syntax import nodes
from causaldsl.vocabulary.domains import Real

#: Arguments that a linear effect may be added to, whatever they are.
PREDICTORS = ("mean", "logits", "log_rate", "logit_mean", "predictor")


def with_stand_in(mechanism: Mechanism, name: str, variable: DeclaredVariable) -> Mechanism | None:
    """Return a mechanism with a linear effect of a stand-in, None where it has no place for it."""
    if isinstance(mechanism, Structural):
        if any(item.name == name for item in names_in(mechanism.expression)):
            return mechanism
        if not isinstance(variable.domain, Real):
            return None
        return replace(mechanism, expression=_plus(mechanism.expression, name))
    return _in_arguments(mechanism, name)


def _in_arguments(mechanism: Stochastic, name: str) -> Mechanism | None:
    arguments = dict(mechanism.arguments)
    if any(item.name == name for value in arguments.values() for item in names_in(value)):
        return mechanism
    key = next((k for k in PREDICTORS if k in arguments), None)
    if key is None:
        return None
    predictor = arguments[key]
    is_vector = mechanism.family == "Categorical"
    if is_vector and not (isinstance(predictor, nodes.Call) and predictor.name == "linear"):
        return None
    arguments[key] = _plus(predictor, name)
    return replace(mechanism, arguments=MappingProxyType(arguments))


def _plus(expression: nodes.Expression, name: str) -> nodes.Expression:
    """Return an expression plus a weight times a stand-in; a `linear` takes it as an input."""
    span = expression.span
    cause = nodes.Name(name=name, span=span)
    if isinstance(expression, nodes.Call) and expression.name == "linear":
        return replace(expression, inputs=(*expression.inputs, cause))
    none = nodes.Setting(name="intercept", value=nodes.Name(name="false", span=span), span=span)
    effect = nodes.Call(name="linear", inputs=(cause,), settings=(none,), name_span=span, span=span)
    return nodes.Binary(op="+", left=expression, right=effect, span=span)
