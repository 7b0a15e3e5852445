r"""Effects by unit: one level of a variable against another, at each row's own latents and noise.

Two versions, which no function here mixes. The version of means is
:math:`E[m_Y(pa_Y^{high}) - m_Y(pa_Y^{low})]` with m the mean of Y's mechanism and the parents in
the two worlds of the same draw: same latents, same noise of what lies between; Y's own noise is
averaged out. The sampled version is :math:`E[Y^{high} - Y^{low}]` with Y's own noise kept, which
given Y in the evidence returns the row's own Y in its own world.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import prod

import networkx as nx
import torch
from torch import Tensor

from causaldsl.counterfactual.abducted_chunks import CHUNK, abducted_chunks, weights_of
from causaldsl.counterfactual.abduction import Abduction, Evidence
from causaldsl.counterfactual.action import Fixed, World, act, setting_text
from causaldsl.counterfactual.effect_findings import no_mean
from causaldsl.counterfactual.effect_question import EffectQuestion
from causaldsl.counterfactual.engine import default_objective
from causaldsl.counterfactual.gathering import scattered
from causaldsl.counterfactual.prediction import predict
from causaldsl.counterfactual.untrained import check_trained, drawn_for
from causaldsl.diagnostics.model import CounterfactualError, Diagnostic
from causaldsl.diagnostics.progress import Progress, ProgressCallback, silent
from causaldsl.engines.choose import Objective, reliability
from causaldsl.engines.problem import Problem
from causaldsl.engines.protocol import LatentPosterior
from causaldsl.runtime.forward import draw_forward, encoded, mechanism_output
from causaldsl.runtime.load import CompiledScm, Values
from causaldsl.runtime.scope import isolated
from causaldsl.semantics.model import Scm

#: Rows drawn from the model for the effect that no row's evidence enters.
PRIOR_ROWS = 100_000
#: Numbers of one variable that are drawn for it in all: fewer rows where it is a picture.
PRIOR_NUMBERS = 5_000_000
#: Of them at a time.
PRIOR_CHUNK = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class RowEffects:
    """The effects of every row in both versions, ``(C, N)`` for C contrasts.

    `means_error` and `sampled_error` are the Monte-Carlo standard errors of each row's own effect
    ``(C, N)``; `None` where one draw was made, from which no error can be told.
    """

    means: Tensor = field(repr=False)
    sampled: Tensor = field(repr=False)
    means_error: Tensor | None = field(repr=False)
    sampled_error: Tensor | None = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitEffects:
    """Effects by row with latents from some evidence, and where these latents come from.

    `ess` ``(N,)`` is the effective sample size of each row's draws; `None`: every engine was exact
    or an encoder's draws were taken as trained.
    """

    rows: RowEffects = field(repr=False)
    evidence: tuple[str, ...]
    objective: Objective
    engines: Mapping[str, str]
    reasons: tuple[str, ...]
    ess: Tensor | None = field(repr=False)
    draws: int
    diagnostics: tuple[Diagnostic, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PriorEffects:
    """Effects over rows drawn from the model, no evidence read: ``(C,)`` means and their errors."""

    means: Tensor
    sampled: Tensor
    means_error: Tensor
    sampled_error: Tensor
    n_rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pair:
    """The outcome in one world: its mechanism's mean and its value, ``(1 or S, N)`` each."""

    mean: Tensor
    value: Tensor


def unit_effects(
    compiled: CompiledScm,
    params: Values,
    evidence: Evidence,
    question: EffectQuestion,
    *,
    seed: int,
    draws: int,
    state: Mapping[str, object] | None = None,
    engine: str | None = None,
    objective: Objective | None = None,
    progress: ProgressCallback = silent,
) -> UnitEffects:
    """Return the effect in every row, latents abducted from its evidence.

    Parameters
    ----------
    draws
        S, draws of each row's latents and noise; both worlds share them.
    objective
        ``posterior``, ``encoder``, or by default what the model's own objective says.

    Raises
    ------
    CounterfactualError
        CD701 to CD706 where abduction fails, CD747 where the outcome has no finite mean, CD750 for
        a mechanism that was not trained.
    """
    chosen = objective or default_objective(compiled, evidence, state, engine)
    check_trained(compiled.scm, moving(compiled.scm, question))

    def work(
        problem: Problem, abducted: Abduction, generator: torch.Generator
    ) -> tuple[RowEffects, LatentPosterior]:
        pairs = {
            level: _outcome_at(problem, abducted, question, level, generator)
            for level in question.worlds
        }
        return _row_effects(question, pairs, weights_of(abducted), draws), abducted.posterior

    parts: list[tuple[Tensor, RowEffects]] = []
    posteriors: list[tuple[Tensor, LatentPosterior]] = []
    for positions, (rows, posterior) in abducted_chunks(
        compiled, params, evidence, work, seed=seed, draws=draws, state=state, engine=engine,
        objective=chosen, reached=moving(compiled.scm, question),
    ):  # fmt: skip
        parts.append((positions, rows))
        posteriors.append((positions, posterior))
        done = sum(len(p) for p, _ in parts)
        progress(Progress(stage="effects", done=done, total=evidence.n_rows))
    return _gathered(parts, posteriors, evidence, chosen, draws)


