from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch

from causaldsl.diagnostics.model import InferenceError
from causaldsl.inference import convergence
from causaldsl.inference.config import FitConfig
from causaldsl.inference.convergence import fall_of
from causaldsl.inference.svi import fit
from causaldsl.inference.targets import Losses, Target
from causaldsl.reports.fit_text import fit_lines


def test_the_fall_of_a_line_is_its_drop():
    fall, error = fall_of([5 - 0.1 * i for i in range(11)])
    assert fall == pytest.approx(1.0)
    assert error < 0.2


def test_the_error_of_a_fall_covers_pure_noise():
    falls = []
    for seed in range(200):
        curve = list(np.random.RandomState(seed).randn(60))
        fall, error = fall_of(curve)
        falls.append(fall / error)
    assert np.std(falls) == pytest.approx(1.0, abs=5 / np.sqrt(2 * 200))


def test_a_run_cut_short_has_not_converged(factor):
    compiled, data = factor
    config = FitConfig(epochs=20, learning_rate=1e-3, schedule="constant", passes=3)
    result = fit(compiled, data, config=config).result
    assert result.status == "not_converged"
    assert not result.converged
    (found,) = [d for d in result.diagnostics if d.code == "CD620"]
    assert "fell by" in found.message
    assert "epochs" in (found.hint or "")


def test_too_few_epochs_say_nothing(regression):
    compiled, data = regression
    result = fit(compiled, data, config=FitConfig(epochs=3, passes=2)).result
    assert result.status == "not_converged"


def test_a_latent_without_a_trace_in_the_data_is_reported_as_unused(compile_text, encode):
    compiled = compile_text(
        "scm m\nobserved G : real\nobserved H : real\nlatent K\nK -> G, H\n"
        "learn a = 0.1\nlearn b = 0.1\nG ~ Normal(a * K, 1)\nH ~ Normal(b * K, 1)\n"
    )
    rng = np.random.RandomState(0)
    data = encode(compiled, pd.DataFrame({"G": rng.randn(400), "H": rng.randn(400)}))
    result = fit(compiled, data, config=FitConfig(passes=3)).result
    assert result.unused == ("K",)
    assert "CD622" in [d.code for d in result.diagnostics]
    assert result.status == "converged"


@pytest.mark.slow
def test_a_latent_that_explains_is_not_reported(factor):
    compiled, data = factor
    result = fit(compiled, data, config=FitConfig(epochs=250, passes=3)).result
    assert result.kl["K"] > 0.1
    assert result.unused == ()


def test_a_variance_that_a_latent_takes_over_heads_for_its_floor(compile_text, encode):
    """One indicator and a free standard deviation: the Heywood case at its plainest."""
    compiled = compile_text(
        "scm m\nobserved G : real\nobserved H : real\nlatent K\nK -> G, H\nH ~ Normal(K, 1)\n"
    )
    rng = np.random.RandomState(0)
    k = rng.randn(400)
    frame = pd.DataFrame({"G": k, "H": 1.3 * k + rng.randn(400)})
    result = fit(compiled, encode(compiled, frame), config=FitConfig(passes=3)).result
    assert [b.name for b in result.boundary] == ["G__sd"]
    assert result.status == "boundary"
    assert result.converged
    assert "CD621" in [d.code for d in result.diagnostics]


@pytest.mark.slow
def test_an_interior_standard_deviation_is_not_reported(compile_text, encode):
    compiled = compile_text(
        "scm m\nobserved A : real\nobserved B : real\nobserved C : real\nlatent K\nK -> A, B, C\n"
    )
    rng = np.random.RandomState(0)
    k = rng.randn(600)
    frame = pd.DataFrame({n: k + 0.8 * rng.randn(600) for n in "ABC"})
    result = fit(compiled, encode(compiled, frame), config=FitConfig(passes=3)).result
    assert result.boundary == ()
    assert result.status == "converged"


def test_passes_that_are_not_finite_are_refused_by_name():
    losses = Losses(
        total=torch.tensor(1.0), terms={}, parts={"Y": torch.tensor(1.0), "w": torch.tensor(np.inf)}
    )
    target = Target(stage="model", evaluate=lambda batch, epoch: losses)
    data = SimpleNamespace(n_rows=1, batches=lambda most: [{"__row__": torch.arange(1)}])
    with pytest.raises(InferenceError, match=r"`w`") as refused:
        convergence.evaluate(target, data, 3, 0.0)
    assert refused.value.diagnostics[0].code == "CD610"


def _judged(curve, tolerance=0.001):
    run = SimpleNamespace(
        pace=SimpleNamespace(settled=False), watched=curve, metric=None,
        config=FitConfig(tolerance=tolerance),
    )  # fmt: skip
    return convergence.judge(run)


def test_a_fall_beyond_its_noise_goes_on_however_noisy_it_is():
    noise = np.random.RandomState(0).randn(90)
    settled, said = _judged([10 - 0.5 * i + e for i, e in enumerate(noise)])
    assert not settled
    assert said.endswith("which is more than the noise: it goes on")
    settled, said = _judged(list(noise))
    assert not settled
    assert said.endswith("which is too noisy to tell")


def test_an_objective_that_ends_far_above_its_start_is_said_so(compile_text, encode):
    compiled = compile_text(
        "scm m\nobserved X, Y : real\nX -> Y\nlearn w = 1\nY ~ Normal(w * X, 1)\nX ~ Normal(0, 1)\n"
    )
    rng = np.random.RandomState(0)
    data = encode(compiled, pd.DataFrame({"X": rng.randn(30), "Y": rng.randn(30)}))
    config = FitConfig(epochs=12, learning_rate=1e10, schedule="constant", passes=2)
    fitted = fit(compiled, data, config=config)
    (found,) = [d for d in fitted.result.diagnostics if d.code == "CD620"]
    assert "the objective ended at" in found.message
    assert "far above its start at" in found.message
    assert "`learning_rate`" in found.hint
    assert max(map(len, "\n".join(fit_lines(fitted)).split())) < 40


def test_the_kl_weighs_at_the_end_what_its_warm_up_ends_with(compile_text, encode):
    text = (
        "scm m\nobserved G, H : real\nlatent K\nK -> G, H\nguide K ~ Normal(linear(G, H))\n"
        "loss 2 * elbo(kl=warmup(0, WEIGHT; epochs=2))\n"
    )
    rng = np.random.RandomState(0)
    frame = pd.DataFrame({"G": rng.randn(30), "H": rng.randn(30)})
    for weight in (1, 0.5):
        compiled = compile_text(text.replace("WEIGHT", str(weight)))
        result = fit(compiled, encode(compiled, frame), config=FitConfig(epochs=3, passes=2)).result
        assert result.weights["elbo"] == 2
        assert result.weights["kl"] == pytest.approx(2 * weight)
