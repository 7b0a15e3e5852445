"""A contact sheet: examples as rows, original, reconstruction and counterfactuals as columns."""

from __future__ import annotations

import io
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import numpy as np
from matplotlib import font_manager
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.colors import to_rgb
from matplotlib.image import imsave
from numpy.typing import NDArray

from causaldsl.data.tables import written_beside
from causaldsl.drawing.raster import installed_faces, own_settings
from causaldsl.drawing.theme import Theme, palette

Pixels = NDArray[np.float64]

_SIDE = 112  # the shorter side of a picture, about, in pixels of the sheet
_MARGIN, _GAP = 20, 10
_SIZE, _TITLE_SIZE = 14.0, 18.0  # of letters, in pixels
_LINE = 1.35  # from one line to the next, in sizes


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pen:
    """Draws and measures text in pixels; y counts downwards."""

    renderer: Any = field(repr=False)
    faces: tuple[str, ...]

    def width(self, text: str, size: float, *, bold: bool = False) -> float:
        face = self._face(size, bold)
        return float(self.renderer.get_text_width_height_descent(text, face, False)[0])

    def write(
        self, text: str, x: float, y: float, colour: str, size: float, *, bold: bool = False
    ) -> None:
        context = self.renderer.new_gc()
        context.set_foreground(colour)
        self.renderer.draw_text(context, x, y, text, self._face(size, bold), 0)
        context.restore()

    def _face(self, size: float, bold: bool) -> font_manager.FontProperties:
        weight = "bold" if bold else "normal"
        return font_manager.FontProperties(family=list(self.faces), size=size, weight=weight)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Layout:
    """Where everything stands, in pixels from the upper left corner; a cell is ``(h, w)``."""

    cell: tuple[int, int]
    scale: int
    left: int
    top: int
    pitch: tuple[int, int]
    shown: int
    size: tuple[int, int]

    def corner(self, i: int, j: int) -> tuple[int, int]:
        """Return the upper left corner of the picture in row i and column j."""
        return self.top + i * self.pitch[0], self.left + j * self.pitch[1]


def save_contact_sheet(
    path: str | os.PathLike[str],
    columns: Mapping[str, Pixels],
    *,
    title: str = "",
    labels: Sequence[str] = (),
    theme: Theme = "auto",
    rows: int = 12,
) -> None:
    """Write `render_contact_sheet` to a PNG file, there whole or not at all.

    Raises
    ------
    DataError
        CD524 if the place cannot be written.
    """
    content = render_contact_sheet(columns, title=title, labels=labels, theme=theme, rows=rows)
    with written_beside(Path(path)) as beside:
        beside.write_bytes(content)


def render_contact_sheet(
    columns: Mapping[str, Pixels],
    *,
    title: str = "",
    labels: Sequence[str] = (),
    theme: Theme = "auto",
    rows: int = 12,
) -> bytes:
    """Return a contact sheet as PNG; equal pictures give equal bytes.

    Parameters
    ----------
    columns
        The pictures ``(n, c, h, w)`` of each column under its title, in their order: of one size,
        1 to 4 channels (grey, grey and opacity, RGB, RGB and opacity), from 0 to 1.
    title
        What stands above the sheet.
    labels
        What stands before each row, such as ``"row 17: a = 1"``.
    theme
        ``light`` (as is ``auto``) or ``dark``; both are opaque.
    rows
        At most so many rows are shown, the first ones; the foot says how many there are.

    Raises
    ------
    ValueError
        If the columns are of different numbers or sizes, or there is nothing to show.
    """
    n, height, width = _common_size(columns)
    shown = min(n, rows)
    if shown < 1 or (labels and len(labels) < shown):
        raise ValueError("expected at least one row, and a label for each row shown or none")
    said = tuple(labels[:shown])
    foot = f"{shown:,} of {n:,} rows" if shown < n else ""
    colours = palette(theme)
    with own_settings():
        draft = _pen(1, 1)
        scale = max(1, round(_SIDE / min(height, width)))
        heads = [_wrapped(draft, name, width * scale) for name in columns]
        layout = _laid_out(draft, heads, title, said, foot, (height, width, scale, shown))
        pen = _pen(*layout.size[::-1])
        _write_words(pen, layout, heads, title, said, foot, colours)
        sheet = _on_ground(np.asarray(pen.renderer.buffer_rgba()), colours["ground"])
    for j, pictures in enumerate(columns.values()):
        for i in range(shown):
            _paste(sheet, layout, i, j, pictures[i], colours)
    buffer = io.BytesIO()
    no_version: Any = {"Software": None}
    imsave(buffer, (sheet * 255).round().astype(np.uint8), format="png", metadata=no_version)
    return buffer.getvalue()


