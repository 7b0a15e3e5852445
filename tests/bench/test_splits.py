"""Splits."""

import numpy as np
import pytest

from causaldsl.bench.splits import (
    dcevae_split,
    first_copies,
    paper_split,
    repeated_tail,
    take_rows,
)
from causaldsl.diagnostics.model import FairnessError


@pytest.mark.parametrize(
    ("rows", "sizes"), [(20_412, (16_329, 2_041, 2_042)), (30_184, (24_147, 3_018, 3_019))]
)
def test_the_paper_s_tables_split_into_the_paper_s_sizes(rows, sizes):
    split = paper_split(rows, 1)
    assert (len(split.train), len(split.validation), len(split.test)) == sizes


def test_every_row_is_in_one_part():
    split = paper_split(101, 3)
    parts = np.concatenate([split.train, split.validation, split.test])
    assert sorted(parts) == list(range(101))


def test_the_split_is_the_legacy_permutation_in_order():
    order = np.random.RandomState(12).permutation(50)
    split = paper_split(50, 12)
    assert (split.train == order[:40]).all()
    assert (split.test == order[45:]).all()


def test_rows_are_taken_in_the_order_of_the_split():
    taken = take_rows({"a": np.array([10.0, 11.0, 12.0])}, np.array([2, 0]))
    assert taken["a"].tolist() == [12.0, 10.0]


def test_nineteen_rows_are_too_few():
    with pytest.raises(FairnessError) as refusal:
        paper_split(19, 0)
    assert refusal.value.diagnostics[0].code == "CD812"


def test_dcevae_s_split_puts_validation_rows_first():
    order = np.random.RandomState(1).permutation(65_123)
    split = dcevae_split(65_123, 1)
    assert (split.validation == order[:13_024]).all()
    assert (split.test == order[13_024:26_048]).all()
    assert (split.train == order[26_048:]).all()
    assert len(split.train) == 39_075


def test_nineteen_rows_are_too_few_for_dcevae_s_split_too():
    with pytest.raises(FairnessError, match="60/20/20"):
        dcevae_split(19, 0)


def binary_table(n, seed=0, columns=8):
    values = np.random.default_rng(seed).integers(0, 2, (n, columns)).astype(float)
    return dict(zip("abcdefgh", values.T, strict=False))


def with_tail(table, repeated):
    return {n: np.concatenate([v, v[len(v) - repeated :]]) for n, v in table.items()}


@pytest.mark.parametrize("repeated", [10, 37, 200])
def test_a_part_appended_twice_is_found(repeated):
    table = with_tail(binary_table(200), repeated)
    assert repeated_tail(table) == repeated
    assert (first_copies(table) == np.arange(200)).all()


def test_rows_that_agree_by_chance_are_no_copies():
    table = binary_table(5_000, columns=3)
    assert repeated_tail(table) == 0
    last = with_tail(table, 2)  # two of eight values repeat often
    assert repeated_tail(last) == 0
    assert repeated_tail({"a": np.zeros(100)}) == 0


def test_a_repetition_elsewhere_than_at_the_end_is_left_alone():
    table = with_tail(binary_table(200), 100)
    longer = {n: np.concatenate([v, binary_table(7, seed=1)[n]]) for n, v in table.items()}
    assert repeated_tail(longer) == 0


def test_one_row_and_none_repeat_nothing():
    assert repeated_tail({"a": np.zeros(1)}) == 0
    assert repeated_tail({"a": np.zeros(0)}) == 0
