"""Pictures of other worlds: what is asked, what is encoded and decoded, what is refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyro
import pytest
import torch

from causaldsl import CounterfactualError, DataError, pipeline
from causaldsl.counterfactual import pictures as numeric
from causaldsl.counterfactual.abduction import Evidence
from causaldsl.counterfactual.pictures import read_question
from causaldsl.data.binding import bind
from causaldsl.datasets.scenes import scenes
from causaldsl.pictures import Pictures
from causaldsl.runtime.scope import isolated
from causaldsl.source import SourceFile
from tests.models_text import scm_of

SMALL = """scm small "Small scenes"
sensitive a : binary
observed  sun : binary
outcome   x : image[3, 8, 8] from "picture"
latent    u[3]
u -> sun, x
a -> x
sun ~ mlp(u; hidden=[4])
x ~ deconv(parents; channels=[6], hidden=[8], norm=batch, activation=leaky_relu(0.2))
guide u ~ Normal(conv(x, a; channels=[6], hidden=[8], norm=batch, dropout=0.1))
"""

MEDIATED = """scm mediated
sensitive a : binary
sensitive g : {p, q, r}
observed  r : binary
observed  d : real
observed  y : real missing latent
outcome   x : image[1, 8, 8]
latent    u[2]
u, a, g, d, r -> x
a -> d, y
d ~ Normal(linear(a), 1)
y ~ Normal(linear(a), 1)
x ~ deconv(parents; channels=[4], hidden=[6])
guide u ~ Normal(conv(x, a, y; channels=[4], hidden=[6], activation=tanh))
"""
QUICK = {"epochs": 1, "passes": 2, "batch_size": 16}


def fitted(text, frame):
    found = pipeline.fit(SourceFile(path="m.scm", text=text), frame, words=QUICK)
    return pipeline.answerer_of(found)


@pytest.fixture(scope="module")
def drawn():
    return scenes(24, seed=3, size=8)


@pytest.fixture(scope="module")
def small(drawn):
    return fitted(SMALL, drawn.table())


@pytest.fixture(scope="module")
def rows():
    g = np.random.default_rng(1)
    return {
        "a": g.integers(0, 2, 24), "g": np.array(["p", "q", "r"] * 8), "r": g.integers(0, 2, 24),
        "d": g.normal(size=24), "y": g.normal(size=24), "x": list(g.random((24, 1, 8, 8))),
    }  # fmt: skip


@pytest.fixture(scope="module")
def mediated(rows):
    return fitted(MEDIATED, rows)


def mechanism(model, name, values):
    """The mean of a mechanism at some values, by the emitted module alone."""
    module = model.compiled.module
    with isolated(0, {k: dict(v) for k, v in model.state.items()}), torch.no_grad():
        p = module.parameters()
        return module.MECHANISMS[name](p, *(values[n] for n in module.PARENTS[name])).mean


def encoder(model, batch):
    """Means of the encoder's factors by latent, by the emitted module alone."""
    module = model.compiled.module
    with isolated(0, {k: dict(v) for k, v in model.state.items()}), torch.no_grad():
        sites = pyro.poutine.trace(module.guide).get_trace(batch).nodes
        return {n: sites[n]["fn"].base_dist.loc for n in module.LATENT}


# --- what is shown --------------------------------------------------------------------------


def test_pictures_are_the_mechanisms_means_at_the_encoders_means(small, drawn):
    made = pipeline.pictures(small, drawn.table(), ["a=a'"])
    batch = bind(drawn.table(), small.encoding.schema, encoding=small.encoding).batch()
    values = {**batch, **encoder(small, batch)}
    np.testing.assert_array_equal(made.original, drawn.images)
    np.testing.assert_allclose(made.reconstruction, mechanism(small, "x", values))
    flipped = mechanism(small, "x", {**values, "a": 1 - values["a"]})
    np.testing.assert_allclose(made.counterfactual, flipped)
    assert made.rows == list(range(1, 25))
    assert np.abs(made.reconstruction - made.counterfactual).max() > 0
    assert made.counterfactual.min() >= 0
    assert made.counterfactual.max() <= 1


