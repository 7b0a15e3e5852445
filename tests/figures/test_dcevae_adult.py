"""DCEVAE on binarised Adult, one seed, and the limits that the script's five seeds are held to."""

import os

import dcevae_adult
import pytest

from causaldsl import pipeline
from causaldsl.inference.config import configure


@pytest.fixture(scope="module", name="table")
def read_table():
    if "CAUSALDSL_DATA" not in os.environ:
        pytest.skip("CAUSALDSL_DATA names no folder of public data")
    return dcevae_adult.table()


@pytest.mark.slow
def test_dcevae_fits_adult_and_finds_the_effect(table):
    row = dcevae_adult.run(dcevae_adult.KINDS["dcevae"], 1, table)
    figures = row["figures"]
    assert figures["nats"] <= 5.03
    assert 0.165 <= figures["TE"] <= 0.205
    assert figures["CE error"] <= 0.03  # one seed; the mean over five is held to 0.025
    assert abs(figures["TE prior"] - figures["TE"]) < 0.05
    assert figures["LR factual"] > 0.79  # 0.7615 is the majority's
    assert row["status"] == "converged"


@pytest.mark.slow
def test_the_fairness_term_takes_the_effect_away_and_keeps_the_accuracy(table):
    figures = dcevae_adult.run(dcevae_adult.KINDS["dcevae, fair"], 1, table)["figures"]
    assert abs(figures["TE"]) <= 0.05
    assert figures["LR factual"] >= 0.80


def record(**kinds):
    return {
        f"{kind} | seed {seed}": {"figures": figures}
        for kind, seeds in kinds.items()
        for seed, figures in seeds.items()
    }


def test_limits_are_those_of_means_over_seeds():
    good = {"nats": 5.0, "TE": 0.18, "CE error": 0.02}
    worse = {"nats": 5.05, "TE": 0.19, "CE error": 0.04}
    others = {
        "dcevae, fair | seed 1": {"figures": {"TE": 0.04, "LR factual": 0.81}},
        "cvae, to the letter | seed 1": {"figures": {"TE": 0.1}},
        "cevae_released | seed 1": {"figures": {"TE": 0.1}},
    }
    found = dcevae_adult.misses({**record(dcevae={1: good, 2: worse}), **others})
    assert found == ["dcevae: CE error is 0.0300, not within 0 .. 0.025"]


def test_what_was_not_run_is_missed():
    assert len(dcevae_adult.misses({})) == len(dcevae_adult.LIMITS)


def test_every_seed_of_a_kind_is_wanted_once_the_first_of_each_first():
    pairs = list(dcevae_adult.wanted(["dcevae", "cvae_released"], None))
    assert pairs[:2] == [("dcevae", 1), ("cvae_released", 2)]
    assert len(pairs) == len(set(pairs)) == 6


@pytest.mark.parametrize("name", list(dcevae_adult.KINDS))
def test_words_of_every_kind_are_understood(name):
    kind = dcevae_adult.KINDS[name]
    path = dcevae_adult.records.MODELS / f"{kind.file}.scm"
    settings = pipeline.checked_scm(path, dict(kind.overrides)).training.settings
    config, found = configure(settings, kind.words)
    assert found == ()
    # every training row teaches, but where the authors' own recipe is followed
    assert config.validation == (0.25 if name.endswith("to the letter") else 0)
