"""Linear-time distances against the pairwise ones, and swaps against brute force."""

from itertools import combinations

import numpy as np
import pytest

from causaldsl.fairness import embeddings, metrics
from causaldsl.fairness.intervals import Resampling, row_permutations

RNG = np.random.default_rng(0)
X = RNG.normal(size=200)
Z = X + 0.3 * RNG.normal(size=200) + 0.1
PAIR = [(0, 1)]


def _two_worlds(*worlds):
    return np.stack(worlds)[:, None, :]  # (K, 1, N)


@pytest.mark.parametrize("bandwidth", [0.05, 0.7, 20.0])
def test_the_rbf_embedding_gives_the_pairwise_mmd_to_rounding(bandwidth):
    embedding = embeddings.rbf_embedding(_two_worlds(X, Z), bandwidth)
    exact = metrics.mmd2_paired(X, Z, bandwidth)
    assert embeddings.paired_distance(embedding, PAIR)[0, 1] == pytest.approx(exact, abs=1e-12)


def test_the_rbf_embedding_gives_the_pairwise_group_mmd_to_rounding():
    values = np.concatenate([X, Z[:50]])
    groups = np.repeat([0, 1], [200, 50])
    embedding = embeddings.rbf_embedding(values[None, None], 0.9)
    exact = metrics.mmd2_groups(X, Z[:50], 0.9)
    assert embeddings.group_distance(embedding, groups, PAIR)[0, 1] == pytest.approx(
        exact, abs=1e-12
    )


def test_equal_values_in_both_worlds_have_no_distance():
    for embed in (lambda v: embeddings.rbf_embedding(v, 1.0), embeddings.step_embedding):
        embedding = embed(_two_worlds(X, X))
        assert embeddings.paired_distance(embedding, PAIR)[0, 1] == 0.0
        null = embeddings.swapped_distances(embedding, PAIR, Resampling(resamples=5))
        assert null == pytest.approx(np.zeros(5), abs=1e-12)


def test_all_values_equal_is_no_special_case():
    values = np.full((2, 3, 10), 0.25)
    assert embeddings.paired_distance(embeddings.step_embedding(values), PAIR)[0, 1] == 0.0
    embedding = embeddings.rbf_embedding(values, metrics.median_bandwidth(values))
    assert embeddings.paired_distance(embedding, PAIR)[0, 1] == pytest.approx(0.0, abs=1e-15)


def test_the_steps_give_wasserstein_exactly_where_the_grid_holds_every_value():
    embedding = embeddings.step_embedding(_two_worlds(X, Z), at_most=400)
    exact = metrics.wasserstein1(X, Z)
    assert embeddings.paired_distance(embedding, PAIR)[0, 1] == pytest.approx(exact, rel=1e-10)


def test_a_coarse_grid_is_close_to_wasserstein():
    embedding = embeddings.step_embedding(_two_worlds(X, X + 0.4))
    assert embeddings.paired_distance(embedding, PAIR)[0, 1] == pytest.approx(0.4, rel=0.02)


def test_draws_are_pooled_within_their_row():
    draws = np.stack([np.stack([X, X + 1]), np.stack([Z, Z - 1])])  # (K, S, N)
    embedding = embeddings.step_embedding(draws, at_most=10_000)
    exact = metrics.wasserstein1(draws[0].ravel(), draws[1].ravel())
    assert embeddings.paired_distance(embedding, PAIR)[0, 1] == pytest.approx(exact, rel=1e-10)


@pytest.mark.parametrize("worlds", [2, 3])
def test_swapped_distances_equal_a_loop_over_swapped_tables(worlds):
    values = RNG.normal(size=(worlds, 1, 15)) + np.arange(worlds)[:, None, None]
    pairs = list(combinations(range(worlds), 2))
    resampling = Resampling(resamples=6, seed=3)
    orders = row_permutations(15, worlds, resampling)  # (B, N, K)
    null = embeddings.swapped_distances(embeddings.rbf_embedding(values, 1.0), pairs, resampling)
    for b in range(6):
        swapped = np.stack([values[orders[b, i], 0, i] for i in range(15)], axis=1)  # (K, N)
        loop = [metrics.mmd2_paired(swapped[a], swapped[c], 1.0) for a, c in pairs]
        assert null[b] == pytest.approx(np.mean(loop), abs=1e-12)


def test_permuted_group_distances_equal_a_loop_over_permuted_labels():
    values, groups = RNG.normal(size=30), np.repeat([0, 1, 2], [15, 10, 5])
    pairs = [(0, 1), (0, 2), (1, 2)]
    resampling = Resampling(resamples=4, seed=5)
    embedding = embeddings.rbf_embedding(values[None, None], 1.0)
    null = embeddings.permuted_group_distances(embedding, groups, pairs, resampling)
    generator = resampling.generator()
    for b in range(4):
        labels = generator.permutation(groups)
        loop = [
            metrics.mmd2_groups(values[labels == a], values[labels == c], 1.0) for a, c in pairs
        ]
        assert null[b] == pytest.approx(np.mean(loop), abs=1e-12)


def test_the_radius_bounds_the_error_of_the_mean_embedding_at_its_level():
    rng = np.random.default_rng(6)
    covered = []
    for repeat in range(200):
        shared = rng.normal(size=60)
        x, y = shared + 0.5 * rng.normal(size=60), shared + 0.5 * rng.normal(size=60)
        embedding = embeddings.rbf_embedding(_two_worlds(x, y), 1.0)
        means = embedding.features.mean(axis=0)
        length = float(np.linalg.norm(means[0] - means[1]))  # the true distance is 0
        resampling = Resampling(resamples=100, seed=repeat)
        covered.append(length <= embeddings.paired_radius(embedding, PAIR, resampling))
    standard_error = np.sqrt(0.95 * 0.05 / 200)
    assert abs(np.mean(covered) - 0.95) < 5 * standard_error
