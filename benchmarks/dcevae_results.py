"""Writes docs/results/dcevae.md: the deep models beside known figures, each difference explained.

The records come from the scripts beside this one; the page is made from them alone, and ``--check``
says whether the page is what they give.
"""

# ruff: noqa: E501, RUF001 (the lines and signs are those of a page)

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

import records
from dcevae_adult import KINDS, LIMITS, by_kind, misses, summary
from law_school_results import table

from causaldsl.bench.effects_published import NOT_KNOWN, RELEASED_AGAIN, EffectFigures
from causaldsl.bench.effects_published import REAL as PUBLISHED

PAGE = records.RESULTS / "dcevae.md"
STRATA = tuple(f"CE Race={race}, Native_Country={country}" for race in "01" for country in "01")
#: Our kinds by the paper's names.
NAMES = {
    "dcevae": "DCEVAE",
    "cvae": "CVAE",
    "cevae": "CEVAE",
    "mcevae": "mCEVAE",
    "dcevae_released": "DCEVAE",
    "cvae_released": "CVAE",
    "cevae_released": "CEVAE",
    "mcevae_released": "mCEVAE",
}
PRINCIPLED = ("dcevae", "cvae", "cevae", "mcevae")
Rows = Mapping[int, dict]


def cell(rows: Rows, name: str, digits: int = 3) -> str:
    """Return mean and sd over seeds, the value alone where there is one, a dash where there is none."""
    found = summary(rows, name)
    if found is None:
        return "-"
    mean, sd, n = found
    text = f"{mean + 0.0:.{digits}f}"
    return text if n == 1 else f"{text} ± {sd:.{digits}f}"


def mean_of(rows: Rows, name: str) -> float:
    """Return a figure's mean over seeds."""
    found = summary(rows, name)
    if found is None:
        raise KeyError(name)
    return found[0]


def again(name: str, fair: float = 0.0) -> EffectFigures:
    """Return the authors' code, run again."""
    return next(r for r in RELEASED_AGAIN if (r.method, r.fair) == (name, fair))


def known(value: float | None, digits: int = 3) -> str:
    """Return a known figure."""
    return "-" if value is None else f"{value + 0.0:.{digits}f}"


#: The models in the order of every table, the released ones last.
ALL = (*PRINCIPLED, *(f"{p}_released" for p in PRINCIPLED))


# --- Table 1 --------------------------------------------------------------------------------

HEAD = (
    "", "TE", "CE o1", "o2", "o3", "o4", "CE error", "χ² factual", "χ² counterf.", "LR", "SVM",
)  # fmt: skip


def ours(label: str, rows: Rows) -> tuple[str, ...]:
    """Return a line of the table for runs of ours."""
    effects = (cell(rows, name) for name in ("TE", *STRATA, "CE error"))
    distances = (cell(rows, f"chi2 {w}", 4) for w in ("factual", "counterfactual"))
    return (label, *effects, *distances, cell(rows, "LR factual"), cell(rows, "SVM factual"))


def theirs(label: str, row: EffectFigures) -> tuple[str, ...]:
    """Return a line of the table for the authors' code or the paper."""
    effects = (known(v) for v in (row.total, *row.by_stratum, row.effect_error))
    distances = (known(row.chi_square.get(w), 4) for w in ("factual", "counterfactual"))
    accuracy = (known(row.accuracy.get(f"{n} factual", row.accuracy.get(n))) for n in ("LR", "SVM"))
    return (label, *effects, *distances, *accuracy)


