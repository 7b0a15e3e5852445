"""A saved fit judges a comparison in its own worlds, on every split the same."""

import numpy as np
import pandas as pd
import pytest

from causaldsl import pipeline
from causaldsl.bench.saved_worlds import ASSUMED, SavedWorlds

JUDGE = """
scm judge
sensitive S : {a, b}
observed G : real
outcome Y : real
latent K
S, K -> G, Y
"""
RIVAL = """
scm rival
sensitive S : {a, b}
observed G : real
outcome Y : real
latent K
K, S -> G
K -> Y
predict Y from K
"""
WORDS = {"epochs": 3, "passes": 2}


@pytest.fixture(name="frame", scope="module")
def make_frame():
    rng = np.random.default_rng(0)
    s, k = rng.integers(0, 2, 300), rng.normal(size=300)
    g = k - s + 0.5 * rng.normal(size=300)
    return pd.DataFrame({"S": np.array(["a", "b"])[s], "G": g, "Y": k + rng.normal(size=300)})


@pytest.fixture(name="files", scope="module")
def make_files(frame, tmp_path_factory):
    folder = tmp_path_factory.mktemp("saved")
    for name, text in (("judge", JUDGE), ("rival", RIVAL)):
        (folder / f"{name}.scm").write_text(text)
    fitted = pipeline.fit(folder / "judge.scm", frame, words=WORDS)
    pipeline.save_fit(fitted, folder / "judge.fit")
    return folder


def compared(files, frame, **words):
    return pipeline.compare(
        [files / "rival.scm"], frame, seeds=(0, 1), draws=4, words=WORDS, **words
    )


def test_every_method_is_judged_in_the_worlds_of_the_saved_fit(files, frame):
    table = compared(files, frame, worlds=files / "judge.fit")
    judged = {
        r.method for r in table.records if r.world == "judge (saved)" and r.metric == "cf_gap"
    }
    assert judged == {"Constant", "Full", "Unaware", "rival (K)"}
    assert "judge (saved) (K)" not in table.methods
    assert any(ASSUMED in p.assumptions for p in table.provenance.values())


def test_the_saved_fit_is_not_fitted_again(files):
    saved = SavedWorlds(saved=pipeline.load_fit(files / "judge.fit"))
    assert saved.fit({}, seed=3, progress=print) is saved
    assert saved.lines == ()
    assert saved.name == "judge (saved)"
