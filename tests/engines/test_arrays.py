"""Engines on arrays: the exact one against scalars, the others against the exact one, refusals."""

from __future__ import annotations

import pytest
import torch
from pyro import poutine

from causaldsl.diagnostics.model import CounterfactualError
from causaldsl.engines.choose import choose_engine, latent_posterior
from causaldsl.engines.exact_gaussian import moments
from causaldsl.engines.guide import guide_factors, guide_sites
from causaldsl.engines.importance import normalised, taken
from causaldsl.engines.inversion import invert_known
from causaldsl.engines.problem import Problem, blocks_of
from causaldsl.runtime.forward import simulate
from causaldsl.runtime.scope import isolated
from tests.models_text import compiled_of

ROWS = 6
ARRAY = """
scm one
observed s : binary
observed x[2] : real
outcome y : real
latent u[2]
s, u -> x
u, x -> y
s ~ Bernoulli(0.4)
x ~ Normal(linear(parents), 0.8)
y ~ Normal(linear(parents), 0.5)
"""
SCALARS = """
scm many
param a = [0.5, -0.3, 0.7]
param b = [-0.2, 0.9, 0.1]
param c = [0.3, -0.6, 0.4, 0.8]
observed s : binary
observed x1, x2 : real
outcome y : real
latent u1, u2
s, u1, u2 -> x1, x2
u1, u2, x1, x2 -> y
s ~ Bernoulli(0.4)
x1 ~ Normal(a[0]*s + a[1]*u1 + a[2]*u2 + 1, 0.8)
x2 ~ Normal(b[0]*s + b[1]*u1 + b[2]*u2 - 1, 0.8)
y ~ Normal(c[0]*u1 + c[1]*u2 + c[2]*x1 + c[3]*x2 + 0.5, 0.5)
"""
CURVED = """
scm curved
observed s : binary
observed x[3] : real
outcome y : binary
latent u[2]
s, u -> x, y
x ~ mlp(parents; hidden=[4], activation=tanh)
y ~ mlp(u; hidden=[3], activation=tanh) by s
"""


def numbers(compiled, seed=1):
    """Return parameters as a fit would start from, and the state of the guides with them."""
    with isolated(seed) as state, torch.no_grad():
        params = {k: v.detach().clone() for k, v in compiled.module.parameters().items()}
        rows = {k: v for k, v in simulate_rows(compiled, params).items() if k in seen(compiled)}
        for name, guide in compiled.module.GUIDES.items():
            guide({k: rows[k] for k in compiled.module.GUIDE_EVIDENCE[name]})
    return params, state


def seen(compiled):
    return compiled.scm.observed


def simulate_rows(compiled, params, n=ROWS):
    return simulate(compiled, params, n, 0)


def weights_of_scalars():
    """Return the array model's parameters that say what the scalar model's numbers say."""
    return {
        "x.0.weight": torch.tensor([[0.5, -0.3, 0.7], [-0.2, 0.9, 0.1]]).double(),
        "x.0.bias": torch.tensor([1.0, -1.0]).double(),
        "y.0.weight": torch.tensor([[0.3, -0.6, 0.4, 0.8]]).double(),
        "y.0.bias": torch.tensor([0.5]).double(),
    }


def both_models():
    """Return the problems of the same rows in the array model and in the scalar one."""
    many, one = compiled_of(SCALARS), compiled_of(ARRAY)
    rows = simulate(many, {}, ROWS, 3)
    scalars = Problem.of(many, {}, {n: rows[n] for n in ("s", "x1", "x2", "y")})
    cells = {"s": rows["s"], "x": torch.stack([rows["x1"], rows["x2"]], -1), "y": rows["y"]}
    return Problem.of(one, weights_of_scalars(), cells), scalars


def block(problem):
    (found,) = blocks_of(problem)
    return found


def test_a_linear_gaussian_array_has_the_posterior_of_its_cells_as_scalars():
    arrays, scalars = both_models()
    with isolated(0):
        mean, cov = moments(arrays, block(arrays), ("u",))
        expected, expected_cov = moments(scalars, block(scalars), ("u1", "u2"))
    assert torch.allclose(mean, expected, atol=1e-10)
    assert torch.allclose(cov, expected_cov, atol=1e-10)


