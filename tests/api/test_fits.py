"""Fits as values: tables of every kind, answers, reports, files; and mistakes of the caller."""

import json

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import causaldsl
from causaldsl import CounterfactualError, DataError, FairnessError, InferenceError


@pytest.mark.parametrize(
    "convert",
    [
        pl.from_pandas,
        pa.Table.from_pandas,
        lambda f: f.to_dict("list"),
        lambda f: {name: f[name].to_numpy() for name in f},
    ],
    ids=["polars", "arrow", "lists", "arrays"],
)
def test_every_kind_of_table_gives_the_same_predictions(fit, frame, convert):
    assert fit.predict(convert(frame)).equals(fit.predict(frame))


def test_a_path_is_a_table_too(fit, frame, tmp_path):
    frame.to_parquet(tmp_path / "t.parquet")
    assert fit.predict(tmp_path / "t.parquet").equals(fit.predict(frame))


def test_the_table_of_the_caller_is_not_changed(fit, frame):
    before = frame.copy()
    fit.counterfactual(frame, "S=a", draws=3)
    fit.predict(frame)
    assert frame.equals(before)


def test_parameters_are_copies(fit):
    values = fit.params
    name = next(iter(values))
    assert isinstance(values[name], np.ndarray)
    values[name][...] = 99
    assert not (fit.params[name] == 99).any()


def test_a_fit_says_how_it_went(fit):
    assert fit.summary.startswith("small: ")
    assert fit.converged == fit.result.converged
    assert fit.diagnostics == fit.result.diagnostics
    assert fit.model.name == "small"


def test_a_saved_fit_answers_as_the_fit_did(fit, frame, tmp_path):
    fit.save(tmp_path / "s.fit")
    loaded = causaldsl.load_fit(tmp_path / "s.fit")
    assert loaded.predict(frame).equals(fit.predict(frame))
    first, again = (f.counterfactual(frame, "S=s'", draws=5).frame for f in (fit, loaded))
    assert first.equals(again)


def test_a_fit_draws_rows_in_the_columns_of_its_table(fit):
    rows = fit.simulate(4, seed=1, do={"S": "b-c"}, latents=True)
    assert set(rows.columns) == {"group", "G", "Y", "K"}
    assert set(rows["group"]) == {"b-c"}


# --- counterfactuals ------------------------------------------------------------------------


def test_counterfactuals_have_a_row_for_each_row_and_world(fit, frame):
    answer = fit.counterfactual(frame, "S=s'", draws=5)
    assert list(answer.frame.columns[:3]) == ["row", "world", "S"]
    assert len(answer.frame) == len(frame)
    assert answer.frame["row"].tolist() == list(range(1, len(frame) + 1))


def test_evidence_is_a_list_or_one_text(fit, frame):
    listed = fit.counterfactual(frame, "S=a", evidence=["S", "G"], draws=5)
    written = fit.counterfactual(frame, "S=a", evidence="S, G", draws=5)
    assert listed.frame.equals(written.frame)
    assert listed.result.evidence == ("S", "G")


def test_without_evidence_every_row_is_the_same_to_the_model(fit, frame):
    answer = fit.counterfactual(frame, "S=a", evidence=[], draws=400)
    assert len(answer.frame) == len(frame)
    assert answer.frame["G"].std() < 0.5 * frame["G"].std()


def test_counterfactuals_say_what_they_rest_on(fit, frame):
    answer = fit.counterfactual(frame, "S=a", draws=5)
    assert answer.assumptions
    assert "coupling" in answer.head
    assert "V_sd" in answer.summary
    assert set(fit.diagnostics) <= set(answer.diagnostics)


@pytest.mark.parametrize(
    ("do", "options", "error"),
    [
        (5, {}, TypeError),
        ([1], {}, TypeError),
        ("S=z", {}, CounterfactualError),
        ("Z=1", {}, CounterfactualError),
        ("", {}, CounterfactualError),
        ("S=a", {"evidence": 5}, TypeError),
        ("S=a", {"evidence": "S, Z"}, CounterfactualError),
        ("S=a", {"evidence": ["K"]}, CounterfactualError),
        ("S=a", {"draws": 0}, ValueError),
        ("S=a", {"draws": "many"}, TypeError),
        ("S=a", {"seed": -1}, ValueError),
        ("S=a", {"seed": "one"}, TypeError),
        ("S=a", {"engine": "magic"}, CounterfactualError),
        ("S=a", {"objective": "magic"}, ValueError),
        ("S=a", {"magic": 1}, TypeError),
    ],
)
def test_a_wrong_question_is_refused(fit, frame, do, options, error):
    with pytest.raises(error):
        fit.counterfactual(frame, do, **options)


@pytest.mark.parametrize("table", [None, 5, [1, 2], object()])
def test_what_is_no_table_is_a_type_error(fit, table):
    with pytest.raises(TypeError):
        fit.predict(table)


