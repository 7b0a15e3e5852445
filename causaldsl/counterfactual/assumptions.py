"""What a counterfactual rests on beside the data: couplings, whose posterior, fixed numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeVar

import networkx as nx

from causaldsl.counterfactual.action import Intervention, Policy
from causaldsl.engines.choose import Objective
from causaldsl.semantics.model import Scm, Structural
from causaldsl.syntax import nodes

_Kind = TypeVar("_Kind", bound=nodes.Node)


def is_pure_elbo(scm: Scm) -> bool:
    """Whether a model is trained by ``elbo()`` alone, without settings or other terms."""
    return all(
        isinstance(loss.value, nodes.Call) and loss.value.name == "elbo" and not loss.value.settings
        for loss in scm.losses
    )


def couplings_of(scm: Scm, names: frozenset[str]) -> dict[str, str]:
    """Return how each of some variables shares its noise across worlds."""
    return {
        name: "none: it follows from its parents"
        if isinstance(variable.mechanism, Structural)
        else variable.coupling
        for name, variable in scm.variables.items()
        if name in names
    }


def assumptions_of(
    scm: Scm,
    intervention: Intervention,
    objective: Objective,
    reached: frozenset[str],
    engines: Mapping[str, str],
) -> tuple[str, ...]:
    """Return what the numbers rest on, a sentence each."""
    said = _coupling_sentences(scm, reached)
    said.append(
        "Parameters are held at their fitted or given values: V_sd is abduction noise alone."
    )
    if engines:
        said.append("Latent variables and their mechanisms are taken as the model states them.")
        whose = _OBJECTIVE[objective]
        said.append(f"{', '.join(f'`{n}`' for n in engines)}: {whose}.")
    if any(isinstance(s, Policy) for s in intervention.settings):
        said.append("A policy's draws are independent of everything else in the row.")
    return tuple(said)


def assumptions_of_query(scm: Scm, expression: nodes.Expression) -> tuple[str, ...]:
    """Return what a query's value rests on, a sentence each.

    A mean over one world, with no fact from another, is interventional and needs no coupling.
    """
    mixed = [e for e in _inside(expression, nodes.Expectation) if _mixes_worlds(e)]
    targets = {a.target.name for e in mixed for a in _inside(e, nodes.Assignment)}
    reached = frozenset().union(*(nx.descendants(scm.graph, t) for t in targets))
    return (
        *_coupling_sentences(scm, reached),
        "Parameters are held at their fitted or given values: the interval is Monte Carlo error "
        "alone.",
        "Latent variables and their mechanisms are taken as the model states them.",
    )


def _mixes_worlds(expectation: nodes.Expectation) -> bool:
    """Whether an E, P or Q speaks of a row in more than one world."""
    worlds = list(_inside(expectation, nodes.World))
    within = {id(name) for world in worlds for name in _inside(world, nodes.Name)}
    outside = [n for n in _inside(expectation, nodes.Name) if id(n) not in within]
    kinds = {tuple((a.target.name, a.value) for a in world.assignments) for world in worlds}
    return bool(worlds) and (len(kinds) > 1 or bool(outside))


def _inside(node: object, kind: type[_Kind]) -> Iterator[_Kind]:
    """Yield the nodes of one kind, from the outside in."""
    if isinstance(node, tuple):
        for item in node:
            yield from _inside(item, kind)
    elif isinstance(node, nodes.Node):
        if isinstance(node, kind):
            yield node
        for name in node.__dataclass_fields__:
            if name != "span":
                yield from _inside(getattr(node, name), kind)


def _coupling_sentences(scm: Scm, reached: frozenset[str]) -> list[str]:
    by_word: dict[str, list[str]] = {}
    for name, word in couplings_of(scm, reached).items():
        by_word.setdefault(word, []).append(f"`{name}`")
    said = [
        f"{', '.join(names)}: {_COUPLING[word]}."
        for word, names in by_word.items()
        if word in _COUPLING
    ]
    if said:
        said.insert(0, "How noise is shared across worlds is an assumption that no data identify.")
    return said


_COUPLING = {
    "additive": "the standardised residual is the same in every world (additive coupling)",
    "quantile": "the quantile is the same in every world (quantile coupling)",
    "gumbel": "each level's Gumbel noise is the same in every world (Gumbel-max coupling)",
    "independent": "noise is drawn anew where a parent changes (independent coupling)",
}
_OBJECTIVE = {
    "posterior": "draws of the model's posterior given the evidence",
    "encoder": "draws of the encoder as trained, which is not the model's posterior",
}
