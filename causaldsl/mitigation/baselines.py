"""The three predictors that every fair one is set beside: Constant, Full and Unaware.

Usage is scikit-learn's: ``Full(roles).fit(columns)`` returns the fitted predictor. Full reads
the sensitive variables and every feature, Unaware the features alone, Constant nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from causaldsl.fairness.predictor import Columns, FloatArray, Roles
from causaldsl.mitigation.design import Regression, design_matrix, fit_regression


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnPredictor:
    """A fitted regression on observed columns."""

    name: str
    features: tuple[str, ...]
    roles: Roles = field(repr=False)
    regression: Regression

    def predict(self, columns: Columns) -> FloatArray:
        """Return predictions ``(N,)``: the conditional mean, or P(outcome = 1)."""
        return self.regression.predict(design_matrix(columns, self.features, self.roles.domains))


@dataclass(frozen=True, slots=True, kw_only=True)
class ConstantPredictor:
    """The same prediction for everybody: the training mean, or the training share of 1s."""

    name: str
    value: float
    features: tuple[str, ...] = ()

    def predict(self, columns: Columns) -> FloatArray:
        """Return the constant ``(N,)``."""
        return np.full(len(next(iter(columns.values()))), self.value)


@dataclass(frozen=True, slots=True)
class Constant:
    """The training mean; for two levels the share of 1s, whose decision is the majority class."""

    roles: Roles

    def fit(self, columns: Columns) -> ConstantPredictor:
        """Return the constant predictor of these training rows."""
        return ConstantPredictor(name="Constant", value=float(columns[self.roles.outcome].mean()))


@dataclass(frozen=True, slots=True)
class Full:
    """Regression on the sensitive variables and every feature."""

    roles: Roles

    def fit(self, columns: Columns) -> ColumnPredictor:
        """Return the predictor fitted on these training rows."""
        names = (*self.roles.sensitive, *self.roles.features)
        return _fit_columns("Full", names, self.roles, columns)


@dataclass(frozen=True, slots=True)
class Unaware:
    """Regression on every feature, without the sensitive variables (which features may reveal)."""

    roles: Roles

    def fit(self, columns: Columns) -> ColumnPredictor:
        """Return the predictor fitted on these training rows."""
        return _fit_columns("Unaware", self.roles.features, self.roles, columns)


def _fit_columns(
    name: str, features: tuple[str, ...], roles: Roles, columns: Columns
) -> ColumnPredictor:
    design = design_matrix(columns, features, roles.domains)
    regression = fit_regression(design, columns[roles.outcome], roles.outcome_kind)
    return ColumnPredictor(name=name, features=features, roles=roles, regression=regression)


BASELINES: dict[str, Callable[[Roles], Constant | Full | Unaware]] = {
    "Constant": Constant,
    "Full": Full,
    "Unaware": Unaware,
}
