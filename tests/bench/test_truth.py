"""True worlds are those of the sensitive variables' levels, matched to the model's by name."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from causaldsl.bench.truth import read_truth
from causaldsl.data.binding import bind
from causaldsl.data.schema import schema_of
from causaldsl.fairness.measures.subject import Subject
from causaldsl.fairness.registry import METRICS, evaluate
from causaldsl.fairness.worlds import WorldPredictions
from tests.models_text import scm_of

TEXT = "scm m\nsensitive S : {a, b}\nsensitive A : real\nobserved G : real\nS, A -> G\n"


def table(**worlds):
    frame = pd.DataFrame({"S": ["a", "b", "a"], "A": [1.0, 2.0, 3.0], "G": [1.0, 2.0, 3.0]})
    for name, s in worlds.items():
        frame[f"S[{name}]"], frame[f"A[{name}]"] = s, frame["A"]
        frame[f"G[{name}]"] = [10.0, 20.0, 30.0]
    return frame


def truth_of(frame):
    scm = scm_of(TEXT)
    data = bind(frame, schema_of(scm))
    return read_truth(frame, data, scm, data.encoding)


def test_a_level_of_a_sensitive_variable_is_a_world():
    truth = truth_of(table(**{"S=b": "b"}))
    assert [w.name for w in truth.worlds] == ["S=b"]
    assert truth.worlds[0].differs.tolist() == [True, False, True]


def test_shifts_and_worlds_of_other_variables_are_left_aside():
    frame = table(**{"A=A + 1": "a", "G=3": "a", "S=b": "b"})
    assert [w.name for w in truth_of(frame).worlds] == ["S=b"]


def subject(true, ours, differs=True):
    def predictions(names):
        values = np.stack([np.full((1, 2), float(name == "S=b")) for name in names])
        mask = np.full((len(names), 2), differs)
        return WorldPredictions(names=names, factual=np.zeros(2), values=values, differs=mask)

    return Subject(
        name="p",
        outcome=np.zeros(2),
        outcome_kind="real",
        predicted=np.zeros(2),
        worlds=predictions(ours),
        truth=predictions(true),
    )


def test_worlds_are_matched_by_name_in_whatever_order():
    value = evaluate(METRICS["gap_error"], subject(("S=b", "S=a"), ("S=a", "S=b")), None)
    assert value.estimate == 0.0


@pytest.mark.parametrize("true", [("S=b",), ("S=b", "S=c")])
def test_gaps_of_other_worlds_are_not_compared(true):
    value = evaluate(METRICS["gap_error"], subject(true, ("S=a", "S=b")), None)
    assert value.estimate is None
    assert [d.code for d in value.findings] == ["CD808"]


def test_no_true_world_that_changes_a_row_is_no_number():
    value = evaluate(METRICS["true_gap"], subject(("S=b",), ("S=b",), differs=False), None)
    assert value.estimate is None
