"""Queries against closed forms."""

from __future__ import annotations

import doctest
import math
from pathlib import Path

import pytest

from causaldsl.counterfactual.query import answer_query
from causaldsl.diagnostics.model import CounterfactualError
from tests.models_text import compiled_of

TEXT = """
scm asked
param t = {a: 0, b: 1, c: 3}
observed S : {a, b, c}
observed Z : binary
observed M : real
outcome Y : real
S -> M, Y
Z -> S
M -> Y
Z ~ Bernoulli(0.5)
S ~ {a: 0, b: Z, c: 0}
M ~ Normal(t[S], 1)
Y ~ Normal(0.5 * M + 2 * t[S], 2)
"""


def shares():
    """P(S): a mixture over Z of two softmaxes."""
    e = math.e
    return [0.5 / 3 + 0.5 / (2 + e), 0.5 / 3 + 0.5 * e / (2 + e), 0.5 / 3 + 0.5 / (2 + e)]


def ask(query, **settings):
    compiled = compiled_of(TEXT + f"query q = {query}\n")
    return answer_query(compiled, {}, compiled.scm.queries[0].value, seed=0, **settings)


P = shares()
MEAN = 2.5 * (P[1] + 3 * P[2])
FLIP = sum(
    p * sum(abs(2.5 * (x - y)) for y in others) / 2
    for p, x, others in zip(P, (0, 1, 3), ((1, 3), (0, 3), (0, 1)), strict=True)
)
CASES = [
    ("E[Y]", MEAN),
    ("E[Y[S <- b]] - E[Y[S <- a]]", 2.5),
    ("E[Y[S <- b] - Y[S <- a]]", 2.5),
    ("E[Y[S <- c] - Y | S = b]", 5.0),
    ("E[Y | S = b] - E[Y | S = a]", 2.5),
    ("E[Y[S <- b, M <- M[S <- a]] - Y[S <- a]]", 2.0),
    ("E[Y[S <- a, M <- M[S <- b]] - Y[S <- a]]", 0.5),
    ("P[S = b]", P[1]),
    ("P[Y[S <- a] > 0]", 0.5),
    ("P[Y > 2.5 | S = b]", 0.5),
    ("Q[Y[S <- a], 0.5]", 0.0),
    ("Q[M, 0.9 | S = a]", 1.2815515655446004),
    ("E[M[S <- b] | M[S <- a] > 0]", 1 + math.sqrt(2 / math.pi)),
    ("E[abs(Y[S <- s'] - Y)]", FLIP),
    ("E[Y[M <- M + 1] - Y]", 0.5),
    ("E[M[S <- a]^2]", 1.0),
    ("E[Y[M ~ Uniform(0, 4), S <- a]]", 1.0),
    ("P[S[Z <- 1] = b]", math.e / (2 + math.e)),
    ("2 * E[M[S <- b]] + 1", 3.0),
]


@pytest.mark.parametrize(("query", "exact"), CASES)
def test_a_query_is_within_five_errors_of_its_closed_form(query, exact):
    found = ask(query)
    assert abs(found.estimate - exact) <= 5 * found.std_error + 1e-9
    assert found.std_error < 0.05


def test_a_difference_of_worlds_of_the_same_rows_has_no_error():
    assert ask("E[Y[S <- b] - Y[S <- a]]").std_error < 1e-12


def test_facts_leave_fewer_rows():
    assert ask("E[Y | S = b]", n_rows=5000).least_rows < 5000


def test_facts_that_no_row_has_are_refused():
    with pytest.raises(CounterfactualError, match="CD740"):
        ask("E[Y | M = 0.25]")


def test_a_handful_of_rows_is_refused():
    with pytest.raises(CounterfactualError, match="CD741"):
        ask("E[Y]", n_rows=10)


@pytest.mark.parametrize("code", ["CD740", "CD741"])
def test_the_page_of_a_code_runs(code):
    page = Path(__file__).parents[2] / "docs" / "errors" / f"{code}.md"
    assert doctest.testfile(str(page), module_relative=False).failed == 0


def test_events_of_one_probability_happen_in_the_same_other_world():
    # they exclude each other in every world, though one other level gives one and one the other
    assert ask("P[M[S <- s'] > 1, M[S <- s'] < 0]").estimate == 0.0


def test_a_fact_of_every_other_world_at_once_is_refused():
    with pytest.raises(CounterfactualError, match="CD713"):
        ask("E[Y | M[S <- s'] > 1]")
