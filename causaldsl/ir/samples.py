"""Losses over samples: kernel distances, density ratios, adversaries, means in other worlds."""

from __future__ import annotations

from collections.abc import Callable

import networkx as nx

from causaldsl.ir import nodes as ir
from causaldsl.ir.networks import Reader, lower_network, variable_input
from causaldsl.ir.refusals import Refused, loss_not_compiled
from causaldsl.semantics.model import Scm, Structural, Variable
from causaldsl.semantics.walk import names_in
from causaldsl.source import Span
from causaldsl.syntax import nodes
from causaldsl.vocabulary.distributions import FAMILIES
from causaldsl.vocabulary.domains import (
    Binary,
    Categorical,
    Image,
    Ordered,
    levels_of,
)

#: Families whose residual is kept in another world of a loss.
_RESIDUAL = ("Normal", "Laplace", "StudentT", "LogNormal")

Number = Callable[[nodes.Expression, Scm], float]


def _settings(call: nodes.Call) -> dict[str, nodes.Expression]:
    return {s.name: s.value for s in call.settings}


def sample_of(node: nodes.Expression, scm: Scm) -> ir.Sample:
    """Return one sample: variables as they are in the batch, or drawn anew together."""
    for name in (n.name for n in names_in(node)):
        if name in scm.variables and _is_constant(name, scm):
            what = f"a sample of `{name}`, which is the same in every row,"
            raise Refused(loss_not_compiled(what, node.span))
    match node:
        case nodes.Name(name=name) if name in scm.variables:
            return ir.Together((name,), _columns((name,), scm))
        case nodes.TupleOf(items=items) if all(
            isinstance(i, nodes.Name) and i.name in scm.variables for i in items
        ):
            names = tuple(i.name for i in items if isinstance(i, nodes.Name))
            return ir.Together(names, _columns(names, scm))
        case nodes.Call(name="sampled"):
            return _fresh((node,), scm, node.span)
        case nodes.TupleOf(items=items):
            return _fresh(items, scm, node.span)
        case _:
            raise Refused(loss_not_compiled("a sample of this form", node.span))


def _fresh(items: tuple[nodes.Expression, ...], scm: Scm, span: Span) -> ir.Fresh:
    """Return fresh draws, with what stands beside them in the batch."""
    names: list[str] = []
    beside: list[str] = []
    for item in items:
        match item:
            case nodes.Name(name=name) if name in scm.variables:
                beside.append(name)
                names.append(name)
            case nodes.Call(name="sampled", inputs=inputs):
                names += [i.name for i in inputs if isinstance(i, nodes.Name)]
            case _:
                raise Refused(loss_not_compiled("a sample of this form", span))
    drawn = tuple(v for v in scm.variables if v in names and v not in beside)
    if any(isinstance(scm.variables[name].domain, Image) for name in drawn):
        raise Refused(loss_not_compiled("a fresh draw of an image", span))
    return ir.Fresh(drawn, _columns(tuple(names), scm), tuple(beside))


def _is_constant(name: str, scm: Scm) -> bool:
    """Whether a variable is computed from numbers alone."""
    above = {name, *nx.ancestors(scm.graph, name)}
    return all(isinstance(scm.variables[v].mechanism, Structural) for v in above)


def _columns(names: tuple[str, ...], scm: Scm) -> tuple[ir.NetInput, ...]:
    reader = Reader(scm=scm, lower=_never, refuse=loss_not_compiled)
    return tuple(variable_input(name, reader) for name in names)


def _never(expression: nodes.Expression) -> ir.Ir:
    raise Refused(loss_not_compiled("an input of its own of a network", expression.span))


def _kernel(call: nodes.Call, number: Number, scm: Scm) -> tuple[str, float | None]:
    node = _settings(call).get("kernel")
    match node:
        case nodes.Call(name=name, inputs=inputs):
            return name, number(inputs[0], scm) if inputs else None
        case nodes.Name(name=name):
            hyper = scm.hyper.get(name)
            return (str(hyper.value) if hyper is not None else name), None
        case _:
            return "gaussian", None


def discrepancy(call: nodes.Call, number: Number, scm: Scm) -> ir.Discrepancy:
    """Return ``mmd(...)`` in IR."""
    first = call.inputs[0]
    by, levels = None, 0
    if isinstance(first, nodes.By):
        if not isinstance(first.branch, nodes.Name):
            raise Refused(loss_not_compiled("groups of this form", first.branch.span))
        by = first.branch.name
        levels = len(levels_of(scm.variables[by].domain) or ())
        first = first.body
    kernel, width = _kernel(call, number, scm)
    weights = _settings(call).get("weights")
    return ir.Discrepancy(
        sample=sample_of(first, scm),
        by=by,
        levels=levels,
        reference=_reference(call.inputs[1], scm) if len(call.inputs) > 1 else None,
        kernel=kernel,
        width=width,
        counts=isinstance(weights, nodes.Name) and weights.name == "count",
    )


def _reference(node: nodes.Expression, scm: Scm) -> ir.Reference | ir.Sample:
    if isinstance(node, nodes.Call) and node.name in FAMILIES:
        from causaldsl.ir.expressions import Lowering, family_arguments

        ctx = Lowering(scm, next(iter(scm.variables)))
        return ir.Reference(family=node.name, arguments=family_arguments(node, ctx))
    return sample_of(node, scm)


