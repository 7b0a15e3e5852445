"""Splits."""

import numpy as np
import pytest

from causaldsl.bench.splits import paper_split, take_rows
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
