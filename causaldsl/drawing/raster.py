"""The same picture as PNG and PDF, through matplotlib's own canvases and without pyplot.

Text is placed as text, never read as mathematics, and no date or version is written, so that equal
graphs give equal files.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Mapping

import matplotlib as mpl
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch
from matplotlib.path import Path

from causaldsl.drawing.composition import Picture, Stroke, Words
from causaldsl.drawing.shapes import Outline
from causaldsl.drawing.svg import DASHES
from causaldsl.drawing.theme import Theme, palette

_SCALE = 2.0  # pixels of a PNG for each unit of the picture
_MOST_PIXELS = 12_000  # a side of a PNG beyond which it is drawn smaller
_POINTS = 0.75  # points for each unit, as in SVG (96 units to an inch)

# After matplotlib's own face, those that hold the scripts it lacks, where they are installed.
_FACES = (
    "DejaVu Sans",
    "Noto Sans",
    "Noto Sans CJK SC",
    "Noto Sans CJK JP",
    "Source Han Sans SC",
    "PingFang SC",
    "Hiragino Sans",
    "Microsoft YaHei",
    "WenQuanYi Zen Hei",
    "Noto Sans Devanagari",
    "Noto Sans Arabic",
    "Noto Sans Hebrew",
    "Noto Emoji",
    "Arial Unicode MS",
)
_CODES = {"M": [Path.MOVETO], "L": [Path.LINETO], "C": [Path.CURVE4] * 3}


def render_png(picture: Picture, theme: Theme = "auto") -> bytes:
    """Return the picture as PNG, two pixels for each unit of its size."""
    scale = min(_SCALE, _MOST_PIXELS / max(picture.width, picture.height))
    return _saved(picture, theme, "png", 72 / _POINTS * scale, {"Software": None})


def render_pdf(picture: Picture, theme: Theme = "auto") -> bytes:
    """Return the picture as a PDF page of its size."""
    metadata = {"CreationDate": None, "Creator": None, "Producer": None, "Title": picture.title}
    return _saved(picture, theme, "pdf", 72, metadata)


def _saved(
    picture: Picture, theme: Theme, fmt: str, dpi: float, metadata: Mapping[str, str | None]
) -> bytes:
    colours = palette(theme)
    buffer = io.BytesIO()
    with mpl.rc_context(), warnings.catch_warnings():
        # A user's own style is no part of the picture; the backend is not ours to touch.
        mpl.rcParams.update({k: v for k, v in mpl.rcParamsDefault.items() if k != "backend"})
        mpl.rcParams["font.family"] = _installed_faces()
        mpl.rcParams["path.simplify"] = False
        # A script that no installed face holds is drawn as boxes; that is no reason to fail.
        warnings.filterwarnings("ignore", message=r"(?s)Glyph .* missing from")
        warnings.filterwarnings("ignore", message=r"(?s)Matplotlib currently does not support")
        figure = _drawn(picture, colours)
        figure.savefig(
            buffer, format=fmt, dpi=dpi, facecolor=colours["ground"], metadata=dict(metadata)
        )
    return buffer.getvalue()


def _installed_faces() -> list[str]:
    installed = set(font_manager.fontManager.get_font_names())
    return [face for face in _FACES if face in installed]


def _drawn(picture: Picture, colours: Mapping[str, str]) -> Figure:
    inches = 72 / _POINTS
    figure = Figure(figsize=(picture.width / inches, picture.height / inches))
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0, 0, 1, 1), xlim=(0, picture.width), ylim=(picture.height, 0))
    axes.set_axis_off()
    order = 0
    for mark in picture.marks:
        for item in mark.items:
            order += 1
            if isinstance(item, Words):
                _write(axes, item, colours, order)
            else:
                _paint(axes, item, colours, order)
    return figure


def _paint(axes: Axes, stroke: Stroke, colours: Mapping[str, str], order: int) -> None:
    width = stroke.width * _POINTS
    dashes = DASHES.get(stroke.dash)
    patch = PathPatch(
        _path(stroke.path),
        facecolor=colours[stroke.fill] if stroke.fill else "none",
        edgecolor=colours[stroke.line] if stroke.line else "none",
        linewidth=width if stroke.line else 0,
        capstyle="round" if stroke.dash == "dotted" else "butt",
        zorder=order,
        clip_on=False,
    )
    if dashes:
        patch.set_linestyle((0, tuple(part / stroke.width for part in dashes)))
    axes.add_patch(patch)


def _path(path: Outline) -> Path:
    vertices: list[tuple[float, float]] = []
    codes: list[int] = []
    for command, points in path:
        if command == "Z":
            vertices.append(vertices[0])
            codes.append(int(Path.CLOSEPOLY))
        else:
            vertices += points
            codes += [int(code) for code in _CODES[command]]
    return Path(vertices, codes)


def _write(axes: Axes, words: Words, colours: Mapping[str, str], order: int) -> None:
    axes.text(
        *words.place,
        words.text,
        fontsize=words.size * _POINTS,
        color=colours[words.colour],
        fontweight="bold" if words.bold else "normal",
        ha="center" if words.middle else "left",
        va="baseline",
        parse_math=False,
        zorder=order,
        clip_on=False,
    )
