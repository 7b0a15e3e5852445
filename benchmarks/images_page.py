"""Writes docs/results/images.md and its sheet of pictures from the record of `images.py`.

``--check`` says whether the page is what the record gives.
"""

# ruff: noqa: E501 (the lines and signs are those of a page)

import statistics
import sys
from collections.abc import Iterable, Iterator

import records
from images import MODELS, SEEDS, SHOWN, WEIGHTS, key_of, unpacked
from law_school_results import table

PAGE = records.RESULTS / "images.md"
SHEET = records.ROOT / "docs" / "images" / "scenes.png"
NAMES = {"dcevae": "DCEVAE", "cvae": "CVAE", "cevae": "CEVAE", "mcevae": "mCEVAE"}
READ = ("a", "sun", "tree", "snow")
#: Metrics of the second table: heading, name in the record, digits.
ERRORS = (
    ("caused", "pixel_error_caused", 3),
    ("correlated", "pixel_error_correlated", 3),
    ("elsewhere", "pixel_error_rest", 3),
    ("change made", "caused_moved", 3),
    ("distance of features", "fid", 1),
    ("identity kept", "identity_kept", 3),
)
#: A share of scenes that two models must differ by before the page says that they do.
TELLING = 0.02


def of(record: dict, model: str, weight: float, name: str) -> list[float]:
    """Return a metric of every seed."""
    keys = [key_of(model, weight, seed) for seed in SEEDS]
    return [record["runs"][key]["model"][name] for key in keys]


def spread(values: list[float], digits: int, scale: float = 1) -> str:
    """Return mean ± standard deviation over seeds."""
    mean, sd = statistics.fmean(values) * scale, statistics.stdev(values) * scale
    return f"{mean:,.{digits}f} ± {sd:,.{digits}f}"


def attribute_table(record: dict, weight: float) -> str:
    """Return how often each attribute is read off the pictures as it should be."""
    rows = [
        (NAMES[m], *(spread(of(record, m, weight, f"{n} read"), 1, 100) for n in READ))
        for m in MODELS
    ]
    bounds = [
        (said, *(f"{100 * record['bounds'][who][f'{n} read']:.1f}" for n in READ))
        for who, said in (("truth", "true counterfactuals"), ("as it is", "originals as they are"))
    ]
    return table(("pictures", "a flipped", *(f"{n} kept" for n in READ[1:])), [*rows, *bounds])


def error_table(record: dict, weight: float) -> str:
    """Return every other metric."""
    rows = [
        (NAMES[m], *(spread(of(record, m, weight, n), d) for _, n, d in ERRORS)) for m in MODELS
    ]
    bounds = [
        (said, *(f"{abs(record['bounds'][who][n]):,.{d}f}" for _, n, d in ERRORS))
        for who, said in (("truth", "true counterfactuals"), ("as it is", "originals as they are"))
    ]
    return table(("pictures", *(title for title, _, _ in ERRORS)), [*rows, *bounds])


def fit_table(record: dict) -> str:
    """Return how the fits went: what is left of the objective, and what they cost."""
    rows = []
    for weight in WEIGHTS:
        for model in MODELS:
            runs = [record["runs"][key_of(model, weight, seed)] for seed in SEEDS]
            latent = [sum(v for n, v in r["parts"].items() if n.startswith("u")) for r in runs]
            rows.append(
                (
                    NAMES[model],
                    f"{weight:g}",
                    spread([r["parts"]["x"] for r in runs], 1),
                    spread(latent, 1),
                    spread([r["reconstruction"] for r in runs], 4),
                    f"{statistics.fmean(r['CPU seconds'] for r in runs):.0f}",
                )
            )
    head = ("model", "`beta_r`", "-log p(x), nats", "KL, nats", "reconstruction", "CPU seconds")
    return table(head, rows)


# --- sentences ------------------------------------------------------------------------------


def beside(record: dict, weight: float) -> str:
    """Return how often DCEVAE keeps the sun beside the others, in words."""
    means = {m: statistics.fmean(of(record, m, weight, "sun read")) for m in MODELS}
    own = means.pop("dcevae")
    kinds: dict[str, list[str]] = {"more often than": [], "as often as": [], "less often than": []}
    for model, mean in means.items():
        kind = 1 if abs(own - mean) <= TELLING else 0 if own > mean else 2
        kinds[list(kinds)[kind]].append(f"{NAMES[model]} ({100 * mean:.1f} %)")
    said = [f"{words} {' and '.join(names)}" for words, names in kinds.items() if names]
    return f"DCEVAE keeps the sun in {100 * own:.1f} % of the scenes: {'; '.join(said)}"


def units(record: dict) -> str:
    """Return what DCEVAE's two latents hold, in nats, as shipped."""
    runs = [record["runs"][key_of("dcevae", WEIGHTS[0], seed)]["parts"] for seed in SEEDS]
    own = {n: statistics.fmean(r[n] for r in runs) for n in ("u_r", "u_d")}
    return f"{own['u_r']:.1f} nats of `u_r` and {own['u_d']:.2f} of `u_d`"


