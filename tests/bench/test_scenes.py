"""A fit's pictures judged on drawn scenes, between the truth and doing nothing."""

from __future__ import annotations

import json

import numpy as np
import pytest

from causaldsl import FairnessError, pipeline
from causaldsl.bench.scenes import COPY, MADE, TRUTH, scene_size
from causaldsl.datasets.scenes import scenes
from causaldsl.fairness import picture_metrics
from causaldsl.source import SourceFile
from tests.models_text import scm_of

TEXT = """scm small
sensitive a : binary
outcome   x : image[3, 8, 8] from "picture"
latent    u[3]
u, a -> x
x ~ deconv(parents; channels=[6], hidden=[8], activation=tanh)
guide u ~ Normal(conv(x, a; channels=[4], hidden=[8], activation=tanh))
"""


@pytest.fixture(scope="module")
def model():
    table = scenes(24, seed=1, size=8).table()
    words = {"epochs": 2, "passes": 2}
    fitted = pipeline.fit(SourceFile(path="m.scm", text=TEXT), table, words=words)
    return pipeline.answerer_of(fitted)


@pytest.fixture(scope="module")
def judged(model):
    return pipeline.judge_scenes(model, n=30, n_train=60)


def test_the_truth_is_the_ceiling_and_the_copy_the_floor(judged):
    truth, copy = judged.values[TRUTH], judged.values[COPY]
    assert truth["caused_moved"].estimate == 1
    assert truth["fid"].estimate == pytest.approx(0, abs=1e-6)
    assert truth["pixel_error_caused"].estimate == 0
    assert copy["caused_moved"].estimate == 0
    assert copy["pixel_error_correlated"].estimate == 0
    assert copy["attribute_accuracy"].by["a"] < truth["attribute_accuracy"].by["a"]


def test_the_model_is_judged_by_its_own_pictures_on_scenes_that_it_never_saw(model, judged):
    rows = scenes(30, seed=2, size=8)
    made = pipeline.pictures(model, rows.table(), ["a=a'"])
    np.testing.assert_array_equal(judged.pictures.counterfactual, made.counterfactual)
    np.testing.assert_array_equal(judged.pictures.truth, rows.counterfactual)
    errors = picture_metrics.pixel_errors(
        made.counterfactual, rows.counterfactual, rows.masks["caused"]
    )
    found = judged.values[MADE]["pixel_error_caused"]
    assert found.estimate == pytest.approx(errors.mean())
    assert found.interval.low < found.estimate < found.interval.high
    expected = np.abs(made.reconstruction - rows.images).mean()
    assert judged.result.reconstruction == pytest.approx(expected)


def test_the_report_names_what_it_rests_on_and_every_bound(judged, tmp_path):
    text = judged.text
    for words in ("truth", "as it is", "a flipped", "`encoder`", "share of the true change made"):
        assert words in text
    body = json.loads(judged.render(".json"))
    assert set(body["values"]) == {MADE, TRUTH, COPY}
    assert body["values"][TRUTH]["caused_moved"]["estimate"] == 1
    judged.save(tmp_path / "judged.md")
    assert "| metric |" in (tmp_path / "judged.md").read_text("utf-8")
    judged.save(tmp_path / "sheet.png")
    assert (tmp_path / "sheet.png").read_bytes().startswith(b"\x89PNG")
    with pytest.raises(ValueError, match="ends in"):
        judged.save(tmp_path / "judged.csv")


def test_equal_seeds_judge_alike(model, judged):
    again = pipeline.judge_scenes(model, n=30, n_train=60, resamples=None)
    for name, value in again.values[MADE].items():
        assert value.estimate == judged.values[MADE][name].estimate
        assert value.interval is None


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("image[3, 8, 8]", "image[3, 8, 16]", "square"),
        ("image[3, 8, 8]", "image[4, 8, 8]", "grey or RGB"),
        ("a : binary", 'a : binary from "b"', "column `a`"),
        ("latent ", "observed z : real\nlatent ", "no scene has `z`"),
    ],
)
def test_a_model_of_something_else_is_refused(old, new, said):
    from causaldsl.data.schema import schema_of

    scm = scm_of(TEXT.replace(old, new, 1))
    columns = {n: s.columns for n, s in schema_of(scm).variables.items()}
    with pytest.raises(FairnessError) as caught:
        scene_size(scm, columns)
    assert caught.value.diagnostics[0].code == "CD815"
    assert said in caught.value.diagnostics[0].message


@pytest.mark.parametrize("words", [{"n": 1}, {"n_train": 3}, {"draws": 0}, {"seed": -1}])
def test_numbers_that_cannot_be_are_refused(model, words):
    with pytest.raises(ValueError, match="whole number"):
        pipeline.judge_scenes(model, **words)
