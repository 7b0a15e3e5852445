"""The checked model to the IR program: explicit parameters, arguments and abduction."""

from __future__ import annotations

import math
from collections.abc import Mapping

from causaldsl.diagnostics.model import Diagnostic
from causaldsl.ir import nodes as ir
from causaldsl.ir.expressions import (
    Lowering,
    family_arguments,
    lower_expression,
    lower_linear,
)
from causaldsl.ir.inverse import invert, place_inverses
from causaldsl.ir.networks import (
    Reader,
    event_of,
    lower_network,
    needs_network,
    spread,
    table_of,
    words_of,
)
from causaldsl.ir.passes.walk import networks_of, params_of, walk
from causaldsl.ir.refusals import (
    Refused,
    array_not_compiled,
    image_not_compiled,
    not_compiled,
)
from causaldsl.semantics.model import Parameter, Scm, Stochastic, Structural, Variable
from causaldsl.syntax import nodes
from causaldsl.vocabulary.distributions import FAMILIES
from causaldsl.vocabulary.domains import (
    Categorical,
    Count,
    Domain,
    Image,
    Ordered,
    Positive,
    Real,
    UnitInterval,
    levels_of,
)

#: Floor of a learned standard deviation, in standard deviations of its column.
SD_FLOOR = 0.01

#: Families whose first location is expressed in the unit of an observed target.
_LOCATION = ("Normal", "Laplace", "StudentT")


def lower(scm: Scm) -> tuple[ir.Program | None, tuple[Diagnostic, ...]]:
    """Return the IR program, or every refusal with its place."""
    findings: list[Diagnostic] = []
    mechanisms: list[ir.MechanismIR] = []
    params: list[ir.ParamIR] = []
    for parameter in scm.parameters.values():
        try:
            params.append(_lower_parameter(parameter, scm))
        except Refused as refusal:
            findings.append(refusal.finding)
    for variable in scm.variables.values():
        ctx = Lowering(scm, variable.name)
        try:
            mechanisms.append(_lower_mechanism(variable, ctx))
        except Refused as refusal:
            findings.append(refusal.finding)
        params.extend(ctx.params)
    if findings:
        return None, tuple(findings)
    numbers = {
        h.name: float(h.value) for h in scm.hyper.values() if isinstance(h.value, int | float)
    }
    return (
        ir.Program(
            name=scm.name,
            title=scm.title,
            path=scm.source.path,
            hyper=numbers,
            params=tuple(params),
            mechanisms=place_inverses(tuple(mechanisms)),
            networks=_networks(mechanisms),
        ),
        (),
    )


def _networks(mechanisms: list[ir.MechanismIR]) -> tuple[ir.Net, ...]:
    found: dict[str, ir.Net] = {}
    for mechanism in mechanisms:
        roots = [*mechanism.arguments.values()]
        roots += [mechanism.structural] if mechanism.structural else []
        for root in roots:
            found |= {n: v for n, v in table_of(networks_of(root)).items() if n not in found}
    return tuple(found.values())


# --- parameters -----------------------------------------------------------------------------


def _parameter_shape(parameter: Parameter, scm: Scm) -> tuple[int, ...]:
    tables = tuple(len(levels_of(scm.variables[v].domain) or ()) for v in parameter.table_of)
    return tables + parameter.sizes


def _constraint(domain: Domain) -> str:
    match domain:
        case Positive():
            return "positive"
        case UnitInterval():
            return "unit"
        case _:
            return "real"


def _lower_parameter(parameter: Parameter, scm: Scm) -> ir.ParamIR:
    ctx = Lowering(scm, next(iter(scm.variables)))
    shape = _parameter_shape(parameter, scm)
    if parameter.family is not None:
        family = FAMILIES[parameter.family]
        arguments = {k: lower_expression(v, ctx) for k, v in parameter.arguments.items()}
        if any(params_of(argument) for argument in arguments.values()):
            what = "a prior that reads another parameter"
            raise Refused(not_compiled(what, parameter.span))
        support: dict[type, str] = {Positive: "positive", UnitInterval: "unit", Real: "real"}
        constraint = support.get(family.supports[0], "real") if family.supports else "simplex"
        if family.name == "Uniform":
            if (arguments["low"], arguments["high"]) != (ir.Num(0.0), ir.Num(1.0)):
                what = "a `Uniform` prior on other numbers than 0 to 1"
                raise Refused(not_compiled(what, parameter.span))
            constraint = "unit"
        return ir.ParamIR(
            name=parameter.name,
            shape=shape,
            constraint=constraint,  # type: ignore[arg-type]  # the table above holds the literals
            start=ir.Start(),
            family=parameter.family,
            arguments=arguments,
            origin=parameter.span,
        )
    start: tuple[float, ...]
    if isinstance(parameter.start, Mapping):
        levels = levels_of(scm.variables[parameter.table_of[0]].domain) or ()
        start = tuple(float(parameter.start[level]) for level in levels)
    else:
        default = 0.0 if isinstance(parameter.domain, Real) else 1.0
        start = (default if parameter.start is None else float(parameter.start),)
    return ir.ParamIR(
        name=parameter.name,
        shape=shape,
        constraint=_constraint(parameter.domain),  # type: ignore[arg-type]  # one of the literals
        start=ir.Start(values=start),
        origin=parameter.span,
    )


