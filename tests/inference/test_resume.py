import json
import signal

import pytest
import torch
from safetensors import safe_open

from causaldsl.diagnostics.model import InferenceError
from causaldsl.inference.config import FitConfig
from causaldsl.inference.svi import fit

FULL = FitConfig(epochs=12, passes=3)
BATCHES = FitConfig(epochs=6, batch_size=70, passes=3)
OUTCOMELESS = """scm m
observed G : real
observed H : count
latent K
K -> G, H
G ~ Normal(linear(parents), 1)
"""


@pytest.fixture
def counted(compile_text, encode):
    import numpy as np
    import pandas as pd

    compiled = compile_text(OUTCOMELESS)
    rng = np.random.RandomState(0)
    k = rng.randn(200)
    frame = pd.DataFrame({"G": k + rng.randn(200), "H": rng.poisson(np.exp(1 + 0.5 * k))})
    return compiled, encode(compiled, frame)


def after(steps):
    """Ask for a stop once so many steps are done."""
    done = 0

    def stop_requested():
        nonlocal done
        done += 1
        return done >= steps

    return stop_requested


def assert_same(straight, resumed):
    assert straight.state["params"].keys() == resumed.state["params"].keys()
    for name, value in straight.state["params"].items():
        assert torch.equal(value, resumed.state["params"][name]), name
    assert straight.result.curves == resumed.result.curves
    assert straight.result.elbo == resumed.result.elbo
    assert straight.result.balance == resumed.result.balance


@pytest.mark.parametrize(
    ("config", "steps"),
    [(FULL, 5), (BATCHES, 6), (BATCHES, 7), (BATCHES, 8)],
    ids=["full", "between-epochs", "first-batch", "mid-epoch"],
)
def test_a_resumed_run_equals_the_straight_one_bit_for_bit(counted, tmp_path, config, steps):
    compiled, data = counted
    place = tmp_path / "run.ckpt"
    straight = fit(compiled, data, config=config)
    stopped = fit(compiled, data, config=config, checkpoint=place, stop_requested=after(steps))
    assert stopped.result.status == "interrupted"
    assert stopped.result.steps == steps
    resumed = fit(compiled, data, config=config, resume=place)
    assert_same(straight, resumed)


def test_a_run_may_be_stopped_and_resumed_twice(counted, tmp_path):
    compiled, data = counted
    place = tmp_path / "run.ckpt"
    straight = fit(compiled, data, config=BATCHES)
    fit(compiled, data, config=BATCHES, checkpoint=place, stop_requested=after(4))
    fit(compiled, data, config=BATCHES, checkpoint=place, resume=place, stop_requested=after(5))
    assert_same(straight, fit(compiled, data, config=BATCHES, resume=place))


def test_resuming_with_validation_and_the_best_epoch_kept_changes_nothing(counted, tmp_path):
    compiled, data = counted
    place = tmp_path / "run.ckpt"
    config = FitConfig(epochs=6, batch_size=70, passes=3, validation=0.25, keep="loss")
    straight = fit(compiled, data, config=config)
    fit(compiled, data, config=config, checkpoint=place, stop_requested=after(8))
    assert_same(straight, fit(compiled, data, config=config, resume=place))


def test_a_finished_run_resumes_to_itself(factor, tmp_path):
    compiled, data = factor
    place = tmp_path / "run.ckpt"
    config = FitConfig(epochs=4, passes=2)
    straight = fit(compiled, data, config=config, checkpoint=place)
    assert_same(straight, fit(compiled, data, config=config, resume=place))


def test_writing_checkpoints_all_the_time_changes_no_number(counted, tmp_path):
    compiled, data = counted
    often = FitConfig(**{**BATCHES.to_dict(), "milestones": (), "checkpoint_seconds": 0.0})
    written = fit(compiled, data, config=often, checkpoint=tmp_path / "run.ckpt")
    assert_same(fit(compiled, data, config=BATCHES), written)
    assert [p.name for p in tmp_path.iterdir()] == ["run.ckpt"]


def test_ctrl_c_saves_what_there_is(counted, tmp_path):
    compiled, data = counted
    place = tmp_path / "run.ckpt"
    before = signal.getsignal(signal.SIGINT)  # a process in the background ignores it
    stages = []

    def press(progress):
        if not stages:
            signal.raise_signal(signal.SIGINT)
        stages.append(progress.stage)

    fitted = fit(compiled, data, config=FULL, checkpoint=place, progress=press)
    assert fitted.result.status == "interrupted"
    assert not fitted.result.converged
    assert [d.code for d in fitted.result.diagnostics] == ["CD623"]
    assert place.exists()
    assert signal.getsignal(signal.SIGINT) == before


def test_a_second_ctrl_c_ends_at_once(counted):
    compiled, data = counted

    def press(progress):
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        fit(compiled, data, config=FULL, progress=press)


@pytest.mark.parametrize("what", ["settings", "table", "model"])
def test_a_checkpoint_of_another_run_is_refused(counted, encode, compile_text, tmp_path, what):
    compiled, data = counted
    place = tmp_path / "run.ckpt"
    fit(compiled, data, config=FULL, checkpoint=place, stop_requested=after(2))
    config = FitConfig(epochs=13, passes=3) if what == "settings" else FULL
    if what == "table":
        data = data.subset(torch.arange(100))
    if what == "model":
        compiled = compile_text(OUTCOMELESS.replace("parents), 1)", "parents), 2)"))
    with pytest.raises(InferenceError) as refused:
        fit(compiled, data, config=config, resume=place)
    assert refused.value.diagnostics[0].code == "CD641"
    assert what in refused.value.diagnostics[0].message


@pytest.mark.parametrize("content", [None, b"", b"no checkpoint", b"\xff" * 64])
def test_an_unreadable_checkpoint_is_refused(counted, tmp_path, content):
    compiled, data = counted
    place = tmp_path / "run.ckpt"
    if content is not None:
        place.write_bytes(content)
    with pytest.raises(InferenceError) as refused:
        fit(compiled, data, config=FULL, resume=place)
    assert refused.value.diagnostics[0].code == "CD640"


def test_a_checkpoint_holds_tensors_and_json_only(counted, tmp_path):
    compiled, data = counted
    place = tmp_path / "run.ckpt"
    fit(compiled, data, config=FULL, checkpoint=place, stop_requested=after(2))
    with safe_open(place, framework="pt") as file:
        header = file.metadata()
    assert json.loads(header["words"])["epoch"] == 2
    assert b"pickle" not in place.read_bytes()


def test_a_place_that_cannot_be_written_is_a_finding(counted, tmp_path):
    compiled, data = counted
    with pytest.raises(InferenceError) as refused:
        fit(compiled, data, config=FULL, checkpoint=tmp_path / "no" / "run.ckpt")
    assert refused.value.diagnostics[0].code == "CD642"
