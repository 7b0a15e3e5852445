"""The laws of counterfactuals (Galles and Pearl 1998), draw by draw, over random models."""

from __future__ import annotations

from dataclasses import dataclass

import networkx as nx
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from causaldsl.counterfactual.abduction import abduct
from causaldsl.counterfactual.action import World, act, intervene, worlds_of
from causaldsl.counterfactual.prediction import predict
from causaldsl.engines.problem import Problem
from causaldsl.runtime.forward import encoded, propagate, simulate
from causaldsl.runtime.scope import isolated
from causaldsl.vocabulary.domains import Categorical, Ordered
from tests.models_text import compiled_of

ROWS, DRAWS = 4, 6

#: What a variable of each domain may be drawn from, given the text of a predictor.
FAMILIES = {
    "real": ["Normal({}, 0.7)", "Laplace({}, 1)", "StudentT(5, {}, 1.2)", "Uniform({}, 9)"],
    "positive": [
        "LogNormal({}, 0.5)",
        "Gamma(2, exp({}))",
        "Exponential(exp({}))",
        "InverseGamma(3, exp({}))",
        "HalfNormal(exp({}))",
        "HalfCauchy(exp({}))",
    ],
    "unit": ["Beta(exp({}), 2)"],
    "count": ["Poisson(exp({}))", "NegativeBinomial(exp({}), 3)", "Binomial(7, sigmoid({}))"],
    "binary": ["Bernoulli(sigmoid({}))"],
    "{p, q, r}": ["{{p: {}, q: 0.3, r: -0.2}}"],
    "{low < mid < high}": ["OrderedLogit({}, [-0.5, 0.8])"],
}


@dataclass(frozen=True)
class Drawn:
    """A random model's text, its evidence, the variable to set and one more."""

    text: str
    seen: tuple[str, ...]
    target: str
    other: str
    seed: int


@st.composite
def models(draw):
    size = draw(st.integers(3, 6))
    names = [f"v{i}" for i in range(size)]
    domains = [draw(st.sampled_from(list(FAMILIES))) for _ in names]
    hidden = [d == "real" and draw(st.integers(0, 3)) == 0 for d in domains]
    lines = ["scm drawn", "param t = {p: 0.4, q: -0.3, r: 0.1}"]
    lines += [
        f"{'latent' if h else 'observed'} {n} : {d}"
        for n, d, h in zip(names, domains, hidden, strict=True)
    ]
    for i, name in enumerate(names):
        parents = [j for j in range(i) if draw(st.booleans())]
        terms = [_term(names[j], domains[j], draw(st.integers(-8, 8)) / 10) for j in parents]
        lines += [f"{names[j]} -> {name}" for j in parents]
        family = draw(st.sampled_from(FAMILIES[domains[i]]))
        lines.append(f"{name} ~ " + family.format(" + ".join(["0.2", *terms])))
        if draw(st.integers(0, 5)) == 0 and not hidden[i]:
            lines.append(f"coupling {name} ~ independent")
    open_ = [n for n, h in zip(names, hidden, strict=True) if not h]
    seen = tuple(n for n in open_ if draw(st.integers(0, 3)))
    return Drawn(
        text="\n".join(lines) + "\n",
        seen=seen,
        target=draw(st.sampled_from(open_ or names)),
        other=draw(st.sampled_from(names)),
        seed=draw(st.integers(0, 10_000)),
    )


def _term(name, domain, weight):
    if domain == "{p, q, r}":
        return f"{weight} * t[{name}]"
    if domain.startswith("{"):
        return f"{weight} * code({name})"
    return f"{weight} * {name}" if domain == "binary" else f"{weight} * sigmoid({name})"


LAWS = settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)


def factual_world(model):
    """Return the compiled model, the problem of some drawn rows, and their abduction."""
    compiled = compiled_of(model.text)
    rows = simulate(compiled, {}, ROWS, model.seed)
    evidence = {n: rows[n] for n in model.seen}
    with isolated(model.seed), torch.no_grad():
        problem = Problem.of(compiled, {}, evidence, n_rows=ROWS)
        generator = torch.Generator().manual_seed(model.seed)
        return compiled, problem, abduct(problem, DRAWS, generator)


