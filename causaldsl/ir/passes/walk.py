"""Walks IR expressions: which variables and parameters they read."""

from __future__ import annotations

from collections.abc import Iterator

from causaldsl.ir import nodes as ir


def children_of(node: ir.Ir) -> tuple[ir.Ir, ...]:
    """Return the expressions directly inside an expression."""
    match node:
        case ir.Op(_, left, right):
            return (left, right)
        case ir.Neg(value) | ir.Rescale(_, value):
            return (value,)
        case ir.Fn(_, inputs) | ir.Vector(inputs):
            return inputs
        case ir.Linear(terms):
            return tuple(t.value for t in terms)
        case ir.At(table) | ir.Pick(table):
            return (table,)
        case ir.Head(net):
            return tuple(inputs_of(net))
        case ir.Spread(_, value) | ir.Cells(value):
            return (value,)
        case _:
            return ()


def inputs_of(net: ir.Net) -> Iterator[ir.Ir]:
    """Yield the expressions that a network and its trunks read."""
    for given in net.inputs:
        if isinstance(given.value, ir.Net):
            yield from inputs_of(given.value)
        elif not given.drawn:
            yield given.value
    if net.by is not None and not net.by_drawn:
        yield ir.Code(net.by)


def networks_of(node: ir.Ir) -> Iterator[ir.Net]:
    """Yield the networks of an expression, trunks before what reads them."""
    for here in walk(node):
        if isinstance(here, ir.Head):
            yield from _with_trunks(here.net)


def _with_trunks(net: ir.Net) -> Iterator[ir.Net]:
    for given in net.inputs:
        if isinstance(given.value, ir.Net):
            yield from _with_trunks(given.value)
    yield net


def walk(node: ir.Ir) -> Iterator[ir.Ir]:
    """Yield an expression and everything inside it."""
    todo = [node]
    while todo:
        here = todo.pop()
        yield here
        todo.extend(reversed(children_of(here)))


def variables_of(node: ir.Ir) -> set[str]:
    """Return the names of the variables an expression reads."""
    found: set[str] = set()
    for here in walk(node):
        match here:
            case ir.Var(name) | ir.Code(name):
                found.add(name)
            case ir.At(_, by):
                found |= {name for name in by if isinstance(name, str)}
            case _:
                pass
    return found


def params_of(node: ir.Ir) -> set[str]:
    """Return the names of the parameters an expression reads."""
    found: set[str] = set()
    for here in walk(node):
        match here:
            case ir.Par(name):
                found.add(name)
            case ir.Linear(terms, intercept):
                found |= {t.weight for t in terms}
                if intercept is not None:
                    found.add(intercept)
            case _:
                pass
    return found
