"""Probabilities of 0 stay 0, however well the evidence would fit them."""

from __future__ import annotations

import math

import pyro.distributions as pd
import pytest
import torch
import torch.distributions as td

from causaldsl.engines.choose import latent_posterior
from causaldsl.engines.problem import Problem
from causaldsl.runtime.distributions import is_possible, log_density
from causaldsl.runtime.scope import isolated
from tests.models_text import compiled_of

LEVELS = "scm m\nparam t = {{a: 0, b: 40}}\nlatent S : {{a, b}}\nobserved G : real\nS -> G\n"
LEVELS += "S ~ Categorical([1, 0])\nG ~ Normal(t[S], 1)\n"
BESIDE = LEVELS.replace("S -> G\n", "latent K\nS, K -> G\n") + "K ~ Laplace(0, 1)\n"


@pytest.mark.parametrize(
    ("text", "engine"),
    [
        (LEVELS, "exact-discrete"),
        (LEVELS, "importance"),
        (BESIDE.replace("t[S]", "t[S] + K").replace("Laplace", "Normal"), "exact-gaussian"),
        (BESIDE.replace("t[S]", "t[S] + K"), "laplace"),
    ],
)
def test_no_engine_finds_a_level_of_probability_zero(text, engine):
    compiled = compiled_of(text.format())
    problem = Problem.of(compiled, {}, {"G": torch.tensor([39.0]).double()})
    with isolated(0), torch.no_grad():
        found = latent_posterior(problem, 64, torch.Generator().manual_seed(0), engine=engine)
    assert set(found.samples["S"].reshape(-1).tolist()) == {0}
    assert found.unfinished is None or not bool(found.unfinished.any())


def test_densities_of_impossible_values_are_zero():
    one, zero = torch.tensor(1.0).double(), torch.tensor(0.0).double()
    assert float(log_density(td.Bernoulli(probs=zero), one)) == -math.inf
    assert float(log_density(td.Bernoulli(probs=one), one)) == pytest.approx(0.0)
    assert float(log_density(td.Categorical(probs=torch.tensor([1.0, 0.0])), torch.tensor(1))) == (
        -math.inf
    )
    assert float(log_density(td.Binomial(3, probs=zero), one)) == -math.inf
    assert float(log_density(td.Binomial(3, probs=one), 3 * one)) == pytest.approx(0.0, abs=1e-12)
    assert not bool(is_possible(td.Binomial(3, probs=one), one))


def test_the_tail_of_ordered_levels_keeps_its_digits():
    law = pd.OrderedLogistic(torch.tensor(100.0).double(), torch.tensor([-1.0, 1.0]).double())
    assert float(log_density(law, torch.tensor(0))) == pytest.approx(-101.0)
    assert float(log_density(law, torch.tensor(2))) == pytest.approx(0.0, abs=1e-12)
