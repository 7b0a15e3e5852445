"""Marginals of what an objective conditions on, fitted apart from it.

`elbo(weights={a: 0})` takes `a` for given, so that nothing in the objective teaches where `a` comes
from. A variable without parents then still has its learned marginal, which rows drawn from the
model need; it has parameters of its own, and its likelihood is all that they appear in. They are
set to where that is largest once the rest is fitted.
"""

from __future__ import annotations

from typing import Any

import pyro
import torch
from torch import Tensor

from causaldsl.data.encoded import EncodedData
from causaldsl.ir.conditioning import fitted_apart
from causaldsl.runtime.load import CompiledScm
from causaldsl.runtime.scope import one_thread

_STEPS = 200


def fit_marginals(compiled: CompiledScm, data: EncodedData) -> tuple[str, ...]:
    """Move the parameters in the store to each such marginal's maximum; return its variables."""
    names = tuple(fitted_apart(compiled.scm))
    for name in names:
        with one_thread():
            _fit(compiled, name, data)
    return names


def _fit(compiled: CompiledScm, name: str, data: EncodedData) -> None:
    module: Any = compiled.module
    values = data.columns[name]
    if name in data.observed:
        values = values[data.observed[name]]
    if not len(values):
        return
    own = _parameters_of(compiled, name)
    if not own:
        return
    optimiser = torch.optim.LBFGS(
        own, max_iter=_STEPS, tolerance_grad=1e-10, tolerance_change=1e-14,
        line_search_fn="strong_wolfe",
    )  # fmt: skip

    def loss() -> Tensor:
        law = module.MECHANISMS[name](module.parameters())
        total: Tensor = -law.log_prob(values).mean()
        return total

    def closure() -> float:
        optimiser.zero_grad()
        value = loss()
        value.backward()  # type: ignore[no-untyped-call]
        return value.item()

    before = [p.detach().clone() for p in own]
    with torch.enable_grad():
        optimiser.step(closure)  # type: ignore[no-untyped-call]
    if not all(torch.isfinite(p).all() for p in own):  # a column of one value has no maximum
        with torch.no_grad():
            for parameter, start in zip(own, before, strict=True):
                parameter.copy_(start)


def _parameters_of(compiled: CompiledScm, name: str) -> list[Tensor]:
    wanted = fitted_apart(compiled.scm)[name]
    held = dict(pyro.get_param_store().named_parameters())
    return [held[n] for n in held if n in wanted]
