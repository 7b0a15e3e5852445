"""The embedded layered layout: where nodes stand and how arrows run, without any other program.

Rows, order within rows, horizontal places, curves: one module each; this one strings them
together, for each connected part, and sets the parts side by side. A twin network is laid out as
its factual half with the shared column beside it, and then mirrored, so that the worlds
face each other and the shared noise stands between them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from causaldsl.drawing.ordering import order_rows
from causaldsl.drawing.placement import Link, place_rows
from causaldsl.drawing.ranking import assign_ranks
from causaldsl.drawing.routing import Row, Waypoints, draw_curves
from causaldsl.drawing.scene import Scene, SceneArrow, SceneNode
from causaldsl.drawing.shapes import Point

Curve = tuple[Point, ...]  # a start, then three points for each cubic piece

_MOST_BENDS = 20_000  # arrows that would need more are drawn without regard to what they cross
_PART_GAP = 44.0
_COLUMN_GAP = 56.0


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
class _Grid:
    """Nodes, bends of long arrows and arch tops as numbered items, each in a row."""

    ranks: list[int]
    widths: list[float]
    column: list[int]
    is_bend: list[bool]
    chains: dict[int, tuple[int, ...]] = field(default_factory=dict)
    arches: dict[int, tuple[tuple[int, ...], tuple[int, ...]]] = field(default_factory=dict)

    def add_bend(self, rank: int, column: int) -> int:
        self.ranks.append(rank)
        self.widths.append(0.0)
        self.column.append(column)
        self.is_bend.append(True)
        return len(self.ranks) - 1

    def paths(self) -> list[tuple[int, ...]]:
        return [*self.chains.values(), *(half for pair in self.arches.values() for half in pair)]


def layered_layout(scene: Scene) -> Layout:
    """Return the embedded layout of a scene."""
    if scene.is_twin:
        return _twin_layout(scene)
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
    grid = _make_grid(nodes, arrows, [0] * len(nodes))
    rows = _ordered_rows(grid)
    x = _places(grid, rows)
    centres, curves = _finish(nodes, arrows, grid, x)
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


# --- rows and places ----------------------------------------------------------------------


def _make_grid(
    nodes: Sequence[SceneNode], arrows: Sequence[SceneArrow], column: Sequence[int]
) -> _Grid:
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
    ranks = assign_ranks(len(nodes) + len(tops), edges)
    grid = _Grid(
        ranks=ranks,
        widths=[node.width for node in nodes] + [10.0] * len(tops),
        column=[*column, *(column[arrows[i].tail] * column[arrows[i].head] for i in tops)],
        is_bend=[False] * len(nodes) + [True] * len(tops),
    )
    _add_chains(grid, arrows, tops)
    return grid


def _add_chains(grid: _Grid, arrows: Sequence[SceneArrow], tops: dict[int, int]) -> None:
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
        grid.chains[index] = _chain(grid, upper, lower)


def _chain(grid: _Grid, upper: int, lower: int) -> tuple[int, ...]:
    column = grid.column[lower]
    between = range(grid.ranks[upper] + 1, grid.ranks[lower])
    return (upper, *(grid.add_bend(rank, column) for rank in between), lower)


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


def _ordered_rows(grid: _Grid) -> list[list[int]]:
    size = len(grid.ranks)
    up: list[list[int]] = [[] for _ in range(size)]
    down: list[list[int]] = [[] for _ in range(size)]
    for path in grid.paths():
        for upper, lower in pairwise(path):
            down[upper].append(lower)
            up[lower].append(upper)
    rows: list[list[int]] = [[] for _ in range(max(grid.ranks) + 1)]
    for item in range(size):
        rows[grid.ranks[item]].append(item)
    ordered = order_rows(rows, up, down)
    return [sorted(row, key=grid.column.__getitem__) for row in ordered]


def _places(grid: _Grid, rows: Sequence[Sequence[int]]) -> dict[int, float]:
    links: list[list[Link]] = [[] for _ in grid.ranks]
    for path in grid.paths():
        for upper, lower in pairwise(path):
            if grid.column[upper] == grid.column[lower]:
                bends = grid.is_bend[upper] + grid.is_bend[lower]
                weight = (1.0, 2.0, 8.0)[bends]
                links[upper].append((lower, weight))
                links[lower].append((upper, weight))
    return place_rows(rows, grid.widths, links, grid.is_bend)


def _finish(
    nodes: Sequence[SceneNode],
    arrows: Sequence[SceneArrow],
    grid: _Grid,
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


def _row_extents(
    nodes: Sequence[SceneNode], grid: _Grid, x: dict[int, float]
) -> list[Row]:
    """Stack the rows; two are further apart where an arrow between them runs far aside."""
    heights = [0.0] * (max(grid.ranks) + 1)
    for node, rank in zip(nodes, grid.ranks, strict=False):
        heights[rank] = max(heights[rank], node.height)
    drift = [0.0] * len(heights)
    for path in grid.paths():
        for upper, lower in pairwise(path):
            rank = grid.ranks[upper]
            drift[rank] = max(drift[rank], abs(x[upper] - x[lower]))
    rows: list[Row] = []
    top = 0.0
    for height, aside in zip(heights, drift, strict=True):
        rows.append(Row(top=top, bottom=top + height))
        top += height + min(112.0, max(46.0, 34.0 + 0.16 * aside))
    return rows


# --- twin networks ------------------------------------------------------------------------


def _twin_layout(scene: Scene) -> Layout:
    """Lay out facts and what is shared, then mirror the facts to the right."""
    half = [i for i, node in enumerate(scene.nodes) if node.world != "counterfactual"]
    local = {node: place for place, node in enumerate(half)}
    nodes = [scene.nodes[i] for i in half]
    column = [1 if node.world == "shared" else 0 for node in nodes]
    ours = [i for i, a in enumerate(scene.arrows) if a.tail in local and a.head in local]
    arrows = [
        replace(scene.arrows[i], tail=local[scene.arrows[i].tail], head=local[scene.arrows[i].head])
        for i in ours
    ]
    grid = _make_grid(nodes, arrows, column)
    rows = _ordered_rows(grid)
    x = _column_places(grid, rows)
    return _mirrored(scene, half, arrows, grid, x)


def _column_places(grid: _Grid, rows: Sequence[Sequence[int]]) -> dict[int, float]:
    """Place the two columns by themselves, the shared one centred at 0, the facts left of it."""
    shared = _places(grid, [[i for i in row if grid.column[i] == 1] for row in rows])
    facts = _places(grid, [[i for i in row if grid.column[i] == 0] for row in rows])
    left, right = _extent(grid, shared)
    middle = (left + right) / 2
    x = {item: place - middle for item, place in shared.items()}
    edge = -(right - left) / 2 - _COLUMN_GAP
    shift = edge - _extent(grid, facts)[1]
    x.update((item, place + shift) for item, place in facts.items())
    return x


def _extent(grid: _Grid, x: dict[int, float]) -> tuple[float, float]:
    if not x:
        return 0.0, 0.0
    return (
        min(place - grid.widths[item] / 2 for item, place in x.items()),
        max(place + grid.widths[item] / 2 for item, place in x.items()),
    )


def _mirrored(
    scene: Scene,
    half: Sequence[int],
    arrows: Sequence[SceneArrow],
    grid: _Grid,
    x: dict[int, float],
) -> Layout:
    """Extend the half to the whole: a copy stands, and its arrows run, opposite the original."""
    item_of: dict[int, int] = {node: place for place, node in enumerate(half)}
    by_ends = {(a.tail, a.head, a.both): index for index, a in enumerate(arrows)}
    opposite: dict[int, int] = {}

    def mirror(item: int) -> int:
        if grid.column[item] == 1:
            return item
        if item not in opposite:
            opposite[item] = grid.add_bend(grid.ranks[item], 2)
            grid.widths[-1], grid.is_bend[-1] = grid.widths[item], grid.is_bend[item]
            x[opposite[item]] = -x[item]
        return opposite[item]

    for index, node in enumerate(scene.nodes):
        if node.original is not None:
            item_of[index] = mirror(item_of[node.original])
    whole = _Grid(ranks=grid.ranks, widths=grid.widths, column=grid.column, is_bend=grid.is_bend)
    for index, arrow in enumerate(scene.arrows):
        ends = (_original(scene, arrow.tail), _original(scene, arrow.head))
        place = by_ends[item_of[ends[0]], item_of[ends[1]], arrow.both]
        if place in grid.arches:
            whole.arches[index] = grid.arches[place]
            continue
        chain = grid.chains.get(place, (arrows[place].tail, arrows[place].head))
        is_copy = scene.nodes[arrow.head].original is not None
        # An arrow between copies lies opposite; one from a shared node starts where that stands.
        whole.chains[index] = tuple(mirror(item) for item in chain) if is_copy else chain
    return _twin_finish(scene, item_of, whole, x)


def _original(scene: Scene, node: int) -> int:
    original = scene.nodes[node].original
    return node if original is None else original


def _twin_finish(
    scene: Scene, item_of: dict[int, int], whole: _Grid, x: dict[int, float]
) -> Layout:
    order = [item_of[node] for node in range(len(scene.nodes))]
    renumbered = _renumbered(whole, order)
    places = {new: x[old] for new, old in renumbered[1].items()}
    centres, curves = _finish(scene.nodes, scene.arrows, renumbered[0], places)
    return Layout(
        centres=tuple(centres), curves=tuple(curves), panels=_panels(scene, centres)
    )


def _renumbered(grid: _Grid, first: Sequence[int]) -> tuple[_Grid, dict[int, int]]:
    """Return the grid with the given items first, and which old item each new one is."""
    taken = set(first)
    order = [*first, *(item for item in range(len(grid.ranks)) if item not in taken)]
    new = {old: place for place, old in enumerate(order)}
    result = _Grid(
        ranks=[grid.ranks[old] for old in order],
        widths=[grid.widths[old] for old in order],
        column=[grid.column[old] for old in order],
        is_bend=[grid.is_bend[old] for old in order],
        chains={i: tuple(new[item] for item in chain) for i, chain in grid.chains.items()},
        arches={
            i: (tuple(new[item] for item in left), tuple(new[item] for item in right))
            for i, (left, right) in grid.arches.items()
        },
    )
    return result, dict(enumerate(order))


def _panels(scene: Scene, centres: Sequence[Point]) -> tuple[Panel, ...]:
    panels: list[Panel] = []
    for world in ("factual", "shared", "counterfactual"):
        reach = [
            (x - node.width / 2, x + node.width / 2)
            for node, (x, _) in zip(scene.nodes, centres, strict=True)
            if node.world == world
        ]
        if reach:
            left, right = min(r[0] for r in reach), max(r[1] for r in reach)
            panels.append(Panel(world=world, left=left, right=right))
    return tuple(panels)