# --- mechanisms -----------------------------------------------------------------------------


def _lower_mechanism(variable: Variable, ctx: Lowering) -> ir.MechanismIR:
    family: str | None = None
    arguments: Mapping[str, ir.Ir] = {}
    structural: ir.Ir | None = None
    inverse: ir.Inverse | None = None
    is_image = isinstance(variable.domain, Image)
    is_whole = variable.size is None and not is_image
    if not is_whole and variable.is_observed and variable.missing == "latent":
        kind = "image" if is_image else "array"
        what = f"`missing latent` of the {kind} `{variable.name}`"
        raise Refused(not_compiled(what, variable.span))
    match variable.mechanism:
        case Structural(expression=expression, noise=noise):
            is_column = variable.is_observed and isinstance(variable.domain, Real)
            if needs_network(expression, ctx.scm, variable.size):
                structural = _network_head(expression, variable, ctx)
            elif variable.size is not None:
                raise Refused(array_not_compiled(variable.name, expression.span))
            else:
                column = variable.name if is_column else None
                structural = lower_expression(expression, ctx, column)
            if noise is not None and variable.is_observed:
                found = invert(structural, noise, ir.Var(variable.name))
                inverse = ir.Inverse(latent=noise, expression=found) if found else None
        case Stochastic() as stochastic:
            family = stochastic.family
            arguments = _lower_arguments(stochastic, variable, ctx)
            if variable.size is not None:
                arguments = _celled(arguments, variable, ctx)
    return ir.MechanismIR(
        target=variable.name,
        parents=variable.parents,
        domain=variable.domain,
        observed=variable.is_observed,
        family=family,
        arguments=arguments,
        structural=structural,
        inverse=inverse,
        abduction=_abduction(variable, inverse),
        missing_latent=variable.is_observed and variable.missing == "latent",
        event=event_of(ctx.scm, variable.name),
        shared=_shared_network(arguments, variable),
        origin=variable.mechanism_span,
    )


def _shared_network(arguments: Mapping[str, ir.Ir], variable: Variable) -> str | None:
    if len(variable.shares_network_with) < 2:
        return None
    heads = [n for a in arguments.values() for n in walk(a) if isinstance(n, ir.Head)]
    return heads[0].net.name if heads else None


# --- networks -------------------------------------------------------------------------------


def _reader(ctx: Lowering) -> Reader:
    return Reader(scm=ctx.scm, lower=lambda node: lower_expression(node, ctx), refuse=not_compiled)


def _heads_of(variable: Variable) -> int:
    """Return how many numbers of a network's last layer a variable's mechanism reads."""
    mechanism = variable.mechanism
    cells = math.prod((variable.size,)) if variable.size is not None else 1
    if isinstance(mechanism, Stochastic):
        if "network" in mechanism.arguments:
            return cells * len(FAMILIES[mechanism.family].parameters)
        if isinstance(variable.domain, Categorical):
            return cells * len(variable.domain.levels)
    return cells


def _network_of(node: nodes.Expression, variable: Variable, ctx: Lowering) -> tuple[ir.Net, int]:
    """Return the network that a mechanism reads, and where its own heads begin."""
    members = variable.shares_network_with
    if len(members) < 2:
        ctx.linears += 1
        name = variable.name if ctx.linears == 1 else f"{variable.name}.{ctx.linears}"
        if isinstance(variable.domain, Image):
            return _image_network(node, variable, name, ctx), 0
        return lower_network(node, _reader(ctx), name, _heads_of(variable)), 0
    widths = {m: _heads_of(ctx.scm.variables[m]) for m in members}
    groups = [g for g, inside in ctx.scm.groups.items() if set(inside) == set(members)]
    name = groups[0] if groups else "+".join(members)
    net = lower_network(node, _reader(ctx), name, sum(widths.values()))
    return net, sum(widths[m] for m in members[: members.index(variable.name)])