def _laid_out(
    pen: _Pen,
    heads: Sequence[Sequence[str]],
    title: str,
    labels: Sequence[str],
    foot: str,
    grid: tuple[int, int, int, int],
) -> _Layout:
    height, width, scale, shown = grid
    cell = (height * scale, width * scale)
    widest = max(pen.width(line, _SIZE) for lines in heads for line in lines)
    pitch = (cell[0] + _GAP, max(cell[1], round(widest)) + _GAP)
    label_width = max((round(pen.width(text, _SIZE)) + _GAP for text in labels), default=0)
    left = _MARGIN + label_width
    title_height = round(_TITLE_SIZE * _LINE) + _GAP if title else 0
    top = _MARGIN + title_height + round(max(map(len, heads)) * _SIZE * _LINE)
    right = max(
        left + len(heads) * pitch[1] - _GAP,
        _MARGIN + round(pen.width(title, _TITLE_SIZE, bold=True)),
        left + round(pen.width(foot, _SIZE)),
    )
    bottom = top + shown * pitch[0] - _GAP + (round(_SIZE * _LINE) if foot else 0)
    return _Layout(
        cell=cell, scale=scale, left=left, top=top, pitch=pitch, shown=shown,
        size=(bottom + _MARGIN, right + _MARGIN),
    )  # fmt: skip


def _write_words(
    pen: _Pen,
    layout: _Layout,
    heads: Sequence[Sequence[str]],
    title: str,
    labels: Sequence[str],
    foot: str,
    colours: Mapping[str, str],
) -> None:
    text, muted = colours["text"], colours["muted"]
    pen.write(title, _MARGIN, _MARGIN + _TITLE_SIZE, text, _TITLE_SIZE, bold=True)
    for j, lines in enumerate(heads):
        for k, line in enumerate(reversed(lines)):
            y = layout.top - _SIZE * (0.5 + _LINE * k)
            pen.write(line, layout.corner(0, j)[1], y, text, _SIZE)
    for i, label in enumerate(labels):
        middle = layout.corner(i, 0)[0] + layout.cell[0] / 2 + _SIZE / 3
        pen.write(label, _MARGIN, middle, muted, _SIZE)
    end = layout.corner(layout.shown, 0)[0] - _GAP
    pen.write(foot, layout.left, end + _SIZE * _LINE, muted, _SIZE)


def _paste(
    sheet: Pixels, layout: _Layout, i: int, j: int, picture: Pixels, colours: Mapping[str, str]
) -> None:
    y, x = layout.corner(i, j)
    height, width = layout.cell
    sheet[y - 1 : y + height + 1, x - 1 : x + width + 1] = to_rgb(colours["frame"])
    pixels = _rgb(picture, colours["ground"])
    sheet[y : y + height, x : x + width] = pixels.repeat(layout.scale, 0).repeat(layout.scale, 1)


def _common_size(columns: Mapping[str, Pixels]) -> tuple[int, int, int]:
    sizes = {(len(p), *p.shape[2:]) for p in columns.values() if p.ndim == 4}
    channels = {p.shape[1] for p in columns.values() if p.ndim == 4}
    if (
        len(sizes) != 1
        or any(p.ndim != 4 for p in columns.values())
        or not channels <= {1, 2, 3, 4}
    ):
        shapes = ", ".join(f"{name} {p.shape}" for name, p in columns.items())
        raise ValueError(f"expected columns (n, c, h, w) of one size, got {shapes or 'none'}")
    ((n, height, width),) = sizes
    if height < 1 or width < 1:
        raise ValueError("expected pictures with pixels")
    return n, height, width


def _pen(width: int, height: int) -> _Pen:
    renderer = cast(Any, RendererAgg)(width, height, 72)  # has no annotations; a point is a pixel
    return _Pen(renderer=renderer, faces=tuple(installed_faces()))


def _wrapped(pen: _Pen, text: str, width: float) -> list[str]:
    """Return a title in lines that fit, broken at spaces; a longer word stays whole."""
    lines: list[str] = []
    for word in text.split():
        if lines and pen.width(f"{lines[-1]} {word}", _SIZE) <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines or [""]


def _on_ground(rgba: NDArray[np.uint8], ground: str) -> Pixels:
    colour, opacity = rgba[:, :, :3] / 255, rgba[:, :, 3:] / 255
    return np.asarray(colour * opacity + np.array(to_rgb(ground)) * (1 - opacity))


def _rgb(picture: Pixels, ground: str) -> Pixels:
    """Return a picture ``(c, h, w)`` as ``(h, w, 3)``; what is no number is black."""
    last = np.nan_to_num(picture).clip(0.0, 1.0).transpose(1, 2, 0)
    channels = last.shape[2]
    colour = last[:, :, :3] if channels > 2 else last[:, :, :1].repeat(3, axis=2)
    if channels in (1, 3):
        return np.asarray(colour)
    opacity = last[:, :, -1:]
    return np.asarray(colour * opacity + np.array(to_rgb(ground)) * (1 - opacity))
