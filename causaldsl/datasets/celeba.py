"""CelebA from the published files, placed by hand: its terms let nobody pass them on.

``CAUSALDSL_DATA`` (or the cache folder) holds ``celeba/`` with ``img_align_celeba/000001.jpg``
and so on, ``list_attr_celeba.txt`` and ``list_eval_partition.txt``, flat or in the folders
``Img``, ``Anno`` and ``Eval`` of the original. Faces are cut and shrunk as DCEVAE does: the middle
128 of 218 x 178 pixels, to 64.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image as Pillow

from causaldsl.data.findings import quoted, table_unreadable, unknown_column
from causaldsl.data.images import DAMAGED
from causaldsl.datasets import findings
from causaldsl.datasets.registry import data_folders
from causaldsl.diagnostics.model import DataError, Diagnostic
from causaldsl.diagnostics.progress import Progress, ProgressCallback, silent

PAGE = "http://mmlab.ie.cuhk.edu.hk/projects/CelebA.html"
CITATION = "Liu, Luo, Wang and Tang (2015), Deep Learning Face Attributes in the Wild, ICCV"
TERMS = "for non-commercial research; the pictures must not be passed on"
#: The numbers of the file of partitions.
PARTITIONS = ("train", "valid", "test")
_PICTURES, _ATTRIBUTES, _PARTITION = (
    "img_align_celeba", "list_attr_celeba.txt", "list_eval_partition.txt",
)  # fmt: skip
_ORIGINAL = {_PICTURES: "Img", _ATTRIBUTES: "Anno", _PARTITION: "Eval"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Faces:
    """Faces and their attributes: `images` ``(n, 3, size, size)`` uint8, `names` of the files."""

    images: NDArray[np.uint8] = field(repr=False)
    attributes: pd.DataFrame = field(repr=False)
    names: tuple[str, ...] = field(repr=False)

    def table(self) -> dict[str, Any]:
        """Return what a table of these rows holds: ``picture`` and the attributes, 0 or 1."""
        columns = {str(name): self.attributes[name].to_numpy() for name in self.attributes}
        return {"picture": self.images, **columns}


def celeba(
    attributes: Sequence[str],
    partition: str = "train",
    *,
    n: int | None = None,
    balance: str | None = None,
    size: int = 64,
    crop: int = 128,
    folder: str | os.PathLike[str] | None = None,
    progress: ProgressCallback = silent,
) -> Faces:
    """Return the faces of a partition, in the order of the files.

    Parameters
    ----------
    attributes
        Names such as ``Mustache``; -1 and 1 of the file become 0 and 1.
    partition
        ``train``, ``valid`` or ``test``, as published.
    n
        At most so many rows, the first ones.
    balance
        An attribute of which as many rows are 1 as are 0: the first ones of the commoner value.
    size, crop
        The middle `crop` x `crop` pixels are resized to `size` x `size` (bilinear).
    folder
        What holds the set; found through ``CAUSALDSL_DATA`` when `None`.

    Raises
    ------
    DataError
        CD531 if a file of the set is not here, CD502 if a list is damaged, CD507 for an unknown
        attribute, CD526 and CD527 for pictures that are missing or damaged.
    ValueError
        For an unknown partition, or sizes below 1.
    """
    if partition not in PARTITIONS:
        raise ValueError(f"the partitions are {', '.join(PARTITIONS)}, not {partition}")
    if size < 1 or crop < 1 or (n is not None and n < 1):
        raise ValueError("n, size and crop are whole numbers above zero")
    wanted = list(dict.fromkeys([*attributes, *([] if balance is None else [balance])]))
    where = _find(folder)
    listed = read_list(where[_ATTRIBUTES], wanted)
    members = pd.Index(_members(where, PARTITIONS.index(partition)), dtype=object)
    lacking = members.difference(listed.index)
    if len(lacking):
        said = f"it lacks pictures of {_PARTITION}: {quoted(lacking.tolist())}"
        raise _damaged(where[_ATTRIBUTES], said)
    rows = listed.loc[members]
    if balance is not None:
        rows = _balanced(rows, balance)
    rows = rows.iloc[:n]
    names = tuple(map(str, rows.index))
    return Faces(
        images=_faces(where[_PICTURES], names, size, crop, progress),
        attributes=rows[list(attributes)].reset_index(drop=True),
        names=names,
    )


def _find(folder: str | os.PathLike[str] | None) -> dict[str, Path]:
    folders = [f / "celeba" for f in data_folders()] if folder is None else [Path(folder)]
    lacking = ""
    for root in folders:
        found = {name: _place(root, name) for name in _ORIGINAL}
        absent = [name for name, place in found.items() if not place.exists()]
        if not absent:
            return found
        lacking = lacking or str(root / absent[0])
    raise DataError([findings.place_by_hand("celeba", list(map(str, folders)), lacking, PAGE)])


def _place(root: Path, name: str) -> Path:
    original = root / _ORIGINAL[name] / name
    return original if original.exists() else root / name


# --- the lists ------------------------------------------------------------------------------


def read_list(path: Path, wanted: Sequence[str]) -> pd.DataFrame:
    """Return attributes by picture, 0 or 1, from a file in the form of ``list_attr_celeba.txt``.

    Raises
    ------
    DataError
        CD502 for a damaged file, CD507 for an attribute that it lacks.
    """
    lines = _lines(path)
    if len(lines) < 2 or not lines[0].strip().isdigit():
        raise _damaged(path, "its first line is not the number of pictures")
    known = lines[1].split()
    unknown = [name for name in wanted if name not in known]
    if unknown:
        raise DataError([unknown_column(name, None, known) for name in unknown])
    rows = [line.split() for line in lines[2:]]
    for i, row in enumerate(rows, start=3):
        if len(row) != len(known) + 1:
            raise _damaged(path, f"line {i} has {len(row)} fields, expected {len(known) + 1}")
    if len(rows) != int(lines[0]):
        raise _damaged(path, f"it announces {int(lines[0]):,} pictures and lists {len(rows):,}")
    columns = {}
    for name in wanted:
        cells = [row[known.index(name) + 1] for row in rows]
        if not {"-1", "1"} >= set(cells):
            raise _damaged(path, f"`{name}` holds other values than -1 and 1")
        columns[name] = (np.array(cells) == "1").astype(np.int64)
    return pd.DataFrame(columns, index=pd.Index([row[0] for row in rows], dtype=object))


def _members(where: dict[str, Path], number: int) -> list[str]:
    path = where[_PARTITION]
    rows = [line.split() for line in _lines(path)]
    wrong = next(
        (i for i, r in enumerate(rows, 1) if len(r) != 2 or r[1] not in ("0", "1", "2")), None
    )
    if wrong is not None:
        raise _damaged(path, f"line {wrong} is no file name with a 0, 1 or 2")
    return [name for name, part in rows if part == str(number)]


def _lines(path: Path) -> list[str]:
    try:
        return [line for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise _damaged(path, "it is no text file") from error


def _damaged(path: Path, why: str) -> DataError:
    return DataError([table_unreadable(str(path), why, f"fetch the file again from {PAGE}")])


def _balanced(rows: pd.DataFrame, attribute: str) -> pd.DataFrame:
    rank = rows.groupby(attribute).cumcount()
    rarer = min(int((rows[attribute] == value).sum()) for value in (0, 1))
    return rows[rank < rarer]


# --- the pictures ---------------------------------------------------------------------------


def _faces(
    folder: Path, names: Sequence[str], size: int, crop: int, progress: ProgressCallback
) -> NDArray[np.uint8]:
    pixels = np.zeros((len(names), 3, size, size), dtype=np.uint8)
    absent: list[str] = []
    damaged: dict[str, str] = {}
    for i, name in enumerate(names):
        path = folder / name
        if not path.is_file():
            absent.append(name)
            continue
        try:
            pixels[i] = _face(path, size, crop)
        except DAMAGED as error:
            damaged[name] = str(error).split("\n")[0] or type(error).__name__
        if (i + 1) % 1000 == 0 or i + 1 == len(names):
            progress(Progress(stage="read pictures", done=i + 1, total=len(names)))
    found: list[Diagnostic] = []
    if absent:
        found.append(findings.pictures_missing(absent, str(folder)))
    if damaged:
        found.append(findings.pictures_damaged(list(damaged), Counter(damaged.values())))
    if found:
        raise DataError(found)
    return pixels


def _face(path: Path, size: int, crop: int) -> NDArray[np.uint8]:
    with Pillow.open(path, formats=("JPEG", "PNG")) as image:
        width, height = image.size
        if min(width, height) < crop:
            raise ValueError(f"it has {height} x {width} pixels, fewer than {crop} x {crop}")
        left, top = round((width - crop) / 2), round((height - crop) / 2)
        face = image.convert("RGB").crop((left, top, left + crop, top + crop))
        shrunk = face.resize((size, size), Pillow.Resampling.BILINEAR)
        return np.asarray(shrunk, dtype=np.uint8).transpose(2, 0, 1)
