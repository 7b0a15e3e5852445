"""The deep models by hand: terms against closed forms, Pyro against torch, the two players."""

import copy

import deep_opponents as by_hand
import numpy as np
import pyro
import pytest
import torch
from torch import distributions

from causaldsl.runtime.scope import isolated

every_model = pytest.mark.parametrize("name", list(by_hand.MODELS))


@pytest.fixture(autouse=True)
def _plain():
    with isolated(0), pyro.validation_enabled(False):
        yield


def batch(rows=64, seed=0):
    """Rows in which everything depends on everything a little."""
    rng = np.random.default_rng(seed)
    common = rng.normal(size=rows)
    columns = {
        name: (common + rng.normal(size=rows) > 0).astype(float)
        for names in by_hand.BLOCKS.values()
        for name in names
    }
    return by_hand.blocks_of(columns)


# --- rows


def test_blocks_are_columns_in_their_order():
    rows = batch()
    assert {name: tuple(block.shape) for name, block in rows.items()} == {
        "a": (64, 1), "r": (64, 3), "d": (64, 6), "y": (64, 1),
    }  # fmt: skip


def test_distinct_rows_have_the_shares_of_the_table():
    rows = batch()
    twice = {name: torch.cat([block, block]) for name, block in rows.items()}
    found, shares = by_hand.distinct(twice)
    assert float(shares.sum()) == pytest.approx(1.0)
    for name, block in twice.items():
        assert (shares @ found[name]).tolist() == pytest.approx(block.mean(0).tolist())


# --- terms


def test_the_kl_is_that_of_two_normals():
    mean, log_variance = torch.randn(9, 7), torch.randn(9, 7)
    q = distributions.Normal(mean, torch.exp(0.5 * log_variance))
    expected = distributions.kl_divergence(q, distributions.Normal(0.0, 1.0)).sum(-1).mean()
    assert float(by_hand.kl_to_standard(mean, log_variance)) == pytest.approx(float(expected))


def test_the_kl_is_the_integral_by_quadrature():
    m, v = 0.7, 0.3
    x = np.linspace(-12, 12, 20_001)
    q = np.exp(-0.5 * (x - m) ** 2 / v) / np.sqrt(2 * np.pi * v)
    log_ratio = -0.5 * (x - m) ** 2 / v - 0.5 * np.log(v) + 0.5 * x**2
    expected = (q * log_ratio).sum() * (x[1] - x[0])
    ours = by_hand.kl_to_standard(torch.tensor([[m]]), torch.tensor([[v]]).log())
    assert float(ours) == pytest.approx(expected, abs=1e-6)


def test_the_bce_is_the_bernoulli_likelihood():
    logits, seen = torch.randn(9, 6), (torch.rand(9, 6) > 0.5).double()
    p = 1 / (1 + np.exp(-logits.numpy()))
    x = seen.numpy()
    expected = -(x * np.log(p) + (1 - x) * np.log(1 - p)).sum(-1).mean()
    assert float(by_hand.bce(logits, seen)) == pytest.approx(expected)


def test_mmd_is_the_sum_over_pairs():
    x, y = np.random.default_rng(0).normal(size=(2, 5, 3))

    def pairs(a, b):
        return np.mean([[np.exp(-((i - j) ** 2).sum() / (2 * 3.7**2)) for j in b] for i in a])

    ours = by_hand.mmd(torch.as_tensor(x), torch.as_tensor(y[:4]))
    assert float(ours) == pytest.approx(pairs(x, x) + pairs(y[:4], y[:4]) - 2 * pairs(x, y[:4]))


def test_mmd_of_a_sample_with_itself_is_zero():
    x = torch.randn(20, 4)
    assert float(by_hand.mmd(x, x)) == pytest.approx(0.0, abs=1e-12)


# --- models


@pytest.mark.parametrize(
    ("name", "size"),
    [("cvae", 569 - 7), ("cevae", 13_543), ("dcevae", 47_326)],
    ids=["cvae, whose r no longer reads a", "cevae", "dcevae"],
)
def test_models_have_the_sizes_of_the_released_ones(name, size):
    assert sum(p.numel() for p in by_hand.make(name).parameters()) == size


