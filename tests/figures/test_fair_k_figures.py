"""Fair-K on the Law School table, against what exact integration over K gives."""

import pytest
from fair_k_figures import figures, misses
from honest_fair_k import misses as honest_misses
from honest_fair_k import run_splits, summary


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_default_fit_of_fair_k_reaches_the_supremum_and_its_contrasts(law, seed):
    found = figures(law, seed)
    assert found["rows"] == 20_412
    assert found["passes"] >= 100
    assert misses(found) == []


@pytest.mark.slow
def test_honest_fair_k_gains_a_little_over_a_constant_and_its_k_knows_no_race(law):
    runs = run_splits(law, [0, 1, 2], {}, lambda *_: None)
    exact_gain = 0.0074  # mean over 20 splits, K integrated exactly
    assert honest_misses(runs, rmse=summary(runs)["Constant"][0] - exact_gain) == []
