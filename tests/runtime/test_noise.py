"""The noise of each family: density against push-forward, and the way there and back."""

from __future__ import annotations

import pyro.distributions as pd
import pytest
import torch
import torch.distributions as td

from causaldsl.runtime.distributions import (
    FAMILY_NOISE,
    abduct_noise,
    apply_noise,
    build_family,
    draw_noise,
    family_name,
    is_possible,
)
from causaldsl.vocabulary.distributions import FAMILIES

F = torch.float64


def t(*values):
    return torch.tensor(values, dtype=F)


CONTINUOUS = {
    "Normal": td.Normal(t(1.0), t(2.0)),
    "Laplace": td.Laplace(t(-1.0), t(0.5)),
    "StudentT": td.StudentT(t(4.0), t(0.3), t(2.0)),
    "Uniform": td.Uniform(t(-1.0), t(3.0)),
    "LogNormal": td.LogNormal(t(0.2), t(0.7)),
    "Exponential": td.Exponential(t(1.7)),
    "Gamma": td.Gamma(t(0.6), t(2.0)),
    "InverseGamma": td.InverseGamma(t(3.0), t(2.0)),
    "HalfNormal": td.HalfNormal(t(1.5)),
    "HalfCauchy": td.HalfCauchy(t(0.8)),
    "Beta": td.Beta(t(2.0), t(0.7)),
}
DISCRETE = {
    "Bernoulli": td.Bernoulli(logits=t(0.4)),
    "Binomial": td.Binomial(t(9.0), probs=t(0.3)),
    "Poisson": td.Poisson(t(4.2)),
    "NegativeBinomial": pd.GammaPoisson(t(2.5), t(0.4)),
    "Categorical": td.Categorical(logits=t(0.3, -0.2, 1.1)),
    "OrderedLogit": pd.OrderedLogistic(t(0.4), t(-1.0, 0.5, 1.5)),
}
ALL = CONTINUOUS | DISCRETE
OTHER = {
    "Bernoulli": td.Bernoulli(logits=t(-0.4)),
    "Binomial": td.Binomial(t(9.0), probs=t(0.6)),
    "Poisson": td.Poisson(t(7.5)),
    "NegativeBinomial": pd.GammaPoisson(t(2.5), t(0.2)),
    "Categorical": td.Categorical(logits=t(1.3, -0.2, 0.1)),
    "OrderedLogit": pd.OrderedLogistic(t(-0.6), t(-1.0, 0.5, 1.5)),
}


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def test_families_with_noise_are_those_of_the_vocabulary():
    assert set(FAMILY_NOISE) == set(FAMILIES)


def test_forms_of_noise_agree_with_the_vocabulary():
    word = {
        "location_scale": "additive",
        "log_location_scale": "additive",
        "quantile": "quantile",
        "gumbel": "gumbel",
        "none": "none",
    }
    assert all(FAMILY_NOISE[n].coupling == word[f.noise] for n, f in FAMILIES.items())


@pytest.mark.parametrize("name", ALL)
def test_a_distribution_is_recognised(name):
    assert family_name(ALL[name]) == name


