"""One person in two worlds: gaps per row, reduced over rows.

Their noise floor is the same number under do(own value): that intervention changes nothing, so
what it shows is the noise of the draws and of the predictor's own sampling.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from causaldsl.fairness import metrics
from causaldsl.fairness.intervals import (
    Floor,
    Interval,
    Resampling,
    mean_interval,
    quantile_interval,
)
from causaldsl.fairness.measures.subject import Measure, MetricValue, Subject, worlds_of
from causaldsl.fairness.predictor import BoolArray, FloatArray
from causaldsl.fairness.worlds import WorldPredictions


def _gaps(subject: Subject, worlds: WorldPredictions, differs: BoolArray) -> metrics.RowGaps:
    return metrics.row_gaps(worlds.factual, worlds.values, differs, subject.epsilon)


def _unit_measure(
    metric: str,
    pick: Callable[[metrics.RowGaps], FloatArray | None],
    reduce: Callable[[FloatArray], float],
    interval: Callable[[FloatArray, float], Interval | None],
) -> Measure:
    """Return the measure that reduces one of the row gaps over rows."""

    def measure(subject: Subject, resampling: Resampling | None) -> MetricValue:
        worlds = worlds_of(subject)
        values = _present(pick(_gaps(subject, worlds, worlds.differs)))
        return MetricValue(
            metric=metric,
            estimate=reduce(values),
            interval=interval(values, resampling.level) if resampling else None,
            floor=_own_value_floor(subject, worlds, pick, reduce, resampling),
            n_rows=len(values),
            by=_by_group(subject, values, np.asarray(worlds.differs.any(axis=0)), reduce),
        )

    return measure


def _present(values: FloatArray | None) -> FloatArray:
    if values is None:
        raise ValueError("this metric needs an epsilon")
    return values


def _own_value_floor(
    subject: Subject,
    worlds: WorldPredictions,
    pick: Callable[[metrics.RowGaps], FloatArray | None],
    reduce: Callable[[FloatArray], float],
    resampling: Resampling | None,
) -> Floor | None:
    """Return the same number under do(own value), which changes nothing: 0 but for noise."""
    if resampling is None or worlds.differs.all():
        return None
    null = reduce(_present(pick(_gaps(subject, worlds, ~worlds.differs))))
    return Floor(mean=null, upper=null, level=resampling.level, method="do(own value)")


def _by_group(
    subject: Subject, values: FloatArray, kept: BoolArray, reduce: Callable[[FloatArray], float]
) -> dict[str, float]:
    if subject.groups is None:
        return {}
    groups = subject.groups[kept]
    return {
        name: reduce(values[groups == g])
        for g, name in enumerate(subject.group_names)
        if (groups == g).any()
    }


def _mean(values: FloatArray) -> float:
    return float(values.mean())


def _p95(values: FloatArray) -> float:
    return float(np.quantile(values, 0.95))


def _max(values: FloatArray) -> float:
    return float(values.max())


def _p95_interval(values: FloatArray, level: float) -> Interval | None:
    return quantile_interval(values, 0.95, level)


def _no_interval(values: FloatArray, level: float) -> Interval | None:
    """Return none: a sample's maximum has no valid interval of this kind."""
    del values, level
    return None


measure_cf_gap = _unit_measure("cf_gap", lambda g: g.absolute, _mean, mean_interval)
measure_cf_gap_p95 = _unit_measure("cf_gap_p95", lambda g: g.absolute, _p95, _p95_interval)
measure_cf_gap_max = _unit_measure("cf_gap_max", lambda g: g.absolute, _max, _no_interval)
measure_cf_mean_gap = _unit_measure("cf_mean_gap", lambda g: g.of_mean, _mean, mean_interval)
measure_cf_delta = _unit_measure("cf_delta", lambda g: g.exceed, _mean, mean_interval)
measure_cf_delta_max = _unit_measure("cf_delta_max", lambda g: g.worst, _max, _no_interval)
