"""The curves of arrows through the rows of a layered drawing.

Between two rows a curve may bend, within a row it runs straight down; no node stands between
rows and every bend has its own place within one, so no arrow runs through a node.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from causaldsl.drawing.placement import settle
from causaldsl.drawing.scene import SceneNode
from causaldsl.drawing.shapes import Outline, Point, cubic, flattened, height_at, outline
from causaldsl.drawing.theme import role_style

_PORT_GAP = 13.0
_CLEAR = 5.0  # what a curve keeps between itself and a node of the row that it leaves


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
    walls = _Walls(nodes, centres)
    curves: list[tuple[Point, ...]] = []
    for index, way in enumerate(ways):
        ends = [
            (x, height_at(polygons[node], x, _side(way, is_head)))
            for node, is_head in ((way.tail, False), (way.head, True))
            for x in [ports[index, is_head]]
        ]
        curves.append(_curve(way, rows, ends[0], ends[1], walls))
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
        asides = [towards - centres[node][0] for towards, _, _ in ends]
        offsets = _spread(asides, _reach(nodes[node]))
        for offset, (_, index, is_head) in zip(offsets, ends, strict=True):
            ports[index, is_head] = centres[node][0] + offset
    return ports


def _reach(node: SceneNode) -> float:
    """Return how far from its centre arrows touch a node: where its outline is nearly level."""
    match role_style(node.role).shape:
        case "hexagon" | "parallelogram" | "trapezoid":
            return max(0.12 * node.width, min(0.36 * node.width, node.width / 2 - 20))
        case "stadium":
            return max(0.24 * node.width, node.width / 2 - node.height / 2)
        case _:
            return 0.27 * node.width


def _spread(asides: Sequence[float], reach: float) -> list[float]:
    """Return offsets from a node's centre, each toward where its arrow comes from."""
    desired = [max(-reach, min(reach, 0.3 * aside)) for aside in asides]
    gap = min(_PORT_GAP, 2 * reach / max(1, len(desired) - 1))
    offsets = settle(desired, [1.0] * len(desired), [gap] * (len(desired) - 1))
    last = len(offsets) - 1
    return [
        min(max(offset, index * gap - reach), reach - (last - index) * gap)
        for index, offset in enumerate(offsets)
    ]


class _Walls:
    """The boxes of nodes, row by row, to be asked whether a curve comes too close to one."""

    def __init__(self, nodes: Sequence[SceneNode], centres: Sequence[Point]) -> None:
        self._rows: dict[float, list[tuple[float, float, float]]] = {}
        for node, (x, y) in zip(nodes, centres, strict=True):
            self._rows.setdefault(y, []).append((x, node.width / 2, node.height / 2))
        for row in self._rows.values():
            row.sort()
        self._widest = max((node.width / 2 for node in nodes), default=0.0) + _CLEAR

    def blocks(self, piece: Sequence[Point], middle: float, own: float) -> bool:
        """Return whether a piece touches a node of the row at a height, but the one at `own`."""
        points = [cubic(piece, step / 12) for step in range(13)]
        row = self._rows.get(middle, [])
        first = bisect_left(row, (min(p[0] for p in points) - self._widest,))
        last = bisect_left(row, (max(p[0] for p in points) + self._widest,))
        return any(
            abs(p[0] - x) < a + _CLEAR and abs(p[1] - middle) < b + _CLEAR
            for x, a, b in row[first:last]
            if abs(own - x) >= a
            for p in points
        )


def _curve(
    way: Waypoints, rows: Sequence[Row], start: Point, end: Point, walls: _Walls
) -> tuple[Point, ...]:
    first, last = rows[way.places[0][1]], rows[way.places[-1][1]]
    between = way.places[1:-1]
    if way.arch is not None:
        top_x, top_row = way.places[way.arch]
        top = (top_x, rows[top_row].bottom)
        left = _down(top, None, between[: way.arch - 1][::-1], rows, start, first, walls)
        right = _down(top, None, between[way.arch :], rows, end, last, walls)
        up = _flat_at_top(left, start[0] - end[0])[::-1]
        return (*up, *_flat_at_top(right, end[0] - start[0])[1:])
    if start[1] <= end[1]:
        return _down(start, first, between, rows, end, last, walls)
    return _down(end, last, between[::-1], rows, start, first, walls)[::-1]


def _down(
    start: Point,
    start_row: Row | None,
    between: Sequence[tuple[float, int]],
    rows: Sequence[Row],
    end: Point,
    end_row: Row,
    walls: _Walls,
) -> tuple[Point, ...]:
    """Return a curve from a point down to another, straight within the rows it passes."""
    stops = [start]
    for x, row in between:
        stops += [(x, rows[row].top), (x, rows[row].bottom)]
    stops.append(end)
    curve: list[Point] = [start]
    for index, (upper, lower) in enumerate(pairwise(stops)):
        leaves = start_row if index == 0 else None
        arrives = end_row if index == len(stops) - 2 else None
        curve += _piece(upper, leaves, lower, arrives, walls)
    return tuple(curve)


def _piece(
    upper: Point, leaves: Row | None, lower: Point, arrives: Row | None, walls: _Walls
) -> tuple[Point, ...]:
    """Return the points after the first of a curve between two stops.

    At a node a curve may slant, unless it would touch a taller neighbour: then it bends, and if
    that does not help, it first runs straight out of the row.
    """
    for slant in (0.3, 0.0):
        bend = _bend(upper, lower, slant if leaves else 0.0, slant if arrives else 0.0)
        if not any(
            row is not None and walls.blocks((upper, *bend), row.middle, stop[0])
            for row, stop in ((leaves, upper), (arrives, lower))
        ):
            return bend
    out = (upper[0], max(upper[1], leaves.bottom)) if leaves else upper
    into = (lower[0], min(lower[1], arrives.top)) if arrives else lower
    return (*_bend(upper, out, 0, 0), *_bend(out, into, 0, 0), *_bend(into, lower, 0, 0))


def _bend(
    start: Point, end: Point, slant_out: float, slant_in: float
) -> tuple[Point, Point, Point]:
    """Return the rest of a cubic: upright at its ends, or slanted toward the other end."""
    dx, dy = end[0] - start[0], end[1] - start[1]
    first = (start[0] + slant_out * dx, start[1] + (0.5 - 0.4 * slant_out) * dy)
    second = (end[0] - slant_in * dx, end[1] - (0.5 - 0.4 * slant_in) * dy)
    return first, second, end


def _flat_at_top(curve: tuple[Point, ...], aside: float) -> tuple[Point, ...]:
    """Return a curve that leaves its first point, the top of an arch, horizontally."""
    (x, y), _, third, fourth, *rest = curve
    lead = math.copysign(0.5 * abs(fourth[0] - x), aside)
    return ((x, y), (x + lead, y), third, fourth, *rest)
