"""Contact sheets: every picture stands where it should, pixel by pixel, in both themes."""

from __future__ import annotations

import io

import matplotlib as mpl
import numpy as np
import pytest
from PIL import Image as Pillow

from causaldsl.datasets.scenes import scenes
from causaldsl.diagnostics.model import DataError
from causaldsl.drawing.theme import palette
from causaldsl.reports.contact_sheet import render_contact_sheet, save_contact_sheet


@pytest.fixture(scope="module")
def columns():
    rows = scenes(5, seed=3)
    return {
        "original": rows.images,
        "reconstruction": rows.images * 0.9,
        "counterfactual": rows.counterfactual,
        "true counterfactual of the scene": rows.counterfactual,
    }


def pixels(content: bytes):
    return np.asarray(Pillow.open(io.BytesIO(content)).convert("RGB"))


def places(sheet, picture, scale):
    """Upper left corners at which an enlarged picture stands in a sheet, exactly."""
    bytes_ = (picture.transpose(1, 2, 0) * 255).round().astype(np.uint8)
    wanted = bytes_.repeat(scale, 0).repeat(scale, 1)
    height, width = wanted.shape[:2]
    hits = np.argwhere((sheet == wanted[0, 0]).all(axis=2))
    return [
        (y, x)
        for y, x in hits.tolist()
        if sheet[y : y + height, x : x + width].shape == wanted.shape
        and (sheet[y : y + height, x : x + width] == wanted).all()
    ]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_rows_are_examples_and_columns_stand_in_their_order(columns, theme):
    sheet = pixels(render_contact_sheet(columns, title="t", labels=list("abcde"), theme=theme))
    corners = [[places(sheet, p[i], 7) for p in columns.values()] for i in range(5)]
    assert len(corners[0][0]) == 1
    assert len(corners[0][2]) == 2  # the true one is the made one
    left = [corners[0][0][0][1], corners[0][1][0][1], *(x for _, x in corners[0][2])]
    assert left == sorted(left)
    top = [row[0][0][0] for row in corners]
    assert top == sorted(top)
    for row in corners:
        assert row[0][0][0] == row[1][0][0] == row[2][0][0]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_words_and_ground_are_of_the_theme(columns, theme):
    with_words = pixels(render_contact_sheet(columns, title="A title", theme=theme))
    colour = palette(theme)
    assert "#{:02x}{:02x}{:02x}".format(*with_words[0, 0]) == colour["ground"]
    found = {"#{:02x}{:02x}{:02x}".format(*p) for p in with_words[20:45, 20:150].reshape(-1, 3)}
    assert colour["text"] in found


def test_so_many_rows_are_shown_and_the_foot_takes_its_place(columns):
    whole = pixels(render_contact_sheet(columns))
    two = pixels(render_contact_sheet(columns, rows=2))
    last = next(iter(columns.values()))[2]
    assert places(whole, last, 7)
    assert not places(two, last, 7)
    assert whole.shape[0] - two.shape[0] == 3 * (16 * 7 + 10) - 19  # three rows less, a foot more


def test_equal_pictures_give_equal_bytes_whatever_the_style(columns):
    first = render_contact_sheet(columns, title="t")
    with mpl.rc_context({"font.size": 30, "text.usetex": False, "font.family": "monospace"}):
        assert render_contact_sheet(columns, title="t") == first


@pytest.mark.parametrize(
    ("channels", "wanted"),
    [(1, (128, 128, 128)), (2, (191, 191, 191)), (3, (128, 128, 128)), (4, (191, 191, 191))],
)
def test_every_number_of_channels_is_shown(channels, wanted):
    picture = np.full((1, channels, 8, 8), 0.5)  # an opacity of one half lets the ground through
    sheet = pixels(render_contact_sheet({"x": picture}, theme="light"))
    assert (np.abs(sheet.astype(int) - wanted).max(axis=2) <= 1).sum() >= 112 * 112


def test_pixels_that_are_no_numbers_are_black_and_others_are_cut_off():
    picture = np.array([np.nan, 2.0, -1.0, 0.5]).reshape(1, 1, 2, 2)
    sheet = pixels(render_contact_sheet({"x": picture}, theme="light"))
    assert places(sheet, np.array([0.0, 1.0, 0.0, 128 / 255]).reshape(1, 2, 2).repeat(3, 0), 56)


def test_titles_longer_than_a_picture_do_not_run_into_each_other():
    picture = np.zeros((1, 1, 100, 100))
    narrow = pixels(render_contact_sheet({"a": picture, "b": picture}))
    word = "an" + "other" * 8
    wide = pixels(render_contact_sheet({word: picture, "b": picture}))
    assert wide.shape[1] > narrow.shape[1] + 100


def test_a_sheet_is_saved_whole_or_not_at_all(columns, tmp_path):
    save_contact_sheet(tmp_path / "sheet.png", columns, title="t")
    assert (tmp_path / "sheet.png").read_bytes() == render_contact_sheet(columns, title="t")
    assert len(list(tmp_path.iterdir())) == 1
    with pytest.raises(DataError) as caught:
        save_contact_sheet(tmp_path / "no" / "sheet.png", columns)
    assert caught.value.diagnostics[0].code == "CD524"


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"a": np.zeros((2, 3, 4, 4)), "b": np.zeros((1, 3, 4, 4))},
        {"a": np.zeros((2, 3, 4, 4)), "b": np.zeros((2, 3, 5, 4))},
        {"a": np.zeros((2, 5, 4, 4))},
        {"a": np.zeros((2, 4, 4))},
        {"a": np.zeros((0, 3, 4, 4))},
        {"a": np.zeros((1, 3, 0, 4))},
    ],
)
def test_columns_that_do_not_fit_are_wrong_use(wrong):
    with pytest.raises(ValueError, match="expected"):
        render_contact_sheet(wrong)


def test_a_row_without_its_label_is_wrong_use(columns):
    with pytest.raises(ValueError, match="label"):
        render_contact_sheet(columns, labels=["one"])
