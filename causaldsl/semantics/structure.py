"""Groups, arrows and the graph: each arrow once, no cycles, a latent for each ``A <-> B``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

import networkx as nx

from causaldsl.graph.dag import find_cycles, topological_order
from causaldsl.semantics import domain_errors, name_errors, structure_errors
from causaldsl.semantics.scope import DeclaredVariable, Findings, Names
from causaldsl.source import Span
from causaldsl.syntax import nodes
from causaldsl.vocabulary.domains import Real
from causaldsl.vocabulary.roles import Role

MAX_ARROWS = 500_000
MAX_NESTED_GROUPS = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Structure:
    """The arrows of a model.

    `variables` includes the stand-ins; `arrows` gives each arrow's place; `parents` are in the
    order of the arrows; `order` is topological unless the arrows lead in a circle.
    """

    variables: Mapping[str, DeclaredVariable]
    arrows: Mapping[tuple[str, str], Span]
    parents: Mapping[str, tuple[str, ...]]
    graph: nx.DiGraph[str]
    is_acyclic: bool
    order: tuple[str, ...]


def check_groups(
    names: Names, variables: Mapping[str, DeclaredVariable], findings: Findings
) -> dict[str, tuple[str, ...]]:
    """Return the members of each group; a group of groups gives all their members."""
    statements = {
        s.name.name: s
        for s in names.of(nodes.GroupDeclaration)
        if names.symbols[s.name.name].span == s.name.span
    }
    groups: dict[str, tuple[str, ...]] = {}
    for name in statements:
        _expand_group(name, statements, groups, (), names, variables, findings)
    return groups


def _expand_group(
    name: str,
    statements: Mapping[str, nodes.GroupDeclaration],
    groups: dict[str, tuple[str, ...]],
    above: tuple[str, ...],
    names: Names,
    variables: Mapping[str, DeclaredVariable],
    findings: Findings,
) -> tuple[str, ...]:
    if name in groups:
        return groups[name]
    members: list[str] = []
    for member in statements[name].members:
        if member.name in (*above, name):
            findings.add(structure_errors.group_in_itself(member.name, member.span), name)
            continue
        if member.name in statements and len(above) < MAX_NESTED_GROUPS:
            inner = _expand_group(
                member.name, statements, groups, (*above, name), names, variables, findings
            )
        else:
            inner = tuple(expand((member,), names, variables, {}, findings))
        for found in inner:
            if found in members:
                findings.add(structure_errors.member_twice(found, name, member.span))
            else:
                members.append(found)
    groups[name] = tuple(members)
    return groups[name]


def expand(
    listed: tuple[nodes.Name, ...],
    names: Names,
    variables: Mapping[str, DeclaredVariable],
    groups: Mapping[str, tuple[str, ...]],
    findings: Findings,
) -> Iterator[str]:
    """Yield the variables that a list of names stands for, reporting names of other things."""
    for name in listed:
        if name.name in groups:
            yield from groups[name.name]
        elif name.name in variables:
            yield name.name
        else:
            report_no_variable(name, names, variables, groups, findings)


def report_no_variable(
    name: nodes.Name,
    names: Names,
    variables: Mapping[str, DeclaredVariable],
    groups: Mapping[str, tuple[str, ...]],
    findings: Findings,
) -> None:
    """Report a name that stands where a variable or group is needed and is neither."""
    symbol = names.symbols.get(name.name)
    if name.name in findings.reported:
        return
    if symbol is not None and symbol.kind in ("param", "parameter"):
        expected = "a variable or a group"
        findings.add(
            name_errors.wrong_kind(name.name, symbol.kind, expected, name.span, symbol.span)
        )
    elif symbol is None:
        candidates: dict[str, Span | None] = {}
        if findings.is_suggesting:
            candidates |= {n: v.span for n, v in variables.items()}
            candidates |= {n: names.symbols[n].span for n in groups}
        finding = name_errors.unknown_name(
            name.name, "a variable or a group", name.span, candidates
        )
        findings.add(finding, name.name)


def check_structure(
    names: Names,
    variables: Mapping[str, DeclaredVariable],
    groups: Mapping[str, tuple[str, ...]],
    findings: Findings,
) -> Structure:
    """Return the graph of a model, with a latent for each ``A <-> B``."""
    everything = dict(variables)
    arrows: dict[tuple[str, str], Span] = {}
    common: dict[frozenset[str], Span] = {}
    for statement in names.of(nodes.Arrows):
        for tail, head in _pairs(statement, names, variables, groups, findings):
            if tail[0] == head[0]:
                findings.add(structure_errors.self_arrow(tail[0], head[1]))
            elif statement.bidirected:
                _add_stand_in(tail, head, everything, arrows, common, findings)
            elif len(arrows) >= MAX_ARROWS:
                what, found = "the number of arrows", len(arrows) + 1
                finding = domain_errors.beyond_limit(what, found, MAX_ARROWS, head[1])
                findings.add(finding)
                break
            elif (tail[0], head[0]) in arrows:
                span = _arrow_span(tail, head)
                first = arrows[tail[0], head[0]]
                findings.add(structure_errors.arrow_twice(tail[0], head[0], span, first))
            else:
                arrows[tail[0], head[0]] = _arrow_span(tail, head)
    parents: dict[str, list[str]] = {name: [] for name in everything}
    for tail_name, head_name in arrows:
        parents[head_name].append(tail_name)
    graph = _graph(everything, arrows, groups)
    is_acyclic = _check_acyclic(graph, arrows, findings)
    return Structure(
        variables=everything,
        arrows=arrows,
        parents={name: tuple(above) for name, above in parents.items()},
        graph=graph,
        is_acyclic=is_acyclic,
        order=topological_order(graph) if is_acyclic else tuple(everything),
    )


Stop = tuple[str, Span]


def _arrow_span(tail: Stop, head: Stop) -> Span:
    """Return the head's place where a list of tails has one arrow, as in ``A, B -> C``."""
    del tail
    return head[1]


