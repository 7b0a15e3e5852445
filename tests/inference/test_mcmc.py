import numpy as np
import pandas as pd
import pytest

from causaldsl.diagnostics.model import InferenceError
from causaldsl.inference.config import FitConfig
from causaldsl.inference.mcmc import Chains, sample
from causaldsl.inference.svi import fit

CONJUGATE = """scm conjugate
observed X : real
observed Y : real
X -> Y
prior b ~ Normal(0, 2)
prior w ~ Normal(0, 1)
X ~ Normal(0, 1)
Y ~ Normal(b + w * X, 0.5)
"""
CONFIG = FitConfig(epochs=40, passes=2)


def closed_form(x, y):
    """Return mean and covariance of (b, w): the Gaussian posterior of a linear regression."""
    design = np.c_[np.ones(len(x)), x]
    precision = design.T @ design / 0.25 + np.diag([1 / 4, 1.0])
    covariance = np.linalg.inv(precision)
    return covariance @ design.T @ y / 0.25, covariance


@pytest.fixture
def conjugate(compile_text, encode):
    rng = np.random.RandomState(0)
    x = rng.randn(25)
    y = 1 + 0.7 * x + 0.5 * rng.randn(25)
    compiled = compile_text(CONJUGATE)
    return compiled, encode(compiled, pd.DataFrame({"X": x, "Y": y})), closed_form(x, y)


def test_draws_agree_with_the_conjugate_posterior(conjugate):
    compiled, data, (mean, covariance) = conjugate
    fitted = sample(compiled, data, config=CONFIG, chains=Chains(samples=200, warmup=100))
    sampling = fitted.result.sampling
    for i, name in enumerate(("b", "w")):
        sd = np.sqrt(covariance[i, i])
        error = sd / np.sqrt(sampling.ess[name])
        assert abs(fitted.params[name].item() - mean[i]) < 5 * error
        assert fitted.draws[name].std().item() == pytest.approx(
            sd, rel=5 / np.sqrt(2 * sampling.ess[name])
        )
    assert fitted.result.method == "nuts"
    assert sampling.divergences == 0
    assert set(sampling.r_hat) == {"b", "w"}


def test_variational_inference_agrees_with_the_conjugate_posterior(conjugate):
    compiled, data, (mean, covariance) = conjugate
    fitted = fit(compiled, data, config=FitConfig(passes=2))
    sd = np.sqrt(np.diag(covariance))
    assert fitted.params["b"].item() == pytest.approx(mean[0], abs=0.2 * sd[0])
    assert fitted.params["w"].item() == pytest.approx(mean[1], abs=0.2 * sd[1])


def test_learned_points_are_refused_without_a_fit(pair):
    with pytest.raises(InferenceError) as refused:
        sample(*pair, config=CONFIG)
    assert refused.value.diagnostics[0].code == "CD650"
    assert (
        "`G__sd`" in refused.value.diagnostics[0].message
        or "G__" in refused.value.diagnostics[0].message
    )


def test_learned_points_are_held_at_the_values_of_a_fit(compile_text, encode):
    compiled = compile_text(
        "scm m\nobserved G : real\nlatent K\nK -> G\nlearn a = 0\nG ~ Normal(a + K, 1)\n"
    )
    g = np.array([-1.0, 0.5, 3.0])
    data = encode(compiled, pd.DataFrame({"G": g}))
    held = fit(compiled, data, config=FitConfig(epochs=40, passes=2))
    plan = Chains(samples=60, warmup=40, chains=1)
    fitted = sample(compiled, data, config=CONFIG, chains=plan, held=held)
    assert fitted.result.sampling.held == ("a",)
    assert fitted.params["a"].item() == held.params["a"].item()
    assert set(fitted.result.sampling.r_hat) == {"K"}


def test_too_many_rows_are_refused_with_the_count(compile_text, encode):
    compiled = compile_text("scm m\nobserved G : real\nlatent K\nK -> G\nG ~ Normal(K, 1)\n")
    data = encode(compiled, pd.DataFrame({"G": np.random.RandomState(0).randn(2001)}))
    with pytest.raises(InferenceError) as refused:
        sample(compiled, data, config=CONFIG)
    assert refused.value.diagnostics[0].code == "CD651"
    assert "2,001" in refused.value.diagnostics[0].message


def test_a_model_without_unknowns_is_refused(compile_text, encode):
    compiled = compile_text("scm m\nobserved G : real\nG ~ Normal(0, 1)\n")
    with pytest.raises(InferenceError) as refused:
        sample(compiled, encode(compiled, pd.DataFrame({"G": [0.0, 1.0]})), config=CONFIG)
    assert refused.value.diagnostics[0].code == "CD654"


def test_chains_that_are_too_short_have_not_converged(conjugate):
    compiled, data, _ = conjugate
    fitted = sample(compiled, data, config=CONFIG, chains=Chains(samples=6, warmup=1))
    assert fitted.result.status == "not_converged"
    assert "CD652" in [d.code for d in fitted.result.diagnostics]


def test_missing_cells_that_nuts_would_not_sample_are_refused(compile_text, encode):
    compiled = compile_text(CONJUGATE.replace("X : real", "X : real missing latent"))
    data = encode(compiled, pd.DataFrame({"X": [0.1, None, 0.3], "Y": [1.0, 2.0, 3.0]}))
    with pytest.raises(InferenceError, match="CD603"):
        sample(compiled, data, config=CONFIG)


def test_losses_beside_the_elbo_are_refused(compile_text, encode):
    compiled = compile_text(CONJUGATE + "loss small = mean(Y^2)\n")
    data = encode(compiled, pd.DataFrame({"X": [0.1, 0.2, 0.3], "Y": [1.0, 2.0, 3.0]}))
    with pytest.raises(InferenceError, match="CD603"):
        sample(compiled, data, config=CONFIG)
