"""The page of the image models says what its record says; its sheet shows those pictures."""

import images
import images_page
import numpy as np
import pytest
import records
from PIL import Image as Pillow


@pytest.fixture(scope="module")
def record():
    return records.read(records.RESULTS / "images.json")


def test_the_page_is_what_its_record_gives(record):
    assert images_page.PAGE.read_text("utf-8") == images_page.page(record)


def test_the_record_holds_every_run_and_bounds_that_are_those_of_truth_and_copy(record):
    wanted = images.runs(images.MODELS, images.WEIGHTS, images.SEEDS)
    assert set(record["runs"]) == {images.key_of(*run) for run in wanted}
    truth, copy = record["bounds"]["truth"], record["bounds"]["as it is"]
    assert truth["caused_moved"] == 1
    assert copy["caused_moved"] == 0
    for run in record["runs"].values():
        assert 0 < run["model"]["pixel_error_caused"] < copy["pixel_error_caused"]


def test_the_sheet_shows_the_pictures_of_the_record(record):
    sheet = np.asarray(Pillow.open(images_page.SHEET).convert("RGB")).reshape(-1, 3)
    shown = {tuple(colour) for colour in np.unique(sheet, axis=0).tolist()}
    for title, pictures in images_page.columns(record):
        pixels = (pictures.transpose(0, 2, 3, 1) * 255).round().astype(int).reshape(-1, 3)
        assert {tuple(colour) for colour in pixels.tolist()} <= shown, title


def test_pictures_survive_the_record():
    pictures = np.random.default_rng(1).integers(0, 256, (2, 3, 4, 4)) / 255
    np.testing.assert_array_equal(images.unpacked(images.packed(pictures)), pictures)
