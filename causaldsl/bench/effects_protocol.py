"""The DCEVAE paper's protocol on a table: effects, marginals, and classifiers on generated rows.

Kim et al., "Counterfactual Fairness with Disentangled Causal Effect Variational Autoencoder", AAAI
2021, and its released code. Everything here is a function of arrays: who made them is not asked.
An effect per row is either a difference of probabilities or one of decisions; an `Effects` says
which, and no function mixes them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from types import MappingProxyType
from typing import Any, Literal

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.svm import SVC

from causaldsl.bench.splits import Split, take_rows
from causaldsl.fairness.predictor import BoolArray, Columns, FloatArray, IntArray

#: What the effects per row are: observed outcomes, probabilities, decisions at one half, or draws.
Version = Literal["observed", "probability", "decision", "sampled"]

#: Total of both column sums below which a chi-square term counts as zero (the released code's).
TINY = 1e-10

#: The paper's strata of binarised Adult, o1 to o4, are the levels of these two in this order.
ADULT_STRATA: Mapping[str, Sequence[str]] = MappingProxyType(
    {"Race": ("0", "1"), "Native_Country": ("0", "1")}
)


# --- effects --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Strata:
    """Rows by the levels of some columns: a stratum's name for each position, and each row's."""

    names: tuple[str, ...]
    index: IntArray = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Effects:
    """Effect of 1 against 0: in total, and by stratum; None where no row can tell."""

    version: Version
    total: float | None
    by_stratum: Mapping[str, float | None]
    rows: Mapping[str, int] = field(repr=False)


def strata_of(columns: Columns, levels: Mapping[str, Sequence[str]]) -> Strata:
    """Return the strata of every combination of levels, the last column's turning fastest.

    Parameters
    ----------
    columns
        Encoded columns: a level is its position, a binary 0 or 1.
    levels
        The columns to go by, with the names of their levels.

    >>> columns = {"Race": np.array([0.0, 1.0, 1.0]), "Native_Country": np.array([1.0, 0.0, 1.0])}
    >>> strata_of(columns, ADULT_STRATA).index.tolist()
    [1, 2, 3]
    """
    sizes = tuple(len(names) for names in levels.values())
    codes = [np.asarray(columns[name]).astype(np.int64) for name in levels]
    return Strata(
        names=tuple(
            ", ".join(f"{n}={level}" for n, level in zip(levels, combination, strict=True))
            for combination in product(*levels.values())
        ),
        index=np.ravel_multi_index(codes, sizes).astype(np.int64),
    )


def signed_effects(factual: FloatArray, flipped: FloatArray, sensitive: FloatArray) -> FloatArray:
    """Return each row's effect of 1 against 0, from its own world and that of the other value.

    ``(flipped - factual) * (+1 where sensitive is 0, else -1)``. Given probabilities it is one
    of probabilities; the released code's summary gives decisions instead, ``probability > 0.5``.

    >>> signed_effects(np.array([0.2, 0.7]), np.array([0.5, 0.6]), np.array([0.0, 1.0])).round(3)
    array([0.3, 0.1])
    """
    return np.where(np.asarray(sensitive) > 0.5, -1.0, 1.0) * (
        np.asarray(flipped, np.float64) - np.asarray(factual, np.float64)
    )


def mean_effects(effects: FloatArray, strata: Strata, version: Version = "probability") -> Effects:
    """Return TE and CE: the means of the rows' effects, of all rows and of each stratum's.

    Raises
    ------
    ValueError
        Effects that are not finite.
    """
    if not np.isfinite(effects).all():
        raise ValueError("every row's effect must be a finite number")

    def mean(rows: BoolArray) -> float | None:
        return float(np.mean(effects[rows])) if rows.any() else None

    return _effects(mean, strata, version)


def observed_effects(outcome: FloatArray, sensitive: FloatArray, strata: Strata) -> Effects:
    """Return the differences of the outcome's means between sensitive 1 and 0, without adjustment.

    They are the effects where the sensitive variable is a root of the graph and the strata are no
    descendants of it: the paper's row "Real".
    """

    def difference(rows: BoolArray) -> float | None:
        groups = [outcome[rows & (sensitive == value)] for value in (1, 0)]
        return float(groups[0].mean() - groups[1].mean()) if all(map(len, groups)) else None

    return _effects(difference, strata, "observed")


def _effects(
    value: Callable[[BoolArray], float | None], strata: Strata, version: Version
) -> Effects:
    within = {name: strata.index == i for i, name in enumerate(strata.names)}
    return Effects(
        version=version,
        total=value(np.ones(len(strata.index), dtype=np.bool_)),
        by_stratum={name: value(rows) for name, rows in within.items()},
        rows={name: int(rows.sum()) for name, rows in within.items()},
    )


def effect_error(effects: Effects, real: Effects) -> float | None:
    """Return the mean over strata of the absolute difference of two effects.

    Strata that either lacks are left out. The paper's own aggregate is not known; its released
    code computes none.
    """
    pairs = [(effects.by_stratum[name], real.by_stratum[name]) for name in real.by_stratum]
    gaps = [abs(a - b) for a, b in pairs if a is not None and b is not None]
    return float(np.mean(gaps)) if gaps else None


# --- marginals ------------------------------------------------------------------------------


def chi_square_distance(rows: Columns, others: Columns, names: Sequence[str]) -> float:
    r"""Return the chi-square distance of two tables' column sums, as the released code has it.

    :math:`\frac12 \sum_c (p_c - q_c)^2 / (p_c + q_c)` with p, q the sums of these columns divided
    by their total. It compares marginals and says nothing of how columns go together.
    """
    p, q = (_shares(columns, names) for columns in (rows, others))
    return float(0.5 * ((p - q) ** 2 / (p + q + TINY)).sum())


def _shares(columns: Columns, names: Sequence[str]) -> FloatArray:
    sums = np.array([np.sum(columns[name]) for name in names], dtype=np.float64)
    total = sums.sum()
    return sums / total if total > 0 else sums


# --- classifiers ----------------------------------------------------------------------------

#: Named as in the paper's table: l2 by liblinear; a cubic kernel whose gamma is 1 / features.
CLASSIFIERS: Mapping[str, Callable[[], Any]] = MappingProxyType(
    {
        "LR": lambda: LogisticRegression(solver="liblinear"),
        "SVM": lambda: SVC(kernel="poly", degree=3, gamma="auto", C=1.0),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DistinctRows:
    """The distinct rows of a table of few values, and how often each is there.

    Both classifiers minimise a sum over rows, so that a fit on these with the counts as weights is
    the fit on all rows; it takes moments where the rows are many.
    """

    features: FloatArray = field(repr=False)  # (K, C)
    outcome: FloatArray = field(repr=False)  # (K,)
    counts: FloatArray = field(repr=False)  # (K,)


def distinct_rows(columns: Columns, features: Sequence[str], outcome: str) -> DistinctRows:
    """Return the distinct rows of these columns."""
    whole = np.column_stack([np.asarray(columns[n], np.float64) for n in (*features, outcome)])
    found, counts = np.unique(whole, axis=0, return_counts=True)
    return DistinctRows(
        features=found[:, :-1], outcome=found[:, -1], counts=counts.astype(np.float64)
    )


def classifier_accuracy(name: str, train: DistinctRows, test: DistinctRows) -> float:
    """Return the share of the test rows that a classifier, fitted on the training rows, gets right.

    Of training rows that hold one class alone it learns that class.

    Raises
    ------
    KeyError
        A name that is none of `CLASSIFIERS`.
    """
    classifier = CLASSIFIERS[name]()
    if len(np.unique(train.outcome)) == 1:
        predicted = np.full(len(test.outcome), train.outcome[0])
    else:
        classifier.fit(train.features, train.outcome, sample_weight=train.counts)
        predicted = classifier.predict(test.features)
    return float(test.counts @ (predicted == test.outcome) / test.counts.sum())


def baseline_accuracies(
    columns: Columns, split: Split, features: Sequence[str], outcome: str
) -> dict[str, float]:
    """Return each classifier's accuracy, fitted on real training and validation rows.

    It is read off the real test rows; the features are every column but the outcome.
    """
    known = np.concatenate([split.train, split.validation])
    train, test = (
        distinct_rows(take_rows(columns, rows), features, outcome) for rows in (known, split.test)
    )
    return {name: classifier_accuracy(name, train, test) for name in CLASSIFIERS}


# --- the row of a table ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class GeneratedFigures:
    """What the protocol says of one model: by world, and by classifier and world."""

    effects: Effects
    effect_error: float | None
    chi_square: Mapping[str, float]
    accuracy: Mapping[tuple[str, str], float]


def judge_generated(
    effects: Effects,
    real_effects: Effects,
    generated: Mapping[str, Columns],
    real: Columns,
    test: Columns,
    *,
    features: Sequence[str],
    outcome: str,
    counted: Sequence[str] | None = None,
) -> GeneratedFigures:
    """Return the figures of a model's effects and generated tables.

    Parameters
    ----------
    effects, real_effects
        The model's, and the observed ones that it is held against.
    generated
        Tables by world, ``factual`` and ``counterfactual``: hard samples of whole rows. Where
        there are two or more they are also pooled, as ``whole``.
    real
        The real rows whose column sums the generated ones are held against.
    test
        The real rows that classifiers are tested on: all of them in the paper, the test part
        where copies are kept out.
    features
        What the classifiers read: every column but the outcome, the sensitive one included.
    counted
        The columns of 0 and 1 whose sums are held against each other; by default every one.
    """
    counted = (*features, outcome) if counted is None else counted
    worlds = dict(generated)
    if len(worlds) > 1:
        worlds["whole"] = pooled(*generated.values())
    asked = distinct_rows(test, features, outcome)
    learned = {w: distinct_rows(columns, features, outcome) for w, columns in worlds.items()}
    return GeneratedFigures(
        effects=effects,
        effect_error=effect_error(effects, real_effects),
        chi_square={
            w: chi_square_distance(columns, real, counted) for w, columns in worlds.items()
        },
        accuracy={
            (name, w): classifier_accuracy(name, rows, asked)
            for name in CLASSIFIERS
            for w, rows in learned.items()
        },
    )


def pooled(*tables: Columns) -> Columns:
    """Return the rows of several tables under one another."""
    return {name: np.concatenate([table[name] for table in tables]) for name in tables[0]}
