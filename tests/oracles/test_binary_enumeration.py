"""Binary models by enumeration: every latent's value and every monotone response, numpy only."""

from __future__ import annotations

from itertools import pairwise, product

import numpy as np
import pytest
import torch

from causaldsl.counterfactual.action import intervene
from causaldsl.counterfactual.engine import world_draws
from tests.models_text import compiled_of

PARENTS = {"u": (), "a": ("u",), "m": ("a",), "y": ("u", "a", "m")}


def random_tables(rng):
    """P(V = 1 | parents) for each variable, by the parents' values."""
    return {
        name: np.round(rng.uniform(0.1, 0.9, (2,) * len(parents)), 3)
        for name, parents in PARENTS.items()
    }


def text_of(tables):
    def predictor(name):
        probability = tables[name]
        if not PARENTS[name]:
            return repr(float(probability))
        terms = []
        for cell in product((0, 1), repeat=len(PARENTS[name])):
            flags = [p if c else f"(1 - {p})" for p, c in zip(PARENTS[name], cell, strict=True)]
            terms.append(" * ".join([repr(float(probability[cell])), *flags]))
        return " + ".join(terms)

    lines = ["scm cells", "latent u : binary", "observed a, m : binary", "outcome y : binary"]
    lines += [f"{p} -> {n}" for n, parents in PARENTS.items() for p in parents]
    lines += [f"{n} ~ Bernoulli(clip({predictor(n)}, 0.01, 0.99))" for n in PARENTS]
    return "\n".join(lines) + "\n"


def cells(probabilities):
    """The values of a uniform that matter: between the thresholds 1 - p, middle and width."""
    edges = np.unique(np.concatenate([[0.0], 1 - np.ravel(probabilities), [1.0]]))
    return [((low + high) / 2, high - low) for low, high in pairwise(edges)]


def enumerate_worlds(tables, evidence, do):
    """P(variable = 1 in the world of `do` | evidence), over every joint value of the noises."""
    total, ones = 0.0, dict.fromkeys(PARENTS, 0.0)
    for choice in product(*(cells(tables[n]) for n in PARENTS)):
        noise = {n: c[0] for n, c in zip(PARENTS, choice, strict=True)}
        weight = np.prod([c[1] for c in choice])
        facts, world = {}, {}
        for values, fixed in ((facts, {}), (world, do)):
            for name, parents in PARENTS.items():
                p = tables[name][tuple(values[q] for q in parents)]
                values[name] = fixed.get(name, int(noise[name] > 1 - p))
        if all(facts[n] == v for n, v in evidence.items()):
            total += weight
            for name in PARENTS:
                ones[name] += weight * world[name]
    return {n: v / total for n, v in ones.items()}


@pytest.mark.parametrize("seed", range(6))
def test_counterfactual_probabilities_equal_the_enumerated_ones(seed):
    rng = np.random.default_rng(seed)
    tables = random_tables(rng)
    compiled = compiled_of(text_of(tables))
    names = ["a", "m", "y"][: int(rng.integers(1, 4))] if seed % 2 else ["a", "m", "y"]
    evidence = {n: int(rng.integers(0, 2)) for n in names}
    do = {"a": 1 - evidence["a"]}
    draws = 40_000
    found = world_draws(
        compiled,
        {},
        {n: torch.tensor([float(v)]).double() for n, v in evidence.items()},
        intervene(compiled.scm, do),
        seed=seed,
        draws=draws,
    )
    assert found.ess is None
    exact = enumerate_worlds(tables, evidence, do)
    (values,) = found.worlds.values()
    for name, p in exact.items():
        got = values[name].double().mean().item()
        assert abs(got - p) <= 5 * (p * (1 - p) / draws) ** 0.5 + 1 / draws
