"""Means of units' effects over groups of rows, and their intervals."""

import numpy as np
import pytest

from causaldsl.fairness.effects import (
    Observed,
    RowGroup,
    UnitColumn,
    all_rows,
    mean_effects,
    strata_groups,
)
from causaldsl.fairness.intervals import Resampling

RESAMPLING = Resampling(resamples=400, seed=1)


def column(values, error=None):
    return UnitColumn(
        contrast="c", estimand="abducted", version="probability", values=values, draws_error=error
    )


def test_the_interval_is_that_of_a_mean_over_rows():
    values = np.random.default_rng(0).normal(1.0, 2.0, 900)
    (found,) = mean_effects([column(values)], [all_rows(900)], RESAMPLING)
    half = 1.96 * values.std(ddof=1) / 30
    assert found.estimate == pytest.approx(values.mean())
    assert found.interval.low == pytest.approx(values.mean() - half, abs=0.15 * half)
    assert found.interval.high == pytest.approx(values.mean() + half, abs=0.15 * half)


def test_the_error_of_the_draws_is_that_of_a_mean_of_independent_rows():
    (found,) = mean_effects([column(np.zeros(4), np.full(4, 0.2))], [all_rows(4)], RESAMPLING)
    assert found.draws_error == pytest.approx(0.1)
    assert found.interval.low == found.interval.high == 0


def test_one_row_has_a_mean_and_no_interval():
    (found,) = mean_effects([column(np.array([0.5]))], [all_rows(1)], RESAMPLING)
    assert (found.estimate, found.interval) == (0.5, None)


def test_strata_part_the_rows_and_a_cell_that_nobody_saw_is_in_none():
    codes = {"r": np.array([0, 1, 1, 0]), "s": np.array([2, 0, 2, 1])}
    seen = {"s": np.array([True, True, True, False])}
    levels = {"r": ("no", "yes"), "s": ("x", "y", "z")}
    groups = strata_groups(["r", "s"], levels, codes, seen)
    assert [g.name for g in groups][:3] == ["r=no, s=x", "r=no, s=y", "r=no, s=z"]
    assert {g.name: np.flatnonzero(g.rows).tolist() for g in groups if g.rows.any()} == {
        "r=no, s=z": [0],
        "r=yes, s=x": [1],
        "r=yes, s=z": [2],
    }


def test_observed_differences_are_those_of_the_rows_as_they_are():
    rng = np.random.default_rng(3)
    outcome, target = rng.normal(size=50), (rng.random(50) < 0.5).astype(float)
    half = RowGroup(kind="stratum", name="half", rows=np.arange(50) < 25)
    observed = Observed(outcome=outcome, target=target, contrasts={"c": (1.0, 0.0)})
    found = mean_effects([column(np.zeros(50))], [all_rows(50), half], RESAMPLING, observed)
    for e, rows in zip(found[1::2], (np.ones(50, bool), half.rows), strict=True):
        exact = outcome[rows & (target == 1)].mean() - outcome[rows & (target == 0)].mean()
        assert e.version == "observed"
        assert e.estimate == pytest.approx(exact)
        assert e.interval.low < exact < e.interval.high


def test_a_group_without_one_of_the_levels_has_no_observed_difference():
    observed = Observed(outcome=np.ones(3), target=np.ones(3), contrasts={"c": (1.0, 0.0)})
    _, found = mean_effects([column(np.zeros(3))], [all_rows(3)], RESAMPLING, observed)
    assert (found.estimate, found.interval) == (None, None)


def test_effects_that_are_no_numbers_are_refused():
    with pytest.raises(ValueError, match="finite"):
        mean_effects([column(np.array([0.0, np.nan]))], [all_rows(2)], RESAMPLING)


def _observed_difference(outcome, target, contrasts):
    observed = Observed(
        outcome=np.array(outcome), target=np.array(target), contrasts={"c": contrasts}
    )
    n = len(outcome)
    _, found = mean_effects([column(np.zeros(n))], [all_rows(n)], RESAMPLING, observed)
    return found


def test_the_rows_of_an_observed_difference_are_those_that_it_is_made_of():
    """A third level, and a row whose outcome or level nobody saw, enter no mean."""
    found = _observed_difference(
        [1.0, 2.0, 4.0, 6.0, 9.0, 9.0], [0.0, 0.0, 1.0, 1.0, 2.0, np.nan], (1.0, 0.0)
    )
    assert (found.estimate, found.n_rows) == (3.5, 4)


@pytest.mark.parametrize(("many", "is_there"), [(1, False), (2, True)])
def test_an_observed_difference_has_an_interval_where_each_level_has_two_rows(many, is_there):
    target = [1.0] * 20 + [0.0] * many
    found = _observed_difference(np.arange(len(target)) / 7, target, (1.0, 0.0))
    assert found.estimate is not None
    assert (found.interval is not None) == is_there
