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
