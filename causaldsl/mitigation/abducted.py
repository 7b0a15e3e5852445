"""What a fitted model abducts for predictors: features without a look at the outcome.

The posterior mean is that of the fit's guide for everything but the outcome. Where no such guide
can exist (free parameters for every row, a discrete latent), another engine answers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor

from causaldsl.diagnostics.model import FairnessError
from causaldsl.engines.choose import latent_posterior
from causaldsl.engines.guide import guide_factors
from causaldsl.engines.importance import normalised
from causaldsl.engines.inversion import invert_known
from causaldsl.engines.problem import Problem
from causaldsl.fairness.predictor import Columns, FloatArray, Roles
from causaldsl.mitigation.design import Regression
from causaldsl.mitigation.from_scm import ScmFeatures, ScmPredictor
from causaldsl.runtime.load import CompiledScm
from causaldsl.runtime.scope import isolated
from causaldsl.semantics.model import Scm
from causaldsl.vocabulary.domains import Categorical, Domain, Ordered
from causaldsl.vocabulary.roles import Role

#: Draws that an engine other than a guide averages over, and a guide that reads its own draws.
ENGINE_DRAWS = 256
GUIDE_DRAWS = 32
_GUIDE = "without_outcome"


def roles_of(scm: Scm) -> Roles:
    """Return who is who among a model's observed variables.

    Raises
    ------
    FairnessError
        CD804 without a sensitive variable; CD813 without an outcome.
    """
    from causaldsl.mitigation.findings import no_outcome

    outcomes = scm.with_role(Role.OUTCOME)
    if not outcomes:
        raise FairnessError([no_outcome(scm.name)])
    sensitive = scm.with_role(Role.SENSITIVE)
    features = tuple(v for v in scm.observed if v not in (*sensitive, outcomes[0]))
    domains = {v: scm.variables[v].domain for v in scm.observed}
    return Roles(sensitive=sensitive, features=features, outcome=outcomes[0], domains=domains)


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
        """Return ``(N, F)``: posterior means of the latents, or one draw of each."""
        domains = {n: v.domain for n, v in self.compiled.scm.variables.items()}
        data = {n: tensor_of(v, domains[n]) for n, v in columns.items()}
        found = self._sampled(data, seed) if sampled else self._means(data, latents, seed)
        rows = len(next(iter(data.values())))
        return np.stack([found[n].expand(rows).numpy() for n in latents], axis=1)

    def _means(
        self, data: dict[str, Tensor], latents: tuple[str, ...], seed: int
    ) -> dict[str, Tensor]:
        given = self._inverted(data)
        open_ = [n for n in latents if n not in given]
        if not open_:
            return given
        if self._has_guide(tuple(data)):
            given |= self._guide_means(data, seed)
        missing = [n for n in latents if n not in given]
        return given | (self._engine(data, seed, ENGINE_DRAWS) if missing else {})

    def _inverted(self, data: dict[str, Tensor]) -> dict[str, Tensor]:
        """Return the latents that an equation of the evidence settles."""
        return dict(invert_known(Problem.of(self.compiled, self.params, data))[1])

    def _has_guide(self, names: tuple[str, ...]) -> bool:
        evidence = self.compiled.module.GUIDE_EVIDENCE.get(_GUIDE)
        per_row = self.compiled.scm.default_guide == "per_row" or any(
            g.per_row for g in self.compiled.scm.guides.values()
        )
        trained = any(str(k).startswith("guide_without_outcome.") for k in self.state["params"])
        return trained and not per_row and evidence is not None and set(evidence) == set(names)

    def _guide_means(self, data: dict[str, Tensor], seed: int) -> dict[str, Tensor]:
        """Return the means of the guide's factors, averaged where one may read another's draw."""
        passes = GUIDE_DRAWS if self.compiled.scm.guides else 1
        total: dict[str, Tensor] = {}
        for k in range(passes):
            factors = guide_factors(self.compiled, self.state, data, _GUIDE, seed + k)
            for name, (mean, _) in factors.items():
                total[name] = total.get(name, torch.zeros(())) + mean / passes
        return total

    def _sampled(self, data: dict[str, Tensor], seed: int) -> dict[str, Tensor]:
        given = self._inverted(data)
        if not self._has_guide(tuple(data)):
            return given | self._engine(data, seed, 1)
        factors = guide_factors(self.compiled, self.state, data, _GUIDE, seed)
        return {n: draw for n, (_, draw) in factors.items()} | given

    def _engine(self, data: dict[str, Tensor], seed: int, draws: int) -> dict[str, Tensor]:
        """Return posterior means (one draw: the draw) by the best engine.

        A latent that no evidence reaches is the same for every row, so 0 stands for it.
        """
        problem = Problem.of(
            self.compiled, self.params, data, n_rows=len(next(iter(data.values())))
        )
        with isolated(seed), torch.no_grad():
            found = latent_posterior(problem, draws, torch.Generator().manual_seed(seed))
        weights = None if found.log_weights is None else normalised(found.log_weights)
        means: dict[str, Tensor] = {
            n: torch.zeros(problem.n_rows)
            for n, v in self.compiled.scm.variables.items()
            if not v.is_observed
        }
        for name, values in found.samples.items():
            full = values.double()
            means[name] = full.mean(0) if weights is None else (weights * full).sum(0)
        return means


def features_of(
    compiled: CompiledScm, params: Mapping[str, Tensor], state: Mapping[str, Any], seed: int
) -> tuple[ScmFeatures, ...]:
    """Return the features of each ``predict`` line of a fitted model."""
    scm = compiled.scm
    roles = roles_of(scm)
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
