"""Horizontal places within ordered rows: every item near its neighbours, none too close.

The squared lengths of all edges, weighted so that long arrows run straight, are minimised row by
row. In one row that is a least-squares problem under order constraints, which pooling adjacent
violators solves exactly.
"""

from __future__ import annotations

from collections.abc import Sequence

Link = tuple[int, float]  # the other item, the weight of the edge

_FREE = 1e-3  # weight of an item that nothing pulls


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
    """
    gaps = [
        [
            (widths[a] + widths[b]) / 2 + _clearance(is_bend[a], is_bend[b])
            for a, b in zip(row, row[1:], strict=False)
        ]
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
        for index in order if number % 2 == 0 else reversed(order):
            _move_row(rows[index], gaps[index], links, x)
    return x


def _clearance(left_bends: bool, right_bends: bool) -> float:
    if left_bends and right_bends:
        return 14.0
    return 20.0 if left_bends or right_bends else 28.0


def _move_row(
    row: Sequence[int],
    gaps: Sequence[float],
    links: Sequence[Sequence[Link]],
    x: dict[int, float],
) -> None:
    desired: list[float] = []
    weights: list[float] = []
    for item in row:
        weight = sum(strength for other, strength in links[item] if other in x)
        if weight > 0:
            pull = sum(strength * x[other] for other, strength in links[item] if other in x)
            desired.append(pull / weight)
        else:
            desired.append(x[item])
        weights.append(weight or _FREE)
    x.update(zip(row, settle(desired, weights, gaps), strict=True))
