import math

import numpy as np
import pytest

from causaldsl.inference.config import FitConfig
from causaldsl.inference.schedule import (
    estimated_end,
    initial_pace,
    mean_and_error,
    next_pace,
    rate_at,
)


def run(config, curve, block, warm=lambda epoch: True):
    pace, paces = initial_pace(config), []
    for epoch in range(1, len(curve) + 1):
        pace = next_pace(config, pace, curve[:epoch], block, warm(epoch))
        paces.append(pace)
        if pace.settled:
            break
    return paces


def test_a_falling_objective_keeps_its_learning_rate():
    paces = run(FitConfig(), [-float(i) for i in range(50)], 10)
    assert {p.learning_rate for p in paces} == {0.05}
    assert not paces[-1].settled


def test_a_flat_objective_lowers_the_rate_block_by_block_and_then_ends():
    paces = run(FitConfig(), [1.0] * 200, 10)
    assert [p.learning_rate for p in paces[9::10]] == pytest.approx(
        [0.05, 0.015, 0.0045, 0.00135, 0.00135]
    )
    assert paces[-1].settled
    assert len(paces) == 50


def test_a_constant_rate_ends_at_the_first_stalled_block():
    config = FitConfig(schedule="constant", patience=10)
    assert len(run(config, [1.0] * 200, 10)) == 20


def test_nothing_stops_before_the_least_number_of_epochs():
    config = FitConfig(schedule="constant", patience=10, min_epochs=55)
    assert len(run(config, [1.0] * 200, 10)) == 60


def test_blocks_begin_when_the_warm_up_has_ended():
    config = FitConfig(schedule="constant", patience=10)
    assert len(run(config, [1.0] * 200, 10, warm=lambda epoch: epoch > 40)) == 60


def test_a_gain_within_the_noise_is_a_stall():
    rng = np.random.RandomState(0)
    curve = list(1 - 1e-5 * np.arange(400) + 0.1 * rng.randn(400))
    assert run(FitConfig(schedule="constant", patience=100), curve, 100)[-1].settled


def test_the_error_of_a_mean_ignores_a_trend():
    rng = np.random.RandomState(1)
    noise = 0.1 * rng.randn(4000)
    error = mean_and_error(list(5 - 0.01 * np.arange(4000) + noise))[1]
    assert error == pytest.approx(0.1 / math.sqrt(4000), rel=0.1)


def test_milestones_multiply_the_rate():
    config = FitConfig(learning_rate=1.0, schedule="milestones", milestones=(2, 4), decay=0.5)
    pace = initial_pace(config)
    assert [rate_at(config, pace, e, 6) for e in range(6)] == [1, 1, 0.5, 0.5, 0.25, 0.25]


@pytest.mark.parametrize("schedule", ["cosine", "exponential"])
def test_falling_schedules_go_from_the_first_rate_to_the_last(schedule):
    config = FitConfig(schedule=schedule, learning_rate=0.1, final_learning_rate=0.001)
    rates = [rate_at(config, initial_pace(config), e, 11) for e in range(11)]
    assert rates[0] == pytest.approx(0.1)
    assert rates[-1] == pytest.approx(0.001)
    assert rates == sorted(rates, reverse=True)


def test_the_estimated_end_never_passes_the_budget():
    config = FitConfig()
    assert estimated_end(config, initial_pace(config), 0, 10, 25) == 25
    assert estimated_end(config, initial_pace(config), 0, 10, 1000) == 80
