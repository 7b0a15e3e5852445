"""The laws of the drawn scenes: what the attribute causes, what it only goes with."""

from __future__ import annotations

import math
from types import MappingProxyType

import numpy as np
import pytest

from causaldsl.data.binding import bind
from causaldsl.data.schema import ColumnSpec, Schema
from causaldsl.data.tables import write_table
from causaldsl.datasets.registry import load
from causaldsl.datasets.scenes import (
    ASSOCIATION,
    CAUSED,
    P_SNOW,
    P_TREE,
    scenes,
)
from causaldsl.vocabulary.domains import Binary, Image
from causaldsl.vocabulary.roles import Role


@pytest.fixture(scope="module")
def rows():
    return scenes(400, seed=1)


def differences(rows):
    return np.abs(rows.images - rows.counterfactual).max(axis=1)  # (n, h, w)


def schema_of_scenes(size=16, channels=3) -> Schema:
    domains = {"picture": Image(channels, size, size)}
    domains |= dict.fromkeys(("a", "sun", "tree", "snow"), Binary())
    specs = {
        name: ColumnSpec(variable=name, role=Role.OBSERVED, domain=domain, columns=(name,))
        for name, domain in domains.items()
    }
    return Schema(name="scenes", variables=MappingProxyType(specs))


def test_equal_seeds_give_equal_scenes_and_more_rows_begin_with_fewer(rows):
    again = scenes(100, seed=1)
    np.testing.assert_array_equal(again.images, rows.images[:100])
    np.testing.assert_array_equal(again.counterfactual, rows.counterfactual[:100])
    assert not np.array_equal(scenes(100, seed=2).images, again.images)


def test_flipping_twice_is_the_identity(rows):
    back = rows.flipped().flipped()
    np.testing.assert_array_equal(back.images, rows.images)
    np.testing.assert_array_equal(back.attributes["a"], rows.attributes["a"])


def test_flipping_swaps_the_two_worlds(rows):
    other = rows.flipped()
    np.testing.assert_array_equal(other.images, rows.counterfactual)
    np.testing.assert_array_equal(other.counterfactual, rows.images)
    np.testing.assert_array_equal(other.attributes["a"], 1 - rows.attributes["a"])
    for name in ("sun", "tree", "snow"):
        np.testing.assert_array_equal(other.attributes[name], rows.attributes[name])


@pytest.mark.parametrize(("size", "channels"), [(8, 3), (16, 3), (16, 1), (64, 3)])
def test_nothing_outside_the_caused_parts_moves(size, channels):
    rows = scenes(40, seed=3, size=size, channels=channels)
    assert (differences(rows)[~rows.masks["caused"]] == 0).all()
    assert (differences(rows)[rows.masks["correlated"]] == 0).all()


@pytest.mark.parametrize(("size", "channels"), [(8, 3), (16, 3), (16, 1), (64, 3)])
@pytest.mark.parametrize("part", CAUSED)
def test_each_caused_part_moves_in_every_row(size, channels, part):
    rows = scenes(40, seed=3, size=size, channels=channels)
    inside = np.where(rows.masks[part], differences(rows), np.nan)
    assert (np.nanmax(inside, axis=(1, 2)) > 0.2).all()


def test_the_parts_do_not_overlap(rows):
    caused, correlated = rows.masks["caused"], rows.masks["correlated"]
    assert not (caused & correlated).any()
    assert (caused.sum(axis=(1, 2)) > 10).all()
    assert (correlated.sum(axis=(1, 2)) > 5).all()


def test_the_sun_is_seen_where_the_attribute_says_so(rows):
    inside = rows.masks["correlated"][:, None] & np.ones((1, 3, 1, 1), dtype=bool)
    red = np.where(inside, rows.images, np.nan)[:, 0]
    shown = np.nanmean(red, axis=(1, 2)) > 0.65  # the sky is less red than that
    np.testing.assert_array_equal(shown, rows.attributes["sun"] == 1)


def test_the_attributes_follow_the_documented_probabilities():
    rows = scenes(4_000, seed=5, size=8, channels=1)
    a, sun, z = rows.attributes["a"], rows.attributes["sun"], rows.latents["z"]
    close = 5 * math.sqrt(0.25 / 1_500)  # five standard errors, at least 1500 rows in each part
    assert abs(a.mean() - 0.5) < close
    assert abs(sun[a == 1].mean() - sun[a == 0].mean() - ASSOCIATION) < 2 * close
    assert pytest.approx(0.56) == ASSOCIATION
    assert abs(rows.attributes["tree"].mean() - P_TREE) < close
    assert abs(rows.attributes["snow"].mean() - P_SNOW) < close
    for value in (0, 1):  # given the common cause, the association is gone
        both = [sun[(z == value) & (a == k)] for k in (0, 1)]
        error = 5 * math.sqrt(sum(0.09 / len(part) for part in both))
        assert abs(both[1].mean() - both[0].mean()) < error
    for name in ("tree", "snow"):
        values = rows.attributes[name]
        assert abs(values[a == 1].mean() - values[a == 0].mean()) < 2 * close


def test_pixels_lie_from_0_to_1_and_need_eight_bits(rows):
    assert rows.images.min() >= 0
    assert rows.images.max() <= 1
    np.testing.assert_allclose(rows.images * 255, np.round(rows.images * 255), atol=1e-12)


def test_scenes_bind_and_survive_a_written_table(rows, tmp_path):
    bound = bind(rows.table(), schema_of_scenes())
    np.testing.assert_array_equal(bound.columns["picture"].numpy(), rows.images)
    frame = bound.encoding.decode_frame({n: v.numpy() for n, v in bound.columns.items()})
    write_table(frame.iloc[:20], tmp_path / "t.csv")
    again = bind(tmp_path / "t.csv", schema_of_scenes())
    np.testing.assert_array_equal(again.columns["picture"].numpy(), rows.images[:20])
    assert again.columns["sun"].tolist() == rows.attributes["sun"][:20].tolist()


def test_the_data_set_of_this_name_is_drawn_and_needs_no_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("CAUSALDSL_DATA", str(tmp_path))
    frame = load("scenes", "test")
    assert list(frame.columns) == ["picture", "a", "sun", "tree", "snow"]
    assert len(frame) == 500
    assert not np.array_equal(frame["picture"][0], load("scenes")["picture"][0])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "wrong", [{"n": 0}, {"size": 4}, {"channels": 2}], ids=lambda d: next(iter(d))
)
def test_sizes_that_cannot_be_drawn_are_refused(wrong):
    arguments = {"n": 1, "seed": 0} | wrong
    with pytest.raises(ValueError, match="channels 1 or 3"):
        scenes(**arguments)
