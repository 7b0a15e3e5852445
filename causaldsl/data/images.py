"""Pictures of an image variable: files that a table names, or arrays in its cells.

A file is recognised by its content, among formats that hold pixels and nothing that runs, and is
decoded only after its header has stated the size that the model asks for: a small file that
unpacks into gigabytes is never unpacked.
"""

from __future__ import annotations

import math
import os
import struct
import warnings
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image as Pillow
from PIL import UnidentifiedImageError

from causaldsl.data import findings
from causaldsl.data.cells import ColumnKind, Floats, Mask, cell_text
from causaldsl.data.schema import ColumnSpec
from causaldsl.diagnostics.model import DataError, Diagnostic
from causaldsl.vocabulary.domains import Image

#: Formats that are pixels alone: EPS, for one, is a program that Pillow hands to Ghostscript.
FORMATS = ("PNG", "JPEG", "BMP", "PPM", "TIFF", "WEBP")
#: What the pixels of one variable may take, as float64.
MOST_BYTES = 8 << 30
#: Rounding beyond 0 and 1 that is cut off rather than refused.
_ROUNDING = 1e-6
#: What Pillow raises for a file that is damaged, too large, or none of the formats.
DAMAGED = (
    OSError, SyntaxError, ValueError, TypeError, LookupError, EOFError, OverflowError, MemoryError,
    struct.error, Pillow.DecompressionBombError, Pillow.DecompressionBombWarning,
)  # fmt: skip
_BANDS = {"1": 1, "L": 1, "I;16": 1, "I;16B": 1, "F": 1, "LA": 2, "RGB": 3, "RGBA": 4}
_MODES = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}

Wrong = Literal["value", "absent", "damaged", "size", "pixels"]
Shape = tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageCells:
    """The cells of one image variable ``(N,)``, not read yet; the masks are ``(N, 1)``."""

    spec: ColumnSpec
    column: str
    folder: Path
    cells: Sequence[object] = field(repr=False)
    missing: Mask = field(repr=False)
    unlisted: Mask = field(repr=False)

    @property
    def kinds(self) -> tuple[ColumnKind, ...]:
        """What the column holds: names of files (text), or arrays (numbers)."""
        return ("text" if any(isinstance(c, str | os.PathLike) for c in self.cells) else "number",)


@dataclass(frozen=True, slots=True)
class _Trouble:
    """Why a cell is no picture of the size asked for; `what` it is instead, a file's name."""

    wrong: Wrong
    what: str
    why: str = ""


def find_images(column: pd.Series[Any], spec: ColumnSpec, folder: Path) -> ImageCells:
    """Return a column's cells as pictures to read; file names are relative to `folder`."""
    cells = column.tolist()
    missing = np.array([_is_missing(cell) for cell in cells], dtype=bool)[:, None]
    return ImageCells(
        spec=spec,
        column=str(column.name),
        folder=folder,
        cells=cells,
        missing=missing,
        unlisted=np.zeros_like(missing),
    )


def _is_missing(cell: Any) -> bool:  # noqa: ANN401  (any cell)
    if cell is None or (isinstance(cell, str) and not cell.strip()):
        return True
    return bool(pd.api.types.is_scalar(cell) and pd.isna(cell))


def read_images(images: ImageCells, rows: NDArray[np.intp]) -> tuple[Floats, list[Diagnostic]]:
    """Return the pictures of some rows as pixels ``(N, c, h, w)`` from 0 to 1, and what is wrong.

    A missing picture, and one that something is wrong with, is grey.
    """
    shape = shape_of(images.spec)
    seen = ~images.missing[rows, 0]
    absent = rows[~seen]
    problems: list[Diagnostic] = []
    name, column = images.spec.variable, images.column
    if images.spec.missing == "latent" and len(rows) and not seen.any():
        problems.append(findings.never_seen(name, column, len(rows)))
    elif images.spec.missing == "error" and len(absent):
        problems.append(findings.missing_values(name, column, absent, len(rows)))
    needed = len(rows) * math.prod(shape) * 8
    if needed > MOST_BYTES:
        domain = str(images.spec.domain)
        finding = findings.too_many_pixels(name, column, domain, len(rows), needed, MOST_BYTES)
        return np.zeros((0, *shape)), [*problems, finding]
    pixels = np.full((len(rows), *shape), 0.5)
    troubles: dict[Wrong, list[tuple[int, _Trouble]]] = {}
    for i in np.flatnonzero(seen):
        found = _pixels_of(images.cells[rows[i]], shape, images.folder)
        if isinstance(found, _Trouble):
            troubles.setdefault(found.wrong, []).append((int(rows[i]), found))
        else:
            pixels[i] = found
    return pixels, [*problems, *_findings(images, troubles)]


def shape_of(spec: ColumnSpec) -> tuple[int, int, int]:
    """Return channels, height and width of an image variable."""
    if not isinstance(spec.domain, Image):
        raise TypeError(f"{spec.variable} is no image")
    return spec.domain.channels, spec.domain.height, spec.domain.width


