"""Engines against each other: whatever applies to a model must say the same of it."""

from __future__ import annotations

import pytest
import torch

from causaldsl.diagnostics.model import CounterfactualError
from causaldsl.engines.choose import ENGINES, latent_posterior
from causaldsl.engines.importance import effective_sample_size, normalised
from causaldsl.engines.names import ENGINE_NAMES
from causaldsl.engines.problem import Problem
from causaldsl.runtime.forward import simulate
from causaldsl.runtime.scope import isolated
from tests.models_text import FAIR_K, compiled_of

MIXED = """
scm mixed
param t = {p: 0, q: 0.8, r: -0.5}
observed S : {p, q, r}
observed G : real
observed L : count
observed B : binary
outcome Y : positive
latent K
S, K -> G, L, B, Y
S ~ Categorical([0.5, 0.3, 0.2])
G ~ Normal(1 + 0.8 * K + t[S], 0.7)
L ~ Poisson(exp(1 + 0.3 * K + t[S]))
B ~ Bernoulli(sigmoid(K - t[S]))
Y ~ Gamma(2, exp(0.5 * K + t[S]))
"""
NORMAL = """
scm normal
param t = {p: 0, q: 0.8}
observed S : {p, q}
observed A, B : real
outcome Y : positive
latent U, V
S, U -> A
U, V -> B, Y
S ~ Categorical([0.6, 0.4])
A ~ Normal(0.5 + U + t[S], 0.6)
B ~ Normal(U - V, 0.8)
Y ~ LogNormal(0.3 * U + 0.5 * V, 0.4)
"""
LEVELS = """
scm levels
observed A : binary
observed B : {x, y, z}
latent C : binary
latent D : {low < mid < high}
C, D -> A, B
C ~ Bernoulli(0.3)
D ~ OrderedLogit(0.2, [-0.5, 1])
A ~ Bernoulli(sigmoid(C - 0.6 * code(D)))
B ~ {x: C, y: 0.5 * code(D), z: 0.1}
"""
BOUNDED = """
scm bounded
observed A, B : real
latent U : real
latent R : positive
latent W : unit
U, R -> A
R, W -> B
U ~ Uniform(-1, 2)
R ~ Gamma(2, 1)
W ~ Beta(2, 3)
A ~ Normal(U + R, 0.5)
B ~ Normal(R * W, 0.3)
"""
CASES = [
    (MIXED, ("S", "G", "L", "B", "Y"), ("laplace", "importance")),
    (MIXED, ("G", "L", "Y"), ("laplace", "importance")),
    (NORMAL, ("S", "A", "B", "Y"), ("exact-gaussian", "laplace", "importance")),
    (NORMAL, ("A", "B", "Y"), ("exact-gaussian", "laplace", "importance")),
    (NORMAL, ("S", "A", "Y"), ("exact-gaussian", "laplace", "importance")),
    (LEVELS, ("A", "B"), ("exact-discrete", "importance")),
    (BOUNDED, ("A", "B"), ("laplace", "importance")),
]
ROWS, DRAWS = 6, 20_000


def problem_of(text, names, seed=0, state=None):
    compiled = compiled_of(text)
    rows = simulate(compiled, {}, ROWS, seed)
    return Problem.of(compiled, {}, {n: rows[n] for n in names}, state=state)


def posterior(problem, engine, draws=DRAWS, seed=0, **settings):
    with isolated(seed), torch.no_grad():
        generator = torch.Generator().manual_seed(seed)
        return latent_posterior(problem, draws, generator, engine=engine, **settings)


def moments(found, name):
    """Return the mean, its standard error and the standard deviation of a variable, by row."""
    x = found.samples[name].double()
    n = len(x)
    w = torch.full_like(x, 1 / n) if found.log_weights is None else normalised(found.log_weights)
    mean = (w * x).sum(0)
    error = (w.square() * (x - mean).square()).sum(0).sqrt()
    return mean, error, (w * (x - mean).square()).sum(0).sqrt()


@pytest.mark.parametrize(("text", "names", "engines"), CASES)
def test_engines_that_apply_give_the_same_means_and_spreads(text, names, engines):
    problem = problem_of(text, names)
    first, *others = (posterior(problem, e) for e in engines)
    assert set(first.samples) == set(others[0].samples)
    for other in others:
        for name in first.samples:
            mean, error, sd = moments(first, name)
            mean2, error2, sd2 = moments(other, name)
            scale = 5 * (error.square() + error2.square()).sqrt()
            assert ((mean - mean2).abs() < scale + 2 / DRAWS).all()
            assert ((sd - sd2).abs() < 2 * scale + 0.01).all()