def table_one(adult: dict) -> str:
    """Return ours beside the published and the re-measured figures."""
    kinds = by_kind(adult["runs"])
    real = {int(seed): {"figures": row} for seed, row in adult["real"].items()}
    lines = [theirs("Real, published", PUBLISHED), ours("Real, this file", real)]
    for kind in PRINCIPLED:
        name = NAMES[kind]
        for file in (kind, f"{kind}_released"):
            epochs, n = first(kinds[file])["epochs"], len(kinds[file])
            label = f"{name}, `{file}.scm`, {epochs} epochs, {n} split{'s' * (n > 1)}"
            lines.append(ours(f"**{label}**", kinds[file]))
        lines.append(theirs(f"{name}, authors' code, {again(name).epochs} epochs", again(name)))
    seeds = ", ".join(map(str, kinds["dcevae"]))
    return f"""## Beside the published numbers

`python benchmarks/dcevae_adult.py`, or `causaldsl data adult_binary --part published -o adult.csv` and `causaldsl compare --protocol dcevae models/dcevae.scm models/cvae.scm models/cevae.scm models/mcevae.scm
--data adult.csv --set beta_fair=0 --seeds {seeds.replace(" ", "")}`. The table of the paper: total effect (TE) and effects by race and country (CE) on test rows, of probabilities, latents from the
encoder given the whole row; the mean absolute error of the four CE; chi-square distance of decoded rows' column sums; accuracy on all real rows of classifiers that
learned decoded rows. Ours are mean ± standard deviation over splits (seeds {seeds}; the released files one split, that of the authors' run). No fairness term.

{table(HEAD, lines)}

Of the paper's Table 1 the row of the real data is known to us; **the cells of {", ".join(NOT_KNOWN)} are not**, and neither are the values of its Fig. 4, which is a
plot. The lines "authors' code" are one run each of their released code, ended by time or by its own patience: orders of magnitude, not means of five runs.
"""


# --- differences ----------------------------------------------------------------------------


def differences_section(adult: dict) -> str:
    """Return where ours and the known figures differ, and why."""
    kinds = by_kind(adult["runs"])
    dcevae, cvae, cevae, mcevae = (kinds[k] for k in PRINCIPLED)
    middle = [mean_of(dcevae, name) for name in STRATA[1:3]]
    theirs_middle = again("DCEVAE").by_stratum[1:3]
    real_middle = PUBLISHED.by_stratum[1:3]
    u_r = sum(row["KL of latents"]["u_r"] for row in dcevae.values()) / len(dcevae)
    of_sex = mean_of(cevae, "nats of sensitive")
    letter = kinds["cvae, to the letter"]
    te = {k: mean_of(kinds[k], "TE") for k in kinds}
    there = next(iter(kinds["cvae_released"]))
    by_split = ", ".join(f"{r['figures']['TE']:.3f} (split {s})" for s, r in sorted(letter.items()))
    kept = ", ".join(f"{r['kept epoch']} of {r['epochs']}" for _, r in sorted(letter.items()))
    loose = kinds["mcevae_released"]
    return f"""### Where the numbers differ, and why

- **DCEVAE agrees**: TE {te["dcevae"]:.3f} against {again("DCEVAE").total:.3f}, error of CE {mean_of(dcevae, "CE error"):.3f} against {again("DCEVAE").effect_error:.3f}, which is one run on one split; ours spread by {spread(dcevae, "CE error"):.3f}
  over splits. The released file, at the authors' rate and number of epochs, has {te["dcevae_released"]:.3f} and {mean_of(kinds["dcevae_released"], "CE error"):.3f}. All have o2 and o3 too high ({middle[0]:.3f} and {middle[1]:.3f}; authors' code {theirs_middle[0]:.3f} and {theirs_middle[1]:.3f}; the table {real_middle[0]:.3f} and {real_middle[1]:.3f}). An effect can differ by race
  and country through u_r alone, and u_r holds {u_r:.2f} nats per row: three nearly independent columns give it nothing to share.
- **CVAE**: {te["cvae"]:.3f} over splits against {again("CVAE").total:.3f} in their one run. Neither the file nor the rate makes the difference. On their split, {there}, `cvae.scm` has {cvae[there]["figures"]["TE"]:.3f} by its own recipe and {te["cvae, their recipe"]:.3f} by
  theirs (1e-4, 124 epochs), the released file {te["cvae_released, our recipe"]:.3f} and {te["cvae_released"]:.3f}. What moves it is which epoch is kept. Their code keeps the one whose label is predicted best by an encoder that has seen the label,
  whatever the objective says of it. By the letter, with a quarter of the rows apart, the same file gives {by_split}, keeping epoch {kept}: one run of it says
  little.
- **CEVAE**: {te["cevae"]:.3f} against {again("CEVAE").total:.3f}. Its graph has no arrow from sex into d, so that what sex does through d has to come by u, and u says sex: of its {adult["entropy of sex"]:.3f}
  nats {of_sex:.3f} are left given u. What remains for the arrow from sex to y is a correction, here a negative one. The released file has {te["cevae_released"]:.3f} by their recipe and {te["cevae_released, our recipe"]:.3f} by ours, so that the difference is
  the file's: its encoder's heads end in tanh, so that its standard deviations cannot fall below .61 and u can say less (KL {mean_of(kinds["cevae_released"], "KL"):.2f} nats against {mean_of(cevae, "KL"):.2f}), and it reads draws of sex and income in place of the observed ones.
- **mCEVAE**: {te["mcevae"]:.3f} against {again("mCEVAE").total:.3f}, and LR {mean_of(mcevae, "LR factual"):.3f} where theirs falls back to the majority ({again("mCEVAE").accuracy["LR factual"]:.3f}). `mcevae.scm` minimises what the supplement writes, with the KL; their code has none. The released file has {te["mcevae_released"]:.3f} from abducted
  latents and {mean_of(loose, "TE prior"):.3f} from the prior, which its posterior, {mean_of(loose, "KL"):.1f} nats away, is not: decoded rows and effects of that file are of latents that the model itself would not draw.
- **Accuracies of LR** are near the authors' for every other model; the cubic SVM, which falls back to the majority ({again("CEVAE").accuracy["SVM factual"]:.3f}) on the rows of their CEVAE, does so on the released file's ({mean_of(kinds["cevae_released"], "SVM factual"):.3f}) and not on those of `cevae.scm` ({mean_of(cevae, "SVM factual"):.3f}).
- **Epochs**: {first(dcevae)["epochs"]} at {first(dcevae)["learning rate"]:g}, decaying, do for ours what took theirs {again("DCEVAE").epochs} at 1e-4.
"""


