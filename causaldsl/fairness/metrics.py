r"""Metrics as pure array functions: short, without resampling, blind to where data are from.

Notation: predictions :math:`\hat Y`, rows N, draws S, worlds W. Counterfactual functions take the
same rows in two worlds (`paired`), group functions two sets of different rows. Neither is the
other: equal group distributions say nothing about one person's counterfactual.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from scipy import stats
from sklearn.metrics import roc_auc_score

from causaldsl.diagnostics.codes import diagnostic
from causaldsl.diagnostics.model import Diagnostic, FairnessError
from causaldsl.fairness.predictor import BoolArray, FloatArray

CHUNK = 1024  # rows of a pairwise block: 1024 x 20 000 float64 values are 160 MB


def rmse(outcome: FloatArray, predicted: FloatArray) -> float:
    """Return the root mean squared error, in the outcome's unit."""
    return float(np.sqrt(np.mean((outcome - predicted) ** 2)))


def mae(outcome: FloatArray, predicted: FloatArray) -> float:
    """Return the mean absolute error, in the outcome's unit."""
    return float(np.mean(np.abs(outcome - predicted)))


def accuracy(outcome: FloatArray, predicted: FloatArray) -> float:
    """Return the share of rows where ``P(outcome = 1) >= 1/2`` says the outcome."""
    return float(np.mean((predicted >= 0.5) == (outcome == 1)))


def auc(outcome: FloatArray, predicted: FloatArray) -> float:
    """Return the area under the ROC curve: P(a random 1 scores above a random 0), ties half."""
    classes = np.unique(outcome)
    if len(classes) < 2:
        raise FairnessError([one_class(float(classes[0]))])
    return float(roc_auc_score(outcome, predicted))


