"""Expressions of the checked model to IR expressions; `linear` gets its named parameters here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from causaldsl.diagnostics.model import InternalError
from causaldsl.ir import nodes as ir
from causaldsl.ir.networks import Reader, lower_network, needs_network
from causaldsl.ir.passes.walk import params_of
from causaldsl.ir.refusals import Refused, not_compiled
from causaldsl.semantics.model import Scm
from causaldsl.syntax import nodes
from causaldsl.vocabulary.domains import (
    Binary,
    Categorical,
    Domain,
    Ordered,
    levels_of,
)

#: Where the weight of an unobserved input starts. At 0 neither it nor the guide would have a
#: gradient but by the noise of the draws; the sign, a matter of convention, is fixed with it.
LATENT_START = 0.1

#: What a mechanism calls its other generated parameters.
_OWN_WORDS = ("intercept", "sd", "concentration", "cutpoints")


@dataclass(slots=True)
class Lowering:
    """What one mechanism is lowered with: the model, the target, the parameters it makes."""

    scm: Scm
    target: str
    params: list[ir.ParamIR] = field(default_factory=list)
    linears: int = 0

    def domain(self, name: str) -> Domain:
        """Return the domain of a variable."""
        return self.scm.variables[name].domain

    def new_param(self, param: ir.ParamIR) -> str:
        """Register a generated parameter and return its name."""
        self.params.append(param)
        return param.name


def lower_expression(node: nodes.Expression, ctx: Lowering, column: str | None = None) -> ir.Ir:
    """Return an expression in IR.

    `column` names the observed real target in whose unit a `linear` here is to be expressed.
    """
    if needs_network(node, ctx.scm, ctx.scm.variables[ctx.target].size):
        return _lower_inner_network(node, ctx)
    match node:
        case nodes.Number(value=value):
            return ir.Num(value)
        case nodes.Name(name=name):
            return _lower_name(name, ctx)
        case nodes.Unary(operand=operand):
            inner = lower_expression(operand, ctx)
            return ir.Num(-inner.value) if isinstance(inner, ir.Num) else ir.Neg(inner)
        case nodes.Binary(op=op, left=left, right=right):
            keeps = column if op in ("+", "-") else None
            return ir.Op(
                op,
                lower_expression(left, ctx, keeps),
                lower_expression(right, ctx, keeps if op == "+" else None),
            )
        case nodes.Index(base=base, indices=indices):
            return _lower_index(base, indices, ctx)
        case nodes.Call():
            return _lower_call(node, ctx, column)
        case nodes.ListOf(items=items):
            return _vector(tuple(lower_expression(i, ctx) for i in items))
        case nodes.Table(entries=entries):
            return _lower_table(entries, ctx)
        case _:
            raise Refused(not_compiled("this expression in a mechanism", node.span))


def _lower_inner_network(node: nodes.Expression, ctx: Lowering) -> ir.Head:
    """Return a network that stands inside an expression: one number, or one for each cell."""
    ctx.linears += 1
    name = ctx.target if ctx.linears == 1 else f"{ctx.target}.{ctx.linears}"
    size = ctx.scm.variables[ctx.target].size
    reader = Reader(scm=ctx.scm, lower=lambda n: lower_expression(n, ctx), refuse=not_compiled)
    return ir.Head(lower_network(node, reader, name, size or 1), 0, size)


def _vector(items: tuple[ir.Ir, ...]) -> ir.Ir:
    numbers = tuple(i.value for i in items if isinstance(i, ir.Num))
    return ir.Constants(numbers) if len(numbers) == len(items) else ir.Vector(items)


def _lower_name(name: str, ctx: Lowering) -> ir.Ir:
    if name in ctx.scm.variables:
        return ir.Var(name)
    if name in ctx.scm.parameters:
        return ir.Par(name)
    hyper = ctx.scm.hyper.get(name)
    if hyper is None:
        raise InternalError(f"CD901: `{name}` reached lowering unresolved")
    if isinstance(hyper.value, tuple):
        return ir.Constants(hyper.value, name)
    if isinstance(hyper.value, Mapping):
        return ir.Constants(ordered_table(hyper.value, ctx.domain(ctx.target)), name)
    return ir.Hyp(name)


def ordered_table(table: Mapping[str, float], domain: Domain) -> tuple[float, ...]:
    """Return a table's numbers in the order of the domain's levels."""
    levels = levels_of(domain) or ()
    return tuple(float(table[level]) for level in levels)


def _index_level(node: nodes.Expression) -> str:
    match node:
        case nodes.Name(name=name):
            return name
        case nodes.Text(value=value):
            return value
        case nodes.Number(text=text):
            return text
        case _:
            raise Refused(not_compiled("this index", node.span))


def _lower_index(
    base: nodes.Expression, indices: tuple[nodes.Expression, ...], ctx: Lowering
) -> ir.Ir:
    if not isinstance(base, nodes.Name):
        raise Refused(not_compiled("an index of an expression", base.span))
    by = tuple(i.name for i in indices if isinstance(i, nodes.Name) and i.name in ctx.scm.variables)
    hyper = ctx.scm.hyper.get(base.name)
    if hyper is not None and isinstance(hyper.value, Mapping):
        if by:
            return ir.At(ir.Constants(ordered_table(hyper.value, ctx.domain(by[0])), base.name), by)
        return ir.Num(float(hyper.value[_index_level(indices[0])]))
    if hyper is not None and isinstance(hyper.value, tuple):
        return ir.Num(hyper.value[int(float(_index_level(indices[0])))])
    if base.name in ctx.scm.parameters:
        places = tuple(_place(base.name, axis, item, ctx) for axis, item in enumerate(indices))
        if len(places) == 1 and isinstance(places[0], int):
            return ir.Pick(ir.Par(base.name), places[0])
        return ir.At(ir.Par(base.name), places)
    return ir.Pick(ir.Var(base.name), int(float(_index_level(indices[0]))))


def _place(parameter: str, axis: int, index: nodes.Expression, ctx: Lowering) -> str | int:
    """Return one index of a parameter: the variable that is read, or a position."""
    if isinstance(index, nodes.Name) and index.name in ctx.scm.variables:
        return index.name
    level = _index_level(index)
    owners = ctx.scm.parameters[parameter].table_of
    if owners:
        return (levels_of(ctx.domain(owners[axis])) or ()).index(level)
    return int(float(level))


def _lower_table(entries: tuple[nodes.Entry, ...], ctx: Lowering) -> ir.Ir:
    by_level = {e.key: e.value for e in entries}
    levels = levels_of(ctx.domain(ctx.target)) or ()
    if set(by_level) != set(levels):
        what = f"a table that does not go by the levels of `{ctx.target}`"
        raise Refused(not_compiled(what, entries[0].span))
    return _vector(tuple(lower_expression(by_level[level], ctx) for level in levels))


def _lower_call(node: nodes.Call, ctx: Lowering, column: str | None) -> ir.Ir:
    if node.name == "linear":
        linear = lower_linear(node, ctx)
        if column is None:
            return linear
        return ir.Rescale(column, linear, shift=linear.intercept is not None)
    if node.name == "code":
        inner = lower_expression(node.inputs[0], ctx)
        if isinstance(inner, ir.Var):
            return ir.Code(inner.name)
        raise InternalError("CD901: `code` of something that is no variable")
    return ir.Fn(node.name, tuple(lower_expression(i, ctx) for i in node.inputs))


def is_level_input(domain: Domain) -> bool:
    """Whether an input enters a linear predictor as one weight per level."""
    return isinstance(domain, Categorical | Ordered)


def scale_of(name: str, ctx: Lowering) -> str | None:
    """Return the column that standardises a numeric input, if it is one that a table holds."""
    variable = ctx.scm.variables[name]
    discrete = isinstance(variable.domain, Binary | Categorical | Ordered)
    return name if variable.is_observed and not discrete else None


def lower_linear(
    node: nodes.Call | None,
    ctx: Lowering,
    outputs: int | None = None,
    start: ir.Start | None = None,
    has_cuts: bool = False,
) -> ir.Linear:
    """Return a `linear` call with its parameters made; no call at all is an intercept alone.

    Its intercept starts at `start`, its weights at 0. With `outputs`, every weight and the
    intercept are vectors for the logits of levels 2, 3, ... against the first. With `has_cuts`,
    learned cut points are the intercepts.
    """
    settings = {s.name: s.value for s in node.settings} if node else {}
    has_intercept = not (
        isinstance(flag := settings.get("intercept"), nodes.Name) and flag.name == "false"
    )
    prior = _weight_prior(settings.get("prior"), ctx)
    ctx.linears += 1
    stem = f"{ctx.target}__" if ctx.linears == 1 else f"{ctx.target}__{ctx.linears}__"
    width = () if outputs is None else (outputs,)
    origin = node.span if node else ctx.scm.variables[ctx.target].span
    terms = tuple(
        _lower_term(value, f"{stem}{i}", stem, width, has_intercept, prior, ctx)
        for i, value in enumerate(node.inputs if node else ())
    )
    intercept = None
    if has_intercept and not has_cuts:
        begin = start or ir.Start()
        values = begin.values * (outputs or 1) if len(begin.values) == 1 else begin.values
        intercept = ctx.new_param(
            ir.ParamIR(
                name=f"{stem}intercept",
                shape=width,
                constraint="real",
                start=ir.Start(rule=begin.rule, values=values, column=begin.column),
                origin=origin,
            )
        )
    return ir.Linear(terms, intercept, outputs)


def _weight_prior(
    node: nodes.Expression | None, ctx: Lowering
) -> tuple[str, Mapping[str, ir.Ir]] | None:
    if node is None:
        return None
    if not isinstance(node, nodes.Call):
        raise Refused(not_compiled("this prior", node.span))
    arguments = family_arguments(node, ctx)
    if any(params_of(argument) for argument in arguments.values()):
        raise Refused(not_compiled("a prior that reads another parameter", node.span))
    if node.name == "Uniform":
        raise Refused(not_compiled("a `Uniform` prior of weights", node.span))
    return node.name, arguments


def family_arguments(node: nodes.Call, ctx: Lowering) -> dict[str, ir.Ir]:
    """Return a family call's arguments by the family's parameter names, defaults filled in."""
    from causaldsl.vocabulary.distributions import FAMILIES

    given: dict[str, ir.Ir] = {}
    for parameter, value in zip(FAMILIES[node.name].parameters, node.inputs, strict=False):
        given[parameter.name] = lower_expression(value, ctx)
    for parameter in FAMILIES[node.name].parameters:
        if parameter.name not in given and parameter.default is not None:
            given[parameter.name] = ir.Num(parameter.default)
    return given


def _start_of_weight(name: str | None, ctx: Lowering) -> float:
    """Start at 0, but beside an unobserved input off it, where its guide and it pull equally."""
    return 0.0 if name is None or ctx.scm.variables[name].is_observed else LATENT_START


def _lower_term(
    value: nodes.Expression,
    fallback: str,
    stem: str,
    width: tuple[int, ...],
    has_intercept: bool,
    prior: tuple[str, Mapping[str, ir.Ir]] | None,
    ctx: Lowering,
) -> ir.Term:
    lowered = lower_expression(value, ctx)
    name = lowered.name if isinstance(lowered, ir.Var) else None
    domain = ctx.domain(name) if name else None
    taken = {*(f"{stem}{word}" for word in _OWN_WORDS), *(p.name for p in ctx.params)}
    weight = f"{stem}{name}" if name and f"{stem}{name}" not in taken else fallback
    levels = None
    shape = width
    if domain is not None and is_level_input(domain):
        levels = len(levels_of(domain) or ())
        shape = (levels - 1 if has_intercept else levels, *width)
    ctx.new_param(
        ir.ParamIR(
            name=weight,
            shape=shape,
            constraint="real",
            start=ir.Start(values=(_start_of_weight(name, ctx),)),
            family=prior[0] if prior else None,
            arguments=prior[1] if prior else {},
            origin=value.span,
        )
    )
    return ir.Term(
        value=lowered,
        weight=weight,
        levels=levels,
        reference=levels is not None and has_intercept,
        scale=scale_of(name, ctx) if name and levels is None else None,
        # a centred input would bring an intercept of its own
        centred=has_intercept,
    )
