from __future__ import annotations

import pytest
import torch

from causaldsl.data.batches import Batches, derive_seed, split_rows


def test_an_epoch_deals_every_row_once():
    batches = Batches(n_rows=103, batch_size=10, seed=1)
    dealt = list(batches.epoch(3))
    assert len(dealt) == batches.steps_per_epoch == 11
    assert torch.cat(dealt).sort().values.equal(torch.arange(103))


@pytest.mark.parametrize("size", ["all", 50, 99])
def test_a_full_batch_keeps_the_tables_order(size):
    batches = Batches(n_rows=50, batch_size=size, seed=1)
    assert batches.is_full
    (only,) = batches.epoch(2)
    assert only.equal(torch.arange(50))


def test_the_order_depends_on_seed_and_epoch_alone():
    batches = Batches(n_rows=40, batch_size=8, seed=7)
    first = batches.order(2)
    torch.manual_seed(99)
    torch.rand(5)
    assert Batches(n_rows=40, batch_size=8, seed=7).order(2).equal(first)
    assert not batches.order(3).equal(first)
    assert not Batches(n_rows=40, batch_size=8, seed=8).order(2).equal(first)


def test_dealing_leaves_the_global_generator_alone():
    torch.manual_seed(3)
    before = torch.get_rng_state()
    list(Batches(n_rows=40, batch_size=8, seed=7).epoch(0))
    split_rows(10, 0.2, 1)
    assert torch.get_rng_state().equal(before)


def test_an_epoch_resumed_at_a_step_goes_on_as_the_straight_one():
    batches = Batches(n_rows=41, batch_size=8, seed=7)
    straight = list(batches.epoch(5))
    resumed = list(batches.epoch(5, start=3))
    assert all(a.equal(b) for a, b in zip(straight[3:], resumed, strict=True))


def test_neighbouring_seeds_share_no_epochs():
    assert derive_seed(1, "epoch", 2) != derive_seed(2, "epoch", 1)
    assert 0 <= derive_seed(0) < 2**63


@pytest.mark.parametrize(("n_rows", "size"), [(0, 1), (5, 0), (5, -1)])
def test_impossible_batches_are_value_errors(n_rows, size):
    with pytest.raises(ValueError, match="row"):
        Batches(n_rows=n_rows, batch_size=size, seed=0)


def test_a_split_is_a_partition_of_the_stated_share():
    rest, apart = split_rows(101, 0.2, seed=4)
    assert len(apart) == 20
    assert torch.cat([rest, apart]).sort().values.equal(torch.arange(101))
    assert split_rows(101, 0.2, seed=4)[1].equal(apart)
    assert not split_rows(101, 0.2, seed=5)[1].equal(apart)


def test_a_share_of_one_is_a_value_error():
    with pytest.raises(ValueError, match="share"):
        split_rows(10, 1.0, seed=0)
