"""Baselines and predictors from abducted features."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from causaldsl.diagnostics.model import FairnessError
from causaldsl.fairness.predictor import Roles
from causaldsl.mitigation.baselines import BASELINES, Constant, Full, Unaware
from causaldsl.mitigation.design import design_matrix
from causaldsl.mitigation.from_scm import ScmFeatures, fit_scm_predictor
from causaldsl.vocabulary.domains import Binary, Categorical, Count, Ordered, Real

RNG = np.random.default_rng(0)
N = 300
COLUMNS = {
    "S": RNG.integers(0, 3, N).astype(float),
    "G": RNG.normal(size=N),
    "L": RNG.poisson(30.0, N).astype(float),
}
COLUMNS["Y"] = COLUMNS["G"] + 0.1 * COLUMNS["L"] - (COLUMNS["S"] == 1) + RNG.normal(size=N)
DOMAINS = {"S": Categorical(("a", "b", "c")), "G": Real(), "L": Count(), "Y": Real()}
ROLES = Roles(sensitive=("S",), features=("G", "L"), outcome="Y", domains=DOMAINS)
BINARY = Roles(
    sensitive=("S",), features=("G", "L"), outcome="Y", domains={**DOMAINS, "Y": Binary()}
)
HIRED = {**COLUMNS, "Y": (COLUMNS["Y"] > 3).astype(float)}


def test_constant_predicts_the_training_mean():
    predictor = Constant(ROLES).fit(COLUMNS)
    assert predictor.predict({"G": np.zeros(4)}) == pytest.approx(np.full(4, COLUMNS["Y"].mean()))


def test_constant_of_two_levels_decides_for_the_majority():
    predictor = Constant(BINARY).fit({**HIRED, "Y": np.array([1.0, 1.0, 0.0])})
    assert (predictor.predict({"G": np.zeros(2)}) >= 0.5).all()


def test_full_equals_least_squares_on_one_hot_columns():
    s, ones = COLUMNS["S"], np.ones(N)
    design = np.column_stack([ones, s == 1, s == 2, COLUMNS["G"], COLUMNS["L"]]).astype(float)
    by_hand = design @ np.linalg.lstsq(design, COLUMNS["Y"], rcond=None)[0]
    assert Full(ROLES).fit(COLUMNS).predict(COLUMNS) == pytest.approx(by_hand, abs=1e-9)


def test_unaware_does_not_read_the_sensitive_variable():
    predictor = Unaware(ROLES).fit(COLUMNS)
    assert predictor.features == ("G", "L")
    without = {"G": COLUMNS["G"], "L": COLUMNS["L"]}
    assert predictor.predict(without) == pytest.approx(predictor.predict(COLUMNS))


def test_a_binary_outcome_is_a_logistic_regression_on_standardised_features():
    design = np.column_stack([COLUMNS["G"], COLUMNS["L"]])
    standard = StandardScaler().fit_transform(design)
    sklearn = LogisticRegression(C=1.0, tol=1e-8, max_iter=1000).fit(standard, HIRED["Y"])
    ours = Unaware(BINARY).fit(HIRED).predict(HIRED)
    assert ours == pytest.approx(sklearn.predict_proba(standard)[:, 1], abs=1e-9)


def test_level_order_of_a_categorical_does_not_change_predictions():
    renamed = {**COLUMNS, "S": 2 - COLUMNS["S"]}
    before = Full(ROLES).fit(COLUMNS).predict(COLUMNS)
    assert Full(ROLES).fit(renamed).predict(renamed) == pytest.approx(before, abs=1e-9)


def test_ordered_levels_are_one_hot_too():
    columns = {"o": np.array([0.0, 1.0, 2.0])}
    matrix = design_matrix(columns, ["o"], {"o": Ordered(("low", "mid", "high"))})
    assert matrix.tolist() == [[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]]


def test_a_constant_feature_does_no_harm():
    columns = {**COLUMNS, "L": np.full(N, 30.0)}
    assert np.isfinite(Full(ROLES).fit(columns).predict(COLUMNS)).all()


def test_nothing_is_learned_from_the_rows_that_are_predicted():
    train = {name: column[:200] for name, column in COLUMNS.items()}
    test = {name: column[200:] for name, column in COLUMNS.items()}
    changed = {**test, "Y": test["Y"] + 100}
    for make in BASELINES.values():
        predictor = make(ROLES).fit(train)
        assert (predictor.predict(test) == predictor.predict(changed)).all()


def test_a_hole_in_a_feature_is_refused():
    columns = {**COLUMNS, "G": np.where(np.arange(N) < 2, np.nan, COLUMNS["G"])}
    with pytest.raises(FairnessError) as refusal:
        Unaware(ROLES).fit(columns)
    assert refusal.value.diagnostics[0].code == "CD810"
    assert "2 of 300" in refusal.value.diagnostics[0].message


def test_one_class_among_the_training_rows_is_refused():
    with pytest.raises(FairnessError) as refusal:
        Full(BINARY).fit({**HIRED, "Y": np.zeros(N)})
    assert refusal.value.diagnostics[0].code == "CD807"


def abduct(columns, latents, *, sampled, seed):
    """Return K = G minus the group's effect, twice as wide where a second latent is asked for."""
    assert set(columns) == {"S", "G"}
    k = columns["G"] + (columns["S"] == 1)
    if sampled:
        k = k + np.random.default_rng(seed).normal(size=len(k))
    return np.stack([k] * len(latents), axis=1)