def _findings(
    images: ImageCells, troubles: dict[Wrong, list[tuple[int, _Trouble]]]
) -> list[Diagnostic]:
    name, column = images.spec.variable, images.column
    found: list[Diagnostic] = []
    for wrong, places in troubles.items():
        rows, what = [row for row, _ in places], [trouble.what for _, trouble in places]
        match wrong:
            case "value":
                found.append(findings.not_a_picture(name, column, rows, Counter(what)))
            case "absent":
                folder = str(images.folder.absolute())
                found.append(findings.picture_not_found(name, column, rows, what, folder))
            case "damaged":
                reasons: Counter[object] = Counter(trouble.why for _, trouble in places)
                found.append(findings.unreadable_pictures(name, column, rows, what, reasons))
            case "size":
                domain = str(images.spec.domain)
                found.append(findings.picture_sizes(name, column, domain, rows, Counter(what)))
            case "pixels":
                found.append(findings.pixels_outside(name, column, rows, what[0]))
    return found


# --- one cell -------------------------------------------------------------------------------


def _pixels_of(cell: object, shape: Shape, folder: Path) -> Floats | _Trouble:
    if isinstance(cell, str | os.PathLike):
        return _pixels_of_file(folder / cell, os.fspath(cell), shape)
    if isinstance(cell, list | tuple) or hasattr(cell, "__array__"):
        try:
            array = np.asarray(cell)
        except (ValueError, TypeError, RuntimeError):  # ragged; a tensor that wants a gradient
            return _Trouble("value", cell_text(cell))
        return _pixels_of_array(array, shape) if array.ndim else _Trouble("value", cell_text(cell))
    return _Trouble("value", cell_text(cell))


def _pixels_of_array(array: NDArray[Any], shape: Shape) -> Floats | _Trouble:
    channels, height, width = shape
    if array.shape == (height, width, channels) and array.shape != shape:
        array = array.transpose(2, 0, 1)
    elif array.shape == (height, width) and channels == 1:
        array = array[None]
    if array.shape != shape:
        return _Trouble("size", f"array {array.shape}")
    if array.dtype == np.uint8:
        return array / 255.0
    if array.dtype.kind not in "fb":
        return _Trouble("value", f"array of {array.dtype}")
    return _in_range(array.astype(np.float64))


def _in_range(pixels: Floats) -> Floats | _Trouble:
    low, high = float(pixels.min()), float(pixels.max())
    if not (low >= -_ROUNDING and high <= 1 + _ROUNDING):  # a NaN fails every comparison
        return _Trouble("pixels", f"{low if low < -_ROUNDING or math.isnan(low) else high:g}")
    return pixels.clip(0.0, 1.0)


def _pixels_of_file(path: Path, name: str, shape: Shape) -> Floats | _Trouble:
    try:
        if not path.is_file():  # neither a folder nor a pipe, which would never end
            return _Trouble("absent", name)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # damaged remarks about the camera leave the pixels
            warnings.simplefilter("error", Pillow.DecompressionBombWarning)
            with Pillow.open(path, formats=FORMATS) as image:
                return _pixels_of_image(image, name, shape)
    except UnidentifiedImageError:
        return _Trouble("damaged", name, f"it is none of {', '.join(FORMATS)}")
    except (Pillow.DecompressionBombError, Pillow.DecompressionBombWarning):
        return _Trouble("damaged", name, "it would unpack into too many pixels")
    except DAMAGED as error:
        why = str(error).split("\n")[0] or type(error).__name__
        return _Trouble("damaged", name, why)


def _pixels_of_image(image: Pillow.Image, name: str, shape: Shape) -> Floats | _Trouble:
    if getattr(image, "n_frames", 1) > 1:
        return _Trouble("damaged", name, "it holds several pictures")
    mode = image.mode
    if mode == "P":
        mode = "RGBA" if "transparency" in image.info else "RGB"
    if mode not in _BANDS:
        return _Trouble("damaged", name, f"its pixels are {mode}, expected grey or RGB")
    width, height = image.size
    if (_BANDS[mode], height, width) != shape:
        return _Trouble("size", f"image[{_BANDS[mode]}, {height}, {width}]")
    if mode == "F":
        return _in_range(np.asarray(image, dtype=np.float64)[None])
    if mode.startswith("I;16"):
        return np.asarray(image).astype(np.float64)[None] / 65535.0
    bytes_ = np.asarray(image.convert("L" if mode == "1" else mode))
    return np.atleast_3d(bytes_).transpose(2, 0, 1) / 255.0


# --- writing --------------------------------------------------------------------------------


def is_picture(cell: object) -> bool:
    """Whether a cell is an array that `png_image` can write."""
    return isinstance(cell, np.ndarray) and cell.ndim == 3 and bool({*cell.shape[::2]} & {*_MODES})


def png_image(array: NDArray[Any]) -> Pillow.Image:
    """Return pixels ``(c, h, w)`` or ``(h, w, c)``, 1 to 4 channels, as a picture of 8 bits.

    Numbers other than uint8 count from 0 to 1; what lies beyond is cut off, a NaN is black.

    Raises
    ------
    DataError
        CD524 for another number of channels.
    """
    last = array.transpose(1, 2, 0) if array.shape[0] in _MODES else array
    if last.ndim != 3 or last.shape[2] not in _MODES:
        why = f"an array {array.shape} has no 1 to 4 channels"
        raise DataError([findings.cannot_write("picture", why)])
    if last.dtype != np.uint8:
        last = (np.nan_to_num(last.astype(np.float64)).clip(0, 1) * 255).round().astype(np.uint8)
    channels = last.shape[2]
    flat = np.ascontiguousarray(last[:, :, 0] if channels == 1 else last)
    return Pillow.frombytes(_MODES[channels], (flat.shape[1], flat.shape[0]), flat.tobytes())
