"""Which row each node of a layered drawing stands in."""

from __future__ import annotations

from collections.abc import Sequence

Edge = tuple[int, int, int]  # tail, head, least number of rows between them


def assign_ranks(size: int, edges: Sequence[Edge]) -> list[int]:
    """Return a row for each of `size` nodes, every edge pointing down, and edges short.

    Longest paths from the top give a first answer. Then groups of nodes that only fit together
    move a row, down or up, as long as that makes edges shorter on the whole.
    """
    above: list[list[tuple[int, int]]] = [[] for _ in range(size)]
    below: list[list[tuple[int, int]]] = [[] for _ in range(size)]
    for tail, head, least in edges:
        below[tail].append((head, least))
        above[head].append((tail, least))
    order = _order(size, above, below)
    ranks = [0] * size
    for node in order:
        ranks[node] = max((ranks[tail] + least for tail, least in above[node]), default=0)
    group_limit = size if size <= 500 else 1
    for _ in range(16 if size <= 500 else 2):
        moved = [_move(node, ranks, below, above, 1, group_limit) for node in reversed(order)]
        moved += [_move(node, ranks, above, below, -1, group_limit) for node in order]
        if not any(moved):
            break
    return _without_empty_rows(ranks, edges)


def _move(
    start: int,
    ranks: list[int],
    ahead: Sequence[Sequence[tuple[int, int]]],
    behind: Sequence[Sequence[tuple[int, int]]],
    step: int,
    limit: int,
) -> bool:
    """Move a node, and what it pushes, in one direction for as long as edges get shorter."""
    moved = False
    while True:
        group = {start}
        stack = [start]
        while stack:
            node = stack.pop()
            for other, least in ahead[node]:
                if other not in group and abs(ranks[other] - ranks[node]) == least:
                    group.add(other)
                    stack.append(other)
        shorter = sum(1 for node in group for other, _ in ahead[node] if other not in group)
        longer = sum(1 for node in group for other, _ in behind[node] if other not in group)
        if shorter <= longer or len(group) > limit:
            return moved
        for node in group:
            ranks[node] += step
        moved = True


def _without_empty_rows(ranks: Sequence[int], edges: Sequence[Edge]) -> list[int]:
    """Return the rows numbered from 0, those left out that hold nothing and part nothing."""
    kept = set(ranks)
    for tail, head, least in edges:
        kept.update(range(ranks[tail], ranks[head] if least > 1 else ranks[tail]))
    rows = {rank: row for row, rank in enumerate(sorted(kept))}
    return [rows[rank] for rank in ranks]


def stack_sources(
    ranks: Sequence[int],
    edges: Sequence[Edge],
    widths: Sequence[float],
    members: set[int],
    limit: float,
) -> list[int]:
    """Return the rows with the parentless members of each one stacked, if wider than `limit`.

    New rows are made above; everything else of the row stays in the lowest of them.
    """
    has_parent = {head for _, head, _ in edges}
    lifted: dict[int, int] = {}  # node to the number of rows that it stands above its old one
    made: dict[int, int] = {}
    for rank in sorted(set(ranks)):
        layers: list[list[int]] = [[]]
        for node in (n for n in sorted(members - has_parent) if ranks[n] == rank):
            if layers[-1] and sum(widths[n] + 28 for n in layers[-1]) + widths[node] > limit:
                layers.append([])
            layers[-1].append(node)
        made[rank] = len(layers) - 1
        for height, layer in enumerate(reversed(layers)):
            lifted.update(dict.fromkeys(layer, height))
    before = {rank: sum(made[other] for other in made if other <= rank) for rank in made}
    return [rank + before[rank] - lifted.get(node, 0) for node, rank in enumerate(ranks)]


def fold_wide_rows(
    ranks: Sequence[int], edges: Sequence[Edge], widths: Sequence[float], limit: float
) -> list[int]:
    """Return the rows with those broken in two that are wider than `limit`.

    Every second childless node of a wide row goes to a new row just below it, or else every
    second parentless one to a new row just above.
    """
    has_parent = {head for _, head, _ in edges}
    has_child = {tail for tail, _, _ in edges}
    totals: dict[int, float] = {}
    for node, rank in enumerate(ranks):
        totals[rank] = totals.get(rank, 0.0) + widths[node]
    shifts: dict[int, int] = {}  # node to its place in its doubled row: 0 above, 1 below
    for rank in [rank for rank, total in totals.items() if total > limit]:
        row = [node for node, own in enumerate(ranks) if own == rank]
        ends = [node for node in row if node not in has_child]
        starts = [node for node in row if node not in has_parent and node in has_child]
        if len(ends) >= len(starts):
            shifts.update((node, int(node in ends[1::2])) for node in row)
        else:
            shifts.update((node, int(node not in starts[1::2])) for node in row)
    doubled = {ranks[node] for node in shifts}
    before = {rank: sum(1 for other in doubled if other < rank) for rank in totals}
    return [rank + before[rank] + shifts.get(node, 0) for node, rank in enumerate(ranks)]


def _order(
    size: int,
    above: Sequence[Sequence[tuple[int, int]]],
    below: Sequence[Sequence[tuple[int, int]]],
) -> list[int]:
    waiting = [len(tails) for tails in above]
    order = [node for node in range(size) if waiting[node] == 0]
    for node in order:  # grows while it is read
        for head, _ in below[node]:
            waiting[head] -= 1
            if waiting[head] == 0:
                order.append(head)
    return order
