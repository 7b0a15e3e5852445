"""Whether the graph alone fixes the effect of an intervention: the verdict of the ID algorithm.

Latents are projected away first. What is left is a graph of observed names with arrows and with
confounders, each the set of names that one latent reaches; two names are in one district when
a chain of confounders joins them (Tian and Pearl 2002; Shpitser and Pearl 2006).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

import networkx as nx

from causaldsl.graph.dag import Names, latents, names_in, topological_order

_STEPS = 5_000_000  # elementary steps before a verdict is given up


class _TooLargeError(Exception):
    """The bound on steps is exceeded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Projection:
    """A latent projection: observed names, their observed parents, and the confounders."""

    parents: Mapping[str, frozenset[str]]
    confounders: tuple[frozenset[str], ...]


def latent_projection(graph: nx.DiGraph[str], latent: Collection[str] | None = None) -> Projection:
    """Return the graph over the observed names with the latents projected away (Verma 1993).

    A latent that reaches two or more observed names through latents alone confounds all of them.
    Without `latent`, the nodes with ``observed=False`` count.
    """
    return _project(graph, latent, _Meter(_STEPS))


def is_identified(
    graph: nx.DiGraph[str],
    latent: Collection[str] | None,
    treatment: Names,
    outcome: Names,
    given: Names = (),
) -> bool | None:
    """Return whether ``P(outcome | do(treatment), given)`` follows from the observed distribution.

    The verdict is that of the complete algorithms ID and IDC: True, or False when a hedge stands
    in the way. None says that the graph is too large for the bound on steps.

    Parameters
    ----------
    graph
        An acyclic graph.
    latent
        The unobserved names; None means the nodes with ``observed=False``.
    treatment, outcome, given
        Observed names, disjoint. `given` is what is seen after the intervention.

    Raises
    ------
    ValueError
        If a name is unknown, unobserved, or stands in two places.

    Examples
    --------
    >>> graph = nx.DiGraph([("u", "x"), ("u", "y"), ("x", "m"), ("m", "y")])
    >>> is_identified(graph, {"u"}, "x", "y")
    True
    """
    xs, ys, zs = (names_in(graph, names) for names in (treatment, outcome, given))
    hidden = latents(graph) if latent is None else names_in(graph, latent)
    if (xs | ys | zs) & hidden:
        raise ValueError(f"{', '.join(sorted((xs | ys | zs) & hidden))} is not observed")
    if xs & ys or xs & zs or ys & zs:
        raise ValueError("treatment, outcome and condition overlap")
    meter = _Meter(_STEPS)
    try:
        projection = _project(graph, hidden, meter)
        xs, zs = _conditions_to_actions(projection, xs, ys, zs, meter)
        return _is_effect_identified(projection, xs, ys | zs, meter)
    except _TooLargeError:
        return None


class _Meter:
    """Counts elementary steps, and stops a computation that takes too many."""

    def __init__(self, steps: int) -> None:
        self._left = steps

    def spend(self, steps: int) -> None:
        self._left -= steps
        if self._left < 0:
            raise _TooLargeError


def _project(graph: nx.DiGraph[str], latent: Collection[str] | None, meter: _Meter) -> Projection:
    hidden = latents(graph) if latent is None else frozenset(latent)
    reached: dict[str, frozenset[str]] = {}  # observed children, through latents alone
    for name in reversed(topological_order(graph)):
        found: set[str] = set()
        for child in graph.succ[name]:
            found |= reached[child] if child in hidden else {child}
            meter.spend(1 + (len(reached[child]) if child in hidden else 0))
        reached[name] = frozenset(found)
    parents: dict[str, set[str]] = {name: set() for name in graph if name not in hidden}
    for name in parents:
        for child in reached[name]:
            parents[child].add(name)
    groups = {reached[name]: None for name in graph if name in hidden and len(reached[name]) > 1}
    return Projection(
        parents={name: frozenset(above) for name, above in parents.items()},
        confounders=tuple(groups),
    )


def _conditions_to_actions(
    projection: Projection,
    xs: frozenset[str],
    ys: frozenset[str],
    zs: frozenset[str],
    meter: _Meter,
) -> tuple[frozenset[str], frozenset[str]]:
    """Turn seeing into doing while rule 2 of do-calculus allows it (IDC, line 1)."""
    graph = _as_dag(projection)
    changed = True
    while changed:
        changed = False
        for z in sorted(zs):
            meter.spend(len(graph) + graph.number_of_edges())
            cut = graph.copy()
            cut.remove_edges_from([e for e in graph.edges if e[1] in xs or e[0] == z])
            if nx.is_d_separator(cut, set(ys), {z}, set(xs | zs) - {z}):
                xs, zs, changed = xs | {z}, zs - {z}, True
                break
    return xs, zs


def _as_dag(projection: Projection) -> nx.DiGraph[str | int]:
    """Return a graph with one root, a number, for each confounder."""
    graph = nx.DiGraph()
    graph.add_nodes_from(projection.parents)
    graph.add_edges_from((t, h) for h, above in projection.parents.items() for t in above)
    for index, group in enumerate(projection.confounders):
        graph.add_edges_from((index, name) for name in group)
    return graph


def _is_effect_identified(
    projection: Projection, xs: frozenset[str], ys: frozenset[str], meter: _Meter
) -> bool:
    """Decide by districts: each district of what the effect needs must be computable."""
    everything = _ancestors(projection, ys, projection.parents.keys(), meter)  # ID, line 2
    needed = _ancestors(projection, ys, everything - xs, meter)  # ID, line 3
    home = {
        name: district
        for district in _districts(projection, everything, meter)
        for name in district
    }
    return all(
        _is_computable(projection, district, home[next(iter(district))], meter)
        for district in _districts(projection, needed, meter)
    )


def _is_computable(
    projection: Projection, wanted: frozenset[str], within: frozenset[str], meter: _Meter
) -> bool:
    """Return whether Q[wanted] follows from Q[within], two districts, the one inside the other.

    Either sum out what is no ancestor of `wanted` and go on in its district of the rest, or, when
    everything is an ancestor, `within` and `wanted` form a hedge (Huang and Valtorta 2006).
    """
    while True:
        above = _ancestors(projection, wanted, within, meter)
        if above == wanted:
            return True
        if above == within:
            return False
        start = next(iter(wanted))
        within = next(d for d in _districts(projection, above, meter) if start in d)


def _ancestors(
    projection: Projection, names: Iterable[str], within: Collection[str], meter: _Meter
) -> frozenset[str]:
    seen = set(names)
    stack = list(seen)
    while stack:
        above = projection.parents[stack.pop()]
        meter.spend(1 + len(above))
        fresh = [name for name in above if name in within and name not in seen]
        seen.update(fresh)
        stack.extend(fresh)
    return frozenset(seen)


def _districts(
    projection: Projection, within: frozenset[str], meter: _Meter
) -> list[frozenset[str]]:
    """Return the districts (c-components) of the graph restricted to `within`."""
    leader = {name: name for name in within}

    def find(name: str) -> str:
        while leader[name] != name:
            leader[name] = leader[leader[name]]
            name = leader[name]
        return name

    for group in projection.confounders:
        meter.spend(len(group))
        members = [name for name in group if name in within]
        for name in members[1:]:
            leader[find(name)] = find(members[0])
    districts: dict[str, set[str]] = {}
    for name in within:
        districts.setdefault(find(name), set()).add(name)
    return [frozenset(members) for members in districts.values()]
