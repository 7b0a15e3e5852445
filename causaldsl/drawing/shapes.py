"""Outlines of nodes as paths, and where a line from outside meets them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

Point = tuple[float, float]
# One move of the pen: "M" and "L" with one point, "C" with three, "Z" with none.
Command = tuple[str, tuple[Point, ...]]
Outline = tuple[Command, ...]

_ROUND = 0.5523  # control distance of a quarter circle drawn as a cubic
_SLANT = 12.0


def outline(shape: str, centre: Point, width: float, height: float) -> Outline:
    """Return the closed path of a shape by its name."""
    x, y = centre
    a, b = width / 2, height / 2
    match shape:
        case "ellipse":
            return _rounded(x, y, a, b, a, b)
        case "stadium":
            return _rounded(x, y, a, b, min(a, b), min(a, b))
        case "hexagon":
            s = min(_SLANT + 2, a / 2)
            corners = [(-a, 0), (-a + s, -b), (a - s, -b), (a, 0), (a - s, b), (-a + s, b)]
        case "parallelogram":
            s = min(_SLANT, a / 2)
            corners = [(-a + s, -b), (a, -b), (a - s, b), (-a, b)]
        case "trapezoid":
            s = min(_SLANT, a / 2)
            corners = [(-a, -b), (a, -b), (a - s, b), (-a + s, b)]
        case "bar":
            corners = [(-a, -b), (a, -b), (a, b), (-a, b)]
        case _:
            return _rounded(x, y, a, b, min(8.0, a), min(8.0, b))
    return _polygon([(x + dx, y + dy) for dx, dy in corners])


def _polygon(corners: Sequence[Point]) -> Outline:
    first, *rest = corners
    return (("M", (first,)), *(("L", (corner,)) for corner in rest), ("Z", ()))


def _rounded(x: float, y: float, a: float, b: float, rx: float, ry: float) -> Outline:
    """Return a rectangle with elliptic corners, clockwise from its top left."""
    kx, ky = rx * (1 - _ROUND), ry * (1 - _ROUND)
    left, right, top, bottom = x - a, x + a, y - b, y + b
    return (
        ("M", ((left + rx, top),)),
        ("L", ((right - rx, top),)),
        ("C", ((right - kx, top), (right, top + ky), (right, top + ry))),
        ("L", ((right, bottom - ry),)),
        ("C", ((right, bottom - ky), (right - kx, bottom), (right - rx, bottom))),
        ("L", ((left + rx, bottom),)),
        ("C", ((left + kx, bottom), (left, bottom - ky), (left, bottom - ry))),
        ("L", ((left, top + ry),)),
        ("C", ((left, top + ky), (left + kx, top), (left + rx, top))),
        ("Z", ()),
    )


def cubic(points: Sequence[Point], t: float) -> Point:
    """Return the point of a cubic curve (four control points) at `t` from 0 to 1."""
    s = 1 - t
    a, b, c, d = s * s * s, 3 * s * s * t, 3 * s * t * t, t * t * t
    (px, py), (qx, qy), (rx, ry), (sx, sy) = points
    return a * px + b * qx + c * rx + d * sx, a * py + b * qy + c * ry + d * sy


def flattened(path: Outline, pieces: int = 8) -> tuple[Point, ...]:
    """Return the corners of a polygon that follows a closed path."""
    points: list[Point] = []
    for command, arguments in path:
        if command == "C":
            ends = (points[-1], *arguments)
            points += [cubic(ends, step / pieces) for step in range(1, pieces + 1)]
        else:
            points += arguments
    return tuple(points)


def height_at(polygon: Sequence[Point], x: float, side: int) -> float:
    """Return where the upright at `x` leaves a polygon at its top (-1) or bottom (+1)."""
    heights = [
        ay + (x - ax) * (by - ay) / (bx - ax)
        for (ax, ay), (bx, by) in pairwise((*polygon, polygon[0]))
        if ax != bx and min(ax, bx) <= x <= max(ax, bx)
    ]
    return max(heights) if side > 0 else min(heights)


def meeting_point(polygon: Sequence[Point], inside: Point, outside: Point) -> Point:
    """Return where the segment from a point inside to one outside crosses a polygon.

    If it never does, the point outside is returned.
    """
    best = 2.0
    for corner, following in pairwise((*polygon, polygon[0])):
        t = _crossing(inside, outside, corner, following)
        if t is not None:
            best = min(best, t)
    if best > 1:
        return outside
    return (
        inside[0] + best * (outside[0] - inside[0]),
        inside[1] + best * (outside[1] - inside[1]),
    )


def _crossing(p: Point, q: Point, a: Point, b: Point) -> float | None:
    """Return how far along ``p -> q`` the segment ``a -> b`` is met, or None."""
    rx, ry, sx, sy = q[0] - p[0], q[1] - p[1], b[0] - a[0], b[1] - a[1]
    cross = rx * sy - ry * sx
    if abs(cross) < 1e-12:
        return None
    t = ((a[0] - p[0]) * sy - (a[1] - p[1]) * sx) / cross
    u = ((a[0] - p[0]) * ry - (a[1] - p[1]) * rx) / cross
    return t if 0 <= t <= 1 and -1e-9 <= u <= 1 + 1e-9 else None
