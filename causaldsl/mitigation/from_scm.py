"""Predictors from ``predict Y from ...`` lines: a regression on what a fitted model abducts.

Latents are abducted without a look at the outcome, for training and test rows alike, by their
posterior mean or, for ``sampled(K)``, by one draw of it. On counterfactual rows they are abducted
anew: the predictor sees a row as it would come in, never a latent that was handed over.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from causaldsl.fairness.predictor import Columns, FloatArray, Roles
from causaldsl.mitigation.design import Regression, design_matrix, fit_regression


class Abduct(Protocol):
    """How latents are found: by a fitted model, from columns without the outcome."""

    def __call__(
        self, columns: Columns, latents: tuple[str, ...], *, sampled: bool, seed: int
    ) -> FloatArray:
        """Return ``(N, F)``: posterior means of the latents, or one draw of them with the seed.

        A latent of size k takes k columns.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ScmFeatures:
    """The features of one ``predict`` line, and what finds them.

    `line` holds (variable, sampled?) pairs, `latents` the model's names that are not observed,
    `evidence` the observed variables that abduction reads (never the outcome).
    """

    model: str
    line: tuple[tuple[str, bool], ...]
    latents: frozenset[str]
    evidence: tuple[str, ...]
    abduct: Abduct = field(repr=False)
    seed: int

    @property
    def label(self) -> str:
        """The line's features as written: ``K, sampled(S')``."""
        return ", ".join(f"sampled({name})" if sampled else name for name, sampled in self.line)

    @property
    def reads(self) -> tuple[str, ...]:
        """Observed variables that the features depend on."""
        direct = (name for name, _ in self.line if name not in self.latents)
        abducts = any(name in self.latents for name, _ in self.line)
        abducted = self.evidence if abducts else ()
        return tuple(dict.fromkeys((*abducted, *direct)))

    def matrix(self, columns: Columns, roles: Roles) -> FloatArray:
        """Return the features ``(N, F)``: posterior means, then draws, then observed columns."""
        means = tuple(n for n, sampled in self.line if n in self.latents and not sampled)
        draws = tuple(n for n, sampled in self.line if n in self.latents and sampled)
        direct = tuple(n for n, _ in self.line if n not in self.latents)
        blocks = [design_matrix(columns, direct, roles.domains)]
        known = {name: columns[name] for name in self.evidence if means or draws}
        if draws:
            blocks.insert(0, self.abduct(known, draws, sampled=True, seed=self.seed))
        if means:
            blocks.insert(0, self.abduct(known, means, sampled=False, seed=self.seed))
        return np.concatenate(blocks, axis=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScmPredictor:
    """A regression on abducted features."""

    name: str
    source: ScmFeatures
    roles: Roles = field(repr=False)
    regression: Regression

    @property
    def features(self) -> tuple[str, ...]:
        """Observed variables that `predict` reads."""
        return self.source.reads

    def predict(self, columns: Columns) -> FloatArray:
        """Return predictions ``(N,)``, every feature abducted from these columns."""
        return self.regression.predict(self.source.matrix(columns, self.roles))


def fit_scm_predictor(
    source: ScmFeatures, columns: Columns, roles: Roles, *, name: str | None = None
) -> ScmPredictor:
    """Return the predictor of a ``predict`` line, its regression fitted on these training rows."""
    if roles.outcome in source.reads:
        raise ValueError(f"features of `{roles.outcome}` must not read it")
    regression = fit_regression(
        source.matrix(columns, roles), columns[roles.outcome], roles.outcome_kind
    )
    return ScmPredictor(
        name=name or f"{source.model} ({source.label})",
        source=source,
        roles=roles,
        regression=regression,
    )
