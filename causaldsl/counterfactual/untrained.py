"""Answers that would be made of starting weights: mechanisms that no row has taught.

`elbo(weights={V: 0})` conditions on V, which is read and never explained. Where an answer has to
draw V, or to compute it in another world, there is nothing to do it by.
"""

from __future__ import annotations

from collections.abc import Iterable

import networkx as nx

from causaldsl.counterfactual import findings
from causaldsl.diagnostics.model import CounterfactualError
from causaldsl.ir.conditioning import untrained
from causaldsl.semantics.model import Scm


def check_trained(scm: Scm, computed: Iterable[str]) -> None:
    """Refuse an answer that computes or draws a variable by a mechanism that no row has taught.

    Raises
    ------
    CounterfactualError
        CD750, at each such mechanism.
    """
    names = untrained(scm) & set(computed)
    found = [
        findings.untrained_mechanism(name, variable.mechanism_span)
        for name, variable in scm.variables.items()
        if name in names
    ]
    if found:
        raise CounterfactualError(found)


def drawn_for(scm: Scm, name: str, set_: Iterable[str] = ()) -> frozenset[str]:
    """Return what has to be drawn for a variable's value where some others are set."""
    held = set(set_)
    graph = scm.graph.copy()
    graph.remove_edges_from([edge for t in held for edge in list(scm.graph.in_edges(t))])
    return frozenset({name, *nx.ancestors(graph, name)} - held)