def spread(rows: Rows, name: str) -> float:
    """Return a figure's standard deviation over seeds."""
    found = summary(rows, name)
    return 0.0 if found is None else found[1]


# --- figures to meet ------------------------------------------------------------------------


def limits_section(adult: dict) -> str:
    """Return the figures to meet, and which are missed."""
    kinds = by_kind(adult["runs"])
    lines = []
    for (kind, name), (low, high) in LIMITS.items():
        mean = mean_of(kinds[kind], name)
        asked = (
            f"at most {high:g}"
            if low <= 0
            else f"at least {low:g}"
            if high >= 1
            else f"{low:g} to {high:g}"
        )
        met = "yes" if low <= mean <= high else "**no**"
        by_seed = ", ".join(f"{row['figures'][name]:.4f}" for row in kinds[kind].values())
        lines.append((kind, name, asked, f"{mean:.4f}", met, by_seed))
    missed = misses(adult["runs"])
    dcevae = kinds["dcevae"]
    cost = [row["fit"]["CPU seconds"] for row in dcevae.values()]
    steps = next(iter(dcevae.values()))["steps"]
    return f"""## Figures to meet

{table(("model", "figure", "asked, mean over seeds", "mean", "met", "by seed"), lines)}

{"Every figure is met." if not missed else "Missed: " + "; ".join(missed) + "."}{_cvae_said(kinds)} A fit of DCEVAE is {steps:,} steps, {min(cost):.0f} to {max(cost):.0f} CPU seconds with its final passes and the second guide.
"""


def _cvae_said(kinds: Mapping[str, Rows]) -> str:
    """Return what the range that was asked of CVAE's released file rests on."""
    letter = kinds["cvae, to the letter"]
    low, high = LIMITS["cvae, to the letter", "TE"]
    inside = [s for s, row in sorted(letter.items()) if low <= row["figures"]["TE"] <= high]
    where = f"split {', '.join(map(str, inside))}" if inside else "no split"
    return (
        f" What is asked of CVAE as released rests on one run of the authors' code, on split 2: ours lies within it on {where}"
        f" of {len(letter)}."
    )


