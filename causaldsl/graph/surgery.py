"""New graphs from a graph: what an intervention leaves, and two worlds side by side."""

from __future__ import annotations

import networkx as nx

from causaldsl.graph.dag import Names, descendants, in_node_order, latents, names_in, thaw

NOISE_SUFFIX = "__noise"
COUNTERFACTUAL_SUFFIX = "*"


def mutilated(graph: nx.DiGraph[str], targets: Names) -> nx.DiGraph[str]:
    """Return the graph under ``do(targets)``: no arrow enters a target.

    Targets have the node attribute ``intervened=True``.
    """
    chosen = names_in(graph, targets)
    result = thaw(graph)
    result.remove_edges_from([(t, h) for t, h in graph.edges if h in chosen])
    for name in chosen:
        result.nodes[name]["intervened"] = True
    return nx.freeze(result)


def without_outgoing(graph: nx.DiGraph[str], names: Names) -> nx.DiGraph[str]:
    """Return the graph without the arrows that leave the named nodes."""
    chosen = names_in(graph, names)
    result = thaw(graph)
    result.remove_edges_from([(t, h) for t, h in graph.edges if t in chosen])
    return nx.freeze(result)


def twin(
    graph: nx.DiGraph[str], targets: Names, *, noise: bool = True, merge: bool = True
) -> nx.DiGraph[str]:
    """Return the twin network of ``do(targets)``: facts and counterfactuals in one graph.

    A variable that the intervention can change appears twice, as ``V`` and ``V*``, and both
    copies read the same noise ``V__noise`` (left out with ``noise=False``; d-separation between
    the worlds needs it). Unobserved roots are shared. So is, with `merge`, everything else that
    does not descend from a target, whose two copies would be equal (Balke and Pearl 1994;
    Shpitser and Pearl 2007).

    Node attributes added: ``world`` (``factual``, ``counterfactual`` or ``shared``),
    ``variable`` (the original name), and ``intervened=True`` on the targets' second copies.
    """
    chosen = names_in(graph, targets)
    split = descendants(graph, chosen) if merge else _all_but_unobserved_roots(graph) | chosen
    result = nx.DiGraph()
    result.graph.update(graph.graph)
    for name, data in graph.nodes(data=True):
        world = "factual" if name in split else "shared"
        result.add_node(name, **(dict(data) | {"world": world, "variable": name}))
    for name in in_node_order(graph, split):
        marks: dict[str, object] = {"world": "counterfactual", "variable": name}
        if name in chosen:
            marks["intervened"] = True
        result.add_node(name + COUNTERFACTUAL_SUFFIX, **(dict(graph.nodes[name]) | marks))
    result.add_edges_from(graph.edges)
    for tail, head in graph.edges:
        if head in split and head not in chosen:
            copy = tail + COUNTERFACTUAL_SUFFIX if tail in split else tail
            result.add_edge(copy, head + COUNTERFACTUAL_SUFFIX)
    if noise:
        # A target needs none: its second copy is set by hand, so its noise is its own.
        _add_noise(result, in_node_order(graph, split - chosen))
    return nx.freeze(result)


def _all_but_unobserved_roots(graph: nx.DiGraph[str]) -> frozenset[str]:
    hidden = latents(graph)
    return frozenset(n for n in graph if not (n in hidden and graph.in_degree(n) == 0))


def _add_noise(graph: nx.DiGraph[str], names: tuple[str, ...]) -> None:
    for name in names:
        noise = name + NOISE_SUFFIX
        graph.add_node(
            noise, role="noise", observed=False, label=None, world="shared", variable=name
        )
        graph.add_edge(noise, name)
        graph.add_edge(noise, name + COUNTERFACTUAL_SUFFIX)
