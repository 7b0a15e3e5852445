"""A picture that is only read: a cause without parents, conditioned on or with its marginal."""

import numpy as np
import pytest
import torch

from causaldsl import loads
from causaldsl.runtime.scope import isolated
from tests.models_text import compiled_of

TEXT = """scm m
observed  x : image[1, 8, 8]
sensitive a : binary
outcome   y : binary
x, a -> y
y ~ mlp(conv(x; channels=[2], hidden=[4]), a; hidden=[4])
"""


def table(n=24, seed=0):
    rng = np.random.default_rng(seed)
    pictures = rng.random((n, 1, 8, 8)).round(3)
    return {"x": list(pictures), "a": rng.integers(0, 2, n), "y": rng.integers(0, 2, n)}


def test_an_image_without_parents_has_a_logit_for_each_pixel():
    module = compiled_of(TEXT).module
    with isolated(0):
        law = module.given_x_(module.parameters()) if hasattr(module, "given_x_") else None
        law = law or module.MECHANISMS["x"](module.parameters())
    assert tuple(law.event_shape) == (1, 8, 8)
    assert torch.equal(law.mean, torch.full((1, 8, 8), 0.5, dtype=law.mean.dtype))


def test_what_the_picture_shows_moves_the_outcome():
    rows = table()
    rows["y"] = [int(x.mean() > 0.5) for x in rows["x"]]
    text = TEXT + "loss elbo(weights={x: 0, a: 0})\ntrain epochs=300, learning_rate=0.02\n"
    assert loads(text).fit(rows).result.parts["y"] < 0.3  # ln 2 without a look at it


def test_the_marginal_of_a_picture_conditioned_on_is_the_mean_of_its_rows():
    rows = table()
    fit = loads(TEXT + "loss elbo(weights={x: 0, a: 0})\ntrain epochs=1\n").fit(rows)
    shares = np.stack(rows["x"]).mean(0)
    logits = fit.params["x__intercept"]
    assert 1 / (1 + np.exp(-np.asarray(logits))) == pytest.approx(shares, abs=1e-4)


def test_a_picture_that_nothing_moves_is_copied_and_its_row_answered():
    rows = table()
    fit = loads(TEXT + "loss elbo(weights={x: 0, a: 0})\ntrain epochs=1\n").fit(rows)
    made = fit.generate(rows, "a=a'").result.rows
    assert made.treatment.copied == ("x",)
    assert torch.allclose(made.values["x"], torch.as_tensor(np.stack(rows["x"])), atol=1e-6)
    found = fit.effects(rows, "a=a'", draws=2)
    assert abs(found.effect("abducted", "probability").estimate) < 1
