import numpy as np
import pandas as pd
import pyro
import pytest
import torch

from causaldsl.diagnostics.model import InferenceError
from causaldsl.inference.config import FitConfig
from causaldsl.inference.svi import fit
from causaldsl.inference.targets import Losses, Target
from causaldsl.inference.watchdog import Broken, _while, diagnose
from causaldsl.runtime.scope import isolated

CONFIG = FitConfig(epochs=20, batch_size=16, passes=2)
ROOT = """scm root
observed X : real
observed Y : real
X -> Y
learn w = 1
X ~ Normal(0, 1)
Y ~ Normal(BODY, 1)
"""


def refusal(compile_text, encode, body, x, **kwargs):
    compiled = compile_text(ROOT.replace("BODY", body))
    frame = pd.DataFrame({"X": x, "Y": np.random.RandomState(1).randn(len(x))})
    with pytest.raises(InferenceError) as refused:
        fit(compiled, encode(compiled, frame), config=CONFIG, **kwargs)
    (found,) = refused.value.diagnostics
    return found


def test_a_loss_that_is_no_number_names_part_batch_and_row(compile_text, encode):
    x = np.linspace(1.0, 2.0, 64)
    x[41] = -3.0
    found = refusal(compile_text, encode, "w * log(X)", x)
    assert found.code == "CD610"
    assert "`Y`" in found.message
    assert "epoch 1, batch" in found.message
    assert "parameter `w`" in found.message
    assert found.place == "row 42"
    assert found.hint


def test_a_gradient_that_is_no_number_names_parameter_part_and_row(compile_text, encode):
    x = np.linspace(1.0, 2.0, 64)
    x[7] = 0.0
    found = refusal(compile_text, encode, "sqrt(abs(w * X))", x)
    assert found.code == "CD611"
    assert "parameter `w`" in found.message
    assert "part `Y`" in found.message
    assert found.place == "row 8"


def test_rows_are_numbered_as_in_the_users_table(compile_text, encode):
    compiled = compile_text(
        ROOT.replace("BODY", "w * log(X)").replace("X : real", 'X : real from "x" missing drop')
    )
    x = np.linspace(1.0, 2.0, 40)
    x[:5], x[20] = np.nan, -1.0
    frame = pd.DataFrame({"x": x, "Y": np.random.RandomState(1).randn(40)})
    with pytest.raises(InferenceError) as refused:
        fit(compiled, encode(compiled, frame), config=CONFIG)
    assert refused.value.diagnostics[0].place == "row 21"


def test_no_row_is_blamed_when_every_row_breaks(compile_text, encode):
    found = refusal(compile_text, encode, "log(w - 1 - X^2)", np.linspace(1.0, 2.0, 64))
    assert found.code == "CD610"
    assert found.place is None


def test_the_last_good_checkpoint_survives(compile_text, encode, tmp_path):
    place = tmp_path / "run.ckpt"
    x = np.linspace(1.0, 2.0, 64)
    compiled = compile_text(ROOT.replace("BODY", "w * log(X)"))
    sound = pd.DataFrame({"X": x, "Y": np.random.RandomState(1).randn(64)})
    fit(compiled, encode(compiled, sound), config=CONFIG, checkpoint=place)
    before = place.read_bytes()
    x[3] = -1.0
    found = refusal(compile_text, encode, "w * log(X)", x, checkpoint=place)
    assert place.read_bytes() == before
    assert str(place) in found.notes[0]


def test_a_term_that_vanishes_cannot_be_balanced(compile_text, encode):
    compiled = compile_text(
        "scm m\nobserved X : real\nobserved Y : real\nX -> Y\n"
        "loss same = balance(mean(step(X - 9)))\n"
    )
    data = encode(compiled, pd.DataFrame({"X": np.arange(9.0), "Y": np.arange(9.0) ** 2}))
    with pytest.raises(InferenceError) as refused:
        fit(compiled, data, config=CONFIG)
    assert refused.value.diagnostics[0].code == "CD612"
    assert torch.get_default_dtype() == torch.float32


def test_what_breaks_says_in_which_stage_of_the_fit(compile_text, encode):
    x = np.linspace(1.0, 2.0, 64)
    x[7] = 0.0
    found = refusal(compile_text, encode, "sqrt(abs(w * X))", x)
    assert ", while the model was fitted, " in found.message


@pytest.mark.parametrize(
    ("stage", "said"),
    [
        ("model", "while the model was fitted"),
        ("without_outcome", "while the guide `without_outcome` was trained"),
        ("model, probe", "in the steps tried after the model was fitted"),
        ("all, probe", "in the steps tried after the guide `all` was trained"),
        ("floor of Y__sd", "while the floor of Y__sd was looked for"),
    ],
)
def test_every_stage_has_its_words(stage, said):
    assert _while(stage) == said


def test_a_gradient_too_long_to_measure_blames_no_parameter():
    """Each number of the gradient is finite, and the sum of their squares is not."""
    with isolated(0):
        value = pyro.param("w", torch.ones(2, dtype=torch.float64))
        target = Target(
            stage="without_outcome",
            evaluate=lambda batch, epoch: Losses(
                total=1e200 * value.sum(), terms={}, parts={"Y": 1e200 * value.sum()}
            ),
        )
        broken = Broken(
            batch={"__row__": torch.arange(3)}, epoch=4, step=0, steps=1,
            random_state=torch.get_rng_state(), row_ids=torch.arange(3),
        )  # fmt: skip
        found = diagnose(target, broken)
    assert found.message == (
        "the length of the gradient is not finite in epoch 5, "
        "while the guide `without_outcome` was trained"
    )
