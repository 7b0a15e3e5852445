"""The paper's two quantities, to the letter."""

import numpy as np
import pytest

from causaldsl.fairness.exoc_paper import mmd_exoc, wass_exoc, wass_exoc_weighted


@pytest.mark.parametrize("sizes", [(1, 1), (50, 70), (2042, 3)])
def test_two_identical_point_masses_give_0_633(sizes):
    n, m = sizes
    assert wass_exoc(np.zeros(n), np.zeros(m)) == pytest.approx(0.633, abs=5e-4)


def test_mmd_is_111_111_times_the_squared_mean_difference():
    x, y = np.array([1.0, 3.0]), np.array([0.0, 1.0, 2.0])
    assert mmd_exoc(x, y) == pytest.approx(111_111, rel=1e-5)


def test_mmd_is_blind_to_everything_but_the_mean():
    assert mmd_exoc(np.array([-1.0, 1.0]), np.array([-9.0, 9.0])) == 0.0


def test_a_large_shift_costs_about_200_times_its_distance():
    x = np.random.default_rng(0).normal(size=300) * 0.1
    # half of the mass is transported at the shift, doubled, over 0.005; dummies take a share
    assert wass_exoc(x, x + 1.0) == pytest.approx(200.0, rel=0.1)


def test_merging_equal_values_changes_nothing():
    rng = np.random.default_rng(1)
    x, y = rng.integers(0, 4, 40) / 10, rng.integers(1, 5, 60) / 10
    points_x, counts_x = np.unique(x, return_counts=True)
    points_y, counts_y = np.unique(y, return_counts=True)
    merged = wass_exoc_weighted(points_x, counts_x / 40, points_y, counts_y / 60)
    assert merged == pytest.approx(wass_exoc(x, y), rel=1e-9)


def test_the_value_equals_a_step_by_step_sinkhorn():
    x, y = np.array([0.0, 0.2]), np.array([0.1, 0.5, 0.6])
    cost = np.sqrt(1e-5 + np.subtract.outer(x, y) ** 2)
    largest, rate = cost.max(), 10 / cost.mean()
    extended = np.block([[cost, np.full((2, 1), largest)], [np.full((1, 3), largest), 0.0]])
    kernel = np.exp(-rate * extended) + 1e-6
    rows, columns = np.array([0.25, 0.25, 0.5]), np.array([1 / 6, 1 / 6, 1 / 6, 0.5])
    u = rows.copy()
    for _ in range(10):
        v = columns / (kernel.T @ u)
        u = rows / (kernel @ v)
    v = columns / (kernel.T @ u)
    plan = np.diag(u) @ kernel @ np.diag(v)
    assert wass_exoc(x, y) == pytest.approx(2 * (plan * extended).sum() / 0.005, rel=1e-12)
