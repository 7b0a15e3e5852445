"""`Fit.effects`, `Model.effects`, `Fit.generate` and `Model.generate`."""

import numpy as np
import pandas as pd
import pytest

import causaldsl


def test_effects_of_a_fit_read_save_and_show_themselves(fit, frame, tmp_path):
    found = fit.effects(frame, "S=s'", draws=10)
    assert found.effect("abducted", "mean").n_rows == 60
    mean = found.frame["abducted_mean"].mean()
    assert mean == pytest.approx(found.effect("abducted", "mean").estimate)
    assert set(found.summary["estimand"]) == {"abducted", "without outcome", "prior", "observed"}
    assert str(found) == found.text
    assert "<table" in found._repr_html_()
    assert "CD620" in {d.code for d in found.diagnostics}
    for name in ("e.csv", "e.parquet", "e.json", "e.md", "e.txt"):
        found.save(tmp_path / name)
        assert (tmp_path / name).stat().st_size
    assert pd.read_csv(tmp_path / "e.csv").shape == found.frame.shape


def test_effects_of_another_suffix_are_refused_before_a_file_is_there(fit, frame, tmp_path):
    found = fit.effects(frame, {"S": "b-c"}, draws=2)
    assert found.result.contrasts == ("S=b-c against S=a",)
    with pytest.raises(ValueError, match=r"\.xlsx"):
        found.save(tmp_path / "e.xlsx")
    assert list(tmp_path.iterdir()) == []


def test_an_effect_that_was_not_asked_for_is_a_key_error(fit, frame):
    found = fit.effects(frame, "S=s'", draws=2)
    with pytest.raises(KeyError, match=r"there are .*'abducted', 'mean'.*'prior', 'sampled'"):
        found.effect("abducted", "probability")
    with pytest.raises(KeyError, match="no name 'some rows': there are 'all rows', 'S=a'"):
        found.effect("abducted", "mean", name="some rows")
    with pytest.raises(KeyError, match="no contrast 'S': there are 'S=b-c against S=a'"):
        found.effect("abducted", "mean", contrast="S")


def test_effects_of_a_numbered_model_need_no_fit(numbered):
    rows = numbered.simulate(20, 1)
    found = numbered.effects(rows, {"S": "d, e"}, by=[], draws=2)
    effects = [
        found.effect("abducted", "mean", contrast=c).estimate for c in found.result.contrasts
    ]
    assert effects == pytest.approx([4.0, 2.0])


def test_a_decoded_table_reads_saves_and_shows_itself(fit, frame, tmp_path):
    made = fit.generate(frame, {"S": "b-c"}, seed=2)
    assert list(made.frame.columns) == list(frame.columns)
    assert set(made.frame["group"]) == {"b-c"}
    assert made.rows == list(range(1, 61))
    assert "set          `S`, as the world says" in made.head
    assert "<table" in made._repr_html_()
    made.save(tmp_path / "g.csv")
    assert fit.predict(tmp_path / "g.csv").shape[0] == 60


def test_a_numbered_model_makes_rows_without_a_fit(numbered):
    rows = numbered.simulate(30, 1)
    factual, other = numbered.generate(rows), numbered.generate(rows, "S=s'")
    assert factual.frame["S"].tolist() == rows["S"].tolist()
    assert len(other.frame) == 60


def test_a_model_with_numbers_to_learn_is_refused(frame):
    model = causaldsl.loads("scm m\nsensitive S : {a, b}\noutcome Y : real\nS -> Y\n")
    with pytest.raises(causaldsl.InferenceError, match="CD607"):
        model.effects(frame, "S=a")
    with pytest.raises(causaldsl.InferenceError, match="CD607"):
        model.generate(frame)


@pytest.mark.parametrize(
    ("options", "said"),
    [({"draws": 0}, "draws"), ({"seed": -1}, "seed"), ({"objective": "both"}, "posterior")],
)
def test_numbers_and_words_that_are_none_are_refused(numbered, options, said):
    with pytest.raises(ValueError, match=said):
        numbered.effects(numbered.simulate(3), "S=a", **options)


@pytest.mark.parametrize("objective", [None, "encoder", "posterior"])
def test_an_engine_that_there_is_none_of_is_refused_before_anything_is_asked(numbered, objective):
    rows = numbered.simulate(3)
    for ask in (numbered.effects, numbered.counterfactual):
        with pytest.raises(causaldsl.CounterfactualError, match="CD705"):
            ask(rows, "S=a", engine="nosuch", objective=objective)
    with pytest.raises(causaldsl.CounterfactualError, match="CD705"):
        numbered.generate(rows, engine="nosuch", objective=objective)