def unsettled(record: dict) -> str:
    """Return how many of the fits had not converged by their own verdict."""
    runs = record["runs"].values()
    return f"{sum('CD620' in r['findings'] for r in runs)} of {len(runs)}"


def page(record: dict) -> str:
    """Return the page."""
    any_run = next(iter(record["runs"].values()))
    n, judged, epochs = any_run["scenes"], any_run["judged"], any_run["epochs"]
    reader = ", ".join(f"`{k}` {v:.1%}" for k, v in record["bounds"]["reader"].items())
    named, unnamed = WEIGHTS
    return f"""<!-- Written by `python benchmarks/images_page.py`; do not edit. -->

# Images: flip what a causes, keep what only goes with it

Every number on this page is written by a command from the record beside it (`images.json`, made by `python benchmarks/images.py`).

The scenes are drawn (`causaldsl data scenes`): `a` causes the roof and the window, and only goes with the sun (association .56), because both come from something hidden. Each scene's true
counterfactual is known. The four image models are fitted on {n:,} scenes of 3 x 16 x 16 pixels, {epochs} epochs, {len(SEEDS)} seeds (mean ± standard deviation), and judged on {judged} others under
do(a = 1 - a): latents are the encoder's means, pixels the mechanism's means. A network trained on the {n:,} scenes reads the attributes; on scenes set apart it is right in {reader}. The same is shown
for any fit by `causaldsl pictures FIT --judge`; [metrics](../metrics.md) says what each number is.

## As shipped: the attributes are named

`loss elbo(weights={{r: {named:g}, ...}})`: the latent must tell sun, tree and snow (`--set beta_r={named:g}`). Per cent of the scenes in which the attribute is read as it should be:

{attribute_table(record, named)}

Mean absolute errors of a pixel (0 to 1) by part of the picture, and the other metrics:

{error_table(record, named)}

{beside(record, named)}. What the attributes name stays, with one latent as with two.

## With nobody naming the attributes

The same with `--set beta_r={unnamed:g}`: the models see pictures and `a` alone.

{attribute_table(record, unnamed)}

{error_table(record, unnamed)}

{beside(record, unnamed)}. From pictures and `a` alone, what `a` causes and what only goes with it cannot be told apart, and every one of the models changes a
sun that should stay: {statistics.fmean(v for m in MODELS for v in of(record, m, unnamed, "sun read")):.0%} kept on average, while roof and window change as before.

![The first {SHOWN} test scenes](../images/scenes.png)

The first {SHOWN} test scenes, seed {SEEDS[0]}: the original, the true counterfactual, then what each model makes of it with the attributes named and without.

## What this says of the claim

- All four flip what `a` causes.
- That the correlated part stays is owed to the weight on the observed attributes, not to the second latent: DCEVAE is not ahead of CVAE here. As shipped its encoder uses {units(record)} a row: the part
  that `a` might move holds next to nothing, since `a` itself enters the picture.
- mCEVAE's latent is matched to one distribution in both groups of `a`; the sun is distributed otherwise in them, so its matching moves the sun.
- CEVAE makes the other world's picture by the other network, for latents that it was seldom trained on: in every part its errors are larger than
  those of CVAE and DCEVAE.
- None of this is CelebA: scenes are small, and nothing that the true counterfactual needs is hidden in them. The paper's table (Kim et al. 2021, supplement) has DCEVAE ahead there.

## The fits

By their own verdict {unsettled(record)} fits had not converged: after {epochs} epochs the objective still falls by more than the tolerance, though no picture shows it. `reconstruction` is the mean
absolute error of a pixel of the test scenes. CPU seconds are those of one thread, on a busy machine.

{fit_table(record)}
"""


# --- the sheet ------------------------------------------------------------------------------


def columns(record: dict) -> Iterator[tuple[str, object]]:
    """Yield the columns of the sheet."""
    yield "original", unpacked(record["shown"]["originals"])
    yield "true a=a'", unpacked(record["shown"]["truths"])
    for weight, said in zip(WEIGHTS, ("named", "unnamed"), strict=True):
        for model in MODELS:
            shown = record["shown"][key_of(model, weight, SEEDS[0])]
            yield f"{NAMES[model]} {said}", unpacked(shown)


def main(words: Iterable[str]) -> None:
    """Write the page and the sheet, or check the page."""
    record = records.read(records.RESULTS / "images.json")
    text = page(record)
    if "--check" in words:
        raise SystemExit(0 if PAGE.read_text("utf-8") == text else f"{PAGE} is out of date")
    from causaldsl.reports.contact_sheet import save_contact_sheet

    PAGE.write_text(text, "utf-8")
    save_contact_sheet(SHEET, dict(columns(record)), title="a = 1 - a", rows=SHOWN)
    print(f"wrote {PAGE} and {SHEET}")


if __name__ == "__main__":
    main(sys.argv[1:])
