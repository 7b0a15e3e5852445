import numpy as np
import pandas as pd
import pyro
import pytest
import torch

from causaldsl.diagnostics.model import InferenceError
from causaldsl.inference.config import FitConfig
from causaldsl.inference.svi import fit, fit_guide

SHORT = FitConfig(epochs=30, learning_rate=0.05, schedule="constant", passes=4)


def numbers(fitted):
    return {n: p.detach() for n, p in fitted.state["params"].items()}


def equal(a, b):
    a, b = numbers(a), numbers(b)
    return a.keys() == b.keys() and all(torch.equal(a[n], b[n]) for n in a)


# --- what a fit finds -----------------------------------------------------------------------


def test_a_regression_finds_least_squares_and_its_residual_sd(regression):
    compiled, data = regression
    fitted = fit(compiled, data, config=FitConfig(passes=2))
    x, y = data.columns["X"].numpy(), data.columns["Y"].numpy()
    slope, intercept = np.polyfit(x, y, 1)
    residual = (y - intercept - slope * x).std()
    centre, spread = compiled.module.SCALES["Y"]
    at_zero = compiled.apply_mechanism("Y", fitted.params, {"X": torch.tensor([0.0, 1.0]).double()})
    assert at_zero.mean[0].item() == pytest.approx(intercept, abs=0.005)
    assert (at_zero.mean[1] - at_zero.mean[0]).item() == pytest.approx(slope, abs=0.005)
    assert (fitted.params["Y__sd"] * spread).item() == pytest.approx(residual, rel=0.02)
    assert centre == pytest.approx(y.mean())
    assert fitted.result.status == "converged"
    assert fitted.result.converged


def test_the_reported_elbo_of_a_model_without_latents_is_its_exact_likelihood(regression):
    compiled, data = regression
    fitted = fit(compiled, data, config=SHORT)
    law = compiled.apply_mechanism("Y", fitted.params, data.columns)
    exact = -(
        law.log_prob(data.columns["Y"]).mean()
        + torch.distributions.Normal(0.0, 1.0).log_prob(data.columns["X"]).mean()
    )
    assert fitted.result.elbo == pytest.approx(exact.item(), rel=1e-12)
    assert fitted.result.elbo_se == pytest.approx(0.0, abs=1e-12)
    assert sum(fitted.result.parts.values()) == pytest.approx(fitted.result.elbo)


def test_curves_have_one_number_for_each_epoch(factor):
    compiled, data = factor
    result = fit(compiled, data, config=SHORT).result
    assert set(result.curves) == {"objective", "elbo", "learning_rate"}
    assert {len(curve) for curve in result.curves.values()} == {30}
    assert result.steps == result.epochs == 30
    assert result.curves["objective"][-1] < result.curves["objective"][0]


def test_a_fit_leaves_no_trace_outside(factor):
    compiled, data = factor
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    fit(compiled, data, config=SHORT)
    assert torch.equal(torch.rand(3), expected)
    assert len(pyro.get_param_store()) == 0
    assert torch.get_default_dtype() == torch.float32


def test_equal_seeds_give_equal_fits_and_others_do_not(factor):
    compiled, data = factor
    first, again = fit(compiled, data, config=SHORT), fit(compiled, data, config=SHORT)
    other = fit(
        compiled, data, config=FitConfig(**{**SHORT.to_dict(), "milestones": (), "seed": 1})
    )
    assert equal(first, again)
    assert not equal(first, other)


def test_the_rows_that_were_left_out_are_counted(compile_text, encode):
    compiled = compile_text('scm m\nobserved S : {a, b} from "s" else drop\n')
    data = encode(compiled, pd.DataFrame({"s": ["a", "b", "c", "a"]}))
    result = fit(compiled, data, config=SHORT).result
    assert sum(result.dropped.values()) == 1
    assert result.n_rows == 3


def test_several_particles_lower_the_noise_of_a_step(compile_text, encode):
    compiled = compile_text("scm n\nobserved G : real\nlatent K\nK -> G\nG ~ Normal(K, 1)\n")
    data = encode(compiled, pd.DataFrame({"G": np.random.RandomState(0).randn(50)}))

    def roughness(particles):
        config = FitConfig(
            epochs=40, learning_rate=1e-9, schedule="constant", particles=particles, passes=2
        )
        return np.std(fit(compiled, data, config=config).result.curves["objective"])

    assert roughness(9) < 0.6 * roughness(1)


def test_a_validation_share_is_set_apart_and_watched(factor):
    compiled, data = factor
    config = FitConfig(epochs=20, validation=0.2, keep="loss", passes=2)
    result = fit(compiled, data, config=config).result
    assert (result.n_rows, result.n_validation) == (240, 60)
    assert len(result.curves["validation"]) == 20


def test_keeping_the_best_epoch_undoes_a_run_that_got_worse(regression):
    compiled, data = regression
    config = FitConfig(epochs=40, learning_rate=1.0, schedule="constant", keep="loss", passes=2)
    kept = fit(compiled, data, config=config).result
    last = fit(
        compiled, data, config=FitConfig(**{**config.to_dict(), "milestones": (), "keep": "last"})
    ).result
    assert kept.elbo <= last.elbo
    assert kept.elbo <= min(kept.curves["objective"]) + 0.05


# --- losses ---------------------------------------------------------------------------------

BALANCED = """scm balanced
observed G : real
observed Y : real
latent K
latent J
K -> G
K, J -> Y
J -> G
loss near = 0.5 * balance(mse(K, J))
"""


