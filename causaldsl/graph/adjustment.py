"""Which observed sets turn an effect into a formula: back door, front door, instruments.

Latents are the nodes with ``observed=False``; they are never part of a set that is returned.
Searches over sets are bounded: small sets are tried first, and beyond the bound one minimal set
is found by elimination, so an answer "there is none" is always exact for the back door.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import combinations, islice

import networkx as nx

from causaldsl.graph.dag import (
    Names,
    ancestors,
    descendants,
    in_node_order,
    latents,
    names_in,
    thaw,
)
from causaldsl.graph.separation import d_connected, d_separated
from causaldsl.graph.surgery import without_outgoing

NameSet = tuple[str, ...]

_TRIES = 2000  # sets tested before a search settles for elimination


def is_valid_adjustment(
    graph: nx.DiGraph[str], treatment: Names, outcome: Names, adjustment: Names
) -> bool:
    """Return whether adjusting for a set gives the effect of the treatment on the outcome.

    This is the complete criterion (Shpitser, VanderWeele and Robins 2010; Perkovic et al. 2018):
    no member descends from a proper causal path, and the set blocks every proper path that is
    not causal. It allows sets that the back-door criterion refuses.
    """
    xs, ys = names_in(graph, treatment), names_in(graph, outcome)
    zs = names_in(graph, adjustment)
    if xs & ys:
        raise ValueError("treatment and outcome overlap")
    if zs & (xs | ys | latents(graph)):
        return False
    causal = _on_proper_causal_paths(graph, xs, ys)
    if zs & descendants(graph, causal):
        return False
    return d_separated(_without_causal_starts(graph, xs, causal), xs, ys, zs)


def _on_proper_causal_paths(
    graph: nx.DiGraph[str], xs: frozenset[str], ys: frozenset[str]
) -> frozenset[str]:
    """Return the nodes, other than `xs`, on paths from `xs` to `ys` that meet `xs` only once."""
    rest = graph.subgraph(name for name in graph if name not in xs)
    starts = {child for x in xs for child in graph.succ[x] if child not in xs}
    return descendants(rest, starts) & ancestors(rest, ys)


def _without_causal_starts(
    graph: nx.DiGraph[str], xs: frozenset[str], causal: frozenset[str]
) -> nx.DiGraph[str]:
    """Return the proper back-door graph: the first arrow of each proper causal path removed."""
    result = thaw(graph)
    result.remove_edges_from([(t, h) for t, h in graph.edges if t in xs and h in causal])
    return result


def back_door_sets(
    graph: nx.DiGraph[str], treatment: Names, outcome: Names, limit: int = 20
) -> tuple[NameSet, ...]:
    """Return minimal sets that satisfy the back-door criterion, smallest first.

    The empty set alone means that nothing confounds; no set at all means that no back-door
    adjustment exists. Members stand in node order. For several treatments the sets block every
    proper back-door path and hold no descendant of a treatment.
    """
    xs, ys = names_in(graph, treatment), names_in(graph, outcome)
    if xs & ys:
        raise ValueError("treatment and outcome overlap")
    cut = _without_causal_starts(graph, xs, _on_proper_causal_paths(graph, xs, ys))
    # A minimal separator consists of ancestors of what it separates.
    allowed = ancestors(cut, xs | ys) - xs - ys - latents(graph) - descendants(graph, xs)
    candidates = in_node_order(graph, allowed)

    def blocks(zs: NameSet) -> bool:
        return d_separated(cut, xs, ys, zs)

    if not blocks(candidates):
        return ()
    return tuple(islice(_minimal_sets(candidates, blocks), limit))


def _minimal_sets(candidates: NameSet, is_enough: Callable[[NameSet], bool]) -> Iterator[NameSet]:
    """Yield minimal sets that are enough, smallest first, given that all candidates are."""
    found: list[frozenset[str]] = []
    tries = 0
    for size in range(len(candidates) + 1):
        for chosen in combinations(candidates, size):
            if tries >= _TRIES:
                if not found:
                    yield _eliminate(candidates, is_enough)
                return
            if any(smaller <= frozenset(chosen) for smaller in found):
                continue
            tries += 1
            if is_enough(chosen):
                found.append(frozenset(chosen))
                yield chosen


def _eliminate(candidates: NameSet, is_enough: Callable[[NameSet], bool]) -> NameSet:
    kept = list(candidates)
    for name in candidates:
        fewer = [other for other in kept if other != name]
        if is_enough(tuple(fewer)):
            kept = fewer
    return tuple(kept)


def front_door(graph: nx.DiGraph[str], treatment: str, outcome: str) -> NameSet | None:
    """Return a smallest set that satisfies the front-door criterion, or None (Pearl 2009, 3.3.3).

    The set meets every directed path from treatment to outcome, nothing confounds treatment and
    set, and the treatment blocks every back-door path from the set to the outcome. ``None`` also
    stands for "none among the sets tried", of which there are at most two thousand.
    """
    names_in(graph, (treatment, outcome))
    confounded = d_connected(without_outgoing(graph, treatment), [treatment])
    hidden = latents(graph)
    allowed = ancestors(graph, outcome) - confounded - hidden - {treatment, outcome}
    mediators = descendants(graph, treatment)
    candidates = sorted(in_node_order(graph, allowed), key=lambda name: name not in mediators)
    for chosen in islice(_by_size(candidates), _TRIES):
        if _meets_every_path(graph, treatment, outcome, chosen) and d_separated(
            without_outgoing(graph, chosen), chosen, outcome, treatment
        ):
            return in_node_order(graph, chosen)
    return None


def _by_size(candidates: Sequence[str]) -> Iterator[NameSet]:
    for size in range(1, len(candidates) + 1):
        yield from combinations(candidates, size)


def _meets_every_path(
    graph: nx.DiGraph[str], treatment: str, outcome: str, chosen: NameSet
) -> bool:
    rest = graph.subgraph(name for name in graph if name not in chosen)
    return treatment not in ancestors(rest, outcome)


def instruments(
    graph: nx.DiGraph[str], treatment: str, outcome: str
) -> tuple[tuple[str, NameSet], ...]:
    """Return instruments, each with the covariates to condition on (often none).

    ``Z`` given ``W`` is an instrument when it is d-connected to the treatment given ``W``, and
    d-separated from the outcome given ``W`` once the treatment's outgoing arrows are cut; ``W``
    holds no descendant of treatment or outcome (Brito and Pearl 2002). One ``W`` is given for
    each ``Z``: the empty set where it will do, else a minimal one.
    """
    names_in(graph, (treatment, outcome))
    cut = without_outgoing(graph, treatment)
    after = descendants(graph, (treatment, outcome))
    usable = in_node_order(graph, graph.nodes - after - latents(graph))
    found: list[tuple[str, NameSet]] = []
    for name in usable:
        given = _separator(cut, name, outcome, usable)
        if given is not None and not d_separated(graph, name, treatment, given):
            found.append((name, given))
    return tuple(found)


def _separator(graph: nx.DiGraph[str], name: str, other: str, usable: NameSet) -> NameSet | None:
    if d_separated(graph, name, other):
        return ()
    near = ancestors(graph, (name, other))
    candidates = tuple(z for z in usable if z in near and z != name)

    def separates(zs: NameSet) -> bool:
        return d_separated(graph, name, other, zs)

    return _eliminate(candidates, separates) if separates(candidates) else None
