"""Two players in the loop: who moves, how often, at what rate, and what the second batch is."""

import numpy as np
import pandas as pd
import pyro
import pytest
import torch

from causaldsl.data.batches import Batches
from causaldsl.inference import loop
from causaldsl.inference.config import FitConfig
from causaldsl.inference.svi import fit
from causaldsl.runtime.scope import isolated

SHORT = FitConfig(epochs=2, batch_size=16, learning_rate=0.01, schedule="constant", passes=2)
HEAD = """scm played
observed a : binary
observed x : real
latent u[2]
u -> x
x ~ Normal(mlp(u; hidden=[3]), 0.5)
guide u ~ Normal(mlp(x, a; hidden=[3]))
"""
APART = "loss apart = {weight} * total_correlation(u, a; network=mlp(hidden=[4]){more})\n"
HIDE = "loss hide = adversary(a from u; network=mlp(hidden=[4]){more})\n"


def frame(n=40):
    rng = np.random.RandomState(0)
    a = rng.randint(0, 2, n)
    return pd.DataFrame({"a": a, "x": rng.randn(n) + a})


@pytest.fixture
def played(compile_text, encode):
    def build(text):
        compiled = compile_text(HEAD + text)
        return compiled, encode(compiled, frame())

    return build


def moves(compiled, data, config, monkeypatch):
    """Each call of the optimiser: the names that have a gradient, and the rate."""
    calls = []
    inner = loop.Optimiser.step

    def step(self, params, rate):
        calls.append(({n for n, p in params.items() if p.grad is not None}, rate))
        inner(self, params, rate)

    monkeypatch.setattr(loop.Optimiser, "step", step)
    fitted = fit(compiled, data, config=config)
    return calls, fitted


def of_player(names):
    return {n for n in names if n.startswith("player.")}


def test_both_sides_move_in_every_step(played, monkeypatch):
    compiled, data = played(APART.format(weight=0.5, more=""))
    calls, fitted = moves(compiled, data, SHORT, monkeypatch)
    assert len(calls) == fitted.result.steps == 6
    for names, rate in calls:
        assert rate == 0.01
        assert of_player(names) == {
            f"player.apart.{k}.{w}" for k in (0, 1) for w in ("weight", "bias")
        }
        assert "guide.u.0.weight" in names


def test_a_player_of_three_steps_takes_two_more_alone(played, monkeypatch):
    compiled, data = played(APART.format(weight=0.5, more=", steps=3"))
    calls, fitted = moves(compiled, data, SHORT, monkeypatch)
    assert fitted.result.steps == 6
    assert len(calls) == 18
    for k, (names, _) in enumerate(calls):
        assert of_player(names)
        assert bool(names - of_player(names)) == (k % 3 == 2)


def test_players_of_different_steps_play_as_often_as_they_say(played, monkeypatch):
    text = APART.format(weight=0.5, more=", steps=2") + HIDE.format(more=", steps=4")
    compiled, data = played(text)
    calls, _ = moves(compiled, data, SHORT, monkeypatch)
    first = calls[:4]
    assert [sum("player.apart.0.weight" in names for names, _ in first)] == [2]
    assert [sum("player.hide.0.weight" in names for names, _ in first)] == [4]


def test_a_player_learns_at_its_own_rate(played, monkeypatch):
    compiled, data = played(APART.format(weight=0.5, more=", learning_rate=0.3"))
    calls, _ = moves(compiled, data, SHORT, monkeypatch)
    assert len(calls) == 12  # one group for each rate
    for names, rate in calls:
        assert rate == (0.3 if of_player(names) else 0.01)
        assert not of_player(names) or of_player(names) == names


def test_the_players_weight_in_the_objective_is_not_that_of_its_own_loss(played):
    """The network learns as fast however little its term counts."""
    ends = []
    for weight in ("0", "5"):
        compiled, data = played(APART.format(weight=weight, more=""))
        start = fit(compiled, data, config=FitConfig(**{**plain(SHORT), "learning_rate": 1e-12}))
        end = fit(compiled, data, config=SHORT)
        name = "player.apart.0.weight"
        step = end.state["params"][name] - start.state["params"][name]
        ends.append(step.detach().abs().mean().item())
    assert ends[0] == pytest.approx(ends[1], rel=0.2)
    assert ends[0] > 0.01


def plain(config):
    return {**config.to_dict(), "milestones": ()}


def test_a_term_of_weight_0_leaves_the_model_as_it_would_be(played):
    """The game then moves its network alone."""
    with_game, data = played(APART.format(weight=0, more=""))
    fitted = fit(with_game, data, config=FitConfig(**{**plain(SHORT), "batch_size": "all"}))
    moved = fitted.state["params"]["player.apart.1.bias"]
    assert moved.detach().abs().sum() > 0
    assert fitted.result.curves["objective"] == fitted.result.curves["elbo"]


def test_each_step_reads_a_second_batch_of_its_own(played, monkeypatch):
    compiled, data = played(APART.format(weight=0.5, more=""))
    seen = []
    inner = compiled.module.loss_terms

    def loss_terms(batch, n_rows=None, second=None):
        if second is not None:
            seen.append((batch["__row__"].tolist(), second["__row__"].tolist()))
        return inner(batch, n_rows, second)

    compiled.module.loss_terms = loss_terms
    fit(compiled, data, config=SHORT)
    first = seen.copy()
    assert len(first) == 6
    assert all(a != b and len(a) == len(b) for a, b in first)
    # both are the whole table in each epoch
    for k in (0, 1):
        assert sorted(r for pair in first[:3] for r in pair[k]) == list(range(40))
    seen.clear()
    fit(compiled, data, config=SHORT)
    assert seen == first
    seen.clear()
    fit(compiled, data, config=FitConfig(**{**plain(SHORT), "seed": 1}))
    assert seen != first


