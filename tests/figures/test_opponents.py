"""What the training step is measured against minimises what the compiled model minimises."""

import statistics

import pytest
import torch
from opponents import LEVELS, CorrectedExoc
from records import MODELS

from causaldsl import pipeline
from causaldsl.data.binding import bind
from causaldsl.data.schema import schema_of
from causaldsl.runtime.scope import isolated

PASSES = 60


@pytest.fixture(scope="module")
def rows():
    """Rows like the Law School's, simulated."""
    simulator = pipeline.numbered(pipeline.checked_scm(MODELS / "law_simulated.scm"))
    return pipeline.simulate(simulator, 400, seed=0)


def as_columns(frame):
    numbers = [frame["race"].map(LEVELS.index), frame["UGPA"], frame["LSAT"], frame["ZFYA"]]
    return {
        name: torch.tensor(list(values), dtype=torch.float64)
        for name, values in zip("RGLY", numbers, strict=True)
    }


def mean_of(loss):
    values = [float(loss()) for _ in range(PASSES)]
    return statistics.fmean(values), statistics.stdev(values) / PASSES**0.5


@pytest.mark.parametrize("how", ["torch_loss", "pyro_loss"])
def test_the_model_by_hand_has_the_objective_of_the_compiled_one(rows, how):
    compiled = pipeline.compile_scm(MODELS / "exoc.scm")
    data = bind(rows, schema_of(compiled.scm))
    compiled.set_scales({n: (c, s) for n, (c, s) in data.encoding.scales().items()})
    module = compiled.module
    with isolated(0), torch.no_grad():
        ours = mean_of(
            lambda: module.objective(module.loss_terms(data.batch())[0], 0, {"control": 1.0})
        )
        opponent = CorrectedExoc(as_columns(rows), gamma=1.2)
        theirs = mean_of(lambda: getattr(opponent, how)(as_columns(rows)))
    error = (ours[1] ** 2 + theirs[1] ** 2) ** 0.5
    assert abs(ours[0] - theirs[0]) < 5 * error
