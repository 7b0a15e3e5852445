"""One training step: the emitted module, the same model in Pyro by hand, and torch alone.

Every contender does a whole step (loss, gradients, torch's Adam) on the same batches, in turns, in
one process; the figures are medians over the turns, and the ratios are medians of each turn's own.
Two models: the corrected EXOC in float64, and the released EXOC (all rows, free numbers per row).
"""

import statistics
import time
from collections.abc import Callable

import records

Step = Callable[[], object]
BATCH = 2_048


def compiled_step(file: str, table: object, size: int | None) -> Step:
    """Return a step of the emitted module, as the text stands."""
    import pyro
    import torch

    from causaldsl import pipeline
    from causaldsl.data.binding import bind
    from causaldsl.data.schema import schema_of

    compiled = pipeline.compile_scm(records.MODELS / file)
    module = compiled.module
    data = bind(pipeline.read_rows(table), schema_of(compiled.scm))
    compiled.set_scales({n: (c, s) for n, (c, s) in data.encoding.scales().items()})
    with torch.no_grad():
        module.loss_terms(data.batch(), data.n_rows)
    learned = [p for _, p in pyro.get_param_store().named_parameters()]
    optimiser = torch.optim.Adam(learned, lr=1e-3)
    balance = dict.fromkeys(module.BALANCED, 1.0)

    def step() -> None:
        rows = torch.randperm(data.n_rows)[:size] if size else None
        terms, _ = module.loss_terms(data.batch(rows) if size else everything, data.n_rows)
        optimiser.zero_grad()
        module.objective(terms, 0, balance).backward()
        optimiser.step()

    everything = data.batch()
    return step


def corrected_step(table: object, how: str) -> Step:
    """Return a step of the corrected EXOC by hand: `how` is ``pyro`` or ``torch``."""
    import torch
    from opponents import CorrectedExoc, law_columns

    data = law_columns(table)
    model = CorrectedExoc(data, gamma=1.2)
    optimiser = torch.optim.Adam(model.parameters(), lr=1e-3)
    loss = model.pyro_loss if how == "pyro" else model.torch_loss

    def step() -> None:
        rows = torch.randperm(model.rows)[:BATCH]
        value = loss({name: column[rows] for name, column in data.items()})
        optimiser.zero_grad()
        value.backward()
        optimiser.step()

    return step


def released_by_hand(table: object) -> Step:
    """Return a step of the released EXOC by hand: three passes of the guide, as released."""
    import torch
    from opponents import law_columns, released_step

    return released_step(law_columns(table, torch.float64), 1.2, seed=0)


def contenders(table: object) -> dict[str, dict[str, Callable[[], Step]]]:
    """Return how each contender's step is made, ours first."""
    return {
        f"exoc.scm, batches of {BATCH:,}": {
            "compiled": lambda: compiled_step("exoc.scm", table, BATCH),
            "Pyro by hand": lambda: corrected_step(table, "pyro"),
            "torch alone": lambda: corrected_step(table, "torch"),
        },
        "exoc_released.scm, all rows": {
            "compiled": lambda: compiled_step("reference/exoc_released.scm", table, None),
            "Pyro by hand": lambda: released_by_hand(table),
        },
    }


def in_turns(made: dict[str, tuple[Step, dict]], turns: int, steps: int) -> dict[str, list[float]]:
    """Return CPU milliseconds per step of each contender, one number for each turn."""
    import pyro

    found: dict[str, list[float]] = {name: [] for name in made}
    for turn in range(turns + 1):
        for name, (step, store) in made.items():
            with pyro.get_param_store().scope(store):
                began = time.process_time()
                for _ in range(steps):
                    step()
                spent = 1000 * (time.process_time() - began) / steps
            if turn:  # the first turn warms up
                found[name].append(spent)
    return found


def measure(makers: dict[str, Callable[[], Step]], turns: int, steps: int) -> dict:
    """Return medians, and ratios to the first contender."""
    import pyro

    made = {}
    for name, make in makers.items():
        with pyro.get_param_store().scope() as store:
            made[name] = (make(), store)
    times = in_turns(made, turns, steps)
    ours = times[next(iter(times))]
    return {
        name: {
            "CPU ms per step": round(statistics.median(values), 3),
            "times ours": round(
                statistics.median(v / o for v, o in zip(values, ours, strict=True)), 3
            ),
        }
        for name, values in times.items()
    }


def main() -> None:
    """Measure, print, keep."""
    parser = records.arguments(__doc__.splitlines()[0], "training_step.json")
    parser.add_argument("--turns", type=int, default=15)
    parser.add_argument("--steps", type=int, default=30, help="steps in one turn")
    given = parser.parse_args()
    records.begin(given.threads)
    import pyro
    import torch

    torch.set_default_dtype(torch.float64)
    table = records.law_table(given.data)
    turns, steps = (2, 5) if given.smoke else (given.turns, given.steps)
    found: dict = {"turns": turns, "steps in a turn": steps, "models": {}}
    with pyro.validation_enabled(False):
        for title, makers in contenders(table).items():
            found["models"][title] = measure(makers, turns, steps)
            print(title)
            for name, row in found["models"][title].items():
                print(f"  {name:14} {row['CPU ms per step']:8.2f} ms  x{row['times ours']:.2f}")
    if not given.smoke:
        records.write(given.output, found)


if __name__ == "__main__":
    main()
