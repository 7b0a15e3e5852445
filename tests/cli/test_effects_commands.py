"""``effects`` and ``generate`` from the command line."""

import json

import pandas as pd
import pytest

from tests.command_line import run

TEXT = """scm cells
latent u : binary
sensitive a : {f, m} from "Sex"
observed r : binary
observed d : binary
outcome y : binary from "Income"
u -> r, d, y
a -> d -> y
a -> y
u ~ Bernoulli(0.4)
a ~ Categorical([0.4, 0.6])
r ~ Bernoulli(0.2 + 0.5*u)
d ~ Bernoulli(0.1 + 0.3*u + 0.3*code(a))
y ~ Bernoulli(0.1 + 0.2*u + 0.2*code(a) + 0.4*d)
"""


@pytest.fixture
def cells(here):
    (here / "cells.scm").write_text(TEXT)
    assert run("simulate", "cells.scm", "-n", 200, "-o", "rows.csv").code == 0
    return "cells.scm", "--data", "rows.csv"


# --- effects --------------------------------------------------------------------------------


def test_effects_print_what_they_rest_on_and_every_version_by_name(cells):
    done = run("effects", *cells, "--do", "a=a'", "--by", "r", "--draws", 20, "-q")
    assert (done.code, done.err) == (0, "")
    for words in (
        "Effects of a on y in cells", "a=m against a=f, the first world minus the second",
        "draws of the model's posterior (`posterior`)", "latents drawn from the prior",
        "Parameters are held", "Total effect: E[y under a=m] - E[y under a=f]",
        "Rows with a=m (effect of treatment on the treated, a=m)", "Rows with a=f",
        "By r, a=m against a=f: probability", "By r, a=m against a=f: sampled",
        "no evidence that the latents",
    ):  # fmt: skip
        assert words in done.out.replace("\n    ", " ")
    total = done.out.split("Total effect")[1].split("Rows with")[0]
    for estimand in ("abducted", "without outcome", "prior", "observed"):
        assert estimand in total
    assert max(map(len, done.out.splitlines())) <= 80


@pytest.mark.parametrize("name", ["e.csv", "e.parquet"])
def test_each_rows_effects_are_written_as_a_table(cells, here, name):
    done = run("effects", *cells, "--do", "a=m", "--by", "r", "-o", name, "--draws", 5, "-q")
    assert f"wrote {name}: 200 rows, 11 columns" in done.out
    read = pd.read_csv if name.endswith("csv") else pd.read_parquet
    units = read(here / name)
    assert list(units.columns[:4]) == ["row", "a", "r", "abducted_probability"]
    assert set(units["a"]) == {"f", "m"}


def test_json_holds_the_means_and_the_rows(cells, here):
    run("effects", *cells, "--do", "a=a'", "-o", "e.json", "--draws", 5, "-q")
    found = json.loads((here / "e.json").read_text())
    (total,) = (
        e
        for e in found["effects"]
        if (e["group"], e["estimand"], e["version"]) == ("all", "abducted", "probability")
    )
    assert total["effect"] == pytest.approx(
        sum(found["units"]["abducted_probability"]) / found["rows"]
    )
    assert total["low"] < total["effect"] < total["high"]
    assert [e["source"] for e in found["estimands"]] == ["posterior", "posterior", "prior"]


def test_a_report_is_written_as_markdown_or_text(cells, here):
    for name in ("e.md", "e.txt"):
        done = run("effects", *cells, "--do", "a=a'", "-o", name, "--draws", 5, "-q")
        assert done.out.endswith(f"wrote {name}\n")
    assert (here / "e.md").read_text().startswith("# Effects of a on y in cells\n")
    assert done.out.startswith((here / "e.txt").read_text())


def test_an_empty_stratum_is_said(cells, here):
    rows = pd.read_csv(here / "rows.csv")
    rows[rows["r"] == 1].to_csv(here / "rows.csv", index=False)
    done = run("effects", *cells, "--do", "a=a'", "--by", "r", "--draws", 5, "-q")
    assert done.code == 0, done.err
    assert "no row in r=0" in done.out


def test_a_saved_fit_says_whose_latents_and_what_it_carries(fit, table, here):
    done = run("effects", fit, "--data", table, "--do", "S=s'", "--draws", 5, "-q")
    assert done.code == 5
    assert "carries these findings" in done.err
    assert "Effects of S on Y in small" in done.out
    assert "abducted             mean" in done.out


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        ([], 2, "--do"),
        (["--do", "r=1", "--do", "a=m"], 5, "CD743"),
        (["--do", "a=x"], 5, "its levels are"),
        (["--do", "A=m"], 5, "did you mean `a`"),
        (["--do", "a=m along a -> d"], 5, "CD716"),
        (["--do", "a=a'", "--by", "d"], 5, "CD745"),
        (["--do", "a=a'", "--by", "u"], 5, "CD746"),
        (["--do", "a=a'", "--by", ","], 2, "--by"),
        (["--do", "a=a'", "--by", "R"], 5, "did you mean `r`"),
        (["--do", "a=a'", "--outcome", "u"], 5, "CD744"),
        (["--do", "a=a'", "--outcome", "why"], 5, "CD707"),
        (["--do", "a=a'", "--draws", "0"], 2, "--draws"),
        (["--do", "a=a'", "--as", "magic"], 2, "`posterior` or `encoder`"),
        (["--do", "a=a'", "--as", "encoder"], 5, "CD706"),
        (["--do", "a=a'", "--engine", "magic"], 2, "no engine `magic`"),
        (["--do", "a=a'", "-o", "e.xlsx"], 2, ".csv, .parquet, .txt, .md or .json"),
        (["--do", "a=a'", "-o", "nowhere/e.csv"], 2, "no folder nowhere"),
        (["--do", "a=a'", "-o", "rows.csv"], 2, "would replace"),
    ],
)
def test_a_wrong_question_for_effects_is_refused(cells, here, options, code, said):
    before = sorted(p.name for p in here.iterdir())
    done = run("effects", *cells, "-q", *options)
    assert (done.code, said in done.err) == (code, True), done.err
    assert done.out == ""
    assert sorted(p.name for p in here.iterdir()) == before