def _image_network(node: nodes.Expression, variable: Variable, name: str, ctx: Lowering) -> ir.Net:
    """Return the network of an image: a `deconv`, perhaps with branches."""
    inner = node.body if isinstance(node, nodes.By) else node
    if not isinstance(inner, nodes.Call) or inner.name != "deconv":
        raise Refused(image_not_compiled(variable.name, node.span))
    shape = event_of(ctx.scm, variable.name)
    image = (shape[0], shape[1], shape[2])
    return lower_network(node, _reader(ctx), name, math.prod(shape), image)


def _network_head(node: nodes.Expression, variable: Variable, ctx: Lowering) -> ir.Head:
    net, start = _network_of(node, variable, ctx)
    if isinstance(variable.domain, Image):
        return ir.Head(net, None)
    if isinstance(variable.domain, Categorical):
        return ir.Head(net, start, len(variable.domain.levels))
    return ir.Head(net, start, variable.size)


def _network_arguments(
    node: nodes.Expression, mechanism: Stochastic, variable: Variable, ctx: Lowering
) -> dict[str, ir.Ir]:
    """Return every argument of a family as a head of one network."""
    net, start = _network_of(node, variable, ctx)
    scale = words_of(mechanism.settings).get("scale", "softplus")
    cells = variable.size or 1
    given: dict[str, ir.Ir] = {}
    for k, parameter in enumerate(FAMILIES[mechanism.family].parameters):
        head = ir.Head(net, start + k * cells, variable.size)
        is_column = _is_column(parameter.name, mechanism.family, variable)
        match parameter.constraint:
            case "real":
                given[parameter.name] = ir.Rescale(variable.name, head) if is_column else head
            case "positive":
                value = spread(scale, head)
                in_unit = _is_column("mean", mechanism.family, variable)
                given[parameter.name] = (
                    ir.Rescale(variable.name, value, shift=False) if in_unit else value
                )
            case "unit":
                given[parameter.name] = ir.Fn("sigmoid", (head,))
            case _:
                what = f"a network for the {parameter.name} of `{mechanism.family}`"
                raise Refused(not_compiled(what, node.span))
    return given


def _is_column(argument: str, family: str, variable: Variable) -> bool:
    return (
        variable.is_observed
        and isinstance(variable.domain, Real)
        and family in _LOCATION
        and argument == "mean"
    )


def _celled(
    arguments: Mapping[str, ir.Ir], variable: Variable, ctx: Lowering
) -> Mapping[str, ir.Ir]:
    """Give every argument of an array one number for each cell."""
    size = variable.size or 1
    found: dict[str, ir.Ir] = {}
    for name, node in arguments.items():
        inside = list(walk(node))
        if not any(_is_celled(n, size, ctx) for n in inside):
            found[name] = ir.Cells(node, size)
            continue
        by_row = ir.Code | ir.At | ir.Linear | ir.Pick
        read = [n for n in _outside_networks(node) if isinstance(n, by_row | ir.Var)]
        if any(not isinstance(n, ir.Var) or n.name != variable.name for n in read):
            raise Refused(array_not_compiled(variable.name, variable.mechanism_span))
        found[name] = node
    return found


def _outside_networks(node: ir.Ir) -> list[ir.Ir]:
    from causaldsl.ir.passes.walk import children_of

    if isinstance(node, ir.Head):
        return [node]
    return [node, *(n for c in children_of(node) for n in _outside_networks(c))]


def _is_celled(node: ir.Ir, size: int, ctx: Lowering) -> bool:
    match node:
        case ir.Head(_, _, cells):
            return cells is not None
        case ir.Constants(values):
            return len(values) == size
        case ir.Par(name):
            made = next((p for p in ctx.params if p.name == name), None)
            if made is not None:
                return made.shape == (size,)
            return ctx.scm.parameters[name].sizes == (size,)
        case _:
            return False


def _abduction(variable: Variable, inverse: ir.Inverse | None) -> ir.Abduction:
    if isinstance(variable.mechanism, Structural):
        return ir.Abduction.EXACT if inverse or not variable.is_observed else ir.Abduction.NONE
    if variable.coupling == "independent":
        return ir.Abduction.REDRAW
    if variable.coupling == "gumbel":
        return ir.Abduction.GUMBEL
    discrete = FAMILIES[variable.mechanism.family].discrete
    return ir.Abduction.TRUNCATED if discrete else ir.Abduction.EXACT


