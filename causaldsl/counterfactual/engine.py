"""Pearl's three steps composed, over rows in chunks: abduct, act, predict.

Memory never holds every world, draw and row at once: a chunk of rows is abducted once, each world
is predicted from it and reduced, and the draws are gone before the next chunk.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import networkx as nx
import torch
from torch import Tensor

from causaldsl.counterfactual import findings
from causaldsl.counterfactual.abducted_chunks import abducted_chunks
from causaldsl.counterfactual.abduction import Abduction, Evidence, read_evidence
from causaldsl.counterfactual.action import (
    Intervention,
    World,
    act,
    nested_targets,
    worlds_of,
)
from causaldsl.counterfactual.assumptions import assumptions_of, couplings_of, is_pure_elbo
from causaldsl.counterfactual.gathering import FACTUAL, Chunk, Gathered, scattered
from causaldsl.counterfactual.prediction import predict
from causaldsl.counterfactual.result import CounterfactualResult
from causaldsl.counterfactual.untrained import check_trained
from causaldsl.diagnostics.model import CounterfactualError
from causaldsl.diagnostics.progress import Progress, ProgressCallback, silent
from causaldsl.engines.choose import Objective, reliability
from causaldsl.engines.guide import guide_refusal
from causaldsl.engines.importance import taken
from causaldsl.engines.problem import Problem
from causaldsl.runtime.load import CompiledScm, Values
from causaldsl.semantics.model import Scm

State = Mapping[str, object]
_Opened = tuple[Problem, Abduction, dict[str, dict[str, Tensor]], dict[str, Tensor]]


def counterfactual(
    compiled: CompiledScm,
    params: Values,
    evidence: Evidence | Mapping[str, Tensor],
    intervention: Intervention,
    *,
    seed: int,
    state: State | None = None,
    evidence_names: Sequence[str] | None = None,
    draws: int = 200,
    engine: str | None = None,
    objective: Objective | None = None,
    progress: ProgressCallback = silent,
) -> CounterfactualResult:
    """Return what every row would have been in each world of an intervention.

    Parameters
    ----------
    params
        Constrained parameter values; they stay fixed, so spreads are abduction noise alone.
    evidence
        Encoded values by variable, ``(N, *event)`` each.
    state
        The parameter store of a fit, for its guides; none for a file whose numbers are given.
    evidence_names
        Which columns are evidence; every observed one when not given.
    draws
        S, draws of the posterior for each row.
    engine
        Use this engine instead of the best one that applies.
    objective
        ``posterior``, ``encoder``, or by default what `default_objective` says.

    Raises
    ------
    CounterfactualError
        When the evidence or the intervention is wrong, or no engine applies.
    """
    given = _given(compiled.scm, evidence, evidence_names)
    chosen = objective or default_objective(compiled, given, state, engine)
    worlds = worlds_of(compiled.scm, intervention)
    _check_flips(given, worlds)
    reached = _reached(compiled, intervention)
    moving = reached | set(intervention.targets)
    gathered = Gathered(names=tuple(compiled.parents), worlds=worlds, moving=moving)
    done = 0
    chunks = world_chunks(
        compiled,
        params,
        given,
        intervention,
        seed=seed,
        state=state,
        draws=draws,
        engine=engine,
        objective=chosen,
        skip_own=True,
    )
    for chunk in chunks:
        gathered.add(compiled.scm, given, chunk)
        done += len(chunk.positions)
        progress(Progress(stage="counterfactual", done=done, total=given.n_rows))
    ess, unfinished = gathered.joined("ess"), gathered.joined("unfinished")
    label = ", ".join(f"`{n}`" for n in gathered.engines)
    return CounterfactualResult(
        intervention=intervention.text,
        worlds=tuple(gathered.world(compiled.scm, w.name, given) for w in worlds),
        factual=gathered.world(compiled.scm, FACTUAL, given),
        evidence=tuple(given.values),
        domains={n: v.domain for n, v in compiled.scm.variables.items()},
        draws=draws,
        seed=seed,
        objective=chosen,
        engines=gathered.engines,
        reasons=tuple(dict.fromkeys(gathered.reasons)),
        couplings=couplings_of(compiled.scm, reached),
        ess=ess,
        rows=given.row_numbers,
        assumptions=assumptions_of(compiled.scm, intervention, chosen, reached, gathered.engines),
        diagnostics=reliability(
            ess, None if unfinished is None else unfinished > 0, draws, label, given.row_numbers
        ),
    )


def world_chunks(
    compiled: CompiledScm,
    params: Values,
    evidence: Evidence,
    intervention: Intervention,
    *,
    seed: int,
    draws: int,
    state: State | None = None,
    engine: str | None = None,
    objective: Objective = "posterior",
    skip_own: bool = False,
) -> Iterator[Chunk]:
    """Yield rows in chunks with their draws in every world: same noise and latents in each.

    Rows that lack the same variables go together. With `skip_own`, a flip leaves a row out of the
    world that is its own; otherwise it is computed like the others.
    """
    worlds = worlds_of(compiled.scm, intervention)
    reached = _reached(compiled, intervention)
    check_trained(compiled.scm, reached)

    def work(problem: Problem, abducted: Abduction, generator: torch.Generator) -> _Opened:
        kept = {w.name: _kept(problem, w, skip_own=skip_own) for w in worlds}
        values = {w.name: _in_world(problem, abducted, w, kept[w.name], generator) for w in worlds}
        return problem, abducted, values, kept

    for part, (problem, abducted, values, kept) in abducted_chunks(
        compiled, params, evidence, work, seed=seed, draws=draws, state=state, engine=engine,
        objective=objective, reached=reached,
    ):  # fmt: skip
        yield Chunk(positions=part, problem=problem, abducted=abducted, worlds=values, kept=kept)


def _kept(problem: Problem, world: World, *, skip_own: bool) -> Tensor:
    """Return the positions of the rows that a world is computed for."""
    keep = torch.ones(problem.n_rows, dtype=torch.bool)
    if skip_own:
        for name, own in world.not_own.items():
            keep &= problem.evidence[name] != own
    return keep.nonzero().squeeze(-1)


def _in_world(
    problem: Problem, abducted: Abduction, world: World, kept: Tensor, generator: torch.Generator
) -> dict[str, Tensor]:
    """Act and predict for some of the rows."""
    if len(kept) < problem.n_rows:
        problem, abducted = problem.rows(kept), abducted.rows(kept)
    return predict(problem, abducted, act(problem, abducted, world, generator))


@dataclass(frozen=True, slots=True, kw_only=True)
class WorldDraws:
    """Raw draws ``(S, N, *event)`` of the factual world and of others, all of equal weight.

    Where an engine weighs its draws, each row's were drawn again in proportion to their weights.
    """

    factual: Values = field(repr=False)
    worlds: Mapping[str, Values] = field(repr=False)
    ess: Tensor | None = field(repr=False)
    engines: Mapping[str, str]


def world_draws(
    compiled: CompiledScm,
    params: Values,
    evidence: Evidence | Mapping[str, Tensor],
    intervention: Intervention,
    *,
    seed: int,
    state: State | None = None,
    evidence_names: Sequence[str] | None = None,
    variables: Sequence[str] | None = None,
    draws: int = 200,
    engine: str | None = None,
    objective: Objective | None = None,
) -> WorldDraws:
    """Return raw draws of some variables (all of them by default) in every world.

    Draw s of a row has the same latents and noise in every world. The arguments are those of
    `counterfactual`; a flip here computes every level for every row, its own too.
    """
    given = _given(compiled.scm, evidence, evidence_names)
    chosen = objective or default_objective(compiled, given, state, engine)
    names = tuple(variables or compiled.parents)
    held: dict[str, dict[str, Tensor]] = {}
    ess: list[tuple[Tensor, Tensor]] = []
    engines: dict[str, str] = {}
    chunks = world_chunks(
        compiled,
        params,
        given,
        intervention,
        seed=seed,
        state=state,
        draws=draws,
        engine=engine,
        objective=chosen,
    )
    for number, chunk in enumerate(chunks):
        generator = torch.Generator().manual_seed(seed + 7919 * number)
        picked = None if chunk.weights is None else resample(chunk.weights, generator)
        for world, values in {FACTUAL: chunk.abducted.values, **chunk.worlds}.items():
            columns = held.setdefault(world, {})
            for name in names:
                event = compiled.event(name)
                full = values[name].expand(draws, len(chunk.positions), *event)
                full = full if picked is None else taken(full, picked)
                empty = torch.zeros((draws, given.n_rows, *event), dtype=full.dtype)
                columns.setdefault(name, empty)[:, chunk.positions] = full
        engines |= chunk.abducted.posterior.engines
        if chunk.abducted.posterior.ess is not None:
            ess.append((chunk.positions, chunk.abducted.posterior.ess))
    return WorldDraws(
        factual=held.pop(FACTUAL, {}),
        worlds=held,
        ess=scattered(ess, given.n_rows, float(draws)) if ess else None,
        engines=engines,
    )


def resample(weights: Tensor, generator: torch.Generator) -> Tensor:
    """Return positions ``(S, N)`` of draws in proportion to weights ``(S, N)``, systematically."""
    draws, n_rows = weights.shape
    start = torch.rand((n_rows, 1), generator=generator, dtype=torch.float64)
    points = (torch.arange(draws, dtype=torch.float64) + start) / draws  # (N, S)
    edges = weights.T.cumsum(-1)
    picked = torch.searchsorted((edges / edges[:, -1:]).contiguous(), points.contiguous())
    return picked.clamp(max=draws - 1).T


def default_objective(
    compiled: CompiledScm, evidence: Evidence, state: State | None, engine: str | None = None
) -> Objective:
    """Return whose draws of the latents a result gives when it is not told.

    The model's posterior; under an objective that is more than ``elbo()``, the encoder's draws as
    trained, where a guide reads exactly this evidence and no engine is asked for.
    """
    if state is None or engine is not None or is_pure_elbo(compiled.scm):
        return "posterior"
    for names, _ in evidence.patterns():
        values = {n: evidence.values[n] for n in names}
        problem = Problem.of(
            compiled, {}, values, n_rows=evidence.n_rows, state=state, extra=evidence.extra
        )
        if guide_refusal(problem) is not None:
            return "posterior"
    return "encoder"


def _given(
    scm: Scm, evidence: Evidence | Mapping[str, Tensor], names: Sequence[str] | None
) -> Evidence:
    if not isinstance(evidence, Evidence):
        return read_evidence(scm, evidence, names=names)
    if names is None:
        return evidence
    return read_evidence(
        scm,
        {**evidence.values, **evidence.extra},
        names=names,
        seen=evidence.seen,
        row_numbers=evidence.row_numbers,
    )


def _check_flips(evidence: Evidence, worlds: tuple[World, ...]) -> None:
    """Refuse a flip whose own value some row does not have."""
    names = dict.fromkeys(n for w in worlds for n in w.not_own)
    lacking = [
        n
        for n in names
        if n not in evidence.values or (n in evidence.seen and not bool(evidence.seen[n].all()))
    ]
    if lacking:
        raise CounterfactualError([findings.flip_without_fact(n) for n in lacking])


def _reached(compiled: CompiledScm, intervention: Intervention) -> frozenset[str]:
    """Return the variables that an intervention may move: what descends from its targets."""
    targets = set(intervention.targets) | nested_targets(intervention.settings)
    graph = compiled.scm.graph
    return frozenset().union(*(nx.descendants(graph, t) for t in targets))
