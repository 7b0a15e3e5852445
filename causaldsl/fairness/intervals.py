r"""Intervals and noise floors: how sure an estimate is, and what it would be with no effect.

Distances between distributions are norms of a mean embedding, :math:`\|\bar\Delta\|`. At zero
they are not smooth, so their bootstrap percentiles are wrong exactly where fairness is claimed. Two
things stay valid there: swapping worlds within rows (the floor), and the triangle inequality
:math:`|\,\|\bar\Delta\| - \|\Delta\|\,| \le \|\bar\Delta - \Delta\|`, whose right side is
bootstrapped (the interval, conservative).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import stats

from causaldsl.fairness.predictor import FloatArray, IntArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """An interval of nominal coverage `level` and how it was made."""

    low: float
    high: float
    level: float
    method: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Floor:
    """What the estimate is when nothing differs: its mean and its upper `level` quantile.

    `p_value` is the share of null values at least as large as the estimate (the estimate itself
    counted among them), where the null values are drawn.
    """

    mean: float
    upper: float
    level: float
    method: str
    p_value: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Resampling:
    """How many resamples, from which seed, to which level."""

    resamples: int = 200
    seed: int = 0
    level: float = 0.95

    def generator(self) -> np.random.Generator:
        """Return a fresh generator, so that every metric sees the same resamples."""
        return np.random.default_rng(self.seed)


def mean_interval(values: FloatArray, level: float) -> Interval | None:
    """Return the normal interval of a mean over rows, none for fewer than two rows."""
    if len(values) < 2:
        return None
    half = float(stats.norm.ppf(0.5 + level / 2) * values.std(ddof=1) / math.sqrt(len(values)))
    mean = float(values.mean())
    return Interval(low=mean - half, high=mean + half, level=level, method="normal, over rows")


def quantile_interval(values: FloatArray, share: float, level: float) -> Interval | None:
    """Return the distribution-free interval of a quantile: two order statistics.

    The number of rows below the true quantile is Binomial(n, share). None where the sample is too
    small for the level, which for the 95th percentile at 0.95 means fewer than 72 rows.
    """
    n = len(values)
    low = int(stats.binom.ppf((1 - level) / 2, n, share))
    high = int(stats.binom.ppf((1 + level) / 2, n, share)) + 1
    if low < 1 or high > n:
        return None
    ordered = np.sort(values)
    return Interval(
        low=float(ordered[low - 1]),
        high=float(ordered[high - 1]),
        level=level,
        method="order statistics",
    )


def bootstrap_interval(
    statistic: Callable[[FloatArray], FloatArray], n_rows: int, resampling: Resampling
) -> Interval:
    """Return the percentile bootstrap interval over rows.

    `statistic` maps row weights ``(B, N)``, each row of them summing to 1, to ``(B,)``.
    """
    values = statistic(bootstrap_weights(n_rows, resampling))
    tail = (1 - resampling.level) / 2
    low, high = np.quantile(values, [tail, 1 - tail])
    return Interval(
        low=float(low), high=float(high), level=resampling.level, method="bootstrap over rows"
    )


def bootstrap_weights(n_rows: int, resampling: Resampling) -> FloatArray:
    """Return resampled row weights ``(B, N)``; each row of them sums to 1."""
    counts = resampling.generator().multinomial(
        n_rows, np.full(n_rows, 1.0 / n_rows), size=resampling.resamples
    )
    return counts.astype(np.float64) / n_rows


def row_permutations(n_rows: int, n_worlds: int, resampling: Resampling) -> IntArray:
    """Return ``(B, N, K)``: for each row an independent order of its K worlds."""
    shape = (resampling.resamples, n_rows, n_worlds)
    return np.argsort(resampling.generator().random(shape), axis=-1)


def floor_of(null: FloatArray, estimate: float, level: float, method: str) -> Floor:
    """Return the floor from null values ``(B,)``, with the estimate's permutation p-value."""
    tolerance = 1e-9 * max(1.0, abs(estimate))  # equal up to rounding counts as at least as large
    at_least = int(np.sum(null >= estimate - tolerance))
    return Floor(
        mean=float(null.mean()),
        upper=float(np.quantile(null, level)),
        level=level,
        method=method,
        p_value=(1 + at_least) / (1 + len(null)),
    )