def _is_made(mechanism: Stochastic, variable: Variable, ctx: Lowering) -> bool:
    """Whether an image's mechanism is one network and numbers."""
    if "network" in mechanism.arguments or len(variable.shares_network_with) > 1:
        return False
    made = [a for a in mechanism.arguments.values() if needs_network(a, ctx.scm, None)]
    return len(made) == 1


def _lower_arguments(mechanism: Stochastic, variable: Variable, ctx: Lowering) -> dict[str, ir.Ir]:
    if not mechanism.arguments:
        return _marginal(variable, ctx)
    if isinstance(variable.domain, Image) and not _is_made(mechanism, variable, ctx):
        raise Refused(image_not_compiled(variable.name, variable.mechanism_span))
    if "network" in mechanism.arguments:
        return _network_arguments(mechanism.arguments["network"], mechanism, variable, ctx)
    given: dict[str, ir.Ir] = {
        name: _lower_argument(name, node, mechanism, variable, ctx)
        for name, node in mechanism.arguments.items()
    }
    _fill_missing(given, mechanism.family, variable, ctx)
    return given


def _lower_argument(
    name: str,
    node: nodes.Expression,
    mechanism: Stochastic,
    variable: Variable,
    ctx: Lowering,
) -> ir.Ir:
    if needs_network(node, ctx.scm, variable.size):
        return _network_argument(name, node, mechanism, variable, ctx)
    is_linear = isinstance(node, nodes.Call) and node.name == "linear"
    if is_linear and isinstance(node, nodes.Call):
        if isinstance(variable.domain, Categorical) and name == "logits":
            return lower_linear(node, ctx, outputs=len(variable.domain.levels) - 1)
        if isinstance(variable.domain, Ordered) and "cutpoints" not in mechanism.arguments:
            # The learned cut points are the intercepts; one more would not be identified.
            return lower_linear(node, ctx, has_cuts=True)
        start = _intercept_start(name, variable)
        if start is not None:
            return lower_linear(node, ctx, start=start)
    column = (
        variable.name
        if variable.is_observed
        and isinstance(variable.domain, Real)
        and mechanism.family in _LOCATION
        and name == "mean"
        else None
    )
    lowered = lower_expression(node, ctx, column)
    levels = isinstance(variable.domain, Categorical) and name in ("logits", "probabilities")
    if levels and not _has_number_for_each_level(lowered):
        raise Refused(not_compiled(f"arithmetic around the {name} of every level", node.span))
    return lowered


def _network_argument(
    name: str,
    node: nodes.Expression,
    mechanism: Stochastic,
    variable: Variable,
    ctx: Lowering,
) -> ir.Ir:
    head = _network_head(node, variable, ctx)
    if _is_column(name, mechanism.family, variable):
        return ir.Rescale(variable.name, head)
    start = _intercept_start(name, variable)
    if start is None or variable.size is not None or start.rule != "log_centre":
        return head
    return ir.Op("+", ir.StartOf("log_centre", variable.name), head)


def _has_number_for_each_level(node: ir.Ir) -> bool:
    """Whether an expression has an axis of levels, apart from that of the rows.

    Arithmetic that joins the two axes would pair rows with levels.
    """
    match node:
        case ir.Linear(_, _, outputs):
            return outputs is not None
        case ir.Head(_, _, size):
            return size is not None
        case ir.Constants() | ir.Vector() | ir.Par():
            return True
        case ir.Fn("softmax", inputs):
            return len(inputs) > 1 or _has_number_for_each_level(inputs[0])
        case _:
            by_row = ir.Var | ir.Code | ir.At | ir.Linear
            return not any(isinstance(inner, by_row) for inner in walk(node))


def _intercept_start(argument: str, variable: Variable) -> ir.Start | None:
    """Where an intercept begins under a link: the link of the column's centre."""
    if not variable.is_observed:
        return None
    match variable.domain:
        case Count() if argument == "log_rate":
            return ir.Start(rule="log_centre", column=variable.name)
        case Positive() if argument == "mean":
            return ir.Start(rule="log_centre", column=variable.name)
        case _ if argument in ("logits", "logit_mean"):
            return ir.Start(rule="logit_centre", column=variable.name)
        case _:
            return None


