"""The rows of a layered drawing with everything in them, and the layout that comes of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from causaldsl.drawing.ordering import order_rows
from causaldsl.drawing.placement import Link, place_rows
from causaldsl.drawing.ranking import assign_ranks, fold_wide_rows, stack_sources
from causaldsl.drawing.routing import Row, Waypoints, draw_curves
from causaldsl.drawing.scene import SceneArrow, SceneNode
from causaldsl.drawing.shapes import Point

Curve = tuple[Point, ...]  # a start, then three points for each cubic piece

_MOST_BENDS = 20_000  # arrows that would need more are drawn without regard to what they cross
_WIDE_ROW = 1000.0
_WIDE_COLUMN = 330.0
_ASIDE = 24.0  # room that a dashed arrow with two heads takes as it passes a row


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """A tinted column of a twin network."""

    world: str
    left: float
    right: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Centres of the nodes, curves of the arrows (tail to head), in the order of the scene."""

    centres: tuple[Point, ...]
    curves: tuple[Curve, ...]
    panels: tuple[Panel, ...] = ()


@dataclass(slots=True)
class Grid:
    """Nodes, bends of long arrows and arch tops as numbered items, each in a row."""

    ranks: list[int]
    widths: list[float]
    column: list[int]
    is_bend: list[bool]
    yielding: set[int] = field(default_factory=set)
    chains: dict[int, tuple[int, ...]] = field(default_factory=dict)
    arches: dict[int, tuple[tuple[int, ...], tuple[int, ...]]] = field(default_factory=dict)

    def add_bend(self, rank: int, column: int, width: float = 0.0) -> int:
        """Add the place where an arrow passes a row, and return its number."""
        self.ranks.append(rank)
        self.widths.append(width)
        self.column.append(column)
        self.is_bend.append(True)
        return len(self.ranks) - 1

    def paths(self) -> list[tuple[int, tuple[int, ...]]]:
        """Return every run of items from a row down to another, with its arrow's index."""
        halves = [(index, half) for index, pair in self.arches.items() for half in pair]
        return [*self.chains.items(), *halves]


def make_grid(
    nodes: Sequence[SceneNode], arrows: Sequence[SceneArrow], column: Sequence[int]
) -> Grid:
    """Give nodes their rows, and long arrows an item in each row that they pass."""
    joined = {(arrow.tail, arrow.head) for arrow in arrows if not arrow.both}
    doubled = {
        pair
        for arrow in arrows
        if arrow.both
        for pair in ((arrow.tail, arrow.head), (arrow.head, arrow.tail))
    }
    # An arrow beside a dashed one needs a row between its ends, for the two to part.
    edges = [(tail, head, 2 if (tail, head) in doubled else 1) for tail, head in sorted(joined)]
    comparable = _comparable_pairs(len(nodes), edges, doubled)
    arches = [i for i, a in enumerate(arrows) if a.both and (a.tail, a.head) not in comparable]
    tops = {index: len(nodes) + place for place, index in enumerate(arches)}
    for index, top in tops.items():
        edges += [(top, arrows[index].tail, 1), (top, arrows[index].head, 1)]
    widths = [node.width for node in nodes] + [10.0] * len(tops)
    ranks = assign_ranks(len(nodes) + len(tops), edges)
    if any(column):
        shared = {node for node, place in enumerate(column) if place == 1}
        ranks = stack_sources(ranks, edges, widths, shared, _WIDE_COLUMN)
    grid = Grid(
        ranks=fold_wide_rows(ranks, edges, widths, _WIDE_ROW),
        widths=widths,
        column=[*column, *(column[arrows[i].tail] * column[arrows[i].head] for i in tops)],
        is_bend=[False] * len(nodes) + [True] * len(tops),
        yielding={index for index, arrow in enumerate(arrows) if arrow.both},
    )
    _add_chains(grid, arrows, tops)
    return grid


def _add_chains(grid: Grid, arrows: Sequence[SceneArrow], tops: dict[int, int]) -> None:
    def span(index: int) -> int:
        return abs(grid.ranks[arrows[index].tail] - grid.ranks[arrows[index].head])

    room = _MOST_BENDS
    for index in sorted(range(len(arrows)), key=span):
        arrow = arrows[index]
        if index in tops:
            top = tops[index]
            grid.arches[index] = (_chain(grid, top, arrow.tail), _chain(grid, top, arrow.head))
            continue
        room -= span(index) - 1
        if room < 0:
            break
        upper, lower = sorted((arrow.tail, arrow.head), key=grid.ranks.__getitem__)
        grid.chains[index] = _chain(grid, upper, lower, _ASIDE if arrow.both else 0.0)


