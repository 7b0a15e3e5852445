"""Losses over samples: values against numpy, and whose parameters their gradients reach."""

import pytest

from tests.deep_models import Pass, rows_of
from tests.models_text import compiled_of

SECOND = """scm m
latent u, v, K
outcome c : real
control r : real
u -> c -> r
u -> v
v := 2 * u
loss near = mse(r, u)
"""


@pytest.mark.parametrize("more", ["", "c ~ mlp(u; hidden=[3])\n"])
@pytest.mark.parametrize("block", ["r", "v", "K"])
def test_a_second_batch_holds_what_the_guide_does_not_draw(more, block):
    term = f"loss apart = total_correlation({block}, u; network=mlp(hidden=[4]))\n"
    compiled = compiled_of(SECOND + more + term)
    rows, second = rows_of(compiled), rows_of(compiled, seed=1)
    found = Pass(compiled, rows, second=second, of="apart (network)")
    assert found.terms["apart"].isfinite()
    assert "player.apart.0.weight" in found.moving
