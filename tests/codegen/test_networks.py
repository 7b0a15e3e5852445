"""Networks of emitted modules: layers, branches, norms, trunks, groups, against numpy."""

import numpy as np
import pyro
import pytest
import torch
from scipy.special import erf, expit

from causaldsl.runtime.scope import isolated
from tests.deep_models import Pass, rows_of
from tests.models_text import compiled_of

ACTIVATIONS = {
    "relu": lambda x: np.maximum(x, 0),
    "leaky_relu": lambda x: np.where(x > 0, x, 0.01 * x),
    "leaky_relu(0.2)": lambda x: np.where(x > 0, x, 0.2 * x),
    "elu": lambda x: np.where(x > 0, x, np.expm1(x)),
    "elu(0.5)": lambda x: np.where(x > 0, x, 0.5 * np.expm1(x)),
    "selu": lambda x: 1.0507009873554805 * np.where(x > 0, x, 1.6732632423543772 * np.expm1(x)),
    "gelu": lambda x: x * 0.5 * (1 + erf(x / np.sqrt(2))),
    "silu": lambda x: x * expit(x),
    "softplus": lambda x: np.log1p(np.exp(x)),
    "tanh": np.tanh,
    "sigmoid": expit,
    "identity": lambda x: x,
}


def layer(params, name, k, x):
    return x @ params[f"{name}.{k}.weight"].numpy().T + params[f"{name}.{k}.bias"].numpy()


def standardised(x):
    return (x - x.mean(0)) / np.sqrt(x.var(0) + 1e-5)


def built(text, n=12, **words):
    compiled = compiled_of("scm m\n" + text)
    rows = rows_of(compiled, n)
    return compiled, rows, Pass(compiled, rows, **words)


def mean_of(found, name):
    law = found.made.nodes[name]["fn"]
    return getattr(law, "base_dist", law).mean.numpy()


# --- layers ---------------------------------------------------------------------------------


@pytest.mark.parametrize("word", ACTIVATIONS)
def test_layers_are_linear_then_the_activation_and_the_last_is_linear(word):
    text = "observed x, z, y : real\nx, z -> y\n"
    text += f"y ~ Normal(mlp(x, z; hidden=[4, 3], activation={word}), 1)\n"
    _, rows, found = built(text)
    act, p = ACTIVATIONS[word], found.params
    h = np.stack([rows["x"], rows["z"]], 1)
    h = act(layer(p, "y", 1, act(layer(p, "y", 0, h))))
    assert mean_of(found, "y") == pytest.approx(layer(p, "y", 2, h)[:, 0])


def test_without_hidden_layers_a_network_is_linear():
    _, rows, found = built("observed x, y : real\nx -> y\ny ~ Normal(mlp(x), 1)\n")
    expected = layer(found.params, "y", 0, rows["x"].numpy()[:, None])[:, 0]
    assert mean_of(found, "y") == pytest.approx(expected)


@pytest.mark.parametrize("word", ["tanh", "sigmoid", "softplus"])
def test_heads_are_bounded_where_the_text_says_so(word):
    text = f"observed x, y : real\nx -> y\ny ~ Normal(mlp(x; hidden=[4], out={word}), 1)\n"
    _, rows, found = built(text)
    p = found.params
    h = layer(p, "y", 1, np.maximum(layer(p, "y", 0, rows["x"].numpy()[:, None]), 0))
    assert mean_of(found, "y") == pytest.approx(ACTIVATIONS[word](h)[:, 0])


