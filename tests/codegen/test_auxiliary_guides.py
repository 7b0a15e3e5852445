"""Guides that are no mirror of the model, predictors of observed variables, weights of the ELBO."""

import numpy as np
import pyro
import pytest
import torch
from pyro.infer import SVI, Trace_ELBO, TraceMeanField_ELBO
from scipy.special import expit

from causaldsl.runtime.scope import isolated
from tests.deep_models import Pass, rows_of
from tests.models_text import compiled_of

CEVAE = """scm m
observed a : binary
observed x, z : real
outcome y : binary
latent u[2]
u -> a, x, z, y
a -> y
y ~ mlp(u; hidden=[3]) by a
guide a ~ mlp(x, z; hidden=[3])
guide y ~ mlp(x, z; hidden=[3]) by {sampled_a}
guide u ~ Normal(mlp(x, z, {sampled_y}; hidden=[3]) by {sampled_a})
"""
OBSERVED = CEVAE.format(sampled_a="a", sampled_y="y")
SAMPLED = CEVAE.format(sampled_a="sampled(a)", sampled_y="sampled(y)")


def layers(params, name, x):
    h = np.maximum(x @ params[f"{name}.0.weight"].numpy().T + params[f"{name}.0.bias"].numpy(), 0)
    return h @ params[f"{name}.1.weight"].numpy().T + params[f"{name}.1.bias"].numpy()


def stacked(rows, *names):
    return np.stack([rows[n].double().numpy() for n in names], 1)


def by_row(params, name, x, level):
    both = [layers(params, f"{name}[{k}]", x) for k in (0, 1)]
    return np.where(level[:, None] == 1, both[1], both[0])


# --- predictors of observed variables -------------------------------------------------------


@pytest.mark.parametrize("text", [OBSERVED, SAMPLED])
def test_predictors_are_trained_by_their_own_likelihood(text):
    compiled = compiled_of(text)
    rows = rows_of(compiled)
    found = Pass(compiled, rows)
    p, a, y = found.params, rows["a"].numpy(), rows["y"].numpy()
    of_a = expit(layers(p, "guide.a", stacked(rows, "x", "z"))[:, 0])
    of_y = expit(by_row(p, "guide.y", stacked(rows, "x", "z"), a)[:, 0])
    loss = -sum(np.log(np.where(v == 1, q, 1 - q)).mean() for v, q in ((a, of_a), (y, of_y)))
    assert found["auxiliary"] == pytest.approx(loss)
    assert float(found.total) == pytest.approx(found["elbo"] + loss)


def test_predictors_are_no_part_of_the_elbo():
    compiled = compiled_of(OBSERVED)
    found = Pass(compiled, rows_of(compiled))
    assert set(found.parts) == {"a", "x", "z", "y", "u"}
    assert found["elbo"] == pytest.approx(sum(float(v.detach()) for v in found.parts.values()))


def test_the_elbo_does_not_move_the_predictors_nor_their_loss_the_model():
    compiled = compiled_of(SAMPLED)
    rows = rows_of(compiled)
    elbo = Pass(compiled, rows, of="elbo", training=True).moving
    assert not any(n.startswith(("guide.a.", "guide.y[")) for n in elbo)
    ours = Pass(compiled, rows, of="auxiliary", training=True).moving
    assert ours
    assert all(n.startswith(("guide.a.", "guide.y[")) for n in ours)


def test_an_encoder_of_observed_values_reads_them_in_training_too():
    compiled = compiled_of(OBSERVED)
    rows = rows_of(compiled)
    for training in (True, False):
        found = Pass(compiled, rows, training=training)
        heads = by_row(found.params, "guide.u", stacked(rows, "x", "z", "y"), rows["a"].numpy())
        law = found.drawn.nodes["u"]["fn"].base_dist
        assert law.loc.numpy() == pytest.approx(heads[:, :2])


def test_an_encoder_of_draws_reads_the_observed_values_outside_training():
    compiled = compiled_of(SAMPLED)
    rows = rows_of(compiled)
    found = Pass(compiled, rows)
    heads = by_row(found.params, "guide.u", stacked(rows, "x", "z", "y"), rows["a"].numpy())
    assert found.drawn.nodes["u"]["fn"].base_dist.loc.numpy() == pytest.approx(heads[:, :2])


def test_an_encoder_of_draws_reads_draws_of_the_predictors_in_training():
    compiled = compiled_of(SAMPLED)
    rows = rows_of(compiled, 40)
    read = []
    inner = compiled.module.run

    def run(name, x, p, level=None):
        if name == "guide.u":
            read.append((x[:, 2].detach(), level))
        return inner(name, x, p, level) if level is not None else inner(name, x, p)

    compiled.module.run = run
    found = Pass(compiled, rows, training=True)
    y, a = read[-1]
    assert set(y.tolist()) == set(a.tolist()) == {0.0, 1.0}
    assert not torch.equal(y, rows["y"])
    assert not torch.equal(a, rows["a"])
    # the draw of y is one at the draw of a
    lost = found.drawn.nodes["y__guide"]["fn"].log_factor
    heads = by_row(found.params, "guide.y", stacked(rows, "x", "z"), read[-2][1].numpy())[:, 0]
    # and the likelihood is that of the observed value
    signed = (2 * rows["y"].numpy() - 1) * heads
    assert lost.numpy() == pytest.approx(np.log1p(np.exp(-signed)))


