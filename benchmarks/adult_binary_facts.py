"""What binarised Adult says by itself: effects, floors, baselines, and its copies.

Three protocols. ``published``: the whole file, which holds the test part of Adult twice. ``once``:
the second copy left out, which is the protocol without copies. ``patterns``, for comparison alone:
the rows of ``once``, split so that rows with the same values share a part.
"""

import json
import os
import statistics

import numpy as np
import records

from causaldsl.bench.effects_protocol import (
    ADULT_STRATA,
    baseline_accuracies,
    observed_effects,
    strata_of,
)
from causaldsl.bench.splits import Split, dcevae_split, first_copies, take_rows
from causaldsl.datasets.registry import load

SEEDS = (1, 2, 3, 4, 5)
A, Y = "Sex", "Income"
R = ("Age", "Race", "Native_Country")
D = (
    "Workclass",
    "Education",
    "Marital_Status",
    "Occupation",
    "Relationship",
    "Hours_Per_Week",
)
FEATURES = (*R, *D, A)


def codes_of(columns: dict, names: tuple[str, ...]) -> np.ndarray:
    """Return one number for each combination of values ``(N,)``."""
    whole = np.column_stack([columns[name] for name in names]).astype(np.int64)
    return whole @ (1 << np.arange(len(names)))


def entropy(columns: dict, names: tuple[str, ...]) -> float:
    """Return the entropy of some columns together, in nats."""
    _, counts = np.unique(codes_of(columns, names), return_counts=True)
    shares = counts / counts.sum()
    return float(-(shares * np.log(shares)).sum())


def floors(columns: dict) -> dict[str, float]:
    """Return the least mean loss per row, without log p(a), of models of r, d and y given a."""

    def h(*names: str) -> float:
        return entropy(columns, names)

    whole = h(*R, *D, A, Y)
    return {
        "any model": whole - h(A),
        "r apart from a": h(*R) + whole - h(*R, A),
        "r apart from a and d (DCEVAE)": h(*R) + h(*D, A) - h(A) + whole - h(*FEATURES),
        "every column apart": sum(h(name) for name in (*R, *D, Y)),
    }


def best_accuracy(columns: dict) -> float:
    """Return the accuracy of the best rule on the features."""
    codes = codes_of(columns, FEATURES)
    counts = np.array([np.bincount(codes[columns[Y] == value], minlength=1024) for value in (0, 1)])
    return float(counts.max(0).sum() / counts.sum())


def pattern_split(columns: dict, seed: int) -> Split:
    """Return 60/20/20 of the distinct rows, each with all the rows that agree with it."""
    codes = codes_of(columns, (*FEATURES, Y))
    distinct = np.unique(codes)
    parts = dcevae_split(len(distinct), seed)
    rows = {
        name: np.flatnonzero(np.isin(codes, distinct[getattr(parts, name)]))
        for name in ("train", "validation", "test")
    }
    return Split(seed=seed, **rows)


def of_split(columns: dict, split: Split, person: np.ndarray) -> dict[str, float]:
    """Return what one split gives."""
    test = take_rows(columns, split.test)
    effects = observed_effects(test[Y], test[A], strata_of(test, ADULT_STRATA))
    codes = codes_of(columns, (*FEATURES, Y))
    known = np.concatenate([split.train, split.validation])
    return {
        "share of rows in the test": len(split.test) / len(codes),
        "test rows whose copy is known": float(np.isin(person[split.test], person[known]).mean()),
        "test rows whose values are known": float(np.isin(codes[split.test], codes[known]).mean()),
        "total effect": effects.total,
        **effects.by_stratum,
        **baseline_accuracies(columns, split, FEATURES, Y),
    }


def protocol(columns: dict, splits: list[Split], person: np.ndarray) -> dict:
    """Return the figures of every split, their means and standard deviations."""
    runs = {str(split.seed): of_split(columns, split, person) for split in splits}
    names = next(iter(runs.values()))
    lists = {n: [run[n] for run in runs.values() if run[n] is not None] for n in names}
    return {
        "mean and sd": {
            n: [statistics.fmean(v), statistics.stdev(v) if len(v) > 1 else 0.0]
            for n, v in lists.items()
        },
        "splits": runs,
    }


def whole(columns: dict) -> dict:
    """Return what all rows give."""
    effects = observed_effects(columns[Y], columns[A], strata_of(columns, ADULT_STRATA))
    return {
        "rows": len(columns[Y]),
        "distinct rows": len(np.unique(codes_of(columns, (*FEATURES, Y)))),
        "total effect": effects.total,
        **effects.by_stratum,
        "rows of strata": dict(effects.rows),
        "majority": float(max(columns[Y].mean(), 1 - columns[Y].mean())),
        "best accuracy": best_accuracy(columns),
        "nats per row at least": floors(columns),
    }


def main() -> None:
    """Measure, print, keep."""
    parser = records.arguments(__doc__.splitlines()[0], "adult_binary.json")
    given = parser.parse_args()
    if "CAUSALDSL_DATA" not in os.environ:
        print("skipped: CAUSALDSL_DATA names no folder of public data")
        raise SystemExit(0)
    frame = load("adult_binary", "published")
    columns = {name: frame[name].to_numpy(dtype=float) for name in frame}
    kept = first_copies(columns)
    once = take_rows(columns, kept)
    n_rows, n_once = len(frame), len(kept)
    # the second copy of a person stands as many rows later as there are copies
    person = np.where(
        np.arange(n_rows) < n_once, np.arange(n_rows), np.arange(n_rows) - n_rows + n_once
    )
    seeds = SEEDS[:1] if given.smoke else SEEDS
    found = {
        "rows repeated at the end": n_rows - n_once,
        "whole": {"published": whole(columns), "once": whole(once)},
        "splits": {
            "published": protocol(columns, [dcevae_split(n_rows, s) for s in seeds], person),
            "once": protocol(once, [dcevae_split(n_once, s) for s in seeds], kept),
            "patterns": protocol(once, [pattern_split(once, s) for s in seeds], kept),
        },
    }
    print(json.dumps({n: v for n, v in found.items() if n != "splits"}, indent=1))
    for name, figures in found["splits"].items():
        print(name, {n: [round(x, 4) for x in v] for n, v in figures["mean and sd"].items()})
    if not given.smoke:
        records.write(given.output, found)


if __name__ == "__main__":
    main()
