"""A guide answers for rows without a cell only where it was trained on such rows."""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd
import pytest

from causaldsl import pipeline
from causaldsl.diagnostics.model import CounterfactualError
from causaldsl.inference.config import FitConfig
from causaldsl.source import SourceFile

TEXT = """scm m
sensitive S : {a, b}
observed  L : count
observed  G : real missing latent
outcome   Y : real
latent    K
S, K -> L, G, Y
"""
NUMBERED = """
S ~ Categorical([0.5, 0.5])
K ~ Normal(0, 1)
L ~ Poisson(exp(1 + 0.3*K))
G ~ Normal(K + code(S), 1)
Y ~ Normal(K, 1)
"""
WORDS = {"epochs": 2, "seed": 0, "passes": 2}


def table(lacking):
    generator = np.random.default_rng(0)
    rows = pd.DataFrame(
        {
            "S": np.where(generator.random(20) < 0.5, "a", "b"),
            "L": generator.poisson(3, 20),
            "G": generator.normal(size=20),
            "Y": generator.normal(size=20),
        }
    )
    rows.loc[: lacking - 1, "G"] = np.nan
    return rows


def fitted(rows, text=TEXT):
    return pipeline.fit(SourceFile(path="m.scm", text=text), rows, words=WORDS)


def answered(model, rows, **options):
    result, _ = pipeline.counterfactual(model, rows, ["S=a"], draws=10, **options)
    return result, " ".join(result.reasons)


@pytest.fixture(name="complete", scope="module")
def make_complete():
    return fitted(table(lacking=0))


def test_a_guide_that_never_saw_a_missing_cell_does_not_answer_for_rows_with_one(complete):
    _, said = answered(pipeline.answerer_of(complete), table(lacking=19))
    assert "`K` by laplace" in said
    assert "guide does not apply (its training rows never lacked `G`, and these rows do)" in said


def test_the_same_guide_answers_for_whole_rows(complete):
    _, said = answered(pipeline.answerer_of(complete), table(lacking=0))
    assert said.startswith("`K` by guide")


def test_a_guide_that_saw_missing_cells_answers_for_rows_with_one():
    _, said = answered(pipeline.answerer_of(fitted(table(lacking=5))), table(lacking=19))
    assert "laplace" not in said


def test_a_saved_fit_knows_what_its_rows_never_lacked(complete, tmp_path):
    pipeline.save_fit(complete, tmp_path / "m.fit")
    loaded = pipeline.answerer_of(pipeline.load_fit(tmp_path / "m.fit"))
    _, said = answered(loaded, table(lacking=19))
    assert "never lacked `G`" in said


def test_the_encoder_is_refused_for_cells_that_it_never_saw_missing(complete):
    model = pipeline.answerer_of(complete)
    with pytest.raises(CounterfactualError, match="never lacked `G`"):
        answered(model, table(lacking=19), objective="encoder")


def test_the_encoder_is_no_default_for_cells_that_it_never_saw_missing():
    rows = table(lacking=0)
    model = pipeline.answerer_of(fitted(rows, TEXT + "loss near = 0.01 * mse(K, Y)\n"))
    assert answered(model, rows)[0].objective == "encoder"
    assert answered(model, table(lacking=19))[0].objective == "posterior"


def test_the_guide_of_a_numbered_file_knows_simulated_rows_alone(monkeypatch):
    short = partial(FitConfig, epochs=2, passes=2)
    monkeypatch.setattr("causaldsl.answering.GUIDE_ROWS", 200)
    monkeypatch.setattr("causaldsl.inference.svi.FitConfig", short)
    source = SourceFile(path="m.scm", text=TEXT + NUMBERED)
    _, said = answered(pipeline.numbered(pipeline.checked_scm(source)), table(lacking=19))
    assert "never lacked `G`" in said
