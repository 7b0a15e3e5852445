"""Draws rows from a model, and each row's true counterfactuals under the same noise."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from causaldsl.counterfactual import findings
from causaldsl.counterfactual.abduction import Abduction
from causaldsl.counterfactual.action import Flip, act, intervene, worlds_of
from causaldsl.counterfactual.prediction import predict
from causaldsl.diagnostics.model import CounterfactualError
from causaldsl.engines.problem import Problem
from causaldsl.engines.protocol import LatentPosterior
from causaldsl.runtime.forward import Assigned, draw_forward, encoded
from causaldsl.runtime.load import CompiledScm, Values
from causaldsl.runtime.scope import isolated
from causaldsl.syntax import nodes


def draw_rows(
    compiled: CompiledScm,
    params: Values,
    n: int,
    seed: int,
    *,
    do: Sequence[nodes.Assignment] = (),
    worlds: Sequence[nodes.Assignment] = (),
) -> dict[str, dict[str, Tensor]]:
    """Return ``factual`` and each world by name: every variable's encoded values ``(n,)``.

    Parameters
    ----------
    do
        Interventions under which the factual rows are drawn.
    worlds
        Interventions of the rows' counterfactuals: the noise is the rows' own, known here because
        it was drawn. ``S <- s'`` gives one world for each level, a row's own included.
    """
    generator = torch.Generator().manual_seed(seed)
    with isolated(seed), torch.no_grad():
        replaced = _replacements(compiled, params, n, do, generator)
        values, noise = draw_forward(compiled, params, (1, n), generator, replaced)
        found = {"factual": {k: v.squeeze(0) for k, v in values.items()}}
        if not worlds:
            return found
        problem = Problem.of(compiled, params, {}, n_rows=n)
        facts = Abduction(values=values, noise=noise, posterior=_KNOWN, draws=1)
        for world in worlds_of(compiled.scm, intervene(compiled.scm, worlds)):
            moved = predict(problem, facts, act(problem, facts, world, generator))
            found[world.name] = {k: v.expand(1, n).squeeze(0) for k, v in moved.items()}
    return found


_KNOWN = LatentPosterior(
    samples={}, log_weights=None, ess=None, engine="drawn", engines={}, reasons=(), diagnostics=()
)


def _replacements(
    compiled: CompiledScm,
    params: Values,
    n: int,
    do: Sequence[nodes.Assignment],
    generator: torch.Generator,
) -> dict[str, Assigned]:
    """Return what stands in place of mechanisms; computed values read an undisturbed draw."""
    if not do:
        return {}
    intervention = intervene(compiled.scm, do)
    flips = [s.target for s in intervention.settings if isinstance(s, Flip)]
    if flips:
        raise CounterfactualError([findings.flip_without_fact(flips[0])])
    (world,) = worlds_of(compiled.scm, intervention)
    values, noise = draw_forward(compiled, params, (1, n), generator)
    problem = Problem.of(compiled, params, {}, n_rows=n)
    facts = Abduction(values=values, noise=noise, posterior=_KNOWN, draws=1)
    assigned = act(problem, facts, world, generator)
    return {name: encoded(compiled, name, v).expand(1, n) for name, v in assigned.items()}
