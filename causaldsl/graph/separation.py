"""d-separation by one linear search (the Bayes ball), and the Markov blanket."""

from __future__ import annotations

from collections.abc import Iterable

import networkx as nx

from causaldsl.graph.dag import Names, ancestors, in_node_order, names_in


def d_separated(graph: nx.DiGraph[str], xs: Names, ys: Names, zs: Names = ()) -> bool:
    """Return whether `zs` blocks every path between `xs` and `ys`.

    Each argument is one name or several. Names in `zs` are known, so they separate from nothing
    and count neither in `xs` nor in `ys`; an empty side is separated from everything.

    Raises
    ------
    ValueError
        If a name is no node, or stands on both sides without being conditioned on.

    Examples
    --------
    >>> graph = nx.DiGraph([("a", "c"), ("b", "c"), ("c", "d")])
    >>> d_separated(graph, "a", "b"), d_separated(graph, "a", "b", "d")
    (True, False)
    """
    given = names_in(graph, zs)
    left = names_in(graph, xs) - given
    right = names_in(graph, ys) - given
    if left & right:
        raise ValueError(f"{', '.join(sorted(left & right))} stands on both sides")
    return not (d_connected(graph, left, given) & right)


def d_connected(graph: nx.DiGraph[str], xs: Iterable[str], zs: Names = ()) -> frozenset[str]:
    """Return the nodes outside `zs` with a path to `xs` that `zs` leaves open, `xs` included.

    The ball comes to a node from a child (going up) or from a parent (going down); a node and a
    direction are visited at most once (Shachter 1998).
    """
    given = names_in(graph, zs)
    opens = ancestors(graph, given)  # a collider is open if it or a descendant is known
    stack = [(name, True) for name in names_in(graph, xs)]
    seen = set(stack)
    while stack:
        name, going_up = stack.pop()
        moves: list[tuple[str, bool]] = []
        if name not in given:
            moves += [(child, False) for child in graph.succ[name]]
        if (name not in given) if going_up else (name in opens):
            moves += [(parent, True) for parent in graph.pred[name]]
        for move in moves:
            if move not in seen:
                seen.add(move)
                stack.append(move)
    return frozenset(name for name, _ in seen) - given


def markov_blanket(graph: nx.DiGraph[str], name: str) -> tuple[str, ...]:
    """Return parents, children and the children's other parents, in node order."""
    names_in(graph, name)
    blanket = set(graph.pred[name]) | set(graph.succ[name])
    for child in graph.succ[name]:
        blanket |= set(graph.pred[child])
    return in_node_order(graph, blanket - {name})
