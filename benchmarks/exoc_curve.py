"""The accuracy-fairness curve of EXOC over gamma, with each latent's use and what S' has become.

For every gamma, guide and split: the file is fitted on the training rows, its ``predict`` lines
(from K, and from K and S') are judged on the test rows in the fit's own worlds and, since those
change with gamma, in the worlds of Fair-K fitted on the same rows.
"""

import json
import statistics
from collections.abc import Iterator
from pathlib import Path

import records

#: The guide shown beside the default one: K reads S', so that the two are dependent given the row.
JOINT = """\
guide S' ~ Normal(mlp(S, G, L, Y; hidden=[32]))
guide K  ~ Normal(mlp(S', S, G, L, Y; hidden=[32]))

"""
MODELS = ["fair_k_scales.scm", "exoc_calibrated.scm", "exoc.scm"]
METRICS = ("rmse", "mae", "cf_gap", "cf_gap_p95", "group_mean_difference")


#: What is changed in ``fair_k.scm`` for the model that ``exoc_calibrated.scm`` is compared with:
#: the same scales, no S'. It tells what the scales do from what S' does.
LEARNED_SCALES = (
    ("scm fair_k ", "scm fair_k_scales "),
    ("L : count", "L : real "),
    ("Y ~ Normal(linear(parents), 1)\n", ""),
)


def text_with(path: Path, guide: str) -> str:
    """Return the text of a model file with a guide: mean-field (the default one), or joint.

    ``fair_k_scales.scm`` is ``fair_k.scm`` with every scale learned.
    """
    if path.name == "fair_k_scales.scm":
        text = path.with_name("fair_k.scm").read_text("utf-8")
        for old, new in LEARNED_SCALES:
            text = text.replace(old, new)
        return text
    lines = path.read_text("utf-8").splitlines(keepends=True)
    text = "".join(line for line in lines if not line.startswith("guide "))
    return text if guide == "mean-field" else text.replace("\nloss ", "\n" + JOINT + "loss ", 1)


def source_of(path: Path, guide: str, gamma: float | None, data: object, kept: list) -> object:
    """Return a model file as what a comparison asks for; every fit of it is put into `kept`."""
    from causaldsl import pipeline
    from causaldsl.bench.scm_models import ScmSource
    from causaldsl.inference.config import configured
    from causaldsl.inference.svi import fit
    from causaldsl.source import SourceFile

    source = SourceFile(path=path.name, text=text_with(path, guide))
    overrides = {} if gamma is None or "fair_k" in path.name else {"gamma": gamma}
    scm = pipeline.checked_scm(source, overrides)

    def run(compiled: object, rows: object, seed: int, progress: object) -> object:
        config = configured(scm.training.settings, {"seed": seed})
        kept.append((fit(compiled, rows, config=config, progress=progress), rows))
        return kept[-1][0]

    return ScmSource(scm=scm, encoding=data.encoding,
                     compile_again=lambda: pipeline.compile_scm(scm), run_fit=run)  # fmt: skip


class OncePerSeed:
    """A model source that is fitted once for each seed, whoever asks."""

    def __init__(self, source: object) -> None:
        self.source, self.fits, self.name = source, {}, source.name
        self.roles = source.roles

    def fit(self, columns: object, *, seed: int, progress: object) -> object:
        """Return the fit of that seed's training rows."""
        if seed not in self.fits:
            self.fits[seed] = self.source.fit(columns, seed=seed, progress=progress)
        return self.fits[seed]


def explained(target: object, *columns: object) -> float:
    """Return R squared of a least-squares regression with an intercept."""
    import numpy as np

    x = np.column_stack([np.ones(len(target)), *columns])
    rest = target - x @ np.linalg.lstsq(x, target, rcond=None)[0]
    return float(1 - rest.var() / target.var())


