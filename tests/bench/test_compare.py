"""Comparisons over fakes of known behaviour."""

from dataclasses import replace

import numpy as np
import pytest

from causaldsl.bench.compare import CompareConfig, compare
from causaldsl.bench.splits import paper_split
from causaldsl.diagnostics.codes import diagnostic
from causaldsl.diagnostics.model import FairnessError
from causaldsl.fairness.intervals import Resampling
from causaldsl.fairness.predictor import Roles
from causaldsl.mitigation.baselines import Full
from causaldsl.vocabulary.domains import Count, Real

CONFIG = CompareConfig(seeds=(0, 1, 2), draws=4, epsilon=0.1, resampling=None)


@pytest.fixture(name="table")
def make_table(right, wrong, data):
    return compare([right, wrong], data, CONFIG)


def test_methods_are_the_baselines_and_every_predict_line(table):
    assert table.methods == ("Constant", "Full", "Unaware", "right (K)", "wrong (K)")


def test_rmse_is_that_of_a_fit_on_training_rows_read_off_test_rows(table, data):
    for seed in (0, 1, 2):
        split = paper_split(400, seed)
        train = {name: column[split.train] for name, column in data.columns.items()}
        test = {name: column[split.test] for name, column in data.columns.items()}
        error = test["Y"] - Full(data.roles).fit(train).predict(test)
        by_hand = np.sqrt(np.mean(error**2))
        assert table.values("Full", "rmse")[seed] == pytest.approx(by_hand)


def test_models_see_training_rows_alone(right, data):
    compare([right], data, CONFIG)
    assert [seed for seed, _ in right.seen] == [0, 1, 2]
    for seed, columns in right.seen:
        train = paper_split(400, seed).train
        assert (columns["G"] == data.columns["G"][train]).all()


def test_summaries_are_mean_and_sd_over_splits(table):
    values = list(table.values("Full", "rmse").values())
    summary = table.summary("Full", "rmse")
    assert summary.n == 3
    assert (summary.mean, summary.sd) == pytest.approx((np.mean(values), np.std(values, ddof=1)))


def test_gains_are_paired_by_split(table):
    ours, constant = table.values("Full", "rmse"), table.values("Constant", "rmse")
    gains = [constant[seed] - ours[seed] for seed in (0, 1, 2)]
    gain = table.gain("Full", "rmse")
    assert (gain.mean, gain.sd) == pytest.approx((np.mean(gains), np.std(gains, ddof=1)))
    assert gain.mean > 0


def test_a_latent_abducted_by_the_right_model_has_no_gap_in_its_world(table):
    assert table.summary("right (K)", "cf_gap", "right").mean == pytest.approx(0.0, abs=1e-12)
    assert table.summary("Constant", "cf_gap", "right").mean == 0.0
    assert table.summary("Unaware", "cf_gap", "right").mean > 0.3


def test_a_model_is_judged_in_its_own_world_too_and_flatters_itself_there(table):
    assert table.summary("wrong (K)", "cf_gap", "wrong").mean == pytest.approx(0.0, abs=1e-12)
    assert table.summary("wrong (K)", "cf_gap", "right").mean > 0.3
    assert table.own_world == {"right (K)": "right", "wrong (K)": "wrong"}


def test_another_common_world_may_be_named(right, wrong, data):
    table = compare([right, wrong], data, replace(CONFIG, world="wrong"))
    assert table.common_world == "wrong"
    assert table.summary("Unaware", "cf_gap", "wrong").mean == pytest.approx(0.0, abs=1e-12)


def test_truth_tells_a_wrong_world_from_a_right_one(table):
    assert table.summary("wrong (K)", "true_gap").mean > 0.3
    assert table.summary("wrong (K)", "gap_error", "wrong").mean > 0.3
    assert table.summary("wrong (K)", "gap_error", "right").mean == pytest.approx(0.0, abs=1e-12)
    right = table.outcome_error("right", "S <- Black")
    wrong = table.outcome_error("wrong", "S <- Black")
    assert right.mean < wrong.mean


def test_metrics_without_a_world_are_recorded_once(table):
    keys = [(r.seed, r.method, r.world, r.metric) for r in table.records]
    assert len(set(keys)) == len(keys)
    assert all((r.world is None) == (r.metric in FACTUAL) for r in table.records)


FACTUAL = {
    "rmse",
    "mae",
    "true_gap",
    "group_mean_difference",
    "group_mmd2",
    "group_w1",
    "group_mmd_exoc",
    "group_wass_exoc",
}


def test_noise_floors_are_kept_with_the_values(right, data):
    config = replace(
        CONFIG, seeds=(0,), metrics=("rmse", "cf_w1"), resampling=Resampling(resamples=20)
    )
    table = compare([right], data, config)
    assert table.floor("Unaware", "cf_w1", "right") > 0
    assert table.floor("Unaware", "rmse") is None


def test_without_models_the_baselines_stand_alone(data):
    table = compare([], replace(data, truth=None), CONFIG)
    assert table.methods == ("Constant", "Full", "Unaware")
    assert table.common_world is None
    assert "cf_gap" not in table.metrics


def test_what_a_fit_says_of_itself_travels_with_the_table(right, data):
    right.findings = (diagnostic("CD801", "a finding of the fit"),)
    table = compare([right], data, replace(CONFIG, metrics=("rmse",)))
    assert [(f.seed, f.model, f.finding.code) for f in table.fit_findings] == [
        (seed, "right", "CD801") for seed in (0, 1, 2)
    ]


def test_a_method_that_the_common_world_cannot_feed_keeps_its_other_metrics(right, data):
    # the table has a feature that the model does not declare
    columns = {**data.columns, "H": data.columns["G"] ** 2}
    roles = Roles(
        sensitive=("S",),
        features=("G", "H"),
        outcome="Y",
        domains={**data.roles.domains, "H": Real()},
    )
    wider = replace(data, columns=columns, roles=roles, truth=None)
    table = compare([right], wider, replace(CONFIG, seeds=(0,)))
    assert table.summary("Full", "rmse") is not None
    assert table.summary("Full", "cf_gap", "right") is None
    assert {finding.code for finding in table.findings} == {"CD811"}


def test_models_that_mean_other_variables_are_refused(right, data):
    right.roles = replace(data.roles, domains={**data.roles.domains, "G": Count()})
    with pytest.raises(FairnessError) as refusal:
        compare([right], data, CONFIG)
    assert refusal.value.diagnostics[0].code == "CD809"
    assert "`G` is count" in refusal.value.diagnostics[0].message
    assert not right.seen


def test_an_unknown_metric_is_refused_before_anything_is_fitted(right, data):
    with pytest.raises(FairnessError) as refusal:
        compare([right], data, replace(CONFIG, metrics=("rsme",)))
    assert refusal.value.diagnostics[0].hint == "did you mean `rmse`?"
    assert not right.seen


def test_a_table_without_outcome_is_refused(data):
    with pytest.raises(FairnessError) as refusal:
        replace(data, roles=replace(data.roles, outcome=""))
    assert refusal.value.diagnostics[0].code == "CD813"


@pytest.mark.parametrize(
    "change", [{"world": "nobody"}, {"baselines": ("Best",)}, {"seeds": ()}, {"seeds": (1, 1)}]
)
def test_wrong_settings_are_value_errors(right, data, change):
    with pytest.raises(ValueError, match=r"world|baselines|seeds"):
        compare([right], data, replace(CONFIG, **change))


def test_the_same_comparison_twice_is_equal(right, data):
    assert compare([right], data, CONFIG) == compare([right], data, CONFIG)
