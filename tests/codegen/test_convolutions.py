"""Images by `conv` and `deconv`: emitted networks against those of torch with equal weights."""

from __future__ import annotations

import pyro
import pytest
import torch
from torch import nn

from causaldsl.runtime.scope import isolated
from tests.deep_models import Pass, rows_of
from tests.models_text import compiled_of

SIDES = (8, 12)  # not square: height and width may not be exchanged
PICTURES = """
observed a : binary
outcome  x : image[3, 8, 12]
latent   u[4]
u, a -> x
x ~ deconv(parents; channels=[6, 5], hidden=[7]{norm}, activation=leaky_relu(0.2))
guide u ~ Normal(conv(x, a; channels=[5, 6], hidden=[7]{norm}{dropout}, activation=leaky_relu(0.2)))
"""
NORMS = ["", ", norm=batch", ", norm=layer"]


def compiled_with(norm="", dropout=""):
    return compiled_of("scm m\n" + PICTURES.format(norm=norm, dropout=dropout))


@pytest.fixture
def shaken():
    """Give every weight, norms and running figures too, a value of its own."""

    def shake(module):
        module.parameters()
        module.guide_weights()
        with torch.no_grad():
            for name, value in pyro.get_param_store().named_parameters():
                noise = 0.3 * torch.randn(value.shape)
                value.add_(noise.abs() if name.endswith("norm.var") else noise)

    return shake


def norm_of(word, size, p, key, maps):
    """A normalisation of torch with copied weights, in float64."""
    if not word:
        return []
    if "layer" in word:
        made = nn.GroupNorm(1, size) if maps else nn.LayerNorm(size)
    else:
        made = nn.BatchNorm2d(size) if maps else nn.BatchNorm1d(size)
        made.running_mean.copy_(p[f"{key}.norm.mean"])
        made.running_var.copy_(p[f"{key}.norm.var"])
    made.weight.copy_(p[f"{key}.norm.weight"])
    made.bias.copy_(p[f"{key}.norm.bias"])
    return [made]


def with_weights(made, p, key):
    made.weight.copy_(p[f"{key}.weight"])
    made.bias.copy_(p[f"{key}.bias"])
    return made


def reader_of(p, norm, dropout=0.0):
    """The encoder of `PICTURES` as modules of torch."""
    layers = []
    for k, (n_in, n_out) in enumerate([(4, 5), (5, 6)]):
        key = f"guide.u.map{k}"
        layers += [with_weights(nn.Conv2d(n_in, n_out, 4, stride=2, padding=1), p, key)]
        layers += [*norm_of(norm, n_out, p, key, True), nn.LeakyReLU(0.2), nn.Dropout2d(dropout)]
    layers += [nn.Flatten(), with_weights(nn.Linear(6 * 2 * 3, 7), p, "guide.u.0")]
    layers += [*norm_of(norm, 7, p, "guide.u.0", False), nn.LeakyReLU(0.2), nn.Dropout(dropout)]
    return nn.Sequential(*layers, with_weights(nn.Linear(7, 8), p, "guide.u.1")).double()


def maker_of(p, norm):
    """The decoder of `PICTURES` as modules of torch."""
    layers = []
    for k, (n_in, n_out) in enumerate([(5, 7), (7, 6 * 2 * 3)]):
        layers += [with_weights(nn.Linear(n_in, n_out), p, f"x.{k}")]
        layers += [*norm_of(norm, n_out, p, f"x.{k}", False), nn.LeakyReLU(0.2)]
    layers += [nn.Unflatten(1, (6, 2, 3))]
    up = nn.ConvTranspose2d(6, 5, 4, stride=2, padding=1)
    layers += [with_weights(up, p, "x.map0"), *norm_of(norm, 5, p, "x.map0", True)]
    last = nn.ConvTranspose2d(5, 3, 4, stride=2, padding=1)
    return nn.Sequential(*layers, nn.LeakyReLU(0.2), with_weights(last, p, "x.map1")).double()


def given_maps(rows):
    maps = rows["a"][:, None, None, None].expand(-1, 1, *SIDES)
    return torch.cat([rows["x"], maps], 1)


