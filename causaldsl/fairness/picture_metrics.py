r"""What counterfactual pictures are worth, as pure array functions.

Notation: an original :math:`x_i`, the picture :math:`x'_i` made of it under an intervention, the
true counterfactual :math:`x^*_i` where it is known; n rows, c channels. Pixels lie from 0 to 1.
"""

from __future__ import annotations

import numpy as np

from causaldsl.diagnostics.model import FairnessError
from causaldsl.fairness.metrics import small_group
from causaldsl.fairness.predictor import BoolArray, FloatArray, IntArray

_RIDGE = 1e-3  # of the largest variance within groups, so that empty directions stay quiet
_SHIFTS = 10  # with how many other rows each row is paired for the threshold


def pixel_errors(made: FloatArray, truth: FloatArray, mask: BoolArray) -> FloatArray:
    r"""Return each row's mean absolute error per masked pixel, :math:`|x' - x^*|`, ``(n,)``.

    Parameters
    ----------
    made, truth
        Pictures ``(n, c, h, w)``.
    mask
        Which pixels count, ``(n, h, w)``; a row without any is NaN.
    """
    distance = np.abs(made - truth).mean(axis=1)  # (n, h, w)
    counted = mask.sum(axis=(1, 2)).astype(np.float64)
    summed = (distance * mask).sum(axis=(1, 2))
    return np.asarray(np.divide(summed, counted, out=np.full(len(made), np.nan), where=counted > 0))


def share_moved(
    original: FloatArray, made: FloatArray, truth: FloatArray, mask: BoolArray
) -> float:
    r"""Return how much of the true change was made, :math:`1 - \sum|x' - x^*| / \sum|x - x^*|`.

    Both sums are over the masked pixels of all rows: 1 for the true picture, 0 for the original
    left as it is, below 0 for what is further off than that; NaN if nothing had to change.
    """
    weight = mask[:, None]
    needed = float((np.abs(original - truth) * weight).sum())
    left = float((np.abs(made - truth) * weight).sum())
    return 1.0 - left / needed if needed > 0 else float("nan")


def frechet_distance(x: FloatArray, y: FloatArray) -> float:
    r"""Return the squared Fréchet distance of two samples' features as if they were Gaussian.

    .. math:: \|m_x - m_y\|^2 + \mathrm{tr}(C_x + C_y - 2 (C_x^{1/2} C_y C_x^{1/2})^{1/2})

    (Dowson and Landau 1982, eq. 4; on features of a network, the FID of Heusel et al. 2017).
    Covariances are divided by n - 1. Biased upwards, more so for fewer rows: only equal numbers of
    rows compare.

    Parameters
    ----------
    x, y
        Features ``(n, f)`` and ``(m, f)``, at least two rows each.
    """
    for name, sample in (("the first set", x), ("the second set", y)):
        if len(sample) < 2:
            raise FairnessError([small_group(name, len(sample))])
    between = x.mean(axis=0) - y.mean(axis=0)
    c_x, c_y = np.atleast_2d(np.cov(x.T)), np.atleast_2d(np.cov(y.T))
    # the trace of the root is the sum of the singular values of C_x^{1/2} C_y^{1/2}
    overlap = np.linalg.svd(_root(c_x) @ _root(c_y), compute_uv=False).sum()
    return float(between @ between + np.trace(c_x) + np.trace(c_y) - 2 * overlap)


def _root(covariance: FloatArray) -> FloatArray:
    values, vectors = np.linalg.eigh(covariance)
    return np.asarray((vectors * np.sqrt(values.clip(0))) @ vectors.T)


def cosines(x: FloatArray, y: FloatArray) -> FloatArray:
    """Return the cosine of each pair of rows, ``(n,)``; 0 where one of them is all zeros."""
    lengths = np.linalg.norm(x, axis=1) * np.linalg.norm(y, axis=1)
    products = (x * y).sum(axis=1)
    return np.asarray(np.divide(products, lengths, out=np.zeros(len(x)), where=lengths > 0))


def identity_features(
    features: FloatArray, groups: IntArray, made: FloatArray, made_groups: IntArray
) -> tuple[FloatArray, FloatArray]:
    """Return features of originals and of pictures made of them, without what groups differ in.

    From each picture's features ``(n, f)`` the mean of the originals of its group is taken, the
    group being the value that it shows of what was intervened on; then both are whitened by the
    originals' covariance within groups. A group that no original has is taken from the mean of all.
    """
    mean = features.mean(axis=0)
    means = {g: features[groups == g].mean(axis=0) for g in np.unique(groups)}
    own = features - np.stack([means[g] for g in groups])
    theirs = made - np.stack([means.get(g, mean) for g in made_groups])
    values, vectors = np.linalg.eigh(own.T @ own / len(own))
    least = max(_RIDGE * values[-1], np.finfo(np.float64).tiny)
    whiten = vectors / np.sqrt(values.clip(0) + least)
    return own @ whiten, theirs @ whiten


def identity_threshold(features: FloatArray, share: float = 0.95) -> float:
    """Return the cosine that this share of pairs of different originals stays below.

    Row i is paired with rows i + 1 to i + 10, cyclically.
    """
    if len(features) < 2:
        raise FairnessError([small_group("the originals", len(features))])
    shifts = range(1, min(_SHIFTS, len(features) - 1) + 1)
    others = [cosines(features, np.roll(features, -k, axis=0)) for k in shifts]
    return float(np.quantile(np.concatenate(others), share))


def identity_kept(
    features: FloatArray, groups: IntArray, made: FloatArray, made_groups: IntArray
) -> BoolArray:
    """Return whether each made picture is nearer to its original than strangers are, ``(n,)``.

    Near is a cosine of `identity_features` above the `identity_threshold` of the originals, which
    one pair of strangers in twenty passes.
    """
    own, theirs = identity_features(features, groups, made, made_groups)
    return np.asarray(cosines(own, theirs) > identity_threshold(own))
