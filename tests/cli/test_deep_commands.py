"""Commands after the fit of models with arrays, networks and pictures."""

import numpy as np
import pandas as pd
import pytest

import causaldsl
from tests.command_line import run
from tests.counterfactual.test_arrays import DEEP, PICTURED, table

QUICK = {"epochs": 1, "batch_size": 20, "passes": 2, "seed": 1}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Return a saved fit of a deep model, and its table."""
    folder = tmp_path_factory.mktemp("deep")
    causaldsl.loads(DEEP).fit(table(), **QUICK).save(folder / "deep.fit")
    table().to_csv(folder / "rows.csv", index=False)
    return folder / "deep.fit", folder / "rows.csv"


@pytest.fixture(scope="module")
def pictured(tmp_path_factory):
    """Return a saved fit of a model of pictures."""
    rng = np.random.default_rng(0)
    pictures = pd.Series(list(rng.random((8, 1, 4, 4))))
    rows = pd.DataFrame({"a": rng.integers(0, 2, 8), "picture": pictures})
    path = tmp_path_factory.mktemp("pictured") / "pictured.fit"
    causaldsl.loads(PICTURED).fit(rows, **QUICK).save(path)
    return path


def test_counterfactuals_are_written_cell_by_cell(made, here):
    fit, rows = made
    done = run("counterfactual", fit, "--data", rows, "--do", "a=a'", "--draws", 4, "-o", "c.csv")
    assert done.code in (0, 5), done.err
    found = pd.read_csv(here / "c.csv")
    assert len(found) == 40
    assert {"x1", "x2_sd", "u1", "u3_q95", "w"} <= set(found.columns)


def test_a_summary_lists_the_cells(made):
    fit, rows = made
    done = run("counterfactual", fit, "--data", rows, "--do", "a=a'", "--draws", 4)
    assert "by the encoder, as trained" in done.out
    assert any(line.strip().startswith("x2 ") for line in done.out.splitlines())


def test_an_array_is_refused_at_its_name(made):
    fit, rows = made
    done = run("counterfactual", fit, "--data", rows, "--do", "x=1", "--draws", 4)
    assert "CD715" in done.err
    assert "array of 2 cells" in done.err


def test_drawn_rows_can_be_asked_about_again(made, here):
    fit, _ = made
    assert run("simulate", fit, "-n", 5, "-o", "drawn.csv").code in (0, 5)
    assert list(pd.read_csv(here / "drawn.csv")) == ["a", "b", "x1", "x2", "y"]
    done = run("counterfactual", fit, "--data", "drawn.csv", "--do", "a=1", "--draws", 3)
    assert done.code in (0, 5), done.err


def test_a_fit_predicts_and_is_audited(made, here):
    fit, rows = made
    assert run("predict", fit, "--data", rows, "-o", "p.csv").code in (0, 5)
    assert len(pd.read_csv(here / "p.csv")) == 40
    done = run("audit", fit, "--data", rows, "--draws", 2, "--metrics", "accuracy,cf_gap", "-q")
    assert done.code in (0, 5), done.err
    assert "deep (u, b, x)" in done.out


def test_pictures_are_no_text(pictured, here):
    done = run("simulate", pictured, "-n", 2, "--latents")
    assert done.out.splitlines()[0] == "a,u1,u2"
    assert "`picture`: pictures are written beside a file" in done.err
    assert run("simulate", pictured, "-n", 2, "-o", "s.csv").code in (0, 5)
    assert (here / pd.read_csv(here / "s.csv")["picture"][0]).is_file()


def test_pictures_of_other_worlds_have_no_columns(pictured, here):
    assert run("simulate", pictured, "-n", 2, "-o", "s.csv").code in (0, 5)
    done = run("counterfactual", pictured, "--data", "s.csv", "--do", "a=a'", "--draws", 3)
    assert done.code in (0, 5), done.err
    assert "`x`: pictures have no columns" in done.out


# --- whose draws of the latents -------------------------------------------------------------

ASKED = (["counterfactual", "--do", "a=a'"], ["effects", "--do", "a=a'"], ["generate"])


def _ask(command, made, *options):
    fit, rows = made
    draws = [] if command[0] == "generate" else ["--draws", 4]
    return run(command[0], fit, "--data", rows, *command[1:], *draws, *options, "-q")


@pytest.mark.parametrize("command", ASKED, ids=lambda c: c[0])
@pytest.mark.parametrize("kind", [[], ["--as", "encoder"], ["--as", "posterior"]])
def test_an_engine_that_there_is_none_of_is_refused_whoever_draws(made, command, kind):
    done = _ask(command, made, "--engine", "nosuch", *kind)
    assert (done.code, "no engine `nosuch`" in done.err) == (2, True), done.err
    assert done.out == ""


@pytest.mark.parametrize("command", ASKED, ids=lambda c: c[0])
def test_an_engine_beside_the_encoder_is_refused(made, command):
    done = _ask(command, made, "--engine", "laplace", "--as", "encoder")
    assert (done.code, "CD704" in done.err) == (5, True), done.err
    assert "draws are taken as trained" in " ".join(done.err.split())


@pytest.mark.parametrize("command", ASKED, ids=lambda c: c[0])
def test_an_engine_alone_asks_for_the_posterior(made, command):
    done = _ask(command, made, "--engine", "laplace")
    assert done.code in (0, 5), done.err
    assert "by laplace" in done.out or "by laplace" in done.err
    assert "encoder" not in done.out


@pytest.mark.parametrize("command", ASKED, ids=lambda c: c[0])
def test_help_lists_the_engines(command):
    said = " ".join(run(command[0], "--help").out.replace("│", " ").split())
    assert "The posterior by this engine" in said
    assert all(name in said for name in ("guide", "laplace", "importance"))


def test_decoded_pictures_are_means_or_drawn_as_their_mechanism_says(pictured, tmp_path):
    assert run("simulate", pictured, "-n", 6, "-o", "s.csv").code in (0, 5)
    said = " ".join(run("generate", pictured, "--data", "s.csv", "-o", "g.csv", "-q").out.split())
    assert "decoded `x`: pictures, the means of their pixels" in said
    assert "drawn from the mechanisms" not in said
    noisy = PICTURED.replace("x ~ deconv(parents; channels=[2], hidden=[4])", NOISY)
    rows = causaldsl.load_fit(pictured).generate("s.csv").frame
    causaldsl.loads(noisy).fit(rows, **QUICK).save(tmp_path / "noisy.fit")
    done = run("generate", tmp_path / "noisy.fit", "--data", "s.csv", "-o", "n.csv", "-q")
    said = " ".join(done.out.split())
    assert "decoded `x`: drawn from the mechanisms" in said
    assert "means" not in said


NOISY = "x ~ Normal(deconv(parents; channels=[2], hidden=[4]), 0.1)"