def test_the_player_has_the_size_of_the_released_discriminator():
    player = by_hand.make("dcevae").player
    assert sum(p.numel() for p in player.parameters()) == 21_302


@every_model
@pytest.mark.parametrize("fair", [0.0, 0.2])
def test_pyro_and_torch_have_one_objective(name, fair):
    found = []
    for loss in (by_hand.torch_loss, by_hand.pyro_loss):
        model = by_hand.make(name, seed=1, fair=fair)
        torch.manual_seed(5)
        value = loss(model, batch())
        shared = [p for n, p in model.named_parameters() if not n.startswith("player.")]
        found.append((float(value.detach()), torch.autograd.grad(value, shared)))
    assert found[0][0] == pytest.approx(found[1][0], rel=1e-12)
    for ours, theirs in zip(found[0][1], found[1][1], strict=True):
        assert torch.allclose(ours, theirs, rtol=1e-9, atol=1e-12)


def test_terms_of_cevae_are_the_elbo_and_the_guide_s_predictors():
    terms = by_hand.make("cevae").terms(batch())
    assert set(terms) == {"r", "d", "a", "y", "q_a", "q_y", "kl_u"}


def test_terms_of_mcevae_are_the_elbo_and_two_distances():
    terms = by_hand.make("mcevae").terms(batch())
    assert set(terms) == {"r", "d", "y", "kl_u", "mmd", "mmd_by_a"}


@pytest.mark.parametrize("name", ["cvae", "mcevae", "dcevae"])
def test_what_a_does_not_cause_does_not_read_it(name):
    model, rows = by_hand.make(name).eval(), batch()
    draws = {n: torch.randn(64, k) for n, k in model.sizes.items()}
    worlds = [model.decode(draws, a) for a in (rows["a"], 1 - rows["a"])]
    assert torch.equal(worlds[0]["r"], worlds[1]["r"])
    assert not torch.equal(worlds[0]["d"], worlds[1]["d"])


def test_a_branch_learns_from_its_own_rows_alone():
    model, rows = by_hand.make("cevae"), batch()
    rows = {**rows, "a": torch.ones_like(rows["a"])}
    by_hand.torch_loss(model, rows).backward()
    for pair in (model.of_y, model.q_y, model.q_u):
        assert all(not p.grad.any() for p in pair[0].parameters())
        assert any(p.grad.any() for p in pair[1].parameters())


def test_rows_split_by_branch_come_back_in_order():
    networks = by_hand.make("mcevae").q_u.eval()
    a, x = batch()["a"], torch.randn(64, 10)
    assert torch.allclose(by_hand.by_rows(networks, a, x), by_hand.by_value(networks, a, x))


def test_batch_statistics_are_those_of_the_branch_s_rows():
    networks = by_hand.make("mcevae").q_u
    a, x = batch()["a"], torch.randn(64, 10)
    whole = by_hand.by_rows(networks, a, x)
    alone = networks[1](x[a[:, 0] == 1])
    assert torch.allclose(whole[a[:, 0] == 1], alone)


@torch.no_grad()
def test_fairness_is_the_mean_change_of_the_probability():
    model, rows = by_hand.make("dcevae", fair=1.0), batch()
    draws = {n: torch.randn(64, k) for n, k in model.sizes.items()}
    p = [torch.sigmoid(model.decode(draws, torch.full((64, 1), v))["y"]) for v in (0.0, 1.0)]
    expected = float((p[1] - p[0]).abs().mean())
    assert float(model.unfairness(rows, draws)) == pytest.approx(expected)


# --- the two players


def test_permuted_draws_keep_u_r_with_a_and_tear_u_d_off(monkeypatch):
    model = by_hand.make("dcevae")
    number = torch.arange(64.0)[:, None]
    sharp = torch.full((64, 1), -2e3)  # a variance of nothing
    monkeypatch.setattr(model, "encode", lambda _: {"u_r": (number, sharp), "u_d": (number, sharp)})
    u_r, u_d, a = model.permuted({"a": number}).T
    assert torch.equal(u_r, a)
    assert not torch.equal(u_r, u_d)
    assert sorted(u_r.tolist()) == sorted(u_d.tolist()) == number[:, 0].tolist()


