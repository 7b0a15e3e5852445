"""Directed paths: which exist, which carry unfairness, and which cannot be told apart.

The number of paths grows exponentially with the graph, so every enumeration takes a limit, and
nothing that must be exact enumerates.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from itertools import islice, pairwise

import networkx as nx

from causaldsl.graph.dag import Names, ancestors, in_node_order, names_in

Path = tuple[str, ...]


def has_path(graph: nx.DiGraph[str], source: str, target: str) -> bool:
    """Return whether a directed path of at least one arrow leads from `source` to `target`."""
    names_in(graph, source)
    before = ancestors(graph, target)
    return any(child in before for child in graph.succ[source])


def directed_paths(
    graph: nx.DiGraph[str],
    source: str,
    target: str,
    *,
    without: Names = (),
    limit: int = 1000,
) -> tuple[Path, ...]:
    """Return directed paths from `source` to `target`, shortest first, at most `limit`.

    Paths through a node of `without` are left out. Beyond the limit, which paths are returned
    follows the order of the nodes.
    """
    names_in(graph, source)
    excluded = names_in(graph, without) - {source, target}
    paths = tuple(islice(_walk(graph, source, target, excluded), limit))
    return tuple(sorted(paths, key=len))


def _walk(
    graph: nx.DiGraph[str], source: str, target: str, excluded: Collection[str]
) -> Iterator[Path]:
    """Depth first; only nodes that lead to the target are entered, so no step is in vain."""
    useful = ancestors(graph.subgraph(n for n in graph if n not in excluded), target)
    path = [source]
    trail = [iter(graph.succ[source])]
    while trail:
        child = next(trail[-1], None)
        if child is None:
            trail.pop()
            path.pop()
        elif child == target:
            yield (*path, child)
        elif child in useful and child not in path:
            path.append(child)
            trail.append(iter(graph.succ[child]))


def unfair_paths(
    graph: nx.DiGraph[str],
    sensitive: Names,
    outcome: str,
    *,
    fair: Names = (),
    limit: int = 1000,
) -> tuple[Path, ...]:
    """Return the directed paths from sensitive variables to the outcome that nothing excuses.

    A path is excused when it passes through a resolving variable named in `fair` (Kilbertus et
    al. 2017). Paths are proper: one that passes through a second sensitive variable is given
    from there on only. Shortest first, at most `limit`.
    """
    sources = names_in(graph, sensitive)
    blocked = (names_in(graph, fair) | sources) - {outcome}
    found: list[Path] = []
    for source in in_node_order(graph, sources - {outcome}):
        room = limit - len(found)
        found += directed_paths(graph, source, outcome, without=blocked, limit=room)
    return tuple(sorted(found, key=len))


def recanting_witness(graph: nx.DiGraph[str], paths: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """Return the nodes that would need two values if an effect ran along `paths` only.

    The paths lead from treatments (their first nodes) to outcomes (their last nodes). A witness
    is a node up to which some selected path and some proper causal path that was not selected are
    the same, and where they part: it would have to hand the new value to one child and the old
    value to another (Avin, Shpitser and Pearl 2005). None are found exactly when the selection
    is a set of first arrows, each with all that follows from it.

    Raises
    ------
    ValueError
        If a path has fewer than two nodes or is no path of the graph.
    """
    selected = [tuple(path) for path in paths]
    for path in selected:
        _require_path(graph, path)
    treatments = {path[0] for path in selected}
    witnesses: set[str] = set()
    for outcome in {path[-1] for path in selected}:
        ours = [path for path in selected if path[-1] == outcome]
        witnesses |= _parting_nodes(graph, ours, treatments, outcome)
    return in_node_order(graph, witnesses)


def _require_path(graph: nx.DiGraph[str], path: Path) -> None:
    if len(path) < 2:
        raise ValueError("a path needs at least two nodes")
    for tail, head in pairwise(path):
        if not graph.has_edge(tail, head):
            raise ValueError(f"{tail} -> {head} is no arrow of the graph")


def _parting_nodes(
    graph: nx.DiGraph[str], paths: Sequence[Path], treatments: set[str], outcome: str
) -> set[str]:
    proper = graph.subgraph(n for n in graph if n not in treatments or n == outcome)
    leads_on = ancestors(proper, outcome)
    prefixes = {path[:length] for path in paths for length in range(1, len(path) + 1)}
    parting: set[str] = set()
    for prefix in prefixes:
        if len(prefix) > 1 and prefix[-1] != outcome:
            ways = (child for child in graph.succ[prefix[-1]] if child in leads_on)
            if any((*prefix, child) not in prefixes for child in ways):
                parting.add(prefix[-1])
    return parting
