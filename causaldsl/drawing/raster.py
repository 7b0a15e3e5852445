"""The same picture as PNG and PDF, through matplotlib's renderers and without its axes.

Text is placed as text, never read as mathematics, and no date or version is written, so that equal
graphs give equal files.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

import matplotlib as mpl
from matplotlib import font_manager
from matplotlib.artist import Artist
from matplotlib.backend_bases import GraphicsContextBase, RendererBase
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.colors import to_rgba
from matplotlib.image import imsave
from matplotlib.path import Path
from matplotlib.transforms import Affine2D

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
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    buffer = io.BytesIO()
    no_version: Any = {"Software": None}
    with own_settings():
        renderer = cast(Any, RendererAgg)(*size, 72 / _POINTS * scale)  # has no annotations
        _Painter(renderer, picture, theme, scale, size[1]).paint()
        imsave(buffer, renderer.buffer_rgba(), format="png", metadata=no_version)
    return buffer.getvalue()


def render_pdf(picture: Picture, theme: Theme = "auto") -> bytes:
    """Return the picture as a PDF page of its size."""
    # Here and not above: a PNG needs no figure, and importing one takes long.
    from matplotlib.backends.backend_pdf import FigureCanvasPdf
    from matplotlib.figure import Figure

    metadata = {"CreationDate": None, "Creator": None, "Producer": None, "Title": picture.title}
    buffer = io.BytesIO()
    with own_settings():
        inches = 72 / _POINTS
        figure = Figure(figsize=(picture.width / inches, picture.height / inches))
        FigureCanvasPdf(figure)
        figure.add_artist(_Page(picture, theme))
        figure.savefig(buffer, format="pdf", dpi=72, metadata=metadata)
    return buffer.getvalue()


@contextmanager
def own_settings() -> Iterator[None]:
    """Draw with matplotlib's defaults inside, whatever the user's style is."""
    with mpl.rc_context(), warnings.catch_warnings():
        # A user's own style is no part of the picture; the backend is not ours to touch.
        for key in mpl.rcParams.keys() - {"backend"}:
            if key.startswith(("font.", "text.", "pdf.", "path.", "figure.", "savefig.", "agg.")):
                mpl.rcParams[key] = mpl.rcParamsDefault[key]
        # A script that no installed face holds is drawn as boxes; that is no reason to fail.
        warnings.filterwarnings("ignore", message=r"(?s)Glyph .* missing from")
        warnings.filterwarnings("ignore", message=r"(?s)Matplotlib currently does not support")
        yield


def installed_faces() -> list[str]:
    """Return the families to set text in, the first that holds a character first."""
    installed = set(font_manager.fontManager.get_font_names())
    return [face for face in _FACES if face in installed]


class _Page(Artist):
    """A picture as the only thing in a figure."""

    def __init__(self, picture: Picture, theme: Theme) -> None:
        super().__init__()
        self._picture = picture
        self._theme = theme

    def draw(self, renderer: RendererBase) -> None:  # type: ignore[explicit-override] # 3.11
        height = self._picture.height * _POINTS
        _Painter(renderer, self._picture, self._theme, _POINTS, height).paint()


class _Painter:
    """Paints a picture with one renderer; `scale` is the renderer's unit in ours."""

    def __init__(
        self, renderer: RendererBase, picture: Picture, theme: Theme, scale: float, height: float
    ) -> None:
        self._renderer = renderer
        self._picture = picture
        self._height = height
        self._colours = palette(theme)
        self._transform = Affine2D.from_values(scale, 0, 0, -scale, 0, height)
        self._faces = installed_faces()

    def paint(self) -> None:
        width, height = self._picture.width, self._picture.height
        corners = ((0.0, 0.0), (width, 0.0), (width, height), (0.0, height))
        ground = (("M", corners[:1]), *(("L", (c,)) for c in corners[1:]), ("Z", ()))
        self._stroke(Stroke(path=ground, fill="ground"))
        for mark in self._picture.marks:
            for item in mark.items:
                if isinstance(item, Words):
                    self._words(item)
                else:
                    self._stroke(item)

    def _context(self, colour: str | None, width: float) -> GraphicsContextBase:
        context = self._renderer.new_gc()
        context.set_linewidth(width * _POINTS if colour else 0)
        context.set_foreground(to_rgba(self._colours[colour]) if colour else (0, 0, 0, 0))
        return context

    def _stroke(self, stroke: Stroke) -> None:
        context = self._context(stroke.line, stroke.width)
        context.set_joinstyle("miter")
        if stroke.dash in DASHES:
            context.set_dashes(0, [part * _POINTS for part in DASHES[stroke.dash]])
            context.set_capstyle("round" if stroke.dash == "dotted" else "butt")
        fill = to_rgba(self._colours[stroke.fill]) if stroke.fill else None
        self._renderer.draw_path(context, _path(stroke.path), self._transform, fill)
        context.restore()

    def _words(self, words: Words) -> None:
        face = font_manager.FontProperties(
            family=self._faces,
            size=words.size * _POINTS,
            weight="bold" if words.bold else "normal",
        )
        x, y = self._transform.transform(words.place)
        if words.middle:
            x -= self._renderer.get_text_width_height_descent(words.text, face, False)[0] / 2
        context = self._context(words.colour, 1)
        if self._renderer.flipy():  # some renderers measure text, and only text, from the top
            y = self._height - y
        self._renderer.draw_text(context, x, y, words.text, face, 0)
        context.restore()


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
