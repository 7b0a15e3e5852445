"""Pearl's three steps composed, over rows in chunks: abduct, act, predict.

Memory never holds every world, draw and row at once: a chunk of rows is abducted once, each world
is predicted from it and reduced, and the draws are gone before the next chunk.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import networkx as nx
import torch
from torch import Tensor

from causaldsl.counterfactual import findings
from causaldsl.counterfactual.abduction import Abduction, Evidence, abduct, read_evidence
from causaldsl.counterfactual.action import (
    Intervention,
    Policy,
    World,
    act,
    nested_targets,
    worlds_of,
)
from causaldsl.counterfactual.prediction import Summary, predict, summarise
from causaldsl.counterfactual.result import CounterfactualResult, WorldResult
from causaldsl.diagnostics.model import CounterfactualError
from causaldsl.diagnostics.progress import Progress, ProgressCallback, silent
from causaldsl.engines.choose import Objective, reliability
from causaldsl.engines.guide import guide_refusal
from causaldsl.engines.importance import normalised
from causaldsl.engines.problem import Problem
from causaldsl.runtime.load import CompiledScm, Values
from causaldsl.runtime.scope import isolated
from causaldsl.semantics.model import Scm, Structural
from causaldsl.syntax import nodes
from causaldsl.vocabulary.domains import Categorical, Ordered

State = Mapping[str, object]

#: Draws times rows that are worked on at once (a variable's draws then take eight megabytes).
CHUNK = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """Some rows in every world: positions in the evidence, the abduction, each world's values.

    `kept` holds, for each world, which of the chunk's rows its values are for.
    """

    positions: Tensor = field(repr=False)
    problem: Problem = field(repr=False)
    abducted: Abduction = field(repr=False)
    worlds: Mapping[str, Values] = field(repr=False)
    kept: Mapping[str, Tensor] = field(repr=False)

    @property
    def weights(self) -> Tensor | None:
        """Importance weights ``(S, N)`` that sum to one; `None` where draws weigh the same."""
        raw = self.abducted.posterior.log_weights
        return None if raw is None else normalised(raw)


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
        Encoded values by variable, ``(N,)`` each.
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
    chosen = objective or default_objective(compiled, given, state)
    worlds = worlds_of(compiled.scm, intervention)
    _check_flips(given, worlds)
    reached = _reached(compiled, intervention)
    moving = reached | set(intervention.targets)
    gathered = _Gathered(names=tuple(compiled.parents), worlds=worlds, moving=moving)
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
        factual=gathered.world(compiled.scm, _FACTUAL, given),
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
        assumptions=_assumptions(compiled, intervention, chosen, reached, gathered.engines),
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
    if draws < 1:
        raise CounterfactualError([findings.wrong_draws(draws)])
    worlds = worlds_of(compiled.scm, intervention)
    reached = _reached(compiled, intervention)
    number = 0
    for names, positions in evidence.patterns():
        for part in torch.split(positions, max(1, CHUNK // draws)):
            if not len(part):
                continue
            problem = Problem.of(
                compiled,
                params,
                {n: evidence.values[n][part] for n in names},
                n_rows=len(part),
                row_ids=evidence.row_numbers[part],
                extra={n: v[part] for n, v in evidence.extra.items()},
                state=state,
            )
            with isolated(seed), torch.no_grad():
                generator = torch.Generator().manual_seed(seed + 1_000_003 * number)
                abducted = abduct(
                    problem, draws, generator, reached=reached, engine=engine, objective=objective
                )
                kept = {w.name: _kept(problem, w, skip_own=skip_own) for w in worlds}
                values = {
                    w.name: _in_world(problem, abducted, w, kept[w.name], generator) for w in worlds
                }
            number += 1
            yield Chunk(
                positions=part, problem=problem, abducted=abducted, worlds=values, kept=kept
            )


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
    """Raw draws ``(S, N)`` of the factual world and of others, all of equal weight.

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
    chosen = objective or default_objective(compiled, given, state)
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
        for world, values in {_FACTUAL: chunk.abducted.values, **chunk.worlds}.items():
            columns = held.setdefault(world, {})
            for name in names:
                full = values[name].expand(draws, -1)
                full = full if picked is None else full.gather(0, picked)
                empty = torch.zeros((draws, given.n_rows), dtype=full.dtype)
                columns.setdefault(name, empty)[:, chunk.positions] = full
        engines |= chunk.abducted.posterior.engines
        if chunk.abducted.posterior.ess is not None:
            ess.append((chunk.positions, chunk.abducted.posterior.ess))
    return WorldDraws(
        factual=held.pop(_FACTUAL, {}),
        worlds=held,
        ess=_scattered(ess, given.n_rows, float(draws)) if ess else None,
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


def default_objective(compiled: CompiledScm, evidence: Evidence, state: State | None) -> Objective:
    """Return whose draws of the latents a result gives when it is not told.

    The model's posterior; under an objective that is more than ``elbo()``, the encoder's draws as
    trained, where a guide reads exactly this evidence.
    """
    if state is None or is_pure_elbo(compiled.scm):
        return "posterior"
    for names, _ in evidence.patterns():
        values = {n: evidence.values[n] for n in names}
        problem = Problem.of(
            compiled, {}, values, n_rows=evidence.n_rows, state=state, extra=evidence.extra
        )
        if guide_refusal(problem) is not None:
            return "posterior"
    return "encoder"


def is_pure_elbo(scm: Scm) -> bool:
    """Whether a model is trained by ``elbo()`` alone, without settings or other terms."""
    return all(
        isinstance(loss.value, nodes.Call) and loss.value.name == "elbo" and not loss.value.settings
        for loss in scm.losses
    )


def couplings_of(scm: Scm, names: frozenset[str]) -> dict[str, str]:
    """Return how each of some variables shares its noise across worlds."""
    return {
        name: "none: it follows from its parents"
        if isinstance(variable.mechanism, Structural)
        else variable.coupling
        for name, variable in scm.variables.items()
        if name in names
    }


_FACTUAL = "factual"


@dataclass(slots=True)
class _Gathered:
    """Reduced chunks, collected until they are joined row by row."""

    names: tuple[str, ...]
    worlds: tuple[World, ...]
    moving: frozenset[str]
    parts: dict[str, list[tuple[Tensor, dict[str, Summary]]]] = field(default_factory=dict)
    scores: dict[str, list[tuple[Tensor, Tensor]]] = field(default_factory=dict)
    engines: dict[str, str] = field(default_factory=dict)
    reasons: list[str] = field(default_factory=list)
    n_rows: int = 0
    draws: int = 0

    def add(self, scm: Scm, evidence: Evidence, chunk: Chunk) -> None:
        """Reduce a chunk's draws and keep the sums."""
        weights, posterior = chunk.weights, chunk.abducted.posterior
        facts = {n: _summary(scm, n, chunk.abducted.values[n], weights) for n in self.names}
        self.parts.setdefault(_FACTUAL, []).append((chunk.positions, facts))
        for world in self.worlds:
            kept, values = chunk.kept[world.name], chunk.worlds[world.name]
            own = None if weights is None else weights[:, kept]
            reduced = {
                n: _rows(facts[n], kept)
                if n not in self.moving
                else _summary(scm, n, values[n], own)
                for n in self.names
            }
            self.parts.setdefault(world.name, []).append((chunk.positions[kept], reduced))
        for key, score in (("ess", posterior.ess), ("unfinished", posterior.unfinished)):
            if score is not None:
                self.scores.setdefault(key, []).append((chunk.positions, score.double()))
        self.engines |= posterior.engines
        self.reasons += posterior.reasons
        self.n_rows, self.draws = evidence.n_rows, chunk.abducted.draws

    def joined(self, key: str) -> Tensor | None:
        """Return a score by row ``(N,)``; rows that were exact count as all their draws."""
        if key not in self.scores:
            return None
        return _scattered(self.scores[key], self.n_rows, float(self.draws) if key == "ess" else 0.0)

    def world(self, scm: Scm, name: str, evidence: Evidence) -> WorldResult:
        """Return one world's rows in the order of the table."""
        parts = self.parts.get(name, [])
        if not parts:
            nothing = {n: _summary(scm, n, torch.zeros(1, 0).double(), None) for n in self.names}
            rows = torch.zeros(0, dtype=torch.long)
            return WorldResult(name=name, rows=rows, variables=nothing)
        positions = torch.cat([p for p, _ in parts])
        order = positions.argsort()
        variables = {n: _joined([s[n] for _, s in parts], order) for n in self.names}
        return WorldResult(
            name=name, rows=evidence.row_numbers[positions[order]], variables=variables
        )


def _summary(scm: Scm, name: str, values: Tensor, weights: Tensor | None) -> Summary:
    domain = scm.variables[name].domain
    levels = len(domain.levels) if isinstance(domain, Categorical | Ordered) else None
    return summarise(values, weights, levels)


_PARTS = ("mean", "sd", "q05", "q95", "probability")


def _rows(summary: Summary, keep: Tensor) -> Summary:
    fields: dict[str, Any] = {f: getattr(summary, f) for f in _PARTS}
    kept: dict[str, Any] = {f: None if v is None else v[keep] for f, v in fields.items()}
    return Summary(**kept)


def _joined(parts: list[Summary], order: Tensor) -> Summary:
    fields: dict[str, list[Any]] = {f: [getattr(p, f) for p in parts] for f in _PARTS}
    whole: dict[str, Any] = {
        f: None if v[0] is None else torch.cat(v)[order] for f, v in fields.items()
    }
    return Summary(**whole)


def _scattered(parts: list[tuple[Tensor, Tensor]], n_rows: int, otherwise: float) -> Tensor:
    result = torch.full((n_rows,), otherwise, dtype=torch.float64)
    for positions, values in parts:
        result[positions] = values
    return result


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


def _assumptions(
    compiled: CompiledScm,
    intervention: Intervention,
    objective: Objective,
    reached: frozenset[str],
    engines: Mapping[str, str],
) -> tuple[str, ...]:
    """Return what the numbers rest on, a sentence each."""
    by_word: dict[str, list[str]] = {}
    for name, word in couplings_of(compiled.scm, reached).items():
        by_word.setdefault(word, []).append(f"`{name}`")
    said = [
        f"{', '.join(names)}: {_COUPLING[word]}."
        for word, names in by_word.items()
        if word in _COUPLING
    ]
    if said:
        said.insert(0, "How noise is shared across worlds is an assumption that no data identify.")
    said.append(
        "Parameters are held at their fitted or given values: V_sd is abduction noise alone."
    )
    if engines:
        said.append("Latent variables and their mechanisms are taken as the model states them.")
        whose = _OBJECTIVE[objective]
        said.append(f"{', '.join(f'`{n}`' for n in engines)}: {whose}.")
    if any(isinstance(s, Policy) for s in intervention.settings):
        said.append("A policy's draws are independent of everything else in the row.")
    return tuple(said)


_COUPLING = {
    "additive": "the standardised residual is the same in every world (additive coupling)",
    "quantile": "the quantile is the same in every world (quantile coupling)",
    "gumbel": "each level's Gumbel noise is the same in every world (Gumbel-max coupling)",
    "independent": "noise is drawn anew where a parent changes (independent coupling)",
}
_OBJECTIVE = {
    "posterior": "draws of the model's posterior given the evidence",
    "encoder": "draws of the encoder as trained, which is not the model's posterior",
}
