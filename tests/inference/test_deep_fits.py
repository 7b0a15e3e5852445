"""Fits of models with networks, players and branches: what moves, what is kept, what is told."""

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.metrics import accuracy_score, roc_auc_score

from causaldsl.diagnostics.model import InferenceError
from causaldsl.inference import convergence, memory, metrics
from causaldsl.inference.archive import load, save
from causaldsl.inference.config import FitConfig
from causaldsl.inference.fitted import result_from_dict, result_to_dict
from causaldsl.inference.states import cloned
from causaldsl.inference.svi import fit
from causaldsl.inference.targets import first_terms, model_target
from causaldsl.inference.units import units_of
from causaldsl.runtime.scope import isolated

SHORT = FitConfig(epochs=3, batch_size=20, learning_rate=0.01, schedule="constant", passes=2)
DEEP = """scm deep
sensitive a : binary
observed x, z : real
observed y : binary
latent u[3]
u, a -> x, z
u, a -> y
x, z ~ Normal(mlp(parents; hidden=[4], norm=batch), 0.5)
y ~ mlp(parents; hidden=[4])
guide u ~ Normal(mlp(x, z, y; hidden=[5], norm=batch) by a)
loss elbo(weights={a: 0})
loss apart = total_correlation(u, a; network=mlp(hidden=[4]))
"""


def deep_frame(n=70, seed=0):
    rng = np.random.RandomState(seed)
    a, k = rng.randint(0, 2, n), rng.randn(n)
    return pd.DataFrame(
        {
            "a": a,
            "x": k + a + 0.3 * rng.randn(n),
            "z": -k + 0.3 * rng.randn(n),
            "y": (k + 0.5 * rng.randn(n) > 0).astype(int),
        }
    )


def worded(config, **words):
    return FitConfig.from_dict({**config.to_dict(), **words})


@pytest.fixture
def deep(compile_text, encode):
    compiled = compile_text(DEEP)
    return compiled, encode(compiled, deep_frame())


def codes(fitted):
    return [d.code for d in fitted.result.diagnostics]


# --- keep=METRIC ----------------------------------------------------------------------------


@pytest.mark.parametrize("word", ["accuracy(y)", "auc(y)", "rmse(x)"])
def test_the_state_of_the_best_metric_is_kept(deep, word):
    compiled, data = deep
    config = worded(SHORT, epochs=8, keep=word, validation=0.3, learning_rate=0.3)
    result = fit(compiled, data, config=config).result
    curve = result.curves[word]
    best = min(curve) if word.startswith("rmse") else max(curve)
    assert len(curve) == 8
    assert result.kept == curve.index(best) + 1
    assert curve[0] != curve[-1]


def test_without_rows_set_apart_the_metric_is_that_of_the_training_rows(deep):
    compiled, data = deep
    fitted = fit(compiled, data, config=worded(SHORT, epochs=4, keep="rmse(x)"))
    kept = fitted.result.curves["rmse(x)"][fitted.result.kept - 1]
    metric = metrics.metric_of("rmse(x)")
    with isolated(0, fitted.state):
        again = [metrics.measure(metric, compiled, [data.batch()], 20) for _ in range(2)]
    # the curve's number is one draw for each row
    assert kept == pytest.approx(np.mean(again), rel=0.2)


def test_a_fit_that_keeps_the_best_epoch_ends_where_a_shorter_one_does(deep):
    compiled, data = deep
    config = worded(SHORT, epochs=8, keep="accuracy(y)", learning_rate=0.1)
    kept = fit(compiled, data, config=config)
    assert kept.result.kept < 8
    short = fit(compiled, data, config=worded(config, epochs=kept.result.kept))
    for name, value in short.state["params"].items():
        assert torch.equal(value, kept.state["params"][name]), name


def test_patience_looks_at_the_metric(deep):
    compiled, data = deep
    words = {"epochs": 60, "patience": 3, "keep": "accuracy(y)", "tolerance": 10.0}
    result = fit(compiled, data, config=worded(SHORT, **words)).result
    assert result.epochs == 6
    assert len(result.curves["accuracy(y)"]) == 6


