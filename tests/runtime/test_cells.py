"""Arrays and pixels: noise cell by cell, densities and support row by row."""

from __future__ import annotations

import pytest
import torch
import torch.distributions as td

from causaldsl.runtime.distributions import (
    abduct_noise,
    apply_noise,
    draw_noise,
    family_name,
    is_possible,
    log_density,
)
from tests.runtime.test_noise import ALL, CONTINUOUS, OTHER, generator, t

DRAWS, ROWS, CELLS = 5, 4, 3


def independent(dist, cells=CELLS):
    return td.Independent(dist.expand((cells,)), 1)


@pytest.mark.parametrize("name", ALL)
def test_the_family_of_an_array_is_that_of_its_cells(name):
    assert family_name(independent(ALL[name])) == name


@pytest.mark.parametrize("name", ALL)
def test_fresh_noise_of_an_array_is_of_every_cell(name):
    law = independent(ALL[name])
    values = apply_noise(law, draw_noise(law, (DRAWS, ROWS), generator()))
    assert values.shape == (DRAWS, ROWS, CELLS)
    assert bool(is_possible(law, values).all())


@pytest.mark.parametrize("name", ALL)
def test_abducted_noise_of_an_array_gives_it_back(name):
    law = independent(ALL[name])
    values = apply_noise(law, draw_noise(law, (ROWS,), generator(1)))
    noise = abduct_noise(law, values, "own", generator(2), (DRAWS, ROWS))
    again = apply_noise(law, noise).expand(DRAWS, ROWS, CELLS)
    assert torch.allclose(again.double(), values.double().expand_as(again), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("name", ALL)
def test_an_array_is_coupled_as_its_cells_are(name):
    law, other = ALL[name], OTHER.get(name, CONTINUOUS.get(name))
    values = apply_noise(law, draw_noise(law, (ROWS, CELLS), generator(1)))
    there = abduct_noise(law, values, "own", generator(2), (ROWS, CELLS))
    noise = abduct_noise(independent(law), values, "own", generator(2), (ROWS,))
    assert torch.equal(apply_noise(other, there), apply_noise(independent(other), noise))


@pytest.mark.parametrize("name", ALL)
def test_the_density_of_an_array_is_the_product_over_its_cells(name):
    law = ALL[name]
    values = apply_noise(law, draw_noise(law, (ROWS, CELLS), generator(3)))
    assert torch.allclose(log_density(independent(law), values), log_density(law, values).sum(-1))


def test_one_impossible_cell_makes_its_row_impossible():
    law = independent(td.Exponential(t(1.0)))
    values = torch.tensor([[1.0, 2.0, 3.0], [1.0, -2.0, 3.0], [1.0, 2.0, float("nan")]])
    assert is_possible(law, values.double()).tolist() == [True, False, False]


def test_independent_coupling_draws_every_cell_anew():
    law = independent(td.Normal(t(0.0), t(1.0)))
    values = torch.zeros(ROWS, CELLS).double()
    noise = abduct_noise(law, values, "independent", generator(), (DRAWS, ROWS))
    assert noise.shape == (DRAWS, ROWS, CELLS)
    assert noise.unique().numel() == noise.numel()


# --- pixels ----------------------------------------------------------------------------------


def picture(mean):
    """Return the law of an image of one row of pixels with these means."""
    return td.Independent(td.Bernoulli(probs=mean.reshape(1, 1, -1)), 3)


MEANS = t(0.2, 0.5, 0.9, 0.35)
GREYS = t(0.0, 0.4, 1.0, 0.35)


def carried(there):
    """Return the grey values that GREYS, of means MEANS, have where the means are others."""
    value = GREYS.reshape(1, 1, 1, -1)
    noise = abduct_noise(picture(MEANS), value, "quantile", generator())
    return apply_noise(picture(there), noise).reshape(-1)


def test_a_pixel_whose_mean_stays_keeps_its_grey_value():
    assert torch.equal(carried(MEANS), GREYS)


def test_a_pixel_at_its_mean_stays_at_its_mean():
    there = t(0.7, 0.1, 0.3, 0.6)
    value = MEANS.reshape(1, 1, 1, -1)
    noise = abduct_noise(picture(MEANS), value, "quantile", generator())
    assert torch.allclose(apply_noise(picture(there), noise).reshape(-1), there)


def test_a_pixel_of_a_new_picture_is_its_mean():
    law = picture(MEANS)
    drawn = apply_noise(law, draw_noise(law, (2, 1), generator()))
    assert torch.allclose(drawn, MEANS.reshape(1, 1, 1, 1, -1).expand(2, 1, 1, 1, 4))


def test_a_grey_value_moves_as_coins_of_that_share_do_on_average():
    there, n = t(0.5, 0.1, 0.6, 0.8), 40_000
    coins = (torch.rand(n, 4, generator=generator(1), dtype=torch.float64) < GREYS).double()
    noise = abduct_noise(td.Bernoulli(probs=MEANS), coins, "quantile", generator(2), (n, 4))
    moved = apply_noise(td.Bernoulli(probs=there), noise)
    error = 5 * 0.5 / n**0.5
    assert bool(((moved.mean(0) - carried(there)).abs() < error).all())


def test_pixels_outside_zero_and_one_are_impossible():
    law = picture(MEANS)
    rows = torch.stack([GREYS, GREYS + 0.5]).reshape(2, 1, 1, 4)
    assert is_possible(law, rows).tolist() == [True, False]
