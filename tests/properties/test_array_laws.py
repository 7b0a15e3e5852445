"""The laws of counterfactuals where variables are arrays and mechanisms are networks."""

from __future__ import annotations

from dataclasses import dataclass

import networkx as nx
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from causaldsl.counterfactual.abduction import abduct
from causaldsl.counterfactual.prediction import predict
from causaldsl.engines.problem import Problem
from causaldsl.runtime.forward import propagate, simulate
from causaldsl.runtime.scope import isolated
from tests.models_text import compiled_of

ROWS, DRAWS = 3, 4
#: Domains of observed variables; the predictor of each is a network's own head.
DOMAINS = ("real", "binary", "positive", "count")
LAWS = settings(max_examples=12, deadline=None, derandomize=True)


@dataclass(frozen=True)
class Drawn:
    """A random model's text, its evidence, the variable to set, and a seed of weights and rows."""

    text: str
    seen: tuple[str, ...]
    target: str
    seed: int


@st.composite
def models(draw):
    """Draw a model: latents, arrays among them, then observed variables by networks of them."""
    lines = ["scm drawn", "observed s : binary", "s ~ Bernoulli(0.4)"]
    latents = [f"u{i}" for i in range(draw(st.integers(1, 2)))]
    lines += [f"latent {u}{draw(st.sampled_from(['', '[2]', '[3]']))}" for u in latents]
    names = []
    for i in range(draw(st.integers(2, 4))):
        name = f"v{i}"
        size = draw(st.sampled_from(["", "[2]", "[3]"]))
        domain = draw(st.sampled_from(DOMAINS))
        parents = [p for p in ("s", *latents, *names) if draw(st.booleans())]
        lines.append(f"observed {name}{size} : {domain}")
        if parents:
            branch = draw(st.booleans()) and "s" in parents and len(parents) > 1
            inputs = ", ".join(p for p in parents if not (branch and p == "s"))
            network = f"mlp({inputs}; hidden=[3], activation=tanh)" + (" by s" if branch else "")
            lines += [f"{', '.join(parents)} -> {name}", f"{name} ~ {network}"]
        if draw(st.integers(0, 4)) == 0:
            lines.append(f"coupling {name} ~ independent")
        names.append(name)
    return Drawn(
        text="\n".join(lines) + "\n",
        seen=("s", *(n for n in names if draw(st.integers(0, 2)))),
        target=draw(st.sampled_from(("s", *names))),
        seed=draw(st.integers(0, 10_000)),
    )


def factual_world(model):
    """Return the compiled model with random weights, the problem of drawn rows, their abduction."""
    compiled = compiled_of(model.text)
    with isolated(model.seed), torch.no_grad():
        params = {k: v.detach().clone() for k, v in compiled.module.parameters().items()}
    rows = simulate(compiled, params, ROWS, model.seed)
    with isolated(model.seed), torch.no_grad():
        problem = Problem.of(compiled, params, {n: rows[n] for n in model.seen}, n_rows=ROWS)
        generator = torch.Generator().manual_seed(model.seed)
        return compiled, problem, abduct(problem, DRAWS, generator, engine="importance")


def in_world(problem, facts, target, value):
    with isolated(0), torch.no_grad():
        return predict(problem, facts, {target: value})


def same(one, other):
    return torch.equal(*torch.broadcast_tensors(one, other))


def moved(compiled, facts, target):
    """Return other values of a variable, inside its domain, in one cell of an array alone."""
    value = facts.values[target].clone()
    cell = value[..., 0] if compiled.event(target) else value
    binary = str(compiled.scm.variables[target].domain) == "binary"
    cell.copy_(1 - cell if binary else cell + 1)
    return value


@LAWS
@given(models())
def test_setting_a_variable_to_its_factual_value_gives_the_facts_back_exactly(model):
    compiled, problem, facts = factual_world(model)
    world = in_world(problem, facts, model.target, facts.values[model.target])
    assert all(same(world[n], facts.values[n]) for n in compiled.parents)


@LAWS
@given(models())
def test_every_value_has_the_axes_of_its_cells(model):
    compiled, problem, facts = factual_world(model)
    world = in_world(problem, facts, model.target, moved(compiled, facts, model.target))
    for name in compiled.parents:
        for value in (facts.values[name], world[name]):
            assert value.shape[1:] == (ROWS, *compiled.event(name))
            assert value.shape[0] in (1, DRAWS)


@LAWS
@given(models())
def test_the_facts_are_the_evidence(model):
    _, problem, facts = factual_world(model)
    assert all(same(facts.values[n], problem.evidence[n]) for n in model.seen)


@LAWS
@given(models())
def test_what_does_not_descend_from_a_set_variable_does_not_move(model):
    compiled, problem, facts = factual_world(model)
    world = in_world(problem, facts, model.target, moved(compiled, facts, model.target))
    moving = nx.descendants(compiled.scm.graph, model.target) | {model.target}
    assert all(same(world[n], facts.values[n]) for n in compiled.parents if n not in moving)


@LAWS
@given(models())
def test_the_noise_alone_gives_the_facts_back(model):
    compiled, problem, facts = factual_world(model)
    kept = {
        n: v for n, v in facts.values.items() if compiled.scm.variables[n].coupling == "independent"
    }
    with isolated(0), torch.no_grad():
        again = propagate(compiled, problem.params, facts.noise, kept)
    for name, value in facts.values.items():
        assert torch.allclose(*torch.broadcast_tensors(again[name], value), rtol=1e-8, atol=1e-9)