def auc_components(outcome: FloatArray, predicted: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return DeLong's structural components: each 1's share of 0s below it, each 0's of 1s above.

    Their means are the AUC, their variances over the class sizes add up to its variance
    (DeLong, DeLong and Clarke-Pearson 1988), here through midranks (Sun and Xu 2014).
    """
    ones, zeros = predicted[outcome == 1], predicted[outcome != 1]
    ranks = stats.rankdata(np.concatenate([ones, zeros]))
    of_ones = (ranks[: len(ones)] - stats.rankdata(ones)) / len(zeros)
    of_zeros = 1.0 - (ranks[len(ones) :] - stats.rankdata(zeros)) / len(ones)
    return of_ones, of_zeros


@dataclass(frozen=True, slots=True, kw_only=True)
class RowGaps:
    """Unit-level gaps of the rows that some world changes, each ``(n,)``.

    `absolute` is the mean over draws of the absolute difference, `of_mean` the absolute mean over
    draws, both then averaged over the worlds that differ from the row's own, with equal weights.
    `exceed` is the share of those worlds' draws whose absolute difference is above epsilon,
    `worst` the same share in the row's worst world.
    """

    absolute: FloatArray = field(repr=False)
    of_mean: FloatArray = field(repr=False)
    exceed: FloatArray | None = field(default=None, repr=False)
    worst: FloatArray | None = field(default=None, repr=False)


def row_gaps(
    factual: FloatArray,
    counterfactual: FloatArray,
    differs: BoolArray | None = None,
    epsilon: float | None = None,
) -> RowGaps:
    r"""Return each row's counterfactual gaps, :math:`|\hat Y_i - \hat Y_i^{(s)}[S \leftarrow s']|`.

    Parameters
    ----------
    factual
        Predictions on the facts, ``(N,)``, or ``(S, N)`` where these are draws too.
    counterfactual
        Predictions with the same latents and noise in each world: ``(W, S, N)``, or ``(S, N)``
        for one world.
    differs
        ``(W, N)``: the worlds that change the row's own value. Others take no part.
    epsilon
        What counts as a difference; without it `exceed` and `worst` are None.
    """
    worlds = counterfactual if counterfactual.ndim == 3 else counterfactual[None]
    applies = np.ones(worlds.shape[::2], dtype=bool) if differs is None else differs  # (W, N)
    kept = applies.any(axis=0)
    applies, difference = applies[:, kept], (worlds - factual)[:, :, kept]  # (W, S, n)
    n_worlds = applies.sum(axis=0)

    def over_worlds(values: FloatArray) -> FloatArray:
        return np.asarray(np.where(applies, values, 0.0).sum(axis=0) / n_worlds)

    absolute = over_worlds(np.abs(difference).mean(axis=1))
    of_mean = over_worlds(np.abs(difference.mean(axis=1)))
    if epsilon is None:
        return RowGaps(absolute=absolute, of_mean=of_mean)
    beyond = (np.abs(difference) > epsilon).mean(axis=1)  # (W, n)
    return RowGaps(
        absolute=absolute,
        of_mean=of_mean,
        exceed=over_worlds(beyond),
        worst=np.where(applies, beyond, 0.0).max(axis=0),
    )


def median_bandwidth(values: FloatArray, at_most: int = 2000) -> float:
    """Return the RBF bandwidth by the median heuristic: the median pairwise distance.

    Above `at_most` values it is taken over that many order statistics at equally spaced ranks,
    which does not depend on the order of rows. Where more than half of the pairs are ties it is
    the mean of the distances that are not zero. It is never below 1/300 of the range, and 1 where
    all values are equal.
    """
    ordered = np.sort(values, axis=None)
    span = float(ordered[-1] - ordered[0])
    if span == 0.0:
        return 1.0
    if len(ordered) > at_most:
        ranks = np.linspace(0, len(ordered) - 1, at_most).round().astype(np.int64)
        ordered = ordered[ranks]
    upper = np.triu_indices(len(ordered), k=1)
    distances = (ordered[None, :] - ordered[:, None])[upper]
    median = float(np.median(distances))
    if median == 0.0:
        median = float(distances[distances > 0].mean()) if distances.any() else span
    return max(median, span / 300)


def mmd2_paired(x: FloatArray, y: FloatArray, bandwidth: float) -> float:
    r"""Return the unbiased squared MMD between two worlds of the same rows, pairwise and exact.

    .. math:: \frac{1}{n(n-1)} \sum_{i \ne j} k(x_i,x_j) + k(y_i,y_j) - k(x_i,y_j) - k(x_j,y_i)

    with :math:`k(a,b) = \exp(-(a-b)^2 / 2h^2)` (Gretton et al. 2012, Lemma 6). Leaving out
    the pairs :math:`(x_i, y_i)` keeps it unbiased when a row's two worlds depend on each other.
    Time grows with the square of the rows; `embeddings` has the same number in linear time.
    """
    n = len(x)
    if n < 2:
        raise FairnessError([small_group("this world", n)])
    cross = _kernel_sum(x, y, bandwidth) - float(_kernel(x - y, bandwidth).sum())
    within = _kernel_sum(x, x, bandwidth) + _kernel_sum(y, y, bandwidth) - 2 * n
    return (within - 2 * cross) / (n * (n - 1))


def mmd2_groups(x: FloatArray, y: FloatArray, bandwidth: float) -> float:
    """Return the unbiased squared MMD between two groups of different rows, pairwise and exact."""
    for name, group in (("the first group", x), ("the second group", y)):
        if len(group) < 2:
            raise FairnessError([small_group(name, len(group))])
    n, m = len(x), len(y)
    within_x = (_kernel_sum(x, x, bandwidth) - n) / (n * (n - 1))
    within_y = (_kernel_sum(y, y, bandwidth) - m) / (m * (m - 1))
    return within_x + within_y - 2 * _kernel_sum(x, y, bandwidth) / (n * m)


def _kernel(difference: FloatArray, bandwidth: float) -> FloatArray:
    return np.exp(-0.5 * (difference / bandwidth) ** 2)


def _kernel_sum(x: FloatArray, y: FloatArray, bandwidth: float) -> float:
    """Return the sum of the kernel over all pairs, block by block, exactly."""
    blocks = (x[start : start + CHUNK] for start in range(0, len(x), CHUNK))
    return float(sum(_kernel(block[:, None] - y[None, :], bandwidth).sum() for block in blocks))


def wasserstein1(x: FloatArray, y: FloatArray) -> float:
    r"""Return the exact Wasserstein-1 distance, :math:`\int |F_x - F_y|`, in the values' unit."""
    return float(stats.wasserstein_distance(x, y))


def mean_difference(x: FloatArray, y: FloatArray) -> float:
    """Return the absolute difference of two means (two groups: demographic parity of the mean)."""
    return abs(float(x.mean() - y.mean()))


def one_class(value: float) -> Diagnostic:
    """CD802: the AUC compares two classes."""
    return diagnostic(
        "CD802", f"every outcome of these rows is {value:g}, the AUC needs both classes"
    )


def small_group(name: str, n_rows: int) -> Diagnostic:
    """CD801: a distribution needs two rows."""
    rows = "1 row" if n_rows == 1 else f"{n_rows} rows"
    return diagnostic(
        "CD801",
        f"`{name}` has {rows}, a distance between distributions needs at least 2",
        hint="leave the level out with `else drop`, or use more test rows",
    )
