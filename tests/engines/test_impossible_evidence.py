"""Evidence that no joint value of the levels explains."""

import pytest

import causaldsl
from causaldsl import CounterfactualError

MODEL = """scm m
latent   U : binary
observed A, B : real
U -> A, B
U ~ Bernoulli(0.5)
A ~ Uniform(U, U + 1)
B ~ Uniform(-U, 1 - U)
"""


def test_evidence_of_probability_zero_is_refused_by_enumeration():
    model = causaldsl.loads(MODEL)
    with pytest.raises(CounterfactualError, match="CD702"):
        model.counterfactual({"A": [0.5, 1.5], "B": [0.5, 0.5]}, "A=0")


def test_evidence_that_one_level_explains_finds_that_level():
    model = causaldsl.loads(MODEL)
    found = model.counterfactual({"A": [0.5, 1.5], "B": [0.5, -0.5]}, "A=0", draws=20)
    assert found.frame["U"].tolist() == [0, 1]
