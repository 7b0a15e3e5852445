from __future__ import annotations

import os
from types import MappingProxyType

import numpy as np
import pytest

from causaldsl.data.binding import bind
from causaldsl.data.schema import ColumnSpec, Schema
from causaldsl.datasets.registry import DATASETS, load
from causaldsl.diagnostics.model import DataError
from causaldsl.vocabulary.domains import Binary, Categorical, Count, Real
from causaldsl.vocabulary.roles import Role

pytestmark = pytest.mark.skipif(
    "CAUSALDSL_DATA" not in os.environ, reason="CAUSALDSL_DATA names no folder of public data"
)


@pytest.mark.parametrize(
    ("name", "part"), [(name, part) for name, found in DATASETS.items() for part in found.parts]
)
def test_every_part_has_the_stated_number_of_rows(name, part):
    frame = load(name, part)
    assert len(frame) == DATASETS[name].parts[part]
    assert not frame.columns.duplicated().any()


def law_schema(**admission) -> Schema:
    races = Categorical(("White", "Black", "Asian"))
    specs = (
        ColumnSpec(
            variable="S",
            role=Role.SENSITIVE,
            domain=races,
            columns=("race",),
            otherwise="drop",
        ),
        ColumnSpec(variable="G", role=Role.OBSERVED, domain=Real(), columns=("UGPA",)),
        ColumnSpec(
            variable="L", role=Role.OBSERVED, domain=Count(), columns=("LSAT",), **admission
        ),
        ColumnSpec(variable="Y", role=Role.OUTCOME, domain=Real(), columns=("ZFYA",)),
    )
    return Schema(name="law", variables=MappingProxyType({s.variable: s for s in specs}))


def test_law_school_has_eight_races_of_the_published_sizes():
    counts = load("law_school")["race"].value_counts().to_dict()
    assert counts == {
        "White": 18285,
        "Black": 1282,
        "Asian": 845,
        "Hispanic": 488,
        "Mexican": 389,
        "Other": 293,
        "Puertorican": 110,
        "Amerindian": 99,
    }


def test_law_school_keeps_three_races_and_counts_the_rest():
    data = bind(load("law_school"), law_schema(transform="floor"))
    assert data.n_rows == 20412
    assert data.columns["S"].bincount().tolist() == [18285, 1282, 845]
    assert dict(data.dropped) == {"value of `S` is not listed": 1379}


def test_law_school_scores_are_fractional_in_nine_per_cent_of_the_kept_rows():
    with pytest.raises(DataError) as caught:
        bind(load("law_school"), law_schema())
    (finding,) = caught.value.diagnostics
    assert finding.code == "CD514"
    assert "1,874 of 20,412 rows" in finding.message  # 9.2 %


def test_adult_training_rows_have_the_published_counts():
    frame = load("adult", "train")
    assert frame["race"].value_counts().to_dict() == {
        "White": 27816,
        "Black": 3124,
        "Asian-Pac-Islander": 1039,
        "Amer-Indian-Eskimo": 311,
        "Other": 271,
    }
    assert (frame["income"] == ">50K").sum() == 7841
    assert frame.isna().any(axis=1).sum() == 2399


def test_adult_keeps_31979_rows_of_three_races():
    races = Categorical(("White", "Black", "Asian-Pac-Islander"))
    spec = ColumnSpec(
        variable="S", role=Role.SENSITIVE, domain=races, columns=("race",), otherwise="drop"
    )
    data = bind(load("adult"), Schema(name="adult", variables={"S": spec}))
    assert data.n_rows == 31979


def test_adult_keeps_30184_rows_without_gaps_in_the_published_columns():
    frame = load("adult")
    used = ["sex", "marital-status", "occupation", "education-num", "hours-per-week", "income"]
    three = frame["race"].isin(["White", "Black", "Asian-Pac-Islander"])
    assert (three & frame[used].notna().all(axis=1)).sum() == 30184


def test_adult_test_labels_are_those_of_the_training_rows():
    train, test = load("adult", "train"), load("adult", "test")
    assert set(test["income"]) == set(train["income"]) == {"<=50K", ">50K"}
    assert (test["income"] == ">50K").sum() == 3846
    assert list(train.columns) == list(test.columns)


def test_adult_text_has_no_blanks_and_no_question_marks():
    frame = load("adult", "all")
    texts = frame.select_dtypes(exclude="number")
    for column in texts:
        cells = texts[column].dropna()
        assert (cells == cells.str.strip()).all()
        assert not (cells == "?").any()
    assert frame["age"].dtype == np.int64


def test_binarised_adult_ends_before_its_repetition():
    published = load("adult_binary", "published")
    once = load("adult_binary")
    again = published.iloc[48842:].reset_index(drop=True)
    assert published.iloc[32561:48842].reset_index(drop=True).equals(again)
    assert once.equals(published.iloc[:48842])


def test_binarised_adult_has_the_published_total_effect():
    frame = load("adult_binary", "published")
    assert (frame["Sex"] == 1).sum() == 43510
    assert (frame["Income"] == 1).sum() == 15533
    shares = frame.groupby("Sex")["Income"].mean()
    assert shares[1] - shares[0] == pytest.approx(0.1936, abs=5e-5)


def test_every_column_of_binarised_adult_is_binary():
    frame = load("adult_binary")
    specs = {
        name: ColumnSpec(variable=name, role=Role.OBSERVED, domain=Binary(), columns=(name,))
        for name in frame.columns
    }
    assert bind(frame, Schema(name="a", variables=specs)).n_rows == 48842


def test_compas_has_the_published_counts():
    frame = load("compas")
    assert frame["two_year_recid"].sum() == 3251
    assert frame["race"].value_counts()["African-American"] == 3696
    three = frame["race"].value_counts()[["African-American", "Caucasian", "Hispanic"]]
    assert three.sum() == 6787


def test_communities_has_named_columns_and_the_published_gaps():
    frame = load("communities")
    assert list(frame.columns[:5]) == ["state", "county", "community", "communityname", "fold"]
    assert frame.columns[-1] == "ViolentCrimesPerPop"
    gaps = frame.isna().sum()
    assert gaps["county"] == 1174
    assert gaps["community"] == 1177
    assert gaps["OtherPerCap"] == 1
    assert (gaps == 1675).sum() == 22
    correlation = frame["racepctblack"].corr(frame["ViolentCrimesPerPop"])
    assert correlation == pytest.approx(0.63, abs=5e-3)


def test_german_credit_has_700_good_risks():
    assert load("german")["class"].value_counts().to_dict() == {1: 700, 2: 300}
