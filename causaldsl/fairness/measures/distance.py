"""What distances between worlds and between groups share: embeddings, intervals, binned cost."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from causaldsl.fairness import embeddings, exoc_paper, metrics
from causaldsl.fairness.embeddings import Embedding, Pairs
from causaldsl.fairness.intervals import Interval, Resampling
from causaldsl.fairness.predictor import FloatArray

WASS_BINS = 256  # the noise floor of the entropic cost is drawn on this many merged points
WASS_SWAPS = 50

Embed = Callable[[FloatArray], Embedding]
Exact = Callable[[FloatArray, FloatArray], float]
Distances = dict[tuple[int, int], float]


def rbf(values: FloatArray) -> Embedding:
    """Return the RBF embedding at the pooled median bandwidth, which no permutation changes."""
    return embeddings.rbf_embedding(values, metrics.median_bandwidth(values))


def paper_mean(values: FloatArray) -> Embedding:
    """Return predictions of the first draw over 0.003, since the paper decodes each row once."""
    return embeddings.identity_embedding(values[:, :1], exoc_paper.MMD_SCALE)


def mean_as_sum(values: FloatArray) -> Embedding:
    """Return the predictions under the 1-norm: an absolute mean difference."""
    return Embedding(features=embeddings.identity_embedding(values).features, norm="sum")


def mean_of(distances: Distances) -> float:
    """Return the mean over pairs."""
    return float(np.mean(list(distances.values())))


def ball_interval(
    estimate: float,
    means: FloatArray,
    pairs: Pairs,
    radius: float,
    embedding: Embedding,
    resampling: Resampling,
) -> Interval:
    """Return the interval from the triangle inequality, squared for squared distances.

    `means` is each world's or group's mean embedding, ``(K, F)``. A 1-norm starts from the exact
    estimate, a 2-norm from the length of the mean differences.
    """
    if embedding.norm == "sum":
        low, high = max(0.0, estimate - radius), estimate + radius
    else:
        squares = [((means[a] - means[b]) ** 2).sum() for a, b in pairs]
        length = math.sqrt(float(np.mean(squares)))
        low, high = max(0.0, length - radius) ** 2, (length + radius) ** 2
    return Interval(
        low=low, high=high, level=resampling.level, method="norm ball, bootstrap over rows"
    )


def binned_cost(samples: Sequence[FloatArray], pairs: Pairs) -> float:
    """Return the paper's mean entropic cost over pairs, with values merged into equal bins."""
    binned = [_binned(sample) for sample in samples]
    return float(np.mean([exoc_paper.wass_exoc_weighted(*binned[a], *binned[b]) for a, b in pairs]))


def _binned(values: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the mean of each occupied bin and its share of the rows."""
    low, span = values.min(), float(np.ptp(values)) or 1.0
    index = ((values - low) / span * (WASS_BINS - 1)).round().astype(np.int64)
    counts = np.bincount(index)
    occupied = counts > 0
    means = np.bincount(index, weights=values)[occupied] / counts[occupied]
    return means, counts[occupied] / len(values)
