"""A scene and a layout become marks on a page: areas, lines and words, with title and legend."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from causaldsl.drawing.grid import Curve, Layout
from causaldsl.drawing.routing import node_outline
from causaldsl.drawing.scene import Scene, SceneArrow, SceneNode
from causaldsl.drawing.shapes import Outline, Point, cubic, outline
from causaldsl.drawing.text import text_width, wrapped
from causaldsl.drawing.theme import ROLES, Dash, colour_key, role_style

Kind = Literal["ground", "panel", "arrow", "node", "legend", "title"]

_MARGIN = 24.0
_HEAD = 9.0  # length of an arrow's head
_TITLE_SIZE = 17.0
_LEGEND_SIZE = 12.0
_PANEL_PAD = 18.0
_PANEL_HEAD = 30.0
_SWATCH = (30.0, 17.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stroke:
    """A path, filled, drawn or both; colours by their names in a palette."""

    path: Outline
    fill: str | None = None
    line: str | None = None
    width: float = 1.6
    dash: Dash = "solid"


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """One line of text; `middle` anchors it at its centre, else at its start."""

    text: str
    place: Point
    size: float
    colour: str = "text"
    bold: bool = False
    middle: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """What belongs together, with a text that tells what it is where the format can."""

    kind: Kind
    items: tuple[Stroke | Words, ...]
    tip: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A page from (0, 0) to (width, height), y downwards, its marks in painting order."""

    width: float
    height: float
    title: str
    description: str
    marks: tuple[Mark, ...]


def compose(scene: Scene, layout: Layout) -> Picture:
    """Return the whole page."""
    legend = _legend_entries(scene)
    left, top, right, bottom = _extent(scene, layout)
    if layout.panels:
        left, right = left - _PANEL_PAD, right + _PANEL_PAD
        top, bottom = top - _PANEL_HEAD, bottom + _PANEL_PAD
    widest = max([right - left, *(_entry_width(entry) for entry in legend)])
    width = max(widest, min(390.0, sum(_entry_width(entry) for entry in legend)))
    heading = wrapped(scene.title, max(width, 360.0), _TITLE_SIZE, 3) if scene.title else ()
    width = max([width, *(text_width(line, _TITLE_SIZE, bold=True) for line in heading)])
    above = len(heading) * _TITLE_SIZE * 1.35 + (14 if heading else 0)
    offset = (_MARGIN + (width - (right - left)) / 2 - left, _MARGIN + above - top)
    marks = [_heading(heading, width)] if heading else []
    marks += _body(scene, layout, offset, (top, bottom))
    foot = _MARGIN + above + (bottom - top) + 26
    legend_mark, end = _legend(legend, width, foot)
    marks.append(legend_mark)
    return Picture(
        width=round(width + 2 * _MARGIN, 1),
        height=round(end + _MARGIN - 4, 1),
        title=scene.title or "Causal graph",
        description=describe(scene),
        marks=tuple(marks),
    )


def describe(scene: Scene) -> str:
    """Return in words what the picture shows, for those who cannot see it."""
    by_role: dict[str, list[str]] = {}
    for node in scene.nodes:
        by_role.setdefault(node.role, []).append(node.name)
    parts = [f"{role}: {_listed(names)}" for role, names in by_role.items()]
    arrows = [_arrow_text(scene, arrow) for arrow in scene.arrows]
    parts.append(f"arrows: {_listed(arrows)}" if arrows else "no arrows")
    moved = [node.name for node in scene.nodes if node.intervened]
    if moved:
        parts.append(f"intervened: {_listed(moved)}")
    return "; ".join(parts)


def _listed(texts: Sequence[str], limit: int = 60) -> str:
    shown = ", ".join(texts[:limit])
    return f"{shown} and {len(texts) - limit} more" if len(texts) > limit else shown


def _arrow_text(scene: Scene, arrow: SceneArrow) -> str:
    sign = "\u2194" if arrow.both else "\u2192"
    return f"{scene.nodes[arrow.tail].name} {sign} {scene.nodes[arrow.head].name}"


def _extent(scene: Scene, layout: Layout) -> tuple[float, float, float, float]:
    points = [point for curve in layout.curves for point in curve]
    for node, (x, y) in zip(scene.nodes, layout.centres, strict=True):
        points += [
            (x - node.width / 2, y - node.height / 2),
            (x + node.width / 2, y + node.height / 2),
        ]
    if not points:
        return 0.0, 0.0, 0.0, 0.0
    xs, ys = [p[0] for p in points], [p[1] for p in points]
    return min(xs), min(ys), max(xs), max(ys)