def _marginal(variable: Variable, ctx: Lowering) -> dict[str, ir.Ir]:
    """Return the learned marginal of a parentless variable; a latent one is standard normal."""
    if not variable.is_observed and isinstance(variable.domain, Real):
        return {"mean": ir.Num(0.0), "sd": ir.Num(1.0)}
    given: dict[str, ir.Ir]
    if event_of(ctx.scm, variable.name):
        return _array_marginal(variable, ctx)
    match variable.domain:
        case Real():
            given = {"mean": ir.Rescale(variable.name, lower_linear(None, ctx))}
        case Positive():
            given = {"mean": lower_linear(None, ctx, start=_intercept_start("mean", variable))}
        case UnitInterval():
            start = _intercept_start("logit_mean", variable)
            given = {"logit_mean": lower_linear(None, ctx, start=start)}
        case Count():
            rate = _intercept_start("log_rate", variable)
            given = {"log_rate": lower_linear(None, ctx, start=rate)}
        case Categorical(levels):
            given = {"logits": lower_linear(None, ctx, outputs=len(levels) - 1)}
        case Ordered():
            given = {"predictor": ir.Num(0.0)}
        case _:
            given = {"logits": lower_linear(None, ctx, start=_intercept_start("logits", variable))}
    if isinstance(variable.mechanism, Stochastic):
        _fill_missing(given, variable.mechanism.family, variable, ctx)
    return given


def _array_marginal(variable: Variable, ctx: Lowering) -> dict[str, ir.Ir]:
    """Return the learned marginal of an array, cell by cell, or of an image, pixel by pixel."""
    names: dict[type, str] = {Real: "mean", Positive: "mean", Count: "log_rate"}
    argument = names.get(type(variable.domain), "logits")
    if isinstance(variable.domain, Categorical | Ordered | UnitInterval):
        raise Refused(array_not_compiled(variable.name, variable.span))
    weight = ctx.new_param(
        ir.ParamIR(
            name=f"{variable.name}__intercept",
            shape=event_of(ctx.scm, variable.name),
            constraint="real",
            start=ir.Start(),
            origin=variable.span,
        )
    )
    par: ir.Ir = ir.Par(weight)
    is_real = isinstance(variable.domain, Real)
    given: dict[str, ir.Ir] = {argument: ir.Rescale(variable.name, par) if is_real else par}
    if isinstance(variable.mechanism, Stochastic):
        _fill_missing(given, variable.mechanism.family, variable, ctx)
    return given


def _fill_missing(given: dict[str, ir.Ir], family: str, variable: Variable, ctx: Lowering) -> None:
    """Learn what the author left out: a scale, a concentration, cut points."""
    name, origin = variable.name, variable.mechanism_span
    match family:
        case "Normal" | "LogNormal" if "sd" not in given:
            if not variable.is_observed:
                given["sd"] = ir.Num(1.0)
                return
            scale = ctx.new_param(
                ir.ParamIR(
                    name=f"{name}__sd",
                    shape=() if variable.size is None else (variable.size,),
                    constraint="positive",
                    start=ir.Start(values=(1.0,)),
                    floor=SD_FLOOR,
                    origin=origin,
                )
            )
            par = ir.Par(scale)
            given["sd"] = ir.Rescale(name, par, shift=False) if family == "Normal" else par
        case "Beta" if "concentration" not in given and "a" not in given:
            shape = ir.ParamIR(
                name=f"{name}__concentration",
                shape=(),
                constraint="positive",
                start=ir.Start(values=(2.0,)),
                origin=origin,
            )
            given["concentration"] = ir.Par(ctx.new_param(shape))
        case "OrderedLogit" if "cutpoints" not in given:
            levels = levels_of(variable.domain) or ()
            cuts = ir.ParamIR(
                name=f"{name}__cutpoints",
                shape=(len(levels) - 1,),
                constraint="ordered",
                start=ir.Start(
                    rule="cutpoints",
                    values=tuple(_even_cutpoints(len(levels))),
                    column=name,
                ),
                origin=origin,
            )
            given["cutpoints"] = ir.Par(ctx.new_param(cuts))
        case _:
            _fill_defaults(given, family)


def _fill_defaults(given: dict[str, ir.Ir], family: str) -> None:
    if any(k in given for k in ("logits", "log_rate")):
        return
    for parameter in FAMILIES[family].parameters:
        if parameter.name not in given and parameter.default is not None:
            given[parameter.name] = ir.Num(parameter.default)


def _even_cutpoints(levels: int) -> list[float]:
    """Cut points that give every level the same probability at a predictor of 0."""
    from math import log

    return [log((k + 1) / (levels - k - 1)) for k in range(levels - 1)]


__all__ = ["SD_FLOOR", "family_arguments", "lower", "not_compiled"]
