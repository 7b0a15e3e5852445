"""A guide answers for the rows and the evidence that it was trained on, and for nothing else."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch

from causaldsl import pipeline
from causaldsl.counterfactual.abduction import read_evidence
from causaldsl.engines.choose import latent_posterior
from causaldsl.engines.problem import Problem
from causaldsl.runtime.scope import isolated
from causaldsl.source import SourceFile

TEXT = """scm m
sensitive S : {a, b}
observed  L : count
outcome   Y : real
latent    K
S, K -> L
K -> Y
loss near = 0.01 * mse(K, Y)
"""
WORDS = {"epochs": 2, "seed": 0}


@pytest.fixture(name="frame", scope="module")
def make_frame():
    generator = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "S": np.where(generator.random(12) < 0.5, "a", "b"),
            "L": generator.poisson(3, 12),
            "Y": generator.normal(size=12),
        }
    )


def fitted(frame, text):
    source = SourceFile(path="m.scm", text=text)
    return pipeline.answerer_of(pipeline.fit(source, frame, words=WORDS))


@pytest.fixture(name="per_row", scope="module")
def make_per_row(frame):
    return fitted(frame, TEXT + "guide per_row\n")


@pytest.fixture(name="amortised", scope="module")
def make_amortised(frame):
    return fitted(frame, TEXT)


def test_a_per_row_guide_answers_for_its_own_rows(per_row, frame):
    result, _ = pipeline.counterfactual(per_row, frame, ["S=a"], draws=20)
    assert (result.engines["K"], result.objective) == ("guide", "encoder")


@pytest.mark.parametrize("index", [slice(None, None, -1), slice(0, 5)], ids=["reversed", "some"])
def test_a_per_row_guide_does_not_answer_for_rows_in_other_places(per_row, frame, index):
    result, _ = pipeline.counterfactual(per_row, frame.iloc[index], ["S=a"], draws=20)
    assert (result.engines["K"], result.objective) == ("laplace", "posterior")


def test_a_guide_that_was_never_trained_does_not_answer(amortised, frame):
    trained, _ = pipeline.counterfactual(amortised, frame, ["S=a"], evidence=["S", "L"], draws=20)
    assert trained.engines["K"] == "guide"
    state = amortised.state
    own = {
        part: {k: v for k, v in values.items() if not k.startswith("guide_without_outcome.")}
        for part, values in state.items()
    }
    stopped = replace(amortised, state=own)
    result, _ = pipeline.counterfactual(stopped, frame, ["S=a"], evidence=["S", "L"], draws=20)
    assert (result.engines["K"], result.objective) == ("laplace", "posterior")


def test_draws_that_a_guides_evidence_excludes_have_no_weight():
    text = (
        "scm m\nlatent K\nobserved G, H : real\nK -> G, H\nK ~ Normal(0, 1)\n"
        "G ~ Uniform(K, K + 1)\nH ~ Uniform(K, K + 1)\n"
    )
    compiled = pipeline.compile_scm(SourceFile(path="m.scm", text=text))
    with isolated(0) as state, torch.no_grad():
        compiled.module.guide({"G": torch.zeros(1).double(), "H": torch.zeros(1).double()})
    evidence = read_evidence(
        compiled.scm, {"G": torch.tensor([0.0]).double(), "H": torch.tensor([0.5]).double()}
    )
    problem = Problem.of(compiled, {}, evidence.values, state=state)
    with isolated(0), torch.no_grad():
        found = latent_posterior(problem, 200, torch.Generator().manual_seed(0), engine="guide")
    k, weights = found.samples["K"][:, 0], found.log_weights[:, 0]
    assert bool(((k > -0.5) & (k <= 0)).all())
    assert 0.3 < float((weights == -torch.inf).double().mean()) < 0.95
