"""One training step of the four deep models: as compiled, by hand in Pyro, and in torch alone.

Batches of 256 rows, one thread, float64, Pyro's validation off, the KL in closed form for all.
Every contender does a whole step (loss, gradients of both players, Adam) in turns in one process;
figures are medians of CPU milliseconds over the turns, ratios medians of each turn's own. "In a
fit" is the compiled step inside the library's loop: rows dealt, losses recorded, gradients watched.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import records
from training_step import Step, measure

if TYPE_CHECKING:
    import pandas as pd

    from causaldsl.data.encoded import EncodedData
    from causaldsl.inference.targets import Target

BATCH = 256
ROWS = 4_096
RATE = 1e-4
#: The most that the compiled step may take of the one in Pyro.
LIMIT = 1.0
#: What each title runs: the file, and the weight of the fairness term where it has one.
MODELS: Mapping[str, tuple[str, float | None]] = {
    "cvae": ("cvae", None),
    "cevae": ("cevae", None),
    "mcevae": ("mcevae", None),
    "dcevae": ("dcevae", 0.2),
}
#: What the compiled models have and those by hand have not: p(a), scored nowhere, running means.
UNSCORED = "a__intercept"
BUFFERS = (".norm.mean", ".norm.var")


def rows(seed: int = 0) -> pd.DataFrame:
    """Return rows of 0 and 1 with the columns of the table; a step's time asks for no more."""
    import numpy as np
    import pandas as pd
    from deep_opponents import BLOCKS

    rng = np.random.default_rng(seed)
    common = rng.normal(size=ROWS)
    return pd.DataFrame(
        {
            name: (common + rng.normal(size=ROWS) > 0).astype(int)
            for names in BLOCKS.values()
            for name in names
        }
    )


def compiled(file: str, fair: float | None) -> tuple[Target, EncodedData]:
    """Return what a fit of a shipped file minimises, its parameters made, and the rows."""
    import torch

    from causaldsl import pipeline
    from causaldsl.data.binding import bind
    from causaldsl.data.schema import schema_of
    from causaldsl.inference.targets import model_target

    weights = {} if fair is None else {"beta_fair": fair}
    model = pipeline.compile_scm(records.MODELS / f"{file}.scm", weights)
    data = bind(rows(), schema_of(model.scm))
    with torch.no_grad():
        first = model.module.loss_terms(data.batch(), data.n_rows)[0]
    return model_target(model, data.n_rows, {}, first, 1), data


def compiled_step(file: str, fair: float | None) -> Step:
    """Return the emitted step: its losses, their gradients, the library's Adam."""
    import pyro
    import torch

    from causaldsl.inference.optimiser import Optimiser

    target, data = compiled(file, fair)
    target.set_training(True)
    batch, second = (
        data.subset(torch.arange(start, start + BATCH)).batch() for start in (0, BATCH)
    )
    optimiser = Optimiser(kind="adam", eps=1e-8)
    learned = dict(pyro.get_param_store().named_parameters())

    def step() -> None:
        losses = target.evaluate(batch, 0, second)
        for parameter in learned.values():
            parameter.grad = None
        sum(losses.players.values(), losses.total).backward()
        optimiser.step(learned, RATE)

    return step


def fitting_step(file: str, fair: float | None) -> Step:
    """Return the library's own loop, one step a call."""
    import torch

    from causaldsl.diagnostics.progress import silent
    from causaldsl.inference.config import FitConfig
    from causaldsl.inference.loop import minimise, start_run

    target, data = compiled(file, fair)
    some = data.subset(torch.arange(2 * BATCH))
    config = FitConfig(
        learning_rate=RATE, schedule="constant", batch_size=BATCH, epochs=10**9, patience=10**9
    )
    run = start_run(target, config, some)

    def step() -> None:
        run.interrupted = False
        minimise(run, silent, lambda: True)  # stops after one step

    return step


def by_hand(how: str, file: str, fair: float | None) -> Step:
    """Return the step of the model by hand: `how` is ``pyro`` or ``torch``."""
    import deep_opponents
    import torch

    table = deep_opponents.blocks_of(rows())
    batch, second = (
        deep_opponents.rows_of(table, torch.arange(start, start + BATCH)) for start in (0, BATCH)
    )
    make = deep_opponents.pyro_step if how == "pyro" else deep_opponents.torch_step
    return make(file, batch, second, fair=fair or 0.0)


def contenders(file: str, fair: float | None) -> dict[str, Callable[[], Step]]:
    """Return how each contender's step is made, ours first."""
    return {
        "compiled": lambda: compiled_step(file, fair),
        "compiled, in a fit": lambda: fitting_step(file, fair),
        "Pyro by hand": lambda: by_hand("pyro", file, fair),
        "torch alone": lambda: by_hand("torch", file, fair),
    }


def shapes(file: str) -> tuple[list[tuple[int, ...]], list[tuple[int, ...]]]:
    """Return the shapes of what is learned, sorted: of the shipped file, of the model by hand."""
    import deep_opponents
    import pyro

    with pyro.get_param_store().scope():
        compiled(file, None)
        named = dict(pyro.get_param_store().named_parameters())
    ours = [tuple(p.shape) for n, p in named.items() if n != UNSCORED and not n.endswith(BUFFERS)]
    theirs = [tuple(p.shape) for p in deep_opponents.make(file).parameters()]
    return sorted(ours), sorted(theirs)


def main() -> None:
    """Measure, print, keep; the exit code is 1 where a step takes longer than the one in Pyro."""
    parser = records.arguments(__doc__.splitlines()[0], "deep_step.json")
    parser.add_argument("--turns", type=int, default=15)
    parser.add_argument("--steps", type=int, default=20, help="steps in one turn")
    given = parser.parse_args()
    records.begin(given.threads)
    import pyro
    import torch

    torch.set_default_dtype(torch.float64)
    turns, steps = (2, 2) if given.smoke else (given.turns, given.steps)
    found: dict = {"batch": BATCH, "turns": turns, "steps in a turn": steps, "models": {}}
    with pyro.validation_enabled(False):
        for title, (file, fair) in MODELS.items():
            ours, theirs = shapes(file)
            if ours != theirs:
                sys.exit(f"{title}: the model by hand is not the shipped one")
            times = measure(contenders(file, fair), turns, steps)
            found["models"][title] = {
                "parameters": sum(torch.Size(s).numel() for s in ours),
                "fairness term": fair,
                "steps": times,
                "compiled of Pyro": round(1 / times["Pyro by hand"]["times ours"], 3),
                "compiled of torch": round(1 / times["torch alone"]["times ours"], 3),
            }
            print(title, f"{found['models'][title]['parameters']:,} parameters")
            for name, row in times.items():
                print(f"  {name:20} {row['CPU ms per step']:8.2f} ms  x{row['times ours']:.2f}")
    if given.smoke:
        return
    slow = [n for n, row in found["models"].items() if row["compiled of Pyro"] > LIMIT]
    found["slower than Pyro"] = slow
    records.write(given.output, found)
    sys.exit(f"slower than Pyro: {', '.join(slow)}" if slow else 0)


if __name__ == "__main__":
    main()
