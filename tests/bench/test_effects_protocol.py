"""Effects, marginals and classifiers of the DCEVAE protocol, on tables worked out by hand."""

from itertools import product

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.svm import SVC

from causaldsl.bench import effects_published as published
from causaldsl.bench.effects_protocol import (
    ADULT_STRATA,
    CLASSIFIERS,
    Strata,
    chi_square_distance,
    classifier_accuracy,
    distinct_rows,
    effect_error,
    judge_generated,
    mean_effects,
    observed_effects,
    pooled,
    signed_effects,
    strata_of,
)

ONE = Strata(names=("all",), index=np.zeros(4, dtype=np.int64))
TWO = Strata(names=("left", "right"), index=np.array([0, 0, 1, 1]))


def array(*values):
    return np.array(values, dtype=np.float64)


# --- effects


def test_effects_are_signed_from_zero_to_one():
    found = signed_effects(array(0.2, 0.7, 0.5), array(0.5, 0.6, 0.1), array(0, 1, 0))
    assert found == pytest.approx([0.3, 0.1, -0.4])


def test_total_and_conditional_effects_are_means_of_rows():
    effects = mean_effects(array(0.1, 0.3, -0.2, 0.6), TWO)
    assert effects.total == pytest.approx(0.2)
    assert effects.by_stratum == pytest.approx({"left": 0.2, "right": 0.2})
    assert effects.rows == {"left": 2, "right": 2}
    assert effects.version == "probability"


def test_decisions_are_named_and_are_another_number():
    factual, flipped, sensitive = array(0.4, 0.6, 0.2, 0.9), array(0.6, 0.6, 0.4, 0.3), np.ones(4)
    soft = mean_effects(signed_effects(factual, flipped, sensitive), ONE)
    hard = mean_effects(signed_effects(factual > 0.5, flipped > 0.5, sensitive), ONE, "decision")
    assert soft.total == pytest.approx(0.05)
    assert hard.total == 0.0
    assert (soft.version, hard.version) == ("probability", "decision")


def test_a_stratum_without_rows_has_no_effect():
    strata = Strata(names=("here", "nowhere"), index=np.zeros(2, dtype=np.int64))
    effects = mean_effects(array(0.1, 0.3), strata)
    assert effects.by_stratum["nowhere"] is None
    real = mean_effects(array(0.2, 0.2), Strata(names=strata.names, index=np.array([0, 1])))
    assert effect_error(effects, real) == pytest.approx(0.0)


def test_effects_that_are_no_numbers_are_refused():
    with pytest.raises(ValueError, match="finite"):
        mean_effects(array(0.1, np.nan, 0, 0), ONE)


def test_observed_effects_are_differences_of_group_means():
    found = observed_effects(array(1, 0, 1, 1), array(1, 0, 1, 0), TWO)
    assert found.total == pytest.approx(1.0 - 0.5)
    assert found.by_stratum == pytest.approx({"left": 1.0, "right": 0.0})


def test_one_group_alone_shows_no_effect():
    found = observed_effects(array(1, 0, 1, 1), array(1, 1, 1, 0), TWO)
    assert found.by_stratum["left"] is None
    assert found.by_stratum["right"] == pytest.approx(0.0)


def test_strata_are_named_and_ordered_as_in_the_paper():
    columns = {"Race": array(0, 0, 1, 1), "Native_Country": array(0, 1, 0, 1)}
    strata = strata_of(columns, ADULT_STRATA)
    assert strata.index.tolist() == [0, 1, 2, 3]
    assert strata.names[1] == "Race=0, Native_Country=1"


def test_strata_of_named_levels_keep_the_names():
    strata = strata_of({"S": array(2, 0)}, {"S": ("White", "Black", "Asian")})
    assert strata.names == ("S=White", "S=Black", "S=Asian")
    assert strata.index.tolist() == [2, 0]


def test_a_level_that_is_not_listed_is_refused():
    with pytest.raises(ValueError, match="invalid entry"):
        strata_of({"Race": array(2), "Native_Country": array(0)}, ADULT_STRATA)


def test_the_error_of_effects_is_the_mean_absolute_difference_over_strata():
    ours = mean_effects(array(0.1, 0.3, 0.4, 0.6), TWO)
    real = mean_effects(array(0.3, 0.3, 0.1, 0.1), TWO)
    assert effect_error(ours, real) == pytest.approx((0.1 + 0.4) / 2)


# --- marginals