def _pairs(
    statement: nodes.Arrows,
    names: Names,
    variables: Mapping[str, DeclaredVariable],
    groups: Mapping[str, tuple[str, ...]],
    findings: Findings,
) -> Iterator[tuple[Stop, Stop]]:
    stops: list[list[Stop]] = []
    for stop in statement.stops:
        expanded: list[Stop] = []
        for name in stop:
            members = expand((name,), names, variables, groups, findings)
            expanded += [(member, name.span) for member in members]
        stops.append(expanded)
    for tails, heads in pairwise(stops):
        for tail in tails:
            for head in heads:
                yield tail, head


def _add_stand_in(
    tail: Stop,
    head: Stop,
    variables: dict[str, DeclaredVariable],
    arrows: dict[tuple[str, str], Span],
    common: dict[frozenset[str], Span],
    findings: Findings,
) -> None:
    """Add the latent that stands for an unmeasured common cause, named ``A__B``."""
    ends = frozenset((tail[0], head[0]))
    if ends in common:
        finding = structure_errors.arrow_twice(tail[0], head[0], head[1], common[ends], "<->")
        findings.add(finding)
        return
    common[ends] = head[1]
    name = f"{tail[0]}__{head[0]}"
    variables[name] = DeclaredVariable(
        name=name,
        role=Role.LATENT,
        domain=Real(),
        size=None,
        binding=None,
        missing="error",
        label=f"unmeasured cause of {tail[0]} and {head[0]}",
        order=len(variables),
        span=tail[1].to(head[1]),
        stand_in=True,
    )
    arrows[name, tail[0]] = tail[1]
    arrows[name, head[0]] = head[1]


def _graph(
    variables: Mapping[str, DeclaredVariable],
    arrows: Mapping[tuple[str, str], Span],
    groups: Mapping[str, tuple[str, ...]],
) -> nx.DiGraph[str]:
    graph: nx.DiGraph[str] = nx.DiGraph()
    for name, variable in variables.items():
        within = tuple(g for g, members in groups.items() if name in members)
        graph.add_node(name, **node_attributes(variable, within))
    graph.add_edges_from(arrows)
    return nx.freeze(graph)


def _check_acyclic(
    graph: nx.DiGraph[str], arrows: Mapping[tuple[str, str], Span], findings: Findings
) -> bool:
    cycles = find_cycles(graph)
    for found in cycles:
        spans = [arrows[pair] for pair in pairwise(found)]
        findings.add(structure_errors.cycle(found, spans))
    return not cycles


def node_attributes(variable: DeclaredVariable, groups: tuple[str, ...]) -> dict[str, object]:
    """Return what the graph knows of a variable, with the groups that it is a member of."""
    return {
        "role": variable.role.value,
        "observed": variable.role.is_observed,
        "label": variable.label,
        "domain": str(variable.domain),
        "size": variable.size,
        "groups": groups,
        "stand_in": variable.stand_in,
    }
