"""Solves ``v = f(e, ...)`` for the latent `e` that enters once, step by step from the root."""

from __future__ import annotations

from dataclasses import replace

import networkx as nx

from causaldsl.ir import nodes as ir

_UNDO = {"exp": "log", "log": "exp"}


def mentions(node: ir.Ir, latent: str) -> bool:
    """Whether an expression reads a variable."""
    match node:
        case ir.Var(name) | ir.Code(name):
            return name == latent
        case ir.Op(_, left, right):
            return mentions(left, latent) or mentions(right, latent)
        case ir.Neg(value) | ir.Rescale(_, value):
            return mentions(value, latent)
        case ir.Fn(_, inputs) | ir.Vector(inputs):
            return any(mentions(i, latent) for i in inputs)
        case ir.Linear(terms):
            return any(mentions(t.value, latent) for t in terms)
        case ir.At(_, by):
            return latent in by
        case _:
            return False


def invert(expression: ir.Ir, latent: str, value: ir.Ir) -> ir.Ir | None:
    """Return the latent as an expression of `value` and the other parents, or None."""
    match expression:
        case ir.Var(name) if name == latent:
            return value
        case ir.Neg(inner):
            return invert(inner, latent, ir.Neg(value))
        case ir.Op(op, left, right):
            return _invert_op(op, left, right, latent, value)
        case ir.Fn(name, (inner,)) if name in _UNDO:
            return invert(inner, latent, ir.Fn(_UNDO[name], (value,)))
        case ir.Fn("sqrt", (inner,)):
            return invert(inner, latent, ir.Op("^", value, ir.Num(2.0)))
        case ir.Fn("sigmoid", (inner,)):
            odds = ir.Op("/", value, ir.Op("-", ir.Num(1.0), value))
            return invert(inner, latent, ir.Fn("log", (odds,)))
        case ir.Rescale():
            return None
        case _:
            return None


def _invert_op(op: str, left: ir.Ir, right: ir.Ir, latent: str, value: ir.Ir) -> ir.Ir | None:
    on_left = mentions(left, latent)
    if on_left and mentions(right, latent):
        return None
    inside, other = (left, right) if on_left else (right, left)
    match op, on_left:
        case "+", _:
            return invert(inside, latent, ir.Op("-", value, other))
        case "-", True:
            return invert(inside, latent, ir.Op("+", value, other))
        case "-", False:
            return invert(inside, latent, ir.Op("-", other, value))
        case "*", _:
            return invert(inside, latent, ir.Op("/", value, other))
        case "/", True:
            return invert(inside, latent, ir.Op("*", value, other))
        case "/", False:
            return invert(inside, latent, ir.Op("/", other, value))
        case _:
            return None


def place_inverses(mechanisms: tuple[ir.MechanismIR, ...]) -> tuple[ir.MechanismIR, ...]:
    """Order mechanisms so that each determined latent can be solved for before it is read.

    ``V := f(e, ...)`` gives `e` once V and V's other parents are known, so these come before `e`
    and everything else that reads `e` comes after V. Where that closes a circle, or a second
    equation claims the same latent, the equation keeps no inverse.
    """
    order = {m.target: k for k, m in enumerate(mechanisms)}
    graph = nx.DiGraph()
    graph.add_nodes_from(order)
    graph.add_edges_from((q, m.target) for m in mechanisms for q in m.parents)
    kept: list[ir.MechanismIR] = []
    claimed: set[str] = set()
    for m in mechanisms:
        latent = m.inverse.latent if m.inverse else None
        if latent is None:
            kept.append(m)
            continue
        needed = [(q, latent) for q in m.parents if q != latent]
        needed += [(m.target, c) for c in graph.successors(latent) if c != m.target]
        trial = graph.copy()
        trial.add_edges_from(needed)
        if latent in claimed or not nx.is_directed_acyclic_graph(trial):
            kept.append(replace(m, inverse=None, abduction=ir.Abduction.NONE))
            continue
        claimed.add(latent)
        graph = trial
        kept.append(m)
    by_name = {m.target: m for m in kept}
    if not claimed:
        return tuple(kept)
    sequence = nx.lexicographical_topological_sort(graph, key=order.__getitem__)
    return tuple(by_name[v] for v in sequence)