def test_inputs_are_in_their_columns_unit_levels_are_columns_of_0_and_1():
    text = (
        "observed x, y : real\nobserved S : {p, q, r}\nobserved b : binary\nobserved v[2] : real\n"
    )
    text += "latent u[2]\nx, S, b, v, u -> y\ny ~ Normal(mlp(x, S, b, v, u), 1)\n"
    compiled = compiled_of("scm m\n" + text)
    compiled.set_scales({"x": (3.0, 2.0), "y": (10.0, 4.0), "v": ([1.0, 2.0], [0.5, 0.25])})
    rows = rows_of(compiled)
    found = Pass(compiled, rows)
    blocks = [
        (rows["x"].numpy()[:, None] - 3) / 2,
        np.eye(3)[rows["S"].numpy()],
        rows["b"].numpy()[:, None],
        (rows["v"].numpy() - [1.0, 2.0]) / [0.5, 0.25],
        found.value("u").numpy(),
    ]
    inner = layer(found.params, "y", 0, np.concatenate(blocks, 1))[:, 0]
    assert mean_of(found, "y") == pytest.approx(10 + 4 * inner)


def test_weights_start_as_glorot_and_bengio_draw_them():
    text = "observed x[50], y[60] : real\nx -> y\ny ~ Normal(mlp(x; hidden=[70]), 1)\n"
    _, _, found = built(text, 3)
    assert found.params["y.0.weight"].shape == (70, 50)
    assert found.params["y.0.weight"].std().item() == pytest.approx((2 / 120) ** 0.5, rel=0.05)
    assert found.params["y.1.weight"].std().item() == pytest.approx((2 / 130) ** 0.5, rel=0.05)
    assert not found.params["y.0.bias"].any()


@pytest.mark.parametrize(
    ("word", "scale"),
    [
        ("softplus", lambda h: np.log1p(np.exp(h)) + 1e-6),
        ("exp", np.exp),
        ("logvar", lambda h: np.exp(h / 2)),
    ],
)
def test_one_network_gives_location_and_scale(word, scale):
    text = "observed x, y : real\nlatent u[2]\nx, u -> y\n"
    text += f"y ~ Normal(mlp(x, u; hidden=[3]); scale={word})\n"
    text += f"guide u ~ Normal(mlp(x, y; hidden=[3]); scale={word})\n"
    _, rows, found = built(text)
    p, u = found.params, found.value("u").numpy()
    h = np.concatenate([rows["x"].numpy()[:, None], u], 1)
    heads = layer(p, "y", 1, np.maximum(layer(p, "y", 0, h), 0))
    law = found.made.nodes["y"]["fn"]
    assert law.loc.numpy() == pytest.approx(heads[:, 0])
    assert law.scale.numpy() == pytest.approx(scale(heads[:, 1]))
    h = np.stack([rows["x"], rows["y"]], 1)
    heads = layer(p, "guide.u", 1, np.maximum(layer(p, "guide.u", 0, h), 0))
    law = found.drawn.nodes["u"]["fn"].base_dist
    assert law.loc.numpy() == pytest.approx(heads[:, :2])
    assert law.scale.numpy() == pytest.approx(scale(heads[:, 2:]))


# --- norms and dropout ----------------------------------------------------------------------

NORMED = "observed x, z, y : real\nx, z -> y\ny ~ Normal(mlp(x, z; hidden=[4], norm={norm}), 1)\n"


def hidden(rows, found):
    return layer(found.params, "y", 0, np.stack([rows["x"], rows["z"]], 1))


def after_norm(found, x):
    weight, bias = (found.params[f"y.0.norm.{w}"].numpy() for w in ("weight", "bias"))
    return layer(found.params, "y", 1, np.maximum(x * weight + bias, 0))[:, 0]


def test_a_batch_norm_normalises_over_the_batch_while_training():
    moved = {
        "y.0.norm.weight": torch.tensor([0.5, 0.1, -0.2, 0.0]),
        "y.0.norm.bias": torch.tensor(0.3),
    }
    compiled = compiled_of("scm m\n" + NORMED.format(norm="batch"))
    rows = rows_of(compiled, 12)
    with isolated(0) as state:
        module = compiled.module
        module.parameters()
        Pass.move(moved)
        module.training(True)
        made = module.traces(rows)[1]
        module.training(False)
        params = {n: v.detach().clone() for n, v in pyro.get_param_store().items()}
    del state
    h = layer(params, "y", 0, np.stack([rows["x"], rows["z"]], 1))
    h = standardised(h) * params["y.0.norm.weight"].numpy() + params["y.0.norm.bias"].numpy()
    expected = layer(params, "y", 1, np.maximum(h, 0))[:, 0]
    assert made.nodes["y"]["fn"].mean.detach().numpy() == pytest.approx(expected)


