r"""Distances between worlds or groups as norms of mean embeddings, in time linear in the rows.

A prediction becomes a vector: trigonometric features whose dot product is the RBF kernel (MMD),
its steps :math:`1[v \le g]` on a grid (Wasserstein-1), or itself (mean difference). A distance is
then a norm of a difference of means, and swaps and bootstraps are matrix products.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from causaldsl.fairness.intervals import Resampling, bootstrap_weights, row_permutations
from causaldsl.fairness.predictor import FloatArray, IntArray

Pairs = Sequence[tuple[int, int]]
REACH = 8.5  # exp(-8.5^2 / 2) is 2e-16: where a Gaussian ends in float64


@dataclass(frozen=True, slots=True, kw_only=True)
class Embedding:
    """Features of each row in each world, ``(N, K, F)``, and the norm that makes the distance.

    ``unbiased`` is the squared 2-norm without the diagonal terms, ``squared`` with them, ``sum``
    the 1-norm.
    """

    features: FloatArray = field(repr=False)
    norm: Literal["unbiased", "squared", "sum"]


def rbf_embedding(values: FloatArray, bandwidth: float) -> Embedding:
    r"""Return trigonometric features of ``(K, S, N)`` values, averaged over the draws.

    The Gaussian is its own spectrum, and the trapezoid rule
    :math:`k(t) = \sum_m w_m \cos(\omega_m t)` converges to it faster than any power: with a step of
    :math:`2\pi / (range + 8.5h)` and a reach of :math:`8.5/h` it is exact to rounding.
    """
    centre = 0.5 * (values.max() + values.min())
    step = 2 * math.pi / (float(np.ptp(values)) + REACH * bandwidth)
    n_waves = math.ceil(REACH / bandwidth / step)
    waves = step * np.arange(n_waves + 1)
    weights = step * bandwidth / math.sqrt(2 * math.pi) * np.exp(-0.5 * (waves * bandwidth) ** 2)
    weights[1:] *= 2
    turn = np.exp(1j * step * (values - centre))  # (K, S, N)
    power = np.ones_like(turn)
    features = np.empty((values.shape[2], values.shape[0], 2 * n_waves + 1))
    features[:, :, 0] = math.sqrt(weights[0])
    for m in range(1, n_waves + 1):
        power *= turn
        wave = math.sqrt(weights[m]) * power.mean(axis=1).T  # (N, K)
        features[:, :, 2 * m - 1] = wave.real
        features[:, :, 2 * m] = wave.imag
    return Embedding(features=features, norm="unbiased")


def step_embedding(values: FloatArray, at_most: int = 256) -> Embedding:
    """Return the steps of each row's distribution function on a grid, times the grid's spacing.

    The grid holds the distinct values, or `at_most` order statistics of them at equally spaced
    ranks; the 1-norm of a difference is then Wasserstein-1 up to the spacing.
    """
    grid = np.unique(values)
    if len(grid) > at_most:
        grid = grid[np.linspace(0, len(grid) - 1, at_most).round().astype(np.int64)]
    worlds, draws, rows = values.shape
    below = np.searchsorted(grid, values, side="left").clip(max=len(grid) - 1)  # (K, S, N)
    cell = np.arange(rows)[None, None, :] * worlds + np.arange(worlds)[:, None, None]
    index = (cell * len(grid) + below).reshape(-1)
    counts = np.bincount(index, minlength=rows * worlds * len(grid))
    steps = counts.reshape(rows, worlds, len(grid)).cumsum(axis=2) / draws
    return Embedding(features=steps[:, :, :-1] * np.diff(grid), norm="sum")


def identity_embedding(values: FloatArray, scale: float = 1.0) -> Embedding:
    """Return the predictions themselves, averaged over draws and divided by `scale`."""
    return Embedding(features=values.mean(axis=1).T[:, :, None] / scale, norm="squared")


def paired_distance(embedding: Embedding, pairs: Pairs) -> dict[tuple[int, int], float]:
    """Return the distance of each pair of worlds of the same rows."""
    n = len(embedding.features)
    distances = {}
    for a, b in pairs:
        delta = embedding.features[:, a] - embedding.features[:, b]  # (N, F)
        own = np.sum(delta**2)
        distances[a, b] = float(_distance(delta.sum(axis=0), own, n, embedding.norm))
    return distances


def _distance(total: FloatArray, own: FloatArray | float, n: int, norm: str) -> FloatArray:
    """Return the distance from summed differences ``(..., F)`` and the sum of their squares."""
    if norm == "sum":
        return np.asarray(np.abs(total).sum(axis=-1) / n)
    squared = np.asarray((total**2).sum(axis=-1))
    return squared / n**2 if norm == "squared" else (squared - own) / (n * (n - 1))


def swapped_distances(embedding: Embedding, pairs: Pairs, resampling: Resampling) -> FloatArray:
    """Return ``(B,)`` mean distances over pairs, the worlds permuted within every row.

    If the worlds of a row are exchangeable, as they are where nothing depends on the sensitive
    variable, each permutation was as likely as what was seen.
    """
    features = embedding.features
    n, worlds, _ = features.shape
    orders = row_permutations(n, worlds, resampling)  # (B, N, K)
    totals = [
        sum((orders[:, :, k] == j).astype(np.float64) @ features[:, j] for j in range(worlds))
        for k in range(worlds)
    ]  # K times (B, F)
    null = np.zeros(resampling.resamples)
    for a, b in pairs:
        own = _swapped_squares(features, orders, a, b) if embedding.norm == "unbiased" else 0.0
        null += _distance(totals[a] - totals[b], own, n, embedding.norm)
    return np.asarray(null / len(pairs))


def _swapped_squares(features: FloatArray, orders: IntArray, a: int, b: int) -> FloatArray:
    """Return ``(B,)``: the sum over rows of the squared difference of the permuted worlds."""
    gram = np.einsum("njf,nkf->njk", features, features)
    diagonal = np.einsum("njj->nj", gram)
    squares = diagonal[:, :, None] + diagonal[:, None, :] - 2 * gram  # (N, K, K)
    rows = np.arange(len(features))[None, :]
    picked: FloatArray = squares[rows, orders[:, :, a], orders[:, :, b]]
    return np.asarray(picked.sum(axis=1))


def paired_radius(embedding: Embedding, pairs: Pairs, resampling: Resampling) -> float:
    """Return the `level` quantile of the bootstrapped norm of (mean difference - its truth)."""
    deltas = [embedding.features[:, a] - embedding.features[:, b] for a, b in pairs]
    weights = bootstrap_weights(len(embedding.features), resampling)
    errors = [weights @ delta - delta.mean(axis=0) for delta in deltas]  # P times (B, F)
    return _radius(errors, embedding, resampling)


def _radius(errors: Sequence[FloatArray], embedding: Embedding, resampling: Resampling) -> float:
    """Return the quantile of the norm, averaged over pairs (for 2-norms: in squares)."""
    if embedding.norm == "sum":
        norms = np.mean([np.abs(error).sum(axis=1) for error in errors], axis=0)
    else:
        norms = np.sqrt(np.mean([(error**2).sum(axis=1) for error in errors], axis=0))
    return float(np.quantile(norms, resampling.level))


def group_distance(
    embedding: Embedding, groups: IntArray, pairs: Pairs
) -> dict[tuple[int, int], float]:
    """Return the distance of each pair of groups of different rows (features ``(N, 1, F)``)."""
    indicator = _indicator(groups, pairs)[:, None, :]  # (K, 1, N)
    totals = indicator @ embedding.features[:, 0]  # (K, 1, F)
    sizes = indicator.sum(axis=-1)[:, 0]
    return {
        (a, b): float(_group_distance(totals, sizes, a, b, embedding.norm)[0]) for a, b in pairs
    }


def _indicator(groups: IntArray, pairs: Pairs) -> FloatArray:
    n_groups = 1 + max(max(pair) for pair in pairs)
    members = groups[None, :] == np.arange(n_groups)[:, None]
    return np.asarray(members, dtype=np.float64)


def _group_distance(totals: FloatArray, sizes: FloatArray, a: int, b: int, norm: str) -> FloatArray:
    """Return the distance from group totals ``(K, B, F)``; an RBF feature vector has length 1."""
    difference = totals[a] / sizes[a] - totals[b] / sizes[b]
    if norm == "sum":
        return np.asarray(np.abs(difference).sum(axis=-1))
    if norm == "squared":
        return np.asarray((difference**2).sum(axis=-1))
    within = [
        ((totals[g] ** 2).sum(axis=-1) - sizes[g]) / (sizes[g] * (sizes[g] - 1)) for g in (a, b)
    ]
    cross = (totals[a] * totals[b]).sum(axis=-1) / (sizes[a] * sizes[b])
    return np.asarray(within[0] + within[1] - 2 * cross)


def permuted_group_distances(
    embedding: Embedding, groups: IntArray, pairs: Pairs, resampling: Resampling
) -> FloatArray:
    """Return ``(B,)`` mean distances over pairs, the group labels permuted over the rows."""
    generator = resampling.generator()
    shuffled = np.stack([generator.permutation(groups) for _ in range(resampling.resamples)])
    n_groups = 1 + max(max(pair) for pair in pairs)
    features = embedding.features[:, 0]
    totals = np.stack([(shuffled == g).astype(np.float64) @ features for g in range(n_groups)])
    sizes = _indicator(groups, pairs).sum(axis=1)
    distances = [_group_distance(totals, sizes, a, b, embedding.norm) for a, b in pairs]
    return np.asarray(np.mean(distances, axis=0))


def group_radius(
    embedding: Embedding, groups: IntArray, pairs: Pairs, resampling: Resampling
) -> float:
    """Return the bootstrapped radius, rows resampled within each group."""
    errors: dict[int, FloatArray] = {}
    for g in sorted({group for pair in pairs for group in pair}):
        members = embedding.features[groups == g, 0]
        weights = bootstrap_weights(len(members), resampling_of_group(resampling, g))
        errors[g] = weights @ members - members.mean(axis=0)
    return _radius([errors[a] - errors[b] for a, b in pairs], embedding, resampling)


def resampling_of_group(resampling: Resampling, group: int) -> Resampling:
    """Return the same settings with a seed of the group's own, so that groups are independent."""
    seed = int(np.random.SeedSequence([resampling.seed, group]).generate_state(1)[0])
    return Resampling(resamples=resampling.resamples, seed=seed, level=resampling.level)