ARRAYS = """scm arrays
sensitive a : binary
observed x[2] : real from standardize("x1" .. "x2")
observed b[2] : binary from "b1", "b2"
observed c : {u, v, w}
outcome y : real from "y" missing latent
latent z[2]
z -> x, b, c, y
a -> x, y
loss elbo(weights={c: 0})
"""


@pytest.fixture(scope="module")
def arrays():
    rng = np.random.default_rng(0)
    z = rng.normal(size=40)
    a = (rng.random(40) < 0.5).astype(int)
    table = pd.DataFrame(
        {
            "c": rng.choice(list("uvw"), 40),
            "y": z + a + rng.normal(size=40),
            "a": a,
            "x1": 10 + z + a,
            "x2": z - a,
            "b1": (z > 0).astype(int),
            "b2": (z + rng.normal(size=40) > 0).astype(int),
        }
    )
    table.loc[:4, "y"] = np.nan
    return causaldsl.loads(ARRAYS).fit(table, epochs=2, passes=2), table


def test_a_table_of_arrays_is_decoded_in_its_own_columns(arrays):
    fit, table = arrays
    made = fit.generate(table, "a=a'")
    assert list(made.frame.columns) == list(table.columns)
    assert made.frame["y"].notna().all()
    assert abs(made.frame["x1"].mean() - 10) < 5
    means = fit.generate(table, "a=1", probabilities=True).frame
    assert list(means.columns) == [
        "c", "y_mean", "a", "x1_mean", "x2_mean", "b1_probability", "b2_probability",
    ]  # fmt: skip
    assert means["c"].tolist() == table["c"].tolist()  # weight 0: what rows are conditioned on


def test_rows_without_an_outcome_count_and_are_told(arrays):
    fit, table = arrays
    found = fit.effects(table, "a=a'", by="c", draws=5)
    notes = found.result.estimands[0].notes
    assert notes == ("5 rows have no `y` of their own",)
    assert found.effect("abducted", "mean").n_rows == 40
    seen = table[table["y"].notna()].groupby("a")["y"].mean()
    observed = found.effect("observed", "observed")
    assert observed.estimate == pytest.approx(seen[1] - seen[0])
    assert observed.n_rows == 35


def test_rows_without_an_outcome_have_no_other_one_to_be_flipped_to(arrays):
    fit, table = arrays
    assert set(fit.generate(table, "y=1.5").frame["y"]) == {1.5}


def test_what_the_objective_leaves_out_is_named_where_it_enters_the_prior():
    text = ARRAYS.replace("a -> x, y", "a -> x, y\nc -> y").replace(
        "z -> x, b, c, y", "z -> x, b, y"
    )
    rng = np.random.default_rng(0)
    names = ("x1", "x2", "y")
    table = pd.DataFrame({n: rng.normal(size=30) for n in names})
    for name in ("a", "b1", "b2"):
        table[name] = rng.integers(0, 2, 30)
    table["c"] = rng.choice(list("uvw"), 30)
    found = causaldsl.loads(text).fit(table, epochs=2, passes=2).effects(table, "a=a'", draws=3)
    assert "`c`: weight 0 in `elbo`" in found.text.replace("\n    ", " ")


def test_an_estimand_that_the_encoder_cannot_give_is_named_beside_those_that_it_can():
    text = """scm causes
sensitive a : binary
observed x : real
outcome y : binary
latent z, w
y, w -> z
z, a -> x
z ~ Normal(mlp(y, w; hidden=[3]))
guide z ~ Normal(mlp(x, a; hidden=[3]))
guide w ~ Normal(mlp(z; hidden=[3]))
guide y ~ mlp(z; hidden=[3])
a -> y
loss elbo(weights={a: 0})
train epochs=1
"""
    rng = np.random.default_rng(0)
    rows = {"a": rng.integers(0, 2, 20), "x": rng.normal(size=20), "y": rng.integers(0, 2, 20)}
    found = causaldsl.loads(text).fit(rows).effects(rows, "a=a'", draws=3)
    assert np.isfinite(found.effect("abducted", "probability").estimate)
    assert "no effect `without outcome`: the encoder cannot answer" in " ".join(found.text.split())