def _heading(lines: Sequence[str], width: float) -> Mark:
    words = tuple(
        Words(
            text=line,
            place=(_MARGIN + width / 2, _MARGIN + (index * 1.35 + 0.85) * _TITLE_SIZE),
            size=_TITLE_SIZE,
            bold=True,
        )
        for index, line in enumerate(lines)
    )
    return Mark(kind="title", items=words)


# --- body ---------------------------------------------------------------------------------


def _body(scene: Scene, layout: Layout, offset: Point, reach: tuple[float, float]) -> list[Mark]:
    marks = _panels(layout, offset, reach)
    for arrow, curve in zip(scene.arrows, layout.curves, strict=True):
        moved = tuple((x + offset[0], y + offset[1]) for x, y in curve)
        marks.append(_arrow(scene, arrow, moved))
    for node, (x, y) in zip(scene.nodes, layout.centres, strict=True):
        marks.append(_node(node, (x + offset[0], y + offset[1])))
    return marks


def _panels(layout: Layout, offset: Point, reach: tuple[float, float]) -> list[Mark]:
    marks: list[Mark] = []
    top, bottom = reach[0] + offset[1], reach[1] + offset[1]
    for panel in layout.panels:
        left, right = panel.left + offset[0] - _PANEL_PAD, panel.right + offset[0] + _PANEL_PAD
        middle = ((left + right) / 2, (top + bottom) / 2)
        words = Words(
            text=panel.world, place=(middle[0], top + 19), size=_LEGEND_SIZE, colour="muted"
        )
        tint = Stroke(
            path=outline("box", middle, right - left, bottom - top),
            fill=f"{panel.world}-panel",
            line=None if panel.world == "shared" else "frame",
            width=1.0,
        )
        marks.append(Mark(kind="panel", items=(tint, words)))
    return marks


def _node(node: SceneNode, centre: Point) -> Mark:
    x, y = centre
    words = tuple(
        Words(
            text=line.text,
            place=(x, y + line.baseline),
            size=line.size,
            colour=line.colour,
            bold=line.bold,
        )
        for line in node.lines
    )
    tip = " \u2014 ".join([node.name, node.role, *node.notes])
    return Mark(kind="node", items=(*_borders(node, centre), *words), tip=tip)


def _borders(node: SceneNode, centre: Point) -> tuple[Stroke, ...]:
    style = role_style(node.role)
    key = colour_key(node.role)
    path = node_outline(node, centre)
    outer = Stroke(path=path, fill=f"{key}-fill", line=f"{key}-line", dash=style.dash)
    if not node.intervened:
        return (outer,)
    ring = outline(style.shape, centre, node.width + 9, node.height + 9)
    return (Stroke(path=ring, fill="ground", line=f"{key}-line"), outer)


def _arrow(scene: Scene, arrow: SceneArrow, curve: Curve) -> Mark:
    colour = "latent-arrow" if arrow.dashed else "arrow"
    line, heads = curve, []
    if not _is_degenerate(curve):
        line, head = _with_head(curve)
        heads.append(head)
        if arrow.both:
            line, head = _with_head(line[::-1])
            heads.append(head)
    stroke = Stroke(
        path=curve_path(line),
        line=colour,
        width=1.5,
        dash="dashed" if arrow.dashed else "solid",
    )
    fills = (Stroke(path=head, fill=colour) for head in heads)
    return Mark(kind="arrow", items=(stroke, *fills), tip=_arrow_text(scene, arrow))


def _is_degenerate(curve: Curve) -> bool:
    return math.dist(curve[0], curve[-1]) < 2 * _HEAD


def curve_path(curve: Curve) -> Outline:
    """Return a curve as an open path."""
    pieces = (("C", curve[i : i + 3]) for i in range(1, len(curve) - 2, 3))
    return (("M", curve[:1]), *pieces)


