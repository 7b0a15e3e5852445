"""The curves of arrows through the rows of a layered drawing.

Between two rows a curve may bend, within a row it runs straight down; no node stands between
rows and every bend has its own place within one, so no arrow runs through a node.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from causaldsl.drawing.placement import settle
from causaldsl.drawing.scene import SceneNode
from causaldsl.drawing.shapes import Outline, Point, flattened, meeting_point, outline
from causaldsl.drawing.theme import role_style

_PORT_GAP = 13.0
_PORT_REACH = 0.30  # share of a node's width to either side of its centre that arrows use


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """The vertical extent of a row."""

    top: float
    bottom: float

    @property
    def middle(self) -> float:
        """The height on which nodes are centred."""
        return (self.top + self.bottom) / 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Waypoints:
    """What an arrow passes, from tail to head: horizontal place and row of each item.

    `arch` is the place in the sequence of the top of an arch, for an arrow that goes up and down.
    """

    tail: int
    head: int
    places: tuple[tuple[float, int], ...]
    arch: int | None = None


def node_outline(node: SceneNode, centre: Point) -> Outline:
    """Return the outline of a node by the shape of its role."""
    return outline(role_style(node.role).shape, centre, node.width, node.height)


def draw_curves(
    nodes: Sequence[SceneNode],
    centres: Sequence[Point],
    rows: Sequence[Row],
    ways: Sequence[Waypoints],
) -> list[tuple[Point, ...]]:
    """Return for each arrow a start point and three points for each cubic piece."""
    ports = _ports(nodes, centres, ways)
    polygons = [flattened(node_outline(n, c)) for n, c in zip(nodes, centres, strict=True)]
    curves: list[tuple[Point, ...]] = []
    for index, way in enumerate(ways):
        ends = [
            _end_point(polygons[node], centres[node], ports[index, is_head], _side(way, is_head))
            for node, is_head in ((way.tail, False), (way.head, True))
        ]
        curves.append(_curve(way, rows, ends[0], ends[1]))
    return curves


def _side(way: Waypoints, is_head: bool) -> int:
    """Return whether an arrow touches its node from above (-1) or from below (+1)."""
    if way.arch is not None:
        return -1
    (_, first), (_, last) = way.places[0], way.places[-1]
    goes_down = last >= first
    return -1 if goes_down == is_head else 1


def _ports(
    nodes: Sequence[SceneNode], centres: Sequence[Point], ways: Sequence[Waypoints]
) -> dict[tuple[int, bool], float]:
    """Return the horizontal place of each arrow's two ends, spread so that heads do not pile up."""
    at: dict[tuple[int, int], list[tuple[float, int, bool]]] = {}
    for index, way in enumerate(ways):
        for node, is_head in ((way.tail, False), (way.head, True)):
            towards = way.places[-2 if is_head else 1][0]
            at.setdefault((node, _side(way, is_head)), []).append((towards, index, is_head))
    ports: dict[tuple[int, bool], float] = {}
    for (node, _), ends in at.items():
        ends.sort()
        offsets = _spread([towards - centres[node][0] for towards, _, _ in ends], nodes[node].width)
        for offset, (_, index, is_head) in zip(offsets, ends, strict=True):
            ports[index, is_head] = centres[node][0] + offset
    return ports


def _spread(asides: Sequence[float], width: float) -> list[float]:
    """Return offsets from a node's centre, each toward where its arrow comes from."""
    reach = _PORT_REACH * width
    desired = [max(-reach, min(reach, 0.3 * aside)) for aside in asides]
    gap = min(_PORT_GAP, 2 * reach / max(1, len(desired) - 1))
    offsets = settle(desired, [1.0] * len(desired), [gap] * (len(desired) - 1))
    low, high = min(offsets[0] + reach, 0.0), max(offsets[-1] - reach, 0.0)
    return [offset - low - high for offset in offsets]


def _end_point(polygon: Sequence[Point], centre: Point, x: float, side: int) -> Point:
    return meeting_point(polygon, (x, centre[1]), (x, centre[1] + side * 1e4))


def _curve(way: Waypoints, rows: Sequence[Row], start: Point, end: Point) -> tuple[Point, ...]:
    if way.arch is not None:
        top_x, top_row = way.places[way.arch]
        top = (top_x, rows[top_row].bottom)
        left = _down(top, way.places[1 : way.arch][::-1], rows, start)
        right = _down(top, way.places[way.arch + 1 : -1], rows, end)
        return (*_flat_at_top(left, start[0] - end[0])[::-1], *_flat_at_top(right, end[0] - start[0])[1:])
    if start[1] <= end[1]:
        return _down(start, way.places[1:-1], rows, end)
    return _down(end, way.places[1:-1][::-1], rows, start)[::-1]


def _down(
    start: Point, between: Sequence[tuple[float, int]], rows: Sequence[Row], end: Point
) -> tuple[Point, ...]:
    """Return a curve from a point down to another, straight within the rows it passes."""
    curve = [start]
    for x, row in between:
        curve += _bend(curve[-1], (x, rows[row].top))
        curve += _bend(curve[-1], (x, rows[row].bottom))
    curve += _bend(curve[-1], end)
    return tuple(curve)


def _bend(start: Point, end: Point) -> tuple[Point, Point, Point]:
    lead = 0.5 * (end[1] - start[1])
    return (start[0], start[1] + lead), (end[0], end[1] - lead), end


def _flat_at_top(curve: tuple[Point, ...], aside: float) -> tuple[Point, ...]:
    """Return a curve that leaves its first point, the top of an arch, horizontally."""
    (x, y), _, third, fourth, *rest = curve
    lead = math.copysign(0.5 * abs(fourth[0] - x), aside)
    return ((x, y), (x + lead, y), third, fourth, *rest)
