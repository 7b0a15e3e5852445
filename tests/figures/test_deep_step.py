"""The models whose steps are timed by hand are the shipped ones."""

import deep_step
import pyro
import pytest
import torch

from causaldsl.runtime.scope import isolated


@pytest.mark.parametrize("title", list(deep_step.MODELS))
def test_the_model_by_hand_has_the_shipped_file_s_parameters(title):
    with isolated(0):
        ours, theirs = deep_step.shapes(deep_step.MODELS[title][0])
    assert ours == theirs


@pytest.mark.parametrize("make", [deep_step.compiled_step, deep_step.fitting_step])
@pytest.mark.parametrize("title", list(deep_step.MODELS))
def test_a_compiled_step_moves_everything_that_is_learned(make, title):
    with isolated(0):
        step = make(*deep_step.MODELS[title])
        learned = dict(pyro.get_param_store().named_parameters())
        before = {name: value.detach().clone() for name, value in learned.items()}
        step()
        still = [name for name, value in learned.items() if torch.equal(value, before[name])]
    assert set(still) <= {deep_step.UNSCORED}
