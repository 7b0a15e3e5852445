"""Which dimensions of the latents a fit uses: divergence from the prior, and active units.

A dimension is active when the mean of its posterior varies over the rows: its variance, in
variances of the prior, is above 0.01 (Burda, Grosse and Salakhutdinov 2016, "Importance weighted
autoencoders", where the prior is a standard normal). The divergence alone does not tell: under
`elbo(kl=0)` a posterior may be narrow and the same in every row.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import Tensor
from torch.distributions import kl_divergence

from causaldsl.data.encoded import EncodedData
from causaldsl.inference.fitted import Units
from causaldsl.inference.memory import rows_at_once
from causaldsl.runtime.load import CompiledScm
from causaldsl.runtime.scope import one_thread

#: Passes over the rows whose draws are averaged, where a factor reads draws of others.
PASSES = 10


def units_of(compiled: CompiledScm, data: EncodedData) -> dict[str, Units]:
    """Return each latent's divergence and spread by dimension, at the parameters in the store.

    Only latents that the guide for all evidence draws have a posterior to look at.
    """
    module: Any = compiled.module
    shares: dict[str, list[Tensor]] = {}
    places: dict[str, list[Tensor]] = {}
    with torch.no_grad(), one_thread():
        for done in range(PASSES):
            parts: dict[str, list[tuple[Tensor, Tensor]]] = {}
            for batch in data.batches(rows_at_once(compiled)):
                drawn, made = module.traces(batch, data.n_rows)
                for name, factor, prior, value in _latents(module, drawn.nodes, made.nodes):
                    both = (_divergence(factor, prior, value), _place(factor, prior))
                    parts.setdefault(name, []).append(both)
            for name, found in parts.items():
                for store, whole in zip((shares, places), zip(*found, strict=True), strict=True):
                    store.setdefault(name, []).append(torch.cat(whole))
            if done == 1 and all(_repeats(found) for found in (shares, places)):
                break  # no factor reads a draw of another
    return {
        name: Units(
            kl=_cells(torch.stack(shares[name]).mean((0, 1))),
            spread=_cells(torch.stack(places[name]).mean(0).var(0, correction=0)),
        )
        for name in shares
    }


def _repeats(found: Mapping[str, list[Tensor]]) -> bool:
    return all(torch.equal(first, second) for first, second in found.values())


def _latents(
    module: Any,  # noqa: ANN401 (an emitted module)
    drawn: Mapping[str, Any],
    made: Mapping[str, Any],
) -> Iterator[tuple[str, Any, Any, Tensor]]:
    for name in module.LATENT:
        if name in drawn and name in made and made[name]["type"] == "sample":
            value = made[name]["value"]
            yield name, _by_cell(drawn[name]["fn"]), _by_cell(made[name]["fn"]), value


def _by_cell(law: Any) -> Any:  # noqa: ANN401 (a distribution)
    """Return a distribution whose cells are apart."""
    while isinstance(law, torch.distributions.Independent):
        law = law.base_dist
    return law


def _divergence(factor: Any, prior: Any, value: Tensor) -> Tensor:  # noqa: ANN401 (distributions)
    """Return each row's divergence by cell, in closed form where there is one, ``(N, cells)``."""
    try:
        share = kl_divergence(factor, prior)
    except NotImplementedError:
        share = factor.log_prob(value) - prior.log_prob(value)
    cells: Tensor = share.expand(value.shape).reshape(len(value), -1)
    return cells


def _place(factor: Any, prior: Any) -> Tensor:  # noqa: ANN401 (distributions)
    """Return where each row's posterior lies, in the prior's unit where it has one."""
    if isinstance(factor, torch.distributions.LogNormal) and isinstance(prior, type(factor)):
        factor, prior = factor.base_dist, prior.base_dist
    elif isinstance(factor, torch.distributions.TransformedDistribution):
        factor, prior = factor.base_dist, None  # on the unconstrained scale, the prior has no other
    loc = factor.mean
    if isinstance(prior, torch.distributions.Normal):
        loc = (loc - prior.loc) / prior.scale
    cells: Tensor = loc.reshape(len(loc), -1)
    return cells


def _cells(values: Tensor) -> tuple[float, ...]:
    return tuple(float(v) for v in values)