@pytest.fixture
def unknown(cells, here):
    """Return the command's words with a table that has no outcome."""
    pd.read_csv(here / "rows.csv").drop(columns="Income").to_csv(here / "rows.csv", index=False)
    return cells


def test_a_table_without_the_outcome_has_the_effects_that_do_without_it(unknown, here):
    done = run("effects", *unknown, "--do", "a=a'", "--by", "r", "--draws", 5, "-o", "e.json", "-q")
    assert (done.code, done.err) == (0, "")
    found = json.loads((here / "e.json").read_text())
    assert {e["estimand"] for e in found["effects"]} == {"without outcome", "prior"}
    assert [e["name"] for e in found["estimands"]] == ["without outcome", "prior"]
    why = "the table has no column `Income`, so no row gives its own `y`"
    assert found["abducted_left_out"] == found["observed_left_out"] == why
    assert " ".join(done.out.split()).count(f"left out: {why}") == 2


def test_the_effects_without_an_outcome_are_those_of_the_table_that_has_it(cells, here):
    words = ("--do", "a=a'", "--draws", 5, "-q")
    run("effects", *cells, *words, "-o", "whole.json")
    pd.read_csv(here / "rows.csv").drop(columns="Income").to_csv(here / "rows.csv", index=False)
    run("effects", *cells, *words, "-o", "less.json")
    whole, less = (
        json.loads((here / f"{n}.json").read_text())["effects"] for n in ("whole", "less")
    )
    assert less == [e for e in whole if e["estimand"] in ("without outcome", "prior")]


def test_a_table_without_another_column_is_refused(cells, here):
    pd.read_csv(here / "rows.csv").drop(columns="d").to_csv(here / "rows.csv", index=False)
    done = run("effects", *cells, "--do", "a=a'", "-q")
    assert (done.code, "CD507" in done.err) == (4, True)


def test_counterfactuals_of_a_table_without_the_outcome_point_at_evidence(unknown):
    done = run("counterfactual", *unknown, "--do", "a=a'", "-q")
    assert (done.code, "CD507" in done.err) == (4, True)
    assert "--evidence" in done.err
    assert run("counterfactual", *unknown, "--do", "a=a'", "--evidence", "a,r,d", "-q").code == 0


# --- generate -------------------------------------------------------------------------------


def test_a_decoded_table_is_written_with_what_was_done(cells, here):
    done = run("generate", *cells, "--world", "a=m", "-o", "g.csv", "-q")
    assert (done.code, done.err) == (0, "")
    said = " ".join(done.out.split())
    for words in (
        "world a=m", "one draw a row", "set `a`, as the world says",
        "decoded `d`, `y`: drawn from the mechanisms", "kept `r`: no descendant", "values hard",
        "wrote g.csv: 200 rows, 4 columns",
    ):  # fmt: skip
        assert words in said
    made, rows = pd.read_csv(here / "g.csv"), pd.read_csv(here / "rows.csv")
    assert list(made.columns) == list(rows.columns)
    assert set(made["Sex"]) == {"m"}
    assert set(made["Income"]) == {0, 1}


def test_without_a_file_the_table_goes_to_standard_output_and_the_rest_does_not(cells, here):
    done = run("generate", *cells, "-q")
    assert done.out.startswith("Sex,r,d,Income\n")
    assert len(done.out.splitlines()) == 201
    assert "world        factual" in done.err
    assert "copied       `a`, from the row" in done.err


def test_a_decoded_table_can_be_fitted_again(cells, here):
    assert run("generate", *cells, "--world", "a=a'", "-o", "g.csv", "-q").code == 0
    (here / "free.scm").write_text(TEXT.split("u ~")[0].replace("u : binary", "u"))
    done = run("fit", "free.scm", "--data", "g.csv", "--epochs", 2, "--train", "passes=2", "-q")
    assert "rows: 200 used" in done.out


def test_probabilities_are_no_values_of_the_table(cells, here):
    run("generate", *cells, "--probabilities", "-o", "p.csv", "-q")
    made = pd.read_csv(here / "p.csv")
    assert list(made.columns) == ["Sex", "r_probability", "d_probability", "Income_probability"]
    assert made["r_probability"].between(0.19, 0.71).all()


def test_decoding_all_says_so(cells):
    done = run("generate", *cells, "--world", "a=f", "--decode-all", "-o", "g.csv", "-q")
    assert "redrawn      `r`: no descendant, and decoded anew all the same" in done.out


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        (["--world", "a=x"], 5, "its levels are"),
        (["--world", "b=1"], 5, "no variable `b`"),
        (["--world", "a=m", "-o", "g.xlsx"], 2, ".csv, .parquet or .json"),
        (["-o", "nowhere/g.csv"], 2, "no folder nowhere"),
        (["-o", "rows.csv"], 2, "would replace"),
        (["--as", "magic"], 2, "`posterior` or `encoder`"),
        (["--as", "encoder"], 5, "CD706"),
    ],
)
def test_a_wrong_world_is_refused_and_leaves_no_file(cells, here, options, code, said):
    before = sorted(p.name for p in here.iterdir())
    done = run("generate", *cells, "-q", *options)
    assert (done.code, said in done.err) == (code, True), done.err
    assert done.out == ""
    assert sorted(p.name for p in here.iterdir()) == before
