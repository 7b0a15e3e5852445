"""Draws rows from a model, and each row's true counterfactuals under the same noise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from causaldsl.counterfactual import findings
from causaldsl.counterfactual.abduction import Abduction
from causaldsl.counterfactual.action import Flip, act, intervene, worlds_of
from causaldsl.counterfactual.prediction import predict
from causaldsl.counterfactual.untrained import check_trained
from causaldsl.diagnostics.model import CounterfactualError
from causaldsl.engines.problem import Problem
from causaldsl.engines.protocol import LatentPosterior
from causaldsl.runtime.forward import draw_forward
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
    """Return ``factual`` and each world by name: every variable's values ``(n, *event)``.

    Parameters
    ----------
    do
        Interventions under which the factual rows are drawn.
    worlds
        Interventions of the rows' counterfactuals: the noise is the rows' own, known here because
        it was drawn. ``S <- s'`` gives one world for each level, a row's own included.
    """
    generator = torch.Generator().manual_seed(seed)
    check_trained(compiled.scm, compiled.scm.variables)
    with isolated(seed), torch.no_grad():
        values, noise = draw_forward(compiled, params, (1, n), generator)
        problem = _numbered_from_one(compiled, params, n)
        facts = Abduction(values=values, noise=noise, posterior=_KNOWN, draws=1)
        held = _replacements(problem, facts, do, generator)
        if held:
            facts = replace(facts, values=predict(problem, facts, held))
        found = {"factual": _rows(facts.values, n)}
        if not worlds:
            return found
        for world in worlds_of(compiled.scm, intervene(compiled.scm, worlds)):
            moved = predict(problem, facts, {**held, **act(problem, facts, world, generator)})
            found[world.name] = _rows(moved, n)
    return found


def _rows(values: Values, n: int) -> dict[str, Tensor]:
    """Return values ``(1, n or 1, *event)`` without their axis of draws."""
    return {k: v.expand(1, n, *v.shape[2:]).squeeze(0) for k, v in values.items()}


_KNOWN = LatentPosterior(
    samples={}, log_weights=None, ess=None, engine="drawn", engines={}, reasons=(), diagnostics=()
)


def _numbered_from_one(compiled: CompiledScm, params: Values, n: int) -> Problem:
    return Problem.of(compiled, params, {}, n_rows=n, row_ids=torch.arange(1, n + 1))


def _replacements(
    problem: Problem,
    facts: Abduction,
    do: Sequence[nodes.Assignment],
    generator: torch.Generator,
) -> dict[str, Tensor]:
    """Return what stands in place of mechanisms; computed values read the undisturbed row."""
    if not do:
        return {}
    scm = problem.compiled.scm
    intervention = intervene(scm, do)
    flips = [s.target for s in intervention.settings if isinstance(s, Flip)]
    if flips:
        hint = "name a level, or ask for each row's other worlds with `worlds`"
        raise CounterfactualError([findings.flip_without_fact(flips[0], hint)])
    (world,) = worlds_of(scm, intervention)
    return act(problem, facts, world, generator)
