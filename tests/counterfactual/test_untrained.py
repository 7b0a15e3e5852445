"""What has weight 0 in the ELBO is conditioned on: it is copied, and never computed."""

import numpy as np
import pytest

from causaldsl import loads
from causaldsl.counterfactual.untrained import drawn_for
from causaldsl.diagnostics.model import CounterfactualError
from causaldsl.ir.conditioning import conditioned_on, fitted_apart, untrained

TEXT = """scm m
sensitive a : binary
observed  d : binary
outcome   y : binary
latent    u
a -> d
a, d, u -> y
loss elbo(weights={GIVEN})
train epochs=2
query set_a  = E[y[a <- 1]]
query set_d  = E[y[a <- 1, d <- 0]]
query mean_d = E[d]
query y_is_1 = P[y = 1]
"""
ROWS = {"a": [0, 1, 0, 1, 1], "d": [0, 1, 1, 0, 0], "y": [0, 1, 1, 0, 1]}


def fitted(given):
    return loads(TEXT.replace("GIVEN", given)).fit(ROWS)


@pytest.fixture(scope="module", name="blind")
def fit_without_d():
    return fitted("a: 0, d: 0")


@pytest.mark.parametrize(
    "ask",
    [
        lambda fit: fit.counterfactual(ROWS, {"a": "1"}),
        lambda fit: fit.effects(ROWS, "a=a'"),
        lambda fit: fit.generate(ROWS, "a=1"),
        lambda fit: fit.query("set_a"),
        lambda fit: fit.query("mean_d"),
        lambda fit: fit.query("y_is_1"),
        lambda fit: fit.simulate(10),
        lambda fit: fit.counterfactual(ROWS, {"d": "1"}, evidence=("a", "y")),
    ],
)
def test_what_was_not_taught_is_not_computed(blind, ask):
    with pytest.raises(CounterfactualError) as caught:
        ask(blind)
    assert [d.code for d in caught.value.diagnostics] == ["CD750"]


def test_what_does_not_need_it_is_answered(blind):
    assert 0 < blind.query("set_d")["set_d"].result.estimate < 1
    assert len(blind.counterfactual(ROWS, {"d": "1"}).result.rows) == 5


def test_decoded_rows_keep_what_they_are_conditioned_on(blind):
    assert blind.generate(ROWS).frame["d"].tolist() == ROWS["d"]


def test_a_root_of_weight_0_is_drawn_from_its_rows_shares():
    text = TEXT.replace("GIVEN", "a: 0").replace("y_is_1 = P[y = 1]", "a_is_1 = P[a = 1]")
    fit = loads(text).fit(ROWS)
    share = sum(ROWS["a"]) / 5
    assert fit.query("a_is_1")["a_is_1"].result.estimate == pytest.approx(share, abs=0.01)
    assert fit.result.parts["a"] == pytest.approx(
        -share * np.log(share) - (1 - share) * np.log(1 - share), abs=1e-9
    )


DOMAINS = {
    "real": [0.3, 2.0, 5.0, 1.0, 2.5, 0.1],
    "positive": [0.3, 2.0, 5.0, 1.0, 2.5, 0.1],
    "unit": [0.3, 0.2, 0.5, 0.9, 0.25, 0.1],
    "count": [0, 3, 7, 1, 1, 2],
    "{p, q, w}": ["p", "p", "q", "w", "p", "q"],
    "{low < mid < high}": ["low", "mid", "mid", "high", "low", "mid"],
}


@pytest.mark.parametrize("domain", list(DOMAINS))
def test_a_marginal_fitted_apart_is_that_of_a_fit_of_its_own(domain):
    """Against the same column in a model that is nothing else, trained to its end."""
    rows = {"x": DOMAINS[domain], "y": [0, 1, 0, 1, 1, 0]}
    alone = loads(f"scm m\nobserved x : {domain}\ntrain epochs=1500, learning_rate=0.05\n").fit(
        rows
    )
    apart = loads(
        f"scm m\nobserved x : {domain}\noutcome y : binary\nx -> y\n"
        "loss elbo(weights={x: 0})\ntrain epochs=1\n"
    ).fit(rows)
    assert apart.result.parts["x"] == pytest.approx(alone.result.parts["x"], abs=1e-4)
    assert apart.result.parts["x"] <= alone.result.parts["x"] + 1e-9


def test_a_column_of_one_value_has_no_maximum_and_keeps_finite_parameters():
    text = (
        "scm m\nobserved a : binary\noutcome y : binary\na -> y\n"
        "loss elbo(weights={a: 0})\ntrain epochs=1\n"
    )
    fit = loads(text).fit({"a": [1, 1, 1], "y": [0, 1, 1]})
    assert np.isfinite(fit.params["a__intercept"]).all()


def test_a_marginal_whose_parameter_stands_elsewhere_too_is_not_fitted_apart():
    text = (
        TEXT.replace("GIVEN", "a: 0") + "learn p : unit = 0.5\na ~ Bernoulli(p)\nd ~ Bernoulli(p)\n"
    )
    scm = loads(text.replace("a -> d\n", "")).scm
    assert fitted_apart(scm) == {}
    assert untrained(scm) == {"a"}


def test_numbers_that_are_given_need_no_teaching():
    text = TEXT.replace("GIVEN", "d: 0") + "d ~ Bernoulli(0.2 + 0.5*a)\n"
    assert conditioned_on(loads(text).scm) == frozenset()


def test_what_a_game_draws_anew_is_taught_by_it():
    game = "loss like = adversary(x, sampled(x); network=mlp(hidden=[4]))\n"
    text = TEXT.replace(
        "observed  d : binary", "observed d : binary\nobserved x : real\ngroup g = x"
    )
    text = text.replace("GIVEN", "x: 0").replace("a -> d", "a -> d, x")
    assert conditioned_on(loads(text).scm) == {"x"}
    assert conditioned_on(loads(text + game).scm) == frozenset()


def test_what_is_drawn_for_a_value_stops_at_what_is_set():
    scm = loads(TEXT.replace("GIVEN", "a: 0")).scm
    assert drawn_for(scm, "y") == {"a", "d", "u", "y"}
    assert drawn_for(scm, "y", ("d",)) == {"a", "u", "y"}
    assert drawn_for(scm, "y", ("a",)) == {"d", "u", "y"}