@pytest.mark.parametrize(
    "word", ["accuracy(x)", "auc(x)", "accuracy(u)", "accuracy(nothing)", "rmse(S)", "auc(S)"]
)
def test_a_metric_that_does_not_fit_is_refused(compile_text, encode, word):
    compiled = compile_text("scm m\nobserved S : {p, q, r}\nobserved x : real\nlatent u\nu -> x\n")
    data = encode(compiled, pd.DataFrame({"S": list("pqr"), "x": [0.0, 1.0, 3.0]}))
    with pytest.raises(InferenceError) as refused:
        fit(compiled, data, config=worded(SHORT, keep=word))
    assert refused.value.diagnostics[0].code == "CD602"


def test_the_order_of_one_value_alone_is_refused(deep, encode):
    compiled, _ = deep
    data = encode(compiled, deep_frame().query("y == 1"))
    with pytest.raises(InferenceError) as refused:
        fit(compiled, data, config=worded(SHORT, keep="auc(y)"))
    assert refused.value.diagnostics[0].code == "CD603"


class Law:
    """A distribution of given means, as far as a metric looks at it."""

    def __init__(self, mean, probs=None):
        self.mean, self.probs = mean, probs


def measured(word, law, truth, compiled_text, monkeypatch):
    compiled = compiled_text
    name = word.partition("(")[2].removesuffix(")")

    class Made:
        nodes = {name: {"fn": law}}  # noqa: RUF012

    monkeypatch.setattr(compiled.module, "traces", lambda batch: (None, Made))
    return metrics.measure(metrics.metric_of(word), compiled, [{name: truth}], 1)


def test_metrics_against_scikit_learn(deep, monkeypatch):
    compiled, _ = deep
    rng = np.random.RandomState(0)
    means = torch.tensor(rng.rand(200).round(1))  # with ties
    truth = torch.tensor((rng.rand(200) < means.numpy()).astype(float))
    law = Law(means)
    auc = measured("auc(y)", law, truth, compiled, monkeypatch)
    assert auc == pytest.approx(roc_auc_score(truth, means), rel=1e-12)
    accuracy = measured("accuracy(y)", law, truth, compiled, monkeypatch)
    assert accuracy == pytest.approx(accuracy_score(truth, means > 0.5), rel=1e-12)
    rmse = measured("rmse(x)", law, truth, compiled, monkeypatch)
    assert rmse == pytest.approx(np.sqrt(((means - truth) ** 2).mean().item()), rel=1e-12)


def test_the_accuracy_of_levels_is_that_of_the_likeliest(compile_text, monkeypatch):
    compiled = compile_text("scm m\nobserved S : {p, q, r}\nlatent u\nu -> S\n")
    probs = torch.tensor([[0.5, 0.3, 0.2], [0.1, 0.2, 0.7], [0.2, 0.5, 0.3], [0.4, 0.3, 0.3]])
    law = Law(None, probs)
    truth = torch.tensor([0, 2, 2, 0])
    assert measured("accuracy(S)", law, truth, compiled, monkeypatch) == 0.75


# --- what could not be computed -------------------------------------------------------------

GROUPS = """scm groups
observed S : {p, q}
observed x : real
latent u
u, S -> x
x ~ Normal(linear(parents), 1)
loss alike = mmd(u by S)
"""


def test_batches_that_lack_a_level_are_counted_with_the_reason(compile_text, encode):
    compiled = compile_text(GROUPS)
    frame = pd.DataFrame({"S": ["p"] * 30 + ["q"] * 10, "x": np.arange(40) / 7})
    data = encode(compiled, frame)
    fitted = fit(compiled, data, config=worded(SHORT, batch_size=4, epochs=2))
    (finding,) = [d for d in fitted.result.diagnostics if d.code == "CD625"]
    batches = compiled_batches_without_two(data, 4, 2)
    assert 0 < batches < 20
    assert f"on {batches} of 20 batches: a level has fewer than two rows" in finding.message
    whole = fit(compiled, data, config=worded(SHORT, batch_size="all"))
    assert "CD625" not in codes(whole)


def compiled_batches_without_two(data, size, epochs):
    from causaldsl.data.batches import Batches

    deal = Batches(n_rows=data.n_rows, batch_size=size, seed=0)
    short = 0
    for epoch in range(epochs):
        for rows in deal.epoch(epoch):
            counts = torch.bincount(data.columns["S"][rows], minlength=2)
            short += int(counts.min() < 2)
    return short