def other_values(compiled, name, facts):
    """Return values of a variable that differ from the facts in some rows, inside its domain."""
    levels = compiled.module.LEVELS.get(name)
    if levels:
        return (facts + 1) % len(levels)
    domain = str(compiled.scm.variables[name].domain)
    if domain == "binary":
        return 1 - facts
    return facts / 2 if domain == "unit" else facts + 1


def same(one, other):
    return torch.equal(*torch.broadcast_tensors(one, other))


@LAWS
@given(models())
def test_setting_a_variable_to_its_factual_value_gives_the_facts_back_exactly(model):
    compiled, problem, facts = factual_world(model)
    with isolated(0), torch.no_grad():
        world = predict(problem, facts, {model.target: facts.values[model.target]})
    assert all(same(world[n], facts.values[n]) for n in compiled.parents)


@LAWS
@given(models())
def test_the_facts_are_the_evidence(model):
    _, problem, facts = factual_world(model)
    assert all(same(facts.values[n], problem.evidence[n]) for n in model.seen)


@LAWS
@given(models())
def test_a_set_variable_has_the_value_it_was_set_to(model):
    compiled, problem, facts = factual_world(model)
    value = other_values(compiled, model.target, facts.values[model.target])
    with isolated(0), torch.no_grad():
        world = predict(problem, facts, {model.target: value})
    assert same(world[model.target], encoded(compiled, model.target, value))


@LAWS
@given(models())
def test_what_does_not_descend_from_a_set_variable_does_not_move(model):
    compiled, problem, facts = factual_world(model)
    value = other_values(compiled, model.target, facts.values[model.target])
    with isolated(0), torch.no_grad():
        world = predict(problem, facts, {model.target: value})
    moving = nx.descendants(compiled.scm.graph, model.target) | {model.target}
    assert all(same(world[n], facts.values[n]) for n in compiled.parents if n not in moving)


@LAWS
@given(models())
def test_composition_setting_what_would_have_been_changes_nothing(model):
    compiled, problem, facts = factual_world(model)
    value = other_values(compiled, model.target, facts.values[model.target])
    with isolated(0), torch.no_grad():
        one = predict(problem, facts, {model.target: value})
        two = predict(problem, facts, {model.target: value, model.other: one[model.other]})
    assert model.other == model.target or all(same(one[n], two[n]) for n in compiled.parents)


@LAWS
@given(models())
def test_the_noise_alone_gives_the_facts_back(model):
    # every mechanism evaluated, no fact copied: forward inverts abduction
    compiled, _, facts = factual_world(model)
    kept = {
        n: v for n, v in facts.values.items() if compiled.scm.variables[n].coupling == "independent"
    }
    with isolated(0), torch.no_grad():
        again = propagate(compiled, {}, facts.noise, kept)
    for name, value in facts.values.items():
        exact = isinstance(compiled.scm.variables[name].domain, Categorical | Ordered)
        one, other = torch.broadcast_tensors(again[name].double(), value.double())
        assert torch.allclose(one, other, rtol=0 if exact else 1e-8, atol=0 if exact else 1e-9)


@LAWS
@given(models())
def test_every_world_of_a_flip_shares_latents_and_leaves_no_level_out(model):
    compiled, problem, facts = factual_world(model)
    levels = compiled.module.LEVELS.get(model.target)
    if levels is None:
        return
    worlds = worlds_of(compiled.scm, intervene(compiled.scm, {model.target: f"{model.target}'"}))
    assert [w.name for w in worlds] == [f"{model.target}={level}" for level in levels]
    own = facts.values[model.target]
    generator = torch.Generator().manual_seed(0)
    with isolated(0), torch.no_grad():
        for world in worlds:
            values = predict(problem, facts, act(problem, facts, world, generator))
            here = own == world.not_own[model.target]
            for name in compiled.parents:
                one, fact, mask = torch.broadcast_tensors(values[name], facts.values[name], here)
                assert torch.equal(one[mask], fact[mask])


def test_a_world_is_named_by_all_its_settings():
    compiled = compiled_of("scm m\nobserved a, b : binary\na -> b\nb ~ Bernoulli(sigmoid(a))\n")
    (world,) = worlds_of(compiled.scm, intervene(compiled.scm, {"a": 1, "b": 0}))
    assert isinstance(world, World)
    assert world.name == "a=1, b=0"
