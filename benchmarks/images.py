"""The four image models on drawn scenes, whose true counterfactuals are known.

Each is fitted on the training scenes as its file says, and once more with nobody naming what the
pictures show (``beta_r=0``), for several seeds; its pictures under do(a = 1 - a) are judged on the
test scenes. One run at a time, each kept as soon as it is done; a run found in the record is not
repeated. `images_page.py` writes the page and the sheet.
"""

import base64
import json
from collections.abc import Iterator

import numpy as np
import records

MODELS = ("dcevae", "cvae", "cevae", "mcevae")
#: Weights of the attributes' log-likelihood: the files' own, and none.
WEIGHTS = (40, 0)
SEEDS = (0, 1)
SHOWN = 6  # scenes of the sheet
PASSES = 10  # over all scenes, for the parts of the objective
READERS = 0  # seed of the networks that read the pictures, the same for every run


def runs(models: list[str], weights: list[float], seeds: list[int]) -> Iterator[tuple]:
    """Yield every run: model, weight, seed; each model once first."""
    for seed in seeds:
        for weight in weights:
            for model in models:
                yield model, weight, seed


def key_of(model: str, weight: float, seed: int) -> str:
    """Return the name of a run in the record."""
    return f"{model} | beta_r {weight:g} | seed {seed}"


def measure(model: str, weight: float, seed: int, *, smoke: bool = False) -> dict:
    """Return one run: how the fit ended, and what its pictures are worth."""
    from causaldsl import pictures, pipeline
    from causaldsl.datasets.registry import load

    scenes = load("scenes", "train")
    words: dict = {"seed": seed, "passes": PASSES}
    if smoke:
        scenes, words = scenes.head(128), {**words, "epochs": 1, "passes": 2}
    file = records.MODELS / f"{model}_image.scm"
    with records.timed() as spent:
        fitted = pipeline.fit(file, scenes, overrides={"beta_r": float(weight)}, words=words)
    few = {"n": 20, "n_train": 40} if smoke else {}
    judged = pictures.judge_scenes(
        pipeline.answerer_of(fitted), seed=READERS, resamples=None, **few
    )
    made = judged.pictures
    return {
        "scenes": fitted.result.n_rows,
        "epochs": fitted.result.epochs,
        "parts": {n: round(v, 3) for n, v in fitted.result.parts.items()},
        "terms": {n: round(v, 4) for n, v in fitted.result.terms.items()},
        "findings": [d.code for d in fitted.result.diagnostics],
        "reconstruction": round(judged.result.reconstruction, 5),
        **{who: figures(values) for who, values in judged.values.items() if who == "model"},
        "bounds": {who: figures(v) for who, v in judged.values.items() if who != "model"},
        "judged": judged.result.n_rows,
        "reader": dict(judged.result.reader),
        "pictures": packed(made.counterfactual[:SHOWN]),
        "originals": packed(made.original[:SHOWN]),
        "truths": packed(made.truth[:SHOWN]),
        **spent,
    }


def figures(values: dict) -> dict[str, float]:
    """Return every metric's estimate, and the attributes' apart."""
    found = {name: value.estimate for name, value in values.items()}
    read = values["attribute_accuracy"].by
    return {n: round(v, 5) for n, v in (found | {f"{k} read": v for k, v in read.items()}).items()}


def packed(images: np.ndarray) -> dict:
    """Return pictures as text: their shape, and their bytes from 0 to 255."""
    whole = (images * 255).round().astype(np.uint8)
    return {"shape": list(whole.shape), "bytes": base64.b64encode(whole.tobytes()).decode()}


def unpacked(text: dict) -> np.ndarray:
    """Return the pictures that `packed` wrote, from 0 to 1."""
    whole = np.frombuffer(base64.b64decode(text["bytes"]), dtype=np.uint8)
    return whole.reshape(text["shape"]) / 255


def main() -> None:
    """Run, print, keep."""
    parser = records.arguments(__doc__.splitlines()[0], "images.json")
    parser.add_argument("--models", nargs="*", default=list(MODELS), choices=MODELS)
    parser.add_argument("--weights", type=float, nargs="*", default=list(WEIGHTS))
    parser.add_argument("--seeds", type=int, nargs="*", default=list(SEEDS))
    given = parser.parse_args()
    records.begin(given.threads)
    if given.smoke:
        given.models, given.weights, given.seeds = given.models[:1], given.weights[:1], [0]
    done: dict = {"bounds": {}, "shown": {}, "runs": {}}
    if given.output.is_file() and not given.smoke:
        done = {name: records.read(given.output)[name] for name in done}
    for model, weight, seed in runs(given.models, given.weights, given.seeds):
        key = key_of(model, weight, seed)
        if key in done["runs"]:
            continue
        found = measure(model, weight, seed, smoke=given.smoke)
        # what no fit changes is kept once, and pictures of the first seed alone
        done["bounds"] = found.pop("bounds") | {"reader": found.pop("reader")}
        done["shown"] |= {name: found.pop(name) for name in ("originals", "truths")}
        shown = found.pop("pictures")
        if seed == SEEDS[0]:
            done["shown"][key] = shown
        done["runs"][key] = found
        print(key, json.dumps(found), flush=True)
        if not given.smoke:
            records.write(given.output, done)


if __name__ == "__main__":
    main()