def dependence(call: nodes.Call, number: Number, scm: Scm) -> ir.Dependence:
    """Return ``hsic(...)`` in IR."""
    kernel, width = _kernel(call, number, scm)
    left, right = (sample_of(i, scm) for i in call.inputs)
    return ir.Dependence(left=left, right=right, kernel=kernel, width=width)


def game(call: nodes.Call, name: str, number: Number, scm: Scm) -> tuple[ir.LossValue, ir.Player]:
    """Return an adversarial term, and the player that learns against the model."""
    settings = _settings(call)
    steps = settings.get("steps")
    rate = settings.get("learning_rate")
    value: ir.LossValue
    if call.name == "total_correlation":
        blocks = tuple(sample_of(i, scm) for i in call.inputs)
        value, read, outputs = ir.Ratio(blocks=blocks), blocks, 2
    elif isinstance(call.inputs[0], nodes.From):
        value, outputs = _guess(call.inputs[0], scm)
        read = (value.source,)
    else:
        first, second = (sample_of(i, scm) for i in call.inputs)
        value, read, outputs = ir.Apart(first=first, second=second), (first,), 2
    network = _network(settings["network"], f"player.{name}", read, outputs, scm)
    player = ir.Player(
        network=network,
        steps=1 if steps is None else int(number(steps, scm)),
        learning_rate=None if rate is None else number(rate, scm),
    )
    return value, player


def _guess(node: nodes.From, scm: Scm) -> tuple[ir.Guess, int]:
    target = sample_of(node.target, scm)
    if len(target.names) != 1 or scm.variables[target.names[0]].size is not None:
        raise Refused(loss_not_compiled("a guess of several variables", node.target.span))
    if isinstance(target, ir.Fresh):
        raise Refused(loss_not_compiled("a guess of a fresh draw", node.target.span))
    variable = scm.variables[target.names[0]]
    if isinstance(variable.domain, Image):
        raise Refused(loss_not_compiled("a guess of an image", node.target.span))
    levels = None
    if isinstance(variable.domain, Binary | Categorical | Ordered):
        levels = len(levels_of(variable.domain) or ())
    source = sample_of(node.source, scm)
    guess = ir.Guess(target=variable.name, source=source, levels=levels)
    return guess, 1 if levels is None else levels


def _network(
    node: nodes.Expression, name: str, read: tuple[ir.Sample, ...], outputs: int, scm: Scm
) -> ir.Net:
    from dataclasses import replace

    reader = Reader(scm=scm, lower=_never, refuse=loss_not_compiled)
    for sample in read:
        for variable in sample.names:
            if isinstance(scm.variables[variable].domain, Image):
                raise Refused(loss_not_compiled("an image for the network", node.span))
    if not isinstance(node, nodes.Call) or node.name not in ("mlp", "linear"):
        raise Refused(loss_not_compiled("this network", node.span))
    net = lower_network(node, reader, name, outputs)
    inputs = tuple(i for sample in read for i in sample.inputs)
    return replace(net, inputs=inputs)


# --- means in other worlds ------------------------------------------------------------------


def expected(node: nodes.Expectation, number: Number, scm: Scm) -> ir.Expected:
    """Return ``E[V]`` or ``E[V[a <- ...]]`` in IR: the mean of V's mechanism."""
    if node.kind != "E" or node.facts or len(node.body) != 1:
        raise Refused(loss_not_compiled(f"`{node.kind}[...]` of this form", node.span))
    body = node.body[0]
    world: dict[str, float | None] = {}
    if isinstance(body, nodes.World):
        for assignment in body.assignments:
            world[assignment.target.name] = _assigned(assignment, number, scm)
        body = body.base
    if not isinstance(body, nodes.Name) or body.name not in scm.variables:
        raise Refused(loss_not_compiled("an expectation of an expression", body.span))
    variable = scm.variables[body.name]
    if isinstance(variable.domain, Categorical | Ordered):
        raise Refused(loss_not_compiled("an expectation of levels", body.span))
    return ir.Expected(variable.name, tuple(world.items()), _moved(variable, world, node, scm))


def _assigned(assignment: nodes.Assignment, number: Number, scm: Scm) -> float | None:
    if assignment.kind != "set" or assignment.along:
        raise Refused(loss_not_compiled("a world of this form", assignment.span))
    levels = levels_of(scm.variables[assignment.target.name].domain)
    match assignment.value:
        case nodes.Name(name=name) if name.endswith("'") and name not in scm.variables:
            if levels is None:
                raise Refused(loss_not_compiled("every other value of a number", assignment.span))
            return None
        case nodes.Text(value=value) if levels is not None:
            return float(levels.index(value))
        case nodes.Name(name=name) if levels is not None and name in levels:
            return float(levels.index(name))
        case value:
            return number(value, scm)


def _moved(
    variable: Variable, world: dict[str, float | None], node: nodes.Expectation, scm: Scm
) -> tuple[str, ...]:
    """Return what lies between the assigned variables and one: its value has to follow."""
    below = {d for name in world for d in nx.descendants(scm.graph, name)}
    between = [
        v
        for v in scm.variables
        if v in below and v not in world and nx.has_path(scm.graph, v, variable.name)
    ]
    for name in between:
        mechanism = scm.variables[name].mechanism
        if name == variable.name or isinstance(mechanism, Structural):
            continue
        if mechanism.family not in _RESIDUAL:
            what = f"another world through `{name}`, whose noise no residual gives,"
            raise Refused(loss_not_compiled(what, node.span))
    return tuple(v for v in between if v != variable.name)
