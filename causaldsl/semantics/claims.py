"""`assert` lines, proved or refuted on the graph."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from itertools import pairwise

import networkx as nx

from causaldsl.graph.dag import ancestors
from causaldsl.graph.paths import has_path
from causaldsl.graph.separation import d_separated
from causaldsl.semantics import mechanism_errors, name_errors, query_errors
from causaldsl.semantics.estimands import is_query_identified
from causaldsl.semantics.model import ClaimResult, Query
from causaldsl.semantics.scope import Scope
from causaldsl.semantics.structure import Structure, expand
from causaldsl.source import Span
from causaldsl.syntax import nodes

Verdict = tuple[bool | None, str]

_COUNTS = {"independent": (2, 2), "path": (2, 2), "arrow": (2, 2), "identified": (1, 1)}


def check_claims(
    scope: Scope, structure: Structure, queries: tuple[Query, ...]
) -> tuple[ClaimResult, ...]:
    """Return what the graph says of each `assert`, reporting what it does not prove."""
    results: list[ClaimResult] = []
    for statement in scope.names.of(nodes.Assert):
        verdict = _verdict(statement.claim, scope, structure, queries)
        holds = None if verdict is None else _report(statement, verdict, scope)
        results.append(
            ClaimResult(
                claim=statement.claim,
                negated=statement.negated,
                holds=holds,
                span=statement.span,
            )
        )
    return tuple(results)


def _report(statement: nodes.Assert, verdict: Verdict, scope: Scope) -> bool | None:
    is_true, reason = verdict
    text = " ".join(statement.claim.span.text.split())
    shown = f"not {text}" if statement.negated else text
    if is_true is None:
        scope.findings.add(query_errors.undecided(shown, reason, statement.claim.span))
        return None
    holds = is_true is not statement.negated
    if not holds:
        scope.findings.add(query_errors.refuted(shown, reason, statement.claim.span))
    return holds


def _verdict(
    claim: nodes.Claim, scope: Scope, structure: Structure, queries: tuple[Query, ...]
) -> Verdict | None:
    """Return whether a claim holds, with the reason; None where something was reported."""
    least, most = _COUNTS[claim.kind]
    if len(claim.arguments) != least:
        count = len(claim.arguments)
        finding = mechanism_errors.wrong_count(claim.kind, count, least, most, claim.span)
        scope.findings.add(finding)
        return None
    if claim.kind == "identified":
        return _identified(claim, scope, structure, queries)
    before = len(scope.findings.diagnostics)
    sides = [_variables(names, scope) for names in claim.arguments]
    given = _variables(claim.given, scope)
    _check_disjoint((*claim.arguments, claim.given), scope)
    if len(scope.findings.diagnostics) > before or not structure.is_acyclic:
        return None
    if not all(sides):
        return None  # a name that was reported elsewhere
    left, right = sides
    if claim.kind == "independent":
        return _independent(left, right, given, structure)
    if claim.kind == "path":
        return _path(left, right, structure)
    return _arrow(left, right, structure)


def _variables(names: tuple[nodes.Name, ...], scope: Scope) -> tuple[str, ...]:
    return tuple(expand(names, scope.names, scope.variables, scope.groups, scope.findings))


def _check_disjoint(sides: Iterable[tuple[nodes.Name, ...]], scope: Scope) -> None:
    seen: set[str] = set()
    for side in sides:
        for name in side:
            for member in scope.members(name.name):
                if member in seen:
                    scope.findings.add(query_errors.overlapping(member, name.span))
                seen.add(member)


# --- paths and arrows -----------------------------------------------------------------------


def _arrow(left: tuple[str, ...], right: tuple[str, ...], structure: Structure) -> Verdict:
    missing = [(a, b) for a in left for b in right if (a, b) not in structure.arrows]
    if missing:
        tail, head = missing[0]
        return False, f"no arrow leads from `{tail}` to `{head}`"
    return True, f"the arrow `{left[0]} -> {right[0]}` is drawn"


def _path(left: tuple[str, ...], right: tuple[str, ...], structure: Structure) -> Verdict:
    graph = structure.graph
    for tail in left:
        for head in right:
            if not has_path(graph, tail, head):
                return False, f"no directed path leads from `{tail}` to `{head}`"
    shown = " -> ".join(nx.shortest_path(graph, left[0], right[0]))
    return True, f"there is the path `{shown}`"


# --- independence ---------------------------------------------------------------------------


def _independent(
    left: tuple[str, ...], right: tuple[str, ...], given: tuple[str, ...], structure: Structure
) -> Verdict:
    if d_separated(structure.graph, left, right, given):
        return True, "every path is blocked"
    shown = open_path(structure.graph, left, right, given)
    return False, f"the path `{shown}` is open"


def open_path(
    graph: nx.DiGraph[str], left: Iterable[str], right: Iterable[str], given: Iterable[str]
) -> str:
    """Return a shortest open path between two sets as text, such as ``A <- C -> B``.

    A search over names and the direction of arrival (the Bayes ball), keeping where each step
    came from.
    """
    known, targets = frozenset(given), frozenset(right)
    opens = ancestors(graph, known)
    start = [(name, True) for name in left]
    came: dict[tuple[str, bool], tuple[str, bool] | None] = dict.fromkeys(start)
    queue = deque(start)
    while queue:
        step = queue.popleft()
        name, going_up = step
        if name in targets and came[step] is not None:
            return _spell(step, came, graph)
        for move in _moves(graph, name, going_up=going_up, known=known, opens=opens):
            if move not in came:
                came[move] = step
                queue.append(move)
    return " ... ".join(sorted(targets))


def _moves(
    graph: nx.DiGraph[str],
    name: str,
    *,
    going_up: bool,
    known: frozenset[str],
    opens: frozenset[str],
) -> list[tuple[str, bool]]:
    moves: list[tuple[str, bool]] = []
    if name not in known:
        moves += [(child, False) for child in graph.succ[name]]
    if (name not in known) if going_up else (name in opens):
        moves += [(parent, True) for parent in graph.pred[name]]
    return moves


def _spell(
    end: tuple[str, bool],
    came: dict[tuple[str, bool], tuple[str, bool] | None],
    graph: nx.DiGraph[str],
) -> str:
    steps: list[str] = [end[0]]
    before = came[end]
    while before is not None:
        steps.append(before[0])
        before = came[before]
    steps.reverse()
    text = steps[0]
    for tail, head in pairwise(steps):
        text += f" {'->' if graph.has_edge(tail, head) else '<-'} {head}"
    return text


# --- identification -------------------------------------------------------------------------


def _identified(
    claim: nodes.Claim, scope: Scope, structure: Structure, queries: tuple[Query, ...]
) -> Verdict | None:
    names = claim.arguments[0]
    known = {query.name: query for query in queries}
    if len(names) != 1:
        finding = mechanism_errors.wrong_count("identified", len(names), 1, 1, claim.span)
        scope.findings.add(finding)
        return None
    name = names[0]
    if any(s.name.name == name.name for s in scope.names.of(nodes.QueryStatement)):
        if name.name not in known:
            return None  # a query that was refused
    elif name.name not in known:
        spans: dict[str, Span | None] = {q.name: q.span for q in queries}
        scope.findings.add(name_errors.unknown_name(name.name, "a query", name.span, spans))
        return None
    if not structure.is_acyclic:
        return None
    return is_query_identified(known[name.name].value, scope, structure)
