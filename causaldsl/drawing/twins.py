"""The layout of a twin network: two worlds face each other, what they share between them.

The factual half with the shared column beside it is laid out like any graph; a counterfactual
copy then stands opposite its original, and its arrows run opposite.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from causaldsl.drawing.grid import Grid, Layout, Panel, finish, make_grid, ordered_rows, places
from causaldsl.drawing.scene import Scene, SceneArrow
from causaldsl.drawing.shapes import Point

_COLUMN_GAP = 56.0


def twin_layout(scene: Scene) -> Layout:
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
    grid = make_grid(nodes, arrows, column)
    rows = ordered_rows(grid)
    x = _column_places(grid, rows)
    return _mirrored(scene, half, arrows, grid, x)


def _column_places(grid: Grid, rows: Sequence[Sequence[int]]) -> dict[int, float]:
    """Place the two columns by themselves, the shared one centred at 0, the facts left of it."""
    shared = places(grid, [[i for i in row if grid.column[i] == 1] for row in rows])
    facts = places(grid, [[i for i in row if grid.column[i] == 0] for row in rows])
    left, right = _extent(grid, shared)
    middle = (left + right) / 2
    x = {item: place - middle for item, place in shared.items()}
    edge = -(right - left) / 2 - _COLUMN_GAP
    shift = edge - _extent(grid, facts)[1]
    x.update((item, place + shift) for item, place in facts.items())
    return x


def _extent(grid: Grid, x: dict[int, float]) -> tuple[float, float]:
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
    grid: Grid,
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
    whole = Grid(ranks=grid.ranks, widths=grid.widths, column=grid.column, is_bend=grid.is_bend)
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


def _twin_finish(scene: Scene, item_of: dict[int, int], whole: Grid, x: dict[int, float]) -> Layout:
    order = [item_of[node] for node in range(len(scene.nodes))]
    grid, old = _renumbered(whole, order)
    centres, curves = finish(scene.nodes, scene.arrows, grid, {new: x[old[new]] for new in old})
    return Layout(centres=tuple(centres), curves=tuple(curves), panels=_panels(scene, centres))


def _renumbered(grid: Grid, first: Sequence[int]) -> tuple[Grid, dict[int, int]]:
    """Return the grid with the given items first, and which old item each new one is."""
    taken = set(first)
    order = [*first, *(item for item in range(len(grid.ranks)) if item not in taken)]
    new = {old: place for place, old in enumerate(order)}
    result = Grid(
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