def _with_head(curve: Curve) -> tuple[Curve, Outline]:
    """Return the curve cut back at its end, and the head that takes the place."""
    last = curve[-4:]
    tip = curve[-1]
    low, high = 0.0, 1.0
    for _ in range(24):  # the place on the last piece that is one head's length from the tip
        middle = (low + high) / 2
        if math.dist(cubic(last, middle), tip) > _HEAD - 1:
            low = middle
        else:
            high = middle
    base = cubic(last, low)
    angle = math.atan2(tip[1] - base[1], tip[0] - base[0])
    along, across = (math.cos(angle), math.sin(angle)), (-math.sin(angle), math.cos(angle))
    back = (tip[0] - _HEAD * along[0], tip[1] - _HEAD * along[1])
    half = 0.42 * _HEAD
    wings = [
        (back[0] + side * half * across[0], back[1] + side * half * across[1]) for side in (1, -1)
    ]
    notch = (back[0] + 2 * along[0], back[1] + 2 * along[1])
    head: Outline = (
        ("M", (tip,)), ("L", (wings[0],)), ("L", (notch,)), ("L", (wings[1],)), ("Z", ()),
    )  # fmt: skip
    return (*curve[:-4], *_first_part(last, low)), head


def _first_part(points: Sequence[Point], t: float) -> tuple[Point, ...]:
    """Return the control points of a cubic from its start to `t` (de Casteljau)."""
    result = [points[0]]
    level = list(points)
    while len(level) > 1:
        level = [(a[0] + t * (b[0] - a[0]), a[1] + t * (b[1] - a[1])) for a, b in pairwise(level)]
        result.append(level[0])
    return tuple(result)


# --- legend -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    text: str
    role: str = ""
    both: bool = False
    intervened: bool = False


def _legend_entries(scene: Scene) -> list[_Entry]:
    present = {colour_key(node.role) for node in scene.nodes}
    entries = [_Entry(text=ROLES[role].legend, role=role) for role in ROLES if role in present]
    if any(arrow.both for arrow in scene.arrows):
        entries.append(_Entry(text="unmeasured common cause", both=True))
    moved = next((node for node in scene.nodes if node.intervened), None)
    if moved is not None:
        entries.append(_Entry(text="set by do", role=colour_key(moved.role), intervened=True))
    return entries


def _entry_width(entry: _Entry) -> float:
    return _SWATCH[0] + 8 + text_width(entry.text, _LEGEND_SIZE) + 20


def _legend(entries: Sequence[_Entry], width: float, top: float) -> tuple[Mark, float]:
    """Return the legend in centred lines under the graph, and where it ends."""
    items: list[Stroke | Words] = []
    y = top + _SWATCH[1] / 2
    for line in _broken(entries, width):
        x = _MARGIN + (width - sum(_entry_width(entry) for entry in line) + 20) / 2
        for entry in line:
            centre = (x + _SWATCH[0] / 2, y)
            items += _swatch(entry, centre)
            place = (x + _SWATCH[0] + 8, y + 0.36 * _LEGEND_SIZE)
            items.append(
                Words(
                    text=entry.text,
                    place=place,
                    size=_LEGEND_SIZE,
                    colour="muted",
                    middle=False,
                )
            )
            x += _entry_width(entry)
        y += _SWATCH[1] + 11
    return Mark(kind="legend", items=tuple(items)), y - _SWATCH[1] / 2 - 11


def _broken(entries: Iterable[_Entry], width: float) -> list[list[_Entry]]:
    lines: list[list[_Entry]] = [[]]
    used = 0.0
    for entry in entries:
        need = _entry_width(entry)
        if lines[-1] and used + need - 20 > width:
            lines.append([])
            used = 0.0
        lines[-1].append(entry)
        used += need
    return lines


def _swatch(entry: _Entry, centre: Point) -> list[Stroke]:
    x, y = centre
    if entry.both:
        a = _SWATCH[0] / 2
        curve = ((x - a, y + 3), (x - a / 2, y - 5), (x + a / 2, y - 5), (x + a, y + 3))
        line, first = _with_head(curve)
        line, second = _with_head(line[::-1])
        return [
            Stroke(path=curve_path(line), line="latent-arrow", dash="dashed", width=1.5),
            Stroke(path=first, fill="latent-arrow"),
            Stroke(path=second, fill="latent-arrow"),
        ]
    style = ROLES[entry.role]
    width, height = _SWATCH
    strokes: list[Stroke] = []
    if entry.intervened:
        ring = outline(style.shape, centre, width, height)
        strokes.append(Stroke(path=ring, fill="ground", line=f"{entry.role}-line", width=1.2))
        width, height = width - 6, height - 6
    strokes.append(
        Stroke(
            path=outline(style.shape, centre, width, height),
            fill=f"{entry.role}-fill",
            line=f"{entry.role}-line",
            width=1.3,
            dash=style.dash,
        )
    )
    return strokes