def test_the_running_figures_move_by_a_tenth_to_those_of_the_batch():
    compiled = compiled_of("scm m\n" + NORMED.format(norm="batch"))
    rows, module = rows_of(compiled, 12), compiled.module
    with isolated(0):
        module.parameters()
        module.training(True)
        for _ in range(2):
            module.traces(rows)
        module.training(False)
        params = {n: v.detach().clone() for n, v in pyro.get_param_store().items()}
        law = module.traces(rows)[1].nodes["y"]["fn"]
        again = {n: v.detach().clone() for n, v in pyro.get_param_store().items()}
    h = layer(params, "y", 0, np.stack([rows["x"], rows["z"]], 1))
    mean, var = params["y.0.norm.mean"].numpy(), params["y.0.norm.var"].numpy()
    assert mean == pytest.approx((1 - 0.9**2) * h.mean(0))
    assert var == pytest.approx(0.9**2 + (1 - 0.9**2) * h.var(0, ddof=1))
    # outside training they normalise, and stay
    expected = layer(params, "y", 1, np.maximum((h - mean) / np.sqrt(var + 1e-5), 0))[:, 0]
    assert law.mean.detach().numpy() == pytest.approx(expected)
    assert all(torch.equal(again[n], params[n]) for n in params)


def test_a_batch_of_one_row_is_normalised_by_the_running_figures():
    _, rows, found = built(NORMED.format(norm="batch"), 1, training=True)
    h = hidden(rows, found) / np.sqrt(1 + 1e-5)
    assert mean_of(found, "y") == pytest.approx(after_norm(found, h))
    assert not found.params["y.0.norm.mean"].any()


def test_running_figures_have_no_gradient():
    _, _, found = built(NORMED.format(norm="batch"), training=True)
    assert not any(name.endswith(("norm.mean", "norm.var")) for name in found.grads)
    assert {"y.0.norm.weight", "y.0.norm.bias"} <= set(found.grads)


@pytest.mark.parametrize("training", [True, False])
def test_a_layer_norm_normalises_each_row(training):
    _, rows, found = built(NORMED.format(norm="layer"), training=training)
    h = hidden(rows, found)
    h = (h - h.mean(1, keepdims=True)) / np.sqrt(h.var(1, keepdims=True) + 1e-5)
    assert mean_of(found, "y") == pytest.approx(after_norm(found, h))


def test_units_are_dropped_only_while_training():
    text = "observed x, y : real\nx -> y\n"
    text += "y ~ Normal(mlp(x; hidden=[1000], dropout=0.25, activation=identity), 1)\n"
    compiled = compiled_of("scm m\n" + text)
    rows, module = rows_of(compiled, 4), compiled.module
    with isolated(0):
        module.parameters()
        store = pyro.get_param_store()
        with torch.no_grad():
            store["y.0.weight"].fill_(1.0)
            store["y.1.weight"].fill_(1 / 1000)
        still = [module.traces(rows)[1].nodes["y"]["fn"].mean for _ in range(2)]
        module.training(True)
        moving = [module.traces(rows)[1].nodes["y"]["fn"].mean for _ in range(2)]
        module.training(False)
    assert torch.equal(still[0], still[1])
    assert still[0].detach().numpy() == pytest.approx(rows["x"].numpy())
    assert not torch.equal(moving[0], moving[1])
    # of 1,000 units a quarter is dropped, and the rest is scaled up
    shares = (moving[0] / rows["x"]).detach().numpy() * 0.75
    assert np.all(np.abs(shares - 0.75) < 5 * np.sqrt(0.75 * 0.25 / 1000))


