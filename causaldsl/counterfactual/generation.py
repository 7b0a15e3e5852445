"""Rows that a model makes of given ones: latents from each row, observed variables decoded.

One draw of the latents a row; every observed variable is then drawn from its mechanism at its
parents' decoded values, in the factual world or in another one. Only what the rows are conditioned
on is copied from them: the sensitive variables, what has weight 0 in the ELBO, and what an
intervention sets.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import networkx as nx
import torch
from torch import Tensor
from torch.distributions import Independent

from causaldsl.counterfactual import findings
from causaldsl.counterfactual.abducted_chunks import abducted_chunks, weights_of
from causaldsl.counterfactual.abduction import Abduction, Evidence
from causaldsl.counterfactual.action import Intervention, World, act, nested_targets, worlds_of
from causaldsl.counterfactual.engine import default_objective
from causaldsl.counterfactual.gathering import FACTUAL
from causaldsl.counterfactual.prediction import predict
from causaldsl.counterfactual.untrained import check_trained
from causaldsl.diagnostics.model import CounterfactualError
from causaldsl.diagnostics.progress import Progress, ProgressCallback, silent
from causaldsl.engines.choose import Objective, is_exact_for
from causaldsl.engines.problem import Problem
from causaldsl.engines.protocol import LatentPosterior
from causaldsl.ir.conditioning import conditioned_on
from causaldsl.runtime.distributions import abduct_noise
from causaldsl.runtime.forward import draw_forward, mechanism_output
from causaldsl.runtime.load import CompiledScm, Values
from causaldsl.semantics.model import Scm, Structural
from causaldsl.vocabulary.domains import Categorical, Ordered
from causaldsl.vocabulary.roles import Role

#: Draws of a weighted posterior that one is picked from, in proportion to the weights.
CANDIDATES = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Treatment:
    """What is done with each observed variable, every one in one of the tuples.

    Parameters
    ----------
    copied
        Taken from the row: what the rows are conditioned on.
    set_
        Set by the intervention.
    decoded
        Drawn from its mechanism; in another world, with the noise of the row's own decoded value.
    kept
        In another world, the decoded value of the row's own world: no descendant of what is set.
    redrawn
        Drawn anew in another world though no descendant of what is set; `decoded` is then too.
    """

    copied: tuple[str, ...]
    set_: tuple[str, ...]
    decoded: tuple[str, ...]
    kept: tuple[str, ...]
    redrawn: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class GeneratedRows:
    """Decoded rows of one world, in the order of the given ones.

    Parameters
    ----------
    values
        Encoded values ``(M, *event)`` of every observed variable.
    means
        The means ``(M, *event)`` of the mechanisms that drew them, at the same parents; for levels
        their probabilities ``(M, *event, K)``. What is copied or set has none.
    rows
        The number of the given row behind each, ``(M,)``: one each, but for a variable of several
        levels that is flipped, where it is one for each other level.
    """

    world: str
    values: Values = field(repr=False)
    means: Values = field(repr=False)
    rows: Tensor = field(repr=False)
    treatment: Treatment
    objective: Objective
    engines: Mapping[str, str]
    reasons: tuple[str, ...]
    seed: int


def treatment_of(scm: Scm, intervention: Intervention | None, *, keep: bool) -> Treatment:
    """Return what is done with each observed variable.

    Parameters
    ----------
    keep
        Whether what does not descend from the intervention keeps its factual decoded value.
    """
    targets = () if intervention is None else intervention.targets
    below = _below(scm, intervention)
    observed = [n for n in scm.observed if n not in targets]
    given = _given(scm)
    copied = [n for n in observed if n not in below and n in given]
    still = [n for n in observed if n not in below and n not in copied]
    moving = [n for n in observed if n in below]
    if intervention is None:
        moving, still = still, []
    return Treatment(
        copied=tuple(copied),
        set_=tuple(n for n in scm.observed if n in targets),
        decoded=tuple(moving),
        kept=tuple(still) if keep else (),
        redrawn=() if keep else tuple(still),
    )


def _given(scm: Scm) -> frozenset[str]:
    """Return what the rows are conditioned on."""
    return conditioned_on(scm) | {
        n for n in scm.observed if scm.variables[n].role is Role.SENSITIVE
    }


def _below(scm: Scm, intervention: Intervention | None) -> frozenset[str]:
    """Return what descends from an intervention's targets, those of nested worlds too."""
    if intervention is None:
        return frozenset()
    targets = {*intervention.targets, *nested_targets(intervention.settings)}
    return frozenset().union(*(nx.descendants(scm.graph, t) for t in targets))


