"""The four deep models on binarised Adult by the DCEVAE paper's protocol, one run after another.

A run is one model on one split: fitted on its training rows, judged by
`causaldsl.bench.dcevae.model_figures`. Each is kept as soon as it is done, and a run found in the
record is not repeated. The released recipes need hundreds of epochs at a rate of 1e-4: their runs
are cut where the authors' code was cut when it was run again, and take one seed.
"""

from __future__ import annotations

import math
import os
import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import records

if TYPE_CHECKING:
    from causaldsl.bench.dcevae import DcevaeConfig, Question
    from causaldsl.bench.protocols import DataSet
    from causaldsl.data.encoding import Encoding

SEEDS = (1, 2, 3, 4, 5)
DRAWS = 50
#: Full passes over the rows at a fit's end, where a hundred would take longer than the fit.
PASSES = 10
RECORD = "dcevae_adult.json"

#: Figures to meet: means over the seeds, by run and figure.
LIMITS: Mapping[tuple[str, str], tuple[float, float]] = {
    ("dcevae", "nats"): (0.0, 5.03),
    ("dcevae", "TE"): (0.165, 0.205),
    ("dcevae", "CE error"): (0.0, 0.025),
    ("dcevae, fair", "TE"): (-0.05, 0.05),
    ("dcevae, fair", "LR factual"): (0.80, 1.0),
    ("cvae, to the letter", "TE"): (0.07, 0.13),
    ("cevae_released", "TE"): (0.07, 0.13),
}


@dataclass(frozen=True, kw_only=True)
class Kind:
    """What is run: a file, its params, words over those of its `train` line, and the seeds.

    `once` takes every row of the table once, and asks classifiers of test rows alone.
    """

    file: str
    overrides: Mapping[str, float] = field(default_factory=dict)
    words: Mapping[str, object] = field(default_factory=dict)
    seeds: Sequence[int] = SEEDS
    once: bool = False


def released(file: str, epochs: int, seed: int, **overrides: float) -> Kind:
    """Return a released model, ended after some epochs on the rows that the split gives it.

    Their code keeps the epoch of the best accuracy on validation rows and stops 30 epochs after it;
    here the last epoch is kept, so that validation rows choose nothing. ``cvae, to the letter`` has
    their way, with a quarter of the training rows for validation.
    """
    words = {"epochs": epochs, "patience": epochs, "validation": 0, "keep": "last"}
    return Kind(file=f"reference/{file}_released", overrides=overrides, words=words, seeds=(seed,))


#: The `train` line of the shipped files, and that of the released ones up to its end.
OUR_RECIPE: Mapping[str, object] = {
    "learning_rate": 5e-3, "schedule": "exponential", "epochs": 14, "patience": 14,
    "validation": 0, "keep": "last",
}  # fmt: skip
THEIR_RECIPE: Mapping[str, object] = {
    "learning_rate": 1e-4, "schedule": "constant", "validation": 0, "keep": "last",
}  # fmt: skip

KINDS: Mapping[str, Kind] = {
    "dcevae": Kind(file="dcevae", overrides={"beta_fair": 0}),
    "dcevae, fair": Kind(file="dcevae"),
    "dcevae, fair at 0.2": Kind(file="dcevae", overrides={"beta_fair": 0.2}),
    "cvae": Kind(file="cvae"),
    "cevae": Kind(file="cevae"),
    "mcevae": Kind(file="mcevae"),
    "cvae_released": released("cvae", 124, 2, a_f=0),
    "cevae_released": released("cevae", 227, 1, a_f=0),
    "mcevae_released": released("mcevae", 77, 1),
    "dcevae_released": released("dcevae", 112, 1),
    "dcevae, rows once": Kind(file="dcevae", overrides={"beta_fair": 0}, once=True),
    # which part of a difference is the file's, and which its recipe's
    "cvae, their recipe": Kind(
        file="cvae", words={**THEIR_RECIPE, "epochs": 124, "patience": 124}, seeds=(2,)
    ),
    "cvae_released, our recipe": Kind(
        file="reference/cvae_released", overrides={"a_f": 0}, words=OUR_RECIPE, seeds=(2,)
    ),
    "cvae, to the letter": Kind(
        file="reference/cvae_released", overrides={"a_f": 0}, seeds=(1, 2, 3)
    ),
    "cevae_released, our recipe": Kind(
        file="reference/cevae_released", overrides={"a_f": 0}, words=OUR_RECIPE, seeds=(1,)
    ),
}


