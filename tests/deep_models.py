"""Rows for any model and one evaluation of its emitted objective, for tests of deep models."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pyro
import torch
from torch import Tensor

from causaldsl.runtime.load import CompiledScm
from causaldsl.runtime.scope import isolated
from causaldsl.vocabulary.domains import (
    Binary,
    Categorical,
    Count,
    Image,
    Ordered,
    Positive,
    UnitInterval,
)

Batch = dict[str, Tensor]


def rows_of(compiled: CompiledScm, n: int = 12, seed: int = 0) -> Batch:
    """Return encoded rows of every observed variable, drawn with no regard to the model."""
    g = torch.Generator().manual_seed(seed)
    rows: Batch = {}
    for name in compiled.module.OBSERVED:
        variable, shape = compiled.scm.variables[name], (n, *compiled.event(name))
        match variable.domain:
            case Binary():
                value = torch.randint(0, 2, shape, generator=g).double()
            case Categorical(levels) | Ordered(levels):
                value = torch.randint(0, len(levels), shape, generator=g)
            case Count():
                value = torch.poisson(torch.full(shape, 3.0, dtype=torch.float64), generator=g)
            case UnitInterval() | Image():
                value = 0.1 + 0.8 * torch.rand(shape, generator=g, dtype=torch.float64)
            case Positive():
                value = 0.5 + torch.rand(shape, generator=g, dtype=torch.float64)
            case _:
                value = torch.randn(shape, generator=g, dtype=torch.float64)
        rows[name] = value
        if variable.missing == "latent":
            rows[f"{name}__seen"] = torch.arange(n) % 3 > 0
    return rows


class Pass:
    """One evaluation of the objective from a seed: terms, parts, gradients, state, values."""

    def __init__(
        self,
        compiled: CompiledScm,
        rows: Batch,
        *,
        second: Batch | None = None,
        seed: int = 0,
        training: bool = False,
        state: Any = None,
        moved: Mapping[str, Tensor] | None = None,
        of: str | None = None,
        epoch: float = 0,
    ) -> None:
        """Evaluate fresh parameters, `moved` added; gradients are of the term `of` or of all."""
        module: Any = compiled.module
        with isolated(seed, state) as self.state:
            set_training = getattr(module, "training", lambda _: None)
            if state is None:
                module.loss_terms(rows, None, *([] if second is None else [second]))
                self.move(moved or {})
                for name, value in pyro.get_param_store().named_parameters():
                    value.grad = None
                    if "norm." in name:
                        with torch.no_grad():
                            value.fill_(1.0 if name.endswith(("weight", "var")) else 0.0)
            torch.manual_seed(seed + 1)
            set_training(training)
            try:
                more = () if second is None else (second,)
                self.terms, self.parts = module.loss_terms(rows, None, *more)
            finally:
                set_training(False)
            self.stream = torch.get_rng_state()
            torch.manual_seed(seed + 1)
            set_training(training)
            with torch.no_grad():
                self.drawn, self.made = module.traces(rows)
            set_training(False)
            self.after_draws = torch.get_rng_state()
            torch.set_rng_state(self.stream)
            balance = dict.fromkeys(module.BALANCED, 1.0)
            total = module.objective(self.terms, epoch, balance)
            self.total = total.detach()
            target = total if of is None else self.terms[of]
            if target.requires_grad:
                target.backward()
            named = dict(pyro.get_param_store().named_parameters())
            self.params = {n: v.detach().clone() for n, v in named.items()}
            self.grads = {n: v.grad.clone() for n, v in named.items() if v.grad is not None}

    def value(self, name: str) -> Tensor:
        """Return a variable's value in the batch: the guide's draw of a latent."""
        found: Tensor = self.made.nodes[name]["value"].detach()
        return found

    @staticmethod
    def move(moved: Mapping[str, Tensor]) -> None:
        """Add to unconstrained parameters in the store."""
        named = dict(pyro.get_param_store().named_parameters())
        with torch.no_grad():
            for name, value in moved.items():
                named[name].add_(value)

    def __getitem__(self, term: str) -> float:
        """Return a term's value."""
        return float(self.terms[term].detach())

    @property
    def moving(self) -> set[str]:
        """The parameters that have a gradient other than zero."""
        return {n for n, g in self.grads.items() if bool(g.abs().sum() > 0)}
