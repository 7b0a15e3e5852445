"""``compare --protocol dcevae``: what it prints, and what it refuses."""

import json

import numpy as np
import pandas as pd
import pytest

from causaldsl.datasets import registry
from tests.command_line import run

BINARY = """scm binary
sensitive a : binary
observed r : {p, q}
observed d : real
outcome y : binary
latent u
u -> r
u, a -> d, y
guide u ~ Normal(mlp(r, d, a, y; hidden=[3]))
loss elbo(weights={a: 0})
"""
QUICK = ("--train", "epochs=2", "--train", "passes=2", "--draws", "2", "-q")


@pytest.fixture(name="binary")
def write_binary(here):
    rng = np.random.RandomState(0)
    u, a = rng.randn(80), rng.randint(0, 2, 80)
    frame = pd.DataFrame(
        {
            "a": a,
            "r": np.where(u > 0, "q", "p"),
            "d": u + a,
            "y": (u + a + rng.randn(80) > 0.5).astype(int),
        }
    )
    frame.to_csv(here / "b.csv", index=False)
    (here / "binary.scm").write_text(BINARY)
    return frame


@pytest.mark.usefixtures("binary")
def test_models_are_compared_by_their_effects():
    options = ("--protocol", "dcevae", "--seeds", "3,4", "--by", "r", *QUICK)
    done = run("compare", "binary.scm", "--data", "b.csv", *options)
    assert done.code == 5, done.err  # two epochs settle nothing
    assert "binary on b.csv by DCEVAE's protocol" in done.out
    assert "splits: 2, seeds 3, 4" in done.out
    assert "o2: r=q" in done.out


@pytest.mark.usefixtures("binary")
def test_rows_are_compared_once(here):
    options = ("--protocol", "dcevae-once", "--seeds", "1", *QUICK)
    done = run("compare", "binary.scm", "--data", "b.csv", *options, "-o", "c.json")
    assert done.code == 5
    assert json.loads((here / "c.json").read_text())["once"] is True


def test_a_public_data_set_is_read_by_its_name(binary, monkeypatch):
    asked = []

    def load(name):
        asked.append(name)
        return binary

    monkeypatch.setattr(registry, "load", load)
    options = ("--protocol", "dcevae", "--seeds", "1", *QUICK)
    done = run("compare", "binary.scm", "--data", "adult_binary", *options)
    assert asked == ["adult_binary"]
    assert "data: adult_binary, 80 rows" in done.out


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        (["--protocol", "exoc"], 2, "fairness, dcevae"),
        (["--protocol", "dcevae", "--epsilon", "0.1"], 2, "--epsilon changes nothing"),
        (["--protocol", "dcevae", "--world", "binary"], 2, "--world changes nothing"),
        (["--by", "r"], 2, "--by changes nothing"),
        (["--sensitive", "a"], 2, "--sensitive changes nothing"),
        (["--protocol", "dcevae", "--by", "d"], 5, "the stratum `d` is real"),
        (["--protocol", "dcevae", "--by", "rr"], 5, "did you mean `r`"),
        (["--protocol", "dcevae", "--sensitive", "r"], 5, "no sensitive variable"),
    ],
)
@pytest.mark.usefixtures("binary")
def test_a_wrong_comparison_of_effects_is_refused(options, code, said):
    done = run("compare", "binary.scm", "--data", "b.csv", *QUICK, *options)
    assert (done.code, said in done.err) == (code, True), done.err


def test_an_outcome_of_numbers_is_refused(small, table):
    done = run("compare", small, "--data", table, "--protocol", "dcevae", "-q")
    assert done.code == 5
    assert "`Y` is real, not of two levels" in done.err