# --- branches -------------------------------------------------------------------------------

BRANCHED = (
    "observed S : {{p, q, r}}\nobserved x, y : real\nx, S -> y\n"
    "y ~ Normal(mlp(x; hidden=[4]{norm}) by S, 1)\n"
)


@pytest.mark.parametrize("norm", ["", ", norm=batch", ", norm=layer"])
def test_a_row_is_read_by_the_network_of_its_level(norm):
    _, rows, found = built(BRANCHED.format(norm=norm), moved={})
    p, s = found.params, rows["S"].numpy()
    x = rows["x"].numpy()[:, None]
    outputs = []
    for k in range(3):
        h = layer(p, f"y[{k}]", 0, x)
        if "batch" in norm:
            h = h / np.sqrt(1 + 1e-5)
        if "layer" in norm:
            h = (h - h.mean(1, keepdims=True)) / np.sqrt(h.var(1, keepdims=True) + 1e-5)
        outputs.append(layer(p, f"y[{k}]", 1, np.maximum(h, 0))[:, 0])
    assert mean_of(found, "y") == pytest.approx(np.choose(s, outputs))


def test_each_branch_normalises_over_its_own_rows_while_training():
    _, rows, found = built(BRANCHED.format(norm=", norm=batch"), 14, training=True)
    p, s = found.params, rows["S"].numpy()
    expected = np.zeros(14)
    for k in range(3):
        x = rows["x"].numpy()[s == k][:, None]
        assert len(x) > 1
        h = standardised(layer(p, f"y[{k}]", 0, x))
        expected[s == k] = layer(p, f"y[{k}]", 1, np.maximum(h, 0))[:, 0]
    assert mean_of(found, "y") == pytest.approx(expected)


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("norm", ["", ", norm=batch", ", dropout=0.5"])
@pytest.mark.parametrize("levels", [[0, 0, 0, 0], [0, 0, 2, 2], [1, 2, 2, 2]])
def test_a_branch_learns_from_its_own_rows_alone_and_an_empty_one_stays(training, norm, levels):
    compiled = compiled_of("scm m\n" + BRANCHED.format(norm=norm))
    rows = rows_of(compiled, 4)
    rows["S"] = torch.tensor(levels)
    found = Pass(compiled, rows, training=training)
    assert np.isfinite(float(found.total))
    reached = {int(name[2]) for name in found.moving if name.startswith("y[")}
    assert reached == set(levels)


@pytest.mark.parametrize("norm", ["", ", norm=batch"])
def test_splitting_the_rows_and_reading_all_branches_agree_outside_training(norm):
    compiled = compiled_of("scm m\n" + BRANCHED.format(norm=norm))
    rows, module = rows_of(compiled, 15), compiled.module
    with isolated(0):
        p = module.parameters()
        together = module.traces(rows)[1].nodes["y"]["fn"].mean
        apart = torch.zeros(15)
        for k in range(3):
            own = rows["S"] == k
            part = {n: v[own] for n, v in rows.items()}
            apart[own] = module.given_y(p, *(part[q] for q in module.PARENTS["y"])).mean
    assert torch.allclose(together, apart, rtol=0, atol=1e-14)


def test_a_branch_by_a_binary_reads_0_and_1():
    text = "observed a : binary\nobserved y : real\nlatent u[2]\na, u -> y\n"
    text += "y ~ Normal(mlp(u; hidden=[3]) by a, 1)\n"
    _, rows, found = built(text)
    u, a = found.value("u").numpy(), rows["a"].numpy()
    both = [
        layer(found.params, f"y[{k}]", 1, np.maximum(layer(found.params, f"y[{k}]", 0, u), 0))[:, 0]
        for k in (0, 1)
    ]
    assert mean_of(found, "y") == pytest.approx(np.where(a == 1, both[1], both[0]))


