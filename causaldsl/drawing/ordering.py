"""The order within each row that makes arrows cross seldom (Sugiyama, Tagawa and Toda 1981)."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

Rows = list[list[int]]
Neighbours = Sequence[Sequence[int]]


def order_rows(rows: Sequence[Sequence[int]], up: Neighbours, down: Neighbours) -> Rows:
    """Return the rows, each put in order by sweeps of barycentres and swaps of neighbours.

    Rows hold item numbers; `up` and `down` give each item's neighbours in the rows next to it.
    The number of sweeps falls with the size, so that very large graphs are still drawn.
    """
    items = sum(len(row) for row in rows)
    sweeps = 24 if items <= 600 else 8 if items <= 4000 else 3
    best: Rows = []
    fewest = -1
    for start in (_by_depth(rows, down), [list(row) for row in rows])[: 2 if items <= 4000 else 1]:
        for found in _sweep(start, up, down, sweeps, swap=items <= 600):
            crossings = count_crossings(found, down)
            if fewest < 0 or crossings < fewest:
                best, fewest = [list(row) for row in found], crossings
            if fewest == 0:
                return best
    return best


def _by_depth(rows: Sequence[Sequence[int]], down: Neighbours) -> Rows:
    """Return the rows in the order of a depth-first walk from the top."""
    row_of = {item: number for number, row in enumerate(rows) for item in row}
    result: Rows = [[] for _ in rows]
    seen: set[int] = set()
    for root in (item for row in rows for item in row):
        stack = [root]
        while stack:
            item = stack.pop()
            if item not in seen:
                seen.add(item)
                result[row_of[item]].append(item)
                stack.extend(reversed(down[item]))
    return result


def _sweep(rows: Rows, up: Neighbours, down: Neighbours, sweeps: int, *, swap: bool) -> list[Rows]:
    seen: list[Rows] = [[list(row) for row in rows]]
    for number in range(sweeps):
        downwards = number % 2 == 0
        sequence = range(1, len(rows)) if downwards else range(len(rows) - 2, -1, -1)
        toward = up if downwards else down
        for index in sequence:
            fixed = rows[index - 1] if downwards else rows[index + 1]
            rows[index] = _sorted_row(rows[index], fixed, toward, flip=number % 4 >= 2)
        if swap:
            _swap_neighbours(rows, up, down)
        seen.append([list(row) for row in rows])
    return seen


def _sorted_row(
    row: Sequence[int], fixed: Sequence[int], toward: Neighbours, *, flip: bool
) -> list[int]:
    """Return the row by the mean place of each item's neighbours; `flip` turns ties around."""
    place = {item: index + 0.5 for index, item in enumerate(fixed)}
    scale = len(fixed) / max(1, len(row))
    keys: dict[int, float] = {}
    for index, item in enumerate(row):
        places = [place[other] for other in toward[item]]
        keys[item] = sum(places) / len(places) if places else (index + 0.5) * scale
    return sorted(reversed(row) if flip else row, key=keys.__getitem__)


def _swap_neighbours(rows: Rows, up: Neighbours, down: Neighbours) -> None:
    """Swap neighbours in a row while that removes crossings."""
    place = {item: index for row in rows for index, item in enumerate(row)}
    for _ in range(4):
        improved = False
        for row in rows:
            for index in range(len(row) - 1):
                left, right = row[index], row[index + 1]
                gain = sum(
                    _pair_crossings(side[left], side[right], place)
                    - _pair_crossings(side[right], side[left], place)
                    for side in (up, down)
                )
                if gain > 0:
                    row[index], row[index + 1] = right, left
                    place[left], place[right] = index + 1, index
                    improved = True
        if not improved:
            return


def _pair_crossings(left: Sequence[int], right: Sequence[int], place: dict[int, int]) -> int:
    return sum(1 for a in left for b in right if place[a] > place[b])


def count_crossings(rows: Sequence[Sequence[int]], down: Neighbours) -> int:
    """Return how many pairs of edges between adjacent rows cross (Barth, Juenger, Mutzel 2002)."""
    total = 0
    for row, below in pairwise(rows):
        place = {item: index for index, item in enumerate(below)}
        ends = [end for item in row for end in sorted(place[other] for other in down[item])]
        total += _inversions(ends, len(below))
    return total


def _inversions(values: Sequence[int], size: int) -> int:
    tree = [0] * (size + 1)
    total = 0
    for seen, value in enumerate(values):
        index, not_greater = value + 1, 0
        while index:
            not_greater += tree[index]
            index &= index - 1
        total += seen - not_greater
        index = value + 1
        while index <= size:
            tree[index] += 1
            index += index & -index
    return total
