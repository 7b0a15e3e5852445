"""The forward pass: simulation, and other worlds of the same noise."""

from __future__ import annotations

import torch

from causaldsl.runtime.forward import propagate, simulate
from causaldsl.runtime.scope import isolated
from tests.models_text import compiled_of

TEXT = """
scm chain
observed S : {a, b}
observed X : real
observed N : count
outcome Y : real
S -> X
X -> N, Y
S ~ Categorical([0.25, 0.75])
X ~ Normal(code(S), 0.5)
N ~ Poisson(exp(0.3 * X))
Y := 2 * X - 1
"""


def test_simulated_values_have_the_models_moments():
    n = 100_000
    values = simulate(compiled_of(TEXT), {}, n, 0)
    assert values["S"].dtype is torch.int64
    assert values["N"].dtype is torch.float64
    assert abs(values["S"].double().mean().item() - 0.75) < 5 * (0.75 * 0.25 / n) ** 0.5
    assert abs(values["X"].mean().item() - 0.75) < 5 * ((0.25 + 0.1875) / n) ** 0.5
    assert torch.equal(values["Y"], 2 * values["X"] - 1)


def test_a_seed_gives_the_same_rows_again():
    compiled = compiled_of(TEXT)
    one, two, other = (simulate(compiled, {}, 50, seed) for seed in (0, 0, 1))
    assert all(torch.equal(one[n], two[n]) for n in one)
    assert not torch.equal(one["X"], other["X"])


def test_an_intervention_stands_in_place_of_its_mechanism():
    values = simulate(compiled_of(TEXT), {}, 100, 0, do={"X": torch.tensor(2.0).double()})
    assert torch.equal(values["Y"], torch.full((100,), 3.0).double())


def test_simulated_noise_gives_the_values_back():
    compiled = compiled_of(TEXT)
    values, noise = simulate(compiled, {}, 200, 0, return_noise=True)
    assert set(noise) == {"S", "X", "N"}
    with isolated(0):
        again = propagate(compiled, {}, noise, {})
    assert all(torch.equal(again[n], values[n]) for n in values)


def test_what_an_intervention_does_not_reach_is_the_very_tensor():
    compiled = compiled_of(TEXT)
    values, noise = simulate(compiled, {}, 20, 0, return_noise=True)
    with isolated(0):
        world = propagate(compiled, {}, noise, {"N": values["N"] + 1}, factual=values)
    assert all(world[n] is values[n] for n in ("S", "X", "Y"))


def test_rows_that_keep_their_value_keep_their_facts_even_with_noise_that_contradicts():
    # the noise is redrawn, as under the independent coupling: only moved rows may use it
    compiled = compiled_of(TEXT)
    values = simulate(compiled, {}, 200, 0)
    _, fresh = simulate(compiled, {}, 200, 1, return_noise=True)
    ones = torch.ones(200, dtype=torch.long)
    with isolated(0):
        world = propagate(compiled, {}, fresh, {"S": ones}, factual=values)
    kept = values["S"] == 1
    assert all(torch.equal(world[n][kept], values[n][kept]) for n in values)
    assert not torch.equal(world["X"][~kept], values["X"][~kept])
