"""Image variables: files and arrays in, float64 pixels from 0 to 1 out, or a finding."""

from __future__ import annotations

import json
import os
import struct
import zlib

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image as Pillow

from causaldsl.data import images as images_module
from causaldsl.data.binding import bind
from causaldsl.data.digest import digest
from causaldsl.data.encoding import Encoding, plain_encoding
from causaldsl.data.starter import starter_text
from causaldsl.data.tables import read_table, to_frame, write_table
from causaldsl.diagnostics.model import DataError
from causaldsl.vocabulary.domains import Binary, Image

RGB = Image(3, 2, 4)
GREY = Image(1, 2, 4)


def random_bytes(*shape: int, seed: int = 1):
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def save(folder, name: str, array, mode: str = "RGB") -> str:
    """Save an array ``(h, w, c)`` or ``(h, w)`` without loss."""
    size = (array.shape[1], array.shape[0])
    Pillow.frombytes(mode, size, np.ascontiguousarray(array).tobytes()).save(folder / name)
    return name


@pytest.fixture
def two(tmp_path):
    """Two RGB files of 2 rows and 4 columns of pixels, and their bytes."""
    arrays = random_bytes(2, 2, 4, 3)
    return [save(tmp_path, f"{i}.png", a) for i, a in enumerate(arrays)], arrays


# --- files ----------------------------------------------------------------------------------


def test_files_become_float64_pixels_channels_first(spec, schema, two, tmp_path):
    names, arrays = two
    data = bind({"file": names}, schema(spec("x", RGB, "file")), images=tmp_path)
    assert data.columns["x"].dtype == torch.float64
    assert data.columns["x"].shape == (2, 3, 2, 4)
    np.testing.assert_array_equal(data.columns["x"].numpy(), arrays.transpose(0, 3, 1, 2) / 255)


def test_names_are_relative_to_the_folder_of_the_table(spec, schema, two, tmp_path, monkeypatch):
    names, _ = two
    pd.DataFrame({"file": names}).to_csv(tmp_path / "t.csv", index=False)
    monkeypatch.chdir(tmp_path.parent)
    wanted = schema(spec("x", RGB, "file"))
    by_path = bind(tmp_path / "t.csv", wanted)
    by_frame = bind(read_table(f"{tmp_path.name}/t.csv"), wanted)
    assert torch.equal(by_path.columns["x"], by_frame.columns["x"])


