"""How well the outcome is predicted, each with an interval over rows."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from scipy import stats

from causaldsl.fairness import metrics
from causaldsl.fairness.intervals import Interval, Resampling, bootstrap_interval
from causaldsl.fairness.measures.subject import MetricValue, Subject
from causaldsl.fairness.predictor import FloatArray


def measure_rmse(subject: Subject, resampling: Resampling | None) -> MetricValue:
    """Return the RMSE with a bootstrap interval over rows."""
    squared = (subject.outcome - subject.predicted) ** 2
    return MetricValue(
        metric="rmse",
        estimate=metrics.rmse(subject.outcome, subject.predicted),
        interval=_bootstrap(lambda weights: np.sqrt(weights @ squared), len(squared), resampling),
        n_rows=len(squared),
    )


def measure_mae(subject: Subject, resampling: Resampling | None) -> MetricValue:
    """Return the MAE with a bootstrap interval over rows."""
    absolute = np.abs(subject.outcome - subject.predicted)
    return MetricValue(
        metric="mae",
        estimate=metrics.mae(subject.outcome, subject.predicted),
        interval=_bootstrap(lambda weights: weights @ absolute, len(absolute), resampling),
        n_rows=len(absolute),
    )


def measure_accuracy(subject: Subject, resampling: Resampling | None) -> MetricValue:
    """Return the accuracy with a bootstrap interval over rows."""
    right = ((subject.predicted >= 0.5) == (subject.outcome == 1)).astype(np.float64)
    return MetricValue(
        metric="accuracy",
        estimate=metrics.accuracy(subject.outcome, subject.predicted),
        interval=_bootstrap(lambda weights: weights @ right, len(right), resampling),
        n_rows=len(right),
    )


def measure_auc(subject: Subject, resampling: Resampling | None) -> MetricValue:
    """Return the AUC with DeLong's normal interval."""
    estimate = metrics.auc(subject.outcome, subject.predicted)
    interval = None
    parts = metrics.auc_components(subject.outcome, subject.predicted)
    if resampling and min(len(part) for part in parts) > 1:
        variance = sum(part.var(ddof=1) / len(part) for part in parts)
        half = float(stats.norm.ppf(0.5 + resampling.level / 2) * math.sqrt(variance))
        interval = Interval(
            low=estimate - half, high=estimate + half, level=resampling.level, method="DeLong"
        )
    return MetricValue(
        metric="auc", estimate=estimate, interval=interval, n_rows=len(subject.outcome)
    )


def _bootstrap(
    statistic: Callable[[FloatArray], FloatArray], n_rows: int, resampling: Resampling | None
) -> Interval | None:
    return bootstrap_interval(statistic, n_rows, resampling) if resampling else None
