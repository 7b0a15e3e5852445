"""Horizontal places within ordered rows: every item near its neighbours, none too close.

The squared lengths of all edges, weighted so that long arrows run straight, are minimised row by
row. In one row that is a least-squares problem under order constraints, which pooling adjacent
violators solves exactly.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

Link = tuple[int, float]  # the other item, the weight of the edge

_FREE = 1e-3  # weight of an item that nothing pulls
_STILL = 0.05  # a round that moves nothing farther ends the search
_PINNED = 1e6  # weight of one that should stay


def settle(
    desired: Sequence[float], weights: Sequence[float], gaps: Sequence[float]
) -> list[float]:
    """Return places close to the desired ones, item ``i + 1`` at least ``gaps[i]`` after ``i``.

    Minimises the weighted squared distances exactly.
    """
    if not desired:
        return []
    offsets = [0.0]
    for gap in gaps:
        offsets.append(offsets[-1] + gap)
    blocks: list[list[float]] = []  # sum of weight * place, sum of weights, number of items
    for place, weight, offset in zip(desired, weights, offsets, strict=True):
        blocks.append([weight * (place - offset), weight, 1])
        while len(blocks) > 1 and blocks[-2][0] * blocks[-1][1] > blocks[-1][0] * blocks[-2][1]:
            last = blocks.pop()
            blocks[-1] = [a + b for a, b in zip(blocks[-1], last, strict=True)]
    means = [total / weight for total, weight, number in blocks for _ in range(int(number))]
    return [mean + offset for mean, offset in zip(means, offsets, strict=True)]


def place_rows(
    rows: Sequence[Sequence[int]],
    widths: Sequence[float],
    links: Sequence[Sequence[Link]],
    is_bend: Sequence[bool],
    straight: Sequence[Sequence[int]] = (),
) -> dict[int, float]:
    """Return the horizontal centre of each item.

    Parameters
    ----------
    rows
        Items from left to right, rows from top to bottom.
    widths
        Width of each item.
    links
        For each item its neighbours in the rows above and below, with the weight of the edge.
    is_bend
        Whether an item is only a point where an arrow passes its row.
    straight
        Runs of bends, one row after the other, that should stand below one another.
    """
    gaps = [
        [(widths[a] + widths[b]) / 2 + _clearance(is_bend[a], is_bend[b]) for a, b in pairwise(row)]
        for row in rows
    ]
    x: dict[int, float] = {}
    for row, spaces in zip(rows, gaps, strict=True):
        packed = settle([0.0] * len(row), [1.0] * len(row), spaces)
        x.update(zip(row, packed, strict=True))
    items = len(x)
    rounds = 60 if items <= 600 else 16 if items <= 4000 else 6
    order = range(len(rows))
    for number in range(rounds):
        moves = [
            _move_row(rows[index], gaps[index], links, x)
            for index in (order if number % 2 == 0 else reversed(order))
        ]
        if max(moves, default=0.0) < _STILL:
            break
    room = _Room(rows, gaps)
    for _ in range(3):
        for run in straight:
            room.straighten([item for item in run if item in x], x)
        for row, row_gaps in zip(rows, gaps, strict=True):
            _move_row(row, row_gaps, links, x, pinned=is_bend)
    return x


class _Room:
    """How far each item may move between its neighbours in the row."""

    def __init__(self, rows: Sequence[Sequence[int]], gaps: Sequence[Sequence[float]]) -> None:
        self._left: dict[int, Link] = {}
        self._right: dict[int, Link] = {}
        for row, row_gaps in zip(rows, gaps, strict=True):
            for a, b, gap in zip(row, row[1:], row_gaps, strict=False):
                self._right[a] = (b, gap)
                self._left[b] = (a, gap)

    def straighten(self, run: Sequence[int], x: dict[int, float]) -> None:
        """Put as many consecutive items of a run as possible below one another."""
        start = 0
        while start < len(run):
            low, high = self._interval(run[start], x)
            end = start + 1
            while end < len(run):
                left, right = self._interval(run[end], x)
                if max(low, left) > min(high, right):
                    break
                low, high, end = max(low, left), min(high, right), end + 1
            mean = sum(x[item] for item in run[start:end]) / (end - start)
            x.update((item, min(high, max(low, mean))) for item in run[start:end])
            start = end

    def _interval(self, item: int, x: dict[int, float]) -> tuple[float, float]:
        left, right = self._left.get(item), self._right.get(item)
        low = x[left[0]] + left[1] if left else -math.inf
        high = x[right[0]] - right[1] if right else math.inf
        return min(low, x[item]), max(high, x[item])  # rounding must not empty an interval


def _clearance(left_bends: bool, right_bends: bool) -> float:
    if left_bends and right_bends:
        return 14.0
    return 20.0 if left_bends or right_bends else 28.0


def _move_row(
    row: Sequence[int],
    gaps: Sequence[float],
    links: Sequence[Sequence[Link]],
    x: dict[int, float],
    pinned: Sequence[bool] | None = None,
) -> float:
    """Settle one row and return the farthest move in it."""
    desired: list[float] = []
    weights: list[float] = []
    for item in row:
        weight = sum(strength for other, strength in links[item] if other in x)
        if pinned is not None and pinned[item]:
            weight = _PINNED
            desired.append(x[item])
        elif weight > 0:
            pull = sum(strength * x[other] for other, strength in links[item] if other in x)
            desired.append(pull / weight)
        else:
            desired.append(x[item])
        weights.append(weight or _FREE)
    settled = settle(desired, weights, gaps)
    farthest = max((abs(x[i] - new) for i, new in zip(row, settled, strict=True)), default=0.0)
    x.update(zip(row, settled, strict=True))
    return farthest
