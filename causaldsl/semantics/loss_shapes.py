"""Shapes of values in a loss, where a variable stands for its value in each row of the batch.

Rows come first, so that one number for each row and an array of cells never meet cell by cell: even
where the counts agree, rows would be taken for cells.
"""

from __future__ import annotations

from causaldsl.semantics import objective_errors
from causaldsl.semantics.scope import Scope
from causaldsl.source import Span
from causaldsl.syntax import nodes
from causaldsl.vocabulary.domains import Image
from causaldsl.vocabulary.functions import FUNCTIONS

Shape = tuple[int, ...]


def check_shapes(call: nodes.Call, inputs: tuple[nodes.Expression, ...], scope: Scope) -> None:
    """Report where values of other shapes meet inside a term, or as its two inputs."""
    _meet(inputs, call.span, scope)


def shape_of_variable(name: str, scope: Scope) -> Shape:
    """Return the shape of one row's value."""
    variable = scope.variables[name]
    if isinstance(variable.domain, Image):
        return (variable.domain.channels, variable.domain.height, variable.domain.width)
    return () if variable.size is None else (variable.size,)


def _shape_of(expression: nodes.Expression, scope: Scope) -> Shape | None:
    """Return the shape of each row's value, or `None` for one number that all rows share."""
    match expression:
        case nodes.Name(name=name):
            return shape_of_variable(name, scope) if name in scope.variables else None
        case nodes.Unary(operand=operand):
            return _shape_of(operand, scope)
        case nodes.Binary(left=left, right=right):
            return _meet((left, right), expression.span, scope)
        case nodes.World(base=base):
            return _shape_of(base, scope)
        case nodes.Expectation(body=body):
            return _shape_of(body[0], scope) if body else None
        case nodes.Index():
            return ()
        case nodes.Call(name="mean", inputs=inputs):
            found = _meet(inputs, expression.span, scope)
            return found if inputs and isinstance(inputs[0], nodes.Name) else None
        case nodes.Call(name=name, inputs=inputs) if name in FUNCTIONS or name == "sampled":
            return _meet(inputs, expression.span, scope)
        case _:
            return None


def _meet(inputs: tuple[nodes.Expression, ...], span: Span, scope: Scope) -> Shape | None:
    """Return the shape that all inputs have; numbers fit any."""
    first: tuple[nodes.Expression, Shape] | None = None
    for expression in inputs:
        shape = _shape_of(expression, scope)
        if shape is None:
            continue
        if first is None:
            first = (expression, shape)
        elif shape != first[1]:
            finding = objective_errors.shapes_differ(
                (first[0].span, first[1]), (expression.span, shape), span
            )
            scope.findings.add(finding)
            return None
    return None if first is None else first[1]