def test_draws_with_leading_dimensions_pass_through_branches():
    compiled = compiled_of(
        "scm m\n"
        + BRANCHED.format(norm=", norm=batch")
        .replace("x, y", "y")
        .replace("x, S -> y", "latent x\nx, S -> y")
    )
    module, rows = compiled.module, rows_of(compiled, 6)
    with isolated(0), torch.no_grad():
        p = module.parameters()
        x = torch.randn(5, 6)
        means = module.given_y(p, *({"S": rows["S"], "x": x}[q] for q in module.PARENTS["y"])).mean
        one = module.given_y(p, *({"S": rows["S"], "x": x[3]}[q] for q in module.PARENTS["y"])).mean
    assert means.shape == (5, 6)
    assert torch.allclose(means[3], one)


# --- trunks and groups ----------------------------------------------------------------------


def test_a_network_given_to_a_network_is_a_trunk_that_ends_at_its_last_hidden_layer():
    text = "observed S : binary\nobserved x, z, y : real\nx, z, S -> y\n"
    text += "y ~ Normal(mlp(mlp(x; hidden=[4], activation=tanh), z; hidden=[3]) by S, 1)\n"
    compiled, rows, found = built(text)
    p = found.params
    assert compiled.module.NETWORKS["y.trunk"]["sizes"] == (1, 4)
    trunk = np.tanh(layer(p, "y.trunk", 0, rows["x"].numpy()[:, None]))
    h = np.concatenate([trunk, rows["z"].numpy()[:, None]], 1)
    both = [layer(p, f"y[{k}]", 1, np.maximum(layer(p, f"y[{k}]", 0, h), 0))[:, 0] for k in (0, 1)]
    assert mean_of(found, "y") == pytest.approx(np.where(rows["S"] == 1, both[1], both[0]))


GROUP = """observed S : {p, q, r}
observed o : {lo < mid < hi}
observed x, w : real
observed b : binary
observed n : count
observed f : unit
observed e : positive
observed v[2] : binary
latent u[2]
u -> S, o, x, w, b, n, f, e, v
group g = S, o, x, w, b, n, f, e, v
g ~ mlp(u; hidden=[5])
"""


def test_a_group_of_any_domains_shares_one_trunk_with_heads_of_their_own():
    compiled, _, found = built(GROUP)
    p = found.params
    assert list(compiled.module.NETWORKS) == [
        "g",
        *[n for n in compiled.module.NETWORKS if n != "g"],
    ]
    assert compiled.module.NETWORKS["g"]["sizes"] == (2, 5, 12)
    h = layer(p, "g", 1, np.maximum(layer(p, "g", 0, found.value("u").numpy()), 0))

    def law(name):
        return found.made.nodes[name]["fn"]

    odds = law("S").logits.numpy()
    assert odds - odds[:, :1] == pytest.approx(h[:, :3] - h[:, :1])
    assert law("x").mean.numpy() == pytest.approx(h[:, 4])
    assert law("w").mean.numpy() == pytest.approx(h[:, 5])
    assert law("b").logits.numpy() == pytest.approx(h[:, 6])
    assert law("n").rate.numpy() == pytest.approx(np.exp(h[:, 7]))
    assert law("f").mean.numpy() == pytest.approx(expit(h[:, 8]))
    assert law("e").base_dist.loc.numpy() == pytest.approx(h[:, 9])
    assert law("v").base_dist.logits.numpy() == pytest.approx(h[:, 10:])
    assert all(part.isfinite() for part in found.parts.values())


def test_every_member_of_a_group_moves_the_trunk():
    compiled = compiled_of("scm m\n" + GROUP)
    rows = rows_of(compiled)
    for name in ("S", "o", "x", "b", "n", "f", "e", "v"):
        with isolated(0):
            drawn, made = compiled.module.traces(rows)
            parts = compiled.module.parts_of(drawn, made, 12)
            parts[name].backward()
            store = dict(pyro.get_param_store().named_parameters())
            assert store["g.0.weight"].grad.abs().sum() > 0, name
    del drawn


