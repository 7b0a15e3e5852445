"""Released models as compiled, beside the same models written by hand in Pyro.

Prints and stores the negative ELBO (a sum over all rows, one draw) at the steps at which the
authors' code was read, for several seeds of both: ours through ``causaldsl.pipeline.fit``.
"""

import json
from collections.abc import Iterator
from functools import partial

import records

#: Negative ELBO of the authors' code at seed 12, by steps done.
AUTHORS = {
    "fair_k": {0: 2_262_973, 2_000: 184_187, 6_000: 165_556, 11_000: 121_329, 11_999: 115_724},
    "exoc gamma=1.2": {0: 2_340_418, 2_500: 230_858, 6_500: 178_787, 12_000: 153_293,
                       15_999: 142_220},
    "exoc gamma=0": {2_000: 188_711, 8_000: 121_314, 15_500: 114_211},
}  # fmt: skip
GAMMAS = {"fair_k": None, "exoc gamma=1.2": 1.2, "exoc gamma=0": 0.0}
AROUND = 25  # steps whose mean stands for a checkpoint


def checkpoints(name: str, steps: int) -> list[int]:
    """Return the steps at which a run of so many is read."""
    every = {0, 500, 1_000, *AUTHORS[name]} | set(range(2_000, 16_000, 1_000))
    return sorted(s for s in every if s < steps)


def at_checkpoints(name: str, curve: list[float]) -> dict[int, float]:
    """Return a curve's value at its checkpoints: the step's own at 0, else a mean around it."""
    found = {}
    for step in checkpoints(name, len(curve)):
        low, high = max(1, step - AROUND), min(len(curve), step + AROUND + 1)
        near = curve[low:high] if step else curve[:1]
        found[step] = sum(near) / len(near)
    return found


def compiled_curve(name: str, table: object, seed: int, steps: int) -> list[float]:
    """Return the negative ELBO at every step of the compiled model."""
    from causaldsl import pipeline
    from causaldsl.data.binding import bind
    from causaldsl.data.schema import schema_of
    from causaldsl.inference.config import configured
    from causaldsl.inference.svi import fit

    file = "fair_k_released.scm" if name == "fair_k" else "exoc_released.scm"
    overrides = {} if name == "fair_k" else {"gamma": GAMMAS[name]}
    compiled = pipeline.compile_scm(records.MODELS / "reference" / file, overrides)
    data = bind(pipeline.read_rows(table), schema_of(compiled.scm))
    words = {"seed": seed, "epochs": steps, "passes": 2}
    config = configured(compiled.scm.training.settings, words)
    stage = {"now": "model"}

    def watch(progress: object) -> None:
        stage["now"] = progress.stage

    fitted = fit(compiled, data, config=config, progress=watch,
                 stop_requested=lambda: stage["now"] != "model")  # fmt: skip
    return [value * data.n_rows for value in fitted.result.curves["elbo"]]


def handwritten_curve(
    name: str, table: object, seed: int, steps: int, closed: bool = False
) -> list[float]:
    """Return the negative ELBO at every step of the model written by hand, in float32."""
    import pyro
    import torch
    from opponents import law_columns, released_step

    data = law_columns(table, torch.float32)
    with pyro.validation_enabled(False):
        step = released_step(data, GAMMAS[name], seed, closed=closed)
        return [step() for _ in range(steps)]


MAKERS = {
    "compiled": compiled_curve,
    "by hand": handwritten_curve,
    "by hand, KL in closed form": partial(handwritten_curve, closed=True),
}


def runs(names: list[str], who: list[str], seeds: list[int], most: int) -> Iterator[tuple]:
    """Yield every run: the model, who, the seed, its steps; one of each kind first."""
    for seed in seeds:
        for name in names:
            for maker in who:
                yield name, maker, seed, min(most, 12_000 if name == "fair_k" else 16_000)


def main() -> None:
    """Run, print, keep what is done after each run (a run found in the file is not repeated)."""
    parser = records.arguments(__doc__.splitlines()[0], "released.json")
    parser.add_argument("--models", nargs="*", default=list(AUTHORS), choices=list(AUTHORS))
    parser.add_argument("--who", nargs="*", default=list(MAKERS), choices=list(MAKERS))
    parser.add_argument("--seeds", type=int, nargs="*", default=[0, 1, 2])
    parser.add_argument("--steps", type=int, default=16_000)
    given = parser.parse_args()
    records.begin(given.threads)
    table = records.law_table(given.data)
    done: dict = {"authors": AUTHORS, "runs": {}}
    if given.output.is_file() and not given.smoke:
        done["runs"] = records.read(given.output)["runs"]
    if given.smoke:
        given.seeds, given.steps = [0], 60
    for name, who, seed, steps in runs(given.models, given.who, given.seeds, given.steps):
        key = f"{name} | {who} | seed {seed} | {steps} steps"
        if key in done["runs"]:
            continue
        with records.timed() as spent:
            curve = MAKERS[who](name, table, seed, steps)
        read = {str(s): round(v) for s, v in at_checkpoints(name, curve).items()}
        done["runs"][key] = {"negative ELBO": read, **spent}
        print(key, json.dumps(done["runs"][key]), flush=True)
        if not given.smoke:
            records.write(given.output, done)


if __name__ == "__main__":
    main()