def test_exact_draws_of_an_array_have_its_posterior_moments():
    problem, _ = both_models()
    with isolated(0), torch.no_grad():
        mean, cov = moments(problem, block(problem), ("u",))
        found = latent_posterior(problem, 4000, torch.Generator().manual_seed(0))
    assert found.engines == {"u": "exact-gaussian"}
    variance = cov.diagonal(dim1=-2, dim2=-1)
    draws = found.samples["u"]
    assert bool(((draws.mean(0) - mean).abs() < 5 * (variance / 4000).sqrt()).all())
    assert bool(((draws.var(0) / variance - 1).abs() < 5 * (2 / 4000) ** 0.5).all())


@pytest.mark.parametrize("engine", ["laplace", "importance"])
def test_engines_with_weights_agree_with_the_exact_one_on_arrays(engine):
    problem, _ = both_models()
    with isolated(0), torch.no_grad():
        mean, cov = moments(problem, block(problem), ("u",))
        found = latent_posterior(problem, 4000, torch.Generator().manual_seed(1), engine=engine)
    draws, weights = found.samples["u"], normalised(found.log_weights).unsqueeze(-1)
    estimate = (weights * draws).sum(0)
    error = (weights.square() * (draws - estimate).square()).sum(0).sqrt()
    assert bool(((estimate - mean).abs() < 5 * error).all())
    spread = (weights * (draws - estimate).square()).sum(0)
    assert torch.allclose(spread, cov.diagonal(dim1=-2, dim2=-1).expand_as(spread), rtol=0.35)


def test_laplace_and_importance_agree_behind_networks():
    compiled = compiled_of(CURVED)
    params, _ = numbers(compiled)
    rows = simulate_rows(compiled, params)
    problem = Problem.of(compiled, params, {n: rows[n] for n in seen(compiled)})
    means, errors = {}, {}
    for engine in ("laplace", "importance"):
        with isolated(0), torch.no_grad():
            found = latent_posterior(problem, 4000, torch.Generator().manual_seed(1), engine=engine)
        weights = normalised(found.log_weights).unsqueeze(-1)
        means[engine] = (weights * found.samples["u"]).sum(0)
        square = (found.samples["u"] - means[engine]).square()
        errors[engine] = (weights.square() * square).sum(0).sqrt()
    error = (errors["laplace"].square() + errors["importance"].square()).sqrt()
    assert bool(((means["laplace"] - means["importance"]).abs() < 5 * error).all())


@pytest.mark.parametrize(
    "mechanism",
    [
        "y ~ Normal(mlp(u; hidden=[3]), 1)",
        "y ~ Normal(mlp(u; hidden=[3]) by s, 1)",
        "y ~ Normal(linear(u), exp(u[0]))",
        "y ~ Normal(u[0] * u[1], 1)",
    ],
)
def test_a_network_never_counts_as_linear(mechanism):
    text = "scm m\nobserved s : binary\noutcome y : real\nlatent u[2]\ns, u -> y\n" + mechanism
    compiled = compiled_of(text + "\n")
    params, _ = numbers(compiled)
    rows = simulate_rows(compiled, params)
    problem = Problem.of(compiled, params, {n: rows[n] for n in seen(compiled)})
    with isolated(0), torch.no_grad(), pytest.raises(CounterfactualError) as refusal:
        latent_posterior(problem, 5, torch.Generator().manual_seed(0), engine="exact-gaussian")
    (finding,) = refusal.value.diagnostics
    assert finding.code == "CD704"
    assert "not affine" in finding.message


def test_linear_by_a_seen_level_and_cells_count_as_linear():
    text = (
        "scm m\nobserved s : binary\noutcome y : real\nobserved z : real\nlatent u[2]\n"
        "s, u -> y\nu -> z\ny ~ Normal(linear(u) by s, 1)\nz ~ Normal(u[0] - 2 * u[1], 0.5)\n"
    )
    compiled = compiled_of(text)
    params, _ = numbers(compiled)
    rows = simulate_rows(compiled, params)
    problem = Problem.of(compiled, params, {n: rows[n] for n in seen(compiled)})
    with isolated(0), torch.no_grad():
        assert choose_engine(problem, block(problem)).engine.name == "exact-gaussian"


