"""Intervals and floors."""

import numpy as np
import pytest
from scipy import stats

from causaldsl.fairness.intervals import (
    Resampling,
    bootstrap_interval,
    bootstrap_weights,
    floor_of,
    mean_interval,
    quantile_interval,
    row_permutations,
)


def test_the_mean_interval_is_two_standard_errors_wide():
    values = np.array([1.0, 2.0, 3.0, 4.0])
    interval = mean_interval(values, 0.95)
    half = 1.959964 * values.std(ddof=1) / 2
    assert (interval.low, interval.high) == pytest.approx((2.5 - half, 2.5 + half))


def test_one_row_has_no_mean_interval():
    assert mean_interval(np.array([1.0]), 0.95) is None


def test_the_quantile_interval_covers_by_the_binomial():
    interval = quantile_interval(np.arange(1.0, 201.0), 0.95, 0.95)
    low, high = int(interval.low), int(interval.high)  # ranks, since the values are 1..200
    covered = stats.binom.cdf(high - 1, 200, 0.95) - stats.binom.cdf(low - 1, 200, 0.95)
    assert 0.95 <= covered < 0.99


@pytest.mark.parametrize(("rows", "has_one"), [(71, False), (72, True)])
def test_the_95th_percentile_needs_72_rows_for_its_interval(rows, has_one):
    assert (quantile_interval(np.arange(float(rows)), 0.95, 0.95) is not None) is has_one


def test_bootstrap_weights_sum_to_one():
    weights = bootstrap_weights(17, Resampling(resamples=9))
    assert weights.shape == (9, 17)
    assert weights.sum(axis=1) == pytest.approx(np.ones(9))


def test_the_bootstrap_of_a_mean_has_its_standard_error():
    values = np.random.default_rng(0).normal(size=400)
    resampling = Resampling(resamples=4000)
    interval = bootstrap_interval(lambda weights: weights @ values, 400, resampling)
    normal = mean_interval(values, 0.95)
    assert interval.high - interval.low == pytest.approx(normal.high - normal.low, rel=0.08)


def test_row_permutations_reorder_every_row():
    orders = row_permutations(5, 3, Resampling(resamples=4))
    assert np.sort(orders, axis=-1).tolist() == [[[0, 1, 2]] * 5] * 4


def test_the_same_seed_gives_the_same_resamples():
    once, again = (row_permutations(5, 3, Resampling(seed=7)) for _ in range(2))
    assert (once == again).all()


def test_the_p_value_counts_the_estimate_among_its_equals():
    floor = floor_of(np.array([0.0, 1.0, 2.0, 3.0]), 2.0, 0.95, "null")
    assert floor.p_value == pytest.approx(3 / 5)
    assert floor.mean == 1.5


def test_p_values_are_never_zero():
    assert floor_of(np.zeros(99), 5.0, 0.95, "null").p_value == pytest.approx(1 / 100)
