"""Fits of models with an image: hard tables are refused at the place, hard batches are none."""

from __future__ import annotations

import math

import numpy as np
import pytest
from PIL import Image as Pillow

from causaldsl import DataError, pipeline
from causaldsl.datasets.scenes import scenes
from causaldsl.source import SourceFile

TEXT = """scm small
sensitive a : binary
outcome   x : image[3, 8, 8] from "picture"
latent    u[3]
u, a -> x
x ~ deconv(parents; channels=[6, 4, 4], hidden=[8], norm=batch)
guide u ~ Normal(conv(x, a; channels=[4, 4, 6], hidden=[8], norm=batch, dropout=0.1))
"""
QUICK = {"epochs": 1, "passes": 2}


def fitted(table, **words):
    return pipeline.fit(SourceFile(path="m.scm", text=TEXT), table, words={**QUICK, **words})


def refusal(table):
    with pytest.raises(DataError) as caught:
        fitted(table)
    return caught.value.diagnostics


@pytest.fixture
def table():
    return scenes(12, seed=1, size=8).table()


@pytest.fixture
def files(table, tmp_path):
    """The same rows, their pictures in files."""
    names = []
    for i, picture in enumerate(table["picture"]):
        path = tmp_path / f"{i}.png"
        Pillow.fromarray((picture.transpose(1, 2, 0) * 255).round().astype(np.uint8)).save(path)
        names.append(str(path))
    return {**table, "picture": names}


def test_a_fit_from_files_is_the_fit_from_arrays(table, files):
    ours, theirs = fitted(files, seed=3), fitted(table, seed=3)
    assert ours.result.elbo == pytest.approx(theirs.result.elbo)


def test_pixels_that_are_no_numbers_are_refused(table):
    images = table["picture"].copy()
    images[4, 1, 2, 3] = math.nan
    (found,) = refusal({**table, "picture": images})
    assert (found.code, found.place) == ("CD529", "column `picture`, row 5")


def test_pictures_of_several_sizes_are_refused(files, tmp_path):
    Pillow.new("RGB", (9, 8)).save(tmp_path / "2.png")
    Pillow.new("RGB", (8, 7)).save(tmp_path / "6.png")
    (found,) = refusal(files)
    assert found.code == "CD528"
    assert found.place == "column `picture`, rows 3, 7"


def test_files_that_are_not_there_are_refused(files, tmp_path):
    (tmp_path / "2.png").unlink()
    (found,) = refusal(files)
    assert (found.code, found.place) == ("CD526", "column `picture`, row 3")


def test_a_table_of_one_class_is_refused(table):
    (found,) = refusal({**table, "a": np.zeros(12, dtype=np.int64)})
    assert "`a`" in found.message


@pytest.mark.parametrize("batch", [1, 11])
def test_batches_of_one_row_train(table, batch):
    found = fitted(table, batch_size=batch)  # the maps before the dense layers are of one pixel
    assert math.isfinite(found.result.elbo)


def test_batches_of_one_class_train(table):
    order = np.argsort(table["a"], kind="stable")
    half = {name: values[order] for name, values in table.items()}
    assert 0 < half["a"].sum() < 12
    found = fitted(half, batch_size=2)
    assert math.isfinite(found.result.elbo)