@pytest.mark.parametrize("name", CONTINUOUS)
def test_pushed_forward_noise_has_the_density(name):
    dist = CONTINUOUS[name]
    n = 40_000
    values = apply_noise(dist, draw_noise(dist, (n,), generator(1))).sort().values
    # the empirical distribution function against the integral of the density, by its own cdf
    edges = values[:: n // 20][1:-1].contiguous()
    share = torch.searchsorted(values, edges).double() / n
    mass = torch.stack([_integral(dist, name, e) for e in edges])
    assert (share - mass).abs().max() < 5 * 0.5 / n**0.5


def _integral(dist, name, edge):
    """Integrate the density up to `edge` with its logarithm only, in a stretched coordinate."""
    grid = torch.linspace(-1, 1, 200_003, dtype=F)[1:-1]
    if name in ("Normal", "Laplace", "StudentT", "Uniform"):
        x = edge - (1 + grid) / (1 - grid)
    else:
        x = edge * ((1 + grid) / 2) ** 4  # more points next to 0, where a density may be high
    inside = dist.support.check(x)
    density = torch.where(inside, dist.log_prob(torch.where(inside, x, x.new_tensor(0.5))).exp(), 0)
    return torch.trapezoid(density, x).abs()


@pytest.mark.parametrize("name", DISCRETE)
def test_pushed_forward_noise_has_the_probabilities(name):
    dist = DISCRETE[name]
    n = 100_000
    values = apply_noise(dist, draw_noise(dist, (n,), generator(2)))
    for k in range(2 if name == "Bernoulli" else 3):
        p = dist.log_prob(t(float(k))).exp().item()
        assert abs((values == k).double().mean().item() - p) < 5 * (p * (1 - p) / n) ** 0.5


@pytest.mark.parametrize("name", ALL)
def test_abducted_noise_gives_the_value_back(name):
    dist = ALL[name]
    value = apply_noise(dist, draw_noise(dist, (2000,), generator(3)))
    again = apply_noise(dist, abduct_noise(dist, value, "own", generator(4)))
    assert torch.allclose(again.double(), value.double(), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", DISCRETE)
def test_noise_abducted_from_drawn_values_is_prior_noise_again(name):
    dist, other = DISCRETE[name], OTHER[name]
    n = 100_000
    value = apply_noise(dist, draw_noise(dist, (n,), generator(5)))
    moved = apply_noise(other, abduct_noise(dist, value, "own", generator(6)))
    for k in range(2 if name == "Bernoulli" else 3):
        p = other.log_prob(t(float(k))).exp().item()
        assert abs((moved == k).double().mean().item() - p) < 5 * (p * (1 - p) / n) ** 0.5


@pytest.mark.parametrize("name", ["Bernoulli", "Binomial", "Poisson", "NegativeBinomial"])
def test_the_quantile_coupling_is_monotone(name):
    low, high = DISCRETE[name], OTHER[name]
    if name == "Bernoulli":
        low, high = high, low
    value = apply_noise(low, draw_noise(low, (5000,), generator(7)))
    assert (apply_noise(high, abduct_noise(low, value, "own", generator(8))) >= value).all()


def test_gumbel_noise_never_moves_to_a_level_that_became_less_likely():
    # Oberst and Sontag 2019, counterfactual stability
    before, after = (
        td.Categorical(logits=t(0.0, 0.0, 0.0)),
        td.Categorical(logits=t(1.0, 0.0, -1.0)),
    )
    fact = torch.zeros(5000, dtype=torch.long)
    moved = apply_noise(after, abduct_noise(before, fact, "own", generator(9)))
    assert (moved == 0).all()


def test_gumbel_keeps_even_a_very_unlikely_fact():
    dist = td.Categorical(logits=t(0.0, -600.0, 5.0))
    fact = torch.ones(5000, dtype=torch.long)
    assert (apply_noise(dist, abduct_noise(dist, fact, "own", generator(10))) == 1).all()


def test_independent_coupling_forgets_the_fact():
    dist = td.Poisson(t(4.0))
    noise = abduct_noise(dist, torch.full((50_000,), 30.0, dtype=F), "independent", generator(11))
    assert abs(apply_noise(dist, noise).mean().item() - 4.0) < 5 * (4.0 / 50_000) ** 0.5


FAR = {
    "Exponential": (td.Exponential(t(1.0)), t(1e-200, 1e-9, 36.0, 900.0)),
    "Gamma": (td.Gamma(t(3.0), t(1.0)), t(1e-120, 1e-9, 60.0, 2000.0)),
    "InverseGamma": (td.InverseGamma(t(3.0), t(1.0)), t(1e-3, 0.02, 1e9, 1e90)),
    "HalfNormal": (td.HalfNormal(t(1.0)), t(1e-200, 1e-9, 9.0, 60.0)),
    "HalfCauchy": (td.HalfCauchy(t(1.0)), t(1e-200, 1e-9, 1e9, 1e200)),
    "Beta": (td.Beta(t(400.0), t(3.0)), t(1e-3, 0.1, 0.7, 0.9999)),
    "Poisson": (td.Poisson(t(20.0)), t(0.0, 3.0, 90.0, 700.0)),
    "Poisson wide": (td.Poisson(t(3e5)), t(2.5e5, 2.9e5, 3.1e5, 3.6e5)),
    "Binomial": (td.Binomial(t(1000.0), probs=t(0.3)), t(0.0, 200.0, 420.0, 1000.0)),
    "NegativeBinomial": (pd.GammaPoisson(t(2.0), t(0.1)), t(0.0, 5.0, 700.0, 9000.0)),
}


@pytest.mark.parametrize("name", FAR)
def test_both_far_tails_go_there_and_back(name):
    dist, value = FAR[name]
    noise = abduct_noise(dist, value, "own", generator(12))
    assert torch.isfinite(noise).all()
    assert (noise[1:] > noise[:-1]).all()
    assert torch.allclose(apply_noise(dist, noise), value, rtol=1e-9)


def test_large_counts_agree_with_the_step_by_step_sum():
    # the same law reached by both routes: a rate below and above the limit of the recursion
    dist = td.Poisson(t(2000.0))
    n = 20_000
    values = apply_noise(dist, draw_noise(dist, (n,), generator(13)))
    assert abs(values.mean().item() - 2000) < 5 * (2000 / n) ** 0.5
    assert abs(values.var().item() / 2000 - 1) < 5 * (2 / n) ** 0.5


def test_impossible_values_are_told_from_possible_ones():
    assert is_possible(td.Poisson(t(2.0)), t(1.0, -1.0, 0.5, torch.nan)).tolist() == [
        True,
        False,
        False,
        False,
    ]
    assert is_possible(td.LogNormal(t(0.0), t(1.0)), t(1.0, -1.0)).tolist() == [True, False]
    assert is_possible(td.Bernoulli(probs=t(0.0)), t(0.0, 1.0)).tolist() == [True, False]
    levels = torch.tensor([0, 1, 2])
    assert is_possible(td.Categorical(probs=t(0.5, 0.5, 0.0)), levels).tolist() == [
        True,
        True,
        False,
    ]


def test_a_family_is_built_from_its_textbook_parameters():
    dist = build_family("NegativeBinomial", {"mean": t(3.0), "dispersion": t(2.0)})
    assert torch.allclose(dist.mean, t(3.0))
