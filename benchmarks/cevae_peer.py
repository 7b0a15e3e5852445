"""CEVAE in its original form beside `pyro.contrib.cevae`, on rows whose effects are known.

Rows as IHDP has them: six continuous and nineteen binary features, a treatment that a quarter of
the rows get, a continuous outcome. Three hidden causes move all of them; features are noisy copies,
so that no adjustment for features is exact. The effect of a row depends on its hidden causes.

Pyro's model reads a new unit's features alone: treatment, outcome and latent are drawn one after
the other from its guide. Ours is asked that too (both treatments' effects, weighted by the guide's
own predictor of the treatment), and given the whole row besides. Both get the same epochs, batches,
rate and weight decay. PEHE is the root mean square error of the rows' effects.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import records

if TYPE_CHECKING:
    import pandas as pd
    import torch

    from causaldsl.inference.fitted import FittedScm

ROWS, EPOCHS, BATCH, RATE, DECAY = 1_000, 100, 100, 1e-3, 1e-4
DRAWS = 100
SEEDS = (1, 2, 3)
RECORD = "cevae_peer.json"
CONTINUOUS, FEATURES = 6, 25


@dataclass(frozen=True, kw_only=True)
class Rows:
    """A table with columns x1 .. x25, treatment and y, and each row's effect ``(N,)``."""

    frame: pd.DataFrame
    effects: np.ndarray


def draw(n: int, seed: int) -> Rows:
    """Return rows whose treatment and outcome share hidden causes with the features."""
    import pandas as pd

    rng = np.random.default_rng(seed)
    z = rng.normal(size=(n, 3))
    weights = rng.normal(size=(3, FEATURES)) * 0.8
    shown = z @ weights
    features = np.where(
        np.arange(FEATURES) < CONTINUOUS,
        shown + 0.7 * rng.normal(size=shown.shape),
        rng.uniform(size=shown.shape) < _sigmoid(1.5 * shown),
    )
    treatment = rng.uniform(size=n) < _sigmoid(-1.4 + z[:, 0])
    effects = 2.0 + z[:, 1]
    y = 1.5 * z[:, 0] + 0.7 * z[:, 2] + effects * treatment + rng.normal(size=n)
    columns = {f"x{k + 1}": features[:, k] for k in range(FEATURES)}
    frame = pd.DataFrame({**columns, "treatment": treatment.astype(int), "y": y})
    binary = [f"x{k + 1}" for k in range(CONTINUOUS, FEATURES)]
    return Rows(frame=frame.astype(dict.fromkeys(binary, int)), effects=effects)


def _sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


# --- ours -----------------------------------------------------------------------------------


def ours(rows: Rows, seed: int, epochs: int) -> tuple[dict[str, np.ndarray], dict[str, float]]:
    """Return the compiled model's effects by what it is given, and what its fit took."""
    from causaldsl import pipeline

    words = {
        "seed": seed, "epochs": epochs, "batch_size": BATCH, "learning_rate": RATE,
        "weight_decay": DECAY, "schedule": "exponential", "final_learning_rate": RATE / 10,
    }  # fmt: skip
    with records.timed() as spent:
        fitted = pipeline.fit(records.MODELS / "cevae_ihdp.scm", rows.frame, words=words)
    found = {
        "whole row": _effects(fitted, rows.frame, ("xc", "xb", "t", "y"), seed),
        "without outcome": _effects(fitted, rows.frame, ("xc", "xb", "t"), seed),
    }
    treated = _treated(fitted, rows.frame)
    worlds = [
        _effects(fitted, rows.frame.assign(treatment=value), ("xc", "xb", "t"), seed)
        for value in (0, 1)
    ]
    found["features alone"] = (1 - treated) * worlds[0] + treated * worlds[1]
    return found, spent


def _effects(fitted: FittedScm, frame: pd.DataFrame, names: Sequence[str], seed: int) -> np.ndarray:
    """Return each row's effect in units of the table, latents drawn by the encoder."""
    from causaldsl import pipeline
    from causaldsl.counterfactual.effect_question import read_question
    from causaldsl.counterfactual.effects import unit_effects
    from causaldsl.worlds import bound_rows, evidence_of

    model = pipeline.answerer_of(fitted)
    data = bound_rows(model, frame, names)
    units = unit_effects(
        fitted.compiled, fitted.params, evidence_of(model, frame, data, names),
        read_question(fitted.compiled.scm, ["t=t'"]), seed=seed, draws=DRAWS, state=fitted.state,
        objective="encoder",
    )  # fmt: skip
    return units.rows.means[0].numpy() * fitted.encoding.statistics["y"].factor[0]


def _treated(fitted: FittedScm, frame: pd.DataFrame) -> np.ndarray:
    """Return the guide's own probability of the treatment, given the features."""
    import torch
    from pyro import poutine

    from causaldsl import pipeline
    from causaldsl.runtime.scope import isolated
    from causaldsl.worlds import bound_rows

    batch = bound_rows(pipeline.answerer_of(fitted), frame, ("xc", "xb", "t", "y")).batch()
    batch["t"] = torch.ones_like(batch["t"])  # the factor is then -log P(t = 1)
    with isolated(0, dict(fitted.state)), torch.no_grad():
        trace = poutine.trace(fitted.compiled.module.guide).get_trace(batch)
    return torch.exp(-trace.nodes["t__guide"]["fn"].log_factor).numpy()