# --- data -----------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Table:
    """The table as the models read it."""

    data: DataSet
    encoding: Encoding
    question: Question
    config: DcevaeConfig


def table(*, once: bool = False, every: int = 1) -> Table:
    """Return the published table: all of it, each row once, or every so manieth row."""
    from causaldsl import pipeline
    from causaldsl.bench.dcevae import DcevaeConfig, ask, rows_of
    from causaldsl.bench.protocols import DataSet
    from causaldsl.bench.scm_models import columns_of
    from causaldsl.data.binding import bind
    from causaldsl.data.schema import schema_of
    from causaldsl.datasets.registry import load
    from causaldsl.mitigation.abducted import roles_of

    frame = load("adult_binary", "published").iloc[::every].reset_index(drop=True)
    scm = pipeline.checked_scm(records.MODELS / "dcevae.scm")
    bound = bind(frame, schema_of(scm))
    data = DataSet(name="adult_binary", columns=columns_of(bound), roles=roles_of(scm))
    config = DcevaeConfig(seeds=SEEDS, draws=DRAWS, once=once)
    return Table(
        data=rows_of(data, config)[0],
        encoding=bound.encoding,
        question=ask(data.roles, config),
        config=config,
    )


# --- one run --------------------------------------------------------------------------------


def run(kind: Kind, seed: int, given: Table, words: Mapping[str, object] | None = None) -> dict:
    """Return what one model gives on one split, and how its fit went.

    Parameters
    ----------
    words
        Training words over those of the kind, for a shorter run.
    """
    from causaldsl import pipeline
    from causaldsl.bench.dcevae import model_figures
    from causaldsl.bench.scm_models import ScmModel, encoded_rows
    from causaldsl.bench.splits import dcevae_split, take_rows
    from causaldsl.inference.config import configured
    from causaldsl.inference.svi import fit

    compiled = pipeline.compile_scm(records.MODELS / f"{kind.file}.scm", dict(kind.overrides))
    scm, split = compiled.scm, dcevae_split(given.data.n_rows, seed)
    given_words = {"passes": PASSES, **kind.words, **(words or {}), "seed": seed}
    config = configured(scm.training.settings, given_words)
    rows = encoded_rows(take_rows(given.data.columns, split.train), given.encoding, scm)
    with records.timed() as spent:
        fitted = fit(compiled, rows, config=config)
    model = ScmModel(
        compiled=compiled, params=fitted.params, state=fitted.state, seed=seed,
        findings=fitted.result.diagnostics,
    )  # fmt: skip
    with records.timed() as judged:
        figures = model_figures(model, given.data, split, given.question, given.config)
    result = fitted.result
    return {
        "figures": {n: None if v is None else round(v, 6) for n, v in figures.items()},
        "status": result.status,
        "epochs": result.epochs,
        "kept epoch": result.kept,
        "steps": result.steps,
        "learning rate": config.learning_rate,
        "training terms": {n: round(v, 5) for n, v in result.terms.items()},
        "KL of latents": {n: round(v, 4) for n, v in result.kl.items()},
        "findings": [f"{d.code} {d.message}" for d in result.diagnostics],
        "fit": spent,
        "judged": judged,
    }


def real(given: Table, seeds: Sequence[int]) -> dict[str, dict]:
    """Return the row of the table itself, by seed."""
    from causaldsl.bench.dcevae import real_figures
    from causaldsl.bench.splits import dcevae_split

    return {
        str(seed): real_figures(
            given.data, dcevae_split(given.data.n_rows, seed), given.question, given.config
        )
        for seed in seeds
    }