@pytest.mark.parametrize("elbo", [Trace_ELBO, TraceMeanField_ELBO])
def test_pyros_own_inference_teaches_the_predictors_too(elbo):
    compiled = compiled_of(OBSERVED)
    rows, module = rows_of(compiled, 60), compiled.module
    with isolated(0):
        module.training(True) if hasattr(module, "training") else None
        svi = SVI(module.model, module.guide, pyro.optim.Adam({"lr": 0.02}), elbo())

        def lost():
            with torch.no_grad():
                return module.loss_terms(rows, 60)[0]["auxiliary"].item()

        first = lost()
        losses = [svi.step(rows) for _ in range(150)]
        assert lost() < first
        assert losses[-1] < losses[0]


def test_without_the_outcome_the_encoder_reads_a_draw_of_it_by_the_same_networks():
    compiled = compiled_of(OBSERVED)
    module, rows = compiled.module, rows_of(compiled, 30)
    assert not [n for n in module.NETWORKS if n.startswith("guide_without_outcome")]
    evidence = {n: v for n, v in rows.items() if n != "y"}
    read = []
    inner = module.run

    def run(name, x, p, level=None):
        if name == "guide.u":
            read.append(x[:, 2].detach())
        return inner(name, x, p, level) if level is not None else inner(name, x, p)

    module.run = run
    with isolated(0):
        pyro.poutine.trace(module.guide_without_outcome).get_trace(evidence)
        pyro.poutine.trace(module.guide_without_outcome).get_trace(evidence)
        names = set(pyro.get_param_store())
    assert set(torch.cat(read).tolist()) == {0.0, 1.0}
    assert not torch.equal(read[0], read[1])
    assert all(n.startswith("guide.") for n in names)


def test_the_guide_without_the_outcome_leaves_it_out_where_nothing_draws_it():
    text = "scm m\nobserved x : real\noutcome y : real\nlatent u[2]\nu -> x, y\n"
    text += "guide u ~ Normal(mlp(x, y; hidden=[3]))\n"
    networks = compiled_of(text).module.NETWORKS
    assert networks["guide.u"]["sizes"] == (2, 3, 4)
    assert networks["guide_without_outcome.u"]["sizes"] == (1, 3, 4)


@pytest.mark.parametrize(
    ("declared", "guide", "size"),
    [
        ("observed t : {p, q, r}", "mlp(x; hidden=[3])", 3),
        ("observed t : count", "mlp(x; hidden=[3])", 1),
        ("observed t : real", "Normal(mlp(x; hidden=[3]))", 2),
        ("observed t : real", "Normal(mlp(x; hidden=[3]), 1)", 1),
        ("observed t[2] : binary", "mlp(x; hidden=[3])", 2),
    ],
)
def test_predictors_of_every_domain_are_trained(declared, guide, size):
    text = f"scm m\nobserved x : real\n{declared}\nlatent u[2]\nu -> x, t\n"
    text += f"guide t ~ {guide}\nguide u ~ Normal(mlp(x, t; hidden=[3]))\n"
    compiled = compiled_of(text)
    found = Pass(compiled, rows_of(compiled), of="auxiliary")
    assert compiled.module.NETWORKS["guide.t"]["sizes"][-1] == size
    assert found.terms["auxiliary"].isfinite()
    assert "guide.t.1.weight" in found.moving


# --- inputs of a guide ----------------------------------------------------------------------


def test_a_guide_reads_what_the_text_says_and_other_latents_draws():
    text = "scm m\nobserved x, z : real\nlatent u[2], w\nu -> x\nw -> x, z\n"
    text += "guide w ~ Normal(mlp(z; hidden=[3]))\nguide u ~ Normal(mlp(w, x; hidden=[3]))\n"
    compiled = compiled_of(text)
    rows = rows_of(compiled)
    found = Pass(compiled, rows)
    p = found.params
    of_w = layers(p, "guide.w", stacked(rows, "z"))
    assert found.drawn.nodes["w"]["fn"].loc.numpy() == pytest.approx(of_w[:, 0])
    read = np.stack([found.value("w").numpy(), rows["x"].numpy()], 1)
    of_u = layers(p, "guide.u", read)
    assert found.drawn.nodes["u"]["fn"].base_dist.loc.numpy() == pytest.approx(of_u[:, :2])


