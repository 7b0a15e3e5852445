"""What an intervention may set: the values of a domain, the parameters of a family."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from causaldsl.counterfactual import findings
from causaldsl.counterfactual.arithmetic import text_of
from causaldsl.diagnostics.model import CounterfactualError
from causaldsl.engines.problem import Problem
from causaldsl.runtime.forward import any_cell
from causaldsl.syntax import nodes
from causaldsl.vocabulary.distributions import FAMILIES
from causaldsl.vocabulary.domains import (
    Binary,
    Categorical,
    Count,
    Domain,
    Ordered,
    Positive,
    UnitInterval,
    levels_of,
)

_ALLOWED: dict[str, tuple[str, Callable[[Tensor], Tensor]]] = {
    "real": ("a number", torch.isfinite),
    "positive": ("above 0", lambda v: torch.isfinite(v) & (v > 0)),
    "unit": ("from 0 to 1", lambda v: (v >= 0) & (v <= 1)),
    "whole": ("a whole number from 0", lambda v: torch.isfinite(v) & (v >= 0) & (v == v.floor())),
}


def check_parameters(target: str, call: nodes.Call, given: Sequence[Tensor]) -> None:
    """Refuse a policy whose family has no law at these parameters."""
    for parameter, value in zip(FAMILIES[call.name].parameters, given, strict=True):
        expected, allowed = _ALLOWED[parameter.constraint]
        if not bool(allowed(value).all()):
            reason = f"its {parameter.name} must be {expected}"
            raise CounterfactualError(
                [findings.wrong_policy(target, text_of(call), reason, call.span)]
            )
    if call.name == "Uniform" and not bool((given[0] < given[1]).all()):
        reason = "its low end must be below its high end"
        raise CounterfactualError([findings.wrong_policy(target, text_of(call), reason, call.span)])


def check_values(problem: Problem, target: str, made: Tensor) -> None:
    """Refuse computed values that the variable cannot take, and name the rows."""
    axes = len(problem.event(target))
    bad = any_cell(~torch.isfinite(made), axes).any(0)
    if bad.any():
        raise CounterfactualError([findings.not_finite(target, problem.numbers(bad))])
    domain = problem.compiled.scm.variables[target].domain
    outside = any_cell(~is_inside(domain, made), axes).any(0)
    if outside.any():
        raise CounterfactualError(
            [findings.outside_domain(target, str(domain), problem.numbers(outside))]
        )


def is_inside(domain: Domain, value: Tensor) -> Tensor:
    """Return where a number is a value of a domain."""
    whole = value == value.floor()
    match domain:
        case Positive():
            return value > 0
        case UnitInterval():
            return (value > 0) & (value < 1)
        case Count():
            return whole & (value >= 0)
        case Binary() | Categorical() | Ordered():
            return whole & (value >= 0) & (value < len(levels_of(domain) or ()))
        case _:
            return torch.isfinite(value)