def test_chi_square_by_hand():
    rows = {"a": array(1, 0), "b": array(1, 1)}  # sums 1, 2: shares 1/3, 2/3
    others = {"a": array(1, 1), "b": array(0, 0)}  # sums 2, 0: shares 1, 0
    by_hand = 0.5 * ((2 / 3) ** 2 / (4 / 3) + (2 / 3) ** 2 / (2 / 3))
    assert chi_square_distance(rows, others, ("a", "b")) == pytest.approx(by_hand)


def test_chi_square_sees_marginals_alone():
    rows = {"a": array(1, 0), "b": array(1, 0)}
    others = {"a": array(1, 0), "b": array(0, 1)}
    assert chi_square_distance(rows, others, ("a", "b")) == 0.0


def test_chi_square_of_tables_of_zeros_is_a_number():
    zeros, ones = {"a": array(0, 0)}, {"a": array(1, 1)}
    assert chi_square_distance(zeros, zeros, ("a",)) == 0.0
    assert chi_square_distance(zeros, ones, ("a",)) == pytest.approx(0.5)


# --- classifiers


def table(n, seed):
    rng = np.random.default_rng(seed)
    x = rng.integers(0, 2, (n, 4)).astype(float)
    p = 1 / (1 + np.exp(-(2 * x[:, 0] - 1.5 * x[:, 1] + x[:, 2] * x[:, 3])))
    return {**dict(zip("abcd", x.T, strict=True)), "y": (rng.uniform(size=n) < p).astype(float)}


@pytest.mark.parametrize(
    ("name", "classifier"),
    [
        ("LR", LogisticRegression(solver="liblinear", tol=1e-8)),
        ("SVM", SVC(kernel="poly", degree=3, gamma="auto", C=1)),
    ],
)
def test_a_fit_on_distinct_rows_decides_as_a_fit_on_all(name, classifier):
    train, test = table(600, 0), table(400, 1)
    x, y = (np.column_stack([part[n] for n in "abcd"]) for part in (train, test))
    classifier.fit(x, train["y"])
    on_all = float((classifier.predict(y) == test["y"]).mean())
    rows = [distinct_rows(part, "abcd", "y") for part in (train, test)]
    assert rows[0].counts.sum() == 600
    assert len(rows[0].counts) <= 32
    assert classifier_accuracy(name, *rows) == pytest.approx(on_all, abs=1e-12)


def test_rows_of_one_class_teach_that_class():
    train = {**table(50, 0), "y": np.zeros(50)}
    test = table(100, 1)
    rows = [distinct_rows(part, "abcd", "y") for part in (train, test)]
    for name in CLASSIFIERS:
        assert classifier_accuracy(name, *rows) == pytest.approx(1 - test["y"].mean())


def test_pooled_rows_stand_under_one_another():
    assert pooled({"a": array(1, 2)}, {"a": array(3)})["a"].tolist() == [1, 2, 3]


def test_the_protocol_s_row_of_generated_tables():
    real, test = table(300, 0), table(200, 1)
    effects = mean_effects(array(0.1, 0.1, 0.1, 0.1), TWO)
    found = judge_generated(
        effects,
        mean_effects(array(0.2, 0.2, 0.1, 0.1), TWO),
        {"factual": real, "counterfactual": table(300, 2)},
        real,
        test,
        features=tuple("abcd"),
        outcome="y",
    )
    assert found.effect_error == pytest.approx(0.05)
    assert found.chi_square["factual"] == 0.0
    assert found.chi_square["counterfactual"] > 0.0
    worlds = ("factual", "counterfactual", "whole")
    assert set(found.accuracy) == set(product(("LR", "SVM"), worlds))
    asked = distinct_rows(test, "abcd", "y")
    by_hand = classifier_accuracy("LR", distinct_rows(real, "abcd", "y"), asked)
    assert found.accuracy["LR", "factual"] == by_hand


# --- published figures


def test_no_model_has_a_published_row():
    assert published.REAL.method == "Real"
    assert {row.source for row in published.RELEASED_AGAIN} == {published.RELEASED}
    assert "DCEVAE" in published.NOT_KNOWN


def test_the_errors_of_the_released_code_follow_from_its_effects():
    real = np.array(published.REAL.by_stratum)
    for row in published.RELEASED_AGAIN:
        error = np.abs(np.array(row.by_stratum) - real).mean()
        assert row.effect_error == pytest.approx(error, abs=1e-4)


def test_every_row_of_the_pictures_has_every_cell():
    assert len(published.IMAGES) == 11
    for row in published.IMAGES:
        assert tuple(row.attributes) == published.ATTRIBUTES
