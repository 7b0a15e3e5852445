"""Values of expressions in a world: what an intervention or a query writes besides numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from causaldsl.counterfactual import findings
from causaldsl.diagnostics.model import CounterfactualError, InternalError
from causaldsl.runtime.noise_maps import joined
from causaldsl.semantics.model import Scm
from causaldsl.syntax import nodes
from causaldsl.vocabulary.domains import Categorical, Image, Ordered, levels_of
from causaldsl.vocabulary.functions import FUNCTIONS as SIGNATURES

Values = Mapping[str, Tensor]


def _least(values: list[Tensor]) -> Tensor:
    return torch.stack(joined(*values)).amin(0)


def _most(values: list[Tensor]) -> Tensor:
    return torch.stack(joined(*values)).amax(0)


#: The functions of numbers; each takes its inputs as a list.
FUNCTIONS: dict[str, Callable[[list[Tensor]], Tensor]] = {
    "exp": lambda v: v[0].exp(),
    "log": lambda v: v[0].log(),
    "sqrt": lambda v: v[0].sqrt(),
    "abs": lambda v: v[0].abs(),
    "sigmoid": lambda v: torch.sigmoid(v[0]),
    "step": lambda v: (v[0] > 0).double(),
    "clip": lambda v: torch.minimum(torch.maximum(v[0], v[1]), v[2]),
    "min": _least,
    "max": _most,
}


def evaluate(
    expression: nodes.Expression,
    scm: Scm,
    params: Values,
    values: Values,
    *,
    special: Callable[[nodes.Expression], Tensor | None] | None = None,
) -> Tensor:
    """Return an expression's value, float64, with the shape of the values it reads.

    Parameters
    ----------
    values
        What a variable's name means: its encoded values, ``(N,)`` or ``(S, N)``; an array's
        cells are read one by one, as ``x[0]``.
    special
        Looked at first: returns the value of an expression that means something else here, such
        as a variable in another world.

    Raises
    ------
    CounterfactualError
        CD713 for what has no value as a number.
    """

    def value(node: nodes.Expression) -> Tensor:
        found = None if special is None else special(node)
        if found is not None:
            return found
        match node:
            case nodes.Number(value=number):
                return torch.tensor(number, dtype=torch.float64)
            case nodes.Name(name=name):
                return _named(node, name, scm, params, values)
            case nodes.Unary(operand=operand):
                return -value(operand)
            case nodes.Binary(op=op, left=left, right=right):
                return _arithmetic(op, value(left), value(right))
            case nodes.Call(name="code", inputs=(nodes.Name(name=name),)) if name in values:
                if scm.variables[name].size is not None:
                    return _named(node, name, scm, params, values)
                return values[name].double()
            case nodes.Call(name=name, inputs=inputs) if name in FUNCTIONS:
                _check_inputs(node)
                return FUNCTIONS[name]([value(i) for i in inputs])
            case nodes.Index(base=nodes.Name(name=name), indices=indices):
                return _indexed(node, name, indices, scm, params, values)
            case _:
                raise _refusal(node, "it is no arithmetic of numbers")

    return value(expression)


def text_of(node: nodes.Node) -> str:
    """Return what the author wrote, on one line."""
    return " ".join(node.span.text.split())


def _refusal(node: nodes.Node, reason: str) -> CounterfactualError:
    return CounterfactualError([findings.cannot_compute(text_of(node), reason, node.span)])


def _check_inputs(call: nodes.Call) -> None:
    signature = SIGNATURES[call.name]
    least, most = signature.least, signature.most
    if call.settings or not least <= len(call.inputs) <= (
        len(call.inputs) if most is None else most
    ):
        counted = f"{least}" if least == most else f"{least} or more"
        raise _refusal(call, f"it takes {counted} input{'' if counted == '1' else 's'}")


def _named(node: nodes.Node, name: str, scm: Scm, params: Values, values: Values) -> Tensor:
    if name in values:
        variable = scm.variables[name]
        if isinstance(variable.domain, Image):
            raise _refusal(node, "it is an image")
        if variable.size is not None:
            reason = f"it is an array of {variable.size} cells; `{name}[0]` is the first"
            raise _refusal(node, reason)
        if isinstance(variable.domain, Categorical | Ordered):
            raise _refusal(node, f"it is a level; `code({name})` is its position")
        return values[name].double()
    if name in scm.hyper:
        number = scm.hyper[name].value
        if isinstance(number, int | float):
            return torch.tensor(float(number), dtype=torch.float64)
        raise _refusal(node, "this `param` holds no single number")
    if name in params and params[name].dim() == 0:
        return params[name].detach().double()
    if name in params:
        raise _refusal(node, "this parameter holds several numbers")
    raise CounterfactualError(
        [findings.unknown_variable(name, scm.variables, "expression", node.span)]
    )


def _arithmetic(op: str, left: Tensor, right: Tensor) -> Tensor:
    match op:
        case "+":
            return left + right
        case "-":
            return left - right
        case "*":
            return left * right
        case "/":
            return left / right
        case "^":
            return left**right
        case _:
            raise InternalError(f"CD901: no arithmetic for {op}")


def _indexed(
    node: nodes.Node,
    name: str,
    indices: tuple[nodes.Expression, ...],
    scm: Scm,
    params: Values,
    values: Values,
) -> Tensor:
    """Return a cell of an array, or a table at the row's levels or one that is written out."""
    if name in values:
        return _cell(node, name, indices, scm, values)
    if name in params:
        places = [_place(i, scm, values) for i in indices]
        if any(p is None for p in places):
            raise _refusal(node, "this index is neither a variable nor a position")
        return params[name].detach().double()[tuple(p for p in places if p is not None)]
    table = scm.hyper[name].value if name in scm.hyper else None
    if isinstance(table, Mapping) and len(indices) == 1:
        match indices[0]:
            case nodes.Name(name=variable) if variable in values:
                levels = levels_of(scm.variables[variable].domain) or ()
                column = torch.tensor([float(table[x]) for x in levels], dtype=torch.float64)
                return column[values[variable].long()]
            case nodes.Name(name=level) | nodes.Text(value=level) if level in table:
                return torch.tensor(float(table[level]), dtype=torch.float64)
    raise _refusal(node, "there is no such table here")


def _cell(
    node: nodes.Node,
    name: str,
    indices: tuple[nodes.Expression, ...],
    scm: Scm,
    values: Values,
) -> Tensor:
    """Return one cell of an array, counted from 0."""
    variable = scm.variables[name]
    place = indices[0].value if isinstance(indices[0], nodes.Number) else -1
    size = variable.size or 0
    if len(indices) != 1 or place != int(place) or not 0 <= place < size:
        cells = f"`{name}[0]` to `{name}[{size - 1}]`" if size else "it has no cells"
        raise _refusal(node, f"there is no such cell, only {cells}" if size else cells)
    if isinstance(variable.domain, Categorical | Ordered):
        raise _refusal(node, "it is a level, and no number")
    return values[name][..., int(place)].double()


def _place(index: nodes.Expression, scm: Scm, values: Values) -> Tensor | None:
    match index:
        case nodes.Name(name=name) if name in values:
            return values[name].long()
        case nodes.Number(value=number):
            return torch.tensor(int(number))
        case _:
            return None
