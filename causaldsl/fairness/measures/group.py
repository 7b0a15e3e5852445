"""Different people as they are: distances between groups of factual predictions.

These are group (demographic-parity) differences, not counterfactual ones. Groups are different
rows, so the noise floor comes from permuting the group labels over the rows.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np

from causaldsl.diagnostics.codes import diagnostic
from causaldsl.diagnostics.model import Diagnostic, FairnessError
from causaldsl.fairness import embeddings, exoc_paper, metrics
from causaldsl.fairness.embeddings import Embedding, Pairs
from causaldsl.fairness.intervals import Resampling, floor_of
from causaldsl.fairness.measures.distance import (
    WASS_SWAPS,
    Embed,
    Exact,
    ball_interval,
    binned_cost,
    mean_as_sum,
    mean_of,
    paper_mean,
    rbf,
)
from causaldsl.fairness.measures.subject import Measure, MetricValue, Subject, named_pairs
from causaldsl.fairness.predictor import FloatArray, IntArray

PERMUTED = "group labels permuted over rows"


def _groups(subject: Subject) -> tuple[IntArray, Pairs, tuple[Diagnostic, ...]]:
    """Return the groups, the pairs of those with at least two rows, and what was left out."""
    if subject.groups is None:
        raise ValueError("this metric needs groups")
    sizes = np.bincount(subject.groups, minlength=len(subject.group_names))
    left_out = tuple(
        metrics.small_group(name, int(size))
        for name, size in zip(subject.group_names, sizes, strict=True)
        if size < 2
    )
    pairs = tuple(combinations(np.flatnonzero(sizes >= 2).tolist(), 2))
    if not pairs:
        raise FairnessError(left_out or [one_group(subject.group_names)])
    return subject.groups, pairs, left_out


def _group_measure(metric: str, embed: Embed, exact: Exact | None = None) -> Measure:
    """Return the measure of a distance between groups of rows, averaged over pairs."""

    def measure(subject: Subject, resampling: Resampling | None) -> MetricValue:
        groups, pairs, left_out = _groups(subject)
        predicted = subject.predicted
        embedding = embed(predicted[None, None, :])
        distances = (
            {(a, b): exact(predicted[groups == a], predicted[groups == b]) for a, b in pairs}
            if exact
            else embeddings.group_distance(embedding, groups, pairs)
        )
        estimate = mean_of(distances)
        interval = floor = None
        if resampling:
            null = embeddings.permuted_group_distances(embedding, groups, pairs, resampling)
            floor = floor_of(null, estimate, resampling.level, PERMUTED)
            radius = embeddings.group_radius(embedding, groups, pairs, resampling)
            means = _group_means(embedding, groups, len(subject.group_names))
            interval = ball_interval(estimate, means, pairs, radius, embedding, resampling)
        return MetricValue(
            metric=metric,
            estimate=estimate,
            interval=interval,
            floor=floor,
            n_rows=len(groups),
            by=named_pairs(distances, subject.group_names),
            findings=left_out,
        )

    return measure


def _group_means(embedding: Embedding, groups: IntArray, n_groups: int) -> FloatArray:
    """Return each group's mean embedding ``(K, F)``, zero for an empty group."""
    members = (groups[None, :] == np.arange(n_groups)[:, None]).astype(np.float64)
    sizes = members.sum(axis=1, keepdims=True)
    means: FloatArray = members @ embedding.features[:, 0] / np.maximum(sizes, 1.0)
    return means


measure_group_mean = _group_measure("group_mean_difference", mean_as_sum)
measure_group_mmd2 = _group_measure("group_mmd2", rbf)
measure_group_w1 = _group_measure("group_w1", embeddings.step_embedding, metrics.wasserstein1)
measure_group_mmd_exoc = _group_measure("group_mmd_exoc", paper_mean)


def measure_group_wass_exoc(subject: Subject, resampling: Resampling | None) -> MetricValue:
    """Return the paper's entropic cost between groups; a floor, no interval."""
    groups, pairs, left_out = _groups(subject)
    by_group = [subject.predicted[groups == g] for g in range(len(subject.group_names))]
    distances = {(a, b): exoc_paper.wass_exoc(by_group[a], by_group[b]) for a, b in pairs}
    estimate = mean_of(distances)
    floor = None
    if resampling:
        null = _permuted_costs(subject.predicted, groups, pairs, resampling)
        floor = floor_of(null, estimate, resampling.level, PERMUTED + ", values binned")
    return MetricValue(
        metric="group_wass_exoc",
        estimate=estimate,
        floor=floor,
        n_rows=len(groups),
        by=named_pairs(distances, subject.group_names),
        findings=left_out,
    )


def _permuted_costs(
    predicted: FloatArray, groups: IntArray, pairs: Pairs, resampling: Resampling
) -> FloatArray:
    """Return the entropic cost under permuted labels, ``(WASS_SWAPS,)``; pairs index groups."""
    generator = resampling.generator()
    used = sorted({g for pair in pairs for g in pair})
    position = {g: i for i, g in enumerate(used)}
    places = [(position[a], position[b]) for a, b in pairs]
    shuffled = (generator.permutation(groups) for _ in range(WASS_SWAPS))
    return np.array([binned_cost([predicted[s == g] for g in used], places) for s in shuffled])


def one_group(names: tuple[str, ...]) -> Diagnostic:
    """CD808: a group difference with a single group."""
    return diagnostic("CD808", f"group metrics need two groups, found only `{', '.join(names)}`")
