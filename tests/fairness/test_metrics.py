"""Pure metrics against hand-computed tables."""

import math

import numpy as np
import pytest
from scipy import stats

from causaldsl.diagnostics.model import FairnessError
from causaldsl.fairness import metrics

Y = np.array([1.0, 2.0, 3.0, 4.0])
P = np.array([1.0, 3.0, 3.0, 2.0])


def test_rmse_and_mae_of_a_hand_computed_table():
    assert metrics.rmse(Y, P) == pytest.approx(math.sqrt(5 / 4))
    assert metrics.mae(Y, P) == pytest.approx(3 / 4)


def test_accuracy_calls_one_half_a_one():
    outcome = np.array([1.0, 0.0, 1.0, 0.0])
    assert metrics.accuracy(outcome, np.array([0.5, 0.49, 0.2, 0.9])) == 0.5


def test_auc_counts_a_tie_as_half():
    outcome = np.array([1.0, 1.0, 0.0, 0.0])
    # pairs (1 over 0): .8 > .5, .8 > .2, .5 = .5, .5 > .2
    assert metrics.auc(outcome, np.array([0.8, 0.5, 0.5, 0.2])) == pytest.approx(3.5 / 4)


def test_auc_of_one_class_is_refused():
    with pytest.raises(FairnessError) as refusal:
        metrics.auc(np.ones(4), P)
    assert refusal.value.diagnostics[0].code == "CD802"


def test_the_components_of_the_auc_average_to_it():
    rng = np.random.default_rng(0)
    outcome = (rng.random(200) < 0.3).astype(float)
    predicted = rng.normal(size=200).round(1) + outcome
    ones, zeros = metrics.auc_components(outcome, predicted)
    assert ones.mean() == pytest.approx(metrics.auc(outcome, predicted))
    assert zeros.mean() == pytest.approx(metrics.auc(outcome, predicted))


# Two worlds, two draws, three rows; row 2 is already in world 1.
FACTUAL = np.array([0.0, 1.0, 2.0])
WORLDS = np.array(
    [
        [[1.0, 1.0, 5.0], [-1.0, 3.0, 5.0]],  # world 0: draws by rows
        [[2.0, 0.0, 9.0], [2.0, 1.0, 9.0]],  # world 1
    ]
)
DIFFERS = np.array([[True, True, True], [True, True, False]])


def test_row_gaps_of_a_hand_computed_table():
    gaps = metrics.row_gaps(FACTUAL, WORLDS, DIFFERS)
    # row 0: world 0 (1 + 1)/2 = 1, world 1 (2 + 2)/2 = 2; row 1: (0 + 2)/2 = 1, (1 + 0)/2 = .5
    assert gaps.absolute == pytest.approx([1.5, 0.75, 3.0])
    # row 0: |(1 - 1)/2| = 0 and 2; row 1: |(0 + 2)/2| = 1 and |-.5| = .5
    assert gaps.of_mean == pytest.approx([1.0, 0.75, 3.0])


def test_delta_of_a_hand_computed_table():
    gaps = metrics.row_gaps(FACTUAL, WORLDS, DIFFERS, epsilon=1.0)
    # beyond 1, strictly: row 0: 0/2 and 2/2; row 1: 1/2 and 0/2; row 2: 2/2 in its only world
    assert gaps.exceed == pytest.approx([0.5, 0.25, 1.0])
    assert gaps.worst == pytest.approx([1.0, 0.5, 1.0])


def test_rows_that_no_world_changes_take_no_part():
    differs = DIFFERS & np.array([True, False, True])
    assert len(metrics.row_gaps(FACTUAL, WORLDS, differs).absolute) == 2


def test_one_world_may_be_given_without_its_axis():
    whole = metrics.row_gaps(FACTUAL, WORLDS[:1])
    assert metrics.row_gaps(FACTUAL, WORLDS[0]).absolute == pytest.approx(whole.absolute)


def test_factual_predictions_may_be_draws_too():
    factual = np.stack([FACTUAL, FACTUAL + 1])
    assert metrics.row_gaps(factual, WORLDS[0]).absolute == pytest.approx([1.5, 0.5, 2.5])