# --- the fits -------------------------------------------------------------------------------


def fits_section(adult: dict, facts: dict) -> str:
    """Return how well each model fits, and what its latents hold."""
    kinds = by_kind(adult["runs"])
    floors = facts["whole"]["published"]["nats per row at least"]
    lines = [
        (
            f"`{KINDS[kind].file}.scm`",
            cell(kinds[kind], "nats"),
            cell(kinds[kind], "nats of outcome"),
            cell(kinds[kind], "KL"),
            ", ".join(f"{n} {v:.2f}" for n, v in first(kinds[kind])["KL of latents"].items()),
            f"{first(kinds[kind])['epochs']} × {first(kinds[kind])['learning rate']:g}",
            f"{first(kinds[kind])['fit']['CPU seconds']:.0f}",
        )
        for kind in ALL
    ]
    return f"""## The fits

Nats per validation row without the term of sex itself, so that CEVAE, which models it, stands beside the others: r, d, y and the KL (of mCEVAE the KL too, which the file
as released does not minimise). From counts of the file: no model can be below {floors["any model"]:.3f} on average; one in which r is apart from sex and features d, as DCEVAE's graph has it,
not below {floors["r apart from a and d (DCEVAE)"]:.3f}; one of independent columns has {floors["every column apart"]:.3f}. Splits move the figure by 0.012.

{table(("model", "nats", "of them y", "KL", "KL by latent, first seed", "epochs × first rate", "CPU s"), lines)}
"""


def first(rows: Rows) -> dict:
    """Return the run of the first seed."""
    return rows[min(rows)]


# --- whose latents --------------------------------------------------------------------------


def latents_section(adult: dict) -> str:
    """Return the total effect by whose latents, and what that says."""
    kinds = by_kind(adult["runs"])
    lines = [
        (
            f"`{KINDS[kind].file}.scm`",
            *(
                cell(kinds[kind], name)
                for name in (
                    "TE", "TE sampled", "TE without outcome", "TE prior", "CE error",
                    "CE error without outcome",
                )
            ),
        )
        for kind in ALL
    ]  # fmt: skip
    cvae, mcevae, dcevae = (mean_of(kinds[k], "TE") for k in ("cvae", "mcevae", "dcevae"))
    return f"""## Whose latents

The same effect with latents from four places: the encoder given the row (probabilities, and drawn outcomes), the encoder given the row without its outcome, the prior.

{table(("model", "TE abducted", "TE sampled", "without outcome", "prior", "CE error", "CE error without outcome"), lines)}

- **A right TE is no evidence of disentanglement.** Sex is a root in all graphs but CEVAE's, so every other model that fits P(y | a) has the observed difference as its effect
  over the prior. `mcevae.scm`, with one latent for everything, has {mcevae:.3f} from abducted latents and `cvae.scm` {cvae:.3f}, where DCEVAE has {dcevae:.3f}.
- **TE without the outcome** is the estimand for a unit whose income is not known. It is another number from the one above, and a table must say which it has.
"""


# --- fairness -------------------------------------------------------------------------------


