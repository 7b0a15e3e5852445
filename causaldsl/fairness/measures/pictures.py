"""Measures of pictures that a model made under an intervention."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np

from causaldsl.fairness import picture_metrics as metrics
from causaldsl.fairness.intervals import Resampling, floor_of, mean_interval
from causaldsl.fairness.measures.subject import MetricValue
from causaldsl.fairness.picture_classifier import PictureClassifier
from causaldsl.fairness.predictor import BoolArray, FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureSubject:
    """Pictures ``(n, c, h, w)`` made of originals, and what is known about them.

    `attributes` are those of the originals, `expected` those that the made pictures should have;
    where the two differ was intervened. `truth` are the true counterfactuals; `caused` and
    `correlated` ``(n, h, w)`` say which pixels the intervention may move and which only go with it.
    `reader` reads attributes, `identity` is a classifier of the attributes that were not
    intervened on. `reference` are the pictures that the made ones should be distributed like, the
    originals unless others are given.
    """

    name: str
    original: FloatArray = field(repr=False)
    made: FloatArray = field(repr=False)
    attributes: Mapping[str, FloatArray] = field(repr=False)
    expected: Mapping[str, FloatArray] = field(repr=False)
    truth: FloatArray | None = field(default=None, repr=False)
    caused: BoolArray | None = field(default=None, repr=False)
    correlated: BoolArray | None = field(default=None, repr=False)
    reader: PictureClassifier | None = field(default=None, repr=False)
    identity: PictureClassifier | None = field(default=None, repr=False)
    reference: FloatArray | None = field(default=None, repr=False)

    @property
    def has(self) -> frozenset[str]:
        """The requirements that this subject meets, in the words of the register."""
        present = {
            "truth": self.truth is not None,
            "masks": self.caused is not None and self.correlated is not None,
            "reader": self.reader is not None,
            "identity": self.identity is not None,
        }
        return frozenset(word for word, holds in present.items() if holds)

    @property
    def intervened(self) -> tuple[str, ...]:
        """The attributes that some row should change."""
        return tuple(
            name for name in self.expected if (self.expected[name] != self.attributes[name]).any()
        )


T = TypeVar("T")
PictureMeasure = Callable[[PictureSubject, Resampling | None], MetricValue]


def _given(value: T | None) -> T:
    if value is None:
        raise ValueError("this metric needs what the subject lacks")
    return value


def _mean(name: str, rows: FloatArray, resampling: Resampling | None) -> MetricValue:
    rows = rows[~np.isnan(rows)]
    return MetricValue(
        metric=name,
        estimate=float(rows.mean()) if len(rows) else None,
        interval=mean_interval(rows, resampling.level) if resampling else None,
        n_rows=len(rows),
    )


def measure_pixel_error_caused(
    subject: PictureSubject, resampling: Resampling | None
) -> MetricValue:
    """Return the mean pixel error where the intervention moves something."""
    rows = metrics.pixel_errors(subject.made, _given(subject.truth), _given(subject.caused))
    return _mean("pixel_error_caused", rows, resampling)


def measure_pixel_error_correlated(
    subject: PictureSubject, resampling: Resampling | None
) -> MetricValue:
    """Return the mean pixel error where something is only correlated."""
    rows = metrics.pixel_errors(subject.made, _given(subject.truth), _given(subject.correlated))
    return _mean("pixel_error_correlated", rows, resampling)


def measure_pixel_error_rest(subject: PictureSubject, resampling: Resampling | None) -> MetricValue:
    """Return the mean pixel error everywhere else."""
    elsewhere = ~(_given(subject.caused) | _given(subject.correlated))
    rows = metrics.pixel_errors(subject.made, _given(subject.truth), elsewhere)
    return _mean("pixel_error_rest", rows, resampling)


def measure_caused_moved(subject: PictureSubject, resampling: Resampling | None) -> MetricValue:
    """Return how much of the true change was made in the caused parts."""
    del resampling  # a ratio of sums over all rows
    moved = metrics.share_moved(
        subject.original, subject.made, _given(subject.truth), _given(subject.caused)
    )
    estimate = None if np.isnan(moved) else moved
    return MetricValue(metric="caused_moved", estimate=estimate, n_rows=len(subject.made))


def measure_attribute_accuracy(
    subject: PictureSubject, resampling: Resampling | None
) -> MetricValue:
    """Return the share of attributes that the reader finds as they should be, by attribute too."""
    reader = _given(subject.reader)
    read = reader.probabilities(subject.made) >= 0.5  # (n, k)
    wanted = np.stack([subject.expected[name] == 1 for name in reader.names], axis=1)
    right = (read == wanted).astype(np.float64)
    found = _mean("attribute_accuracy", right.mean(axis=1), resampling)
    by = {name: float(column.mean()) for name, column in zip(reader.names, right.T, strict=True)}
    return MetricValue(
        metric=found.metric,
        estimate=found.estimate,
        interval=found.interval,
        n_rows=found.n_rows,
        by=by,
    )


def measure_fid(subject: PictureSubject, resampling: Resampling | None) -> MetricValue:
    """Return the Frechet distance of features, with what equally distributed sets would have."""
    reader = _given(subject.reader)
    wanted = subject.original if subject.reference is None else subject.reference
    x, y = reader.features(wanted), reader.features(subject.made)
    estimate = metrics.frechet_distance(x, y)
    floor = None
    if resampling is not None:
        both, generator = np.concatenate([x, y]), resampling.generator()
        orders = (generator.permutation(len(both)) for _ in range(resampling.resamples))
        null = [metrics.frechet_distance(both[o[: len(x)]], both[o[len(x) :]]) for o in orders]
        said = "sets exchanged over pictures"
        floor = floor_of(np.array(null), estimate, resampling.level, said)
    return MetricValue(metric="fid", estimate=estimate, floor=floor, n_rows=len(y))


def measure_identity_kept(subject: PictureSubject, resampling: Resampling | None) -> MetricValue:
    """Return the share of pictures that are nearer to their original than strangers are.

    A picture's group is what the reader sees in it of the attributes intervened on: a picture that
    was left as it is keeps its identity.
    """
    network, reader = _given(subject.identity), _given(subject.reader)
    shown = [reader.names.index(name) for name in subject.intervened if name in reader.names]
    original, made = (
        (reader.probabilities(images)[:, shown] >= 0.5) @ (2 ** np.arange(len(shown)))
        for images in (subject.original, subject.made)
    )
    kept = metrics.identity_kept(
        network.features(subject.original), original, network.features(subject.made), made
    )
    return _mean("identity_kept", kept.astype(np.float64), resampling)