def test_the_second_batch_is_dealt_apart_from_the_first():
    deal = Batches(n_rows=20, batch_size=8, seed=3)
    config = FitConfig(seed=3, batch_size=8)
    run = loop.Run.__new__(loop.Run)
    run.config = config

    class Data:
        n_rows = 20

    run.data = Data()
    assert run.batches == deal
    assert run.second.seed != deal.seed
    assert not torch.equal(run.second.order(0), deal.order(0))
    assert torch.equal(run.second.order(4), run.second.order(4))


def test_a_model_without_games_reads_no_second_batch(compile_text, encode):
    compiled = compile_text(HEAD)
    data = encode(compiled, frame())
    calls = []
    inner = compiled.module.loss_terms
    compiled.module.loss_terms = lambda *given: calls.append(len(given)) or inner(*given)
    fit(compiled, data, config=SHORT)
    assert set(calls) == {2}


def test_every_side_is_clipped_by_its_own_norm(played):
    text = APART.format(weight=0.5, more="") + HIDE.format(more="")
    compiled, data = played(text)
    norms = []
    inner = loop._clipped

    def clipped(values, clip):
        norm = inner(values, clip)
        after = torch.stack([v.grad.norm() for v in values]).norm().item()
        norms.append((len(values), float(norm), after))
        return norm

    loop._clipped = clipped
    try:
        fit(compiled, data, config=FitConfig(**{**plain(SHORT), "clip": 0.05}))
    finally:
        loop._clipped = inner
    assert len(norms) == 3 * 6
    assert all(after <= 0.05 * 1.0001 for _, _, after in norms)
    assert any(norm > 0.05 for _, norm, _ in norms)


def test_a_game_drives_what_it_measures_down(compile_text, encode):
    """Without the game the encoder's draws say what a is; hidden from a network, they hardly do."""
    text = """scm hidden
observed a : binary
observed x : real
latent u[1]
u -> x
x ~ Normal(linear(u), 0.3)
guide u ~ Normal(mlp(x; hidden=[4]))
loss hide = {weight} * adversary(a from u; network=mlp(hidden=[8]), steps=2)
"""
    rng = np.random.RandomState(0)
    a = rng.randint(0, 2, 200)
    table = pd.DataFrame({"a": a, "x": 3 * a + 0.5 * rng.randn(200)})
    config = FitConfig(
        epochs=150, batch_size="all", learning_rate=0.02, schedule="constant", passes=2
    )
    found = {}
    for weight in (0, 30):
        compiled = compile_text(text.format(weight=weight))
        fitted = fit(compiled, encode(compiled, table), config=config)
        found[weight] = np.mean(fitted.result.curves["hide (network)"][-20:])
    assert found[0] < 0.35 < 0.6 < found[30]
    assert found[30] == pytest.approx(np.log(2), abs=0.1)


def gram(z):
    """A centred Gaussian kernel of median width."""
    d = np.abs(z[:, None] - z[None])
    k = np.exp(-(d**2) / (2 * np.median(d[d > 0]) ** 2))
    return k - k.mean(0) - k.mean(1)[:, None] + k.mean()


def dependence(x, y, n=100):
    """HSIC (Gretton et al. 2005, eq. 9), and the share of permutations that have as much of it."""
    k, m = gram(x), gram(y)
    seen, rng = (k * m).sum(), np.random.RandomState(0)
    orders = [rng.permutation(len(y)) for _ in range(n)]
    above = [(k * m[order][:, order]).sum() >= seen for order in orders]
    return seen / (len(x) - 1) ** 2, np.mean(above)


def test_the_total_correlation_of_dependent_blocks_falls_and_an_independent_test_sees_it(
    compile_text, encode
):
    """u_b copies what u_a is a copy of, so the two are dependent unless the game parts them."""
    text = """scm parted
observed x, y : real
latent u_a, u_b
u_a -> x
u_b -> y
x ~ Normal(linear(u_a), 0.3)
y ~ Normal(linear(u_b), 0.3)
guide u_a ~ Normal(mlp(x; hidden=[4]))
guide u_b ~ Normal(mlp(y; hidden=[4]))
loss apart = {weight} * total_correlation(u_a, u_b; network=mlp(hidden=[16, 16]), steps=3)
"""
    rng = np.random.RandomState(0)
    k = rng.randn(150)
    table = pd.DataFrame({"x": k, "y": k + 0.1 * rng.randn(150)})
    config = FitConfig(
        epochs=100, batch_size="all", learning_rate=0.04, schedule="constant", passes=2
    )
    found = {}
    for weight in (0, 20):
        compiled = compile_text(text.format(weight=weight))
        data = encode(compiled, table)
        fitted = fit(compiled, data, config=config)
        with isolated(0, fitted.state), torch.no_grad():
            drawn, _ = compiled.module.traces(data.batch())
        u = [drawn.nodes[n]["value"].numpy() for n in ("u_a", "u_b")]
        found[weight] = dependence(*u)
    assert found[0][1] < 0.01
    assert found[20][0] < 0.25 * found[0][0]


def test_a_game_leaves_no_trace_in_the_store(played):
    compiled, data = played(APART.format(weight=0.5, more=""))
    fit(compiled, data, config=SHORT)
    assert len(pyro.get_param_store()) == 0
    assert compiled.module.__dict__.get("MODE", {"training": False}) == {"training": False}