def fair_section(adult: dict) -> str:
    """Return the fair task: the effect goes, the accuracy stays."""
    kinds = by_kind(adult["runs"])
    lines = []
    shown = {
        "without the term": "dcevae",
        "beta_fair = 0.2, the paper's": "dcevae, fair at 0.2",
        "beta_fair = 0.3, the file's": "dcevae, fair",
    }
    for label, rows in ((f"{n}, splits: {len(kinds[k])}", kinds[k]) for n, k in shown.items()):
        lines.append(
            (
                label,
                cell(rows, "LR factual"), cell(rows, "SVM factual"), cell(rows, "TE"),
                cell(rows, "mean CE"), cell(rows, "chi2 factual", 4),
                cell(rows, "chi2 counterfactual", 4), cell(rows, "LR counterfactual"),
            )
        )  # fmt: skip
    row = again("DCEVAE", 0.2)
    lines.append(
        (
            f"authors' code, {row.epochs} epochs", known(row.accuracy["LR factual"]),
            known(row.accuracy["SVM factual"]), known(row.total),
            known(sum(row.by_stratum) / 4), known(row.chi_square["factual"], 4),
            known(row.chi_square["counterfactual"], 4), "-",
        )
    )  # fmt: skip
    return f"""## The fair task

The quantities of Fig. 4: `dcevae.scm` as it stands, with its fairness term, against the same without it. Classifiers learn decoded rows.

{table(("", "LR", "SVM", "TE", "mean CE", "χ² factual", "χ² counterf.", "LR, counterfactual rows"), lines)}

At the paper's weight of {0.2:g} the authors' run, cut after {row.epochs} epochs at their rate, has a total effect of {row.total:.3f}; ours, trained further, has {mean_of(kinds["dcevae, fair at 0.2"], "TE"):.3f} over splits: the effect grows with the fit, and the
weight has to grow with it. At {0.3:g} it is {mean_of(kinds["dcevae, fair"], "TE"):.3f}, for {mean_of(kinds["dcevae"], "LR factual") - mean_of(kinds["dcevae, fair"], "LR factual"):.3f} of accuracy.
"""


# --- steps, simulations, peers --------------------------------------------------------------


def step_section(step: dict) -> str:
    """Return the training step beside its opponents."""
    lines = []
    for name, row in step["models"].items():
        times = {n: t["CPU ms per step"] for n, t in row["steps"].items()}
        lines.append(
            (
                f"`{name}.scm`",
                f"{row['parameters']:,}",
                *(
                    f"{times[n]:.2f}"
                    for n in ("compiled", "compiled, in a fit", "Pyro by hand", "torch alone")
                ),
                f"{row['compiled of Pyro']:.2f}",
                f"{row['compiled of torch']:.2f}",
            )
        )
    slow = step["slower than Pyro"]
    return f"""## A training step

`python benchmarks/deep_step.py`: batches of {step["batch"]}, one thread, float64, all with the KL in closed form and both players' gradients; CPU milliseconds, medians of {step["turns"]} turns of
{step["steps in a turn"]} steps in one process. The models by hand (`benchmarks/deep_opponents.py`) have the same networks, shape by shape. "In a fit" is the library's own loop, which deals rows, records
every term and watches for numbers that are not finite.

{table(("model", "parameters", "compiled", "in a fit", "Pyro by hand", "torch alone", "compiled / Pyro", "compiled / torch"), lines)}

{"The compiled step takes no longer than the one in Pyro for any of the four." if not slow else "Slower than Pyro: " + ", ".join(slow) + "."}
"""


def confounded_section(found: dict) -> str:
    """Return the models on rows whose effects are known."""
    models = list(dict.fromkeys(key.split(" | ")[1] for key in found["runs"]))
    seeds = sorted({key.rsplit(" ", 1)[1] for key in found["runs"]})
    parts = []
    for setting, said in found["settings"].items():
        lines = [(f"`{m}.scm`", *_confounded_line(found, setting, m)) for m in models]
        numbers = ", ".join(f"{n}={v:g}" for n, v in said["numbers"].items()) or "its own numbers"
        parts.append(
            f"**{setting}** ({numbers}): {said['meaning']}. Exact total effect **{said['total effect']:.3f}**; groups differ by "
            f"{said['difference between groups']:.3f}, adjusted for r by {said['adjusted for r']:.3f}.\n\n"
            + table(
                (
                    "model", "TE abducted", "TE prior", "RMSE of rows", "of the exact mean",
                    "correlation", "RMSE without outcome", "of the exact mean",
                ),
                lines,
            )
            + "\n"
        )  # fmt: skip
    return f"""## Hidden causes, known effects

`python benchmarks/confounded.py`: {found["training rows"]:,} rows simulated from `confounded_simulated.scm` teach each shipped file, {found["test rows"]:,} others are asked; means over seeds {", ".join(seeds)}. Exact effects, in total and by row given all
that the row shows, come from quadrature over the hidden causes (`benchmarks/confounded_truth.py`). Beside each model's error by row stands that of an answer that knows the exact
mean and nothing of the row.

{chr(10).join(parts)}
{_confounded_said(found, models)}
"""