@torch.no_grad()
def test_the_tc_is_the_mean_difference_of_logits_and_the_loss_a_cross_entropy():
    model, rows = by_hand.make("dcevae"), batch()
    terms = model.terms(rows)
    joint = model.logits
    assert float(terms["tc"]) == pytest.approx(float((joint[:, 0] - joint[:, 1]).mean()))
    torch.manual_seed(7)
    apart = model.player(model.permuted(rows))
    torch.manual_seed(7)
    ours = model.player_loss(rows)
    entropy = torch.nn.functional.cross_entropy
    classes = torch.zeros(64, dtype=torch.long), torch.ones(64, dtype=torch.long)
    expected = 0.5 * (entropy(joint, classes[0]) + entropy(apart, classes[1]))
    assert float(ours) == pytest.approx(float(expected))


@pytest.mark.parametrize("make_step", [by_hand.torch_step, by_hand.pyro_step])
def test_a_step_is_both_gradients_and_then_both_steps(make_step, monkeypatch):
    first, second = batch(seed=0), batch(seed=1)
    model = by_hand.make("dcevae", seed=3)
    monkeypatch.setattr(by_hand, "make", lambda *_: model)
    before = copy.deepcopy(model)
    torch.manual_seed(11)
    make_step("dcevae", first, second)()
    # the same by the book: each loss alone, gradients at the numbers before either step
    torch.manual_seed(11)
    value = by_hand.torch_loss(before, first)
    against = before.player_loss(second)
    for name, parameter in before.named_parameters():
        loss = against if name.startswith("player.") else value
        (gradient,) = torch.autograd.grad(loss, parameter, retain_graph=True)
        moved = dict(model.named_parameters())[name] - parameter
        # Adam's first step is the rate against the gradient's sign
        expected = -by_hand.RATE * gradient / (gradient.abs() + 1e-8)
        assert torch.allclose(moved, expected, rtol=1e-6, atol=1e-12), name


@every_model
def test_steps_lower_the_loss(name):
    step = by_hand.torch_step(name, batch(256), batch(256, seed=1), seed=1)
    values = [step() for _ in range(60)]
    assert np.mean(values[-10:]) < np.mean(values[:10])


def test_svi_takes_pure_elbos_alone():
    assert np.isfinite(by_hand.svi_step("cvae", batch())())
    with pytest.raises(ValueError, match="more than an ELBO"):
        by_hand.svi_step("dcevae", batch())


# --- a whole fit


def test_a_fit_reports_the_parts_of_the_bound_per_row():
    train, validation = batch(512, seed=1), batch(256, seed=2)
    told = []
    model, found = by_hand.handwritten_fit(
        "dcevae", train, validation, epochs=4, seed=0, rate=1e-3, every=2,
        report=lambda epoch, figures: told.append((epoch, figures)),
    )  # fmt: skip
    assert [epoch for epoch, _ in told] == [2, 4]
    assert told[-1][1] == found
    assert found["sum"] == pytest.approx(sum(found[n] for n in ("r", "d", "y", "kl_u_r", "kl_u_d")))
    assert found["sum"] < told[0][1]["sum"]
    q = distributions.Normal
    mean, log_variance = (x.detach() for x in model.encode(validation)["u_r"])
    kl = distributions.kl_divergence(q(mean, torch.exp(0.5 * log_variance)), q(0.0, 1.0))
    assert found["kl_u_r"] == pytest.approx(float(kl.sum(-1).mean()))


def test_an_effect_per_row_is_of_probabilities_at_one_draw_of_u():
    model, rows = by_hand.make("cvae"), batch()
    effects = by_hand.abducted_effects(model, rows, draws=3, seed=0)
    shares = by_hand.abducted_effect(model, rows, draws=400, seed=0)
    assert effects.shape == (64,)
    assert shares == pytest.approx(float(effects.mean()), abs=0.02)
