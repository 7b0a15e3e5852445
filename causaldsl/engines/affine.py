"""Whether an expression is affine in some variables, read off the syntax.

Conservative: what is not recognised counts as `Degree.OTHER`, a network with hidden layers too.
"""

from __future__ import annotations

from collections.abc import Collection
from enum import IntEnum

from causaldsl.syntax import nodes


class Degree(IntEnum):
    """How an expression depends on the variables asked about."""

    CONSTANT = 0
    AFFINE = 1
    OTHER = 2


def degree(expression: nodes.Expression, of: Collection[str]) -> Degree:
    """Return how `expression` depends on the variables `of`."""
    match expression:
        case nodes.Name(name=name):
            return Degree.AFFINE if name in of else Degree.CONSTANT
        case nodes.Number() | nodes.Text():
            return Degree.CONSTANT
        case nodes.Unary(operand=operand):
            return degree(operand, of)
        case nodes.Binary(op=op, left=left, right=right):
            return _binary(op, degree(left, of), degree(right, of))
        case nodes.Index(base=nodes.Name(name=name), indices=indices) if name in of:
            cell = not names_in(indices) & set(of)  # one of an array's
            return Degree.AFFINE if cell else Degree.OTHER
        case nodes.Call(name="linear", inputs=inputs):
            return max((degree(i, of) for i in inputs), default=Degree.CONSTANT)
        case nodes.By(body=body, branch=branch) if degree(branch, of) is Degree.CONSTANT:
            return degree(body, of)
        case _:
            return _if_any(expression, of)


def _binary(op: str, left: Degree, right: Degree) -> Degree:
    if op in "+-":
        return max(left, right)
    if op == "*":
        return Degree(min(left + right, Degree.OTHER))
    if op == "/" and right is Degree.CONSTANT:
        return left
    return Degree.CONSTANT if left is right is Degree.CONSTANT else Degree.OTHER


def _if_any(expression: nodes.Expression, of: Collection[str]) -> Degree:
    """Return `CONSTANT` where none of the variables occurs, else give up."""
    return Degree.OTHER if names_in(expression) & set(of) else Degree.CONSTANT


def names_in(node: object) -> set[str]:
    """Return every bare name that occurs in an expression."""
    if isinstance(node, nodes.Name):
        return {node.name}
    if isinstance(node, tuple):
        return set().union(*(names_in(item) for item in node))
    if isinstance(node, nodes.Node):
        fields = (getattr(node, f) for f in node.__dataclass_fields__ if f != "span")
        return set().union(*(names_in(value) for value in fields))
    return set()