# --- values ---------------------------------------------------------------------------------


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("norm", NORMS)
def test_an_encoder_is_that_of_torch(norm, training, shaken):
    compiled = compiled_with(norm)
    rows, module = rows_of(compiled, 6), compiled.module
    with isolated(0), torch.no_grad():
        shaken(module)
        q = {n: v.clone() for n, v in module.guide_weights().items()}
        torch_net = reader_of(q, norm).train(training)
        module.training(training) if hasattr(module, "training") else None
        site = pyro.poutine.trace(module.guide).get_trace(rows).nodes["u"]["fn"].base_dist
        after = {n: v.clone() for n, v in module.guide_weights().items()}
        expected = torch_net(given_maps(rows))
    torch.testing.assert_close(site.loc, expected[:, :4])
    torch.testing.assert_close(site.scale, nn.functional.softplus(expected[:, 4:]) + 1e-6)
    if "batch" in norm:
        torch.testing.assert_close(after["guide.u.map1.norm.mean"], torch_net[5].running_mean)
        torch.testing.assert_close(after["guide.u.map1.norm.var"], torch_net[5].running_var)


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("norm", NORMS)
def test_a_decoder_is_that_of_torch(norm, training, shaken):
    compiled = compiled_with(norm)
    rows, module = rows_of(compiled, 6), compiled.module
    with isolated(0), torch.no_grad():
        shaken(module)
        p = {n: v.clone() for n, v in module.parameters().items()}
        torch_net = maker_of(p, norm).train(training)
        u = torch.randn(6, 4)
        module.training(training) if hasattr(module, "training") else None
        values = {"u": u, "a": rows["a"]}
        law = module.given_x_(module.parameters(), *(values[n] for n in module.PARENTS["x"]))
        blocks = [
            v if v.dim() == 2 else v[:, None] for v in (values[n] for n in module.PARENTS["x"])
        ]
        expected = torch_net(torch.cat(blocks, 1))
    assert law.event_shape == (3, *SIDES)
    torch.testing.assert_close(law.base_dist.logits, expected)


def test_the_density_of_a_picture_is_the_cross_entropy_of_its_pixels():
    compiled = compiled_with()
    rows, module = rows_of(compiled, 5), compiled.module
    with isolated(0), torch.no_grad():
        law = module.given_x_(module.parameters(), torch.randn(5, 4), rows["a"])
        found = law.log_prob(rows["x"])
        logits = law.base_dist.logits
    cross = nn.functional.binary_cross_entropy_with_logits(logits, rows["x"], reduction="none")
    torch.testing.assert_close(found, -cross.sum((1, 2, 3)))


@pytest.mark.parametrize("norm", NORMS)
def test_draws_with_leading_dimensions_pass_through_pictures(norm, shaken):
    compiled = compiled_with(norm)
    rows, module = rows_of(compiled, 6), compiled.module
    with isolated(0), torch.no_grad():
        shaken(module)
        p, u = module.parameters(), torch.randn(3, 6, 4)
        whole = module.given_x_(p, u, rows["a"]).mean
        one = module.given_x_(p, u[1], rows["a"]).mean
    assert whole.shape == (3, 6, 3, *SIDES)
    torch.testing.assert_close(whole[1], one)


def test_whole_maps_are_dropped_while_training_only():
    compiled = compiled_with(dropout=", dropout=0.5")
    rows, module = rows_of(compiled, 4), compiled.module
    seen = {"guide.u.map0": None}

    def watched(key, x, p, net):
        out = original(key, x, p, net)
        seen[key] = out
        return out

    original = module.block
    module.block = watched
    with isolated(0), torch.no_grad():
        for training in (True, False):
            module.training(training)
            torch.manual_seed(1)
            module.guide(rows)
            gone = (seen["guide.u.map0"] == 0).flatten(2)
            assert bool(gone.all(2).any()) == training
            assert torch.equal(gone.all(2), gone.any(2))  # a map goes as a whole
        module.training(False)


def test_weights_of_convolutions_start_as_he_draws_them():
    compiled = compiled_of(
        "scm m\n" + PICTURES.format(norm="", dropout="").replace("[5, 6]", "[64, 96]")
    )
    with isolated(0), torch.no_grad():
        q = compiled.module.guide_weights()
    weight = q["guide.u.map1.weight"].detach()
    assert float(weight.std()) == pytest.approx((2 / (16 * 64)) ** 0.5, rel=0.02)
    assert not q["guide.u.map1.bias"].any()


# --- every weight learns, batches that are hard -------------------------------------------------


@pytest.mark.parametrize("norm", NORMS)
def test_every_weight_of_a_picture_moves(norm):
    compiled = compiled_with(norm)
    found = Pass(compiled, rows_of(compiled, 6), training=True)
    fixed = {n for n in found.params if n.endswith(("norm.mean", "norm.var"))}
    silent = {n for n in found.params if n.startswith("guide_without_outcome")}
    if norm:  # a shift before a norm changes nothing
        silent |= {
            n for n in found.params if n.endswith(".bias") and f"{n[:-5]}.norm.bias" in found.params
        }
        silent |= {"x.0.bias", "x.1.bias"}
    assert found.moving >= set(found.params) - fixed - silent - {"a__intercept"}
    assert not fixed & set(found.grads)


