import numpy as np
import pytest
import torch

from causaldsl.inference.optimiser import Optimiser


def textbook_adam(start, gradients, rate, eps, decay=0.0, decoupled=False):
    """Kingma and Ba 2015, algorithm 1, line by line in numpy."""
    x, m, v = np.array(start), np.zeros_like(start), np.zeros_like(start)
    for t, gradient in enumerate(gradients, start=1):
        g = gradient + (0 if decoupled else decay * x)
        x = x - rate * decay * x if decoupled else x
        m = 0.9 * m + 0.1 * g
        v = 0.999 * v + 0.001 * g**2
        x = x - rate * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + eps)
    return x


@pytest.mark.parametrize(("kind", "decay"), [("adam", 0.0), ("adam", 0.1), ("adamw", 0.1)])
def test_steps_are_the_textbooks(kind, decay):
    rng = np.random.RandomState(0)
    start, gradients = rng.randn(4), [rng.randn(4) for _ in range(7)]
    value = torch.tensor(start.copy())
    optimiser = Optimiser(kind=kind, eps=1e-8, weight_decay=decay)
    for gradient in gradients:
        value.grad = torch.tensor(gradient)
        optimiser.step({"w": value}, 0.03)
    expected = textbook_adam(start, gradients, 0.03, 1e-8, decay, kind == "adamw")
    np.testing.assert_allclose(value.numpy(), expected, rtol=1e-12)


def test_a_parameter_that_comes_later_takes_its_own_first_step():
    old, new = torch.zeros(1).double(), torch.zeros(1).double()
    optimiser = Optimiser(kind="adam", eps=1e-8)
    for step in range(3):
        old.grad = torch.ones(1).double()
        new.grad = torch.ones(1).double() if step == 2 else None
        optimiser.step({"old": old, "new": new}, 0.1)
    assert new.item() == pytest.approx(-0.1)
    assert optimiser.counts == {"old": 3, "new": 1}


def test_plain_descent_follows_the_gradient():
    value = torch.tensor([1.0]).double()
    value.grad = torch.tensor([2.0]).double()
    Optimiser(kind="sgd", eps=0.0).step({"w": value}, 0.25)
    assert value.item() == 0.5