def generate(
    compiled: CompiledScm,
    params: Values,
    evidence: Evidence,
    intervention: Intervention | None,
    *,
    seed: int,
    state: Mapping[str, object] | None = None,
    engine: str | None = None,
    objective: Objective | None = None,
    keep: bool = True,
    progress: ProgressCallback = silent,
) -> GeneratedRows:
    """Return decoded rows of the factual world, or of an intervention's.

    The same seed decodes the same factual rows: a row whose intervention changes nothing is the
    same in both tables, unless `keep` is false.

    Parameters
    ----------
    intervention
        `None` for the factual world.
    keep
        Whether what does not descend from the intervention keeps its factual decoded value.
    objective
        ``posterior``, ``encoder``, or by default what the model's own objective says.

    Raises
    ------
    CounterfactualError
        Where abduction or the intervention fails, CD714 for a flip where a row's own is not known,
        CD719 for decoded values that are not finite, CD750 for a mechanism that was not trained.
    """
    scm = compiled.scm
    _check_flips(scm, evidence, intervention)
    check_trained(scm, _below(scm, intervention))
    chosen = objective or default_objective(compiled, evidence, state)
    treatment = treatment_of(scm, intervention, keep=keep)

    def work(
        problem: Problem, abducted: Abduction, generator: torch.Generator
    ) -> tuple[list[_Made], LatentPosterior]:
        facts = _decoded(problem, _one_draw(abducted, generator), intervention, generator)
        if intervention is None:
            whole = torch.arange(problem.n_rows)
            return [_made(problem, facts.values, treatment, whole)], abducted.posterior
        worlds = worlds_of(scm, intervention)
        return [
            _in_world(problem, facts, w, treatment, generator) for w in worlds
        ], abducted.posterior

    made: list[_Made] = []
    engines: dict[str, str] = {}
    reasons: dict[str, None] = {}
    done = 0
    for positions, (parts, posterior) in abducted_chunks(
        compiled, params, evidence, work, seed=seed, state=state, engine=engine, objective=chosen,
        reached=frozenset(), draws=_draws(compiled, params, evidence, chosen, engine),
    ):  # fmt: skip
        made += [part.at(positions) for part in parts]
        engines |= posterior.engines
        reasons |= dict.fromkeys(posterior.reasons)
        done += len(positions)
        progress(Progress(stage="generate", done=done, total=evidence.n_rows))
    whole = _joined(made)
    _check_finite(whole, evidence)
    return GeneratedRows(
        world=FACTUAL if intervention is None else intervention.text,
        values=whole.values,
        means=whole.means,
        rows=evidence.row_numbers[whole.rows],
        treatment=treatment,
        objective=chosen,
        engines=engines,
        reasons=tuple(reasons),
        seed=seed,
    )


def _check_flips(scm: Scm, evidence: Evidence, intervention: Intervention | None) -> None:
    """Refuse a flip whose own value some row does not have."""
    worlds = () if intervention is None else worlds_of(scm, intervention)
    lacking = [
        n
        for n in dict.fromkeys(n for w in worlds for n in w.not_own)
        if n not in evidence.values or (n in evidence.seen and not evidence.seen[n].all())
    ]
    if lacking:
        raise CounterfactualError([findings.flip_without_fact(n) for n in lacking])


def _draws(
    compiled: CompiledScm,
    params: Values,
    evidence: Evidence,
    objective: Objective,
    engine: str | None,
) -> int:
    """Return how many draws a row needs for one: several where they carry weights."""
    if objective == "encoder":
        return 1
    if engine is None and all(
        is_exact_for(compiled, params, {n: evidence.values[n] for n in names})
        for names, _ in evidence.patterns()
    ):
        return 1
    return CANDIDATES


# --- one chunk ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _Made:
    """Decoded rows of a world: positions of the given rows ``(M,)``, values and means."""

    rows: Tensor
    values: Values
    means: Values

    def at(self, positions: Tensor) -> _Made:
        return _Made(rows=positions[self.rows], values=self.values, means=self.means)


def _one_draw(abducted: Abduction, generator: torch.Generator) -> dict[str, Tensor]:
    """Return every variable's value in one draw of each row, ``(1, N, *event)``.

    Draws with weights are picked in proportion to them.
    """
    weights = weights_of(abducted)
    if weights is None:
        return {n: v[:1] for n, v in abducted.values.items()}
    picked = torch.multinomial(weights.T, 1, generator=generator)[:, 0]
    own = torch.arange(len(picked))
    return {
        n: v if v.shape[0] == 1 else v[picked, own].unsqueeze(0) for n, v in abducted.values.items()
    }