def source(*line, seed=0):
    latents = frozenset({"K", "S'"})
    return ScmFeatures(
        model="fake", line=line, latents=latents, evidence=("S", "G"), abduct=abduct, seed=seed
    )


def test_a_predict_line_is_a_regression_on_abducted_features():
    predictor = fit_scm_predictor(source(("K", False)), COLUMNS, ROLES)
    k = COLUMNS["G"] + (COLUMNS["S"] == 1)
    slope, intercept = np.polyfit(k, COLUMNS["Y"], 1)
    assert predictor.predict(COLUMNS) == pytest.approx(slope * k + intercept, abs=1e-9)
    assert predictor.name == "fake (K)"
    assert predictor.features == ("S", "G")


def test_on_another_row_the_latent_is_abducted_anew():
    predictor = fit_scm_predictor(source(("K", False)), COLUMNS, ROLES)
    moved = {"S": np.ones(N), "G": COLUMNS["G"] + (COLUMNS["S"] == 1) - 1}  # the same K in b
    assert predictor.predict(moved) == pytest.approx(predictor.predict(COLUMNS), abs=1e-9)


def test_observed_features_stand_beside_abducted_ones():
    predictor = fit_scm_predictor(source(("K", False), ("L", False)), COLUMNS, ROLES)
    assert predictor.features == ("S", "G", "L")
    assert predictor.name == "fake (K, L)"
    assert len(predictor.regression.weights) == 2


def test_sampled_features_are_drawn_with_the_seed():
    first = fit_scm_predictor(source(("K", True)), COLUMNS, ROLES)
    again = fit_scm_predictor(source(("K", True)), COLUMNS, ROLES)
    other = fit_scm_predictor(source(("K", True), seed=1), COLUMNS, ROLES)
    assert first.name == "fake (sampled(K))"
    assert (first.predict(COLUMNS) == again.predict(COLUMNS)).all()
    assert not np.allclose(first.predict(COLUMNS), other.predict(COLUMNS))


def test_features_that_read_the_outcome_are_refused():
    leak = ScmFeatures(
        model="fake",
        line=(("K", False),),
        latents=frozenset({"K"}),
        evidence=("S", "G", "Y"),
        abduct=abduct,
        seed=0,
    )
    with pytest.raises(ValueError, match="must not read it"):
        fit_scm_predictor(leak, COLUMNS, ROLES)