def latents_of(fitted: object, rows: object) -> dict:
    """Return what the latents' posterior means hold, on the rows of the fit.

    `all` reads every column, `without_outcome` is what predictors see.
    """
    import numpy as np

    from causaldsl.engines.guide import guide_factors

    columns = {n: v.double().numpy() for n, v in rows.columns.items()}
    race = [columns["S"] == level for level in (1, 2)]
    found: dict = {}
    for guide in fitted.compiled.module.GUIDES:
        read = fitted.compiled.module.GUIDE_EVIDENCE[guide]
        data = {n: v for n, v in rows.batch().items() if n in read or n == "__row__"}
        passes = [guide_factors(fitted.compiled, fitted.state, data, guide, k) for k in range(16)]
        for name in passes[0]:
            mean = np.mean([p[name][0].expand(rows.n_rows).numpy() for p in passes], axis=0)
            if mean.var() < 1e-12:
                found[f"{name} | {guide}"] = {"sd of the posterior mean": 0.0}
                continue
            found[f"{name} | {guide}"] = {
                "sd of the posterior mean": float(mean.std()),
                "R2 on S": explained(mean, *race),
                "R2 on Y": explained(mean, columns["Y"]),
                "R2 on S, G, L": explained(mean, *race, columns["G"], columns["L"]),
                "R2 on S, G, L, Y": explained(
                    mean, *race, columns["G"], columns["L"], columns["Y"]
                ),
            }
    return found


def report_of(fitted: object, rows: object) -> dict:
    """Return what a fit says of itself, and what its latents hold."""
    result = fitted.result
    return {
        "status": result.status,
        "negative ELBO": result.elbo,
        "standard error": result.elbo_se,
        "KL": dict(result.kl),
        "R": dict(result.balance),
        "terms": dict(result.terms),
        "boundary": [
            {"name": b.name, "value": b.value, "reached": b.reached} for b in result.boundary
        ],
        "findings": [f"{d.code} {d.message}" for d in result.diagnostics],
        "parameters": {n: v.tolist() for n, v in fitted.params.items()},
        "steps": result.steps,
        "latents": latents_of(fitted, rows),
    }


# --- tables -----------------------------------------------------------------------------------

COLUMNS = (
    "model, guide, gamma, features",
    "splits",
    "RMSE",
    "gain over Constant",
    "gap, own worlds",
    "gap, Fair-K's worlds",
    "difference of groups",
)


def _mean(values: list[float | None]) -> str:
    held = [v for v in values if v is not None]
    return f"{statistics.fmean(held):.3f}" if held else "-"


def summarised(runs: dict) -> dict[str, tuple[str, ...]]:
    """Return means over the splits by model, guide, gamma and features, as cells of `COLUMNS`."""
    found: dict[str, list[dict]] = {}
    for key, run in runs.items():
        model, guide, gamma, _ = key.split(" | ")
        name = model.removesuffix(".scm")
        constant = run["metrics"]["Constant"]["rmse"]
        for method, values in run["metrics"].items():
            if method.startswith(f"{name} ("):
                label = f"{name}, {guide}, {gamma.split()[1]}, {method[len(name) + 2 : -1]}"
                own = values.get(f"cf_gap in worlds of {name}")
                judged = values.get("cf_gap in worlds of fair_k")
                gain = constant - values["rmse"]
                found.setdefault(label, []).append(
                    {"rmse": values["rmse"], "gain": gain, "own": own, "judged": judged,
                     "groups": values["group_mean_difference"]}
                )  # fmt: skip
    words = ("rmse", "gain", "own", "judged", "groups")
    return {
        label: (str(len(rows)), *(_mean([r[w] for r in rows]) for w in words))
        for label, rows in sorted(found.items(), key=lambda item: _order(item[0]))
    }


def _order(label: str) -> tuple:
    model, guide, gamma, *features = label.split(", ", 3)
    return (model, guide != "mean-field", features, -1.0 if gamma == "none" else float(gamma))


def latent_rows(runs: dict) -> dict[str, tuple[str, ...]]:
    """Return what the fits say of their latents: the KL of K on each split, means of the rest."""
    found: dict[str, list[dict]] = {}
    for key, run in runs.items():
        model, guide, gamma, _ = key.split(" | ")
        label = f"{model.removesuffix('.scm')}, {guide}, {gamma.split()[1]}"
        fit = run["fit"]
        read = fit["latents"].get("S' | all", {})
        found.setdefault(label, []).append(
            {
                "K": fit["KL"].get("K"),
                "S'": fit["KL"].get("S'"),
                "R": fit["R"].get("control"),
                "on S": read.get("R2 on S"),
                "on Y": read.get("R2 on Y"),
                "sd of K": fit["latents"]
                .get("K | without_outcome", {})
                .get("sd of the posterior mean"),
                "boundary": [b["name"] for b in fit["boundary"]],
            }
        )
    words = ("S'", "R", "on S", "on Y", "sd of K")
    return {
        label: (
            ", ".join("-" if r["K"] is None else f"{r['K']:.3f}" for r in rows),
            *(_mean([r[w] for r in rows]) for w in words),
            ", ".join(sorted({f"`{b}`" for r in rows for b in r["boundary"]})) or "-",
        )
        for label, rows in sorted(found.items(), key=lambda item: _order(item[0]))
    }


