"""Arrays and images in evidence, interventions, results, tables and saved fits."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest
import torch

import causaldsl
from causaldsl.counterfactual.abduction import read_evidence
from causaldsl.counterfactual.action import intervene
from causaldsl.counterfactual.engine import counterfactual, world_draws
from causaldsl.counterfactual.prediction import summarise
from causaldsl.counterfactual.result import to_columns
from causaldsl.counterfactual.wording import read_interventions
from causaldsl.diagnostics.model import CausalDslError, CounterfactualError
from causaldsl.runtime.forward import simulate
from causaldsl.runtime.scope import isolated
from tests.models_text import compiled_of

#: Every kind of what a deep model has, in small.
DEEP = """
scm deep
sensitive a : binary
observed  b : binary
observed  x[2] : real
outcome   y : binary
latent    u[3], w
u    -> b, x
a    -> x
u, w, x, a -> y
b, x ~ mlp(parents; hidden=[4])
y ~ mlp(u, w, x; hidden=[3]) by a
guide y ~ mlp(b, x; hidden=[3])
guide u ~ Normal(mlp(a, b, x, sampled(y); hidden=[4], norm=layer))
guide w ~ Normal(mlp(a, y; hidden=[2]))
loss elbo(weights={a: 0})
loss apart = 0.1 * total_correlation(u, a; network=mlp(hidden=[3]))
loss fair = 0.1 * mean(abs(E[y] - E[y[a <- a']]))
predict y from u, b, x
predict y from sampled(u)
query first = E[x[0]]
query q = P[y = 1 | x[1] > 0]
"""
TINY = """
scm tiny
sensitive a : binary
observed x[2] : real
outcome y : real
latent u[2]
a, u -> x
x, u -> y
x ~ mlp(parents; hidden=[3], activation=tanh)
y ~ mlp(parents; hidden=[3], activation=tanh)
"""
PICTURED = """
scm pictured
sensitive a : binary
outcome x : image[1, 4, 4] from "picture"
latent u[2]
a, u -> x
x ~ deconv(parents; channels=[2], hidden=[4])
"""


def table(n=40, seed=0):
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({"a": rng.integers(0, 2, n), "b": rng.integers(0, 2, n)})
    frame["x1"], frame["x2"] = rng.normal(size=n), rng.normal(size=n) + frame["a"]
    return frame.assign(y=rng.integers(0, 2, n))


def started(text, seed=1):
    """Return a compiled model with the parameters that a fit would start from."""
    compiled = compiled_of(text)
    with isolated(seed), torch.no_grad():
        params = {k: v.detach().clone() for k, v in compiled.module.parameters().items()}
    return compiled, params


def asked(text, do, evidence=None, draws=6, rows=5):
    """Return the counterfactuals of a started model's own rows."""
    compiled, params = started(text)
    drawn = simulate(compiled, params, rows, 0)
    known = {n: drawn[n] for n in compiled.scm.observed}
    intervention = intervene(compiled.scm, read_interventions([do], compiled.scm))
    return counterfactual(
        compiled, params, known, intervention, seed=0, draws=draws, evidence_names=evidence
    )


@pytest.fixture(scope="module")
def fit():
    words = {"epochs": 1, "batch_size": 20, "passes": 2, "seed": 1}
    return causaldsl.loads(DEEP).fit(table(), **words)


# --- evidence ---------------------------------------------------------------------------------


def test_evidence_of_an_array_has_its_cells():
    compiled, params = started(TINY)
    rows = simulate(compiled, params, 4, 0)
    given = read_evidence(compiled.scm, {n: rows[n] for n in ("a", "x")})
    assert given.values["x"].shape == (4, 2)
    for wrong in (rows["x"][:, :1], rows["x"][:, 0], rows["x"].T):
        with pytest.raises(CounterfactualError) as refusal:
            read_evidence(compiled.scm, {"a": rows["a"], "x": wrong})
        (finding,) = refusal.value.diagnostics
        assert finding.code == "CD709"
        assert "not (4, 2)" in finding.message


def test_a_cell_that_is_not_finite_names_its_row():
    compiled, params = started(TINY)
    rows = simulate(compiled, params, 4, 0)
    rows["x"][2, 1] = torch.nan
    with pytest.raises(CounterfactualError) as refusal:
        read_evidence(compiled.scm, {n: rows[n] for n in ("a", "x")})
    assert [(d.code, d.place) for d in refusal.value.diagnostics] == [("CD709", "row 3")]


def test_an_array_is_seen_whole_or_not_at_all():
    compiled, params = started(TINY)
    rows = simulate(compiled, params, 3, 0)
    mask = torch.tensor([[True, True], [False, False], [True, True]])
    given = read_evidence(compiled.scm, {"a": rows["a"], "x": rows["x"]}, seen={"x": mask})
    assert [(names, part.tolist()) for names, part in given.patterns()] == [
        (("a",), [1]),
        (("a", "x"), [0, 2]),
    ]
    mask[1, 0] = True
    with pytest.raises(CounterfactualError) as refusal:
        read_evidence(compiled.scm, {"a": rows["a"], "x": rows["x"]}, seen={"x": mask})
    assert [(d.code, d.place) for d in refusal.value.diagnostics] == [("CD709", "row 2")]


# --- interventions ----------------------------------------------------------------------------


@pytest.mark.parametrize("do", ["x = 1", "x ~ Normal(0, 1)", "x <- y", "x <- x[0]", "x = x'"])
def test_an_array_is_not_set_to_one_value(do):
    with pytest.raises(CounterfactualError) as refusal:
        asked(TINY, do)
    (finding,) = refusal.value.diagnostics
    assert finding.code == "CD715"
    assert "array of 2 cells" in finding.message


def test_an_image_is_not_set():
    with pytest.raises(CounterfactualError) as refusal:
        asked(PICTURED, "x = 1")
    assert [d.code for d in refusal.value.diagnostics] == ["CD715"]


@pytest.mark.parametrize("do", ["y <- x + 1", "y <- exp(u)", "y <- x[2]", "y <- x[0.5]"])
def test_arithmetic_reads_the_cells_of_an_array_only(do):
    with pytest.raises(CounterfactualError) as refusal:
        asked(TINY, do)
    assert [d.code for d in refusal.value.diagnostics] == ["CD713"]


def test_a_cell_is_counted_from_zero_in_the_language_and_from_one_in_columns():
    result = asked(TINY, "y <- 2 * x[1]")
    columns = to_columns(result)
    assert columns["y"] == pytest.approx([2 * v for v in columns["x2"]])


def test_an_array_is_handed_on_from_another_world():
    direct = asked(TINY, "x <- x[a <- 1]")
    through = asked(TINY, "a = 1")
    one, other = direct.worlds[0].variables, through.worlds[0].variables
    assert torch.equal(one["x"].mean, other["x"].mean)
    assert torch.allclose(one["y"].mean, other["y"].mean)
    assert torch.equal(one["a"].mean, direct.factual.variables["a"].mean)


# --- results ----------------------------------------------------------------------------------


def test_cells_have_columns_numbered_as_a_table_has_them():
    result = asked(TINY, "a = 1", evidence=("a", "y"))
    columns = to_columns(result)
    assert list(columns)[:6] == ["row", "world", "a", "a_sd", "a_q05", "a_q95"]
    for name in ("x1", "x2", "u1", "u2"):
        for end in ("", "_sd", "_q05", "_q95"):
            assert len(columns[name + end]) == 5
    assert columns["x2"] == result.worlds[0].variables["x"].mean[:, 1].tolist()


def test_cells_of_an_array_stay_apart_from_a_variable_of_that_name():
    text = TINY + "observed x1 : real\n"
    columns = to_columns(asked(text, "a = 1"))
    assert {"x1", "x2", "x1_"} <= set(columns)
    assert columns["x1"] != columns["x1_"]


def test_draws_of_arrays_are_weighed_cell_by_cell():
    values = torch.tensor([[[1.0, 5.0]], [[2.0, 6.0]], [[3.0, 7.0]]]).double()  # (3, 1, 2)
    weights = torch.tensor([[0.2], [0.5], [0.3]]).double()
    summary = summarise(values, weights, None)
    assert torch.allclose(summary.mean, torch.tensor([[2.1, 6.1]]).double())
    assert torch.allclose(summary.sd, torch.full((1, 2), 0.7).double())
    assert summary.q05.tolist() == [[1.0, 5.0]]
    assert torch.equal(summary.cell(1).mean, summary.mean[:, 1])


def test_an_image_has_a_mean_picture_and_no_columns():
    result = asked(PICTURED, "a = a'", evidence=("a",))
    assert set(to_columns(result)) == {
        "row", "world", "a", "a_sd", "a_q05", "a_q95",
        *(f"u{i}{end}" for i in (1, 2) for end in ("", "_sd", "_q05", "_q95")),
    }  # fmt: skip
    assert all(w.variables["x"].mean.shape[1:] == (1, 4, 4) for w in result.worlds)


def test_a_picture_stays_where_nothing_that_it_reads_moves():
    result = asked(PICTURED, "a = a'")
    facts = result.factual.variables["x"].mean
    for world in result.worlds:
        there = world.variables["x"].mean
        assert bool((there != facts[world.rows - 1]).flatten(1).any(1).all())
        assert bool(((there >= 0) & (there <= 1)).all())
    same = asked(PICTURED, "a <- a")
    assert torch.equal(same.worlds[0].variables["x"].mean, same.factual.variables["x"].mean)


def test_raw_draws_of_arrays_keep_their_cells():
    compiled, params = started(TINY)
    rows = simulate(compiled, params, 4, 0)
    known = {n: rows[n] for n in ("a", "x")}
    flip = intervene(compiled.scm, read_interventions(["a = a'"], compiled.scm))
    drawn = world_draws(compiled, params, known, flip, seed=0, draws=7)
    assert drawn.factual["u"].shape == (7, 4, 2)
    assert all(w["x"].shape == (7, 4, 2) for w in drawn.worlds.values())
    assert torch.equal(drawn.factual["x"], rows["x"].expand(7, 4, 2))


# --- fits -------------------------------------------------------------------------------------


def test_a_fit_answers_through_its_guides(fit):
    rows = table(12)
    whole = fit.counterfactual(rows, "a=a'", draws=5)
    assert whole.result.objective == "encoder"
    assert whole.result.engines == {"u": "guide", "w": "guide"}
    posterior = fit.counterfactual(rows, "a=a'", draws=5, objective="posterior")
    assert posterior.result.ess is not None
    without = fit.counterfactual(rows, "a=a'", draws=5, evidence="a, b, x")
    assert without.result.engines["u"] == "guide"
    assert {"u1", "u2", "u3", "w", "x1", "x2"} <= set(without.frame.columns)


def test_numbers_depend_on_the_seed_alone(fit):
    rows = table(6)
    one, two = (fit.counterfactual(rows, "a=1", draws=4, seed=3).frame for _ in range(2))
    assert one.equals(two)


def test_predictors_read_each_cell(fit):
    features = {p.source.label: len(p.regression.weights) for p in predictors(fit)}
    assert features == {"u, b, x": 3 + 1 + 2, "sampled(u)": 3}
    found = fit.predict(table(7))
    assert list(found.columns) == ["row", "y from u, b, x", "y from sampled(u)"]
    assert bool(found.iloc[:, 1:].apply(lambda c: c.between(0, 1)).all().all())


def predictors(fit):
    from causaldsl import pipeline

    return pipeline.predictors_of(fit.fitted)


def test_features_are_the_guides_also_where_it_has_no_weights_of_its_own(fit, monkeypatch):
    from causaldsl.mitigation import abducted

    def no_engine(*_, **__):
        raise AssertionError("an engine was asked")

    assert not any(k.startswith("guide_without_outcome.u") for k in fit.fitted.state["params"])
    monkeypatch.setattr(abducted, "latent_posterior", no_engine)
    assert len(fit.predict(table(5))) == 5


def test_an_audit_reruns_predictors_on_arrays(fit):
    report = fit.audit(table(20), draws=3, metrics="accuracy, cf_gap")
    assert {"Full", "Unaware", "deep (u, b, x)"} <= set(report.result.values)


def test_rows_are_drawn_with_a_column_for_each_cell(fit):
    frame = fit.simulate(4, worlds="a=1", latents=True)
    assert {"a", "b", "x1", "x2", "y", "u1", "u2", "u3", "w"} <= set(frame.columns)
    assert {"x1[a=1]", "x2[a=1]", "u3[a=1]", "y[a=1]"} <= set(frame.columns)
    assert (frame["u1"] == frame["u1[a=1]"]).all()


def test_true_worlds_of_arrays_are_read_back(fit):
    drawn = fit.simulate(20, worlds="a=a'")
    report = fit.audit(drawn, draws=2, metrics="accuracy")
    assert report.result.outcome_errors.keys() == {"a=0", "a=1"}


def test_queries_read_cells(fit):
    answers = fit.query(n_rows=1000)
    assert abs(answers["first"].result.estimate) < 10
    assert 0 <= answers["q"].result.estimate <= 1


def test_a_saved_fit_brings_its_networks_and_players(fit, tmp_path):
    fit.save(tmp_path / "deep.fit")
    again = causaldsl.load_fit(tmp_path / "deep.fit")
    rows = table(6)
    answers = [f.counterfactual(rows, "a=1", draws=4).frame for f in (fit, again)]
    assert answers[0].equals(answers[1])
    assert fit.predict(rows).equals(again.predict(rows))
    assert set(again.fitted.state["params"]) == set(fit.fitted.state["params"])


def test_a_notebook_shows_networks_by_size(fit):
    page = fit._repr_html_()
    assert "Networks" in page
    assert "player.apart" in page
    assert "weight[" not in page
    assert not re.search(r"\.\d+\.(weight|bias)", page)


def test_long_arrays_that_stay_are_one_line():
    text = TINY.replace("u[2]", "u[9]")
    from causaldsl.reports.worlds_text import summary_lines

    lines = list(summary_lines(asked(text, "a = 1")))
    assert "  as in the facts: u (9 cells)" in lines
    assert any(line.strip().startswith("x1 ") for line in lines)


def test_a_query_of_a_whole_array_is_refused():
    with pytest.raises(CausalDslError):
        causaldsl.loads(TINY + "query q = E[x]\n")
