"""Against simulated truth: the predictor re-run on rows whose true counterfactuals are known."""

from __future__ import annotations

import numpy as np

from causaldsl.diagnostics.codes import diagnostic
from causaldsl.diagnostics.model import Diagnostic, FairnessError
from causaldsl.fairness import metrics
from causaldsl.fairness.intervals import Resampling, mean_interval
from causaldsl.fairness.measures.subject import (
    MetricValue,
    Subject,
    nothing_changes,
    worlds_of,
)
from causaldsl.fairness.worlds import WorldPredictions


def _truth(subject: Subject) -> WorldPredictions:
    if subject.truth is None:
        raise ValueError("this metric needs true counterfactual rows")
    if not subject.truth.differs.any():
        raise FairnessError([nothing_changes(subject.truth.names)])
    return subject.truth


def measure_true_gap(subject: Subject, resampling: Resampling | None) -> MetricValue:
    """Return the mean gap of the predictor re-run on the true counterfactual rows."""
    truth = _truth(subject)
    gaps = metrics.row_gaps(truth.factual, truth.values, truth.differs).absolute
    return MetricValue(
        metric="true_gap",
        estimate=float(gaps.mean()),
        interval=mean_interval(gaps, resampling.level) if resampling else None,
        n_rows=len(gaps),
    )


def measure_gap_error(subject: Subject, resampling: Resampling | None) -> MetricValue:
    """Return the mean absolute error of the world model's row gaps against the true row gaps."""
    truth, worlds = _truth(subject), worlds_of(subject)
    if set(truth.names) != set(worlds.names):
        raise FairnessError([other_worlds(truth.names, worlds.names)])
    order = [truth.names.index(name) for name in worlds.names]
    true = metrics.row_gaps(truth.factual, truth.values[order], truth.differs[order]).absolute
    ours = metrics.row_gaps(worlds.factual, worlds.values, worlds.differs).absolute
    error = np.abs(ours - true)
    return MetricValue(
        metric="gap_error",
        estimate=float(error.mean()),
        interval=mean_interval(error, resampling.level) if resampling else None,
        n_rows=len(error),
    )


def other_worlds(true: tuple[str, ...], ours: tuple[str, ...]) -> Diagnostic:
    """CD808: row gaps compare where both sides have the same worlds."""
    return diagnostic(
        "CD808",
        f"the table's true worlds are `{'`, `'.join(true)}`, the model's are `{'`, `'.join(ours)}`",
        hint="simulate the table with every level of every sensitive variable",
    )