def _decoded(
    problem: Problem,
    drawn: Values,
    intervention: Intervention | None,
    generator: torch.Generator,
) -> Abduction:
    """Return the factual decoded rows, with the noise of whatever an intervention may move."""
    compiled, scm = problem.compiled, problem.compiled.scm
    targets = () if intervention is None else intervention.targets
    given = _given(scm).union(targets)
    held = {
        n: drawn[n]
        for n in problem.order
        # a latent that is computed follows from its parents
        if n in given or not (scm.variables[n].is_observed or _is_computed(scm, n))
    }
    values, noise = draw_forward(
        compiled, problem.params, (1, problem.n_rows), generator, interventions=held
    )
    below = _below(scm, intervention)
    for name in problem.order:
        coupling = scm.variables[name].coupling
        if name in below and (name in held or coupling == "independent"):
            law, is_value = mechanism_output(compiled, problem.params, name, values)
            if not is_value:
                shape = (1, problem.n_rows)
                noise[name] = abduct_noise(law, values[name], coupling, generator, shape)
    return Abduction(values=values, noise=noise, posterior=_DECODED, draws=1)


_DECODED = LatentPosterior(samples={}, engine="decoded", engines={})


def _in_world(
    problem: Problem,
    facts: Abduction,
    world: World,
    treatment: Treatment,
    generator: torch.Generator,
) -> _Made:
    """Return the decoded rows of a world: of all rows but those that are its own by a flip."""
    keep = torch.ones(problem.n_rows, dtype=torch.bool)
    for name, own in world.not_own.items():
        keep &= problem.evidence[name] != own
    rows = keep.nonzero().squeeze(-1)
    problem, facts = problem.rows(rows), facts.rows(rows)
    replaced = act(problem, facts, world, generator)
    values = predict(problem, facts, replaced)
    if treatment.redrawn:
        values = _drawn_anew(problem, values, treatment, generator)
    return _made(problem, values, treatment, rows)


def _drawn_anew(
    problem: Problem, values: Values, treatment: Treatment, generator: torch.Generator
) -> dict[str, Tensor]:
    """Return a world in which all that is decoded is drawn anew: latents alone are the same."""
    compiled, scm = problem.compiled, problem.compiled.scm
    anew = {*treatment.decoded, *treatment.redrawn}
    held = {
        n: v
        for n, v in values.items()
        if n not in anew and (scm.variables[n].is_observed or not _is_computed(scm, n))
    }
    shape = (1, problem.n_rows)
    return draw_forward(compiled, problem.params, shape, generator, interventions=held)[0]


def _is_computed(scm: Scm, name: str) -> bool:
    return isinstance(scm.variables[name].mechanism, Structural)


def _made(problem: Problem, values: Values, treatment: Treatment, rows: Tensor) -> _Made:
    """Return the observed variables' values and means, without the axis of draws."""
    scm, n = problem.compiled.scm, problem.n_rows
    drawn = (*treatment.decoded, *treatment.kept, *treatment.redrawn)
    return _Made(
        rows=rows,
        values={v: _flat(values[v], n) for v in scm.observed},
        means={v: _mean(problem, v, values) for v in scm.observed if v in drawn},
    )


def _flat(values: Tensor, n_rows: int) -> Tensor:
    return values.expand(1, n_rows, *values.shape[2:])[0]


def _mean(problem: Problem, name: str, values: Values) -> Tensor:
    """Return the mean of a mechanism ``(N, *event)``; of levels their probabilities, last axis."""
    output, is_value = mechanism_output(problem.compiled, problem.params, name, values)
    shape = tuple(values[name].shape)
    if is_value:
        return _flat(torch.as_tensor(output).expand(shape), problem.n_rows)
    law: Any = output
    if not isinstance(problem.compiled.scm.variables[name].domain, Categorical | Ordered):
        return _flat(torch.as_tensor(law.mean).expand(shape), problem.n_rows)
    while isinstance(law, Independent):
        law = law.base_dist
    return _flat(law.probs.expand(*shape, law.probs.shape[-1]), problem.n_rows)


def _joined(made: list[_Made]) -> _Made:
    """Return parts of worlds in the order of the given rows, a row's own worlds in theirs."""
    rows = torch.cat([m.rows for m in made])
    order = rows.argsort(stable=True)
    first = made[0]
    return _Made(
        rows=rows[order],
        values={n: torch.cat([m.values[n] for m in made])[order] for n in first.values},
        means={n: torch.cat([m.means[n] for m in made])[order] for n in first.means},
    )


def _check_finite(made: _Made, evidence: Evidence) -> None:
    """Refuse decoded values that are no numbers; a mean may be infinite where a draw is not."""
    found = []
    for name, values in made.values.items():
        bad = ~torch.isfinite(values.double()).reshape(len(values), -1).all(-1)
        if bad.any():
            found.append(
                findings.not_finite_draw(name, evidence.row_numbers[made.rows[bad]].tolist())
            )
    if found:
        raise CounterfactualError(found)
