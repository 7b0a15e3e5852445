"""The protocol on binarised Adult: what the paper prints of the real data, and the copies."""

import os

import numpy as np
import pytest

from causaldsl.bench.effects_protocol import (
    ADULT_STRATA,
    baseline_accuracies,
    observed_effects,
    strata_of,
)
from causaldsl.bench.effects_published import REAL
from causaldsl.bench.splits import dcevae_split, first_copies, repeated_tail, take_rows
from causaldsl.datasets.registry import load

pytestmark = pytest.mark.skipif(
    "CAUSALDSL_DATA" not in os.environ, reason="CAUSALDSL_DATA names no folder of public data"
)
FEATURES = (
    "Age", "Workclass", "Education", "Marital_Status", "Occupation", "Relationship", "Race", "Sex",
    "Hours_Per_Week", "Native_Country",
)  # fmt: skip


@pytest.fixture(scope="module", name="columns")
def make_columns():
    frame = load("adult_binary", "published")
    return {name: frame[name].to_numpy(dtype=float) for name in frame}


def effects_of(columns):
    return observed_effects(columns["Income"], columns["Sex"], strata_of(columns, ADULT_STRATA))


def test_the_paper_s_real_row_is_that_of_the_whole_file(columns):
    effects = effects_of(columns)
    assert round(effects.total, 4) == REAL.total
    assert [round(v, 4) for v in effects.by_stratum.values()] == list(REAL.by_stratum)
    assert tuple(effects.rows.values()) == (2_286, 7_129, 4_343, 51_365)


def test_effects_of_the_test_rows_differ_from_those_of_the_file(columns):
    effects = effects_of(take_rows(columns, dcevae_split(65_123, 1).test))
    assert round(effects.total, 4) == 0.1909
    assert [round(v, 4) for v in effects.by_stratum.values()] == [0.1872, 0.1252, 0.1288, 0.1991]


def test_classifiers_on_real_rows_of_the_first_split(columns):
    found = baseline_accuracies(columns, dcevae_split(65_123, 1), FEATURES, "Income")
    assert {name: round(value, 4) for name, value in found.items()} == {"LR": 0.8137, "SVM": 0.8083}


def test_the_file_holds_adult_s_test_rows_twice(columns):
    assert repeated_tail(columns) == 16_281
    once = load("adult_binary", "once")
    kept = take_rows(columns, first_copies(columns))
    assert all((kept[name] == once[name]).all() for name in once)


def test_copies_of_test_rows_are_learned_from_unless_left_out(columns):
    people = np.minimum(
        np.arange(65_123), np.arange(65_123) - 16_281 * (np.arange(65_123) > 48_841)
    )
    published = dcevae_split(65_123, 1)
    known = np.concatenate([published.train, published.validation])
    assert np.isin(people[published.test], people[known]).mean() > 0.35
    rows = first_copies(columns)
    once = dcevae_split(len(rows), 1)
    assert not set(people[rows[once.test]]) & set(people[rows[once.train]])
