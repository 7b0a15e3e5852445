import numpy as np
import pandas as pd
import pytest

from causaldsl.inference.archive import load, save
from causaldsl.inference.config import FitConfig
from causaldsl.inference.svi import fit
from causaldsl.pipeline import compile_scm

CONFIG = FitConfig(epochs=4, passes=2)
ROWS = 80
VALUES = {
    "real": lambda rng: rng.randn(ROWS),
    "positive": lambda rng: np.exp(rng.randn(ROWS)),
    "unit": lambda rng: rng.uniform(0.05, 0.95, ROWS),
    "count": lambda rng: rng.poisson(4, ROWS).astype(float),
    "binary": lambda rng: rng.randint(0, 2, ROWS).astype(float),
    "{a, b, c}": lambda rng: np.array(["a", "b", "c"])[rng.randint(0, 3, ROWS)],
    "{low < mid < high}": lambda rng: np.array(["low", "mid", "high"])[rng.randint(0, 3, ROWS)],
}


@pytest.mark.parametrize("domain", VALUES)
def test_every_domain_fits_under_a_latent_and_comes_back_from_a_file(
    domain, compile_text, encode, tmp_path
):
    compiled = compile_text(
        f"scm m\nobserved V : {domain}\noutcome Y : real\nlatent K\nK -> V, Y\nV -> Y\n"
    )
    rng = np.random.RandomState(0)
    data = encode(compiled, pd.DataFrame({"V": VALUES[domain](rng), "Y": rng.randn(ROWS)}))
    fitted = fit(compiled, data, config=CONFIG)
    assert np.isfinite(fitted.result.elbo)
    save(fitted, tmp_path / "m.fit")
    assert load(tmp_path / "m.fit", compile_scm).result == fitted.result


def test_cells_that_were_not_seen_are_integrated_out(compile_text, encode):
    """Missing at random under X -> Y: the regression comes from the rows that show both."""
    compiled = compile_text(
        "scm m\nobserved X : real missing latent\nobserved Y : real\nX -> Y\n"
        "X ~ Normal(0, 1)\nlearn w = 0\nY ~ Normal(w * X, 1)\n"
    )
    rng = np.random.RandomState(0)
    x = rng.randn(400)
    y = 1.5 * x + rng.randn(400)
    x[::4] = np.nan
    fitted = fit(compiled, encode(compiled, pd.DataFrame({"X": x, "Y": y})))
    seen = ~np.isnan(x)

    def negative_log_likelihood(w):
        both = 0.5 * (y[seen] - w * x[seen]) ** 2 + 0.5 * x[seen] ** 2
        alone = 0.5 * y[~seen] ** 2 / (1 + w * w) + 0.5 * np.log(1 + w * w)
        constants = np.log(2 * np.pi) * (2 * seen.sum() + (~seen).sum()) / 2
        return (both.sum() + alone.sum() + constants) / len(y)

    grid = np.linspace(1, 2, 1001)
    best = grid[np.argmin([negative_log_likelihood(w) for w in grid])]
    assert fitted.params["w"].item() == pytest.approx(best, abs=0.02)
    exact = negative_log_likelihood(fitted.params["w"].item())
    assert fitted.result.elbo == pytest.approx(exact, abs=0.01 + 5 * fitted.result.elbo_se)
