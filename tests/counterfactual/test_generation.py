"""Decoded tables: what is copied, set, kept and drawn, and that the laws are the model's."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from causaldsl import pipeline
from causaldsl.counterfactual.abduction import read_evidence
from causaldsl.counterfactual.generation import generate
from causaldsl.data.binding import bind
from causaldsl.diagnostics.model import CounterfactualError
from causaldsl.source import SourceFile
from tests.models_text import scm_of

TEXT = """
scm decoded
latent u : binary
sensitive a : {"no", "yes"} from "Sex" as {"f": "no", "m": "yes"}
observed r : binary from "Race"
observed d : {none, some} from "Work"
outcome y : real from "Income"
u -> r, d, y
a -> d -> y
a -> y
u ~ Bernoulli(0.4)
a ~ Categorical([0.35, 0.65])
r ~ Bernoulli(0.2 + 0.5*u)
d ~ {none: 0, some: 1.5*u + code(a) - 0.5}
y ~ Normal(u + 2*code(a) + 3*code(d), 1)
"""
N = 4000


@pytest.fixture(name="model", scope="module")
def make_model():
    return pipeline.numbered(scm_of(TEXT))


@pytest.fixture(name="table", scope="module")
def make_table(model):
    return pipeline.simulate(model, N, 5)


@pytest.fixture(name="factual", scope="module")
def make_factual(model, table):
    return pipeline.generate(model, table).frame


def close(found, expected, sd, n=N):
    assert abs(found - expected) <= 5 * sd * (2 / n) ** 0.5


def test_a_decoded_table_has_the_columns_and_codes_of_the_given_one(model, table, factual):
    assert list(factual.columns) == ["Sex", "Race", "Work", "Income"]
    assert set(factual["Sex"]) == {"f", "m"}
    assert set(factual["Work"]) == {"none", "some"}
    again = bind(factual, model.encoding.schema, encoding=model.encoding)
    assert again.n_rows == N


def test_the_sensitive_variable_is_the_rows_and_all_else_is_decoded(model, table, factual):
    assert factual["Sex"].tolist() == table["Sex"].tolist()
    done = pipeline.generate(model, table.head(9)).rows.treatment
    assert (done.copied, done.decoded) == (("a",), ("r", "d", "y"))
    for name in ("Race", "Work"):
        assert 0 < (factual[name] != table[name]).mean() < 0.6


def test_factual_decoded_rows_follow_the_law_of_the_table(table, factual):
    for rows, given in ((factual, table),):
        close((rows["Race"]).mean(), given["Race"].mean(), 0.5)
        close((rows["Work"] == "some").mean(), (given["Work"] == "some").mean(), 0.5)
        close(rows["Income"].mean(), given["Income"].mean(), given["Income"].std())


def test_rows_of_another_world_follow_the_law_of_the_intervention(model, table):
    for level in ("no", "yes"):
        found = pipeline.generate(model, table, f"a={level}").frame
        truth = pipeline.simulate(model, N, 9, do=[f"a={level}"])
        assert set(found["Sex"]) == {"f" if level == "no" else "m"}
        close((found["Work"] == "some").mean(), (truth["Work"] == "some").mean(), 0.5)
        close(found["Income"].mean(), truth["Income"].mean(), truth["Income"].std())


def test_a_row_whose_world_is_its_own_is_decoded_as_in_the_factual_one(model, table, factual):
    found = pipeline.generate(model, table, "a=yes").frame
    own = table["Sex"] == "m"
    pd.testing.assert_frame_equal(found[own], factual[own])
    assert (found[~own]["Income"] != factual[~own]["Income"]).all()


def test_what_does_not_descend_keeps_its_factual_decoded_value(model, table, factual):
    made = pipeline.generate(model, table, "a=a'")
    done = made.rows.treatment
    assert (done.set_, done.decoded, done.kept) == (("a",), ("d", "y"), ("r",))
    assert made.frame["Race"].tolist() == factual["Race"].tolist()
    assert (made.frame["Sex"] != table["Sex"]).all()


def test_decoding_all_draws_it_anew_from_the_same_latents(model, table, factual):
    made = pipeline.generate(model, table, "a=a'", keep_nondescendants=False)
    assert made.rows.treatment.redrawn == ("r",)
    moved = (made.frame["Race"] != factual["Race"]).mean()
    assert 0 < moved < 0.5
    close(made.frame["Race"].mean(), factual["Race"].mean(), 0.5)


def test_probabilities_stand_under_names_of_their_own(model, table):
    made = pipeline.generate(model, table, "a=yes", probabilities=True)
    assert list(made.frame.columns) == [
        "Sex", "Race_probability", "Work_probability_none", "Work_probability_some", "Income_mean",
    ]  # fmt: skip
    assert set(made.frame["Race_probability"].round(9)) == {0.2, 0.7}
    hard = pipeline.generate(model, table, "a=yes").frame
    close(made.frame["Race_probability"].mean(), hard["Race"].mean(), 0.5)
    total = made.frame["Work_probability_none"] + made.frame["Work_probability_some"]
    assert total.to_numpy() == pytest.approx(np.ones(N))
    residual = hard["Income"] - made.frame["Income_mean"]
    close(residual.mean(), 0.0, 1.0)
    assert residual.std() == pytest.approx(1, abs=0.1)


def test_the_same_seed_makes_the_same_table_and_another_one_another(model, table, factual):
    rows = table.head(50)
    first = pipeline.generate(model, rows, seed=3).frame
    pd.testing.assert_frame_equal(first, pipeline.generate(model, rows, seed=3).frame)
    assert not first.equals(pipeline.generate(model, rows, seed=4).frame)


def test_a_flip_of_several_levels_makes_a_row_for_each_other_one():
    text = "scm m\nsensitive s : {x, y, z}\noutcome v : real\ns -> v\n"
    text += "s ~ Categorical([0.3, 0.3, 0.4])\nv ~ Normal(10*code(s), 1)\n"
    model = pipeline.numbered(scm_of(text))
    table = pd.DataFrame({"s": ["x", "z"], "v": [0.0, 20.0]})
    made = pipeline.generate(model, table, "s=s'")
    assert made.rows.rows.tolist() == [1, 1, 2, 2]
    assert made.frame["s"].tolist() == ["y", "z", "x", "y"]
    assert made.frame["v"].diff()[[1, 3]].tolist() == pytest.approx([10.0, 10.0])


def test_a_latent_that_descends_moves_with_what_is_set():
    text = "scm m\nsensitive a : binary\nlatent M\noutcome y : real\na -> M -> y\n"
    text += "a ~ Bernoulli(0.5)\nM ~ Normal(5*a, 1)\ny ~ Normal(M, 0.1)\n"
    model = pipeline.numbered(scm_of(text))
    table = pipeline.simulate(model, 30, 0)
    factual, low = (pipeline.generate(model, table, w).frame for w in ("factual", "a=0"))
    assert (factual["y"] - low["y"]).to_numpy() == pytest.approx(5.0 * table["a"].to_numpy())


def test_a_sensitive_variable_below_what_is_set_moves_with_its_own_noise():
    text = "scm m\nobserved t : binary\nsensitive s : real\noutcome y : real\nt -> s -> y\n"
    text += "t ~ Bernoulli(0.5)\ns ~ Normal(3*t, 1)\ny ~ Normal(s, 1)\n"
    model = pipeline.numbered(scm_of(text))
    table = pipeline.simulate(model, 20, 0)
    found = pipeline.generate(model, table, "t=1").frame
    assert (found["s"] - table["s"]).to_numpy() == pytest.approx(3.0 * (1 - table["t"]).to_numpy())


def test_independent_coupling_draws_anew_where_a_parent_moves():
    text = "scm m\nsensitive a : binary\noutcome y : real\na -> y\ncoupling y ~ independent\n"
    text += "a ~ Bernoulli(0.5)\ny ~ Normal(a, 1)\n"
    model = pipeline.numbered(scm_of(text))
    table = pipeline.simulate(model, 40, 0)
    factual, ones = (pipeline.generate(model, table, w).frame for w in ("factual", "a=1"))
    moved = table["a"] == 0
    assert (factual[~moved]["y"] == ones[~moved]["y"]).all()
    gaps = (ones - factual)[moved]["y"]
    assert gaps.std() > 0.5


def test_two_variables_of_one_column_stay_apart_and_are_told():
    text = 'scm m\nsensitive a : binary\nobserved w : count from floor("x")\n'
    text += 'outcome y : real from "x"\na -> w, y\na ~ Bernoulli(0.5)\nw ~ Poisson(3)\n'
    text += "y ~ Normal(a, 1)\n"
    model = pipeline.numbered(scm_of(text))
    made = pipeline.generate(model, pd.DataFrame({"a": [0, 1], "x": [1.5, 2.5]}))
    assert list(made.frame.columns) == ["a", "x", "y"]
    assert any("`y` stands under its own name" in note for note in made.notes)
    assert any("`floor` has no inverse" in note for note in made.notes)


@pytest.mark.parametrize(
    ("world", "code"),
    [("a=maybe", "CD712"), ("A=yes", "CD707"), ("r=3", "CD724"), ("factuall", "CD")],
)
def test_a_world_that_is_none_is_refused(model, table, world, code):
    with pytest.raises(CounterfactualError, match=code):
        pipeline.generate(model, table.head(5), world)


def test_one_draw_of_a_weighted_posterior_is_picked_by_weight():
    """A posterior that no engine gives exactly: decoded means follow the table all the same."""
    text = "scm m\nlatent K\nsensitive a : binary\nobserved r : count\noutcome y : real\n"
    text += "K -> r, y\na -> y\na ~ Bernoulli(0.5)\nr ~ Poisson(exp(K))\ny ~ Normal(a + K, 1)\n"
    model = pipeline.numbered(scm_of(text))
    table = pipeline.simulate(model, 1500, 0)
    data = bind(table, model.encoding.schema)
    given = read_evidence(model.compiled.scm, data.columns)
    made = generate(model.compiled, {}, given, None, seed=0)
    assert (made.objective, made.engines["K"]) == ("posterior", "laplace")
    decoded = made.values["y"].numpy()
    close(decoded.mean(), table["y"].mean(), table["y"].std(), 1500)
    assert np.corrcoef(decoded, table["y"])[0, 1] > 0.3


def test_a_fit_beyond_the_elbo_decodes_one_draw_of_its_encoder():
    text = TEXT.split("u ~ ")[0].replace("latent u : binary", "latent u")
    source = SourceFile(path="m.scm", text=text.lstrip() + "loss extra = 0.01 * mse(u, y)\n")
    table = pipeline.simulate(pipeline.numbered(scm_of(TEXT)), 80, 0)
    fitted = pipeline.fit(source, table, words={"epochs": 2, "seed": 0, "passes": 2})
    made = pipeline.generate(pipeline.answerer_of(fitted), table, "a=yes")
    assert made.rows.objective == "encoder"
    assert set(made.rows.engines.values()) == {"guide"}
    assert len(made.frame) == 80
