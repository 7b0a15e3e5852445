"""What the page of results says of EXOC, held on one split each."""

import pytest
from exoc_curve import one_run
from records import MODELS


def run(name, guide, gamma, law):
    found = one_run(MODELS / name, guide, gamma, 0, law, None)
    return found["metrics"], found["fit"]


@pytest.mark.slow
def test_gamma_turns_s_prime_into_a_code_for_y_and_k_and_s_prime_into_every_column(law):
    metrics, fit = run("exoc.scm", "mean-field", 2.0, law)
    assert fit["latents"]["S' | all"]["R2 on Y"] > 0.9
    assert metrics["exoc (K, S')"]["rmse"] == pytest.approx(metrics["Full"]["rmse"], abs=0.01)
    assert metrics["exoc (K, S')"]["cf_gap in worlds of fair_k"] > 0.5
    assert metrics["exoc (K)"]["rmse"] > metrics["fair_k (K)"]["rmse"] - 0.002
    assert fit["R"]["control"] > 0


@pytest.mark.slow
def test_the_calibrated_scales_let_k_predict_without_a_gap(law):
    metrics, fit = run("exoc_calibrated.scm", "joint", 0.1, law)
    constant, k = metrics["Constant"], metrics["exoc_calibrated (K)"]
    assert fit["KL"]["K"] > 0.1
    assert constant["rmse"] - k["rmse"] > 0.010
    assert k["cf_gap in worlds of exoc_calibrated"] < 0.01
    drawn = metrics["exoc_calibrated (K, sampled(S'))"]
    both = metrics["exoc_calibrated (K, S')"]
    assert k["rmse"] > drawn["rmse"] > both["rmse"]
    gap = "cf_gap in worlds of exoc_calibrated"
    assert k[gap] < drawn[gap] < both[gap]
