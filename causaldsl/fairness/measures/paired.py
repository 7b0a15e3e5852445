"""All rows in two worlds: distances between the distributions of the same rows' predictions.

Worlds are paired, so the noise floor comes from swapping worlds within rows.
"""

from __future__ import annotations

import numpy as np

from causaldsl.diagnostics.model import FairnessError
from causaldsl.fairness import embeddings, exoc_paper, metrics
from causaldsl.fairness.intervals import Resampling, floor_of
from causaldsl.fairness.measures.distance import (
    WASS_SWAPS,
    Embed,
    Exact,
    ball_interval,
    binned_cost,
    mean_of,
    paper_mean,
    rbf,
)
from causaldsl.fairness.measures.subject import (
    Measure,
    MetricValue,
    Subject,
    named_pairs,
    worlds_of,
)

SWAPPED = "worlds swapped within rows"


def _paired_measure(metric: str, embed: Embed, exact: Exact | None = None) -> Measure:
    """Return the measure of a distance between worlds of the same rows, averaged over pairs."""

    def measure(subject: Subject, resampling: Resampling | None) -> MetricValue:
        names, values, pairs = worlds_of(subject).paired()
        n_rows = values.shape[2]
        if n_rows < 2:
            raise FairnessError([metrics.small_group(names[0], n_rows)])
        embedding = embed(values)
        distances = (
            {(a, b): exact(values[a].reshape(-1), values[b].reshape(-1)) for a, b in pairs}
            if exact
            else embeddings.paired_distance(embedding, pairs)
        )
        estimate = mean_of(distances)
        interval = floor = None
        if resampling:
            null = embeddings.swapped_distances(embedding, pairs, resampling)
            floor = floor_of(null, estimate, resampling.level, SWAPPED)
            radius = embeddings.paired_radius(embedding, pairs, resampling)
            means = embedding.features.mean(axis=0)
            interval = ball_interval(estimate, means, pairs, radius, embedding, resampling)
        return MetricValue(
            metric=metric,
            estimate=estimate,
            interval=interval,
            floor=floor,
            n_rows=n_rows,
            by=named_pairs(distances, names),
        )

    return measure


measure_cf_mmd2 = _paired_measure("cf_mmd2", rbf)
measure_cf_w1 = _paired_measure("cf_w1", embeddings.step_embedding, metrics.wasserstein1)
measure_mmd_exoc = _paired_measure("mmd_exoc", paper_mean)


def measure_wass_exoc(subject: Subject, resampling: Resampling | None) -> MetricValue:
    """Return the paper's entropic cost between worlds, on the first draw; a floor, no interval."""
    names, values, pairs = worlds_of(subject).paired()
    first = values[:, 0]  # (K, N)
    distances = {(a, b): exoc_paper.wass_exoc(first[a], first[b]) for a, b in pairs}
    estimate = mean_of(distances)
    floor = None
    if resampling:
        generator = resampling.generator()
        shuffled = (generator.permuted(first, axis=0) for _ in range(WASS_SWAPS))
        null = np.array([binned_cost(list(worlds), pairs) for worlds in shuffled])
        floor = floor_of(null, estimate, resampling.level, SWAPPED + ", values binned")
    return MetricValue(
        metric="wass_exoc",
        estimate=estimate,
        floor=floor,
        n_rows=first.shape[1],
        by=named_pairs(distances, names),
    )
