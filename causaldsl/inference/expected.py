"""Which parameters a compiled model has, found by asking it: names, shapes, constraints.

The emitted text makes its parameters when it first runs. Running its parameters and its guides on
one row inside the domains makes them all, and says what a file of weights must hold.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pyro
import torch

from causaldsl.inference.states import ConstraintData, constraint_data
from causaldsl.inference.targets import Batch, without
from causaldsl.runtime.load import CompiledScm
from causaldsl.runtime.scope import isolated
from causaldsl.semantics.model import Variable
from causaldsl.vocabulary.domains import Categorical, Count, Ordered, Positive, UnitInterval


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """Shapes and constraints by name, and who asks for which: the model, each guide.

    What neither asks for belongs to the players that learn against the model.
    """

    shapes: dict[str, tuple[int, ...]]
    constraints: dict[str, ConstraintData]
    model: tuple[str, ...]
    guides: dict[str, tuple[str, ...]]


def expected_state(compiled: CompiledScm, n_rows: int) -> Expected:
    """Return what the parameter state of a fit on so many rows must look like."""
    module: Any = compiled.module
    row = _one_row(compiled)
    guides: dict[str, tuple[str, ...]] = {}
    with isolated(0), torch.no_grad():
        module.parameters()
        model = tuple(pyro.get_param_store())
        for name, guide in module.GUIDES.items():
            seen = without(row, compiled, module.GUIDE_EVIDENCE[name])
            traced = pyro.poutine.trace(guide, param_only=True).get_trace(seen, n_rows)
            asked = [n for n, site in traced.nodes.items() if site["type"] == "param"]
            guides[name] = tuple(asked)
        for name in getattr(module, "NETWORKS", {}):
            if name.startswith("player."):  # learns against the model; a fit brings its weights too
                module.weights_of(name)
        state = pyro.get_param_store().get_state()
    return Expected(
        shapes={name: tuple(value.shape) for name, value in state["params"].items()},
        constraints={name: constraint_data(c) for name, c in state["constraints"].items()},
        model=model,
        guides=guides,
    )


def _one_row(compiled: CompiledScm) -> Batch:
    row: Batch = {"__row__": torch.zeros(1, dtype=torch.long)}
    for variable in compiled.scm.variables.values():
        if not variable.is_observed:
            continue
        row[variable.name] = _inside(variable, compiled)
        if variable.missing == "latent":
            row[f"{variable.name}__seen"] = torch.ones(row[variable.name].shape, dtype=torch.bool)
    return row


def _inside(variable: Variable, compiled: CompiledScm) -> torch.Tensor:
    """Return one value inside the variable's domain."""
    shape = (1, *compiled.event(variable.name))
    match variable.domain:
        case Categorical() | Ordered():
            return torch.zeros(shape, dtype=torch.long)
        case Positive() | Count():
            return torch.ones(shape, dtype=torch.float64)
        case UnitInterval():
            return torch.full(shape, 0.5, dtype=torch.float64)
        case _:
            return torch.zeros(shape, dtype=torch.float64)
