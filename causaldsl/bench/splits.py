"""Random splits as the fairness papers make them: 80 % training, 10 % validation, 10 % test."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from causaldsl.diagnostics.codes import diagnostic
from causaldsl.diagnostics.model import Diagnostic, FairnessError
from causaldsl.fairness.predictor import Columns, IntArray

FEWEST_ROWS = 20  # two rows for the test, the smallest share


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """Row numbers of one split; together they are every row once."""

    seed: int
    train: IntArray = field(repr=False)
    validation: IntArray = field(repr=False)
    test: IntArray = field(repr=False)


def paper_split(n_rows: int, seed: int) -> Split:
    """Return numpy's ``RandomState(seed)`` permutation cut at 80 % and 90 %.

    The legacy generator is used on purpose: its stream is frozen, so a split is the same for ever.

    >>> [len(part) for part in (lambda s: (s.train, s.validation, s.test))(paper_split(20412, 0))]
    [16329, 2041, 2042]
    """
    if n_rows < FEWEST_ROWS:
        raise FairnessError([too_few_rows(n_rows)])
    order = np.random.RandomState(seed).permutation(n_rows)
    train, validation = int(0.8 * n_rows), int(0.1 * n_rows)
    return Split(
        seed=seed,
        train=order[:train],
        validation=order[train : train + validation],
        test=order[train + validation :],
    )


def take_rows(columns: Columns, rows: IntArray) -> Columns:
    """Return these rows of every column."""
    return {name: column[rows] for name, column in columns.items()}


def too_few_rows(n_rows: int) -> Diagnostic:
    """CD812: a tenth of the rows must be at least two."""
    return diagnostic(
        "CD812", f"{n_rows} rows cannot be split 80/10/10, expected at least {FEWEST_ROWS}"
    )