def _confounded_runs(found: dict, setting: str, model: str) -> list[dict]:
    return [row for key, row in found["runs"].items() if key.startswith(f"{setting} | {model} | ")]


def _confounded_line(found: dict, setting: str, model: str) -> list[str]:
    rows = _confounded_runs(found, setting, model)

    def mean(digits: int, *path: str) -> str:
        values = []
        for row in rows:
            value = row
            for name in path:
                value = value[name]
            values.append(float(value))
        return f"{sum(values) / len(values):.{digits}f}"

    return [
        mean(3, "whole row", "total effect"),
        mean(3, "total effect from the prior"),
        mean(3, "whole row", "RMSE of rows"),
        mean(3, "whole row", "RMSE of the exact mean"),
        mean(2, "whole row", "correlation"),
        mean(3, "without outcome", "RMSE of rows"),
        mean(3, "without outcome", "RMSE of the exact mean"),
    ]


def _errors(found: dict, setting: str, model: str) -> list[float]:
    """Return the errors of the total effect, by seed."""
    exact = found["settings"][setting]["total effect"]
    return [r["whole row"]["total effect"] - exact for r in _confounded_runs(found, setting, model)]


#: A total effect is called missed where it is off by more, on the mean over seeds.
MISSED = 0.03


def _confounded_said(found: dict, models: list[str]) -> str:
    """Return each model's errors by setting, and what its graph says of them."""
    settings = list(found["settings"])
    lines = [
        (
            f"`{m}.scm`",
            *(", ".join(f"{e:+.3f}" for e in _errors(found, setting, m)) for setting in settings),
        )
        for m in models
    ]
    said = []
    for m in models:
        off = {x: sum(_errors(found, x, m)) / len(_errors(found, x, m)) for x in settings}
        bad = [f"{x} ({off[x]:+.3f})" for x in settings if abs(off[x]) > MISSED]
        good = [x for x in settings if abs(off[x]) <= MISSED]
        said.append(
            f"- `{m}.scm` misses the total effect by more than {MISSED:g} where: {'; '.join(bad) or 'nowhere'}. It finds it where: {'; '.join(good) or 'nowhere'}."
        )
    return f"""Errors of the total effect by seed, ours less exact:

{table(("model", *settings), lines)}

{chr(10).join(said)}

CVAE, mCEVAE and DCEVAE take `a` for given, with latents independent of it. Where something hidden moves `a` too, they credit its work to `a`, and their fit of the table is none the worse: no number that they print on such a table shows
it. Where nothing hidden moves `a`, all three find the effect; how near they come to single rows stands in the tables. CEVAE lets its latent move `a` and has no arrow from `a` into d: it takes the effect through d for confounding. Even where that arrow is absent its answer
differs by seed, since the table does not fix how much of what `a` and y share is the latent's.
"""


def peer_section(peer: dict) -> str:
    """Return CEVAE in its original form beside Pyro's."""
    lines = []
    for seed, row in peer["runs"].items():
        for who in ("compiled", "pyro.contrib.cevae"):
            for given, judged in row[who].items():
                if given != "fit":
                    lines.append(
                        (
                            seed, f"{row['ATE']:.3f}", who, given, f"{judged['ATE']:.3f}",
                            f"{judged['ATE error']:.3f}", f"{judged['PEHE']:.3f}",
                            f"{row[who]['fit']['CPU seconds']:.0f}",
                        )
                    )  # fmt: skip
        plain = row["regressions by treatment"]
        lines.append(
            (
                seed, f"{row['ATE']:.3f}", "two regressions", "features alone",
                f"{plain['ATE']:.3f}", f"{plain['ATE error']:.3f}", f"{plain['PEHE']:.3f}", "-",
            )
        )  # fmt: skip
    ours, pyros = (peer["means"][w]["features alone"] for w in ("compiled", "pyro.contrib.cevae"))
    row = peer["means"]["compiled"]["whole row"]
    groups = ", ".join(f"{r['difference between groups']:.2f}" for r in peer["runs"].values())
    spread = ", ".join(f"{r['constant at the exact ATE']:.2f}" for r in peer["runs"].values())
    return f"""## CEVAE in its original form, beside Pyro's

`python benchmarks/cevae_peer.py`: `cevae_ihdp.scm` and `pyro.contrib.cevae` on the same {len(peer["runs"])} tables of {peer["rows"]:,} rows in the form of IHDP, hidden causes moving features, treatment and outcome,
effects by row known; {peer["epochs"]} epochs each, the same batches, rate and decay. Groups differ by {groups}; an answer that knows the exact mean has a PEHE of {spread}.

{table(("table", "exact ATE", "model", "given", "ATE", "error of ATE", "PEHE", "CPU s"), lines)}

Asked the same (features alone), the mean error of the ATE is {ours["ATE error"]:.3f} for the compiled model and {pyros["ATE error"]:.3f} for Pyro's, the PEHE {ours["PEHE"]:.3f} and {pyros["PEHE"]:.3f}. Given the whole row, which is another
estimand, the compiled model has {row["ATE error"]:.3f} and {row["PEHE"]:.3f}. They are not one model: Pyro's features are all Normal, nineteen of them binary or not, and its outcome's spread is learned.
"""


