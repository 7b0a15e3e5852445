"""Rows that are drawn under interventions, and their own other worlds."""

from __future__ import annotations

import pytest
import torch

from causaldsl.counterfactual.sampling import draw_rows
from causaldsl.diagnostics.model import CounterfactualError
from causaldsl.syntax.parser import parse_do
from tests.models_text import compiled_of

SHIFTED = (
    "scm m\nlatent A\nobserved S : real\noutcome Y : real\nA -> S, Y\nA ~ Normal(0, 1)\n"
    "S ~ Normal(A, 0.1)\nY ~ Normal(A, 0.1)\n"
)
HELD = (
    "scm m\nparam t = {a: 0, b: 10}\nsensitive S : {a, b}\nobserved L : real\noutcome Y : real\n"
    "S -> L, Y\nL -> Y\nS ~ Categorical([0.5, 0.5])\nL ~ Normal(t[S], 1)\nY ~ Normal(L + t[S], 1)\n"
)


def assigned(*texts):
    return tuple(parse_do(text)[0] for text in texts)


def test_a_shift_moves_the_rows_own_value():
    compiled = compiled_of(SHIFTED)
    plain = draw_rows(compiled, {}, 200, 0)["factual"]
    moved = draw_rows(compiled, {}, 200, 0, do=assigned("S=S + 1"))["factual"]
    assert torch.equal(moved["S"], plain["S"] + 1)
    assert torch.equal(moved["Y"], plain["Y"])


def test_what_is_set_stays_set_in_the_rows_other_worlds():
    drawn = draw_rows(compiled_of(HELD), {}, 50, 0, do=assigned("L=30"), worlds=assigned("S=s'"))
    facts, one, other = drawn["factual"], drawn["S=a"], drawn["S=b"]
    assert set(one["L"].tolist()) == set(other["L"].tolist()) == {30.0}
    assert torch.allclose(other["Y"] - one["Y"], torch.full((50,), 10.0).double())
    own = torch.where(facts["S"] == 0, one["Y"], other["Y"])
    assert torch.equal(own, facts["Y"])


LEVELS = (
    "scm m\nsensitive S : {a, b, c}\nobserved R : {c, b, a}\nobserved L : real\nS -> R, L\n"
    "param t = {a: 0, b: 1, c: 2}\nS ~ Categorical([0.3, 0.3, 0.4])\n"
    "R ~ {a: 0, b: t[S], c: 0}\nL ~ Normal(t[S], 1)\n"
)


@pytest.mark.parametrize("text", ["L=3*R[S <- a]", "S=R[S <- a]"])
def test_a_level_of_another_world_is_no_number_and_no_level_of_another_set(text):
    with pytest.raises(CounterfactualError) as refused:
        draw_rows(compiled_of(LEVELS), {}, 10, 0, do=assigned(text))
    assert refused.value.diagnostics[0].code == "CD713"


def test_a_level_of_another_world_is_handed_on_to_its_own_variable():
    drawn = draw_rows(compiled_of(LEVELS), {}, 50, 0, do=assigned("R=R[S <- a]"))
    assert set(drawn["factual"]["R"].tolist()) <= {0, 1, 2}