def _gathered(
    parts: list[tuple[Tensor, RowEffects]],
    posteriors: list[tuple[Tensor, LatentPosterior]],
    evidence: Evidence,
    objective: Objective,
    draws: int,
) -> UnitEffects:
    engines: dict[str, str] = {}
    reasons: dict[str, None] = {}
    for _, posterior in posteriors:
        engines |= posterior.engines
        reasons |= dict.fromkeys(posterior.reasons)
    scores = [(p, q.ess.double()) for p, q in posteriors if q.ess is not None]
    ess = scattered(scores, evidence.n_rows, float(draws)) if scores else None
    marks = [(p, q.unfinished.double()) for p, q in posteriors if q.unfinished is not None]
    unfinished = scattered(marks, evidence.n_rows, 0.0) > 0 if marks else None
    label = ", ".join(f"`{name}`" for name in engines)
    return UnitEffects(
        rows=_joined(parts),
        evidence=tuple(evidence.values),
        objective=objective,
        engines=engines,
        reasons=tuple(reasons),
        ess=ess,
        draws=draws,
        diagnostics=reliability(ess, unfinished, draws, label, evidence.row_numbers),
    )


def _joined(parts: list[tuple[Tensor, RowEffects]]) -> RowEffects:
    """Return chunks of rows in the order of the table."""
    order = torch.cat([positions for positions, _ in parts]).argsort()

    def whole(values: list[Tensor]) -> Tensor:
        return torch.cat(values, -1)[:, order]

    def told(values: list[Tensor | None]) -> Tensor | None:
        held = [v for v in values if v is not None]
        return whole(held) if held else None

    return RowEffects(
        means=whole([r.means for _, r in parts]),
        sampled=whole([r.sampled for _, r in parts]),
        means_error=told([r.means_error for _, r in parts]),
        sampled_error=told([r.sampled_error for _, r in parts]),
    )


def _outcome_at(
    problem: Problem,
    facts: Abduction,
    question: EffectQuestion,
    level: float,
    generator: torch.Generator,
) -> _Pair:
    """Return the outcome in the world where the target has a level."""
    scm = problem.compiled.scm
    world = world_at(scm, question.target, level)
    wanted = {question.target, *moving(scm, question)}
    # what the outcome does not come from stays as it is, so that it is not computed
    still = {n: v for n, v in facts.values.items() if n not in wanted}
    values = predict(problem, facts, {**still, **act(problem, facts, world, generator)})
    return _Pair(
        mean=outcome_mean(problem, question.outcome, values, world.name),
        value=values[question.outcome].double(),
    )


def moving(scm: Scm, question: EffectQuestion) -> frozenset[str]:
    """Return what a change of the target moves on its way to the outcome, the outcome with it."""
    below = nx.descendants(scm.graph, question.target)
    return frozenset(below & {*nx.ancestors(scm.graph, question.outcome), question.outcome})


def world_at(scm: Scm, target: str, level: float) -> World:
    """Return the world in which a variable has one level."""
    setting = Fixed(target=target, value=level)
    return World(name=setting_text(scm, setting), settings=(setting,))