def test_paired_mmd_of_two_rows_by_hand():
    x, y, h = np.array([0.0, 1.0]), np.array([2.0, 4.0]), 1.5

    def kernel(a, b):
        return math.exp(-((a - b) ** 2) / (2 * h**2))

    by_hand = kernel(0, 1) + kernel(2, 4) - kernel(0, 4) - kernel(1, 2)
    assert metrics.mmd2_paired(x, y, h) == pytest.approx(by_hand)


def test_group_mmd_by_hand():
    x, y, h = np.array([0.0, 1.0]), np.array([2.0, 4.0, 5.0]), 1.0

    def kernel(a, b):
        return math.exp(-((a - b) ** 2) / 2)

    within_y = (kernel(2, 4) + kernel(2, 5) + kernel(4, 5)) / 3
    cross = sum(kernel(a, b) for a in x for b in y) / 6
    assert metrics.mmd2_groups(x, y, h) == pytest.approx(kernel(0, 1) + within_y - 2 * cross)


def test_the_mmd_does_not_depend_on_the_blocks(monkeypatch):
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=50), rng.normal(size=50) + 0.3
    whole = metrics.mmd2_paired(x, y, 0.7)
    monkeypatch.setattr(metrics, "CHUNK", 7)
    assert metrics.mmd2_paired(x, y, 0.7) == pytest.approx(whole, rel=1e-12)


def test_paired_mmd_is_unbiased_for_dependent_worlds_of_equal_distribution():
    rng = np.random.default_rng(2)
    values = []
    for _ in range(2000):
        shared = rng.normal(size=12)
        x, y = shared + 0.2 * rng.normal(size=12), shared + 0.2 * rng.normal(size=12)
        values.append(metrics.mmd2_paired(x, y, 1.0))
    standard_error = np.std(values, ddof=1) / math.sqrt(len(values))
    assert abs(np.mean(values)) < 5 * standard_error


def test_a_world_of_one_row_has_no_mmd():
    with pytest.raises(FairnessError) as refusal:
        metrics.mmd2_paired(np.zeros(1), np.zeros(1), 1.0)
    assert refusal.value.diagnostics[0].code == "CD801"


def test_the_bandwidth_is_the_median_distance():
    assert metrics.median_bandwidth(np.array([0.0, 1.0, 3.0])) == 2.0  # distances 1, 2, 3


def test_the_bandwidth_of_mostly_ties_is_the_mean_of_the_other_distances():
    values = np.array([0.0, 0.0, 0.0, 0.0, 2.0])  # six ties, four distances of 2
    assert metrics.median_bandwidth(values) == 2.0


def test_the_bandwidth_of_equal_values_is_one():
    assert metrics.median_bandwidth(np.full(5, 3.0)) == 1.0


def test_the_bandwidth_of_many_values_is_close_to_that_of_all_pairs():
    values = np.random.default_rng(3).normal(size=5000)
    # the distance of two standard normals is |N(0, 2)|, its median sqrt(2) * 0.6745
    assert metrics.median_bandwidth(values) == pytest.approx(
        math.sqrt(2) * stats.norm.ppf(0.75), rel=0.03
    )


def test_the_bandwidth_does_not_depend_on_the_order_of_rows():
    rng = np.random.default_rng(4)
    values = rng.gamma(1.0, size=4000)
    assert metrics.median_bandwidth(values) == metrics.median_bandwidth(rng.permutation(values))


def test_wasserstein_of_a_shift_is_the_shift():
    assert metrics.wasserstein1(Y, Y + 2.5) == pytest.approx(2.5)


def test_wasserstein_of_different_sizes_by_hand():
    # half of the mass of {0, 2} stays at 0, the other half moves from 2 to 0
    assert metrics.wasserstein1(np.array([0.0, 2.0]), np.array([0.0])) == pytest.approx(1.0)


def test_mean_difference_is_absolute():
    assert metrics.mean_difference(Y, Y + 2) == metrics.mean_difference(Y + 2, Y) == 2.0
