"""The four deep models on rows whose hidden causes and effects are known, and where each fails.

Rows are simulated from ``confounded_simulated.scm`` under several of its settings, and read by the
shipped files as they are, under the columns of binarised Adult. Each model's total effect and its
effects by row stand against the exact ones of `confounded_truth`, next to what the rows show
without a model: the difference between groups, and the same adjusted for r.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import records
from confounded_truth import Truth
from deep_opponents import BLOCKS, SIMULATED

if TYPE_CHECKING:
    import pandas as pd

TRAINING, TEST = 20_000, 5_000
DRAWS = 50
RECORD = "confounded.json"
MODELS: Mapping[str, Mapping[str, float]] = {
    "cvae": {},
    "cevae": {},
    "mcevae": {},
    "dcevae": {"beta_fair": 0},
}
#: The shipped files' names for the simulator's columns.
COLUMNS = {
    theirs: ours
    for block, names in SIMULATED.items()
    for theirs, ours in zip(names, BLOCKS[block], strict=True)
}


@dataclass(frozen=True, kw_only=True)
class Setting:
    """Numbers of the simulator, and what they say of who can find the effect."""

    numbers: Mapping[str, float] = field(default_factory=dict)
    meaning: str


SETTINGS: Mapping[str, Setting] = {
    "as it stands": Setting(meaning="u_r moves a, r and y; a moves d and y"),
    "a independent of the latents": Setting(
        numbers={"r_to_a": 0.0}, meaning="nothing hidden moves a; a moves d and y"
    ),
    "a does not move d": Setting(
        numbers={"a_to_d": 0.0}, meaning="u_r moves a, r and y; a moves y alone"
    ),
    "u_d moves a too": Setting(
        numbers={"d_to_a": 0.8}, meaning="both latents move a; a moves d and y"
    ),
}


def simulated(numbers: Mapping[str, float], n: int, seed: int) -> pd.DataFrame:
    """Return rows drawn from the simulator."""
    from causaldsl import pipeline

    scm = pipeline.checked_scm(records.MODELS / "confounded_simulated.scm", dict(numbers))
    return pipeline.simulate(pipeline.numbered(scm), n, seed)


def without_a_model(truth: Truth) -> dict[str, float]:
    """Return the exact effect, and what rows show of it without a model."""
    return {
        "total effect": round(truth.total_effect(), 5),
        "difference between groups": round(truth.observed_difference(), 5),
        "adjusted for r": round(truth.adjusted_for_r(), 5),
    }


def run(
    name: str, setting: Setting, words: Mapping[str, object], sizes: tuple[int, int], seed: int
) -> dict[str, Any]:
    """Return a model's effects against the exact ones, on rows that it has not seen."""
    from causaldsl import pipeline
    from causaldsl.counterfactual.effect_question import read_question
    from causaldsl.counterfactual.effects import prior_effects, unit_effects
    from causaldsl.worlds import bound_rows, evidence_of

    training, test = sizes
    rows = simulated(setting.numbers, training + test, seed)
    known, asked = rows.iloc[:training], rows.iloc[training:].reset_index(drop=True)
    with records.timed() as spent:
        fitted = pipeline.fit(
            records.MODELS / f"{name}.scm", known.rename(columns=COLUMNS),
            overrides=dict(MODELS[name]), words={**words, "seed": seed},
        )  # fmt: skip
    model = pipeline.answerer_of(fitted)
    scm = fitted.compiled.scm
    question = read_question(scm, ["a=a'"])
    frame = asked.rename(columns=COLUMNS)
    truth = Truth(**setting.numbers)
    found: dict[str, Any] = {}
    for label, names in (
        ("whole row", tuple(scm.observed)),
        ("without outcome", tuple(n for n in scm.observed if n != question.outcome)),
    ):
        data = bound_rows(model, frame, names)
        units = unit_effects(
            fitted.compiled, fitted.params, evidence_of(model, frame, data, names),
            question, seed=seed, draws=DRAWS, state=fitted.state, objective="encoder",
        )  # fmt: skip
        exact = truth.unit_effects(asked, with_outcome=label == "whole row")
        found[label] = against(units.rows.means[0].numpy(), exact)
    prior = prior_effects(fitted.compiled, fitted.params, question, seed=seed)
    return {
        **found,
        "total effect from the prior": round(float(prior.means[0]), 5),
        "steps": fitted.result.steps,
        "negative ELBO": round(fitted.result.elbo, 4),
        "fit": spent,
    }


def against(ours: np.ndarray, exact: np.ndarray) -> dict[str, float]:
    """Return effects by row against exact ones: means, RMSE, and that of a constant beside it.

    The constant is the exact mean: a model below it knows something of single rows.
    """
    return {
        "total effect": round(float(ours.mean()), 5),
        "exact": round(float(exact.mean()), 5),
        "RMSE of rows": round(float(np.sqrt(((ours - exact) ** 2).mean())), 5),
        "RMSE of the exact mean": round(float(exact.std()), 5),
        "correlation": round(float(np.corrcoef(ours, exact)[0, 1]), 4),
    }


def wanted(names: Sequence[str], seeds: Sequence[int]) -> list[tuple[str, str, int]]:
    """Return every run: setting, model, seed."""
    return [(s, m, seed) for seed in seeds for s in SETTINGS for m in names]


def main() -> None:
    """Run, print, keep each run as it is done (a run found in the record is not repeated)."""
    parser = records.arguments(__doc__.splitlines()[0], RECORD)
    parser.add_argument("--models", nargs="*", default=list(MODELS), choices=list(MODELS))
    parser.add_argument("--seeds", type=int, nargs="*", default=[1])
    parser.add_argument("--epochs", type=int, default=27, help="of 79 steps each")
    given = parser.parse_args()
    records.begin(given.threads)
    if given.smoke:
        setting = SETTINGS["as it stands"]
        print(run("cvae", setting, {"epochs": 1, "passes": 2}, (600, 100), 1))
        return
    done: dict[str, Any] = {
        "training rows": TRAINING,
        "test rows": TEST,
        "epochs": given.epochs,
        "settings": {
            name: {
                "numbers": dict(s.numbers),
                "meaning": s.meaning,
                **without_a_model(Truth(**s.numbers)),
            }
            for name, s in SETTINGS.items()
        },
        "runs": records.read(given.output)["runs"] if given.output.is_file() else {},
    }
    for setting, name, seed in wanted(given.models, given.seeds):
        key = f"{setting} | {name} | seed {seed}"
        if key in done["runs"]:
            continue
        words = {"epochs": given.epochs}
        row = done["runs"][key] = run(name, SETTINGS[setting], words, (TRAINING, TEST), seed)
        print(key, row["whole row"], row["total effect from the prior"], row["fit"], flush=True)
        records.write(given.output, done)


if __name__ == "__main__":
    main()