def outcome_mean(problem: Problem, name: str, values: Values, world: str) -> Tensor:
    """Return the mean of a variable's mechanism at its parents' values, ``(1 or S, N)``.

    A variable that follows from its parents is its own mean.

    Raises
    ------
    CounterfactualError
        CD747 with the rows where it is not finite.
    """
    output, is_value = mechanism_output(problem.compiled, problem.params, name, values)
    mean = torch.as_tensor(output if is_value else output.mean).double()
    shape = torch.broadcast_shapes(tuple(mean.shape), (1, problem.n_rows))  # type: ignore[no-untyped-call]
    mean = mean.expand(shape)
    bad = ~torch.isfinite(mean).all(0)
    if bad.any():
        rows = problem.numbers(bad) if problem.evidence else []  # drawn rows have no numbers
        raise CounterfactualError([no_mean(name, world, rows)])
    return mean


def _row_effects(
    question: EffectQuestion,
    pairs: Mapping[float, _Pair],
    weights: Tensor | None,
    draws: int,
) -> RowEffects:
    """Return the draws of every contrast reduced by row."""
    pairs_of = [(pairs[c.high], pairs[c.low]) for c in question.contrasts]
    means = [_reduced(high.mean - low.mean, weights) for high, low in pairs_of]
    sampled = [_reduced(high.value - low.value, weights) for high, low in pairs_of]
    return RowEffects(
        means=torch.stack([mean for mean, _ in means]),
        sampled=torch.stack([mean for mean, _ in sampled]),
        means_error=torch.stack([error for _, error in means]) if draws > 1 else None,
        sampled_error=torch.stack([error for _, error in sampled]) if draws > 1 else None,
    )


def _reduced(differences: Tensor, weights: Tensor | None) -> tuple[Tensor, Tensor]:
    """Return the mean ``(N,)`` of differences ``(1 or S, N)`` over draws, and its standard error.

    With weights the error is that of a self-normalised mean, to first order.
    """
    draws = differences.shape[0] if weights is None else weights.shape[0]
    if differences.shape[0] == 1:
        return differences[0], torch.zeros_like(differences[0])
    shares = torch.full_like(differences, 1 / draws) if weights is None else weights
    mean = (shares * differences).sum(0)
    spread = (shares * (differences - mean)).square().sum(0) * draws / (draws - 1)
    return mean, spread.sqrt()


def prior_effects(
    compiled: CompiledScm,
    params: Values,
    question: EffectQuestion,
    *,
    seed: int,
    n_rows: int | None = None,
) -> PriorEffects:
    """Return the total effect over rows drawn from the model, which reads no evidence.

    Latents come from their priors and every observed variable from its mechanism, the ones that
    do not descend from the target too. By default 100,000 rows, fewer where pictures are drawn.

    Raises
    ------
    CounterfactualError
        CD747 where the outcome has no finite mean, CD750 for a mechanism that was not trained.
    """
    parts: list[RowEffects] = []
    graph = compiled.scm.graph
    check_trained(compiled.scm, drawn_for(compiled.scm, question.outcome, (question.target,)))
    needed = {question.outcome, question.target, *nx.ancestors(graph, question.outcome)}
    cells = max((prod(compiled.event(n)) for n in needed), default=1)
    n_rows = n_rows or max(1_000, min(PRIOR_ROWS, PRIOR_NUMBERS // cells))
    nothing = torch.zeros((), dtype=torch.float64)
    idle = {n: encoded(compiled, n, nothing) for n in compiled.parents if n not in needed}
    with isolated(seed), torch.no_grad():
        generator = torch.Generator().manual_seed(seed)
        chunk = max(1, min(PRIOR_CHUNK, CHUNK // cells))
        for start in range(0, n_rows, chunk):
            n = min(chunk, n_rows - start)
            values, noise = draw_forward(compiled, params, (1, n), generator, idle)
            problem = Problem.of(compiled, params, {}, n_rows=n)
            facts = Abduction(values=values, noise=noise, posterior=_DRAWN, draws=1)
            pairs = {
                level: _outcome_at(problem, facts, question, level, generator)
                for level in question.worlds
            }
            parts.append(_row_effects(question, pairs, None, 1))
    means = torch.cat([p.means for p in parts], -1)
    sampled = torch.cat([p.sampled for p in parts], -1)
    return PriorEffects(
        means=means.mean(-1),
        sampled=sampled.mean(-1),
        means_error=means.std(-1) / n_rows**0.5,
        sampled_error=sampled.std(-1) / n_rows**0.5,
        n_rows=n_rows,
    )


_DRAWN = LatentPosterior(samples={}, engine="drawn", engines={})
