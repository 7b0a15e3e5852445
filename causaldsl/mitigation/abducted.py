"""What a fitted model abducts for predictors: features without a look at the outcome.

The posterior mean is that of the fit's guide for everything but the outcome. Where no such guide
can exist (free parameters for every row, a discrete latent), another engine answers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from causaldsl.diagnostics.model import FairnessError
from causaldsl.engines.choose import latent_posterior
from causaldsl.engines.guide import guide_factors, is_per_row, is_trained
from causaldsl.engines.importance import normalised, taken
from causaldsl.engines.inversion import invert_known
from causaldsl.engines.problem import Problem
from causaldsl.fairness.predictor import Columns, FloatArray, Roles
from causaldsl.mitigation import findings
from causaldsl.mitigation.design import Regression
from causaldsl.mitigation.from_scm import ScmFeatures, ScmPredictor
from causaldsl.runtime.distributions import apply_noise, draw_noise
from causaldsl.runtime.forward import encoded, mechanism_output
from causaldsl.runtime.load import CompiledScm, Values
from causaldsl.runtime.scope import isolated
from causaldsl.semantics.model import Scm
from causaldsl.vocabulary.domains import Categorical, Domain, Ordered
from causaldsl.vocabulary.roles import Role

#: Draws that an engine other than a guide averages over, and a guide that reads its own draws.
ENGINE_DRAWS = 256
GUIDE_DRAWS = 32
_GUIDE = "without_outcome"


def roles_of(scm: Scm, *, needs_sensitive: bool = True) -> Roles:
    """Return who is who among a model's observed variables; further outcomes are no features.

    Raises
    ------
    FairnessError
        CD804 without a sensitive variable (a predictor alone needs none); CD813 without an
        outcome, or where a ``predict`` line predicts something else.
    """
    outcomes = scm.with_role(Role.OUTCOME)
    if not outcomes:
        raise FairnessError([findings.no_outcome(scm.name)])
    wrong = [p.target for p in scm.predictions if p.target != outcomes[0]]
    if wrong:
        raise FairnessError([findings.other_target(wrong[0], outcomes[0])])
    sensitive = scm.with_role(Role.SENSITIVE)
    return Roles(
        sensitive=sensitive,
        features=tuple(v for v in scm.observed if v not in (*sensitive, *outcomes)),
        outcome=outcomes[0],
        domains={v: scm.variables[v].domain for v in scm.observed},
        needs_sensitive=needs_sensitive,
    )


def tensor_of(values: FloatArray, domain: Domain) -> Tensor:
    """Return a column as the emitted module reads it."""
    if isinstance(domain, Categorical | Ordered):
        return torch.as_tensor(np.array(values), dtype=torch.long)
    return torch.as_tensor(np.array(values), dtype=torch.float64)


@dataclass(frozen=True, slots=True, kw_only=True)
class Abducter:
    """Finds latents in rows: a fitted model, read through its guide where it has one."""

    compiled: CompiledScm = field(repr=False)
    params: Mapping[str, Tensor] = field(repr=False)
    state: Mapping[str, Any] = field(repr=False)

    def __call__(
        self, columns: Columns, latents: tuple[str, ...], *, sampled: bool, seed: int
    ) -> FloatArray:
        """Return ``(N, F)``: posterior means of the latents, or one draw of each.

        A latent with levels has the share of each level but the first, an array a column for each
        cell.
        """
        domains = {n: v.domain for n, v in self.compiled.scm.variables.items()}
        data = {n: tensor_of(v, domains[n]) for n, v in columns.items()}
        problem = Problem.of(self.compiled, self.params, data)
        with isolated(seed), torch.no_grad():
            found = (self._sampled if sampled else self._means)(problem, latents, seed)
        return np.concatenate([found[n].double().numpy() for n in latents], axis=1)

    def _means(self, problem: Problem, latents: tuple[str, ...], seed: int) -> dict[str, Tensor]:
        given = {n: _flat(problem, v) for n, v in invert_known(problem)[1].items()}
        if not set(latents) <= set(given) and self._has_guide(problem):
            given = self._guide_means(problem, seed) | given
        missing = tuple(n for n in latents if n not in given)
        return given | (self._engine_means(problem, missing, seed) if missing else {})

    def _has_guide(self, problem: Problem) -> bool:
        evidence = self.compiled.module.GUIDE_EVIDENCE.get(_GUIDE)
        exact = evidence is not None and set(evidence) == set(problem.evidence)
        if not exact or is_per_row(self.compiled.scm):
            return False
        return bool(self.state["params"]) and is_trained(replace(problem, state=self.state), _GUIDE)

    def _guide_means(self, problem: Problem, seed: int) -> dict[str, Tensor]:
        """Return the means of the guide's factors, averaged where one may read another's draw."""
        passes = GUIDE_DRAWS if self.compiled.scm.guides else 1
        total: dict[str, Tensor] = {}
        for k in range(passes):
            for name, (mean, _) in self._factors(problem, seed + k).items():
                total[name] = total.get(name, torch.zeros(())) + mean / passes
        return {
            n: _flat(problem, v.expand(problem.n_rows, *problem.event(n))) for n, v in total.items()
        }

    def _factors(self, problem: Problem, seed: int) -> dict[str, tuple[Tensor, Tensor]]:
        factors = guide_factors(self.compiled, self.state, problem.evidence, _GUIDE, seed)
        return {n: pair for n, pair in factors.items() if n in self.compiled.scm.unobserved}

    def _engine_means(
        self, problem: Problem, latents: tuple[str, ...], seed: int
    ) -> dict[str, Tensor]:
        """Return posterior means by the best engine; what no evidence reaches is generated."""
        generator = torch.Generator().manual_seed(seed)
        found = latent_posterior(problem, ENGINE_DRAWS, generator)
        weights = None if found.log_weights is None else normalised(found.log_weights)
        _, expected = _forward(problem, found.samples, latents, ENGINE_DRAWS, generator)
        return {n: _columns(problem, n, expected[n], weights) for n in latents}

    def _sampled(self, problem: Problem, latents: tuple[str, ...], seed: int) -> dict[str, Tensor]:
        generator = torch.Generator().manual_seed(seed)
        if self._has_guide(problem):
            samples = {n: draw for n, (_, draw) in self._factors(problem, seed).items()}
            samples |= invert_known(problem)[1]
            samples = {
                n: v.expand(problem.n_rows, *problem.event(n)).unsqueeze(0)
                for n, v in samples.items()
            }
        else:
            found = latent_posterior(problem, ENGINE_DRAWS, generator)
            picked = torch.zeros((1, problem.n_rows), dtype=torch.long)
            if found.log_weights is not None:
                picked = torch.multinomial(
                    normalised(found.log_weights).T, 1, generator=generator
                ).T
            samples = {
                n: v if v.shape[0] == 1 else taken(v, picked) for n, v in found.samples.items()
            }
        values, _ = _forward(problem, samples, latents, 1, generator)
        return {n: _columns(problem, n, values[n], None) for n in latents}


def _flat(problem: Problem, value: Tensor) -> Tensor:
    """Return values ``(N, *event)`` as columns ``(N, F)``."""
    return value.reshape(problem.n_rows, -1)


def _forward(
    problem: Problem,
    samples: Values,
    latents: tuple[str, ...],
    draws: int,
    generator: torch.Generator,
) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Return values ``(1 or S, N, *event)`` of the latents and what they need, and their means.

    Equations are computed; what no evidence reaches is drawn, and expected at its mean.
    """
    needed = set(latents)
    for name in reversed(problem.order):
        needed |= set(problem.compiled.parents[name]) if name in needed else set()
    values = {n: v.unsqueeze(0) for n, v in problem.evidence.items()} | dict(samples)
    expected = dict(values)
    for name in (n for n in problem.order if n in needed and n not in values):
        output, is_value = mechanism_output(problem.compiled, problem.params, name, values)
        if is_value:
            values[name] = expected[name] = encoded(problem.compiled, name, output)
            continue
        drawn = apply_noise(output, draw_noise(output, (draws, problem.n_rows), generator))
        values[name] = expected[name] = encoded(problem.compiled, name, drawn)
        if not isinstance(problem.compiled.scm.variables[name].domain, Categorical | Ordered):
            mean = torch.as_tensor(output.mean)
            expected[name] = mean if bool(torch.isfinite(mean).all()) else drawn
    return values, expected