def test_a_table_of_one_class_fits_and_says_what_it_could_not_compute(compile_text, encode):
    compiled = compile_text(GROUPS)
    data = encode(compiled, pd.DataFrame({"S": ["p"] * 20, "x": np.arange(20) / 7}))
    fitted = fit(compiled, data, config=worded(SHORT, batch_size="all"))
    assert math.isfinite(fitted.result.elbo)
    assert fitted.result.curves["alike"] == (0.0, 0.0, 0.0)
    (finding,) = [d for d in fitted.result.diagnostics if d.code == "CD625"]
    assert "on 3 of 3 batches" in finding.message


def test_batches_of_one_row_that_have_no_independence_are_counted(compile_text, encode):
    compiled = compile_text(GROUPS.replace("mmd(u by S)", "hsic(u, S)"))
    data = encode(compiled, pd.DataFrame({"S": list("pq") * 10, "x": np.arange(20) / 7})[:9])
    fitted = fit(compiled, data, config=worded(SHORT, batch_size=4, epochs=2))
    (finding,) = [d for d in fitted.result.diagnostics if d.code == "CD625"]
    assert "on 2 of 6 batches: a batch has one row" in finding.message


def test_a_branch_without_rows_is_told(compile_text, encode):
    text = "scm m\nobserved S : {p, q, r}\nobserved x : real\nlatent u\nu, S -> x\n"
    text += "x ~ Normal(mlp(u; hidden=[3]) by S, 1)\nguide u ~ Normal(mlp(x; hidden=[3]) by S)\n"
    compiled = compile_text(text)
    data = encode(compiled, pd.DataFrame({"S": list("pq") * 10, "x": np.arange(20) / 7}))
    found = [d for d in fit(compiled, data, config=SHORT).result.diagnostics if d.code == "CD626"]
    assert len(found) == 2
    assert all("`r` of `S`" in d.message for d in found)
    assert [d.span.text for d in found] == ["S", "S"]


def test_a_last_batch_of_one_row_fits(deep, encode):
    compiled, _ = deep
    data = encode(compiled, deep_frame(41))
    fitted = fit(compiled, data, config=SHORT)
    assert fitted.result.steps == 9
    assert all(math.isfinite(v) for curve in fitted.result.curves.values() for v in curve)


def test_batches_of_one_row_leave_the_running_figures_where_they_began(deep, encode):
    compiled, _ = deep
    data = encode(compiled, deep_frame(9))
    fitted = fit(compiled, data, config=worded(SHORT, batch_size=1))
    state = fitted.state["params"]
    assert all(math.isfinite(v) for v in fitted.result.curves["objective"])
    assert not any(state[n].abs().sum() > 0 for n in state if n.endswith("norm.mean"))


# --- memory ---------------------------------------------------------------------------------


def test_networks_beyond_the_free_memory_are_refused_at_their_place(deep, monkeypatch):
    compiled, data = deep
    networks = compiled.module.NETWORKS.values()
    weights = 32 * sum(memory.weights_in(net) for net in networks)
    outputs = 24 * SHORT.batch_size * sum(memory.outputs_in(net) for net in networks)
    monkeypatch.setattr(memory, "available", lambda: weights + outputs - 1)
    with pytest.raises(InferenceError) as refused:
        fit(compiled, data, config=SHORT)
    (finding,) = refused.value.diagnostics
    assert finding.code == "CD613"
    assert finding.span.text.startswith("guide u")
    assert f"for a batch of {SHORT.batch_size:,} rows" in finding.notes[1]
    monkeypatch.setattr(memory, "available", lambda: weights + outputs)
    memory.verify_memory(compiled, SHORT.batch_size)


def test_the_outputs_of_a_network_are_those_of_its_layers():
    dense = {"sizes": (4, 7, 3), "levels": 2}
    assert memory.outputs_in(dense) == 2 * (7 + 3)
    conv = {"kind": "conv", "image": (3, 8, 8), "channels": (3, 5, 6), "sizes": (24, 2)}
    assert memory.outputs_in(conv) == 5 * 16 + 6 * 4 + 2
    deconv = {"kind": "deconv", "image": (1, 8, 8), "channels": (6, 5, 1), "sizes": (3, 24)}
    assert memory.outputs_in(deconv) == 5 * 16 + 1 * 64 + 24