@pytest.mark.parametrize("norm", NORMS)
def test_one_row_is_a_batch(norm):
    compiled = compiled_of(
        "scm m\nobserved a : binary\noutcome x : image[1, 2, 2]\nlatent u[2]\nu, a -> x\n"
        f"x ~ deconv(parents; channels=[3], hidden=[4]{norm})\n"
        f"guide u ~ Normal(conv(x, a; channels=[3], hidden=[4]{norm}))\n"
    )
    found = Pass(compiled, rows_of(compiled, 1), training=True)  # maps of one pixel
    assert torch.isfinite(found.total)
    assert all(torch.isfinite(g).all() for g in found.grads.values())


@pytest.mark.parametrize("value", [0.0, 1.0])
@pytest.mark.parametrize("name", ["mcevae", "cevae", "dcevae", "cvae"])
def test_a_batch_of_one_class_trains_every_shipped_model(name, value):
    from causaldsl import pipeline
    from tests.command_line import MODELS

    compiled = pipeline.compile_scm(MODELS / f"{name}_image.scm")
    rows = rows_of(compiled, 4) | {"a": torch.full((4,), value).double()}
    found = Pass(compiled, rows, second=rows if name == "dcevae" else None, training=True)
    assert torch.isfinite(found.total)
    assert all(torch.isfinite(g).all() for g in found.grads.values())


# --- branches, and evidence without the picture -------------------------------------------------

BRANCHED = """
observed a : binary
outcome  x : image[3, 8, 12]
latent   u[4]
u, a -> x
x ~ deconv(u; channels=[6], hidden=[5]{norm}) by a
guide u ~ Normal(mlp(conv(x; channels=[5], hidden=[6]{norm}); hidden=[]) by a)
"""


@pytest.mark.parametrize("norm", NORMS)
def test_a_picture_is_made_by_the_network_of_its_level(norm):
    compiled = compiled_of("scm m\n" + BRANCHED.format(norm=norm))
    rows, module = rows_of(compiled, 6), compiled.module
    with isolated(0), torch.no_grad():
        p, u = module.parameters(), torch.randn(6, 4)
        args = {"u": u, "a": rows["a"]}
        both = module.given_x_(p, *(args[n] for n in module.PARENTS["x"])).mean
        net = module.NETWORKS["x"]
        each = torch.stack([module.network(f"x[{k}]", u, p, net) for k in (0, 1)]).sigmoid()
    own = each[rows["a"].long(), torch.arange(6)]
    torch.testing.assert_close(both, own)
    assert not torch.allclose(each[0], each[1])


def test_draws_pass_through_the_branches_of_a_picture():
    compiled = compiled_of("scm m\n" + BRANCHED.format(norm=", norm=batch"))
    rows, module = rows_of(compiled, 6), compiled.module
    with isolated(0), torch.no_grad():
        p, u = module.parameters(), torch.randn(3, 6, 4)
        whole = module.given_x_(p, *({"u": u, "a": rows["a"]}[n] for n in module.PARENTS["x"]))
        one = module.given_x_(p, *({"u": u[2], "a": rows["a"]}[n] for n in module.PARENTS["x"]))
    torch.testing.assert_close(whole.mean[2], one.mean)


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("levels", [[0.0] * 4, [1.0] * 4, [0.0, 1.0, 1.0, 1.0]])
def test_a_branch_of_pictures_without_rows_is_no_error(norm, levels):
    compiled = compiled_of("scm m\n" + BRANCHED.format(norm=norm))
    rows = rows_of(compiled, 4) | {"a": torch.tensor(levels).double()}
    found = Pass(compiled, rows, training=True)
    assert torch.isfinite(found.total)
    reached = {int(n[2]) for n in found.moving if n.startswith("x[")}
    assert reached == {int(level) for level in levels}


def test_a_guide_without_the_picture_reads_what_remains():
    compiled = compiled_with()
    module, rows = compiled.module, rows_of(compiled, 4)
    assert module.GUIDE_EVIDENCE["without_outcome"] == ("a",)
    assert "kind" not in module.NETWORKS["guide_without_outcome.u"]
    with isolated(0), torch.no_grad():
        site = pyro.poutine.trace(module.guide_without_outcome).get_trace({"a": rows["a"]})
    loc = site.nodes["u"]["fn"].base_dist.loc
    assert loc.shape == (4, 4)
    same = rows["a"][:, None] == rows["a"]
    assert torch.equal((loc[:, None] == loc).all(-1), same)  # of `a` and of nothing else


def test_a_derived_guide_reads_the_pixels_of_a_picture():
    compiled = compiled_of(
        "scm m\nobserved a : binary\nobserved y : real missing latent\n"
        "outcome x : image[1, 8, 8]\nlatent u\nu, a -> x, y\n"
        "x ~ deconv(parents; channels=[4])\n"
    )
    rows = rows_of(compiled, 5)
    found = Pass(compiled, rows)
    assert torch.isfinite(found.total)
    other = Pass(compiled, rows | {"x": 1 - rows["x"]})
    assert not torch.equal(found.drawn.nodes["u"]["fn"].loc, other.drawn.nodes["u"]["fn"].loc)