def _columns(problem: Problem, name: str, values: Tensor, weights: Tensor | None) -> Tensor:
    """Return draws ``(1 or S, N, *event)`` averaged, ``(N, F)``: by cell, and by later level."""
    domain = problem.compiled.scm.variables[name].domain
    levels = range(1, len(domain.levels)) if isinstance(domain, Categorical | Ordered) else ()
    parts = [(values == level).double() for level in levels] or [values.double()]
    stacked = torch.stack(parts, -1)
    event = (*problem.event(name), len(parts))
    draws = stacked.shape[0] if stacked.dim() == len(event) + 2 else 1
    full = stacked.expand(draws, problem.n_rows, *event).reshape(draws, problem.n_rows, -1)
    if weights is None or full.shape[0] == 1:
        return full.mean(0)
    return (weights.unsqueeze(-1) * full).sum(0)


def features_of(
    compiled: CompiledScm, params: Mapping[str, Tensor], state: Mapping[str, Any], seed: int
) -> tuple[ScmFeatures, ...]:
    """Return the features of each ``predict`` line of a fitted model."""
    scm = compiled.scm
    roles = roles_of(scm, needs_sensitive=False)
    abduct = Abducter(compiled=compiled, params=params, state=state)
    return tuple(
        ScmFeatures(
            model=scm.name,
            line=line.features,
            latents=frozenset(scm.unobserved),
            evidence=(*roles.sensitive, *roles.features),
            abduct=abduct,
            seed=seed,
        )
        for line in scm.predictions
    )


def predictor_to_dict(predictor: ScmPredictor) -> dict[str, Any]:
    """Return a predictor's regression as JSON values, beside the line that it belongs to."""
    r = predictor.regression
    return {
        "line": [[n, s] for n, s in predictor.source.line],
        "kind": r.kind,
        "centre": r.centre.tolist(),
        "spread": r.spread.tolist(),
        "weights": r.weights.tolist(),
        "intercept": r.intercept,
    }


def predictor_from_dict(
    values: Mapping[str, Any], features: tuple[ScmFeatures, ...], roles: Roles
) -> ScmPredictor:
    """Return the predictor that `predictor_to_dict` wrote; `ValueError` if it is none."""
    try:
        line = tuple((str(n), bool(s)) for n, s in values["line"])
        source = next(f for f in features if f.line == line)
        arrays = {k: np.array(values[k], np.float64) for k in ("centre", "spread", "weights")}
        if len({a.shape for a in arrays.values()}) != 1 or values["kind"] != roles.outcome_kind:
            raise ValueError("the regression does not fit the model")
        if not all(np.isfinite(a).all() for a in arrays.values()):
            raise ValueError("the regression holds numbers that are not finite")
        regression = Regression(kind=values["kind"], intercept=float(values["intercept"]), **arrays)
    except (KeyError, TypeError, StopIteration) as error:
        raise ValueError("this is no predictor of the model") from error
    name = f"{source.model} ({source.label})"
    return ScmPredictor(name=name, source=source, roles=roles, regression=regression)