def test_missing_and_unknown_values_are_data_errors(fit, frame):
    with pytest.raises(DataError, match="CD511"):
        fit.predict(frame.assign(G=np.nan))
    with pytest.raises(DataError, match="CD510"):
        fit.predict(frame.assign(group="z"))


# --- fitting --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"epoch": 3}, InferenceError),
        ({"epochs": 0}, InferenceError),
        ({"epochs": "many"}, InferenceError),
        ({"method": "magic"}, ValueError),
        ({"resume": "nowhere.ckpt"}, InferenceError),
        ({"checkpoint": "nowhere/c.ckpt", "epochs": 2}, InferenceError),
    ],
)
def test_a_wrong_fit_is_refused(fit, frame, options, error):
    with pytest.raises(error):
        fit.model.fit(frame, **options)


def test_progress_tells_the_elbo_by_parts(fit, frame):
    told = []
    fit.model.fit(frame, epochs=2, passes=2, progress=told.append)
    figures = next(p.figures for p in told if p.stage == "model")
    assert {"elbo", "part S", "part G", "part Y", "part K", "seconds left"} <= set(figures)


# --- reports --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def report(fit, frame):
    return fit.audit(frame, draws=3, metrics="rmse, cf_gap")


def test_an_audit_has_a_row_for_each_predictor_and_metric(report):
    table = report.frame
    assert set(table["metric"]) == {"rmse", "cf_gap"}
    assert {"Constant", "Full", "Unaware", "small (K)"} <= set(table["predictor"])


def test_a_report_is_text_and_html(report):
    assert str(report).startswith("Fairness of Y with respect to S")
    assert "<table>" in report._repr_html_()


@pytest.mark.parametrize("suffix", [".txt", ".md", ".csv", ".json"])
def test_a_report_is_saved_by_its_suffix(report, tmp_path, suffix):
    report.save(tmp_path / f"r{suffix}")
    text = (tmp_path / f"r{suffix}").read_text("utf-8")
    assert "cf_gap" in text.replace("\\", "")
    if suffix == ".json":
        assert json.loads(text)["format"] == "causaldsl-audit"


def test_a_report_of_another_suffix_is_a_value_error(report, tmp_path):
    with pytest.raises(ValueError, match=r"\.txt, \.md"):
        report.save(tmp_path / "r.docx")


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"metrics": "magic"}, FairnessError),
        ({"metrics": 5}, TypeError),
        ({"draws": 0}, ValueError),
        ({"draws": 1.5}, TypeError),
        ({"epsilon": -1}, ValueError),
        ({"epsilon": "x"}, TypeError),
        ({"seed": -1}, ValueError),
    ],
)
def test_a_wrong_audit_is_refused(fit, frame, options, error):
    with pytest.raises(error):
        fit.audit(frame, **options)


def test_models_are_compared_over_splits(fit, frame):
    report = causaldsl.compare(
        fit.model, frame, seeds=1, draws=2, metrics=["rmse"], epochs=2, passes=2
    )
    assert set(report.frame["method"]) == {"Constant", "Full", "Unaware", "small (K)"}
    assert "4 methods" in report.text


def test_a_comparison_needs_a_model(frame):
    with pytest.raises(ValueError, match="no model"):
        causaldsl.compare([], frame)


# --- notebooks ------------------------------------------------------------------------------


def test_a_notebook_shows_a_fit_and_its_answers_as_tables(fit, frame):
    assert "<table>" in fit._repr_html_()
    shown = fit.counterfactual(frame, "S=s'", draws=3)._repr_html_()
    assert "<table" in shown
    assert "and 40 more rows" in shown


def test_what_a_notebook_shows_is_escaped():
    model = causaldsl.loads('scm m "<script>"\nobserved X : real "<b>x</b>"\n')
    assert "<script>" not in model._repr_html_()
    table = pd.DataFrame({"X": [0.1, 0.4, 0.3]})
    assert "<b>x" not in model.fit(table, epochs=1, passes=2)._repr_html_()


def test_a_fit_whose_regressions_were_refused_says_so_where_it_is_asked_to_predict():
    text = """scm holes
sensitive a : binary
observed x : real
outcome y : real missing latent
latent z
z, a -> x, y
train epochs=2
predict y from z
"""
    rows = {"a": [0, 1, 0, 1], "x": [0.1, 1.2, -0.4, 0.8], "y": [0.3, None, -0.1, 0.9]}
    fit = causaldsl.loads(text).fit(rows)
    with pytest.raises(causaldsl.CausalDslError) as caught:
        fit.predict(rows)
    (finding,) = caught.value.diagnostics
    assert finding.code == "CD814"
    assert "holds no predictor" in finding.message
    assert finding.notes[0].startswith("CD810 feature `y` is missing")
