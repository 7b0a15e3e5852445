"""What the deep models are held against: rows with known effects, and the errors' formulas."""

import cevae_peer
import confounded
import numpy as np
import pytest
from confounded_truth import Truth

from causaldsl import pipeline
from causaldsl.data.binding import bind
from causaldsl.data.schema import schema_of

# --- CEVAE's peer


def test_the_drawn_table_is_one_that_the_file_reads():
    rows = cevae_peer.draw(50, 1)
    scm = pipeline.checked_scm(cevae_peer.records.MODELS / "cevae_ihdp.scm")
    data = bind(rows.frame, schema_of(scm))
    assert data.n_rows == len(rows.effects) == 50
    assert data.columns["xb"].shape == (50, cevae_peer.FEATURES - cevae_peer.CONTINUOUS)


def test_the_drawn_table_is_confounded():
    rows = cevae_peer.draw(20_000, 1)
    treated = rows.frame["treatment"] == 1
    assert 0.2 < treated.mean() < 0.3
    gap = rows.frame["y"][treated].mean() - rows.frame["y"][~treated].mean()
    assert gap - rows.effects.mean() > 1.0
    assert rows.effects.mean() == pytest.approx(2.0, abs=5 / np.sqrt(20_000))
    assert rows.effects.std() == pytest.approx(1.0, abs=0.03)


def test_adjusting_for_noisy_copies_leaves_some_of_the_confounding():
    rows = cevae_peer.draw(20_000, 1)
    found = cevae_peer.judged(cevae_peer._regressions(rows), rows.effects)
    assert 0.02 < found["ATE error"] < 1.0
    assert found["PEHE"] < rows.effects.std()


def test_errors_of_effects_by_hand():
    found = cevae_peer.judged(np.array([1.0, 3.0]), np.array([1.0, 1.0]))
    assert found == {"ATE": 2.0, "ATE error": 1.0, "PEHE": round(np.sqrt(2.0), 4)}


def test_means_are_over_tables():
    def row(error):
        answer = {"ATE": 1.0, "ATE error": error, "PEHE": 2 * error}
        return {"compiled": {"x": answer, "fit": {}}, "pyro.contrib.cevae": {"x": answer}}

    found = cevae_peer.means({"1": row(0.1), "2": row(0.3)})
    assert found["compiled"] == {"x": {"ATE error": 0.2, "PEHE": 0.4}}


# --- confounded rows


def test_the_simulator_s_columns_are_those_of_the_shipped_files():
    rows = confounded.simulated({}, 30, 1)
    assert set(rows.columns) == set(confounded.COLUMNS)
    for name, overrides in confounded.MODELS.items():
        scm = pipeline.checked_scm(confounded.records.MODELS / f"{name}.scm", dict(overrides))
        data = bind(rows.rename(columns=confounded.COLUMNS), schema_of(scm))
        assert data.n_rows == 30
        assert data.columns["a"].tolist() == rows["a"].tolist()
        assert data.columns["y"].tolist() == rows["y"].tolist()


@pytest.mark.parametrize("name", list(confounded.SETTINGS))
def test_settings_move_what_they_say(name):
    setting = confounded.SETTINGS[name]
    truth = Truth(**setting.numbers)
    found = confounded.without_a_model(truth)
    assert found["total effect"] == pytest.approx(truth.total_effect(), abs=1e-5)
    unconfounded = found["difference between groups"] == pytest.approx(found["total effect"])
    assert unconfounded == (name == "a independent of the latents")


def test_errors_against_exact_effects_by_hand():
    found = confounded.against(np.array([0.0, 0.4]), np.array([0.1, 0.3]))
    assert found == {
        "total effect": 0.2,
        "exact": 0.2,
        "RMSE of rows": 0.1,
        "RMSE of the exact mean": 0.1,
        "correlation": 1.0,
    }
