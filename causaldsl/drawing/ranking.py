"""Which row each node of a layered drawing stands in."""

from __future__ import annotations

from collections.abc import Sequence

Edge = tuple[int, int, int]  # tail, head, least number of rows between them


def assign_ranks(size: int, edges: Sequence[Edge]) -> list[int]:
    """Return a row for each of `size` nodes, every edge pointing down, and edges short.

    Longest paths from the top give a first answer; then each node moves within the rows that its
    neighbours leave free, towards the side where it has more of them, until nothing improves.
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
    for _ in range(8 if size <= 500 else 2):
        moved = False
        for node in reversed(order):
            pull = len(below[node]) - len(above[node])
            if pull > 0:
                best = min(ranks[head] - least for head, least in below[node])
            elif pull < 0:
                best = max(ranks[tail] + least for tail, least in above[node])
            else:
                continue
            moved = moved or best != ranks[node]
            ranks[node] = best
        if not moved:
            break
    rows = {rank: row for row, rank in enumerate(sorted(set(ranks)))}
    return [rows[rank] for rank in ranks]


def _order(
    size: int, above: Sequence[Sequence[tuple[int, int]]], below: Sequence[Sequence[tuple[int, int]]]
) -> list[int]:
    waiting = [len(tails) for tails in above]
    order = [node for node in range(size) if waiting[node] == 0]
    for node in order:  # grows while it is read
        for head, _ in below[node]:
            waiting[head] -= 1
            if waiting[head] == 0:
                order.append(head)
    return order
