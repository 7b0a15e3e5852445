"""The embedded layered layout: where nodes stand and how arrows run, without any other program.

Rows, order within rows, horizontal places, curves: one module each. Connected parts are laid out
by themselves and set side by side.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from causaldsl.drawing.grid import Curve, Layout, finish, make_grid, ordered_rows, places
from causaldsl.drawing.scene import Scene
from causaldsl.drawing.shapes import Point
from causaldsl.drawing.twins import twin_layout

_PART_GAP = 44.0


def layered_layout(scene: Scene) -> Layout:
    """Return the embedded layout of a scene."""
    if scene.is_twin:
        return twin_layout(scene)
    parts = [_part_layout(scene, members) for members in _connected_parts(scene)]
    return _side_by_side(scene, parts)


# --- parts --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    centres: dict[int, Point]
    curves: dict[int, Curve]


def _connected_parts(scene: Scene) -> list[list[int]]:
    neighbours: list[list[int]] = [[] for _ in scene.nodes]
    for arrow in scene.arrows:
        neighbours[arrow.tail].append(arrow.head)
        neighbours[arrow.head].append(arrow.tail)
    part_of: dict[int, int] = {}
    parts: list[list[int]] = []
    for root in range(len(scene.nodes)):
        if root in part_of:
            continue
        stack = [root]
        part_of[root] = len(parts)
        for node in stack:  # grows while it is read
            for other in neighbours[node]:
                if other not in part_of:
                    part_of[other] = len(parts)
                    stack.append(other)
        parts.append(sorted(stack))
    return parts


def _part_layout(scene: Scene, members: Sequence[int]) -> _Part:
    local = {node: place for place, node in enumerate(members)}
    inside = [index for index, arrow in enumerate(scene.arrows) if arrow.tail in local]
    nodes = [scene.nodes[node] for node in members]
    arrows = [
        replace(arrow, tail=local[arrow.tail], head=local[arrow.head])
        for arrow in (scene.arrows[index] for index in inside)
    ]
    grid = make_grid(nodes, arrows, [0] * len(nodes))
    rows = ordered_rows(grid)
    x = places(grid, rows)
    centres, curves = finish(nodes, arrows, grid, x)
    return _Part(
        centres=dict(zip(members, centres, strict=True)),
        curves=dict(zip(inside, curves, strict=True)),
    )


def _side_by_side(scene: Scene, parts: Sequence[_Part]) -> Layout:
    """Pack the parts on shelves from left to right, in the order of their first nodes."""
    boxes = [_bounds(scene, part) for part in parts]
    area = sum((b[2] - b[0] + _PART_GAP) * (b[3] - b[1] + _PART_GAP) for b in boxes)
    limit = max([b[2] - b[0] for b in boxes] + [(1.8 * area) ** 0.5])
    centres: dict[int, Point] = {}
    curves: dict[int, Curve] = {}
    x = y = shelf = 0.0
    for part, (left, top, right, bottom) in zip(parts, boxes, strict=True):
        if x > 0 and x + right - left > limit + 1e-6:
            x, y, shelf = 0.0, y + shelf + _PART_GAP, 0.0
        dx, dy = x - left, y - top
        centres.update((n, (px + dx, py + dy)) for n, (px, py) in part.centres.items())
        for index, curve in part.curves.items():
            curves[index] = tuple((px + dx, py + dy) for px, py in curve)
        x += right - left + _PART_GAP
        shelf = max(shelf, bottom - top)
    return Layout(
        centres=tuple(centres[node] for node in range(len(scene.nodes))),
        curves=tuple(curves[index] for index in range(len(scene.arrows))),
    )


def _bounds(scene: Scene, part: _Part) -> tuple[float, float, float, float]:
    xs = [p[0] for curve in part.curves.values() for p in curve]
    ys = [p[1] for curve in part.curves.values() for p in curve]
    for node, (x, y) in part.centres.items():
        a, b = scene.nodes[node].width / 2, scene.nodes[node].height / 2
        xs += [x - a, x + a]
        ys += [y - b, y + b]
    return min(xs), min(ys), max(xs), max(ys)