def test_setting_a_rows_own_level_gives_its_reconstruction_and_the_other_its_flip(small, drawn):
    flip = pipeline.pictures(small, drawn.table(), ["a=a'"])
    set_to = pipeline.pictures(small, drawn.table(), ["a=1"])
    own = drawn.attributes["a"] == 1
    np.testing.assert_array_equal(set_to.counterfactual[own], flip.reconstruction[own])
    np.testing.assert_array_equal(set_to.counterfactual[~own], flip.counterfactual[~own])


def test_a_picture_depends_on_no_other_row_and_not_on_how_rows_are_parted(
    small, drawn, monkeypatch
):
    whole = pipeline.pictures(small, drawn.table(), ["a=a'"])
    monkeypatch.setattr("causaldsl.counterfactual.abducted_chunks.CHUNK", 5 * 3 * 8 * 8)
    parted = pipeline.pictures(small, drawn.table(), ["a=a'"])
    np.testing.assert_allclose(parted.counterfactual, whole.counterfactual, atol=1e-12)
    first = pipeline.pictures(small, drawn.table(), ["a=a'"], rows=3)
    np.testing.assert_allclose(first.counterfactual, whole.counterfactual[:3], atol=1e-12)


def test_a_normal_picture_is_cut_off_at_black_and_white(drawn):
    text = SMALL.replace("x ~ deconv(parents", "x ~ Normal(deconv(parents").replace(
        "activation=leaky_relu(0.2))\nguide", "activation=leaky_relu(0.2)), 0.1)\nguide"
    )
    model = fitted(text, drawn.table())
    made = pipeline.pictures(model, drawn.table(), ["a=a'"])
    batch = bind(drawn.table(), model.encoding.schema, encoding=model.encoding).batch()
    mean = mechanism(model, "x", {**batch, **encoder(model, batch)}).numpy()
    assert mean.min() < 0
    np.testing.assert_allclose(made.reconstruction, mean.clip(0, 1))


def test_what_is_above_the_image_moves_with_its_own_noise_or_stays(mediated, rows):
    made = pipeline.pictures(mediated, rows, ["a=a'"])
    assert (made.result.moved, made.result.kept) == (("d",), ("g", "r"))
    batch = bind(rows, mediated.encoding.schema, encoding=mediated.encoding).batch()
    other = {**batch, **encoder(mediated, batch), "a": 1 - batch["a"]}
    slope = mechanism(mediated, "d", other) - mechanism(mediated, "d", batch)
    other["d"] = batch["d"] + slope
    assert float(slope.abs().min()) > 0
    np.testing.assert_allclose(made.counterfactual, mechanism(mediated, "x", other), atol=1e-9)


def test_a_variable_of_several_levels_has_a_world_for_each(mediated, rows):
    made = pipeline.pictures(mediated, rows, ["g=g'"])
    assert list(made.worlds) == ["g=p", "g=q", "g=r"]
    own = np.array(rows["g"]) == "q"
    np.testing.assert_array_equal(made.worlds["g=q"][own], made.reconstruction[own])
    assert (made.worlds["g=q"][~own] != made.reconstruction[~own]).any(axis=(1, 2, 3)).all()
    frame = made.frame
    assert len(frame) == 2 * 24
    assert frame.loc[frame["row"] == 2, "g"].tolist() == ["p", "r"]
    with pytest.raises(ValueError, match="worlds"):
        _ = made.counterfactual


def test_draws_follow_from_the_seed_and_are_averaged(small, drawn):
    def made(draws, seed):
        return pipeline.pictures(small, drawn.table(), ["a=a'"], draws=draws, seed=seed)

    one = made(1, 4).counterfactual
    np.testing.assert_array_equal(one, made(1, 4).counterfactual)
    assert not np.array_equal(one, made(1, 5).counterfactual)
    many = [made(1, s).counterfactual for s in range(20)]
    error = np.std(many, axis=0, ddof=1).mean()
    assert np.abs(made(400, 1).counterfactual - np.mean(many, axis=0)).mean() < error


def with_holes(rows):
    return dict(rows, y=[None if i in (0, 5) else float(y) for i, y in enumerate(rows["y"])])


