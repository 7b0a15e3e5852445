"""Metrics of made pictures: hand-computed tables, closed forms, and what each is for."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.linalg
import torch

from causaldsl.datasets.scenes import scenes
from causaldsl.diagnostics.model import FairnessError
from causaldsl.fairness import picture_metrics as metrics
from causaldsl.fairness.intervals import Resampling
from causaldsl.fairness.measures.pictures import PictureSubject
from causaldsl.fairness.picture_classifier import fit_classifier
from causaldsl.fairness.picture_registry import PICTURE_METRICS, judge_pictures


def normal(n: int, f: int, seed: int):
    return np.random.default_rng(seed).normal(size=(n, f))


# --- pixels ---------------------------------------------------------------------------------


def test_pixel_errors_are_means_over_channels_and_masked_pixels():
    made, truth = np.zeros((2, 2, 1, 3)), np.zeros((2, 2, 1, 3))
    made[0, 0] = [[0.4, 0.2, 1.0]]  # the other channel is right: the errors count half
    made[1, :, 0, 2] = 0.3
    mask = np.array([[[True, True, False]], [[False, False, True]]])
    np.testing.assert_allclose(metrics.pixel_errors(made, truth, mask), [0.15, 0.3])


def test_a_row_without_masked_pixels_is_left_out():
    mask = np.array([[[True]], [[False]]])
    found = metrics.pixel_errors(np.ones((2, 1, 1, 1)), np.zeros((2, 1, 1, 1)), mask)
    assert found[0] == 1
    assert np.isnan(found[1])


def test_the_three_masks_share_out_the_whole_error():
    rows = scenes(20, seed=1)
    made = np.random.default_rng(2).random(rows.images.shape)
    caused, correlated = rows.masks["caused"], rows.masks["correlated"]
    parts = (caused, correlated, ~(caused | correlated))
    summed = sum(
        metrics.pixel_errors(made, rows.counterfactual, m) * m.sum(axis=(1, 2)) for m in parts
    )
    whole = np.abs(made - rows.counterfactual).mean(axis=1).sum(axis=(1, 2))
    np.testing.assert_allclose(summed, whole)


def test_the_share_moved_is_1_for_the_truth_0_for_the_original_and_linear_between():
    rows = scenes(10, seed=1)
    mask = rows.masks["caused"]
    for share in (0.0, 0.25, 1.0):
        made = rows.images + share * (rows.counterfactual - rows.images)
        found = metrics.share_moved(rows.images, made, rows.counterfactual, mask)
        assert found == pytest.approx(share)
    assert np.isnan(metrics.share_moved(rows.images, made, rows.images, mask))


# --- the distance of features ---------------------------------------------------------------


def whitened(n: int, f: int, seed: int):
    """A sample whose mean is 0 and whose covariance is the identity, to rounding."""
    x = normal(n, f, seed)
    x -= x.mean(axis=0)
    return x @ np.linalg.inv(np.linalg.cholesky(np.cov(x.T))).T


def test_the_distance_of_diagonal_gaussians_is_the_closed_form():
    base, other = whitened(300, 4, 1), whitened(200, 4, 2)
    means, sds = np.array([1.0, -2.0, 0.0, 0.5]), np.array([0.5, 1.0, 2.0, 3.0])
    wanted = (means**2).sum() + ((sds - 1) ** 2).sum()  # commuting covariances
    assert metrics.frechet_distance(base, means + other * sds) == pytest.approx(wanted)


def test_the_distance_of_any_gaussians_is_that_of_a_matrix_root():
    mix_x, mix_y = normal(5, 5, 3), normal(5, 5, 4)
    x, y = whitened(100, 5, 5) @ mix_x.T, 0.3 + whitened(90, 5, 6) @ mix_y.T
    c_x, c_y = mix_x @ mix_x.T, mix_y @ mix_y.T
    root = scipy.linalg.sqrtm(c_x @ c_y).real
    wanted = 5 * 0.09 + np.trace(c_x + c_y - 2 * root)
    assert metrics.frechet_distance(x, y) == pytest.approx(wanted, rel=1e-6)
    assert metrics.frechet_distance(y, x) == pytest.approx(wanted, rel=1e-6)


def test_the_distance_of_a_set_from_itself_is_zero_even_with_few_rows():
    x = normal(3, 8, 7)  # covariance of rank 2
    assert metrics.frechet_distance(x, x) == pytest.approx(0, abs=1e-8)


def test_one_picture_has_no_distribution():
    with pytest.raises(FairnessError) as caught:
        metrics.frechet_distance(normal(1, 2, 1), normal(5, 2, 2))
    assert caught.value.diagnostics[0].code == "CD801"


# --- identity -------------------------------------------------------------------------------


def test_cosines_are_those_of_rows_and_zero_where_there_is_no_direction():
    x = np.array([[1.0, 0.0], [1.0, 1.0], [0.0, 0.0]])
    y = np.array([[2.0, 0.0], [-1.0, 1.0], [1.0, 0.0]])
    np.testing.assert_allclose(metrics.cosines(x, y), [1, 0, 0], atol=1e-12)


def test_strangers_pass_in_one_of_twenty_cases_and_the_same_always():
    features = normal(2_000, 12, 1)
    groups = np.zeros(len(features), dtype=np.int64)
    assert metrics.identity_kept(features, groups, features, groups).all()
    strangers = np.roll(features, 700, axis=0)
    passed = metrics.identity_kept(features, groups, strangers, groups).mean()
    assert abs(passed - 0.05) < 5 * np.sqrt(0.05 * 0.95 / 2_000) + 0.01


def test_what_the_shown_group_adds_to_every_feature_is_no_other_identity():
    features = normal(500, 12, 1)
    groups = np.arange(500) % 2
    shift = 20 * normal(1, 12, 2)
    shown = features + groups[:, None] * shift
    made = features + (1 - groups)[:, None] * shift  # the same persons, each in the other group
    assert metrics.identity_kept(shown, groups, made, 1 - groups).mean() > 0.99
    assert metrics.identity_kept(shown, groups, made, groups).mean() < 0.2


def test_a_group_that_no_original_shows_is_no_error():
    features = normal(50, 3, 1)
    groups = np.zeros(50, dtype=np.int64)
    assert metrics.identity_kept(features, groups, features, groups + 1).all()


# --- the classifier -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def train():
    return scenes(400, seed=1)


@pytest.fixture(scope="module")
def rows():
    return scenes(200, seed=2)


@pytest.fixture(scope="module")
def reader(train):
    return fit_classifier(train.images, train.attributes, seed=1)


@pytest.fixture(scope="module")
def identity(train):
    kept = {name: v for name, v in train.attributes.items() if name != "a"}
    return fit_classifier(train.images, kept, seed=1)


def test_the_classifier_reads_what_is_drawn(reader, rows):
    read = reader.probabilities(rows.images) >= 0.5
    for name, column in zip(reader.names, read.T, strict=True):
        assert (column == (rows.attributes[name] == 1)).mean() > 0.97
        assert reader.accuracy[name] > 0.95


def test_equal_seeds_train_equal_networks_and_leave_the_random_stream_alone(train):
    images, attributes = train.images[:60], {"a": train.attributes["a"][:60]}
    torch.manual_seed(3)
    before = torch.rand(1)
    torch.manual_seed(3)
    first = fit_classifier(images, attributes, seed=5, epochs=2)
    assert torch.equal(torch.rand(1), before)
    second = fit_classifier(images, attributes, seed=5, epochs=2)
    other = fit_classifier(images, attributes, seed=6, epochs=2)
    np.testing.assert_array_equal(first.probabilities(images), second.probabilities(images))
    assert not np.array_equal(first.probabilities(images), other.probabilities(images))


def test_features_do_not_depend_on_the_pictures_beside(reader, rows):
    assert reader.features(rows.images).shape == (200, 32)
    alone = reader.features(rows.images[:1])
    np.testing.assert_allclose(alone[0], reader.features(rows.images)[0], rtol=1e-4, atol=1e-5)


def test_an_attribute_that_never_varies_is_refused(train):
    with pytest.raises(FairnessError) as caught:
        fit_classifier(train.images, {"a": np.ones(400)}, seed=1)
    assert caught.value.diagnostics[0].code == "CD807"


def test_too_few_pictures_are_refused(train):
    with pytest.raises(FairnessError) as caught:
        fit_classifier(train.images[:9], {"a": train.attributes["a"][:9]}, seed=1)
    assert caught.value.diagnostics[0].code == "CD812"


# --- all together ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def judge(rows, reader, identity):
    def judged(made, resampling=None):
        return judge_pictures(
            PictureSubject(
                name="made",
                original=rows.images,
                made=made,
                attributes=rows.attributes,
                expected=rows.flipped().attributes,
                truth=rows.counterfactual,
                caused=rows.masks["caused"],
                correlated=rows.masks["correlated"],
                reader=reader,
                identity=identity,
                reference=rows.counterfactual,
            ),
            resampling,
        )

    return judged


def test_the_truth_is_without_fault(rows, judge):
    found = judge(rows.counterfactual)
    assert list(found) == list(PICTURE_METRICS)
    assert found["pixel_error_caused"].estimate == 0
    assert found["pixel_error_correlated"].estimate == 0
    assert found["pixel_error_rest"].estimate == 0
    assert found["caused_moved"].estimate == 1
    assert found["attribute_accuracy"].estimate > 0.97
    assert found["fid"].estimate == pytest.approx(0, abs=1e-6)
    assert found["identity_kept"].estimate > 0.5


def test_leaving_pictures_as_they_are_keeps_identity_and_misses_the_target(rows, judge):
    found = judge(rows.images)
    assert found["caused_moved"].estimate == 0
    assert found["pixel_error_caused"].estimate > 0.2
    assert found["pixel_error_correlated"].estimate == 0
    assert found["attribute_accuracy"].by["a"] < 0.05
    assert found["attribute_accuracy"].by["sun"] > 0.95
    assert found["identity_kept"].estimate == 1


def test_dragging_along_what_is_only_correlated_shows_in_its_parts_alone(rows, judge):
    sun = rows.masks["correlated"][:, None]
    flipped = 1 - rows.attributes["sun"]
    donor = {v: np.flatnonzero(rows.attributes["sun"] == v)[0] for v in (0, 1)}
    other = rows.images[[donor[int(v)] for v in flipped]]  # the sun stands at one place in all
    found = judge(np.where(sun, other, rows.counterfactual))
    assert found["caused_moved"].estimate == 1
    assert found["pixel_error_rest"].estimate == 0
    assert found["pixel_error_correlated"].estimate > 0.1
    assert found["attribute_accuracy"].by["sun"] < 0.1
    assert found["attribute_accuracy"].by["a"] > 0.95


def test_pictures_of_other_rows_lose_identity_and_keep_the_distribution(rows, judge):
    found = judge(np.roll(rows.counterfactual, 50, axis=0))
    assert found["identity_kept"].estimate < 0.2
    assert found["fid"].estimate == pytest.approx(0, abs=1e-6)


def test_intervals_and_the_floor_of_the_distance(rows, judge):
    found = judge(rows.images, Resampling(resamples=20))
    interval = found["pixel_error_caused"].interval
    assert interval.low < found["pixel_error_caused"].estimate < interval.high
    assert found["fid"].floor.upper < found["fid"].estimate
    assert found["fid"].floor.p_value == pytest.approx(1 / 21)


def test_without_truth_only_what_applies_is_computed(rows, reader):
    subject = PictureSubject(
        name="faces",
        original=rows.images,
        made=rows.counterfactual,
        attributes=rows.attributes,
        expected=rows.flipped().attributes,
        reader=reader,
    )
    assert list(judge_pictures(subject)) == ["attribute_accuracy", "fid"]
    assert subject.intervened == ("a",)


def test_a_single_picture_gives_findings_in_the_place_of_numbers(rows, reader):
    one = slice(0, 1)
    found = judge_pictures(
        PictureSubject(
            name="one",
            original=rows.images[one],
            made=rows.counterfactual[one],
            attributes={k: v[one] for k, v in rows.attributes.items()},
            expected={k: v[one] for k, v in rows.flipped().attributes.items()},
            reader=reader,
        )
    )
    assert found["fid"].estimate is None
    assert found["fid"].findings[0].code == "CD801"
    assert found["attribute_accuracy"].estimate is not None