# --- Pyro's ---------------------------------------------------------------------------------


def theirs(rows: Rows, seed: int, epochs: int) -> tuple[dict[str, np.ndarray], dict[str, float]]:
    """Return the effects of `pyro.contrib.cevae`, and what its fit took."""
    import logging

    import pyro
    import torch
    from pyro.contrib.cevae import CEVAE

    logging.getLogger("pyro.contrib.cevae").setLevel(logging.WARNING)
    features, treatment, y = _tensors(rows)
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float32)
    try:
        with pyro.get_param_store().scope(), torch.random.fork_rng(devices=[]):
            pyro.set_rng_seed(seed)
            model = CEVAE(feature_dim=FEATURES, outcome_dist="normal", num_samples=DRAWS)
            with records.timed() as spent:
                model.fit(
                    features, treatment, y, num_epochs=epochs, batch_size=BATCH,
                    learning_rate=RATE, learning_rate_decay=0.1, weight_decay=DECAY, log_every=0,
                )  # fmt: skip
            found = model.ite(features).numpy()
    finally:
        torch.set_default_dtype(before)
    return {"features alone": found}, spent


def _tensors(rows: Rows) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    import torch

    names = [f"x{k + 1}" for k in range(FEATURES)]
    features = torch.tensor(rows.frame[names].to_numpy(np.float32))
    return (
        features,
        torch.tensor(rows.frame["treatment"].to_numpy(np.float32)),
        torch.tensor(rows.frame["y"].to_numpy(np.float32)),
    )


# --- both -----------------------------------------------------------------------------------


def judged(found: np.ndarray, exact: np.ndarray) -> dict[str, float]:
    """Return the error of the mean effect, and PEHE."""
    return {
        "ATE": round(float(found.mean()), 4),
        "ATE error": round(float(abs(found.mean() - exact.mean())), 4),
        "PEHE": round(float(np.sqrt(((found - exact) ** 2).mean())), 4),
    }


def run(seed: int, n: int, epochs: int) -> dict[str, Any]:
    """Return both models' errors on one table, and those of two answers without a model."""
    rows = draw(n, seed)
    by_group = rows.frame.groupby("treatment")["y"].mean()
    result: dict[str, Any] = {
        "ATE": round(float(rows.effects.mean()), 4),
        "difference between groups": round(float(by_group[1] - by_group[0]), 4),
        "regressions by treatment": judged(_regressions(rows), rows.effects),
        "constant at the exact ATE": round(float(rows.effects.std()), 4),
    }
    for who, fit in (("compiled", ours), ("pyro.contrib.cevae", theirs)):
        effects, spent = fit(rows, seed, epochs)
        result[who] = {
            **{given: judged(found, rows.effects) for given, found in effects.items()},
            "fit": spent,
        }
    return result


def _regressions(rows: Rows) -> np.ndarray:
    """Return the difference of two least-squares fits, one for each treatment."""
    from sklearn.linear_model import LinearRegression

    x = rows.frame[[f"x{k + 1}" for k in range(FEATURES)]].to_numpy(np.float64)
    treated = rows.frame["treatment"].to_numpy() == 1
    y = rows.frame["y"].to_numpy()
    fits = [LinearRegression().fit(x[mask], y[mask]).predict(x) for mask in (~treated, treated)]
    return fits[1] - fits[0]


def means(runs: Mapping[str, dict]) -> dict[str, dict[str, dict[str, float]]]:
    """Return the mean over tables of each error, by model and by what it is given."""
    found: dict[str, dict[str, dict[str, float]]] = {}
    for who in ("compiled", "pyro.contrib.cevae"):
        given = [name for name in next(iter(runs.values()))[who] if name != "fit"]
        found[who] = {
            name: {
                figure: round(float(np.mean([r[who][name][figure] for r in runs.values()])), 4)
                for figure in ("ATE error", "PEHE")
            }
            for name in given
        }
    return found


def main() -> None:
    """Run, print, keep each table as it is done (one found in the record is not repeated)."""
    parser = records.arguments(__doc__.splitlines()[0], RECORD)
    parser.add_argument("--seeds", type=int, nargs="*", default=list(SEEDS))
    given = parser.parse_args()
    records.begin(given.threads)
    if given.smoke:
        print(run(1, 120, 1))
        return
    done: dict[str, Any] = {
        "rows": ROWS,
        "epochs": EPOCHS,
        "runs": records.read(given.output)["runs"] if given.output.is_file() else {},
    }
    for seed in given.seeds:
        if str(seed) in done["runs"]:
            continue
        row = done["runs"][str(seed)] = run(seed, ROWS, EPOCHS)
        print(seed, row, flush=True)
        done["means"] = means(done["runs"])
        records.write(given.output, done)
    print(done.get("means"))


if __name__ == "__main__":
    main()