def test_rows_that_lack_something_else_are_encoded_without_it(rows):
    taught = fitted(MEDIATED, with_holes(rows))
    made = pipeline.pictures(taught, with_holes(rows), ["a=a'"])
    whole = pipeline.pictures(taught, rows, ["a=a'"])
    kept = [i for i in range(24) if i not in (0, 5)]
    assert made.rows == whole.rows
    np.testing.assert_allclose(made.counterfactual[kept], whole.counterfactual[kept], atol=1e-12)
    assert not np.allclose(made.counterfactual[0], whole.counterfactual[0])


def test_an_encoder_that_never_met_such_rows_does_not_answer_for_them(mediated, rows):
    with pytest.raises(CounterfactualError) as caught:
        pipeline.pictures(mediated, with_holes(rows), ["a=a'"])
    assert caught.value.diagnostics[0].code == "CD706"
    assert "never lacked `y`" in caught.value.diagnostics[0].message


def test_rows_without_a_picture_or_a_level_are_refused(small, drawn):
    batch = bind(drawn.table(), small.encoding.schema, encoding=small.encoding).batch()
    for name, code in (("x", "CD709"), ("a", "CD714")):
        values = {n: v for n, v in batch.items() if n not in (name, "__row__")}
        seen = {name: torch.arange(24) > 3}
        for given in ({"values": values}, {"values": values | {name: batch[name]}, "seen": seen}):
            evidence = Evidence(n_rows=24, row_numbers=torch.arange(1, 25), **given)
            with pytest.raises(CounterfactualError) as caught:
                numeric.counterfactual_pictures(
                    small.compiled, small.params, evidence,
                    read_question(small.compiled.scm, ["a=1"]), seed=0, state=small.state,
                )  # fmt: skip
            assert caught.value.diagnostics[0].code == code


def test_where_the_image_does_not_descend_nothing_changes_and_it_is_said(small, drawn):
    made = pipeline.pictures(small, drawn.table(), ["sun=sun'"])
    np.testing.assert_array_equal(made.counterfactual, made.reconstruction)
    assert "no picture changes" in made.head


def test_the_head_says_what_the_pictures_rest_on(small, drawn):
    made = pipeline.pictures(small, drawn.table(), ["a=a'"])
    said = " ".join(made.head.split())
    for words in ("`encoder`", "not the model's posterior", "noise is not drawn", "rows 24"):
        assert words in said
    averaged = pipeline.pictures(small, drawn.table(), ["a=a'"], draws=3)
    assert "3 draws a row" in averaged.head
    assert max(map(len, averaged.head.splitlines())) <= 80


# --- the truth, files -----------------------------------------------------------------------


def test_the_truth_is_a_column_or_pictures_and_is_shown_beside(small, drawn):
    table = {**drawn.table(), "other": drawn.counterfactual}
    by_name = pipeline.pictures(small, table, ["a=a'"], truth="other", rows=4)
    by_hand = pipeline.pictures(
        small, drawn.table(), ["a=a'"], truth=(drawn.counterfactual * 255).round().astype(np.uint8)
    )
    np.testing.assert_array_equal(by_name.truth, drawn.counterfactual[:4])
    np.testing.assert_allclose(by_hand.truth, drawn.counterfactual)
    with pytest.raises(DataError) as caught:
        pipeline.pictures(small, table, ["a=a'"], truth="othr")
    assert caught.value.diagnostics[0].code == "CD507"
    with pytest.raises(ValueError, match="true pictures"):
        pipeline.pictures(small, drawn.table(), ["a=a'"], truth=drawn.counterfactual[:3])


def test_written_pictures_are_named_by_a_table_that_binds_again(small, drawn, tmp_path):
    made = pipeline.pictures(small, drawn.table(), ["a=a'"], rows=5)
    table = made.save_images(tmp_path / "made")
    frame = pd.read_csv(table)
    assert list(frame.columns) == ["row", "world", "a", "x"]
    assert frame["a"].tolist() == (1 - drawn.attributes["a"][:5]).tolist()
    again = bind(
        pipeline.read_rows(table).rename(columns={"x": "picture"}),
        small.encoding.schema, encoding=small.encoding, require=["x"], what="evidence",
        images=table.parent,
    )  # fmt: skip
    np.testing.assert_allclose(again.columns["x"], made.counterfactual, atol=0.5 / 255 + 1e-9)
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError) as caught:
        made.save_images(tmp_path / "file")
    assert caught.value.diagnostics[0].code == "CD524"


