"""Interventions and what comes of them are in one unit: the model's."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from causaldsl import pipeline
from causaldsl.reports.worlds_text import summary_lines
from causaldsl.source import SourceFile

TEXT = 'scm m\nobserved G : real from standardize("g")\noutcome Y : real\nG -> Y\n'


def test_a_standardised_variable_is_set_and_shown_in_one_unit():
    generator = np.random.default_rng(0)
    frame = pd.DataFrame({"g": generator.normal(100, 20, 30), "Y": generator.normal(size=30)})
    fitted = pipeline.fit(SourceFile(path="m.scm", text=TEXT), frame, words={"epochs": 2})
    result, _ = pipeline.counterfactual(pipeline.answerer_of(fitted), frame, ["G=1.5"])
    shown = pipeline.counterfactual_frame(result)
    assert shown["G"].tolist() == pytest.approx([1.5] * 30)
    (line,) = (x for x in summary_lines(result) if x.split()[:1] == ["G"])
    assert "1.500" in line.split()


def test_variables_named_like_columns_of_the_result_stay_apart():
    text = (
        "scm m\nobserved row : real\nobserved Y : real\noutcome Y_sd : real\nrow -> Y -> Y_sd\n"
        "row ~ Normal(0, 1)\nY ~ Normal(row, 1)\nY_sd ~ Normal(10 * Y, 1)\n"
    )
    model = pipeline.numbered(pipeline.checked_scm(SourceFile(path="m.scm", text=text)))
    table = pd.DataFrame({"row": [7.0, 8.0], "Y": [1.0, 2.0], "Y_sd": [10.0, 20.0]})
    result, _ = pipeline.counterfactual(model, table, ["Y=5"])
    shown = pipeline.counterfactual_frame(result)
    assert shown["row"].tolist() == [1, 2]
    assert shown["row_"].tolist() == [7.0, 8.0]
    assert shown["Y_sd"].tolist() == [0.0, 0.0]
    assert shown["Y_sd_"].tolist() == [50.0, 50.0]


def test_a_simulated_table_loses_no_variable_to_another_of_its_column():
    text = (
        'scm m\nlatent K\nobserved G : real from "K"\nobserved H : real from "K"\nK -> G, H\n'
        "K ~ Normal(0, 1)\nG ~ Normal(10 + K, 1)\nH ~ Normal(100 + K, 1)\n"
    )
    model = pipeline.numbered(pipeline.checked_scm(SourceFile(path="m.scm", text=text)))
    table = pipeline.simulate(model, 50, 0, latents=True)
    means = {name: round(float(table[name].mean()), -1) for name in table}
    assert means == {"K": 10.0, "H": 100.0, "K_": 0.0}