def test_a_derived_guide_of_an_array_reads_its_blanket_through_a_network():
    text = "scm m\nobserved S : {p, q, r}\nobserved x, z, far : real\nlatent u[2]\n"
    text += "u, S -> x\nu -> z\nS -> far\nx ~ Normal(mlp(parents; hidden=[3]), 1)\n"
    compiled = compiled_of(text)
    assert compiled.module.NETWORKS["guide.u"]["sizes"] == (5, 32, 4)
    found = Pass(compiled, rows_of(compiled))
    assert found.drawn.nodes["u"]["fn"].batch_shape == (12,)
    assert found.drawn.nodes["u"]["fn"].event_shape == (2,)


def test_a_latent_of_zero_divergence_weight_is_still_drawn_by_its_guide():
    text = "scm m\nobserved x : real\nlatent u[2]\nu -> x\nloss elbo(kl=0)\n"
    compiled = compiled_of(text)
    found = Pass(compiled, rows_of(compiled))
    assert found["elbo"] == pytest.approx(float(found.parts["x"].detach()))
    assert float(found.parts["u"].detach()) > 0


# --- weights of the ELBO --------------------------------------------------------------------

WEIGHED = """scm m
observed a : binary
observed x, z : real
latent u[2], w
group f = x, z
u, w, a -> x, z
"""


@pytest.mark.parametrize(
    ("elbo", "weights"),
    [
        ("elbo()", {}),
        ("elbo(weights={a: 0})", {"a": 0}),
        ("elbo(kl=0)", {"u": 0, "w": 0}),
        ("elbo(kl=0.5, weights={a: 0, x: 2, u: 3})", {"a": 0, "x": 2, "u": 3, "w": 0.5}),
        ("elbo(weights={f: 4})", {"x": 4, "z": 4}),
        ("2 * elbo(weights={x: 0.25})", {"x": 0.25, "": 2}),
    ],
)
def test_shares_of_the_elbo_are_weighed(elbo, weights):
    compiled = compiled_of(f"{WEIGHED}loss {elbo}\n")
    found = Pass(compiled, rows_of(compiled))
    parts = {n: float(v.detach()) for n, v in found.parts.items()}
    expected = sum(weights.get(n, 1.0) * v for n, v in parts.items())
    assert found["elbo"] == pytest.approx(expected)
    assert float(found.total) == pytest.approx(weights.get("", 1.0) * expected)


def test_a_variable_of_weight_0_teaches_nothing():
    compiled = compiled_of(f"{WEIGHED}loss elbo(weights={{a: 0}})\n")
    assert "a__intercept" not in Pass(compiled, rows_of(compiled)).moving


@pytest.mark.parametrize(("epoch", "weight"), [(0, 0.2), (5, 0.6), (10, 1.0), (99, 1.0)])
def test_the_weight_of_the_divergence_may_move_with_the_epochs(epoch, weight):
    compiled = compiled_of(f"{WEIGHED}loss elbo(kl=warmup(0.2, 1; epochs=10))\n")
    found = Pass(compiled, rows_of(compiled), epoch=epoch)
    parts = {n: float(v.detach()) for n, v in found.parts.items()}
    expected = sum((weight if n in ("u", "w") else 1.0) * v for n, v in parts.items())
    assert float(found.total) == pytest.approx(expected)


@pytest.mark.parametrize("network", ["", "x ~ Normal(mlp(u, w, a; hidden=[3]), 1)\n"])
def test_divergences_may_be_taken_at_the_draws(network):
    closed = compiled_of(WEIGHED + network)
    drawn = compiled_of(f"{WEIGHED}{network}loss elbo(estimator=draws)\n")
    assert set(closed.module.CLOSED_KL) == {"u", "w"}
    assert drawn.module.CLOSED_KL == ()
    rows = rows_of(closed)
    away = {"guide.w.out.bias": torch.tensor([0.5, -0.5])}  # from the prior
    found, exact = Pass(drawn, rows, moved=away), Pass(closed, rows, moved=away)
    for name in ("u", "w"):
        factor, value = found.drawn.nodes[name]["fn"], found.value(name)
        prior = found.made.nodes[name]["fn"]
        share = (factor.log_prob(value) - prior.log_prob(value)).mean()
        assert float(found.parts[name].detach()) == pytest.approx(float(share))
        assert float(found.parts[name].detach()) != float(exact.parts[name].detach())
    for name in ("a", "x", "z"):
        assert torch.equal(found.parts[name], exact.parts[name])


def test_the_closed_divergence_of_an_array_is_the_sum_over_its_cells():
    compiled = compiled_of(WEIGHED)
    found = Pass(compiled, rows_of(compiled))
    law = found.drawn.nodes["u"]["fn"].base_dist
    mean, sd = law.loc.numpy(), law.scale.numpy()
    expected = (0.5 * (sd**2 + mean**2 - 1) - np.log(sd)).sum(1).mean()
    assert float(found.parts["u"].detach()) == pytest.approx(expected)