# --- one run ----------------------------------------------------------------------------------


def fair_k_of(table: object) -> OncePerSeed:
    """Return ``fair_k.scm`` as the judge of every model that declares the same variables."""
    from causaldsl import pipeline
    from causaldsl.data.binding import bind
    from causaldsl.data.schema import schema_of

    path = records.MODELS / "fair_k.scm"
    data = bind(pipeline.read_rows(table), schema_of(pipeline.checked_scm(path)))
    return OncePerSeed(source_of(path, "mean-field", None, data, []))


def one_run(
    path: Path, guide: str, gamma: float | None, seed: int, table: object, judge: object
) -> dict:
    """Return metrics of every predictor and the report of the fit, on one split."""
    from causaldsl import pipeline
    from causaldsl.bench.compare import CompareConfig, compare
    from causaldsl.bench.protocols import DataSet
    from causaldsl.bench.scm_models import columns_of
    from causaldsl.data.binding import bind
    from causaldsl.data.schema import schema_of
    from causaldsl.source import SourceFile

    kept: list = []
    text = SourceFile(path=path.name, text=text_with(path, guide))
    data = bind(pipeline.read_rows(table), schema_of(pipeline.checked_scm(text)))
    source = source_of(path, guide, gamma, data, kept)
    judge = judge if judge is not None else fair_k_of(table)
    with records.timed() as spent:
        found = compare(
            [judge, source] if judge.roles.domains == source.roles.domains else [source],
            DataSet(name="law_school", columns=columns_of(data), roles=source.roles, truth=None),
            CompareConfig(seeds=(seed,), draws=20, metrics=METRICS, resampling=None),
        )
    values: dict = {}
    for r in found.records:
        place = r.metric if r.world is None else f"{r.metric} in worlds of {r.world}"
        values.setdefault(r.method, {})[place] = r.value
    return {"metrics": values, "fit": report_of(*kept[0]), **spent, "judge": judge}


def settings(models: list[str], guides: list[str], gammas: list[float]) -> Iterator[tuple]:
    """Yield every model, guide and gamma; Fair-K has but one latent, and no gamma."""
    for model in models:
        if model.startswith("fair_k"):
            yield model, "mean-field", None
        else:
            yield from ((model, guide, gamma) for guide in guides for gamma in gammas)


def main() -> None:
    """Run, print, keep what is done after each run."""
    parser = records.arguments(__doc__.splitlines()[0], "exoc_curve.json")
    parser.add_argument("--models", nargs="*", default=MODELS)
    parser.add_argument("--gammas", type=float, nargs="*", default=[0.0, 0.1, 1.2, 2.0])
    parser.add_argument("--guides", nargs="*", default=["joint", "mean-field"])
    parser.add_argument("--seeds", type=int, nargs="*", default=[0, 1, 2])
    given = parser.parse_args()
    records.begin(given.threads)
    table = records.law_table(given.data)
    done: dict = {"runs": {}}
    if given.output.is_file() and not given.smoke:
        done["runs"] = records.read(given.output)["runs"]
    if given.smoke:
        given.gammas, given.guides, given.seeds = [1.2], ["mean-field"], [0]
    for seed in given.seeds:
        judge = None
        for model, guide, gamma in settings(given.models, given.guides, given.gammas):
            weight = "none" if gamma is None else f"{gamma:g}"
            key = f"{model} | {guide} | gamma {weight} | seed {seed}"
            if key in done["runs"]:
                continue
            run = one_run(records.MODELS / model, guide, gamma, seed, table, judge)
            judge = run.pop("judge")
            done["runs"][key] = run
            short = {m: {n: round(v, 4) for n, v in vs.items()} for m, vs in run["metrics"].items()}
            print(key, json.dumps({"metrics": short, "KL": run["fit"]["KL"]}), flush=True)
            if not given.smoke:
                records.write(given.output, done)


if __name__ == "__main__":
    main()
