"""Solves ``v = f(e, ...)`` for the latent `e` that enters once, step by step from the root."""

from __future__ import annotations

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