def copies_section(adult: dict, facts: dict) -> str:
    """Return what the rows that the file holds twice do."""
    once = by_kind(adult["runs"])["dcevae, rows once"]
    whole = by_kind(adult["runs"])["dcevae"]
    known_rows = facts["splits"]["published"]["mean and sd"]["test rows whose copy is known"][0]
    names = ("nats", "TE", "CE error", "LR factual", "SVM factual")
    lines = [
        (label, *(cell(rows, name) for name in names))
        for label, rows in (("all 65,123 rows, as published", whole), ("each row once", once))
    ]
    return f"""## Rows that the file holds twice

The file ends with a second copy of Adult's {facts["rows repeated at the end"]:,} test rows: on a published split {known_rows:.0%} of the test rows have their own copy among training or validation rows.
`--protocol dcevae-once` leaves the second copies out, learns classifiers from decoded training and validation rows and asks them of real test rows.

{table(("`dcevae.scm`", "nats", "TE", "CE error", "LR", "SVM"), lines)}

With eleven binary columns there are {facts["whole"]["published"]["distinct rows"]:,} distinct rows, nearly all of which every part has seen: copies move these figures by less than splits do. They would matter on a table
with finer columns.
"""


def page() -> str:
    """Return the page, made from the records alone."""
    r = {
        name: records.read(records.RESULTS / f"{name}.json")
        for name in ("dcevae_adult", "adult_binary", "deep_step", "confounded", "cevae_peer")
    }
    adult = r["dcevae_adult"]
    parts = [
        "<!-- Written by `python benchmarks/dcevae_results.py`; do not edit. -->\n",
        "# Binarised Adult: CVAE, CEVAE, mCEVAE and DCEVAE\n",
        "Every number of ours on this page is written by a command from the records beside it "
        "(`docs/results/*.json`).\n",
        table_one(adult),
        differences_section(adult),
        limits_section(adult),
        fits_section(adult, r["adult_binary"]),
        latents_section(adult),
        fair_section(adult),
        copies_section(adult, r["adult_binary"]),
        confounded_section(r["confounded"]),
        peer_section(r["cevae_peer"]),
        step_section(r["deep_step"]),
    ]
    return "\n".join(parts)


def main() -> None:
    """Write the page, or say whether it is what the records give."""
    parser = records.arguments(__doc__.splitlines()[0])
    parser.add_argument("-o", "--output", type=Path, default=PAGE)
    parser.add_argument("--check", action="store_true", help="say whether the page is up to date")
    given = parser.parse_args()
    if given.smoke or given.check:
        current = given.output.is_file() and given.output.read_text("utf-8") == page()
        print(f"{given.output.name} is {'what the records give' if current else 'out of date'}")
        sys.exit(0 if current else 1)
    given.output.write_text(page(), "utf-8")
    print(f"wrote {given.output}")


if __name__ == "__main__":
    main()