@pytest.mark.parametrize(("text", "names", "engines"), CASES)
def test_the_best_engine_is_chosen_and_says_why(text, names, engines):
    found = posterior(problem_of(text, names), None, draws=20)
    assert set(found.engines.values()) == {engines[0]}
    assert all(engines[0] in reason for reason in found.reasons)
    assert (found.ess is None) == engines[0].startswith("exact")


def test_parts_that_the_evidence_does_not_tie_together_get_engines_of_their_own():
    problem = problem_of(
        """
scm two
observed a : real
observed n : count
latent u, v
u -> a
v -> n
a ~ Normal(u, 1)
n ~ Poisson(exp(v))
""",
        ("a", "n"),
    )
    assert posterior(problem, None, draws=10).engines == {"u": "exact-gaussian", "v": "laplace"}


def test_what_no_evidence_descends_from_is_left_to_its_mechanism():
    assert posterior(problem_of(MIXED, ("S",)), None, draws=10).samples == {}


def test_an_inverse_settles_its_latent_exactly():
    problem = problem_of(
        """
scm inverse
observed s : binary
observed x : positive
outcome y : real
latent e
s, e -> x
x, e -> y
x := exp(0.5 * s + 2 * e)
s ~ Bernoulli(0.4)
y ~ Normal(x + e, 1)
""",
        ("s", "x", "y"),
    )
    found = posterior(problem, None, draws=10)
    assert found.engine == "inversion"
    e = (problem.evidence["x"].log() - 0.5 * problem.evidence["s"]) / 2
    assert torch.allclose(found.samples["e"][0], e, rtol=1e-12)
    assert found.ess is None


def test_change_of_variables_where_an_inverse_waits_for_another_latent():
    # e = log(x - u): conditioning on x weighs u by e's density and the slope of the inverse
    text = """
scm change
observed x, z : real
latent u, e
u, e -> x
u -> z
x := u + exp(e)
z ~ Normal(u, 0.5)
"""
    compiled = compiled_of(text)
    x, z = 2.0, 0.4
    evidence = {"x": torch.tensor([x]).double(), "z": torch.tensor([z]).double()}
    found = posterior(Problem.of(compiled, {}, evidence), None)
    assert found.engines == {"u": "laplace", "e": "inversion"}
    grid = torch.linspace(-8, x, 400_001, dtype=torch.float64)[:-1]
    e = (x - grid).log()
    log_p = -0.5 * (grid.square() + e.square() + ((z - grid) / 0.5).square()) - e
    weight = torch.softmax(log_p, 0)
    mean, error, _ = moments(found, "u")
    assert abs(mean.item() - (weight * grid).sum().item()) < 5 * error.item()
    assert torch.allclose(found.samples["u"] + found.samples["e"].exp(), torch.tensor(x).double())


def trained_state(compiled, data):
    """Return the parameter store after the guide ran once: its starting point, learned or not."""
    with isolated(0) as state:
        for guide in compiled.module.GUIDES.values():
            guide(data)
        compiled.module.parameters()
    return state


def fair_k():
    compiled = compiled_of(FAIR_K)
    params = {
        "G__intercept": 0.0, "G__K": 0.6, "G__S": [-0.4, 0.1], "G__sd": 0.8,
        "L__intercept": 2.0, "L__K": 0.2, "L__S": [-0.3, 0.0],
        "Y__intercept": 0.0, "Y__K": 0.4, "Y__S": [-0.9, -0.4],
    }  # fmt: skip
    with isolated(0):
        own = compiled.module.parameters()
        given = {k: torch.as_tensor(params.get(k, v.detach())).double() for k, v in own.items()}
    rows = simulate(compiled, given, ROWS, 3)
    return compiled, given, {n: rows[n] for n in ("S", "G", "L", "Y")}


def test_a_guide_however_bad_is_corrected_to_the_posterior():
    compiled, params, evidence = fair_k()
    state = trained_state(compiled, evidence)
    problem = Problem.of(compiled, params, evidence, state=state)
    guided, exact = posterior(problem, None), posterior(problem, "laplace")
    assert set(guided.engines.values()) == {"guide"}
    mean, error, _ = moments(guided, "K")
    mean2, error2, _ = moments(exact, "K")
    assert ((mean - mean2).abs() < 5 * (error.square() + error2.square()).sqrt()).all()
    assert (guided.ess < DRAWS).all()


