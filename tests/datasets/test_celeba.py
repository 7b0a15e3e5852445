"""The published file layout of CelebA, on a handful of tiny pictures made here."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image as Pillow

from causaldsl.datasets.celeba import celeba
from causaldsl.diagnostics.model import DataError
from causaldsl.diagnostics.progress import Progress

NAMES = [f"{i:06}.jpg" for i in range(1, 7)]
ATTRIBUTES = {  # one row for each picture, as the file has them
    "Mustache": [-1, 1, -1, 1, -1, -1],
    "Smiling": [1, 1, -1, -1, 1, -1],
    "Young": [1, -1, 1, -1, 1, -1],
}
PARTITION = [0, 0, 0, 1, 2, 2]
WIDTH, HEIGHT = 178, 218


@pytest.fixture
def root(tmp_path, monkeypatch):
    """A folder as published: six pictures, grey by their number, a white middle of 128 x 128."""
    monkeypatch.setenv("CAUSALDSL_DATA", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    folder = tmp_path / "celeba"
    (folder / "img_align_celeba").mkdir(parents=True)
    for i, name in enumerate(NAMES):
        picture = Pillow.new("RGB", (WIDTH, HEIGHT), (0, 0, 255))
        picture.paste((30 * i, 30 * i, 30 * i), (25, 45, 25 + 128, 45 + 128))
        picture.save(folder / "img_align_celeba" / name, quality=95)
    rows = [
        f"{name} " + " ".join(f"{values[i]:2}" for values in ATTRIBUTES.values())
        for i, name in enumerate(NAMES)
    ]
    text = "\n".join([str(len(NAMES)), " ".join(ATTRIBUTES), *rows])
    (folder / "list_attr_celeba.txt").write_text(text + "\n")
    lines = [f"{name} {part}" for name, part in zip(NAMES, PARTITION, strict=True)]
    (folder / "list_eval_partition.txt").write_text("\n".join(lines) + "\n")
    return folder


def refusal(*arguments, **options):
    with pytest.raises(DataError) as caught:
        celeba(*arguments, **options)
    return caught.value.diagnostics


def test_a_partition_is_read_in_the_order_of_the_files(root):
    faces = celeba(["Smiling", "Mustache"])
    assert faces.names == tuple(NAMES[:3])
    assert faces.attributes.to_dict("list") == {"Smiling": [1, 1, 0], "Mustache": [0, 1, 0]}
    assert faces.images.shape == (3, 3, 64, 64)
    assert faces.images.dtype == np.uint8
    assert celeba(["Young"], "valid").names == (NAMES[3],)
    assert celeba(["Young"], "test").names == tuple(NAMES[4:])


def test_the_middle_is_cut_out_before_it_is_shrunk(root):
    images = celeba(["Young"]).images.astype(int)
    for i in range(3):  # nothing of the blue border is left but what JPEG smears
        assert np.abs(images[i, :, 4:-4, 4:-4] - 30 * i).max() <= 3
    assert celeba(["Young"], crop=178).images[0, 2].max() > 200


def test_sizes_are_chosen(root):
    assert celeba(["Young"], size=32, crop=100).images.shape == (3, 3, 32, 32)


def test_so_many_rows_and_no_more(root):
    assert celeba(["Young"], n=2).names == tuple(NAMES[:2])


def test_a_balanced_choice_has_as_many_of_either_value(root):
    faces = celeba(["Smiling"], balance="Mustache")
    assert faces.names == tuple(NAMES[:2])
    assert list(faces.attributes) == ["Smiling"]


def test_the_folders_of_the_original_are_found_too(root):
    for name, folder in {
        "img_align_celeba": "Img",
        "list_attr_celeba.txt": "Anno",
        "list_eval_partition.txt": "Eval",
    }.items():
        (root / folder).mkdir()
        (root / name).rename(root / folder / name)
    assert len(celeba(["Young"], "test").names) == 2


def test_a_chosen_folder_is_taken(root, monkeypatch):
    monkeypatch.delenv("CAUSALDSL_DATA")
    assert len(celeba(["Young"], folder=root).names) == 3


def test_a_table_of_faces_holds_pictures_and_attributes(root):
    table = celeba(["Smiling"]).table()
    assert list(table) == ["picture", "Smiling"]
    assert table["Smiling"].tolist() == [1, 1, 0]


def test_progress_is_told_at_the_end(root):
    told: list[Progress] = []
    celeba(["Young"], progress=told.append)
    assert (told[-1].done, told[-1].total) == (3, 3)


# --- what is wrong --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["img_align_celeba", "list_attr_celeba.txt", "list_eval_partition.txt"]
)
def test_a_set_that_is_not_whole_says_what_lacks_and_where_to_put_it(root, name):
    (root / name).rename(root / "elsewhere")
    (finding,) = refusal(["Young"])
    assert finding.code == "CD531"
    assert f"lacking is {root / name}" in finding.notes
    assert "CAUSALDSL_DATA" in finding.hint


def test_without_any_folder_every_place_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv("CAUSALDSL_DATA", str(tmp_path / "a"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "b"))
    (finding,) = refusal(["Young"])
    assert f"looked at {tmp_path / 'a' / 'celeba'}" in finding.notes
    assert f"looked at {tmp_path / 'b' / 'causaldsl' / 'celeba'}" in finding.notes


def test_unknown_attributes_come_with_near_names(root):
    (finding,) = refusal(["Mustach"])
    assert finding.code == "CD507"
    assert finding.hint == "did you mean `Mustache`?"


def test_missing_and_damaged_pictures_are_counted(root):
    folder = root / "img_align_celeba"
    (folder / NAMES[0]).unlink()
    (folder / NAMES[1]).write_bytes((folder / NAMES[1]).read_bytes()[:200])
    Pillow.new("RGB", (60, 60)).save(folder / NAMES[2])
    found = refusal(["Young"])
    assert [f.code for f in found] == ["CD526", "CD527"]
    assert found[0].message == f"1 picture is not there: `{NAMES[0]}`"
    assert "2 pictures cannot be read" in found[1].message
    assert any("60 x 60" in note for note in found[1].notes)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("6\n", "7\n", "announces 7 pictures and lists 6"),
        ("6\n", "six\n", "first line"),
        ("000002.jpg", "000002.jpg 1", "line 4 has 5 fields, expected 4"),
        ("000001.jpg -1", "000001.jpg  0", "other values than -1 and 1"),
    ],
)
def test_a_damaged_list_of_attributes_is_refused_at_its_line(root, old, new, said):
    path = root / "list_attr_celeba.txt"
    path.write_text(path.read_text().replace(old, new, 1))
    (finding,) = refusal(["Mustache"])
    assert finding.code == "CD502"
    assert said in finding.message


@pytest.mark.parametrize("line", ["000001.jpg 3", "000001.jpg", "000001.jpg 12"])
def test_a_damaged_list_of_partitions_is_refused_at_its_line(root, line):
    (root / "list_eval_partition.txt").write_text(f"{line}\n")
    (finding,) = refusal(["Mustache"])
    assert "line 1" in finding.message


def test_pictures_of_a_partition_without_attributes_are_told(root):
    with (root / "list_eval_partition.txt").open("a") as file:
        file.write("000099.jpg 0\n")
    (finding,) = refusal(["Mustache"])
    assert finding.code == "CD502"
    assert "000099.jpg" in finding.message


def test_an_unknown_partition_is_wrong_use(root):
    with pytest.raises(ValueError, match="train, valid, test"):
        celeba(["Young"], "all")