def test_names_of_a_frame_are_relative_to_the_current_folder(
    spec, schema, two, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    assert bind({"file": two[0]}, schema(spec("x", RGB, "file"))).n_rows == 2


def test_whole_paths_are_taken_as_they_are(spec, schema, two, tmp_path):
    table = {"file": [str(tmp_path / name) for name in two[0]]}
    assert bind(table, schema(spec("x", RGB, "file")), images="elsewhere").n_rows == 2


def test_every_storage_of_the_same_pixels_gives_them(spec, schema, tmp_path):
    grey = random_bytes(2, 4)
    bits = (grey > 127).astype(np.uint8) * 255
    names = [save(tmp_path, "l.png", grey, "L"), save(tmp_path, "l.bmp", grey, "L")]
    Pillow.frombytes("L", (4, 2), bits.tobytes()).convert("1").save(tmp_path / "one.png")
    deep = grey.astype(np.uint16) * 257  # 8 bits stretched to 16
    Pillow.frombytes("I;16", (4, 2), deep.tobytes()).save(tmp_path / "deep.png")
    float_ = Pillow.frombytes("F", (4, 2), (grey / 255).astype(np.float32).tobytes())
    float_.save(tmp_path / "float.tiff")
    table = {"file": [*names, "deep.png", "float.tiff", "one.png"]}
    pixels = bind(table, schema(spec("x", GREY, "file")), images=tmp_path).columns["x"].numpy()
    for i in range(4):
        np.testing.assert_allclose(pixels[i, 0], grey / 255, atol=1e-7)
    np.testing.assert_array_equal(pixels[4, 0], bits / 255)


def test_a_palette_counts_as_its_colours(spec, schema, tmp_path):
    array = np.zeros((2, 4, 3), dtype=np.uint8)
    array[0] = (255, 0, 0)
    picture = Pillow.frombytes("RGB", (4, 2), array.tobytes()).convert("P")
    picture.save(tmp_path / "p.png")
    data = bind({"file": ["p.png"] * 2}, schema(spec("x", RGB, "file")), images=tmp_path)
    np.testing.assert_array_equal(data.columns["x"][0].numpy(), array.transpose(2, 0, 1) / 255)


def test_a_jpeg_comes_near_its_pixels(spec, schema, tmp_path):
    Pillow.new("RGB", (4, 2), (200, 100, 50)).save(tmp_path / "a.jpg", quality=95)
    data = bind({"file": ["a.jpg"] * 2}, schema(spec("x", RGB, "file")), images=tmp_path)
    wanted = torch.tensor([200, 100, 50], dtype=torch.float64)[:, None, None] / 255
    assert (data.columns["x"][0] - wanted).abs().max() < 0.02


# --- arrays ---------------------------------------------------------------------------------


@pytest.mark.parametrize("last", [False, True])
@pytest.mark.parametrize("kind", ["uint8", "float64", "float32"])
def test_arrays_of_either_order_and_kind_give_the_same_pixels(spec, schema, last, kind):
    arrays = random_bytes(3, 3, 2, 4)
    cells = arrays if kind == "uint8" else (arrays / 255).astype(kind)
    table = {"x": cells.transpose(0, 2, 3, 1) if last else cells}
    pixels = bind(table, schema(spec("x", RGB))).columns["x"].numpy()
    np.testing.assert_allclose(pixels, arrays / 255, atol=1e-7)


def test_a_frame_a_list_and_a_tensor_bind_alike(spec, schema):
    arrays = random_bytes(2, 3, 2, 4) / 255
    wanted = schema(spec("x", RGB))
    for table in (
        {"x": list(arrays)},
        {"x": torch.from_numpy(arrays)},
        {"x": arrays.tolist()},
        pd.DataFrame({"x": list(arrays)}),
    ):
        np.testing.assert_array_equal(bind(table, wanted).columns["x"].numpy(), arrays)


def test_grey_arrays_need_no_axis_of_channels(spec, schema):
    arrays = random_bytes(2, 2, 4)
    pixels = bind({"x": arrays}, schema(spec("x", GREY))).columns["x"]
    np.testing.assert_array_equal(pixels.numpy(), arrays[:, None] / 255)


def test_rounding_beyond_one_is_cut_off(spec, schema):
    arrays = np.stack([np.zeros(RGB_SHAPE), np.full(RGB_SHAPE, 1 + 1e-9)])
    assert bind({"x": arrays}, schema(spec("x", RGB))).columns["x"].max() == 1.0


RGB_SHAPE = (3, 2, 4)


# --- what is wrong --------------------------------------------------------------------------


def test_cells_that_are_no_pictures_are_counted_and_located(spec, findings_of):
    table = {"x": [12, np.zeros(RGB_SHAPE), b"bytes", np.zeros(RGB_SHAPE, dtype=np.int64)]}
    (finding,) = findings_of(table, spec("x", RGB))
    assert finding.code == "CD525"
    assert finding.place == "column `x`, rows 1, 3, 4"
    assert "3 rows hold no picture" in finding.message
    assert "`array of int64` (1)" in finding.message


def test_missing_files_are_counted_and_located(spec, findings_of, two, tmp_path):
    table = {"file": [two[0][0], "no.png", "nor.png"]}
    (finding,) = findings_of(table, spec("x", RGB, "file"), images=tmp_path)
    assert finding.code == "CD526"
    assert finding.message == "`x` names 2 files that are not there: `no.png`, `nor.png`"
    assert finding.place == "column `file`, rows 2, 3"
    assert finding.notes == (f"names are relative to {tmp_path}",)


@pytest.mark.parametrize("name", [".", "x" * 5000, "a\0b", "pipe"])
def test_a_name_of_something_else_is_no_picture_and_never_waits(spec, findings_of, tmp_path, name):
    os.mkfifo(tmp_path / "pipe")
    (finding,) = findings_of({"file": [name]}, spec("x", RGB, "file"), images=tmp_path)
    assert finding.code in ("CD526", "CD527")


def test_several_sizes_are_counted(spec, findings_of, two, tmp_path):
    big = save(tmp_path, "big.png", random_bytes(8, 8, 3))
    grey = save(tmp_path, "grey.png", random_bytes(2, 4), "L")
    table = {"file": [two[0][0], big, big, grey]}
    (finding,) = findings_of(table, spec("x", RGB, "file"), images=tmp_path)
    assert finding.code == "CD528"
    assert finding.message == (
        "`x` is image[3, 2, 4], but 3 rows hold pictures of other sizes: "
        "`image[3, 8, 8]` (2), `image[1, 2, 4]` (1)"
    )
    assert finding.place == "column `file`, rows 2, 3, 4"
    assert finding.hint == "bring all pictures to one size and number of channels"


def test_one_other_size_is_offered_as_the_domain(spec, findings_of, tmp_path):
    big = save(tmp_path, "big.png", random_bytes(8, 8, 3))
    (finding,) = findings_of({"file": [big, big]}, spec("x", RGB, "file"), images=tmp_path)
    assert finding.hint == "convert the pictures, or declare `x : image[3, 8, 8]`"


def test_arrays_of_another_shape_are_refused(spec, findings_of):
    (finding,) = findings_of({"x": [np.zeros((2, 4)), np.zeros((3, 4, 2))]}, spec("x", RGB))
    assert finding.code == "CD528"
    assert "`array (2, 4)` (1), `array (3, 4, 2)` (1)" in finding.message


@pytest.mark.parametrize(
    ("value", "said"), [(np.nan, "nan"), (255.0, "255"), (-0.5, "-0.5"), (np.inf, "inf")]
)
def test_pixels_outside_are_refused(spec, findings_of, value, said):
    arrays = np.zeros((3, *RGB_SHAPE))
    arrays[1, 2, 1, 3] = value
    (finding,) = findings_of({"x": arrays}, spec("x", RGB))
    assert finding.code == "CD529"
    assert finding.place == "column `x`, row 2"
    assert finding.message.endswith(f"1 row holds pixels such as {said}")


def test_every_kind_of_trouble_is_told_at_once(spec, findings_of, two, tmp_path):
    (tmp_path / "bad.png").write_bytes(b"\x89PNG\r\n\x1a\n nothing")
    table = {"file": [two[0][0], "no.png", "bad.png", np.full(RGB_SHAPE, 2.0), 7]}
    found = findings_of(table, spec("x", RGB, "file"), images=tmp_path)
    assert sorted(f.code for f in found) == ["CD525", "CD526", "CD527", "CD529"]


def test_a_truncated_file_is_refused(spec, findings_of, tmp_path):
    save(tmp_path, "whole.png", random_bytes(2, 4, 3))
    content = (tmp_path / "whole.png").read_bytes()
    (tmp_path / "half.png").write_bytes(content[: len(content) - 40])
    (finding,) = findings_of({"file": ["half.png"]}, spec("x", RGB, "file"), images=tmp_path)
    assert finding.code == "CD527"
    assert finding.notes


def test_a_format_that_is_a_program_is_not_tried(spec, findings_of, tmp_path):
    Pillow.new("RGB", (4, 2)).save(tmp_path / "a.eps")
    (tmp_path / "a.png").write_bytes((tmp_path / "a.eps").read_bytes())
    (finding,) = findings_of({"file": ["a.png"]}, spec("x", RGB, "file"), images=tmp_path)
    assert finding.code == "CD527"
    assert "none of PNG" in finding.notes[0]


def test_several_pictures_in_one_file_are_refused(spec, findings_of, tmp_path):
    frames = [Pillow.new("RGB", (4, 2), (i, 0, 0)) for i in (0, 200)]
    frames[0].save(tmp_path / "two.tiff", save_all=True, append_images=frames[1:])
    (finding,) = findings_of({"file": ["two.tiff"]}, spec("x", RGB, "file"), images=tmp_path)
    assert finding.notes == ("1 file: it holds several pictures",)


def test_inks_are_no_colours(spec, findings_of, tmp_path):
    Pillow.new("CMYK", (4, 2)).save(tmp_path / "ink.jpg")
    (finding,) = findings_of({"file": ["ink.jpg"]}, spec("x", RGB, "file"), images=tmp_path)
    assert finding.code == "CD527"


def bomb(width: int, height: int) -> bytes:
    """A PNG of very many black pixels in few bytes."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        code = struct.pack(">I", zlib.crc32(kind + content))
        return struct.pack(">I", len(content)) + kind + content + code

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress(b"\0" * 100_000, 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


@pytest.mark.parametrize("side", [9_000, 15_000, 60_000])
def test_a_file_that_would_fill_the_memory_is_never_unpacked(
    spec, findings_of, tmp_path, monkeypatch, side
):
    (tmp_path / "bomb.png").write_bytes(bomb(side, side))
    monkeypatch.setattr(Pillow.Image, "convert", lambda *_: pytest.fail("it was unpacked"))
    monkeypatch.setattr(Pillow.Image, "load", lambda *_: pytest.fail("it was unpacked"))
    (finding,) = findings_of({"file": ["bomb.png"]}, spec("x", GREY, "file"), images=tmp_path)
    assert finding.code == ("CD528" if side == 9_000 else "CD527")


def test_a_bomb_of_the_declared_size_is_refused_too(spec, findings_of, tmp_path, monkeypatch):
    (tmp_path / "bomb.png").write_bytes(bomb(15_000, 15_000))
    wanted = spec("x", Image(1, 15_000, 15_000), "file")
    (finding,) = findings_of({"file": ["bomb.png"]}, wanted, images=tmp_path)
    assert finding.code in ("CD527", "CD534")


def test_more_pixels_than_the_limit_are_refused_before_any_is_read(spec, findings_of, monkeypatch):
    monkeypatch.setattr(images_module, "MOST_BYTES", 100)
    (finding,) = findings_of({"x": random_bytes(2, *RGB_SHAPE)}, spec("x", RGB))
    assert finding.code == "CD534"


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_whatever_a_file_holds_it_is_pixels_or_a_finding(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("fuzz")
    suffix = data.draw(st.sampled_from(["png", "jpg", "bmp", "ppm", "tiff", "webp"]))
    Pillow.frombytes("RGB", (4, 2), random_bytes(2, 4, 3).tobytes()).save(folder / f"a.{suffix}")
    content = bytearray((folder / f"a.{suffix}").read_bytes())
    for _ in range(data.draw(st.integers(1, 6))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    (folder / "b").write_bytes(content)
    found = images_module._pixels_of("b", (3, 2, 4), folder)
    if isinstance(found, np.ndarray):
        assert found.shape == (3, 2, 4)
        assert found.min() >= 0
        assert found.max() <= 1
    else:
        assert found.wrong in ("damaged", "size", "pixels")


# --- rows that are left out -----------------------------------------------------------------


def test_missing_error_counts_the_rows(spec, findings_of, two, tmp_path):
    table = {"file": [two[0][0], None, ""]}
    (finding,) = findings_of(table, spec("x", RGB, "file"), images=tmp_path)
    assert finding.code == "CD511"
    assert finding.place == "column `file`, rows 2, 3"


def test_missing_drop_leaves_rows_out_of_every_column(spec, schema):
    arrays = random_bytes(3, *RGB_SHAPE)
    table = {"x": [arrays[0], None, arrays[2]], "a": [0, 1, 1]}
    data = bind(table, schema(spec("x", RGB, missing="drop"), spec("a", Binary())))
    assert data.columns["a"].tolist() == [0, 1]
    assert data.columns["x"].shape[0] == 2
    assert dict(data.dropped) == {"`x` is missing": 1}


def test_missing_latent_gives_a_mask_and_a_placeholder(spec, schema):
    arrays = random_bytes(3, *RGB_SHAPE)
    data = bind({"x": [arrays[0], None, arrays[2]]}, schema(spec("x", RGB, missing="latent")))
    assert data.observed["x"].tolist() == [True, False, True]
    assert data.columns["x"].isfinite().all()


def test_missing_latent_without_a_single_picture_is_refused(spec, findings_of):
    table = {"x": [None, None], "a": [0, 1]}
    (finding,) = findings_of(table, spec("x", RGB, missing="latent"), spec("a", Binary()))
    assert finding.code == "CD511"


def test_a_picture_in_a_row_that_is_left_out_is_not_read(spec, schema, two, tmp_path):
    table = {"file": [*two[0], "no.png"], "a": [0, 1, None]}
    wanted = schema(spec("x", RGB, "file"), spec("a", Binary(), missing="drop"))
    assert bind(table, wanted, images=tmp_path).n_rows == 2


def test_one_picture_in_all_rows_is_a_warning(spec, schema):
    data = bind({"x": np.zeros((4, *RGB_SHAPE))}, schema(spec("x", RGB)))
    assert [w.code for w in data.warnings] == ["CD520"]


# --- the way back ---------------------------------------------------------------------------


def test_an_encoding_with_an_image_survives_json(spec, schema):
    arrays = random_bytes(3, *RGB_SHAPE)
    data = bind({"x": arrays, "a": [0, 1, 1]}, schema(spec("x", RGB), spec("a", Binary())))
    back = Encoding.from_dict(json.loads(json.dumps(data.encoding.to_dict())))
    assert back == data.encoding
    assert back.scales() == {"x": [0.0, 1.0]}
    again = bind({"x": arrays, "a": [0, 1, 1]}, back.schema, encoding=back, what="predict")
    assert torch.equal(again.columns["x"], data.columns["x"])


def test_decode_then_bind_is_identity(spec, schema):
    data = bind({"x": random_bytes(3, *RGB_SHAPE)}, schema(spec("x", RGB)))
    frame = data.encoding.decode_frame({"x": data.columns["x"].numpy()})
    again = bind(frame, data.encoding.schema, encoding=data.encoding)
    assert torch.equal(again.columns["x"], data.columns["x"])
    assert data.encoding.is_invertible("x")


def test_a_plain_encoding_decodes_draws_of_images(spec, schema):
    encoding = plain_encoding(schema(spec("x", RGB)))
    draws = np.random.default_rng(1).random((5, 2, *RGB_SHAPE))
    cells = encoding.decode("x", draws)
    assert cells.shape == (5, 2)
    np.testing.assert_array_equal(cells[3, 1], draws[3, 1])


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_a_written_table_of_pictures_is_read_again(spec, schema, tmp_path, suffix):
    arrays = random_bytes(3, *RGB_SHAPE)
    wanted = schema(spec("x", RGB, "the x", missing="drop"), spec("a", Binary()))
    table = pd.DataFrame({"the x": [arrays[0], None, arrays[2]], "a": [0, 1, 1]})
    write_table(table, tmp_path / f"t.{suffix}")
    assert sorted(p.name for p in tmp_path.iterdir()) == [f"t.{suffix}", "t_the_x"]
    data = bind(tmp_path / f"t.{suffix}", wanted)
    np.testing.assert_array_equal(data.columns["x"].numpy(), arrays[[0, 2]] / 255)


def test_writing_a_table_leaves_the_frame_as_it_was(tmp_path):
    frame = pd.DataFrame({"x": list(random_bytes(2, *RGB_SHAPE))}, index=[7, 7])
    write_table(frame, tmp_path / "t.csv")
    assert isinstance(frame["x"].iloc[0], np.ndarray)
    assert (tmp_path / "t.csv").read_text() == "x\nt_x/000001.png\nt_x/000002.png\n"


def test_a_parquet_file_does_not_tell_where_its_table_came_from(tmp_path):
    pd.DataFrame({"g": [1.5]}).to_csv(tmp_path / "t.csv", index=False)
    write_table(read_table(tmp_path / "t.csv"), tmp_path / "t.parquet")
    assert str(tmp_path).encode() not in (tmp_path / "t.parquet").read_bytes()


def test_a_folder_that_cannot_be_made_is_refused(tmp_path):
    with pytest.raises(DataError) as caught:
        write_table(pd.DataFrame({"x": list(random_bytes(2, 3, 5, 5))}), tmp_path / "no" / "t.csv")
    assert caught.value.diagnostics[0].code == "CD524"


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_pictures_of_1_to_4_channels_are_written_and_read(spec, schema, tmp_path, channels):
    arrays = random_bytes(2, channels, 6, 5)
    write_table(pd.DataFrame({"x": list(arrays / 255)}), tmp_path / "t.csv")
    data = bind(tmp_path / "t.csv", schema(spec("x", Image(channels, 6, 5))))
    np.testing.assert_array_equal(data.columns["x"].numpy(), arrays / 255)


def test_pictures_of_five_channels_are_not_written():
    with pytest.raises(DataError) as caught:
        images_module.png_image(np.zeros((5, 6, 7)))
    assert caught.value.diagnostics[0].code == "CD524"


def test_the_digest_sees_pixels(spec, schema):
    arrays = random_bytes(2, *RGB_SHAPE)
    other = arrays.copy()
    other[1, 0, 0, 0] ^= 1
    assert digest({"x": arrays}) == digest({"x": arrays.copy()})
    assert digest({"x": arrays}) != digest({"x": other})
    bound = [bind({"x": a}, schema(spec("x", RGB))) for a in (arrays, other)]
    assert digest(bound[0]) != digest(bound[1])


def test_batches_and_subsets_carry_pictures(spec, schema):
    data = bind({"x": random_bytes(4, *RGB_SHAPE)}, schema(spec("x", RGB)))
    rows = torch.tensor([3, 1])
    assert torch.equal(data.batch(rows)["x"], data.columns["x"][rows])
    assert torch.equal(data.subset(rows).columns["x"], data.columns["x"][rows])


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        (random_bytes(3, 3, 6, 8), "observed x : image[3, 6, 8]"),
        (random_bytes(3, 6, 8, 3), "observed x : image[3, 6, 8]"),
        ([np.zeros((3, 6, 8)), np.zeros((3, 6, 9)), None], "arrays that are no pictures"),
        (["a.png", "b.JPG", "c.png"], "names of pictures"),
    ],
)
def test_a_starter_file_knows_pictures(cells, said):
    text = starter_text({"x": cells, "a": [0, 1, 1]})
    assert said in " ".join(text.split())


def test_an_array_of_several_numbers_a_row_is_no_column_and_is_named():
    with pytest.raises(DataError) as refused:
        to_frame({"a": [0, 1], "x": np.zeros((2, 64))})
    (found,) = refused.value.diagnostics
    assert found.code == "CD508"
    assert found.message.startswith("`x` is an array of shape (2, 64)")
    assert "`x1`, `x2`" in found.hint