def test_a_pass_in_parts_gives_what_one_of_all_rows_does(deep, monkeypatch):
    compiled, data = deep
    fitted = fit(compiled, data, config=SHORT)
    monkeypatch.setattr(memory, "AT_ONCE", 7 * memory.AT_ONCE // memory.rows_at_once(compiled))
    assert memory.rows_at_once(compiled) == 7 < data.n_rows
    with isolated(0, cloned(fitted.state)), torch.no_grad():
        target = model_target(compiled, data.n_rows, {}, first_terms(compiled, data), 1)
        whole, parted = (
            convergence.evaluate(replace(target, most_rows=rows), data, 200, math.inf)
            for rows in (None, 7)
        )
        units = units_of(compiled, data)["u"]
    assert parted.parts["u"] == pytest.approx(whole.parts["u"])  # in closed form
    assert abs(parted.elbo - whole.elbo) < 5 * math.hypot(parted.elbo_se, whole.elbo_se)
    assert units.kl == pytest.approx(fitted.result.units["u"].kl)
    assert units.spread == pytest.approx(fitted.result.units["u"].spread)


@pytest.mark.parametrize("keep", ["accuracy(y)", "rmse(x)"])
def test_what_keep_looks_at_does_not_depend_on_parts(deep, keep):
    compiled, data = deep
    metric = metrics.metric_of(keep)
    with isolated(0):
        compiled.module.loss_terms(data.batch(), data.n_rows)
        parts = list(data.batches(7))
        assert torch.equal(torch.cat([b["__row__"] for b in parts]), torch.arange(70))
        whole, parted = (
            metrics.measure(metric, compiled, rows, 400) for rows in ([data.batch()], parts)
        )
    assert parted == pytest.approx(whole, abs=0.05)


def test_the_weights_of_a_module_are_counted_before_they_are_made(deep):
    compiled, _ = deep
    module = compiled.module
    counted = sum(memory.weights_in(net) for net in module.NETWORKS.values())
    with isolated(0):
        made = [v for name in module.NETWORKS for n, v in module.weights_of(name).items()]
        norms = [
            v
            for name in module.NETWORKS
            for n, v in module.weights_of(name).items()
            if ".norm." in n
        ]
    assert counted == sum(v.numel() for v in made) - sum(v.numel() for v in norms)


def test_the_place_of_every_network_is_known(compile_text):
    text = DEEP.replace("x, z ~", "group f = x, z\nf ~")
    compiled = compile_text(text)
    places = {n: memory.place_of(n, compiled).text for n in compiled.module.NETWORKS}
    assert places["player.apart"].startswith("loss apart")
    assert places["f"].startswith("f ~")
    assert places["guide.u"].startswith("guide u")


def test_some_memory_is_free():
    assert memory.available() > 2**20


# --- units ----------------------------------------------------------------------------------

LINEAR = """scm linear_factors
observed G, H : real
latent u[3]
u -> G, H
G, H ~ Normal(linear(u), 0.5)
guide u ~ Normal(linear(G, H))
"""


def test_the_units_of_a_latent_are_its_posteriors_spread_and_divergence(compile_text, encode):
    compiled = compile_text(LINEAR)
    rng = np.random.RandomState(0)
    data = encode(compiled, pd.DataFrame({"G": rng.randn(50), "H": rng.randn(50)}))
    with isolated(0):
        module = compiled.module
        module.loss_terms(data.batch())
        units = units_of(compiled, data)
        drawn, _ = module.traces(data.batch())
        law = drawn.nodes["u"]["fn"].base_dist
        mean, sd = law.loc.detach().numpy(), law.scale.detach().numpy()
    assert units["u"].spread == pytest.approx(mean.var(0), rel=1e-9)
    kl = 0.5 * (sd**2 + mean**2 - 1) - np.log(sd)
    assert units["u"].kl == pytest.approx(kl.mean(0), rel=1e-9)


def test_spread_is_in_variances_of_the_prior_and_parents_are_taken_out(compile_text, encode):
    text = "scm m\nobserved S : binary\nobserved G : real\nlatent K\nS -> K -> G\n"
    text += "K ~ Normal(3 * S, 2)\nguide K ~ Normal(5 * S + 0*G, 1)\nG ~ Normal(K, 1)\n"
    compiled = compile_text(text)
    data = encode(compiled, pd.DataFrame({"S": [0, 1] * 5, "G": np.arange(10.0)}))
    with isolated(0):
        units = units_of(compiled, data)
    # (5 S - 3 S) / 2 over rows that are half 0 and half 1
    assert units["K"].spread == pytest.approx((0.25,))


def test_a_fit_tells_the_dimensions_that_are_not_used(compile_text, encode):
    text = LINEAR.replace("guide u ~ Normal(linear(G, H))", "")
    compiled = compile_text(text)
    rng = np.random.RandomState(0)
    k = rng.randn(200)
    frame = pd.DataFrame({"G": k + 0.2 * rng.randn(200), "H": k + 0.2 * rng.randn(200)})
    config = FitConfig(epochs=150, passes=2)
    result = fit(compiled, encode(compiled, frame), config=config).result
    units = result.units["u"]
    assert result.kl["u"] == pytest.approx(sum(units.kl), rel=0.02)
    assert 1 <= units.active < 3
    assert units.unused == tuple(i for i in range(3) if units.spread[i] <= 0.01)
    (finding,) = [d for d in result.diagnostics if d.code == "CD627"]
    assert f"uses {units.active} of the 3 dimensions of `u`" in finding.message


def test_the_record_of_a_deep_fit_survives_json(deep):
    compiled, data = deep
    result = fit(compiled, data, config=worded(SHORT, keep="accuracy(y)")).result
    assert result_from_dict(result_to_dict(result)) == result
    assert set(result.units) == {"u"}
    assert len(result.units["u"].kl) == 3


# --- saving and resuming --------------------------------------------------------------------


def test_a_saved_fit_keeps_the_running_figures_of_its_norms(deep, tmp_path):
    from causaldsl.pipeline import compile_scm

    compiled, data = deep
    fitted = fit(compiled, data, config=SHORT)
    running = [n for n in fitted.state["params"] if n.endswith((".norm.mean", ".norm.var"))]
    assert any(fitted.state["params"][n].abs().sum() > 0 for n in running if n.endswith("mean"))
    save(fitted, tmp_path / "m.fit")
    again = load(tmp_path / "m.fit", compile_scm)
    for name, value in fitted.state["params"].items():
        assert torch.equal(value.detach(), again.state["params"][name].detach()), name
    with isolated(3, fitted.state):
        before = compiled.module.loss_terms(data.batch())[0]
    with isolated(3, again.state):
        after = again.compiled.module.loss_terms(data.batch())[0]
    assert all(torch.equal(before[n], after[n]) for n in before)


@pytest.mark.parametrize("words", [{}, {"batch_size": "all"}, {"keep": "accuracy(y)"}])
def test_a_resumed_deep_run_equals_the_straight_one_bit_for_bit(deep, tmp_path, words):
    compiled, data = deep
    place = tmp_path / "run.ckpt"
    config = worded(SHORT, **words)
    done = 0

    def stop():
        nonlocal done
        done += 1
        return done >= 2

    straight = fit(compiled, data, config=config)
    fit(compiled, data, config=config, checkpoint=place, stop_requested=stop)
    resumed = fit(compiled, data, config=config, resume=place)
    for name, value in straight.state["params"].items():
        assert torch.equal(value, resumed.state["params"][name]), name
    assert straight.result.curves == resumed.result.curves
    assert straight.result.kept == resumed.result.kept
    assert codes(straight) == codes(resumed)


def test_progress_tells_each_terms_weight_as_a_warm_up_stands(compile_text, encode):
    text = DEEP.replace("elbo(weights={a: 0})", "elbo(kl=warmup(0, 1; epochs=2), weights={a: 0})")
    compiled = compile_text(text.replace("loss apart = ", "loss apart = 0.4 * "))
    told = []
    fit(compiled, encode(compiled, deep_frame()), config=SHORT, progress=told.append)
    figures = [p.figures for p in told if p.stage == "model" and "weight apart" in p.figures]
    assert {f["weight apart"] for f in figures} == {0.4}
    assert all("weight apart (network)" not in f for f in figures)
    assert figures[0]["weight kl"] == 0.0