def test_an_unseen_array_of_levels_is_refused_by_all_engines_that_go_through_levels():
    text = (
        "scm m\nobserved h[2] : binary\noutcome y : real\nh -> y\n"
        "y ~ Normal(h[0] + h[1], 1)\nh ~ Bernoulli([0.2, 0.7])\n"
    )
    compiled = compiled_of(text)
    rows = simulate(compiled, {}, ROWS, 0)
    problem = Problem.of(compiled, {}, {"y": rows["y"]})
    with isolated(0), torch.no_grad():
        choice = choose_engine(problem, block(problem))
        found = latent_posterior(problem, 20, torch.Generator().manual_seed(0))
        for engine in ("exact-discrete", "exact-gaussian", "laplace"):
            with pytest.raises(CounterfactualError) as refusal:
                latent_posterior(problem, 5, torch.Generator(), engine=engine)
            assert [d.code for d in refusal.value.diagnostics] == ["CD704"]
    assert choice.engine.name == "importance"
    assert found.samples["h"].shape == (20, ROWS, 2)


def test_a_guide_draws_arrays_with_one_density_for_each_row():
    compiled = compiled_of(CURVED)
    params, state = numbers(compiled)
    rows = simulate_rows(compiled, params)
    problem = Problem.of(compiled, params, {n: rows[n] for n in seen(compiled)}, state=state)
    with isolated(0), torch.no_grad():
        draws, log_q = guide_sites(problem, 7, 0)["u"]
        factors = guide_factors(compiled, state, problem.evidence, "all", 0)
    assert draws.shape == (7, ROWS, 2)
    assert log_q.shape == (7, ROWS)
    mean, draw = factors["u"]
    assert mean.shape == draw.shape == (ROWS, 2)


PREDICTED = """
scm predicted
observed x[2] : real
outcome y : binary
latent u[2]
u -> x, y
x ~ Normal(linear(u), 0.9)
y ~ mlp(u; hidden=[4], activation=tanh)
guide y ~ mlp(x; hidden=[3], activation=tanh)
guide u ~ Normal(mlp(x, sampled(y); hidden=[5], activation=tanh))
"""


def test_weights_of_a_guide_that_predicts_what_it_lacks_are_right():
    """u ~ q(u | x, y~), y~ ~ q(y | x): p(x, u) / q(u | x, y~) needs no density of y~."""
    compiled = compiled_of(PREDICTED)
    params, state = numbers(compiled, seed=4)
    with torch.no_grad():
        state["params"]["guide.u.1.weight"].mul_(0.5)
        state["params"]["guide.u.1.bias"][2:] = 1.5  # wider than the posterior: bounded weights
    rows = simulate_rows(compiled, params)
    evidence = {"x": rows["x"]}
    problem = Problem.of(compiled, params, evidence, state=state)
    with isolated(0), torch.no_grad():
        drawn = poutine.trace(compiled.module.GUIDES["without_outcome"]).get_trace
        with isolated(0, {k: dict(v) for k, v in state.items()}):
            sites = [n for n, s in drawn(evidence).nodes.items() if s["type"] == "sample"]
        mean, _ = moments(problem, block(problem), ("u",))
        found = latent_posterior(problem, 20_000, torch.Generator().manual_seed(2), engine="guide")
    assert "u" in sites
    weights = normalised(found.log_weights).unsqueeze(-1)
    estimate = (weights * found.samples["u"]).sum(0)
    error = (weights.square() * (found.samples["u"] - estimate).square()).sum(0).sqrt()
    assert bool(((estimate - mean).abs() < 5 * error).all())


def test_picked_draws_of_an_array_keep_their_cells_together():
    values = torch.arange(24.0).reshape(4, 2, 3)
    picked = torch.tensor([[3, 0], [1, 1]])
    chosen = taken(values, picked)
    assert torch.equal(chosen[0, 0], values[3, 0])
    assert torch.equal(chosen[0, 1], values[0, 1])
    assert torch.equal(chosen[1], values[1])


@pytest.mark.parametrize("mean", ["2 * x[0] - x[1]", "mlp(x; hidden=[3])"])
def test_an_inverse_beside_an_array_gives_its_latent_back(mean):
    text = (
        "scm m\nobserved x[2] : real\noutcome y : real\nlatent e\nx, e -> y\n"
        f"x ~ Normal([0, 1], 1)\ny := {mean} + 3 * e\n"
    )
    compiled = compiled_of(text)
    params, _ = numbers(compiled)
    rows = simulate(compiled, params, ROWS, 0)
    problem = Problem.of(compiled, params, {"x": rows["x"], "y": rows["y"]})
    with isolated(0), torch.no_grad():
        _, solved = invert_known(problem)
    assert torch.allclose(solved["e"], rows["e"])