def test_the_trunk_of_a_group_runs_once_in_a_pass():
    compiled = compiled_of("scm m\n" + GROUP)
    rows, module = rows_of(compiled), compiled.module
    calls = []
    inner = module.run
    module.run = lambda name, *more: calls.append(name) or inner(name, *more)
    with isolated(0):
        module.traces(rows)
    assert calls.count("g") == 1


def test_variables_named_one_by_one_have_networks_of_their_own():
    text = "observed x, y : real\nlatent u\nu -> x, y\nx, y ~ Normal(mlp(u; hidden=[3]), 1)\n"
    compiled, _, _ = built(text)
    assert [n for n in compiled.module.NETWORKS if not n.startswith("guide")] == ["x", "y"]


def test_two_latents_of_a_group_share_one_guide_network():
    text = "observed x : real\nlatent u[2], w[3]\ngroup g = u, w\ng -> x\n"
    text += "guide g ~ Normal(mlp(x; hidden=[4]); scale=exp)\n"
    compiled, rows, found = built(text)
    assert compiled.module.NETWORKS["guide.g"]["sizes"] == (1, 4, 10)
    p = found.params
    x = rows["x"].numpy()[:, None]
    h = layer(p, "guide.g", 1, np.maximum(layer(p, "guide.g", 0, x), 0))
    laws = {n: found.drawn.nodes[n]["fn"].base_dist for n in ("u", "w")}
    assert laws["u"].loc.numpy() == pytest.approx(h[:, :2])
    assert laws["u"].scale.numpy() == pytest.approx(np.exp(h[:, 2:4]))
    assert laws["w"].loc.numpy() == pytest.approx(h[:, 4:7])
    assert laws["w"].scale.numpy() == pytest.approx(np.exp(h[:, 7:]))


# --- arrays ---------------------------------------------------------------------------------


def test_an_array_is_drawn_cell_by_cell_and_its_density_is_their_product():
    text = "observed x[3] : real\nlatent u[2]\nu -> x\nx ~ Normal(mlp(u; hidden=[4]), 0.5)\n"
    _, rows, found = built(text)
    p = found.params
    h = layer(p, "x", 1, np.maximum(layer(p, "x", 0, found.value("u").numpy()), 0))
    residual = (rows["x"].numpy() - h) / 0.5
    expected = (0.5 * residual**2 + np.log(0.5) + 0.5 * np.log(2 * np.pi)).sum(1).mean()
    assert float(found.parts["x"].detach()) == pytest.approx(expected)


def test_a_cell_of_an_array_is_read_by_its_place():
    text = "observed y : real\nlatent u[3]\nu -> y\ny ~ Normal(2*u[1] - u[2], 1)\n"
    _, _, found = built(text)
    u = found.value("u").numpy()
    assert mean_of(found, "y") == pytest.approx(2 * u[:, 1] - u[:, 2])


def test_a_linear_of_an_array_is_a_network_without_hidden_layers():
    text = "observed y : real\nlatent u[3]\nu -> y\ny ~ Normal(linear(u), 1)\n"
    compiled, _, found = built(text)
    assert compiled.module.NETWORKS["y"]["sizes"] == (3, 1)
    expected = layer(found.params, "y", 0, found.value("u").numpy())[:, 0]
    assert mean_of(found, "y") == pytest.approx(expected)


def test_the_learned_marginal_of_an_array_is_one_number_for_each_cell():
    _, _, found = built("observed x[3] : binary\nobserved y : real\nx -> y\n")
    assert found.params["x__intercept"].shape == (3,)
    expected = -np.log(0.5) * 3
    assert float(found.parts["x"].detach()) == pytest.approx(expected)