def test_the_factor_of_a_balance_is_fixed_on_the_first_full_pass(compile_text, encode):
    compiled = compile_text(BALANCED)
    rng = np.random.RandomState(0)
    data = encode(compiled, pd.DataFrame({"G": rng.randn(80), "Y": rng.randn(80)}))
    result = fit(compiled, data, config=SHORT).result
    r = result.balance["near"]
    assert r > 0
    elbo, near, total = (result.curves[n][7] for n in ("elbo", "near", "objective"))
    assert total == pytest.approx(elbo + 0.5 * r * near)


def test_a_warm_up_moves_with_the_epochs(compile_text, encode):
    text = BALANCED.replace("0.5 * balance(mse(K, J))", "warmup(0, 1; epochs=10) * mse(K, J)")
    compiled = compile_text(text)
    rng = np.random.RandomState(0)
    data = encode(compiled, pd.DataFrame({"G": rng.randn(80), "Y": rng.randn(80)}))
    curves = fit(compiled, data, config=SHORT).result.curves
    weights = [
        (total - elbo) / near
        for total, elbo, near in zip(
            curves["objective"], curves["elbo"], curves["near"], strict=True
        )
    ]
    assert weights[:11] == pytest.approx([e / 10 for e in range(11)])
    assert weights[20] == pytest.approx(1.0)


# --- guides ---------------------------------------------------------------------------------


def test_the_guide_without_the_outcome_leaves_model_and_guide_as_they_were(factor):
    compiled, data = factor
    fitted = fit(compiled, data, config=SHORT)
    empty = {n: p for n, p in fitted.state["params"].items() if "without_outcome" not in n}
    start = {"params": empty, "constraints": {n: fitted.state["constraints"][n] for n in empty}}
    before = {n: p.detach().clone() for n, p in empty.items()}
    state, record = fit_guide(compiled, start, data, "without_outcome", config=SHORT)
    assert all(torch.equal(state["params"][n], before[n]) for n in before)
    assert set(state["params"]) - set(before)
    assert record.curve[-1] < record.curve[0]
    assert "without_outcome" in fitted.result.guides


def test_the_guide_without_the_outcome_reads_no_outcome(factor):
    compiled, data = factor
    fitted = fit(compiled, data, config=SHORT)
    assert "Y" not in compiled.module.GUIDE_EVIDENCE["without_outcome"]
    assert "Y" in fitted.result.parts
    assert fitted.result.guides["without_outcome"].elbo < fitted.result.elbo


def test_a_guide_learns_the_exact_posterior_of_a_numbered_model(compile_text, encode):
    compiled = compile_text(
        "scm n\nobserved G : real\nlatent K\nK -> G\nG ~ Normal(1 + 2 * K, 1)\n"
    )
    g = np.random.RandomState(0).randn(400) * np.sqrt(5) + 1
    data = encode(compiled, pd.DataFrame({"G": g}))
    compiled.set_scales(data.encoding.scales())
    empty = {"params": {}, "constraints": {}}
    state, record = fit_guide(compiled, empty, data, "all", config=FitConfig(passes=10))
    exact = -torch.distributions.Normal(1.0, 5.0**0.5).log_prob(data.columns["G"]).mean().item()
    assert record.converged
    assert exact - 5 * record.elbo_se <= record.elbo <= exact + 0.01
    assert all(name.startswith("guide.") for name in state["params"])


# --- what cannot be fitted ------------------------------------------------------------------


def test_a_table_without_a_variable_is_refused(factor, pair):
    with pytest.raises(InferenceError) as refused:
        fit(factor[0], pair[1], config=SHORT)
    assert refused.value.diagnostics[0].code == "CD606"


def test_an_equation_without_a_density_is_refused_with_the_reason(compile_text, encode):
    compiled = compile_text("scm m\nobserved X : real\nobserved Y : real\nX -> Y\nY := 2 * X\n")
    data = encode(compiled, pd.DataFrame({"X": [1.0, 2.0, 4.0], "Y": [2.0, 4.0, 8.0]}))
    with pytest.raises(InferenceError) as refused:
        fit(compiled, data, config=SHORT)
    assert refused.value.diagnostics[0].code == "CD605"
    assert "`Y`" in refused.value.diagnostics[0].message


def test_rows_cannot_be_set_apart_under_a_per_row_guide(compile_text, encode):
    compiled = compile_text("scm m\nobserved G : real\nlatent K\nK -> G\nguide per_row\n")
    data = encode(compiled, pd.DataFrame({"G": [0.0, 1.0, 2.5, 3.0]}))
    with pytest.raises(InferenceError) as refused:
        fit(compiled, data, config=FitConfig(validation=0.5))
    assert refused.value.diagnostics[0].code == "CD603"


def test_a_per_row_guide_has_a_number_for_each_row(compile_text, encode):
    compiled = compile_text("scm m\nobserved G : real\nlatent K\nK -> G\nguide per_row\n")
    data = encode(compiled, pd.DataFrame({"G": np.random.RandomState(0).randn(12)}))
    config = FitConfig(epochs=3, batch_size=5, passes=2)
    fitted = fit(compiled, data, config=config)
    assert {tuple(p.shape) for n, p in numbers(fitted).items() if n.startswith("guide")} == {(12,)}


def test_an_inverted_latent_needs_no_guide(compile_text, encode):
    compiled = compile_text(
        "scm m\nobserved X : real\nlatent U\nU -> X\n"
        "learn a = 0\nlearn b : positive = 1\nX := a + b * U\n"
    )
    x = 3 + 2 * np.random.RandomState(0).randn(200)
    data = encode(compiled, pd.DataFrame({"X": x}))
    fitted = fit(compiled, data, config=FitConfig(passes=2))
    assert fitted.params["a"].item() == pytest.approx(x.mean(), abs=0.02)
    assert fitted.params["b"].item() == pytest.approx(x.std(), rel=0.02)
