"""Graphs of names: building, copying, cycles, order, ancestors and descendants.

Every function takes a networkx ``DiGraph`` of strings, leaves it as it was, and returns graphs
frozen. Nothing here recurses, so a chain of many thousand variables is as good as a short one.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import count

import networkx as nx

Names = str | Iterable[str]
Cycle = tuple[str, ...]

_STEPS = 200_000  # edge visits spent on looking for further cycles before giving up


def build_dag(
    nodes: Mapping[str, Mapping[str, object]], edges: Iterable[tuple[str, str]]
) -> nx.DiGraph[str]:
    """Return a frozen acyclic graph with its nodes in the order given.

    Raises
    ------
    ValueError
        If an edge has an undeclared end, or if the edges close a cycle.
    """
    graph = nx.DiGraph()
    graph.add_nodes_from((name, dict(attributes)) for name, attributes in nodes.items())
    for tail, head in edges:
        if tail not in graph or head not in graph:
            raise ValueError(f"edge {tail} -> {head} has an end that is no node")
        graph.add_edge(tail, head)
    cycles = find_cycles(graph, limit=1)
    if cycles:
        raise ValueError("cycle " + " -> ".join(cycles[0]))
    return nx.freeze(graph)


def thaw(graph: nx.DiGraph[str]) -> nx.DiGraph[str]:
    """Return a copy that may be changed and shares no attribute dictionary with `graph`."""
    copy = nx.DiGraph()
    copy.graph.update(graph.graph)
    copy.add_nodes_from((name, dict(data)) for name, data in graph.nodes(data=True))
    copy.add_edges_from((tail, head, dict(data)) for tail, head, data in graph.edges(data=True))
    return copy


def names_in(graph: nx.DiGraph[str], names: Names) -> frozenset[str]:
    """Return one name or several as a set.

    Raises
    ------
    ValueError
        If a name is no node of the graph.
    """
    wanted = frozenset([names]) if isinstance(names, str) else frozenset(names)
    unknown = sorted(wanted - graph.nodes)
    if unknown:
        raise ValueError(f"no node is named {', '.join(unknown)}")
    return wanted


def in_node_order(graph: nx.DiGraph[str], names: Iterable[str]) -> tuple[str, ...]:
    """Return names in the order in which the graph lists its nodes."""
    wanted = set(names)
    return tuple(name for name in graph if name in wanted)


def latents(graph: nx.DiGraph[str]) -> frozenset[str]:
    """Return the nodes whose attribute ``observed`` is false."""
    return frozenset(name for name, seen in graph.nodes(data="observed", default=True) if not seen)


def ancestors(graph: nx.DiGraph[str], names: Names) -> frozenset[str]:
    """Return the names and everything with a directed path to one of them."""
    return _reachable(graph.pred, names_in(graph, names))


def descendants(graph: nx.DiGraph[str], names: Names) -> frozenset[str]:
    """Return the names and everything that one of them has a directed path to."""
    return _reachable(graph.succ, names_in(graph, names))


def _reachable(neighbours: Mapping[str, Iterable[str]], start: Iterable[str]) -> frozenset[str]:
    seen = set(start)
    stack = list(seen)
    while stack:
        for name in neighbours[stack.pop()]:
            if name not in seen:
                seen.add(name)
                stack.append(name)
    return frozenset(seen)


def topological_order(
    graph: nx.DiGraph[str], declared_order: Sequence[str] | None = None
) -> tuple[str, ...]:
    """Return the nodes with parents first; among those ready, the first declared goes first.

    Without `declared_order` the graph's own node order counts.

    Raises
    ------
    ValueError
        If the graph has a cycle, or `declared_order` leaves a node out.
    """
    declared = tuple(declared_order) if declared_order is not None else tuple(graph)
    place = {name: index for index, name in enumerate(declared)}
    if not place.keys() >= graph.nodes:
        raise ValueError("the declared order leaves a node out")
    waiting = dict(graph.in_degree)
    ready = [place[name] for name, degree in waiting.items() if degree == 0]
    heapq.heapify(ready)
    order: list[str] = []
    while ready:
        name = declared[heapq.heappop(ready)]
        order.append(name)
        for child in graph.succ[name]:
            waiting[child] -= 1
            if waiting[child] == 0:
                heapq.heappush(ready, place[child])
    if len(order) < len(graph):
        raise ValueError("the graph has a cycle")
    return tuple(order)


def find_cycles(graph: nx.DiGraph[str], limit: int = 20) -> tuple[Cycle, ...]:
    """Return elementary cycles ``(a, b, a)``, shortest first, at most `limit`.

    A cycle starts at its first node in the graph's order. Small graphs give every cycle up to the
    limit, in exact order of length; where that would take too long, each strongly connected part
    still shows a cycle that is short, if not always shortest.
    """
    place = {name: index for index, name in enumerate(graph)}
    firsts: list[Cycle] = []
    further: list[Cycle] = []
    steps = _STEPS
    for part in _cyclic_parts(graph, place):
        within = {name: [c for c in graph.succ[name] if c in part] for name in part}
        if steps > 0:
            search = _CycleSearch(within, place, steps)
            found = list(_take(search.cycles(), limit))
            steps = search.steps
        else:
            found = []
        if not found:
            found = [_cycle_through(within, min(part, key=place.__getitem__))]
        firsts.append(found[0])
        further.extend(found[1:])

    def by_length(cycle: Cycle) -> tuple[int, list[int]]:
        return len(cycle), [place[name] for name in cycle]

    chosen = sorted(firsts, key=by_length)[:limit]
    chosen += sorted(further, key=by_length)[: max(0, limit - len(chosen))]
    return tuple(sorted(chosen, key=by_length))


def _cyclic_parts(graph: nx.DiGraph[str], place: Mapping[str, int]) -> list[set[str]]:
    parts = [
        part
        for part in nx.strongly_connected_components(graph)
        if len(part) > 1 or any(graph.has_edge(name, name) for name in part)
    ]
    return sorted(parts, key=lambda part: min(place[name] for name in part))


def _take(cycles: Iterator[Cycle], limit: int) -> Iterator[Cycle]:
    for _, cycle in zip(range(limit), cycles, strict=False):
        yield cycle


def _cycle_through(within: Mapping[str, Sequence[str]], start: str) -> Cycle:
    """Return a shortest cycle through one node of a strongly connected part (breadth first)."""
    came_from: dict[str, str] = {}
    queue = deque([start])
    while queue:
        name = queue.popleft()
        for child in within[name]:
            if child == start:
                return (*_walk_back(came_from, start, name), start)
            if child not in came_from:
                came_from[child] = name
                queue.append(child)
    raise ValueError(f"{start} lies on no cycle")


def _walk_back(came_from: Mapping[str, str], start: str, end: str) -> list[str]:
    path = [end]
    while path[-1] != start:
        path.append(came_from[path[-1]])
    return path[::-1]


class _CycleSearch:
    """Best-first enumeration of the cycles of one strongly connected part.

    A partial path is worth its length plus the distance from its end back to its start, so
    finished cycles come out in order of length. Each cycle is found once, from its first node.
    """

    def __init__(
        self, within: Mapping[str, Sequence[str]], place: Mapping[str, int], steps: int
    ) -> None:
        self.steps = steps
        self._within = within
        self._place = place
        self._parents: dict[str, list[str]] = {name: [] for name in within}
        for name, children in within.items():
            for child in children:
                self._parents[child].append(name)

    def cycles(self) -> Iterator[Cycle]:
        ticket = count(0, -1)  # of equally promising paths the newest goes on: deep, not broad
        queue: list[tuple[int, int, Cycle, dict[str, int]]] = []
        enough = self.steps // 2  # half for preparing starts, half for the search
        for start in sorted(self._within, key=self._place.__getitem__):
            if self.steps < enough:
                break
            home = self._distances_home(start)
            lengths = [home[child] for child in self._within[start] if child in home]
            if lengths:
                heapq.heappush(queue, (min(lengths) + 1, len(queue) + 1, (start,), home))
        while queue and self.steps > 0:
            _, _, path, home = heapq.heappop(queue)
            if len(path) > 1 and path[0] == path[-1]:
                yield path
                continue
            for child in reversed(self._within[path[-1]]):
                self.steps -= 1
                if child == path[0] or (child in home and child not in path):
                    longer = (*path, child)
                    worth = len(path) + home.get(child, 0)
                    heapq.heappush(queue, (worth, next(ticket), longer, home))

    def _distances_home(self, start: str) -> dict[str, int]:
        """Return the distance to `start` of each node that is not before it in the order."""
        home = {start: 0}
        queue = deque([start])
        while queue:
            name = queue.popleft()
            for parent in self._parents[name]:
                self.steps -= 1
                if parent not in home and self._place[parent] > self._place[start]:
                    home[parent] = home[name] + 1
                    queue.append(parent)
        return home