def _chain(grid: Grid, upper: int, lower: int, width: float = 0.0) -> tuple[int, ...]:
    column = grid.column[lower]
    between = range(grid.ranks[upper] + 1, grid.ranks[lower])
    return (upper, *(grid.add_bend(rank, column, width) for rank in between), lower)


def _comparable_pairs(
    size: int, edges: Sequence[tuple[int, int, int]], pairs: set[tuple[int, int]]
) -> set[tuple[int, int]]:
    """Return those pairs of which one end is an ancestor of the other, in both directions."""
    below: list[list[int]] = [[] for _ in range(size)]
    for tail, head, _ in edges:
        below[tail].append(head)
    found: set[tuple[int, int]] = set()
    for start in sorted({pair[0] for pair in pairs}):
        seen = {start}
        stack = [start]
        for node in stack:  # grows while it is read
            fresh = [head for head in below[node] if head not in seen]
            seen.update(fresh)
            stack.extend(fresh)
        for tail, head in pairs:
            if tail == start and head in seen:
                found |= {(tail, head), (head, tail)}
    return found


def ordered_rows(grid: Grid) -> list[list[int]]:
    """Return the items of each row from left to right, columns kept apart."""
    size = len(grid.ranks)
    up: list[list[int]] = [[] for _ in range(size)]
    down: list[list[int]] = [[] for _ in range(size)]
    for _, path in grid.paths():
        for upper, lower in pairwise(path):
            down[upper].append(lower)
            up[lower].append(upper)
    rows: list[list[int]] = [[] for _ in range(max(grid.ranks) + 1)]
    for item in range(size):
        rows[grid.ranks[item]].append(item)
    ordered = order_rows(rows, up, down)
    return [sorted(row, key=grid.column.__getitem__) for row in ordered]


def places(grid: Grid, rows: Sequence[Sequence[int]]) -> dict[int, float]:
    """Return the horizontal place of each item in the rows; other items are no concern."""
    links: list[list[Link]] = [[] for _ in grid.ranks]
    for index, path in grid.paths():
        for upper, lower in pairwise(path):
            if grid.column[upper] == grid.column[lower]:
                bends = grid.is_bend[upper] + grid.is_bend[lower]
                # Dashed arrows give way: the chain of causes is what should run straight.
                weight = (1.0, 2.0, 8.0)[bends] if index not in grid.yielding else 0.2
                links[upper].append((lower, weight))
                links[lower].append((upper, weight))
    straight = [path[1:-1] for _, path in grid.paths() if len(path) > 3]
    return place_rows(rows, grid.widths, links, grid.is_bend, straight)


def finish(
    nodes: Sequence[SceneNode],
    arrows: Sequence[SceneArrow],
    grid: Grid,
    x: dict[int, float],
) -> tuple[list[Point], list[Curve]]:
    """Give rows their heights, and return centres and curves."""
    rows = _row_extents(nodes, grid, x)
    centres = [(x[node], rows[grid.ranks[node]].middle) for node in range(len(nodes))]
    ways: list[Waypoints] = []
    for index, arrow in enumerate(arrows):
        if index in grid.arches:
            left, right = grid.arches[index]
            items: tuple[int, ...] = (*reversed(left), *right[1:])
            arch: int | None = len(left) - 1
        else:
            chain = grid.chains.get(index, (arrow.tail, arrow.head))
            items = chain if chain[0] == arrow.tail else chain[::-1]
            arch = None
        ways.append(
            Waypoints(
                tail=arrow.tail,
                head=arrow.head,
                places=tuple((x[item], grid.ranks[item]) for item in items),
                arch=arch,
            )
        )
    return centres, draw_curves(nodes, centres, rows, ways)


def _row_extents(nodes: Sequence[SceneNode], grid: Grid, x: dict[int, float]) -> list[Row]:
    """Stack the rows; two are further apart where an arrow between them runs far aside."""
    heights = [0.0] * (max(grid.ranks) + 1)
    for node, rank in zip(nodes, grid.ranks, strict=False):
        heights[rank] = max(heights[rank], node.height)
    drift = [0.0] * len(heights)
    for _, path in grid.paths():
        for upper, lower in pairwise(path):
            rank = grid.ranks[upper]
            drift[rank] = max(drift[rank], abs(x[upper] - x[lower]))
    rows: list[Row] = []
    top = 0.0
    for height, aside in zip(heights, drift, strict=True):
        rows.append(Row(top=top, bottom=top + height))
        top += height + min(140.0, max(46.0, 34.0 + 0.16 * aside))
    return rows
