"""Joe, of Pearl, Glymour and Jewell 2016, section 4.2.3: what his score would have been."""

from __future__ import annotations

import pytest
import torch

from causaldsl.counterfactual.action import intervene
from causaldsl.counterfactual.engine import counterfactual
from causaldsl.runtime.forward import simulate
from tests.models_text import compiled_of

TEXT = """
scm homework
observed X, H : real
outcome Y : real
X -> H, Y
H -> Y
X ~ Normal(0, 1)
H ~ Normal(0.5 * X, 1)
Y ~ Normal(0.7 * X + 0.4 * H, 1)
"""


def test_joe_would_have_scored_1_90():
    compiled = compiled_of(TEXT)
    joe = {n: torch.tensor([v]).double() for n, v in {"X": 0.5, "H": 1.0, "Y": 1.5}.items()}
    result = counterfactual(compiled, {}, joe, intervene(compiled.scm, {"H": 2.0}), seed=0)
    assert result.worlds[0].variables["Y"].mean.item() == pytest.approx(1.90, abs=1e-12)


def test_the_population_would_have_scored_0_80():
    compiled = compiled_of(TEXT)
    n = 200_000
    values = simulate(compiled, {}, n, 0, do={"H": torch.tensor(2.0).double()})
    assert abs(values["Y"].mean().item() - 0.80) < 5 * (1.49 / n) ** 0.5