def test_the_encoder_is_the_guide_as_it_is():
    compiled, params, evidence = fair_k()
    state = trained_state(compiled, evidence)
    problem = Problem.of(compiled, params, evidence, state=state)
    found = posterior(problem, None, objective="encoder")
    assert found.log_weights is None
    assert found.ess is None
    corrected = posterior(problem, None)
    assert torch.equal(found.samples["K"], corrected.samples["K"])


def test_a_guide_for_everything_but_the_outcome_serves_that_evidence():
    compiled, params, evidence = fair_k()
    state = trained_state(compiled, evidence)
    without = {n: v for n, v in evidence.items() if n != "Y"}
    assert posterior(Problem.of(compiled, params, without, state=state), None).engine == "guide"


def test_an_encoder_refuses_evidence_that_it_was_not_trained_for():
    compiled, params, evidence = fair_k()
    state = trained_state(compiled, evidence)
    problem = Problem.of(compiled, params, {"G": evidence["G"]}, state=state)
    with pytest.raises(CounterfactualError, match="CD706"):
        posterior(problem, None, objective="encoder")


def test_running_a_guide_leaves_the_fit_as_it_was():
    compiled, params, evidence = fair_k()
    state = trained_state(compiled, evidence)
    before = {k: v.clone() for k, v in state["params"].items()}
    posterior(Problem.of(compiled, params, evidence, state=state), None, draws=5)
    assert set(before) == set(state["params"])
    assert all(torch.equal(v, state["params"][k]) for k, v in before.items())


def test_an_unknown_engine_is_named():
    with pytest.raises(CounterfactualError, match="CD705"):
        posterior(problem_of(MIXED, ("G",)), "gaussian")


def test_an_engine_that_does_not_apply_says_why():
    with pytest.raises(CounterfactualError, match=r"CD704.*`L` is not Normal"):
        posterior(problem_of(MIXED, ("S", "G", "L", "B", "Y")), "exact-gaussian")


def test_evidence_of_probability_zero_is_refused_with_its_row():
    compiled = compiled_of(
        "scm m\nobserved n : count\nlatent k : count\nk -> n\nk ~ Binomial(3, 0.5)\n"
        "n ~ Binomial(3, clip(0.2 * k, 0.1, 0.9))\n"
    )
    evidence = {"n": torch.tensor([1.0, 7.0]).double()}
    with pytest.raises(CounterfactualError, match="CD702") as raised:
        posterior(Problem.of(compiled, {}, evidence), None, draws=50)
    assert raised.value.diagnostics[0].place == "row 1"


def test_no_engine_for_evidence_without_a_density():
    compiled = compiled_of("scm m\nobserved y : real\nlatent u, v\nu, v -> y\ny := u * u + v * v\n")
    evidence = {"y": torch.tensor([1.0]).double()}
    with pytest.raises(CounterfactualError, match="CD703"):
        posterior(Problem.of(compiled, {}, evidence), None, draws=5)


def test_equal_weights_are_worth_all_their_draws():
    assert torch.allclose(effective_sample_size(torch.zeros(50, 3)), torch.tensor(50.0))


def test_one_weight_that_has_everything_is_worth_one_draw():
    weights = torch.full((50, 1), -1000.0)
    weights[7] = 0.0
    assert torch.allclose(effective_sample_size(weights), torch.tensor(1.0))


def test_engines_have_names_of_their_own():
    assert len({e.name for e in ENGINES}) == len(ENGINES)


def test_levels_beside_a_gaussian_that_the_evidence_excludes_are_refused():
    problem = Problem.of(
        compiled_of(
            """
scm excluded
observed a, b : real
latent c : binary
latent u
c -> a, b
u -> b
c ~ Bernoulli(0.5)
a ~ Uniform(c, c + 1)
b ~ Normal(u + c, 1)
"""
        ),
        {},
        {"a": torch.tensor([0.5, 9.0]).double(), "b": torch.tensor([0.0, 0.0]).double()},
    )
    with pytest.raises(CounterfactualError, match="CD702") as raised:
        posterior(problem, None, draws=5)
    assert raised.value.diagnostics[0].place == "row 1"


def test_the_names_that_commands_know_are_the_engines_in_their_order():
    assert tuple(engine.name for engine in ENGINES) == ENGINE_NAMES
