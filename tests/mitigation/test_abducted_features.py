"""Features that a fitted model abducts, against what they are in closed form."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch

from causaldsl import pipeline
from causaldsl.bench.scm_models import ScmModel, columns_of
from causaldsl.data.binding import bind
from causaldsl.data.schema import schema_of
from causaldsl.diagnostics.model import FairnessError, InferenceError
from causaldsl.mitigation.abducted import Abducter, features_of, roles_of
from causaldsl.source import SourceFile
from tests.models_text import compiled_of, scm_of

EMPTY = {"params": {}, "constraints": {}}
N = 400
COLUMNS = {"S": np.arange(N) % 2, "G": np.linspace(-2, 2, N)}
HEAD = "scm m\nparam t = {a: -1, b: 2}\nsensitive S : {a, b}\nobserved G : real\noutcome Y : real\n"
HEAD += "S ~ Categorical([0.5, 0.5])\n"


def abduct(text, latents, sampled=False, columns=COLUMNS):
    abducter = Abducter(compiled=compiled_of(text), params={}, state=EMPTY)
    return abducter(columns, latents, sampled=sampled, seed=0)


EQUATION = HEAD + (
    "latent K\nlatent Z\nK -> Z -> G, Y\nS -> Y\nK ~ Normal(0, 1)\nZ := 2*K\n"
    "G ~ Normal(Z, 1)\nY ~ Normal(Z + t[S], 1)\n"
)
MEDIATOR = HEAD + (
    "latent M\nlatent U\nS -> M -> Y\nU -> Y\nS -> G\nM ~ Normal(t[S], 3)\nU ~ Normal(5, 1)\n"
    "G ~ Normal(t[S], 1)\nY ~ Normal(M + U, 1)\n"
)
CATEGORY = HEAD + (
    "param m = {x: 0, y: 1, z: 5}\nlatent C : {x, y, z}\nC -> G, Y\nS -> Y\n"
    "C ~ Categorical([0.2, 0.3, 0.5])\nG ~ Normal(m[C], 1)\nY ~ Normal(t[S], 1)\n"
)


def test_what_an_equation_gives_is_computed_from_the_abducted():
    z = abduct(EQUATION, ("Z",))[:, 0]
    exact = 4 * COLUMNS["G"] / 5
    assert np.abs(z - exact).max() < 5 * np.sqrt(4 / 5 / 256) * 1.5


def test_a_latent_below_the_evidence_is_expected_at_its_mechanisms_mean():
    m = abduct(MEDIATOR, ("M", "U"))
    assert m[:, 0] == pytest.approx(np.where(COLUMNS["S"] == 0, -1.0, 2.0))
    assert m[:, 1] == pytest.approx(np.full(N, 5.0))


def test_a_draw_of_such_a_latent_is_a_draw_of_its_mechanism():
    m = abduct(MEDIATOR, ("M",), sampled=True)[:, 0]
    noise = m - np.where(COLUMNS["S"] == 0, -1.0, 2.0)
    assert abs(noise.mean()) < 5 * 3 / np.sqrt(N)
    assert noise.std() == pytest.approx(3, rel=5 / np.sqrt(2 * N))


def test_a_latent_with_levels_has_the_share_of_each_level_but_the_first():
    shares = abduct(CATEGORY, ("C",))
    means = np.array([0.0, 1.0, 5.0])
    density = np.array([0.2, 0.3, 0.5]) * np.exp(-0.5 * (COLUMNS["G"][:, None] - means) ** 2)
    exact = density / density.sum(1, keepdims=True)
    assert np.abs(shares - exact[:, 1:]).max() <= 1 / 256 + 1e-12


def test_a_draw_without_a_guide_is_from_the_posterior_and_not_from_a_proposal():
    text = HEAD + (
        "latent K\nK, S -> G\nK -> Y\nK ~ Normal(0, 1)\nG ~ Laplace(K, 0.02)\nY ~ Normal(K, 1)\n"
    )
    columns = {"S": np.zeros(4000), "G": np.zeros(4000)}
    k = abduct(text, ("K",), sampled=True, columns=columns)[:, 0]
    assert np.abs(k).mean() == pytest.approx(0.02, rel=5 / np.sqrt(4000) + 0.03)


def test_further_outcomes_are_no_features():
    text = HEAD + "outcome Z : real\nlatent K\nK, S -> G, Y, Z\npredict Y from K\n"
    assert roles_of(scm_of(text)).features == ("G",)


@pytest.mark.parametrize("line", ["predict Z from K", "predict G from K"])
def test_a_line_that_predicts_something_else_is_refused(line):
    text = HEAD + f"outcome Z : real\nlatent K\nK, S -> G, Y, Z\n{line}\n"
    with pytest.raises(FairnessError) as refused:
        features_of(compiled_of(text), {}, EMPTY, 0)
    assert refused.value.diagnostics[0].code == "CD813"


# --- fits -----------------------------------------------------------------------------------


def frame(rows=12):
    generator = np.random.default_rng(0)
    columns = {name: generator.normal(size=rows) for name in ("G", "Y")}
    return pd.DataFrame({"S": ["a", "b"] * (rows // 2), **columns})


def fit(text, table):
    source = SourceFile(path="m.scm", text=text)
    return pipeline.fit(source, table, words={"epochs": 2, "seed": 0})


LEARNED = "scm m\n{role} S : {{a, b}}{missing}\nobserved G : real{g}\noutcome Y : real\nlatent K\n"
LEARNED += "S, K -> G, Y\npredict Y from K\n"


def test_a_predictor_needs_no_sensitive_variable():
    fitted = fit(LEARNED.format(role="observed", missing="", g=""), frame())
    assert len(pipeline.predict(fitted, frame())) == 12


@pytest.mark.parametrize("name", ["S", "G"])
def test_missing_cells_without_a_gradient_are_refused(name):
    text = LEARNED.format(role="sensitive", missing=" missing latent", g=" missing latent")
    if name == "G":
        text += "latent e\ne -> G\nlearn w = 1\nG := linear(S) + w*K + e\n"
    table = frame()
    table.loc[2, name] = None
    with pytest.raises(InferenceError) as refused:
        fit(text, table)
    assert refused.value.diagnostics[0].code == "CD605"


def test_placeholders_of_missing_cells_are_no_features():
    text = LEARNED.format(role="sensitive", missing="", g=" missing latent")
    whole = fit(text, frame())
    assert len(whole.predictors) == 1
    table = frame()
    table.loc[2, "G"] = np.nan
    for refuse in (
        lambda: pipeline.predict(whole, table),
        lambda: pipeline.audit(whole, table),
        lambda: columns_of(bind(table, schema_of(scm_of(text)))),
    ):
        with pytest.raises(FairnessError) as refused:
            refuse()
        assert refused.value.diagnostics[0].code == "CD810"
    holes = fit(text, table)
    assert holes.predictors == ()
    assert "CD810" in [d.code for d in holes.result.diagnostics]


def test_a_latent_that_is_solved_for_has_no_divergence():
    text = (
        "scm m\nsensitive S : {a, b}\nobserved G : real\noutcome Y : real\nlatent e\nlatent K\n"
        "S, e -> G\nK -> Y\nlearn s : positive = 1\nG := linear(S) + s*e\n"
    )
    assert set(fit(text, frame()).result.kl) == {"K"}


def test_worlds_of_a_numbered_model_have_the_equations_too():
    compiled = compiled_of(EQUATION)
    rows = {"S": np.array([0.0, 1.0]), "G": np.array([0.0, 1.0]), "Y": np.array([0.0, 1.0])}
    model = ScmModel(compiled=compiled, params={}, state=None)
    found = model.counterfactual_rows(rows, draws=5, seed=0)
    assert all(np.isfinite(w.columns["Y"]).all() for w in found.worlds)
    assert torch.get_default_dtype() is torch.float32
