"""Random splits as the fairness papers make them, and tables that hold rows twice.

The split of Tian et al. is 80/10/10; that of DCEVAE is 60/20/20, its validation rows first.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from causaldsl.diagnostics.codes import diagnostic
from causaldsl.diagnostics.model import Diagnostic, FairnessError
from causaldsl.fairness.predictor import Columns, FloatArray, IntArray

FEWEST_ROWS = 20  # two rows for the test, the smallest share
CHANCE = 1e-9  # that independent rows repeat a block


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
        raise FairnessError([too_few_rows(n_rows, "80/10/10")])
    order = np.random.RandomState(seed).permutation(n_rows)
    train, validation = int(0.8 * n_rows), int(0.1 * n_rows)
    return Split(
        seed=seed,
        train=order[:train],
        validation=order[train : train + validation],
        test=order[train + validation :],
    )


def dcevae_split(n_rows: int, seed: int) -> Split:
    """Return numpy's ``RandomState(seed)`` permutation cut as DCEVAE's released code cuts it.

    The first 20 % are validation rows, the next 20 % test rows, the rest training rows.

    >>> [len(part) for part in (lambda s: (s.train, s.validation, s.test))(dcevae_split(65123, 1))]
    [39075, 13024, 13024]
    """
    if n_rows < FEWEST_ROWS:
        raise FairnessError([too_few_rows(n_rows, "60/20/20")])
    order = np.random.RandomState(seed).permutation(n_rows)
    share = int(0.2 * n_rows)
    return Split(
        seed=seed,
        train=order[2 * share :],
        validation=order[:share],
        test=order[share : 2 * share],
    )


def repeated_tail(columns: Columns) -> int:
    """Return how many last rows repeat, in order, the rows just before them; 0 if none do.

    A table to which its test part was appended twice ends so. The longest such block counts, and
    only one that rows drawn independently would not show: with :math:`p` the chance that two rows
    agree, :math:`N p^k < 10^{-9}`.
    """
    codes, shares = _codes(columns)
    n_rows, agree = len(codes), float((shares**2).sum())
    ends = np.flatnonzero(codes[:-1] == codes[-1:])  # where the block's first copy may end
    lengths = n_rows - 1 - ends
    for k in lengths[2 * lengths <= n_rows]:  # the longest first
        if (codes[n_rows - 2 * k : n_rows - k] == codes[n_rows - k :]).all():
            return int(k) if np.log(n_rows) + k * np.log(agree) < np.log(CHANCE) else 0
    return 0


def first_copies(columns: Columns) -> IntArray:
    """Return the row numbers of a table without the rows that `repeated_tail` finds.

    Copies of one person must not stand on both sides of a split, and a second copy says nothing
    new: leaving it out does both. A split by groups of identical rows would do more. People who
    merely agree in every column would share a part too, so that no row's values, seen in training,
    would ever be seen in the test; in a table of few columns that asks another question.

    >>> table = {"a": np.array([3.0, 1.0] + 2 * [float(i) for i in range(12)])}
    >>> len(first_copies(table))
    14
    """
    n_rows = len(next(iter(columns.values())))
    return np.arange(n_rows - repeated_tail(columns))


def _codes(columns: Columns) -> tuple[IntArray, FloatArray]:
    """Return each row's number among the distinct rows, and the shares of these."""
    rows = np.column_stack(list(columns.values()))
    _, codes, counts = np.unique(rows, axis=0, return_inverse=True, return_counts=True)
    return codes.reshape(-1), counts / len(rows)


def take_rows(columns: Columns, rows: IntArray) -> Columns:
    """Return these rows of every column."""
    return {name: column[rows] for name, column in columns.items()}


def too_few_rows(n_rows: int, shares: str) -> Diagnostic:
    """CD812: a tenth of the rows must be at least two."""
    return diagnostic(
        "CD812", f"{n_rows} rows cannot be split {shares}, expected at least {FEWEST_ROWS}"
    )