def entropy(given: Table) -> float:
    """Return the entropy of sex in nats: what a model that says nothing of it pays for a row."""
    share = float(given.data.columns[given.question.sensitive].mean())
    return round(-share * math.log(share) - (1 - share) * math.log(1 - share), 6)


# --- all runs -------------------------------------------------------------------------------


def by_kind(runs: Mapping[str, dict]) -> dict[str, dict[int, dict]]:
    """Return the runs of a record by kind and seed."""
    found: dict[str, dict[int, dict]] = {}
    for key, row in runs.items():
        name, seed = key.rsplit(" | seed ", 1)
        found.setdefault(name, {})[int(seed)] = row
    return found


def summary(rows: Mapping[int, dict], name: str) -> tuple[float, float, int] | None:
    """Return mean, standard deviation and number of a figure's values over seeds."""
    values = [r["figures"][name] for r in rows.values() if r["figures"].get(name) is not None]
    if not values:
        return None
    spread = statistics.stdev(values) if len(values) > 1 else 0.0
    return statistics.fmean(values), spread, len(values)


def misses(runs: Mapping[str, dict]) -> list[str]:
    """Return the figures whose mean over seeds lies outside its limits."""
    kinds, found = by_kind(runs), []
    for (kind, name), (low, high) in LIMITS.items():
        mean = summary(kinds.get(kind, {}), name)
        if mean is None:
            found.append(f"{kind}: {name} was not measured")
        elif not low <= mean[0] <= high:
            found.append(f"{kind}: {name} is {mean[0]:.4f}, not within {low:g} .. {high:g}")
    return found


def wanted(names: Sequence[str], seeds: Sequence[int] | None) -> Iterator[tuple[str, int]]:
    """Yield every run, the first seed of each kind before the second."""
    longest = max(len(seeds or KINDS[name].seeds) for name in names)
    for k in range(longest):
        for name in names:
            some = seeds or KINDS[name].seeds
            if k < len(some):
                yield name, some[k]


def run_all(
    pairs: Iterator[tuple[str, int]], runs: dict[str, Any], keep: Callable[[], None]
) -> None:
    """Do the runs that are not there yet, and keep each one."""
    tables = {once: table(once=once) for once in (False, True)}
    for name, seed in pairs:
        key = f"{name} | seed {seed}"
        if key in runs:
            continue
        row = runs[key] = run(KINDS[name], seed, tables[KINDS[name].once])
        shown = {n: row["figures"][n] for n in ("nats", "TE", "CE error", "TE prior", "LR factual")}
        print(key, shown, row["fit"], flush=True)
        keep()


def main() -> None:
    """Run, print, keep; the exit code is 1 where a figure is missed."""
    parser = records.arguments(__doc__.splitlines()[0], RECORD)
    parser.add_argument("--models", nargs="*", default=list(KINDS), choices=list(KINDS))
    parser.add_argument("--seeds", type=int, nargs="*")
    given = parser.parse_args()
    records.begin(given.threads)
    if "CAUSALDSL_DATA" not in os.environ:
        print("skipped: CAUSALDSL_DATA names no folder of public data")
        raise SystemExit(0)
    if given.smoke:
        row = run(KINDS["dcevae"], 1, table(every=40), {"epochs": 1, "passes": 2})
        print(row["figures"])
        return
    done: dict[str, Any] = {"limits": {f"{k}: {n}": v for (k, n), v in LIMITS.items()}}
    before = records.read(given.output) if given.output.is_file() else {}
    read = table()
    done["real"] = before.get("real") or real(read, SEEDS)
    done["entropy of sex"] = entropy(read)
    done["runs"] = before.get("runs", {})
    pairs = wanted(given.models, given.seeds)
    run_all(pairs, done["runs"], lambda: records.write(given.output, done))
    missed = misses(done["runs"])
    print("\n".join(missed) or "every figure is met")
    raise SystemExit(1 if missed else 0)


if __name__ == "__main__":
    main()
