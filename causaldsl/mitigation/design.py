"""From columns to a design matrix, and the two regressions that every predictor here uses.

Numbers: ordinary least squares. Two levels: logistic regression with an L2 penalty at C = 1 on
standardised features (lbfgs, no class weights). Settings, centres and weights come from training
rows only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from sklearn.linear_model import LinearRegression, LogisticRegression

from causaldsl.diagnostics.codes import diagnostic
from causaldsl.diagnostics.model import Diagnostic, FairnessError
from causaldsl.fairness.predictor import Columns, FloatArray, OutcomeKind
from causaldsl.vocabulary.domains import Categorical, Domain, Ordered

PENALTY_C = 1.0
ITERATIONS = 1000


def design_matrix(
    columns: Columns, names: Sequence[str], domains: Mapping[str, Domain]
) -> FloatArray:
    """Return ``(N, F)``: numbers as they are, levels one-hot without the first, arrays by cell.

    Raises
    ------
    FairnessError
        CD810 for a missing or non-finite value.
    """
    blocks = [_block(name, np.asarray(columns[name], np.float64), domains[name]) for name in names]
    n_rows = len(next(iter(columns.values())))
    return np.concatenate([np.empty((n_rows, 0)), *blocks], axis=1)


def _block(name: str, values: FloatArray, domain: Domain) -> FloatArray:
    cells = values.reshape(len(values), int(np.prod(values.shape[1:])))  # (N, cells), also of N = 0
    bad = int(np.sum(~np.isfinite(cells).all(axis=1)))
    if bad:
        raise FairnessError([bad_features(name, bad, len(values))])
    if isinstance(domain, Categorical | Ordered):
        codes = np.arange(1, len(domain.levels))
        one_hot = np.asarray(cells[:, :, None] == codes, dtype=np.float64)
        return one_hot.reshape(len(cells), cells.shape[1] * len(codes))
    return cells


@dataclass(frozen=True, slots=True, kw_only=True)
class Regression:
    """A fitted linear or logistic regression: weights of standardised features ``(F,)``."""

    kind: OutcomeKind
    centre: FloatArray = field(repr=False)
    spread: FloatArray = field(repr=False)
    weights: FloatArray
    intercept: float

    def predict(self, features: FloatArray) -> FloatArray:
        """Return the conditional mean ``(N,)``, or P(outcome = 1)."""
        score = (features - self.centre) / self.spread @ self.weights + self.intercept
        if self.kind == "real":
            return np.asarray(score)
        return np.asarray(0.5 * (1 + np.tanh(0.5 * score)))  # the logistic function, no overflow


def fit_regression(features: FloatArray, outcome: FloatArray, kind: OutcomeKind) -> Regression:
    """Return the regression of training outcomes ``(N,)`` on training features ``(N, F)``.

    Raises
    ------
    FairnessError
        CD807 where a two-level outcome has one level among the training rows.
    """
    if kind == "binary" and len(np.unique(outcome)) < 2:
        raise FairnessError([one_class_training(float(outcome[0]), len(outcome))])
    centre = features.mean(axis=0)
    spread = features.std(axis=0)
    spread = np.where(spread > 1e-12 * np.maximum(np.abs(centre), 1.0), spread, 1.0)
    standard = (features - centre) / spread
    weights, intercept = _weights(standard, outcome, kind)
    return Regression(kind=kind, centre=centre, spread=spread, weights=weights, intercept=intercept)


def _weights(
    standard: FloatArray, outcome: FloatArray, kind: OutcomeKind
) -> tuple[FloatArray, float]:
    if standard.shape[1] == 0:
        mean = float(outcome.mean())
        return np.empty(0), mean if kind == "real" else float(np.log(mean / (1 - mean)))
    if kind == "real":
        linear = LinearRegression().fit(standard, outcome)
        return np.asarray(linear.coef_), float(linear.intercept_)
    logistic = LogisticRegression(C=PENALTY_C, max_iter=ITERATIONS, tol=1e-8)
    logistic.fit(standard, outcome.astype(np.int64))
    return np.asarray(logistic.coef_[0]), float(logistic.intercept_[0])


def bad_features(name: str, bad: int, n_rows: int) -> Diagnostic:
    """CD810: a predictor cannot read a hole."""
    return diagnostic(
        "CD810",
        f"feature `{name}` is missing or not finite in {bad} of {n_rows} rows",
        place=f"variable `{name}`",
        hint="declare the variable with `missing drop`",
    )


def one_class_training(value: float, n_rows: int) -> Diagnostic:
    """CD807: a logistic regression needs both classes."""
    return diagnostic(
        "CD807", f"every outcome of the {n_rows} training rows is {value:g}, expected both classes"
    )