def test_a_sheet_is_a_png_and_stands_in_a_notebook(small, drawn, tmp_path):
    made = pipeline.pictures(small, drawn.table(), ["a=a'"], truth=drawn.counterfactual)
    made.save(tmp_path / "sheet.png", rows=2)
    assert (tmp_path / "sheet.png").read_bytes() == made.sheet(rows=2)
    assert made.sheet(rows=2).startswith(b"\x89PNG")
    assert 'src="data:image/png;base64,' in made._repr_html_()


# --- refusals -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("a=1, sun=1", "CD749"),
        ("u=1", "CD715"),
        ("x=1", "CD715"),
        ("a ~ Bernoulli(0.5)", "CD749"),
        ("a <- 1 - a", "CD749"),
        ("b=1", "CD707"),
        ("a=3", "CD724"),
    ],
)
def test_what_is_no_level_of_one_variable_is_refused(text, code):
    with pytest.raises(CounterfactualError) as caught:
        read_question(scm_of(SMALL), [text])
    assert caught.value.diagnostics[0].code == code


def test_a_number_and_a_latent_are_refused_with_a_way_out():
    for text, reason in (("d=1", "is real"), ("k=1", "is unobserved")):
        scm = scm_of(MEDIATED.replace("latent    u[2]\n", "latent    u[2]\nlatent k : binary\n"))
        with pytest.raises(CounterfactualError) as caught:
            read_question(scm, [text])
        found = caught.value.diagnostics[0]
        assert found.code == "CD749"
        assert reason in found.message
        assert found.hint == "write `a=a'` or a level"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("scm m\nsensitive a : binary\noutcome y : real\na -> y\n", "observes no image"),
        (
            "scm m\nsensitive a : binary\nobserved x, z : image[1, 8, 8]\nlatent u[2]\n"
            "u, a -> x, z\nx, z ~ deconv(parents; channels=[4])\n",
            "the images `x`, `z`",
        ),
    ],
)
def test_no_image_and_several_are_refused(text, said):
    with pytest.raises(CounterfactualError) as caught:
        read_question(scm_of(text), ["a=1"])
    assert caught.value.diagnostics[0].code == "CD748"
    assert said in caught.value.diagnostics[0].message


def test_without_a_guide_for_whole_rows_there_is_no_encoder(small, drawn):
    from dataclasses import replace

    with pytest.raises(CounterfactualError) as caught:
        pipeline.pictures(replace(small, state=None), drawn.table(), ["a=a'"])
    assert caught.value.diagnostics[0].code == "CD706"


@pytest.mark.parametrize("draws", [0, -1, 1.5, "all", True])
def test_draws_are_the_mean_or_a_number_from_one(small, drawn, draws):
    with pytest.raises((ValueError, TypeError)):
        pipeline.pictures(small, drawn.table(), ["a=a'"], draws=draws)


def test_pixels_that_are_no_numbers_are_refused_at_their_rows(small, drawn):
    images = drawn.images.copy()
    images[2, 0, 1, 1] = np.nan
    with pytest.raises(DataError) as caught:
        pipeline.pictures(small, {**drawn.table(), "picture": images}, ["a=a'"])
    (found,) = caught.value.diagnostics
    assert (found.code, found.place) == ("CD529", "column `picture`, row 3")


def test_the_table_of_the_ordinary_worlds_has_no_pixels_and_says_so(small, drawn):
    result, _ = pipeline.counterfactual(small, drawn.table(), ["a=a'"], draws=3)
    assert "x" not in pipeline.counterfactual_frame(result).columns
    from causaldsl.reports.worlds_text import head_lines

    assert any("pixels are left out" in line for line in head_lines(result, "small"))


def test_a_fit_and_its_pictures_are_reached_from_python(drawn):
    import causaldsl

    fit = causaldsl.loads(SMALL).fit(drawn.table(), **QUICK)
    made = fit.pictures(drawn.table(), "a=a'", draws=1, seed=2)
    assert isinstance(made, Pictures)
    assert made.result.draws == 1
