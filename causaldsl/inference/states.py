"""Parameter states as plain data: tensors by name, and constraints as a word with its numbers.

A parameter store's state holds Python objects for its constraints. Files hold data only, so each
constraint is written by its name and rebuilt from the table here, never from what a file says.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from pyro.distributions import constraints as pyro_constraints
from torch import Tensor
from torch.distributions import constraints

from causaldsl.runtime.scope import ParamState

Constraint = constraints.Constraint
ConstraintData = list[Any]

#: Constraints without numbers, by the class that torch or Pyro has for them.
_PLAIN: dict[str, Constraint] = {
    "real": constraints.real,
    "simplex": constraints.simplex,
    "ordered_vector": pyro_constraints.ordered_vector,
    "positive_ordered_vector": pyro_constraints.positive_ordered_vector,
    "softplus_positive": pyro_constraints.softplus_positive,
}
#: Constraints with bounds: how each is made, and the attributes that hold its numbers.
_BOUNDED: dict[str, tuple[Callable[..., Constraint], tuple[str, ...]]] = {
    "greater_than": (constraints.greater_than, ("lower_bound",)),
    "greater_than_eq": (constraints.greater_than_eq, ("lower_bound",)),
    "less_than": (constraints.less_than, ("upper_bound",)),
    "interval": (constraints.interval, ("lower_bound", "upper_bound")),
}


def constraint_data(constraint: Constraint) -> ConstraintData:
    """Return a constraint as its name and numbers; `ValueError` for one that has no name here."""
    if isinstance(constraint, constraints.independent):
        inner = constraint_data(constraint.base_constraint)
        return ["independent", inner, constraint.reinterpreted_batch_ndims]
    for name, plain in _PLAIN.items():
        if type(constraint) is type(plain):
            return [name]
    for name, (make, attributes) in _BOUNDED.items():
        numbers = [float(getattr(constraint, a)) for a in attributes if hasattr(constraint, a)]
        if len(numbers) == len(attributes) and isinstance(constraint, _class_of(make)):
            return [name, *numbers]
    raise ValueError(f"no name for the constraint {constraint!r}")


def _class_of(make: Callable[..., Constraint]) -> type:
    assert isinstance(make, type)
    return make


def constraint_from(data: Any) -> Constraint:  # noqa: ANN401 (untrusted JSON)
    """Return the constraint that `constraint_data` wrote; `ValueError` for anything else."""
    match data:
        case [str(name)] if name in _PLAIN:
            return _PLAIN[name]
        case ["independent", inner, int(ndims)] if 0 < ndims < 8:
            return constraints.independent(constraint_from(inner), ndims)  # type: ignore[no-untyped-call]
        case [str(name), *numbers] if name in _BOUNDED:
            make, attributes = _BOUNDED[name]
            if len(numbers) == len(attributes) and all(isinstance(n, int | float) for n in numbers):
                return make(*map(float, numbers))
    raise ValueError(f"unknown constraint {data!r}")


def cloned(state: ParamState) -> ParamState:
    """Return a copy of a state that shares no tensor with it."""
    params = {n: p.detach().clone().requires_grad_(True) for n, p in state["params"].items()}
    return {"params": params, "constraints": dict(state["constraints"])}


def unconstrained(state: ParamState) -> dict[str, Tensor]:
    """Return the state's unconstrained tensors, detached copies by name."""
    return {name: value.detach().clone() for name, value in state["params"].items()}


def state_from(tensors: Mapping[str, Tensor], named: Mapping[str, Any]) -> ParamState:
    """Return a state from unconstrained tensors and constraint data of the same names."""
    if set(tensors) != set(named):
        raise ValueError("tensors and constraints have different names")
    params = {n: tensors[n].detach().clone().contiguous().requires_grad_(True) for n in named}
    return {"params": params, "constraints": {n: constraint_from(c) for n, c in named.items()}}


def constraints_of(state: ParamState) -> dict[str, ConstraintData]:
    """Return the state's constraints as data, in the order of its parameters."""
    return {name: constraint_data(state["constraints"][name]) for name in state["params"]}


def is_finite(state: ParamState) -> bool:
    """Whether every number of a state is finite."""
    return all(bool(torch.isfinite(p).all()) for p in state["params"].values())
